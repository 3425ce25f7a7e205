//! What may stand on the command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use crate::{duration, size};

const ABOUT: &str = "Runs JavaScript and WebAssembly together";

const PERMISSIONS: &str = "\
Permissions (a script may read below the current folder; all else has to be allowed):
  --allow-read[=PATH,…]   read more files          --allow-net[=HOST,…]  use the network
  --allow-write[=PATH,…]  write files              --allow-env[=NAME,…]  see the environment
  --allow-run[=NAME,…]    start other programs     -A, --allow-all       allow everything";

const GUESTS: &str = "\
Modules that run by themselves (they get nothing else, whatever is allowed above):
  --dir HOST[::GUEST][,ro]   a folder, by its name or another, read only
  --env NAME[=VALUE]         a variable      --stdin FILE   standard input
  --invoke NAME              call an exported function with ARGS, print its results";

/// The arguments that start a script. Flags come before the file; what follows it is the
/// script's own.
const USAGE: &str = "\
  holm [run] [FLAGS] FILE [ARGS…]   run a .js, .mjs, .cjs, .ts, .mts, .cts, .wasm or .wat file
  holm [run] [FLAGS] - [ARGS…]      run what comes from standard input
  holm eval [FLAGS] CODE [ARGS…]    run CODE, a module or CommonJS
  holm repl [FLAGS]                 try things out (also: holm, on a terminal)
  holm compile PATH…                compile .wasm and .wat files, and those in folders, ahead
  holm cache [clear]                show, or empty, what was compiled
  holm completions SHELL            print completions for bash, zsh, fish, elvish, powershell";

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) task: Task,
    pub(crate) flags: Flags,
}

/// Which of the sub-commands.
#[derive(Debug)]
pub(crate) enum Task {
    RunFile {
        path: PathBuf,
        arguments: Vec<String>,
    },
    RunInput {
        arguments: Vec<String>,
    },
    Eval {
        code: String,
        arguments: Vec<String>,
    },
    Repl,
    /// Shows the code cache.
    Cache,
    ClearCache,
    Compile {
        paths: Vec<PathBuf>,
    },
    Completions {
        shell: clap_complete::Shell,
    },
}

/// Flags of everything that runs script.
#[derive(Debug, Default)]
pub(crate) struct Flags {
    pub(crate) read: Option<Vec<String>>,
    pub(crate) write: Option<Vec<String>>,
    pub(crate) net: Option<Vec<String>>,
    pub(crate) env: Option<Vec<String>>,
    pub(crate) run: Option<Vec<String>>,
    pub(crate) everything: bool,
    pub(crate) memory_limit_bytes: Option<usize>,
    pub(crate) time_limit: Option<Duration>,
    pub(crate) conditions: Vec<String>,
    pub(crate) no_code_cache: bool,
    pub(crate) guest: Guest,
}

/// What a module that runs by itself is given.
#[derive(Debug, Default)]
pub(crate) struct Guest {
    pub(crate) dirs: Vec<String>,
    pub(crate) env: Vec<String>,
    pub(crate) stdin: Option<PathBuf>,
    pub(crate) invoke: Option<String>,
}

/// The command line as clap knows it.
pub(crate) fn command() -> Command {
    Command::new("holm")
        .about(ABOUT)
        .version(env!("CARGO_PKG_VERSION"))
        .override_usage("holm [run] [FLAGS] FILE [ARGS…]")
        .help_template(format!(
            "{ABOUT}\n\n{USAGE}\n\nFlags:\n{{options}}\n\n{PERMISSIONS}\n\n{GUESTS}\n"
        ))
        .disable_help_subcommand(true)
        .subcommand_negates_reqs(true)
        .args(flags().into_iter().map(|flag| flag.global(true)))
        .arg(script_argument())
        .subcommand(
            Command::new("run")
                .about("Run a file, or - for standard input")
                .arg(script_argument().required(true)),
        )
        .subcommand(
            Command::new("eval").about("Run code").arg(
                Arg::new("script")
                    .value_name("CODE")
                    .num_args(1..)
                    .required(true)
                    .trailing_var_arg(true)
                    .allow_hyphen_values(true)
                    .value_parser(value_parser!(OsString))
                    .hide(true),
            ),
        )
        .subcommand(Command::new("repl").about("Try things out"))
        .subcommand(
            Command::new("compile").about("Compile modules ahead, into the code cache").arg(
                Arg::new("path")
                    .value_name("PATH")
                    .num_args(1..)
                    .required(true)
                    .value_parser(value_parser!(PathBuf)),
            ),
        )
        .subcommand(
            Command::new("cache")
                .about("Show the code cache")
                .subcommand(Command::new("clear").about("Remove all compiled modules")),
        )
        .subcommand(
            Command::new("completions").about("Print completions for a shell").arg(
                Arg::new("shell")
                    .value_name("SHELL")
                    .required(true)
                    .value_parser(value_parser!(clap_complete::Shell)),
            ),
        )
}

/// The file and, after it, the script's own arguments, whatever they look like.
fn script_argument() -> Arg {
    Arg::new("script")
        .value_name("FILE")
        .num_args(1..)
        .trailing_var_arg(true)
        .value_parser(value_parser!(OsString))
        .hide(true)
}

fn flags() -> Vec<Arg> {
    let grant = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name(value)
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("")
            .action(ArgAction::Append)
            .hide_short_help(true)
            .hide(true)
            .help(help)
    };
    let guest = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).hide(true).help(help)
    };
    vec![
        grant("allow-read", "PATH,…", "Read these files and folders, or all"),
        grant("allow-write", "PATH,…", "Write these files and folders, or all"),
        grant("allow-net", "HOST,…", "Reach these hosts, or all"),
        grant("allow-env", "NAME,…", "See these variables, or all"),
        grant("allow-run", "NAME,…", "Start these programs, or all"),
        Arg::new("allow-all")
            .short('A')
            .long("allow-all")
            .action(ArgAction::SetTrue)
            .hide(true)
            .help("Allow everything"),
        Arg::new("memory-limit")
            .long("memory-limit")
            .value_name("SIZE")
            .value_parser(ValueParser::new(size::parse))
            .help("End a script that needs more memory, such as 64mb [default: 8gb]"),
        Arg::new("time-limit")
            .long("time-limit")
            .value_name("TIME")
            .value_parser(ValueParser::new(duration::parse))
            .help("End a script that runs longer, such as 500ms or 10s"),
        Arg::new("conditions")
            .short('C')
            .long("conditions")
            .value_name("NAME")
            .action(ArgAction::Append)
            .help("Add a condition for the exports of packages"),
        Arg::new("no-code-cache")
            .long("no-code-cache")
            .action(ArgAction::SetTrue)
            .help("Neither use nor keep compiled modules"),
        guest(
            "dir",
            "HOST[::GUEST][,ro]",
            "A folder it may use, maybe by another name or read only",
        )
        .action(ArgAction::Append),
        guest("env", "NAME[=VALUE]", "A variable of its environment, or ours")
            .action(ArgAction::Append),
        guest("stdin", "FILE", "Its standard input").value_parser(value_parser!(PathBuf)),
        guest("invoke", "NAME", "Call an exported function with ARGS, and print its results"),
    ]
}

/// Reads the command line. Help, the version and mistakes come back as clap's error.
pub(crate) fn parse() -> Result<Invocation, clap::Error> {
    let matches = command().try_get_matches()?;
    let (name, matches) = match matches.subcommand() {
        Some((name, inner)) => (name, inner),
        None => ("run", &matches),
    };
    let flags = || Flags::new(matches);
    let invocation = match name {
        "completions" => {
            let shell = *matches.get_one("shell").unwrap_or(&clap_complete::Shell::Bash);
            Invocation { task: Task::Completions { shell }, flags: Flags::default() }
        }
        "repl" => Invocation { task: Task::Repl, flags: flags() },
        "cache" => {
            let task = if matches.subcommand().is_some() { Task::ClearCache } else { Task::Cache };
            Invocation { task, flags: flags() }
        }
        "compile" => {
            let paths = matches.get_many("path").unwrap_or_default().cloned().collect();
            Invocation { task: Task::Compile { paths }, flags: flags() }
        }
        "eval" => {
            let (code, arguments) = script(matches).unwrap_or_default();
            let code = code.to_string_lossy().into_owned();
            Invocation { task: Task::Eval { code, arguments }, flags: flags() }
        }
        _ => {
            let task = match script(matches) {
                Some((file, arguments)) if file == "-" => Task::RunInput { arguments },
                Some((file, arguments)) => Task::RunFile { path: file.into(), arguments },
                None => Task::Repl,
            };
            Invocation { task, flags: flags() }
        }
    };
    Ok(invocation)
}

/// The first of a script's words, and the others.
fn script(matches: &ArgMatches) -> Option<(OsString, Vec<String>)> {
    let mut words = matches.get_many::<OsString>("script")?.cloned();
    let first = words.next()?;
    Some((first, words.map(|word| word.to_string_lossy().into_owned()).collect()))
}

impl Flags {
    fn new(matches: &ArgMatches) -> Self {
        let list = |name: &str| {
            let values = matches.get_many::<String>(name)?;
            let split = values.flat_map(|value| value.split(',')).map(str::to_owned);
            Some(split.collect::<Vec<_>>())
        };
        let all = |name: &str| {
            matches.get_many(name).unwrap_or_default().cloned().collect::<Vec<String>>()
        };
        Self {
            read: list("allow-read"),
            write: list("allow-write"),
            net: list("allow-net"),
            env: list("allow-env"),
            run: list("allow-run"),
            everything: matches.get_flag("allow-all"),
            memory_limit_bytes: matches.get_one("memory-limit").copied(),
            time_limit: matches.get_one("time-limit").copied(),
            conditions: list("conditions").unwrap_or_default(),
            no_code_cache: matches.get_flag("no-code-cache"),
            guest: Guest {
                dirs: all("dir"),
                env: all("env"),
                stdin: matches.get_one("stdin").cloned(),
                invoke: matches.get_one("invoke").cloned(),
            },
        }
    }
}
