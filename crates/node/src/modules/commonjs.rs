//! CommonJS: the native parts of `js/commonjs.js`, and what ES modules need of it.

use std::cell::RefCell;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

use holm_host::host;
use holm_js::{
    Call, Ctx, Error, ErrorKind, Function, Object, PromiseState, Result, Root, ScriptOrigin, This,
    Value, compile_module, evaluate_script, function, slot, throw, throw_value, to_text,
};

use super::resolve::{Format, Kind, Resolved, System};
use super::source::{COMMONJS_PARAMETERS, Source};
use super::state::{modules, path_of};
use super::{errors, loader};
use crate::syntax::cjs_exports::cjs_exports;
use crate::syntax::queries::has_module_syntax;
use crate::{builtins, embedded, process, scripted};

/// Re-exports of re-exports are followed this deep.
const MAX_REEXPORT_DEPTH: usize = 64;

/// `js/commonjs.js` of a realm, once something is required.
#[derive(Default)]
struct CommonJs(RefCell<Option<Root<Object<'static>>>>);

fn commonjs<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let slot = slot::<CommonJs>(ctx);
    if let Some(made) = &*slot.0.borrow() {
        return made.get(ctx);
    }
    let made: Object<'js> = embedded::load(ctx, "commonjs")?.call((natives(ctx)?,))?;
    slot.0.replace(Some(Root::new(ctx, made.clone())?));
    Ok(made)
}

/// The module a CommonJS program began with.
#[derive(Default)]
struct MainModule(RefCell<Option<Root<Value<'static>>>>);

/// `process.mainModule`
pub(crate) fn main_module<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    match &*slot::<MainModule>(call.ctx()).0.borrow() {
        Some(module) => module.get(call.ctx()),
        None => call.undefined(),
    }
}

/// What `require('module')` gives.
pub(crate) fn module_builtin<'js>(ctx: &Ctx<'js>) -> Result<Value<'js>> {
    let module: Object<'js> = commonjs(ctx)?.get("Module")?;
    let extra = scripted::part(ctx, "module_extra")?.into_object().ok_or(Error::Unknown)?;
    for member in extra.props::<String, Value<'js>>() {
        let (name, value) = member?;
        module.set(name, value)?;
    }
    Ok(module.into_value())
}

/// Runs a program's main file.
pub(super) fn run_main(ctx: &Ctx<'_>, path: &Path) -> Result<()> {
    let load: Function<'_> = commonjs(ctx)?.get("loadMain")?;
    load.call((path.display().to_string(),))
}

/// Runs a program given as text, as if it were the file of that name.
pub fn run_commonjs_text(ctx: &Ctx<'_>, name: &str, text: &str) -> Result<()> {
    let run: Function<'_> = commonjs(ctx)?.get("runText")?;
    run.call((name, text))
}

/// The exports of a CommonJS file, which is run if it has not been.
pub(super) fn load<'js>(ctx: &Ctx<'js>, path: &str) -> Result<Value<'js>> {
    let load: Function<'js> = commonjs(ctx)?.get("load")?;
    load.call((path,))
}

/// The names that a CommonJS file exports, as far as its text tells.
pub(super) fn exported_names(ctx: &Ctx<'_>, path: &Path, text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut seen = HashSet::new();
    collect_names(ctx, path, text, &mut names, &mut seen, 0);
    names
}

fn collect_names(
    ctx: &Ctx<'_>,
    path: &Path,
    text: &str,
    names: &mut Vec<String>,
    seen: &mut HashSet<PathBuf>,
    depth: usize,
) {
    if depth > MAX_REEXPORT_DEPTH || !seen.insert(path.to_owned()) {
        return;
    }
    let found = cjs_exports(text);
    for name in found.names {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    for specifier in found.reexports {
        let referrer = path.display().to_string();
        let resolved = modules(ctx).resolve(ctx, &specifier, &referrer, Kind::Require);
        // What cannot be found is reported when the file runs, not here.
        let Ok(Resolved::File(file)) = resolved else {
            drop(ctx.catch());
            continue;
        };
        match (file.format, Source::read(ctx, &file.path, file.format)) {
            (Format::JavaScript(_) | Format::TypeScript(_), Ok(source)) => {
                collect_names(ctx, &file.path, &source.text, names, seen, depth + 1);
            }
            (_, Err(_)) => drop(ctx.catch()),
            _ => {}
        }
    }
}

type Native = for<'a, 'b> fn(&Call<'a, 'b>) -> Result<Value<'b>>;

/// The object that `js/commonjs.js` gets its native parts from.
fn natives<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let natives = Object::new(ctx.clone())?;
    process::error_natives(ctx, &natives)?;
    let names: Vec<&str> = builtins::NAMES.to_vec();
    natives.set("builtinModules", names)?;
    let all: [(&str, u32, Native); 13] = [
        ("resolve", 2, resolve),
        ("run", 6, run),
        ("source", 1, source),
        ("json", 1, |call| loader::read_json(call.ctx(), Path::new(&call.get::<String>(0)?))),
        ("requireModule", 1, require_module),
        ("isModuleSyntaxError", 2, is_module_syntax_error),
        ("builtin", 1, builtin),
        ("isBuiltin", 1, |call| {
            let name = to_text(call.ctx(), &call.value(0))?;
            call.returns(builtins::is_builtin(&name))
        }),
        ("dirname", 1, |call| {
            let path: String = call.get(0)?;
            let parent = Path::new(&path).parent().unwrap_or(Path::new("/"));
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            call.returns(parent.display().to_string())
        }),
        ("extension", 1, |call| {
            let path: String = call.get(0)?;
            let extension = Path::new(&path).extension().unwrap_or_default().to_string_lossy();
            call.returns(format!(".{extension}"))
        }),
        ("cwdFile", 0, |call| {
            let folder = host(call.ctx()).process.current_dir();
            call.returns(folder.join("[command]").display().to_string())
        }),
        ("pathOf", 1, |call| {
            let text = match call.value(0).as_object() {
                Some(url) => url.get::<_, Value<'_>>("href")?,
                None => call.value(0),
            };
            let path = path_of(&to_text(call.ctx(), &text)?);
            call.returns(path.map(|path| path.display().to_string()))
        }),
        ("setMain", 1, |call| {
            // Not told to `process`, which would have to be made for it: it asks.
            slot::<MainModule>(call.ctx()).0.replace(Some(Root::new(call.ctx(), call.value(0))?));
            call.undefined()
        }),
    ];
    for (name, length, body) in all {
        natives.set(name, function(ctx, name, length, body)?)?;
    }
    Ok(natives)
}

/// `(specifier, referrer path) → path or built-in name`
fn resolve<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (specifier, referrer): (String, String) = (call.get(0)?, call.get(1)?);
    match modules(call.ctx()).resolve(call.ctx(), &specifier, &referrer, Kind::Require)? {
        Resolved::Builtin(name) if specifier.starts_with("node:") => {
            call.returns(format!("node:{name}"))
        }
        Resolved::Builtin(name) => call.returns(name),
        Resolved::File(file) => call.returns(file.path.display().to_string()),
        Resolved::Url(url) => call.returns(url),
    }
}

/// `(text, file name, exports, require, module, folder)`: runs a module's text. Natively, so
/// that no frame of ours is in its stacks.
fn run<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (text, name): (String, String) = (call.get(0)?, call.get(1)?);
    // A first line `#!…` is no JavaScript inside of a function. The heading stands on lines of
    // its own, -1 and 0, so that lines and columns are those of the file. (Beginning with line
    // 0 would do, but to the engine that means the default.)
    let text = match text.strip_prefix("#!") {
        Some(rest) => format!("//{rest}"),
        None => text,
    };
    let wrapped = format!("(function ({COMMONJS_PARAMETERS}) {{\n\n{text}\n}})");
    let origin = ScriptOrigin { name: &name, first_line: -1 };
    let function = evaluate_script(call.ctx(), wrapped, origin)?;
    // A text that closes the function and goes on is no module.
    let Some(function) = function.into_function() else {
        return Err(throw(call.ctx(), ErrorKind::Syntax, "Unexpected token '}'"));
    };
    let [exports, require, module] = [2, 3, 4].map(|index| call.value(index));
    function.call((This(exports.clone()), exports, require, module, name, call.value(5)))
}

/// `path → { text, isModule, isAmbiguous }`
fn source<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (ctx, path) = (call.ctx(), PathBuf::from(call.get::<String>(0)?));
    let format = modules(ctx).resolver(ctx).format_of(&path);
    // A file that is required by a name Node does not know is CommonJS.
    let format = format.unwrap_or(Format::JavaScript(System::CommonJs));
    let source = Object::new(ctx.clone())?;
    let system = match format {
        Format::JavaScript(system) | Format::TypeScript(system) => system,
        Format::Wasm | Format::Wat => System::Module,
        Format::Json | Format::Addon => System::CommonJs,
    };
    source.set("isModule", system == System::Module)?;
    source.set("isAmbiguous", system == System::Ambiguous)?;
    if system != System::Module {
        source.set("text", Source::read(ctx, &path, format)?.text)?;
    }
    Ok(source.into_value())
}

/// `require` of an ES module: its namespace, if it is done without waiting.
fn require_module<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let path: String = call.get(0)?;
    let url = url::Url::from_file_path(&path).map(String::from).unwrap_or(path.clone());
    if modules(ctx).imports().is_in_cycle(&url) {
        let text = format!("Cannot require() ES Module {url} in a cycle");
        let code = "ERR_REQUIRE_CYCLE_MODULE";
        return Err(errors::coded(ctx, ErrorKind::Plain, code, &text));
    }
    // The engine tells nobody which modules it has: a module that imports the wanted one finds
    // it, or has it loaded.
    let text = format!("export * as namespace from {};", json_text(&url));
    let importer = compile_module(ctx, &format!("{path}#require"), text)?;
    let (promise, importer) = super::evaluate(ctx, importer)?;
    match promise.state() {
        PromiseState::Resolved => {}
        PromiseState::Rejected => {
            // The error goes to whoever required: the promise is nobody's.
            holm_js::mark_handled(&promise);
            let reason: Value<'js> = holm_js::promise_result(&promise);
            return Err(throw_value(ctx, reason));
        }
        PromiseState::Pending => {
            let text = format!(
                "require() cannot be used on {url}, which awaits at its top level: use import()"
            );
            return Err(errors::coded(ctx, ErrorKind::Plain, "ERR_REQUIRE_ASYNC_MODULE", &text));
        }
    }
    let namespace: Object<'js> = importer.namespace()?.get("namespace")?;
    // What a module exports under this name is what CommonJS gets.
    if namespace.contains_key("module.exports")? {
        return namespace.get("module.exports");
    }
    Ok(namespace.into_value())
}

/// A string literal of this text.
fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// `(error, text) → whether the file is an ES module that was taken for CommonJS`
fn is_module_syntax_error<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let is_syntax_error = match call.value(0).as_object() {
        Some(error) => error.get::<_, Value<'_>>("name")?.as_string().is_some_and(|name| {
            to_text(call.ctx(), name.as_value()).is_ok_and(|name| name == "SyntaxError")
        }),
        None => false,
    };
    let text: String = call.get(1)?;
    call.returns(is_syntax_error && has_module_syntax(&text))
}

fn builtin<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let specifier = to_text(call.ctx(), &call.value(0))?;
    let name = specifier.strip_prefix("node:").unwrap_or(&specifier);
    builtins::load(call.ctx(), name)
}
