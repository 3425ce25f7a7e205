//! `holm module.wasm`: modules that run by themselves.

use std::path::{Path, PathBuf};

use holm_js::{Ctx, Function, Object, Promise, Result};
use holm_wasi::Snapshot;
use holm_webassembly::{module_source, native};

use crate::{modules, scripted};

/// What a module that runs by itself is given.
#[derive(Clone, Debug, Default)]
pub struct CommandOptions {
    /// Its arguments, the program's name first.
    pub args: Vec<String>,
    /// Its environment.
    pub env: Vec<(String, String)>,
    /// Its folders: the isolate's permissions have to allow them.
    pub preopens: Vec<Preopen>,
    /// The file that is its standard input; that of the isolate otherwise.
    pub stdin: Option<PathBuf>,
    /// An exported function to be called instead: what follows the name in `args` are its
    /// arguments.
    pub invoke: Option<String>,
}

/// A folder that a module is given.
#[derive(Clone, Debug)]
pub struct Preopen {
    /// Where it is.
    pub host: PathBuf,
    /// The module's name for it.
    pub guest: String,
    /// Whether nothing below it may be changed.
    pub read_only: bool,
}

/// Runs a module: a command, a reactor, one of its functions. One that is neither is a main module
/// of script.
pub fn run<'js>(
    ctx: &Ctx<'js>,
    path: &Path,
    options: &CommandOptions,
) -> Result<Option<Promise<'js>>> {
    let Some((url, bytes)) = modules::main_wasm(ctx, path)? else {
        return modules::run_main(ctx, path);
    };
    #[cfg(feature = "components")]
    if holm_webassembly::is_component(&bytes) {
        return super::component::run(ctx, path, &url, &bytes, options);
    }
    let source = module_source(ctx, &url, bytes)?;
    let is_program = native::Module::of(&source).is_some_and(|module| {
        let known = [Snapshot::Zero, Snapshot::One];
        known.iter().any(|snapshot| module.imports_from(snapshot.module_name()))
            || module.signature("_start").is_some()
    });
    if !is_program && options.invoke.is_none() {
        return modules::run_main(ctx, path);
    }
    let run: Function<'js> = scripted::part(ctx, "wasi/command")?.get()?;
    run.call::<_, ()>((source, settings(ctx, options)?))?;
    Ok(None)
}

fn settings<'js>(ctx: &Ctx<'js>, options: &CommandOptions) -> Result<Object<'js>> {
    let settings = Object::new(ctx.clone())?;
    settings.set("args", options.args.clone())?;
    let env = options.env.iter().flat_map(|(name, value)| [name.clone(), value.clone()]);
    settings.set("env", env.collect::<Vec<_>>())?;
    let mut preopens = Vec::new();
    for preopen in &options.preopens {
        let one = Object::new(ctx.clone())?;
        one.set("guest", preopen.guest.as_str())?;
        one.set("path", preopen.host.display().to_string())?;
        one.set("readOnly", preopen.read_only)?;
        preopens.push(one);
    }
    settings.set("preopens", preopens)?;
    settings.set("stdin", options.stdin.as_ref().map(|path| path.display().to_string()))?;
    settings.set("invoked", options.invoke.as_deref())?;
    Ok(settings)
}
