//! Looking up what a name means.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;

use holm_host::network::{self, Family};
use holm_host::{Access, Denied, host};
use holm_js::{Array, Call, Ctx, Function, Result, Root, Value, slot};

use super::socket::authority;
use super::{Failure, Native};

/// Names whose meaning is remembered; a script may ask for any number.
const MOST_NAMES: usize = 1000;

/// What names were found to mean in this isolate.
#[derive(Default)]
struct Known(RefCell<HashMap<String, Vec<IpAddr>>>);

/// Whether Holm found the name to mean this address, or the name is the address.
pub(super) fn is_known(ctx: &Ctx<'_>, name: &str, ip: IpAddr) -> bool {
    name.parse().is_ok_and(|named: IpAddr| named == ip)
        || slot::<Known>(ctx).0.borrow().get(name).is_some_and(|known| known.contains(&ip))
}

fn remember(ctx: &Ctx<'_>, name: &str, found: &[IpAddr]) {
    let known = slot::<Known>(ctx);
    let mut known = known.0.borrow_mut();
    if known.len() >= MOST_NAMES {
        known.clear();
    }
    let addresses = known.entry(name.to_owned()).or_default();
    // A name may mean other addresses each time: those that were just told come first.
    addresses.retain(|address| !found.contains(address));
    addresses.splice(..0, found.iter().copied());
    addresses.truncate(MOST_NAMES);
}

pub(super) const FUNCTIONS: &[(&str, u32, Native)] = &[
    ("lookup", 3, lookup),
    ("isIP", 1, |call| {
        // What is no text is no address.
        let text: Option<String> = call.get(0).ok();
        call.returns(text.map_or(0, |text| version(&text)))
    }),
];

/// 4 or 6; 0 of what is no address.
fn version(text: &str) -> i32 {
    // A zone says through which interface, and is no part of the address that is compared.
    let address = match text.split_once('%') {
        Some((address, zone)) if is_zone(zone) && address.contains(':') => address,
        _ => text,
    };
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 4,
        Ok(IpAddr::V6(_)) => 6,
        Err(_) => 0,
    }
}

fn is_zone(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:".contains(&byte))
}

/// `(name, port, callback)`: calls back with why it failed, or `(undefined, addresses)`. The port
/// is the one that will be connected to; without one the name alone has to be permitted.
fn lookup<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (host, name): (_, String) = (host(call.ctx()), call.get(0)?);
    let port: Option<f64> = call.get(1)?;
    let permitted: std::result::Result<(), Denied> = match port {
        Some(port) => host.permissions.check(Access::Net(&authority(&name, port as u16))),
        None => host.permissions.check(Access::Net(&name)),
    };
    let callback: Root<Function<'static>> = Root::new(call.ctx(), call.value(2))?;
    let (network, asked) = (host.network.clone(), name.clone());
    let work = async move {
        permitted?;
        network.permitted_addresses(&asked, Family::Any).await.map_err(|failure| match failure {
            network::Failure::System(failure) => Failure::Name(failure.code.unwrap_or("ENOTFOUND")),
            _ => Failure::Name("ENOTFOUND"),
        })
    };
    host.tasks.spawn(work, move |ctx, found| {
        let callback: Function<'_> = callback.get(ctx)?;
        match found {
            Ok(addresses) => {
                remember(ctx, &name, &addresses);
                let shown = Array::new(ctx.clone())?;
                for (index, address) in addresses.iter().enumerate() {
                    shown.set(index, address.to_string())?;
                }
                callback.call((Value::new_undefined(ctx.clone()), shown))
            }
            Err(failure) => callback.call((failure.to_js(ctx)?,)),
        }
    });
    call.undefined()
}
