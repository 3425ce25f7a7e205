//! Asking `holm-fuzz-smith` for modules: valid by construction, with every proposal that Holm has.

use std::cell::RefCell;
use std::env;
use std::io::{self, Read, Write};
use std::process::{Child, Command, Stdio};

use crate::random::Random;

/// What kind of module is wanted; the server's first byte of a request.
#[derive(Clone, Copy)]
pub enum Wish {
    Any = b'a' as isize,
    /// Every engine makes the same of it.
    Comparable = b'c' as isize,
}

/// The mark of a module whose code ends by itself: a custom section of this name.
pub const BOUNDED: &str = "bounded";
/// Randomness for one module: more makes it larger.
const MOST_BYTES: usize = 6_000;

thread_local! {
    static SERVER: RefCell<Option<Child>> = const { RefCell::new(None) };
}

/// A module whose code ends by itself; empty where the randomness did not make one.
pub fn module(random: &mut Random, wish: Wish) -> Vec<u8> {
    let count = 100 + random.below(MOST_BYTES);
    let bytes = random.bytes(count);
    SERVER.with_borrow_mut(|server| ask(server, wish, &bytes)).expect("an answer of wasm-smith")
}

fn ask(server: &mut Option<Child>, wish: Wish, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let server = match server {
        Some(server) => server,
        None => server.insert(start()?),
    };
    let (Some(to), Some(from)) = (&mut server.stdin, &mut server.stdout) else {
        return Err(io::ErrorKind::BrokenPipe.into());
    };
    to.write_all(&[wish as u8])?;
    to.write_all(&(bytes.len() as u32).to_le_bytes())?;
    to.write_all(bytes)?;
    let mut len = [0; 4];
    from.read_exact(&mut len)?;
    let mut wasm = vec![0; u32::from_le_bytes(len) as usize];
    from.read_exact(&mut wasm)?;
    Ok(wasm)
}

/// It stands beside this program, and ends when its input does.
fn start() -> io::Result<Child> {
    let name = format!("holm-fuzz-smith{}", env::consts::EXE_SUFFIX);
    let mut command = Command::new(env::current_exe()?.with_file_name(name));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()
}

/// The module with the mark of one whose code ends by itself.
pub fn mark_bounded(mut wasm: Vec<u8>) -> Vec<u8> {
    wasm.extend([0, BOUNDED.len() as u8 + 1, BOUNDED.len() as u8]);
    wasm.extend(BOUNDED.as_bytes());
    wasm
}
