//! Watching promises: what follows a value through asynchronous code is built on this.

use std::cell::RefCell;
use std::ffi::c_void;
use std::rc::Rc;

use rquickjs::{Ctx, Value, qjs};

use crate::raw::{self, RawContext};
use crate::realm::RealmData;
use crate::runtime::Runtime;

/// What happens to a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromisePhase {
    /// It was made, perhaps from a parent.
    Init,
    /// The `then` of a thenable it was resolved with is about to be called. (Reactions are
    /// not told of: QuickJS-NG's hook has no place there.)
    Before,
    /// That call is over.
    After,
    /// It was resolved; a rejection is not told of here.
    Resolve,
}

/// Told of every promise of a runtime, in the middle of what script does: it may read and
/// remember, but not run script.
pub trait PromiseHook {
    /// One thing that happens; `parent` is `undefined` where there is none.
    fn promise<'js>(
        &self,
        ctx: &Ctx<'js>,
        phase: PromisePhase,
        promise: &Value<'js>,
        parent: &Value<'js>,
    );
}

#[derive(Default)]
pub(crate) struct HookSlot(RefCell<Option<Rc<dyn PromiseHook>>>);

impl HookSlot {
    pub(crate) fn clear(&self) {
        let hook = self.0.borrow_mut().take();
        drop(hook);
    }
}

impl Runtime {
    /// Watches the promises of this runtime, or stops watching. Unwatched promises cost nothing.
    pub fn set_promise_hook(&self, hook: Option<Rc<dyn PromiseHook>>) {
        let shared = self.shared();
        let callback: qjs::JSPromiseHook = if hook.is_some() { Some(told) } else { None };
        *shared.promise_hook.0.borrow_mut() = hook;
        // SAFETY: a live runtime; the callback needs no opaque pointer.
        unsafe { qjs::JS_SetPromiseHook(shared.raw, callback, std::ptr::null_mut()) }
    }
}

unsafe extern "C" fn told(
    raw_ctx: RawContext,
    phase: qjs::JSPromiseHookType,
    promise: qjs::JSValue,
    parent: qjs::JSValue,
    _opaque: *mut c_void,
) {
    let phase = match phase {
        qjs::JSPromiseHookType_JS_PROMISE_HOOK_INIT => PromisePhase::Init,
        qjs::JSPromiseHookType_JS_PROMISE_HOOK_BEFORE => PromisePhase::Before,
        qjs::JSPromiseHookType_JS_PROMISE_HOOK_AFTER => PromisePhase::After,
        _ => PromisePhase::Resolve,
    };
    // SAFETY: QuickJS passes a live context and live values.
    unsafe {
        let ctx = raw::scope(raw_ctx);
        let (promise, parent) = (raw::borrow(&ctx, promise), raw::borrow(&ctx, parent));
        let hook = RealmData::of(&ctx).shared().promise_hook.0.borrow().clone();
        if let Some(hook) = hook {
            let told = raw::caught(&ctx, || {
                hook.promise(&ctx, phase, &promise, &parent);
                Ok(())
            });
            if told.is_err() {
                // There is nobody here to throw to.
                drop(ctx.catch());
            }
        }
    }
}
