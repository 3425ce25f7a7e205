//! Modules imported like any other:
//! <https://github.com/WebAssembly/esm-integration/tree/main/proposals/esm-integration>
//!
//! The engine's own synthetic modules cannot import, so a module of WebAssembly becomes a small
//! module of script: it imports what the module imports, instantiates it with that, and exports
//! what comes out.
//!
//! FIXME: exported globals that can change are read once; a binding should follow them.

use std::collections::BTreeSet;
use std::rc::Rc;

use holm_js::{Attributes, Ctx, Function, Object, Result, Value, define_value, function, host_ref};
use holm_wasm::ExternType;

use crate::builtins;
use crate::errors::throw_compile;
use crate::global;
use crate::instance::{InstanceObject, new_instance, read_imports};
use crate::module::{CompiledModule, compile};
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
    // As Node and Deno do.
    let options = CompileOptions { builtins: vec!["js-string".to_owned()], string_module: None };
    let engine = State::of(ctx).engine(ctx)?;
    let module = compile(&engine, bytes.into(), &options)
        .map_err(|refused| throw_compile(ctx, url, &refused))?;
    module.set_source(url);
    let compiled = Rc::new(CompiledModule { module, options });
    let text = script_text(&compiled);
    let prefix = url.to_owned();
    let instantiate = function(ctx, "instantiate", 1, move |call| {
        let ctx = call.ctx();
        let imports = call.value(0).into_object();
        let imports = read_imports(ctx, &compiled, imports.as_ref(), &prefix)?;
        let instance = new_instance(ctx, &compiled, imports, &prefix)?;
        unwrapped_exports(ctx, &compiled, instance.as_value()).map(Object::into_value)
    })?;
    Ok(ScriptModule { text, instantiate })
}

fn script_text(compiled: &CompiledModule) -> String {
    let mut text = String::new();
    let modules =
        compiled.module.imports().iter().filter(|import| {
            builtins::find(&compiled.options, &import.module, &import.name).is_none()
        });
    let modules: BTreeSet<&str> = modules.map(|import| &*import.module).collect();
    let mut imports = String::new();
    for (index, module) in modules.iter().enumerate() {
        text.push_str(&format!("import * as $i{index} from {};\n", quoted(module)));
        imports.push_str(&format!("[{}]: $i{index}, ", quoted(module)));
    }
    text.push_str("const $instantiate = import.meta.$instantiate;\n");
    text.push_str("delete import.meta.$instantiate;\n");
    text.push_str(&format!("const $exports = $instantiate({{ __proto__: null, {imports}}});\n"));
    for (index, export) in compiled.module.exports().iter().enumerate() {
        let name = quoted(&export.name);
        text.push_str(&format!("const $e{index} = $exports[{name}];\n"));
        text.push_str(&format!("export {{ $e{index} as {name} }};\n"));
    }
    text
}

/// A name as a literal of script.
fn quoted(name: &str) -> String {
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
