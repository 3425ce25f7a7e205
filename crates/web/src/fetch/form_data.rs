//! `FormData`, <https://xhr.spec.whatwg.org/#interface-formdata>.

use std::cell::RefCell;

use holm_js::webidl::{
    Definition, Interface, PairIterable, construct, convert, define_pair_iterable, new_object,
};
use holm_js::{
    Array, Attributes, Call, Ctx, ErrorKind, Held, HostObject, IntoJs, Object, Result, Tracer,
    Value, define_value, host_ref, throw, throw_coded,
};

use super::multipart::{self, Part, Unparsed};
use crate::file_api::{BlobData, blob_of, file_name, new_file, renamed_file};
use crate::shown::{self, Shown};
use crate::weight::Weight;

/// The inside of a `FormData`.
pub(super) struct FormData {
    entries: RefCell<Vec<Entry>>,
    /// What the entries weigh: a script may append any number.
    weight: RefCell<Weight>,
}

/// A name, and a string or a `File`.
struct Entry {
    name: String,
    value: EntryValue,
}

enum EntryValue {
    Text(String),
    File(Held),
}

/// What an entry takes besides its texts.
const ENTRY_BYTES: usize = size_of::<Entry>();

impl HostObject for FormData {
    fn trace(&self, tracer: &Tracer<'_>) {
        for entry in self.entries.borrow().iter() {
            if let EntryValue::File(file) = &entry.value {
                tracer.mark(file);
            }
        }
    }
}

impl EntryValue {
    fn to_js<'js>(&self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        match self {
            Self::Text(text) => text.as_str().into_js(ctx),
            Self::File(file) => file.get(ctx),
        }
    }
}

impl Entry {
    fn len_bytes(&self) -> usize {
        let text = if let EntryValue::Text(text) = &self.value { text.len() } else { 0 };
        ENTRY_BYTES + self.name.len() + text
    }
}

impl Interface for FormData {
    const NAME: &'static str = "FormData";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .constructor(0, |call| {
                // 1. If form is given: there are no forms here.
                if !call.value(0).is_undefined() {
                    let text =
                        "FormData constructor: Argument 1 could not be converted to: undefined.";
                    return Err(throw_coded(
                        call.ctx(),
                        ErrorKind::Type,
                        "ERR_INVALID_ARG_TYPE",
                        text,
                    ));
                }
                construct(call, Self::new(call.ctx())?)
            })
            .operation("append", 2, |this, call| {
                let entry = entry_of(call, "append")?;
                this.append(call.ctx(), entry)?;
                call.undefined()
            })?
            .operation("delete", 1, |this, call| {
                let name = convert::string(call.ctx(), &call.value(0))?;
                this.remove(call.ctx(), |entry| entry.name == name)?;
                call.undefined()
            })?
            .operation("get", 1, |this, call| {
                let name = convert::string(call.ctx(), &call.value(0))?;
                match this.entries.borrow().iter().find(|entry| entry.name == name) {
                    Some(entry) => entry.value.to_js(call.ctx()),
                    None => Ok(Value::new_null(call.ctx().clone())),
                }
            })?
            .operation("getAll", 1, |this, call| {
                let name = convert::string(call.ctx(), &call.value(0))?;
                call.returns(this.all(call.ctx(), &name)?)
            })?
            .operation("has", 1, |this, call| {
                let name = convert::string(call.ctx(), &call.value(0))?;
                call.returns(this.entries.borrow().iter().any(|entry| entry.name == name))
            })?
            .operation("set", 2, |this, call| {
                this.set(call.ctx(), entry_of(call, "set")?)?;
                call.undefined()
            })?;
        define_pair_iterable(members)?;
        shown::define(members)
    }
}

impl FormData {
    fn new(ctx: &Ctx<'_>) -> Result<Self> {
        let weight = RefCell::new(Weight::new(ctx, 0)?);
        Ok(Self { entries: RefCell::default(), weight })
    }

    fn append(&self, ctx: &Ctx<'_>, entry: Entry) -> Result<()> {
        let len_bytes = self.weight.borrow().len_bytes() + entry.len_bytes();
        self.weight.borrow_mut().set(ctx, len_bytes)?;
        self.entries.borrow_mut().push(entry);
        Ok(())
    }

    /// <https://xhr.spec.whatwg.org/#dom-formdata-set>
    fn set(&self, ctx: &Ctx<'_>, entry: Entry) -> Result<()> {
        // 3. If there are entries in this's entry list whose name is name, then replace the first
        //    such entry with entry and remove the others. 4. Otherwise, append entry.
        let place = self.entries.borrow().iter().position(|one| one.name == entry.name);
        let Some(place) = place else { return self.append(ctx, entry) };
        let name = entry.name.clone();
        self.remove(ctx, |one| one.name == name)?;
        self.append(ctx, entry)?;
        self.entries.borrow_mut()[place..].rotate_right(1);
        Ok(())
    }

    fn remove(&self, ctx: &Ctx<'_>, mut is_removed: impl FnMut(&Entry) -> bool) -> Result<()> {
        let entries = self.entries.take();
        let (removed, kept): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|entry| is_removed(entry));
        let len_bytes = kept.iter().map(Entry::len_bytes).sum();
        self.entries.replace(kept);
        // What the files hold may run finalizers: not while the entries are borrowed.
        drop(removed);
        self.weight.borrow_mut().set(ctx, len_bytes)
    }

    fn all<'js>(&self, ctx: &Ctx<'js>, name: &str) -> Result<Vec<Value<'js>>> {
        let entries = self.entries.borrow();
        let matching = entries.iter().filter(|entry| entry.name == name);
        matching.map(|entry| entry.value.to_js(ctx)).collect()
    }

    /// What is sent for it.
    fn parts(&self, ctx: &Ctx<'_>) -> Result<Vec<Part>> {
        let part = |entry: &Entry| {
            let name = entry.name.clone();
            Ok(match &entry.value {
                EntryValue::Text(text) => Part::text(name, text.clone()),
                EntryValue::File(file) => {
                    let file = file.get(ctx)?;
                    let blob = blob_of(&file).unwrap_or_else(BlobData::empty);
                    Part::file(name, file_name(&file).unwrap_or_default(), blob)
                }
            })
        };
        self.entries.borrow().iter().map(part).collect()
    }
}

/// The parts of a value that is a `FormData`.
pub(super) fn parts_of<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Option<Vec<Part>>> {
    host_ref::<FormData>(value).map(|form| form.parts(ctx)).transpose()
}

/// A body as a `FormData`, <https://fetch.spec.whatwg.org/#dom-body-formdata>.
pub(super) fn from_body<'js>(
    ctx: &Ctx<'js>,
    content_type: Option<&[u8]>,
    bytes: &[u8],
) -> Result<Value<'js>> {
    let form = FormData::new(ctx)?;
    let parsed = multipart::parse(content_type, bytes, |part| {
        let value = match part.file {
            None => EntryValue::Text(String::from_utf8_lossy(&part.bytes).into_owned()),
            Some(file) => {
                let file = new_file(ctx, &part.bytes, &file.content_type, &file.name)?;
                EntryValue::File(Held::new(&file))
            }
        };
        form.append(ctx, Entry { name: part.name, value })
    });
    parsed.map_err(|unparsed| match unparsed {
        Unparsed::Malformed(why) => throw(ctx, ErrorKind::Type, why),
        Unparsed::Refused(error) => error,
    })?;
    Ok(new_object(ctx, form)?.into_value())
}

/// <https://html.spec.whatwg.org/#create-an-entry>, of an operation's arguments.
fn entry_of(call: &Call<'_, '_>, member: &str) -> Result<Entry> {
    let ctx = call.ctx();
    let name = convert::string(ctx, &call.value(0))?;
    let (value, filename) = (call.value(1), call.value(2));
    let Some(blob) = blob_of(&value) else {
        if call.len() > 2 {
            let text = format!("FormData.{member}: Expected value to be an instance of Blob.");
            return Err(throw(ctx, ErrorKind::Type, &text));
        }
        // 2. If value is a string, then set value to the result of converting it into a scalar
        //    value string.
        return Ok(Entry { name, value: EntryValue::Text(convert::string(ctx, &value)?) });
    };
    // 3. Otherwise: 1. If value is not a File object, then set value to a new File object,
    //    representing the same bytes, whose name attribute value is "blob".
    // 2. If filename is given, then set value to a new File object whose name is filename.
    let given = match filename {
        filename if filename.is_undefined() => None,
        filename => Some(convert::string(ctx, &filename)?),
    };
    let file = match (given, file_name(&value)) {
        (None, Some(_)) => value,
        (given, _) => renamed_file(ctx, &value, blob, given.as_deref().unwrap_or("blob"))?,
    };
    Ok(Entry { name, value: EntryValue::File(Held::new(&file)) })
}

impl PairIterable for FormData {
    const ITERATOR_NAME: &'static str = "FormData Iterator";

    fn pair<'js>(&self, ctx: &Ctx<'js>, index: usize) -> Result<Option<(Value<'js>, Value<'js>)>> {
        match self.entries.borrow().get(index) {
            Some(entry) => Ok(Some((entry.name.as_str().into_js(ctx)?, entry.value.to_js(ctx)?))),
            None => Ok(None),
        }
    }
}

/// As in Node: a name with several values has an array.
impl Shown for FormData {
    fn shown<'js>(&self, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        let object = Object::new(ctx.clone())?;
        let mut names: Vec<String> = Vec::new();
        for entry in self.entries.borrow().iter() {
            if !names.contains(&entry.name) {
                names.push(entry.name.clone());
            }
        }
        for name in names {
            let mut values = self.all(ctx, &name)?;
            let value = match values.len() {
                1 => values.remove(0),
                _ => {
                    let list = Array::new(ctx.clone())?;
                    for (index, value) in values.into_iter().enumerate() {
                        list.set(index, value)?;
                    }
                    list.into_value()
                }
            };
            define_value(&object, name, value, Attributes::ALL)?;
        }
        Ok(object)
    }
}
