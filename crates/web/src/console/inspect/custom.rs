//! Custom inspection: methods of the script's own, and what is handed to them.

use std::cell::RefCell;

use holm_js::reflect::{attempt, lookup};
use holm_js::{Call, Ctx, Function, Object, Result, Root, Value, function, slot, to_text};

use super::object::Role;
use super::options::{Colors, Depth, Options};
use super::style::Style;
use super::{Inspector, inspect, line_break};

/// The method's name: `Symbol.for` of this.
pub(super) const SYMBOL: &str = "nodejs.util.inspect.custom";

impl<'js> Inspector<'_, 'js> {
    /// Calls the value's own inspection method, if it has one. `object` is the value, or a
    /// proxy of it. `None` if the method leaves it to us.
    pub(super) fn custom(
        &mut self,
        object: &Object<'js>,
        target: &Object<'js>,
        level: i32,
    ) -> Result<Option<String>> {
        let known = self.known()?;
        let method = lookup(target, &known.custom)?;
        let Some(method) = method.and_then(Value::into_function) else {
            return Ok(None);
        };
        if self.is_prototype(target)? || slot::<Inspect>(self.ctx).is(&method)? {
            return Ok(None);
        }
        let depth = match self.depth {
            Depth::Limited(depth) => f64::from(depth) - f64::from(level),
            Depth::Unlimited => f64::INFINITY,
        };
        let arguments = (
            holm_js::This(object.clone()),
            depth,
            self.options_for(object, target)?,
            inspect_function(self.ctx)?,
        );
        let shown: Value<'js> = method.call(arguments)?;
        if shown == *object.as_value() {
            return Ok(None);
        }
        if !shown.is_string() {
            return self.value_in_role(&shown, level, Role::Value).map(Some);
        }
        let text = to_text(self.ctx, &shown)?;
        Ok(Some(text.replace('\n', &line_break(self.indentation))))
    }

    /// Whether an object is the `prototype` of its constructor: the method is then meant for
    /// the instances.
    fn is_prototype(&self, object: &Object<'js>) -> Result<bool> {
        let known = self.known()?;
        let constructor = attempt(self.ctx, lookup(object, &known.constructor))?.flatten();
        let Some(constructor) = constructor.and_then(Value::into_object) else {
            return Ok(false);
        };
        let prototype = attempt(self.ctx, lookup(&constructor, &known.prototype))?.flatten();
        Ok(prototype.as_ref() == Some(object.as_value()))
    }

    /// The options as a script's object. A value from elsewhere gets one without our
    /// prototypes.
    fn options_for(&self, object: &Object<'js>, target: &Object<'js>) -> Result<Object<'js>> {
        let foreign = object != target || !self.inherits_from_object(target)?;
        let prototype = (!foreign).then(|| self.known()).transpose()?;
        let prototype = prototype.as_ref().map(|known| &known.prototypes.object);
        let options = Object::new_proto(self.ctx.clone(), prototype)?;
        let current = Options { depth: self.depth, ..self.options.clone() };
        current.fill(&options)?;
        Ok(options)
    }

    fn inherits_from_object(&self, object: &Object<'js>) -> Result<bool> {
        let known = self.known()?;
        for holder in holm_js::reflect::chain(object) {
            if holder? == known.prototypes.object {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// `util.inspect` as a function for scripts: `inspect(value, options)`, and the old form
/// `inspect(value, showHidden, depth, colors)`. One per realm.
pub fn inspect_function<'js>(ctx: &Ctx<'js>) -> Result<Function<'js>> {
    let cache = slot::<Inspect>(ctx);
    if let Some(made) = &*cache.0.borrow() {
        return made.get(ctx);
    }
    let made = function(ctx, "inspect", 2, |call| {
        let options = options_of(call)?;
        call.returns(inspect(call.ctx(), &call.value(0), &options)?)
    })?;
    made.set("custom", holm_js::Symbol::new_global(ctx.clone(), SYMBOL)?)?;
    *cache.0.borrow_mut() = Some(Root::new(ctx, made.clone())?);
    Ok(made)
}

fn options_of(call: &Call<'_, '_>) -> Result<Options> {
    let mut options = Options::default();
    let passed = Object::new(call.ctx().clone())?;
    if !call.value(2).is_undefined() {
        passed.set("depth", call.value(2))?;
    }
    if !call.value(3).is_undefined() {
        passed.set("colors", call.value(3))?;
    }
    if call.len() > 2 {
        options = options.updated(&passed)?;
    }
    let second = call.value(1);
    if let Some(show_hidden) = second.as_bool() {
        options.show_hidden = show_hidden;
    } else if let Some(second) = second.as_object() {
        options = options.updated(second)?;
    }
    Ok(options)
}

/// The function `stylize(text, style)` of the options that a script gets.
pub(super) fn stylize<'js>(ctx: &Ctx<'js>, colors: Colors) -> Result<Function<'js>> {
    function(ctx, "stylize", 2, move |call| {
        let style = call.value(1);
        if colors == Colors::Never || !style.is_string() {
            return Ok(call.value(0));
        }
        let Some(style) = Style::named(&to_text(call.ctx(), &style)?) else {
            return Ok(call.value(0));
        };
        call.returns(colors.paint(style, &to_text(call.ctx(), &call.value(0))?))
    })
}

/// The realm's [`inspect_function`].
#[derive(Default)]
struct Inspect(RefCell<Option<Root<Function<'static>>>>);

impl Inspect {
    fn is(&self, function: &Function<'_>) -> Result<bool> {
        match &*self.0.borrow() {
            Some(made) => Ok(made.get::<Function<'_>>(function.ctx())? == *function),
            None => Ok(false),
        }
    }
}
