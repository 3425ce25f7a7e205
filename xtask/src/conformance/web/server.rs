//! What W3C's server does for the tests that ask one: files with their headers, and a few handlers.
//!
//! <https://web-platform-tests.org/tools/wptserve/docs/>

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::thread;

use crate::command::Failure;

/// The longest line of a request's head.
const MAX_LINE_BYTES: u64 = 64 << 10;

/// A server on this machine, for as long as this program runs.
pub(super) struct Server {
    port: u16,
}

type Headers = Vec<(String, String)>;

/// What is sent back.
struct Answer {
    status: String,
    headers: Headers,
    body: Vec<u8>,
}

impl Server {
    /// Serves the files below the root of web-platform-tests.
    pub(super) fn start(root: &Path) -> Result<Self, Failure> {
        let what = "starting a server";
        let listener = TcpListener::bind("127.0.0.1:0").map_err(Failure::while_doing(what))?;
        let port = listener.local_addr().map_err(Failure::while_doing(what))?.port();
        let root: Arc<Path> = root.into();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let root = root.clone();
                // A client that is gone is no failure.
                thread::spawn(move || drop(serve(&root, stream)));
            }
        });
        Ok(Self { port })
    }

    /// The URL of a file below the root.
    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    /// A test with its placeholders filled in, as those named `.sub.` have them.
    pub(super) fn substitute(&self, test: &str) -> String {
        // Another name of this machine is another origin.
        test.replace("{{domains[www]}}", "localhost")
            .replace("{{host}}", "127.0.0.1")
            .replace("{{ports[http][0]}}", &self.port.to_string())
    }
}

fn serve(root: &Path, mut stream: TcpStream) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = |text: &mut String| {
        text.clear();
        io::Read::take(&mut reader, MAX_LINE_BYTES).read_line(text)
    };
    let (mut first, mut rest) = (String::new(), String::new());
    line(&mut first)?;
    while line(&mut rest)? > 2 {}
    let target = first.split(' ').nth(1).unwrap_or("/");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let answer = answer(root, path, query);
    write!(stream, "HTTP/1.1 {}\r\nconnection: close\r\n", answer.status)?;
    for (name, value) in &answer.headers {
        stream.write_all(format!("{name}: ").as_bytes())?;
        // A header is bytes: a character is one.
        let bytes: Vec<u8> = value.chars().map(|c| c as u32 as u8).collect();
        stream.write_all(&bytes)?;
        stream.write_all(b"\r\n")?;
    }
    write!(stream, "content-length: {}\r\n\r\n", answer.body.len())?;
    stream.write_all(&answer.body)
}

fn answer(root: &Path, path: &str, query: &str) -> Answer {
    let parameter = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| decoded(value))
    };
    let empty = |status: String, headers| Answer { status, headers, body: Vec::new() };
    match path.rsplit('/').next().unwrap_or_default() {
        "status.py" => {
            let status = parameter("status").unwrap_or_default();
            empty(format!("{status} Given"), Vec::new())
        }
        "redirect.py" => {
            let status = parameter("redirect_status").unwrap_or_else(|| "302".to_owned());
            let location = parameter("location").unwrap_or_default();
            empty(format!("{status} Given"), vec![("location".to_owned(), location)])
        }
        _ => match file(root, path) {
            Some((body, mut headers)) => {
                for (name, value) in parameter("pipe").iter().flat_map(|pipe| piped(pipe)) {
                    headers.retain(|(other, _)| !other.eq_ignore_ascii_case(&name));
                    headers.push((name, value));
                }
                Answer { status: "200 OK".to_owned(), headers, body }
            }
            None => empty("404 Not Found".to_owned(), Vec::new()),
        },
    }
}

/// A file and its headers: those in the file beside it, or what its name says.
fn file(root: &Path, path: &str) -> Option<(Vec<u8>, Headers)> {
    // Copies of the tests leave this one out, and have another of the same bytes.
    let path = match path {
        "/wasm/incrementer.wasm" => "/wasm/webapi/resources/incrementer.wasm",
        other => other,
    };
    let relative = PathBuf::from(path.trim_start_matches('/'));
    if relative.components().any(|part| !matches!(part, Component::Normal(_))) {
        return None;
    }
    let body = fs::read(root.join(&relative)).ok()?;
    let beside = root.join(format!("{}.headers", relative.display()));
    let mut headers: Headers = fs::read_to_string(beside)
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let content_type = match relative.extension().and_then(|extension| extension.to_str()) {
        Some("wasm") if !path.contains("no_mime_type") => "application/wasm",
        Some("js") => "text/javascript",
        Some("json") => "application/json",
        _ => "text/plain",
    };
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        headers.push(("content-type".to_owned(), content_type.to_owned()));
    }
    Some((body, headers))
}

/// The headers that `header(NAME,VALUE)` in a `pipe` sets.
fn piped(pipe: &str) -> Option<(String, String)> {
    let (name, value) = pipe.strip_prefix("header(")?.strip_suffix(')')?.split_once(',')?;
    Some((name.to_owned(), value.to_owned()))
}

/// Percent-decoded, a byte a character.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut place) = (String::new(), 0);
    while let Some(&byte) = bytes.get(place) {
        let digits = bytes.get(place + 1..place + 3).and_then(|two| std::str::from_utf8(two).ok());
        let escaped = digits.and_then(|two| u8::from_str_radix(two, 16).ok());
        match escaped.filter(|_| byte == b'%') {
            Some(value) => {
                out.push(char::from(value));
                place += 3;
            }
            None => {
                out.push(char::from(byte));
                place += 1;
            }
        }
    }
    out
}
