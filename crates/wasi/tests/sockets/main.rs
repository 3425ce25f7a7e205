//! Sockets that a module is given as a standard stream, as a service is that others start.

#![forbid(unsafe_code)]

use std::fs::File;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::thread;

use holm_wasi::{Context, ContextBuilder, Errno, FUNCTIONS, GuestMemory, HostFile, Spout, Stop};

const LIST: u32 = 0;
const ANSWER: u32 = 64;
const FLAGS: u32 = 72;
const BUFFER: u32 = 256;

struct Guest {
    context: Context,
    memory: Vec<u8>,
}

impl Guest {
    fn with_input(input: impl Into<OwnedFd>) -> Self {
        let input = HostFile::given(File::from(input.into())).expect("a file");
        let (output, errors) = (Arc::<Spout>::default(), Arc::<Spout>::default());
        let context = ContextBuilder::new([Arc::new(input), output, errors]).build();
        Self { context: context.expect("a context"), memory: vec![0; 4096] }
    }

    fn call(&mut self, name: &str, arguments: &[u64]) -> Result<(), Errno> {
        let function = FUNCTIONS.iter().find(|function| function.name == name);
        let function = function.expect("a function of that name");
        assert_eq!(function.parameters.len(), arguments.len());
        let mut memory = GuestMemory::Own(&mut self.memory);
        function.call(&self.context, &mut memory, arguments).map_err(|stop| match stop {
            Stop::Errno(errno) => errno,
            other => panic!("{other:?}"),
        })
    }

    fn piece(&mut self, len: u32) {
        self.memory[..4].copy_from_slice(&BUFFER.to_le_bytes());
        self.memory[4..8].copy_from_slice(&len.to_le_bytes());
    }

    fn answer(&self) -> u32 {
        let at = ANSWER as usize;
        u32::from_le_bytes(self.memory[at..at + 4].try_into().expect("four bytes"))
    }

    fn receive(&mut self, socket: u32, len: u32, flags: u64) -> Result<String, Errno> {
        self.piece(len);
        let (list, answer) = (LIST.into(), ANSWER.into());
        self.call("sock_recv", &[socket.into(), list, 1, flags, answer, FLAGS.into()])?;
        let text = &self.memory[BUFFER as usize..][..self.answer() as usize];
        Ok(String::from_utf8_lossy(text).into_owned())
    }

    fn send(&mut self, socket: u32, text: &str) -> Result<u32, Errno> {
        self.piece(text.len() as u32);
        self.memory[BUFFER as usize..][..text.len()].copy_from_slice(text.as_bytes());
        self.call("sock_send", &[socket.into(), LIST.into(), 1, 0, ANSWER.into()])?;
        Ok(self.answer())
    }
}

const PEEK: u64 = 1;
const WAIT_ALL: u64 = 2;

#[test]
fn a_socket_is_read_written_and_closed_in_each_direction() {
    let (inside, mut outside) = UnixStream::pair().expect("a pair");
    let mut guest = Guest::with_input(inside);
    outside.write_all(b"hello").expect("written");
    assert_eq!(guest.receive(0, 3, PEEK).as_deref(), Ok("hel"));
    assert_eq!(guest.receive(0, 100, 0).as_deref(), Ok("hello"));
    assert_eq!(guest.send(0, "answer"), Ok(6));
    let mut answer = [0; 6];
    outside.read_exact(&mut answer).expect("read");
    assert_eq!(&answer, b"answer");

    // All that is wanted, though it comes in two parts.
    let sender = thread::spawn(move || {
        outside.write_all(b"one ").expect("written");
        thread::sleep(std::time::Duration::from_millis(30));
        outside.write_all(b"two").expect("written");
        outside
    });
    assert_eq!(guest.receive(0, 7, WAIT_ALL).as_deref(), Ok("one two"));
    let mut outside = sender.join().expect("no panic");

    guest.call("sock_shutdown", &[0, 2]).expect("shut down");
    let mut rest = Vec::new();
    outside.read_to_end(&mut rest).expect("the end");
    assert!(rest.is_empty());
    assert_eq!(guest.send(0, "late"), Err(Errno::Pipe));
    outside.shutdown(Shutdown::Both).expect("shut down");
    assert_eq!(guest.receive(0, 7, 0).as_deref(), Ok(""));
}

#[test]
fn what_came_is_not_lost_when_the_rest_does_not() {
    let (inside, mut outside) = UnixStream::pair().expect("a pair");
    let mut guest = Guest::with_input(inside);
    let nonblock = 4;
    guest.call("fd_fdstat_set_flags", &[0, nonblock]).expect("set");
    assert_eq!(guest.receive(0, 10, WAIT_ALL), Err(Errno::Again));
    outside.write_all(b"hello").expect("written");
    assert_eq!(guest.receive(0, 10, WAIT_ALL).as_deref(), Ok("hello"));
}

#[test]
fn accepting_does_not_wait_where_nothing_shall() {
    let folder = tempfile::tempdir().expect("a folder");
    let listener = UnixListener::bind(folder.path().join("socket")).expect("bound");
    let mut guest = Guest::with_input(listener);
    guest.call("fd_fdstat_set_flags", &[0, 4]).expect("set");
    assert_eq!(guest.call("sock_accept", &[0, 0, ANSWER.into()]), Err(Errno::Again));
}

#[test]
fn a_connection_is_accepted_and_becomes_a_descriptor() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("socket");
    let listener = UnixListener::bind(&path).expect("bound");
    let mut guest = Guest::with_input(listener);
    let client = thread::spawn(move || {
        let mut stream = UnixStream::connect(path).expect("connected");
        stream.write_all(b"from a client").expect("written");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("read");
        text
    });
    guest.call("sock_accept", &[0, 0, ANSWER.into()]).expect("accepted");
    let connection = guest.answer();
    assert_eq!(connection, 3);
    assert_eq!(guest.receive(connection, 100, 0).as_deref(), Ok("from a client"));
    assert_eq!(guest.send(connection, "from a guest"), Ok(12));
    guest.call("fd_close", &[connection.into()]).expect("closed");
    assert_eq!(client.join().expect("no panic"), "from a guest");
}

#[test]
fn what_is_no_socket_says_so() {
    let mut guest = Guest::with_input(File::open("/dev/null").expect("there"));
    assert_eq!(guest.receive(0, 1, 0), Err(Errno::NotSock));
    assert_eq!(guest.send(1, "x"), Err(Errno::NotSock));
    assert_eq!(guest.call("sock_accept", &[2, 0, ANSWER.into()]), Err(Errno::NotSock));
    assert_eq!(guest.call("sock_shutdown", &[1, 3]), Err(Errno::NotSock));
    assert_eq!(guest.call("sock_shutdown", &[9, 3]), Err(Errno::BadF));
    let (inside, _outside) = UnixStream::pair().expect("a pair");
    let mut guest = Guest::with_input(inside);
    assert_eq!(guest.call("sock_shutdown", &[0, 4]), Err(Errno::Inval));
    assert_eq!(guest.receive(0, 1, 8), Err(Errno::Inval));
}
