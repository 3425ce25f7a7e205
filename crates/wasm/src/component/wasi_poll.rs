//! Waiting in WASI, for no longer than the isolate may run.

use std::pin::pin;
use std::time::{Duration, Instant};

use tokio::time::timeout;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::p2::DynPollable;
use wasmtime_wasi::p2::bindings::io::poll as waiting;
use wasmtime_wasi::p2::bindings::sync::io::poll;
use wasmtime_wasi::runtime::in_tokio;

use super::failure::stopped;
use super::instance::StoreData;
use crate::Stopper;

/// So often whoever waits looks whether it has to stop.
const LOOK: Duration = Duration::from_millis(10);

/// Replaces `wasi:io/poll`, through which all waits go but those for streams of the host's, by one
/// that can be stopped.
pub(super) fn link(linker: &mut Linker<StoreData>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    poll::add_to_linker::<StoreData, Stoppable<'static>>(linker, |data| {
        let stopper = data.stopper.clone();
        Stoppable { table: data.table(), stopper }
    })?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Runs what may wait, and gives up when the isolate has to stop.
pub(super) async fn until_stopped<T>(
    stopper: Option<&Stopper>,
    work: impl Future<Output = wasmtime::Result<T>>,
) -> wasmtime::Result<T> {
    let mut work = pin!(work);
    loop {
        match timeout(LOOK, &mut work).await {
            Ok(done) => return done,
            Err(_) if stopper.is_some_and(|stopper| stopper.is_due(Instant::now())) => {
                return Err(stopped());
            }
            Err(_) => {}
        }
    }
}

struct Stoppable<'a> {
    table: &'a mut ResourceTable,
    stopper: Option<Stopper>,
}

impl HasData for Stoppable<'static> {
    type Data<'a> = Stoppable<'a>;
}

impl poll::Host for Stoppable<'_> {
    fn poll(&mut self, pollables: Vec<Resource<DynPollable>>) -> wasmtime::Result<Vec<u32>> {
        let work = waiting::Host::poll(self.table, pollables);
        in_tokio(until_stopped(self.stopper.as_ref(), work))
    }
}

impl poll::HostPollable for Stoppable<'_> {
    fn ready(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<bool> {
        poll::HostPollable::ready(self.table, pollable)
    }

    fn block(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<()> {
        let work = waiting::HostPollable::block(self.table, pollable);
        in_tokio(until_stopped(self.stopper.as_ref(), work))
    }

    fn drop(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<()> {
        poll::HostPollable::drop(self.table, pollable)
    }
}
