//! Random choices that are the same every time, and what they do to bytes.

use std::ops::Range;

use wasm_encoder::{Module, RawSection};
use wasmparser::Parser;

/// `SplitMix64`.
pub struct Random(u64);

/// Bytes that mean something at many places of a module.
const TELLING: [u8; 16] = [0, 1, 2, 5, 6, 7, 8, 9, 0x0b, 0x18, 0x19, 0x40, 0x7f, 0x80, 0xfb, 0xff];

impl Random {
    /// For one case: nothing else decides what it is.
    pub fn of_case(seed: u64, case: u64) -> Self {
        let mut random = Self(seed);
        Self(random.next() ^ case)
    }

    /// For what is done with an input, so that the input alone tells it.
    pub fn of_input(bytes: &[u8]) -> Self {
        let fnv = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        Self(bytes.iter().fold(0xcbf2_9ce4_8422_2325, fnv))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    pub fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }

    /// One to four changes that a broken tool or line could make, or a mean one. `other` is where
    /// foreign parts come from.
    pub fn mutate(&mut self, wasm: &mut Vec<u8>, other: &[u8]) {
        for _ in 0..=self.below(4) {
            if wasm.is_empty() || other.is_empty() {
                return;
            }
            let at = self.below(wasm.len());
            match self.below(9) {
                0 => wasm[at] ^= 1 << self.below(8),
                1 => wasm[at] = self.pick(&TELLING),
                2 => wasm[at] = wasm[at].wrapping_add(self.pick(&[1, 2, 0xff])),
                3 if self.one_in(3) => wasm.truncate(at),
                3 | 4 => wasm.insert(at, self.next() as u8),
                5 => drop(wasm.drain(self.range(wasm.len()))),
                6 => drop(wasm.splice(at..at, other[self.range(other.len())].iter().copied())),
                7 => {
                    let range = self.range(wasm.len().min(other.len()));
                    wasm[range.clone()].copy_from_slice(&other[range]);
                }
                _ => *wasm = self.mix_sections(wasm, other),
            }
        }
    }

    /// A short piece of what has this length.
    fn range(&mut self, len: usize) -> Range<usize> {
        let start = self.below(len);
        start..(start + 1 + self.below(16)).min(len)
    }

    /// The module with sections swapped, lost, doubled or replaced.
    fn mix_sections(&mut self, wasm: &[u8], other: &[u8]) -> Vec<u8> {
        let (mut own, foreign) = (sections(wasm), sections(other));
        if own.is_empty() || foreign.is_empty() {
            return wasm.to_vec();
        }
        let (one, two) = (self.below(own.len()), self.below(own.len()));
        match self.below(4) {
            0 => own.swap(one, two),
            1 => drop(own.remove(one)),
            2 => own.insert(one, own[two]),
            _ => own[one] = self.pick(&foreign),
        }
        let mut mixed = Module::new();
        for (id, data) in own {
            mixed.section(&RawSection { id, data });
        }
        mixed.finish()
    }
}

fn sections(wasm: &[u8]) -> Vec<(u8, &[u8])> {
    let parts = Parser::new(0).parse_all(wasm).map_while(Result::ok);
    let parts = parts.filter_map(|part| part.as_section());
    parts.filter_map(|(id, range)| Some((id, wasm.get(range)?))).collect()
}
