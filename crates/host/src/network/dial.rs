//! Connecting to one of several addresses: <https://www.rfc-editor.org/rfc/rfc8305>.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::failure::{Failure, SystemFailure};

/// How long one address may be silent before the next is tried too, as the RFC recommends.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// The first connection that comes to be.
pub(super) async fn dial(
    addresses: &[SocketAddr],
    local_address: Option<SocketAddr>,
) -> Result<TcpStream, Failure> {
    let mut untried = alternating(addresses).into_iter();
    let mut attempts = FuturesUnordered::new();
    let mut failures = Vec::new();
    loop {
        if let Some(address) = untried.next() {
            attempts.push(attempt(address, local_address));
        }
        let outcome = match untried.len() {
            0 => attempts.next().await,
            _ => match timeout(ATTEMPT_DELAY, attempts.next()).await {
                Ok(outcome) => outcome,
                // The others go on: the first that answers has won.
                Err(_) => continue,
            },
        };
        match outcome {
            Some(Ok(stream)) => return Ok(stream),
            Some(Err(failure)) => failures.push(failure),
            None => break,
        }
    }
    Err(match <[SystemFailure; 1]>::try_from(failures) {
        Ok([only]) => Failure::System(only),
        Err(several) => Failure::Several(several),
    })
}

/// The families take turns, beginning with the first address's.
fn alternating(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let first_is_v4 = addresses.first().is_some_and(SocketAddr::is_ipv4);
    let (ones, others): (Vec<SocketAddr>, Vec<SocketAddr>) =
        addresses.iter().partition(|address| address.is_ipv4() == first_is_v4);
    let (mut ones, mut others) = (ones.into_iter(), others.into_iter());
    let mut order = Vec::with_capacity(addresses.len());
    while order.len() < addresses.len() {
        order.extend(ones.next());
        order.extend(others.next());
    }
    order
}

async fn attempt(
    address: SocketAddr,
    local_address: Option<SocketAddr>,
) -> Result<TcpStream, SystemFailure> {
    let connected = async {
        let socket = match address.ip() {
            IpAddr::V4(_) => TcpSocket::new_v4()?,
            IpAddr::V6(_) => TcpSocket::new_v6()?,
        };
        if let Some(local_address) = local_address {
            socket.bind(local_address)?;
        }
        socket.connect(address).await
    };
    connected.await.map_err(|error| SystemFailure::of_io(&error, "connect").at(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        let parse = |texts: &[&str]| -> Vec<SocketAddr> {
            texts.iter().map(|text| text.parse().expect("an address")).collect()
        };
        let given = parse(&["1.1.1.1:1", "2.2.2.2:1", "3.3.3.3:1", "[::1]:1", "[::2]:1"]);
        let expected = parse(&["1.1.1.1:1", "[::1]:1", "2.2.2.2:1", "[::2]:1", "3.3.3.3:1"]);
        assert_eq!(alternating(&given), expected);
        assert_eq!(alternating(&[]), []);
    }

    #[test]
    fn what_answers_wins_and_all_that_failed_are_named() {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let open = listener.local_addr().expect("bound");
        // A port that was free a moment ago.
        let closed = {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
            listener.local_addr().expect("bound")
        };
        let connected = runtime.block_on(dial(&[closed, open], None)).expect("connected");
        assert_eq!(connected.peer_addr().expect("a peer"), open);
        let alone = runtime.block_on(dial(&[closed], None)).expect_err("refused");
        assert_eq!(alone.to_string(), format!("connect ECONNREFUSED {closed}"));
        let both = runtime.block_on(dial(&[closed, closed], None)).expect_err("refused");
        assert!(matches!(&both, Failure::Several(failures) if failures.len() == 2));
        assert_eq!(both.code(), Some("ECONNREFUSED"));
    }
}
