//! One `.wast` file as the commands of `runtime.js`.
//!
//! Which instance a command is about is known here: instances are numbers in the script, names are resolved.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write;

use wast::core::ModuleKind;
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::token::{Id, Span};
use wast::{QuoteWat, Wast, WastDirective, WastExecute, WastInvoke, WastRet, Wat};

use super::super::outcome::{Outcome, Status};
use super::values::{Check, js_argument, js_result};
use super::wrapper::{Action, Exports, Wrapper};

const TEXT_FORMAT: &str = "about the text format";
const THREADS: &str = "runs threads of its own";
const NOT_ENCODED: &str = "its module is not encoded";
const OWN_TYPES: &str = "a wrapper would need the module's own types";
const NO_SUSPENSION: &str = "about stack switching";

pub(super) struct Converted {
    /// The declaration of `wrappers`.
    pub(super) wrappers: String,
    /// One line for each command.
    pub(super) commands: String,
    /// Of the commands.
    pub(super) names: Vec<String>,
    pub(super) skipped: Vec<Outcome>,
}

/// The error is the text's: it is not a `.wast` file.
pub(super) fn convert(text: &str) -> Result<Converted, wast::Error> {
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer)?;
    let directives = parser::parse::<Wast<'_>>(&buffer)?.directives;
    let mut converter = Converter::new(text);
    for directive in directives {
        converter.directive(directive);
    }
    Ok(converter.finish())
}

/// What an action is in the script, or why it is in none.
type Code = Result<String, &'static str>;

struct Converter<'a> {
    text: &'a str,
    commands: String,
    names: Vec<String>,
    skipped: Vec<Outcome>,
    taken: HashSet<String>,
    /// What each instance exports; `None` where its module could not be encoded.
    instances: Vec<Option<Exports>>,
    named_instances: HashMap<String, usize>,
    definitions: Vec<Option<Exports>>,
    named_definitions: HashMap<String, usize>,
    wrappers: BTreeMap<usize, Wrapper>,
}

impl<'a> Converter<'a> {
    fn new(text: &'a str) -> Self {
        Converter {
            text,
            commands: String::new(),
            names: Vec::new(),
            skipped: Vec::new(),
            taken: HashSet::new(),
            instances: Vec::new(),
            named_instances: HashMap::new(),
            definitions: Vec::new(),
            named_definitions: HashMap::new(),
            wrappers: BTreeMap::new(),
        }
    }

    fn finish(self) -> Converted {
        let mut wrappers = String::from("const wrappers = {\n");
        for (instance, wrapper) in self.wrappers {
            writeln!(wrappers, "{instance}: \"{}\",", hex(&wrapper.finish()))
                .expect("a string grows");
        }
        wrappers.push_str("};\n");
        let Converter { commands, names, skipped, .. } = self;
        Converted { wrappers, commands, names, skipped }
    }

    fn directive(&mut self, directive: WastDirective<'a>) {
        let name = self.name(directive.span());
        match directive {
            WastDirective::Module(module) => self.module(name, module),
            WastDirective::ModuleDefinition(module) => self.definition(name, module),
            WastDirective::ModuleInstance { instance, module, .. } => {
                self.instance(name, instance, module);
            }
            WastDirective::Register { name: registered, module, .. } => {
                let code = self
                    .instance_of(module)
                    .map(|index| format!("{index}, {}", quoted(registered)));
                self.command(name, "register", code);
            }
            WastDirective::AssertMalformed { module, .. }
            | WastDirective::AssertInvalid { module, .. } => {
                let code = encode_binary_or_text(module).map(|bytes| string(&bytes));
                self.command(name, "invalid", code);
            }
            WastDirective::AssertMalformedCustom { module, .. }
            | WastDirective::AssertInvalidCustom { module, .. } => {
                let code = encode_binary_or_text(module).map(|bytes| string(&bytes));
                self.command(name, "valid", code);
            }
            WastDirective::Invoke(invoke) => {
                let code = self.invoke(&invoke);
                self.command(name, "act", code);
            }
            WastDirective::AssertReturn { exec, results, .. } => {
                let code = self.returns(exec, &results);
                self.command(name, "returns", code);
            }
            WastDirective::AssertTrap { exec, message, .. } => {
                let code = self.execute(exec).map(|code| format!("{code}, {}", quoted(message)));
                self.command(name, "trap", code);
            }
            WastDirective::AssertExhaustion { call, .. } => {
                let code = self.invoke(&call);
                self.command(name, "exhaustion", code);
            }
            WastDirective::AssertException { exec, .. } => {
                let code = self.execute(exec);
                self.command(name, "exception", code);
            }
            WastDirective::AssertUnlinkable { module, .. } => {
                let code = encode(QuoteWat::Wat(module)).map(|bytes| string(&bytes));
                self.command(name, "unlinkable", code);
            }
            WastDirective::AssertSuspension { .. } => self.skip(name, NO_SUSPENSION),
            WastDirective::Thread(_) | WastDirective::Wait { .. } => self.skip(name, THREADS),
        }
    }

    fn module(&mut self, name: String, module: QuoteWat<'a>) {
        let id = module.name();
        let bytes = encode(module);
        let index = self.instances.len();
        let code = bytes.as_ref().map(|bytes| format!("{index}, {}", string(bytes)));
        self.command(name, "module", code.map_err(|why| *why));
        self.add_instance(id, bytes.ok().and_then(|bytes| Exports::read(&bytes).ok()));
    }

    fn definition(&mut self, name: String, module: QuoteWat<'a>) {
        let id = module.name();
        let bytes = encode(module);
        let index = self.definitions.len();
        let code = bytes.as_ref().map(|bytes| format!("{index}, {}", string(bytes)));
        self.command(name, "define", code.map_err(|why| *why));
        self.definitions.push(bytes.ok().and_then(|bytes| Exports::read(&bytes).ok()));
        self.named_definitions.extend(id.map(|id| (id.name().to_owned(), index)));
    }

    fn instance(&mut self, name: String, instance: Option<Id<'a>>, module: Option<Id<'a>>) {
        let definition = match module {
            Some(id) => self.named_definitions.get(id.name()).copied(),
            None => self.definitions.len().checked_sub(1),
        };
        let index = self.instances.len();
        let exports = definition.and_then(|definition| self.definitions[definition].clone());
        let code = match (definition, &exports) {
            (Some(definition), Some(_)) => Ok(format!("{index}, {definition}")),
            _ => Err(NOT_ENCODED),
        };
        self.command(name, "instance", code);
        self.add_instance(instance, exports);
    }

    fn add_instance(&mut self, id: Option<Id<'a>>, exports: Option<Exports>) {
        self.named_instances.extend(id.map(|id| (id.name().to_owned(), self.instances.len())));
        self.instances.push(exports);
    }

    /// The named instance, or the last one.
    fn instance_of(&self, id: Option<Id<'a>>) -> Result<usize, &'static str> {
        let index = match id {
            Some(id) => self.named_instances.get(id.name()).copied(),
            None => self.instances.len().checked_sub(1),
        };
        index.filter(|index| self.instances[*index].is_some()).ok_or(NOT_ENCODED)
    }

    /// As an argument of `returns`, what is expected included.
    fn returns(&mut self, exec: WastExecute<'a>, results: &[WastRet<'a>]) -> Code {
        let (instance, action) = match &exec {
            WastExecute::Wat(_) => return self.execute(exec),
            WastExecute::Invoke(invoke) => {
                let action = Action::Call { name: invoke.name, arguments: &invoke.args };
                (self.instance_of(invoke.module)?, action)
            }
            WastExecute::Get { module, global, .. } => {
                (self.instance_of(*module)?, Action::Get { name: global })
            }
        };
        let expected: Option<Vec<String>> = results.iter().map(js_result).collect();
        if let (Some(expected), Some(plain)) = (expected, self.plain(instance, &action)) {
            return Ok([vec![plain], expected].concat().join(", "));
        }
        let checks: Option<Vec<Check>> = results.iter().map(Check::of).collect();
        let checks = checks.ok_or(TEXT_FORMAT)?;
        self.wrapped(instance, &action, Some(&checks))
    }

    fn execute(&mut self, exec: WastExecute<'a>) -> Code {
        match exec {
            WastExecute::Invoke(invoke) => self.invoke(&invoke),
            WastExecute::Wat(module) => {
                let bytes = encode(QuoteWat::Wat(module))?;
                Ok(format!("() => instantiate({})", string(&bytes)))
            }
            WastExecute::Get { module, global, .. } => {
                let instance = self.instance_of(module)?;
                Ok(format!("() => get({instance}, {})", quoted(global)))
            }
        }
    }

    /// A call whose results do not matter.
    fn invoke(&mut self, invoke: &WastInvoke<'a>) -> Code {
        let instance = self.instance_of(invoke.module)?;
        let action = Action::Call { name: invoke.name, arguments: &invoke.args };
        match self.plain(instance, &action) {
            Some(plain) => Ok(plain),
            None => self.wrapped(instance, &action, None),
        }
    }

    /// The action in JavaScript, if JavaScript can make its arguments and see its results.
    fn plain(&self, instance: usize, action: &Action<'_, '_>) -> Option<String> {
        if self.instances[instance].as_ref().is_some_and(|own| !own.speaks_javascript(action)) {
            return None;
        }
        match action {
            Action::Get { name } => Some(format!("() => get({instance}, {})", quoted(name))),
            Action::Call { name, arguments } => {
                let mut parts = vec![instance.to_string(), quoted(name)];
                for argument in *arguments {
                    parts.push(js_argument(argument)?);
                }
                Some(format!("() => call({})", parts.join(", ")))
            }
        }
    }

    fn wrapped(
        &mut self,
        instance: usize,
        action: &Action<'_, '_>,
        checks: Option<&[Check]>,
    ) -> Code {
        let exports = self.instances[instance].as_ref().ok_or(NOT_ENCODED)?;
        let new = || Wrapper::around(exports.clone());
        let wrapper = self.wrappers.entry(instance).or_insert_with(new);
        let number = wrapper.add(action, checks).ok_or(OWN_TYPES)?;
        Ok(format!("() => wrapped({instance}, {number})"))
    }

    fn command(&mut self, name: String, function: &str, code: Code) {
        match code {
            Err(why) => self.skip(name, why),
            Ok(code) => {
                writeln!(self.commands, "{function}(\"{name}\", {code});").expect("a string grows");
                self.names.push(name);
            }
        }
    }

    fn skip(&mut self, name: String, why: &str) {
        self.skipped.push(Outcome { name, status: Status::Skip(why.into()) });
    }

    /// The line, made different from others that begin in the same line.
    fn name(&mut self, span: Span) -> String {
        let line = (span.linecol_in(self.text).0 + 1).to_string();
        let others = (2..).map(|n| format!("{line}#{n}"));
        let mut names = std::iter::once(line.clone()).chain(others);
        let name = names.find(|name| !self.taken.contains(name)).expect("there are numbers enough");
        self.taken.insert(name.clone());
        name
    }
}

fn encode(mut module: QuoteWat<'_>) -> Result<Vec<u8>, &'static str> {
    module.encode().map_err(|_| NOT_ENCODED)
}

/// A module that is no good. Where its text is quoted, the text may be what is wrong.
fn encode_binary_or_text(mut module: QuoteWat<'_>) -> Result<Vec<u8>, &'static str> {
    let is_binary = matches!(
        &module,
        QuoteWat::Wat(Wat::Module(module)) if matches!(module.kind, ModuleKind::Binary(_))
    );
    match (module.encode(), is_binary) {
        (Ok(bytes), _) => Ok(bytes),
        (Err(_), true) => Err(NOT_ENCODED),
        (Err(_), false) => Err(TEXT_FORMAT),
    }
}

fn string(bytes: &[u8]) -> String {
    format!("\"{}\"", hex(bytes))
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a string grows");
    }
    text
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands() {
        let converted = convert(
            r#"(module $m (func (export "f") (param f32) (result f32) (local.get 0)))
               (assert_return (invoke "f" (f32.const 1)) (f32.const 1))
               (assert_return (invoke "f" (f32.const nan)) (f32.const nan:canonical))
               (assert_trap (invoke $m "f" (f32.const -0)) "integer overflow") (register "r")
               (assert_malformed (module quote "(modul)") "text")
               (assert_malformed (module binary "\00") "end")"#,
        )
        .unwrap();
        let lines: Vec<&str> = converted.commands.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                r#"returns("2", () => call(0, "f", 1.0), 1.0);"#,
                r#"returns("3", () => wrapped(0, 0));"#,
                r#"trap("4", () => call(0, "f", -0.0), "integer overflow");"#,
                r#"register("4#2", 0, "r");"#,
                r#"invalid("6", "00");"#,
            ]
        );
        assert_eq!(converted.names, ["1", "2", "3", "4", "4#2", "6"]);
        assert_eq!(converted.skipped.len(), 1);
        assert!(converted.wrappers.starts_with("const wrappers = {\n0: \"0061736d"));
    }
}
