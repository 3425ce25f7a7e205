//! What a program of the official suite is given, and how it has to end: `NAME.json` beside `NAME.wasm`.
//!
//! <https://github.com/WebAssembly/wasi-testsuite/blob/main/doc/specification.md>

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::outcome::Status;
use super::super::runtime::{End, Ended};

/// What is shown of a program's output that is not as it should be.
const SHOWN_CHARS: usize = 300;

/// Of a program: run once, then looked at.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Spec {
    pub(super) args: Vec<String>,
    pub(super) env: BTreeMap<String, String>,
    /// Beside the program; preopened as `/`.
    pub(super) root: Option<String>,
    exit_code: i64,
    /// As the suite's own runner has it, what is not mentioned is not looked at.
    stdout: Option<String>,
    stderr: Option<String>,
}

impl Spec {
    /// Reads either form, or says what of it has no place here.
    pub(super) fn read(json: &Value) -> Result<Spec, String> {
        let mut spec = Spec::default();
        if let Some(proposal) = json["proposals"].as_array().and_then(|list| list.first()) {
            return Err(format!("it needs the proposal {proposal}"));
        }
        let Some(operations) = json["operations"].as_array() else {
            // "The legacy configuration can be described in terms of `run`, `read` and `wait` operations."
            spec.run(json)?;
            spec.wait(json);
            spec.stdout = json["stdout"].as_str().map(str::to_owned);
            spec.stderr = json["stderr"].as_str().map(str::to_owned);
            return Ok(spec);
        };
        for operation in operations {
            match operation["type"].as_str() {
                Some("run") => spec.run(operation)?,
                Some("wait") => spec.wait(operation),
                Some("read") => {
                    let stream = match operation["id"].as_str().unwrap_or("stdout") {
                        "stdout" => &mut spec.stdout,
                        "stderr" => &mut spec.stderr,
                        other => return Err(format!("it reads `{other}`")),
                    };
                    let payload = operation["payload"].as_str().unwrap_or_default();
                    stream.get_or_insert_default().push_str(payload);
                }
                _ => return Err(format!("it has the operation {}", operation["type"])),
            }
        }
        Ok(spec)
    }

    fn run(&mut self, json: &Value) -> Result<(), String> {
        let text = |value: &Value| match value.as_str() {
            Some(text) => Ok(text.to_owned()),
            None => Err(format!("{value} is no string")),
        };
        let args = json["args"].as_array().into_iter().flatten();
        self.args = args.map(text).collect::<Result<_, _>>()?;
        let env = json["env"].as_object().into_iter().flatten();
        self.env = env
            .map(|(name, value)| Ok((name.clone(), text(value)?)))
            .collect::<Result<_, String>>()?;
        self.root = json["root"].as_str().map(str::to_owned);
        Ok(())
    }

    fn wait(&mut self, json: &Value) {
        self.exit_code = json["exit_code"].as_i64().unwrap_or(0);
    }

    /// Whether the program ended as it should have; all that differed.
    pub(super) fn judge(&self, ended: &Ended) -> Status {
        let mut differences = Vec::new();
        match &ended.end {
            End::TimedOut(limit_s) => differences.push(format!("still running after {limit_s} s")),
            End::Exited(status) if status.code().map(i64::from) != Some(self.exit_code) => {
                differences.push(format!("{status}, not {}", self.exit_code));
            }
            End::Exited(_) => {}
        }
        for (name, expected, text) in
            [("stdout", &self.stdout, &ended.stdout), ("stderr", &self.stderr, &ended.stderr)]
        {
            match expected {
                Some(expected) if expected == text => {}
                Some(expected) => differences.push(format!(
                    "{name} is {:?}, not {:?}",
                    shown(text),
                    shown(expected)
                )),
                None => {}
            }
        }
        if differences.is_empty() {
            return Status::Pass;
        }
        let said = ended.stderr.trim();
        if !said.is_empty() && self.stderr.is_none() {
            differences.push(format!("it said {:?}", shown(said)));
        }
        Status::Fail(differences.join("; "))
    }
}

fn shown(text: &str) -> &str {
    text.char_indices().nth(SHOWN_CHARS).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use serde_json::json;

    use super::*;

    #[test]
    fn both_forms_say_the_same() {
        let legacy = json!({
            "args": ["a", "b c"], "env": { "K": "V" }, "root": "dir", "exit_code": 3, "stdout": "xy"
        });
        let operations = json!({ "operations": [
            { "type": "run", "args": ["a", "b c"], "env": { "K": "V" }, "root": "dir" },
            { "type": "read", "payload": "x" },
            { "type": "read", "id": "stdout", "payload": "y" },
            { "type": "wait", "exit_code": 3 }
        ] });
        let spec = Spec::read(&legacy).unwrap();
        assert_eq!(Spec::read(&operations).unwrap(), spec);
        assert_eq!((spec.args.len(), spec.root.as_deref(), spec.stderr), (2, Some("dir"), None));
        for (json, problem) in [
            (json!({ "operations": [{ "type": "connect" }] }), "it has the operation \"connect\""),
            (json!({ "proposals": ["http"] }), "it needs the proposal \"http\""),
        ] {
            assert_eq!(Spec::read(&json).unwrap_err(), problem);
        }
    }

    #[test]
    fn a_program_is_judged_by_all_that_is_mentioned() {
        let ended = |code: i32, stdout: &str| Ended {
            stdout: stdout.into(),
            stderr: "boom\n".into(),
            end: End::Exited(ExitStatus::from_raw(code << 8)),
        };
        let spec = Spec::read(&json!({ "stdout": "hello" })).unwrap();
        assert_eq!(spec.judge(&ended(0, "hello")), Status::Pass);
        let text = "exit status: 2, not 0; stdout is \"hell\", not \"hello\"; it said \"boom\"";
        assert_eq!(spec.judge(&ended(2, "hell")), Status::Fail(text.into()));
        let quiet = Spec::read(&json!({ "stderr": "" })).unwrap();
        let text = "stderr is \"boom\\n\", not \"\"";
        assert_eq!(quiet.judge(&ended(0, "")), Status::Fail(text.into()));
        let late = Ended { end: End::TimedOut(10), ..ended(0, "hello") };
        let text = "still running after 10 s; it said \"boom\"";
        assert_eq!(spec.judge(&late), Status::Fail(text.into()));
    }
}
