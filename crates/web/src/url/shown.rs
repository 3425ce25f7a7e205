//! What `console.log` shows of the objects of this folder, as in Node.

use holm_js::webidl::{Definition, Interface};
use holm_js::{
    Attributes, Call, Ctx, Object, Result, Symbol, Value, define_value, function, host_ref, to_text,
};

use super::search_params::UrlSearchParams;
use super::url_object::UrlObject;
use crate::shown::{INSPECT, Shown};

/// Longer than this, each pair has a line of its own: Node's `breakLength`.
const BREAK_LENGTH: usize = 80;

impl Shown for UrlObject {
    const WHEN_DEEP: Option<&'static str> = Some("URL {}");

    fn shown<'js>(&self, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        let object = Object::new(ctx.clone())?;
        for (name, part) in self.shown_parts() {
            if name == "hash" {
                define_value(&object, "searchParams", self.search_params(ctx)?, Attributes::ALL)?;
            }
            define_value(&object, name, part, Attributes::ALL)?;
        }
        Ok(object)
    }
}

/// Defines the method that the console asks: pairs are no properties, and may be there twice.
pub(super) fn define_search_params(
    members: &mut Definition<'_, '_, UrlSearchParams>,
) -> Result<()> {
    let ctx = members.ctx();
    let method = function(ctx, "[nodejs.util.inspect.custom]", 3, show_search_params)?;
    let symbol = Symbol::new_global(ctx.clone(), INSPECT)?;
    define_value(members.prototype(), symbol, method, Attributes::BUILT_IN)
}

fn show_search_params<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (ctx, this) = (call.ctx(), call.this());
    let (Some(inside), Some(inspect)) =
        (host_ref::<UrlSearchParams>(&this), call.value(2).into_function())
    else {
        return Ok(this);
    };
    if call.value(0).as_number().is_some_and(|depth| depth < 0.0) {
        return call.returns("[Object]");
    }
    let show = |text: &str| -> Result<String> {
        to_text(ctx, &inspect.call::<_, Value<'js>>((text, call.value(1)))?)
    };
    let pairs = inside.pairs().clone();
    let shown =
        pairs.iter().map(|(name, value)| Ok(format!("{} => {}", show(name)?, show(value)?)));
    let shown = shown.collect::<Result<Vec<_>>>()?;
    let name = UrlSearchParams::NAME;
    if shown.is_empty() {
        return call.returns(format!("{name} {{}}"));
    }
    let is_long = shown.iter().map(|pair| pair.len() + 2).sum::<usize>() > BREAK_LENGTH + 2;
    let (start, separator) = if is_long { ("\n  ", ",\n  ") } else { (" ", ", ") };
    call.returns(format!("{name} {{{start}{} }}", shown.join(separator)))
}
