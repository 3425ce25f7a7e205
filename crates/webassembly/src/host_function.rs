//! Functions of script that modules import:
//! <https://webassembly.github.io/spec/js-api/#create-a-host-function>

use std::rc::Rc;

use holm_js::webidl::convert;
use holm_js::{Argument, Ctx, Held, Reply, Result, Value, call_held};
use holm_wasm::Value as WasmValue;
use holm_wasm::{Group, HostFunction, Slot, Thrown, ValType};

use crate::convert::{is_opaque, mismatch, to_js, to_wasm};
use crate::errors::throw_type;
use crate::exported_function::Number;
use crate::passage::Passage;
use crate::state::Loan;

/// A function of script as a module sees it.
pub(crate) struct ImportedFunction {
    callee: Rc<Held>,
    passage: Passage,
    parameters: Box<[ValType]>,
    results: Box<[ValType]>,
    route: Route,
}

/// How arguments and results travel.
enum Route {
    /// All are `i32`, as with most functions: then nothing need be asked on the way.
    Ints { parameters: usize, has_result: bool },
    /// All are numbers.
    Numbers { parameters: Box<[Number]>, results: Box<[Number]> },
    /// There are others.
    Values,
}

impl ImportedFunction {
    /// The function, called from modules of `group`.
    pub(crate) fn new(
        callee: Held,
        parameters: Box<[ValType]>,
        results: Box<[ValType]>,
        group: &Group,
        loan: Rc<Loan>,
    ) -> Self {
        let passage = Passage::new(group, loan);
        let callee = passage.values().keep(callee);
        let route = Route::of(&parameters, &results);
        Self { callee, passage, parameters, results, route }
    }
}

impl Route {
    fn of(parameters: &[ValType], results: &[ValType]) -> Self {
        match (Number::all(parameters), Number::all(results)) {
            (Some(parameters), Some(results)) => match Number::ints(&parameters, &results) {
                Some((parameters, has_result)) => Self::Ints { parameters, has_result },
                None => Self::Numbers { parameters, results },
            },
            _ => Self::Values,
        }
    }
}

impl HostFunction for ImportedFunction {
    #[inline]
    fn call_numbers(&self, slots: &mut [Slot]) -> std::result::Result<(), Box<Thrown>> {
        let passage = &self.passage;
        match &self.route {
            Route::Ints { parameters, has_result } => passage.run(|ctx| {
                // The steps are those of `call_any_numbers`.
                let arguments = slots[..*parameters].iter().map(|slot| Argument::Int(slot.i32()));
                let reply = call_held(ctx, &self.callee, arguments)?;
                if *has_result {
                    slots[0].set_i32(reply.int32()?);
                }
                Ok(())
            }),
            Route::Numbers { parameters, results } => {
                self.call_any_numbers(slots, parameters, results)
            }
            Route::Values => passage.run(|ctx| Err(refuse(ctx))),
        }
    }

    /// <https://webassembly.github.io/spec/js-api/#run-a-host-function>
    fn call(
        &self,
        _group: &Group,
        arguments: Vec<WasmValue>,
    ) -> std::result::Result<Vec<WasmValue>, Thrown> {
        self.passage.run(|ctx| {
            let reply = self.call_script(ctx, &arguments)?;
            self.results(ctx, &reply.value())
        })
    }
}

impl ImportedFunction {
    /// The way to script.
    pub(crate) fn passage(&self) -> &Passage {
        &self.passage
    }

    /// Steps 2 to 4.
    pub(crate) fn call_script<'a, 'js>(
        &self,
        ctx: &'a Ctx<'js>,
        arguments: &[WasmValue],
    ) -> Result<Reply<'a, 'js>> {
        // 2. If any type in parameters or results matches v128 or exnref, throw a TypeError.
        if self.parameters.iter().chain(&self.results).any(is_opaque) {
            return Err(refuse(ctx));
        }
        let mut js_arguments = Vec::with_capacity(arguments.len());
        for argument in arguments {
            js_arguments.push(Argument::Value(to_js(ctx, argument)?));
        }
        call_held(ctx, &self.callee, js_arguments.into_iter())
    }

    /// Steps 6 to 8: what the function returned, as the module wants it.
    pub(crate) fn results<'js>(
        &self,
        ctx: &Ctx<'js>,
        returned: &Value<'js>,
    ) -> Result<Vec<WasmValue>> {
        let values = match &*self.results {
            [] => return Ok(Vec::new()),
            [ty] => vec![to_wasm(ctx, returned, ty, self.passage.values())?],
            _ => self.many(ctx, returned)?,
        };
        for (value, ty) in values.iter().zip(&self.results) {
            let fits = value.check(ty);
            fits.map_err(|reason| mismatch(ctx, "what an import returned", ty, &reason))?;
        }
        Ok(values)
    }

    fn call_any_numbers(
        &self,
        slots: &mut [Slot],
        parameters: &[Number],
        results: &[Number],
    ) -> std::result::Result<(), Box<Thrown>> {
        self.passage.run(|ctx| {
            // 3. For each arg of arguments, append ! ToJSValue(arg) to jsArguments.
            let arguments = slots.iter().zip(parameters).map(|(slot, number)| match number {
                Number::I32 => Argument::Int(slot.i32()),
                Number::I64 => Argument::BigInt(slot.i64()),
                Number::F32 => Argument::Float(f64::from(slot.f32())),
                Number::F64 => Argument::Float(slot.f64()),
            });
            // 4. Let ret be ? Call(func, undefined, jsArguments).
            let reply = call_held(ctx, &self.callee, arguments)?;
            match results {
                // 6. If resultsSize is 0, return « ».
                [] => Ok(()),
                // 7. Otherwise, if resultsSize is 1, return « ? ToWebAssemblyValue(ret) ».
                [number] => {
                    let slot = &mut slots[0];
                    match number {
                        Number::I32 => slot.set_i32(reply.int32()?),
                        Number::I64 => slot.set_i64(reply.bigint64()?),
                        Number::F32 => slot.set_f32(reply.float64()? as f32),
                        Number::F64 => slot.set_f64(reply.float64()?),
                    }
                    Ok(())
                }
                many => {
                    let values = self.many(ctx, &reply.value())?;
                    for ((slot, value), _) in slots.iter_mut().zip(values).zip(many) {
                        match value {
                            WasmValue::I32(number) => slot.set_i32(number),
                            WasmValue::I64(number) => slot.set_i64(number),
                            WasmValue::F32(number) => slot.set_f32(number),
                            WasmValue::F64(number) => slot.set_f64(number),
                            WasmValue::V128(_) | WasmValue::Ref(_) => {}
                        }
                    }
                    Ok(())
                }
            }
        })
    }

    /// Step 8: several results come from an iterable.
    fn many<'js>(&self, ctx: &Ctx<'js>, returned: &Value<'js>) -> Result<Vec<WasmValue>> {
        // 1. Let method be ? GetMethod(ret, %Symbol.iterator%). 2. If it is undefined, throw a
        //    TypeError. 3. Let values be ? IteratorToList(…).
        let what = "an import with several results must return an iterable";
        let values = convert::iterate(ctx, returned, what)?;
        // 5. If values's size is not resultsSize, throw a TypeError.
        if values.len() != self.results.len() {
            let (wanted, given) = (self.results.len(), values.len());
            let text = format!("{given} values were returned where {wanted} are wanted");
            return Err(throw_type(ctx, &text));
        }
        let pairs = values.iter().zip(&self.results);
        pairs.map(|(value, ty)| to_wasm(ctx, value, ty, self.passage.values())).collect()
    }
}

fn refuse(ctx: &Ctx<'_>) -> holm_js::Error {
    throw_type(ctx, "a function with v128 or exnref in its type cannot call JavaScript")
}
