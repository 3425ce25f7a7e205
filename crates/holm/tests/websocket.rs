//! `WebSocket` with servers: well-behaved, silent, and hostile ones.

use std::cell::RefCell;
use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use holm::{Config, Engine, Error, Grant, Isolate, Output, Permissions, Stream};
use tokio_tungstenite::tungstenite::handshake::server::{
    Callback, ErrorResponse, Request, Response,
};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Message, WebSocket, accept_hdr};

/// What every script has: `talk` prints what happens to a socket, until it is closed.
const PRELUDE: &str = "
    const talk = (socket, listeners = {}) => new Promise((done) => {
        const said = [];
        const on = (kind, tell) => socket.addEventListener(kind, (event) => {
            said.push(`${kind} ${tell(event)}`.trim());
            listeners[kind]?.call(socket, event);
        });
        on('open', () => socket.protocol);
        on('message', ({ data }) => typeof data === 'string' ? data : `${data.constructor.name} ${data.size ?? data.byteLength}`);
        on('error', (event) => event.message.replace(/^WebSocket \\S+ /, ''));
        on('close', (event) => { done(said); return [event.code, event.reason, event.wasClean, socket.readyState].join(); });
    }).then((said) => console.log(said.join(' | ')));
";

/// A server on this machine that gives each socket to `serve`, with the path that was asked for.
/// It takes the last protocol that it is offered.
fn serve(serve: impl Fn(&str, WebSocket<TcpStream>) + Send + Sync + Clone + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, serve) = (stream.expect("a connection"), serve.clone());
            thread::spawn(move || {
                let mut path = String::new();
                if let Ok(socket) = accept_hdr(stream, Chooser(&mut path)) {
                    serve(&path, socket);
                }
            });
        }
    });
    port
}

/// Notes the path, and answers.
struct Chooser<'a>(&'a mut String);

impl Callback for Chooser<'_> {
    fn on_request(
        self,
        request: &Request,
        mut response: Response,
    ) -> Result<Response, ErrorResponse> {
        request.uri().path().clone_into(self.0);
        if request.uri().path() == "/refused" {
            let mut refusal = ErrorResponse::new(None);
            *refusal.status_mut() = 403.try_into().expect("a status");
            return Err(refusal);
        }
        if let Some(offered) = request.headers().get("sec-websocket-protocol") {
            let last = offered.to_str().unwrap_or_default().rsplit(", ").next();
            let chosen = last.unwrap_or_default().parse().expect("a value");
            response.headers_mut().insert("sec-websocket-protocol", chosen);
        }
        Ok(response)
    }
}

/// Sends back what comes.
fn echo(_: &str, mut socket: WebSocket<TcpStream>) {
    while let Ok(message) = socket.read() {
        if message.is_text() || message.is_binary() {
            drop(socket.send(message));
        }
    }
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

/// What a script may hold.
const MEMORY_BYTES: usize = 64 << 20;

fn run(port: u16, limit: Duration, script: &str) -> Result<String, Error> {
    let permissions = Permissions { net: Grant::All, ..Permissions::default() };
    let engine = Engine::new(Config::default()).expect("an engine");
    let output = Kept::default();
    let mut isolate = Isolate::builder(&engine)
        .permissions(permissions)
        .time_limit(limit)
        .memory_limit_bytes(MEMORY_BYTES)
        .output(output.clone())
        .build()?;
    let script = format!("{PRELUDE}{script}").replace("URL", &format!("ws://127.0.0.1:{port}"));
    isolate.enter(|scope| scope.eval::<()>(&script))?;
    isolate.run_until_idle()?;
    let text = String::from_utf8_lossy(&output.0.borrow()).into_owned();
    Ok(text.trim_end().to_owned())
}

#[track_caller]
fn check(port: u16, script: &str, expected: &str) {
    let printed = run(port, Duration::from_secs(60), script).expect("the script runs");
    assert_eq!(printed, expected, "{script}");
}

#[test]
fn messages_go_both_ways() {
    let port = serve(echo);
    check(
        port,
        "let left = 5;
         const socket = new WebSocket('URL/');
         socket.binaryType = 'arraybuffer';
         talk(socket, {
            open() {
                for (const data of ['t\\u00e9xt', '', new Uint8Array(3), new Blob(['blob']), new ArrayBuffer(1 << 20)]) socket.send(data);
                console.log(socket.bufferedAmount, socket.readyState);
            },
            message() { if (--left === 0) socket.close(3001, 'd\\u00f6ne'); },
            close() { console.log(socket.bufferedAmount); },
         });",
        "1048588 1\n0\n\
         open | message t\u{e9}xt | message | message ArrayBuffer 3 | message ArrayBuffer 4 | \
         message ArrayBuffer 1048576 | close 3001,d\u{f6}ne,true,3",
    );
    check(
        port,
        "const socket = new WebSocket('URL/', ['a', 'b']);
         talk(socket, { open() { socket.send(new Uint8Array(2)) }, message() { socket.close() } });",
        "open b | message Blob 2 | close 1005,,true,3",
    );
}

#[test]
fn a_server_closes_in_its_own_way() {
    let port = serve(|path, mut socket| {
        let frame = |code: u16| Some(CloseFrame { code: code.into(), reason: "bye".into() });
        match path {
            "/code" => drop(socket.close(frame(4000))),
            "/empty" => drop(socket.close(None)),
            "/gone" => return,
            _ => {}
        }
        while socket.read().is_ok() {}
    });
    check(port, "talk(new WebSocket('URL/code'))", "open | close 4000,bye,true,3");
    check(port, "talk(new WebSocket('URL/empty'))", "open | close 1005,,true,3");
    check(
        port,
        "talk(new WebSocket('URL/gone'))",
        "open | error WebSocket protocol error: Connection reset without closing handshake | \
         close 1006,,false,3",
    );
    check(
        port,
        "talk(new WebSocket('URL/refused'))",
        "error the server answered with status 403, not 101 | close 1006,,false,3",
    );
}

#[test]
fn what_is_no_message_fails_the_connection() {
    let port = serve(|path, mut socket| {
        let bytes: &[u8] = match path {
            "/text" => &[0x81, 2, 0xff, 0xfe],
            "/masked" => &[0x81, 0x81, 1, 2, 3, 4, 5],
            "/huge" => &[0x82, 127, 0, 0, 16, 0, 0, 0, 0, 0],
            "/reserved" => &[0xf1, 1, 65],
            "/continued" => &[0x80, 1, 65],
            _ => &[0x88, 1, 0],
        };
        drop(socket.get_mut().write_all(bytes));
        while socket.read().is_ok() {}
    });
    for path in ["text", "masked", "huge", "reserved", "continued", "close"] {
        let script = format!("talk(new WebSocket('URL/{path}'))");
        let printed = run(port, Duration::from_secs(60), &script).expect("the script runs");
        assert!(printed.starts_with("open | error "), "{path}: {printed}");
        assert!(printed.ends_with(" | close 1006,,false,3"), "{path}: {printed}");
    }
}

#[test]
fn parts_and_pings_are_put_together() {
    let port = serve(|_, mut socket| {
        for _ in 0..1000 {
            drop(socket.send(Message::Ping("p".into())));
        }
        let frames = [0x01, 1, b'a', 0x00, 1, b'b', 0x89, 0, 0x80, 1, b'c'];
        drop(socket.get_mut().write_all(&frames));
        while socket.read().is_ok() {}
    });
    check(
        port,
        "const socket = new WebSocket('URL/'); talk(socket, { message() { socket.close(1000) } })",
        "open | message abc | close 1000,,true,3",
    );
}

#[test]
fn a_server_that_never_answers_can_be_left() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    check(
        port,
        "const socket = new WebSocket('URL/'); talk(socket);
         setTimeout(() => { socket.close(); console.log(socket.readyState) }, 20)",
        "2\nerror it was closed before it was open | close 1006,,false,3",
    );
    // And an isolate ends though a socket is open.
    let started = Instant::now();
    let ended = run(port, Duration::from_millis(200), "new WebSocket('URL/')");
    assert!(ended.is_err_and(|error| error.is_limit()), "the time limit");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_server_that_does_not_close_is_given_up() {
    let port = serve(|_, socket| {
        thread::sleep(Duration::from_secs(20));
        drop(socket);
    });
    let started = Instant::now();
    check(
        port,
        "const socket = new WebSocket('URL/'); talk(socket, { open() { socket.close(1000, 'x') } })",
        "open | close 1006,,false,3",
    );
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_message_has_to_fit_the_heap() {
    let port = serve(|_, mut socket| {
        drop(socket.send(Message::Binary(vec![0; MEMORY_BYTES + 1].into())));
        while socket.read().is_ok() {}
    });
    check(
        port,
        "talk(new WebSocket('URL/'))",
        "open | error Space limit exceeded: Message too long: 67108865 > 67108864 | \
         close 1006,,false,3",
    );
}
