//! `fetch` from servers: well-behaved, slow, and hostile ones.

use std::cell::RefCell;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use holm::{Config, Engine, Error, Grant, Isolate, IsolateBuilder, Output, Permissions, Stream};

/// What every script has: `show` prints a response, or why there is none.
const PRELUDE: &str = "
    const show = (promise) => promise.then(
        async (r) => console.log(r.status, r.statusText, JSON.stringify(await r.text())),
    ).catch((e) => console.log(`${e.name}: ${e.message}`, e.cause?.code));
";

/// A server on this machine that answers each request with what `answer` writes.
struct Server {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn new(
        answer: impl Fn(&str, &mut TcpStream) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self::of_connections(move |_, mut stream, seen| {
            let request = read_request(&stream).unwrap_or_default();
            seen(request.clone());
            // A client that is gone is no failure of the server.
            drop(answer(&request, &mut stream));
        })
    }

    /// One that serves each connection, which is told by its number, and where to note what came.
    fn of_connections(
        serve: impl Fn(usize, TcpStream, &dyn Fn(String)) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, serve) = (requests.clone(), Arc::new(serve));
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let Ok(stream) = stream else { return };
                let (seen, serve) = (seen.clone(), serve.clone());
                thread::spawn(move || {
                    serve(number, stream, &|text| seen.lock().expect("no panic").push(text));
                });
            }
        });
        Self { port, requests }
    }

    /// One that always answers the same.
    fn fixed(answer: &'static [u8]) -> Self {
        Self::new(move |_, stream| stream.write_all(answer))
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no panic").clone()
    }
}

/// The head of a request, and a body where its length is told.
fn read_request(stream: &TcpStream) -> io::Result<String> {
    let mut reader = BufReader::new(stream);
    let (mut text, mut length) = (String::new(), 0);
    while !text.ends_with("\r\n\r\n") {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(text);
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        text.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(text + &String::from_utf8_lossy(&body))
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

fn builder() -> IsolateBuilder {
    let permissions = Permissions { net: Grant::All, ..Permissions::default() };
    let engine = Engine::new(Config::default()).expect("an engine");
    // Whatever a server does, a test ends.
    Isolate::builder(&engine).permissions(permissions).time_limit(Duration::from_secs(60))
}

/// What the script prints; `URL` in it is the server's.
fn run(builder: IsolateBuilder, port: u16, script: &str) -> Result<String, Error> {
    let output = Kept::default();
    let mut isolate = builder.output(output.clone()).build()?;
    let script = format!("{PRELUDE}{script}").replace("URL", &format!("http://127.0.0.1:{port}"));
    isolate.enter(|scope| scope.eval::<()>(&script))?;
    isolate.run_until_idle()?;
    let text = String::from_utf8_lossy(&output.0.borrow()).into_owned();
    Ok(text.replace(&port.to_string(), "PORT"))
}

#[track_caller]
fn check(server: &Server, script: &str, expected: &str) {
    let printed = run(builder(), server.port, script).expect("the script runs");
    assert_eq!(printed.trim_end(), expected, "{script}");
}

/// What `show(fetch(URL))` prints for an answer of these bytes.
#[track_caller]
fn check_answer(answer: &'static [u8], expected: &str) {
    check(&Server::fixed(answer), "show(fetch('URL/'))", expected);
}

/// The same for one that is no good: the words after the URL, and the cause's code.
#[track_caller]
fn check_failure(answer: &'static [u8], expected: &str) {
    check_answer(answer, &format!("TypeError: fetch failed: http://127.0.0.1:PORT/: {expected}"));
}

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
fn headers_come_through() {
    let server = Server::fixed(
        b"HTTP/1.1 200 OK\r\nX-B: 1\r\nContent-Type: application/wasm\r\nset-cookie: a=1, 2\r\n\
          x-b:   2\t\r\nset-cookie: b\r\nx-latin: \xe9\r\ncontent-length: 0\r\n\r\n",
    );
    check(
        &server,
        "fetch('URL/p?q#f').then((r) => {
            console.log(r.url, r.type, r.redirected, r.ok);
            console.log(JSON.stringify([...r.headers]), r.headers.getSetCookie().length);
            try { r.headers.append('a', 'b') } catch (e) { console.log(e.name) }
        })",
        "http://127.0.0.1:PORT/p?q basic false true\n\
         [[\"content-length\",\"0\"],[\"content-type\",\"application/wasm\"],[\"set-cookie\",\"a=1, 2\"],\
         [\"set-cookie\",\"b\"],[\"x-b\",\"1, 2\"],[\"x-latin\",\"\u{e9}\"]] 2\nTypeError",
    );
}

#[test]
fn the_server_gets_what_was_said() {
    let server = Server::fixed(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    check(
        &server,
        "show(fetch('URL/a b?c=d#e', { headers: { 'X-A': '1', Accept: 'a/b' } }))",
        "200 OK \"\"",
    );
    check(&server, "show(fetch('URL', { method: 'post', body: '\u{e9}' }))", "200 OK \"\"");
    check(
        &server,
        "show(fetch('URL', { method: 'PATCH', body: new Uint8Array([104, 105]).subarray(1), \
         headers: [['content-length', '1'], ['x', 'a'], ['x', 'b']] }))",
        "200 OK \"\"",
    );
    let requests = server.requests();
    let address = format!("127.0.0.1:{}", server.port);
    assert!(requests[0].starts_with("GET /a%20b?c=d HTTP/1.1\r\n"), "{}", requests[0]);
    for line in
        ["x-a: 1", "accept: a/b", "accept-encoding: gzip, deflate", &format!("host: {address}")]
    {
        assert!(requests[0].contains(&format!("\r\n{line}\r\n")), "{line}: {}", requests[0]);
    }
    assert!(requests[1].starts_with("POST / HTTP/1.1\r\n"), "{}", requests[1]);
    assert!(requests[1].contains("content-type: text/plain;charset=UTF-8\r\n"), "{}", requests[1]);
    assert!(
        requests[1].ends_with("content-length: 2\r\n\r\n\u{e9}")
            || requests[1].ends_with("\r\n\r\n\u{e9}")
    );
    assert!(requests[2].starts_with("PATCH / "), "{}", requests[2]);
    assert!(
        requests[2].contains("x: a\r\nx: b\r\n") && requests[2].ends_with("\r\n\r\ni"),
        "{}",
        requests[2]
    );
    assert_eq!(requests[2].matches("content-length").count(), 1, "{}", requests[2]);
}

#[test]
fn a_script_cannot_say_what_is_the_connections() {
    let server = Server::fixed(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let check = |headers: &str, why: &str| {
        let script = format!(
            "show(fetch('URL/', {{ method: 'POST', body: 'x', headers: {{ {headers} }} }}))"
        );
        check(
            &server,
            &script,
            &format!("TypeError: fetch failed: http://127.0.0.1:PORT/: {why} undefined"),
        );
    };
    check(
        "'Transfer-Encoding': 'chunked'",
        "the header 'transfer-encoding' is about the connection and cannot be set",
    );
    check(
        "connection: 'upgrade'",
        "the header 'connection' is about the connection and cannot be set",
    );
    check("'content-length': '0'", "'content-length' is not 1, the body's length");
    check("x: '\\x01'", "HTTP/1.1 cannot carry the value of the header 'x'");
    assert!(server.requests().is_empty());
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

/// Goes where the path says: `/STATUS/LOCATION`.
fn redirecting() -> Server {
    Server::new(|request, stream| {
        let path = request.split(' ').nth(1).unwrap_or_default();
        let mut parts = path.splitn(3, '/').skip(1);
        match (parts.next(), parts.next()) {
            (Some(status), Some(location)) if status.parse::<u16>().is_ok() => {
                write!(
                    stream,
                    "HTTP/1.1 {status} X\r\nlocation: {location}\r\ncontent-length: 2\r\n\r\nno"
                )
            }
            _ => stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nend"),
        }
    })
}

#[test]
fn redirects_are_followed() {
    let server = redirecting();
    check(
        &server,
        "fetch('URL/302//307//end#x').then((r) => console.log(r.url, r.redirected, r.status))",
        "http://127.0.0.1:PORT/end true 200",
    );
    for (status, method, becomes) in [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "PUT", "GET"),
        (301, "PUT", "PUT"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
    ] {
        check(
            &server,
            &format!("show(fetch('URL/{status}//end', {{ method: '{method}', body: 'b' }}))"),
            "200 OK \"end\"",
        );
        let last = server.requests().pop().expect("a request");
        assert!(last.starts_with(&format!("{becomes} /end ")), "{status} {method}: {last}");
        assert_eq!(last.contains("content-type"), becomes != "GET", "{last}");
        assert_eq!(last.ends_with("\r\n\r\nb"), becomes != "GET", "{last}");
    }
    check(&server, "show(fetch('URL/303//end', { method: 'HEAD' }))", "200 OK \"\"");
    assert!(server.requests().pop().expect("a request").starts_with("HEAD /end "));
}

#[test]
fn secrets_stay_with_their_server() {
    let (server, other) = (redirecting(), redirecting());
    let script = format!(
        "const headers = {{ authorization: 'me', cookie: 'c', x: 'y' }};
         show(fetch('URL/302/http://127.0.0.1:{}/end', {{ headers }}));",
        other.port
    );
    check(&server, &script, "200 OK \"end\"");
    check(
        &server,
        "show(fetch('URL/302//end', { headers: { authorization: 'me' } }))",
        "200 OK \"end\"",
    );
    let seen = other.requests().pop().expect("a request");
    assert!(
        seen.contains("x: y\r\n") && !seen.contains("authorization") && !seen.contains("cookie"),
        "{seen}"
    );
    assert!(server.requests().pop().expect("a request").contains("authorization: me\r\n"));
}

#[test]
fn redirects_end() {
    let server = redirecting();
    let check_failure = |path: &str, init: &str, at: &str, why: &str| {
        let script = format!("show(fetch('URL{path}', {init}))");
        check(
            &server,
            &script,
            &format!("TypeError: fetch failed: http://127.0.0.1:PORT{at}: {why} undefined"),
        );
    };
    let none = "{}";
    check_failure(
        "/302/file:///etc/passwd",
        none,
        "/302/file:///etc/passwd",
        "it redirects to file:///etc/passwd, which is not http:",
    );
    check_failure(
        "/302/data:,x",
        none,
        "/302/data:,x",
        "it redirects to data:,x, which is not http:",
    );
    check_failure(
        "/302/http://",
        none,
        "/302/http://",
        "it redirects to 'http://', which is no URL: empty host",
    );
    check_failure(
        "/302//",
        "{ redirect: 'error' }",
        "/302//",
        "it redirects, and redirects are errors here",
    );
    check(&server, "show(fetch('URL/302//', { redirect: 'manual' }))", "302 X \"no\"");
    // Nowhere to go: it is what it is.
    check_answer(b"HTTP/1.1 302 Found\r\ncontent-length: 1\r\n\r\nx", "302 Found \"x\"");
    let nowhere = "show(fetch('URL/302/http://nowhere.invalid/'))";
    let out = run(builder(), server.port, nowhere).expect("runs");
    assert!(out.contains("no such host is known: nowhere.invalid ENOTFOUND"), "{out}");
    check_failure_twice();
}

fn check_failure_twice() {
    check_answer(
        b"HTTP/1.1 302 Found\r\nlocation: /a\r\nlocation: /b\r\n\r\n",
        "TypeError: fetch failed: http://127.0.0.1:PORT/: it redirects to several places at once undefined",
    );
    let server = Server::fixed(b"HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n");
    check(
        &server,
        "show(fetch('URL/'))",
        "TypeError: fetch failed: http://127.0.0.1:PORT/: it was redirected more than 20 times undefined",
    );
    assert_eq!(server.requests().len(), 21);
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

#[test]
fn nobody_there() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    drop(listener);
    let script = "fetch('URL/').catch((e) => console.log(e.message, JSON.stringify(e.cause), e.cause.message))";
    assert_eq!(
        run(builder(), port, script).expect("runs"),
        "fetch failed: http://127.0.0.1:PORT/: connection refused {\"errno\":-111,\"code\":\"ECONNREFUSED\",\
         \"syscall\":\"connect\",\"address\":\"127.0.0.1\",\"port\":PORT} connect ECONNREFUSED 127.0.0.1:PORT\n"
    );
}

#[test]
fn localhost_is_this_machine_in_both_families() {
    // Another test's server may have the same port of the other family: then once more.
    let outcomes: Vec<_> = (0..3).map_while(|_| answers_of_the_sixth_family()).collect();
    let wanted = ["200 OK \"v6\"\n"; 2];
    assert!(outcomes.is_empty() || outcomes.iter().any(|texts| *texts == wanted), "{outcomes:?}");
}

/// What a server that only listens at `::1` answers to `localhost` and to its address; nothing
/// where the machine has no such address.
fn answers_of_the_sixth_family() -> Option<[String; 2]> {
    let listener = TcpListener::bind("[::1]:0").ok()?;
    let port = listener.local_addr().expect("bound").port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            drop(read_request(&stream));
            drop(stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nv6"));
        }
    });
    Some(["localhost", "[::1]"].map(|host| {
        let script = format!("show(fetch('http://{host}:{port}/'))");
        run(builder(), port, &script).expect("runs")
    }))
}

#[test]
fn access_is_asked_for_at_every_hop() {
    let (server, other) = (redirecting(), redirecting());
    let only = |port: u16| Permissions {
        net: Grant::Only(vec![format!("127.0.0.1:{port}")]),
        ..Permissions::default()
    };
    let script = format!("show(fetch('URL/302/http://127.0.0.1:{}/'))", other.port);
    let refused =
        run(builder().permissions(only(server.port)), server.port, &script).expect("runs");
    let flag = format!("--allow-net=127.0.0.1:{}", other.port);
    assert!(refused.contains(&flag) && refused.contains("ERR_ACCESS_DENIED"), "{refused}");
    assert!(other.requests().is_empty());
    let none =
        run(builder().permissions(Permissions::default()), server.port, "show(fetch('URL/'))")
            .expect("runs");
    assert!(none.contains("is not permitted: run again with --allow-net=127.0.0.1:PORT"), "{none}");
    assert_eq!(server.requests().len(), 1);
}

/// A server that says nothing does not hold an isolate beyond its time, nor its end.
#[test]
fn silence_ends_with_the_isolate() -> Result<(), Error> {
    for head in ["", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab"] {
        let server = Server::new(move |_, stream| {
            stream.write_all(head.as_bytes())?;
            thread::sleep(Duration::from_secs(600));
            Ok(())
        });
        let start = Instant::now();
        let limited = builder().time_limit(Duration::from_millis(200));
        let failed = run(limited, server.port, "show(fetch('URL/'))").expect_err("ended");
        assert!(failed.is_time_limit(), "{failed}");
        let mut isolate = builder().build()?;
        let handle = isolate.handle();
        let script = format!("fetch('http://127.0.0.1:{}/').then((r) => r.text())", server.port);
        isolate.enter(|scope| scope.eval::<()>(&script))?;
        let stopper = thread::spawn(move || {
            thread::sleep(Duration::from_millis(100));
            handle.stop();
        });
        assert!(isolate.run_until_idle().expect_err("ended").is_stopped());
        stopper.join().expect("no panic");
        drop(isolate);
        assert!(start.elapsed() < Duration::from_secs(60));
    }
    Ok(())
}

/// A response nobody reads keeps nothing alive, and its connection goes with it.
#[test]
fn unread_responses_hold_nothing_up() {
    let server = Server::new(|_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nab")?;
        thread::sleep(Duration::from_secs(600));
        Ok(())
    });
    let start = Instant::now();
    check(
        &server,
        "fetch('URL/').then((r) => { globalThis.kept = r; console.log(r.status) })",
        "200",
    );
    check(
        &server,
        "fetch('URL/').then((r) => { globalThis.kept = r.clone(); console.log(r.status) })",
        "200",
    );
    assert!(start.elapsed() < Duration::from_secs(60));
}

/// Answers any number of requests per connection with its own number and the request's body.
fn keep_alive_server(closes_after: usize) -> Server {
    Server::of_connections(move |connection, mut stream, seen| {
        for request in 0..closes_after {
            let Ok(text) = read_request(&stream) else { return };
            if text.is_empty() {
                return;
            }
            seen(text);
            let body = format!("{connection}.{request}");
            let len = body.len();
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {len}\r\n\r\n{body}");
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    })
}

#[test]
fn connections_are_used_again_once_a_body_is_there() {
    check(
        &keep_alive_server(usize::MAX),
        "const text = async (init) => (await fetch('URL', init)).text();
         (async () => {
            console.log(await text(), await text({ method: 'POST', body: 'b' }));
            console.log((await Promise.all([text(), text()])).join());
            const unread = await fetch('URL');
            const others = await Promise.all([text(), text()]);
            console.log(new Set([...others, await unread.text()].map((name) => name[0])).size);
         })()",
        "0.0 0.1\n0.2,1.0\n3",
    );
}

#[test]
fn a_connection_that_the_server_closed_is_not_missed() {
    let server = keep_alive_server(2);
    check(
        &server,
        "const text = async (init) => (await fetch('URL', init)).text();
         (async () => {
            for (let i = 0; i < 5; i++) {
                console.log(await text());
                await new Promise((done) => setTimeout(done, i === 1 ? 100 : 0));
            }
            await new Promise((done) => setTimeout(done, 100));
            console.log(await text({ method: 'POST', body: 'b' }));
         })()",
        "0.0\n0.1\n1.0\n1.1\n2.0\n2.1",
    );
    // And one that is closed under the request.
    let server = Server::of_connections(|connection, mut stream, seen| {
        for request in 0..2 {
            let text = read_request(&stream).unwrap_or_default();
            if text.is_empty() {
                return;
            }
            seen(text);
            if connection == 0 && request == 1 {
                return;
            }
            drop(stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"));
        }
    });
    check(
        &server,
        "show(fetch('URL')).then(() => show(fetch('URL')))",
        "200 OK \"ok\"\n200 OK \"ok\"",
    );
    assert_eq!(server.requests().len(), 3);
    let server = Server::of_connections(|connection, mut stream, seen| {
        for request in 0..2 {
            let text = read_request(&stream).unwrap_or_default();
            if text.is_empty() {
                return;
            }
            seen(text);
            if connection == 0 && request == 1 {
                return;
            }
            drop(stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"));
        }
    });
    // What would be done twice is not sent twice.
    check(
        &server,
        "show(fetch('URL')).then(() => show(fetch('URL', { method: 'POST', body: 'x' })))",
        "200 OK \"ok\"\nTypeError: fetch failed: http://127.0.0.1:PORT/: the server closed the connection \
         before the response was complete UND_ERR_SOCKET",
    );
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn an_idle_connection_keeps_no_program_alive() {
    let started = Instant::now();
    check(&keep_alive_server(9), "show(fetch('URL'))", "200 OK \"0.0\"");
    assert!(started.elapsed() < Duration::from_secs(3));
}

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
