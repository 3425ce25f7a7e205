//! What other threads may have of modules and memories: the serialization steps of
//! <https://webassembly.github.io/spec/web-api/#serialization> and of the threads proposal.

use std::fmt;

use holm_js::{
    Ctx, ErrorKind, Object, Result, Value, alias_shared_buffer, host_ref, throw, with_keeper,
};
use holm_wasm::{Engine, Memory, RegionBytes};

use crate::backing::shared_backing;
use crate::memory::{self, MemoryObject};
use crate::state::State;

/// A shared memory on its way to another realm, which may be another thread's.
#[derive(Clone)]
pub struct SharedMemory {
    memory: holm_wasm::SharedMemory,
    engine: Engine,
}

impl SharedMemory {
    /// The memory behind a `WebAssembly.Memory`, if it is shared.
    pub fn of(value: &Value<'_>) -> Option<Self> {
        host_ref::<MemoryObject>(value).and_then(|object| Self::of_memory(object.memory()))
    }

    fn of_memory(memory: &Memory) -> Option<Self> {
        let engine = memory.space().engine().clone();
        memory.shared().map(|memory| Self { memory: memory.clone(), engine })
    }

    /// The `WebAssembly.Memory` of this realm; a `TypeError` if it has another engine.
    pub fn object<'js>(&self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        let memory = self.memory(ctx)?;
        memory::wrapper(ctx, &memory)
    }

    fn memory(&self, ctx: &Ctx<'_>) -> Result<Memory> {
        let space = State::of(ctx).space(ctx)?;
        if !space.engine().same(&self.engine) {
            let text = "the memory was made by another engine than the isolate's";
            return Err(throw(ctx, ErrorKind::Type, text));
        }
        Ok(Memory::from_shared(&space, self.memory.clone()))
    }
}

/// A `SharedArrayBuffer` of a shared memory, on its way to another realm.
#[derive(Clone, Debug)]
pub struct SharedMemoryBuffer {
    memory: SharedMemory,
    len_bytes: usize,
}

impl SharedMemoryBuffer {
    /// What a buffer shows, if that is a shared memory.
    pub fn of(buffer: &Object<'_>) -> Option<Self> {
        with_keeper(buffer, |(bytes, memory): &(RegionBytes, Memory)| {
            let memory = SharedMemory::of_memory(memory)?;
            // The buffer keeps its length when the memory grows.
            Some(Self { memory, len_bytes: bytes.len() })
        })?
    }

    /// A buffer of this realm that shows the same.
    pub fn object<'js>(&self, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        let memory = self.memory.memory(ctx)?;
        alias_shared_buffer(ctx, shared_backing(&memory, self.len_bytes))
    }
}

impl fmt::Debug for SharedMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedMemory").field("pages", &self.memory.size()).finish_non_exhaustive()
    }
}
