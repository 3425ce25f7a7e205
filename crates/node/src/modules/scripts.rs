//! Programs by URL, for workers: [`holm_host::Scripts`].

use std::rc::Rc;

use holm_host::Scripts;
use holm_js::{Ctx, ErrorKind, Promise, Result};

use super::loader::{IsMain, compile, make};
use super::source::Source;
use super::state::{modules, path_of};
use super::{data_url, errors, evaluate};

/// What runs scripts and modules by their URLs.
pub fn scripts() -> Rc<dyn Scripts> {
    Rc::new(NodeScripts)
}

struct NodeScripts;

impl Scripts for NodeScripts {
    fn run_module<'js>(
        &self,
        ctx: &Ctx<'js>,
        url: &str,
        source: Option<String>,
    ) -> Result<Promise<'js>> {
        modules(ctx).set_main(url);
        let record = match source {
            Some(text) => compile(ctx, url, text, IsMain::Yes)?,
            None => make(ctx, url)?,
        };
        evaluate(ctx, record).map(|(promise, _)| promise)
    }

    fn read_script(&self, ctx: &Ctx<'_>, url: &str) -> Result<String> {
        if let Some(text) = data_url::script(url) {
            return Ok(text);
        }
        let Some(path) = path_of(url) else {
            let text = format!("{url} cannot be loaded: scripts come from files, blobs and data:");
            return Err(errors::coded(ctx, ErrorKind::Plain, "ERR_UNSUPPORTED_SCHEME", &text));
        };
        let format = modules(ctx).resolver(ctx).format_of(&path);
        let format = format.map_err(|error| errors::unresolved(ctx, &error, url, ""))?;
        Source::read(ctx, &path, format).map(|source| source.text)
    }
}
