//! `console.table`: rows and columns in a frame.

use holm_js::reflect::{self, Filter, Kind, PropertyKey, Rest, lookup, own_keys, own_property};
use holm_js::{Ctx, Object, Result, Value, to_text};

use super::inspect;
use super::options::{Colors, Depth, Options, UNLIMITED};
use super::string::width;

const INDEX: &str = "(index)";
const ITERATION_INDEX: &str = "(iteration index)";
const KEY: &str = "Key";
const VALUES: &str = "Values";

/// The value as a table, with only these columns if they are given. `None` if it is no
/// object: the console then shows it as `log` does.
///
/// A getter of a cell is called, and may throw.
pub fn table<'js>(
    ctx: &Ctx<'js>,
    data: &Value<'js>,
    columns: Option<Vec<String>>,
    options: &Options,
) -> Result<Option<String>> {
    let Some(data) = data.as_object().filter(|data| !data.is_function()) else {
        return Ok(None);
    };
    let Some(data) = reflect::unwrap_proxies(data)? else {
        return Ok(None);
    };
    let cells = Cells { ctx, options };
    let columns = match Kind::of(&data) {
        Kind::Map => cells.entries(&reflect::map_entries(&data, UNLIMITED)?)?,
        Kind::Set => cells.values(&reflect::set_values(&data, UNLIMITED)?)?,
        Kind::MapIterator | Kind::SetIterator => match reflect::iterator_rest(&data)? {
            // As in Node, the pairs of a set's iterator are values one by one.
            Rest::Entries(pairs) if Kind::of(&data) == Kind::SetIterator => {
                let values: Vec<_> = pairs.into_iter().flat_map(<[_; 2]>::from).collect();
                cells.values(&values)?
            }
            Rest::Entries(pairs) => cells.entries(&pairs)?,
            Rest::Values(values) => cells.values(&values)?,
        },
        _ => cells.rows(&data, columns.as_deref())?,
    };
    Ok(Some(drawn(&columns)))
}

/// A column: its head and its cells from the top, where there are any.
struct Column {
    head: String,
    cells: Vec<Option<String>>,
}

impl Column {
    fn new(head: &str, cells: impl IntoIterator<Item = String>) -> Self {
        Self { head: head.to_owned(), cells: cells.into_iter().map(Some).collect() }
    }

    fn set(&mut self, row: usize, text: String) {
        if self.cells.len() <= row {
            self.cells.resize(row + 1, None);
        }
        self.cells[row] = Some(text);
    }
}

/// Turns values into the text of cells.
struct Cells<'a, 'js> {
    ctx: &'a Ctx<'js>,
    options: &'a Options,
}

impl<'js> Cells<'_, 'js> {
    fn cell(&self, value: &Value<'js>) -> Result<String> {
        let mut depth = 0;
        if let Some(object) = value.as_object()
            && !object.is_function()
            && let Some(object) = reflect::unwrap_proxies(object)?
            && !object.is_array()
        {
            let strings = own_keys(&object, Filter::Enumerable)?;
            let strings = strings.iter_from(0).take(3).map(|key| key.to_value());
            let strings: Vec<_> = strings.collect::<Result<_>>()?;
            if strings.iter().filter(|key| key.is_string()).count() > 2 {
                depth = -1;
            }
        }
        let options = Options {
            depth: Depth::Limited(depth),
            max_array_length: 3,
            break_length: UNLIMITED,
            ..self.options.clone()
        };
        inspect(self.ctx, value, &options)
    }

    fn count(&self, count: usize) -> Result<Vec<String>> {
        let number = |index| self.cell(&Value::new_number(self.ctx.clone(), index as f64));
        (0..count).map(number).collect()
    }

    fn entries(&self, pairs: &[(Value<'js>, Value<'js>)]) -> Result<Vec<Column>> {
        let mut keys = Vec::with_capacity(pairs.len());
        let mut values = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            keys.push(self.cell(key)?);
            values.push(self.cell(value)?);
        }
        Ok(vec![
            Column::new(ITERATION_INDEX, self.count(pairs.len())?),
            Column::new(KEY, keys),
            Column::new(VALUES, values),
        ])
    }

    fn values(&self, values: &[Value<'js>]) -> Result<Vec<Column>> {
        let cells: Vec<_> = values.iter().map(|value| self.cell(value)).collect::<Result<_>>()?;
        Ok(vec![
            Column::new(ITERATION_INDEX, self.count(values.len())?),
            Column::new(VALUES, cells),
        ])
    }

    /// A row for each property, a column for each of their properties.
    fn rows(&self, data: &Object<'js>, wanted: Option<&[String]>) -> Result<Vec<Column>> {
        let mut index = Column::new(INDEX, []);
        let mut values = Column::new(VALUES, []);
        let mut columns: Vec<Column> = Vec::new();
        for (row, key) in self.string_keys(data)?.into_iter().enumerate() {
            index.set(row, to_text(self.ctx, &key.to_value()?)?);
            let undefined = || Value::new_undefined(self.ctx.clone());
            let item = lookup(data, &key)?.unwrap_or_else(undefined);
            let object = match item.as_object() {
                Some(object) => reflect::unwrap_proxies(object)?,
                None => None,
            };
            if object.is_none() && wanted.is_none() {
                values.set(row, self.cell(&item)?);
                continue;
            }
            self.row(row, object.as_ref(), wanted, &mut columns)?;
        }
        // As the keys of an object: array indices come first.
        columns.sort_by_key(|column| array_index(&column.head).unwrap_or(u32::MAX));
        columns.insert(0, index);
        if !values.cells.is_empty() {
            columns.push(values);
        }
        Ok(columns)
    }

    fn row(
        &self,
        row: usize,
        object: Option<&Object<'js>>,
        wanted: Option<&[String]>,
        columns: &mut Vec<Column>,
    ) -> Result<()> {
        let heads: Vec<String> = match (wanted, object) {
            (Some(wanted), _) => wanted.to_vec(),
            (None, Some(object)) => self
                .string_keys(object)?
                .iter()
                .map(|key| to_text(self.ctx, &key.to_value()?))
                .collect::<Result<_>>()?,
            (None, None) => Vec::new(),
        };
        for head in heads {
            let key = PropertyKey::new(self.ctx, &head)?;
            let text = match object {
                Some(object) if own_property(object, &key)?.is_some() => {
                    let value = lookup(object, &key)?;
                    value.map_or(Ok(String::new()), |value| self.cell(&value))?
                }
                _ => String::new(),
            };
            let at = columns.iter().position(|column| column.head == head);
            let at = at.unwrap_or_else(|| {
                columns.push(Column::new(&head, []));
                columns.len() - 1
            });
            columns[at].set(row, text);
        }
        Ok(())
    }

    fn string_keys(&self, object: &Object<'js>) -> Result<Vec<PropertyKey<'js>>> {
        let mut keys = Vec::new();
        for key in own_keys(object, Filter::Enumerable)?.iter_from(0) {
            if key.to_value()?.is_string() {
                keys.push(key);
            }
        }
        Ok(keys)
    }
}

fn array_index(text: &str) -> Option<u32> {
    let number: u32 = text.parse().ok()?;
    (number != u32::MAX && number.to_string() == text).then_some(number)
}

/// Cells may be coloured.
fn columns_of(cell: &str) -> usize {
    width(cell, Colors::Always)
}

/// The table with its frame.
fn drawn(columns: &[Column]) -> String {
    let rows = columns.iter().map(|column| column.cells.len()).max().unwrap_or(0);
    let widest = |column: &Column| {
        let cells = column.cells.iter().flatten().map(|cell| columns_of(cell));
        cells.max().unwrap_or(0).max(columns_of(&column.head))
    };
    let widths: Vec<usize> = columns.iter().map(widest).collect();
    let line = |left: &str, middle: &str, right: &str| {
        let dashes: Vec<_> = widths.iter().map(|width| "─".repeat(width + 2)).collect();
        format!("{left}{}{right}", dashes.join(middle))
    };
    let row = |cells: Vec<&str>| {
        let pad = |(cell, room): (&&str, &usize)| {
            format!("{cell}{}", " ".repeat(room.saturating_sub(columns_of(cell))))
        };
        let cells: Vec<_> = cells.iter().zip(&widths).map(pad).collect();
        format!("│ {} │\n", cells.join(" │ "))
    };
    let mut out = line("┌", "┬", "┐\n");
    out.push_str(&row(columns.iter().map(|column| column.head.as_str()).collect()));
    out.push_str(&line("├", "┼", "┤\n"));
    for index in 0..rows {
        let cell = |column: &'_ Column| column.cells.get(index).cloned().flatten();
        let cells: Vec<_> = columns.iter().map(|column| cell(column).unwrap_or_default()).collect();
        out.push_str(&row(cells.iter().map(String::as_str).collect()));
    }
    out.push_str(&line("└", "┴", "┘"));
    out
}
