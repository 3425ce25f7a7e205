//! `console`, as people know it from Node.
//!
//! <https://console.spec.whatwg.org/>, <https://nodejs.org/api/console.html>

mod duration;
pub mod inspect;
mod methods;

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use holm_host::{Stream, host};
use holm_js::{Attributes, Ctx, Object, Result, define_lazy, define_value, function, slot};

/// Defines `console`.
pub fn install(ctx: &Ctx<'_>) -> Result<()> {
    define_lazy(&ctx.globals(), "console", Attributes::BUILT_IN, |ctx| {
        let console = Object::new(ctx.clone())?;
        for (name, length, method) in methods::ALL {
            let method = function(ctx, name, length, method)?;
            define_value(&console, name, method, Attributes::ALL)?;
        }
        let tag = holm_js::PredefinedAtom::SymbolToStringTag;
        let tag = holm_js::well_known_symbol(ctx, tag)?;
        define_value(&console, tag, "console", Attributes::CONFIGURABLE)?;
        Ok(console.into_value())
    })
}

/// What a realm's console remembers.
#[derive(Default)]
struct State {
    counts: RefCell<HashMap<String, u64>>,
    timers: RefCell<HashMap<String, Duration>>,
    indentation: RefCell<String>,
}

/// Prints text as a line of its own, indented as the groups say.
///
/// What cannot be written is dropped: a program does not fail for want of a reader. (The
/// command ends it instead: see its `Output`.)
pub(crate) fn print(ctx: &Ctx<'_>, stream: Stream, text: &str) {
    let state = slot::<State>(ctx);
    let indentation = state.indentation.borrow();
    let mut line = String::with_capacity(text.len() + indentation.len() + 1);
    for (index, part) in text.split('\n').enumerate() {
        if index > 0 {
            line.push('\n');
        }
        line.push_str(&indentation);
        line.push_str(part);
    }
    line.push('\n');
    drop(indentation);
    drop(host(ctx).output.write(stream, line.as_bytes()));
}
