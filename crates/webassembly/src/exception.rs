//! `WebAssembly.Exception`: <https://webassembly.github.io/spec/js-api/#exceptions>

use holm_js::webidl::convert::{self, Integer};
use holm_js::webidl::{self, Definition, Interface};
use holm_js::{Call, Ctx, Graveyard, HostObject, Object, Result, Tracer, Value, Weak, bury};
use holm_wasm::Value as WasmValue;
use holm_wasm::{Exception, Ref};

use crate::convert::{is_opaque, mismatch, to_js, to_wasm};
use crate::errors::{throw_range, throw_type};
use crate::owner::Keep;
use crate::state::State;
use crate::tag;

/// The inside of an Exception object.
pub(crate) struct ExceptionObject {
    exception: Exception,
    keep: Keep,
    /// \[\[Stack\]\]
    stack: Option<String>,
}

impl ExceptionObject {
    /// \[\[Address\]\]
    pub(crate) fn exception(&self) -> &Exception {
        &self.exception
    }
}

impl HostObject for ExceptionObject {
    fn trace(&self, tracer: &Tracer<'_>) {
        self.keep.trace(tracer);
    }

    fn finalize(self, graveyard: &Graveyard) {
        graveyard.push(self.exception);
    }
}

impl Interface for ExceptionObject {
    const NAME: &'static str = "Exception";
    const CLASS_STRING: &'static str = "WebAssembly.Exception";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .constructor(2, construct)
            .operation("getArg", 2, |this, call| {
                let ctx = call.ctx();
                let what = "WebAssembly.Exception.getArg(): argument 0";
                let tag = tag::argument(ctx, &call.value(0), what)?;
                let what = "WebAssembly.Exception.getArg(): the index";
                let index =
                    convert::unsigned_long(ctx, &call.value(1), Integer::EnforceRange, what)?;
                // 2. If this.[[Type]] is not equal to exceptionTag.[[Address]], throw a TypeError.
                if !this.exception.tag().same(&tag) {
                    let text = "WebAssembly.Exception.getArg(): the exception has another tag";
                    return Err(throw_type(ctx, text));
                }
                // 6. If index ≥ payload's size, throw a RangeError.
                let index = index as usize;
                let payload = this.exception.payload();
                let Some(value) = payload.get(index) else {
                    let text = format!(
                        "WebAssembly.Exception.getArg(): index {index} is not below {}",
                        payload.len()
                    );
                    return Err(throw_range(ctx, &text));
                };
                // 8. If types[index] matches v128 or exnref, throw a TypeError.
                if tag.parameters().get(index).is_some_and(is_opaque) {
                    let text = "WebAssembly.Exception.getArg(): a v128 or exnref cannot be seen";
                    return Err(throw_type(ctx, text));
                }
                // 9. Return ! ToJSValue(payload[index]).
                to_js(ctx, value)
            })?
            .operation("is", 1, |this, call| {
                let what = "WebAssembly.Exception.is(): argument 0";
                let tag = tag::argument(call.ctx(), &call.value(0), what)?;
                call.returns(this.exception.tag().same(&tag))
            })?
            .attribute("stack", |this, call| match &this.stack {
                Some(stack) => call.returns(stack.as_str()),
                None => call.undefined(),
            })?;
        Ok(())
    }
}

/// <https://webassembly.github.io/spec/js-api/#dom-exception-exception>
fn construct<'js>(call: &Call<'_, 'js>) -> Result<Object<'js>> {
    let ctx = call.ctx();
    let what = "WebAssembly.Exception(): argument 0";
    let tag = tag::argument(ctx, &call.value(0), what)?;
    let payload = convert::sequence(ctx, &call.value(1), "WebAssembly.Exception(): the payload")?;
    let what = "WebAssembly.Exception(): the options";
    let options = convert::dictionary(ctx, &call.value(2), what)?;
    let trace_stack = match options {
        Some(options) => convert::member(&options, "traceStack")?,
        None => None,
    };
    // 2. If exceptionTag.[[Address]] is equal to JSTagAddr, throw a TypeError.
    let space = State::of(ctx).space(ctx)?;
    if tag.same(space.host_tag()) {
        let text = "WebAssembly.Exception(): JSTag is for values that script throws as they are";
        return Err(throw_type(ctx, text));
    }
    // 5. If types's size is not payload's size, throw a TypeError.
    let types = tag.parameters();
    if types.len() != payload.len() {
        let (wanted, given) = (types.len(), payload.len());
        let text = format!(
            "WebAssembly.Exception(): the tag wants {wanted} values, but {given} are given"
        );
        return Err(throw_type(ctx, &text));
    }
    // 7. For each value and resultType of payload and types, paired linearly,
    let keep = Keep::default();
    let mut wasm_payload = Vec::with_capacity(payload.len());
    for (value, ty) in payload.iter().zip(types) {
        // 1. If resultType matches v128 or exnref, throw a TypeError.
        if is_opaque(ty) {
            let text = "WebAssembly.Exception(): a v128 or exnref cannot be given";
            return Err(throw_type(ctx, text));
        }
        // 2. Append ? ToWebAssemblyValue(value, resultType) to wasmPayload.
        let value = to_wasm(ctx, value, ty, keep.values())?;
        value.check(ty).map_err(|reason| {
            mismatch(ctx, "WebAssembly.Exception(): a value of the payload", ty, &reason)
        })?;
        keep_groups(ctx, &keep, &value);
        wasm_payload.push(value);
    }
    // What was collected since: a loop leaves no scope.
    bury(ctx);
    let exception = Exception::new(&tag, wasm_payload);
    // 11. If options["traceStack"] is true, set this.[[Stack]].
    let stack = match trace_stack {
        Some(wanted) if convert::boolean(&wanted) => Some(holm_js::stack_text(ctx)?),
        _ => None,
    };
    let inside = ExceptionObject { exception: exception.clone(), keep, stack };
    let object = webidl::construct(call, inside)?;
    remember(&exception, object.as_value());
    Ok(object)
}

/// <https://webassembly.github.io/spec/js-api/#create-an-exception-object>
pub(crate) fn wrapper<'js>(ctx: &Ctx<'js>, exception: &Exception) -> Result<Value<'js>> {
    if let Some(known) = exception.attachment().get::<Weak>().and_then(|weak| weak.upgrade(ctx)) {
        return Ok(known);
    }
    // What was collected since: a loop leaves no scope.
    bury(ctx);
    let keep = Keep::default();
    for value in exception.payload() {
        keep_groups(ctx, &keep, value);
    }
    let inside = ExceptionObject { exception: exception.for_its_value(), keep, stack: None };
    let made: Object<'js> = webidl::new_object(ctx, inside)?;
    remember(exception, made.as_value());
    Ok(made.into_value())
}

/// What the payload refers to must live as long as the exception.
fn keep_groups(ctx: &Ctx<'_>, keep: &Keep, value: &WasmValue) {
    let WasmValue::Ref(reference) = value else { return };
    match reference {
        Ref::Func(func) => keep.add_group(ctx, func.group()),
        Ref::Gc(object) => keep.add_group(ctx, object.group()),
        Ref::Host(reference) => keep.add_table(ctx, reference.table()),
        Ref::Null | Ref::I31(_) | Ref::Exception(_) => {}
    }
}

fn remember(exception: &Exception, object: &Value<'_>) {
    if let Some(weak) = Weak::new(object) {
        exception.attachment().set(weak);
    }
}
