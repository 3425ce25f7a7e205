//! Judging a server's certificate: webpki's rules, Node's codes.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::certificate::Certificate;
use super::trust::Trust;
use crate::network::failure::TlsFailure;

/// The reason why a server is not believed, as it passes through rustls.
#[derive(Debug)]
pub(super) struct Rejected(pub(super) TlsFailure);

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Rejected {}

/// Refuses servers that cannot prove who they are.
#[derive(Debug)]
pub(super) struct Verifier {
    roots: Arc<RootCertStore>,
    /// Certificates that were given as trusted. A server may show one of them as its own, which
    /// OpenSSL takes and webpki does not.
    given: Arc<[CertificateDer<'static>]>,
    /// What is wrong with the files of certificates.
    complaint: String,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    /// One that trusts what the isolate does.
    pub(super) fn of_trust(trust: &Trust, provider: &CryptoProvider) -> Self {
        let roots = trust.roots();
        Self {
            roots: roots.store.clone(),
            given: roots.given.clone(),
            complaint: roots.complaint.clone(),
            algorithms: provider.signature_verification_algorithms,
        }
    }

    /// One that trusts these certificates only.
    pub(super) fn of_own(given: Vec<CertificateDer<'static>>, provider: &CryptoProvider) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(given.iter().cloned());
        Self {
            roots: Arc::new(roots),
            given: given.into(),
            complaint: String::new(),
            algorithms: provider.signature_verification_algorithms,
        }
    }

    fn judge(
        &self,
        own: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), TlsFailure> {
        let read = Certificate::parse(own).ok_or_else(malformed)?;
        let parsed =
            ParsedCertificate::try_from(own).map_err(|error| self.reason(&error, &read, chain))?;
        if self.given.iter().any(|given| given == own) {
            check_time(&read, now)?;
        } else if read.is_self_issued() {
            let text = "self-signed certificate; is it in the file that NODE_EXTRA_CA_CERTS names?";
            return Err(TlsFailure::new("DEPTH_ZERO_SELF_SIGNED_CERT", text));
        } else {
            let algorithms = self.algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&parsed, &self.roots, chain, now, algorithms)
                .map_err(|error| self.reason(&error, &read, chain))?;
        }
        verify_server_name(&parsed, name).map_err(|error| self.reason(&error, &read, chain))
    }

    /// What OpenSSL would have said.
    fn reason(
        &self,
        error: &rustls::Error,
        own: &Certificate<'_>,
        chain: &[CertificateDer<'_>],
    ) -> TlsFailure {
        let rustls::Error::InvalidCertificate(error) = error else {
            return TlsFailure::new("CERT_REJECTED", error.to_string());
        };
        match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => expired(),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                not_yet_valid()
            }
            CertificateError::UnknownIssuer => self.unknown_issuer(own, chain),
            CertificateError::NotValidForName => {
                let text = "Hostname/IP does not match certificate's altnames";
                TlsFailure::new("ERR_TLS_CERT_ALTNAME_INVALID", text)
            }
            CertificateError::NotValidForNameContext { expected, presented } => {
                wrong_name(expected, presented)
            }
            CertificateError::BadSignature => {
                TlsFailure::new("CERT_SIGNATURE_FAILURE", "certificate signature failure")
            }
            CertificateError::Revoked => TlsFailure::new("CERT_REVOKED", "certificate revoked"),
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                TlsFailure::new("INVALID_PURPOSE", "unsuitable certificate purpose")
            }
            CertificateError::BadEncoding => malformed(),
            other => TlsFailure::new("CERT_REJECTED", other.to_string()),
        }
    }

    fn unknown_issuer(&self, own: &Certificate<'_>, chain: &[CertificateDer<'_>]) -> TlsFailure {
        // How far the chain goes that the server showed, each certificate used once.
        let mut others: Vec<_> = chain.iter().filter_map(|der| Certificate::parse(der)).collect();
        let (mut is_long, mut is_closed, mut issuer) = (false, false, own.issuer);
        while let Some(place) = others.iter().position(|other| other.subject == issuer) {
            let next = others.swap_remove(place);
            (is_long, is_closed, issuer) = (true, next.is_self_issued(), next.issuer);
        }
        let (code, words) = match (is_long, is_closed) {
            (false, _) => (
                "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
                "unable to verify the first certificate; is its issuer's in the file that \
                 NODE_EXTRA_CA_CERTS names?",
            ),
            (true, true) => {
                ("SELF_SIGNED_CERT_IN_CHAIN", "self-signed certificate in certificate chain")
            }
            (true, false) => {
                ("UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "unable to get local issuer certificate")
            }
        };
        TlsFailure::new(code, format!("{words}{}", self.complaint))
    }
}

fn check_time(certificate: &Certificate<'_>, now: UnixTime) -> Result<(), TlsFailure> {
    match now.as_secs() {
        now if now > certificate.not_after => Err(expired()),
        now if now < certificate.not_before => Err(not_yet_valid()),
        _ => Ok(()),
    }
}

fn expired() -> TlsFailure {
    TlsFailure::new("CERT_HAS_EXPIRED", "certificate has expired")
}

fn not_yet_valid() -> TlsFailure {
    TlsFailure::new("CERT_NOT_YET_VALID", "certificate is not yet valid")
}

fn malformed() -> TlsFailure {
    TlsFailure::new("ERR_SSL_BAD_CERTIFICATE", "the server's certificate cannot be read")
}

/// As Node's `checkServerIdentity` words it.
fn wrong_name(expected: &ServerName<'_>, presented: &[String]) -> TlsFailure {
    // rustls gives names as their Debug shows them: `DnsName("a.test")`, `IpAddress(127.0.0.1)`.
    let of_kind = |before: &str, after: &str, shown: &str| {
        let inside =
            |name: &String| name.strip_prefix(before)?.strip_suffix(after).map(str::to_owned);
        let names = presented.iter().filter_map(inside).map(|name| format!("{shown}{name}"));
        names.collect::<Vec<_>>()
    };
    let name = expected.to_str();
    let detail = match expected {
        ServerName::IpAddress(_) => {
            let addresses = of_kind("IpAddress(", ")", "").join(", ");
            format!("IP: {name} is not in the cert's list: {addresses}")
        }
        _ => {
            let mut names = of_kind("DnsName(\"", "\")", "DNS:");
            names.extend(of_kind("IpAddress(", ")", "IP Address:"));
            format!("Host: {name}. is not in the cert's altnames: {}", names.join(", "))
        }
    };
    let text = format!("Hostname/IP does not match certificate's altnames: {detail}");
    TlsFailure::new("ERR_TLS_CERT_ALTNAME_INVALID", text)
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.judge(own, chain, name, now).map(|()| ServerCertVerified::assertion()).map_err(
            |failure| {
                let error = OtherError(Arc::new(Rejected(failure)));
                rustls::Error::InvalidCertificate(CertificateError::Other(error))
            },
        )
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, own, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, own, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Refuses nobody, and notes what would have been refused. For one connection.
#[derive(Debug)]
pub(super) struct Noting {
    verifier: Arc<Verifier>,
    noted: Mutex<Option<TlsFailure>>,
}

impl Noting {
    pub(super) fn new(verifier: Arc<Verifier>) -> Self {
        Self { verifier, noted: Mutex::default() }
    }

    pub(super) fn take(&self) -> Option<TlsFailure> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl ServerCertVerifier for Noting {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let judged = self.verifier.judge(own, chain, name, now);
        *self.noted.lock().unwrap_or_else(PoisonError::into_inner) = judged.err();
        Ok(ServerCertVerified::assertion())
    }

    /// The server still has to have the key of the certificate that it shows.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls12_signature(message, own, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls13_signature(message, own, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}
