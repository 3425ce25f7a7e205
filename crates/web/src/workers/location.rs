//! `WorkerLocation`, <https://html.spec.whatwg.org/#worker-locations>.

use holm_js::webidl::{Definition, Interface};
use holm_js::{HostObject, Result};
use url::{Position, Url};

pub(super) struct WorkerLocation(pub(super) Url);

impl HostObject for WorkerLocation {}

impl Interface for WorkerLocation {
    const NAME: &'static str = "WorkerLocation";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .operation("toString", 0, |this, call| call.returns(this.0.as_str()))?
            .attribute("href", |this, call| call.returns(this.0.as_str()))?
            .attribute("origin", |this, call| call.returns(this.0.origin().ascii_serialization()))?
            .attribute("protocol", |this, call| call.returns(format!("{}:", this.0.scheme())))?
            .attribute("host", |this, call| {
                call.returns(&this.0[Position::BeforeHost..Position::AfterPort])
            })?
            .attribute("hostname", |this, call| call.returns(this.0.host_str().unwrap_or("")))?
            .attribute("port", |this, call| {
                call.returns(this.0.port().map_or(String::new(), |port| port.to_string()))
            })?
            .attribute("pathname", |this, call| call.returns(this.0.path()))?
            .attribute("search", |this, call| call.returns(prefixed('?', this.0.query())))?
            .attribute("hash", |this, call| call.returns(prefixed('#', this.0.fragment())))?;
        Ok(())
    }
}

/// A part of the URL with its mark, or nothing.
fn prefixed(mark: char, part: Option<&str>) -> String {
    match part {
        Some(part) if !part.is_empty() => format!("{mark}{part}"),
        _ => String::new(),
    }
}
