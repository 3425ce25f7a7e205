//! Exported Functions: <https://webassembly.github.io/spec/js-api/#exported-function-exotic-objects>

use std::any::{Any, TypeId};
use std::rc::Rc;

use holm_js::{
    Array, Ctx, Error, Function, Graveyard, Held, HostObject, NativeCall, NativeFunction, Result,
    Returned, Tracer, Value, Weak, bury, native_function,
};
use holm_wasm::Value as WasmValue;
use holm_wasm::{CallError, Func, Passed, Slot, ValType};

use crate::convert::{is_opaque, mismatch, to_js, to_wasm};
use crate::errors::{throw_failure, throw_type};
use crate::owner::owner_of;
use crate::state::{Loan, State};
use crate::values::HostTable;

/// Calls with more numbers than this need memory of their own.
const INLINE_SLOTS: usize = 8;

/// The inside of an Exported Function.
pub(crate) struct ExportedFunction {
    func: Func,
    loan: Rc<Loan>,
    state: State,
    owner: Held,
    route: Route,
}

/// How arguments and results travel.
enum Route {
    /// All are numbers.
    Numbers { parameters: Box<[Number]>, results: Box<[Number]>, slots: usize },
    /// There are references among them.
    Values,
    /// There is a type that script may not touch: calling throws.
    Refused,
}

/// A type of number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    I32,
    I64,
    F32,
    F64,
}

impl Number {
    /// The types, if all of them are of numbers that script knows.
    pub(crate) fn all(types: &[ValType]) -> Option<Box<[Self]>> {
        types.iter().map(Self::of).collect()
    }

    /// How many parameters and whether a result, if all are `i32` and not too many.
    pub(crate) fn ints(parameters: &[Self], results: &[Self]) -> Option<(usize, bool)> {
        let all_ints = parameters.iter().chain(results).all(|number| *number == Self::I32);
        (all_ints && parameters.len() <= INLINE_SLOTS && results.len() <= 1)
            .then_some((parameters.len(), results.len() == 1))
    }

    fn of(ty: &ValType) -> Option<Self> {
        Some(match ty {
            ValType::I32 => Self::I32,
            ValType::I64 => Self::I64,
            ValType::F32 => Self::F32,
            ValType::F64 => Self::F64,
            ValType::V128 | ValType::Ref(_) => return None,
        })
    }
}

impl ExportedFunction {
    /// \[\[FunctionAddress\]\]
    pub(crate) fn func(&self) -> &Func {
        &self.func
    }

    /// The state of the realm whose instances it belongs to.
    pub(crate) fn state(&self) -> &State {
        &self.state
    }
}

/// <https://webassembly.github.io/spec/js-api/#a-new-exported-function>
pub(crate) fn wrapper<'js>(ctx: &Ctx<'js>, func: &Func) -> Result<Value<'js>> {
    // 1. Let map be the surrounding agent's associated Exported Function cache.
    // 2. If map[funcaddr] exists, return map[funcaddr].
    if let Some(known) = func.attachment().get::<Weak>().and_then(|weak| weak.upgrade(ctx)) {
        return Ok(known);
    }
    // What was collected since: a loop leaves no scope.
    bury(ctx);
    // 7.–8. Let arity be paramTypes's size. Let name be the name of the WebAssembly function.
    let signature = func.signature();
    let arity = u32::try_from(signature.parameters().len()).unwrap_or(u32::MAX);
    let name = func.index().to_string();
    let route = Route::of(signature.parameters(), signature.results());
    let state = State::of(ctx);
    let inside = ExportedFunction {
        func: func.clone(),
        loan: state.loan().clone(),
        state,
        owner: Held::new(&owner_of(ctx, func.group())?),
        route,
    };
    // 9. Let function be ! CreateBuiltinFunction(steps, arity, name, « [[FunctionAddress]] »).
    let made = native(ctx, &name, arity, inside)?.into_value();
    // 11. Set map[funcaddr] to function.
    if let Some(weak) = Weak::new(&made) {
        func.attachment().set(weak);
    }
    Ok(made)
}

/// The function with the inside that calls it quickest.
fn native<'js>(
    ctx: &Ctx<'js>,
    name: &str,
    arity: u32,
    inside: ExportedFunction,
) -> Result<Function<'js>> {
    let ints = match &inside.route {
        Route::Numbers { parameters, results, .. } => Number::ints(parameters, results),
        _ => None,
    };
    match ints {
        Some((0, result)) => native_function(ctx, name, arity, Ints::<0>(inside, result)),
        Some((1, result)) => native_function(ctx, name, arity, Ints::<1>(inside, result)),
        Some((2, result)) => native_function(ctx, name, arity, Ints::<2>(inside, result)),
        Some((3, result)) => native_function(ctx, name, arity, Ints::<3>(inside, result)),
        Some((4, result)) => native_function(ctx, name, arity, Ints::<4>(inside, result)),
        _ => native_function(ctx, name, arity, inside),
    }
}

/// An Exported Function of so many `i32`, as most are, that gives an `i32` or nothing: with so
/// much known, the compiler leaves nothing to choose on the way. With it, whether it gives one.
struct Ints<const PARAMETERS: usize>(ExportedFunction, bool);

/// As many parameters as [`Ints`] are made for.
const MOST_INTS: usize = 4;

impl<const PARAMETERS: usize> HostObject for Ints<PARAMETERS> {
    fn trace(&self, tracer: &Tracer<'_>) {
        self.0.trace(tracer);
    }

    fn base(&self, wanted: TypeId) -> Option<&dyn Any> {
        (wanted == TypeId::of::<ExportedFunction>()).then_some(&self.0)
    }

    fn finalize(self, graveyard: &Graveyard) {
        self.0.finalize(graveyard);
    }
}

impl<const PARAMETERS: usize> NativeFunction for Ints<PARAMETERS> {
    /// The steps are those of [`ExportedFunction::call_numbers`].
    #[inline]
    fn call<'js>(&self, call: &NativeCall<'_, 'js>) -> Result<Returned<'js>> {
        let mut slots = [Slot::zero(); MOST_INTS];
        for (index, slot) in slots[..PARAMETERS].iter_mut().enumerate() {
            slot.set_i32(call.int32(index)?);
        }
        self.0.invoke(call, &mut slots)?;
        Ok(if self.1 { Returned::Int(slots[0].i32()) } else { Returned::Undefined })
    }
}

impl Route {
    fn of(parameters: &[ValType], results: &[ValType]) -> Self {
        if parameters.iter().chain(results).any(is_opaque) {
            return Self::Refused;
        }
        match (Number::all(parameters), Number::all(results)) {
            (Some(parameters), Some(results)) => {
                let slots = parameters.len().max(results.len());
                Self::Numbers { parameters, results, slots }
            }
            _ => Self::Values,
        }
    }
}

impl HostObject for ExportedFunction {
    fn trace(&self, tracer: &Tracer<'_>) {
        tracer.mark(&self.owner);
    }

    fn finalize(self, graveyard: &Graveyard) {
        graveyard.push(self.func);
    }
}

impl NativeFunction for ExportedFunction {
    /// <https://webassembly.github.io/spec/js-api/#call-an-exported-function>
    #[inline]
    fn call<'js>(&self, call: &NativeCall<'_, 'js>) -> Result<Returned<'js>> {
        match &self.route {
            Route::Numbers { parameters, results, slots } => {
                let mut inline = [Slot::zero(); INLINE_SLOTS];
                if *slots <= INLINE_SLOTS {
                    return self.call_numbers(call, parameters, results, &mut inline);
                }
                let mut many = vec![Slot::zero(); *slots];
                self.call_numbers(call, parameters, results, &mut many)
            }
            Route::Values => self.call_values(call),
            Route::Refused => Err(refuse(call.ctx())),
        }
    }
}

impl ExportedFunction {
    #[inline(always)]
    fn invoke(&self, call: &NativeCall<'_, '_>, slots: &mut [Slot]) -> Result<()> {
        let ctx = call.ctx();
        // 8. Let (store, ret) be the result of func_invoke(store, funcaddr, args).
        let done = self.loan.lend(ctx, Some(&self.func), || self.func.call_numbers(slots));
        // 10. If ret is error, throw an exception.
        done.map_err(|failure| throw_failure(ctx, *failure, Some(&self.func)))
    }

    fn call_numbers<'js>(
        &self,
        call: &NativeCall<'_, 'js>,
        parameters: &[Number],
        results: &[Number],
        slots: &mut [Slot],
    ) -> Result<Returned<'js>> {
        read_numbers(call, parameters, slots)?;
        self.invoke(call, slots)?;
        match results {
            // 13. If outArity is 0, return undefined.
            [] => Ok(Returned::Undefined),
            // 14. Otherwise, if outArity is 1, return ! ToJSValue(ret[0]).
            [number] => Ok(returned(&slots[0], *number)),
            // 15. Otherwise, CreateArrayFromList(values).
            many => Ok(Returned::Value(numbers_to_array(call.ctx(), slots, many)?)),
        }
    }

    fn call_values<'js>(&self, call: &NativeCall<'_, 'js>) -> Result<Returned<'js>> {
        let ctx = call.ctx();
        let owner = self.owner.get(ctx)?;
        let arguments = self.read_values(call)?;
        let done = self.loan.lend(ctx, Some(&self.func), || self.func.call(&arguments));
        let results = done.map_err(|error| self.throw_error(ctx, error))?;
        drop(owner);
        match results.as_slice() {
            [] => Ok(Returned::Undefined),
            [value] => Ok(Returned::Value(to_js(ctx, value)?)),
            many => Ok(Returned::Value(values_to_array(ctx, many)?)),
        }
    }

    fn read_values(&self, call: &NativeCall<'_, '_>) -> Result<Vec<WasmValue>> {
        let values = HostTable::shared(self.func.group().host_values());
        let parameters = self.func.signature().parameters().iter().enumerate();
        parameters.map(|(index, ty)| to_wasm(call.ctx(), &call.value(index), ty, &values)).collect()
    }

    fn throw_error(&self, ctx: &Ctx<'_>, error: CallError) -> Error {
        match error {
            CallError::Failure(failure) => throw_failure(ctx, failure, Some(&self.func)),
            CallError::Argument { index, mismatch: reason } => {
                let what = format!("argument {index}");
                mismatch(ctx, &what, &self.func.signature().parameters()[index], &reason)
            }
        }
    }

    /// The arguments of a call that takes them with it: one that may wait.
    pub(crate) fn read_arguments(&self, call: &NativeCall<'_, '_>) -> Result<Passed> {
        match &self.route {
            Route::Numbers { parameters, slots, .. } => {
                let mut taken = vec![Slot::zero(); *slots];
                read_numbers(call, parameters, &mut taken)?;
                Ok(Passed::Numbers(taken))
            }
            Route::Values => Ok(Passed::Values(self.read_values(call)?)),
            Route::Refused => Err(refuse(call.ctx())),
        }
    }

    /// What such a call gives.
    pub(crate) fn result<'js>(
        &self,
        ctx: &Ctx<'js>,
        result: std::result::Result<Passed, CallError>,
    ) -> Result<Value<'js>> {
        match (result.map_err(|error| self.throw_error(ctx, error))?, &self.route) {
            (Passed::Numbers(slots), Route::Numbers { results, .. }) => match &**results {
                [] => Ok(Value::new_undefined(ctx.clone())),
                [number] => number_to_js(ctx, &slots[0], *number),
                many => numbers_to_array(ctx, &slots, many),
            },
            (Passed::Values(values), _) => match values.as_slice() {
                [] => Ok(Value::new_undefined(ctx.clone())),
                [value] => to_js(ctx, value),
                many => values_to_array(ctx, many),
            },
            (Passed::Numbers(_), _) => Err(Error::Unknown),
        }
    }
}

/// 7. For each t of parameters, append ? ToWebAssemblyValue(arg, t) to args.
#[inline(always)]
fn read_numbers(
    call: &NativeCall<'_, '_>,
    parameters: &[Number],
    slots: &mut [Slot],
) -> Result<()> {
    for (index, (slot, number)) in slots.iter_mut().zip(parameters).enumerate() {
        match number {
            Number::I32 => slot.set_i32(call.int32(index)?),
            Number::I64 => slot.set_i64(call.bigint64(index)?),
            Number::F32 => slot.set_f32(call.float64(index)? as f32),
            Number::F64 => slot.set_f64(call.float64(index)?),
        }
    }
    Ok(())
}

fn numbers_to_array<'js>(ctx: &Ctx<'js>, slots: &[Slot], numbers: &[Number]) -> Result<Value<'js>> {
    let array = Array::new(ctx.clone())?;
    for (index, (slot, number)) in slots.iter().zip(numbers).enumerate() {
        array.set(index, number_to_js(ctx, slot, *number)?)?;
    }
    Ok(array.into_value())
}

fn values_to_array<'js>(ctx: &Ctx<'js>, values: &[WasmValue]) -> Result<Value<'js>> {
    let array = Array::new(ctx.clone())?;
    for (index, value) in values.iter().enumerate() {
        array.set(index, to_js(ctx, value)?)?;
    }
    Ok(array.into_value())
}

/// 4. If any type in parameters or results matches v128 or exnref, throw a TypeError.
fn refuse(ctx: &Ctx<'_>) -> Error {
    throw_type(ctx, "a function with v128 or exnref in its type cannot be called from JavaScript")
}

#[inline]
fn returned<'js>(slot: &Slot, number: Number) -> Returned<'js> {
    match number {
        Number::I32 => Returned::Int(slot.i32()),
        Number::I64 => Returned::BigInt(slot.i64()),
        Number::F32 => Returned::Float(f64::from(slot.f32())),
        Number::F64 => Returned::Float(slot.f64()),
    }
}

fn number_to_js<'js>(ctx: &Ctx<'js>, slot: &Slot, number: Number) -> Result<Value<'js>> {
    match returned(slot, number) {
        Returned::Int(number) => Ok(Value::new_int(ctx.clone(), number)),
        Returned::BigInt(number) => crate::convert::big_int(ctx, number),
        Returned::Float(number) => Ok(Value::new_float(ctx.clone(), number)),
        Returned::Undefined => Ok(Value::new_undefined(ctx.clone())),
        Returned::Value(value) => Ok(value),
    }
}
