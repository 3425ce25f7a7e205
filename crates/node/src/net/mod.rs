//! `node:net` and `node:dns`: the native parts of `js/net/` and `js/dns.js`.
//!
//! A socket is a handle that script hides in a stream. What may be reached is asked of the
//! permissions here, for the name that the script gave and not for what it says the name means.

mod failure;
mod io;
mod lookup;
mod server;
mod socket;

use holm_js::{Call, Ctx, Object, Result, Value, function};

pub(crate) use failure::Failure;

type Native = for<'a, 'b> fn(&Call<'a, 'b>) -> Result<Value<'b>>;

/// What the scripts are given.
pub(crate) fn natives<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let natives = Object::new(ctx.clone())?;
    for functions in [socket::FUNCTIONS, server::FUNCTIONS, lookup::FUNCTIONS, failure::FUNCTIONS] {
        for (name, length, body) in functions {
            natives.set(*name, function(ctx, name, *length, *body)?)?;
        }
    }
    Ok(natives)
}
