//! The one place that calls the parser, on a stack that hostile input cannot overflow.
//!
//! oxc's parser and visitors recurse once per level of nesting and check no limit. So each source gets a thread
//! whose stack is sized after [`nesting`]'s upper bound for how deep that source can nest, and sources that could
//! nest deeper than [`MAX_STACK_BYTES`] allows are refused before they are parsed. Stack pages cost memory only
//! when touched.

use std::thread;

use oxc_allocator::Allocator;
use oxc_parser::{ParseOptions, Parser, ParserReturn};
use oxc_span::SourceType;

use crate::syntax::nesting;

/// What one level of [`nesting`] takes of the stack at most, in the parser or a visitor: measured as 2.8 KiB for the
/// hungriest shape in `tests/hostile.rs`, in release and with optimized dependencies in debug.
const STACK_BYTES_PER_LEVEL: usize = 4 << 10;
/// What a parse takes beside its nesting.
const BASE_STACK_BYTES: usize = 256 << 10;
const MAX_STACK_BYTES: usize = 256 << 20;

/// A source that nests too deeply to be parsed safely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooDeep;

/// Parses a source and hands the tree to `consume`, both on a thread of their own.
pub(crate) fn with_parsed<T: Send>(
    source: &str,
    source_type: SourceType,
    consume: impl FnOnce(&ParserReturn<'_>) -> T + Send,
) -> Result<T, TooDeep> {
    let levels =
        nesting::bound(source, (MAX_STACK_BYTES - BASE_STACK_BYTES) / STACK_BYTES_PER_LEVEL)
            .ok_or(TooDeep)?;
    let stack_size = BASE_STACK_BYTES + levels * STACK_BYTES_PER_LEVEL;
    let work = move || {
        let allocator = Allocator::default();
        let options = ParseOptions {
            allow_return_outside_function: source_type.is_commonjs(),
            enable_ident_hashes: false,
            ..ParseOptions::default()
        };
        consume(&Parser::new(&allocator, source, source_type).with_options(options).parse())
    };
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(stack_size).spawn_scoped(scope, work);
        // A spawn fails when the machine has no room for the stack; a panic in the parser counts as "cannot parse".
        thread.map_err(|_| TooDeep)?.join().map_err(|_| TooDeep)
    })
}
