//! Values on their way between a group and its host.

use wasmtime::{
    AnyRef, ExternRef, HeapType, I31, RefType, Rooted, StoreContextMut, V128, Val, ValType,
};

use crate::group::GroupData;
use crate::host::ThreadBound;
use crate::{Exception, Func, GcObject, Group, HostRef};

/// Any value.
#[derive(Clone, Debug)]
pub enum Value {
    /// `i32`
    I32(i32),
    /// `i64`
    I64(i64),
    /// `f32`
    F32(f32),
    /// `f64`
    F64(f64),
    /// `v128`
    V128(u128),
    /// Any reference.
    Ref(Ref),
}

/// Any reference.
#[derive(Clone, Debug)]
pub enum Ref {
    /// Null, of any type.
    Null,
    /// A function.
    Func(Func),
    /// A number of 31 bits.
    I31(i32),
    /// A struct or an array.
    Gc(GcObject),
    /// A value of the host.
    Host(HostRef),
    /// An exception.
    Exception(Exception),
}

/// A value is not of the type that was wanted.
#[derive(Debug)]
pub struct Mismatch {
    /// Why, if there is more to say than that.
    pub reason: Option<String>,
}

impl From<wasmtime::Error> for Mismatch {
    fn from(error: wasmtime::Error) -> Self {
        Self { reason: Some(format!("{error:#}")) }
    }
}

/// What a reference to a host value is made of inside of a store.
pub(crate) type HostCell = ThreadBound<HostRef>;

impl Value {
    /// What a value of this type is if nobody says; `None` for types without a default.
    pub fn default_of(ty: &ValType) -> Option<Self> {
        Some(match ty {
            ValType::I32 => Self::I32(0),
            ValType::I64 => Self::I64(0),
            ValType::F32 => Self::F32(0.0),
            ValType::F64 => Self::F64(0.0),
            ValType::V128 => Self::V128(0),
            ValType::Ref(ty) if ty.is_nullable() => Self::Ref(Ref::Null),
            ValType::Ref(_) => return None,
        })
    }

    /// Whether the value is of type `ty`.
    pub fn check(&self, ty: &ValType) -> Result<(), Mismatch> {
        if let Self::Ref(Ref::Gc(object)) = self {
            let group = object.group();
            return group.enter_rooted(|cx| lower(group, cx, self, ty).map(drop));
        }
        if fits(self, ty) { Ok(()) } else { Err(Mismatch { reason: None }) }
    }

    /// The group that the value is part of, if it is of one.
    pub(crate) fn group(&self) -> Option<&Group> {
        match self {
            Self::Ref(Ref::Func(func)) => Some(func.group()),
            Self::Ref(Ref::Gc(object)) => Some(object.group()),
            _ => None,
        }
    }
}

/// The value as one of this store, if it is of type `ty`.
///
/// Call within a root scope: what is made here lives as long as that.
pub(crate) fn lower(
    group: &Group,
    cx: &mut StoreContextMut<'_, GroupData>,
    value: &Value,
    ty: &ValType,
) -> Result<Val, Mismatch> {
    let lowered = match value {
        Value::I32(number) => Val::I32(*number),
        Value::I64(number) => Val::I64(*number),
        Value::F32(number) => Val::F32(number.to_bits()),
        Value::F64(number) => Val::F64(number.to_bits()),
        Value::V128(number) => Val::V128(V128::from(*number)),
        Value::Ref(reference) => {
            let ValType::Ref(ty) = ty else { return Err(Mismatch { reason: None }) };
            lower_ref(group, cx, reference, ty)?
        }
    };
    if lowered.matches_ty(&*cx, ty)? { Ok(lowered) } else { Err(Mismatch { reason: None }) }
}

fn lower_ref(
    group: &Group,
    cx: &mut StoreContextMut<'_, GroupData>,
    reference: &Ref,
    ty: &RefType,
) -> Result<Val, Mismatch> {
    let top = ty.heap_type().top();
    match (reference, &top) {
        (Ref::Null, top) => Ok(Val::null_ref(top)),
        (Ref::Func(func), HeapType::Func) => Ok(Val::FuncRef(Some(group.adopt_func(cx, func)?))),
        (Ref::Exception(exception), HeapType::Exn) => {
            Ok(Val::ExnRef(Some(exception.lower(group, cx)?)))
        }
        (_, HeapType::Extern | HeapType::Any) => lower_any(group, cx, reference, &top),
        _ => Err(Mismatch { reason: None }),
    }
}

/// Numbers, objects and host values, as `any` or wrapped as `extern`.
fn lower_any(
    group: &Group,
    cx: &mut StoreContextMut<'_, GroupData>,
    reference: &Ref,
    top: &HeapType,
) -> Result<Val, Mismatch> {
    let inner: Rooted<AnyRef> = match reference {
        Ref::I31(number) => {
            let Some(number) = I31::new_i32(*number) else { return Err(Mismatch { reason: None }) };
            AnyRef::from_i31(&mut *cx, number)
        }
        Ref::Gc(object) if object.group().same(group) => object.root(cx)?,
        Ref::Gc(_) => {
            let reason = "the object belongs to a module that is linked with others than this one";
            return Err(Mismatch { reason: Some(reason.to_owned()) });
        }
        Ref::Host(host) => {
            let outer = new_extern(cx, host.in_table(group.host_values()))?;
            if matches!(top, HeapType::Extern) {
                return Ok(Val::ExternRef(Some(outer)));
            }
            AnyRef::convert_extern(&mut *cx, outer)?
        }
        Ref::Null | Ref::Func(_) | Ref::Exception(_) => return Err(Mismatch { reason: None }),
    };
    Ok(match top {
        HeapType::Extern => Val::ExternRef(Some(ExternRef::convert_any(&mut *cx, inner)?)),
        _ => Val::AnyRef(Some(inner)),
    })
}

/// Makes a reference, collecting garbage if there is no room for it.
pub(crate) fn new_extern(
    cx: &mut StoreContextMut<'_, GroupData>,
    host: HostRef,
) -> wasmtime::Result<Rooted<ExternRef>> {
    cx.data().group().note_host_refs(1);
    new_extern_of(cx, host)
}

/// The same for anything that holds a reference to a host value.
pub(crate) fn new_extern_of<T: 'static>(
    cx: &mut StoreContextMut<'_, GroupData>,
    inside: T,
) -> wasmtime::Result<Rooted<ExternRef>> {
    let error = match ExternRef::new(&mut *cx, ThreadBound(inside)) {
        Ok(made) => return Ok(made),
        Err(error) => error,
    };
    let full = error.downcast::<wasmtime::GcHeapOutOfMemory<ThreadBound<T>>>()?;
    let (inside, full) = full.take_inner();
    cx.gc(Some(&full))?;
    ExternRef::new(&mut *cx, inside)
}

/// A value of this store as the host sees it.
pub(crate) fn lift(
    group: &Group,
    cx: &mut StoreContextMut<'_, GroupData>,
    value: Val,
) -> wasmtime::Result<Value> {
    Ok(match value {
        Val::I32(number) => Value::I32(number),
        Val::I64(number) => Value::I64(number),
        Val::F32(bits) => Value::F32(f32::from_bits(bits)),
        Val::F64(bits) => Value::F64(f64::from_bits(bits)),
        Val::V128(number) => Value::V128(number.as_u128()),
        Val::FuncRef(Some(func)) => Value::Ref(Ref::Func(group.intern_func(cx, func))),
        Val::ExternRef(Some(reference)) => Value::Ref(lift_extern(group, cx, reference)?),
        Val::AnyRef(Some(reference)) => Value::Ref(lift_any(group, cx, reference)?),
        Val::ExnRef(Some(reference)) => {
            Value::Ref(Ref::Exception(Exception::lift(group, cx, reference)?))
        }
        Val::FuncRef(None)
        | Val::ExternRef(None)
        | Val::AnyRef(None)
        | Val::ExnRef(None)
        | Val::ContRef(_) => Value::Ref(Ref::Null),
    })
}

fn lift_extern(
    group: &Group,
    cx: &mut StoreContextMut<'_, GroupData>,
    reference: Rooted<ExternRef>,
) -> wasmtime::Result<Ref> {
    if let Some(host) = host_ref(cx, reference)? {
        return Ok(Ref::Host(host));
    }
    let inner = AnyRef::convert_extern(&mut *cx, reference)?;
    lift_any(group, cx, inner)
}

fn lift_any(
    group: &Group,
    cx: &mut StoreContextMut<'_, GroupData>,
    reference: Rooted<AnyRef>,
) -> wasmtime::Result<Ref> {
    if let Some(number) = reference.as_i31(&*cx)? {
        return Ok(Ref::I31(number.get_i32()));
    }
    if reference.is_struct(&*cx)? || reference.is_array(&*cx)? {
        return Ok(Ref::Gc(group.intern_object(cx, reference)?));
    }
    let outer = ExternRef::convert_any(&mut *cx, reference)?;
    let host = host_ref(cx, outer)?;
    host.map(Ref::Host).ok_or_else(|| wasmtime::Error::msg("a reference of no known kind"))
}

fn host_ref(
    cx: &mut StoreContextMut<'_, GroupData>,
    reference: Rooted<ExternRef>,
) -> wasmtime::Result<Option<HostRef>> {
    let data = reference.data(&*cx)?;
    Ok(data.and_then(|data| data.downcast_ref::<HostCell>()).map(|cell| cell.0.clone()))
}

/// Whether a value that is in no store is of type `ty`.
pub(crate) fn fits(value: &Value, ty: &ValType) -> bool {
    match (value, ty) {
        (Value::I32(_), ValType::I32)
        | (Value::I64(_), ValType::I64)
        | (Value::F32(_), ValType::F32)
        | (Value::F64(_), ValType::F64)
        | (Value::V128(_), ValType::V128) => true,
        (Value::Ref(reference), ValType::Ref(ty)) => fits_ref(reference, ty),
        _ => false,
    }
}

fn fits_ref(reference: &Ref, ty: &RefType) -> bool {
    match (reference, ty.heap_type()) {
        (Ref::Null, _) => ty.is_nullable(),
        (Ref::Func(func), wanted) => {
            let own = HeapType::ConcreteFunc(func.signature().ty().clone());
            own.matches(wanted)
        }
        (Ref::Host(_), HeapType::Extern | HeapType::Any) => true,
        (Ref::I31(_), HeapType::Extern) => true,
        (Ref::I31(_), wanted) => HeapType::I31.matches(wanted),
        // The store it is in knows better; an object is bound to one.
        (Ref::Gc(_), wanted) => matches!(wanted.top(), HeapType::Extern | HeapType::Any),
        (Ref::Exception(_), wanted) => matches!(wanted, HeapType::Exn),
        (Ref::Host(_), _) => false,
    }
}
