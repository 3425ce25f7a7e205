//! Asking cargo and rustc: the workspace's metadata, the release binary, the host triple.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::command::Failure;

/// The cargo that runs us, so that a toolchain override is kept.
///
/// It is not told what that cargo says of our own package: build scripts that look at it (`ring`'s) would run
/// again, and all that stands on them would be built once more.
pub fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        let is_ours = ["CARGO_PKG_", "CARGO_MANIFEST_"];
        if is_ours.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// `cargo metadata` of the workspace alone; never touches the network.
pub fn metadata() -> Result<Value, Failure> {
    let mut command = cargo();
    command.args(["metadata", "--format-version", "1", "--no-deps", "--offline"]);
    let json = stdout_of(command)?;
    serde_json::from_str(&json).map_err(Failure::while_doing("reading `cargo metadata`"))
}

/// Builds the command in release mode and says where it is.
pub fn release_holm() -> Result<PathBuf, Failure> {
    let target = target_directory()?;
    let mut build = cargo();
    build.args(["build", "--release", "--package", "holm-cli", "--bin", "holm"]);
    run(build)?;
    Ok(target.join("release").join(format!("holm{}", env::consts::EXE_SUFFIX)))
}

/// Where cargo puts what it builds, `CARGO_TARGET_DIR` and configuration considered.
pub fn target_directory() -> Result<PathBuf, Failure> {
    match metadata()?["target_directory"].as_str() {
        Some(folder) => Ok(folder.into()),
        None => Err(Failure::Failed("error: `cargo metadata` names no target_directory".into())),
    }
}

/// The triple of this machine, as rustc calls it.
pub fn host_triple() -> Result<String, Failure> {
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.arg("-vV");
    let text = stdout_of(rustc)?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| Failure::Failed("error: `rustc -vV` names no host".into()))
}

/// The folder of the libraries that the compiler brings for this machine.
pub fn target_libraries() -> Result<PathBuf, Failure> {
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--print", "target-libdir"]);
    Ok(stdout_of(rustc)?.trim_end().into())
}

/// Runs with our own stdin, stdout and stderr; fails unless it exits with 0.
pub fn run(mut command: Command) -> Result<(), Failure> {
    let status = command.status().map_err(Failure::while_doing(format!("running {command:?}")))?;
    match status.success() {
        true => Ok(()),
        false => Err(Failure::Failed(format!("error: {command:?} ended with {status}"))),
    }
}

fn stdout_of(mut command: Command) -> Result<String, Failure> {
    let what = format!("running {command:?}");
    let output = command.stderr(Stdio::inherit()).output().map_err(Failure::while_doing(&what))?;
    if !output.status.success() {
        return Err(Failure::Failed(format!("error: {what}: {}", output.status)));
    }
    String::from_utf8(output.stdout).map_err(Failure::while_doing(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nested_cargo_is_not_told_of_our_package() {
        let command = cargo();
        let removed =
            |name: &str| command.get_envs().any(|(key, value)| key == name && value.is_none());
        assert!(removed("CARGO_PKG_NAME") && removed("CARGO_MANIFEST_DIR"));
    }
}
