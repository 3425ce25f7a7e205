//! Names to addresses: `getaddrinfo`, on a thread that may wait for it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::endpoint::Family;
use super::failure::{Failure, SystemFailure};

/// The most addresses of one name that are looked at.
const MAX_ADDRESSES: usize = 32;

/// What libuv makes of `EAI_NONAME` and `EAI_AGAIN`.
const UNKNOWN_NAME: (&str, i32) = ("ENOTFOUND", -3008);
const TRY_AGAIN: (&str, i32) = ("EAI_AGAIN", -3001);

/// The addresses of a host; at least one, and none twice.
pub(super) async fn addresses(
    lookups: &Arc<Semaphore>,
    host: &str,
    family: Family,
) -> Result<Vec<IpAddr>, Failure> {
    let all = match host.parse::<IpAddr>() {
        Ok(address) => vec![address],
        // The name means this machine, https://www.rfc-editor.org/rfc/rfc6761#section-6.3.
        Err(_) if host.eq_ignore_ascii_case("localhost") => {
            vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
        }
        Err(_) => looked_up(lookups, host).await.map_err(|error| failed(host, &error))?,
    };
    let mut found: Vec<IpAddr> = Vec::new();
    for address in all {
        let is_wanted = match family {
            Family::Any => true,
            Family::V4 => address.is_ipv4(),
            Family::V6 => address.is_ipv6(),
        };
        if is_wanted && !found.contains(&address) && found.len() < MAX_ADDRESSES {
            found.push(address);
        }
    }
    if found.is_empty() {
        return Err(failure(host, UNKNOWN_NAME, "it has no address of that family"));
    }
    Ok(found)
}

async fn looked_up(lookups: &Arc<Semaphore>, host: &str) -> io::Result<Vec<IpAddr>> {
    // It goes with the thread: a look-up that nobody waits for any more still takes one.
    let turn = lookups.clone().acquire_owned().await.map_err(io::Error::other)?;
    let host = host.to_owned();
    let looked_up = spawn_blocking(move || {
        let _turn = turn;
        Ok((host.as_str(), 0).to_socket_addrs()?.map(|address| address.ip()).collect())
    });
    looked_up.await.map_err(io::Error::other)?
}

/// The system's reasons come only in words; they are English, since no locale is set.
fn failed(host: &str, error: &io::Error) -> Failure {
    let words = error.to_string();
    if words.contains("Temporary failure") {
        return failure(host, TRY_AGAIN, &words);
    }
    failure(host, UNKNOWN_NAME, &words)
}

fn failure(host: &str, (code, errno): (&'static str, i32), words: &str) -> Failure {
    Failure::System(SystemFailure {
        call: "getaddrinfo",
        code: Some(code),
        errno: Some(errno),
        words: words.to_owned(),
        address: None,
        host: Some(host.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(host: &str, family: Family, expected: &[&str]) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let lookups = Arc::new(Semaphore::new(1));
        let found = runtime.block_on(addresses(&lookups, host, family));
        let found: Vec<String> =
            found.unwrap_or_default().iter().map(ToString::to_string).collect();
        assert_eq!(found, expected, "{host}");
    }

    #[test]
    fn addresses_and_this_machine_are_not_looked_up() {
        check("127.9.8.7", Family::Any, &["127.9.8.7"]);
        check("::1", Family::Any, &["::1"]);
        check("LOCALHOST", Family::Any, &["127.0.0.1", "::1"]);
        check("localhost", Family::V6, &["::1"]);
        check("127.0.0.1", Family::V6, &[]);
    }

    #[test]
    fn a_name_that_cannot_be_is_not_found() {
        check("a\0b", Family::Any, &[]);
        check("no name", Family::Any, &[]);
    }
}
