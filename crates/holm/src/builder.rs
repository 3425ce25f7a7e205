//! Making isolates.

use std::fmt;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use holm_host::network::Trust;
use holm_host::{Clock, Cluster, Host, Output, Permissions, ProcessInfo, Random};
use holm_js::{FamilyBudget, Limits, Realm, Runtime};
use holm_webassembly::Stopper;

use crate::event_loop::EventLoop;
use crate::handle::IsolateHandle;
use crate::loader::{ModuleLoader, adapted};
use crate::worker::Starter;
use crate::{Engine, Error, Isolate, Result};

/// Says what an isolate has and may do. By default it has the web's globals, no modules, no
/// permissions, and nowhere to print.
pub struct IsolateBuilder {
    engine: Engine,
    limits: Limits,
    time_limit: Option<Duration>,
    host: Host,
    modules: Modules,
}

pub(crate) enum Modules {
    None,
    Custom(Rc<dyn ModuleLoader>),
    Node,
    /// For workers of the web, which nobody shall take for Node's.
    NodeWithoutGlobals,
}

impl IsolateBuilder {
    pub(crate) fn new(engine: &Engine) -> Self {
        Self {
            engine: engine.clone(),
            limits: Limits::default(),
            time_limit: None,
            host: Host::default(),
            modules: Modules::None,
        }
    }

    /// Bytes that the JavaScript heap, and the memories, tables and objects of WebAssembly modules
    /// may hold together, those of workers included. A memory counts as long as it is, touched or
    /// not.
    pub fn memory_limit_bytes(mut self, bytes: usize) -> Self {
        self.limits.heap_bytes = Some(bytes);
        self
    }

    /// Bytes of the thread's stack that script may use. The default fits a thread of 2 MiB.
    pub fn stack_limit_bytes(mut self, bytes: usize) -> Self {
        self.limits.stack_bytes = bytes;
        self
    }

    /// How long the isolate may run, counted from when it is built.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = Some(limit);
        self
    }

    /// What script may reach.
    pub fn permissions(mut self, permissions: Permissions) -> Self {
        self.host.permissions = permissions;
        self
    }

    /// PEM files of certificates that servers may prove who they are with, besides those that
    /// browsers trust. They are read when TLS is first used; `fetch` tells of one that cannot be.
    pub fn trust_certificates(self, files: Vec<PathBuf>) -> Self {
        self.host.cluster.part::<Trust>().set_files(files);
        self
    }

    /// Where `console` writes.
    pub fn output(mut self, output: impl Output + 'static) -> Self {
        self.host.output = Box::new(output);
        self
    }

    /// The time that timers and `performance` see.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.host.clock = Box::new(clock);
        self
    }

    /// Where random bytes come from.
    pub fn random(mut self, random: impl Random + 'static) -> Self {
        self.host.random = Box::new(random);
        self
    }

    /// Where `import` finds modules.
    pub fn module_loader(mut self, loader: impl ModuleLoader + 'static) -> Self {
        self.modules = Modules::Custom(Rc::new(loader));
        self
    }

    /// Adds Node: `process`, `require`, modules from files and `node_modules`, as far as the
    /// permissions allow.
    pub fn node(self, process: ProcessInfo) -> Self {
        self.modules(Modules::Node, process)
    }

    pub(crate) fn modules(mut self, modules: Modules, process: ProcessInfo) -> Self {
        self.host.process = process;
        self.modules = modules;
        self
    }

    pub(crate) fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    pub(crate) fn cluster(mut self, cluster: Cluster) -> Self {
        self.host.cluster = cluster;
        self
    }

    pub(crate) fn boxed_output(mut self, output: Box<dyn Output>) -> Self {
        self.host.output = output;
        self
    }

    /// Makes the isolate.
    pub fn build(mut self) -> Result<Isolate> {
        let has_workers = matches!(self.modules, Modules::Node | Modules::NodeWithoutGlobals);
        if let (true, None, Some(bytes)) =
            (has_workers, self.limits.family.as_ref(), self.limits.heap_bytes)
        {
            self.limits.family = Some(FamilyBudget::new(bytes));
        }
        let runtime = Runtime::new(&self.limits).map_err(|error| Error::setup(&error))?;
        let realm = Realm::new(&runtime).map_err(|error| Error::setup(&error))?;
        let mut host = self.host;
        if has_workers {
            host.scripts = Some(holm_node::modules::scripts());
            host.workers = Some(Box::new(Starter {
                engine: self.engine.clone(),
                limits: self.limits.clone(),
            }));
        }
        let host = Rc::new(host);
        let stopper = Stopper::new();
        let installed = realm.enter(|ctx| {
            holm_host::install(ctx, host.clone());
            let engine = self.engine.clone();
            holm_webassembly::install(
                ctx,
                Rc::new(move || engine.wasm().cloned().map_err(|error| error.to_string())),
                self.engine.waiters(),
                &stopper,
            )?;
            holm_web::install(ctx)?;
            match self.modules {
                Modules::None => {}
                Modules::Custom(loader) => runtime.set_module_loader(adapted(loader)),
                Modules::Node => {
                    holm_node::install(ctx)?;
                    runtime.set_module_loader(holm_node::modules::loader());
                }
                Modules::NodeWithoutGlobals => {
                    runtime.set_module_loader(holm_node::modules::loader());
                }
            }
            Ok(())
        });
        installed.map_err(|error: holm_js::Error| Error::setup(&error))?;
        let interrupter = runtime.interrupter().clone();
        let handle = IsolateHandle::new(interrupter, stopper, host.receivers.waker().clone());
        if let Some(limit) = self.time_limit {
            handle.set_deadline(Instant::now().checked_add(limit));
        }
        let event_loop = EventLoop::new(host.clone(), handle.clone());
        Ok(Isolate::new(self.engine, event_loop, realm, host, handle))
    }
}

impl fmt::Debug for IsolateBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IsolateBuilder").field("limits", &self.limits).finish_non_exhaustive()
    }
}
