//! Running what the command line asks for.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use holm::{CommandOptions, Engine, Error, Exit, Isolate, IsolateBuilder, ProcessInfo, SourceKind};

use crate::arguments::{self, Flags, Guest, Invocation, Task};
use crate::system::ThisProcess;
use crate::terminal::{StandardStreams, input_terminal};
use crate::{code_cache, compile, completions, guest, permissions, repl, report};

/// What script and modules may hold together when no flag says otherwise: the largest memory with
/// 32-bit addresses, and as much beside it.
const DEFAULT_MEMORY_BYTES: usize = 8 << 30;
/// Stack left to the host below what script may use.
const HOST_STACK_BYTES: u64 = 1 << 20;
/// Stack of a script where the system sets no limit.
const MAX_SCRIPT_STACK_BYTES: u64 = 16 << 20;

/// What a script gets to stop by itself once its time is over.
const GRACE: Duration = Duration::from_millis(500);

/// Exit code of a script that failed.
pub(crate) const FAILED: u8 = 1;
/// Exit code of a wrong command line.
const WRONG_USAGE: u8 = 2;

/// The command.
pub(crate) fn main() -> ExitCode {
    let Invocation { task, flags } = match arguments::parse() {
        Ok(invocation) => invocation,
        Err(error) => return usage(&error),
    };
    match task {
        Task::Completions { shell } => {
            completions::print(shell);
            ExitCode::SUCCESS
        }
        Task::Repl => run(&flags, Program::Repl),
        Task::Cache => code_cache::show(&flags),
        Task::ClearCache => code_cache::clear(&flags),
        Task::Compile { paths } => compile::compile(&flags, &paths),
        Task::RunFile { path, arguments } => run(&flags, Program::File(path, arguments)),
        Task::RunInput { arguments } => run(&flags, Program::Input(arguments)),
        Task::Eval { code, arguments } => run(&flags, Program::Code(code, arguments)),
    }
}

/// What there is to run.
pub(crate) enum Program {
    File(PathBuf, Vec<String>),
    Input(Vec<String>),
    Code(String, Vec<String>),
    Repl,
}

/// Help and the version go to standard output, mistakes to standard error.
fn usage(error: &clap::Error) -> ExitCode {
    let is_mistake = error.use_stderr();
    // A closed stream cannot be told of.
    drop(error.print());
    if is_mistake { ExitCode::from(WRONG_USAGE) } else { ExitCode::SUCCESS }
}

fn run(flags: &Flags, program: Program) -> ExitCode {
    match try_run(flags, &program) {
        Ok(exit) => {
            if exit.is_unsettled {
                report::unsettled(program.path());
            }
            // Only the low byte of a code reaches the system.
            ExitCode::from(exit.code as u8)
        }
        Err(failure) => {
            failure.report();
            failure.exit_code()
        }
    }
}

/// Why nothing ran, or what ended it.
enum Failure {
    Script(Box<(Error, holm::Permissions)>),
    Setup(String),
}

impl Failure {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Script(failed) => ExitCode::from(failed.0.exit_code() as u8),
            Self::Setup(_) => ExitCode::from(FAILED),
        }
    }

    fn report(&self) {
        match self {
            Self::Script(failed) => report::error(&failed.0, &failed.1),
            Self::Setup(text) => report::message(text, None),
        }
    }
}

fn try_run(flags: &Flags, program: &Program) -> Result<Exit, Failure> {
    let setup = |text: &str, error: std::io::Error| Failure::Setup(format!("{text}: {error}"));
    let current_dir =
        std::env::current_dir().map_err(|error| setup("the current folder is gone", error))?;
    let script_dir = program.folder(&current_dir);
    let mut permissions = permissions::from_flags(flags, &current_dir, script_dir.as_deref());
    let command = program.command(&flags.guest, &current_dir).map_err(Failure::Setup)?;
    if let Some(options) = &command {
        guest::allow(&mut permissions, options);
    }
    let source = program.read_source().map_err(|error| setup("standard input", error))?;
    let streams = StandardStreams::new().map_err(|error| setup("standard output", error))?;
    let engine = Engine::new(code_cache::config(flags));
    let process = process_info(flags, program, &current_dir);
    let certificates = certificate_files(&process);
    let script_failed = |error| Failure::Script(Box::new((error, permissions.clone())));
    if let Some(limit) = flags.time_limit {
        watch(limit);
    }
    let mut isolate = engine
        .and_then(|engine| {
            limited(Isolate::builder(&engine), flags)
                .permissions(permissions.clone())
                .output(streams)
                .trust_certificates(certificates)
                .node(process)
                .build()
        })
        .map_err(&script_failed)?;
    let result = match (program, source) {
        (Program::File(path, _), _) => match &command {
            Some(options) => isolate.run_command(path, options),
            None => isolate.run_file(path),
        },
        (Program::Repl, _) => return Ok(repl::run(isolate)),
        (Program::Code(code, _), _) => eval(&mut isolate, &current_dir, code),
        (Program::Input(_), source) => {
            let name = current_dir.join("[stdin]");
            let kind = SourceKind::of_text(&source);
            isolate.run_source(&name_of(&name, kind), &source, kind)
        }
    };
    result.map_err(script_failed)
}

/// Ends the process when the script has not stopped at its time limit: some of the engine's
/// own functions (joining or copying a huge array-like) look at no clock while they run.
fn watch(limit: Duration) {
    std::thread::spawn(move || {
        std::thread::sleep(limit.saturating_add(GRACE));
        report::message("the script reached its time limit", None);
        std::process::exit(i32::from(FAILED));
    });
}

/// Runs code from the command line.
fn eval(isolate: &mut Isolate, current_dir: &Path, code: &str) -> Result<Exit, Error> {
    let kind = SourceKind::of_text(code);
    let name = name_of(&current_dir.join("[eval]"), kind);
    isolate.run_source(&name, code, kind)
}

/// A module is named by a URL, a script by its path.
fn name_of(path: &Path, kind: SourceKind) -> String {
    let path = path.display();
    if kind == SourceKind::Module { format!("file://{path}") } else { path.to_string() }
}

fn limited(builder: IsolateBuilder, flags: &Flags) -> IsolateBuilder {
    let builder = builder
        .memory_limit_bytes(flags.memory_limit_bytes.unwrap_or(DEFAULT_MEMORY_BYTES))
        .stack_limit_bytes(script_stack_bytes());
    match flags.time_limit {
        Some(limit) => builder.time_limit(limit),
        None => builder,
    }
}

/// What the main thread's stack leaves to script.
fn script_stack_bytes() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Stack).current;
    let bytes = limit.unwrap_or(u64::MAX).saturating_sub(HOST_STACK_BYTES);
    bytes.clamp(HOST_STACK_BYTES / 4, MAX_SCRIPT_STACK_BYTES) as usize
}

impl Program {
    fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path, _) => Some(path),
            _ => None,
        }
    }

    /// What a module gets, if that is what is to be run.
    fn command(&self, guest: &Guest, current_dir: &Path) -> Result<Option<CommandOptions>, String> {
        match self {
            Self::File(path, arguments) if guest::is_module(path) => {
                Ok(Some(guest.options(path, arguments, current_dir)))
            }
            _ => match guest.first_flag() {
                Some(flag) => Err(format!("{flag} is for modules: name a .wasm or .wat file")),
                None => Ok(None),
            },
        }
    }

    /// The folder of the script that was named: it may be read.
    fn folder(&self, current_dir: &Path) -> Option<PathBuf> {
        let Self::File(path, _) = self else {
            return None;
        };
        let path = current_dir.join(path);
        let real = path.canonicalize().unwrap_or(path);
        real.parent().map(Path::to_owned)
    }

    fn read_source(&self) -> std::io::Result<String> {
        let mut bytes = Vec::new();
        if matches!(self, Self::Input(_)) {
            std::io::stdin().lock().read_to_end(&mut bytes)?;
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn arguments(&self) -> &[String] {
        match self {
            Self::File(_, arguments) | Self::Input(arguments) | Self::Code(_, arguments) => {
                arguments
            }
            Self::Repl => &[],
        }
    }
}

fn process_info(flags: &Flags, program: &Program, current_dir: &Path) -> ProcessInfo {
    let exec_path = std::env::current_exe().unwrap_or_default().display().to_string();
    let mut argv = vec![exec_path.clone()];
    match program {
        Program::File(path, _) => {
            let path = current_dir.join(path);
            argv.push(path.canonicalize().unwrap_or(path).display().to_string());
        }
        Program::Input(_) => argv.push("-".to_owned()),
        Program::Code(..) | Program::Repl => {}
    }
    argv.extend_from_slice(program.arguments());
    ProcessInfo {
        argv,
        exec_path,
        exec_argv: Vec::new(),
        current_dir: current_dir.to_owned().into(),
        env: std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
        shared_env: None,
        id: std::process::id(),
        parent_id: rustix::process::getppid().map_or(0, |id| id.as_raw_nonzero().get() as u32),
        conditions: flags.conditions.clone(),
        has_stdin: !matches!(program, Program::Input(_)),
        handles_signals: true,
        input_terminal: input_terminal(),
        system: Some(&ThisProcess),
    }
}

/// Files of certificates that the environment names: Node's variable, and the one that most other
/// programs go by.
fn certificate_files(process: &ProcessInfo) -> Vec<PathBuf> {
    let is_named = |name: &str| matches!(name, "NODE_EXTRA_CA_CERTS" | "SSL_CERT_FILE");
    let named = process.env.iter().filter(|(name, value)| is_named(name) && !value.is_empty());
    let mut files: Vec<PathBuf> = named.map(|(_, value)| PathBuf::from(value)).collect();
    files.dedup();
    files
}

/// What Linux says the process holds; nothing elsewhere.
/// Writes text to standard output; a closed one cannot be told of.
pub(crate) fn to_stdout(text: &str) {
    drop(std::io::stdout().write_all(text.as_bytes()));
    drop(std::io::stdout().flush());
}

/// Writes a line to standard error; a closed one cannot be told of.
pub(crate) fn to_stderr(text: &str) {
    drop(std::io::stderr().write_all(text.as_bytes()));
}
