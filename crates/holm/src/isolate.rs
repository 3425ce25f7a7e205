//! An isolate: one heap, one event loop, one set of permissions.

use std::fmt;
use std::path::Path;
use std::rc::Rc;

use holm_host::Host;
use holm_js::{
    Ctx, Filter, Promise, PromiseState, Realm, Root, ScriptOrigin, Value, evaluate_async_script,
    evaluate_script,
};
use holm_node::wasi::{self, CommandOptions};
use holm_node::{modules, process};
use holm_web::console::inspect::{self, Colors, Options};

use crate::event_loop::{EventLoop, First, describe};
use crate::{Engine, Error, IsolateBuilder, IsolateHandle, Result, Scope};

/// JavaScript with its own heap and event loop. Stays on the thread that made it; may be
/// dropped at any moment.
pub struct Isolate {
    /// Dropped first: tasks in flight may hold roots into the realm.
    event_loop: EventLoop,
    realm: Realm,
    host: Rc<Host>,
    handle: IsolateHandle,
    engine: Engine,
}

/// How a program ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// The exit code.
    pub code: i32,
    /// Whether the main module still waited for a promise that nothing will settle.
    pub is_unsettled: bool,
}

/// What an entry of a prompt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evaluation {
    /// Its value as text.
    Shown(String),
    /// It ended the program.
    Exit(Exit),
}

/// What a source text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// An ES module.
    Module,
    /// A classic script.
    Script,
    /// A CommonJS module; needs [`IsolateBuilder::node`].
    CommonJs,
}

impl SourceKind {
    /// What a text without a file name is: a module if it has what only modules have, else
    /// CommonJS.
    pub fn of_text(text: &str) -> Self {
        let may_be = ["import", "export", "await"].iter().any(|word| text.contains(word));
        let is_module = may_be && holm_node::syntax::queries::has_module_syntax(text);
        if is_module { Self::Module } else { Self::CommonJs }
    }
}

/// Where a module's text first awaits outside of functions: line and column, from 1.
pub fn first_top_level_await(source: &str) -> Option<(u32, u32)> {
    let position = holm_node::syntax::queries::first_top_level_await(source)?;
    Some((position.line, position.column))
}

/// The code of a program whose main module waits for ever, as Node's.
const UNSETTLED_CODE: i32 = 13;

impl Isolate {
    /// Begins to describe an isolate.
    pub fn builder(engine: &Engine) -> IsolateBuilder {
        IsolateBuilder::new(engine)
    }

    pub(crate) fn new(
        engine: Engine,
        event_loop: EventLoop,
        realm: Realm,
        host: Rc<Host>,
        handle: IsolateHandle,
    ) -> Self {
        Self { event_loop, realm, host, handle, engine }
    }

    /// The engine the isolate was made with.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Stops the isolate from elsewhere.
    pub fn handle(&self) -> IsolateHandle {
        self.handle.clone()
    }

    /// Bytes the JavaScript heap holds now.
    pub fn memory_used_bytes(&self) -> usize {
        self.realm.runtime().memory_used_bytes()
    }

    /// Runs `body` with the isolate open, then the promise jobs it started.
    pub fn enter<R>(
        &mut self,
        body: impl for<'js> FnOnce(&mut Scope<'_, 'js>) -> Result<R>,
    ) -> Result<R> {
        let (event_loop, handle) = (&self.event_loop, &self.handle);
        let result = self.realm.enter(|ctx| {
            let result = body(&mut Scope::new(ctx));
            event_loop.checkpoint(ctx, First::Ticks);
            result
        });
        if handle.interrupter().is_due() { Err(self.why_stopped()) } else { result }
    }

    /// Runs the event loop until nothing is left to do. Gives the error that ended it, if
    /// one did.
    pub fn run_until_idle(&mut self) -> Result<()> {
        self.event_loop.run(&self.realm);
        self.ending()
    }

    /// Runs a program: its main file, then the event loop to the end, then `exit` handlers.
    /// Needs [`IsolateBuilder::node`].
    pub fn run_file(&mut self, path: &Path) -> Result<Exit> {
        self.run_program(|ctx| modules::run_main(ctx, path))
    }

    /// Runs a module of WebAssembly that runs by itself, as [`Self::run_file`]: a command or a
    /// reactor of WASI, or one of its functions. One that is none of these is an ES module.
    /// What it is given has to be allowed by the isolate's permissions. Needs
    /// [`IsolateBuilder::node`].
    pub fn run_command(&mut self, path: &Path, options: &CommandOptions) -> Result<Exit> {
        self.run_program(|ctx| wasi::run(ctx, path, options))
    }

    /// Runs a program given as text, as [`Self::run_file`]. `name` is its path or URL: what
    /// it imports is found from there.
    pub fn run_source(&mut self, name: &str, source: &str, kind: SourceKind) -> Result<Exit> {
        self.run_program(|ctx| match kind {
            SourceKind::CommonJs => modules::run_commonjs_text(ctx, name, source).map(|()| None),
            SourceKind::Script => {
                evaluate_script(ctx, source, ScriptOrigin::new(name)).map(|_| None)
            }
            SourceKind::Module => {
                let record = modules::compile(ctx, name, source.to_owned(), modules::IsMain::Yes)?;
                modules::evaluate(ctx, record).map(|(promise, _)| Some(promise))
            }
        })
    }

    /// Evaluates an entry of a prompt: a script with `await` at its top level, or an object
    /// literal. Waits for what it awaits, and gives its value as text.
    pub fn evaluate(&mut self, source: &str, colors: Colors) -> Result<Evaluation> {
        let event_loop = &self.event_loop;
        let folder = self.host.process.current_dir();
        let name = folder.join("[repl]").display().to_string();
        let started = self.realm.enter(|ctx| {
            let promise = start_entry(ctx, source, &name)
                .and_then(|promise| Root::<Value<'static>>::new(ctx, promise))
                .map_err(|error| Error::caught(ctx, error));
            event_loop.checkpoint(ctx, First::Jobs);
            promise
        });
        let promise = match started {
            Ok(promise) => promise,
            Err(error) if !self.event_loop.must_end() => return Err(error),
            Err(_) => return self.exit_of_entry(),
        };
        self.event_loop.run_while(&self.realm, |ctx| is_pending(ctx, &promise));
        if self.event_loop.must_end() {
            return self.exit_of_entry();
        }
        self.realm.enter(|ctx| show_entry(ctx, &promise, colors)).map(Evaluation::Shown)
    }

    /// Ends a program that was run by [`Self::evaluate`]: runs its `exit` handlers.
    pub fn end(&mut self) -> Result<Exit> {
        self.finish(false)
    }

    fn exit_of_entry(&mut self) -> Result<Evaluation> {
        self.finish(false).map(Evaluation::Exit)
    }

    /// The names that can follow `path.` (a dotted path of names), or the global ones when it
    /// is empty: for completion at a prompt. Reads the path's properties, getters too.
    pub fn property_names(&mut self, path: &str) -> Vec<String> {
        let object = if path.is_empty() { "globalThis" } else { path };
        let is_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.');
        if !object.chars().all(is_path) {
            return Vec::new();
        }
        self.realm.enter(|ctx| {
            let names = evaluate_script(ctx, object, ScriptOrigin::new("completion"))
                .and_then(|value| names_of(&value));
            names.unwrap_or_else(|error| {
                drop(holm_js::take_exception(ctx, error));
                Vec::new()
            })
        })
    }

    pub(crate) fn run_program(
        &mut self,
        start: impl for<'js> FnOnce(&Ctx<'js>) -> holm_js::Result<Option<Promise<'js>>>,
    ) -> Result<Exit> {
        let (event_loop, realm) = (&mut self.event_loop, &self.realm);
        let main: Option<Root<Value<'static>>> = realm.enter(|ctx| match start(ctx) {
            Ok(promise) => promise.and_then(|promise| Root::new(ctx, promise.into_value()).ok()),
            Err(error) => {
                event_loop.after(ctx, Err::<(), _>(error));
                None
            }
        });
        let first = if main.is_some() { First::Jobs } else { First::Ticks };
        event_loop.set_main(main);
        realm.enter(|ctx| event_loop.checkpoint(ctx, first));
        if !event_loop.must_end() {
            event_loop.run(realm);
        }
        let is_unsettled = !event_loop.must_end()
            && realm.enter(|ctx| event_loop.main().is_some_and(|main| is_pending(ctx, main)));
        self.finish(is_unsettled)
    }

    /// Runs `exit` handlers and gives how the program ended.
    fn finish(&mut self, is_unsettled: bool) -> Result<Exit> {
        let lifecycle = &self.host.lifecycle;
        if let Some(code) = lifecycle.exit_code() {
            return Ok(Exit { code, is_unsettled: false });
        }
        if self.handle.interrupter().is_due() {
            return Err(self.why_stopped());
        }
        let mut failure = lifecycle.take_uncaught();
        let code = match (&failure, is_unsettled) {
            (Some(failure), _) => Some(failure.exit_code),
            (None, true) => Some(UNSETTLED_CODE),
            (None, false) => None,
        };
        let mut exit = Exit { code: code.unwrap_or(0), is_unsettled };
        self.realm.enter(|ctx| match process::exit(ctx, code) {
            Ok(code) => exit.code = code,
            Err(error) => {
                // The handler itself failed, or called `process.exit`.
                let thrown = holm_js::take_exception(ctx, error);
                if lifecycle.exit_code().is_none() {
                    failure.get_or_insert_with(|| describe(ctx, &thrown));
                }
            }
        });
        match failure {
            Some(failure) => Err(Error::uncaught(failure, Some(&self.host))),
            None => Ok(Exit { code: lifecycle.exit_code().unwrap_or(exit.code), ..exit }),
        }
    }

    fn ending(&self) -> Result<()> {
        if self.handle.interrupter().is_due() {
            return Err(self.why_stopped());
        }
        match self.host.lifecycle.take_uncaught() {
            Some(failure) => Err(Error::uncaught(failure, Some(&self.host))),
            None => Ok(()),
        }
    }

    /// Runs `body` with the isolate open, and no job after it.
    #[cfg(feature = "components")]
    pub(crate) fn enter_alone<R>(
        &mut self,
        body: impl for<'js> FnOnce(&Ctx<'js>) -> Result<R>,
    ) -> Result<R> {
        let result = self.realm.enter(body);
        if self.handle.interrupter().is_due() { Err(self.why_stopped()) } else { result }
    }

    fn why_stopped(&self) -> Error {
        let interrupter = self.handle.interrupter();
        if interrupter.is_stopped() {
            Error::stopped()
        } else if interrupter.is_out_of_memory() {
            Error::memory_limit()
        } else {
            Error::time_limit()
        }
    }
}

/// Starts an entry of a prompt; gives the promise of `{ value }`.
fn start_entry<'js>(ctx: &Ctx<'js>, source: &str, name: &str) -> holm_js::Result<Value<'js>> {
    let promise = compile_entry(ctx, source, name)?;
    if let Some(promise) = promise.as_promise() {
        // What it is rejected with is told by whoever shows the entry.
        holm_js::mark_handled(promise);
    }
    Ok(promise)
}

fn compile_entry<'js>(ctx: &Ctx<'js>, source: &str, name: &str) -> holm_js::Result<Value<'js>> {
    let origin = ScriptOrigin::new(name);
    // `{ a: 1 }` is meant as an object, though a script would take it for a block.
    if source.trim_start().starts_with('{') && !source.trim_end().ends_with(';') {
        match evaluate_async_script(ctx, format!("({source}\n)"), origin) {
            Ok(promise) => return Ok(promise),
            Err(error) => drop(holm_js::take_exception(ctx, error)),
        }
    }
    evaluate_async_script(ctx, source, origin)
}

fn is_pending(ctx: &Ctx<'_>, promise: &Root<Value<'static>>) -> bool {
    let promise = promise.get::<Promise<'_>>(ctx);
    promise.is_ok_and(|promise| promise.state() == PromiseState::Pending)
}

/// The value of a settled entry as text; it is `_` from now on.
fn show_entry(ctx: &Ctx<'_>, promise: &Root<Value<'static>>, colors: Colors) -> Result<String> {
    let shown = (|| {
        let promise: Promise<'_> = promise.get(ctx)?;
        let result = holm_js::promise_result(&promise);
        match promise.state() {
            PromiseState::Pending => return Ok("(it waits for what never comes)".to_owned()),
            PromiseState::Rejected => return Err(holm_js::throw_value(ctx, result)),
            PromiseState::Resolved => {}
        }
        let value: Value<'_> = match result.as_object() {
            Some(result) => result.get("value")?,
            None => result,
        };
        ctx.globals().set("_", value.clone())?;
        inspect::inspect(ctx, &value, &Options { colors, ..Options::default() })
    })();
    shown.map_err(|error| Error::caught(ctx, error))
}

/// The names of a value's properties, inherited ones too.
fn names_of(value: &Value<'_>) -> holm_js::Result<Vec<String>> {
    let mut names = Vec::new();
    let mut holder = value.as_object().cloned();
    while let Some(object) = holder {
        for name in object.own_keys::<String>(Filter::new().string()) {
            names.push(name?);
        }
        holder = object.get_prototype();
    }
    Ok(names)
}

impl fmt::Debug for Isolate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Isolate").finish_non_exhaustive()
    }
}
