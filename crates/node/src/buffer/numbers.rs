//! `buffer.readInt32LE()` and all its kin.
//!
//! In script each byte of a number would cost as much as the whole call does here.

use holm_js::webidl::convert;
use holm_js::{
    BigInt, Call, Ctx, Error, ErrorKind, Function, Object, Result, Value, function, is_same, throw,
};
use holm_web::node_errors::{invalid_argument, out_of_range};

use super::{Tools, number, out_of_bounds};

/// How a number is written.
#[derive(Clone, Copy)]
struct Format {
    kind: Kind,
    len_bytes: usize,
    order: Order,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unsigned,
    Signed,
    BigUnsigned,
    BigSigned,
    Float,
}

#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

/// The longest number.
const MOST_BYTES: usize = 8;

/// The longest of those whose length the caller tells: all its values are exact.
const MOST_GIVEN_BYTES: usize = 6;

/// What their names call them, and how long they are.
const NUMBERS: &[(&str, Kind, usize)] = &[
    ("UInt8", Kind::Unsigned, 1),
    ("UInt16", Kind::Unsigned, 2),
    ("UInt32", Kind::Unsigned, 4),
    ("Int8", Kind::Signed, 1),
    ("Int16", Kind::Signed, 2),
    ("Int32", Kind::Signed, 4),
    ("BigUInt64", Kind::BigUnsigned, 8),
    ("BigInt64", Kind::BigSigned, 8),
    ("Float", Kind::Float, 4),
    ("Double", Kind::Float, 8),
];

/// Defines the methods on `Buffer.prototype`.
pub(super) fn define(tools: Tools, prototype: &Object<'_>) -> Result<()> {
    for (order, suffix) in [(Order::Little, "LE"), (Order::Big, "BE")] {
        for (name, kind, len_bytes) in NUMBERS {
            let format = Format { kind: *kind, len_bytes: *len_bytes, order };
            let suffix = if *len_bytes == 1 { "" } else { suffix };
            define_pair(
                prototype,
                &format!("{name}{suffix}"),
                |ctx, name| function(ctx, name, 0, move |call| read(tools, call, format)),
                |ctx, name| function(ctx, name, 1, move |call| write(tools, call, format)),
            )?;
        }
        for (name, kind) in [("UInt", Kind::Unsigned), ("Int", Kind::Signed)] {
            // The offset, which here alone has no default, and the length.
            let given = move |call: &Call<'_, '_>, place| -> Result<Format> {
                if call.value(place).is_undefined() {
                    number(call, place, "offset")?;
                }
                Ok(Format { kind, len_bytes: given_len(call, place + 1)?, order })
            };
            define_pair(
                prototype,
                &format!("{name}{suffix}"),
                |ctx, name| function(ctx, name, 2, move |call| read(tools, call, given(call, 0)?)),
                |ctx, name| function(ctx, name, 3, move |call| write(tools, call, given(call, 1)?)),
            )?;
        }
    }
    Ok(())
}

/// Defines the reader and the writer of a kind of number, and their aliases with `Uint`.
fn define_pair<'js>(
    prototype: &Object<'js>,
    name: &str,
    reader: impl Fn(&Ctx<'js>, &str) -> Result<Function<'js>>,
    writer: impl Fn(&Ctx<'js>, &str) -> Result<Function<'js>>,
) -> Result<()> {
    let ctx = prototype.ctx();
    let (read, write) = (format!("read{name}"), format!("write{name}"));
    for (name, method) in [(&read, reader(ctx, &read)?), (&write, writer(ctx, &write)?)] {
        if name.contains("UInt") {
            prototype.set(name.replace("UInt", "Uint"), method.clone())?;
        }
        prototype.set(name, method)?;
    }
    Ok(())
}

/// `(offset)`
fn read<'js>(tools: Tools, call: &Call<'_, 'js>, format: Format) -> Result<Value<'js>> {
    let (ctx, this) = (call.ctx(), call.this());
    let Format { kind, len_bytes, order } = format;
    let offset = Offset::of(call, 0)?;
    let mut bytes = [0; MOST_BYTES];
    let place = match order {
        Order::Little => &mut bytes[..len_bytes],
        Order::Big => &mut bytes[MOST_BYTES - len_bytes..],
    };
    if offset.index().and_then(|index| tools.bytes.get(&this, index, place)).is_none() {
        return Err(offset.refused(tools, &this, len_bytes));
    }
    let bits = match order {
        Order::Little => u64::from_le_bytes(bytes),
        Order::Big => u64::from_be_bytes(bytes),
    };
    let unused = 64 - 8 * len_bytes as u32;
    let signed = (bits << unused) as i64 >> unused;
    Ok(match kind {
        Kind::BigUnsigned => BigInt::from_u64(ctx.clone(), bits)?.into_value(),
        Kind::BigSigned => BigInt::from_i64(ctx.clone(), signed)?.into_value(),
        Kind::Unsigned => integer(ctx, bits as i64),
        Kind::Signed => integer(ctx, signed),
        // A float's -0 has to stay one.
        Kind::Float if len_bytes == 4 => {
            Value::new_float(ctx.clone(), f64::from(f32::from_bits(bits as u32)))
        }
        Kind::Float => Value::new_float(ctx.clone(), f64::from_bits(bits)),
    })
}

fn integer<'js>(ctx: &Ctx<'js>, number: i64) -> Value<'js> {
    match i32::try_from(number) {
        Ok(small) => Value::new_int(ctx.clone(), small),
        Err(_) => Value::new_float(ctx.clone(), number as f64),
    }
}

/// `(value, offset)`
fn write<'js>(tools: Tools, call: &Call<'_, 'js>, format: Format) -> Result<Value<'js>> {
    let this = call.this();
    let bits = format.bits(call.ctx(), &call.value(0))?;
    let offset = Offset::of(call, 1)?;
    let (little, big) = (bits.to_le_bytes(), bits.to_be_bytes());
    let bytes = match format.order {
        Order::Little => &little[..format.len_bytes],
        Order::Big => &big[MOST_BYTES - format.len_bytes..],
    };
    let written = match offset.index() {
        Some(index) => tools.bytes.set(&this, index, bytes)?,
        None => None,
    };
    match written {
        Some(()) => call.returns(offset.number + format.len_bytes as f64),
        None => Err(offset.refused(tools, &this, format.len_bytes)),
    }
}

impl Format {
    /// What is written for a value.
    fn bits<'js>(self, ctx: &Ctx<'js>, value: &Value<'js>) -> Result<u64> {
        match self.kind {
            Kind::BigUnsigned | Kind::BigSigned => self.big_bits(ctx, value),
            Kind::Float => {
                let number = convert::unrestricted_double(ctx, value)?;
                let single = || u64::from((number as f32).to_bits());
                Ok(if self.len_bytes == 4 { single() } else { number.to_bits() })
            }
            Kind::Unsigned | Kind::Signed => {
                let number = convert::unrestricted_double(ctx, value)?;
                let (least, most) = self.range();
                if number < least || number > most {
                    let value = Value::new_float(ctx.clone(), number);
                    return Err(out_of_range(ctx, "value", &self.shown_range(), &value));
                }
                // NaN is written as 0, and what follows the point is cut off.
                Ok(number as i64 as u64)
            }
        }
    }

    fn big_bits<'js>(self, ctx: &Ctx<'js>, value: &Value<'js>) -> Result<u64> {
        if !value.is_big_int() {
            let text = "Cannot mix BigInt and other types, use explicit conversions";
            return Err(throw(ctx, ErrorKind::Type, text));
        }
        let low = convert::bigint64(ctx, value)?;
        let back = match self.kind {
            Kind::BigUnsigned => BigInt::from_u64(ctx.clone(), low as u64)?,
            _ => BigInt::from_i64(ctx.clone(), low)?,
        };
        if is_same(value, &back.into_value()) {
            return Ok(low as u64);
        }
        Err(out_of_range(ctx, "value", &self.shown_range(), value))
    }

    fn range(self) -> (f64, f64) {
        let values = 2f64.powi(8 * self.len_bytes as i32);
        match self.kind {
            Kind::Unsigned => (0.0, values - 1.0),
            _ => (-values / 2.0, values / 2.0 - 1.0),
        }
    }

    fn shown_range(self) -> String {
        let bits = 8 * self.len_bytes;
        match self.kind {
            Kind::BigUnsigned => format!(">= 0n and < 2n ** {bits}n"),
            Kind::BigSigned => format!(">= -(2n ** {}n) and < 2n ** {}n", bits - 1, bits - 1),
            Kind::Unsigned if self.len_bytes > 4 => format!(">= 0 and < 2 ** {bits}"),
            Kind::Signed if self.len_bytes > 4 => {
                format!(">= -(2 ** {}) and < 2 ** {}", bits - 1, bits - 1)
            }
            _ => {
                let (least, most) = self.range();
                format!(">= {least} and <= {most}")
            }
        }
    }
}

/// Where a number stands.
struct Offset<'js> {
    number: f64,
    value: Value<'js>,
}

impl<'js> Offset<'js> {
    fn of(call: &Call<'_, 'js>, place: usize) -> Result<Self> {
        let value = call.value(place);
        let number = match value.is_undefined() {
            true => 0.0,
            false => number(call, place, "offset")?,
        };
        Ok(Self { number, value })
    }

    fn index(&self) -> Option<usize> {
        let index = self.number as usize;
        (index as f64 == self.number).then_some(index)
    }

    /// Why there is no number of this length.
    fn refused(&self, tools: Tools, view: &Value<'js>, len_bytes: usize) -> Error {
        let ctx = view.ctx();
        let len = match tools.len(view) {
            Ok(len) => len,
            Err(error) => return error,
        };
        if self.number.floor() != self.number {
            return out_of_range(ctx, "offset", "an integer", &self.value);
        }
        match len.checked_sub(len_bytes) {
            Some(last) => {
                let range = format!(">= 0 and <= {last}");
                out_of_range(ctx, "offset", &range, &self.value)
            }
            None => out_of_bounds(ctx, None),
        }
    }
}

/// The length that a caller tells.
fn given_len(call: &Call<'_, '_>, place: usize) -> Result<usize> {
    let (ctx, value) = (call.ctx(), call.value(place));
    let given = value
        .as_number()
        .ok_or_else(|| invalid_argument(ctx, "byteLength", "of type number", &value))?;
    let len = given as usize;
    if given.floor() != given {
        return Err(out_of_range(ctx, "byteLength", "an integer", &value));
    }
    if !(1..=MOST_GIVEN_BYTES).contains(&len) {
        let range = format!(">= 1 and <= {MOST_GIVEN_BYTES}");
        return Err(out_of_range(ctx, "byteLength", &range, &value));
    }
    Ok(len)
}
