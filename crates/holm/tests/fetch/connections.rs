//! Connections: reached, used again, left alone.

use std::io::Write;
use std::net::TcpListener;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use holm::Error;

use crate::{Server, builder, check, read_request, run};

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

/// Closes its first connection when the second request is there, without an answer.
fn closing_under_the_second() -> Server {
    Server::of_connections(|connection, mut stream, seen| {
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
    })
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
    let server = closing_under_the_second();
    check(
        &server,
        "show(fetch('URL')).then(() => show(fetch('URL')))",
        "200 OK \"ok\"\n200 OK \"ok\"",
    );
    assert_eq!(server.requests().len(), 3);
    let server = closing_under_the_second();
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
