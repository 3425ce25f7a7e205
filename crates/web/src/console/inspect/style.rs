//! Colours: Node's `inspect.styles` as ANSI escape sequences.

use super::options::Colors;

/// What a piece of text is; each kind has its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Special,
    Number,
    BigInt,
    Boolean,
    Undefined,
    Null,
    String,
    Symbol,
    Date,
    RegExp,
    Module,
}

impl Style {
    /// The sequences that turn the colour on and off.
    fn codes(self) -> (&'static str, &'static str) {
        match self {
            Self::Special => ("\u{1b}[36m", "\u{1b}[39m"),
            Self::Number | Self::BigInt | Self::Boolean => ("\u{1b}[33m", "\u{1b}[39m"),
            Self::Undefined => ("\u{1b}[90m", "\u{1b}[39m"),
            Self::Null => ("\u{1b}[1m", "\u{1b}[22m"),
            Self::String | Self::Symbol => ("\u{1b}[32m", "\u{1b}[39m"),
            Self::Date => ("\u{1b}[35m", "\u{1b}[39m"),
            Self::RegExp => ("\u{1b}[31m", "\u{1b}[39m"),
            Self::Module => ("\u{1b}[4m", "\u{1b}[24m"),
        }
    }

    /// The style a script names when it calls `stylize(text, 'number')`.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "special" => Self::Special,
            "number" => Self::Number,
            "bigint" => Self::BigInt,
            "boolean" => Self::Boolean,
            "undefined" => Self::Undefined,
            "null" => Self::Null,
            "string" => Self::String,
            "symbol" => Self::Symbol,
            "date" => Self::Date,
            "regexp" => Self::RegExp,
            "module" => Self::Module,
            _ => return None,
        })
    }
}

impl Colors {
    /// Lets `write` append text to `out`, in colour if there are colours.
    pub(super) fn paint_with<R>(
        self,
        style: Style,
        out: &mut String,
        write: impl FnOnce(&mut String) -> R,
    ) -> R {
        if self == Self::Never {
            return write(out);
        }
        let (on, off) = style.codes();
        out.push_str(on);
        let result = write(out);
        out.push_str(off);
        result
    }

    /// The text, in colour if there are colours.
    pub(super) fn paint(self, style: Style, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        self.paint_with(style, &mut out, |out| out.push_str(text));
        out
    }
}

/// Text for a `dim` line, as the properties of prototypes are shown.
pub(super) fn dim(text: &str) -> String {
    format!("\u{1b}[2m{text}\u{1b}[22m")
}

/// The text without colour sequences.
pub(super) fn without_colors(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.contains('\u{1b}') {
        return text.into();
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('\u{1b}') {
        plain.push_str(&rest[..start]);
        rest = &rest[start..];
        let len = escape_len(rest.as_bytes());
        if len == 0 {
            plain.push('\u{1b}');
        }
        rest = &rest[len.max(1)..];
    }
    plain.push_str(rest);
    plain.into()
}

/// The length of the control sequence (`ESC [ … letter`) that the text begins with, or 0.
fn escape_len(text: &[u8]) -> usize {
    if text.get(1) != Some(&b'[') {
        return 0;
    }
    let parameters = text[2..].iter().take_while(|byte| matches!(byte, 0x30..=0x3f)).count();
    match text.get(2 + parameters) {
        Some(0x40..=0x7e) => 3 + parameters,
        _ => 0,
    }
}
