//! Components that run by themselves.

use std::fs::File;
use std::path::Path;

use holm_host::host;
use holm_js::{Ctx, ErrorKind, Promise, Result, throw_coded};
use holm_webassembly::{ComponentProgram, Preopen, Stdin};

use super::command::CommandOptions;
use super::given::not_opened;
use crate::fs::{Failure, guest_folder};
use crate::modules;

/// Runs a component that is a program (`wasi:cli/run`) to its end. Any other is a main module of
/// script.
pub(super) fn run<'js>(
    ctx: &Ctx<'js>,
    path: &Path,
    url: &str,
    bytes: &[u8],
    options: &CommandOptions,
) -> Result<Option<Promise<'js>>> {
    if options.invoke.is_some() {
        let text = "functions of components are called by scripts: import the component from one";
        return Err(throw_coded(ctx, ErrorKind::Plain, "ERR_INVALID_ARG_VALUE", text));
    }
    let given = program(ctx, options)?;
    match holm_webassembly::run_component(ctx, url, bytes, given)? {
        Some(code) => {
            host(ctx).lifecycle.exit(code);
            Ok(None)
        }
        None => modules::run_main(ctx, path),
    }
}

/// The same from bytes; gives its exit code.
pub fn run_component(
    ctx: &Ctx<'_>,
    name: &str,
    bytes: &[u8],
    options: &CommandOptions,
) -> Result<i32> {
    let given = program(ctx, options)?;
    holm_webassembly::run_component(ctx, name, bytes, given)?.ok_or_else(|| {
        let text = format!("{name} exports no wasi:cli/run: it is no program");
        throw_coded(ctx, ErrorKind::Type, "ERR_WASI_NO_PROGRAM", &text)
    })
}

fn program(ctx: &Ctx<'_>, options: &CommandOptions) -> Result<ComponentProgram> {
    let host = host(ctx);
    let mut preopens = Vec::new();
    for preopen in &options.preopens {
        let path = host.process.current_dir().join(&preopen.host);
        // It is opened again by its path: what is asked here is whether it may be.
        let is_read_only = match guest_folder(ctx, &path) {
            Ok((_folder, may_write)) => preopen.read_only || !may_write,
            Err(failure) => return Err(not_opened(ctx, failure, path.display().to_string())?),
        };
        preopens.push(Preopen { host: path, guest: preopen.guest.clone(), is_read_only });
    }
    let stdin = match &options.stdin {
        Some(path) => Stdin::File(open(ctx, &host.process.current_dir().join(path))?),
        None if host.process.has_stdin => Stdin::Inherited,
        None => Stdin::Empty,
    };
    Ok(ComponentProgram { args: options.args.clone(), env: options.env.clone(), preopens, stdin })
}

fn open(ctx: &Ctx<'_>, path: &Path) -> Result<File> {
    let permitted = host(ctx).permissions.check(holm_host::Access::Read(path));
    let opened = permitted.map_err(Failure::from).and_then(|()| Ok(File::open(path)?));
    match opened {
        Ok(file) => Ok(file),
        Err(failure) => Err(not_opened(ctx, failure, path.display().to_string())?),
    }
}
