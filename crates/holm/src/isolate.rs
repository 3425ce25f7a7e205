//! An isolate: one heap, one event loop, one set of permissions.

use std::fmt;
use std::path::Path;
use std::rc::Rc;

use holm_host::Host;
use holm_js::{
    Ctx, Promise, PromiseState, Realm, Root, ScriptOrigin, Value, compile_module, evaluate_script,
};
use holm_node::{modules, process};

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

    /// Runs a program given as text, as [`Self::run_file`]. `name` is its path or URL: what
    /// it imports is found from there.
    pub fn run_source(&mut self, name: &str, source: &str, kind: SourceKind) -> Result<Exit> {
        self.run_program(|ctx| match kind {
            SourceKind::CommonJs => modules::run_commonjs_text(ctx, name, source).map(|()| None),
            SourceKind::Script => {
                evaluate_script(ctx, source, ScriptOrigin::new(name)).map(|_| None)
            }
            SourceKind::Module => {
                let record = compile_module(ctx, name, source)?;
                modules::fill_meta(ctx, &record, modules::IsMain::Yes)?;
                modules::evaluate(ctx, &record).map(Some)
            }
        })
    }

    fn run_program(
        &mut self,
        start: impl for<'js> FnOnce(&Ctx<'js>) -> holm_js::Result<Option<Promise<'js>>>,
    ) -> Result<Exit> {
        let event_loop = &self.event_loop;
        let main: Option<Root<Value<'static>>> = self.realm.enter(|ctx| match start(ctx) {
            Ok(Some(promise)) => {
                let root = Root::new(ctx, promise.into_value()).ok();
                event_loop.checkpoint(ctx, First::Jobs);
                root
            }
            Ok(None) => {
                event_loop.checkpoint(ctx, First::Ticks);
                None
            }
            Err(error) => {
                event_loop.after(ctx, Err::<(), _>(error));
                None
            }
        });
        if !self.event_loop.must_end() {
            self.event_loop.run(&self.realm);
        }
        let is_unsettled = main.is_some_and(|main| self.is_pending(&main));
        self.finish(is_unsettled)
    }

    fn is_pending(&self, promise: &Root<Value<'static>>) -> bool {
        !self.event_loop.must_end()
            && self.realm.enter(|ctx| {
                promise
                    .get::<Promise<'_>>(ctx)
                    .is_ok_and(|promise| promise.state() == PromiseState::Pending)
            })
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
        let failure = lifecycle.take_uncaught();
        let code = match (&failure, is_unsettled) {
            (Some(_), _) => Some(1),
            (None, true) => Some(UNSETTLED_CODE),
            (None, false) => None,
        };
        let code = self.realm.enter(|ctx| {
            process::exit(ctx, code).map_err(|error| {
                let thrown = holm_js::take_exception(ctx, error);
                describe(ctx, &thrown)
            })
        });
        if let Some(code) = self.host.lifecycle.exit_code() {
            // An `exit` handler called `process.exit`.
            return match failure {
                Some(failure) => Err(Error::uncaught(failure, Some(&self.host))),
                None => Ok(Exit { code, is_unsettled }),
            };
        }
        match (failure, code) {
            (Some(failure), _) | (None, Err(failure)) => {
                Err(Error::uncaught(failure, Some(&self.host)))
            }
            (None, Ok(code)) => Ok(Exit { code, is_unsettled }),
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

    fn why_stopped(&self) -> Error {
        if self.handle.interrupter().is_stopped() { Error::stopped() } else { Error::time_limit() }
    }
}

impl fmt::Debug for Isolate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Isolate").finish_non_exhaustive()
    }
}
