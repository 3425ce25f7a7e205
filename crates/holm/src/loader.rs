//! Modules from the embedder.

use std::rc::Rc;

use holm_js::{Ctx, ErrorKind, ImportAttributes, ModuleRecord, compile_module, throw};

/// Where an isolate's `import` finds modules. What is returned as `Err` is thrown as an
/// `Error` with that message.
///
/// ```
/// struct Modules;
///
/// impl holm::ModuleLoader for Modules {
///     fn resolve(&self, specifier: &str, _referrer: &str) -> Result<String, String> {
///         Ok(specifier.to_owned())
///     }
///
///     fn load(&self, name: &str) -> Result<String, String> {
///         Ok(format!("export default {name:?};"))
///     }
/// }
/// # use holm::{Config, Engine, Isolate, SourceKind};
/// # let engine = Engine::new(Config::default())?;
/// let mut isolate = Isolate::builder(&engine).module_loader(Modules).build()?;
/// isolate.run_source("main", "import x from 'x'; globalThis.x = x", SourceKind::Module)?;
/// let x: String = isolate.enter(|scope| scope.eval("x"))?;
/// assert_eq!(x, "x");
/// # Ok::<(), holm::Error>(())
/// ```
pub trait ModuleLoader {
    /// The name of the module that `specifier` means in the module `referrer`. The same name
    /// is the same module.
    fn resolve(&self, specifier: &str, referrer: &str) -> Result<String, String>;

    /// The source text of a module.
    fn load(&self, name: &str) -> Result<String, String>;
}

pub(crate) fn adapted(loader: Rc<dyn ModuleLoader>) -> Rc<dyn holm_js::ModuleLoader> {
    Rc::new(Adapter(loader))
}

struct Adapter(Rc<dyn ModuleLoader>);

impl holm_js::ModuleLoader for Adapter {
    fn resolve(
        &self,
        ctx: &Ctx<'_>,
        specifier: &str,
        referrer: &str,
        _attributes: &ImportAttributes,
    ) -> holm_js::Result<String> {
        let found = self.0.resolve(specifier, referrer);
        found.map_err(|message| throw(ctx, ErrorKind::Plain, &message))
    }

    fn load<'js>(
        &self,
        ctx: &Ctx<'js>,
        name: &str,
        _attributes: &ImportAttributes,
    ) -> holm_js::Result<ModuleRecord<'js>> {
        let source = self.0.load(name).map_err(|message| throw(ctx, ErrorKind::Plain, &message))?;
        let record = compile_module(ctx, name, source)?;
        record.meta()?.set("url", name)?;
        Ok(record)
    }
}
