//! WebAssembly as Holm uses it: an engine layer over Wasmtime that knows of no script.
//!
//! What it adds to Wasmtime:
//! - **linking groups.** A Wasmtime store frees nothing before it is dropped. A [`Group`] is
//!   one store; a new instance gets a fresh one unless its imports belong to a group already.
//!   So whatever is linked together lives and dies together, and nothing else does.
//! - **unbound items.** A [`Memory`], [`Table`], [`Global`] or [`Tag`] can be made before any
//!   group is known. The first instance that imports it binds it. A memory's bytes are in a
//!   region of our own, so binding moves nothing, and the bytes outlive the group.
//! - **identity.** The same function, memory, table … is always the same handle
//!   ([`Func::same`]), however it was reached, and a handle carries one [`Attachment`] of the
//!   embedder's: the wrapper it showed last time.
//! - **host values.** References to things of the host stand in a table of the embedder's
//!   ([`HostValues`]); the module holds tickets.
//! - **a code cache.** An engine may keep what it compiled in a folder, for other processes
//!   ([`CodeCache`]).
//! - **re-entrancy.** Host functions may call back into their group at any depth.
//!
//! Names a reader will mix up:
//! - [`Engine`]: compiles; shared by threads. [`Space`]: what the groups of one isolate share.
//!   [`Group`]: one store.
//! - [`Slot`]: a number on its way into or out of a call. [`Value`]: any value, references
//!   included.
//! - [`HostFunction`]: may call back into its group. [`DirectFunction`]: may not, and is faster.
//! - [`Failure`]: how a call ended that did not return. [`Thrown`]: how a host function did.
//!
//! This is one of the two crates in which `unsafe` is allowed.

mod account;
mod array_copier;
mod artifact;
mod atomic_waits;
mod attachment;
mod binary;
mod code_cache;
#[cfg(feature = "components")]
pub mod component;
mod direct;
mod engine;
mod exception;
mod failure;
mod fiber;
mod func;
mod gc_object;
mod global;
mod group;
mod host;
mod identity;
mod instance;
mod interrupt;
mod legacy_exceptions;
mod limiter;
mod mapping;
mod memory;
mod memory_bytes;
mod module;
mod no_host;
mod offsets;
mod raw_store;
mod region;
mod root_depth;
mod shown_exception;
mod space;
mod stack_limit;
mod stack_maps;
mod stop;
mod suspension;
mod table;
mod tag;
mod translation;
mod type_text;
mod value;
mod waiters;
mod waiting_refs;
mod watch;

pub use account::{Account, BEYOND_MEMORY_LIMIT};
pub use artifact::{ArtifactError, ArtifactKey};
pub use attachment::Attachment;
pub use binary::{
    FunctionPlace, Invalid, Names, Section, StreamingValidator, TextError, check, custom_sections,
    export_names, features, features_with_legacy_exceptions, limits, looks_like_text,
    source_map_url, to_binary,
};
pub use code_cache::{CodeCache, CodeCacheUsage, Kept};
pub use direct::{Answer, DirectCall, DirectFunction, DirectKind, DirectType};
pub use engine::{CompileError, Engine, Settings};
pub use exception::Exception;
pub use failure::{Failure, Frame, TrapKind};
pub use func::{CallError, Func, Signature, Slot};
pub use gc_object::GcObject;
pub use global::Global;
pub use group::Group;
pub use host::{HostFunction, HostRef, HostValues, Thrown};
pub use instance::{
    Extern, Import, InstantiateError, LinkError, MakeDirectFunction, MakeHostFunction,
    MakeSuspendingFunction, instantiate,
};
pub use memory::{GrowError, Memory, MemoryError};
pub use memory_bytes::BytesError;
pub use module::{ExportType, ImportType, Module};
pub use no_host::NoHost;
pub use region::RegionBytes;
pub use space::{Observer, Space};
pub use stop::Stopper;
pub use suspension::{
    CannotWait, HOST_BYTES_OF_STACK, MAX_WAITING_CALLS, Passed, Progress, STACK_BYTES,
    SuspendingFunction, Suspension,
};
pub use table::{Table, TableError};
pub use tag::Tag;
pub use type_text::TypeText;
pub use value::{Mismatch, Ref, Value};
pub use waiters::{AsyncWait, WaitQueue, Waited};
pub use wasmtime::{
    ExternType, FuncType, GlobalType, HeapType, MemoryType, MemoryTypeBuilder, Mutability, RefType,
    SharedMemory, TableType, TagType, ValType,
};
