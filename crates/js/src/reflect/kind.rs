//! What an object is inside.

use rquickjs::{Object, qjs};

/// The inside of an object, whatever its prototype and its `Symbol.toStringTag` say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of ECMAScript's classes")]
pub enum Kind {
    /// An ordinary object, or one without an inside that shows.
    Object,
    Array,
    Arguments,
    Error,
    /// A boxed number; the next four likewise.
    Number,
    String,
    Boolean,
    Symbol,
    BigInt,
    Date,
    RegExp,
    Function(FunctionKind),
    Module,
    ArrayBuffer,
    SharedArrayBuffer,
    TypedArray(TypedArrayKind),
    DataView,
    Map,
    Set,
    WeakMap,
    WeakSet,
    MapIterator,
    SetIterator,
    Generator,
    AsyncGenerator,
    Promise,
    Proxy,
    WeakRef,
    FinalizationRegistry,
}

/// How a function runs. Classes are told apart by [`super::is_class`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum FunctionKind {
    Plain,
    Async,
    Generator,
    AsyncGenerator,
}

/// The element type of a typed array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of ECMAScript's classes")]
pub enum TypedArrayKind {
    Uint8Clamped,
    Int8,
    Uint8,
    Int16,
    Uint16,
    Int32,
    Uint32,
    BigInt64,
    BigUint64,
    Float16,
    Float32,
    Float64,
}

impl TypedArrayKind {
    /// How long an element is.
    pub fn element_bytes(self) -> usize {
        match self {
            Self::Uint8Clamped | Self::Int8 | Self::Uint8 => 1,
            Self::Int16 | Self::Uint16 | Self::Float16 => 2,
            Self::Int32 | Self::Uint32 | Self::Float32 => 4,
            Self::BigInt64 | Self::BigUint64 | Self::Float64 => 8,
        }
    }

    /// The name of its constructor.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uint8Clamped => "Uint8ClampedArray",
            Self::Int8 => "Int8Array",
            Self::Uint8 => "Uint8Array",
            Self::Int16 => "Int16Array",
            Self::Uint16 => "Uint16Array",
            Self::Int32 => "Int32Array",
            Self::Uint32 => "Uint32Array",
            Self::BigInt64 => "BigInt64Array",
            Self::BigUint64 => "BigUint64Array",
            Self::Float16 => "Float16Array",
            Self::Float32 => "Float32Array",
            Self::Float64 => "Float64Array",
        }
    }
}

impl Kind {
    /// The kind of an object.
    pub fn of(object: &Object<'_>) -> Self {
        use FunctionKind::{Async, AsyncGenerator, Generator, Plain};
        match class::of(object) {
            class::ARRAY => Self::Array,
            class::ERROR | class::DOM_EXCEPTION => Self::Error,
            class::NUMBER => Self::Number,
            class::STRING => Self::String,
            class::BOOLEAN => Self::Boolean,
            class::SYMBOL => Self::Symbol,
            class::BIG_INT => Self::BigInt,
            class::ARGUMENTS | class::MAPPED_ARGUMENTS => Self::Arguments,
            class::DATE => Self::Date,
            class::MODULE_NS => Self::Module,
            class::GENERATOR_FUNCTION => Self::Function(Generator),
            class::ASYNC_FUNCTION => Self::Function(Async),
            class::ASYNC_GENERATOR_FUNCTION => Self::Function(AsyncGenerator),
            class::REGEXP => Self::RegExp,
            class::ARRAY_BUFFER => Self::ArrayBuffer,
            class::SHARED_ARRAY_BUFFER => Self::SharedArrayBuffer,
            typed @ class::UINT8C_ARRAY..=class::FLOAT64_ARRAY => {
                Self::TypedArray(TYPED_ARRAYS[(typed - class::UINT8C_ARRAY) as usize])
            }
            class::DATAVIEW => Self::DataView,
            class::MAP => Self::Map,
            class::SET => Self::Set,
            class::WEAK_MAP => Self::WeakMap,
            class::WEAK_SET => Self::WeakSet,
            class::MAP_ITERATOR => Self::MapIterator,
            class::SET_ITERATOR => Self::SetIterator,
            class::GENERATOR => Self::Generator,
            class::ASYNC_GENERATOR => Self::AsyncGenerator,
            class::PROMISE => Self::Promise,
            class::PROXY => Self::Proxy,
            class::WEAK_REF => Self::WeakRef,
            class::FINALIZATION_REGISTRY => Self::FinalizationRegistry,
            _ if object.is_function() => Self::Function(Plain),
            _ => Self::Object,
        }
    }

    /// The name of the built-in class, for objects whose constructor can't be found.
    pub fn class_name(self) -> &'static str {
        match self {
            Self::TypedArray(kind) => kind.name(),
            Self::Function(FunctionKind::Plain) => "Function",
            Self::Function(FunctionKind::Async) => "AsyncFunction",
            Self::Function(FunctionKind::Generator) => "GeneratorFunction",
            Self::Function(FunctionKind::AsyncGenerator) => "AsyncGeneratorFunction",
            Self::Array => "Array",
            Self::Error => "Error",
            Self::Number => "Number",
            Self::String => "String",
            Self::Boolean => "Boolean",
            Self::Symbol => "Symbol",
            Self::BigInt => "BigInt",
            Self::Date => "Date",
            Self::RegExp => "RegExp",
            Self::Module => "Module",
            Self::ArrayBuffer => "ArrayBuffer",
            Self::SharedArrayBuffer => "SharedArrayBuffer",
            Self::DataView => "DataView",
            Self::Map => "Map",
            Self::Set => "Set",
            Self::WeakMap => "WeakMap",
            Self::WeakSet => "WeakSet",
            Self::MapIterator => "Map Iterator",
            Self::SetIterator => "Set Iterator",
            Self::Generator => "Generator",
            Self::AsyncGenerator => "AsyncGenerator",
            Self::Promise => "Promise",
            Self::WeakRef => "WeakRef",
            Self::FinalizationRegistry => "FinalizationRegistry",
            Self::Object | Self::Arguments | Self::Proxy => "Object",
        }
    }
}

const TYPED_ARRAYS: [TypedArrayKind; 12] = [
    TypedArrayKind::Uint8Clamped,
    TypedArrayKind::Int8,
    TypedArrayKind::Uint8,
    TypedArrayKind::Int16,
    TypedArrayKind::Uint16,
    TypedArrayKind::Int32,
    TypedArrayKind::Uint32,
    TypedArrayKind::BigInt64,
    TypedArrayKind::BigUint64,
    TypedArrayKind::Float16,
    TypedArrayKind::Float32,
    TypedArrayKind::Float64,
];

/// The engine's class ids.
///
/// They are positions in the enum `JS_CLASS_…` of quickjs.c and in no header, so nothing but
/// the test below keeps them right: it makes one object of each and looks.
pub(crate) mod class {
    use super::{Object, qjs};

    /// The class id of an object.
    pub(crate) fn of(object: &Object<'_>) -> qjs::JSClassID {
        // SAFETY: the object is alive.
        unsafe { qjs::JS_GetClassID(object.as_raw()) }
    }

    /// The class of a typed array.
    pub(crate) fn of_typed_array(kind: super::TypedArrayKind) -> qjs::JSClassID {
        let place = super::TYPED_ARRAYS.iter().position(|known| *known == kind);
        UINT8C_ARRAY + place.unwrap_or(0) as qjs::JSClassID
    }

    pub(crate) const OBJECT: qjs::JSClassID = 1;
    pub(crate) const ARRAY: qjs::JSClassID = 2;
    pub(crate) const ERROR: qjs::JSClassID = 3;
    pub(crate) const NUMBER: qjs::JSClassID = 4;
    pub(crate) const STRING: qjs::JSClassID = 5;
    pub(crate) const BOOLEAN: qjs::JSClassID = 6;
    pub(crate) const SYMBOL: qjs::JSClassID = 7;
    pub(crate) const ARGUMENTS: qjs::JSClassID = 8;
    pub(crate) const MAPPED_ARGUMENTS: qjs::JSClassID = 9;
    pub(crate) const DATE: qjs::JSClassID = 10;
    pub(crate) const MODULE_NS: qjs::JSClassID = 11;
    pub(crate) const BYTECODE_FUNCTION: qjs::JSClassID = 13;
    pub(crate) const GENERATOR_FUNCTION: qjs::JSClassID = 17;
    pub(crate) const REGEXP: qjs::JSClassID = 19;
    pub(crate) const ARRAY_BUFFER: qjs::JSClassID = 20;
    pub(crate) const SHARED_ARRAY_BUFFER: qjs::JSClassID = 21;
    pub(crate) const UINT8C_ARRAY: qjs::JSClassID = 22;
    pub(crate) const UINT8_ARRAY: qjs::JSClassID = 24;
    pub(crate) const FLOAT64_ARRAY: qjs::JSClassID = 33;
    pub(crate) const DATAVIEW: qjs::JSClassID = 34;
    pub(crate) const BIG_INT: qjs::JSClassID = 35;
    pub(crate) const MAP: qjs::JSClassID = 36;
    pub(crate) const SET: qjs::JSClassID = 37;
    pub(crate) const WEAK_MAP: qjs::JSClassID = 38;
    pub(crate) const WEAK_SET: qjs::JSClassID = 39;
    pub(crate) const ITERATOR: qjs::JSClassID = 40;
    pub(crate) const MAP_ITERATOR: qjs::JSClassID = 44;
    pub(crate) const SET_ITERATOR: qjs::JSClassID = 45;
    pub(crate) const GENERATOR: qjs::JSClassID = 49;
    pub(crate) const PROXY: qjs::JSClassID = 51;
    pub(crate) const PROMISE: qjs::JSClassID = 52;
    pub(crate) const ASYNC_FUNCTION: qjs::JSClassID = 55;
    pub(crate) const ASYNC_GENERATOR_FUNCTION: qjs::JSClassID = 59;
    pub(crate) const ASYNC_GENERATOR: qjs::JSClassID = 60;
    pub(crate) const WEAK_REF: qjs::JSClassID = 62;
    pub(crate) const FINALIZATION_REGISTRY: qjs::JSClassID = 63;
    pub(crate) const DOM_EXCEPTION: qjs::JSClassID = 64;
}

#[cfg(test)]
mod tests {
    use super::*;
    use rquickjs::{Context, Runtime};

    fn check(script: &str, kind: Kind) {
        let runtime = Runtime::new().expect("memory");
        let context = Context::full(&runtime).expect("memory");
        context.with(|ctx| {
            let object: Object<'_> = ctx.eval(script).expect(script);
            assert_eq!(Kind::of(&object), kind, "{script}");
        });
    }

    #[test]
    fn ids_are_those_of_the_engine() {
        check("({})", Kind::Object);
        check("Object.create(null)", Kind::Object);
        check("[1]", Kind::Array);
        check("new Array(1e9)", Kind::Array);
        check("new RangeError('x')", Kind::Error);
        check("new AggregateError([])", Kind::Error);
        check("new DOMException('x')", Kind::Error);
        check("new Number(1)", Kind::Number);
        check("new String('a')", Kind::String);
        check("new Boolean(true)", Kind::Boolean);
        check("Object(Symbol())", Kind::Symbol);
        check("Object(1n)", Kind::BigInt);
        check("(function () { return arguments })(1)", Kind::Arguments);
        check("(function () { 'use strict'; return arguments })(1)", Kind::Arguments);
        check("(function (a) { return arguments })(1)", Kind::Arguments);
        check("new Date", Kind::Date);
        check("/a/", Kind::RegExp);
    }

    #[test]
    fn ids_of_functions() {
        let function = Kind::Function;
        check("(() => 1)", function(FunctionKind::Plain));
        check("(class {})", function(FunctionKind::Plain));
        check("Math.max", function(FunctionKind::Plain));
        check("(function () {}).bind(1)", function(FunctionKind::Plain));
        check("let r; new Promise(x => r = x); r", function(FunctionKind::Plain));
        check("(async () => 1)", function(FunctionKind::Async));
        check("(function* () {})", function(FunctionKind::Generator));
        check("(async function* () {})", function(FunctionKind::AsyncGenerator));
    }

    #[test]
    fn ids_of_collections_and_the_rest() {
        check("new ArrayBuffer(1)", Kind::ArrayBuffer);
        check("new SharedArrayBuffer(1)", Kind::SharedArrayBuffer);
        check("new DataView(new ArrayBuffer(1))", Kind::DataView);
        check("new Map", Kind::Map);
        check("new Set", Kind::Set);
        check("new WeakMap", Kind::WeakMap);
        check("new WeakSet", Kind::WeakSet);
        check("new Map().entries()", Kind::MapIterator);
        check("new Set().values()", Kind::SetIterator);
        check("[].values()", Kind::Object);
        check("''[Symbol.iterator]()", Kind::Object);
        check("(function* () {})()", Kind::Generator);
        check("(async function* () {})()", Kind::AsyncGenerator);
        check("Promise.resolve()", Kind::Promise);
        check("new Proxy({}, {})", Kind::Proxy);
        check("new Proxy(class {}, {})", Kind::Proxy);
        check("new WeakRef({})", Kind::WeakRef);
        check("new FinalizationRegistry(() => 1)", Kind::FinalizationRegistry);
    }

    #[test]
    fn typed_arrays_are_in_the_engines_order() {
        for kind in TYPED_ARRAYS {
            check(&format!("new {}(1)", kind.name()), Kind::TypedArray(kind));
        }
    }

    #[test]
    fn a_module_namespace_is_known() {
        let runtime = Runtime::new().expect("memory");
        let context = Context::full(&runtime).expect("memory");
        context.with(|ctx| {
            let source = "export let a = 1";
            let (module, done) = rquickjs::Module::declare(ctx.clone(), "m", source)
                .and_then(rquickjs::Module::eval)
                .expect("a module");
            done.finish::<()>().expect("evaluated");
            assert_eq!(Kind::of(&module.namespace().expect("made")), Kind::Module);
        });
    }
}
