//! Functions.

use std::fmt;
use std::mem::MaybeUninit;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use wasmtime::{FuncType, StoreContextMut, Val, ValRaw, ValType};

use crate::failure::{self, Failure, TrapKind};
use crate::group::{GroupData, GroupInner};
use crate::host::{HostFunction, ThreadBound, Thrown};
use crate::value::{lift, lower};
use crate::{Attachment, Group, Mismatch, Value};

/// A function of a module, or of the host in the shape of one.
#[derive(Clone)]
pub struct Func(Rc<FuncInner>);

pub(crate) struct FuncInner {
    group: Group,
    func: wasmtime::Func,
    key: Key,
    signature: Signature,
    index: u32,
    attachment: Attachment,
}

/// A function's type, ready for calls.
#[derive(Clone)]
pub struct Signature(Arc<SignatureInner>);

struct SignatureInner {
    ty: FuncType,
    parameters: Box<[ValType]>,
    results: Box<[ValType]>,
    is_numeric: bool,
    /// More than anybody has if there are others than numbers.
    slots_of_numbers: usize,
}

impl Signature {
    pub(crate) fn new(ty: FuncType) -> Self {
        let parameters: Box<[ValType]> = ty.params().collect();
        let results: Box<[ValType]> = ty.results().collect();
        let is_numeric = !parameters.iter().chain(&results).any(ValType::is_ref);
        let slots_of_numbers =
            if is_numeric { parameters.len().max(results.len()) } else { usize::MAX };
        Self(Arc::new(SignatureInner { ty, parameters, results, is_numeric, slots_of_numbers }))
    }

    /// The types of its parameters.
    pub fn parameters(&self) -> &[ValType] {
        &self.0.parameters
    }

    /// The types of its results.
    pub fn results(&self) -> &[ValType] {
        &self.0.results
    }

    /// Whether only numbers go in and out.
    pub fn is_numeric(&self) -> bool {
        self.0.is_numeric
    }

    /// How many slots a call needs.
    pub fn slots(&self) -> usize {
        self.0.parameters.len().max(self.0.results.len())
    }

    pub(crate) fn ty(&self) -> &FuncType {
        &self.0.ty
    }
}

/// A number on its way into or out of a call. It has no type of its own: bits are read as what
/// the signature says.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Slot(ValRaw);

impl Slot {
    /// Nothing yet.
    #[inline]
    pub fn zero() -> Self {
        Self(ValRaw::i64(0))
    }

    /// An `i32`.
    #[inline]
    pub fn set_i32(&mut self, number: i32) {
        self.0 = ValRaw::i32(number);
    }

    /// An `i64`.
    #[inline]
    pub fn set_i64(&mut self, number: i64) {
        self.0 = ValRaw::i64(number);
    }

    /// An `f32`.
    #[inline]
    pub fn set_f32(&mut self, number: f32) {
        self.0 = ValRaw::f32(number.to_bits());
    }

    /// An `f64`.
    #[inline]
    pub fn set_f64(&mut self, number: f64) {
        self.0 = ValRaw::f64(number.to_bits());
    }

    /// The bits as an `i32`.
    #[inline]
    pub fn i32(&self) -> i32 {
        self.0.get_i32()
    }

    /// The bits as an `i64`.
    #[inline]
    pub fn i64(&self) -> i64 {
        self.0.get_i64()
    }

    /// The bits as an `f32`.
    #[inline]
    pub fn f32(&self) -> f32 {
        f32::from_bits(self.0.get_f32())
    }

    /// The bits as an `f64`.
    #[inline]
    pub fn f64(&self) -> f64 {
        f64::from_bits(self.0.get_f64())
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Slot").field(&self.0.get_u64()).finish()
    }
}

/// What is the same for all references to one function, of which Wasmtime makes several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) context: usize,
    entry: usize,
}

/// The beginning of Wasmtime's `VMFuncRef`.
#[repr(C)]
struct RawFunc {
    array_call: usize,
    wasm_call: usize,
    type_index: u32,
    context: usize,
}

impl Func {
    pub(crate) fn intern(
        group: &Group,
        cx: &mut StoreContextMut<'_, GroupData>,
        func: wasmtime::Func,
    ) -> Self {
        let (key, code) = key_and_code(cx, func);
        let known = &group.interned().functions;
        if let Some(found) = known.borrow().get(&key).and_then(Weak::upgrade) {
            return Self(found);
        }
        // Reached through this group, a function of another one is still the same.
        let target = group.interned().bridged.borrow().get(&key).cloned();
        if let Some(found) = target.and_then(|target| target.func()) {
            return found;
        }
        let signature = Signature::new(func.ty(&*cx));
        let host_index = group.interned().host_indices.borrow().get(&key).copied();
        let index = host_index.or_else(|| group.function_at(code)).unwrap_or(u32::MAX);
        group.find_stack_limit(key);
        let made = Rc::new(FuncInner {
            group: group.clone(),
            func,
            key,
            signature,
            index,
            attachment: Attachment::default(),
        });
        known.borrow_mut().insert(key, Rc::downgrade(&made));
        Self(made)
    }

    /// Makes a function of the group whose body is the host's.
    pub(crate) fn host(
        cx: &mut StoreContextMut<'_, GroupData>,
        signature: &Signature,
        body: Box<dyn HostFunction>,
    ) -> wasmtime::Func {
        let ty = signature.ty().clone();
        if signature.is_numeric() {
            return host_numbers(cx, ty, body);
        }
        let bound = ThreadBound((body, signature.clone()));
        wasmtime::Func::new(&mut *cx, ty, move |mut caller, arguments, results| {
            let ThreadBound((body, signature)) = &bound;
            let mut cx = wasmtime::AsContextMut::as_context_mut(&mut caller);
            host_values(&mut cx, body.as_ref(), signature, arguments, results)
        })
    }

    /// Which group it is part of.
    pub fn group(&self) -> &Group {
        &self.0.group
    }

    /// Its type.
    pub fn signature(&self) -> &Signature {
        &self.0.signature
    }

    /// Its index in the module that defines it. Of a function of the host: which one it was
    /// among the functions that were imported with it.
    pub fn index(&self) -> u32 {
        self.0.index
    }

    pub(crate) fn key(&self) -> Key {
        self.0.key
    }

    pub(crate) fn raw(&self) -> wasmtime::Func {
        self.0.func
    }

    /// What the embedder hung onto it.
    pub fn attachment(&self) -> &Attachment {
        &self.0.attachment
    }

    /// Whether both are the same function.
    pub fn same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// Calls a function in which only numbers go in and out. Arguments stand in `slots`, and
    /// results replace them. What goes well returns in a register: failures are boxed.
    ///
    /// # Panics
    /// If the signature is not numeric, or there are fewer slots than it needs: mistakes of
    /// the caller that no module can cause.
    #[inline]
    pub fn call_numbers(&self, slots: &mut [Slot]) -> Result<(), Box<Failure>> {
        let inner = &*self.0;
        let _entry = inner.group.enter_space();
        call_numbers(&inner.group, inner.func, &inner.signature, slots)
    }

    /// Calls any function. The arguments must be as many as the signature says.
    pub fn call(&self, arguments: &[Value]) -> Result<Vec<Value>, CallError> {
        let inner = &*self.0;
        let _entry = inner.group.enter_space();
        call_values(&inner.group, inner.func, &inner.signature, arguments)
    }

    /// The function as one of `group`.
    pub(crate) fn in_group(
        &self,
        group: &Group,
        cx: &mut StoreContextMut<'_, GroupData>,
    ) -> wasmtime::Result<wasmtime::Func> {
        if self.group().same(group) {
            return Ok(self.0.func);
        }
        let inner = &*self.0;
        let own = (inner.group.address(), inner.key);
        if let Some(made) = group.interned().bridges.borrow().get(&own) {
            return Ok(*made);
        }
        let target = Rc::new(BridgeTarget {
            group: inner.group.downgrade(),
            func: inner.func,
            key: inner.key,
            signature: inner.signature.clone(),
            index: inner.index,
        });
        let made = Self::host(cx, self.signature(), Box::new(Bridge(target.clone())));
        let (key, _) = key_and_code(cx, made);
        group.interned().bridged.borrow_mut().insert(key, target);
        group.interned().bridges.borrow_mut().insert(own, made);
        group.host_values().keep_group(inner.group.host_values());
        Ok(made)
    }
}

// One frame on the stack of each call: so this is not inlined, and all that it calls is.
#[inline(never)]
pub(crate) fn call_numbers(
    group: &Group,
    func: wasmtime::Func,
    signature: &Signature,
    slots: &mut [Slot],
) -> Result<(), Box<Failure>> {
    assert!(slots.len() >= signature.0.slots_of_numbers);
    if group.is_stopped() {
        return Err(Box::new(Failure::Stopped));
    }
    let _call = group.begin_call();
    let mut store = group.open();
    // `Slot` is a `ValRaw` and nothing else.
    let raw = std::ptr::from_mut(slots) as *mut [ValRaw];
    // SAFETY: there are enough slots, all numbers, for which any bits will do.
    let done = unsafe { func.call_unchecked(store.cx(), raw) };
    let result = done.map_err(|error| Box::new(failure::from_error(group, &mut store.cx(), error)));
    drop(store);
    group.settle();
    result
}

pub(crate) fn call_values(
    group: &Group,
    func: wasmtime::Func,
    signature: &Signature,
    arguments: &[Value],
) -> Result<Vec<Value>, CallError> {
    if group.is_stopped() {
        return Err(Failure::Stopped.into());
    }
    let _call = group.begin_call();
    let result = group.enter_rooted(|cx| {
        let types = signature.parameters();
        let mut lowered = Vec::with_capacity(types.len());
        for (index, ty) in types.iter().enumerate() {
            let mismatch = |mismatch| CallError::Argument { index, mismatch };
            let argument = arguments.get(index).ok_or(mismatch(Mismatch { reason: None }))?;
            lowered.push(lower(group, cx, argument, ty).map_err(mismatch)?);
        }
        let mut results = vec![Val::I32(0); signature.results().len()];
        let done = func.call(&mut *cx, &lowered, &mut results);
        done.map_err(|error| failure::from_error(group, cx, error))?;
        let lifted = results.into_iter().map(|value| lift(group, cx, value));
        let lifted = lifted.collect::<wasmtime::Result<Vec<_>>>();
        lifted.map_err(|error| CallError::Failure(failure::from_error(group, cx, error)))
    });
    group.settle();
    result
}

/// What tells a function from others, and where its code is.
pub(crate) fn key_and_code(
    cx: &mut StoreContextMut<'_, GroupData>,
    func: wasmtime::Func,
) -> (Key, usize) {
    let raw = func.to_raw(&mut *cx).cast::<RawFunc>().cast_const();
    // SAFETY: the pointer is to a function reference of this store, which begins like this.
    let raw = unsafe { &*raw };
    (Key { context: raw.context, entry: raw.array_call }, raw.wasm_call)
}

/// Why a call did not return.
#[derive(Debug)]
pub enum CallError {
    /// An argument is missing or of the wrong type; nothing was called.
    Argument {
        /// Which.
        index: usize,
        /// Why.
        mismatch: Mismatch,
    },
    /// The call ended.
    Failure(Failure),
}

impl From<Failure> for CallError {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

fn host_numbers(
    cx: &mut StoreContextMut<'_, GroupData>,
    ty: FuncType,
    body: Box<dyn HostFunction>,
) -> wasmtime::Func {
    let bound = ThreadBound(body);
    let parameters = ty.params().len();
    let body = move |mut caller: wasmtime::Caller<'_, GroupData>,
                     slots: &mut [MaybeUninit<ValRaw>]| {
        let bound = &bound;
        let mut cx = wasmtime::AsContextMut::as_context_mut(&mut caller);
        let group = std::ptr::from_ref(cx.data().group());
        // SAFETY: the group outlives every call into it: whoever entered it holds it.
        let group = unsafe { &*group };
        // Wasmtime has written the parameters only.
        for slot in slots.iter_mut().skip(parameters) {
            slot.write(ValRaw::i64(0));
        }
        // SAFETY: all are written now, and a `Slot` is a `ValRaw` and nothing else.
        let slots = unsafe { &mut *(std::ptr::from_mut(slots) as *mut [Slot]) };
        let result = group.lend(&mut cx, || {
            // Whoever is called may look at a memory that has grown.
            group.settle();
            bound.0.call_numbers(slots)
        });
        let result = group.unless_stopped(result);
        result.map_err(|thrown| failure::into_error(group, &mut cx, *thrown))
    };
    // SAFETY: all parameters and results are numbers, so any bits are valid results.
    unsafe { wasmtime::Func::new_unchecked(&mut *cx, ty, body) }
}

fn host_values(
    cx: &mut StoreContextMut<'_, GroupData>,
    body: &dyn HostFunction,
    signature: &Signature,
    arguments: &[Val],
    results: &mut [Val],
) -> wasmtime::Result<()> {
    let group = Group::of(cx.data().group());
    let inner = std::ptr::from_ref(cx.data().group());
    // SAFETY: `group` keeps it.
    let inner = unsafe { &*inner };
    let mut lifted = Vec::with_capacity(arguments.len());
    for argument in arguments {
        lifted.push(lift(&group, cx, *argument)?);
    }
    let returned = inner.lend(cx, || {
        inner.settle();
        body.call(&group, lifted)
    });
    let returned = inner.unless_stopped(returned);
    let returned = returned.map_err(|thrown| failure::into_error(inner, cx, thrown))?;
    for ((result, value), ty) in results.iter_mut().zip(&returned).zip(signature.results()) {
        *result = lower(&group, cx, value, ty)
            .map_err(|_| wasmtime::Error::msg("a host function returned a wrong type"))?;
    }
    Ok(())
}

/// A function of another group, which it does not keep: two groups may have bridges to each
/// other. [`crate::HostValues::keep_group`] does.
pub(crate) struct BridgeTarget {
    group: Weak<GroupInner>,
    func: wasmtime::Func,
    key: Key,
    signature: Signature,
    index: u32,
}

impl BridgeTarget {
    /// The handle of the function.
    fn func(&self) -> Option<Func> {
        let group = self.group()?;
        let known = &group.interned().functions;
        if let Some(found) = known.borrow().get(&self.key).and_then(Weak::upgrade) {
            return Some(Func(found));
        }
        let made = Rc::new(FuncInner {
            group: group.clone(),
            func: self.func,
            key: self.key,
            signature: self.signature.clone(),
            index: self.index,
            attachment: Attachment::default(),
        });
        known.borrow_mut().insert(self.key, Rc::downgrade(&made));
        Some(Func(made))
    }

    fn group(&self) -> Option<Group> {
        self.group.upgrade().map(Group::from_inner)
    }

    /// The group, if it may be called now.
    ///
    /// Wasmtime checks a store's stack from where the store was entered. Each bridge enters
    /// another one, so they could go on beyond the end of the stack, one after the other.
    fn ready(&self) -> Result<Group, Thrown> {
        let failure = match self.group() {
            Some(group) if group.space().has_stack_for_bridge() => return Ok(group),
            Some(_) => Failure::Trap { kind: TrapKind::StackOverflow, frames: Vec::new() },
            None => Failure::Other("the function's instance is gone".to_owned()),
        };
        Err(Thrown::Failure(Box::new(failure)))
    }
}

struct Bridge(Rc<BridgeTarget>);

impl HostFunction for Bridge {
    fn call_numbers(&self, slots: &mut [Slot]) -> Result<(), Box<Thrown>> {
        let group = self.0.ready()?;
        call_numbers(&group, self.0.func, &self.0.signature, slots)
            .map_err(|failure| Thrown::from(*failure).into())
    }

    fn call(&self, _group: &Group, arguments: Vec<Value>) -> Result<Vec<Value>, Thrown> {
        let group = self.0.ready()?;
        let result = call_values(&group, self.0.func, &self.0.signature, &arguments);
        result.map_err(|error| match error {
            CallError::Failure(failure) => Thrown::from(failure),
            CallError::Argument { mismatch, .. } => {
                let reason = mismatch.reason.unwrap_or_else(|| "a value of the wrong type".into());
                Thrown::Failure(Box::new(Failure::Other(reason)))
            }
        })
    }
}

impl From<Failure> for Thrown {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Host(value) => Self::Value(value),
            Failure::Uncatchable(value) => Self::Uncatchable(value),
            Failure::Exception(exception) => Self::Exception(exception),
            other => Self::Failure(Box::new(other)),
        }
    }
}

impl fmt::Debug for Func {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Func").field("index", &self.0.index).finish_non_exhaustive()
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.ty)
    }
}
