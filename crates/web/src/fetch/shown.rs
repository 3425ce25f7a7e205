//! How `console.log` shows the objects of this folder: what their getters say, as in Node.

use holm_js::webidl::{Definition, Interface, convert};
use holm_js::{
    Attributes, Call, Ctx, Object, Result, Symbol, Value, define_value, function, host_ref, to_text,
};

use super::headers::Headers;
use super::response::Response;

/// The method's name: `Symbol.for` of this.
const INSPECT: &str = "nodejs.util.inspect.custom";

/// An interface whose objects are shown by what they hold.
pub(super) trait Shown: Interface {
    /// The object that is shown behind the interface's name.
    fn shown<'js>(&self, ctx: &Ctx<'js>) -> Result<Object<'js>>;
}

/// Defines the method that the console asks.
pub(super) fn define<T: Shown>(members: &mut Definition<'_, '_, T>) -> Result<()> {
    let ctx = members.ctx();
    let method = function(ctx, "[nodejs.util.inspect.custom]", 3, show::<T>)?;
    let symbol = Symbol::new_global(ctx.clone(), INSPECT)?;
    define_value(members.prototype(), symbol, method, Attributes::BUILT_IN)
}

/// Called with a depth, options, and `inspect` itself.
fn show<'js, T: Shown>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (ctx, this) = (call.ctx(), call.this());
    let (Some(inside), Some(inspect)) = (host_ref::<T>(&this), call.value(2).into_function())
    else {
        return Ok(this);
    };
    let text: Value<'js> = inspect.call((inside.shown(ctx)?, call.value(1)))?;
    call.returns(format!("{} {}", T::NAME, to_text(ctx, &text)?))
}

impl Shown for Headers {
    fn shown<'js>(&self, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        let object = Object::new(ctx.clone())?;
        for header in self.list().borrow().sort_and_combine().iter() {
            let name = convert::from_byte_string(&header.name);
            let value = convert::from_byte_string(&header.value);
            define_value(&object, name, value, Attributes::ALL)?;
        }
        Ok(object)
    }
}

impl Shown for Response {
    fn shown<'js>(&self, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        let object = Object::new(ctx.clone())?;
        object.set("status", self.data.status)?;
        object.set("statusText", convert::from_byte_string(&self.data.status_text))?;
        object.set("headers", self.headers_object(ctx)?)?;
        object.set("bodyUsed", self.is_body_used())?;
        object.set("ok", self.data.is_ok())?;
        object.set("redirected", self.data.is_redirected)?;
        object.set("type", self.data.kind.as_str())?;
        object.set("url", &*self.data.url)?;
        Ok(object)
    }
}
