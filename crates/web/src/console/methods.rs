//! The methods of `console`.

use holm_host::{Stream, host};
use holm_js::{Call, Ctx, Result, Value, slot, to_text};

use super::inspect::{self, Colors, Options};
use super::{State, duration, print};

type Method = for<'a, 'js> fn(&Call<'a, 'js>) -> Result<Value<'js>>;

/// Name, `length` and steps of each method, in the order Node has them.
pub(super) const ALL: [(&str, u32, Method); 21] = [
    ("log", 0, |call| write(call, Stream::Out)),
    ("warn", 0, |call| write(call, Stream::Err)),
    ("dir", 0, dir),
    ("time", 0, time),
    ("timeEnd", 0, |call| time_log(call, AfterLog::Forget)),
    ("timeLog", 0, |call| time_log(call, AfterLog::Keep)),
    ("trace", 0, trace),
    ("assert", 0, assert),
    ("clear", 0, clear),
    ("count", 0, count),
    ("countReset", 0, count_reset),
    ("group", 0, group),
    ("groupCollapsed", 0, group),
    ("groupEnd", 0, group_end),
    ("table", 1, table),
    ("debug", 0, |call| write(call, Stream::Out)),
    ("info", 0, |call| write(call, Stream::Out)),
    ("dirxml", 0, |call| write(call, Stream::Out)),
    ("error", 0, |call| write(call, Stream::Err)),
    ("profile", 0, |call| call.undefined()),
    ("profileEnd", 0, |call| call.undefined()),
];

/// Spaces a group moves its lines to the right.
const GROUP_INDENTATION: &str = "  ";
/// Deeper groups than this move no further, so that a loop cannot make lines endless.
const MAX_INDENTATION: usize = 1000;

fn options(ctx: &Ctx<'_>, stream: Stream) -> Options {
    let mut options = Options::default();
    if host(ctx).output.has_colors(stream) {
        options.colors = Colors::Always;
    }
    options
}

fn formatted(call: &Call<'_, '_>, first: usize, stream: Stream) -> Result<String> {
    inspect::format(call.ctx(), &call.rest(first), &options(call.ctx(), stream))
}

fn write<'js>(call: &Call<'_, 'js>, stream: Stream) -> Result<Value<'js>> {
    let text = formatted(call, 0, stream)?;
    print(call.ctx(), stream, &text)?;
    call.undefined()
}

fn dir<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let mut options = match call.value(1).into_object() {
        Some(given) => Options::from_js(&given)?,
        None => options(call.ctx(), Stream::Out),
    };
    options.custom_inspect = false;
    let text = inspect::inspect(call.ctx(), &call.value(0), &options)?;
    print(call.ctx(), Stream::Out, &text)?;
    call.undefined()
}

/// A label: `default` where none was given.
fn label(call: &Call<'_, '_>) -> Result<String> {
    let value = call.value(0);
    if value.is_undefined() { Ok("default".to_owned()) } else { to_text(call.ctx(), &value) }
}

fn time<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (ctx, label) = (call.ctx(), label(call)?);
    let state = slot::<State>(ctx);
    let now = host(ctx).clock.elapsed();
    let is_new = !state.timers.borrow().contains_key(&label);
    if is_new {
        state.timers.borrow_mut().insert(label, now);
    } else {
        warn(ctx, &format!("Label '{label}' already exists for console.time()"))?;
    }
    call.undefined()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum AfterLog {
    Keep,
    Forget,
}

fn time_log<'js>(call: &Call<'_, 'js>, after: AfterLog) -> Result<Value<'js>> {
    let (ctx, label) = (call.ctx(), label(call)?);
    let state = slot::<State>(ctx);
    let started = state.timers.borrow().get(&label).copied();
    let Some(started) = started else {
        let method = if after == AfterLog::Keep { "timeLog" } else { "timeEnd" };
        warn(ctx, &format!("No such label '{label}' for console.{method}()"))?;
        return call.undefined();
    };
    let passed = duration::show(host(ctx).clock.elapsed().saturating_sub(started));
    let mut text = format!("{label}: {passed}");
    if call.len() > 1 && after == AfterLog::Keep {
        text.push(' ');
        text.push_str(&formatted(call, 1, Stream::Out)?);
    }
    print(ctx, Stream::Out, &text)?;
    if after == AfterLog::Forget {
        state.timers.borrow_mut().remove(&label);
    }
    call.undefined()
}

fn trace<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let message = formatted(call, 0, Stream::Err)?;
    let error = holm_js::error(ctx, holm_js::ErrorKind::Plain, "")?;
    let stack: Value<'js> = error.get("stack")?;
    let stack = to_text(ctx, &stack)?;
    let heading = if message.is_empty() { "Trace".to_owned() } else { format!("Trace: {message}") };
    let frames = stack.split_once('\n').map_or("", |(_, frames)| frames);
    print(ctx, Stream::Err, format!("{heading}\n{frames}").trim_end())?;
    call.undefined()
}

fn assert<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (ctx, value) = (call.ctx(), call.value(0));
    if holm_js::webidl::convert::boolean(&value) {
        return call.undefined();
    }
    let first_is_text = call.value(1).is_string();
    let text = match (call.len() > 1, first_is_text) {
        (false, _) => "Assertion failed".to_owned(),
        (true, true) => format!("Assertion failed: {}", formatted(call, 1, Stream::Err)?),
        (true, false) => format!("Assertion failed {}", formatted(call, 1, Stream::Err)?),
    };
    print(ctx, Stream::Err, &text)?;
    call.undefined()
}

fn clear<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let host = host(call.ctx());
    if host.output.terminal(Stream::Out).is_some() {
        // Move to the corner, then erase what is below.
        drop(host.output.write(Stream::Out, b"\x1b[1;1H\x1b[0J"));
    }
    call.undefined()
}

fn count<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let label = label(call)?;
    let state = slot::<State>(call.ctx());
    let count = {
        let mut counts = state.counts.borrow_mut();
        let count = counts.entry(label.clone()).or_default();
        *count += 1;
        *count
    };
    print(call.ctx(), Stream::Out, &format!("{label}: {count}"))?;
    call.undefined()
}

fn count_reset<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let label = label(call)?;
    if slot::<State>(call.ctx()).counts.borrow_mut().remove(&label).is_none() {
        warn(call.ctx(), &format!("Count for '{label}' does not exist"))?;
    }
    call.undefined()
}

fn group<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    if !call.is_empty() {
        let text = formatted(call, 0, Stream::Out)?;
        print(call.ctx(), Stream::Out, &text)?;
    }
    let state = slot::<State>(call.ctx());
    let mut indentation = state.indentation.borrow_mut();
    if indentation.len() < MAX_INDENTATION {
        indentation.push_str(GROUP_INDENTATION);
    }
    call.undefined()
}

fn group_end<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let state = slot::<State>(call.ctx());
    let mut indentation = state.indentation.borrow_mut();
    let kept = indentation.len().saturating_sub(GROUP_INDENTATION.len());
    indentation.truncate(kept);
    call.undefined()
}

fn table<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let text = match table_text(ctx, &call.value(0), &call.value(1), &options(ctx, Stream::Out))? {
        Some(text) => text,
        None => formatted_alone(call)?,
    };
    print(ctx, Stream::Out, &text)?;
    call.undefined()
}

/// What is no table: the first argument as `console.log` shows it.
fn formatted_alone(call: &Call<'_, '_>) -> Result<String> {
    inspect::format(call.ctx(), &[call.value(0)], &options(call.ctx(), Stream::Out))
}

/// The table of some data; nothing for what has no rows.
pub(super) fn table_text<'js>(
    ctx: &Ctx<'js>,
    data: &Value<'js>,
    columns: &Value<'js>,
    options: &Options,
) -> Result<Option<String>> {
    let columns: Option<Vec<String>> = match columns.as_array() {
        Some(names) => {
            let names = names.iter::<Value<'js>>();
            Some(names.map(|name| to_text(ctx, &name?)).collect::<Result<_>>()?)
        }
        None => None,
    };
    inspect::table(ctx, data, columns, options)
}

/// A warning of the console itself.
fn warn(ctx: &Ctx<'_>, text: &str) -> Result<()> {
    print(ctx, Stream::Err, &format!("Warning: {text}"))
}
