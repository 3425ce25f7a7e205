//! The objects that a message has already: the standard's `memory`.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use holm_js::Object;
use holm_js::reflect::identity;

/// Up to so many objects are looked for one by one, which is quicker than hashing.
const MOST_SEARCHED: usize = 12;

/// Objects by their identity, numbered in the order they came.
#[derive(Default)]
pub(super) struct Seen<'js> {
    /// Keeps each alive: a getter may let go of one, and the next would get its address.
    objects: Vec<Object<'js>>,
    /// Made once they are many.
    numbers: HashMap<usize, usize, BuildHasherDefault<AddressHasher>>,
}

impl<'js> Seen<'js> {
    /// The number of an object that came before.
    pub(super) fn number(&self, object: &Object<'js>) -> Option<usize> {
        let wanted = identity(object);
        if self.objects.len() <= MOST_SEARCHED {
            return self.objects.iter().position(|seen| identity(seen) == wanted);
        }
        self.numbers.get(&wanted).copied()
    }

    pub(super) fn add(&mut self, object: &Object<'js>) {
        let number = self.objects.len();
        self.objects.push(object.clone());
        if number == MOST_SEARCHED {
            let numbered = self.objects.iter().map(identity).zip(0..);
            self.numbers.extend(numbered);
        } else if number > MOST_SEARCHED {
            self.numbers.insert(identity(object), number);
        }
    }
}

/// Spreads addresses: a script chooses neither them nor the table they are in.
#[derive(Default)]
struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_usize(usize::from(*byte));
        }
    }

    fn write_usize(&mut self, address: usize) {
        // Fibonacci hashing; the upper half, which is mixed best, goes below too.
        let spread = (self.0 ^ address as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = spread ^ spread >> 32;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
