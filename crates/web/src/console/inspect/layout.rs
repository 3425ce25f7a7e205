//! How entries are laid out: on one line, one per line, or in columns.

use holm_js::reflect::{self, Kind, PropertyKey, Slot, own_property};
use holm_js::{Object, Result};

use super::Inspector;
use super::options::{Colors, Compact};
use super::string::{units, width};
use super::style::without_colors;

/// Lists longer than this are laid out in columns.
const MIN_GROUPED: usize = 6;

/// More columns are never used.
const MAX_COLUMNS: f64 = 15.0;

/// `", "` after each entry.
const SEPARATOR: usize = 2;

/// What is around the entries.
pub(super) struct Body {
    /// Text before the opening brace, on the same line.
    pub(super) base: String,
    /// The opening brace with the object's name.
    pub(super) open: String,
    pub(super) close: &'static str,
}

impl Body {
    fn base_with_space(&self) -> String {
        if self.base.is_empty() { String::new() } else { format!("{} ", self.base) }
    }
}

/// What the entries are.
#[derive(Clone, Copy)]
pub(super) enum Entries<'a, 'js> {
    /// Properties.
    Properties,
    /// Elements, of this array if it is one.
    List(Option<&'a Object<'js>>),
}

impl<'js> Inspector<'_, 'js> {
    /// Puts the entries of an object at `level` (that of its entries) together.
    pub(super) fn joined(
        &self,
        entries: Vec<String>,
        body: &Body,
        kind: Entries<'_, 'js>,
        level: i32,
    ) -> String {
        let Compact::Levels(levels) = self.options.compact else {
            return self.joined_densely(&entries, body);
        };
        let mut entries = entries;
        if levels >= 1 {
            let count = entries.len();
            if let Entries::List(array) = kind
                && count > MIN_GROUPED
            {
                entries = self.in_columns(entries, array, levels);
            }
            // Entries in columns are never put on one line.
            let inner = i64::from(self.current_level) - i64::from(level) < i64::from(levels);
            if inner && count == entries.len() && self.fits_after_heading(&entries, body) {
                let base = body.base_with_space();
                return format!("{base}{} {} {}", body.open, entries.join(", "), body.close);
            }
        }
        self.one_per_line(&entries, body)
    }

    fn one_per_line(&self, entries: &[String], body: &Body) -> String {
        let indent = super::line_break(self.indentation);
        let base = body.base_with_space();
        let room: usize = entries.iter().map(|entry| entry.len() + indent.len() + 3).sum();
        let around = base.len() + body.open.len() + 2 * indent.len() + 3;
        let mut out = String::with_capacity(around + room);
        out.push_str(&base);
        out.push_str(&body.open);
        out.push_str(&indent);
        out.push_str("  ");
        for (index, entry) in entries.iter().enumerate() {
            if index > 0 {
                out.push(',');
                out.push_str(&indent);
                out.push_str("  ");
            }
            out.push_str(entry);
        }
        out.push_str(&indent);
        out.push_str(body.close);
        out
    }

    /// The layout of `compact: true`.
    fn joined_densely(&self, entries: &[String], body: &Body) -> String {
        let Body { base, open, close } = body;
        let base = if base.is_empty() { String::new() } else { format!(" {base}") };
        if self.fits(entries, 0, &body.base) {
            return format!("{open}{base} {} {close}", entries.join(", "));
        }
        let indent = super::line_break(self.indentation);
        let entries = entries.join(&format!(",{indent}  "));
        if base.is_empty() && open.len() == 1 {
            format!("{open} {entries} {close}")
        } else {
            format!("{open}{base}{indent}  {entries} {close}")
        }
    }

    /// Whether everything fits on a line.
    fn fits_after_heading(&self, entries: &[String], body: &Body) -> bool {
        // Ten, to leave some room for what comes before.
        let heading = units(&body.open) + units(&body.base) + 10;
        let start = entries.len() + self.indentation + heading;
        self.fits(entries, start, &body.base) && !entries.iter().any(|entry| entry.contains('\n'))
    }

    /// Whether the entries, with `start` units around them, fit on a line.
    fn fits(&self, entries: &[String], start: usize, base: &str) -> bool {
        let limit = self.options.break_length;
        let mut total = entries.len().saturating_add(start);
        if total.saturating_add(entries.len()) > limit {
            return false;
        }
        for entry in entries {
            // Cheaper than to measure: a unit takes three bytes at most.
            if self.options.colors == Colors::Never && entry.len() / 3 > limit {
                return false;
            }
            total += match self.options.colors {
                Colors::Always => units(&without_colors(entry)),
                Colors::Never => units(entry),
            };
            if total > limit {
                return false;
            }
        }
        !base.contains('\n')
    }

    /// Several entries per line, if they are short enough; else the entries as they are.
    fn in_columns(
        &self,
        entries: Vec<String>,
        array: Option<&Object<'js>>,
        levels: u32,
    ) -> Vec<String> {
        // The text "more items" gets its own line.
        let more = self.options.max_array_length < entries.len();
        let count = entries.len() - usize::from(more);
        let colors = self.options.colors;
        let shown = entries[..count].iter();
        let widths: Vec<usize> = shown.map(|entry| width(entry, colors)).collect();
        let Some(columns) = self.columns(&widths, entries.len(), levels) else {
            return entries;
        };
        let widest = |column| {
            let column = widths.iter().skip(column).step_by(columns);
            column.max().unwrap_or(&0) + SEPARATOR
        };
        let column_widths: Vec<usize> = (0..columns).map(widest).collect();
        let align = match array {
            Some(array) if !all_numbers(array, entries.len()) => Align::Left,
            _ => Align::Right,
        };
        let mut lines = Vec::with_capacity(count / columns + 2);
        for row in (0..count).step_by(columns) {
            let end = (row + columns).min(count);
            lines.push(line(&entries[row..end], &widths[row..end], &column_widths, align));
        }
        if more {
            lines.extend(entries.into_iter().skip(count));
        }
        lines
    }

    /// How many columns look best: about as many as make a square, given that a character is
    /// 2.5 times as high as wide. `None`: the entries differ too much, or are too long.
    fn columns(&self, widths: &[usize], all: usize, levels: u32) -> Option<usize> {
        let total: usize = widths.iter().map(|width| width + SEPARATOR).sum();
        let longest = widths.iter().copied().max().unwrap_or(0);
        let wide = (longest + SEPARATOR) as f64;
        let (total, count) = (total as f64, widths.len() as f64);
        let line = match self.options.break_length {
            super::UNLIMITED => f64::INFINITY,
            length => length as f64,
        };
        let indentation = self.indentation as f64;
        if wide * 3.0 + indentation >= line || (total / wide <= 5.0 && longest > 6) {
            return None;
        }
        let bias = (wide - total / all as f64).sqrt();
        let biased = (wide - 3.0 - bias).max(1.0);
        let columns = ((2.5 * biased * count).sqrt() / biased + 0.5)
            .floor()
            .min(((line - indentation) / wide).floor())
            .min(f64::from(levels) * 4.0)
            .min(MAX_COLUMNS);
        (columns > 1.0).then_some(columns as usize)
    }
}

/// On which side of a column its entries are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Align {
    Left,
    Right,
}

/// A line of entries in columns; the last one is not filled up.
fn line(entries: &[String], widths: &[usize], columns: &[usize], align: Align) -> String {
    let mut line = String::new();
    for (index, entry) in entries.iter().enumerate() {
        let last = index + 1 == entries.len();
        let padding = std::iter::repeat_n(' ', columns[index] - SEPARATOR - widths[index]);
        if align == Align::Right {
            line.extend(padding.clone());
        }
        line.push_str(entry);
        if !last {
            line.push_str(", ");
        }
        if align == Align::Left && !last {
            line.extend(padding);
        }
    }
    line
}

/// Whether the first `count` elements are numbers, without running a getter.
fn all_numbers(array: &Object<'_>, count: usize) -> bool {
    let number = |index: u32| -> Result<bool> {
        if let Kind::TypedArray(_) = Kind::of(array) {
            let element = reflect::element(array, index)?;
            return Ok(element.is_number() || element.is_big_int());
        }
        let key = PropertyKey::index(array.ctx(), index)?;
        Ok(own_property(array, &key)?.is_some_and(|property| match property.slot {
            Slot::Value(value) => value.is_number() || value.is_big_int(),
            _ => false,
        }))
    };
    u32::try_from(count).is_ok_and(|count| (0..count).all(|index| number(index).unwrap_or(false)))
}
