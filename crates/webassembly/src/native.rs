//! The interface for hosts: modules, instances, memories, globals and tables from Rust, by the
//! same steps as from script.

use std::fmt;
use std::sync::Arc;

use holm_host::host;
use holm_js::{Ctx, Object, Result, Value, host_ref, webidl};
use holm_wasm::{
    BytesError, CompileError, ExternType, MemoryType, MemoryTypeBuilder, TypeText, ValType,
};

pub use holm_wasm::Memory;

use crate::errors::{throw_range, throw_type};
use crate::global::GlobalObject;
use crate::instance::{InstanceObject, new_instance, read_imports};
use crate::jspi::{self, SuspendingObject};
use crate::memory::{self, MAX_PAGES_32, PAGE_BYTES, check_limits};
use crate::module::{CompiledModule, ModuleObject};
use crate::namespace::Settle;
use crate::options::CompileOptions;
use crate::state::State;
use crate::table::TableObject;

/// A compiled module, with what script compiled it for. Cheap to clone, and to send to other
/// threads.
#[derive(Clone)]
pub struct Module(Arc<CompiledModule>);

impl Module {
    /// A module that is given nothing but its imports.
    pub fn new(module: holm_wasm::Module) -> Self {
        Self(Arc::new(CompiledModule { module, options: CompileOptions::default() }))
    }

    /// Compiles a binary module.
    pub fn compile(
        engine: &holm_wasm::Engine,
        bytes: Arc<[u8]>,
    ) -> std::result::Result<Self, CompileError> {
        holm_wasm::Module::compile(engine, bytes).map(Self::new)
    }

    /// The module itself.
    pub fn wasm(&self) -> &holm_wasm::Module {
        &self.0.module
    }

    /// Whether it imports something from `module`.
    pub fn imports_from(&self, module: &str) -> bool {
        self.0.module.imports().iter().any(|import| &*import.module == module)
    }

    /// The type of the first memory that it imports.
    pub fn imported_memory(&self) -> Option<MemoryType> {
        self.0.module.imports().iter().find_map(|import| match &import.ty {
            ExternType::Memory(ty) => Some(ty.clone()),
            _ => None,
        })
    }

    /// The types of an exported function's parameters and results.
    pub fn signature(&self, name: &str) -> Option<Signature> {
        let exports = self.0.module.exports();
        let ExternType::Func(ty) = &exports.iter().find(|export| &*export.name == name)?.ty else {
            return None;
        };
        let names = |types: &mut dyn Iterator<Item = ValType>| {
            types.map(|ty| TypeText(&ty).to_string()).collect()
        };
        Some(Signature { parameters: names(&mut ty.params()), results: names(&mut ty.results()) })
    }

    /// The module behind a `WebAssembly.Module`.
    pub fn of(value: &Value<'_>) -> Option<Self> {
        host_ref::<ModuleObject>(value).map(|module| Self(module.compiled().clone()))
    }

    /// Whether the realm's engine compiled it: others cannot use it.
    pub fn is_of_engine(&self, ctx: &Ctx<'_>) -> Result<bool> {
        Ok(State::of(ctx).engine(ctx)?.same(self.0.module.engine()))
    }

    /// A new `WebAssembly.Module`.
    pub fn object<'js>(&self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        self.check_engine(ctx)?;
        let inside = ModuleObject::from_compiled(self.0.clone());
        Ok(webidl::new_object(ctx, inside)?.into_value())
    }

    /// A new `WebAssembly.Instance`, by the steps of its constructor.
    pub fn instantiate<'js>(
        &self,
        ctx: &Ctx<'js>,
        import_object: Option<&Object<'js>>,
    ) -> Result<Object<'js>> {
        self.check_engine(ctx)?;
        let prefix = "WebAssembly.Instance()";
        let imports = read_imports(ctx, &self.0, import_object, prefix)?;
        new_instance(ctx, &self.0, imports, prefix)
    }

    fn check_engine(&self, ctx: &Ctx<'_>) -> Result<()> {
        if self.is_of_engine(ctx)? {
            return Ok(());
        }
        Err(throw_type(ctx, "the module was compiled by another engine than the isolate's"))
    }
}

/// The type of a function, in the text format's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The types of what it takes.
    pub parameters: Vec<String>,
    /// The types of what it gives.
    pub results: Vec<String>,
}

/// The exports object of a `WebAssembly.Instance`.
pub fn exports_of<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Option<Object<'js>>> {
    let Some(instance) = host_ref::<InstanceObject>(value) else { return Ok(None) };
    Ok(instance.exports(ctx)?.into_object())
}

/// The memory behind a `WebAssembly.Memory`.
pub fn memory_of(value: &Value<'_>) -> Option<Memory> {
    memory::of(value)
}

/// The `WebAssembly.Memory` of a memory: the same one as long as script can see it.
pub fn memory_object<'js>(ctx: &Ctx<'js>, memory: &Memory) -> Result<Value<'js>> {
    if !is_of_isolate(ctx, memory)? {
        return Err(throw_type(ctx, "the memory belongs to another isolate"));
    }
    memory::wrapper(ctx, memory)
}

/// Whether the memory belongs to this isolate: others may not use it.
pub fn is_of_isolate(ctx: &Ctx<'_>, memory: &Memory) -> Result<bool> {
    Ok(State::of(ctx).space(ctx)?.same(memory.space()))
}

/// A new memory of so many pages.
pub fn new_memory(ctx: &Ctx<'_>, initial: u64, maximum: Option<u64>) -> Result<Memory> {
    check_limits(ctx, "WebAssembly.Memory()", "pages", initial, maximum, MAX_PAGES_32)?;
    let mut ty = MemoryTypeBuilder::default();
    ty.min(initial).max(maximum);
    let ty = ty.build().map_err(|error| throw_range(ctx, &error.to_string()))?;
    let state = State::of(ctx);
    let space = state.space(ctx)?;
    state.note_memory(ctx, usize::try_from(initial * PAGE_BYTES).unwrap_or(usize::MAX));
    Memory::new(&space, ty).map_err(|error| {
        throw_range(ctx, &format!("WebAssembly.Memory(): could not allocate memory: {error}"))
    })
}

/// `memory.grow(pages)`.
pub fn grow_memory(ctx: &Ctx<'_>, memory: &Memory, pages: u64) -> Result<u64> {
    memory::grow(ctx, memory, pages)
}

/// Shows a memory's bytes. `body` must not run script: see `backing.rs` for who relies
/// on that. Whoever calls this has the isolate's scope to itself meanwhile, and `body` none.
pub fn with_bytes<R>(
    memory: &Memory,
    body: impl FnOnce(&[u8]) -> R,
) -> std::result::Result<R, BytesError> {
    memory.with_bytes(body)
}

/// Shows a memory's bytes, to be changed; otherwise as [`with_bytes`].
pub fn with_bytes_mut<R>(
    memory: &Memory,
    body: impl FnOnce(&mut [u8]) -> R,
) -> std::result::Result<R, BytesError> {
    memory.with_bytes_mut(body)
}

/// Whether it is a `WebAssembly.Global`.
pub fn is_global(value: &Value<'_>) -> bool {
    host_ref::<GlobalObject>(value).is_some()
}

/// The value of a `WebAssembly.Global`, whatever script made of its prototype; `None` for
/// other values.
pub fn global_value<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Option<Result<Value<'js>>> {
    host_ref::<GlobalObject>(value).map(|global| global.value(ctx))
}

/// Sets a `WebAssembly.Global`.
pub fn set_global<'js>(
    ctx: &Ctx<'js>,
    value: &Value<'js>,
    given: &Value<'js>,
) -> Option<Result<()>> {
    host_ref::<GlobalObject>(value).map(|global| global.set_value(ctx, given))
}

/// The length of a `WebAssembly.Table`.
pub fn table_len(value: &Value<'_>) -> Option<u64> {
    host_ref::<TableObject>(value).map(|table| table.table().len())
}

/// `table.get(index)`.
pub fn table_element<'js>(
    ctx: &Ctx<'js>,
    value: &Value<'js>,
    index: u64,
) -> Option<Result<Value<'js>>> {
    host_ref::<TableObject>(value).map(|table| table.element(ctx, index))
}

/// `table.set(index, given)`.
pub fn set_table_element<'js>(
    ctx: &Ctx<'js>,
    value: &Value<'js>,
    index: u64,
    given: &Value<'js>,
) -> Option<Result<()>> {
    host_ref::<TableObject>(value).map(|table| table.set_element(ctx, index, Some(given)))
}

/// `table.grow(delta)`.
pub fn grow_table<'js>(ctx: &Ctx<'js>, value: &Value<'js>, delta: u64) -> Option<Result<u64>> {
    host_ref::<TableObject>(value).map(|table| table.grow_by(ctx, delta, None))
}

/// `WebAssembly.promising(function)`.
pub fn promising<'js>(ctx: &Ctx<'js>, function: &Value<'js>) -> Result<Value<'js>> {
    jspi::promising(ctx, function)
}

/// `new WebAssembly.Suspending(function)`, for something that is a function.
pub fn suspending<'js>(ctx: &Ctx<'js>, function: &Value<'js>) -> Result<Value<'js>> {
    SuspendingObject::marking(ctx, function)
}

/// A promise of what `value` makes of what `work` gives.
pub fn promise_of<'js, T: 'static>(
    ctx: &Ctx<'js>,
    work: impl Future<Output = T> + 'static,
    value: impl for<'a> FnOnce(&Ctx<'a>, T) -> Result<Value<'a>> + 'static,
) -> Result<Value<'js>> {
    let (promise, settle) = Settle::new(ctx)?;
    host(ctx).tasks.spawn(work, move |ctx, given| settle.with(ctx, || value(ctx, given)));
    Ok(promise.into_value())
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.module.fmt(f)
    }
}
