//! The validation that [`check`](crate::check) and the streaming validator share.

use wasmparser::{
    Chunk, Encoding, Error, FuncValidatorAllocations, FunctionBody, Parser, Payload, ValidPayload,
    Validator,
};

use crate::binary::features::features_with_legacy_exceptions;
use crate::binary::header;
use crate::binary::instruction::instruction_at;
use crate::binary::invalid::Invalid;
use crate::binary::limits::{self, Excess};
use crate::binary::sections::{Reader, Section};
use crate::legacy_exceptions;

/// Whether more bytes may follow.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    Growing,
    Whole,
}

/// When functions are validated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Functions {
    Now,
    /// Only if the module turns out to be needed: their code is skipped.
    Later,
}

/// A validation that has come as far as its bytes.
pub(crate) struct Incremental {
    parser: Parser,
    validator: Validator,
    allocations: FuncValidatorAllocations,
    /// As many bytes the parser is done with.
    parsed_bytes: usize,
    /// With fewer bytes than these the parser cannot go on.
    wanted_bytes: usize,
    /// Set between the header of the code section and its last function.
    code: Option<Code>,
    functions: Functions,
}

/// What is left of the code section.
struct Code {
    functions: u32,
    /// Where the section ends in the module.
    end: usize,
    /// The index of the next function.
    index: u32,
}

impl Default for Incremental {
    fn default() -> Self {
        Self::new(Functions::Now)
    }
}

impl Incremental {
    pub(crate) fn new(functions: Functions) -> Self {
        let features = features_with_legacy_exceptions();
        let mut parser = Parser::new(0);
        parser.set_features(features);
        Self {
            parser,
            validator: Validator::new_with_features(features),
            allocations: FuncValidatorAllocations::default(),
            parsed_bytes: 0,
            wanted_bytes: 0,
            code: None,
            functions,
        }
    }

    pub(crate) fn functions(&self) -> Functions {
        self.functions
    }

    /// Validates what is complete. `wasm` is all of the module so far, each time.
    pub(crate) fn advance(&mut self, wasm: &[u8], input: Input) -> Result<(), Invalid> {
        if input == Input::Growing && wasm.len() < self.wanted_bytes {
            return Ok(());
        }
        loop {
            let rest = wasm.get(self.parsed_bytes..).unwrap_or_default();
            let chunk = self.parser.parse(rest, input == Input::Whole);
            match chunk.map_err(|error| self.unparsable(&error, wasm, input))? {
                Chunk::NeedMoreData(more) => {
                    let more = usize::try_from(more).unwrap_or(usize::MAX);
                    self.wanted_bytes = wasm.len().saturating_add(more);
                    return Ok(());
                }
                Chunk::Parsed { payload: Payload::End(end), .. } => {
                    return match self.validator.end(end) {
                        Ok(_) => Ok(()),
                        Err(error) => Err(Invalid::found(&error)),
                    };
                }
                Chunk::Parsed { consumed, payload } => {
                    let section = self.section(wasm);
                    self.parsed_bytes += consumed;
                    self.payload(&payload, wasm).map_err(|invalid| match section {
                        Some(section) => invalid.in_section(section),
                        None => invalid,
                    })?;
                }
            }
        }
    }

    /// The section that the parser is in, or that begins where it is.
    fn section(&self, wasm: &[u8]) -> Option<Section> {
        if self.code.is_some() {
            return Some(Section::Code);
        }
        if self.parsed_bytes == 0 {
            return None;
        }
        wasm.get(self.parsed_bytes).map(|id| Section::of(*id))
    }

    fn payload(&mut self, payload: &Payload<'_>, wasm: &[u8]) -> Result<(), Invalid> {
        if let Payload::Version { encoding: Encoding::Component, .. } = payload
            && let Some(wrong) = header::wrong(wasm)
        {
            return Err(Invalid::header(wrong, wasm));
        }
        if let Payload::CodeSectionEntry(body) = payload {
            return self.function(body, wasm);
        }
        self.validator
            .payload(payload)
            .map_err(|error| Invalid::found(&error).ending("unexpected end of the section"))?;
        if let Payload::CodeSectionStart { count, range, .. } = payload {
            let functions = self.validator.types(0).map_or(0, |types| types.function_count());
            let index = functions.saturating_sub(*count);
            self.code = Some(Code { functions: *count, end: range.end, index });
            self.leave_code_section();
        }
        Ok(limits::part(payload)?)
    }

    fn function(&mut self, body: &FunctionBody<'_>, wasm: &[u8]) -> Result<(), Invalid> {
        let mut index = 0;
        if let Some(code) = &mut self.code {
            index = code.index;
            code.functions = code.functions.saturating_sub(1);
            code.index = code.index.saturating_add(1);
        }
        self.leave_code_section();
        if self.functions == Functions::Later {
            // It has to know how many there were.
            let payload = Payload::CodeSectionEntry(body.clone());
            return match self.validator.payload(&payload) {
                Ok(_) => Ok(()),
                Err(error) => Err(Invalid::found(&error)),
            };
        }
        let result = limits::function(body).map_err(Invalid::from);
        let result = result.and_then(|()| self.function_body(body)).and_then(|()| {
            legacy_exceptions::check_unmixed(body)
                .map_err(|error| Invalid::at(error.message(), error.offset()))
        });
        result.map_err(|invalid| {
            let instruction = instruction_at(body, invalid.offset);
            Invalid { instruction, ..invalid.in_function(index, wasm) }
        })
    }

    fn function_body(&mut self, body: &FunctionBody<'_>) -> Result<(), Invalid> {
        let mut validate = || {
            let payload = Payload::CodeSectionEntry(body.clone());
            if let ValidPayload::Func(function, body) = self.validator.payload(&payload)? {
                let allocations = std::mem::take(&mut self.allocations);
                let mut validator = function.into_validator(allocations);
                validator.validate(&body)?;
                self.allocations = validator.into_allocations();
            }
            Ok(())
        };
        validate().map_err(|error: Error| {
            Invalid::found(&error).ending("unexpected end of the function body")
        })
    }

    /// After the last function, unless bytes are left over: the parser complains of them.
    fn leave_code_section(&mut self) {
        if self
            .code
            .as_ref()
            .is_some_and(|code| code.functions == 0 && self.parsed_bytes >= code.end)
        {
            self.code = None;
        }
    }

    /// The parser cannot go on, and more bytes would not help.
    fn unparsable(&self, error: &Error, wasm: &[u8], input: Input) -> Invalid {
        if self.parsed_bytes == 0
            && let Some(wrong) = header::wrong(wasm)
        {
            return Invalid::header(wrong, wasm);
        }
        let cut = || if input == Input::Whole { self.cut(wasm) } else { None };
        let invalid = match Invalid::found(error) {
            found if !found.is_unexpected_end() => found,
            found => cut().unwrap_or_else(|| {
                found.ending(match self.code {
                    Some(_) => "the function body is longer than its section",
                    None => "unexpected end of the section",
                })
            }),
        };
        match self.section(wasm) {
            Some(section) => invalid.in_section(section),
            None => invalid,
        }
    }

    /// What to say of a module that ends in the middle of a section.
    fn cut(&self, wasm: &[u8]) -> Option<Invalid> {
        let section = self.section(wasm)?;
        let end = match &self.code {
            Some(code) => Some(code.end),
            None => section_end(wasm, self.parsed_bytes),
        };
        let message = match end {
            None => format!("ends in the middle of the header of the {section} section"),
            Some(end) => {
                let missing = end.checked_sub(wasm.len()).filter(|missing| *missing > 0)?;
                let more = match missing {
                    1 => "1 byte more was".into(),
                    missing => format!("{missing} bytes more were"),
                };
                format!("ends in the middle of the {section} section; {more} declared")
            }
        };
        let hint = Some(header::CUT_HINT.into());
        Some(Invalid { hint, ..Excess { message, offset: wasm.len() }.into() })
    }
}

/// Where the section that begins at `start` says that it ends.
fn section_end(wasm: &[u8], start: usize) -> Option<usize> {
    let mut reader = Reader::new(wasm.get(start + 1..)?);
    let len_bytes = usize::try_from(reader.u32()?).ok()?;
    (wasm.len() - reader.rest.len()).checked_add(len_bytes)
}
