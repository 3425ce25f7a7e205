//! TLS: rustls with ring. Clients speak it over a connection; `session.rs` is for who moves the
//! bytes, and for servers, of which `server.rs` has the settings.
//!
//! Certificates are judged by `verifier.rs`, which says what is wrong in Node's codes; what is
//! trusted is `trust.rs`; `certificate.rs` reads of a certificate what these need.

mod certificate;
mod details;
mod server;
mod session;
mod trust;
mod verifier;

pub use details::CertificateDetails;
pub use server::{ClientProof, ServerSettings, TlsServer};
pub use session::{Received, TlsSession};
pub use trust::Trust;

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring;
use rustls::{AlertDescription, ClientConfig, SupportedProtocolVersion};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use self::verifier::{Noting, Verifier};
use super::failure::{Failure, SystemFailure, TlsFailure};

/// A connection that speaks TLS.
pub type TlsStream<S> = tokio_rustls::client::TlsStream<S>;

/// The most certificates in one PEM text that is given as trusted, or as one's own chain.
const MAX_CERTIFICATES: usize = 10_000;

/// What is asked of TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsSettings {
    /// Protocols to speak inside, the preferred first (ALPN).
    pub protocols: Vec<Vec<u8>>,
    /// Certificates to trust in place of the usual ones, as PEM.
    pub authorities_pem: Option<Vec<u8>>,
    /// Who this is, for servers that ask.
    pub identity: Option<Identity>,
    /// What becomes of a server that cannot prove who it is.
    pub verification: Verification,
    /// The versions it speaks.
    pub versions: Versions,
}

/// Which versions of TLS are spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Versions {
    /// All that are safe.
    #[default]
    All,
    /// TLS 1.2.
    Only12,
    /// TLS 1.3.
    Only13,
}

static ONLY_12: &[&SupportedProtocolVersion] = &[&rustls::version::TLS12];
static ONLY_13: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];

impl Versions {
    fn list(self) -> &'static [&'static SupportedProtocolVersion] {
        match self {
            Self::All => rustls::ALL_VERSIONS,
            Self::Only12 => ONLY_12,
            Self::Only13 => ONLY_13,
        }
    }
}

/// A client's certificate chain and its key, as PEM.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The chain, its own certificate first.
    pub certificates_pem: Vec<u8>,
    /// The private key.
    pub key_pem: Vec<u8>,
}

/// What becomes of a server that cannot prove who it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verification {
    /// There is no connection.
    #[default]
    Required,
    /// There is one, and what was wrong is told (`rejectUnauthorized: false`).
    Noted,
}

/// Speaks TLS with servers, as its settings say. Clones are the same.
#[derive(Clone)]
pub struct TlsClient {
    config: Arc<ClientConfig>,
    verifier: Arc<Verifier>,
    verification: Verification,
}

impl TlsClient {
    /// Makes one. What is wrong with the settings is an error with a code of Node.
    pub fn new(trust: &Trust, settings: &TlsSettings) -> Result<Self, Failure> {
        let provider = Arc::new(ring::default_provider());
        let verifier = match &settings.authorities_pem {
            Some(pem) => Verifier::of_own(certificates(pem)?, &provider),
            None => Verifier::of_trust(trust, &provider),
        };
        let verifier = Arc::new(verifier);
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(settings.versions.list())
            .map_err(|error| settings_failure("ERR_TLS_INVALID_PROTOCOL_VERSION", &error))?
            .dangerous()
            .with_custom_certificate_verifier(verifier.clone());
        let mut config = match &settings.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let chain = certificates(&identity.certificates_pem)?;
                let key = PrivateKeyDer::from_pem_slice(&identity.key_pem)
                    .map_err(|error| settings_failure("ERR_OSSL_PEM_NO_START_LINE", &error))?;
                builder.with_client_auth_cert(chain, key).map_err(|error| {
                    settings_failure("ERR_OSSL_X509_KEY_VALUES_MISMATCH", &error)
                })?
            }
        };
        config.alpn_protocols.clone_from(&settings.protocols);
        let verification = settings.verification;
        Ok(Self { config: Arc::new(config), verifier, verification })
    }

    /// Agrees on keys with the server behind a connection, who has to be `host`. What is wrong
    /// with its certificate comes with the stream, where that is allowed.
    pub async fn handshake<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        host: &str,
    ) -> Result<(TlsStream<S>, Option<TlsFailure>), Failure> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| {
            let text = format!("'{host}' is no name that a server can prove to have");
            Failure::Tls(TlsFailure::new("ERR_TLS_CERT_ALTNAME_INVALID", text))
        })?;
        let (config, noted) = match self.verification {
            Verification::Required => (self.config.clone(), None),
            // OPTIMIZATION left out: sessions are not resumed, since they are bound to a verifier.
            Verification::Noted => {
                let noting = Arc::new(Noting::new(self.verifier.clone()));
                let mut config = ClientConfig::clone(&self.config);
                let verifier: Arc<dyn ServerCertVerifier> = noting.clone();
                config.dangerous().set_certificate_verifier(verifier);
                (Arc::new(config), Some(noting))
            }
        };
        let connected = TlsConnector::from(config).connect(name, stream).await;
        let stream = connected.map_err(|error| failure(&error, "connect"))?;
        Ok((stream, noted.and_then(|noted| noted.take())))
    }
}

impl fmt::Debug for TlsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsClient")
            .field("verification", &self.verification)
            .finish_non_exhaustive()
    }
}

/// Keys are not shown.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

/// The certificates in a PEM text.
fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let mut found = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(pem).take(MAX_CERTIFICATES) {
        let certificate = certificate
            .map_err(|error| settings_failure("ERR_OSSL_PEM_BAD_BASE64_DECODE", &error))?;
        found.push(certificate);
    }
    if found.is_empty() {
        let text = "there is no certificate in the PEM text";
        return Err(settings_failure("ERR_OSSL_PEM_NO_START_LINE", &text));
    }
    Ok(found)
}

fn settings_failure(code: &'static str, why: &dyn fmt::Display) -> Failure {
    Failure::Tls(TlsFailure::new(code, why.to_string()))
}

/// What an error of a TLS stream says: of the protocol, or of the connection below it.
pub fn failure(error: &io::Error, call: &'static str) -> Failure {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(error) => Failure::Tls(protocol_failure(error)),
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            let text =
                "Client network socket disconnected before secure TLS connection was established";
            Failure::Tls(TlsFailure::new("ECONNRESET", text))
        }
        None => Failure::System(SystemFailure::of_io(error, call)),
    }
}

fn protocol_failure(error: &rustls::Error) -> TlsFailure {
    if let rustls::Error::InvalidCertificate(rustls::CertificateError::Other(other)) = error
        && let Some(failure) = other.0.downcast_ref::<verifier::Rejected>()
    {
        return failure.0.clone();
    }
    match error {
        rustls::Error::AlertReceived(alert) => {
            let (reason, words) = alert_reason(*alert);
            TlsFailure::new(format!("ERR_SSL_{reason}"), format!("the server refused: {words}"))
        }
        rustls::Error::InvalidMessage(_) => TlsFailure::new(
            "ERR_SSL_WRONG_VERSION_NUMBER",
            "the server does not speak TLS: wrong version number",
        ),
        rustls::Error::PeerIncompatible(why) => TlsFailure::new(
            "ERR_SSL_UNSUPPORTED_PROTOCOL",
            format!("the server speaks no TLS that is safe: {why:?}"),
        ),
        rustls::Error::NoApplicationProtocol => TlsFailure::new(
            "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL",
            "the server knows none of the protocols",
        ),
        rustls::Error::DecryptError => TlsFailure::new(
            "ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC",
            "decryption failed or bad record mac",
        ),
        other => TlsFailure::new("ERR_SSL_PROTOCOL_ERROR", other.to_string()),
    }
}

/// OpenSSL's name of an alert, and its words.
fn alert_reason(alert: AlertDescription) -> (Cow<'static, str>, String) {
    let (is_old, name): (bool, &str) = match alert {
        AlertDescription::UnexpectedMessage => (true, "UNEXPECTED_MESSAGE"),
        AlertDescription::BadRecordMac => (true, "BAD_RECORD_MAC"),
        AlertDescription::HandshakeFailure => (true, "HANDSHAKE_FAILURE"),
        AlertDescription::BadCertificate => (true, "BAD_CERTIFICATE"),
        AlertDescription::UnsupportedCertificate => (true, "UNSUPPORTED_CERTIFICATE"),
        AlertDescription::CertificateRevoked => (true, "CERTIFICATE_REVOKED"),
        AlertDescription::CertificateExpired => (true, "CERTIFICATE_EXPIRED"),
        AlertDescription::CertificateUnknown => (true, "CERTIFICATE_UNKNOWN"),
        AlertDescription::IllegalParameter => (true, "ILLEGAL_PARAMETER"),
        AlertDescription::UnknownCA => (false, "UNKNOWN_CA"),
        AlertDescription::AccessDenied => (false, "ACCESS_DENIED"),
        AlertDescription::DecodeError => (false, "DECODE_ERROR"),
        AlertDescription::DecryptError => (false, "DECRYPT_ERROR"),
        AlertDescription::ProtocolVersion => (false, "PROTOCOL_VERSION"),
        AlertDescription::InsufficientSecurity => (false, "INSUFFICIENT_SECURITY"),
        AlertDescription::InternalError => (false, "INTERNAL_ERROR"),
        AlertDescription::NoApplicationProtocol => (false, "NO_APPLICATION_PROTOCOL"),
        AlertDescription::UnrecognisedName => {
            return ("TLSV1_UNRECOGNIZED_NAME".into(), "unrecognized name".to_owned());
        }
        AlertDescription::CertificateRequired => {
            let name = "TLSV13_ALERT_CERTIFICATE_REQUIRED";
            return (name.into(), "certificate required".to_owned());
        }
        other => return ("PROTOCOL_ERROR".into(), format!("{other:?}")),
    };
    let family = if is_old { "SSLV3_ALERT" } else { "TLSV1_ALERT" };
    let words = name.to_ascii_lowercase().replace('_', " ");
    (format!("{family}_{name}").into(), words)
}
