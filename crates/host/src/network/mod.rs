//! The network: names looked up, connections made, TLS spoken.
//!
//! Whatever reaches another machine goes through here, and so past the one place where it is
//! permitted: [`Network::connect`], [`Network::addresses`] and [`Network::listen`] ask before
//! anything is resolved. An address that a permitted name resolves to is fine.
//!
//! Its futures wait on the reactor of the isolate ([`crate::Tasks`]): they belong into a task.
//! They hold nothing of script, and dropping one ends what it does.
//!
//! Names a reader will mix up:
//! - [`Endpoint`]: where to, as script said it: a name or an address, and a port.
//! - [`Route`]: how to get there: over which family, from where.
//! - [`TlsSettings`]: what is asked of TLS; a [`TlsClient`] is made of it, once for many
//!   connections.

mod dial;
mod endpoint;
mod failure;
mod resolve;
mod tls;

pub use endpoint::{Endpoint, Family, Route};
pub use failure::{Failure, SystemFailure, TlsFailure, error_code};
pub use tls::{
    CertificateDetails, ClientProof, Identity, Received, ServerSettings, TlsClient, TlsServer,
    TlsSession, TlsSettings, TlsStream, Trust, Verification, Versions, failure as stream_failure,
};

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::{Access, Permissions};

/// How many names an isolate looks up at once. Each takes a thread for as long as it lasts; that
/// many are libuv's, which shares them with files.
const MAX_LOOKUPS: usize = 8;

/// What one isolate has of the network. It costs nothing until it is used.
#[derive(Debug)]
pub struct Network {
    lookups: Arc<Semaphore>,
}

impl Default for Network {
    fn default() -> Self {
        Self { lookups: Arc::new(Semaphore::new(MAX_LOOKUPS)) }
    }
}

impl Network {
    /// Refuses an endpoint that is not permitted: for connections that are used again.
    pub fn permit(&self, permissions: &Permissions, endpoint: &Endpoint) -> Result<(), Failure> {
        permissions.check(Access::Net(&endpoint.to_string())).map_err(Failure::Denied)
    }

    /// A connection to the first address of the endpoint that accepts.
    pub async fn connect(
        &self,
        permissions: &Permissions,
        endpoint: &Endpoint,
        route: &Route,
    ) -> Result<TcpStream, Failure> {
        self.permit(permissions, endpoint)?;
        let addresses = resolve::addresses(&self.lookups, endpoint.host(), route.family).await?;
        let addresses: Vec<SocketAddr> = addresses
            .into_iter()
            .map(|address| SocketAddr::new(address, endpoint.port()))
            .collect();
        dial::dial(&addresses, route.local_address).await
    }

    /// The addresses of a name, as the system gives them.
    pub async fn addresses(
        &self,
        permissions: &Permissions,
        host: &str,
        family: Family,
    ) -> Result<Vec<IpAddr>, Failure> {
        permissions.check(Access::Net(host)).map_err(Failure::Denied)?;
        resolve::addresses(&self.lookups, host, family).await
    }

    /// The same of a host of which the caller has asked the permissions already: for a port that
    /// [`Self::addresses`] knows nothing of.
    pub async fn permitted_addresses(
        &self,
        host: &str,
        family: Family,
    ) -> Result<Vec<IpAddr>, Failure> {
        resolve::addresses(&self.lookups, host, family).await
    }

    /// Listens at the first address of the endpoint; port 0 is any that is free.
    pub async fn listen(
        &self,
        permissions: &Permissions,
        endpoint: &Endpoint,
    ) -> Result<TcpListener, Failure> {
        self.permit(permissions, endpoint)?;
        let addresses = resolve::addresses(&self.lookups, endpoint.host(), Family::Any).await?;
        // What is resolved has an address.
        let address = addresses.first().copied().unwrap_or(IpAddr::from([0, 0, 0, 0]));
        let address = SocketAddr::new(address, endpoint.port());
        TcpListener::bind(address)
            .await
            .map_err(|error| Failure::System(SystemFailure::of_io(&error, "listen").at(address)))
    }
}
