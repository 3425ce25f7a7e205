//! Validates a module and copies it section by section.

use std::ops::Range;

use wasm_encoder::Encode;
use wasmparser::{
    BinaryReader, FuncToValidate, FuncValidatorAllocations, FunctionBody, Parser, Payload, TypeRef,
    ValidPayload, Validator, ValidatorResources, WasmFeatures,
};

use super::shape::Shape;
use super::types::Types;
use super::{Invalid, Translated, function, scan};
use crate::offsets::Output;

/// What a module may use: the same as without legacy exception handling, and that.
const FEATURES: WasmFeatures = WasmFeatures::WASM3.union(WasmFeatures::LEGACY_EXCEPTIONS);

/// <https://webassembly.github.io/spec/core/binary/modules.html#sections>
const TYPE_SECTION: u8 = 1;
const CODE_SECTION: u8 = 10;

/// Translates a module, whether or not it uses legacy exception handling.
pub(super) fn translate(wasm: &[u8]) -> Result<Translated, Invalid> {
    let mut translation = Translation::new(wasm);
    let mut parser = Parser::new(0);
    parser.set_features(FEATURES);
    for payload in parser.parse_all(wasm) {
        translation.payload(payload?)?;
    }
    translation.finish()
}

struct Translation<'a> {
    wasm: &'a [u8],
    validator: Validator,
    allocations: FuncValidatorAllocations,
    types: Types,
    /// The functions, without their count.
    code: Output,
    code_count: u32,
    type_section: Option<Section>,
    code_section: Option<Section>,
    /// Where the next section begins.
    next_section: usize,
}

/// Where a section is in the original.
struct Section {
    header: usize,
    content: Range<usize>,
}

impl<'a> Translation<'a> {
    fn new(wasm: &'a [u8]) -> Self {
        Self {
            wasm,
            validator: Validator::new_with_features(FEATURES),
            allocations: FuncValidatorAllocations::default(),
            types: Types::default(),
            code: Output::default(),
            code_count: 0,
            type_section: None,
            code_section: None,
            next_section: 0,
        }
    }

    fn payload(&mut self, payload: Payload<'a>) -> Result<(), Invalid> {
        if let ValidPayload::Func(function, body) = self.validator.payload(&payload)? {
            self.function(function, &body)?;
        }
        if let Some((id, content)) = payload.as_section() {
            let end = content.end;
            let section = Section { header: self.next_section, content };
            match id {
                TYPE_SECTION => self.type_section = Some(section),
                CODE_SECTION => self.code_section = Some(section),
                _ => {}
            }
            self.next_section = end;
        }
        match payload {
            Payload::Version { range, .. } => self.next_section = range.end,
            Payload::TypeSection(section) => {
                for group in section {
                    group?.into_types().for_each(|ty| self.types.push(ty));
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    if let TypeRef::Tag(tag) = import?.ty {
                        self.types.push_tag(tag.func_type_idx);
                    }
                }
            }
            Payload::TagSection(section) => {
                for tag in section {
                    self.types.push_tag(tag?.func_type_idx);
                }
            }
            Payload::CodeSectionStart { count, .. } => self.code_count = count,
            _ => {}
        }
        Ok(())
    }

    fn function(
        &mut self,
        function: FuncToValidate<ValidatorResources>,
        body: &FunctionBody<'_>,
    ) -> Result<(), Invalid> {
        let allocations = std::mem::take(&mut self.allocations);
        let mut validator = function.into_validator(allocations);
        let range = body.range();
        let offset = range.start;
        let written = if scan::has_try(body) {
            let shape = Shape::read(body, &mut validator)?;
            let locals = validator.len_locals();
            function::write(self.wasm, body, &shape, locals, &mut self.types)?
        } else {
            let mut reader = body.get_binary_reader();
            validator.read_locals(&mut reader)?;
            while !reader.eof() {
                let mut visitor = validator.visitor(reader.original_position());
                reader.visit_operator(&mut visitor)??;
            }
            reader.finish_expression(&validator.visitor(reader.original_position()))?;
            let mut copy = Output::default();
            copy.copy(body.as_bytes(), offset);
            copy
        };
        self.allocations = validator.into_allocations();
        length(written.len_bytes(), offset)?.encode(self.code.added());
        self.code.append(&written);
        Ok(())
    }

    /// Puts the types and the code in their places; everything else stays as it was.
    fn finish(self) -> Result<Translated, Invalid> {
        // There are no functions without their types.
        let (Some(types), Some(code)) = (&self.type_section, &self.code_section) else {
            return Err(Invalid::bug(0));
        };
        let mut out = Output::default();
        if self.types.added_len() == 0 {
            self.copy(&mut out, 0..code.header)?;
        } else {
            self.copy(&mut out, 0..types.header)?;
            let content = self.types_with_added(types)?;
            section(&mut out, TYPE_SECTION, &content, types.content.start)?;
            self.copy(&mut out, types.content.end..code.header)?;
        }
        let mut content = Output::default();
        self.code_count.encode(content.added());
        content.append(&self.code);
        section(&mut out, CODE_SECTION, &content, code.content.start)?;
        self.copy(&mut out, code.content.end..self.wasm.len())?;
        let (wasm, offsets) = out.finish();
        Ok(Translated { wasm, offsets })
    }

    fn types_with_added(&self, section: &Section) -> Result<Output, Invalid> {
        let offset = section.content.start;
        let bytes = self.wasm.get(section.content.clone()).ok_or_else(|| Invalid::bug(offset))?;
        // It counts recursive groups: each of the added types is one of its own.
        let mut reader = BinaryReader::new(bytes, offset);
        let count = reader.read_var_u32()?;
        let first = reader.original_position();
        let mut content = Output::default();
        length(count as usize + self.types.added_len(), offset)?.encode(content.added());
        self.copy(&mut content, first..section.content.end)?;
        content.added().extend_from_slice(self.types.added_encoded());
        Ok(content)
    }

    fn copy(&self, out: &mut Output, range: Range<usize>) -> Result<(), Invalid> {
        let start = range.start;
        out.copy(self.wasm.get(range).ok_or_else(|| Invalid::bug(start))?, start);
        Ok(())
    }
}

fn section(out: &mut Output, id: u8, content: &Output, offset: usize) -> Result<(), Invalid> {
    out.added().push(id);
    length(content.len_bytes(), offset)?.encode(out.added());
    out.append(content);
    Ok(())
}

fn length(length: usize, offset: usize) -> Result<u32, Invalid> {
    u32::try_from(length).map_err(|_| Invalid::new("module too large once translated", offset))
}
