//! Compiled modules, with what an embedder asks of them.

use std::fmt;
use std::sync::{Arc, OnceLock};

use wasmtime::ExternType;

use crate::{CompileError, Engine, StreamingValidator};

/// A compiled module. Cheap to clone, and to send to other threads.
#[derive(Clone)]
pub struct Module(Arc<Inner>);

struct Inner {
    engine: Engine,
    compiled: wasmtime::Module,
    /// As they came, before any translation.
    bytes: Arc<[u8]>,
    imports: Vec<ImportType>,
    exports: Vec<ExportType>,
    uses_exceptions: bool,
    /// Where each function's code begins in the text, in that order, made on first use.
    functions: OnceLock<Vec<(usize, u32)>>,
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
        let compiled =
            wasmtime::Module::from_binary(engine.raw(), &bytes).map_err(CompileError::engine)?;
        Ok(Self::new(engine, compiled, bytes))
    }

    /// Compiles a module whose bytes came bit by bit and were checked as they did.
    pub fn compile_streamed(
        engine: &Engine,
        validator: StreamingValidator,
    ) -> Result<Self, CompileError> {
        let bytes: Arc<[u8]> = validator.finish().map_err(CompileError::Invalid)?.into();
        let compiled =
            wasmtime::Module::from_binary(engine.raw(), &bytes).map_err(CompileError::engine)?;
        Ok(Self::new(engine, compiled, bytes))
    }

    fn new(engine: &Engine, compiled: wasmtime::Module, bytes: Arc<[u8]>) -> Self {
        let uses_exceptions = uses_exceptions(&bytes);
        Self::from_parts(engine, compiled, bytes, uses_exceptions)
    }

    pub(crate) fn from_parts(
        engine: &Engine,
        compiled: wasmtime::Module,
        bytes: Arc<[u8]>,
        uses_exceptions: bool,
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
        let functions = OnceLock::new();
        let engine = engine.clone();
        Self(Arc::new(Inner {
            engine,
            compiled,
            bytes,
            imports,
            exports,
            uses_exceptions,
            functions,
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
        self.0.uses_exceptions
    }

    pub(crate) fn raw(&self) -> &wasmtime::Module {
        &self.0.compiled
    }

    pub(crate) fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
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

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module")
            .field("imports", &self.0.imports.len())
            .field("exports", &self.0.exports.len())
            .finish_non_exhaustive()
    }
}
