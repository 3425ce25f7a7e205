//! QuickJS-NG as Holm uses it.
//!
//! `rquickjs` supplies the safe values ([`Ctx`], [`Value`], [`Object`] …), re-exported here.
//! What it does not do, or does slowly, is here on the raw API: realms with their own
//! prototypes, host objects and callable host objects, Web IDL interfaces, buffers over
//! foreign memory, the module loader, the job queue, limits.
//!
//! This crate knows nothing of WebAssembly, files, or the web. It is one of the two crates
//! in which `unsafe` is allowed.
//!
//! Names a reader will mix up:
//! - [`Runtime`]: one heap and one job queue; what a thread owns.
//! - [`Realm`]: one global object with its intrinsics (QuickJS calls it a context).
//! - [`Ctx`]: a realm while script may run; every safe value borrows from it.
//! - [`Held`]: a JS value inside a host object, seen by the collector, no root.
//! - [`Root`]: a JS value kept alive by Rust, a root until dropped.

mod allocator;
mod async_context;
mod buffer;
mod bytecode;
mod call_site;
mod dom_exception;
mod embedding;
mod error_class;
mod errors;
mod foreign_frames;
mod function;
mod held_cell;
mod host_object;
mod inner_realm;
mod jobs;
mod js_string;
mod lazy;
mod limits;
pub mod make;
mod modules;
mod name_scope;
mod native;
mod outgoing;
mod pristine;
mod raw;
mod realm;
pub mod reflect;
mod root;
mod runtime;
mod scope_loan;
mod script;
mod sealed;
mod stack;
mod stack_trace;
mod subclass;
mod text;
mod thrown;
mod weak;
mod weak_refs;
pub mod webidl;

pub use allocator::{Budget, FamilyBudget};
pub use async_context::{AsyncContext, AsyncValue, async_context, follow_promises, mark_next_job};
pub use buffer::{
    Backing, Bytes, MAX_BUFFER_BYTES, SharedBuffer, Waitable, WaitableArray, alias_buffer,
    alias_growable_shared_buffer, alias_resizable_buffer, alias_shared_buffer, buffer_source,
    detach_buffer, fill_view, is_detachable, is_detached, max_buffer_bytes, refresh_buffer,
    view_bytes, view_len, with_keeper,
};
pub use bytecode::{compile_script, run_bytecode};
pub use embedding::compile_folder;
pub use error_class::{class_error, error_class, throw_class};
pub use errors::{
    ErrorKind, coded_error, error, give_code, interrupt_error, is_uncatchable, take_exception,
    throw, throw_coded, throw_dom, throw_value,
};
pub use foreign_frames::{ForeignCall, ForeignCalls, keep_frames, set_foreign_calls};
pub use function::{Call, HostCallable, callable, callable_constructor, constructor, function};
pub use held_cell::HeldCell;
pub use host_object::{Graveyard, Held, HostObject, Tracer, host_object, host_ref};
pub use inner_realm::{InnerRealm, is_inner_realm, within_time};
pub use jobs::{
    JobOutcome, Rejection, enqueue_call, mark_handled, promise_rejected, promise_resolve,
    promise_result, run_job, take_handled_late, take_rejections,
};
pub use js_string::{Strings, Text, Units};
pub use lazy::{Attributes, define_accessor, define_lazy, define_value, freeze, well_known_symbol};
pub use limits::{Interrupter, Limits};
pub use modules::{
    ImportAttributes, ModuleLoader, ModuleRecord, compile_module, evaluate_module, synthetic_module,
};
pub use name_scope::name_scope;
pub use native::{NativeCall, NativeFunction, Returned, native_function};
pub use outgoing::{Argument, Reply, call_held};
pub use realm::{Realm, slot};
pub use reflect::is_same;
pub use root::Root;
pub use rquickjs::atom::PredefinedAtom;
pub use rquickjs::function::{Rest, This};
pub use rquickjs::promise::PromiseState;
pub use rquickjs::{
    Array, ArrayBuffer, Atom, BigInt, Coerced, Ctx, Error, Filter, FromJs, Function, IntoJs,
    Object, Promise, Result, String as JsString, Symbol, Type, TypedArray, Value,
};
pub use runtime::{
    Runtime, budget, bury, collect_garbage, engine_version, heap_bytes, heap_limit_bytes,
    interrupter, is_out_of_memory, must_stop,
};
pub use scope_loan::ScopeLoan;
pub use script::{
    ScriptOrigin, compile_check, compiles_as_function_body, evaluate_async_script, evaluate_script,
    parse_json,
};
pub use sealed::sealed;
pub use stack::{StackLimits, enter_stack, leave_stack, stack_end};
pub use stack_trace::stack_text;
pub use text::to_text;
pub use thrown::{Frame, HINT_PROPERTY, OUT_OF_MEMORY, Thrown};
pub use weak::Weak;
