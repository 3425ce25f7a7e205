//! Instantiation: choosing a group, linking, and what comes out.

use std::fmt;
use std::sync::Arc;

use wasmtime::{ExternType, StoreContextMut};

use crate::direct::{self, DirectFunction, DirectType};
use crate::failure::{self, Failure};
use crate::func::{Signature, key_and_code};
use crate::group::GroupData;
use crate::region::{self, Region};
use crate::suspension::{self, SuspendingFunction};
use crate::{Func, Global, Group, HostFunction, Memory, Module, Space, Table, Tag, TypeText};

/// Something that an instance exports, or that the host made.
#[derive(Clone, Debug)]
pub enum Extern {
    /// A function.
    Func(Func),
    /// A memory.
    Memory(Memory),
    /// A table.
    Table(Table),
    /// A global.
    Global(Global),
    /// A tag.
    Tag(Tag),
}

/// Makes a function of the host for modules of a group.
pub type MakeHostFunction = Box<dyn FnOnce(&Group) -> Box<dyn HostFunction>>;

/// The same for a [`DirectFunction`].
pub type MakeDirectFunction = Box<dyn FnOnce(&Group) -> Box<dyn DirectFunction>>;

/// The same for a [`SuspendingFunction`].
pub type MakeSuspendingFunction = Box<dyn FnOnce(&Group) -> Box<dyn SuspendingFunction>>;

/// What is given for one import.
pub enum Import {
    /// A function of the host, made for the group that the instance turns out to be part of.
    Host(MakeHostFunction),
    /// A function of the host that looks at its arguments where they stand.
    Direct(DirectType, MakeDirectFunction),
    /// A function of the host for whose result the module waits.
    Suspending(MakeSuspendingFunction),
    /// What is given for an earlier import, of this index.
    Again(usize),
    /// Something that is there already.
    Extern(Extern),
}

/// An import is not what the module wants.
#[derive(Clone, Debug)]
pub struct LinkError {
    /// Which import.
    pub index: usize,
    /// What was wanted and what was given.
    pub reason: String,
}

/// Why there is no instance.
#[derive(Debug)]
pub enum InstantiateError {
    /// An import is not what the module wants.
    Link(LinkError),
    /// There is not enough of something.
    Resources(String),
    /// Initialising it, or its start function, failed.
    Failure(Failure),
}

/// Makes an instance. Returns its group, and its exports in the order of the module's.
///
/// `imports` are as many as the module's. `fresh` makes a group for an instance that is linked
/// with nothing yet.
pub fn instantiate(
    space: &Space,
    module: &Module,
    imports: Vec<Import>,
    fresh: impl FnOnce() -> Result<Group, String>,
) -> Result<(Group, Vec<Extern>), InstantiateError> {
    if !space.engine().same(module.engine()) {
        let reason = "the module was compiled by another engine than this one".to_owned();
        return Err(InstantiateError::Resources(reason));
    }
    space.engine().check_headroom().map_err(InstantiateError::Resources)?;
    for (index, (import, given)) in module.imports().iter().zip(&imports).enumerate() {
        if let Import::Extern(given) = given {
            let link_error = |reason| InstantiateError::Link(LinkError { index, reason });
            check(&import.ty, given).map_err(link_error)?;
        }
    }
    let group = match choose_group(&imports)? {
        Some(group) => group,
        None => fresh().map_err(InstantiateError::Resources)?,
    };
    if group.is_stopped() {
        return Err(InstantiateError::Failure(Failure::Stopped));
    }
    group.add_module(module);
    let _entry = space.enter();
    let result = {
        let _call = group.begin_call();
        group.enter_rooted(|cx| link_and_run(&group, cx, module, imports))
    };
    space.settle();
    Ok((group, result?))
}

/// The group that the imports belong to.
///
/// What cannot be had in two groups decides; after that anything that belongs to one, because
/// calls within a group need no bridge.
fn choose_group(imports: &[Import]) -> Result<Option<Group>, InstantiateError> {
    let mut must: Option<Group> = None;
    let mut may: Option<Group> = None;
    for (index, import) in imports.iter().enumerate() {
        let Import::Extern(given) = import else { continue };
        let (group, bound) = match given {
            Extern::Table(table) => (table.group(), true),
            Extern::Global(global) => (global.group(), global.is_mutable()),
            Extern::Func(func) => (Some(func.group().clone()), false),
            Extern::Memory(memory) => (memory.group(), false),
            Extern::Tag(_) => continue,
        };
        let Some(group) = group else { continue };
        match &must {
            Some(other) if bound && !other.same(&group) => {
                let reason = "it belongs to modules that are not linked with those of another \
                              table or mutable global among the imports: import what one \
                              exports into the other first, or make it in script"
                    .to_owned();
                return Err(InstantiateError::Link(LinkError { index, reason }));
            }
            None if bound => must = Some(group),
            _ => {
                may.get_or_insert(group);
            }
        }
    }
    Ok(must.or(may))
}

fn link_and_run(
    group: &Group,
    cx: &mut StoreContextMut<'_, GroupData>,
    module: &Module,
    imports: Vec<Import>,
) -> Result<Vec<Extern>, InstantiateError> {
    let resources = |error: wasmtime::Error| InstantiateError::Resources(format!("{error:#}"));
    let mut linked = Vec::with_capacity(imports.len());
    let mut functions = 0;
    for (index, (import, wanted)) in imports.into_iter().zip(module.imports()).enumerate() {
        let item = match import {
            Import::Host(make) => {
                let signature = wanted_signature(&wanted.ty, index)?;
                let func = Func::host(cx, &signature, make(group));
                note_host_index(group, cx, func, functions);
                func.into()
            }
            Import::Suspending(make) => {
                let signature = wanted_signature(&wanted.ty, index)?;
                let func = suspension::new(cx, &signature, make(group));
                note_host_index(group, cx, func, functions);
                func.into()
            }
            Import::Direct(ty, make) => {
                let func = direct::new(cx, ty, make(group));
                note_host_index(group, cx, func, functions);
                func.into()
            }
            Import::Again(earlier) => {
                let given: Option<&wasmtime::Extern> = linked.get(earlier);
                given.cloned().ok_or_else(|| resources(wasmtime::Error::msg("it comes later")))?
            }
            Import::Extern(given) => given.in_group(group, cx).map_err(resources)?,
        };
        functions += u32::from(matches!(wanted.ty, ExternType::Func(_)));
        linked.push(item);
    }
    if module.has_start() {
        group.find_store(cx).map_err(resources)?;
        // It was not known when the call began, perhaps.
        group.limit_stack();
    }
    let books = group.space().books().clone();
    let (instance, regions) =
        region::create(&books, || wasmtime::Instance::new(&mut *cx, module.raw(), &linked));
    let instance = instance.map_err(|error| instantiate_error(group, cx, module, error))?;
    if let Some(hooks) = module.hooks() {
        let done = hooks.install(cx, group.space(), &instance);
        done.map_err(|error| instantiate_error(group, cx, module, error))?;
    }
    let mut exports = Vec::with_capacity(module.exports().len());
    for export in module.exports() {
        let item = instance.get_export(&mut *cx, &export.name);
        let item = item.ok_or_else(|| resources(wasmtime::Error::msg("an export is missing")))?;
        exports.push(Extern::intern(group, cx, item, &regions).map_err(resources)?);
    }
    Ok(exports)
}

fn wanted_signature(wanted: &ExternType, index: usize) -> Result<Signature, InstantiateError> {
    match wanted {
        ExternType::Func(ty) => Ok(Signature::new(ty.clone())),
        other => {
            let reason = format!("{} is wanted, but a function is given", kind(other));
            Err(InstantiateError::Link(LinkError { index, reason }))
        }
    }
}

/// Notes which one of the imported functions this one is.
fn note_host_index(
    group: &Group,
    cx: &mut StoreContextMut<'_, GroupData>,
    func: wasmtime::Func,
    index: u32,
) {
    let (key, _) = key_and_code(cx, func);
    group.interned().host_indices.borrow_mut().insert(key, index);
}

fn instantiate_error(
    group: &Group,
    cx: &mut StoreContextMut<'_, GroupData>,
    module: &Module,
    error: wasmtime::Error,
) -> InstantiateError {
    if let Some(error) = mismatch(module, &error) {
        return InstantiateError::Link(error);
    }
    match failure::from_error(group, cx, error) {
        // Not from running code: from making tables and memories.
        Failure::Other(text) => InstantiateError::Resources(text),
        failure => InstantiateError::Failure(failure),
    }
}

/// What Wasmtime found not to match and [`check`] did not: function types that differ in their
/// place among recursive types only.
fn mismatch(module: &Module, error: &wasmtime::Error) -> Option<LinkError> {
    let text = error.to_string();
    let place = text.strip_prefix("incompatible import type for `")?.strip_suffix('`')?;
    let is_it = |import: &crate::ImportType| place == format!("{}::{}", import.module, import.name);
    let index = module.imports().iter().position(is_it)?;
    let reason = match &module.imports()[index].ty {
        ExternType::Func(wanted) => looks_the_same(&TypeText(wanted).to_string()),
        _ => format!("{:#}", error.root_cause()),
    };
    Some(LinkError { index, reason })
}

/// Types are more than their shape: where they stand among those they were defined with counts.
fn looks_the_same(wanted: &str) -> String {
    format!("{wanted} is wanted; what is given looks like that, but is defined among other types")
}

impl Extern {
    fn intern(
        group: &Group,
        cx: &mut StoreContextMut<'_, GroupData>,
        item: wasmtime::Extern,
        regions: &[Arc<Region>],
    ) -> wasmtime::Result<Self> {
        Ok(match item {
            wasmtime::Extern::Func(func) => Self::Func(group.intern_func(cx, func)),
            wasmtime::Extern::Memory(memory) => {
                Self::Memory(Memory::intern(group, cx, memory, regions)?)
            }
            wasmtime::Extern::SharedMemory(shared) => {
                Self::Memory(Memory::intern_shared(group.space(), shared)?)
            }
            wasmtime::Extern::Table(table) => Self::Table(Table::intern(group, cx, table)),
            wasmtime::Extern::Global(global) => Self::Global(Global::intern(group, cx, global)),
            wasmtime::Extern::Tag(tag) => Self::Tag(Tag::intern(group, cx, tag)),
        })
    }

    fn in_group(
        &self,
        group: &Group,
        cx: &mut StoreContextMut<'_, GroupData>,
    ) -> wasmtime::Result<wasmtime::Extern> {
        Ok(match self {
            Self::Func(func) => group.adopt_func(cx, func)?.into(),
            Self::Memory(memory) => memory.in_group(group, cx)?,
            Self::Table(table) => table.in_group(group, cx)?.into(),
            Self::Global(global) => global.in_group(group, cx)?.into(),
            Self::Tag(tag) => tag.in_group(group, cx)?.into(),
        })
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Func(_) => "a function",
            Self::Memory(_) => "a memory",
            Self::Table(_) => "a table",
            Self::Global(_) => "a global",
            Self::Tag(_) => "a tag",
        }
    }
}

/// What a type is of, in words.
fn kind(ty: &ExternType) -> &'static str {
    match ty {
        ExternType::Func(_) => "a function",
        ExternType::Global(_) => "a global",
        ExternType::Table(_) => "a table",
        ExternType::Memory(_) => "a memory",
        ExternType::Tag(_) => "a tag",
    }
}

/// <https://webassembly.github.io/spec/core/valid/matching.html#external-types>, in words that
/// say what does not match.
fn check(wanted: &ExternType, given: &Extern) -> Result<(), String> {
    match (wanted, given) {
        (ExternType::Func(wanted), Extern::Func(given)) => {
            let given = given.signature().ty();
            ensure(given.matches(wanted), || {
                let (wanted, given) = (TypeText(wanted).to_string(), TypeText(given).to_string());
                if wanted == given {
                    return looks_the_same(&wanted);
                }
                format!("{wanted} is wanted, but {given} is given")
            })
        }
        (ExternType::Tag(wanted), Extern::Tag(given)) => {
            let (wanted, given) = (wanted.ty(), given.ty().ty());
            let same = wasmtime::FuncType::eq(wanted, given);
            ensure(same, || {
                let (wanted, given) = (TypeText(wanted).to_string(), TypeText(given).to_string());
                if wanted == given {
                    return looks_the_same(&format!("a tag {wanted}"));
                }
                format!("a tag {wanted} is wanted, but {given} is given")
            })
        }
        (ExternType::Global(wanted), Extern::Global(given)) => check_global(wanted, given.ty()),
        (ExternType::Memory(wanted), Extern::Memory(given)) => check_memory(wanted, given),
        (ExternType::Table(wanted), Extern::Table(given)) => check_table(wanted, given),
        _ => Err(format!("{} is wanted, but {} is given", kind(wanted), given.kind())),
    }
}

fn ensure(holds: bool, reason: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(reason()) }
}

fn check_global(wanted: &wasmtime::GlobalType, given: &wasmtime::GlobalType) -> Result<(), String> {
    let word = |mutability| match mutability {
        wasmtime::Mutability::Const => "an immutable",
        wasmtime::Mutability::Var => "a mutable",
    };
    ensure(wanted.mutability() == given.mutability(), || {
        let (wanted, given) = (word(wanted.mutability()), word(given.mutability()));
        format!("{wanted} global is wanted, but {given} one is given")
    })?;
    let (content, own) = (wanted.content(), given.content());
    let matches = match wanted.mutability() {
        wasmtime::Mutability::Const => own.matches(content),
        wasmtime::Mutability::Var => own.matches(content) && content.matches(own),
    };
    ensure(matches, || {
        let (content, own) = (TypeText(content), TypeText(own));
        format!("a global of {content} is wanted, but one of {own} is given")
    })
}

fn check_memory(wanted: &wasmtime::MemoryType, given: &Memory) -> Result<(), String> {
    let own = given.ty();
    let width = |is_64| if is_64 { "64" } else { "32" };
    ensure(wanted.is_64() == own.is_64(), || {
        let (wanted, own) = (width(wanted.is_64()), width(own.is_64()));
        format!("a memory with addresses of {wanted} bits is wanted, but one of {own} is given")
    })?;
    let word = |is_shared| if is_shared { "a shared" } else { "an unshared" };
    ensure(wanted.is_shared() == own.is_shared(), || {
        let (wanted, own) = (word(wanted.is_shared()), word(own.is_shared()));
        format!("{wanted} memory is wanted, but {own} one is given")
    })?;
    ensure(wanted.page_size() == own.page_size(), || "its pages are of another size".to_owned())?;
    check_limits("pages", (wanted.minimum(), wanted.maximum()), (given.pages(), own.maximum()))
}

fn check_table(wanted: &wasmtime::TableType, given: &Table) -> Result<(), String> {
    let own = given.ty();
    let (element, own_element) = (wanted.element(), own.element());
    let same = element.matches(own_element) && own_element.matches(element);
    ensure(same, || {
        let (element, own_element) = (TypeText(element), TypeText(own_element));
        format!("a table of {element} is wanted, but one of {own_element} is given")
    })?;
    let width = |is_64| if is_64 { "64" } else { "32" };
    ensure(wanted.is_64() == own.is_64(), || {
        let (wanted, own) = (width(wanted.is_64()), width(own.is_64()));
        format!("a table with addresses of {wanted} bits is wanted, but one of {own} is given")
    })?;
    check_limits("elements", (wanted.minimum(), wanted.maximum()), (given.len(), own.maximum()))
}

fn check_limits(
    what: &str,
    (least, most): (u64, Option<u64>),
    (now, own_most): (u64, Option<u64>),
) -> Result<(), String> {
    ensure(now >= least, || format!("at least {least} {what} are wanted, but it has {now}"))?;
    match (most, own_most) {
        (None, _) => Ok(()),
        (Some(most), None) => {
            Err(format!("a maximum of at most {most} {what} is wanted, but it has no maximum"))
        }
        (Some(most), Some(own)) => ensure(own <= most, || {
            format!("a maximum of at most {most} {what} is wanted, but its is {own}")
        }),
    }
}

impl fmt::Debug for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(_) => f.write_str("Host"),
            Self::Suspending(_) => f.write_str("Suspending"),
            Self::Direct(ty, _) => write!(f, "Direct({ty})"),
            Self::Again(index) => f.debug_tuple("Again").field(index).finish(),
            Self::Extern(item) => item.fmt(f),
        }
    }
}
