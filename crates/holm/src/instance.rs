//! Instances of modules: what goes in, and what comes out.

use std::fmt;
use std::rc::Rc;

use holm_js::{ErrorKind, throw};
use holm_webassembly::native;

use crate::{
    Error, FromValue, Function, Global, IntoValue, Memory, Module, Object, Result, Scope, Table,
    Value,
};

/// An instance of a module, as script's `WebAssembly.Instance`.
///
/// ```
/// use holm::{Config, Engine, Imports, Isolate, Module};
///
/// let engine = Engine::new(Config::default())?;
/// # let wasm = wat::parse_str(r#"(module (func (export "add") (param i32 i32) (result i32)
/// #     local.get 0 local.get 1 i32.add))"#).expect("a module");
/// let module = Module::compile(&engine, &wasm)?;
/// let mut isolate = Isolate::builder(&engine).build()?;
/// let sum: i32 = isolate.enter(|scope| {
///     let exports = scope.instantiate(&module, &Imports::new())?.exports();
///     exports.function(scope, "add")?.call(scope, (77, 88))
/// })?;
/// assert_eq!(sum, 165);
/// # Ok::<(), holm::Error>(())
/// ```
#[derive(Clone)]
pub struct Instance<'js> {
    object: Object<'js>,
    exports: Object<'js>,
}

/// What an instance exports. Asking for what is not there is an error that says what is.
///
/// ```
/// # use holm::{Config, Engine, Imports, Isolate, Module};
/// # let engine = Engine::new(Config::default())?;
/// # let wasm = wat::parse_str(r#"(module (memory (export "memory") 1)
/// #     (global (export "answer") i32 (i32.const 42)))"#).expect("a module");
/// # let module = Module::compile(&engine, &wasm)?;
/// # let mut isolate = Isolate::builder(&engine).build()?;
/// isolate.enter(|scope| {
///     let exports = scope.instantiate(&module, &Imports::new())?.exports();
///     assert_eq!(exports.names(scope)?, ["memory", "answer"]);
///     assert_eq!(exports.memory(scope, "memory")?.len_bytes(scope)?, 65_536);
///     assert_eq!(exports.global(scope, "answer")?.get::<i32>(scope)?, 42);
///     let error = exports.function(scope, "answer").unwrap_err();
///     assert_eq!(error.to_string(), "the export \"answer\" is not a function");
///     Ok(())
/// })
/// # ?; Ok::<(), holm::Error>(())
/// ```
#[derive(Clone)]
pub struct Exports<'js>(Object<'js>);

impl<'js> Instance<'js> {
    /// What it exports.
    pub fn exports(&self) -> Exports<'js> {
        Exports(self.exports.clone())
    }
}

impl<'js> Exports<'js> {
    /// An exported function. It takes and gives what it would in script: an `i64` is a BigInt,
    /// so hand it a [`BigInt`](crate::BigInt).
    pub fn function(&self, scope: &mut Scope<'_, 'js>, name: &str) -> Result<Function<'js>> {
        self.of_kind(scope, name, "a function")
    }

    /// An exported function as `WebAssembly.promising` gives it: calling it gives a promise, and
    /// it may call what [`Imports::async_function`] and `WebAssembly.Suspending` gave.
    pub fn promising(&self, scope: &mut Scope<'_, 'js>, name: &str) -> Result<Function<'js>> {
        let function = self.function(scope, name)?.into_value(scope)?.into_inner();
        let promising = native::promising(scope.ctx(), &function);
        Value::new(scope.checked(promising)?).to(scope)
    }

    /// An exported memory.
    pub fn memory(&self, scope: &mut Scope<'_, 'js>, name: &str) -> Result<Memory> {
        self.of_kind(scope, name, "a memory")
    }

    /// An exported global.
    pub fn global(&self, scope: &mut Scope<'_, 'js>, name: &str) -> Result<Global<'js>> {
        self.of_kind(scope, name, "a global")
    }

    /// An exported table.
    pub fn table(&self, scope: &mut Scope<'_, 'js>, name: &str) -> Result<Table<'js>> {
        self.of_kind(scope, name, "a table")
    }

    /// The names, in the module's order.
    pub fn names(&self, scope: &mut Scope<'_, 'js>) -> Result<Vec<String>> {
        let names = self.0.clone().into_inner().keys::<String>().collect();
        scope.checked(names)
    }

    /// The frozen object that script sees.
    pub fn object(&self) -> Object<'js> {
        self.0.clone()
    }

    fn of_kind<T: FromValue<'js>>(
        &self,
        scope: &mut Scope<'_, 'js>,
        name: &str,
        wanted: &str,
    ) -> Result<T> {
        let value: Value<'js> = self.0.get(scope, name)?;
        if value.is_undefined() {
            let names = self.names(scope)?.join(", ");
            let all = if names.is_empty() { "nothing" } else { &names };
            let text = format!("the instance has no export {name:?}: it exports {all}");
            return Err(Error::mismatch(text));
        }
        value.to(scope).map_err(|_| Error::mismatch(format!("the export {name:?} is not {wanted}")))
    }
}

/// What a module is given: the import object, made in Rust, within the scope that uses it.
///
/// ```
/// use holm::{Config, Engine, Imports, Isolate, Memory, Module};
///
/// let engine = Engine::new(Config::default())?;
/// # let wasm = wat::parse_str(r#"(module
/// #     (import "env" "memory" (memory 1))
/// #     (import "env" "twice" (func $twice (param i32) (result i32)))
/// #     (func (export "run") (result i32) (call $twice (i32.load8_u (i32.const 0)))))"#)
/// #     .expect("a module");
/// let module = Module::compile(&engine, &wasm)?;
/// let mut isolate = Isolate::builder(&engine).build()?;
/// let result: i32 = isolate.enter(|scope| {
///     let memory = Memory::new(scope, 1, None)?;
///     memory.copy_from(scope, 0, &[21])?;
///     let imports = Imports::new()
///         .value("env", "memory", &memory)
///         .function("env", "twice", |scope, arguments| {
///             let number: i32 = arguments[0].to(scope)?;
///             scope.value(2 * number)
///         });
///     let exports = scope.instantiate(&module, &imports)?.exports();
///     exports.function(scope, "run")?.call(scope, ())
/// })?;
/// assert_eq!(result, 42);
/// # Ok::<(), holm::Error>(())
/// ```
#[derive(Default)]
pub struct Imports<'a, 'js>(Vec<Entry<'a, 'js>>);

struct Entry<'a, 'js> {
    module: String,
    name: String,
    make: Make<'a, 'js>,
}

type Make<'a, 'js> = Box<dyn Fn(&mut Scope<'_, 'js>) -> Result<Value<'js>> + 'a>;

impl<'a, 'js> Imports<'a, 'js> {
    /// Nothing.
    pub fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a function whose body is Rust, as [`Scope::function`]. What it returns as `Err`
    /// goes through the module as an exception. An `i64` comes and goes as a BigInt.
    pub fn function<F>(self, module: &str, name: &str, body: F) -> Self
    where
        F: for<'b, 'c> Fn(&mut Scope<'b, 'c>, &[Value<'c>]) -> Result<Value<'c>> + 'static,
    {
        let (body, shown) = (Rc::new(body), name.to_owned());
        self.entry(module, name, move |scope| {
            let body = body.clone();
            let made = scope.function(&shown, move |scope, arguments| body(scope, arguments))?;
            made.into_value(scope)
        })
    }

    /// Adds a function whose result is there only later. `body` looks at the arguments and says
    /// what to wait for; the module waits, while the isolate's event loop goes on. What either
    /// returns as `Err` goes through the module as an exception.
    ///
    /// The module has to be called through [`Exports::promising`]; otherwise it gets a
    /// `SuspendError`. The work is dropped with the isolate.
    ///
    /// ```
    /// use std::time::Duration;
    /// use holm::{Config, Engine, Imports, Isolate, Module, SourceKind};
    ///
    /// # let engine = Engine::new(Config::default())?;
    /// # let wasm = wat::parse_str(r#"(module
    /// #     (import "env" "later" (func $later (param i32) (result i32)))
    /// #     (func (export "run") (param i32) (result i32)
    /// #         (i32.add (call $later (local.get 0)) (i32.const 2))))"#).expect("a module");
    /// let module = Module::compile(&engine, &wasm)?;
    /// let mut isolate = Isolate::builder(&engine).build()?;
    /// isolate.enter(|scope| {
    ///     let imports = Imports::new().async_function("env", "later", |scope, arguments| {
    ///         let number: i32 = arguments[0].to(scope)?;
    ///         Ok(async move {
    ///             tokio::time::sleep(Duration::from_millis(1)).await;
    ///             Ok::<_, std::io::Error>(2 * number)
    ///         })
    ///     });
    ///     let exports = scope.instantiate(&module, &imports)?.exports();
    ///     let run = exports.promising(scope, "run")?;
    ///     scope.global().set(scope, "run", run)
    /// })?;
    /// let script = "if (await run(20) !== 42) throw new Error('another number')";
    /// isolate.run_source("main.mjs", script, SourceKind::Module)?;
    /// # Ok::<(), holm::Error>(())
    /// ```
    pub fn async_function<F, W, T, E>(self, module: &str, name: &str, body: F) -> Self
    where
        F: for<'b, 'c> Fn(&mut Scope<'b, 'c>, &[Value<'c>]) -> Result<W> + 'static,
        W: Future<Output = std::result::Result<T, E>> + 'static,
        T: for<'c> IntoValue<'c> + 'static,
        E: fmt::Display + 'static,
    {
        let (body, shown) = (Rc::new(body), name.to_owned());
        self.entry(module, name, move |scope| {
            let body = body.clone();
            let function = scope.function(&shown, move |scope, arguments| {
                let work = body(scope, arguments)?;
                let promise = native::promise_of(scope.ctx(), work, |ctx, given| {
                    let thrown = |text: String| throw(ctx, ErrorKind::Plain, &text);
                    let given = given.map_err(|error: E| thrown(error.to_string()))?;
                    let value: Result<Value<'_>> = given.into_value(&mut Scope::new(ctx));
                    value.map(Value::into_inner).map_err(|error| thrown(error.to_string()))
                });
                scope.checked(promise).map(Value::new)
            })?;
            let function = function.into_value(scope)?.into_inner();
            let suspending = native::suspending(scope.ctx(), &function);
            scope.checked(suspending).map(Value::new)
        })
    }

    /// Adds whatever script could give: a [`Memory`], [`Global`], [`Table`], [`Function`], a
    /// number for an immutable global …
    pub fn value(self, module: &str, name: &str, value: impl IntoValue<'js> + Clone + 'a) -> Self {
        self.entry(module, name, move |scope| value.clone().into_value(scope))
    }

    fn entry(
        mut self,
        module: &str,
        name: &str,
        make: impl Fn(&mut Scope<'_, 'js>) -> Result<Value<'js>> + 'a,
    ) -> Self {
        let (module, name, make) = (module.to_owned(), name.to_owned(), Box::new(make));
        self.0.push(Entry { module, name, make });
        self
    }

    fn object(&self, scope: &mut Scope<'_, 'js>) -> Result<holm_js::Object<'js>> {
        let root = plain_object(scope)?;
        for entry in &self.0 {
            let known: Option<holm_js::Object<'js>> = {
                let known = root.get(&*entry.module);
                scope.checked(known)?
            };
            let namespace = match known {
                Some(namespace) => namespace,
                None => {
                    let made = plain_object(scope)?;
                    let done = root.set(&*entry.module, made.clone());
                    scope.checked(done)?;
                    made
                }
            };
            let value = (entry.make)(scope)?.into_inner();
            let done = namespace.set(&*entry.name, value);
            scope.checked(done)?;
        }
        Ok(root)
    }
}

/// Without a prototype: a module may import `env.toString`.
fn plain_object<'js>(scope: &mut Scope<'_, 'js>) -> Result<holm_js::Object<'js>> {
    let made = holm_js::Object::new_proto(scope.ctx().clone(), None);
    scope.checked(made)
}

/// Where imports come from: [`Imports`], or an import object of script. Not for others to
/// implement.
pub trait ImportSource<'js>: sealed::Sealed<'js> {}

impl<'js> ImportSource<'js> for &Imports<'_, 'js> {}

impl<'js> ImportSource<'js> for &Object<'js> {}

mod sealed {
    use crate::{Object, Result, Scope};

    #[expect(unnameable_types, reason = "sealed")]
    pub trait Sealed<'js> {
        fn import_object(self, scope: &mut Scope<'_, 'js>) -> Result<holm_js::Object<'js>>;
    }

    impl<'js> Sealed<'js> for &super::Imports<'_, 'js> {
        fn import_object(self, scope: &mut Scope<'_, 'js>) -> Result<holm_js::Object<'js>> {
            self.object(scope)
        }
    }

    impl<'js> Sealed<'js> for &Object<'js> {
        fn import_object(self, _scope: &mut Scope<'_, 'js>) -> Result<holm_js::Object<'js>> {
            Ok(self.clone().into_inner())
        }
    }
}

impl<'js> Scope<'_, 'js> {
    /// Makes an instance of a module, as `new WebAssembly.Instance(module, imports)` does: it
    /// may run script and the module's start function.
    ///
    /// `imports` are [`Imports`], or an import object of script:
    ///
    /// ```
    /// # use holm::{Config, Engine, Isolate, Module, Object};
    /// # let engine = Engine::new(Config::default())?;
    /// # let wasm = wat::parse_str(r#"(module (import "env" "limit" (global i32))
    /// #     (export "limit" (global 0)))"#).expect("a module");
    /// # let module = Module::compile(&engine, &wasm)?;
    /// # let mut isolate = Isolate::builder(&engine).build()?;
    /// isolate.enter(|scope| {
    ///     let imports: Object = scope.eval("({ env: { limit: 10 } })")?;
    ///     let exports = scope.instantiate(&module, &imports)?.exports();
    ///     assert_eq!(exports.global(scope, "limit")?.get::<i32>(scope)?, 10);
    ///     Ok(())
    /// })
    /// # ?; Ok::<(), holm::Error>(())
    /// ```
    pub fn instantiate(
        &mut self,
        module: &Module,
        imports: impl ImportSource<'js>,
    ) -> Result<Instance<'js>> {
        module.check_engine(self)?;
        let imports = imports.import_object(self)?;
        let made = module.native().instantiate(self.ctx(), Some(&imports));
        let object = self.checked(made)?;
        Instance::from_value(self, Value::new(object.into_value()))
    }
}

/// `WebAssembly.Instance`s.
impl<'js> FromValue<'js> for Instance<'js> {
    fn from_value(scope: &mut Scope<'_, 'js>, value: Value<'js>) -> Result<Self> {
        let exports = native::exports_of(scope.ctx(), value.inner());
        let exports = scope.checked(exports)?;
        match (value.into_inner().into_object(), exports) {
            (Some(object), Some(exports)) => {
                Ok(Self { object: Object::new(object), exports: Object::new(exports) })
            }
            _ => Err(Error::mismatch("the value is no WebAssembly.Instance")),
        }
    }
}

impl<'js> IntoValue<'js> for Instance<'js> {
    fn into_value(self, scope: &mut Scope<'_, 'js>) -> Result<Value<'js>> {
        self.object.into_value(scope)
    }
}

impl<'js> IntoValue<'js> for &Instance<'js> {
    fn into_value(self, scope: &mut Scope<'_, 'js>) -> Result<Value<'js>> {
        self.clone().into_value(scope)
    }
}

impl fmt::Debug for Instance<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Instance")
    }
}

impl fmt::Debug for Exports<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exports")
    }
}

impl fmt::Debug for Imports<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().map(|entry| format!("{}.{}", entry.module, entry.name));
        f.debug_list().entries(names).finish()
    }
}
