//! What the `name` section calls the module and its functions.

use std::fmt;
use std::sync::OnceLock;

use crate::binary::sections::{Reader, customs};

const MODULE_NAME: u8 = 0;
const FUNCTION_NAMES: u8 = 1;

/// The names of a module: for messages, never for meaning.
///
/// A section that is malformed gives the names that can be read: WebAssembly lets no custom
/// section make a module invalid.
pub struct Names {
    /// The name of the module.
    pub module: Option<String>,
    /// The map from function to name, as it is in the section.
    functions: Box<[u8]>,
    /// Its entries by index, from the first time that one is asked for.
    index: OnceLock<Vec<Entry>>,
}

/// A function and where in `Names::functions` its name is.
struct Entry {
    function: u32,
    start: u32,
    len_bytes: u32,
}

impl Names {
    /// Reads the `name` section. The names of the functions are only copied: the first
    /// [`Names::function`] finds out where each is.
    ///
    /// ```
    /// let wasm = b"\0asm\x01\0\0\0\x00\x10\x04name\0\x03\x02me\x01\x04\x01\x02\x01f";
    /// let names = holm_wasm::Names::parse(wasm);
    /// assert_eq!(names.module.as_deref(), Some("me"));
    /// assert_eq!(names.function(2), Some("f"));
    /// assert_eq!(names.function(0), None);
    /// ```
    #[must_use]
    pub fn parse(wasm: &[u8]) -> Self {
        let mut names = Self { module: None, functions: Box::default(), index: OnceLock::new() };
        let Some((_, section)) = customs(wasm).find(|(name, _)| *name == b"name") else {
            return names;
        };
        let mut reader = Reader::new(section);
        while let Some(id) = reader.byte()
            && let Some(part) = reader.vec()
        {
            match id {
                MODULE_NAME => {
                    let name = Reader::new(part).vec().unwrap_or_default();
                    names.module = String::from_utf8(name.to_vec()).ok();
                }
                FUNCTION_NAMES if names.functions.is_empty() => names.functions = part.into(),
                _ => {}
            }
        }
        names
    }

    /// The name of the function with this index, imported ones counted.
    #[must_use]
    pub fn function(&self, index: u32) -> Option<&str> {
        let entries = self.index.get_or_init(|| entries(&self.functions));
        let at = entries.binary_search_by_key(&index, |entry| entry.function).ok()?;
        let entry = entries.get(at)?;
        let start = entry.start as usize;
        let name = self.functions.get(start..start + entry.len_bytes as usize)?;
        std::str::from_utf8(name).ok()
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Names").field("module", &self.module).finish_non_exhaustive()
    }
}

/// The entries that are UTF-8, by function. When one has two names, it is called by the first.
fn entries(map: &[u8]) -> Vec<Entry> {
    let mut reader = Reader::new(map);
    let count = reader.u32().unwrap_or_default();
    let mut entries = Vec::new();
    for _ in 0..count {
        let (Some(function), Some(name)) = (reader.u32(), reader.vec()) else {
            break;
        };
        let end = map.len() - reader.rest.len();
        // A section is not longer than a `u32` can say.
        if let (Ok(start), Ok(len_bytes)) =
            (u32::try_from(end - name.len()), u32::try_from(name.len()))
            && std::str::from_utf8(name).is_ok()
        {
            entries.push(Entry { function, start, len_bytes });
        }
    }
    entries.sort_by_key(|entry| entry.function);
    entries.dedup_by_key(|entry| entry.function);
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(parts: &[u8]) -> Vec<u8> {
        let mut wasm = b"\0asm\x01\0\0\0\0".to_vec();
        wasm.push(u8::try_from(parts.len() + 5).unwrap());
        wasm.extend(b"\x04name");
        wasm.extend(parts);
        wasm
    }

    #[test]
    fn reads_what_can_be_read() {
        for (part, expected) in [
            (&b"\x01\x07\x02\0\x01a\x02\x01b"[..], [Some("a"), None, Some("b")]),
            // Out of order; twice.
            (b"\x01\x07\x02\x02\x01b\0\x01a", [Some("a"), None, Some("b")]),
            (b"\x01\x07\x02\0\x01a\0\x01b", [Some("a"), None, None]),
            // Fewer than were promised; more than fit.
            (b"\x01\x04\x09\0\x01a", [Some("a"), None, None]),
            (b"\x01\x09\xff\xff\xff\xff\x0f\0\x01a\x01", [Some("a"), None, None]),
            (b"\x01\x07\x02\0\x01a\x01\x7f_", [Some("a"), None, None]),
            // Not UTF-8; an empty name; a second map.
            (b"\x01\x07\x02\0\x01\xff\x01\x01b", [None, Some("b"), None]),
            (b"\x01\x03\x01\0\0", [Some(""), None, None]),
            (b"\x01\x04\x01\0\x01a\x01\x04\x01\0\x01b", [Some("a"), None, None]),
            // Locals before functions; an unknown part; a part that is cut off.
            (b"\x02\x01\0\x7f\0\x01\x04\x01\0\x01a", [Some("a"), None, None]),
            (b"\x01\x05\x01\0\x01a", [None; 3]),
            (b"", [None; 3]),
        ] {
            let names = Names::parse(&named(part));
            assert_eq!([0, 1, 2].map(|index| names.function(index)), expected, "{part:x?}");
        }
        assert_eq!(Names::parse(&named(b"\0\x03\x02me")).module.as_deref(), Some("me"));
        assert_eq!(Names::parse(&named(b"\0\x03\x02\xff\xff")).module, None);
        assert_eq!(Names::parse(b"").function(0), None);
    }
}
