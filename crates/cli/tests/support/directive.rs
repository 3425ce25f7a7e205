//! The `!` lines of a case's head: what the plain form (files, arguments, output) can't say.

use std::time::Duration;

use rustix::process::Signal;

use super::words;

#[derive(Debug, Default)]
pub(crate) struct Directives {
    pub(crate) stdout: Stdout,
    pub(crate) kill: Option<Kill>,
    pub(crate) timeout: Option<Duration>,
    /// In the order written; done before the first command.
    pub(crate) preparations: Vec<Preparation>,
    /// Why the case says nothing about another runtime.
    pub(crate) only_holm: Option<String>,
    /// Why the case is expected to fail for now; a pass is then a failure.
    pub(crate) fails: Option<String>,
}

/// What the program's standard output is.
#[derive(Debug, Default, PartialEq)]
pub(crate) enum Stdout {
    #[default]
    Pipe,
    /// A pipe that nobody reads: writing gives EPIPE.
    ClosedPipe,
    /// A terminal, for stderr too; both come out as `stdout`.
    Terminal,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Kill {
    pub(crate) when: When,
    pub(crate) signal: Signal,
}

#[derive(Debug, PartialEq)]
pub(crate) enum When {
    After(Duration),
    /// As soon as stdout holds this text.
    Printed(String),
}

#[derive(Debug, PartialEq)]
pub(crate) enum Preparation {
    Folder {
        name: String,
    },
    Symlink {
        name: String,
        target: String,
    },
    /// `size_bytes` bytes of `pattern` repeated.
    File {
        name: String,
        size_bytes: u64,
        pattern: Vec<u8>,
    },
}

impl Directives {
    /// Takes in one line, without its `!`.
    pub(crate) fn add(&mut self, line: &str) -> Result<(), String> {
        // A reason is prose, in which a quote means nothing.
        match line.split_once(' ') {
            Some(("only-holm", reason)) => self.only_holm = Some(reason.into()),
            Some(("fails", reason)) => self.fails = Some(reason.into()),
            _ => self.add_words(line)?,
        }
        Ok(())
    }

    fn add_words(&mut self, line: &str) -> Result<(), String> {
        let all = words::split(line)?;
        let words: Vec<&str> = all.iter().map(String::as_str).collect();
        match words[..] {
            ["closed-stdout"] => self.stdout = Stdout::ClosedPipe,
            ["tty"] => self.stdout = Stdout::Terminal,
            ["timeout", seconds] => self.timeout = Some(Duration::from_secs(number(seconds)?)),
            ["kill-after", ms, name] => {
                let when = When::After(Duration::from_millis(number(ms)?));
                self.kill = Some(Kill { when, signal: signal(name)? });
            }
            ["kill-when", text, name] => {
                self.kill = Some(Kill { when: When::Printed(text.into()), signal: signal(name)? });
            }
            ["mkdir", name] => self.preparations.push(Preparation::Folder { name: name.into() }),
            ["symlink", name, target] => {
                self.preparations
                    .push(Preparation::Symlink { name: name.into(), target: target.into() });
            }
            ["file", name, ref content @ ..] => self.preparations.push(file(name, content)?),
            _ => {
                return Err(format!("no such directive: `! {line}` (tests/README.md lists them)"));
            }
        }
        Ok(())
    }
}

fn file(name: &str, content: &[&str]) -> Result<Preparation, String> {
    let name = name.to_owned();
    match content {
        [hex] => {
            let digits = hex.strip_prefix("hex:").ok_or_else(|| format!("not `hex:…`: `{hex}`"))?;
            let pattern = bytes(digits).ok_or_else(|| format!("not hexadecimal: `{digits}`"))?;
            Ok(Preparation::File { name, size_bytes: pattern.len() as u64, pattern })
        }
        [size, pattern] if !pattern.is_empty() => {
            let pattern = unescaped(pattern).into_bytes();
            Ok(Preparation::File { name, size_bytes: size_bytes(size)?, pattern })
        }
        _ => Err(format!("`! file {name}` needs `SIZE PATTERN` or `hex:…`")),
    }
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// `100MB`, `4KB`, `12`: powers of 1024.
fn size_bytes(text: &str) -> Result<u64, String> {
    let units = [("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)];
    let unit = units.iter().find_map(|(name, factor)| Some((text.strip_suffix(name)?, *factor)));
    let (digits, factor) = unit.unwrap_or((text, 1));
    Ok(number(digits)? * factor)
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("not a number: `{text}`"))
}

/// `\n`, `\t`, `\0` as in a string literal.
fn unescaped(text: &str) -> String {
    text.replace("\\n", "\n").replace("\\t", "\t").replace("\\0", "\0")
}

fn signal(name: &str) -> Result<Signal, String> {
    match name {
        "SIGINT" => Ok(Signal::INT),
        "SIGTERM" => Ok(Signal::TERM),
        "SIGHUP" => Ok(Signal::HUP),
        "SIGQUIT" => Ok(Signal::QUIT),
        "SIGUSR1" => Ok(Signal::USR1),
        "SIGUSR2" => Ok(Signal::USR2),
        _ => Err(format!("no such signal here: `{name}`")),
    }
}
