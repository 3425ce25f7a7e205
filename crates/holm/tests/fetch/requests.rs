//! What a server is told.

use holm::{Grant, Permissions};

use crate::{Server, builder, check, redirecting, run};

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
