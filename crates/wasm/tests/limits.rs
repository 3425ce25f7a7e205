//! The limits of the JavaScript API: at the limit a module is valid, one more and it is not.
//!
//! <https://webassembly.github.io/spec/js-api/#limits>
//!
//! Where Wasmtime's validator is stricter, the row has its limit and says so.

use holm_wasm::{check, limits};

/// Sections of a module under construction.
#[derive(Default)]
struct Builder(Vec<u8>);

impl Builder {
    fn new() -> Self {
        Self(b"\0asm\x01\0\0\0".to_vec())
    }

    /// A section with this many items.
    fn section(mut self, id: u8, items: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let (mut count, mut contents) = (0, Vec::new());
        for item in items {
            count += 1;
            contents.extend(item);
        }
        let head = leb(count);
        self.0.push(id);
        self.0.extend(leb(head.len() + contents.len()));
        self.0.extend(head);
        self.0.extend(contents);
        self
    }

    fn repeated(self, id: u8, count: usize, item: &[u8]) -> Self {
        self.section(id, std::iter::repeat_n(item.to_vec(), count))
    }

    /// One function of the first type, with this body after its declaration of locals.
    fn function(self, locals: &[u8], code: &[u8]) -> Self {
        let body = [locals, code].concat();
        let entry = [leb(body.len()), body].concat();
        self.section(3, [vec![0]]).section(10, [entry])
    }
}

fn leb(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let byte = u8::try_from(value & 0x7f).expect("seven bits");
        value >>= 7;
        if value == 0 {
            bytes.push(byte);
            return bytes;
        }
        bytes.push(byte | 0x80);
    }
}

const NOTHING: &[u8] = b"\x60\0\0";

fn types(types: &[&[u8]]) -> Builder {
    Builder::new().section(1, types.iter().map(|ty| ty.to_vec()))
}

fn signature(params: usize, results: usize) -> Vec<u8> {
    [b"\x60".to_vec(), leb(params), vec![0x7f; params], leb(results), vec![0x7f; results]].concat()
}

fn chain(depth: usize) -> Builder {
    let root = b"\x50\0\x5f\0".to_vec();
    let sub =
        (0..depth).map(|parent| [b"\x50\x01".to_vec(), leb(parent), b"\x5f\0".to_vec()].concat());
    Builder::new().section(1, std::iter::once(root).chain(sub))
}

type Case = (&'static str, usize, fn(usize) -> Builder);

const CASES: &[Case] = &[
    ("types", 1_000_000, |n| Builder::new().repeated(1, n, NOTHING)),
    ("types in a recursion group", 1_000_000, |n| {
        let types = std::iter::repeat_n(NOTHING.to_vec(), n).flatten().collect::<Vec<_>>();
        Builder::new().section(1, [[b"\x4e".to_vec(), leb(n), types].concat()])
    }),
    ("depth of subtypes", 63, chain),
    ("functions", 1_000_000, |n| {
        types(&[NOTHING]).repeated(3, n, b"\0").repeated(10, n, b"\x02\0\x0b")
    }),
    // Imports and exports, 1 000 000 each in the API: together up to the "effective type size" of the
    // validator, in which a function counts as 2 + parameters + results.
    ("imports of functions without parameters", 499_999, |n| {
        types(&[NOTHING]).repeated(2, n, b"\0\0\0\0")
    }),
    ("imports of functions from i32 to i32", 249_999, |n| {
        types(&[&signature(1, 1)]).repeated(2, n, b"\0\0\0\0")
    }),
    ("imports of globals", 999_998, |n| Builder::new().repeated(2, n, b"\0\0\x03\x7f\0")),
    ("exports of one function", 499_999, |n| {
        types(&[NOTHING])
            .section(3, [vec![0]])
            .section(
                7,
                (0..n).map(|i| {
                    [
                        b"\x03".to_vec(),
                        [0, 7, 14]
                            .map(|shift| u8::try_from(i >> shift & 0x7f).expect("seven bits"))
                            .to_vec(),
                        b"\0\0".to_vec(),
                    ]
                    .concat()
                }),
            )
            .section(10, [b"\x02\0\x0b".to_vec()])
    }),
    ("globals", 1_000_000, |n| Builder::new().repeated(6, n, b"\x7f\x01\x41\0\x0b")),
    ("tags", 1_000_000, |n| types(&[NOTHING]).repeated(13, n, b"\0\0")),
    ("data segments", 100_000, |n| {
        Builder::new().repeated(5, 1, b"\0\0").repeated(11, n, b"\x01\0")
    }),
    ("tables, 100 000 in the API", 100, |n| Builder::new().repeated(4, n, b"\x70\0\0")),
    ("element segments, unlimited in the API", 100_000, |n| {
        Builder::new().repeated(9, n, b"\x01\0\0")
    }),
    ("entries of an element segment", 10_000_000, |n| {
        types(&[NOTHING])
            .section(3, [vec![0]])
            .section(9, [[b"\x01\0".to_vec(), leb(n), vec![0; n]].concat()])
            .section(10, [b"\x02\0\x0b".to_vec()])
    }),
    ("memories", 100, |n| Builder::new().repeated(5, n, b"\0\0")),
    ("pages of a 32-bit memory", 65_536, |n| {
        Builder::new().section(5, [[vec![0], leb(n)].concat()])
    }),
    ("most pages of a 32-bit memory", 65_536, |n| {
        Builder::new().section(5, [[b"\x01\0".to_vec(), leb(n)].concat()])
    }),
    ("pages of a 64-bit memory", (1 << 37) - 1, |n| {
        Builder::new().section(5, [[vec![4], leb(n)].concat()])
    }),
    ("most pages of a shared 64-bit memory", (1 << 37) - 1, |n| {
        Builder::new().section(5, [[b"\x07\0".to_vec(), leb(n)].concat()])
    }),
    ("most pages of an imported 64-bit memory", (1 << 37) - 1, |n| {
        Builder::new().section(2, [[b"\0\0\x02\x05\0".to_vec(), leb(n)].concat()])
    }),
    ("parameters", 1_000, |n| types(&[&signature(n, 0)])),
    ("results", 1_000, |n| types(&[&signature(0, n)])),
    ("parameters and results", 1_000, |n| types(&[&signature(n, n)])),
    ("bytes of a function", 7_654_321, |n| {
        types(&[NOTHING]).function(b"\0", &[vec![1; n - 2], vec![0x0b]].concat())
    }),
    ("locals", 50_000, |n| {
        types(&[NOTHING]).function(&[vec![1], leb(n), vec![0x7f]].concat(), b"\x0b")
    }),
    ("locals beside two parameters", 49_998, |n| {
        types(&[&signature(2, 0)]).function(&[vec![1], leb(n), vec![0x7f]].concat(), b"\x0b")
    }),
    ("fields", 10_000, |n| types(&[&[b"\x5f".to_vec(), leb(n), b"\x7f\0".repeat(n)].concat()])),
    ("array.new_fixed", 10_000, |n| {
        let code = [b"\x41\0".repeat(n), b"\xfb\x08\x01".to_vec(), leb(n), b"\x1a\x0b".to_vec()];
        types(&[NOTHING, b"\x5e\x7f\0"]).function(b"\0", &code.concat())
    }),
    ("array.new_fixed, unreachable and with long numbers", 10_000, |n| {
        let code = [b"\0\xfb\x88\x80\x00\x81\x00".to_vec(), leb(n), b"\x1a\x0b".to_vec()];
        types(&[NOTHING, b"\x5e\x7f\0"]).function(b"\0", &code.concat())
    }),
    ("array.new_fixed of a global", 10_000, |n| {
        let code =
            [b"\x64\0\0".to_vec(), b"\x41\0".repeat(n), b"\xfb\x08\0".to_vec(), leb(n), vec![0x0b]];
        types(&[b"\x5e\x7f\0"]).section(6, [code.concat()])
    }),
    ("array.new_fixed of a table", 10_000, |n| {
        let code = [
            b"\x40\0\x64\0\0\x01".to_vec(),
            b"\x41\0".repeat(n),
            b"\xfb\x08\0".to_vec(),
            leb(n),
            vec![0x0b],
        ];
        types(&[b"\x5e\x7f\0"]).section(4, [code.concat()])
    }),
    ("array.new_fixed of an element segment", 10_000, |n| {
        let code = [
            b"\x05\x64\0\x01".to_vec(),
            b"\x41\0".repeat(n),
            b"\xfb\x08\0".to_vec(),
            leb(n),
            vec![0x0b],
        ];
        types(&[b"\x5e\x7f\0"]).section(9, [code.concat()])
    }),
    // The API has no limit; V8 has this one too.
    ("bytes of an import's name", 100_000, |n| {
        types(&[NOTHING]).section(2, [[leb(n), vec![b'a'; n], b"\0\0\0".to_vec()].concat()])
    }),
];

#[test]
#[cfg_attr(debug_assertions, ignore = "slow without optimisation")]
fn at_the_limit_and_over() {
    for (name, limit, module) in CASES {
        if let Err(invalid) = check(&module(*limit).0) {
            panic!("{name}: {limit} must be valid: {invalid}");
        }
        let Err(invalid) = check(&module(limit + 1).0) else {
            panic!("{name}: {} must not be valid", limit + 1);
        };
        assert!(invalid.message.contains(char::is_numeric), "{name}: {invalid}");
    }
}

#[test]
#[cfg_attr(debug_assertions, ignore = "slow without optimisation")]
fn size_of_a_module() {
    // A name of no bytes, and then zeros.
    let module = |size: usize| {
        let header = [b"\0asm\x01\0\0\0\0".to_vec(), leb(size - 14)].concat();
        assert_eq!(header.len(), 14);
        let mut wasm = vec![0; size];
        wasm[..14].copy_from_slice(&header);
        wasm
    };
    assert!(check(&module(limits::MAX_MODULE_BYTES)).is_ok());
    let invalid = check(&module(limits::MAX_MODULE_BYTES + 1)).unwrap_err();
    assert_eq!(
        invalid.to_string(),
        "invalid module at byte 0x40000000: the module is larger than 1073741824 bytes (1 GiB)"
    );
}

/// Four thousand million operands that are not there: to be refused, not counted.
#[test]
fn operands_are_not_counted() {
    let code = b"\0\xfb\x08\x01\xff\xff\xff\xff\x0f\x1a".repeat(1_000);
    let module = types(&[NOTHING, b"\x5e\x7f\0"]).function(b"\0", &[code, vec![0x0b]].concat());
    assert!(check(&module.0).unwrap_err().message.contains("array.new_fixed has at most 10000"));
}
