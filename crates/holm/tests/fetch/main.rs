//! `fetch` from servers: well-behaved, slow, and hostile ones.

mod answers;
mod connections;
mod redirects;
mod requests;
mod uploads;

use std::cell::RefCell;

use std::io::{self, BufRead, BufReader, Read, Write};

use std::net::{TcpListener, TcpStream};

use std::rc::Rc;

use std::sync::{Arc, Mutex};

use std::thread;

use std::time::Duration;

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
