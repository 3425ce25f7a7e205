//! One request and its response.

use std::cell::OnceCell;
use std::rc::Rc;
use std::time::Duration;

use holm_host::Permissions;
use holm_host::network::{Endpoint, Failure, Network, TlsClient, TlsSettings, Trust};
use holm_js::Ctx;
use hyper::Response;
use hyper::body::Incoming;
use tokio::time::{sleep, timeout};
use url::Url;

use super::connection::{Connection, Origin, Unanswered};
use super::failure::{broken, not_connected};
use super::incoming;
use super::message::Message;
use super::outgoing::{Progress, RequestBody};
use super::pool::Pool;
use crate::fetch::consume::max_body_bytes;
use crate::fetch::error::NetworkError;
use crate::fetch::fetching::without_fragment;
use crate::fetch::request_data::RequestData;
use crate::fetch::response::ResponseData;

/// How long it may take to find a server and to agree on keys with it, as in Node.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long until the response's headers are there once all was sent, as in Node.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(300);

/// The server may have closed a connection that waited longer than this, and nobody looked.
const UNWATCHED_TIME: Duration = Duration::from_millis(50);
/// How long the reactor needs to look.
const LOOK_TIME: Duration = Duration::from_millis(1);
/// How long a connection is waited for that has given its response: some still take a request
/// that the server has answered before it was there as a whole.
const READY_TIME: Duration = Duration::from_millis(5);

/// What the requests of one realm share.
pub(in crate::fetch) struct Client {
    network: Rc<Network>,
    permissions: Permissions,
    trust: std::sync::Arc<Trust>,
    pool: Pool,
    /// The longest body that may be collected.
    max_body_bytes: usize,
    /// Made with the first connection that needs it.
    tls: OnceCell<TlsClient>,
}

/// The client of a realm, once something was fetched.
#[derive(Default)]
struct ClientSlot(OnceCell<Rc<Client>>);

/// The client of this realm.
pub(in crate::fetch) fn client(ctx: &Ctx<'_>) -> Rc<Client> {
    let made = || {
        let host = holm_host::host(ctx);
        Rc::new(Client {
            network: host.network.clone(),
            permissions: host.permissions.clone(),
            trust: host.cluster.part(),
            pool: Pool::default(),
            max_body_bytes: max_body_bytes(ctx),
            tls: OnceCell::new(),
        })
    };
    holm_js::slot::<ClientSlot>(ctx).0.get_or_init(made).clone()
}

impl Client {
    pub(in crate::fetch) fn permissions(&self) -> &Permissions {
        &self.permissions
    }

    pub(in crate::fetch) fn max_body_bytes(&self) -> usize {
        self.max_body_bytes
    }

    /// <https://fetch.spec.whatwg.org/#concept-http-network-fetch>
    pub(super) async fn exchange(
        &self,
        request: &mut RequestData,
    ) -> Result<ResponseData, NetworkError> {
        let url = without_fragment(&request.url).to_owned();
        let origin = origin(&request.url);
        let permitted = self.network.permit(&self.permissions, &origin.endpoint);
        permitted.map_err(|failure| not_connected(&url, &failure))?;
        let message = Message::new(request)?;
        // A stream is there only once; bytes may be needed again, for a redirect.
        let mut body = match request.body.again() {
            Some(body) => body,
            None => std::mem::take(&mut request.body),
        };
        let mut may_reuse = true;
        loop {
            let again = body.again();
            let reused = if may_reuse { self.waiting(&origin).await } else { None };
            let is_reused = reused.is_some();
            may_reuse = false;
            let mut connection = match reused {
                Some(reused) => reused,
                None => {
                    self.open(&origin).await.map_err(|failure| not_connected(&url, &failure))?
                }
            };
            match self.send(&url, &mut connection, &message, body).await? {
                Ok(response) => {
                    let pool = self.pool.clone();
                    return incoming::received(&url, response, connection, (pool, origin));
                }
                // The server closed the connection while nobody looked. What it never saw is
                // sent anew, and what does no harm when it is done twice:
                // https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2
                Err(Unanswered { unsent: Some(unsent), .. }) if is_reused => body = unsent,
                Err(Unanswered { error, .. })
                    if is_reused && message.is_idempotent() && !error.is_parse() =>
                {
                    body = match again {
                        Some(again) => again,
                        None => return Err(failed(&url, &error, &connection)),
                    };
                }
                Err(Unanswered { error, .. }) => return Err(failed(&url, &error, &connection)),
            }
        }
    }

    /// A connection that waits for a request, and is still open as far as can be known.
    async fn waiting(&self, origin: &Origin) -> Option<Connection> {
        loop {
            let mut connection = self.pool.take(origin)?;
            if connection.idle_since.elapsed() > UNWATCHED_TIME {
                // The reactor looks at it now. (Tokio's `yield_now` is lost between two turns.)
                sleep(LOOK_TIME).await;
            }
            if timeout(READY_TIME, connection.is_ready()).await == Ok(true) {
                return Some(connection);
            }
        }
    }

    /// Sends a request, unless the server says nothing for too long.
    async fn send(
        &self,
        url: &str,
        connection: &mut Connection,
        message: &Message,
        body: RequestBody,
    ) -> Result<Result<Response<Incoming>, Unanswered>, NetworkError> {
        let progress = Progress::default();
        let message = message.with_body(body, progress.clone(), connection.version());
        let mut answer = std::pin::pin!(connection.send(message));
        loop {
            let sent_before = progress.count();
            if let Ok(answer) = timeout(HEADERS_TIMEOUT, &mut answer).await {
                return Ok(answer);
            }
            // A server that still takes a body has no reason to answer.
            if progress.count() == sent_before {
                let why = format!("no answer within {} seconds", HEADERS_TIMEOUT.as_secs());
                return Err(NetworkError::new(url, why).with_code("UND_ERR_HEADERS_TIMEOUT"));
            }
        }
    }

    /// A new connection, or one that others opened meanwhile and share.
    async fn open(&self, origin: &Origin) -> Result<Connection, Failure> {
        let Some(gate) = self.pool.gate(origin) else {
            return self.connect(origin).await;
        };
        let Ok(_turn) = gate.acquire().await else {
            // Somebody has been through: either there is a connection to share, or there is none.
            return match self.pool.take(origin) {
                Some(shared) => Ok(shared),
                None => self.connect(origin).await,
            };
        };
        let made = self.connect(origin).await;
        if let Some(shared) = made.as_ref().ok().and_then(Connection::share) {
            self.pool.put(origin.clone(), shared);
        }
        self.pool.open_gate(origin, made.as_ref().ok());
        made
    }

    async fn connect(&self, origin: &Origin) -> Result<Connection, Failure> {
        let opening =
            Connection::open(&self.network, &self.permissions, origin, || self.tls_client());
        timeout(CONNECT_TIMEOUT, opening)
            .await
            .unwrap_or_else(|_| Err(Failure::TimedOut(CONNECT_TIMEOUT)))
    }

    fn tls_client(&self) -> Result<TlsClient, Failure> {
        if let Some(made) = self.tls.get() {
            return Ok(made.clone());
        }
        let protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let settings = TlsSettings { protocols, ..TlsSettings::default() };
        let made = TlsClient::new(&self.trust, &settings)?;
        Ok(self.tls.get_or_init(|| made).clone())
    }
}

fn origin(url: &Url) -> Origin {
    let is_secure = url.scheme() == "https";
    let port = url.port_or_known_default().unwrap_or(if is_secure { 443 } else { 80 });
    Origin { endpoint: Endpoint::new(url.host_str().unwrap_or_default(), port), is_secure }
}

fn failed(url: &str, error: &hyper::Error, connection: &Connection) -> NetworkError {
    let (why, cause) = broken(error, &connection.peer);
    NetworkError::new(url, why).with_cause(cause)
}
