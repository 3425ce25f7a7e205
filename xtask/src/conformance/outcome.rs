//! What came of one file: read from what its script printed and how its process ended.
//!
//! A script prints one line of JSON for each result, and one when it is done:
//!
//! ```text
//! @conformance {"name":"…","status":"pass"|"fail","message":"…"}
//! @conformance {"done":true,"problem":null|"…","passed":123}
//! ```
//!
//! Any other line is the test's own output. A script whose names are known beforehand may leave out
//! what passed and say how many those were.

use serde_json::Value;

use super::runtime::{End, Ended};
use super::script::Prepared;

/// Begins each line that is meant for us.
const MARK: &str = "@conformance ";
/// The name of what concerns a file as a whole: a crash, a time limit, a harness that did not come to its end.
pub(super) const WHOLE_FILE: &str = "(file)";
/// The message of what a broken file was to report and did not.
pub(super) const NOT_REACHED: &str = "not reached";
/// What is kept of a message that may hold a whole stack or a page of bytes.
const MESSAGE_CHARS: usize = 400;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Status {
    Pass,
    Fail(String),
    /// Not run, by a rule of the suite's; the rule.
    Skip(String),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outcome {
    pub(super) name: String,
    pub(super) status: Status,
}

#[derive(Debug, PartialEq)]
pub(super) struct FileReport {
    pub(super) file: String,
    /// In the order they ran; no two of one name.
    pub(super) outcomes: Vec<Outcome>,
}

/// The last line of a script that came to its end.
struct Done {
    problem: Option<String>,
    passed: Option<usize>,
}

impl FileReport {
    pub(super) fn from_run(file: &str, prepared: Prepared, ended: &Ended) -> FileReport {
        let (mut outcomes, done) = read_lines(&ended.stdout);
        let mut problem = match &done {
            Some(done) => done.problem.clone(),
            None => Some(unfinished(ended)),
        };
        if let Some(names) = prepared.names {
            let silent: Vec<String> =
                names.into_iter().filter(|name| outcomes.iter().all(|o| o.name != *name)).collect();
            let claimed = done.and_then(|done| done.passed);
            if problem.is_none() && claimed != Some(silent.len()) {
                problem =
                    Some(format!("{claimed:?} passed by its own count, {} by ours", silent.len()));
            }
            let status = match problem {
                None => Status::Pass,
                Some(_) => Status::Fail(NOT_REACHED.into()),
            };
            outcomes
                .extend(silent.into_iter().map(|name| Outcome { name, status: status.clone() }));
        }
        outcomes.extend(prepared.known);
        make_unique(&mut outcomes);
        if let Some(problem) = problem {
            outcomes.push(Outcome { name: WHOLE_FILE.into(), status: Status::Fail(problem) });
        }
        FileReport { file: file.into(), outcomes }
    }

    /// Whether something kept the file from running as a whole, so that single results mean nothing.
    pub(super) fn broken(&self) -> bool {
        self.outcomes.iter().any(|outcome| outcome.name == WHOLE_FILE)
    }
}

fn read_lines(stdout: &str) -> (Vec<Outcome>, Option<Done>) {
    let mut outcomes = Vec::new();
    let mut done = None;
    for line in stdout.lines() {
        let Some(json) = line.strip_prefix(MARK) else { continue };
        // A line cut off by a crash is as good as none.
        let Ok(value) = serde_json::from_str::<Value>(json) else { continue };
        if value["done"] == true {
            let problem = value["problem"].as_str().map(shorten);
            let passed = value["passed"].as_u64().and_then(|count| count.try_into().ok());
            done = Some(Done { problem, passed });
            continue;
        }
        // In a list of expectations no blank is seen at the end of a line.
        let name = value["name"].as_str().unwrap_or_default().trim().to_owned();
        let status = match value["status"].as_str() {
            Some("pass") => Status::Pass,
            _ => Status::Fail(shorten(value["message"].as_str().unwrap_or_default())),
        };
        outcomes.push(Outcome { name, status });
    }
    (outcomes, done)
}

fn unfinished(ended: &Ended) -> String {
    let end = match &ended.end {
        End::Exited(status) => format!("{status}, but the harness did not come to its end"),
        End::TimedOut(limit_s) => format!("still running after {limit_s} s"),
    };
    let said = ended.stderr.lines().map(str::trim).filter(|line| !line.is_empty());
    let said: Vec<&str> = said.take(6).collect();
    shorten(&[end.as_str(), &said.join(" / ")].join(": "))
}

fn shorten(message: &str) -> String {
    let one_line = message.replace(['\n', '\r'], " ");
    match one_line.char_indices().nth(MESSAGE_CHARS) {
        Some((end, _)) => format!("{}…", &one_line[..end]),
        None => one_line,
    }
}

/// Two subtests may have one name; the second is then called `name #2`.
fn make_unique(outcomes: &mut [Outcome]) {
    let mut seen = std::collections::HashMap::<String, usize>::new();
    for outcome in outcomes {
        let count = seen.entry(outcome.name.clone()).or_default();
        *count += 1;
        if *count > 1 {
            outcome.name = format!("{} #{count}", outcome.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::script::LIMIT;
    use super::*;

    fn report(stdout: &str, names: Option<&[&str]>) -> Vec<(String, Status)> {
        let end = End::Exited(std::process::ExitStatus::default());
        let ended = Ended { stdout: stdout.into(), stderr: "boom\n".into(), end };
        let names = names.map(|names| names.iter().map(|&name| name.into()).collect());
        let prepared = Prepared { script: String::new(), known: Vec::new(), names, limit: LIMIT };
        let report = FileReport::from_run("f", prepared, &ended);
        report.outcomes.into_iter().map(|o| (o.name, o.status)).collect()
    }

    fn fail(message: &str) -> Status {
        Status::Fail(message.into())
    }

    #[test]
    fn reads_marked_lines_only_and_numbers_names() {
        let stdout = "hello\n\
            @conformance {\"name\":\"a\",\"status\":\"pass\",\"message\":null}\n\
            @conformance {\"name\":\"a\",\"status\":\"fail\",\"message\":\"x\\ny\"}\n\
            @conformance {\"done\":true,\"problem\":null}\n";
        let expected = vec![("a".into(), Status::Pass), ("a #2".into(), fail("x y"))];
        assert_eq!(report(stdout, None), expected);
    }

    #[test]
    fn silence_is_a_failure_of_the_file() {
        let text = "exit status: 0, but the harness did not come to its end: boom";
        assert_eq!(report("", None), [(WHOLE_FILE.into(), fail(text))]);
    }

    #[test]
    fn known_names_are_filled_in() {
        let failed = "@conformance {\"name\":\"2\",\"status\":\"fail\",\"message\":\"no\"}\n";
        let done =
            format!("{failed}@conformance {{\"done\":true,\"problem\":null,\"passed\":1}}\n");
        let expected = vec![("2".into(), fail("no")), ("1".into(), Status::Pass)];
        assert_eq!(report(&done, Some(&["1", "2"])), expected);
        let names: Vec<_> = report(failed, Some(&["1", "2"])).into_iter().map(|(n, _)| n).collect();
        assert_eq!(names, ["2", "1", WHOLE_FILE]);
        let wrong = report(&done, Some(&["1", "2", "3"]));
        assert_eq!(wrong.last().unwrap().1, fail("Some(1) passed by its own count, 2 by ours"));
    }
}
