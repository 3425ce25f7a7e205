//! The committed list of what Holm fails, and the comparison with what it did fail.
//!
//! The list is made of blocks, separated by blank lines; one block gives the reason for all its entries:
//!
//! ```text
//! # A comment, anywhere.
//! reason: Type reflection is a proposal of its own.
//! link: https://github.com/WebAssembly/js-types
//! copy: spec
//! memory/type.tentative.any.js | Zero initial
//! ```
//!
//! `copy` is optional: it limits the block to one copy of the suite. A `\` in a name is written `\\`, the end of
//! a line `\n`. The name `(file)` stands for a file that does not run to its end.

use std::collections::{HashMap, HashSet};
use std::fmt;

use super::outcome::{FileReport, Status, WHOLE_FILE};

/// What a reason begins with that nobody has written yet; such a list is good for nothing but blessing.
const NO_REASON: &str = "TODO";

#[derive(Debug)]
pub(super) struct Expectations {
    blocks: Vec<Block>,
    separator: Separator,
}

/// What stands between file and name in an entry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Separator {
    /// ` | `: names are sentences.
    Bar,
    /// `:`, names are lines.
    Colon,
}

#[derive(Debug, Default, Clone)]
struct Block {
    comments: Vec<String>,
    reason: String,
    link: Option<String>,
    copy: Option<String>,
    entries: Vec<Key>,
}

/// File and name.
type Key = (String, String);

#[derive(Debug, Default)]
pub(super) struct Comparison {
    /// A line for each result that is not as listed.
    pub(super) problems: Vec<String>,
    pub(super) expected_failures: usize,
}

impl Expectations {
    pub(super) fn parse(text: &str, separator: Separator) -> Result<Expectations, String> {
        let mut blocks = vec![Block::default()];
        for (index, line) in text.lines().enumerate() {
            let block = blocks.last_mut().expect("begins with one");
            let line = line.trim();
            if line.is_empty() {
                blocks.push(Block::default());
            } else if line.starts_with('#') {
                block.comments.push(line.into());
            } else if let Some(reason) = line.strip_prefix("reason:") {
                block.reason = reason.trim().into();
            } else if let Some(link) = line.strip_prefix("link:") {
                block.link = Some(link.trim().into());
            } else if let Some(copy) = line.strip_prefix("copy:") {
                block.copy = Some(copy.trim().into());
            } else if block.reason.is_empty() {
                return Err(format!("line {}: an entry before its block's reason", index + 1));
            } else {
                let entry = separator.split(line).ok_or_else(|| {
                    format!("line {}: expected `file{}name`", index + 1, separator.text())
                })?;
                block.entries.push(entry);
            }
        }
        blocks.retain(|block| !block.is_empty());
        Ok(Expectations { blocks, separator })
    }

    /// What differs, for this copy of the suite. `complete`: every file ran, so that entries for others are wrong.
    pub(super) fn compare(&self, reports: &[FileReport], copy: &str, complete: bool) -> Comparison {
        let mut comparison = Comparison::default();
        let listed = self.listed(copy, &mut comparison.problems);
        let mut seen = HashSet::new();
        for report in reports {
            for outcome in &report.outcomes {
                let key = (report.file.clone(), outcome.name.clone());
                let is_listed = listed.contains(&key);
                if is_listed && matches!(outcome.status, Status::Fail(_)) {
                    comparison.expected_failures += 1;
                } else if !report.broken() || outcome.name == WHOLE_FILE {
                    // Of a broken file only the file's own entry speaks.
                    let problem = problem(&outcome.status, is_listed, self.separator.join(&key));
                    comparison.problems.extend(problem);
                }
                seen.insert(key);
            }
        }
        let files: HashMap<&str, &FileReport> =
            reports.iter().map(|report| (report.file.as_str(), report)).collect();
        let mut absent: Vec<&Key> = listed.difference(&seen).collect();
        absent.sort();
        for key in absent {
            let concerned = files.get(key.0.as_str()).map_or(complete, |report| !report.broken());
            if concerned {
                let shown = self.separator.join(key);
                comparison.problems.push(format!("listed, but not there: {shown}"));
            }
        }
        comparison
    }

    /// The entries for a copy of the suite; what is wrong with the list itself goes to `problems`.
    fn listed(&self, copy: &str, problems: &mut Vec<String>) -> HashSet<Key> {
        let mut listed = HashSet::new();
        for block in self.blocks.iter().filter(|block| block.concerns(copy)) {
            if let (Some(first), true) =
                (block.entries.first(), block.reason.starts_with(NO_REASON))
            {
                let entry = self.separator.join(first);
                problems.push(format!("no reason given: {entry} and what follows it"));
            }
            for entry in &block.entries {
                if !listed.insert(entry.clone()) {
                    problems.push(format!("listed twice: {}", self.separator.join(entry)));
                }
            }
        }
        listed
    }

    /// Takes out what these reports contradict and adds what they fail, its reason still to be written.
    pub(super) fn bless(&mut self, reports: &[FileReport], copy: &str) {
        let mut failing: Vec<Key> = Vec::new();
        for report in reports {
            let broken = report.broken();
            for outcome in &report.outcomes {
                let counts = !broken || outcome.name == WHOLE_FILE;
                if matches!(outcome.status, Status::Fail(_)) && counts {
                    failing.push((report.file.clone(), outcome.name.clone()));
                }
            }
        }
        // Of a file that did not come to its end, the rest of what is listed may still hold.
        let ran = reports.iter().filter(|report| !report.broken());
        let ran: HashSet<&str> = ran.map(|report| report.file.as_str()).collect();
        let still: HashSet<&Key> = failing.iter().collect();
        let mut listed = HashSet::new();
        for block in self.blocks.iter_mut().filter(|block| block.concerns(copy)) {
            block.entries.retain(|key| {
                (still.contains(key) || !ran.contains(key.0.as_str())) && listed.insert(key.clone())
            });
        }
        self.blocks.retain(|block| block.reason.is_empty() || !block.entries.is_empty());
        failing.retain(|key| !listed.contains(key));
        if !failing.is_empty() {
            self.blocks.push(Block {
                reason: format!("{NO_REASON}: say why"),
                copy: Some(copy.into()),
                entries: failing,
                ..Block::default()
            });
        }
    }
}

/// What is wrong with a result, if anything is.
fn problem(status: &Status, is_listed: bool, shown: String) -> Option<String> {
    match status {
        Status::Fail(message) if !is_listed => Some(format!("fails: {shown}\n       {message}")),
        Status::Pass if is_listed => Some(format!("listed, but passes: {shown}")),
        Status::Skip(rule) if is_listed => Some(format!("listed, but skipped ({rule}): {shown}")),
        _ => None,
    }
}

impl fmt::Display for Expectations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, block) in self.blocks.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            for comment in &block.comments {
                writeln!(f, "{comment}")?;
            }
            if !block.reason.is_empty() {
                writeln!(f, "reason: {}", block.reason)?;
            }
            for (key, value) in [("link", &block.link), ("copy", &block.copy)] {
                if let Some(value) = value {
                    writeln!(f, "{key}: {value}")?;
                }
            }
            for entry in &block.entries {
                writeln!(f, "{}", self.separator.join(entry))?;
            }
        }
        Ok(())
    }
}

impl Block {
    fn concerns(&self, copy: &str) -> bool {
        self.copy.as_ref().is_none_or(|own| own == copy)
    }

    fn is_empty(&self) -> bool {
        self.comments.is_empty() && self.reason.is_empty()
    }
}

impl Separator {
    fn text(self) -> &'static str {
        match self {
            Separator::Bar => " | ",
            Separator::Colon => ":",
        }
    }

    fn join(self, (file, name): &Key) -> String {
        let name = name.replace('\\', "\\\\").replace('\n', "\\n");
        format!("{file}{}{name}", self.text())
    }

    fn split(self, line: &str) -> Option<Key> {
        let (file, name) = line.split_once(self.text())?;
        let mut plain = String::new();
        let mut chars = name.chars();
        while let Some(char) = chars.next() {
            match char {
                '\\' => plain.push(if chars.next()? == 'n' { '\n' } else { '\\' }),
                other => plain.push(other),
            }
        }
        Some((file.into(), plain))
    }
}

#[cfg(test)]
mod tests {
    use super::super::outcome::Outcome;
    use super::*;

    const LIST: &str = "# What we fail.\n\
        \n\
        reason: not there yet\n\
        link: https://example.org/1\n\
        a.js | one\n\
        a.js | two \\\\ lines\\n| bar\n\
        \n\
        # Only in the old copy.\n\
        reason: the test's own bug\n\
        copy: old\n\
        b.js | three\n";

    fn parse(text: &str) -> Expectations {
        Expectations::parse(text, Separator::Bar).unwrap()
    }

    /// `file | name` with `+` passes, with `-` fails, with `~` is skipped.
    fn reports(lines: &[&str]) -> Vec<FileReport> {
        let mut reports: Vec<FileReport> = Vec::new();
        for line in lines {
            let (file, name) = Separator::Bar.split(&line[1..]).unwrap();
            let status = match &line[..1] {
                "+" => Status::Pass,
                "-" => Status::Fail("why".into()),
                _ => Status::Skip("rule".into()),
            };
            if reports.last().is_none_or(|report| report.file != file) {
                reports.push(FileReport { file, outcomes: Vec::new() });
            }
            reports.last_mut().unwrap().outcomes.push(Outcome { name, status });
        }
        reports
    }

    #[test]
    fn text_survives() {
        assert_eq!(parse(LIST).to_string(), LIST);
        assert_eq!(Separator::Colon.split("gc/i31.wast:12").unwrap().1, "12");
        for (text, problem) in [
            ("a.js | one", "line 1: an entry before its block's reason"),
            ("reason: r\na.js", "line 2: expected `file | name`"),
        ] {
            assert_eq!(Expectations::parse(text, Separator::Bar).unwrap_err(), problem);
        }
    }

    #[test]
    fn differences() {
        const TWO: &str = r"-a.js | two \\ lines\n| bar";
        for (copy, ran, problems) in [
            ("new", &["-a.js | one", TWO, "+a.js | z", "+b.js | three"][..], &[][..]),
            ("old", &["-a.js | one", TWO], &["listed, but not there: b.js | three"]),
            ("new", &["+a.js | one", TWO], &["listed, but passes: a.js | one"]),
            ("new", &["~a.js | one", TWO], &["listed, but skipped (rule): a.js | one"]),
            ("new", &["-a.js | one", TWO, "-a.js | z"], &["fails: a.js | z\n       why"]),
            ("new", &["+a.js | one", "-a.js | (file)"], &["fails: a.js | (file)\n       why"]),
        ] {
            assert_eq!(
                parse(LIST).compare(&reports(ran), copy, true).problems,
                problems,
                "{ran:?}"
            );
        }
        let part = parse(LIST).compare(&reports(&["+c.js | x"]), "new", false);
        assert_eq!(part.problems, [""; 0]);
    }

    #[test]
    fn blessing_keeps_reasons_and_asks_for_new_ones() {
        let mut list = parse(LIST);
        list.bless(
            &reports(&["+a.js | one", r"-a.js | two \\ lines\n| bar", "-a.js | new"]),
            "new",
        );
        let text = list.to_string();
        assert!(
            !text.contains("one\n") && text.contains("two") && text.contains("three"),
            "{text}"
        );
        assert!(text.ends_with("\nreason: TODO: say why\ncopy: new\na.js | new\n"), "{text}");
        let ran = reports(&[r"-a.js | two \\ lines\n| bar", "-a.js | new"]);
        let problems = parse(&text).compare(&ran, "new", true).problems;
        assert_eq!(problems, ["no reason given: a.js | new and what follows it"]);
    }
}
