//! What `navigator` tells: <https://html.spec.whatwg.org/#the-workernavigator-object>.

use holm_js::webidl::{Definition, Interface};
use holm_js::{HostObject, Result};

pub(crate) struct Navigator(pub(crate) &'static str);

impl HostObject for Navigator {}

impl Interface for Navigator {
    const NAME: &'static str = "Navigator";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .attribute("hardwareConcurrency", |_, call| {
                let threads = std::thread::available_parallelism().map_or(1, |count| count.get());
                call.returns(threads as f64)
            })?
            .attribute("userAgent", |this, call| call.returns(this.0))?
            .attribute("language", |_, call| call.returns("en-US"))?
            .attribute("onLine", |_, call| call.returns(true))?
            .attribute("platform", |_, call| {
                call.returns(format!("{} {}", std::env::consts::OS, std::env::consts::ARCH))
            })?;
        Ok(())
    }
}

/// The name and version in `userAgent`.
pub(crate) const USER_AGENT: &str = concat!("Holm/", env!("CARGO_PKG_VERSION"));
