//! A component as a program.

use holm_host::Stream;
use holm_js::{Ctx, Result};
use holm_wasm::component::{
    CommandOptions, Component, Preopen, Stdin, Surroundings, Wasi, run_command,
};

use super::errors::throw_component;
use super::module::Output;
use crate::errors::throw_compile;
use crate::state::State;

/// What a program that is a component is given: by default nothing.
#[derive(Debug, Default)]
pub struct ComponentProgram {
    /// Its arguments, its own name first.
    pub args: Vec<String>,
    /// Its environment.
    pub env: Vec<(String, String)>,
    /// The folders that it may reach.
    pub preopens: Vec<Preopen>,
    /// What it reads.
    pub stdin: Stdin,
}

/// What a program exports, before the version.
const PROGRAM: &str = "wasi:cli/run@";

/// Runs a component of the world `wasi:cli/command` to its end, within the limits of the isolate,
/// and gives its exit code; nothing for a component that is no program. `name` is where it is
/// from, for messages.
pub fn run_component(
    ctx: &Ctx<'_>,
    name: &str,
    bytes: &[u8],
    program: ComponentProgram,
) -> Result<Option<i32>> {
    let state = State::of(ctx);
    let component = Component::compile(&state.engine(ctx)?, bytes.into())
        .map_err(|refused| throw_compile(ctx, name, &refused.into()))?;
    if !component.exports().iter().any(|(name, _)| name.starts_with(PROGRAM)) {
        return Ok(None);
    }
    let ComponentProgram { args, env, preopens, stdin } = program;
    let stdout = Some(Output::sink(ctx, Stream::Out));
    let stderr = Some(Output::sink(ctx, Stream::Err));
    let wasi = Wasi { args, env, preopens, stdin, stdout, stderr };
    let surroundings = Surroundings {
        account: Some(state.account(ctx)),
        stopper: state.stopper(),
        source: Some(name.into()),
    };
    let ended = run_command(&component, CommandOptions { wasi, surroundings });
    ended.map(Some).map_err(|failure| throw_component(ctx, failure))
}
