//! The sections of a module, found by their headers: what is inside is skipped.

use std::fmt;

use crate::binary::header::HEADER_BYTES;

/// A section of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    Custom,
    Type,
    Import,
    Function,
    Table,
    Memory,
    Global,
    Export,
    Start,
    Element,
    Code,
    Data,
    DataCount,
    Tag,
    /// An id that WebAssembly has no section for.
    Unknown(u8),
}

impl Section {
    pub(crate) fn of(id: u8) -> Self {
        match id {
            0 => Self::Custom,
            1 => Self::Type,
            2 => Self::Import,
            3 => Self::Function,
            4 => Self::Table,
            5 => Self::Memory,
            6 => Self::Global,
            7 => Self::Export,
            8 => Self::Start,
            9 => Self::Element,
            10 => Self::Code,
            11 => Self::Data,
            12 => Self::DataCount,
            13 => Self::Tag,
            id => Self::Unknown(id),
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Custom => "custom",
            Self::Type => "type",
            Self::Import => "import",
            Self::Function => "function",
            Self::Table => "table",
            Self::Memory => "memory",
            Self::Global => "global",
            Self::Export => "export",
            Self::Start => "start",
            Self::Element => "element",
            Self::Code => "code",
            Self::Data => "data",
            Self::DataCount => "data count",
            Self::Tag => "tag",
            Self::Unknown(_) => "unknown",
        })
    }
}

/// The contents of the custom sections with this name, in order.
///
/// <https://webassembly.github.io/spec/js-api/#dom-module-customsections>
///
/// The contents begin after the name. Of bytes that are not a valid module, the sections before
/// the first that cannot be read.
#[must_use]
pub fn custom_sections<'a>(wasm: &'a [u8], name: &str) -> Vec<&'a [u8]> {
    // Both are UTF-8, in which equal strings are equal bytes.
    customs(wasm).filter(|(found, _)| *found == name.as_bytes()).map(|(_, bytes)| bytes).collect()
}

/// The names that a module exports, for messages: of bytes that are not a valid module, those
/// that can be read.
#[must_use]
pub fn export_names(wasm: &[u8]) -> Vec<String> {
    if !wasmparser::Parser::is_core_wasm(wasm) {
        // Those of a component are not the names that script has for them.
        return Vec::new();
    }
    let payloads = wasmparser::Parser::new(0).parse_all(wasm).map_while(Result::ok);
    let sections = payloads.filter_map(|payload| match payload {
        wasmparser::Payload::ExportSection(exports) => Some(exports),
        _ => None,
    });
    sections.flatten().map_while(Result::ok).map(|export| export.name.to_owned()).collect()
}

/// Where the source map of this module is, by the section `sourceMappingURL`.
///
/// <https://tc39.es/ecma426/#sec-linking-inline>
#[must_use]
pub fn source_map_url(wasm: &[u8]) -> Option<&str> {
    let (_, contents) = customs(wasm).find(|(name, _)| *name == b"sourceMappingURL")?;
    let mut reader = Reader::new(contents);
    std::str::from_utf8(reader.vec()?).ok()
}

/// The name and the contents of each custom section.
pub(crate) fn customs(wasm: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    sections(wasm).filter(|section| section.kind == Section::Custom).map_while(|section| {
        let mut reader = Reader::new(section.bytes);
        Some((reader.vec()?, reader.rest))
    })
}

/// A section that lies in the bytes with its whole length.
pub(crate) struct RawSection<'a> {
    pub(crate) kind: Section,
    pub(crate) bytes: &'a [u8],
    /// Where `bytes` are in the module.
    pub(crate) offset: usize,
}

/// The sections up to the first that is cut off or has no readable header.
pub(crate) fn sections(wasm: &[u8]) -> impl Iterator<Item = RawSection<'_>> {
    let mut reader = Reader::new(wasm.get(HEADER_BYTES..).unwrap_or_default());
    std::iter::from_fn(move || {
        let kind = Section::of(reader.byte()?);
        let bytes = reader.vec()?;
        let offset = wasm.len() - reader.rest.len() - bytes.len();
        Some(RawSection { kind, bytes, offset })
    })
}

/// Reads what is there: every method is `None` when it is not, or not well-formed.
pub(crate) struct Reader<'a> {
    pub(crate) rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// A `u32` in LEB128: up to five bytes, the last with no bits beyond the 32nd.
    pub(crate) fn u32(&mut self) -> Option<u32> {
        let mut value = 0;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte()?;
            if shift == 28 && byte > 0x0f {
                return None;
            }
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// Bytes after their count.
    pub(crate) fn vec(&mut self) -> Option<&'a [u8]> {
        let count = usize::try_from(self.u32()?).ok()?;
        let (bytes, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(sections: &[(u8, &[u8])]) -> Vec<u8> {
        let mut wasm = b"\0asm\x01\0\0\0".to_vec();
        for (id, bytes) in sections {
            wasm.extend([*id, u8::try_from(bytes.len()).unwrap()]);
            wasm.extend(*bytes);
        }
        wasm
    }

    #[test]
    fn custom_sections_by_exact_name_in_order() {
        let wasm = module(&[
            (0, b"\x04nameone"),
            (0, b"\x05name\0two"),
            (1, b"\0"),
            (0, b"\x04name"),
            (0, "\u{2}\u{e9}three".as_bytes()),
            (0, b"\0four"),
        ]);
        assert_eq!(custom_sections(&wasm, "name"), [&b"one"[..], b""]);
        assert_eq!(custom_sections(&wasm, "name\0"), [b"two"]);
        assert_eq!(custom_sections(&wasm, "\u{e9}"), [b"three"]);
        assert_eq!(custom_sections(&wasm, "e\u{301}"), [b""; 0]);
        assert_eq!(custom_sections(&wasm, ""), [b"four"]);
        assert_eq!(custom_sections(&wasm, "Name"), [b""; 0]);
    }

    #[test]
    fn what_cannot_be_read_ends_the_list() {
        let mut wasm = module(&[(0, b"\x01aone"), (0, b"\x7fa")]);
        wasm.extend(module(&[(0, b"\x01atwo")]));
        assert_eq!(custom_sections(&wasm, "a"), [b"one"]);
        for length in 0..wasm.len() {
            assert!(custom_sections(&wasm[..length], "a").len() < 2);
        }
        assert_eq!(custom_sections(b"", "a"), [b""; 0]);
    }

    #[test]
    fn source_map() {
        let section = b"\x10sourceMappingURL\x05a.map";
        assert_eq!(source_map_url(&module(&[(0, section)])), Some("a.map"));
        assert_eq!(source_map_url(&module(&[(0, &section[..section.len() - 1])])), None);
        assert_eq!(source_map_url(&module(&[(0, b"\x10sourceMappingURL\x01\xff")])), None);
        assert_eq!(source_map_url(&module(&[])), None);
    }

    #[test]
    fn numbers() {
        let read = |bytes| Reader::new(bytes).u32();
        assert_eq!(read(b"\x7f"), Some(127));
        assert_eq!(read(b"\x80\x80\x80\x80\x00"), Some(0));
        assert_eq!(read(b"\xff\xff\xff\xff\x0f"), Some(u32::MAX));
        assert_eq!(read(b"\xff\xff\xff\xff\x1f"), None);
        assert_eq!(read(b"\x80\x80\x80\x80\x80\x00"), None);
        assert_eq!(read(b"\x80"), None);
        assert_eq!(read(b""), None);
    }
}
