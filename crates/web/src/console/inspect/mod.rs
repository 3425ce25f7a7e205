//! Values as text for people: Node's `util.inspect`, `util.format` and `console.table`.
//!
//! The text is meant to be Node's to the last character; `tests/inspect_cases.txt` holds
//! hundreds of expressions with what Node 20 prints. The reading is done by
//! [`holm_js::reflect`], so that a value shows what it is and not what its methods say:
//! replaced built-in methods change nothing, and of a script's own code only this runs:
//! custom inspection methods, `Symbol.toStringTag` and `Symbol.hasInstance`, getters where
//! the options ask for it, a `name`, `message` or `cause` of an error that is a getter, and
//! conversions in [`format()`] (`%s`, `%d`, `%i`, `%f`, `%j`). What the first and the last of
//! these throw is thrown on; other failures read as "not there".
//!
//! Names a reader will mix up:
//! - *level*: how many objects are open around a value; the option `depth` is about it.
//! - *nesting*: how many calls of ours are; `MAX_NESTING` and the stack limit are about it.
//! - *indentation*: columns at the start of a line, two for each open object.
//! - `value.rs`: anything; `object.rs`: an object that is neither proxy nor seen before.

mod base;
mod collections;
mod custom;
mod error;
mod format;
mod layout;
mod names;
mod number;
mod object;
mod options;
mod property;
mod string;
mod style;
mod table;
mod value;

use std::cell::OnceCell;
use std::collections::HashMap;
use std::rc::Rc;

use holm_js::reflect::{PropertyKey, Prototypes, prototypes};
use holm_js::{Ctx, Error, Object, Result, Symbol, Value};

pub use custom::inspect_function;
pub use format::format;
pub use options::{Colors, Compact, Depth, Getters, Options, OwnOptions, Sorted, UNLIMITED};
pub use table::table;

/// More objects inside of each other than this are never opened, whatever `depth` says.
/// Node goes as deep as its stack does, some 1 500.
const MAX_NESTING: usize = 1_000;

/// What Node's `util.inspect(value, options)` returns.
pub fn inspect<'js>(ctx: &Ctx<'js>, value: &Value<'js>, options: &Options) -> Result<String> {
    let mut inspector = Inspector::new(ctx, options);
    match inspector.value(value, 0) {
        Err(Error::Exception) if inspector.is_out_of_stack() => Ok(inspector.interrupted("Object")),
        shown => shown,
    }
}

/// One inspection.
struct Inspector<'a, 'js> {
    ctx: &'a Ctx<'js>,
    options: &'a Options,
    /// The option `depth`, until too much was written.
    depth: Depth,
    indentation: usize,
    nesting: usize,
    /// Objects looked at.
    visited: usize,
    /// The level of the object opened last.
    current_level: i32,
    /// The objects that are open, outermost first.
    seen: Vec<Object<'js>>,
    /// Those that were met again inside of themselves; the first is `*1`.
    circular: Vec<Object<'js>>,
    /// Units written for each indentation.
    written: HashMap<usize, usize>,
    known: OnceCell<Rc<Known<'js>>>,
}

/// What is asked of every object.
struct Known<'js> {
    prototypes: Prototypes<'js>,
    constructor: PropertyKey<'js>,
    prototype: PropertyKey<'js>,
    tag: PropertyKey<'js>,
    name: PropertyKey<'js>,
    length: PropertyKey<'js>,
    custom: PropertyKey<'js>,
}

impl<'a, 'js> Inspector<'a, 'js> {
    fn new(ctx: &'a Ctx<'js>, options: &'a Options) -> Self {
        Self {
            ctx,
            options,
            depth: options.depth,
            indentation: 0,
            nesting: 0,
            visited: 0,
            current_level: 0,
            seen: Vec::new(),
            circular: Vec::new(),
            written: HashMap::new(),
            known: OnceCell::new(),
        }
    }

    /// Keys and prototypes that everything needs, made when the first object comes.
    fn known(&self) -> Result<Rc<Known<'js>>> {
        if let Some(known) = self.known.get() {
            return Ok(known.clone());
        }
        let key = |name| PropertyKey::new(self.ctx, name);
        let custom = Symbol::new_global(self.ctx.clone(), custom::SYMBOL)?;
        let known = Known {
            prototypes: prototypes(self.ctx)?,
            constructor: key("constructor")?,
            prototype: key("prototype")?,
            tag: PropertyKey::to_string_tag(self.ctx)?,
            name: key("name")?,
            length: key("length")?,
            custom: PropertyKey::from_value(custom.as_value())?,
        };
        Ok(self.known.get_or_init(|| Rc::new(known)).clone())
    }

    fn paint(&self, style: style::Style, text: &str) -> String {
        self.options.colors.paint(style, text)
    }

    /// Runs `body` with everything written further to the right.
    fn indented<R>(&mut self, columns: usize, body: impl FnOnce(&mut Self) -> R) -> R {
        self.indentation += columns;
        let result = body(self);
        self.indentation -= columns;
        result
    }
}

/// A line break and this many spaces.
fn line_break(indentation: usize) -> String {
    format!("\n{:indentation$}", "")
}
