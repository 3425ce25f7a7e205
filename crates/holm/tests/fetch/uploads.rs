//! Streams as bodies of requests.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::thread;
use std::time::Duration;

use crate::{Server, check, redirecting};

/// Sends back what a chunked body held.
fn echo_chunks() -> Server {
    Server::of_connections(|_, mut stream, seen| {
        let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        seen(head);
        let mut body = Vec::new();
        loop {
            let mut size = String::new();
            if reader.read_line(&mut size).unwrap_or(0) == 0 {
                seen("cut off".to_owned());
                return;
            }
            let size = usize::from_str_radix(size.trim(), 16).expect("a size");
            let mut chunk = vec![0; size + 2];
            if reader.read_exact(&mut chunk).is_err() {
                return;
            }
            if size == 0 {
                break;
            }
            body.extend_from_slice(&chunk[..size]);
        }
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body)));
    })
}

#[test]
fn streams_are_sent_as_they_come() {
    let server = echo_chunks();
    check(
        &server,
        "const parts = ['one ', 'two ', 'three'];
         let pulls = 0;
         const body = new ReadableStream({
            async pull(c) {
                await new Promise((done) => setTimeout(done, 2));
                const part = parts[pulls++];
                part ? c.enqueue(new TextEncoder().encode(part)) : c.close();
            },
         });
         show(fetch('URL', { method: 'POST', body, duplex: 'half' }))",
        "200 OK \"one two three\"",
    );
    let head = server.requests().remove(0);
    assert!(head.contains("transfer-encoding: chunked\r\n"), "{head}");
    // Much more than fits any buffer.
    check(
        &server,
        "let left = 300;
         const body = new ReadableStream({ pull(c) { left-- ? c.enqueue(new Uint8Array(65536)) : c.close(); } });
         fetch('URL', { method: 'PUT', body, duplex: 'half' }).then(async (r) => console.log((await r.bytes()).length))",
        "19660800",
    );
}

#[test]
fn a_stream_that_fails_fails_the_request() {
    let server = echo_chunks();
    check(
        &server,
        "const body = new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(1)); c.error(new RangeError('mine')); } });
         show(fetch('URL', { method: 'POST', body, duplex: 'half' }))",
        "TypeError: fetch failed: http://127.0.0.1:PORT/: the stream that is the request's body failed: \
         RangeError: mine undefined",
    );
    check(
        &server,
        "const controller = new AbortController();
         const body = new ReadableStream({
            async pull(c) { c.enqueue(new Uint8Array(1)); await new Promise((done) => setTimeout(done, 20)); controller.abort(); },
            cancel(reason) { console.log('cancelled', reason.name); },
         });
         show(fetch('URL', { method: 'POST', body, duplex: 'half', signal: controller.signal }))",
        "cancelled AbortError\nAbortError: This operation was aborted undefined",
    );
    // The server is never told that a body was whole which was not.
    thread::sleep(Duration::from_millis(50));
    let requests = server.requests();
    let ends = requests.iter().filter(|seen| *seen == "cut off").count();
    assert!(ends > 0 && ends * 2 == requests.len(), "{requests:?}");
}

#[test]
fn a_stream_is_not_sent_twice() {
    let server = redirecting();
    let check_status = |status: u16, expected: &str| {
        check(
            &server,
            &format!(
                "const body = new ReadableStream({{ start(c) {{ c.close() }} }});
                 show(fetch('URL/{status}//end', {{ method: 'POST', body, duplex: 'half' }}))"
            ),
            expected,
        );
    };
    check_status(303, "200 OK \"end\"");
    check_status(
        307,
        "TypeError: fetch failed: http://127.0.0.1:PORT/307//end: it redirects, and the stream that was \
         the request's body cannot be sent again undefined",
    );
}
