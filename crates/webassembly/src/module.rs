//! `WebAssembly.Module`: <https://webassembly.github.io/spec/js-api/#modules>

use std::sync::Arc;

use holm_js::webidl::{self, Definition, Interface, convert};
use holm_js::{
    Array, ArrayBuffer, Attributes, Call, Ctx, HostObject, Object, Result, Value, buffer_source,
    define_value, host_ref,
};
use holm_wasm::{Engine, ExternType, Module, custom_sections};

use crate::builtins;
use crate::errors::{Refused, throw_compile, throw_type};
use crate::options::CompileOptions;
use crate::state::State;

/// The inside of a Module object.
#[derive(Clone)]
pub(crate) struct ModuleObject(Arc<CompiledModule>);

/// A compiled module, with what it was compiled for.
pub(crate) struct CompiledModule {
    /// \[\[Module\]\] and \[\[Bytes\]\]
    pub(crate) module: Module,
    /// \[\[BuiltinSets\]\] and \[\[ImportedStringModule\]\]
    pub(crate) options: CompileOptions,
}

impl From<Arc<CompiledModule>> for ModuleObject {
    fn from(compiled: Arc<CompiledModule>) -> Self {
        Self(compiled)
    }
}

impl ModuleObject {
    pub(crate) fn new(module: Module, options: CompileOptions) -> Self {
        Self(Arc::new(CompiledModule { module, options }))
    }

    pub(crate) fn from_compiled(compiled: Arc<CompiledModule>) -> Self {
        Self(compiled)
    }

    pub(crate) fn compiled(&self) -> &Arc<CompiledModule> {
        &self.0
    }
}

impl HostObject for ModuleObject {}

impl Interface for ModuleObject {
    const NAME: &'static str = "Module";
    const CLASS_STRING: &'static str = "WebAssembly.Module";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .constructor(1, |call| {
                let ctx = call.ctx();
                // 1. Let stableBytes be a copy of the bytes held by the buffer bytes.
                let what = "WebAssembly.Module(): argument 0";
                let bytes = buffer_source(ctx, &call.value(0), what)?;
                let what = "WebAssembly.Module(): the options";
                let options = CompileOptions::read(ctx, &call.value(1), what)?;
                // 2. Compile the WebAssembly module stableBytes.
                let engine = State::of(ctx).engine(ctx)?;
                let module = compile(&engine, bytes.into(), &options);
                // 3. If module is error, throw a CompileError exception.
                let module = module
                    .map_err(|refused| throw_compile(ctx, "WebAssembly.Module()", &refused))?;
                webidl::construct(call, Self::new(module, options))
            })
            .static_operation("exports", 1, exports)?
            .static_operation("imports", 1, imports)?
            .static_operation("customSections", 2, sections)?;
        Ok(())
    }
}

/// Compiles, and checks what the options promise.
pub(crate) fn compile(
    engine: &Engine,
    bytes: Arc<[u8]>,
    options: &CompileOptions,
) -> std::result::Result<Module, Refused> {
    let module = Module::compile(engine, bytes)?;
    options.check(&module)?;
    Ok(module)
}

/// An argument that has to be a Module.
pub(crate) fn argument(ctx: &Ctx<'_>, value: &Value<'_>, what: &str) -> Result<ModuleObject> {
    match host_ref::<ModuleObject>(value) {
        Some(module) => Ok(module.clone()),
        None => Err(throw_type(ctx, &format!("{what} is not a WebAssembly.Module"))),
    }
}

/// <https://webassembly.github.io/spec/js-api/#string-value-of-the-extern-type>
pub(crate) fn kind(ty: &ExternType) -> &'static str {
    match ty {
        ExternType::Func(_) => "function",
        ExternType::Table(_) => "table",
        ExternType::Memory(_) => "memory",
        ExternType::Global(_) => "global",
        ExternType::Tag(_) => "tag",
    }
}

/// <https://webassembly.github.io/spec/js-api/#dom-module-exports>
fn exports<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let module = argument(ctx, &call.value(0), "WebAssembly.Module.exports(): argument 0")?;
    let list = Array::new(ctx.clone())?;
    for (index, export) in module.0.module.exports().iter().enumerate() {
        let entry = Object::new(ctx.clone())?;
        define_value(&entry, "name", &*export.name, Attributes::ALL)?;
        define_value(&entry, "kind", kind(&export.ty), Attributes::ALL)?;
        list.set(index, entry)?;
    }
    Ok(list.into_value())
}

/// <https://webassembly.github.io/spec/js-api/#dom-module-imports>
fn imports<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let module = argument(ctx, &call.value(0), "WebAssembly.Module.imports(): argument 0")?;
    let options = &module.0.options;
    let list = Array::new(ctx.clone())?;
    let mut index = 0;
    for import in module.0.module.imports() {
        // 1. If find a builtin for (moduleName, name, type) is not null, then continue.
        // 2. If moduleName equals importedStringModule, then continue.
        let is_given = builtins::find(options, &import.module, &import.name).is_some()
            || options.is_string(&import.module);
        if is_given {
            continue;
        }
        let entry = Object::new(ctx.clone())?;
        define_value(&entry, "module", &*import.module, Attributes::ALL)?;
        define_value(&entry, "name", &*import.name, Attributes::ALL)?;
        define_value(&entry, "kind", kind(&import.ty), Attributes::ALL)?;
        list.set(index, entry)?;
        index += 1;
    }
    Ok(list.into_value())
}

/// <https://webassembly.github.io/spec/js-api/#dom-module-customsections>
fn sections<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let what = "WebAssembly.Module.customSections(): argument 0";
    let module = argument(ctx, &call.value(0), what)?;
    let wanted = convert::dom_string(ctx, &call.value(1))?;
    let list = Array::new(ctx.clone())?;
    // A name with a lone surrogate equals none: names of sections are UTF-8.
    let Some(wanted) = wanted else { return Ok(list.into_value()) };
    for (index, bytes) in custom_sections(module.0.module.bytes(), &wanted).iter().enumerate() {
        list.set(index, ArrayBuffer::new_copy(ctx.clone(), bytes)?)?;
    }
    Ok(list.into_value())
}
