//! The arguments of `postMessage`.

use holm_js::webidl::convert;
use holm_js::{Call, Object, Result, Value};

use crate::structured_clone::{transfer_list, transfer_option};

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
    let is_list = match second.as_object() {
        Some(object) => convert::iterator_method(object)?.is_some(),
        None => false,
    };
    let transfer = if is_list {
        transfer_list(ctx, &second, "postMessage: the transfer list")?
    } else {
        transfer_option(ctx, &second, "postMessage: the options")?
    };
    Ok(Posted { value, transfer })
}
