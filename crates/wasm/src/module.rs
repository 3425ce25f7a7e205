//! Compiled modules, with what an embedder asks of them.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use wasmtime::ExternType;
use wasmtime_environ::StackMap;

use crate::atomic_waits::Hooks;
use crate::binary::Functions;
use crate::code_cache::{self, Keep, Kept, LentFile};
use crate::translation::{Origin, translate};
use crate::{CompileError, Engine, StreamingValidator, stack_maps};

/// A compiled module. Cheap to clone, and to send to other threads.
#[derive(Clone)]
pub struct Module(Arc<Inner>);

struct Inner {
    engine: Engine,
    compiled: wasmtime::Module,
    /// As they came, before any translation.
    bytes: Arc<[u8]>,
    origin: Origin,
    imports: Vec<ImportType>,
    exports: Vec<ExportType>,
    hooks: Option<Hooks>,
    has_objects: bool,
    has_start: bool,
    /// Where each function's code is in the text, in that order, made on first use.
    functions: OnceLock<Vec<Place>>,
    /// See [`crate::stack_maps`].
    stack_maps: OnceLock<Option<Range<usize>>>,
    source: OnceLock<Arc<str>>,
    /// What its code is mapped from, if it is.
    file: Option<LentFile>,
}

/// Where a function is in the text of its module.
#[derive(Debug)]
struct Place {
    start: usize,
    end: usize,
    index: u32,
}

/// Where the functions of a module are, for as long as the module lives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Code {
    text: usize,
    text_len: usize,
    places: *const [Place],
}

impl Code {
    /// That of a module of this crate's own, without its functions.
    pub(crate) fn without_functions(module: &wasmtime::Module) -> Self {
        let (text, places): (_, &'static [Place]) = (module.text(), &[]);
        Self { text: text.as_ptr() as usize, text_len: text.len(), places }
    }

    /// Whether this address is in it.
    pub(crate) fn contains(&self, address: usize) -> bool {
        address.wrapping_sub(self.text) < self.text_len
    }

    /// Whether there is a function of the module's own at this address, not one of those that
    /// lead in and out. May be asked by the handler of a signal, while the module lives.
    pub(crate) fn has_function_at(&self, address: usize) -> bool {
        let Some(offset) = address.checked_sub(self.text) else { return false };
        // SAFETY: the module lives, and so do the places, which do not change.
        let places = unsafe { &*self.places };
        let next = places.partition_point(|place| place.start <= offset);
        next.checked_sub(1).is_some_and(|index| offset < places[index].end)
    }
}

/// One import.
#[derive(Clone, Debug)]
pub struct ImportType {
    /// The module's name.
    pub module: Box<str>,
    /// The name within that.
    pub name: Box<str>,
    /// What is wanted.
    pub ty: ExternType,
}

/// One export.
#[derive(Clone, Debug)]
pub struct ExportType {
    /// Its name.
    pub name: Box<str>,
    /// What it is.
    pub ty: ExternType,
}

impl Module {
    /// Compiles a binary module, or takes it from the engine's code cache.
    pub fn compile(engine: &Engine, bytes: Arc<[u8]>) -> Result<Self, CompileError> {
        let compile = |bytes| Self::check_and_compile(engine, bytes);
        code_cache::load_or(engine, bytes, Keep::Slow, compile).map(|(module, _)| module)
    }

    /// The same, where the cache keeps even what is compiled soon, and says so.
    pub fn compile_and_keep(
        engine: &Engine,
        bytes: Arc<[u8]>,
    ) -> Result<(Self, Kept), CompileError> {
        let compile = |bytes| Self::check_and_compile(engine, bytes);
        code_cache::load_or(engine, bytes, Keep::All, compile)
    }

    /// Compiles a module whose bytes came bit by bit and were checked as they did, or takes it from
    /// the engine's code cache.
    pub fn compile_streamed(
        engine: &Engine,
        validator: StreamingValidator,
    ) -> Result<Self, CompileError> {
        let (bytes, functions) = validator.finish_sections().map_err(CompileError::Invalid)?;
        let compile = |bytes| match functions {
            Functions::Now => Self::compile_checked(engine, bytes),
            Functions::Later => Self::check_and_compile(engine, bytes),
        };
        code_cache::load_or(engine, bytes.into(), Keep::Slow, compile).map(|(module, _)| module)
    }

    fn check_and_compile(engine: &Engine, bytes: Arc<[u8]>) -> Result<Self, CompileError> {
        // First: it says better what is wrong, and refuses what Wasmtime would choke on.
        crate::check(&bytes).map_err(CompileError::Invalid)?;
        Self::compile_checked(engine, bytes)
    }

    fn compile_checked(engine: &Engine, bytes: Arc<[u8]>) -> Result<Self, CompileError> {
        let translated = translate(&bytes)?;
        engine.check_headroom().map_err(CompileError::Engine)?;
        let binary = translated.as_ref().map_or(&*bytes, |translated| &translated.wasm);
        let compiled =
            wasmtime::Module::from_binary(engine.raw(), binary).map_err(CompileError::engine)?;
        let mut origin = translated.map_or_else(Origin::default, |translated| translated.origin);
        origin.uses_exceptions = origin.uses_exceptions || uses_exceptions(&bytes);
        Ok(Self::from_parts(engine, compiled, bytes, origin))
    }

    pub(crate) fn from_parts(
        engine: &Engine,
        compiled: wasmtime::Module,
        bytes: Arc<[u8]>,
        origin: Origin,
    ) -> Self {
        let imports = compiled.imports().map(|import| ImportType {
            module: import.module().into(),
            name: import.name().into(),
            ty: import.ty(),
        });
        let imports = imports.collect();
        let exports = compiled
            .exports()
            .map(|export| ExportType { name: export.name().into(), ty: export.ty() });
        let mut exports: Vec<_> = exports.collect();
        // What was added comes last.
        let added = if origin.calls_hooks { own_exports(&bytes) } else { exports.len() };
        let hooks = Hooks::of(exports.drain(added.min(exports.len())..));
        let (has_objects, has_start) = (has_objects(&bytes), has_start(&bytes));
        let (functions, stack_maps, source) = Default::default();
        let engine = engine.clone();
        Self(Arc::new(Inner {
            engine,
            compiled,
            bytes,
            origin,
            imports,
            exports,
            hooks,
            has_objects,
            has_start,
            functions,
            stack_maps,
            source,
            file: None,
        }))
    }

    /// The same, whose code is in this file.
    pub(crate) fn holding(mut self, file: LentFile) -> Self {
        // Nobody else has it yet.
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.file = Some(file);
        }
        self
    }

    /// The engine it was compiled by.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// The bytes it was made of.
    pub fn bytes(&self) -> &Arc<[u8]> {
        &self.0.bytes
    }

    /// Where it is from, as stacks show it: what [`Self::set_source`] said, or else a name
    /// made of its bytes.
    pub fn source(&self) -> &Arc<str> {
        self.0.source.get_or_init(|| {
            let hash = blake3::hash(&self.0.bytes).to_hex();
            format!("wasm://wasm/{}", &hash[..8]).into()
        })
    }

    /// Says where it is from, unless that is settled.
    pub fn set_source(&self, source: &str) {
        self.0.source.get_or_init(|| source.into());
    }

    /// What it imports, in order.
    pub fn imports(&self) -> &[ImportType] {
        &self.0.imports
    }

    /// What it exports, in order.
    pub fn exports(&self) -> &[ExportType] {
        &self.0.exports
    }

    /// Whether its code may catch exceptions: if none of a group's does, what a host function
    /// throws need not become one.
    pub(crate) fn uses_exceptions(&self) -> bool {
        self.0.origin.uses_exceptions
    }

    /// What its instances need before they run, if anything.
    pub(crate) fn hooks(&self) -> Option<&Hooks> {
        self.0.hooks.as_ref()
    }

    pub(crate) fn origin(&self) -> &Origin {
        &self.0.origin
    }

    /// Whether it has types of structs or arrays.
    pub fn has_objects(&self) -> bool {
        self.0.has_objects
    }

    pub(crate) fn raw(&self) -> &wasmtime::Module {
        &self.0.compiled
    }

    pub(crate) fn is_compiled_as(&self, compiled: &wasmtime::Module) -> bool {
        self.0.compiled.text().as_ptr() == compiled.text().as_ptr()
    }

    /// The place in the module's bytes that a place in what was compiled stands for.
    pub(crate) fn original_offset(&self, offset: usize) -> usize {
        self.0.origin.original_offset(&self.0.bytes, offset)
    }

    /// The byte at this place of what was compiled.
    pub(crate) fn byte_at(&self, offset: usize) -> Option<u8> {
        self.0.bytes.get(self.original_offset(offset)).copied()
    }

    pub(crate) fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// What a frame keeps whose function waits for a call that returns to this address: `None`
    /// within if it keeps no reference. `None` if the address is none in this module.
    pub(crate) fn stack_map(&self, return_address: usize) -> Option<Option<StackMap<'_>>> {
        let compiled = &self.0.compiled;
        let offset = return_address.checked_sub(compiled.text().as_ptr() as usize)?;
        let offset = u32::try_from(offset).ok().filter(|_| offset < compiled.text().len())?;
        let maps = self.0.stack_maps.get_or_init(|| stack_maps::find(compiled)).as_ref()?;
        Some(stack_maps::lookup(compiled, maps, offset))
    }

    /// The index of the function whose code is at `address`, if it is one of this module's.
    pub(crate) fn function_at(&self, address: usize) -> Option<u32> {
        let text = self.0.compiled.text();
        let offset = address.checked_sub(text.as_ptr() as usize).filter(|at| *at < text.len())?;
        let places = self.places();
        let next = places.partition_point(|place| place.start <= offset);
        places.get(next.checked_sub(1)?).map(|place| place.index)
    }

    /// Where its functions are.
    pub(crate) fn code(&self) -> Code {
        Code { places: self.places(), ..Code::without_functions(&self.0.compiled) }
    }

    fn places(&self) -> &[Place] {
        self.0.functions.get_or_init(|| {
            let functions = self.0.compiled.functions();
            let places = functions.map(|function| Place {
                start: function.offset,
                end: function.offset + function.len,
                index: function.index.as_u32(),
            });
            let mut places: Vec<_> = places.collect();
            places.sort_unstable_by_key(|place| place.start);
            places
        })
    }

    /// Whether making an instance runs code of the module's.
    pub(crate) fn has_start(&self) -> bool {
        self.0.has_start
    }
}

/// Whether the module has anything to do with exceptions: a tag, or a `try_table` (whose
/// `catch_all` needs no tag).
fn uses_exceptions(bytes: &[u8]) -> bool {
    use wasmparser::{Operator, Parser, Payload, TypeRef};
    for payload in Parser::new(0).parse_all(bytes) {
        let found = match payload {
            Ok(Payload::TagSection(_)) => true,
            Ok(Payload::ImportSection(imports)) => imports
                .into_imports()
                .any(|import| import.is_ok_and(|import| matches!(import.ty, TypeRef::Tag(_)))),
            Ok(Payload::CodeSectionEntry(body)) => {
                body.get_operators_reader().is_ok_and(|operators| {
                    operators.into_iter().any(|operator| {
                        matches!(operator, Ok(Operator::TryTable { .. } | Operator::ThrowRef))
                    })
                })
            }
            // It was compiled: it is valid. If not, the careful answer.
            Err(_) => true,
            Ok(_) => false,
        };
        if found {
            return true;
        }
    }
    false
}

/// How many exports the module's bytes say.
fn own_exports(bytes: &[u8]) -> usize {
    use wasmparser::{Parser, Payload};
    let payloads = Parser::new(0).parse_all(bytes).map_while(Result::ok);
    payloads
        .take_while(|payload| !matches!(payload, Payload::CodeSectionStart { .. }))
        .find_map(|payload| match payload {
            Payload::ExportSection(exports) => Some(exports.count() as usize),
            _ => None,
        })
        .unwrap_or(0)
}

fn has_start(bytes: &[u8]) -> bool {
    use wasmparser::{Parser, Payload};
    let payloads = Parser::new(0).parse_all(bytes).map_while(Result::ok);
    // The start function is named before the code.
    payloads
        .take_while(|payload| !matches!(payload, Payload::CodeSectionStart { .. }))
        .any(|payload| matches!(payload, Payload::StartSection { .. }))
}

fn has_objects(bytes: &[u8]) -> bool {
    use wasmparser::{CompositeInnerType, Parser, Payload};
    let types = Parser::new(0).parse_all(bytes).find_map(|payload| match payload {
        Ok(Payload::TypeSection(types)) => Some(types),
        _ => None,
    });
    types.into_iter().flatten().flatten().flat_map(wasmparser::RecGroup::into_types).any(|ty| {
        matches!(
            ty.composite_type.inner,
            CompositeInnerType::Array(_) | CompositeInnerType::Struct(_)
        )
    })
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module")
            .field("imports", &self.0.imports.len())
            .field("exports", &self.0.exports.len())
            .finish_non_exhaustive()
    }
}
