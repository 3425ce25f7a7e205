//! The arguments of `postMessage`.

use holm_js::webidl::convert;
use holm_js::{Call, ErrorKind, Object, Result, Value, throw};

/// A message to post: its value, and what is transferred with it.
#[derive(Debug)]
pub struct Posted<'js> {
    /// The message.
    pub value: Value<'js>,
    /// The transfer list.
    pub transfer: Vec<Object<'js>>,
}

/// `(message, transfer)` or `(message, { transfer })`:
/// <https://html.spec.whatwg.org/#dom-messageport-postmessage>
pub fn posted<'js>(call: &Call<'_, 'js>) -> Result<Posted<'js>> {
    let (ctx, value, second) = (call.ctx(), call.value(0), call.value(1));
    let mut transfer = Vec::new();
    if second.is_undefined() || second.is_null() {
        return Ok(Posted { value, transfer });
    }
    let Some(options) = second.as_object() else {
        let text = "postMessage: the second argument is neither a list nor an object of options";
        return Err(throw(ctx, ErrorKind::Type, text));
    };
    let (list, method) = match convert::iterator_method(options)? {
        Some(method) => (second.clone(), Some(method)),
        None => {
            let list: Value<'js> = options.get("transfer")?;
            if list.is_undefined() {
                return Ok(Posted { value, transfer });
            }
            let method = list.as_object().map(convert::iterator_method).transpose()?.flatten();
            (list, method)
        }
    };
    let Some(method) = method else {
        return Err(throw(ctx, ErrorKind::Type, "postMessage: transfer is not iterable"));
    };
    convert::elements(&list, &method, |item| match item.into_object() {
        Some(item) => {
            transfer.push(item);
            Ok(())
        }
        None => Err(throw(ctx, ErrorKind::Type, "postMessage: only objects can be transferred")),
    })?;
    Ok(Posted { value, transfer })
}
