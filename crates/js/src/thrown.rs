//! What was thrown, taken out of JavaScript: plain data that outlives the runtime.

use rquickjs::{Ctx, Object, Result, Value, qjs};

use crate::error_class::class_of;
use crate::runtime::is_out_of_memory;
use crate::text::to_text;

/// A thrown value as Rust can keep it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thrown {
    /// `Name: message` of an error, or what the value looks like.
    pub heading: String,
    /// The error's `message`.
    pub message: String,
    /// The error's `name`.
    pub name: Option<String>,
    /// Which of the native classes that [`crate::error_class`] made it is an instance of.
    pub class: Option<&'static str>,
    /// Node's `code`.
    pub code: Option<String>,
    /// How to go on, where whoever threw it said so (a `hint` property of the host's errors).
    pub hint: Option<String>,
    /// Where it was made, innermost first.
    pub frames: Vec<Frame>,
    /// Whether script could not have caught it: it was stopped.
    pub is_uncatchable: bool,
}

/// The heading of the engine's error for a full heap.
pub const OUT_OF_MEMORY: &str = "InternalError: out of memory";

/// The property under which the host's errors carry their hint; not enumerable.
pub const HINT_PROPERTY: &str = "hint";

/// One line of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The function's name, where it has one.
    pub function: Option<String>,
    /// A path or URL, or a word such as `native`.
    pub file: String,
    /// From 1.
    pub line: Option<u32>,
    /// From 1, in UTF-16 units as the engine counts.
    pub column: Option<u32>,
}

impl Thrown {
    /// Describes a value. Runs script only where the value's own getters do; what those
    /// throw is dropped.
    pub fn new(ctx: &Ctx<'_>, value: &Value<'_>) -> Self {
        // SAFETY: reading a flag of a live value.
        let is_uncatchable = unsafe { qjs::JS_IsUncatchableError(value.as_raw()) };
        let mut thrown = match value.as_object() {
            _ if is_out_of_memory(ctx, value) => Self::plain(OUT_OF_MEMORY.to_owned()),
            // SAFETY: as above.
            Some(object) if unsafe { qjs::JS_IsError(value.as_raw()) } => Self::of(ctx, object),
            _ => Self::plain(caught(ctx, to_text(ctx, value)).unwrap_or_default()),
        };
        thrown.is_uncatchable = is_uncatchable;
        thrown
    }

    fn plain(heading: String) -> Self {
        Self {
            message: heading.clone(),
            heading,
            name: None,
            class: None,
            code: None,
            hint: None,
            frames: Vec::new(),
            is_uncatchable: false,
        }
    }

    fn of(ctx: &Ctx<'_>, error: &Object<'_>) -> Self {
        let part = |key: &str| -> Option<String> {
            let value: Value<'_> = caught(ctx, error.get(key))?;
            if value.is_undefined() { None } else { caught(ctx, to_text(ctx, &value)) }
        };
        let stack = part("stack").unwrap_or_default();
        let name = part("name");
        let message = part("message").unwrap_or_default();
        let first_frame = stack.find("\n    at ");
        let heading = match first_frame {
            Some(end) => stack[..end].to_owned(),
            None if !stack.is_empty() => stack.clone(),
            None => format!("{}: {message}", name.as_deref().unwrap_or("Error")),
        };
        let frames = stack[first_frame.unwrap_or(stack.len())..].lines().filter_map(Frame::parse);
        Self {
            frames: frames.collect(),
            class: class_of(ctx, error),
            code: part("code"),
            hint: part(HINT_PROPERTY),
            heading,
            message,
            name,
            is_uncatchable: false,
        }
    }
}

impl Frame {
    /// Reads `    at name (file:line:col)` or `    at file:line:col`.
    pub fn parse(line: &str) -> Option<Self> {
        let rest = line.trim_start().strip_prefix("at ")?;
        let (function, place) = match rest.strip_suffix(')').and_then(|rest| rest.rsplit_once(" ("))
        {
            Some((function, place)) => (Some(function.to_owned()), place),
            None => (None, rest),
        };
        let (file, line, column) = split_place(place);
        Some(Self { function, file: file.to_owned(), line, column })
    }
}

fn split_place(place: &str) -> (&str, Option<u32>, Option<u32>) {
    let number = |text: &str| text.parse::<u32>().ok();
    if let Some((rest, last)) = place.rsplit_once(':')
        && let Some(last) = number(last)
    {
        return match rest.rsplit_once(':').and_then(|(file, line)| Some((file, number(line)?))) {
            Some((file, line)) => (file, Some(line), Some(last)),
            None => (rest, Some(last), None),
        };
    }
    (place, None, None)
}

/// The result, or nothing with the exception dropped.
fn caught<T>(ctx: &Ctx<'_>, result: Result<T>) -> Option<T> {
    result
        .inspect_err(|_| {
            drop(ctx.catch());
        })
        .ok()
}

#[cfg(test)]
mod tests {
    use super::Frame;

    #[test]
    fn frames_are_read_as_v8_writes_them() {
        let check = |line: &str, function: Option<&str>, file: &str, line_and_column| {
            let frame = Frame::parse(line).expect("a frame");
            assert_eq!(frame.function.as_deref(), function, "{line}");
            assert_eq!(frame.file, file, "{line}");
            assert_eq!((frame.line, frame.column), line_and_column, "{line}");
        };
        check("    at f (file:///a.mjs:1:2)", Some("f"), "file:///a.mjs", (Some(1), Some(2)));
        check("    at /x/a b.js:10:20", None, "/x/a b.js", (Some(10), Some(20)));
        check("    at map (native)", Some("map"), "native", (None, None));
        check("    at new A (/a.js:3)", Some("new A"), "/a.js", (Some(3), None));
        assert!(Frame::parse("Error: at nothing").is_none());
    }
}
