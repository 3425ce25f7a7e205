//! Whether a module uses legacy exception handling.
//!
//! Sections tell nothing: a module without tags may still `try` and `catch_all`. What tells is
//! the opcode `try`, without which the four others are invalid, so the code is read up to the
//! first one. That is about three nanoseconds a byte, half of what validation takes; whoever
//! keeps compiled modules should look there first.

use wasmparser::{
    Encoding, FrameKind, FrameStack, FunctionBody, Operator, Parser, Payload, VisitOperator,
    VisitSimdOperator,
};

const TRY: u8 = 0x06;

/// Whether there is a `try` in front of anything that is malformed.
pub(super) fn uses_legacy_exceptions(wasm: &[u8]) -> bool {
    for payload in Parser::new(0).parse_all(wasm) {
        match payload {
            Ok(Payload::Version { encoding: Encoding::Component, .. }) => return false,
            Ok(Payload::CodeSectionEntry(body)) => {
                if has_try(&body) {
                    return true;
                }
            }
            Ok(_) => {}
            Err(_) => return false,
        }
    }
    false
}

/// Whether there is a `try` in this function.
pub(super) fn has_try(body: &FunctionBody<'_>) -> bool {
    // OPTIMIZATION: the smaller a function, the likelier that the byte is nowhere in it.
    if !body.as_bytes().contains(&TRY) {
        return false;
    }
    let Ok(mut reader) = body.get_binary_reader_for_operators() else { return false };
    while !reader.eof() {
        match reader.visit_operator(&mut IsTry) {
            Ok(false) => {}
            Ok(true) => return true,
            Err(_) => return false,
        }
    }
    false
}

/// Where a function with a `try` has an instruction of the new kind.
///
/// As V8, which by default refuses the mix even in different functions.
pub(super) fn mixed_at(body: &FunctionBody<'_>) -> Option<usize> {
    if !has_try(body) {
        return None;
    }
    let mut operators = body.get_operators_reader().ok()?;
    while !operators.eof() {
        let (operator, offset) = operators.read_with_offset().ok()?;
        if matches!(operator, Operator::TryTable { .. } | Operator::ThrowRef) {
            return Some(offset);
        }
    }
    None
}

/// Tells of each instruction whether it is `try`.
struct IsTry;

impl FrameStack for IsTry {
    /// Only asked where an instruction must be in a block of a certain kind: `else`, and what
    /// comes after `try`.
    fn current_frame(&self) -> Option<FrameKind> {
        Some(FrameKind::If)
    }
}

macro_rules! is_try {
    (visit_try) => { true };
    ($other:ident) => { false };
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $type:ty),* })? => $visit:ident ($($rest:tt)*))*) => {
        $(
            fn $visit(&mut self $($(, _: $type)*)?) -> bool {
                is_try!($visit)
            }
        )*
    };
}

impl<'a> VisitOperator<'a> for IsTry {
    type Output = bool;

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = bool>> {
        Some(self)
    }

    wasmparser::for_each_visit_operator!(is_try);
}

impl VisitSimdOperator<'_> for IsTry {
    wasmparser::for_each_visit_simd_operator!(is_try);
}
