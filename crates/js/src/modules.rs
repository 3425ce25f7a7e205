//! ES modules: the loader's hooks, compiled records, synthetic records.
//!
//! A module's name, as QuickJS keys it, is whatever the loader resolves to: for Holm a URL.
//! `rquickjs`'s loader is not used: it borrows the loader mutably during a load, and a load
//! may evaluate script that loads more.

use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::fmt;
use std::rc::Rc;

use rquickjs::{Ctx, Error, Function, Object, Promise, Result, Value, qjs};

use crate::errors::{ErrorKind, throw};
use crate::function::{HostCallable, callable};
use crate::host_object::HostObject;
use crate::raw::{self, RawContext, RawRuntime};
use crate::realm::RealmData;
use crate::script::{ScriptOrigin, evaluate};
use crate::{Call, text::to_text};

/// Finds and loads the modules of a runtime.
pub trait ModuleLoader {
    /// The name of the module that `specifier` means in the module `referrer`.
    fn resolve(
        &self,
        ctx: &Ctx<'_>,
        specifier: &str,
        referrer: &str,
        attributes: &ImportAttributes,
    ) -> Result<String>;

    /// Makes the record of a module that was not loaded yet.
    fn load<'js>(
        &self,
        ctx: &Ctx<'js>,
        name: &str,
        attributes: &ImportAttributes,
    ) -> Result<ModuleRecord<'js>>;
}

/// What stands after `with` in an import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportAttributes(Vec<(String, String)>);

impl ImportAttributes {
    /// The value of one attribute.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// All of them, in source order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn from_js(ctx: &Ctx<'_>, value: &Value<'_>) -> Result<Self> {
        let Some(object) = value.as_object() else {
            return Ok(Self::default());
        };
        object
            .props::<String, Value<'_>>()
            .map(|entry| entry.and_then(|(key, value)| Ok((key, to_text(ctx, &value)?))))
            .collect::<Result<Vec<_>>>()
            .map(Self)
    }
}

/// A module that is compiled (or made of native parts), perhaps not yet linked.
///
/// The realm owns its modules, and frees those that are not linked yet whenever linking any of
/// them fails, whatever else refers to them. So a record counts no reference, and is good only
/// until the next evaluation or job: later uses are an error.
#[derive(Clone)]
pub struct ModuleRecord<'js> {
    ctx: Ctx<'js>,
    pointer: *mut qjs::JSModuleDef,
    /// The realm's count of evaluations and jobs when the record was known to be there.
    epoch: u64,
}

impl<'js> ModuleRecord<'js> {
    /// `import.meta`, to be filled by the loader.
    pub fn meta(&self) -> Result<Object<'js>> {
        let ctx = &self.ctx;
        // SAFETY: the record is alive.
        let meta =
            unsafe { raw::own(ctx, qjs::JS_GetImportMeta(raw::context(ctx), self.pointer()?))? };
        meta.into_object().ok_or(Error::Unknown)
    }

    /// The namespace object.
    pub fn namespace(&self) -> Result<Object<'js>> {
        let ctx = &self.ctx;
        // SAFETY: the record is alive.
        let namespace = unsafe {
            raw::own(ctx, qjs::JS_GetModuleNamespace(raw::context(ctx), self.pointer()?))?
        };
        namespace.into_object().ok_or(Error::Unknown)
    }

    /// The name the loader gave it.
    pub fn name(&self) -> Result<String> {
        let ctx = &self.ctx;
        // SAFETY: the record is alive; the atom is released after its text was taken.
        unsafe {
            let atom = qjs::JS_GetModuleName(raw::context(ctx), self.pointer()?);
            let name = raw::own(ctx, qjs::JS_AtomToString(raw::context(ctx), atom));
            qjs::JS_FreeAtom(raw::context(ctx), atom);
            to_text(ctx, &name?)
        }
    }

    fn pointer(&self) -> Result<*mut qjs::JSModuleDef> {
        let is_current = RealmData::of(&self.ctx).shared().module_epoch.get() == self.epoch;
        if is_current { Ok(self.pointer) } else { Err(Error::Unknown) }
    }

    /// `pointer` is a module of the realm of `ctx` that is alive now.
    fn new(ctx: &Ctx<'js>, pointer: *mut qjs::JSModuleDef) -> Self {
        let epoch = RealmData::of(ctx).shared().module_epoch.get();
        Self { ctx: ctx.clone(), pointer, epoch }
    }
}

impl fmt::Debug for ModuleRecord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ModuleRecord").field(&self.name().unwrap_or_default()).finish()
    }
}

/// Compiles module source.
pub fn compile_module<'js>(
    ctx: &Ctx<'js>,
    name: &str,
    source: impl Into<Vec<u8>>,
) -> Result<ModuleRecord<'js>> {
    let flags = qjs::JS_EVAL_TYPE_MODULE | qjs::JS_EVAL_FLAG_COMPILE_ONLY;
    let compiled = evaluate(ctx, source.into(), ScriptOrigin::new(name), flags)?;
    // SAFETY: a compiled module is a value of that kind. The realm has its own reference.
    let pointer = unsafe { qjs::JS_VALUE_GET_PTR(compiled.as_raw()) };
    Ok(ModuleRecord::new(ctx, pointer.cast()))
}

/// Links and evaluates a module with all it imports. Gives the promise that settles when it is
/// done, and the record, which is linked and stays from now on as long as it is asked at once.
pub fn evaluate_module<'js>(
    record: ModuleRecord<'js>,
) -> Result<(Promise<'js>, ModuleRecord<'js>)> {
    let (ctx, pointer) = (record.ctx.clone(), record.pointer()?);
    advance(&ctx);
    // SAFETY: the record is alive; the call takes over a new reference.
    let promise = unsafe {
        let module = qjs::JS_MKPTR(qjs::JS_TAG_MODULE, pointer.cast());
        let module = qjs::JS_DupValue(raw::context(&ctx), module);
        raw::own(&ctx, qjs::JS_EvalFunction(raw::context(&ctx), module))?
    };
    let promise = promise.into_promise().ok_or(Error::Unknown)?;
    // It did not throw: the module is linked, and linked modules stay.
    Ok((promise, ModuleRecord::new(&ctx, pointer)))
}

/// Makes records from before unusable: what comes now may free their modules.
pub(crate) fn advance(ctx: &Ctx<'_>) {
    let epoch = &RealmData::of(ctx).shared().module_epoch;
    epoch.set(epoch.get() + 1);
}

/// A module whose exports come from Rust. `make` runs when the module is evaluated, and
/// gives an object with the exported values.
pub fn synthetic_module<'js, F>(
    ctx: &Ctx<'js>,
    name: &str,
    exports: &[String],
    make: F,
) -> Result<ModuleRecord<'js>>
where
    F: for<'a> Fn(&Ctx<'a>) -> Result<Object<'a>> + 'static,
{
    let c_name = c_string(ctx, name)?;
    let maker = callable(ctx, "", 0, Maker { exports: exports.to_vec(), make })?;
    // SAFETY: the names live during the calls, which copy them; the private value takes a
    // new reference.
    unsafe {
        let module = qjs::JS_NewCModule(raw::context(ctx), c_name.as_ptr(), Some(evaluate_native));
        if module.is_null() {
            return Err(Error::Exception);
        }
        for export in exports {
            let export = c_string(ctx, export)?;
            raw::check(qjs::JS_AddModuleExport(raw::context(ctx), module, export.as_ptr()))?;
        }
        let maker = raw::give(maker.as_value());
        raw::check(qjs::JS_SetModulePrivateValue(raw::context(ctx), module, maker))?;
        Ok(ModuleRecord::new(ctx, module))
    }
}

/// The native half of a synthetic module: called with nothing, gives `[name, value, …]`.
struct Maker<F> {
    exports: Vec<String>,
    make: F,
}

impl<F: 'static> HostObject for Maker<F> {}

impl<F> HostCallable for Maker<F>
where
    F: for<'a> Fn(&Ctx<'a>) -> Result<Object<'a>> + 'static,
{
    fn call<'js>(&self, call: &Call<'_, 'js>) -> Result<Value<'js>> {
        let values = (self.make)(call.ctx())?;
        let pairs = rquickjs::Array::new(call.ctx().clone())?;
        for (index, name) in self.exports.iter().enumerate() {
            pairs.set(2 * index, name.as_str())?;
            pairs.set(2 * index + 1, values.get::<_, Value<'js>>(name.as_str())?)?;
        }
        Ok(pairs.into_value())
    }
}

/// Called by QuickJS to evaluate a synthetic module.
unsafe extern "C" fn evaluate_native(raw_ctx: RawContext, module: *mut qjs::JSModuleDef) -> c_int {
    // SAFETY: QuickJS passes a live context and one of our synthetic modules.
    unsafe {
        let ctx = raw::scope(raw_ctx);
        let done = raw::caught(&ctx, || {
            let maker = raw::own(&ctx, qjs::JS_GetModulePrivateValue(raw_ctx, module))?;
            let maker: Function<'_> = maker.into_function().ok_or(Error::Unknown)?;
            let pairs: rquickjs::Array<'_> = maker.call(())?;
            for index in (0..pairs.len()).step_by(2) {
                let name = c_string(&ctx, &pairs.get::<String>(index)?)?;
                let value = raw::give(&pairs.get::<Value<'_>>(index + 1)?);
                raw::check(qjs::JS_SetModuleExport(raw_ctx, module, name.as_ptr(), value))?;
            }
            Ok(())
        });
        status(&ctx, done)
    }
}

/// The loader of a runtime, once it has one.
#[derive(Default)]
pub(crate) struct LoaderSlot(RefCell<Option<Rc<dyn ModuleLoader>>>);

impl LoaderSlot {
    pub(crate) fn set(&self, loader: Rc<dyn ModuleLoader>) {
        *self.0.borrow_mut() = Some(loader);
    }

    pub(crate) fn clear(&self) {
        let loader = self.0.borrow_mut().take();
        drop(loader);
    }

    fn get(&self, ctx: &Ctx<'_>) -> Result<Rc<dyn ModuleLoader>> {
        let loader = self.0.borrow().clone();
        loader.ok_or_else(|| {
            throw(ctx, ErrorKind::Type, "this isolate has no module loader: it cannot import")
        })
    }
}

/// Registers the loader's hooks.
///
/// # Safety
/// The runtime's contexts all carry realm data when script runs in them.
pub(crate) unsafe fn install_hooks(runtime: RawRuntime) {
    // SAFETY: the callbacks need no opaque pointer.
    unsafe {
        let nothing = std::ptr::null_mut();
        qjs::JS_SetModuleLoaderFunc2(runtime, None, Some(load), None, nothing);
        qjs::JS_SetModuleNormalizeFunc2(runtime, Some(normalize));
    }
}

unsafe extern "C" fn normalize(
    raw_ctx: RawContext,
    referrer: *const c_char,
    specifier: *const c_char,
    attributes: qjs::JSValue,
    _opaque: *mut c_void,
) -> *mut c_char {
    // SAFETY: QuickJS passes a live context, C strings, and takes over a string of its heap.
    unsafe {
        let ctx = raw::scope(raw_ctx);
        let resolved = raw::caught(&ctx, || {
            let attributes = ImportAttributes::from_js(&ctx, &raw::borrow(&ctx, attributes))?;
            let loader = RealmData::of(&ctx).shared().loader.get(&ctx)?;
            loader.resolve(&ctx, &text(specifier), &text(referrer), &attributes)
        });
        match resolved {
            Ok(name) => {
                let name = name.split('\0').next().unwrap_or_default();
                qjs::js_strndup(raw_ctx, name.as_ptr().cast(), name.len() as qjs::size_t)
            }
            Err(error) => {
                raw::throw(&ctx, error);
                std::ptr::null_mut()
            }
        }
    }
}

unsafe extern "C" fn load(
    raw_ctx: RawContext,
    name: *const c_char,
    _opaque: *mut c_void,
    attributes: qjs::JSValue,
) -> *mut qjs::JSModuleDef {
    // SAFETY: QuickJS passes a live context and a C string.
    unsafe {
        let ctx = raw::scope(raw_ctx);
        let loaded = raw::caught(&ctx, || {
            let attributes = ImportAttributes::from_js(&ctx, &raw::borrow(&ctx, attributes))?;
            let loader = RealmData::of(&ctx).shared().loader.get(&ctx)?;
            loader.load(&ctx, &text(name), &attributes)
        });
        match loaded {
            Ok(record) => record.pointer,
            Err(error) => {
                raw::throw(&ctx, error);
                std::ptr::null_mut()
            }
        }
    }
}

/// # Safety
/// `text` is a C string.
unsafe fn text(text: *const c_char) -> String {
    // SAFETY: by the caller.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

fn c_string(ctx: &Ctx<'_>, text: &str) -> Result<CString> {
    CString::new(text)
        .map_err(|_| throw(ctx, ErrorKind::Syntax, "a module or export name holds a NUL character"))
}

fn status(ctx: &Ctx<'_>, done: Result<()>) -> c_int {
    match done {
        Ok(()) => 0,
        Err(error) => {
            raw::throw(ctx, error);
            -1
        }
    }
}
