//! Components that are programs.

use holm_node::wasi::run_component;

use crate::{CommandOptions, Error, Isolate, Result};

impl Isolate {
    /// Runs a WebAssembly component that exports `wasi:cli/run` to its end, and gives its exit
    /// code. `name` is where it is from, for messages.
    ///
    /// It writes where the isolate writes, may use what the isolate may use of memory and time, and
    /// ends when the isolate is stopped. Of the world it sees what `options` say, as far as the
    /// isolate's permissions allow it; script is not involved.
    ///
    /// ```
    /// use holm::{CommandOptions, Config, Engine, Isolate};
    ///
    /// let program = r#"(component
    ///     (core module $m (func (export "run") (result i32) i32.const 0))
    ///     (core instance $i (instantiate $m))
    ///     (func $run (result (result)) (canon lift (core func $i "run")))
    ///     (instance $exports (export "run" (func $run)))
    ///     (export "wasi:cli/run@0.2.0" (instance $exports)))"#;
    /// let program = holm::to_binary(program.as_bytes(), "program.wat")?;
    /// let mut isolate = Isolate::builder(&Engine::new(Config::default())?).build()?;
    /// let code = isolate.run_component("program.wasm", &program, &CommandOptions::default())?;
    /// assert_eq!(code, 0);
    /// # Ok::<(), holm::Error>(())
    /// ```
    pub fn run_component(
        &mut self,
        name: &str,
        wasm: &[u8],
        options: &CommandOptions,
    ) -> Result<i32> {
        self.enter_alone(|ctx| {
            run_component(ctx, name, wasm, options).map_err(|error| Error::caught(ctx, error))
        })
    }
}
