//! What a server says of itself, and asks of clients.

use std::fmt;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{CertificateError, RootCertStore, ServerConfig};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;

use super::{Identity, Trust, Versions, certificates, settings_failure};
use crate::network::failure::Failure;

/// Whether clients have to say who they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientProof {
    /// They are not asked.
    #[default]
    None,
    /// They may.
    Wanted,
    /// They have to.
    Required,
}

/// What a server is told.
#[derive(Debug, Default)]
pub struct ServerSettings {
    /// Who it is. Without one it can speak with nobody.
    pub identity: Option<Identity>,
    /// Protocols to speak inside, the preferred first (ALPN).
    pub protocols: Vec<Vec<u8>>,
    /// Whose word counts for clients, in place of the usual ones, as PEM.
    pub authorities_pem: Option<Vec<u8>>,
    /// Whether clients have to say who they are.
    pub client_proof: ClientProof,
    /// The versions it speaks.
    pub versions: Versions,
}

/// Speaks TLS with clients, as its settings say. Clones are the same.
#[derive(Clone)]
pub struct TlsServer {
    pub(super) config: Arc<ServerConfig>,
}

impl TlsServer {
    /// Makes one. What is wrong with the settings is an error with a code of Node.
    pub fn new(trust: &Trust, settings: &ServerSettings) -> Result<Self, Failure> {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(settings.versions.list())
            .map_err(|error| settings_failure("ERR_TLS_INVALID_PROTOCOL_VERSION", &error))?;
        let builder = match settings.client_proof {
            ClientProof::None => builder.with_no_client_auth(),
            proof => {
                let roots = match &settings.authorities_pem {
                    Some(pem) => {
                        let mut roots = RootCertStore::empty();
                        roots.add_parsable_certificates(certificates(pem)?);
                        Arc::new(roots)
                    }
                    None => trust.roots().store.clone(),
                };
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
                let verifier = match proof {
                    ClientProof::Wanted => verifier.allow_unauthenticated(),
                    _ => verifier,
                };
                let verifier = verifier
                    .build()
                    .map_err(|error| settings_failure("ERR_TLS_INVALID_CONTEXT", &error))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let Some(identity) = &settings.identity else {
            let text = "a server needs a certificate and its key: give `cert` and `key`";
            return Err(settings_failure("ERR_SSL_NO_SHARED_CIPHER", &text));
        };
        let chain = certificates(&identity.certificates_pem)?;
        let key = PrivateKeyDer::from_pem_slice(&identity.key_pem)
            .map_err(|error| settings_failure("ERR_OSSL_PEM_NO_START_LINE", &error))?;
        // As `with_single_cert`, but a certificate of version 1 is served too: whether it proves
        // anything is the client's question.
        let failed =
            |error: rustls::Error| settings_failure("ERR_OSSL_X509_KEY_VALUES_MISMATCH", &error);
        let key = ring::default_provider().key_provider.load_private_key(key).map_err(failed)?;
        let certified = CertifiedKey::new(chain, key);
        match certified.keys_match() {
            Ok(()) | Err(rustls::Error::InvalidCertificate(CertificateError::Other(_))) => {}
            Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {}
            Err(error) => return Err(failed(error)),
        }
        let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        config.alpn_protocols.clone_from(&settings.protocols);
        Ok(Self { config: Arc::new(config) })
    }
}

impl fmt::Debug for TlsServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsServer").finish_non_exhaustive()
    }
}
