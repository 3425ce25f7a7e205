//! `console`, as people know it from Node.
//!
//! <https://console.spec.whatwg.org/>, <https://nodejs.org/api/console.html>

mod duration;
pub mod inspect;
mod methods;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::time::Duration;

use holm_host::{Stream, host};
use holm_js::{
    Attributes, Ctx, Object, Result, Value, define_lazy, define_value, function, interrupt_error,
    slot,
};

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

/// What `console.table` prints of this; nothing for what is no table.
pub fn table_text<'js>(
    ctx: &Ctx<'js>,
    data: &Value<'js>,
    columns: &Value<'js>,
) -> Result<Option<String>> {
    methods::table_text(ctx, data, columns, &inspect::Options::default())
}

/// A time as `console.time` prints it.
pub fn duration_text(duration: Duration) -> String {
    duration::show(duration)
}

/// So many lines may be lost before the program is ended.
const MAX_LOST_LINES: u32 = 1000;
/// The exit code of a program that the system ended by SIGPIPE.
const NO_READER_CODE: i32 = 141;

/// What a realm's console remembers.
#[derive(Default)]
struct State {
    counts: RefCell<HashMap<String, u64>>,
    timers: RefCell<HashMap<String, Duration>>,
    indentation: RefCell<String>,
    lost_lines: Cell<u32>,
}

/// Prints text as a line of its own, indented as the groups say.
///
/// What cannot be written is lost: a program does not fail for want of a reader. But one that
/// goes on printing to nobody is ended, as the system ends other filters.
pub(crate) fn print(ctx: &Ctx<'_>, stream: Stream, text: &str) -> Result<()> {
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
    let host = host(ctx);
    if host.output.write(stream, line.as_bytes()).is_ok() {
        return Ok(());
    }
    let lost = state.lost_lines.replace(state.lost_lines.get() + 1);
    if lost < MAX_LOST_LINES {
        return Ok(());
    }
    host.lifecycle.exit(NO_READER_CODE);
    Err(interrupt_error(ctx, "nobody reads what is printed"))
}
