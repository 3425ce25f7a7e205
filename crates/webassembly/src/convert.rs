//! Values between script and modules.

use std::rc::Rc;

use holm_js::webidl::convert::{self, Integer};
use holm_js::{Ctx, ErrorKind, Result, Value, host_ref, throw};
use holm_wasm::Value as WasmValue;
use holm_wasm::{HeapType, Ref, TypeText, ValType};

use crate::errors::throw_type;
use crate::exported_function::{self, ExportedFunction};
use crate::gc_object::{self, ExportedObject};
use crate::values::{HostTable, host_value};

/// Whether the interface refuses to touch values of this type: `v128` and `exnref`.
pub(crate) fn is_opaque(ty: &ValType) -> bool {
    match ty {
        ValType::V128 => true,
        ValType::Ref(ty) => matches!(ty.heap_type().top(), HeapType::Exn),
        _ => false,
    }
}

/// <https://webassembly.github.io/spec/js-api/#tojsvalue>
pub(crate) fn to_js<'js>(ctx: &Ctx<'js>, value: &WasmValue) -> Result<Value<'js>> {
    Ok(match value {
        WasmValue::I32(number) => Value::new_int(ctx.clone(), *number),
        WasmValue::I64(number) => big_int(ctx, *number)?,
        // Not `new_number`: it makes 0 of -0.
        WasmValue::F32(number) => Value::new_float(ctx.clone(), f64::from(*number)),
        WasmValue::F64(number) => Value::new_float(ctx.clone(), *number),
        WasmValue::Ref(reference) => ref_to_js(ctx, reference)?,
        // 1. Assert: w is not of the form v128.const.
        WasmValue::V128(_) => {
            return Err(throw_type(ctx, "a v128 cannot be seen from JavaScript"));
        }
    })
}

pub(crate) fn ref_to_js<'js>(ctx: &Ctx<'js>, reference: &Ref) -> Result<Value<'js>> {
    match reference {
        Ref::Null => Ok(Value::new_null(ctx.clone())),
        Ref::I31(number) => Ok(Value::new_int(ctx.clone(), *number)),
        Ref::Func(func) => exported_function::wrapper(ctx, func),
        Ref::Gc(object) => gc_object::wrapper(ctx, object),
        Ref::Host(reference) => host_value(ctx, reference),
        // 2. Assert: w is not of the form ref.exn.
        Ref::Exception(_) => Err(throw_type(ctx, "an exnref cannot be seen from JavaScript")),
    }
}

pub(crate) fn big_int<'js>(ctx: &Ctx<'js>, number: i64) -> Result<Value<'js>> {
    Ok(holm_js::BigInt::from_i64(ctx.clone(), number)?.into_value())
}

/// <https://webassembly.github.io/spec/js-api/#towebassemblyvalue>
///
/// Values of script that become references stand in `values`. Whether a reference is of the
/// type is checked where it is used: see [`mismatch`].
pub(crate) fn to_wasm(
    ctx: &Ctx<'_>,
    value: &Value<'_>,
    ty: &ValType,
    values: &Rc<HostTable>,
) -> Result<WasmValue> {
    Ok(match ty {
        // 3. If type is i64, let i64 be ? ToBigInt64(v).
        ValType::I64 => WasmValue::I64(convert::bigint64(ctx, value)?),
        // 4. If type is i32, let i32 be ? ToInt32(v).
        ValType::I32 => WasmValue::I32(convert::long(ctx, value, Integer::Wrap, "")?),
        // 5. If type is f32, let number be ? ToNumber(v), rounded to the nearest f32.
        ValType::F32 => WasmValue::F32(convert::unrestricted_double(ctx, value)? as f32),
        // 6. If type is f64, let number be ? ToNumber(v).
        ValType::F64 => WasmValue::F64(convert::unrestricted_double(ctx, value)?),
        // 7. If type is of the form ref null heaptype.
        ValType::Ref(ty) => WasmValue::Ref(to_ref(value, ty.heap_type(), values)),
        ValType::V128 => return Err(throw_type(ctx, "a v128 cannot come from JavaScript")),
    })
}

/// Step 7, up to the check of the type.
pub(crate) fn to_ref(value: &Value<'_>, heap: &HeapType, values: &Rc<HostTable>) -> Ref {
    // 1. If v is null, let r be ref.null heaptype.
    if value.is_null() {
        return Ref::Null;
    }
    // 3. Else if v is an Exported Function and type matches ref null func.
    if matches!(heap.top(), HeapType::Func)
        && let Some(function) = host_ref::<ExportedFunction>(value)
    {
        return Ref::Func(function.func().clone());
    }
    // 4. Else if v is a Number and is equal to ? ToInt32(v) and is within 31 bits.
    if let Some(number) = value.as_number() {
        const LIMIT: f64 = (1 << 30) as f64;
        let is_negative_zero = number == 0.0 && number.is_sign_negative();
        if number.fract() == 0.0 && (-LIMIT..LIMIT).contains(&number) && !is_negative_zero {
            return Ref::I31(number as i32);
        }
    }
    // 5. Else if v is an Exported GC Object.
    if let Some(object) = host_ref::<ExportedObject>(value) {
        return Ref::Gc(object.object().clone());
    }
    // 6. Else, a host value.
    Ref::Host(values.add(value))
}

/// Step 7.10: the value is not of the type.
pub(crate) fn mismatch(
    ctx: &Ctx<'_>,
    what: &str,
    ty: &ValType,
    mismatch: &holm_wasm::Mismatch,
) -> holm_js::Error {
    let why = mismatch.reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    throw_type(ctx, &format!("{what} is not of type {}{why}", TypeText(ty)))
}

/// <https://webassembly.github.io/spec/js-api/#addressvaluetou64>
pub(crate) fn address_to_u64<'js>(
    ctx: &Ctx<'js>,
    value: &Value<'js>,
    is_64: bool,
    what: &str,
) -> Result<u64> {
    if is_64 {
        // 2. Let n be ? ToBigInt(v). If n < 0 or n > 2^64 − 1, throw a TypeError.
        return convert::big_unsigned(ctx, value, what);
    }
    // 1. Let n be ? ConvertToInt(v, 32, "unsigned"), with [EnforceRange].
    convert::unsigned_long(ctx, value, Integer::EnforceRange, what).map(u64::from)
}

/// <https://webassembly.github.io/spec/js-api/#u64toaddressvalue>
pub(crate) fn u64_to_address<'js>(ctx: &Ctx<'js>, number: u64, is_64: bool) -> Result<Value<'js>> {
    if is_64 {
        return Ok(holm_js::BigInt::from_u64(ctx.clone(), number)?.into_value());
    }
    Ok(Value::new_number(ctx.clone(), number as f64))
}

/// <https://webassembly.github.io/spec/js-api/#tovaluetype>, after the conversion to the
/// enumeration that Web IDL does.
pub(crate) fn value_type(ctx: &Ctx<'_>, value: &Value<'_>, what: &str) -> Result<ValType> {
    let text = convert::string(ctx, value)?;
    Ok(match text.as_str() {
        "i32" => ValType::I32,
        "i64" => ValType::I64,
        "f32" => ValType::F32,
        "f64" => ValType::F64,
        "v128" => ValType::V128,
        "externref" => ValType::EXTERNREF,
        "anyfunc" => ValType::FUNCREF,
        _ => {
            let known = "i32, i64, f32, f64, v128, externref, anyfunc";
            let text = format!("{what}: {text:?} is no value type; there are {known}");
            return Err(throw(ctx, ErrorKind::Type, &text));
        }
    })
}
