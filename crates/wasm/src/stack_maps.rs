//! Where the frames of compiled functions keep references.

use std::ops::Range;

use wasmtime_environ::StackMap;
use wasmtime_environ::obj::ELF_WASMTIME_STACK_MAP;
use wasmtime_environ::object::read::elf::ElfFile64;
use wasmtime_environ::object::{Endianness, Object, ObjectSection};

/// Where the stack maps are in what a module was compiled to; empty if no function of it ever
/// keeps a reference. `None` if that cannot be read.
pub(crate) fn find(module: &wasmtime::Module) -> Option<Range<usize>> {
    let image = image(module);
    let file = ElfFile64::<Endianness>::parse(image).ok()?;
    let Some(section) = file.section_by_name(ELF_WASMTIME_STACK_MAP) else { return Some(0..0) };
    let (start, len) = section.file_range()?;
    let start = usize::try_from(start).ok()?;
    let range = start..start.checked_add(usize::try_from(len).ok()?)?;
    image.get(range.clone()).map(|_| range)
}

/// What stands at `range`, which [`find`] gave, for the place in the module's code to which the
/// call returns that the frame waits for. `None` if the frame keeps no reference.
pub(crate) fn lookup<'a>(
    module: &'a wasmtime::Module,
    range: &Range<usize>,
    return_offset: u32,
) -> Option<StackMap<'a>> {
    StackMap::lookup(return_offset, image(module).get(range.clone())?)
}

fn image(module: &wasmtime::Module) -> &[u8] {
    let range = module.image_range();
    // SAFETY: Wasmtime says that this is the module's image, which lives as long as the module.
    unsafe { std::slice::from_raw_parts(range.start, range.end.offset_from_unsigned(range.start)) }
}
