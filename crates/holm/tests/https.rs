//! `fetch` over TLS: HTTP/1.1 and HTTP/2, and servers that nobody should believe.

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use holm::{Config, Engine, Grant, Isolate, Output, Permissions, Stream};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Those of the tests of the network's room, where `make.sh` makes them.
fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../host/tests/certificates").join(name)
}

struct Server {
    port: u16,
    connections: Arc<AtomicUsize>,
}

impl Server {
    /// Shows a certificate, and serves whoever believes it.
    fn new<F: Future<Output = ()> + Send + 'static>(
        certificate: &str,
        protocol: &str,
        serve: impl Fn(TlsStream<TcpStream>) -> F + Send + 'static,
    ) -> Self {
        let chain = vec![CertificateDer::from_pem_file(file(certificate)).expect("a certificate")];
        let key = PrivateKeyDer::from_pem_file(file("server.key")).expect("a key");
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a key that fits");
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        listener.set_nonblocking(true).expect("set");
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = connections.clone();
        thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("made");
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                loop {
                    let (stream, _) = listener.accept().await.expect("a connection");
                    counted.fetch_add(1, Ordering::Relaxed);
                    if let Ok(stream) = acceptor.accept(stream).await {
                        tokio::spawn(serve(stream));
                    }
                }
            });
        });
        Self { port, connections }
    }

    /// One that speaks HTTP/1.1.
    fn http1(certificate: &str) -> Self {
        Self::new(certificate, "http/1.1", |mut stream| async move {
            let mut seen = Vec::new();
            while stream.read_buf(&mut seen).await.is_ok_and(|len| len > 0) {
                if seen.ends_with(b"\r\n\r\n") {
                    seen.clear();
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
                    if stream.write_all(answer).await.is_err() {
                        return;
                    }
                }
            }
        })
    }

    /// One that speaks HTTP/2, and answers as the path says.
    fn http2() -> Self {
        Self::new("good.pem", "h2", |stream| async move {
            let Ok(mut connection) = h2::server::handshake(stream).await else { return };
            while let Some(Ok((request, respond))) = connection.accept().await {
                if request.uri().path() == "/goodbye" {
                    connection.graceful_shutdown();
                }
                let (head, body) = request.into_parts();
                tokio::spawn(async move {
                    let host = head.uri.authority().map(ToString::to_string).unwrap_or_default();
                    let path = head.uri.path().to_owned();
                    drop(answer(&path, &host, head.method.as_str(), body, respond).await);
                });
            }
        })
    }
}

async fn answer(
    path: &str,
    host: &str,
    method: &str,
    mut body: RecvStream,
    mut respond: SendResponse<Bytes>,
) -> Result<(), h2::Error> {
    let mut response = tokio_tungstenite::tungstenite::http::Response::new(());
    let headers = response.headers_mut();
    headers.insert("x-host", host.parse().expect("a value"));
    let mut given = Vec::new();
    while let Some(chunk) = body.data().await {
        let chunk = chunk?;
        drop(body.flow_control().release_capacity(chunk.len()));
        given.extend_from_slice(&chunk);
    }
    let sent = match path {
        "/large" => vec![b'x'; 5 << 20],
        "/reset" => {
            let mut stream = respond.send_response(response, false)?;
            stream.send_data(Bytes::from_static(b"part"), false)?;
            tokio::time::sleep(Duration::from_millis(20)).await;
            stream.send_reset(h2::Reason::INTERNAL_ERROR);
            return Ok(());
        }
        "/refuse" => {
            respond.send_reset(h2::Reason::REFUSED_STREAM);
            return Ok(());
        }
        "/large-head" => {
            let value = "x".repeat(100_000);
            response.headers_mut().insert("x-long", value.parse().expect("a value"));
            Vec::new()
        }
        _ => [method.as_bytes(), b" ", path.as_bytes(), b" ", &given].concat(),
    };
    let mut stream = respond.send_response(response, false)?;
    let mut rest = Bytes::from(sent);
    while !rest.is_empty() {
        stream.reserve_capacity(rest.len());
        let Some(room) = std::future::poll_fn(|cx| stream.poll_capacity(cx)).await else {
            return Ok(());
        };
        let part = rest.split_to(room?.min(rest.len()));
        stream.send_data(part, false)?;
    }
    stream.send_data(Bytes::new(), true)
}

/// Keeps what is printed.
#[derive(Clone, Default)]
struct Kept(Rc<RefCell<Vec<u8>>>);

impl Output for Kept {
    fn write(&self, _stream: Stream, bytes: &[u8]) -> io::Result<()> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(())
    }
}

/// What a script prints that trusts the authority; `URL` in it is the server's.
#[track_caller]
fn check(server: &Server, script: &str, expected: &str) {
    let permissions = Permissions { net: Grant::All, ..Permissions::default() };
    let engine = Engine::new(Config::default()).expect("an engine");
    let output = Kept::default();
    let mut isolate = Isolate::builder(&engine)
        .permissions(permissions)
        .trust_certificates(vec![file("authority.pem")])
        .time_limit(Duration::from_secs(60))
        .output(output.clone())
        .build()
        .expect("an isolate");
    let url = format!("https://localhost:{}", server.port);
    let script = format!(
        "const show = (promise) => promise.then(async (r) => console.log(r.status, JSON.stringify(r.statusText), await r.text()))
            .catch((e) => console.log(`${{e.name}}: ${{e.message}}`, e.cause?.code));
         {script}"
    );
    isolate.enter(|scope| scope.eval::<()>(&script.replace("URL", &url))).expect("evaluated");
    isolate.run_until_idle().expect("the script runs");
    let text =
        String::from_utf8_lossy(&output.0.borrow()).replace(&server.port.to_string(), "PORT");
    assert_eq!(text.trim_end(), expected, "{script}");
}

#[test]
fn servers_prove_who_they_are() {
    let check = |certificate: &str, expected: &str| {
        check(&Server::http1(certificate), "show(fetch('URL/'))", expected);
    };
    check("good.pem", "200 \"OK\" hi");
    for (certificate, why) in [
        ("expired.pem", "certificate has expired CERT_HAS_EXPIRED"),
        (
            "self_signed.pem",
            "self-signed certificate; is it in the file that NODE_EXTRA_CA_CERTS names? \
             DEPTH_ZERO_SELF_SIGNED_CERT",
        ),
        (
            "wrong_name.pem",
            "Hostname/IP does not match certificate's altnames: Host: localhost. is not in the \
             cert's altnames: DNS:other.test ERR_TLS_CERT_ALTNAME_INVALID",
        ),
    ] {
        check(certificate, &format!("TypeError: fetch failed: https://localhost:PORT/: {why}"));
    }
}

#[test]
fn all_requests_share_one_connection_of_http2() {
    let server = Server::http2();
    check(
        &server,
        "(async () => {
            const all = await Promise.all(Array.from({ length: 50 }, (_, i) => fetch(`URL/${i}`).then((r) => r.text())));
            console.log(all.filter((text, i) => text === `GET /${i} `).length);
            const r = await fetch('URL/x?y#z', { method: 'POST', body: 'given' });
            console.log(r.headers.get('x-host'), JSON.stringify(r.statusText), await r.text());
            const body = new ReadableStream({ start(c) { c.enqueue(new Uint8Array([65, 66])); c.close() } });
            await show(fetch('URL/stream', { method: 'PUT', body, duplex: 'half' }));
         })()",
        "50\nlocalhost:PORT \"\" POST /x given\n200 \"\" PUT /stream AB",
    );
    assert_eq!(server.connections.load(Ordering::Relaxed), 1);
}

#[test]
fn a_body_that_nobody_reads_holds_up_no_other() {
    check(
        &Server::http2(),
        "(async () => {
            const unread = await fetch('URL/large');
            await show(fetch('URL/other'));
            console.log((await unread.bytes()).length);
            const reader = (await fetch('URL/large')).body.getReader();
            await reader.read();
            await reader.cancel();
            await show(fetch('URL/other'));
         })()",
        "200 \"\" GET /other \n5242880\n200 \"\" GET /other",
    );
}

#[test]
fn what_breaks_a_stream_breaks_no_other() {
    check(
        &Server::http2(),
        "(async () => {
            const response = await fetch('URL/reset');
            await response.text().catch((e) => console.log(e.message));
            await show(fetch('URL/refuse', { method: 'POST' }));
            await show(fetch('URL/large-head'));
            await show(fetch('URL/goodbye'));
            await show(fetch('URL/again'));
         })()",
        "terminated: https://localhost:PORT/reset: the server's answer is not valid HTTP: stream error \
         received: unexpected internal error encountered\n\
         TypeError: fetch failed: https://localhost:PORT/refuse: the server's answer is not valid \
         HTTP: stream error received: refused stream before processing any application logic \
         ERR_INVALID_HTTP_RESPONSE\n\
         TypeError: fetch failed: https://localhost:PORT/large-head: the server's answer is not \
         valid HTTP: stream error detected: unspecific protocol error detected \
         ERR_INVALID_HTTP_RESPONSE\n\
         200 \"\" GET /goodbye \n200 \"\" GET /again",
    );
}
