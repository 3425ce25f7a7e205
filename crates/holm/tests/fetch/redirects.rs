//! Redirects, and what goes along with them.

use crate::{builder, check, check_answer, check_failure_twice, redirecting, run};

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
