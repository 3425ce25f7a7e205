//! How values of a type travel: what script sees of it, worked out once for each function.

use holm_js::reflect::TypedArrayKind;
use holm_wasm::component::types::ComponentFunc;
use holm_wasm::component::{Ownership, ResourceType, Type};

use super::names::camel_case;

/// How values of a type travel.
#[derive(Debug)]
pub(super) enum Plan {
    Bool,
    Char,
    String,
    Number(Number),
    /// An array, or of numbers a typed one.
    List(Box<Plan>),
    Record(Box<[Field]>),
    Tuple(Box<[Plan]>),
    Variant(Box<[Case]>),
    /// Its names are the same in script.
    Enum(Box<[Box<str>]>),
    Option {
        some: Box<Plan>,
        /// Whether `undefined` alone would not tell what it is: `some` is one as well.
        is_nested: bool,
    },
    Result(Outcome),
    Flags(Box<[Flag]>),
    Resource(ResourceType, Ownership),
    /// What of the component model there is no mapping for.
    Unsupported(&'static str),
}

/// What a `result` holds.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) ok: Option<Box<Plan>>,
    pub(super) err: Option<Box<Plan>>,
}

/// The types of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    S8,
    U8,
    S16,
    U16,
    S32,
    U32,
    S64,
    U64,
    F32,
    F64,
}

/// A field of a record.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: Box<str>,
    /// What script calls it.
    pub(super) key: Box<str>,
    pub(super) plan: Plan,
}

/// A case of a variant. Its name is its `tag`.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: Box<str>,
    pub(super) plan: Option<Plan>,
}

/// One of some flags.
#[derive(Debug)]
pub(super) struct Flag {
    pub(super) name: Box<str>,
    /// What script calls it.
    pub(super) key: Box<str>,
}

/// How the values of a call travel.
#[derive(Debug)]
pub(super) struct Signature {
    pub(super) parameters: Box<[Plan]>,
    pub(super) result: Option<Plan>,
}

impl Signature {
    pub(super) fn of(ty: &ComponentFunc) -> Self {
        Self {
            parameters: ty.params().map(|(_, ty)| Plan::of(&ty)).collect(),
            result: ty.results().next().map(|ty| Plan::of(&ty)),
        }
    }
}

impl Plan {
    /// Wasmtime bounds how deep types nest.
    fn of(ty: &Type) -> Self {
        let boxed = |ty: Type| Box::new(Self::of(&ty));
        match ty {
            Type::Bool => Self::Bool,
            Type::Char => Self::Char,
            Type::String => Self::String,
            Type::S8 => Self::Number(Number::S8),
            Type::U8 => Self::Number(Number::U8),
            Type::S16 => Self::Number(Number::S16),
            Type::U16 => Self::Number(Number::U16),
            Type::S32 => Self::Number(Number::S32),
            Type::U32 => Self::Number(Number::U32),
            Type::S64 => Self::Number(Number::S64),
            Type::U64 => Self::Number(Number::U64),
            Type::Float32 => Self::Number(Number::F32),
            Type::Float64 => Self::Number(Number::F64),
            Type::List(list) => Self::List(boxed(list.ty())),
            Type::Record(record) => Self::Record(record.fields().map(Field::of).collect()),
            Type::Tuple(tuple) => Self::Tuple(tuple.types().map(|ty| Self::of(&ty)).collect()),
            Type::Variant(variant) => {
                let cases = variant.cases();
                Self::Variant(
                    cases
                        .map(|case| Case {
                            name: case.name.into(),
                            plan: case.ty.map(|ty| Self::of(&ty)),
                        })
                        .collect(),
                )
            }
            Type::Enum(names) => Self::Enum(names.names().map(Into::into).collect()),
            Type::Option(option) => {
                let some = boxed(option.ty());
                let is_nested = matches!(*some, Self::Option { .. });
                Self::Option { some, is_nested }
            }
            Type::Result(result) => {
                Self::Result(Outcome { ok: result.ok().map(boxed), err: result.err().map(boxed) })
            }
            Type::Flags(flags) => Self::Flags(flags.names().map(Flag::of).collect()),
            Type::Own(ty) => Self::Resource(*ty, Ownership::Owned),
            Type::Borrow(ty) => Self::Resource(*ty, Ownership::Borrowed),
            Type::Map(_) => Self::Unsupported("a map"),
            Type::FixedLengthList(_) => Self::Unsupported("a list of fixed length"),
            Type::Future(_) => Self::Unsupported("a future"),
            Type::Stream(_) => Self::Unsupported("a stream"),
            Type::ErrorContext => Self::Unsupported("an error context"),
        }
    }
}

impl Field {
    fn of(field: holm_wasm::component::types::Field<'_>) -> Self {
        let (name, key) = (field.name.into(), camel_case(field.name).into());
        Self { name, key, plan: Plan::of(&field.ty) }
    }
}

impl Flag {
    fn of(name: &str) -> Self {
        Self { name: name.into(), key: camel_case(name).into() }
    }
}

impl Number {
    /// What a list of them is.
    pub(super) fn array(self) -> TypedArrayKind {
        match self {
            Self::S8 => TypedArrayKind::Int8,
            Self::U8 => TypedArrayKind::Uint8,
            Self::S16 => TypedArrayKind::Int16,
            Self::U16 => TypedArrayKind::Uint16,
            Self::S32 => TypedArrayKind::Int32,
            Self::U32 => TypedArrayKind::Uint32,
            Self::S64 => TypedArrayKind::BigInt64,
            Self::U64 => TypedArrayKind::BigUint64,
            Self::F32 => TypedArrayKind::Float32,
            Self::F64 => TypedArrayKind::Float64,
        }
    }
}
