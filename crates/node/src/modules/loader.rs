//! The engine's module loader: makes a record for each module that is imported.

use std::path::Path;
use std::rc::Rc;

use holm_host::host;
use holm_js::{
    Attributes, Ctx, ErrorKind, ImportAttributes, ModuleLoader, ModuleRecord, Object, Result, Root,
    Thrown, Value, compile_module, define_value, function, is_inner_realm, parse_json,
    synthetic_module, throw, throw_coded, to_text,
};
use holm_web::file_api::blob_url_data;
use holm_webassembly::{module_source, script_module, to_binary};

use super::errors;
use super::resolve::{Format, Kind, Resolved, System};
use super::source::{Source, read_bytes, read_text};
use super::state::{modules, path_of};
use super::{commonjs, data_url};
use crate::builtins;
use crate::syntax::source_phase::{PHASE_ATTRIBUTE, lowered};

/// The loader of Node's ES modules.
pub fn loader() -> Rc<dyn ModuleLoader> {
    Rc::new(NodeLoader)
}

struct NodeLoader;

impl ModuleLoader for NodeLoader {
    fn resolve(
        &self,
        ctx: &Ctx<'_>,
        specifier: &str,
        referrer: &str,
        attributes: &ImportAttributes,
    ) -> Result<String> {
        if is_inner_realm(ctx) {
            let text = "A dynamic import callback was not specified.";
            let code = "ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING";
            return Err(throw_coded(ctx, ErrorKind::Type, code, text));
        }
        check_attributes(ctx, attributes)?;
        #[cfg(feature = "components")]
        if let Some(name) = specifier.strip_prefix(holm_webassembly::IMPORT_SCHEME) {
            return super::component_imports::resolve(self, ctx, name, referrer, attributes);
        }
        let state = modules(ctx);
        let url = match state.resolve(ctx, specifier, referrer, Kind::Import)? {
            Resolved::Builtin(name) => format!("node:{name}"),
            Resolved::File(file) => {
                check_type(ctx, &file.url(), Some(file.format), attributes)?;
                file.url()
            }
            Resolved::Url(url) => {
                let format = data_url::is_json(&url).then_some(Format::Json);
                check_type(ctx, &url, format, attributes)?;
                url
            }
        };
        if attributes.get(PHASE_ATTRIBUTE).is_some() {
            return source_name(ctx, specifier, &url);
        }
        state.imports().add(referrer, specifier, &url);
        Ok(url)
    }

    fn load<'js>(
        &self,
        ctx: &Ctx<'js>,
        name: &str,
        _attributes: &ImportAttributes,
    ) -> Result<ModuleRecord<'js>> {
        make(ctx, name)
    }
}

/// What the names of modules begin with whose `default` is another module's source.
const SOURCE_OF: &str = "holm:source-of:";

/// The name of the module that has the source of `url` as its `default`.
fn source_name(ctx: &Ctx<'_>, specifier: &str, url: &str) -> Result<String> {
    let format = path_of(url).and_then(|path| modules(ctx).resolver(ctx).format_of(&path).ok());
    if !matches!(format, Some(Format::Wasm | Format::Wat)) {
        let text = format!("Source phase import object is not defined for module '{specifier}'");
        return Err(throw(ctx, ErrorKind::Syntax, &text));
    }
    Ok(format!("{SOURCE_OF}{url}"))
}

/// `type` is an attribute, with the types there are, and the one that [`source_phase`] makes.
///
/// [`source_phase`]: crate::syntax::source_phase
fn check_attributes(ctx: &Ctx<'_>, attributes: &ImportAttributes) -> Result<()> {
    for (key, value) in attributes.iter() {
        let is_type = key == "type" && ["json", "webassembly"].contains(&value);
        let is_known = is_type || key == PHASE_ATTRIBUTE;
        if !is_known {
            let text =
                format!("Import attribute \"{key}\" with value \"{value}\" is not supported");
            let code = "ERR_IMPORT_ATTRIBUTE_UNSUPPORTED";
            return Err(errors::coded(ctx, ErrorKind::Type, code, &text));
        }
    }
    Ok(())
}

fn check_type(
    ctx: &Ctx<'_>,
    url: &str,
    format: Option<Format>,
    attributes: &ImportAttributes,
) -> Result<()> {
    let is = match format {
        Some(Format::Json) => Some("json"),
        Some(Format::Wasm | Format::Wat) => Some("webassembly"),
        _ => None,
    };
    let (code, text) = match (is, attributes.get("type")) {
        (Some("json"), None) => (
            "ERR_IMPORT_ATTRIBUTE_MISSING",
            format!("Module \"{url}\" needs an import attribute of \"type: json\""),
        ),
        (is, Some(said)) if is != Some(said) => (
            "ERR_IMPORT_ATTRIBUTE_TYPE_INCOMPATIBLE",
            format!("Module \"{url}\" is not of type \"{said}\""),
        ),
        _ => return Ok(()),
    };
    Err(errors::coded(ctx, ErrorKind::Type, code, &text))
}

/// Makes the record of a module that the engine does not have.
pub(super) fn make<'js>(ctx: &Ctx<'js>, url: &str) -> Result<ModuleRecord<'js>> {
    if let Some(name) = url.strip_prefix("node:") {
        return builtin(ctx, url, name);
    }
    if let Some(of) = url.strip_prefix(SOURCE_OF) {
        return source_of(ctx, url, of);
    }
    let Some(path) = path_of(url) else {
        return from_url(ctx, url);
    };
    let format = modules(ctx).resolver(ctx).format_of(&path);
    let format = format.map_err(|error| errors::unresolved(ctx, &error, url, ""))?;
    match format {
        Format::JavaScript(System::Module) | Format::TypeScript(System::Module) => {
            let source = Source::read(ctx, &path, format)?;
            compiled(ctx, url, source.text)
        }
        Format::JavaScript(System::CommonJs) | Format::TypeScript(System::CommonJs) => {
            from_commonjs(ctx, url, &path, &Source::read(ctx, &path, format)?)
        }
        Format::JavaScript(System::Ambiguous) | Format::TypeScript(System::Ambiguous) => {
            let source = Source::read(ctx, &path, format)?;
            if source.is_module_after_all(ctx) {
                compiled(ctx, url, source.text)
            } else {
                from_commonjs(ctx, url, &path, &source)
            }
        }
        Format::Json => from_json(ctx, url, &path),
        Format::Wasm | Format::Wat => from_wasm(ctx, url, wasm_bytes(ctx, &path, format)?),
        Format::Addon => {
            let text = format!(
                "{} is a native addon: look for a WebAssembly build of the package",
                path.display()
            );
            Err(errors::coded(ctx, ErrorKind::Type, "ERR_UNKNOWN_MODULE_FORMAT", &text))
        }
    }
}

/// The bytes of a module of WebAssembly, in either format.
/// The bytes of a module, which may stand in the file as text.
pub(super) fn wasm_bytes(ctx: &Ctx<'_>, path: &Path, format: Format) -> Result<Vec<u8>> {
    if format == Format::Wat { from_text(ctx, path) } else { read_bytes(ctx, path) }
}

/// A module whose `default` is a `WebAssembly.Module`.
fn source_of<'js>(ctx: &Ctx<'js>, name: &str, url: &str) -> Result<ModuleRecord<'js>> {
    let state = modules(ctx);
    // The engine asks once for each set of attributes, but there is one source.
    if let Some(known) = state.sources().borrow().get(url) {
        return default_only(ctx, name, known.get(ctx)?);
    }
    let Some(path) = path_of(url) else { return from_url(ctx, url) };
    let format = state.resolver(ctx).format_of(&path);
    let format = format.map_err(|error| errors::unresolved(ctx, &error, url, ""))?;
    let made = module_source(ctx, url, wasm_bytes(ctx, &path, format)?)?;
    state.sources().borrow_mut().insert(url.to_owned(), Root::new(ctx, made.clone())?);
    default_only(ctx, name, made)
}

/// A module in the text format, in binary.
fn from_text(ctx: &Ctx<'_>, path: &Path) -> Result<Vec<u8>> {
    let text = read_bytes(ctx, path)?;
    to_binary(text, &path.display().to_string()).map_err(|error| {
        errors::coded(ctx, ErrorKind::Syntax, "ERR_INVALID_WAT", &error.to_string())
    })
}

fn from_wasm<'js>(ctx: &Ctx<'js>, url: &str, bytes: Vec<u8>) -> Result<ModuleRecord<'js>> {
    #[cfg(feature = "components")]
    let module = match holm_webassembly::is_component(&bytes) {
        true => holm_webassembly::component_module(ctx, url, bytes)?,
        false => script_module(ctx, url, bytes)?,
    };
    #[cfg(not(feature = "components"))]
    let module = script_module(ctx, url, bytes)?;
    let record = compiled(ctx, url, module.text)?;
    define_value(&record.meta()?, "$instantiate", module.instantiate, Attributes::ALL)?;
    Ok(record)
}

fn compiled<'js>(ctx: &Ctx<'js>, url: &str, text: String) -> Result<ModuleRecord<'js>> {
    let is_main = if modules(ctx).is_main(url) { IsMain::Yes } else { IsMain::No };
    compile(ctx, url, text, is_main)
}

/// Compiles the text of a module, and fills its `import.meta`.
pub fn compile<'js>(
    ctx: &Ctx<'js>,
    url: &str,
    text: String,
    is_main: IsMain,
) -> Result<ModuleRecord<'js>> {
    let text = lowered(&text).unwrap_or(text);
    let record = compile_module(ctx, url, text)?;
    fill_meta(ctx, &record, is_main)?;
    Ok(record)
}

/// Whether a module is the one the program began with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IsMain {
    /// It is.
    Yes,
    /// It was imported.
    No,
}

/// `import.meta`, as Node fills it.
fn fill_meta<'js>(ctx: &Ctx<'js>, record: &ModuleRecord<'js>, is_main: IsMain) -> Result<()> {
    let (url, meta) = (record.name()?, record.meta()?);
    if let Some(path) = path_of(&url) {
        let folder = path.parent().unwrap_or(Path::new("/")).display().to_string();
        define_value(&meta, "dirname", folder, Attributes::ALL)?;
        define_value(&meta, "filename", path.display().to_string(), Attributes::ALL)?;
    }
    define_value(&meta, "main", is_main == IsMain::Yes, Attributes::ALL)?;
    let referrer = url.clone();
    let resolve = function(ctx, "resolve", 1, move |call| {
        let specifier = to_text(call.ctx(), &call.value(0))?;
        if let Some(url) = joined(&specifier, &referrer) {
            return call.returns(url);
        }
        match modules(call.ctx()).resolve(call.ctx(), &specifier, &referrer, Kind::Import)? {
            Resolved::Builtin(name) => call.returns(format!("node:{name}")),
            Resolved::File(file) => call.returns(file.url()),
            Resolved::Url(url) => call.returns(url),
        }
    })?;
    define_value(&meta, "resolve", resolve, Attributes::ALL)?;
    define_value(&meta, "url", url, Attributes::ALL)
}

/// A relative specifier or URL, which `import.meta.resolve` takes without looking whether
/// anything is there.
fn joined(specifier: &str, referrer: &str) -> Option<String> {
    let is_relative = ["./", "../", "/"].iter().any(|start| specifier.starts_with(start));
    let base = url::Url::parse(referrer).ok();
    let url = match is_relative {
        true => base?.join(specifier).ok()?,
        false => url::Url::parse(specifier).ok().filter(|url| url.scheme() != "node")?,
    };
    Some(url.into())
}

/// A built-in module: its members, and all of it as `default`.
fn builtin<'js>(ctx: &Ctx<'js>, url: &str, name: &str) -> Result<ModuleRecord<'js>> {
    let value = builtins::load(ctx, name)?;
    let mut exports: Vec<String> = match value.as_object() {
        Some(object) => object.keys::<String>().collect::<Result<_>>()?,
        None => Vec::new(),
    };
    exports.retain(|export| export != "default");
    exports.push("default".to_owned());
    let (name, names) = (name.to_owned(), exports.clone());
    synthetic_module(ctx, url, &exports, move |ctx| {
        exported(ctx, builtins::load(ctx, &name)?, &names)
    })
}

/// A CommonJS module: run when it is evaluated; its exports are found in its text before.
fn from_commonjs<'js>(
    ctx: &Ctx<'js>,
    url: &str,
    path: &Path,
    source: &Source,
) -> Result<ModuleRecord<'js>> {
    let mut exports = commonjs::exported_names(ctx, path, &source.text);
    exports.retain(|name| name != "default" && name != "module.exports");
    exports.extend(["default".to_owned(), "module.exports".to_owned()]);
    let (path, names) = (path.display().to_string(), exports.clone());
    let name = url.to_owned();
    synthetic_module(ctx, url, &exports, move |ctx| {
        let value = modules(ctx).imports().evaluating(&name, || commonjs::load(ctx, &path));
        exported(ctx, value?, &names)
    })
}

/// The members of a value by their names; `default` and `module.exports` are the value.
fn exported<'js>(ctx: &Ctx<'js>, value: Value<'js>, names: &[String]) -> Result<Object<'js>> {
    let exports = Object::new(ctx.clone())?;
    exports.set_prototype(None)?;
    for name in names {
        if name == "default" || name == "module.exports" {
            exports.set(name.as_str(), value.clone())?;
            continue;
        }
        let Some(object) = value.as_object() else {
            continue;
        };
        // A getter that throws leaves its export undefined, as in Node.
        match object.get::<_, Value<'js>>(name.as_str()) {
            Ok(member) => exports.set(name.as_str(), member)?,
            Err(_) => drop(ctx.catch()),
        }
    }
    Ok(exports)
}

fn from_json<'js>(ctx: &Ctx<'js>, url: &str, path: &Path) -> Result<ModuleRecord<'js>> {
    default_only(ctx, url, read_json(ctx, path)?)
}

/// A module with a value as its `default`, and nothing else.
fn default_only<'js>(ctx: &Ctx<'js>, url: &str, value: Value<'js>) -> Result<ModuleRecord<'js>> {
    let value = holm_js::Root::<Value<'static>>::new(ctx, value)?;
    synthetic_module(ctx, url, &["default".to_owned()], move |ctx| {
        let exports = Object::new(ctx.clone())?;
        exports.set("default", value.get::<Value<'_>>(ctx)?)?;
        Ok(exports)
    })
}

/// The value of a JSON file; a mistake in it is told with its path.
pub(super) fn read_json<'js>(ctx: &Ctx<'js>, path: &Path) -> Result<Value<'js>> {
    let text = read_text(ctx, path)?;
    let path = path.display().to_string();
    parse_json(ctx, &text, &path).map_err(|error| {
        let thrown = Thrown::new(ctx, &holm_js::take_exception(ctx, error));
        let place = thrown.frames.first().and_then(|frame| Some((frame.line?, frame.column?)));
        let (line, column) = place.unwrap_or((1, 1));
        let text = format!("{path}: {}", thrown.message);
        errors::bad_json(ctx, &text, &format!("{path}:{line}:{column}"))
    })
}

/// What is no file.
fn from_url<'js>(ctx: &Ctx<'js>, url: &str) -> Result<ModuleRecord<'js>> {
    if let Some(source) = data_url::javascript(url) {
        return compiled(ctx, url, source);
    }
    if let Some(text) = data_url::json(url) {
        return default_only(ctx, url, parse_json(ctx, &text, url)?);
    }
    if let Some(blob) = blob_url_data(&host(ctx), url) {
        return compiled(ctx, url, String::from_utf8_lossy(&blob.bytes).into_owned());
    }
    let scheme = url.split(':').next().unwrap_or_default();
    let text =
        format!("{url} cannot be imported: modules come from files, not from {scheme}: URLs");
    Err(errors::coded(ctx, ErrorKind::Plain, "ERR_UNSUPPORTED_ESM_URL_SCHEME", &text))
}
