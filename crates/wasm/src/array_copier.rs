//! Copying between arrays of `(mut i16)` and the host.
//!
//! Wasmtime's own access to elements looks a type up, behind a lock, for each of them. So a
//! module does it: a loop between the array and a memory of one page, instantiated in a group
//! when it is first needed there.

use wasmtime::{ArrayRef, Rooted, StoreContextMut, TypedFunc};

use crate::group::GroupData;
use crate::region::{self, Books};

const SOURCE: &str = r#"
(module
  (type $units (array (mut i16)))
  (memory (export "memory") 1 1)
  (func (export "read") (param $array (ref array)) (param $start i32) (param $len i32)
    (local $units (ref $units))
    (local $i i32)
    (local.set $units (ref.cast (ref $units) (local.get $array)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $i) (local.get $len)))
        (i32.store16
          (i32.shl (local.get $i) (i32.const 1))
          (array.get_u $units (local.get $units)
            (i32.add (local.get $start) (local.get $i))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next))))
  (func (export "write") (param $array (ref array)) (param $start i32) (param $len i32)
    (local $units (ref $units))
    (local $i i32)
    (local.set $units (ref.cast (ref $units) (local.get $array)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $i) (local.get $len)))
        (array.set $units (local.get $units)
          (i32.add (local.get $start) (local.get $i))
          (i32.load16_u (i32.shl (local.get $i) (i32.const 1))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))))
"#;

/// Elements in the memory's one page.
const UNITS_PER_CHUNK: usize = (64 << 10) / UNIT_BYTES;
const UNIT_BYTES: usize = size_of::<u16>();

/// The module in a group.
#[derive(Clone)]
pub(crate) struct ArrayCopier {
    memory: wasmtime::Memory,
    read: CopyFunc,
    write: CopyFunc,
}

type CopyFunc = TypedFunc<(Rooted<ArrayRef>, u32, u32), ()>;

/// The module in binary: see [`crate::Engine::array_copier`].
pub(crate) fn bytes() -> wasmtime::Result<Vec<u8>> {
    let bytes = crate::to_binary(SOURCE, "array_copier.wat");
    bytes.map_err(|error| wasmtime::Error::msg(error.message))
}

impl ArrayCopier {
    /// The one of the group that is running.
    pub(crate) fn of(cx: &mut StoreContextMut<'_, GroupData>) -> wasmtime::Result<Self> {
        if let Some(made) = cx.data().group().array_copier.get() {
            return Ok(made.clone());
        }
        let module = cx.data().group().space().engine().array_copier()?;
        // Nobody else sees the memory.
        let unseen = Books::default();
        let (instance, _) =
            region::create(&unseen, || wasmtime::Instance::new(&mut *cx, &module, &[]));
        let instance = instance?;
        cx.data().group().add_own_code(&module);
        let memory = instance.get_memory(&mut *cx, "memory");
        let made = Self {
            memory: memory.ok_or_else(|| wasmtime::Error::msg("no memory"))?,
            read: instance.get_typed_func(&mut *cx, "read")?,
            write: instance.get_typed_func(&mut *cx, "write")?,
        };
        Ok(cx.data().group().array_copier.get_or_init(|| made).clone())
    }

    /// Copies elements from `start` on into `units`.
    pub(crate) fn read(
        &self,
        cx: &mut StoreContextMut<'_, GroupData>,
        array: Rooted<ArrayRef>,
        mut start: u32,
        units: &mut [u16],
    ) -> wasmtime::Result<()> {
        for chunk in units.chunks_mut(UNITS_PER_CHUNK) {
            // A chunk is far below 2³².
            let len = chunk.len() as u32;
            self.read.call(&mut *cx, (array, start, len))?;
            let bytes = self.memory.data(&*cx).chunks_exact(UNIT_BYTES);
            for (unit, bytes) in chunk.iter_mut().zip(bytes) {
                *unit = u16::from_le_bytes([bytes[0], bytes[1]]);
            }
            start = start.wrapping_add(len);
        }
        Ok(())
    }

    /// Copies `units` into elements from `start` on.
    pub(crate) fn write(
        &self,
        cx: &mut StoreContextMut<'_, GroupData>,
        array: Rooted<ArrayRef>,
        mut start: u32,
        units: &[u16],
    ) -> wasmtime::Result<()> {
        for chunk in units.chunks(UNITS_PER_CHUNK) {
            let len = chunk.len() as u32;
            let bytes = self.memory.data_mut(&mut *cx).chunks_exact_mut(UNIT_BYTES);
            for (bytes, unit) in bytes.zip(chunk) {
                bytes.copy_from_slice(&unit.to_le_bytes());
            }
            self.write.call(&mut *cx, (array, start, len))?;
            start = start.wrapping_add(len);
        }
        Ok(())
    }
}
