//! `WebAssembly.Table`: <https://webassembly.github.io/spec/js-api/#tables>

use std::rc::Rc;

use holm_js::webidl::{self, Definition, Interface, convert};
use holm_js::{Call, Ctx, Graveyard, HostObject, Object, Result, Tracer, Value, Weak, host_ref};
use holm_wasm::{HeapType, Ref, RefType, Table, TableError, TableType, TypeText, ValType};

use crate::convert::{address_to_u64, is_opaque, mismatch, ref_to_js, to_ref, u64_to_address};
use crate::errors::{throw_range, throw_type};
use crate::memory::{address_type, check_limits};
use crate::owner::Keep;
use crate::values::HostTable;

/// The most elements that a table may have:
/// <https://webassembly.github.io/spec/js-api/#limits>
const MAX_ELEMENTS: u64 = 10_000_000;

/// The inside of a Table object.
pub(crate) struct TableObject {
    /// \[\[Table\]\]
    table: Table,
    keep: Keep,
}

impl HostObject for TableObject {
    fn trace(&self, tracer: &Tracer<'_>) {
        self.keep.trace(tracer);
    }

    fn finalize(self, graveyard: &Graveyard) {
        graveyard.push(self.table);
    }
}

impl Interface for TableObject {
    const NAME: &'static str = "Table";
    const CLASS_STRING: &'static str = "WebAssembly.Table";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .constructor(1, construct)
            .attribute("length", |this, call| {
                let is_64 = this.table.ty().is_64();
                u64_to_address(call.ctx(), this.table.len(), is_64)
            })?
            .operation("grow", 1, grow)?
            .operation("set", 1, set)?
            .operation("get", 1, get)?;
        Ok(())
    }
}

/// <https://webassembly.github.io/spec/js-api/#dom-table-table>
fn construct<'js>(call: &Call<'_, 'js>) -> Result<Object<'js>> {
    let ctx = call.ctx();
    let what = "WebAssembly.Table(): the descriptor";
    let Some(descriptor) = convert::dictionary(ctx, &call.value(0), what)? else {
        return Err(throw_type(ctx, &format!("{what} is not an object")));
    };
    // The order of the official tests and of browsers; the text has "address" first, and the
    // conversions of addresses last.
    let Some(element) = convert::member(&descriptor, "element")? else {
        return Err(throw_type(ctx, &format!("{what} has no 'element'")));
    };
    // 1. Let elementtype be ToValueType(descriptor["element"]).
    let element = element_type(ctx, &element)?;
    let address = convert::member(&descriptor, "address")?;
    let is_64 = address_type(ctx, address.as_ref(), what)?;
    let Some(initial) = convert::member(&descriptor, "initial")? else {
        return Err(throw_type(ctx, &format!("{what} has no 'initial'")));
    };
    // 4. Let initial be ? AddressValueToU64(descriptor["initial"], addrtype).
    let initial = address_to_u64(ctx, &initial, is_64, "WebAssembly.Table(): 'initial'")?;
    // 5. If descriptor["maximum"] exists, let maximum be ? AddressValueToU64(…).
    let maximum = convert::member(&descriptor, "maximum")?
        .map(|maximum| address_to_u64(ctx, &maximum, is_64, "WebAssembly.Table(): 'maximum'"));
    let maximum = maximum.transpose()?;
    // 7. If type is not valid, throw a RangeError.
    let most = if is_64 { u64::MAX } else { u64::from(u32::MAX) };
    check_limits(ctx, "WebAssembly.Table()", "elements", initial, maximum, most)?;
    check_limits(ctx, "WebAssembly.Table()", "elements", initial, None, MAX_ELEMENTS)?;
    let ty = if is_64 {
        TableType::new64(element.clone(), initial, maximum)
    } else {
        // Checked above.
        let maximum = maximum.map(|maximum| maximum as u32);
        TableType::new(element.clone(), initial as u32, maximum)
    };
    // 8. If value is missing, let ref be DefaultValue(elementtype). 9. Otherwise, let ref be
    //    ? ToWebAssemblyValue(value, elementtype).
    let keep = Keep::default();
    let init = element_value(ctx, argument(call, 1).as_ref(), &element, keep.values());
    let checked = holm_wasm::Value::Ref(init.clone()).check(&ValType::Ref(element.clone()));
    checked.map_err(|reason| {
        mismatch(ctx, "WebAssembly.Table(): the value", &ValType::Ref(element), &reason)
    })?;
    // 10. Let (store, tableaddr) be table_alloc(store, type, ref).
    let table = Table::new(ty, init).map_err(|error| throw_table(ctx, "Table", error))?;
    if let Some(group) = table.group() {
        keep.add_group(ctx, &group);
    }
    let object = webidl::construct(call, TableObject { table: table.clone(), keep })?;
    remember(&table, object.as_value());
    Ok(object)
}

fn element_type(ctx: &Ctx<'_>, value: &Value<'_>) -> Result<RefType> {
    match convert::string(ctx, value)?.as_str() {
        "anyfunc" => Ok(RefType::FUNCREF),
        "externref" => Ok(RefType::EXTERNREF),
        other => {
            let text = format!(
                "WebAssembly.Table(): 'element' is {other:?}, neither \"anyfunc\" nor \"externref\""
            );
            Err(throw_type(ctx, &text))
        }
    }
}

fn argument<'js>(call: &Call<'_, 'js>, index: usize) -> Option<Value<'js>> {
    (call.len() > index).then(|| call.value(index))
}

/// What is given as an element, or the default if it is missing.
fn element_value(
    ctx: &Ctx<'_>,
    given: Option<&Value<'_>>,
    ty: &RefType,
    values: &Rc<HostTable>,
) -> Ref {
    match (given, ty.heap_type()) {
        (Some(given), heap) => to_ref(given, heap, values),
        // <https://webassembly.github.io/spec/js-api/#defaultvalue>
        // 1. If valuetype equals externref, return ! ToWebAssemblyValue(undefined, valuetype).
        (None, heap @ HeapType::Extern) => to_ref(&Value::new_undefined(ctx.clone()), heap, values),
        (None, _) => Ref::Null,
    }
}

/// <https://webassembly.github.io/spec/js-api/#dom-table-grow>
fn grow<'js>(this: &TableObject, call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let is_64 = this.table.ty().is_64();
    // 5. Let delta64 be ? AddressValueToU64(delta, addrtype).
    let what = "WebAssembly.Table.grow(): the delta";
    let delta = address_to_u64(ctx, &call.value(0), is_64, what)?;
    let before = this.grow_by(ctx, delta, argument(call, 1).as_ref())?;
    u64_to_address(ctx, before, is_64)
}

/// <https://webassembly.github.io/spec/js-api/#dom-table-get>
fn get<'js>(this: &TableObject, call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    this.refuse_exnref(ctx, "get")?;
    // 5. Let index64 be ? AddressValueToU64(index, addrtype).
    let what = "WebAssembly.Table.get(): the index";
    let index = address_to_u64(ctx, &call.value(0), this.table.ty().is_64(), what)?;
    this.element(ctx, index)
}

/// <https://webassembly.github.io/spec/js-api/#dom-table-set>
fn set<'js>(this: &TableObject, call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    this.refuse_exnref(ctx, "set")?;
    // 5. Let index64 be ? AddressValueToU64(index, addrtype).
    let what = "WebAssembly.Table.set(): the index";
    let index = address_to_u64(ctx, &call.value(0), this.table.ty().is_64(), what)?;
    this.set_element(ctx, index, argument(call, 1).as_ref())?;
    call.undefined()
}

impl TableObject {
    /// \[\[Table\]\]
    pub(crate) fn table(&self) -> &Table {
        &self.table
    }

    /// `grow`, once the delta is known.
    pub(crate) fn grow_by(
        &self,
        ctx: &Ctx<'_>,
        delta: u64,
        given: Option<&Value<'_>>,
    ) -> Result<u64> {
        let element = self.element_argument(ctx, given, "grow")?;
        // 8. Let result be table_grow(store, tableaddr, delta64, ref). 9. If result is error,
        //    throw a RangeError.
        let before = self.table.grow(delta, element);
        let before = before.map_err(|error| throw_table(ctx, "Table.grow", error))?;
        self.sync(ctx);
        Ok(before)
    }

    /// `get`, once the index is known.
    pub(crate) fn element<'js>(&self, ctx: &Ctx<'js>, index: u64) -> Result<Value<'js>> {
        self.refuse_exnref(ctx, "get")?;
        // 6. Let result be table_read(store, tableaddr, index64). 7. If result is error, throw
        //    a RangeError.
        let element = self.table.get(index);
        let element = element.map_err(|error| self.throw(ctx, "get", index, error))?;
        // 8. Return ! ToJSValue(result).
        ref_to_js(ctx, &element)
    }

    /// `set`, once the index is known.
    pub(crate) fn set_element(
        &self,
        ctx: &Ctx<'_>,
        index: u64,
        given: Option<&Value<'_>>,
    ) -> Result<()> {
        self.refuse_exnref(ctx, "set")?;
        let element = self.element_argument(ctx, given, "set")?;
        // 8. Let store be table_write(store, tableaddr, index64, ref). 9. If store is error,
        //    throw a RangeError.
        self.table.set(index, element).map_err(|error| self.throw(ctx, "set", index, error))?;
        self.sync(ctx);
        Ok(())
    }

    fn refuse_exnref(&self, ctx: &Ctx<'_>, method: &str) -> Result<()> {
        // 4. If elementtype matches exnref, throw a TypeError.
        if is_opaque(&ValType::Ref(self.table.ty().element().clone())) {
            let text = format!("WebAssembly.Table.{method}(): an exnref cannot be touched");
            return Err(throw_type(ctx, &text));
        }
        Ok(())
    }

    /// What is given as an element: the default if it is missing, and a `TypeError` if there
    /// is none or the value is of another type.
    fn element_argument(
        &self,
        ctx: &Ctx<'_>,
        given: Option<&Value<'_>>,
        method: &str,
    ) -> Result<Ref> {
        let ty = self.table.ty().element();
        if given.is_none() && !ty.is_nullable() {
            let text = format!(
                "WebAssembly.Table.{method}(): elements of type {} have no default",
                TypeText(ty)
            );
            return Err(throw_type(ctx, &text));
        }
        let values = match self.table.group() {
            Some(group) => HostTable::shared(group.host_values()),
            None => self.keep.values().clone(),
        };
        let element = element_value(ctx, given, ty, &values);
        let ty = ValType::Ref(ty.clone());
        holm_wasm::Value::Ref(element.clone()).check(&ty).map_err(|reason| {
            mismatch(ctx, &format!("WebAssembly.Table.{method}(): the value"), &ty, &reason)
        })?;
        Ok(element)
    }

    fn throw(&self, ctx: &Ctx<'_>, method: &str, index: u64, error: TableError) -> holm_js::Error {
        if matches!(error, TableError::OutOfBounds) {
            let len = self.table.len();
            let text = format!(
                "WebAssembly.Table.{method}(): index {index} is not below its length {len}"
            );
            return throw_range(ctx, &text);
        }
        throw_table(ctx, &format!("Table.{method}"), error)
    }

    /// Keeps the group that the table belongs to, if it came to belong to one.
    fn sync(&self, ctx: &Ctx<'_>) {
        if let Some(group) = self.table.group() {
            self.keep.add_group(ctx, &group);
        }
    }
}

fn throw_table(ctx: &Ctx<'_>, what: &str, error: TableError) -> holm_js::Error {
    let text = match error {
        TableError::OutOfBounds => "there is no such element".to_owned(),
        TableError::TooLarge => "it cannot have so many elements".to_owned(),
        TableError::Mismatch(reason) => {
            let reason = reason.reason.unwrap_or_else(|| "a value of the wrong type".to_owned());
            return throw_type(ctx, &format!("WebAssembly.{what}(): {reason}"));
        }
        TableError::Other(reason) => reason,
    };
    throw_range(ctx, &format!("WebAssembly.{what}(): {text}"))
}

/// <https://webassembly.github.io/spec/js-api/#create-a-table-object>
pub(crate) fn wrapper<'js>(ctx: &Ctx<'js>, table: &Table) -> Result<Value<'js>> {
    if let Some(known) = table.attachment().get::<Weak>().and_then(|weak| weak.upgrade(ctx)) {
        return Ok(known);
    }
    let keep = Keep::default();
    if let Some(group) = table.group() {
        keep.add_group(ctx, &group);
    }
    let made: Object<'js> = webidl::new_object(ctx, TableObject { table: table.clone(), keep })?;
    remember(table, made.as_value());
    Ok(made.into_value())
}

fn remember(table: &Table, object: &Value<'_>) {
    if let Some(weak) = Weak::new(object) {
        table.attachment().set(weak);
    }
}

/// An import that has to be a Table.
pub(crate) fn of(value: &Value<'_>) -> Option<Table> {
    host_ref::<TableObject>(value).map(|object| object.table.clone())
}

/// After an instantiation: the table may belong to a group now.
pub(crate) fn sync(ctx: &Ctx<'_>, value: &Value<'_>) {
    if let Some(object) = host_ref::<TableObject>(value) {
        object.sync(ctx);
    }
}
