//! What the rewritten instructions call.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use wasmtime::{ExternType, Func, Instance, Ref, SharedMemory, StoreContextMut, Trap};

use super::{Operation, hook_index};
use crate::group::GroupData;
use crate::host::ThreadBound;
use crate::{Memory, Space, Stopper, WaitQueue, Waited};

/// The names of what a rewritten module exports for this.
#[derive(Debug)]
pub(crate) struct Hooks {
    table: Box<str>,
    memories: Box<[Box<str>]>,
    start: Option<Box<str>>,
}

/// What `memory.atomic.wait32` and `wait64` give.
const WOKEN: i32 = 0;
const NOT_EQUAL: i32 = 1;
const TIMED_OUT: i32 = 2;

impl Hooks {
    /// Those among the exports of a rewritten module: they come after its own.
    pub(crate) fn of(exports: impl Iterator<Item = crate::ExportType>) -> Option<Self> {
        let mut hooks = Self { table: "".into(), memories: Box::default(), start: None };
        let mut memories = Vec::new();
        for export in exports {
            match export.ty {
                ExternType::Table(_) => hooks.table = export.name,
                ExternType::Memory(_) => memories.push(export.name),
                _ => hooks.start = Some(export.name),
            }
        }
        hooks.memories = memories.into();
        (!hooks.memories.is_empty()).then_some(hooks)
    }

    /// Fills the table of an instance, and runs its start function.
    pub(crate) fn install(
        &self,
        cx: &mut StoreContextMut<'_, GroupData>,
        space: &Space,
        instance: &Instance,
    ) -> wasmtime::Result<()> {
        let missing = || wasmtime::Error::msg("what waiting needs is missing in an instance");
        let table = instance.get_table(&mut *cx, &self.table).ok_or_else(missing)?;
        let memories = self.memories.iter().map(|name| instance.get_shared_memory(&mut *cx, name));
        let memories: Option<Arc<[_]>> = memories.collect();
        let place = Place::new(space, memories.ok_or_else(missing)?)?;
        for (operation, is_64, func) in place.functions(cx) {
            let index = hook_index(operation, is_64);
            table.set(&mut *cx, index.into(), Ref::Func(Some(func)))?;
        }
        if let Some(start) = &self.start {
            let start = instance.get_func(&mut *cx, start).ok_or_else(missing)?;
            start.call(&mut *cx, &[], &mut [])?;
        }
        Ok(())
    }
}

/// Where the functions look.
#[derive(Clone)]
struct Place {
    memories: Arc<[SharedMemory]>,
    /// The same, as what is charged for them.
    handles: Arc<ThreadBound<Vec<Memory>>>,
    queue: Arc<WaitQueue>,
    stopper: Stopper,
}

impl Place {
    fn new(space: &Space, memories: Arc<[SharedMemory]>) -> wasmtime::Result<Self> {
        let stopper = space.stopper().cloned().unwrap_or_default();
        let handles = memories.iter().map(|memory| Memory::intern_shared(space, memory.clone()));
        let handles = Arc::new(ThreadBound(handles.collect::<wasmtime::Result<_>>()?));
        Ok(Self { memories, handles, queue: space.engine().waiters().clone(), stopper })
    }

    fn functions(&self, cx: &mut StoreContextMut<'_, GroupData>) -> [(Operation, bool, Func); 8] {
        /// A function for addresses of one size.
        macro_rules! hook {
            ($address:ty, |$place:ident, $at:ident $(, $name:ident: $ty:ty)*| $body:expr) => {{
                let $place = self.clone();
                Func::wrap(
                    &mut *cx,
                    move |$at: $address $(, $name: $ty)*, offset: u64, memory: u32| {
                        let $at = (u64::from($at), offset, memory);
                        $body
                    },
                )
            }};
        }
        let (place_32, place_64) = (self.clone(), self.clone());
        let grow_32 = move |delta: u32, memory: u32| {
            place_32.grow(delta.into(), memory).map_or(u32::MAX, |pages| pages as u32)
        };
        let grow_64 =
            move |delta: u64, memory: u32| place_64.grow(delta, memory).unwrap_or(u64::MAX);
        use Operation::{Grow, Notify, Wait32, Wait64};
        [
            (
                Wait32,
                false,
                hook!(u32, |place, at, value: u32, time: i64| place.wait32(at, value, time)),
            ),
            (
                Wait32,
                true,
                hook!(u64, |place, at, value: u32, time: i64| place.wait32(at, value, time)),
            ),
            (
                Wait64,
                false,
                hook!(u32, |place, at, value: u64, time: i64| place.wait64(at, value, time)),
            ),
            (
                Wait64,
                true,
                hook!(u64, |place, at, value: u64, time: i64| place.wait64(at, value, time)),
            ),
            (Notify, false, hook!(u32, |place, at, count: u32| place.notify(at, count))),
            (Notify, true, hook!(u64, |place, at, count: u32| place.notify(at, count))),
            (Grow, false, Func::wrap(&mut *cx, grow_32)),
            (Grow, true, Func::wrap(&mut *cx, grow_64)),
        ]
    }

    /// <https://webassembly.github.io/threads/core/exec/instructions.html#atomic-memory-instructions>
    fn wait32(&self, at: At, expected: u32, timeout_ns: i64) -> wasmtime::Result<i32> {
        let cell = self.cell::<AtomicU32>(at)?;
        self.wait(cell as usize, timeout_ns, || {
            // SAFETY: inside of the memory, which never moves or shrinks, and aligned.
            unsafe { (*cell).load(Ordering::SeqCst) == expected }
        })
    }

    fn wait64(&self, at: At, expected: u64, timeout_ns: i64) -> wasmtime::Result<i32> {
        let cell = self.cell::<AtomicU64>(at)?;
        self.wait(cell as usize, timeout_ns, || {
            // SAFETY: as above.
            unsafe { (*cell).load(Ordering::SeqCst) == expected }
        })
    }

    fn wait(
        &self,
        address: usize,
        timeout_ns: i64,
        is_equal: impl FnOnce() -> bool,
    ) -> wasmtime::Result<i32> {
        // Less than nothing is for ever.
        let timeout = u64::try_from(timeout_ns).ok().map(Duration::from_nanos);
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        match self.queue.wait(address, is_equal, deadline, &self.stopper) {
            Waited::Woken => Ok(WOKEN),
            Waited::NotEqual => Ok(NOT_EQUAL),
            Waited::TimedOut => Ok(TIMED_OUT),
            // Whoever called the module finds out.
            Waited::Stopped => Err(wasmtime::Error::msg("stopped")),
        }
    }

    fn notify(&self, at: At, count: u32) -> wasmtime::Result<u32> {
        Ok(self.queue.notify(self.cell::<AtomicU32>(at)? as usize, count))
    }

    /// How many pages there were, if there may be so many more.
    fn grow(&self, delta: u64, memory: u32) -> Option<u64> {
        self.handles.0.get(memory as usize)?.grow_inside(delta).ok()
    }

    /// The place that an instruction is about, if the memory reaches so far and it is aligned.
    fn cell<T>(&self, (address, offset, memory): At) -> Result<*const T, Trap> {
        let memory = self.memories.get(memory as usize).ok_or(Trap::MemoryOutOfBounds)?;
        let data = memory.data();
        let start = address.checked_add(offset).ok_or(Trap::MemoryOutOfBounds)?;
        let end = start.checked_add(size_of::<T>() as u64).ok_or(Trap::MemoryOutOfBounds)?;
        if end > data.len() as u64 {
            return Err(Trap::MemoryOutOfBounds);
        }
        if !start.is_multiple_of(size_of::<T>() as u64) {
            return Err(Trap::HeapMisaligned);
        }
        Ok(data.as_ptr().cast::<u8>().wrapping_add(start as usize).cast())
    }
}

/// An address, the offset from there, and which of the memories.
type At = (u64, u64, u32);
