//! `WebAssembly.Global`: <https://webassembly.github.io/spec/js-api/#globals>

use holm_js::webidl::{self, Definition, Interface, convert};
use holm_js::{Call, Ctx, Graveyard, HostObject, Object, Result, Tracer, Value, Weak, host_ref};
use holm_wasm::Value as WasmValue;
use holm_wasm::{Global, GlobalType, HeapType, Mutability, TypeText, ValType};

use crate::convert::{is_opaque, mismatch, to_js, to_wasm, value_type};
use crate::errors::throw_type;
use crate::owner::Keep;
use crate::state::State;
use crate::values::HostTable;

/// The inside of a Global object.
pub(crate) struct GlobalObject {
    /// \[\[Global\]\]
    global: Global,
    keep: Keep,
}

impl HostObject for GlobalObject {
    fn trace(&self, tracer: &Tracer<'_>) {
        self.keep.trace(tracer);
    }

    fn finalize(self, graveyard: &Graveyard) {
        graveyard.push(self.global);
    }
}

impl Interface for GlobalObject {
    const NAME: &'static str = "Global";
    const CLASS_STRING: &'static str = "WebAssembly.Global";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .constructor(1, construct)
            .operation("valueOf", 0, |this, call| this.value(call.ctx()))?
            .writable_attribute(
                "value",
                |this, call| this.value(call.ctx()),
                |this, call| this.set_value(call.ctx(), &call.value(0)),
            )?;
        Ok(())
    }
}

/// <https://webassembly.github.io/spec/js-api/#dom-global-global>
fn construct<'js>(call: &Call<'_, 'js>) -> Result<Object<'js>> {
    let ctx = call.ctx();
    let what = "WebAssembly.Global(): the descriptor";
    let Some(descriptor) = convert::dictionary(ctx, &call.value(0), what)? else {
        return Err(throw_type(ctx, &format!("{what} is not an object")));
    };
    // 1. Let mutable be descriptor["mutable"].
    let mutable = convert::member(&descriptor, "mutable")?;
    let mutable = mutable.is_some_and(|mutable| convert::boolean(&mutable));
    // 2. Let valuetype be ToValueType(descriptor["value"]).
    let Some(value) = convert::member(&descriptor, "value")? else {
        return Err(throw_type(ctx, &format!("{what} has no 'value'")));
    };
    let ty = value_type(ctx, &value, "WebAssembly.Global(): 'value'")?;
    // 3. If valuetype matches v128 or exnref, throw a TypeError.
    if is_opaque(&ty) {
        let text = format!("WebAssembly.Global(): JavaScript cannot make a global of {ty}");
        return Err(throw_type(ctx, &text));
    }
    let keep = Keep::default();
    let given = call.value(1);
    // 4. If v is missing, let value be DefaultValue(valuetype).
    let is_default_undefined = matches!(&ty, ValType::Ref(ty)
        if matches!(ty.heap_type(), HeapType::Extern));
    let value = if call.len() < 2 && !is_default_undefined {
        WasmValue::default_of(&ty)
    } else if given.is_undefined() && !is_default_undefined {
        // Web IDL: an optional argument that is undefined is missing.
        WasmValue::default_of(&ty)
    } else {
        // 5. Otherwise, let value be ? ToWebAssemblyValue(v, valuetype).
        Some(to_wasm(ctx, &given, &ty, keep.values())?)
    };
    let Some(value) = value else {
        return Err(throw_type(ctx, &format!("WebAssembly.Global(): {ty} has no default")));
    };
    let mutability = if mutable { Mutability::Var } else { Mutability::Const };
    let global = Global::new(GlobalType::new(ty.clone(), mutability), value);
    let global =
        global.map_err(|reason| mismatch(ctx, "WebAssembly.Global(): the value", &ty, &reason))?;
    let inside = GlobalObject { global: global.clone(), keep };
    inside.sync(ctx);
    let object = webidl::construct(call, inside)?;
    remember(&global, object.as_value());
    Ok(object)
}

impl GlobalObject {
    /// <https://webassembly.github.io/spec/js-api/#getglobalvalue>
    pub(crate) fn value<'js>(&self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        // 4. If globaltype is of the form mut valuetype where valuetype matches v128 or exnref,
        //    throw a TypeError.
        self.refuse_opaque(ctx)?;
        let value = self.global.get().map_err(|reason| throw_type(ctx, &reason))?;
        to_js(ctx, &value)
    }

    pub(crate) fn set_value(&self, ctx: &Ctx<'_>, given: &Value<'_>) -> Result<()> {
        self.refuse_opaque(ctx)?;
        let ty = self.global.ty();
        // 5. If mut is const, throw a TypeError.
        if ty.mutability() == Mutability::Const {
            return Err(throw_type(ctx, "WebAssembly.Global.value: the global is immutable"));
        }
        // 6. Let value be ? ToWebAssemblyValue(the given value, valuetype).
        let values = match self.global.group() {
            Some(group) => HostTable::shared(group.host_values()),
            None => self.keep.values().clone(),
        };
        let value = to_wasm(ctx, given, ty.content(), &values)?;
        self.global.set(value).map_err(|reason| {
            mismatch(ctx, "WebAssembly.Global.value: the value", ty.content(), &reason)
        })?;
        self.sync(ctx);
        State::of(ctx).bindings().refresh(ctx);
        Ok(())
    }

    /// \[\[Global\]\]
    pub(crate) fn global(&self) -> &Global {
        &self.global
    }

    fn refuse_opaque(&self, ctx: &Ctx<'_>) -> Result<()> {
        let ty = self.global.ty().content();
        if is_opaque(ty) {
            let ty = TypeText(ty);
            let text = format!("WebAssembly.Global.value: JavaScript cannot touch a {ty}");
            return Err(throw_type(ctx, &text));
        }
        Ok(())
    }

    /// Keeps the group that the global belongs to, if it came to belong to one.
    fn sync(&self, ctx: &Ctx<'_>) {
        if let Some(group) = self.global.group() {
            self.keep.add_group(ctx, &group);
        }
    }
}

/// <https://webassembly.github.io/spec/js-api/#create-a-global-object>
pub(crate) fn wrapper<'js>(ctx: &Ctx<'js>, global: &Global) -> Result<Value<'js>> {
    if let Some(known) = global.attachment().get::<Weak>().and_then(|weak| weak.upgrade(ctx)) {
        return Ok(known);
    }
    let inside = GlobalObject { global: global.clone(), keep: Keep::default() };
    inside.sync(ctx);
    let made: Object<'js> = webidl::new_object(ctx, inside)?;
    remember(global, made.as_value());
    Ok(made.into_value())
}

fn remember(global: &Global, object: &Value<'_>) {
    if let Some(weak) = Weak::new(object) {
        global.attachment().set(weak);
    }
}

/// An import that is a Global.
pub(crate) fn of(value: &Value<'_>) -> Option<Global> {
    host_ref::<GlobalObject>(value).map(|object| object.global.clone())
}

/// The value of a Global that script may see; the Global itself where it may not.
pub(crate) fn unwrapped<'js>(ctx: &Ctx<'js>, value: Value<'js>) -> Result<Value<'js>> {
    match host_ref::<GlobalObject>(&value) {
        Some(object) if !is_opaque(object.global.ty().content()) => object.value(ctx),
        _ => Ok(value),
    }
}

/// After an instantiation: the global may belong to a group now.
pub(crate) fn sync(ctx: &Ctx<'_>, value: &Value<'_>) {
    if let Some(object) = host_ref::<GlobalObject>(value) {
        object.sync(ctx);
    }
}
