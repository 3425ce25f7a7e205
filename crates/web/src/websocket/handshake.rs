//! Establishing a connection: <https://websockets.spec.whatwg.org/#concept-websocket-establish>.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use holm_host::network::{Endpoint, Network, Route, TlsClient, TlsSettings, Trust};
use holm_host::{Permissions, host};
use holm_js::Ctx;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::{Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, http};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use url::Url;

use crate::fetch::{is_blocked, max_body_bytes};

/// How long it may take to find a server and to agree on keys with it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a server may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(300);
/// The longest message from any server, as in Node.
const MAX_MESSAGE_BYTES: usize = 128 << 20;

/// A connection, whatever is below it.
pub(super) trait Transport: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Transport for T {}

/// An open connection.
pub(super) type Socket = WebSocketStream<Box<dyn Transport>>;

/// What there is to open: plain data.
pub(super) struct Opening {
    pub(super) url: Url,
    pub(super) protocols: Vec<String>,
    pub(super) headers: Vec<(Vec<u8>, Vec<u8>)>,
    network: Rc<Network>,
    permissions: Permissions,
    trust: Arc<Trust>,
    /// The longest message that is taken: it has to fit the heap too.
    max_message_bytes: usize,
}

/// What came of it.
pub(super) struct Opened {
    pub(super) socket: Socket,
    /// The protocol that the server chose.
    pub(super) protocol: String,
}

impl Opening {
    pub(super) fn new(
        ctx: &Ctx<'_>,
        url: Url,
        protocols: Vec<String>,
        headers: Vec<(Vec<u8>, Vec<u8>)>,
    ) -> Self {
        let host = host(ctx);
        Self {
            url,
            protocols,
            headers,
            network: host.network.clone(),
            permissions: host.permissions.clone(),
            trust: host.cluster.part(),
            max_message_bytes: max_body_bytes(ctx).min(MAX_MESSAGE_BYTES),
        }
    }

    /// Opens it, or says why not.
    pub(super) async fn run(self) -> Result<Opened, String> {
        if is_blocked(&self.url) {
            let port = self.url.port().unwrap_or_default();
            return Err(format!("port {port} is blocked: it belongs to another protocol"));
        }
        let request = self.request()?;
        let connected = timeout(CONNECT_TIMEOUT, self.connect()).await;
        let stream = connected
            .map_err(|_| format!("no connection within {} seconds", CONNECT_TIMEOUT.as_secs()))??;
        let config = WebSocketConfig::default()
            .max_message_size(Some(self.max_message_bytes))
            .max_frame_size(Some(self.max_message_bytes));
        let answered = client_async_with_config(request, stream, Some(config));
        let (socket, response) = timeout(ANSWER_TIMEOUT, answered)
            .await
            .map_err(|_| format!("no answer within {} seconds", ANSWER_TIMEOUT.as_secs()))?
            .map_err(|error| refusal(&error))?;
        Ok(Opened { socket, protocol: protocol_of(&response) })
    }

    async fn connect(&self) -> Result<Box<dyn Transport>, String> {
        let is_secure = self.url.scheme() == "wss";
        let port = self.url.port_or_known_default().unwrap_or(if is_secure { 443 } else { 80 });
        let endpoint = Endpoint::new(self.url.host_str().unwrap_or_default(), port);
        let connected = self.network.connect(&self.permissions, &endpoint, &Route::default()).await;
        let stream = connected.map_err(|failure| failure.to_string())?;
        // Without it small messages wait; with it refused they only are slower.
        drop(stream.set_nodelay(true));
        if !is_secure {
            return Ok(Box::new(stream));
        }
        let protocols = vec![b"http/1.1".to_vec()];
        let settings = TlsSettings { protocols, ..TlsSettings::default() };
        let client = TlsClient::new(&self.trust, &settings).map_err(|error| error.to_string())?;
        let (stream, _) = client
            .handshake(stream, endpoint.host())
            .await
            .map_err(|failure| failure.to_string())?;
        Ok(Box::new(stream))
    }

    fn request(&self) -> Result<Request, String> {
        let mut request =
            self.url.as_str().into_client_request().map_err(|error| error.to_string())?;
        let headers = request.headers_mut();
        for (name, value) in &self.headers {
            let name = HeaderName::from_bytes(name).map_err(|error| error.to_string())?;
            let value = HeaderValue::from_bytes(value).map_err(|error| error.to_string())?;
            headers.try_append(name, value).map_err(|error| error.to_string())?;
        }
        if !self.protocols.is_empty() {
            let value = HeaderValue::from_str(&self.protocols.join(", "));
            headers.insert("sec-websocket-protocol", value.map_err(|error| error.to_string())?);
        }
        Ok(request)
    }
}

fn protocol_of(response: &Response) -> String {
    let value = response.headers().get(http::header::SEC_WEBSOCKET_PROTOCOL);
    value.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

fn refusal(error: &Error) -> String {
    match error {
        Error::Http(response) => {
            format!("the server answered with status {}, not 101", response.status().as_u16())
        }
        other => other.to_string(),
    }
}
