//! The types of the module, and those that are added to it for the new blocks.

use std::collections::HashMap;

use wasm_encoder::{BlockType, Encode, ValType};
use wasmparser::{CompositeInnerType, FuncType, SubType};

use super::Invalid;

/// As many as a module may have: <https://webassembly.github.io/spec/js-api/#limits>.
const MAX_TYPES: usize = 1_000_000;
/// As many results as a block may have, after the same list.
const MAX_RESULTS: usize = 1000;
/// A hundred thousand ordinary ones. What a module can ask for grows with the square of its
/// size: parameters of blocks times parameters of tags.
const MAX_ADDED_BYTES: usize = 4 << 20;

/// Function types by index, tags by index, and the additions.
#[derive(Debug, Default)]
pub(super) struct Types {
    of_module: Vec<Option<FuncType>>,
    /// The type of each tag.
    tags: Vec<u32>,
    added: HashMap<Signature, u32>,
    encoded: Vec<u8>,
}

/// What arrives at the beginning of a clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Caught {
    /// The tag whose parameters arrive; none for `catch_all`.
    pub(super) tag: Option<u32>,
    pub(super) exception: Exception,
}

/// Whether the exception itself is needed, to be thrown once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Exception {
    Unused,
    Thrown,
}

/// Of the types by index, because to compare them by content could be made slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Signature {
    /// The function type whose parameters are taken.
    params_of: Option<u32>,
    /// The function type whose parameters are returned.
    results_of: Option<u32>,
    /// Whether an `exnref` is returned after them.
    exception: Exception,
}

impl Types {
    pub(super) fn push(&mut self, ty: SubType) {
        self.of_module.push(match ty.composite_type.inner {
            CompositeInnerType::Func(function) => Some(function),
            _ => None,
        });
    }

    pub(super) fn push_tag(&mut self, type_index: u32) {
        self.tags.push(type_index);
    }

    pub(super) fn added_len(&self) -> usize {
        self.added.len()
    }

    /// The added types, as they stand in the type section.
    pub(super) fn added_encoded(&self) -> &[u8] {
        &self.encoded
    }

    /// The type of a block that takes what `outer` takes and leaves what is caught.
    pub(super) fn block(
        &mut self,
        outer: wasmparser::BlockType,
        caught: Caught,
        offset: usize,
    ) -> Result<BlockType, Invalid> {
        let params_of = match outer {
            wasmparser::BlockType::FuncType(index) => Some(index),
            _ => None,
        };
        let results_of = match caught.tag {
            Some(tag) => Some(*self.tags.get(tag as usize).ok_or_else(|| Invalid::bug(offset))?),
            None => None,
        };
        let params_of = params_of.filter(|index| !self.params(*index).is_empty());
        let results_of = results_of.filter(|index| !self.params(*index).is_empty());
        let signature = Signature { params_of, results_of, exception: caught.exception };
        match (signature, results_of.map(|index| self.params(index))) {
            (Signature { params_of: None, exception: Exception::Unused, .. }, None) => {
                Ok(BlockType::Empty)
            }
            (Signature { params_of: None, exception: Exception::Unused, .. }, Some([result])) => {
                Ok(BlockType::Result(encoded(*result, offset)?))
            }
            (Signature { params_of: None, exception: Exception::Thrown, .. }, None) => {
                Ok(BlockType::Result(ValType::EXNREF))
            }
            _ => self.function_type(signature, offset).map(BlockType::FunctionType),
        }
    }

    fn params(&self, type_index: u32) -> &[wasmparser::ValType] {
        match self.of_module.get(type_index as usize) {
            Some(Some(function)) => function.params(),
            _ => &[],
        }
    }

    fn function_type(&mut self, signature: Signature, offset: usize) -> Result<u32, Invalid> {
        if let Some(index) = self.added.get(&signature) {
            return Ok(*index);
        }
        let index = self.of_module.len() + self.added.len();
        if index >= MAX_TYPES || self.encoded.len() >= MAX_ADDED_BYTES {
            return Err(Invalid::new("too many types of exception handlers", offset));
        }
        let index = u32::try_from(index).map_err(|_| Invalid::bug(offset))?;
        let mut params = Vec::new();
        for param in signature.params_of.map_or(&[][..], |index| self.params(index)) {
            params.push(encoded(*param, offset)?);
        }
        let mut results = Vec::new();
        for result in signature.results_of.map_or(&[][..], |index| self.params(index)) {
            results.push(encoded(*result, offset)?);
        }
        if signature.exception == Exception::Thrown {
            results.push(ValType::EXNREF);
        }
        if results.len() > MAX_RESULTS {
            return Err(Invalid::new("too many parameters of a tag to throw it again", offset));
        }
        // <https://webassembly.github.io/spec/core/binary/types.html#composite-types>
        const FUNCTION: u8 = 0x60;
        self.encoded.push(FUNCTION);
        params.encode(&mut self.encoded);
        results.encode(&mut self.encoded);
        self.added.insert(signature, index);
        Ok(index)
    }
}

fn encoded(ty: wasmparser::ValType, offset: usize) -> Result<ValType, Invalid> {
    ty.try_into().map_err(|_| Invalid::bug(offset))
}
