//! `node:url`: the native parts of `js/url.js`. (`URL` itself is of the web.)

use holm_js::{Call, Ctx, Object, Result, Value, function, to_text};
use url::quirks;

use crate::{builtins, embedded, process};

/// Of the name of a host.
type Conversion = fn(&str) -> String;

/// The module.
pub(crate) fn module<'js>(ctx: &Ctx<'js>) -> Result<Value<'js>> {
    let natives = Object::new(ctx.clone())?;
    process::error_natives(ctx, &natives)?;
    builtins::natives(ctx, &natives)?;
    natives.set("isWindows", cfg!(windows))?;
    natives.set("platform", process::platform())?;
    let conversions: [(&str, Conversion); 2] = [
        ("domainToASCII", quirks::domain_to_ascii),
        ("domainToUnicode", quirks::domain_to_unicode),
    ];
    for (name, convert) in conversions {
        let body = move |call: &Call<'_, '_>| {
            to_text(call.ctx(), &call.value(0)).map(|text| convert(&text))
        };
        natives.set(name, function(ctx, name, 1, move |call| call.returns(body(call)?))?)?;
    }
    embedded::load(ctx, "url")?.call((natives,))
}
