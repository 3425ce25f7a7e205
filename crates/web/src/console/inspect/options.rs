//! What can be asked for: Node's `util.inspect` options.

use std::rc::Rc;

use holm_js::reflect::{Filter, own_keys, unwrap_proxies};
use holm_js::{Ctx, Function, Object, Result, Root, Value, to_text};

use super::custom;

/// Stands for JavaScript's `Infinity` where a length is asked for.
pub const UNLIMITED: usize = usize::MAX;

/// How values are shown. The defaults are Node's.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many levels of nested objects are opened.
    pub depth: Depth,
    /// Whether escape sequences colour the text.
    pub colors: Colors,
    /// How much goes on one line.
    pub compact: Compact,
    /// Lines are broken at this length, in UTF-16 units.
    pub break_length: usize,
    /// Non-enumerable properties and prototype properties are shown too.
    pub show_hidden: bool,
    /// Proxies are shown as proxies, not as their target.
    pub show_proxy: bool,
    /// In which order properties come.
    pub sorted: Sorted,
    /// Which getters are called.
    pub getters: Getters,
    /// Elements of a list that are shown.
    pub max_array_length: usize,
    /// UTF-16 units of a string that are shown.
    pub max_string_length: usize,
    /// `1_000_000`.
    pub numeric_separator: bool,
    /// Methods named `Symbol.for('nodejs.util.inspect.custom')` are called.
    pub custom_inspect: bool,
    /// Objects are no longer opened once this many UTF-16 units were written; as in Node,
    /// each depth of indentation counts for itself. Not for scripts to set.
    pub max_output_units: usize,
    /// Options of the script's own.
    pub own: OwnOptions,
}

/// The object that [`Options::from_js`] read, if it has options that are not ours: custom
/// inspection methods get them handed on.
#[derive(Clone, Debug, Default)]
pub struct OwnOptions(Option<Rc<Root<Object<'static>>>>);

/// How many levels of nested objects are opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// 0 opens the value itself; a negative number not even that.
    Limited(i32),
    /// All of them, as far as the stack allows.
    Unlimited,
}

impl Depth {
    /// Whether an object at this level stays closed.
    pub(super) fn is_exceeded_by(self, level: i32) -> bool {
        matches!(self, Self::Limited(depth) if level > depth)
    }
}

/// Whether escape sequences colour the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colors {
    /// Plain text.
    Never,
    /// ANSI colours.
    Always,
}

/// How much goes on one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compact {
    /// This many innermost levels share a line if they fit; 0 is JavaScript's `false`.
    Levels(u32),
    /// JavaScript's `true`: the dense layout of Node before 12.
    Dense,
}

/// In which order properties come.
#[derive(Clone, Debug)]
pub enum Sorted {
    /// As the object has them.
    No,
    /// By UTF-16 units.
    Yes,
    /// As a script's comparator says.
    By(Rc<Root<Function<'static>>>),
}

/// Which getters are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Getters {
    /// None: `[Getter]`.
    None,
    /// Every one.
    All,
    /// Those without a setter.
    WithoutSetter,
    /// Those with a setter.
    WithSetter,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            depth: Depth::Limited(2),
            colors: Colors::Never,
            compact: Compact::Levels(3),
            break_length: 80,
            show_hidden: false,
            show_proxy: false,
            sorted: Sorted::No,
            getters: Getters::None,
            max_array_length: 100,
            max_string_length: 10_000,
            numeric_separator: false,
            custom_inspect: true,
            max_output_units: 1 << 27,
            own: OwnOptions::default(),
        }
    }
}

impl Options {
    /// Reads options that a script passed; what it left out has its default.
    pub fn from_js(object: &Object<'_>) -> Result<Self> {
        Self::default().updated(object)
    }

    /// These options with what a script passed laid over.
    pub fn updated(mut self, object: &Object<'_>) -> Result<Self> {
        let Some(names) = unwrap_proxies(object)? else {
            return Ok(self);
        };
        let ctx = object.ctx();
        for key in own_keys(&names, Filter::Enumerable)?.iter_from(0) {
            let key = key.to_value()?;
            if key.is_symbol() {
                continue;
            }
            let name = to_text(ctx, &key)?;
            let value: Value<'_> = object.get(name.as_str())?;
            if !self.set(ctx, &name, &value)? && self.own.0.is_none() {
                self.own.0 = Some(Rc::new(Root::new(ctx, object.clone())?));
            }
        }
        Ok(self)
    }

    /// Sets the option called `name`; false if there is none.
    fn set<'js>(&mut self, ctx: &Ctx<'js>, name: &str, value: &Value<'js>) -> Result<bool> {
        match name {
            "depth" => self.depth = depth(value),
            "colors" if is_truthy(value) => self.colors = Colors::Always,
            "colors" => self.colors = Colors::Never,
            "compact" => self.compact = compact(value),
            "breakLength" => self.break_length = length(value),
            "showHidden" => self.show_hidden = is_truthy(value),
            "showProxy" => self.show_proxy = is_truthy(value),
            "sorted" => self.sorted = sorted(ctx, value)?,
            "getters" => self.getters = getters(value)?,
            "maxArrayLength" => self.max_array_length = length(value),
            "maxStringLength" => self.max_string_length = length(value),
            "numericSeparator" => self.numeric_separator = is_truthy(value),
            "customInspect" => self.custom_inspect = is_truthy(value),
            // Follows from `colors`; the function itself is ours anyway when a custom
            // inspection method passes its options on.
            "stylize" => {}
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The options as an object for a script, with `stylize`. The options of the script's
    /// own that came with [`Options::from_js`] are in it again.
    pub fn to_js<'js>(&self, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        let object = Object::new(ctx.clone())?;
        self.fill(&object)?;
        Ok(object)
    }

    pub(super) fn fill<'js>(&self, object: &Object<'js>) -> Result<()> {
        let ctx = object.ctx();
        let number = |length: usize| {
            if length == UNLIMITED { f64::INFINITY } else { length as f64 }
        };
        object.set("stylize", custom::stylize(ctx, self.colors)?)?;
        object.set("showHidden", self.show_hidden)?;
        object.set(
            "depth",
            match self.depth {
                Depth::Limited(depth) => f64::from(depth),
                Depth::Unlimited => f64::INFINITY,
            },
        )?;
        object.set("colors", self.colors == Colors::Always)?;
        object.set("customInspect", self.custom_inspect)?;
        object.set("showProxy", self.show_proxy)?;
        object.set("maxArrayLength", number(self.max_array_length))?;
        object.set("maxStringLength", number(self.max_string_length))?;
        object.set("breakLength", number(self.break_length))?;
        match self.compact {
            Compact::Dense => object.set("compact", true)?,
            Compact::Levels(0) => object.set("compact", false)?,
            Compact::Levels(levels) => object.set("compact", levels)?,
        }
        match &self.sorted {
            Sorted::No => object.set("sorted", false)?,
            Sorted::Yes => object.set("sorted", true)?,
            Sorted::By(comparator) => object.set("sorted", comparator.get::<Value<'_>>(ctx)?)?,
        }
        match self.getters {
            Getters::None => object.set("getters", false)?,
            Getters::All => object.set("getters", true)?,
            Getters::WithoutSetter => object.set("getters", "get")?,
            Getters::WithSetter => object.set("getters", "set")?,
        }
        object.set("numericSeparator", self.numeric_separator)?;
        self.hand_on_own(object)
    }

    fn hand_on_own(&self, target: &Object<'_>) -> Result<()> {
        let Some(own) = &self.own.0 else {
            return Ok(());
        };
        let own: Object<'_> = own.get(target.ctx())?;
        let Some(names) = unwrap_proxies(&own)? else {
            return Ok(());
        };
        for key in own_keys(&names, Filter::Enumerable)?.iter_from(0) {
            let key = key.to_value()?;
            if let Some(name) = key.as_symbol() {
                target.set(name.clone(), own.get::<_, Value<'_>>(name.clone())?)?;
            } else {
                target.set(key.clone(), own.get::<_, Value<'_>>(key)?)?;
            }
        }
        Ok(())
    }
}

/// JavaScript's `Boolean(value)`.
pub(super) fn is_truthy(value: &Value<'_>) -> bool {
    if let Some(number) = value.as_number() {
        return number != 0.0 && !number.is_nan();
    }
    if let Some(text) = value.as_string() {
        return to_text(value.ctx(), text.as_value()).is_ok_and(|text| !text.is_empty());
    }
    value.as_bool().unwrap_or(!value.is_null() && !value.is_undefined())
}

fn depth(value: &Value<'_>) -> Depth {
    match value.as_number() {
        Some(depth) if depth.is_finite() => Depth::Limited(depth.floor() as i32),
        Some(f64::NEG_INFINITY) => Depth::Limited(-1),
        _ => Depth::Unlimited,
    }
}

/// A length; `null` and `Infinity` are without limit, negative ones are 0.
fn length(value: &Value<'_>) -> usize {
    match value.as_number() {
        Some(f64::INFINITY) | None => UNLIMITED,
        Some(length) => length as usize,
    }
}

fn compact(value: &Value<'_>) -> Compact {
    match (value.as_bool(), value.as_number()) {
        (Some(true), _) => Compact::Dense,
        (_, Some(levels)) => Compact::Levels(levels as u32),
        _ => Compact::Levels(0),
    }
}

fn sorted<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Sorted> {
    if let Some(comparator) = value.as_function() {
        return Ok(Sorted::By(Rc::new(Root::new(ctx, comparator.clone())?)));
    }
    Ok(if is_truthy(value) { Sorted::Yes } else { Sorted::No })
}

fn getters(value: &Value<'_>) -> Result<Getters> {
    if value.is_string() {
        return Ok(match to_text(value.ctx(), value)?.as_str() {
            "get" => Getters::WithoutSetter,
            "set" => Getters::WithSetter,
            _ => Getters::None,
        });
    }
    Ok(if value.as_bool() == Some(true) { Getters::All } else { Getters::None })
}
