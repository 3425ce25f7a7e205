//! Calls of WASI's functions with arbitrary arguments: whatever a guest asks for, nothing outside of its folders
//! changes or is told, nothing panics, and every call ends.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use holm_wasi::{
    Context, ContextBuilder, FUNCTIONS, Feed, File, GuestMemory, HostFolder, MemoryTree, Rights,
    Spout, Stop, Surroundings,
};

use crate::Target;
use crate::random::Random;

pub const TARGET: Target = Target { name: "wasi", make, run };

const MEMORY_BYTES: usize = 16 << 10;
const MOST_CALLS: usize = 40;
/// Calls that wait are told to stop after this.
const PATIENCE: Duration = Duration::from_millis(20);
/// So much may be written, in memory and elsewhere: an input shall not fill the disk.
const QUOTA_BYTES: u64 = 1 << 20;
const SECRET: &[u8] = b"SECRET: what is outside";

/// What paths are made of: each stands in memory at a place of its own.
const TEXTS: &[&str] = &[
    "file",
    "folder",
    "folder/deep",
    "new",
    "folder/new/",
    "link",
    "link/secret",
    "up",
    "up/outside/secret",
    "absolute",
    "..",
    "../outside/secret",
    "../outside/new",
    "folder/../../outside/empty",
    "file/../../outside",
    "/etc/passwd",
    ".",
    "",
    "\0",
    "folder/link",
];
const TEXT_BYTES: usize = 32;
/// Lists of pieces, and behind them subscriptions, each with a different beginning.
const PIECES: usize = 1024;
const SUBSCRIPTIONS: usize = 1280;
const SUBSCRIPTION_BYTES: usize = 48;
const BUFFER: usize = 2048;

/// A call is the number of a function, and the bits of its arguments.
fn make(random: &mut Random) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..=random.below(MOST_CALLS) {
        let number = random.below(FUNCTIONS.len());
        bytes.push(number as u8);
        // Behind an address comes how much is there.
        let mut expected = None;
        for index in 0..FUNCTIONS[number].parameters.len() {
            let argument = match expected.take() {
                Some(expected) if !random.one_in(8) => expected,
                _ if index == 0 && !random.one_in(8) => random.below(10) as u64,
                _ => argument(random, &mut expected),
            };
            bytes.extend_from_slice(&argument.to_le_bytes());
        }
    }
    bytes
}

fn argument(random: &mut Random, expected: &mut Option<u64>) -> u64 {
    let address = match random.below(14) {
        0..=4 => {
            let text = random.below(TEXTS.len());
            *expected = Some(TEXTS[text].len() as u64);
            text * TEXT_BYTES
        }
        5 => {
            *expected = Some(1 + random.below(4) as u64);
            PIECES + 8 * random.below(4)
        }
        6 => {
            *expected = Some(BUFFER as u64);
            SUBSCRIPTIONS + SUBSCRIPTION_BYTES * random.below(4)
        }
        7 => BUFFER + random.below(64),
        8 => random.below(MEMORY_BYTES),
        9 => MEMORY_BYTES - random.below(9),
        10 | 11 => random.below(32),
        12 => return random.pick(&[Rights::ALL.bits(), u64::MAX, u64::from(u32::MAX)]),
        _ => return 1 << random.below(64),
    };
    address as u64
}

/// Folders of a guest, and what lies beside them.
struct World {
    temp: tempfile::TempDir,
    before: BTreeMap<PathBuf, (Vec<u8>, SystemTime)>,
}

impl World {
    fn new() -> std::io::Result<Self> {
        let temp = tempfile::tempdir()?;
        let root = temp.path();
        for folder in ["inside/folder", "outside/empty"] {
            fs::create_dir_all(root.join(folder))?;
        }
        for file in ["outside/secret", "beside"] {
            fs::write(root.join(file), SECRET)?;
        }
        for file in ["inside/file", "inside/folder/deep"] {
            fs::write(root.join(file), "of the guest")?;
        }
        symlink("../outside", root.join("inside/link"))?;
        symlink("../../outside/secret", root.join("inside/folder/link"))?;
        symlink("..", root.join("inside/up"))?;
        symlink(root.join("outside/secret"), root.join("inside/absolute"))?;
        let before = outside(root)?;
        Ok(Self { temp, before })
    }

    fn context(&self) -> Context {
        let streams: [Arc<dyn File>; 3] =
            [Arc::new(Feed::open()), Arc::new(Spout::default()), Arc::new(Spout::default())];
        let host = HostFolder::open_ambient(&self.temp.path().join("inside")).expect("a folder");
        let host = Arc::new(host);
        let tree = MemoryTree::new(QUOTA_BYTES);
        tree.create_folder("folder").expect("room");
        tree.write("file", b"of the guest").expect("room");
        let builder = ContextBuilder::new(streams)
            .preopen(host.clone(), "/", false)
            .preopen(tree.root(), "/memory", false)
            .preopen(host, "/only", true)
            .surroundings(Box::new(Impatient(Instant::now() + PATIENCE)))
            .write_quota_bytes(QUOTA_BYTES);
        builder.build().expect("few descriptors")
    }
}

/// What is not the guest's.
fn outside(root: &Path) -> std::io::Result<BTreeMap<PathBuf, (Vec<u8>, SystemTime)>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let known = entry.metadata()?;
            if entry.file_name() == "inside" {
                continue;
            }
            let bytes = if known.is_dir() {
                folders.push(entry.path());
                Vec::new()
            } else {
                fs::read(entry.path())?
            };
            all.insert(entry.path(), (bytes, known.modified()?));
        }
    }
    Ok(all)
}

struct Impatient(Instant);

impl Surroundings for Impatient {
    fn must_stop(&self) -> bool {
        Instant::now() >= self.0
    }
}

/// Puts what addresses lead to where it belongs: calls before may have written over it.
fn prepare(memory: &mut [u8]) {
    for (place, text) in memory.chunks_exact_mut(TEXT_BYTES).zip(TEXTS) {
        place[..text.len()].copy_from_slice(text.as_bytes());
    }
    for (index, len) in [16_u32, 0, 500, 3].into_iter().enumerate() {
        let start = (BUFFER + 600 * index) as u32;
        let piece = &mut memory[PIECES + 8 * index..][..8];
        piece[..4].copy_from_slice(&start.to_le_bytes());
        piece[4..].copy_from_slice(&len.to_le_bytes());
    }
    for index in 0..4 {
        let place = &mut memory[SUBSCRIPTIONS + SUBSCRIPTION_BYTES * index..];
        let place = &mut place[..SUBSCRIPTION_BYTES];
        place.fill(0);
        // A clock, then files to be read and written; and how long, or which.
        place[8] = (index % 3) as u8;
        place[16] = index as u8;
        place[24..28].copy_from_slice(&1_000_000_u32.to_le_bytes());
    }
}

fn run(bytes: &[u8]) -> &'static str {
    let world = World::new().expect("a folder");
    let context = world.context();
    let mut memory = vec![0; MEMORY_BYTES];
    let mut rest = bytes;
    let (mut calls, mut well) = (0, 0);
    while let Some((number, behind)) = rest.split_first() {
        let function = &FUNCTIONS[usize::from(*number) % FUNCTIONS.len()];
        let Some(words) = behind.get(..8 * function.parameters.len()) else { break };
        rest = &behind[words.len()..];
        let word =
            |bytes: &[u8]| bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        let arguments: Vec<u64> = words.chunks_exact(8).map(word).collect();
        prepare(&mut memory);
        match function.call(&context, &mut GuestMemory::Own(&mut memory), &arguments) {
            Ok(()) => well += 1,
            Err(Stop::Errno(_) | Stop::Exit(_) | Stop::Starved { .. }) => {}
        }
        calls += 1;
        let is_told = memory.windows(SECRET.len()).any(|bytes| bytes == SECRET);
        assert!(!is_told, "{} told what is outside", function.name);
    }
    drop(context);
    let after = outside(world.temp.path()).expect("a folder");
    assert_eq!(after, world.before, "what is outside changed");
    match (calls, well) {
        (0, _) => "nothing",
        (_, 0) => "refused",
        (calls, well) if well * 2 < calls => "partly refused",
        _ => "done",
    }
}
