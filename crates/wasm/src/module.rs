//! Compiled modules, with what an embedder asks of them.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use wasmtime::ExternType;
use wasmtime_environ::StackMap;

use crate::legacy_exceptions::{self, OffsetMap};
use crate::{CompileError, Engine, Invalid, StreamingValidator, stack_maps};

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
    has_objects: bool,
    /// Where each function's code begins in the text, in that order, made on first use.
    functions: OnceLock<Vec<(usize, u32)>>,
    /// See [`crate::stack_maps`].
    stack_maps: OnceLock<Option<Range<usize>>>,
    source: OnceLock<Arc<str>>,
}

/// What the compiler was given.
pub(crate) enum Origin {
    /// The module's bytes.
    AsGiven {
        /// Whether there is anything in them that throws or catches.
        uses_exceptions: bool,
    },
    /// A translation of them, and from places in it to places in them: made again on first use
    /// where the module was loaded from an artifact.
    Translated(OnceLock<OffsetMap>),
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
    /// Compiles a binary module.
    pub fn compile(engine: &Engine, bytes: Arc<[u8]>) -> Result<Self, CompileError> {
        // First: it says better what is wrong, and refuses what Wasmtime would choke on.
        crate::check(&bytes).map_err(CompileError::Invalid)?;
        Self::compile_checked(engine, bytes)
    }

    /// Compiles a module whose bytes came bit by bit and were checked as they did.
    pub fn compile_streamed(
        engine: &Engine,
        validator: StreamingValidator,
    ) -> Result<Self, CompileError> {
        let bytes: Arc<[u8]> = validator.finish().map_err(CompileError::Invalid)?.into();
        Self::compile_checked(engine, bytes)
    }

    fn compile_checked(engine: &Engine, bytes: Arc<[u8]>) -> Result<Self, CompileError> {
        let translated = legacy_exceptions::translate(&bytes)
            .map_err(|error| CompileError::Invalid(Invalid::at(error.message(), error.offset())))?;
        engine.check_headroom().map_err(CompileError::Engine)?;
        let binary = translated.as_ref().map_or(&*bytes, |translated| &translated.wasm);
        let compiled =
            wasmtime::Module::from_binary(engine.raw(), binary).map_err(CompileError::engine)?;
        let origin = match translated {
            Some(translated) => Origin::Translated(OnceLock::from(translated.offsets)),
            None => Origin::AsGiven { uses_exceptions: uses_exceptions(&bytes) },
        };
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
            .map(|export| ExportType { name: export.name().into(), ty: export.ty() })
            .collect();
        let has_objects = has_objects(&bytes);
        let (functions, stack_maps, source) = Default::default();
        let engine = engine.clone();
        Self(Arc::new(Inner {
            engine,
            compiled,
            bytes,
            origin,
            imports,
            exports,
            has_objects,
            functions,
            stack_maps,
            source,
        }))
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
        match self.0.origin {
            Origin::AsGiven { uses_exceptions } => uses_exceptions,
            Origin::Translated(_) => true,
        }
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
        let Origin::Translated(offsets) = &self.0.origin else {
            return offset;
        };
        let offsets = offsets.get_or_init(|| {
            let translated = legacy_exceptions::translate(&self.0.bytes);
            // It was translated once. If not, there are no places to lead to.
            translated.ok().flatten().map(|translated| translated.offsets).unwrap_or_default()
        });
        offsets.original(offset)
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
        let functions = self.0.functions.get_or_init(|| {
            let functions = self.0.compiled.functions();
            let mut places: Vec<_> =
                functions.map(|function| (function.offset, function.index.as_u32())).collect();
            places.sort_unstable();
            places
        });
        let next = functions.partition_point(|(start, _)| *start <= offset);
        functions.get(next.checked_sub(1)?).map(|(_, index)| *index)
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
