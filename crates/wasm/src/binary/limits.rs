//! The limits of the JavaScript API that the validator does not have.
//!
//! <https://webassembly.github.io/spec/js-api/#limits>
//!
//! The validator of Wasmtime 48 has the others. Some of its own are stricter than the API's, and
//! cannot be loosened from here because Wasmtime would refuse the module anyway: 100 tables (API:
//! 100 000), 100 000 element segments (API: no limit; its tests: 10 000 000), 1 000 000 functions
//! with the imported ones counted (API: without), 100 000 bytes in a name of an import or export
//! (API: no limit), and an "effective type size" below 1 000 000: the sum over all imports and
//! exports of 1 each, or 2 + parameters + results for a function (API: 1 000 000 imports and as
//! many exports, whatever their types).

use wasmparser::{
    ConstExpr, ElementItems, FunctionBody, MemoryType, Operator, OperatorsReader, Payload,
    TableInit, TypeRef,
};

use crate::binary::sections::Reader;

/// "The maximum size of a module is 1,073,741,824 bytes (1 GiB)."
pub const MAX_MODULE_BYTES: usize = 1 << 30;

/// "The maximum `min` or `max` field of a 64-bit memory is 2^37-1 pages."
///
/// The validator allows the 2^48 of the core specification.
pub const MAX_MEMORY64_PAGES: u64 = (1 << 37) - 1;

/// "The maximum number of operands to `array.new_fixed` is 10,000."
///
/// The validator has none, and takes time in proportion to an operand count that unreachable
/// code need not back with operands: a module of 37 bytes kept it busy for 38 seconds.
pub const MAX_ARRAY_NEW_FIXED_OPERANDS: u32 = 10_000;

/// "The maximum size of a table is 10,000,000." Whoever makes or grows a table asks: a module
/// that declares more is valid, and fails to instantiate.
pub const MAX_TABLE_ENTRIES: u64 = 10_000_000;

/// "The maximum size of a 64-bit memory is 262,144 pages (16 GiB)." Whoever makes or grows a
/// memory asks: a module that declares more is valid.
pub const MAX_MEMORY64_PAGES_AT_RUN_TIME: u64 = 262_144;

const ARRAY_NEW_FIXED_PREFIX: u8 = 0xfb;
const ARRAY_NEW_FIXED: u32 = 0x08;

/// A limit that is exceeded: what is too much, and where.
#[derive(Debug)]
pub(crate) struct Excess {
    pub(crate) message: String,
    pub(crate) offset: usize,
}

pub(crate) fn module_size(len_bytes: usize) -> Result<(), Excess> {
    if len_bytes <= MAX_MODULE_BYTES {
        return Ok(());
    }
    let message = format!("the module is larger than {MAX_MODULE_BYTES} bytes (1 GiB)");
    Err(Excess { message, offset: MAX_MODULE_BYTES })
}

/// The limits of a part that the validator has found valid.
pub(crate) fn part(payload: &Payload<'_>) -> Result<(), Excess> {
    match payload {
        Payload::ImportSection(section) => {
            for (offset, import) in section.clone().into_imports_with_offsets().flatten() {
                if let TypeRef::Memory(memory) = import.ty {
                    memory_size(&memory, offset)?;
                }
            }
        }
        Payload::MemorySection(section) => {
            for (offset, memory) in section.clone().into_iter_with_offsets().flatten() {
                memory_size(&memory, offset)?;
            }
        }
        Payload::TableSection(section) => {
            for table in section.clone().into_iter().flatten() {
                if let TableInit::Expr(init) = &table.init {
                    constant(init)?;
                }
            }
        }
        Payload::GlobalSection(section) => {
            for global in section.clone().into_iter().flatten() {
                constant(&global.init_expr)?;
            }
        }
        Payload::ElementSection(section) => {
            for element in section.clone().into_iter().flatten() {
                if let ElementItems::Expressions(_, items) = element.items {
                    for item in items.into_iter().flatten() {
                        constant(&item)?;
                    }
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// The limits of a function, to be asked before the validator is: see
/// [`MAX_ARRAY_NEW_FIXED_OPERANDS`].
pub(crate) fn function(body: &FunctionBody<'_>) -> Result<(), Excess> {
    if !may_have_large_array(body.as_bytes()) {
        return Ok(());
    }
    match body.get_operators_reader() {
        Ok(operators) => arrays(operators),
        // The validator says what is wrong.
        Err(_) => Ok(()),
    }
}

fn constant(expression: &ConstExpr<'_>) -> Result<(), Excess> {
    let mut reader = expression.get_binary_reader();
    match reader.read_bytes(reader.bytes_remaining()) {
        Ok(bytes) if may_have_large_array(bytes) => arrays(expression.get_operators_reader()),
        _ => Ok(()),
    }
}

fn memory_size(memory: &MemoryType, offset: usize) -> Result<(), Excess> {
    let pages = memory.initial.max(memory.maximum.unwrap_or_default());
    if !memory.memory64 || pages <= MAX_MEMORY64_PAGES {
        return Ok(());
    }
    let message = format!("a 64-bit memory has at most {MAX_MEMORY64_PAGES} pages");
    Err(Excess { message, offset })
}

/// Whether a too large `array.new_fixed` may be in these bytes: no says that there is none,
/// at a small part of the cost of decoding them.
fn may_have_large_array(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == ARRAY_NEW_FIXED_PREFIX) {
        rest = rest.get(at + 1..).unwrap_or_default();
        let mut reader = Reader::new(rest);
        if reader.u32() == Some(ARRAY_NEW_FIXED)
            && reader.u32().is_some()
            && reader.u32().is_some_and(|count| count > MAX_ARRAY_NEW_FIXED_OPERANDS)
        {
            return true;
        }
    }
    false
}

fn arrays(mut operators: OperatorsReader<'_>) -> Result<(), Excess> {
    while !operators.eof() {
        let Ok((operator, offset)) = operators.read_with_offset() else {
            // The validator comes this far too, and says what is wrong.
            return Ok(());
        };
        if let Operator::ArrayNewFixed { array_size, .. } = operator
            && array_size > MAX_ARRAY_NEW_FIXED_OPERANDS
        {
            let message = format!(
                "array.new_fixed has at most {MAX_ARRAY_NEW_FIXED_OPERANDS} operands, \
                 this one {array_size}"
            );
            return Err(Excess { message, offset });
        }
    }
    Ok(())
}
