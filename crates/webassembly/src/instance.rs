//! `WebAssembly.Instance`: <https://webassembly.github.io/spec/js-api/#instances>

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use holm_js::webidl::{self, Definition, Interface};
use holm_js::{
    Attributes, Ctx, Held, HostObject, Object, Result, Root, Tracer, Value, bury, define_value,
    freeze, host_ref,
};
use holm_wasm::{
    Extern, ExternType, Global, GlobalType, Group, Import, ImportType, InstantiateError, TypeText,
    ValType, instantiate,
};

use crate::builtins::{self, Builtin};
use crate::convert::to_wasm;
use crate::errors::{throw_failure, throw_link, throw_range, throw_type};
use crate::exported_function::{self, ExportedFunction};
use crate::host_function::ImportedFunction;
use crate::jspi::{SuspendingImport, SuspendingObject};
use crate::module::{self, CompiledModule};
use crate::owner::{Keep, group_for, note_objects, owner_of};
use crate::state::State;
use crate::tag::TagObject;
use crate::{global, memory, table, tag};

/// The inside of an Instance object.
pub(crate) struct InstanceObject {
    /// \[\[Exports\]\]
    exports: Held,
}

impl HostObject for InstanceObject {
    fn trace(&self, tracer: &Tracer<'_>) {
        tracer.mark(&self.exports);
    }
}

impl Interface for InstanceObject {
    const NAME: &'static str = "Instance";
    const CLASS_STRING: &'static str = "WebAssembly.Instance";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .constructor(1, |call| {
                let ctx = call.ctx();
                let what = "WebAssembly.Instance(): argument 0";
                let module = module::argument(ctx, &call.value(0), what)?;
                let what = "WebAssembly.Instance(): argument 1";
                let import_object = import_object(ctx, &call.value(1), what)?;
                let prefix = "WebAssembly.Instance()";
                let imports = read_imports(ctx, module.compiled(), import_object.as_ref(), prefix)?;
                let exports = run(ctx, module.compiled(), imports, prefix)?;
                webidl::construct(call, Self { exports: Held::new(exports.as_value()) })
            })
            .attribute("exports", |this, call| this.exports.get(call.ctx()))?;
        Ok(())
    }
}

impl InstanceObject {
    /// \[\[Exports\]\]
    pub(crate) fn exports<'js>(&self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        self.exports.get(ctx)
    }
}

/// `optional object importObject`.
pub(crate) fn import_object<'js>(
    ctx: &Ctx<'js>,
    value: &Value<'js>,
    what: &str,
) -> Result<Option<Object<'js>>> {
    if value.is_undefined() {
        return Ok(None);
    }
    match value.clone().into_object() {
        Some(object) => Ok(Some(object)),
        None => Err(throw_type(ctx, &format!("{what} is not an object"))),
    }
}

/// Instantiates, and makes the Instance object.
pub(crate) fn new_instance<'js>(
    ctx: &Ctx<'js>,
    module: &CompiledModule,
    imports: Imports<'js>,
    prefix: &str,
) -> Result<Object<'js>> {
    let exports = run(ctx, module, imports, prefix)?;
    webidl::new_object(ctx, InstanceObject { exports: Held::new(exports.as_value()) })
}

/// What the imports were, read and not yet linked.
pub(crate) struct Imports<'js> {
    given: Vec<Given<'js>>,
    /// Keeps values of script that are part of no group.
    keep: Keep,
}

/// The same, to wait for a task.
pub(crate) struct RootedImports {
    given: Vec<RootedGiven>,
    keep: Keep,
}

type AnyRoot = Root<Value<'static>>;

enum RootedGiven {
    Function(AnyRoot),
    Suspending(AnyRoot),
    Builtin(Builtin),
    Extern(Extern, Option<AnyRoot>),
}

impl<'js> Imports<'js> {
    pub(crate) fn rooted(self, ctx: &Ctx<'js>) -> Result<RootedImports> {
        let given = self.given.into_iter().map(|given| {
            Ok(match given {
                Given::Function(value) => RootedGiven::Function(Root::new(ctx, value)?),
                Given::Suspending(value) => RootedGiven::Suspending(Root::new(ctx, value)?),
                Given::Builtin(builtin) => RootedGiven::Builtin(builtin),
                Given::Extern(item, value) => {
                    let value = value.map(|value| Root::new(ctx, value)).transpose()?;
                    RootedGiven::Extern(item, value)
                }
            })
        });
        Ok(RootedImports { given: given.collect::<Result<_>>()?, keep: self.keep })
    }
}

impl RootedImports {
    pub(crate) fn unrooted<'js>(self, ctx: &Ctx<'js>) -> Result<Imports<'js>> {
        let given = self.given.into_iter().map(|given| {
            Ok(match given {
                RootedGiven::Function(value) => Given::Function(value.get(ctx)?),
                RootedGiven::Suspending(value) => Given::Suspending(value.get(ctx)?),
                RootedGiven::Builtin(builtin) => Given::Builtin(builtin),
                RootedGiven::Extern(item, value) => {
                    let value = value.map(|value| value.get(ctx)).transpose()?;
                    Given::Extern(item, value)
                }
            })
        });
        Ok(Imports { given: given.collect::<Result<_>>()?, keep: self.keep })
    }
}

enum Given<'js> {
    Function(Value<'js>),
    /// What a `WebAssembly.Suspending` marks.
    Suspending(Value<'js>),
    Builtin(Builtin),
    /// With the object of script that shows it, if there is one.
    Extern(Extern, Option<Value<'js>>),
}

/// <https://webassembly.github.io/spec/js-api/#read-the-imports>
pub(crate) fn read_imports<'js>(
    ctx: &Ctx<'js>,
    compiled: &CompiledModule,
    import_object: Option<&Object<'js>>,
    prefix: &str,
) -> Result<Imports<'js>> {
    let wanted = compiled.module.imports();
    // 1. If module.imports is not empty, and importObject is undefined, throw a TypeError.
    if import_object.is_none() && !wanted.is_empty() {
        let text = format!("{prefix}: the module has imports, but no import object is given");
        return Err(throw_type(ctx, &text));
    }
    let keep = Keep::default();
    let mut given = Vec::with_capacity(wanted.len());
    for (index, import) in wanted.iter().enumerate() {
        let place = Place { prefix, index, import };
        given.push(read_import(ctx, compiled, import_object, &place, &keep)?);
    }
    Ok(Imports { given, keep })
}

/// Which import, for messages.
struct Place<'a> {
    prefix: &'a str,
    index: usize,
    import: &'a ImportType,
}

impl Place<'_> {
    fn text(&self, what: &str) -> String {
        let Self { prefix, index, import } = self;
        format!("{prefix}: import #{index} {:?} {:?}: {what}", &*import.module, &*import.name)
    }
}

/// Steps 2 to 6, for one import.
fn read_import<'js>(
    ctx: &Ctx<'js>,
    compiled: &CompiledModule,
    import_object: Option<&Object<'js>>,
    place: &Place<'_>,
    keep: &Keep,
) -> Result<Given<'js>> {
    let import = place.import;
    if compiled.options.is_string(&import.module) {
        let text = holm_js::JsString::from_str(ctx.clone(), &import.name)?.into_value();
        return constant(ctx, place, &text, keep);
    }
    if let Some(builtin) = builtins::find(&compiled.options, &import.module, &import.name) {
        return Ok(Given::Builtin(builtin));
    }
    // 1. Let o be ? Get(importObject, moduleName).
    let namespace: Value<'js> = match import_object {
        Some(object) => object.get(&*import.module)?,
        None => Value::new_undefined(ctx.clone()),
    };
    // 3. If o is not an Object, throw a TypeError exception.
    let Some(namespace) = namespace.into_object() else {
        let text = place.text(&format!("{:?} is not an object", &*import.module));
        return Err(throw_type(ctx, &text));
    };
    // 4. Let v be ? Get(o, componentName).
    let value: Value<'js> = namespace.get(&*import.name)?;
    let link_error = |wanted: &str| {
        let given = describe(&value);
        Err(throw_link(ctx, &place.text(&format!("{wanted} is wanted, but {given} is given"))))
    };
    match &import.ty {
        // 5. If externtype is of the form func functype,
        ExternType::Func(_) => {
            // 1. If v has a [[WrappedFunction]] internal slot, create a suspending function from it.
            if let Some(suspending) = host_ref::<SuspendingObject>(&value) {
                return Ok(Given::Suspending(suspending.function(ctx)?));
            }
            // Otherwise, if IsCallable(v) is false, throw a LinkError exception.
            if !value.is_function() {
                return link_error("a function");
            }
            match host_ref::<ExportedFunction>(&value) {
                // 2. If v is an Exported Function, let funcaddr be its address.
                Some(function) => {
                    let func = function.func().clone();
                    Ok(Given::Extern(Extern::Func(func), Some(value)))
                }
                // 3. Otherwise, create a host function from v and functype.
                None => Ok(Given::Function(value)),
            }
        }
        // 6. If externtype is of the form global mut valtype,
        ExternType::Global(_) => match global::of(&value) {
            Some(global) => Ok(Given::Extern(Extern::Global(global), Some(value))),
            None => constant(ctx, place, &value, keep),
        },
        // 7. If v does not implement Memory, throw a LinkError exception.
        ExternType::Memory(_) => match memory::of(&value) {
            Some(memory) => Ok(Given::Extern(Extern::Memory(memory), Some(value))),
            None => link_error("a WebAssembly.Memory"),
        },
        // 8. If v does not implement Table, throw a LinkError exception.
        ExternType::Table(_) => match table::of(&value) {
            Some(table) => Ok(Given::Extern(Extern::Table(table), Some(value))),
            None => link_error("a WebAssembly.Table"),
        },
        // 9. If v does not implement Tag, throw a LinkError exception.
        ExternType::Tag(_) => match host_ref::<TagObject>(&value) {
            Some(tag) => Ok(Given::Extern(Extern::Tag(tag.tag().clone()), Some(value.clone()))),
            None => link_error("a WebAssembly.Tag"),
        },
    }
}

/// Step 6.2: a global that is given as a plain value.
fn constant<'js>(
    ctx: &Ctx<'js>,
    place: &Place<'_>,
    value: &Value<'js>,
    keep: &Keep,
) -> Result<Given<'js>> {
    let ExternType::Global(ty) = &place.import.ty else {
        return Err(throw_link(ctx, &place.text("a global is given")));
    };
    let content = ty.content();
    let is_fit = match content {
        // 1. If valtype is i64 and v is not a BigInt, throw a LinkError exception.
        ValType::I64 => value.is_big_int(),
        // 2. If valtype is one of i32, f32 or f64 and v is not a Number, likewise.
        ValType::I32 | ValType::F32 | ValType::F64 => value.is_number(),
        // 3. If valtype is v128, likewise.
        ValType::V128 => false,
        ValType::Ref(_) => true,
    };
    let refuse = || {
        let (given, content) = (describe(value), TypeText(content));
        let text = format!("a global of {content} is wanted, but {given} is given");
        throw_link(ctx, &place.text(&text))
    };
    if !is_fit {
        return Err(refuse());
    }
    // 4. Let value be ToWebAssemblyValue(v, valtype). If this throws a TypeError, throw a
    //    LinkError.
    let wasm_value = to_wasm(ctx, value, content, keep.values())?;
    wasm_value.check(content).map_err(|_| refuse())?;
    // 6. Let (store, globaladdr) be global_alloc(store, const valtype, value).
    let ty = GlobalType::new(content.clone(), holm_wasm::Mutability::Const);
    let global = Global::new(ty, wasm_value).map_err(|_| refuse())?;
    Ok(Given::Extern(Extern::Global(global), None))
}

/// What a value is, in a few words.
fn describe(value: &Value<'_>) -> String {
    if value.is_undefined() || value.is_null() {
        return value.type_of().to_string();
    }
    if host_ref::<ExportedFunction>(value).is_some() {
        return "an exported function".to_owned();
    }
    let kinds: [(&str, bool); 4] = [
        ("a WebAssembly.Memory", memory::of(value).is_some()),
        ("a WebAssembly.Table", table::of(value).is_some()),
        ("a WebAssembly.Global", global::of(value).is_some()),
        ("a WebAssembly.Tag", host_ref::<TagObject>(value).is_some()),
    ];
    if let Some((name, _)) = kinds.iter().find(|(_, is_it)| *is_it) {
        return (*name).to_owned();
    }
    match value {
        value if value.is_function() => "a function".to_owned(),
        value if value.is_object() => "an object".to_owned(),
        value => format!("a {}", value.type_of()),
    }
}

/// <https://webassembly.github.io/spec/js-api/#instantiate-the-core-of-a-webassembly-module>
/// and <https://webassembly.github.io/spec/js-api/#create-an-exports-object>
fn run<'js>(
    ctx: &Ctx<'js>,
    compiled: &CompiledModule,
    imports: Imports<'js>,
    prefix: &str,
) -> Result<Object<'js>> {
    let state = State::of(ctx);
    // What was collected since: groups are large, and a loop leaves no scope.
    bury(ctx);
    note_memories(ctx, &state, compiled);
    let mut shown = Vec::new();
    let mut linked = Vec::with_capacity(imports.given.len());
    // A memory does not keep its groups. The start function may drop what does.
    let mut owners = Vec::new();
    let mut builtins_seen: HashMap<Builtin, usize> = HashMap::new();
    let given = imports.given.into_iter().zip(compiled.module.imports());
    for (index, (given, wanted)) in given.enumerate() {
        linked.push(match given {
            Given::Extern(item, value) => {
                shown.extend(value);
                if let Extern::Memory(memory) = &item {
                    owners.extend(memory.group().and_then(|group| owner_of(ctx, &group).ok()));
                }
                Import::Extern(item)
            }
            Given::Function(value) => {
                let make = imported_function(&state, &value, &wanted.ty);
                Import::Host(Box::new(|group| Box::new(make(group))))
            }
            Given::Suspending(value) => {
                let make = imported_function(&state, &value, &wanted.ty);
                let state = state.clone();
                Import::Suspending(Box::new(|group| {
                    Box::new(SuspendingImport::new(make(group), state))
                }))
            }
            Given::Builtin(builtin) => match builtins_seen.entry(builtin) {
                // A builtin set is instantiated once: the same import is the same function.
                Entry::Occupied(earlier) => Import::Again(*earlier.get()),
                Entry::Vacant(first) => {
                    first.insert(index);
                    builtin.import(ctx, compiled.module.engine())?
                }
            },
        });
    }
    let space = state.space(ctx)?;
    let mut owner = None;
    let result = state.lend(ctx, || {
        instantiate(&space, &compiled.module, linked, || {
            let made = group_for(ctx, &state, &compiled.module);
            let (group, value) = made.map_err(|_| "no group could be made".to_owned())?;
            owner = Some(value);
            Ok(group)
        })
    });
    for value in &shown {
        table::sync(ctx, value);
        global::sync(ctx, value);
    }
    let (group, items) = result.map_err(|error| instantiate_error(ctx, compiled, prefix, error))?;
    note_objects(ctx, &state, &compiled.module, &group);
    let exports = exports_object(ctx, compiled, &items)?;
    drop((owner, owners));
    Ok(exports)
}

/// Tells the collector of script what is going to be allocated.
fn note_memories(ctx: &Ctx<'_>, state: &State, compiled: &CompiledModule) {
    for export in compiled.module.exports() {
        if let ExternType::Memory(ty) = &export.ty {
            let bytes = ty.minimum().saturating_mul(ty.page_size());
            state.note_memory(ctx, usize::try_from(bytes).unwrap_or(usize::MAX));
        }
    }
}

fn imported_function(
    state: &State,
    value: &Value<'_>,
    wanted: &ExternType,
) -> impl FnOnce(&Group) -> ImportedFunction + 'static {
    let held = holm_js::Held::new(value);
    let loan = state.loan().clone();
    let ty = match wanted {
        ExternType::Func(ty) => Some(ty.clone()),
        _ => None,
    };
    move |group| {
        let (parameters, results) = match &ty {
            Some(ty) => (ty.params().collect(), ty.results().collect()),
            None => Default::default(),
        };
        ImportedFunction::new(held, parameters, results, group, loan)
    }
}

fn instantiate_error(
    ctx: &Ctx<'_>,
    compiled: &CompiledModule,
    prefix: &str,
    error: InstantiateError,
) -> holm_js::Error {
    match error {
        InstantiateError::Link(error) => {
            let import = &compiled.module.imports()[error.index];
            let place = Place { prefix, index: error.index, import };
            throw_link(ctx, &place.text(&error.reason))
        }
        InstantiateError::Resources(reason) => throw_range(ctx, &format!("{prefix}: {reason}")),
        InstantiateError::Failure(failure) => throw_failure(ctx, failure, None),
    }
}

/// <https://webassembly.github.io/spec/js-api/#create-an-exports-object>
fn exports_object<'js>(
    ctx: &Ctx<'js>,
    compiled: &CompiledModule,
    items: &[Extern],
) -> Result<Object<'js>> {
    // 1. Let exportsObject be ! OrdinaryObjectCreate(null).
    let exports = Object::new_proto(ctx.clone(), None)?;
    // 2. For each (name, externtype) of module_exports(module),
    for (export, item) in compiled.module.exports().iter().zip(items) {
        let value = match item {
            Extern::Func(func) => exported_function::wrapper(ctx, func)?,
            Extern::Memory(item) => memory::wrapper(ctx, item)?,
            Extern::Table(item) => table::wrapper(ctx, item)?,
            Extern::Global(item) => global::wrapper(ctx, item)?,
            Extern::Tag(item) => tag::wrapper(ctx, item)?,
        };
        // 8. Let status be ! CreateDataProperty(exportsObject, name, value).
        // 3. Perform ! SetIntegrityLevel(exportsObject, "frozen").
        define_value(&exports, &*export.name, value, Attributes::ENUMERABLE)?;
    }
    freeze(&exports)?;
    Ok(exports)
}
