//! TLS without a connection below it: who has one moves the bytes.
//!
//! For connections that are script's: a stream of any kind may be under a `TLSSocket`.

use std::io::{self, Read, Write};
use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier;
use rustls::{ClientConfig, ClientConnection, Connection, ProtocolVersion, ServerConnection};
use rustls_pki_types::ServerName;

use super::verifier::Noting;
use super::{TlsClient, TlsServer, protocol_failure};
use crate::network::failure::TlsFailure;

/// What is read of decrypted bytes at a time.
const CHUNK_BYTES: usize = 16 << 10;

/// One side of a TLS connection.
#[derive(Debug)]
pub struct TlsSession {
    connection: Connection,
    /// What the certificate is found to be, of a client.
    noting: Option<Arc<Noting>>,
    /// Whether there was a session like this before a failure was told.
    has_failed: bool,
}

/// What the other side sent.
#[derive(Debug, Default)]
pub struct Received {
    /// What it says inside.
    pub bytes: Vec<u8>,
    /// Whether it said that it will say no more.
    pub is_end: bool,
}

impl TlsSession {
    /// Of a client, with a server that says it is `host`; without a name it is asked for none. A
    /// server that cannot prove it is noted ([`Self::complaint`]): whoever made this decides.
    pub fn client(client: &TlsClient, host: Option<&str>) -> Result<Self, TlsFailure> {
        let noting = Arc::new(Noting::new(client.verifier.clone()));
        let mut config = ClientConfig::clone(&client.config);
        let verifier: Arc<dyn ServerCertVerifier> = noting.clone();
        config.dangerous().set_certificate_verifier(verifier);
        // Who asks for no name, or for what can be none (`a.0`), is shown a certificate of the
        // server's choice; the caller says whether that is the right one.
        let name = host.and_then(|host| ServerName::try_from(host.to_owned()).ok());
        config.enable_sni = name.is_some();
        let name = match name {
            Some(name) => name,
            None => ServerName::try_from(NO_NAME).expect("it is the name of a host"),
        };
        let connection = ClientConnection::new(Arc::new(config), name)
            .map_err(|error| protocol_failure(&error))?;
        Ok(Self::new(connection.into(), Some(noting)))
    }

    /// Of a server.
    pub fn server(server: &TlsServer) -> Result<Self, TlsFailure> {
        let connection = ServerConnection::new(server.config.clone())
            .map_err(|error| protocol_failure(&error))?;
        Ok(Self::new(connection.into(), None))
    }

    fn new(mut connection: Connection, noting: Option<Arc<Noting>>) -> Self {
        // Whoever sends is told by the connection below to wait.
        connection.set_buffer_limit(None);
        Self { connection, noting, has_failed: false }
    }

    /// Takes bytes from the connection below. What it wants to say there is in [`Self::output`]
    /// afterwards, also after a failure.
    pub fn receive(&mut self, mut bytes: &[u8]) -> Result<Received, TlsFailure> {
        let mut received = Received::default();
        while !bytes.is_empty() && !self.has_failed {
            // Reading from a slice fails never.
            let read = self.connection.read_tls(&mut bytes).unwrap_or(0);
            let state = self.connection.process_new_packets().map_err(|error| {
                self.has_failed = true;
                protocol_failure(&error)
            })?;
            received.is_end |= state.peer_has_closed();
            self.take_plain(&mut received.bytes);
            if read == 0 {
                break;
            }
        }
        Ok(received)
    }

    fn take_plain(&mut self, into: &mut Vec<u8>) {
        let mut chunk = [0; CHUNK_BYTES];
        while let Ok(len @ 1..) = self.connection.reader().read(&mut chunk) {
            into.extend_from_slice(&chunk[..len]);
        }
    }

    /// Says something to the other side.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.connection.writer().write_all(bytes)
    }

    /// Says that nothing more will be said.
    pub fn end(&mut self) {
        self.connection.send_close_notify();
    }

    /// What the connection below has to carry to the other side now.
    pub fn output(&mut self) -> Vec<u8> {
        let mut output = Vec::new();
        while self.connection.wants_write() {
            if self.connection.write_tls(&mut output).unwrap_or(0) == 0 {
                break;
            }
        }
        output
    }

    /// Whether the two have not agreed on keys yet.
    pub fn is_handshaking(&self) -> bool {
        self.connection.is_handshaking()
    }

    /// What is wrong with the server's certificate.
    pub fn complaint(&self) -> Option<TlsFailure> {
        self.noting.as_ref().and_then(|noting| noting.take())
    }

    /// `TLSv1.3` or `TLSv1.2`, once it is known.
    pub fn protocol(&self) -> Option<&'static str> {
        Some(match self.connection.protocol_version()? {
            ProtocolVersion::TLSv1_3 => "TLSv1.3",
            ProtocolVersion::TLSv1_2 => "TLSv1.2",
            _ => return None,
        })
    }

    /// The name of the cipher, of the standard: `TLS_AES_256_GCM_SHA384`.
    pub fn cipher(&self) -> Option<String> {
        let suite = self.connection.negotiated_cipher_suite()?.suite();
        // Those of TLS 1.3 are `TLS13_…` to rustls.
        suite.as_str().map(|name| name.replace("TLS13_", "TLS_"))
    }

    /// What is spoken inside, if that was agreed on (ALPN).
    pub fn inner_protocol(&self) -> Option<&[u8]> {
        self.connection.alpn_protocol()
    }

    /// The name that a client asked for.
    pub fn asked_name(&self) -> Option<&str> {
        match &self.connection {
            Connection::Server(server) => server.server_name(),
            Connection::Client(_) => None,
        }
    }

    /// The certificates of the other side, its own first, as DER.
    pub fn certificates(&self) -> Vec<Vec<u8>> {
        let certificates = self.connection.peer_certificates().unwrap_or_default();
        certificates.iter().map(|certificate| certificate.to_vec()).collect()
    }
}

/// A name that nobody has, <https://www.rfc-editor.org/rfc/rfc6761#section-6.4>.
const NO_NAME: &str = "none.invalid";
