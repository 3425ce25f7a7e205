//! Where a connection goes to, and how.

use std::fmt;
use std::net::{Ipv6Addr, SocketAddr};

/// A host and a port, as script names them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// In lower case, without brackets.
    host: String,
    port: u16,
}

impl Endpoint {
    /// Of a name or an address; one of IPv6 with or without its brackets.
    pub fn new(host: &str, port: u16) -> Self {
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        Self { host: bare.unwrap_or(host).to_ascii_lowercase(), port }
    }

    /// The host, an address of IPv6 without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// As permissions name it: an address of IPv6 in brackets.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.parse::<Ipv6Addr>().is_ok() {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Which addresses are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Family {
    /// All.
    #[default]
    Any,
    /// IPv4's.
    V4,
    /// IPv6's.
    V6,
}

/// How to get to an endpoint.
#[derive(Clone, Copy, Debug, Default)]
pub struct Route {
    /// Over which addresses.
    pub family: Family,
    /// From which of this machine's; port 0 is any.
    pub local_address: Option<SocketAddr>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_named_one_way() {
        let check = |host: &str, expected: &str| {
            assert_eq!(Endpoint::new(host, 80).to_string(), expected);
        };
        check("Example.COM", "example.com:80");
        check("127.0.0.1", "127.0.0.1:80");
        check("::1", "[::1]:80");
        check("[::1]", "[::1]:80");
        check("[x", "[x:80");
    }
}
