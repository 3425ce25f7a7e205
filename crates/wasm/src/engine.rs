//! The compiler and its settings: one per process is enough, and threads may share it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustix::process::{Resource, getrlimit};
use wasmtime::{Collector, Config, MemoryType, OptLevel};

use crate::binary::Functions;
use crate::mapping;
use crate::region::Regions;
use crate::suspension::STACK_BYTES;
use crate::watch::Watch;
use crate::{CodeCache, Invalid, Module, StreamingValidator, WaitQueue, array_copier, artifact};

/// Stack that modules may use below the outermost call into them. Script stops 1 MiB before
/// the end of a stack: this, and what host functions need, fits in there.
const MAX_WASM_STACK_BYTES: usize = 512 << 10;

/// The stack of a program that is a component: its modules may use [`MAX_WASM_STACK_BYTES`] of it,
/// and WASI the rest.
#[cfg(feature = "components")]
const COMPONENT_STACK_BYTES: usize = 2 << 20;

/// With less address space than this a memory cannot reserve all it may ever grow to.
const ROOMY_ADDRESS_SPACE_BYTES: u64 = 64 << 30;

/// How much address space a memory takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reservation {
    /// It grows so far without moving.
    pub(crate) reserve_bytes: usize,
    /// And has so much that is never accessible behind that.
    pub(crate) guard_bytes: usize,
    /// There must be so much more for it to be made, which is left to the host.
    pub(crate) headroom_bytes: usize,
}

/// All that a 32-bit address can reach: compiled code checks no bounds.
pub(crate) const ROOMY: Reservation =
    Reservation { reserve_bytes: 4 << 30, guard_bytes: 32 << 20, headroom_bytes: 0 };

/// By so much the guard of a heap for objects is longer than that of a memory: Wasmtime asks
/// for both in the same way, and only the guard tells which it is.
const HEAP_MARK_BYTES: usize = 64 << 10;

/// Nothing in reserve: compiled code checks bounds. Where there is an end to address space,
/// modules may not have the last of it: the process ends when Rust's own memory cannot be had.
const SCARCE: Reservation =
    Reservation { reserve_bytes: 0, guard_bytes: 64 << 10, headroom_bytes: 64 << 20 };

/// The compiler with its settings. Cheap to clone, and to send to other threads.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    engine: wasmtime::Engine,
    reservation: Reservation,
    /// One-line modules by which a group adopts a region: see [`crate::region`].
    adopters: Mutex<HashMap<MemoryType, wasmtime::Module>>,
    /// See [`crate::array_copier`].
    array_copier: OnceLock<wasmtime::Module>,
    watch: Arc<Watch>,
    settings: Settings,
    /// See [`artifact::compatibility`].
    compatibility: OnceLock<blake3::Hash>,
}

/// What an engine is given.
#[derive(Clone, Default)]
pub struct Settings {
    /// The queue in which modules wait: script may too.
    pub waiters: Arc<WaitQueue>,
    /// Where compiled code is kept for other processes.
    pub code_cache: Option<CodeCache>,
}

/// Why bytes did not become a module.
#[derive(Clone, Debug)]
pub enum CompileError {
    /// They are no valid module.
    Invalid(Invalid),
    /// The compiler would not have them.
    Engine(String),
}

impl Engine {
    /// Makes the engine. Takes about a millisecond: make it when the first module comes.
    pub fn new() -> Result<Self, CompileError> {
        Self::with_settings(Settings::default())
    }

    /// The same with these settings.
    pub fn with_settings(settings: Settings) -> Result<Self, CompileError> {
        let mut config = common_config();
        config
            .async_stack_size(STACK_BYTES)
            // Regions are ours, and an image can only be laid over memory of Wasmtime's own.
            .memory_init_cow(false);
        let reservation = if address_space_is_scarce() { SCARCE } else { ROOMY };
        let heap_guard_bytes = reservation.guard_bytes + HEAP_MARK_BYTES;
        let reserve_bytes = reservation.reserve_bytes as u64;
        let guard_bytes = reservation.guard_bytes as u64;
        config
            .with_host_memory(Arc::new(Regions {
                heap_guard_bytes,
                headroom_bytes: reservation.headroom_bytes,
            }))
            .memory_reservation(reserve_bytes)
            .memory_guard_size(guard_bytes)
            .memory_reservation_for_growth(0)
            .gc_heap_reservation(reserve_bytes)
            .gc_heap_guard_size(heap_guard_bytes as u64)
            .gc_heap_reservation_for_growth(0);
        let engine = wasmtime::Engine::new(&config).map_err(CompileError::engine)?;
        let watch = Watch::new(&engine);
        let (adopters, array_copier, compatibility) = Default::default();
        Ok(Self(Arc::new(Inner {
            engine,
            reservation,
            adopters,
            array_copier,
            watch,
            settings,
            compatibility,
        })))
    }

    /// Whether both are the same engine: modules of one are no use to the other.
    pub fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) fn reservation(&self) -> Reservation {
        self.0.reservation
    }

    /// Fails if what is left of address space is the host's.
    pub(crate) fn check_headroom(&self) -> Result<(), String> {
        mapping::check_headroom(self.0.reservation.headroom_bytes)
            .map_err(|error| format!("there is no address space left for modules: {error}"))
    }

    pub(crate) fn raw(&self) -> &wasmtime::Engine {
        &self.0.engine
    }

    pub(crate) fn waiters(&self) -> &Arc<WaitQueue> {
        &self.0.settings.waiters
    }

    /// Validates a module that is to be compiled here while its bytes arrive. If there is a code
    /// cache, functions wait until it is known that it has not got the module: to validate them
    /// takes several times as long as finding it there.
    pub fn streaming_validator(&self) -> StreamingValidator {
        StreamingValidator::with(match self.code_cache() {
            Some(_) => Functions::Later,
            None => Functions::Now,
        })
    }

    pub(crate) fn code_cache(&self) -> Option<&CodeCache> {
        self.0.settings.code_cache.as_ref()
    }

    /// What its code depends on, but for the module.
    pub(crate) fn compatibility(&self) -> blake3::Hash {
        *self.0.compatibility.get_or_init(|| artifact::compatibility(&self.0.engine))
    }

    /// What interrupts isolates of this engine.
    pub(crate) fn watch(&self) -> &Arc<Watch> {
        &self.0.watch
    }

    /// What compiles components. Their memories are Wasmtime's own: nothing of script is laid
    /// over them.
    #[cfg(feature = "components")]
    pub(crate) fn components(&self) -> Result<&wasmtime::Engine, CompileError> {
        let make = || {
            let Reservation { reserve_bytes, guard_bytes, .. } = self.0.reservation;
            let mut config = common_config();
            config
                .epoch_interruption(true)
                .async_stack_size(COMPONENT_STACK_BYTES)
                .memory_reservation(reserve_bytes as u64)
                .memory_guard_size(guard_bytes as u64)
                .memory_reservation_for_growth(0)
                .gc_heap_reservation(reserve_bytes as u64)
                .gc_heap_guard_size(guard_bytes as u64)
                .gc_heap_reservation_for_growth(0);
            wasmtime::Engine::new(&config)
        };
        self.0.watch.components(make).map_err(CompileError::engine)
    }

    /// Compiles a module of this crate's own, or finds it in the code cache: a program all of
    /// whose modules are there should not have to start the compiler.
    fn compile_own(&self, bytes: Vec<u8>) -> wasmtime::Result<wasmtime::Module> {
        let made = Module::compile(self, bytes.into()).map_err(wasmtime::Error::new)?;
        // Not the module: it holds the engine, which is to hold this.
        Ok(made.raw().clone())
    }

    /// The module that copies elements of arrays.
    pub(crate) fn array_copier(&self) -> wasmtime::Result<wasmtime::Module> {
        if let Some(made) = self.0.array_copier.get() {
            return Ok(made.clone());
        }
        let made = self.compile_own(array_copier::bytes()?)?;
        Ok(self.0.array_copier.get_or_init(|| made).clone())
    }

    /// The module through which a group adopts a region of this type.
    pub(crate) fn adopter(&self, ty: &MemoryType) -> wasmtime::Result<wasmtime::Module> {
        let mut adopters = self.0.adopters.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = adopters.get(ty) {
            return Ok(found.clone());
        }
        let module = self.compile_own(adopter_bytes(ty))?;
        adopters.insert(ty.clone(), module.clone());
        Ok(module)
    }
}

/// What holds whatever is compiled.
fn common_config() -> Config {
    let mut config = Config::new();
    config
        .cranelift_opt_level(OptLevel::Speed)
        .collector(Collector::Copying)
        .shared_memory(true)
        .concurrency_support(false)
        .max_wasm_stack(MAX_WASM_STACK_BYTES)
        .guard_before_linear_memory(false)
        .native_unwind_info(false);
    config
}

fn address_space_is_scarce() -> bool {
    getrlimit(Resource::As).current.is_some_and(|bytes| bytes < ROOMY_ADDRESS_SPACE_BYTES)
}

/// `(module (memory (export "") MIN MAX))` in binary.
fn adopter_bytes(ty: &MemoryType) -> Vec<u8> {
    const HAS_MAXIMUM: u8 = 1;
    const IS_64: u8 = 4;
    let mut limits = vec![if ty.is_64() { IS_64 } else { 0 }];
    leb128(&mut limits, ty.minimum());
    if let Some(maximum) = ty.maximum() {
        limits[0] |= HAS_MAXIMUM;
        leb128(&mut limits, maximum);
    }
    let mut bytes = b"\0asm\x01\0\0\0".to_vec();
    // The memory section: one memory.
    bytes.extend([5, limits.len() as u8 + 1, 1]);
    bytes.extend(&limits);
    // The export section: one export, the empty name, memory 0.
    bytes.extend([7, 4, 1, 0, 2, 0]);
    bytes
}

fn leb128(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            return bytes.push(low);
        }
        bytes.push(low | 0x80);
    }
}

impl CompileError {
    pub(crate) fn engine(error: wasmtime::Error) -> Self {
        Self::Engine(format!("{error:#}"))
    }

    /// What the author of the bytes may have meant, if there is more to say.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Invalid(invalid) => invalid.hint.as_deref(),
            Self::Engine(_) => None,
        }
    }
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(invalid) => invalid.fmt(f),
            Self::Engine(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for CompileError {}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("code_cache", &self.code_cache).finish_non_exhaustive()
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}
