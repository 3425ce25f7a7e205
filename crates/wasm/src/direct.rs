//! Functions of the host that look at their arguments where these stand.
//!
//! A [`crate::HostFunction`] gets references as [`crate::Value`]s, each with a ticket of its
//! own, and may call back into its group. That is what functions of script need. A builtin
//! needs neither, and is called in loops: it looks at host values and arrays through the
//! store, which stays taken meanwhile.

use std::fmt;
use std::mem::MaybeUninit;

use wasmtime::{
    AnyRef, ArrayRef, ArrayType, AsContextMut, Caller, ExternRef, FieldType, FuncType, HeapType,
    Mutability, RefType, Rooted, StorageType, StoreContextMut, ValRaw, ValType,
};

use crate::array_copier::ArrayCopier;
use crate::failure;
use crate::group::{GroupData, GroupInner};
use crate::host::ThreadBound;
use crate::value::{HostCell, new_extern};
use crate::{Engine, ExternType, Group, HostRef, Thrown, TypeText};

/// The body of such a function. It has one result.
pub trait DirectFunction: 'static {
    /// A call.
    fn call(&self, call: &mut DirectCall<'_>) -> Result<Answer, Thrown>;
}

/// A type of such a function.
#[derive(Clone)]
pub struct DirectType {
    ty: FuncType,
    parameters: Box<[DirectKind]>,
    result: DirectKind,
}

/// What such a function may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectKind {
    /// `i32`
    I32,
    /// `externref`
    Extern,
    /// `(ref extern)`
    NonNullExtern,
    /// `(ref null (array (mut i16)))`
    Units,
}

impl DirectType {
    /// The type `(func (param …) (result …))`, alone in its recursion group and final.
    ///
    /// # Panics
    /// With more than three parameters.
    pub fn new(engine: &Engine, parameters: &[DirectKind], result: DirectKind) -> Self {
        assert!(parameters.len() <= MOST_ARGUMENTS);
        let raw = engine.raw();
        let types = parameters.iter().map(|kind| kind.ty(raw));
        let ty = FuncType::new(raw, types, [result.ty(raw)]);
        Self { ty, parameters: parameters.into(), result }
    }

    /// <https://webassembly.github.io/spec/core/valid/matching.html#external-types>
    pub fn matches(&self, wanted: &ExternType) -> bool {
        let ExternType::Func(wanted) = wanted else { return false };
        let own = HeapType::ConcreteFunc(self.ty.clone());
        own.matches(&HeapType::ConcreteFunc(wanted.clone()))
    }
}

impl DirectKind {
    fn ty(self, engine: &wasmtime::Engine) -> ValType {
        match self {
            Self::I32 => ValType::I32,
            Self::Extern => ValType::EXTERNREF,
            Self::NonNullExtern => RefType::new(false, HeapType::Extern).into(),
            Self::Units => {
                let unit = FieldType::new(Mutability::Var, StorageType::I16);
                let array = ArrayType::new(engine, unit);
                RefType::new(true, HeapType::ConcreteArray(array)).into()
            }
        }
    }
}

/// What such a function returns.
#[derive(Debug)]
pub enum Answer {
    /// An `i32`.
    I32(i32),
    /// A host value.
    Host(HostRef),
    /// The argument of this index, an `externref` that is not null.
    Argument(usize),
}

/// One call.
pub struct DirectCall<'a> {
    cx: StoreContextMut<'a, GroupData>,
    arguments: [Argument; MOST_ARGUMENTS],
}

/// More arguments than any such function has.
const MOST_ARGUMENTS: usize = 3;

#[derive(Clone, Copy)]
enum Argument {
    Missing,
    I32(i32),
    Extern(Option<Rooted<ExternRef>>),
    Array(Option<Rooted<ArrayRef>>),
}

impl DirectCall<'_> {
    /// The argument at `index`, an `i32`.
    #[inline]
    pub fn i32(&self, index: usize) -> i32 {
        match self.argument(index) {
            Argument::I32(number) => number,
            _ => 0,
        }
    }

    /// Whether the argument at `index` is a null reference.
    #[inline]
    pub fn is_null(&self, index: usize) -> bool {
        matches!(self.argument(index), Argument::Extern(None) | Argument::Array(None))
    }

    /// The host value that is the argument at `index`, an `externref`. `None` if it is null,
    /// or something of a module's.
    #[inline]
    pub fn host(&self, index: usize) -> Option<&HostRef> {
        let Argument::Extern(Some(reference)) = self.argument(index) else { return None };
        // Fails for references that are no longer rooted: these are.
        let data = reference.data(&self.cx).ok()??;
        Some(&data.downcast_ref::<HostCell>()?.0)
    }

    /// The length of the argument at `index`, an array that is not null.
    pub fn array_len(&mut self, index: usize) -> Result<u32, Thrown> {
        self.array(index)?.len(&self.cx).map_err(|error| self.failed(error))
    }

    /// Copies elements of the argument at `index`, an `(array (mut i16))`, from `start` on. A
    /// module gets a trap if there are not so many.
    pub fn read_array(
        &mut self,
        index: usize,
        start: u32,
        units: &mut [u16],
    ) -> Result<(), Thrown> {
        let array = self.array(index)?;
        let copied = ArrayCopier::of(&mut self.cx)
            .and_then(|copier| copier.read(&mut self.cx, array, start, units));
        copied.map_err(|error| self.failed(error))
    }

    /// Copies into the argument at `index`, an `(array (mut i16))`, from `start` on.
    pub fn write_array(&mut self, index: usize, start: u32, units: &[u16]) -> Result<(), Thrown> {
        let array = self.array(index)?;
        let copied = ArrayCopier::of(&mut self.cx)
            .and_then(|copier| copier.write(&mut self.cx, array, start, units));
        copied.map_err(|error| self.failed(error))
    }

    #[inline]
    fn argument(&self, index: usize) -> Argument {
        self.arguments.get(index).copied().unwrap_or(Argument::Missing)
    }

    fn array(&self, index: usize) -> Result<Rooted<ArrayRef>, Thrown> {
        match self.argument(index) {
            Argument::Array(Some(array)) => Ok(array),
            _ => Err(Thrown::Trap("null reference".to_owned())),
        }
    }

    fn failed(&mut self, error: wasmtime::Error) -> Thrown {
        let group = Group::of(self.cx.data().group());
        Thrown::from(failure::from_error(&group, &mut self.cx, error))
    }

    /// The bits of an answer.
    #[inline]
    fn lower(&mut self, answer: Answer, wanted: DirectKind) -> wasmtime::Result<ValRaw> {
        let reference = match (answer, wanted) {
            (Answer::I32(number), DirectKind::I32) => return Ok(ValRaw::i32(number)),
            (Answer::Host(host), DirectKind::Extern | DirectKind::NonNullExtern) => {
                inner(&self.cx).collect_if_due(&mut self.cx);
                new_extern(&mut self.cx, host)?
            }
            (Answer::Argument(index), DirectKind::Extern | DirectKind::NonNullExtern) => {
                match self.argument(index) {
                    Argument::Extern(Some(reference)) => reference,
                    _ => return Err(wrong_type()),
                }
            }
            _ => return Err(wrong_type()),
        };
        Ok(ValRaw::externref(reference.to_raw(&mut self.cx)?))
    }
}

impl DirectKind {
    /// An argument of this kind.
    #[inline]
    fn load(
        self,
        cx: &mut StoreContextMut<'_, GroupData>,
        raw: ValRaw,
    ) -> wasmtime::Result<Argument> {
        Ok(match self {
            Self::I32 => Argument::I32(raw.get_i32()),
            Self::Extern | Self::NonNullExtern => {
                Argument::Extern(ExternRef::from_raw(&mut *cx, raw.get_externref()))
            }
            Self::Units => {
                let array = AnyRef::from_raw(&mut *cx, raw.get_anyref());
                Argument::Array(array.map(|array| array.unwrap_array(&*cx)).transpose()?)
            }
        })
    }
}

/// Makes such a function.
pub(crate) fn new(
    cx: &mut StoreContextMut<'_, GroupData>,
    ty: DirectType,
    body: Box<dyn DirectFunction>,
) -> wasmtime::Func {
    let bound = ThreadBound(body);
    let DirectType { ty, parameters, result } = ty;
    let body = move |mut caller: Caller<'_, GroupData>, slots: &mut [MaybeUninit<ValRaw>]| {
        let bound = &bound;
        let mut arguments = [Argument::Missing; MOST_ARGUMENTS];
        let mut cx = caller.as_context_mut();
        for ((slot, argument), kind) in slots.iter().zip(&mut arguments).zip(&parameters) {
            // SAFETY: Wasmtime has written the parameters.
            let raw = unsafe { slot.assume_init() };
            *argument = kind.load(&mut cx, raw)?;
        }
        let mut call = DirectCall { cx, arguments };
        match bound.0.call(&mut call) {
            Ok(answer) => {
                slots[0].write(call.lower(answer, result)?);
                Ok(())
            }
            Err(thrown) => {
                let group = inner(&call.cx);
                Err(failure::into_error(group, &mut call.cx, thrown))
            }
        }
    };
    // SAFETY: the result is written before the function returns, and is of its type: `lower`
    // looks.
    unsafe { wasmtime::Func::new_unchecked(&mut *cx, ty, body) }
}

/// The group of a running call.
fn inner<'a>(cx: &StoreContextMut<'_, GroupData>) -> &'a GroupInner {
    let group = std::ptr::from_ref(cx.data().group());
    // SAFETY: the group outlives every call into it: whoever entered it holds it.
    unsafe { &*group }
}

fn wrong_type() -> wasmtime::Error {
    wasmtime::Error::msg("a function of the host has another type than it says")
}

impl fmt::Debug for DirectType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ty.fmt(f)
    }
}

impl fmt::Display for DirectType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        TypeText(&self.ty).fmt(f)
    }
}

impl fmt::Debug for DirectCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DirectCall").finish_non_exhaustive()
    }
}
