//! The event loop of one isolate.
//!
//! A turn, in Node's order: timers that are due, finished tasks, immediates. After every
//! callback comes a checkpoint: ticks, then promise jobs, until both are empty, then the
//! rejections nobody handled. Between turns the thread sleeps until something is due. The
//! loop ends when nothing is left that keeps the isolate alive, or when it has to.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use holm_host::{Completion, Host, UncaughtError, UncaughtOrigin};
use holm_js::{
    Ctx, JobOutcome, Realm, Rejection, Root, Thrown, Value, async_context, is_out_of_memory,
    is_same, run_job, take_exception, take_handled_late, take_rejections,
};
use holm_node::{process, ticks};
use holm_web::console::inspect::{self, Options};
use holm_web::timers::{TimerCall, timers};

use crate::handle::IsolateHandle;

/// The exit code of a program that failed, as Node's.
const FAILED_CODE: i32 = 1;
/// The exit code of a program whose handler of uncaught exceptions failed, as Node's.
const HANDLER_FAILED_CODE: i32 = 7;

/// Finished tasks of one turn: ones that start others may not keep timers waiting.
const TASKS_PER_TURN: u32 = 1000;
/// Messages of one turn, as in Node.
const MESSAGES_PER_TURN: u32 = 1000;
/// A loop that got mail so soon waits as long for the next before it sleeps.
const SOON: Duration = Duration::from_micros(50);
/// Looks at the mail between two looks at the clock.
const SPINS_PER_LOOK: u32 = 64;
/// Jobs between two looks at the clock: a chain of promises may have no end.
const JOBS_PER_LOOK: u32 = 1000;

pub(crate) struct EventLoop {
    host: Rc<Host>,
    handle: IsolateHandle,
    /// The promise of the program's main module: its rejection is no forgotten promise's.
    main: Option<Root<Value<'static>>>,
    /// Whether mail came soon after the loop had nothing to do.
    expects_mail: Cell<bool>,
}

/// How long to wait before the system is asked again for what it did not have.
const RETRY: Duration = Duration::from_millis(100);

/// Which of ticks and jobs come first at a checkpoint.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum First {
    /// After a callback.
    Ticks,
    /// After an ES module, whose evaluation is itself a job.
    Jobs,
}

impl EventLoop {
    pub(crate) fn new(host: Rc<Host>, handle: IsolateHandle) -> Self {
        Self { host, handle, main: None, expects_mail: Cell::new(false) }
    }

    /// Runs until nothing is left to do, or the end was asked for.
    pub(crate) fn run(&self, realm: &Realm) {
        self.run_while(realm, |_| true);
    }

    /// As [`Self::run`], but only as long as `wanted` says so.
    pub(crate) fn run_while(&self, realm: &Realm, wanted: impl Fn(&Ctx<'_>) -> bool) {
        while realm.enter(&wanted) {
            realm.enter(|ctx| self.turn(ctx));
            if self.must_end() {
                return;
            }
            if !realm.enter(|ctx| self.is_alive(ctx)) {
                // What another thread did before its last mail came may have finished a task that
                // nothing is kept alive for.
                realm.enter(|ctx| self.run_finished_tasks(ctx));
                if self.must_end() {
                    return;
                }
                if realm.enter(|ctx| self.is_alive(ctx)) {
                    continue;
                }
                realm.enter(|ctx| {
                    let done = process::before_exit(ctx);
                    self.after(ctx, done);
                });
                if self.must_end() || !realm.enter(|ctx| self.is_alive(ctx)) {
                    return;
                }
            }
            let wake = realm.enter(|ctx| Wake::of(ctx, &self.host));
            if let Some(completion) = self.wait(wake) {
                realm.enter(|ctx| {
                    let done = completion(ctx);
                    self.after(ctx, done);
                });
            }
        }
    }

    /// Whether the loop may not go on: the script ended itself, failed, or was stopped.
    pub(crate) fn must_end(&self) -> bool {
        self.host.lifecycle.is_ending() || self.handle.interrupter().is_due()
    }

    fn is_alive(&self, ctx: &Ctx<'_>) -> bool {
        let timers = timers(ctx);
        timers.keep_alive() || self.host.tasks.keep_alive() || self.host.receivers.keeps_alive()
    }

    fn turn(&self, ctx: &Ctx<'_>) {
        let timers = timers(ctx);
        let now = self.host.clock.elapsed();
        while let Some(call) = timers.take_due(now) {
            self.call(ctx, call);
            if self.must_end() {
                return;
            }
        }
        self.run_finished_tasks(ctx);
        self.receive_mail(ctx);
        // Immediates made by immediates wait for the next turn.
        for _ in 0..timers.immediates() {
            if self.must_end() {
                return;
            }
            let Some(next) = timers.take_immediate() else {
                break;
            };
            if let Some(call) = next {
                self.call(ctx, call);
            }
        }
    }

    fn call(&self, ctx: &Ctx<'_>, call: TimerCall) {
        let done = call.run(ctx);
        self.after(ctx, done);
    }

    /// Runs what is finished already, without waiting.
    fn run_finished_tasks(&self, ctx: &Ctx<'_>) {
        for _ in 0..TASKS_PER_TURN {
            if self.host.tasks.is_empty() || self.must_end() {
                return;
            }
            let Ok(reactor) = self.host.tasks.reactor() else { return };
            let finished = poll_fn(|cx| Poll::Ready(self.host.tasks.poll_completion(cx)));
            let Poll::Ready(completion) = reactor.block_on(finished) else { return };
            let done = completion(ctx);
            self.after(ctx, done);
        }
    }

    /// Hands over what other threads sent.
    fn receive_mail(&self, ctx: &Ctx<'_>) {
        for _ in 0..MESSAGES_PER_TURN {
            if self.must_end() {
                return;
            }
            let Some(receiver) = self.host.receivers.next_called() else { return };
            let done = receiver.receive(ctx);
            self.after(ctx, done);
        }
    }

    /// Sleeps until something is due; gives a task that finished meanwhile.
    fn wait(&self, wake: Wake) -> Option<Completion> {
        let deadline = self.handle.interrupter().deadline();
        let patience = match (wake, deadline) {
            (Wake::Now, _) => {
                self.look_at_reactor();
                return None;
            }
            (Wake::After(delay), None) => Some(delay),
            (Wake::OnTask, None) => None,
            (Wake::After(delay), Some(end)) => Some(delay.min(until(end))),
            (Wake::OnTask, Some(end)) => Some(until(end)),
        };
        if self.host.receivers.is_called() || self.spin(patience) {
            return None;
        }
        let began = Instant::now();
        let completion = self.sleep(patience);
        self.host.idle.set(self.host.idle.get() + began.elapsed());
        let came_soon = self.host.receivers.is_called() && began.elapsed() < SOON;
        self.expects_mail.set(came_soon);
        completion
    }

    /// A loop that never sleeps has to be told what came in meanwhile: sockets would wait for as long
    /// as there are immediates.
    fn look_at_reactor(&self) {
        if !self.host.tasks.is_empty()
            && let Ok(reactor) = self.host.tasks.reactor()
        {
            reactor.block_on(tokio::task::yield_now());
        }
    }

    /// Waits for mail without sleeping, if some is likely to come at once: being woken takes
    /// longer than an answer.
    fn spin(&self, patience: Option<Duration>) -> bool {
        if !self.expects_mail.get() || patience.is_some_and(|patience| patience < SOON) {
            return false;
        }
        let began = Instant::now();
        while began.elapsed() < SOON {
            for _ in 0..SPINS_PER_LOOK {
                if self.host.receivers.is_called() {
                    return true;
                }
                std::hint::spin_loop();
            }
            // Whoever is to answer may want this processor.
            std::thread::yield_now();
        }
        self.expects_mail.set(false);
        false
    }

    /// Sleeps; gives a task that finished meanwhile.
    fn sleep(&self, patience: Option<Duration>) -> Option<Completion> {
        if self.host.tasks.is_empty() {
            // Nothing but timers and mail: no reactor is needed to sleep.
            std::thread::park_timeout(patience.unwrap_or(Duration::MAX));
            return None;
        }
        let Ok(reactor) = self.host.tasks.reactor() else {
            // A system out of descriptors: the tasks cannot go on, timers can.
            std::thread::park_timeout(patience.unwrap_or(RETRY));
            return None;
        };
        reactor.block_on(async {
            let finished = poll_fn(|cx| self.host.tasks.poll_completion(cx));
            let woken = pin!(self.host.receivers.waker().woken());
            let woken = select(finished, woken);
            let woken = match patience {
                Some(delay) => tokio::time::timeout(delay, woken).await.ok()?,
                None => woken.await,
            };
            match woken {
                Either::Left((completion, _)) => Some(completion),
                Either::Right(_) => None,
            }
        })
    }

    /// After a callback: reports what it threw, then the checkpoint.
    pub(crate) fn after<T>(&self, ctx: &Ctx<'_>, done: holm_js::Result<T>) {
        if let Err(error) = done {
            let error = take_exception(ctx, error);
            self.report(ctx, error);
        }
        self.checkpoint(ctx, First::Ticks);
    }

    /// Runs ticks and jobs until there are none, and reports unhandled rejections.
    pub(crate) fn checkpoint(&self, ctx: &Ctx<'_>, first: First) {
        let mut first = first;
        while !self.must_end() {
            if std::mem::replace(&mut first, First::Ticks) == First::Ticks {
                self.run_ticks(ctx);
            }
            self.run_jobs(ctx);
            if let Some(error) = self.host.reported.take(ctx) {
                self.report(ctx, error);
                continue;
            }
            let Some(tick) = self.next_tick(ctx) else {
                let (rejections, late) = (take_rejections(ctx), take_handled_late(ctx));
                if rejections.is_empty() && late.is_empty() {
                    // What comes next was not asked for by what ran last.
                    async_context(ctx).set(None);
                    return;
                }
                for promise in late {
                    let told = promise
                        .get(ctx)
                        .and_then(|promise| process::rejection_handled(ctx, promise));
                    self.finish_tick(ctx, told);
                }
                for rejection in rejections {
                    self.report_rejection(ctx, &rejection);
                }
                continue;
            };
            self.finish_tick(ctx, tick);
        }
    }

    fn next_tick(&self, ctx: &Ctx<'_>) -> Option<holm_js::Result<()>> {
        ticks::run_next(ctx)
    }

    fn finish_tick(&self, ctx: &Ctx<'_>, tick: holm_js::Result<()>) {
        if let Err(error) = tick {
            let error = take_exception(ctx, error);
            self.report(ctx, error);
        }
    }

    fn run_ticks(&self, ctx: &Ctx<'_>) {
        while !self.must_end() {
            let Some(tick) = self.next_tick(ctx) else {
                return;
            };
            self.finish_tick(ctx, tick);
        }
    }

    fn run_jobs(&self, ctx: &Ctx<'_>) {
        loop {
            for _ in 0..JOBS_PER_LOOK {
                match run_job(ctx) {
                    JobOutcome::Idle => return,
                    JobOutcome::Ran => {}
                    JobOutcome::Threw(error) => self.report(ctx, error),
                }
                if self.host.lifecycle.is_ending() {
                    return;
                }
            }
            if self.must_end() {
                return;
            }
        }
    }

    /// An exception that reached the loop: the script's handlers first, else the end.
    pub(crate) fn report<'js>(&self, ctx: &Ctx<'js>, error: Value<'js>) {
        if self.must_end() {
            // `process.exit`, or a limit: what unwinds the script is not the script's error.
            return;
        }
        match process::uncaught_exception(ctx, error.clone(), "uncaughtException") {
            Ok(true) => {}
            Ok(false) if self.is_settled(ctx, &error, UncaughtOrigin::Exception) => {}
            Ok(false) => self.host.lifecycle.fail(describe(ctx, &error)),
            Err(thrown_by_handler) => {
                let error = take_exception(ctx, thrown_by_handler);
                if !self.must_end() {
                    let mut error = describe(ctx, &error);
                    error.exit_code = HANDLER_FAILED_CODE;
                    self.host.lifecycle.fail(error);
                }
            }
        }
    }

    /// Whether somebody besides the script took the error.
    fn is_settled<'js>(&self, ctx: &Ctx<'js>, error: &Value<'js>, origin: UncaughtOrigin) -> bool {
        let Some(uncaught) = self.host.uncaught.borrow().clone() else { return false };
        uncaught(ctx, error, origin).unwrap_or_else(|error| {
            drop(take_exception(ctx, error));
            false
        })
    }

    pub(crate) fn set_main(&mut self, promise: Option<Root<Value<'static>>>) {
        self.main = promise;
    }

    pub(crate) fn main(&self) -> Option<&Root<Value<'static>>> {
        self.main.as_ref()
    }

    fn is_main(&self, ctx: &Ctx<'_>, rejection: &Rejection) -> bool {
        let (Some(main), promise) = (&self.main, &rejection.promise) else { return false };
        match (main.get::<Value<'_>>(ctx), promise.get::<Value<'_>>(ctx)) {
            (Ok(main), Ok(promise)) => is_same(&main, &promise),
            _ => false,
        }
    }

    fn report_rejection(&self, ctx: &Ctx<'_>, rejection: &Rejection) {
        let offered = (|| {
            let (reason, promise) = (rejection.reason.get(ctx)?, rejection.promise.get(ctx)?);
            if process::unhandled_rejection(ctx, reason, promise)? {
                return Ok(true);
            }
            let error = process::rejection_error(ctx, &rejection.reason.get(ctx)?)?;
            process::uncaught_exception(ctx, error, "unhandledRejection")
        })();
        match offered {
            Ok(true) => {}
            Ok(false) => {
                if let Ok(reason) = rejection.reason.get::<Value<'_>>(ctx)
                    && !self.is_settled(ctx, &reason, UncaughtOrigin::Rejection)
                {
                    let mut error = describe(ctx, &reason);
                    error.from_promise = !self.is_main(ctx, rejection);
                    self.host.lifecycle.fail(error);
                }
            }
            Err(error) => {
                let error = take_exception(ctx, error);
                self.report(ctx, error);
            }
        }
    }
}

/// What ends the sleep between two turns.
#[derive(Clone, Copy)]
enum Wake {
    Now,
    After(Duration),
    OnTask,
}

impl Wake {
    fn of(ctx: &Ctx<'_>, host: &Host) -> Self {
        let timers = timers(ctx);
        if timers.immediates() > 0 || host.receivers.is_called() {
            return Self::Now;
        }
        let now = host.clock.elapsed();
        match timers.next_due() {
            Some(due) if due <= now => Self::Now,
            Some(due) => Self::After(due - now),
            None => Self::OnTask,
        }
    }
}

fn until(end: Instant) -> Duration {
    end.saturating_duration_since(Instant::now())
}

/// A thrown value as data.
pub(crate) fn describe<'js>(ctx: &Ctx<'js>, error: &Value<'js>) -> UncaughtError {
    let thrown = Thrown::new(ctx, error);
    if is_out_of_memory(ctx, error) {
        let inspected = thrown.heading.clone();
        return UncaughtError { thrown, inspected, from_promise: false, exit_code: FAILED_CODE };
    }
    // A value whose inspection throws is shown by what could be read of it.
    let inspected = inspect::inspect(ctx, error, &Options::default()).unwrap_or_else(|_| {
        drop(ctx.catch());
        thrown.heading.clone()
    });
    UncaughtError { thrown, inspected, from_promise: false, exit_code: FAILED_CODE }
}
