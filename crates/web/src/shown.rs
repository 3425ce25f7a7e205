//! How `console.log` shows objects of the web's interfaces: what their getters say, as in Node.

use holm_js::webidl::{Definition, Interface};
use holm_js::{
    Attributes, Call, Ctx, Object, Result, Symbol, Value, define_value, function, host_ref, to_text,
};

/// The method's name: `Symbol.for` of this.
pub(crate) const INSPECT: &str = "nodejs.util.inspect.custom";

/// An interface whose objects are shown by what they hold.
pub(crate) trait Shown: Interface {
    /// What is shown where the console goes no deeper, if that is less.
    const WHEN_DEEP: Option<&'static str> = None;

    /// The object that is shown behind the interface's name.
    fn shown<'js>(&self, ctx: &Ctx<'js>) -> Result<Object<'js>>;
}

/// Defines the method that the console asks.
pub(crate) fn define<T: Shown>(members: &mut Definition<'_, '_, T>) -> Result<()> {
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
    if let Some(less) = T::WHEN_DEEP
        && call.value(0).as_number().is_some_and(|depth| depth < 0.0)
    {
        return call.returns(less);
    }
    let text: Value<'js> = inspect.call((inside.shown(ctx)?, call.value(1)))?;
    call.returns(format!("{} {}", T::NAME, to_text(ctx, &text)?))
}
