//! `structuredClone`, <https://html.spec.whatwg.org/#structured-cloning>.

use holm_js::webidl::convert;
use holm_js::{
    Attributes, Call, Ctx, ErrorKind, Object, Result, Value, define_lazy, function, throw,
};

use super::serialize;

/// Defines the function.
pub fn install(ctx: &Ctx<'_>) -> Result<()> {
    define_lazy(&ctx.globals(), "structuredClone", Attributes::ALL, |ctx| {
        Ok(function(ctx, "structuredClone", 1, structured_clone)?.into_value())
    })
}

/// <https://html.spec.whatwg.org/#dom-structuredclone>
fn structured_clone<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    if call.is_empty() {
        let text = "The \"value\" argument must be specified";
        return Err(holm_js::throw_coded(ctx, ErrorKind::Type, "ERR_MISSING_ARGS", text));
    }
    let transfer = transfer_option(ctx, &call.value(1), "structuredClone: the options")?;
    // 1. Let serialized be ? StructuredSerializeWithTransfer(value, options["transfer"]).
    let serialized = serialize(ctx, &call.value(0), &transfer)?;
    // 2. Let deserializeRecord be ? StructuredDeserializeWithTransfer(serialized, …).
    // 3. Return deserializeRecord.[[Deserialized]].
    Ok(serialized.deserialize(ctx)?.value)
}

/// `StructuredSerializeOptions`, converted: its `transfer`.
pub fn transfer_option<'js>(
    ctx: &Ctx<'js>,
    options: &Value<'js>,
    what: &str,
) -> Result<Vec<Object<'js>>> {
    match convert::dictionary(ctx, options, what)? {
        Some(options) => match convert::member(&options, "transfer")? {
            Some(transfer) => transfer_list(ctx, &transfer, &format!("{what}: 'transfer'")),
            None => Ok(Vec::new()),
        },
        None => Ok(Vec::new()),
    }
}

/// `sequence<object>`, converted.
pub fn transfer_list<'js>(
    ctx: &Ctx<'js>,
    value: &Value<'js>,
    what: &str,
) -> Result<Vec<Object<'js>>> {
    let elements = convert::sequence(ctx, value, what)?;
    let objects = elements.into_iter().map(|element| {
        element
            .into_object()
            .ok_or_else(|| throw(ctx, ErrorKind::Type, &format!("{what}: not an object")))
    });
    objects.collect()
}
