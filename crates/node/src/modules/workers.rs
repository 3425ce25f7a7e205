//! What a worker of `node:worker_threads` begins with.

use std::path::PathBuf;

use holm_host::{Access, host};
use holm_js::{Ctx, ErrorKind, Promise, Result};

use super::state::path_of;
use super::{IsMain, commonjs, compile, errors, evaluate, run_main, scripts};
use crate::scripted;
use crate::syntax::queries::has_module_syntax;

/// A worker's program.
#[derive(Clone, Debug)]
pub(crate) enum Start {
    /// A file.
    File(PathBuf),
    /// A `data:` or other URL.
    Url(String),
    /// A thread of a program of WASI: a script of ours.
    WasiThread,
    /// Code, as if it were a file here.
    Code { source: String, folder: PathBuf },
}

/// What `js/wasi/threads.js` calls its workers' script.
const WASI_THREAD: &str = "holm:wasi-thread";

/// Runs it.
pub(crate) fn begin_program<'js>(ctx: &Ctx<'js>, start: Start) -> Result<Option<Promise<'js>>> {
    match start {
        Start::File(path) => run_main(ctx, &path),
        Start::WasiThread => scripted::part(ctx, "wasi/thread").map(|_| None),
        Start::Url(url) => scripts().run_module(ctx, &url, None).map(Some),
        Start::Code { source, folder } => {
            let name = folder.join("[worker eval]").display().to_string();
            if !has_module_syntax(&source) {
                return commonjs::run_commonjs_text(ctx, &name, &source).map(|()| None);
            }
            let record = compile(ctx, &format!("file://{name}"), source, IsMain::Yes)?;
            evaluate(ctx, record).map(|(promise, _)| Some(promise))
        }
    }
}

/// What a worker's file is, by path or URL; whoever may not read it learns that at once.
pub(crate) fn checked_file(ctx: &Ctx<'_>, name: &str) -> Result<Start> {
    let path = match path_of(name) {
        Some(path) => path,
        None if name == WASI_THREAD => return Ok(Start::WasiThread),
        None if name.starts_with("data:") => return Ok(Start::Url(name.to_owned())),
        None if name.starts_with("./") || name.starts_with("../") => {
            host(ctx).process.current_dir().join(name)
        }
        None => {
            let text = format!(
                "The worker script or module filename must be an absolute path or a relative path \
                 starting with './' or '../'. Received \"{name}\""
            );
            return Err(errors::coded(ctx, ErrorKind::Type, "ERR_WORKER_PATH", &text));
        }
    };
    let allowed = host(ctx).permissions.check(Access::Read(&path));
    allowed.map_err(|denied| errors::denied(ctx, &denied, None))?;
    Ok(Start::File(path))
}
