//! Arguments and expected results: as JavaScript where it can express them, else as constants and bit patterns.

use wasm_encoder::{HeapType, Ieee32, Ieee64, Instruction};
use wast::core::{NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::{WastArg, WastRet};

/// The argument in JavaScript; `None` if only WebAssembly can make it.
pub(super) fn js_argument(argument: &WastArg<'_>) -> Option<String> {
    let WastArg::Core(argument) = argument else { return None };
    match argument {
        WastArgCore::I32(value) => Some(value.to_string()),
        WastArgCore::I64(value) => Some(format!("{value}n")),
        WastArgCore::F32(value) => js_number(f32::from_bits(value.bits).into()),
        WastArgCore::F64(value) => js_number(f64::from_bits(value.bits)),
        WastArgCore::RefNull(heap) if is_exception(heap) => None,
        WastArgCore::RefNull(_) => Some("null".into()),
        WastArgCore::RefExtern(n) | WastArgCore::RefHost(n) => Some(format!("extern({n})")),
        WastArgCore::V128(_) => None,
    }
}

/// What `returns` of `runtime.js` is to compare with; `None` if only WebAssembly can compare it.
pub(super) fn js_result(result: &WastRet<'_>) -> Option<String> {
    let WastRet::Core(result) = result else { return None };
    js_core_result(result)
}

fn js_core_result(result: &WastRetCore<'_>) -> Option<String> {
    let text = match result {
        WastRetCore::I32(value) => value.to_string(),
        WastRetCore::I64(value) => format!("{value}n"),
        WastRetCore::F32(NanPattern::Value(value)) => js_number(f32::from_bits(value.bits).into())?,
        WastRetCore::F64(NanPattern::Value(value)) => js_number(f64::from_bits(value.bits))?,
        WastRetCore::F32(_) | WastRetCore::F64(_) | WastRetCore::V128(_) => return None,
        WastRetCore::RefNull(Some(heap)) if is_exception(heap) => return None,
        WastRetCore::RefNull(_) => "null".into(),
        WastRetCore::RefExtern(Some(n)) | WastRetCore::RefHost(n) => format!("extern({n})"),
        WastRetCore::RefExtern(None) | WastRetCore::RefAny => "NON_NULL".into(),
        WastRetCore::RefFunc(_) => "FUNC".into(),
        WastRetCore::RefEq => "EQ".into(),
        WastRetCore::RefArray | WastRetCore::RefStruct => "OBJECT".into(),
        WastRetCore::RefI31 | WastRetCore::RefI31Shared => "I31".into(),
        WastRetCore::Either(cases) => {
            let cases: Option<Vec<String>> = cases.iter().map(js_core_result).collect();
            format!("either({})", cases?.join(", "))
        }
    };
    Some(text)
}

/// Rust's `Debug` prints as many digits as it takes to read the same number back, as JavaScript reads it.
fn js_number(value: f64) -> Option<String> {
    match value {
        value if value.is_nan() => None,
        f64::INFINITY => Some("Infinity".into()),
        f64::NEG_INFINITY => Some("-Infinity".into()),
        value => Some(format!("{value:?}")),
    }
}

/// The JavaScript API lets no exception reference through, not even null.
fn is_exception(heap: &wast::core::HeapType<'_>) -> bool {
    use wast::core::{AbstractHeapType, HeapType};
    matches!(heap, HeapType::Abstract { ty: AbstractHeapType::Exn | AbstractHeapType::NoExn, .. })
}

/// A result as WebAssembly compares it.
#[derive(Debug, PartialEq)]
pub(super) enum Check {
    /// `value & mask == bits`, for i32 and f32.
    Bits32 {
        mask: u32,
        bits: u32,
    },
    /// The same for i64 and f64.
    Bits64 {
        mask: u64,
        bits: u64,
    },
    /// The same for v128.
    Bits128 {
        mask: u128,
        bits: u128,
    },
    Null,
    NonNull,
    /// The host's object of this number.
    Extern(u32),
    Either(Vec<Check>),
}

impl Check {
    /// `None`: nothing of the core specification.
    pub(super) fn of(result: &WastRet<'_>) -> Option<Check> {
        match result {
            WastRet::Core(result) => Some(Check::of_core(result)),
            _ => None,
        }
    }

    fn of_core(result: &WastRetCore<'_>) -> Check {
        match result {
            WastRetCore::I32(value) => Check::Bits32 { mask: !0, bits: value.cast_unsigned() },
            WastRetCore::I64(value) => Check::Bits64 { mask: !0, bits: value.cast_unsigned() },
            WastRetCore::F32(pattern) => {
                let (mask, bits) = bits32(pattern);
                Check::Bits32 { mask, bits }
            }
            WastRetCore::F64(pattern) => {
                let (mask, bits) = bits64(pattern);
                Check::Bits64 { mask, bits }
            }
            WastRetCore::V128(pattern) => bits128(pattern),
            WastRetCore::RefNull(_) => Check::Null,
            WastRetCore::RefExtern(Some(n)) | WastRetCore::RefHost(n) => Check::Extern(*n),
            WastRetCore::Either(cases) => Check::Either(cases.iter().map(Check::of_core).collect()),
            _ => Check::NonNull,
        }
    }
}

/// Mask and bits. A canonical NaN may have either sign; an arithmetic one any payload with the top bit set.
fn bits32(pattern: &NanPattern<wast::token::F32>) -> (u32, u32) {
    match pattern {
        NanPattern::CanonicalNan => (0x7fff_ffff, 0x7fc0_0000),
        NanPattern::ArithmeticNan => (0x7fc0_0000, 0x7fc0_0000),
        NanPattern::Value(value) => (!0, value.bits),
    }
}

fn bits64(pattern: &NanPattern<wast::token::F64>) -> (u64, u64) {
    match pattern {
        NanPattern::CanonicalNan => (0x7fff_ffff_ffff_ffff, 0x7ff8_0000_0000_0000),
        NanPattern::ArithmeticNan => (0x7ff8_0000_0000_0000, 0x7ff8_0000_0000_0000),
        NanPattern::Value(value) => (!0, value.bits),
    }
}

fn bits128(pattern: &V128Pattern) -> Check {
    let (width, lanes): (usize, Vec<(u64, u64)>) = match pattern {
        V128Pattern::I8x16(lanes) => {
            (8, lanes.iter().map(|l| (0xff, l.cast_unsigned().into())).collect())
        }
        V128Pattern::I16x8(lanes) => {
            (16, lanes.iter().map(|l| (0xffff, l.cast_unsigned().into())).collect())
        }
        V128Pattern::I32x4(lanes) => {
            (32, lanes.iter().map(|l| (0xffff_ffff, l.cast_unsigned().into())).collect())
        }
        V128Pattern::I64x2(lanes) => (64, lanes.iter().map(|l| (!0, l.cast_unsigned())).collect()),
        V128Pattern::F32x4(lanes) => {
            let wide = |(mask, bits): (u32, u32)| (mask.into(), bits.into());
            (32, lanes.iter().map(|lane| wide(bits32(lane))).collect())
        }
        V128Pattern::F64x2(lanes) => (64, lanes.iter().map(bits64).collect()),
    };
    let (mut mask, mut bits) = (0, 0);
    for (index, (lane_mask, lane_bits)) in lanes.into_iter().enumerate() {
        mask |= u128::from(lane_mask) << (index * width);
        bits |= u128::from(lane_bits) << (index * width);
    }
    Check::Bits128 { mask, bits }
}

/// How WebAssembly makes an argument; `heap` is that of the parameter, should it be a reference.
pub(super) enum Constant {
    Plain(Instruction<'static>),
    /// The host's object of this number, as an externref.
    Extern(u32),
}

pub(super) fn constant(argument: &WastArg<'_>, heap: Option<HeapType>) -> Option<Constant> {
    let WastArg::Core(argument) = argument else { return None };
    Some(Constant::Plain(match argument {
        WastArgCore::I32(value) => Instruction::I32Const(*value),
        WastArgCore::I64(value) => Instruction::I64Const(*value),
        WastArgCore::F32(value) => Instruction::F32Const(Ieee32::new(value.bits)),
        WastArgCore::F64(value) => Instruction::F64Const(Ieee64::new(value.bits)),
        WastArgCore::V128(value) => {
            Instruction::V128Const(i128::from_le_bytes(value.to_le_bytes()))
        }
        WastArgCore::RefNull(_) => Instruction::RefNull(heap?),
        WastArgCore::RefExtern(n) | WastArgCore::RefHost(n) => return Some(Constant::Extern(*n)),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed<T>(text: &str, read: impl for<'a> Fn(WastRet<'a>) -> T) -> T {
        let buffer = wast::parser::ParseBuffer::new(text).unwrap();
        read(wast::parser::parse::<WastRet<'_>>(&buffer).unwrap())
    }

    #[test]
    fn results_in_javascript() {
        for (text, js) in [
            ("i32.const 0xffffffff", Some("-1")),
            ("i64.const 9223372036854775807", Some("9223372036854775807n")),
            ("f32.const -0", Some("-0.0")),
            ("f32.const 0x1.fffffep+127", Some("3.4028234663852886e38")),
            ("f64.const inf", Some("Infinity")),
            ("f64.const 0x1p-1074", Some("5e-324")),
            ("f64.const nan:canonical", None),
            ("f32.const nan:0x1234", None),
            ("v128.const i64x2 1 2", None),
            ("ref.null exn", None),
            ("ref.null func", Some("null")),
            ("ref.extern 3", Some("extern(3)")),
            ("ref.i31", Some("I31")),
            ("either (i32.const 1) (i32.const 2)", Some("either(1, 2)")),
        ] {
            assert_eq!(parsed(text, |result| js_result(&result)).as_deref(), js, "{text}");
        }
    }

    #[test]
    fn results_in_webassembly() {
        for (text, check) in [
            ("f32.const nan:0x1234", Check::Bits32 { mask: !0, bits: 0x7f80_1234 }),
            ("f64.const nan:arithmetic", Check::Bits64 { mask: 0x7ff8 << 48, bits: 0x7ff8 << 48 }),
            (
                "v128.const i16x8 -1 0 0 0 0 0 0 1",
                Check::Bits128 { mask: !0, bits: 0xffff | (1 << 112) },
            ),
            (
                "v128.const f32x4 nan:canonical 0 0 0",
                Check::Bits128 { mask: !0 ^ (1 << 31), bits: 0x7fc0_0000 },
            ),
        ] {
            assert_eq!(parsed(text, |result| Check::of(&result)).unwrap(), check, "{text}");
        }
    }
}
