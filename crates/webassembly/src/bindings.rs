//! Bindings of script that follow globals: what importing a mutable global of a module gives.
//!
//! The engine's bindings are variables. So a variable is set anew whenever its global may have
//! changed: when a module was left, and when script set it.

use std::cell::{Cell, RefCell};

use holm_js::reflect::attempt;
use holm_js::{Ctx, Function, Result, Root, Value, host_ref};
use holm_wasm::Value as WasmValue;

use crate::global::GlobalObject;

/// All that follow.
#[derive(Default)]
pub(crate) struct Bindings(RefCell<Vec<Binding>>);

struct Binding {
    /// The Global object.
    global: Root<Value<'static>>,
    /// Sets the variable.
    set: Root<Function<'static>>,
    /// What it was set to, if that was a number.
    last: Cell<Option<(u8, u64)>>,
}

impl Bindings {
    /// From now on `set` is called with what the global is.
    pub(crate) fn add<'js>(
        &self,
        ctx: &Ctx<'js>,
        global: &Value<'js>,
        set: Function<'js>,
    ) -> Result<()> {
        let (global, set) = (Root::new(ctx, global.clone())?, Root::new(ctx, set)?);
        self.0.borrow_mut().push(Binding { global, set, last: Cell::new(None) });
        Ok(())
    }

    /// Sets those whose globals have changed.
    pub(crate) fn refresh(&self, ctx: &Ctx<'_>) {
        for binding in &*self.0.borrow() {
            // Nothing can fail but for want of memory: then the next time.
            drop(attempt(ctx, binding.refresh(ctx)));
        }
    }
}

impl Binding {
    fn refresh<'js>(&self, ctx: &Ctx<'js>) -> Result<()> {
        let object: Value<'js> = self.global.get(ctx)?;
        let Some(global) = host_ref::<GlobalObject>(&object) else { return Ok(()) };
        let now = global.global().get().ok().as_ref().and_then(bits);
        if now.is_some() && now == self.last.get() {
            return Ok(());
        }
        let value = global.value(ctx)?;
        let set: Function<'js> = self.set.get(ctx)?;
        set.call::<_, ()>((value,))?;
        self.last.set(now);
        Ok(())
    }
}

/// A number, told from others and from those of other types.
fn bits(value: &WasmValue) -> Option<(u8, u64)> {
    Some(match value {
        WasmValue::I32(number) => (0, u64::from(*number as u32)),
        WasmValue::I64(number) => (1, *number as u64),
        WasmValue::F32(number) => (2, u64::from(number.to_bits())),
        WasmValue::F64(number) => (3, number.to_bits()),
        WasmValue::V128(_) | WasmValue::Ref(_) => return None,
    })
}
