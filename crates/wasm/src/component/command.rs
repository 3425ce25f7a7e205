//! Programs: components that export `wasi:cli/run`.

use wasmtime::component::Linker;
use wasmtime_wasi::p2::bindings::Command;
use wasmtime_wasi::runtime::in_tokio;

use super::failure::from_error;
use super::imports::other;
use super::instance::{check_thread, new_store};
use super::wasi_poll::until_stopped;
use super::{Component, ComponentFailure, Surroundings, Wasi};
use crate::interrupt::running;

/// What a program is given.
#[derive(Debug, Default)]
pub struct CommandOptions {
    /// What it sees of the world.
    pub wasi: Wasi,
    /// What it has to keep to.
    pub surroundings: Surroundings,
}

/// The code of a program that says no more than that it failed.
const FAILED: i32 = 1;

/// Runs a program to its end, and gives its exit code.
///
/// <https://github.com/WebAssembly/wasi-cli>: the world `command`.
pub fn run_command(
    component: &Component,
    options: CommandOptions,
) -> Result<i32, ComponentFailure> {
    check_thread()?;
    let CommandOptions { wasi, surroundings } = options;
    let source = surroundings.source.clone().unwrap_or_else(|| "component".into());
    let mut store = new_store(component, wasi, &surroundings)?;
    let mut linker = Linker::new(store.engine());
    wasmtime_wasi::p2::add_to_linker_async(&mut linker).map_err(other)?;
    let stopper = surroundings.stopper.as_ref();
    // A signal has no business here: there are checks in the code.
    let _entered = running(None);
    let ended = in_tokio(until_stopped(stopper, async {
        let command = Command::instantiate_async(&mut store, component.raw(), &linker).await?;
        command.wasi_cli_run().call_run(&mut store).await
    }));
    match ended.map_err(|error| from_error(error, stopper, &source)) {
        Ok(Ok(())) => Ok(0),
        Ok(Err(())) => Ok(FAILED),
        Err(ComponentFailure::Exit(code)) => Ok(code),
        Err(failure) => Err(failure),
    }
}
