//! Modules imported like any other:
//! <https://github.com/WebAssembly/esm-integration/tree/main/proposals/esm-integration>
//!
//! The engine's own synthetic modules cannot import, so a module of WebAssembly becomes a small
//! module of script: it imports what the module imports, instantiates it with that, and exports
//! what comes out.
//!
//! What a module exports is seen by script with globals as their values; another module that
//! imports it gets the items themselves. And where a global can change, its binding follows.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use holm_host::host;
use holm_js::{
    Array, Attributes, Call, Ctx, Function, Object, Result, Root, Value, define_value, function,
    host_ref, is_same, slot, webidl,
};
use holm_wasm::{ExternType, Module, Mutability};

use crate::builtins;
use crate::convert::is_opaque;
use crate::errors::{throw_compile, throw_link, throw_type};
use crate::global;
use crate::instance::{InstanceObject, new_instance, read_imports};
use crate::module::{CompiledModule, ModuleObject, compile};
use crate::options::CompileOptions;
use crate::state::State;

/// A module of WebAssembly as one of script.
#[derive(Debug)]
pub struct ScriptModule<'js> {
    /// Its text.
    pub text: String,
    /// What its text finds as `import.meta.$instantiate`.
    pub instantiate: Function<'js>,
}

/// Compiles a module that was imported as `url`.
pub fn script_module<'js>(ctx: &Ctx<'js>, url: &str, bytes: Vec<u8>) -> Result<ScriptModule<'js>> {
    let compiled = imported(ctx, url, bytes)?;
    check_names(ctx, url, &compiled.module)?;
    let text = script_text(url, &compiled);
    let prefix = url.to_owned();
    let instantiate = function(ctx, "instantiate", 2, move |call| {
        let ctx = call.ctx();
        let imports = with_instances(ctx, &compiled, &call.value(0))?;
        let imports = read_imports(ctx, &compiled, Some(&imports), &prefix)?;
        let instance = new_instance(ctx, &compiled, imports, &prefix)?;
        slot::<Namespaces>(ctx).add(ctx, &call.value(1), instance.as_value())?;
        let exports = unwrapped_exports(ctx, &compiled, instance.as_value())?;
        let instance = Root::<Value<'static>>::new(ctx, instance.into_value())?;
        let follow = function(ctx, "follow", 1, move |call| {
            follow(call.ctx(), &instance.get(call.ctx())?, &call.value(0))?;
            call.undefined()
        })?;
        let pair = Array::new(ctx.clone())?;
        pair.set(0, exports)?;
        pair.set(1, follow)?;
        Ok(pair.into_value())
    })?;
    Ok(ScriptModule { text, instantiate })
}

/// Names that begin like this are not for modules, but for what hosts give them.
const RESERVED: [&str; 2] = ["wasm:", "wasm-js:"];

fn check_names(ctx: &Ctx<'_>, url: &str, module: &Module) -> Result<()> {
    let is_reserved = |name: &str| RESERVED.iter().any(|prefix| name.starts_with(prefix));
    let imports = module.imports().iter();
    let imported = imports.flat_map(|import| {
        // Builtins come from modules of such names.
        let of_host = import.module.starts_with(RESERVED[0]);
        [(!of_host).then_some(&import.module), (!of_host).then_some(&import.name)]
    });
    let exported = module.exports().iter().map(|export| Some(&export.name));
    match imported.chain(exported).flatten().find(|name| is_reserved(name)) {
        Some(name) => Err(throw_link(ctx, &format!("{url}: the name {name:?} is reserved"))),
        None => Ok(()),
    }
}

/// The namespaces of modules of WebAssembly, each with its instance.
#[derive(Default)]
struct Namespaces(RefCell<Vec<(AnyRoot, AnyRoot)>>);

type AnyRoot = Root<Value<'static>>;

impl Namespaces {
    fn add<'js>(
        &self,
        ctx: &Ctx<'js>,
        namespace: &Value<'js>,
        instance: &Value<'js>,
    ) -> Result<()> {
        let pair = (Root::new(ctx, namespace.clone())?, Root::new(ctx, instance.clone())?);
        self.0.borrow_mut().push(pair);
        Ok(())
    }

    fn instance<'js>(&self, ctx: &Ctx<'js>, namespace: &Value<'js>) -> Result<Option<Value<'js>>> {
        for (known, instance) in &*self.0.borrow() {
            if is_same(&known.get(ctx)?, namespace) {
                return instance.get(ctx).map(Some);
            }
        }
        Ok(None)
    }
}

/// `WebAssembly.namespaceInstance`: the instance behind a namespace.
pub(crate) fn namespace_instance<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let found = slot::<Namespaces>(ctx).instance(ctx, &call.value(0))?;
    found.ok_or_else(|| {
        let what = "WebAssembly.namespaceInstance(): argument 0";
        throw_type(ctx, &format!("{what} is not the namespace of a module of WebAssembly"))
    })
}

/// The import object, in which modules of WebAssembly are what their instances export.
fn with_instances<'js>(
    ctx: &Ctx<'js>,
    compiled: &CompiledModule,
    namespaces: &Value<'js>,
) -> Result<Object<'js>> {
    let imports = Object::new_proto(ctx.clone(), None)?;
    let Some(namespaces) = namespaces.as_object() else { return Ok(imports) };
    let known = slot::<Namespaces>(ctx);
    for import in compiled.module.imports() {
        let namespace: Value<'js> = namespaces.get(&*import.module)?;
        let instance = known.instance(ctx, &namespace)?;
        let given = match instance.as_ref().and_then(host_ref::<InstanceObject>) {
            Some(instance) => instance.exports(ctx)?,
            None => namespace,
        };
        define_value(&imports, &*import.module, given, Attributes::ALL)?;
    }
    Ok(imports)
}

/// The `WebAssembly.Module` that importing the source of `url` gives.
pub fn module_source<'js>(ctx: &Ctx<'js>, url: &str, bytes: Vec<u8>) -> Result<Value<'js>> {
    let compiled = imported(ctx, url, bytes)?;
    Ok(webidl::new_object(ctx, ModuleObject::from(compiled))?.into_value())
}

/// What was imported by an isolate and its workers, by URL.
#[derive(Default)]
struct Imported(Mutex<HashMap<String, Weak<CompiledModule>>>);

/// Keeps what this realm imported, as its module map does.
#[derive(Default)]
struct KeptImports(RefCell<Vec<Arc<CompiledModule>>>);

/// Compiles a module, unless another phase or another thread has done that.
fn imported(ctx: &Ctx<'_>, url: &str, bytes: Vec<u8>) -> Result<Arc<CompiledModule>> {
    let engine = State::of(ctx).engine(ctx)?;
    let known = host(ctx).cluster.part::<Imported>();
    let by_url = || known.0.lock().unwrap_or_else(PoisonError::into_inner);
    let found = by_url()
        .get(url)
        .and_then(Weak::upgrade)
        .filter(|found| found.module.engine().same(&engine) && **found.module.bytes() == *bytes);
    let compiled = match found {
        Some(found) => found,
        None => {
            // As Node and Deno do.
            let builtins = vec!["js-string".to_owned()];
            let options =
                CompileOptions { builtins, string_module: Some(STRING_CONSTANTS.to_owned()) };
            let module = compile(&engine, bytes.into(), &options)
                .map_err(|refused| throw_compile(ctx, url, &refused))?;
            module.set_source(url);
            let compiled = Arc::new(CompiledModule { module, options });
            by_url().insert(url.to_owned(), Arc::downgrade(&compiled));
            compiled
        }
    };
    slot::<KeptImports>(ctx).0.borrow_mut().push(compiled.clone());
    Ok(compiled)
}

/// What strings are imported from.
const STRING_CONSTANTS: &str = "wasm:js/string-constants";

fn script_text(url: &str, compiled: &CompiledModule) -> String {
    let mut text = String::new();
    let modules = compiled.module.imports().iter().filter(|import| {
        !compiled.options.is_string(&import.module)
            && builtins::find(&compiled.options, &import.module, &import.name).is_none()
    });
    let modules: BTreeSet<&str> = modules.map(|import| &*import.module).collect();
    let mut imports = String::new();
    for (index, module) in modules.iter().enumerate() {
        text.push_str(&format!("import * as $i{index} from {};\n", quoted(module)));
        imports.push_str(&format!("[{}]: $i{index}, ", quoted(module)));
    }
    text.push_str(&format!("import * as $self from {};\n", quoted(url)));
    text.push_str("const $instantiate = import.meta.$instantiate;\n");
    text.push_str("delete import.meta.$instantiate;\n");
    text.push_str(&format!(
        "const {{ 0: $exports, 1: $follow }} = \
         $instantiate({{ __proto__: null, {imports}}}, $self);\n"
    ));
    let mut setters = String::new();
    for (index, export) in compiled.module.exports().iter().enumerate() {
        let name = quoted(&export.name);
        text.push_str(&format!("let $e{index} = $exports[{name}];\n"));
        text.push_str(&format!("export {{ $e{index} as {name} }};\n"));
        if is_variable(&export.ty) {
            setters.push_str(&format!("[{name}]: ($value) => {{ $e{index} = $value; }}, "));
        }
    }
    if !setters.is_empty() {
        text.push_str(&format!("$follow({{ __proto__: null, {setters}}});\n"));
    }
    text
}

/// Whether it is a global that can change, and whose value script can see.
fn is_variable(ty: &ExternType) -> bool {
    matches!(ty, ExternType::Global(ty)
        if ty.mutability() == Mutability::Var && !is_opaque(ty.content()))
}

/// Lets variables follow the globals that an instance exports by the same names.
fn follow<'js>(ctx: &Ctx<'js>, instance: &Value<'js>, setters: &Value<'js>) -> Result<()> {
    let (Some(instance), Some(setters)) =
        (host_ref::<InstanceObject>(instance), setters.as_object())
    else {
        return Ok(());
    };
    let Some(exports) = instance.exports(ctx)?.into_object() else { return Ok(()) };
    let state = State::of(ctx);
    for name in setters.keys::<String>() {
        let name = name?;
        let global: Value<'js> = exports.get(name.as_str())?;
        state.bindings().add(ctx, &global, setters.get(name.as_str())?)?;
    }
    state.space(ctx)?.watch();
    state.bindings().refresh(ctx);
    Ok(())
}

/// A name as a literal of script.
pub(crate) fn quoted(name: &str) -> String {
    let mut text = String::from("\"");
    for character in name.chars() {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            // Line ends and what else a literal may not hold as it is.
            '\0'..='\u{1f}' | '\u{2028}' | '\u{2029}' => {
                text.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            _ => text.push(character),
        }
    }
    text.push('"');
    text
}

/// The exports, with globals as their values.
fn unwrapped_exports<'js>(
    ctx: &Ctx<'js>,
    compiled: &CompiledModule,
    instance: &Value<'js>,
) -> Result<Object<'js>> {
    let exports = Object::new_proto(ctx.clone(), None)?;
    let Some(instance) = host_ref::<InstanceObject>(instance) else { return Ok(exports) };
    let own: Value<'js> = instance.exports(ctx)?;
    let Some(own) = own.into_object() else { return Ok(exports) };
    for export in compiled.module.exports() {
        let mut value: Value<'js> = own.get(&*export.name)?;
        if matches!(export.ty, ExternType::Global(_)) {
            value = global::unwrapped(ctx, value)?;
        }
        define_value(&exports, &*export.name, value, Attributes::ALL)?;
    }
    Ok(exports)
}
