//! Types in messages: Wasmtime names a type that a module defines by a number of its own.

use std::fmt;

use wasmtime::{FieldType, FuncType, HeapType, RefType, StorageType, ValType};

/// Shows a type as a module's author would write it.
///
/// What a module defines is shown by its shape, and what that refers to by its kind: types may
/// be large, and may be recursive.
pub struct TypeText<'a, T>(pub &'a T);

/// So many fields of a struct, or parameters, are shown.
const MOST_PARTS: usize = 8;

/// How much of a type to show.
#[derive(Clone, Copy)]
enum Depth {
    Shape,
    Kind,
}

impl fmt::Display for TypeText<'_, ValType> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        value(f, self.0, Depth::Shape)
    }
}

impl fmt::Display for TypeText<'_, RefType> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        reference(f, self.0, Depth::Shape)
    }
}

impl fmt::Display for TypeText<'_, FuncType> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        func(f, self.0)
    }
}

fn value(f: &mut fmt::Formatter<'_>, ty: &ValType, depth: Depth) -> fmt::Result {
    match ty {
        ValType::Ref(ty) => reference(f, ty, depth),
        number => write!(f, "{number}"),
    }
}

fn reference(f: &mut fmt::Formatter<'_>, ty: &RefType, depth: Depth) -> fmt::Result {
    f.write_str(if ty.is_nullable() { "(ref null " } else { "(ref " })?;
    heap(f, ty.heap_type(), depth)?;
    f.write_str(")")
}

fn heap(f: &mut fmt::Formatter<'_>, ty: &HeapType, depth: Depth) -> fmt::Result {
    match (ty, depth) {
        (HeapType::ConcreteFunc(ty), Depth::Shape) => func(f, ty),
        (HeapType::ConcreteStruct(ty), Depth::Shape) => {
            f.write_str("(struct")?;
            parts(f, ty.fields(), |f, part| {
                f.write_str(" (field ")?;
                field(f, &part)?;
                f.write_str(")")
            })?;
            f.write_str(")")
        }
        (HeapType::ConcreteArray(ty), Depth::Shape) => {
            f.write_str("(array ")?;
            field(f, &ty.field_type())?;
            f.write_str(")")
        }
        (HeapType::ConcreteFunc(_), Depth::Kind) => f.write_str("func"),
        (HeapType::ConcreteStruct(_), Depth::Kind) => f.write_str("struct"),
        (HeapType::ConcreteArray(_), Depth::Kind) => f.write_str("array"),
        (HeapType::ConcreteExn(_), _) => f.write_str("exn"),
        (HeapType::ConcreteCont(_), _) => f.write_str("cont"),
        (named, _) => write!(f, "{named}"),
    }
}

fn func(f: &mut fmt::Formatter<'_>, ty: &FuncType) -> fmt::Result {
    f.write_str("(func")?;
    list(f, " (param", ty.params())?;
    list(f, " (result", ty.results())?;
    f.write_str(")")
}

fn list(
    f: &mut fmt::Formatter<'_>,
    head: &str,
    types: impl ExactSizeIterator<Item = ValType>,
) -> fmt::Result {
    if types.len() == 0 {
        return Ok(());
    }
    f.write_str(head)?;
    parts(f, types, |f, ty| {
        f.write_str(" ")?;
        value(f, &ty, Depth::Kind)
    })?;
    f.write_str(")")
}

fn parts<T>(
    f: &mut fmt::Formatter<'_>,
    parts: impl ExactSizeIterator<Item = T>,
    show: impl Fn(&mut fmt::Formatter<'_>, T) -> fmt::Result,
) -> fmt::Result {
    let len = parts.len();
    for part in parts.take(MOST_PARTS) {
        show(f, part)?;
    }
    if len > MOST_PARTS { write!(f, " … {} more", len - MOST_PARTS) } else { Ok(()) }
}

fn field(f: &mut fmt::Formatter<'_>, ty: &FieldType) -> fmt::Result {
    let storage = |f: &mut fmt::Formatter<'_>| match ty.element_type() {
        StorageType::ValType(ty) => value(f, ty, Depth::Kind),
        packed => write!(f, "{packed}"),
    };
    if ty.mutability().is_const() {
        return storage(f);
    }
    f.write_str("(mut ")?;
    storage(f)?;
    f.write_str(")")
}

impl<T> fmt::Debug for TypeText<'_, T>
where
    Self: fmt::Display,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
