//! Answers: what is in them, and what is none.

use std::io::Write;
use std::thread;
use std::time::Duration;

use crate::{Server, builder, check, check_answer, check_failure, run};

#[test]
fn bodies_end_as_http_says() {
    check_answer(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello, more", "200 OK \"hello\"");
    check_answer(b"HTTP/1.1 200 OK\r\n\r\nto the end", "200 OK \"to the end\"");
    check_answer(b"HTTP/1.0 404 Not There\r\n\r\n", "404 Not There \"\"");
    check_answer(b"HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n", "200  \"\"");
    check_answer(
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nt: 1\r\n\r\n",
        "200 OK \"abcde\"",
    );
    check_answer(b"HTTP/1.1 204 No Content\r\ncontent-length: 3\r\n\r\nabc", "204 No Content \"\"");
    check_answer(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nlink: x\r\n\r\nHTTP/1.1 201 Made\r\ncontent-length: 1\r\n\r\nx",
        "201 Made \"x\"",
    );
    // What stands for a status beyond ASCII is dropped by `httparse`.
    check_answer(b"HTTP/1.1 299 \xe4\xb8\r\ncontent-length: 0\r\n\r\n", "299  \"\"");
}

#[test]
fn head_and_empty_statuses_have_no_body() {
    let server =
        Server::fixed(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-encoding: gzip\r\n\r\n");
    check(&server, "show(fetch('URL', { method: 'HEAD' }))", "200 OK \"\"");
    let server = Server::fixed(b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n");
    check(
        &server,
        "fetch('URL').then(async (r) => { await r.text(); console.log(r.bodyUsed, await r.text() === '') })",
        "false true",
    );
}

#[test]
fn answers_that_are_none_are_refused() {
    let early = "the server closed the connection before the response was complete UND_ERR_SOCKET";
    check_failure(b"", early);
    check_failure(b"HTTP/1.1 200 OK\r\ncontent-le", early);
    let code = " ERR_INVALID_HTTP_RESPONSE";
    let check_garbage = |answer: &'static [u8]| {
        let printed =
            run(builder(), Server::fixed(answer).port, "show(fetch('URL/'))").expect("runs");
        assert!(
            printed.starts_with("TypeError: fetch failed: http://127.0.0.1:")
                && printed.trim_end().ends_with(code),
            "{printed} for {:?}",
            String::from_utf8_lossy(answer),
        );
    };
    check_garbage(b"SSH-2.0-OpenSSH_9.6\r\n");
    check_garbage(b"<html>\r\n\r\n");
    check_garbage(b"\0\xff\0\xff\r\n\r\n");
    check_garbage(b"HTTP/9.9 200 OK\r\n\r\n");
    check_garbage(b"HTTP/1.1 20 OK\r\n\r\n");
    check_garbage(b"HTTP/1.1 2000 OK\r\n\r\n");
    check_garbage(b"HTTP/1.1 200 OK\r\na b: c\r\n\r\n");
    check_garbage(b"HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n");
    check_garbage(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab");
    check_garbage(b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n");
    check_garbage(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n");
    let answered = run(
        builder(),
        Server::fixed(b"HTTP/1.1 101 Up\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n").port,
        "show(fetch('URL/'))",
    );
    assert!(answered.expect("runs").starts_with("TypeError: fetch failed"));
    check_failure(
        b"HTTP/1.1 200 OK\r\ncontent-encoding: br\r\ncontent-length: 3\r\n\r\nabc",
        "its body is encoded (br), which is not supported yet undefined",
    );
}

/// A server that answers with these bytes, coded so.
fn coded(coding: &'static str, body: &'static [u8]) -> Server {
    Server::new(move |_, stream| {
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-encoding: {coding}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)
    })
}

#[test]
fn compressed_bodies_are_decompressed() {
    let cases: [(&str, &[u8]); 6] = [
        (
            "gzip",
            b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x27\x01\xe3\x51\x3d\x8d\x17\x00\x00\x00",
        ),
        (
            "x-gzip",
            b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x27\x01\xe3\x51\x3d\x8d\x17\x00\x00\x00\x6a\x75\x6e\x6b",
        ),
        (
            "deflate",
            b"\x78\x9c\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x27\x01\x68\x03\x08\xb1",
        ),
        (
            "deflate",
            b"\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x27\x01",
        ),
        (
            "deflate, gzip",
            b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\x98\x73\xda\xe3\xec\xc9\x93\xe1\x27\x1c\xd4\x19\x33\x98\x39\x36\x02\x00\x96\x5f\x3e\xa1\x10\x00\x00\x00",
        ),
        (
            "identity",
            b"\x68\x65\x6c\x6c\x6f\x20\x68\x65\x6c\x6c\x6f\x20\x68\x65\x6c\x6c\x6f\x20\x68\x65\x6c\x6c\x6f",
        ),
    ];
    for (coding, body) in cases {
        let server = coded(coding, body);
        check(&server, "show(fetch('URL'))", "200 OK \"hello hello hello hello\"");
    }
}

#[test]
fn what_is_compressed_badly_is_an_error() {
    let script = "fetch('URL').then((r) => r.text()).catch((error) => \
                  console.log(error.message.replace(/.*: /, ''), error.cause.code))";
    let gzip: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x27\x01\xe3\x51\x3d\x8d\x17";
    for (coding, body, said) in [
        ("gzip", gzip, "the compressed body is cut off Z_BUF_ERROR"),
        ("gzip", &b"abc"[..], "incorrect header check Z_DATA_ERROR"),
        ("deflate", &b"\x78\x9c\xff\xff"[..], "invalid compressed data Z_DATA_ERROR"),
    ] {
        check(&coded(coding, body), script, said);
    }
}

#[test]
fn endless_heads_are_refused() {
    let overflow = "TypeError: fetch failed: http://127.0.0.1:PORT/: the head of the response is longer than \
                    65536 bytes or 1000 headers UND_ERR_HEADERS_OVERFLOW";
    let endless = |line: &'static [u8]| {
        Server::new(move |_, stream| {
            stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
            loop {
                stream.write_all(line)?;
            }
        })
    };
    check(&endless(b"x: y\r\n"), "show(fetch('URL/'))", overflow);
    check(&endless(b"xxxxxxxxxxxxxxxx"), "show(fetch('URL/'))", overflow);
    let long = Server::new(|_, stream| {
        write!(stream, "HTTP/1.1 200 OK\r\nx: {}\r\ncontent-length: 0\r\n\r\n", "y".repeat(60_000))
    });
    check(&long, "fetch('URL/').then((r) => console.log(r.headers.get('x').length))", "60000");
}

#[test]
fn broken_bodies_reject() {
    let check_broken = |answer: &'static [u8], why: &str| {
        let server = Server::fixed(answer);
        let script = "show(fetch('URL/').then((r) => { console.log(r.status); return r }))";
        check(
            &server,
            script,
            &format!("200\nTypeError: terminated: http://127.0.0.1:PORT/: {why}"),
        );
    };
    let early = "the server closed the connection before the response was complete UND_ERR_SOCKET";
    check_broken(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", early);
    check_broken(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab", early);
    check_broken(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n", early);
    check_broken(
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        "the server's answer is not valid HTTP: Invalid chunk size line: missing size digit ERR_INVALID_HTTP_RESPONSE",
    );
    check_broken(
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        "the server's answer is not valid HTTP: invalid chunk size: overflow ERR_INVALID_HTTP_RESPONSE",
    );
}

#[test]
fn slow_bodies_arrive_whole() {
    let server = Server::new(|_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")?;
        for part in 0..5 {
            thread::sleep(Duration::from_millis(20));
            write!(stream, "1\r\n{part}\r\n")?;
        }
        stream.write_all(b"0\r\n\r\n")
    });
    check(&server, "show(fetch('URL/'))", "200 OK \"01234\"");
    // Two readers of one body, and a timer between.
    check(
        &server,
        "fetch('URL/').then(async (r) => {
            const copy = r.clone();
            const first = r.text();
            await new Promise((resolve) => setTimeout(resolve, 50));
            console.log(await copy.text(), await first, copy.bodyUsed);
        })",
        "01234 01234 true",
    );
    // Many at once.
    check(
        &server,
        "Promise.all(Array.from({ length: 20 }, () => fetch('URL/').then((r) => r.text())))
            .then((all) => console.log(new Set(all).size, all.length))",
        "1 20",
    );
}

#[test]
fn large_bodies_go_both_ways() {
    let server = Server::new(|request, stream| {
        let body = request.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    });
    check(
        &server,
        "fetch('URL/', { method: 'PUT', body: 'x'.repeat(8 << 20) }).then((r) => r.bytes())
            .then((b) => console.log(b.length === 8 << 20 && b.every((byte) => byte === 120)))",
        "true",
    );
}

#[test]
fn endless_bodies_end_at_the_limit() {
    let server = Server::new(|_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
        loop {
            stream.write_all(&[b'x'; 1 << 16])?;
        }
    });
    let small = builder().memory_limit_bytes(8 << 20);
    let printed = run(small, server.port, "show(fetch('URL/'))").expect("runs");
    assert_eq!(printed, "RangeError: the body is longer than 8388608 bytes undefined\n");
}
