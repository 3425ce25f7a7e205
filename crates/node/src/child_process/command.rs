//! What is to be started, as script says it and as the system wants it.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use holm_host::{Access, Host, Stream, host};
use holm_js::{Call, ErrorKind, Object, Result, Value, throw_coded};

/// A program, what it is given, and where its streams lead.
#[derive(Debug)]
pub(super) struct Spec {
    file: String,
    first_argument: Option<String>,
    arguments: Vec<String>,
    folder: Option<String>,
    /// `NAME=VALUE`.
    environment: Vec<String>,
    streams: [Leads; 3],
    is_detached: bool,
}

/// Where a standard stream of the program leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leads {
    /// To us.
    Pipe,
    Nowhere,
    /// Where that of our own process does.
    Ours(usize),
}

/// The first argument: `{ file, args, argv0, cwd, env, stdio, detached }`, all of them checked by
/// the script. Throws unless the permissions name the program.
pub(super) fn spec(call: &Call<'_, '_>) -> Result<Spec> {
    let (ctx, given): (_, Object<'_>) = (call.ctx(), call.get(0)?);
    let file: String = given.get("file")?;
    let host = host(ctx);
    if let Err(denied) = host.permissions.check(Access::Run(&file)) {
        let text = denied.to_string();
        host.lifecycle.note_refusal(denied);
        return Err(throw_coded(ctx, ErrorKind::Plain, "ERR_ACCESS_DENIED", &text));
    }
    let stdio: Vec<Value<'_>> = given.get("stdio")?;
    let mut streams = [Leads::Pipe; 3];
    for (leads, value) in streams.iter_mut().zip(stdio) {
        *leads = match value.as_number() {
            Some(number) => Leads::Ours(number as usize),
            None if value.is_null() => Leads::Nowhere,
            None => Leads::Pipe,
        };
    }
    Ok(Spec {
        file,
        first_argument: given.get("argv0")?,
        arguments: given.get("args")?,
        folder: given.get("cwd")?,
        environment: given.get("env")?,
        streams,
        is_detached: given.get("detached")?,
    })
}

impl Spec {
    /// The command, ready to be started.
    pub(super) fn command(&self, host: &Host) -> io::Result<Command> {
        let folder = self.folder(host);
        // What the system says of it names the program, not the folder.
        if !folder.is_dir() {
            return Err(io::ErrorKind::NotFound.into());
        }
        let mut arguments = &*self.arguments;
        let mut command = match self.is_ourselves(host) {
            // The same program with what it may do said again: a script that was allowed to start
            // it could have asked for more by itself.
            true => {
                let mut command = Command::new(&host.process.exec_path);
                // What Node's options mean is a command here.
                if let Some("-e" | "--eval") = self.arguments.first().map(String::as_str) {
                    arguments = &arguments[1..];
                    command.arg("eval");
                }
                command.args(host.permissions.flags());
                command
            }
            false => Command::new(&self.file),
        };
        if let Some(name) = &self.first_argument {
            command.arg0(name);
        }
        command.args(arguments).current_dir(folder).env_clear();
        for entry in &self.environment {
            if let Some((name, value)) = entry.split_once('=') {
                command.env(name, value);
            }
        }
        command.stdin(self.leads(host, 0)?);
        command.stdout(self.leads(host, 1)?);
        command.stderr(self.leads(host, 2)?);
        if self.is_detached {
            command.process_group(0);
        }
        Ok(command)
    }

    fn folder(&self, host: &Host) -> PathBuf {
        let current = host.process.current_dir();
        match &self.folder {
            Some(folder) => current.join(Path::new(folder)),
            None => current.to_path_buf(),
        }
    }

    /// Packages that start `node` mean the program that runs them.
    fn is_ourselves(&self, host: &Host) -> bool {
        let path = &host.process.exec_path;
        !path.is_empty() && (self.file == "node" || self.file == *path)
    }

    fn leads(&self, host: &Host, index: usize) -> io::Result<Stdio> {
        match self.streams[index] {
            Leads::Pipe => Ok(Stdio::piped()),
            Leads::Nowhere => Ok(Stdio::null()),
            Leads::Ours(0) if host.process.has_stdin => Ok(Stdio::inherit()),
            Leads::Ours(1) => ours(host, Stream::Out),
            Leads::Ours(2) => ours(host, Stream::Err),
            Leads::Ours(_) => Ok(Stdio::null()),
        }
    }
}

/// The file behind an output of ours. An embedder's output may be none: what is written then is
/// lost.
fn ours(host: &Host, stream: Stream) -> io::Result<Stdio> {
    Ok(host.output.file(stream).transpose()?.map_or_else(Stdio::null, Stdio::from))
}
