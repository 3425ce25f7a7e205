//! Random calls: a memory of one thread and one of several are the same to them.

use std::sync::Arc;

use holm_wasi::{
    Clock, Context, ContextBuilder, Errno, FUNCTIONS, Feed, File, Function, GuestMemory,
    MemoryTree, Spout, Surroundings,
};

use crate::support::{Bytes, Random};

const ROUNDS: u64 = 200;
const CALLS: usize = 200;
const MEMORY_BYTES: usize = 1024;
/// What these tell has to do with the moment.
const DIFFERENT: &[&str] = &["fd_filestat_get", "path_filestat_get"];

impl Random {
    /// Mostly a descriptor, an address or a length, and sometimes a bad one.
    fn argument(&mut self) -> u64 {
        match self.below(12) {
            0 => u64::MAX,
            1 => 1 << self.below(64),
            2 | 3 => self.below(MEMORY_BYTES as u64 + 8),
            4 => MEMORY_BYTES as u64 - self.below(9),
            5..=7 => 3 + self.below(3),
            8 => self.below(2) * 0x1fff_ffff,
            _ => self.below(5),
        }
    }
}

/// Nothing here depends on the moment.
struct Still;

impl Surroundings for Still {
    fn now(&self, _clock: Clock) -> u64 {
        1_000_000
    }

    fn fill_random(&self, into: &mut [u8]) -> Result<(), Errno> {
        into.fill(7);
        Ok(())
    }

    fn must_stop(&self) -> bool {
        // Or each call that sleeps would take its time.
        true
    }
}

fn context() -> Context {
    let streams: [Arc<dyn File>; 3] = [
        Arc::new(Feed::of(b"what it is fed".to_vec())),
        Arc::new(Spout::default()),
        Arc::new(Spout::default()),
    ];
    let builder = ContextBuilder::new(streams).surroundings(Box::new(Still));
    let tree = MemoryTree::new(20_000);
    tree.create_folder("a").expect("room");
    tree.write("b", b"some bytes").expect("room");
    let builder = builder.preopen(tree.root(), "/", false).preopen(tree.root(), "/b", true);
    builder.write_quota_bytes(5_000).build().expect("few descriptors")
}

/// Paths and lists of pieces, so that some addresses lead to something.
fn memory(random: &mut Random) -> Vec<u8> {
    let mut memory: Vec<u8> = (0..MEMORY_BYTES).map(|_| random.below(4) as u8).collect();
    for place in memory.chunks_exact_mut(32) {
        match random.below(4) {
            0 => place[..8].copy_from_slice(b"a/b/../c"),
            1 => place[..4].copy_from_slice(b"b/a\0"),
            2 => {
                let piece = [random.below(1100) as u32, random.below(64) as u32];
                place[..4].copy_from_slice(&piece[0].to_le_bytes());
                place[4..8].copy_from_slice(&piece[1].to_le_bytes());
            }
            _ => {}
        }
    }
    memory
}

#[test]
fn memories_of_one_thread_and_of_several_are_the_same() {
    let functions: Vec<&Function> =
        FUNCTIONS.iter().filter(|function| !DIFFERENT.contains(&function.name)).collect();
    let mut well = 0;
    for round in 0..ROUNDS {
        let mut random = Random(round);
        let contexts = [context(), context()];
        let mut own = memory(&mut random);
        let shared = Bytes(own.clone().into());
        for _ in 0..CALLS {
            let function = functions[random.below(functions.len() as u64) as usize];
            let arguments: Vec<u64> =
                function.parameters.iter().map(|_| random.argument()).collect();
            let one = function.call(&contexts[0], &mut GuestMemory::Own(&mut own), &arguments);
            let other = function.call(&contexts[1], &mut GuestMemory::Shared(&shared), &arguments);
            let call = (round, function.name, &arguments);
            assert_eq!(format!("{one:?}"), format!("{other:?}"), "{call:?}");
            assert_eq!(own, *shared.0.borrow(), "{call:?}");
            well += u32::from(one.is_ok());
        }
    }
    // Enough of them did something.
    assert!(well > 2_000, "{well}");
}
