//! Writes the module anew.

use std::ops::Range;

use wasm_encoder::Encode;
use wasmparser::{BinaryReader, BinaryReaderError, ExternalKind, FunctionBody};

use super::survey::{Instruction, Section, Survey};
use super::{HOOKS, OPERATIONS, Operation, Rewritten, hook_index};
use crate::offsets::Output;

/// <https://webassembly.github.io/spec/core/binary/modules.html#sections>
const CUSTOM: u8 = 0;
const TYPE: u8 = 1;
const FUNCTION: u8 = 3;
const IMPORT: u8 = 2;
const TABLE: u8 = 4;
const MEMORY: u8 = 5;
const GLOBAL: u8 = 6;
const EXPORT: u8 = 7;
const START: u8 = 8;
const CODE: u8 = 10;
const TAG: u8 = 13;

const I32: u8 = 0x7f;
const I64: u8 = 0x7e;
const FUNCREF: u8 = 0x70;
const FUNCTION_TYPE: u8 = 0x60;
const HAS_MAXIMUM: u8 = 1;
const I32_CONST: u8 = 0x41;
const I64_CONST: u8 = 0x42;
const CALL_INDIRECT: u8 = 0x11;

pub(super) fn write(wasm: &[u8], survey: &Survey) -> Result<Rewritten, BinaryReaderError> {
    let mut writer = Writer { wasm, survey, out: Output::default(), has: Done::default() };
    let header = survey.sections.first().map_or(wasm.len(), |section| section.whole.start);
    writer.copy(0..header);
    for section in &survey.sections {
        writer.section(section)?;
    }
    let end = survey.sections.last().map_or(header, |section| section.whole.end);
    writer.copy(end..wasm.len());
    let (wasm, offsets) = writer.out.finish();
    Ok(Rewritten { wasm, offsets })
}

struct Writer<'a> {
    wasm: &'a [u8],
    survey: &'a Survey,
    out: Output,
    has: Done,
}

/// The sections that a module may not have had.
#[derive(Default)]
struct Done {
    tables: bool,
    exports: bool,
}

impl Writer<'_> {
    fn copy(&mut self, range: Range<usize>) {
        self.out.copy(&self.wasm[range.clone()], range.start);
    }

    fn section(&mut self, section: &Section) -> Result<(), BinaryReaderError> {
        let Section { id, whole, content } = section;
        let comes_after_tables = !matches!(*id, CUSTOM | TYPE | IMPORT | FUNCTION | TABLE);
        if comes_after_tables && !self.has.tables {
            self.longer(TABLE, None, 1, &table())?;
        }
        let comes_after_exports =
            comes_after_tables && !matches!(*id, MEMORY | TAG | GLOBAL | EXPORT);
        if comes_after_exports && !self.has.exports {
            self.export_section(None)?;
        }
        match *id {
            TYPE => self.longer(TYPE, Some(content.clone()), HOOKS, &types()),
            TABLE => self.longer(TABLE, Some(content.clone()), 1, &table()),
            EXPORT => self.export_section(Some(content.clone())),
            // It is one of the exports.
            START => Ok(()),
            CODE => self.code(content),
            _ => {
                self.copy(whole.clone());
                Ok(())
            }
        }
    }

    /// A section with more at its end than it had.
    fn longer(
        &mut self,
        id: u8,
        content: Option<Range<usize>>,
        added: u32,
        bytes: &[u8],
    ) -> Result<(), BinaryReaderError> {
        let mut longer = Output::default();
        match content {
            Some(content) => {
                let mut reader = BinaryReader::new(&self.wasm[content.clone()], content.start);
                let count = reader.read_var_u32()?;
                let first = reader.original_position();
                count.saturating_add(added).encode(longer.added());
                longer.copy(&self.wasm[first..content.end], first);
            }
            None => added.encode(longer.added()),
        }
        longer.added().extend_from_slice(bytes);
        self.has.tables |= id == TABLE;
        self.has.exports |= id == EXPORT;
        self.put(id, &longer);
        Ok(())
    }

    fn export_section(&mut self, content: Option<Range<usize>>) -> Result<(), BinaryReaderError> {
        let exports = self.survey.hidden_exports();
        let mut bytes = Vec::new();
        for (name, kind, index) in &exports {
            name.as_str().encode(&mut bytes);
            bytes.push(match kind {
                ExternalKind::Table => 1,
                ExternalKind::Memory => 2,
                _ => 0,
            });
            index.encode(&mut bytes);
        }
        self.longer(EXPORT, content, exports.len() as u32, &bytes)
    }

    fn code(&mut self, content: &Range<usize>) -> Result<(), BinaryReaderError> {
        let mut code = Output::default();
        (self.survey.functions.len() as u32).encode(code.added());
        for range in &self.survey.functions {
            let bytes = &self.wasm[range.clone()];
            let body = FunctionBody::new(BinaryReader::new(bytes, range.start));
            let mut written = Output::default();
            let mut from = range.start;
            for instruction in self.survey.instructions(&body)? {
                let before = from..instruction.bytes.start;
                written.copy(&self.wasm[before.clone()], before.start);
                written.mark(instruction.bytes.start);
                self.call(&instruction, written.added());
                from = instruction.bytes.end;
            }
            written.copy(&self.wasm[from..range.end], from);
            (written.len_bytes() as u32).encode(code.added());
            code.append(&written);
        }
        debug_assert!(self.survey.functions.last().is_none_or(|last| last.end == content.end));
        self.put(CODE, &code);
        Ok(())
    }

    /// The call of the host: what the instruction found on the stack, and what stood in it.
    fn call(&self, instruction: &Instruction, bytes: &mut Vec<u8>) {
        let hook = hook_index(instruction.operation, instruction.is_64);
        if let Some(offset) = instruction.offset {
            bytes.push(I64_CONST);
            offset.cast_signed().encode(bytes);
        }
        bytes.push(I32_CONST);
        self.survey.shared_index(instruction.memory).cast_signed().encode(bytes);
        bytes.push(I32_CONST);
        hook.cast_signed().encode(bytes);
        bytes.push(CALL_INDIRECT);
        (self.survey.types + hook).encode(bytes);
        self.survey.tables.encode(bytes);
    }

    fn put(&mut self, id: u8, content: &Output) {
        self.out.added().push(id);
        (content.len_bytes() as u32).encode(self.out.added());
        self.out.append(content);
    }
}

/// The table of the hooks.
fn table() -> Vec<u8> {
    let mut bytes = vec![FUNCREF, HAS_MAXIMUM];
    HOOKS.encode(&mut bytes);
    HOOKS.encode(&mut bytes);
    bytes
}

/// The types of the hooks: what the instruction takes, the offset that stands in it, and which of
/// the shared memories it is about.
fn types() -> Vec<u8> {
    let mut bytes = Vec::new();
    for operation in OPERATIONS {
        for address in [I32, I64] {
            let (own, result): (&[u8], _) = match operation {
                Operation::Wait32 => (&[I32, I64, I64], I32),
                Operation::Wait64 => (&[I64, I64, I64], I32),
                Operation::Notify => (&[I32, I64], I32),
                Operation::Grow => (&[], address),
            };
            let parameters: Vec<u8> = [&[address], own, &[I32]].concat();
            bytes.push(FUNCTION_TYPE);
            (parameters.len() as u32).encode(&mut bytes);
            bytes.extend(parameters);
            bytes.extend([1, result]);
        }
    }
    bytes
}
