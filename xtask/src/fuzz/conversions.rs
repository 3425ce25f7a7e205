//! Any value of script at every conversion of the WebAssembly interface: what comes is a value or an exception.
//!
//! A case is a script: statements whose `$` are values, which may have `$` themselves; both are lists in text
//! files. What all scripts begin with is `conversions.js`: they are complete, and the `holm` command runs them
//! too, as files named `.mjs`.

use std::time::Duration;

use holm::{Config, Engine, Isolate};

use crate::Target;
use crate::random::Random;

pub const TARGET: Target = Target { name: "conversions", make, run };

const PRELUDE: &str = include_str!("conversions.js");
const MODULES: [(&str, &str); 2] = [
    ("bytes", include_str!("conversions.wat")),
    ("stringBytes", include_str!("conversions_strings.wat")),
];
const STATEMENTS: &str = include_str!("conversions_statements.txt");
const VALUES: &str = include_str!("conversions_values.txt");

const MEMORY_LIMIT_BYTES: usize = 64 << 20;
const TIME_LIMIT: Duration = Duration::from_secs(3);
/// Statements of one script.
const MOST_STATEMENTS: usize = 40;
/// Among so many of the things it has made before, a script chooses.
const MOST_MADE: usize = 200;
/// Values within values.
const DEEPEST: usize = 3;

fn make(random: &mut Random) -> Vec<u8> {
    let words = Words::read();
    let mut script = String::new();
    for (name, text) in MODULES {
        let bytes = holm_wasm::to_binary(text, name).expect("a module");
        script.push_str(&format!("const {name} = new Uint8Array({bytes:?});\n"));
    }
    script.push_str(PRELUDE);
    script.push_str("(function () {\n");
    for _ in 0..=random.below(MOST_STATEMENTS) {
        script.push_str("attempt(() => ");
        words.fill(&mut script, random.pick(&words.statements), 0, random);
        script.push_str(");\n");
    }
    script.push_str("})(1, 2);\n");
    script.into_bytes()
}

/// What scripts are made of.
struct Words {
    statements: Vec<&'static str>,
    values: Vec<&'static str>,
    /// The first so many values have nothing to fill in.
    plain: usize,
}

impl Words {
    fn read() -> Self {
        let lines = |text: &'static str| text.lines().filter(|line| !line.starts_with("//"));
        let (plain, others) = VALUES.split_once("\n\n").expect("two parts");
        let mut values: Vec<_> = lines(plain).collect();
        let plain = values.len();
        values.extend(lines(others));
        Self { statements: lines(STATEMENTS).collect(), values, plain }
    }

    /// Writes the text with something in each place that is left free.
    fn fill(&self, script: &mut String, text: &str, depth: usize, random: &mut Random) {
        for part in text.split_inclusive(['$', '@', '#']) {
            let (before, free) = part.split_at(part.len() - 1);
            let chosen = match free {
                "#" => {
                    script.push_str(&format!("{before}{}", random.below(MOST_MADE)));
                    continue;
                }
                "$" if depth < DEEPEST => random.pick(&self.values),
                "$" => random.pick(&self.values[..self.plain]),
                "@" if depth < DEEPEST => random.pick(&self.statements),
                "@" => "memory.grow(1)",
                _ => {
                    script.push_str(part);
                    continue;
                }
            };
            script.push_str(before);
            script.push('(');
            self.fill(script, chosen, depth + 1, random);
            script.push(')');
        }
    }
}

fn run(script: &[u8]) -> &'static str {
    let script = str::from_utf8(script).expect("a script");
    let engine = Engine::new(Config::default()).expect("an engine");
    let isolate = Isolate::builder(&engine);
    let isolate = isolate.memory_limit_bytes(MEMORY_LIMIT_BYTES).time_limit(TIME_LIMIT);
    let mut isolate = isolate.build().expect("an isolate");
    let ran = isolate.enter(|scope| scope.eval::<holm::Value<'_>>(script).map(drop));
    let ran = ran.and_then(|()| isolate.run_until_idle());
    // It must be dropped well in any state.
    drop(isolate);
    match ran {
        Ok(()) => "done",
        Err(error) if error.is_limit() => "limited",
        Err(error) if error.is_rejection() => "rejected",
        Err(error) => panic!("{error}: every statement is guarded"),
    }
}
