//! Validation while the bytes arrive.

use std::fmt;

use crate::binary::incremental::{Functions, Incremental, Input};
use crate::binary::invalid::{Invalid, check};
use crate::binary::limits;

/// Validates a module that comes in pieces.
///
/// A section is validated when its last byte is there, of the code section each function. The
/// verdict, the message and the place are those of [`check`](crate::check); only what comes
/// later in the module cannot be named yet: the function's name, when it is in the `name`
/// section at the end, or in the hint what the input is, when only white space has come.
///
/// ```
/// # fn main() -> Result<(), holm_wasm::Invalid> {
/// let mut validator = holm_wasm::StreamingValidator::new();
/// validator.push(b"\0asm")?;
/// validator.push(b"\x01\0\0\0")?;
/// assert_eq!(validator.finish()?, b"\0asm\x01\0\0\0");
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct StreamingValidator {
    /// All that has come: the module is compiled from it.
    bytes: Vec<u8>,
    state: Incremental,
    /// What was wrong; then nothing more is read.
    invalid: Option<Invalid>,
}

impl StreamingValidator {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One that validates functions now, or leaves them to whoever needs the module.
    pub(crate) fn with(functions: Functions) -> Self {
        Self { state: Incremental::new(functions), ..Self::default() }
    }

    /// Takes the next bytes, and says whether those so far can still become a valid module. Once
    /// they cannot, the error stays, and more bytes are not kept.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), Invalid> {
        if let Some(invalid) = &self.invalid {
            return Err(invalid.clone());
        }
        let result = self.extend(chunk).map_err(|invalid| self.first(invalid));
        if let Err(invalid) = &result {
            self.invalid = Some(invalid.clone());
            self.bytes = Vec::new();
        }
        result
    }

    /// There are no more bytes: all of them, if they are a valid module.
    pub fn finish(self) -> Result<Vec<u8>, Invalid> {
        let (bytes, functions) = self.finish_sections()?;
        if functions == Functions::Later {
            check(&bytes)?;
        }
        Ok(bytes)
    }

    /// The same, but functions may still have to be validated.
    pub(crate) fn finish_sections(mut self) -> Result<(Vec<u8>, Functions), Invalid> {
        if let Some(invalid) = self.invalid {
            return Err(invalid);
        }
        let valid = self.state.advance(&self.bytes, Input::Whole);
        let functions = self.state.functions();
        match valid {
            Ok(()) => Ok((self.bytes, functions)),
            // It finds what is wrong with a function before that.
            Err(invalid) if functions == Functions::Later => {
                Err(check(&self.bytes).err().unwrap_or(invalid))
            }
            Err(invalid) => Err(invalid),
        }
    }

    /// What is wrong first, where something is wrong: maybe with a function that was skipped.
    fn first(&self, invalid: Invalid) -> Invalid {
        match self.state.functions() {
            Functions::Now => invalid,
            Functions::Later => {
                let all = Incremental::default().advance(&self.bytes, Input::Growing);
                all.err().unwrap_or(invalid)
            }
        }
    }

    fn extend(&mut self, chunk: &[u8]) -> Result<(), Invalid> {
        limits::module_size(self.bytes.len().saturating_add(chunk.len()))?;
        self.bytes.extend_from_slice(chunk);
        self.state.advance(&self.bytes, Input::Growing)
    }
}

impl fmt::Debug for StreamingValidator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamingValidator")
            .field("len_bytes", &self.bytes.len())
            .field("invalid", &self.invalid)
            .finish_non_exhaustive()
    }
}
