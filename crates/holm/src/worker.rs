//! Isolates on threads of their own, for script that asks for workers.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use holm_host::{WorkerEnd, WorkerKind, WorkerOrder, WorkerStarter, WorkerThread};
use holm_js::Limits;

use crate::builder::Modules;
use crate::{Engine, Error, Exit, Isolate, IsolateBuilder, IsolateHandle, Result};

/// Stack of a worker's script, as in Node.
const STACK_BYTES: usize = 4 << 20;
/// The least that a program can ask for.
const MIN_STACK_BYTES: usize = 256 << 10;
/// The most.
const MAX_STACK_BYTES: usize = 64 << 20;
/// Stack left to the host below what script may use.
const HOST_STACK_BYTES: usize = 1 << 20;

/// Makes workers like the isolate that has it.
pub(crate) struct Starter {
    pub(crate) engine: Engine,
    pub(crate) limits: Limits,
}

impl WorkerStarter for Starter {
    fn start(&self, order: WorkerOrder) -> io::Result<WorkerThread> {
        let control = Arc::new(Control::default());
        let stop = {
            let control = control.clone();
            Arc::new(move || control.stop())
        };
        let asked = order.limits;
        let limits = Limits {
            heap_bytes: [asked.memory_bytes, self.limits.heap_bytes].into_iter().flatten().min(),
            family: self.limits.family.clone(),
            stack_bytes: asked
                .stack_bytes
                .unwrap_or(STACK_BYTES)
                .clamp(MIN_STACK_BYTES, MAX_STACK_BYTES),
        };
        let engine = self.engine.clone();
        let thread = thread::Builder::new()
            .name(order.thread_name.clone())
            .stack_size(limits.stack_bytes + HOST_STACK_BYTES)
            .spawn(move || run(&engine, limits, &control, order))?;
        Ok(WorkerThread { stop, thread })
    }
}

/// How whoever made the worker reaches it.
#[derive(Default)]
struct Control(Mutex<State>);

#[derive(Default)]
struct State {
    is_stopped: bool,
    /// While the isolate exists.
    handle: Option<IsolateHandle>,
}

impl Control {
    fn stop(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.is_stopped = true;
        if let Some(handle) = &state.handle {
            handle.stop();
        }
    }

    /// From now on stopping the worker stops this isolate.
    fn set(&self, handle: Option<IsolateHandle>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let (true, Some(handle)) = (state.is_stopped, &handle) {
            handle.stop();
        }
        state.handle = handle;
    }
}

/// The whole life of a worker, on its thread.
fn run(engine: &Engine, limits: Limits, control: &Control, order: WorkerOrder) {
    let WorkerOrder { kind, permissions, process, output, cluster, begin, ended, .. } = order;
    let modules = match kind {
        WorkerKind::Web => Modules::NodeWithoutGlobals,
        WorkerKind::Node => Modules::Node,
    };
    let builder = IsolateBuilder::new(engine)
        .limits(limits)
        .permissions(permissions)
        .cluster(cluster)
        .modules(modules, process)
        .boxed_output(output);
    let end = match builder.build() {
        Ok(mut isolate) => {
            control.set(Some(isolate.handle()));
            let end = program(&mut isolate, |isolate| isolate.run_program(|ctx| begin(ctx)));
            control.set(None);
            drop(isolate);
            end
        }
        Err(error) => WorkerEnd::NotMade(error.to_string()),
    };
    ended(end);
}

fn program(isolate: &mut Isolate, run: impl FnOnce(&mut Isolate) -> Result<Exit>) -> WorkerEnd {
    match run(isolate) {
        Ok(exit) => WorkerEnd::Exited(exit.code),
        Err(error) if error.is_stopped() => WorkerEnd::Stopped,
        Err(error) => failed(&error),
    }
}

fn failed(error: &Error) -> WorkerEnd {
    WorkerEnd::Failed {
        code: error.exit_code(),
        text: error.to_string(),
        is_out_of_memory: error.is_memory_limit(),
    }
}
