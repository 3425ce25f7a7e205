//! TLS with servers that prove who they are, and with those that don't.
//!
//! What Node 26 says of the same certificates is what is expected here.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use holm_host::network::{
    Endpoint, Failure, Network, Route, TlsClient, TlsSettings, Trust, Verification, stream_failure,
};
use holm_host::{Grant, Permissions};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::AsyncReadExt;
use tokio::runtime::Builder;

const UNVERIFIED: &str = "UNABLE_TO_VERIFY_LEAF_SIGNATURE: unable to verify the first certificate; \
    is its issuer's in the file that NODE_EXTRA_CA_CERTS names?";

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/certificates").join(name)
}

/// Shows these certificates to whoever connects, and says "hello" to who believes them.
fn serve(chain: &[&str]) -> SocketAddr {
    let certificates: Vec<CertificateDer<'static>> = chain
        .iter()
        .map(|name| CertificateDer::from_pem_file(file(name)).expect("a certificate"))
        .collect();
    let key = PrivateKeyDer::from_pem_file(file("server.key")).expect("a key");
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .expect("a key that fits");
    config.alpn_protocols = vec![b"h2".to_vec()];
    let config = Arc::new(config);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut connection = rustls::ServerConnection::new(config.clone()).expect("made");
            let mut tls = rustls::Stream::new(&mut connection, &mut stream);
            // A client that does not believe us is no failure of the server.
            drop(tls.write_all(b"hello").and_then(|()| tls.flush()));
        }
    });
    address
}

/// What a client that trusts the authority says: `hello`, or the code and the message.
fn outcome(server: SocketAddr, host: &str, settings: &TlsSettings) -> String {
    let trust = Trust::default();
    trust.set_files(vec![file("authority.pem")]);
    outcome_with(&trust, server, host, settings)
}

fn outcome_with(trust: &Trust, server: SocketAddr, host: &str, settings: &TlsSettings) -> String {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let permissions = Permissions { net: Grant::All, ..Permissions::default() };
    let endpoint = Endpoint::new("127.0.0.1", server.port());
    let network = Network::default();
    let said = runtime.block_on(async {
        let stream = network.connect(&permissions, &endpoint, &Route::default()).await?;
        let (mut stream, noted) = TlsClient::new(trust, settings)?.handshake(stream, host).await?;
        let mut text = [0; 5];
        stream.read_exact(&mut text).await.map_err(|error| stream_failure(&error, "read"))?;
        let text = String::from_utf8_lossy(&text);
        let protocol = stream.get_ref().1.alpn_protocol().map(String::from_utf8_lossy);
        let noted = noted.map(|noted| format!(" although {}", noted.code)).unwrap_or_default();
        Ok(format!("{text} {}{noted}", protocol.unwrap_or_default()))
    });
    said.unwrap_or_else(|failure: Failure| {
        format!("{}: {failure}", failure.code().unwrap_or_default())
    })
}

#[test]
fn a_server_is_believed_or_not() {
    let settings = TlsSettings { protocols: vec![b"h2".to_vec()], ..TlsSettings::default() };
    let check = |chain: &[&str], host: &str, expected: &str| {
        assert_eq!(outcome(serve(chain), host, &settings), expected, "{chain:?}");
    };
    check(&["good.pem"], "localhost", "hello h2");
    check(&["good.pem"], "127.0.0.1", "hello h2");
    check(&["expired.pem"], "localhost", "CERT_HAS_EXPIRED: certificate has expired");
    check(&["early.pem"], "localhost", "CERT_NOT_YET_VALID: certificate is not yet valid");
    check(
        &["self_signed.pem"],
        "localhost",
        "DEPTH_ZERO_SELF_SIGNED_CERT: self-signed certificate; is it in the file that \
         NODE_EXTRA_CA_CERTS names?",
    );
    check(&["unknown.pem"], "localhost", UNVERIFIED);
    check(
        &["unknown.pem", "stranger.pem"],
        "localhost",
        "SELF_SIGNED_CERT_IN_CHAIN: self-signed certificate in certificate chain",
    );
    check(&["unknown.pem", "good.pem"], "localhost", UNVERIFIED);
    check(
        &["wrong_name.pem"],
        "localhost",
        "ERR_TLS_CERT_ALTNAME_INVALID: Hostname/IP does not match certificate's altnames: Host: \
         localhost. is not in the cert's altnames: DNS:other.test",
    );
    check(
        &["good.pem"],
        "127.0.0.2",
        "ERR_TLS_CERT_ALTNAME_INVALID: Hostname/IP does not match certificate's altnames: IP: \
         127.0.0.2 is not in the cert's list: 127.0.0.1",
    );
}

#[test]
fn what_is_wrong_may_be_noted_only() {
    let settings = TlsSettings { verification: Verification::Noted, ..TlsSettings::default() };
    let check = |chain: &[&str], expected: &str| {
        assert_eq!(outcome(serve(chain), "localhost", &settings), expected, "{chain:?}");
    };
    check(&["good.pem"], "hello ");
    check(&["self_signed.pem"], "hello  although DEPTH_ZERO_SELF_SIGNED_CERT");
    check(&["wrong_name.pem"], "hello  although ERR_TLS_CERT_ALTNAME_INVALID");
}

#[test]
fn own_authorities_take_the_place_of_the_usual() {
    let of = |name: &str| TlsSettings {
        authorities_pem: Some(std::fs::read(file(name)).expect("read")),
        ..TlsSettings::default()
    };
    let check = |chain: &[&str], trusted: &str, expected: &str| {
        assert_eq!(outcome(serve(chain), "localhost", &of(trusted)), expected, "{chain:?}");
    };
    check(&["unknown.pem"], "stranger.pem", "hello ");
    // A server's own certificate may be trusted by itself, though it is an authority's too.
    check(&["self_signed.pem"], "self_signed.pem", "hello ");
    check(&["good.pem"], "stranger.pem", UNVERIFIED);
}

#[test]
fn a_file_that_cannot_be_read_is_named_where_it_matters() {
    let trust = Trust::default();
    trust.set_files(vec![PathBuf::from("/nowhere/x.pem")]);
    let said = outcome_with(&trust, serve(&["good.pem"]), "localhost", &TlsSettings::default());
    assert_eq!(
        said,
        format!(
            "{UNVERIFIED} (/nowhere/x.pem cannot be read: No such file or directory (os error 2))"
        )
    );
}

#[test]
fn settings_that_are_no_good_are_errors() {
    let server = serve(&["good.pem"]);
    let settings =
        TlsSettings { authorities_pem: Some(b"nothing".to_vec()), ..TlsSettings::default() };
    assert_eq!(
        outcome(server, "localhost", &settings),
        "ERR_OSSL_PEM_NO_START_LINE: there is no certificate in the PEM text"
    );
}

#[test]
fn a_server_that_speaks_no_tls_is_told_apart() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    thread::spawn(move || {
        for (index, stream) in listener.incoming().enumerate() {
            let mut stream = stream.expect("a connection");
            // What is not read would make a reset of the end.
            let mut hello = [0; 4096];
            assert!(stream.read(&mut hello).is_ok_and(|len| len > 0));
            if index == 0 {
                stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").expect("written");
            }
        }
    });
    let settings = TlsSettings::default();
    assert_eq!(
        outcome(address, "localhost", &settings),
        "ERR_SSL_WRONG_VERSION_NUMBER: the server does not speak TLS: wrong version number"
    );
    assert_eq!(
        outcome(address, "localhost", &settings),
        "ECONNRESET: Client network socket disconnected before secure TLS connection was established"
    );
}

#[test]
fn nothing_is_resolved_that_is_not_permitted() {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let network = Network::default();
    let permissions =
        Permissions { net: Grant::Only(vec!["a.test:80".to_owned()]), ..Permissions::default() };
    let endpoint = Endpoint::new("nowhere.invalid", 80);
    let connected = runtime.block_on(network.connect(&permissions, &endpoint, &Route::default()));
    assert_eq!(connected.expect_err("refused").code(), Some("ERR_ACCESS_DENIED"));
}
