//! Tests of the test harness itself: the case format, wildcards, blessing, running.

#![forbid(unsafe_code)]

mod support;

use std::fs;
use std::path::PathBuf;

use support::align::{line_matches, matches};
use support::archive::Archive;
use support::bless::{blessed, merged};
use support::case::{Case, Expected};
use support::directive::{Directives, Preparation, Stdout};
use support::subject::{Kind, Subject};
use support::verdict::{self, Mode};
use support::words::split;

#[test]
fn words_are_split_as_a_shell_does() {
    let words = split(r#"holm  a.mjs 'b c' "d \"e\" \n" f\ g '' h"i"'j'"#).unwrap();
    assert_eq!(words, ["holm", "a.mjs", "b c", "d \"e\" \\n", "f g", "", "hij"]);
    assert_eq!(split("'open"), Err("unclosed ' in `'open`".into()));
}

#[test]
fn an_archive_is_read_and_written_back() {
    let text =
        "Head.\n\n$ holm\n-- a b.js --\n1\n\n\\-- not a section --\n\\\\-- x --\n-- stdout --\n";
    let archive = Archive::parse(text);
    assert_eq!(archive.head, "Head.\n\n$ holm\n");
    assert_eq!(archive.section("a b.js"), Some("1\n\n-- not a section --\n\\-- x --\n"));
    assert_eq!(archive.section("stdout"), Some(""));
    assert_eq!(archive.to_string(), text);
}

#[test]
fn a_case_says_what_to_do() {
    let case = parse(
        "Shows it.\n\n! mkdir d\n! file b.bin 3 ab\n! timeout 7\n$ holm a.js\n$ cat out\n\
         -- a.js --\n1\n-- stdin --\nin\n-- env --\nA=b=c\n-- exit --\nsignal 2\n",
    );
    let case = case.unwrap();
    assert_eq!(case.commands, [["holm", "a.js"], ["cat", "out"]]);
    assert_eq!(case.files, [("a.js".to_owned(), "1\n".to_owned())]);
    assert_eq!(case.stdin, "in\n");
    assert_eq!(case.env, [("A".to_owned(), "b=c".to_owned())]);
    assert_eq!(case.expected.exit, "signal 2");
    assert_eq!(case.directives.timeout.unwrap().as_secs(), 7);
    assert_eq!(case.directives.preparations.len(), 2);
}

#[test]
fn a_case_that_makes_no_sense_is_refused() {
    let error = |text| parse(text).unwrap_err();
    assert!(error("$ holm a.js\n").contains("must be a sentence"));
    assert!(error("Shows it.\n").contains("no command"));
    assert!(error("Shows it.\n! frob\n$ holm\n").contains("no such directive: `! frob`"));
    assert!(
        error("Shows it.\n! only-holm\n$ holm\n").contains("no such directive"),
        "a reason is needed"
    );
    assert!(error("Shows it.\n$ holm\n-- env --\nx\n").contains("not NAME=VALUE"));
}

#[test]
fn files_of_any_size_and_content() {
    let file = |line: &str| {
        let mut directives = Directives::default();
        directives.add(line).map(|()| directives.preparations.remove(0))
    };
    let expected = |size_bytes, pattern: &[u8]| Preparation::File {
        name: "f".into(),
        size_bytes,
        pattern: pattern.to_vec(),
    };
    assert_eq!(file("file f 100MB \"x=1;\\n\"").unwrap(), expected(100 << 20, b"x=1;\n"));
    assert_eq!(file("file f hex:00ff12").unwrap(), expected(3, &[0, 0xff, 0x12]));
    assert!(file("file f hex:0g").is_err());
    assert!(file("file f 3 ''").is_err());
}

#[test]
fn wildcards_in_a_line() {
    assert!(line_matches("a[..]b", "ab"));
    assert!(line_matches("[..] at [..]:1:2", "  at file.mjs:1:2"));
    assert!(!line_matches("a[..]b", "abc"));
    assert!(!line_matches("a[..]a", "a"), "both ends need a character of their own");
    assert!(!line_matches("plain", "plain "));
}

#[test]
fn wildcards_for_lines() {
    assert!(matches("a\n...\nz\n", "a\nb\nc\nz\n"));
    assert!(matches("...\n", ""));
    assert!(matches("...\nkey\n...\n", "key\n"));
    assert!(!matches("...\nkey\n...\n", "other\n"));
    assert!(!matches("a\n", "a\nb\n"));
    assert!(!matches("", "a\n"));
}

#[test]
fn blessing_keeps_what_still_describes_the_output() {
    assert_eq!(merged("a\n...\nz\n", "a\nb\nz\n"), "a\n...\nz\n");
    assert_eq!(merged("took [..] ms\nold\n", "took 12 ms\nnew\n"), "took [..] ms\nnew\n");
    assert_eq!(
        merged("...\nkey\n...\n", "1\nother\n2\n"),
        "1\nother\n2\n",
        "else the change would be hidden"
    );
    assert_eq!(merged("", "a\n"), "a\n");
}

#[test]
fn blessing_adds_only_sections_that_say_something() {
    let actual =
        |exit: &str| Expected { stdout: "1\n".into(), stderr: String::new(), exit: exit.into() };
    let archive = || Archive::parse("Shows it.\n$ holm\n-- a.js --\n1\n");
    let text = blessed(archive(), &actual("0")).to_string();
    assert_eq!(text, "Shows it.\n$ holm\n-- a.js --\n1\n-- stdout --\n1\n");
    let text = blessed(archive(), &actual("3")).to_string();
    assert!(text.ends_with("-- stdout --\n1\n-- exit --\n3\n"));
    let with_exit = Archive::parse("Shows it.\n$ holm\n-- exit --\n3\n");
    let text = blessed(with_exit, &actual("3")).to_string();
    assert!(text.ends_with("-- stdout --\n1\n-- exit --\n3\n"), "in the usual order: {text}");
}

#[test]
fn another_runtime_gets_its_own_words() {
    let words = |line| split(line).unwrap();
    let node = Subject::named("node".into());
    assert_eq!(node.kind, Kind::Other);
    assert_eq!(node.translate(&words("holm run a.js b")), (PathBuf::from("node"), words("a.js b")));
    assert_eq!(node.translate(&words("holm eval 1")).1, ["-e", "1"]);
    let holm = Subject::chosen(None);
    assert_eq!(holm.kind, Kind::Holm);
    assert_eq!(holm.translate(&words("holm run a.js")).1, ["run", "a.js"]);
    assert_eq!(holm.translate(&words("cat x")), (PathBuf::from("cat"), words("x")));
}

#[test]
fn a_run_sees_its_files_folder_stdin_and_environment() {
    let observed = observe(
        "Shows it.\n$ sh f.sh\n$ sh g.sh '[CWD]'\n-- f.sh --\ncat; pwd; echo $A $HOME\n\
         -- g.sh --\ntest \"$1\" = \"$PWD\" && cat sub/x ../y\nprintf '\\033[1m' >&2; exit 3\n\
         -- sub/x --\nX\n-- ../y --\nY\n-- stdin --\nin\n-- env --\nA=[TMP]\n",
    );
    let expected = Expected {
        stdout: "in\n[CWD]\n[TMP] [HOME]\nX\nY\n".into(),
        stderr: "␛[1m[no newline]\n".into(),
        exit: "3".into(),
    };
    assert_eq!(observed, Ok(expected));
}

#[test]
fn the_first_failing_command_ends_a_case() {
    let observed = observe("Shows it.\n$ sh -c 'echo 1; exit 5'\n$ echo 2\n").unwrap();
    assert_eq!((observed.stdout.as_str(), observed.exit.as_str()), ("1\n", "5"));
}

#[test]
fn signals_are_sent_and_shown() {
    let when =
        observe("Shows it.\n! kill-when ready SIGINT\n$ sh -c 'echo ready; exec sleep 10'\n")
            .unwrap();
    assert_eq!((when.stdout.as_str(), when.exit.as_str()), ("ready\n", "signal 2"));
    let after = observe("Shows it.\n! kill-after 10 SIGTERM\n$ sleep 10\n").unwrap();
    assert_eq!(after.exit, "signal 15");
}

#[test]
fn a_hanging_program_is_ended() {
    let error = observe("Shows it.\n! timeout 1\n$ sh -c 'echo begun; sleep 30'\n").unwrap_err();
    assert!(error.contains("hung: killed after 1 s") && error.contains("begun"), "{error}");
}

#[test]
fn stdout_can_be_closed_or_a_terminal() {
    let closed = observe("Shows it.\n! closed-stdout\n$ sh -c 'echo x'\n").unwrap();
    assert_eq!(closed.exit, "signal 13", "a program that does not ignore SIGPIPE");
    let terminal =
        observe("Shows it.\n! tty\n$ sh -c 'test -t 1 && test -t 2 && echo both; echo e >&2'\n");
    assert_eq!(terminal.unwrap().stdout, "both\ne\n");
    assert_eq!(parse("Shows it.\n! tty\n$ x\n").unwrap().directives.stdout, Stdout::Terminal);
}

#[test]
fn long_output_is_abbreviated() {
    let line = observe("Shows it.\n! file x 5000 a\n$ cat x\n").unwrap();
    assert_eq!(line.stdout, format!("{}[5000 characters in all][no newline]\n", "a".repeat(60)));
    let lines = observe("Shows it.\n! file x 1MB \"abc\\n\"\n$ cat x\n").unwrap();
    assert_eq!(lines.stdout, format!("{}[1048576 bytes in all]\n", "abc\n".repeat(10)));
}

#[test]
fn nothing_is_written_outside_the_folder_of_a_case() {
    let error = observe("Shows it.\n$ true\n-- ../../x --\n").unwrap_err();
    assert!(error.contains("lies outside"), "{error}");
}

#[test]
fn a_file_is_judged_and_blessed_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.case");
    let subject = Subject::named("node".into());
    fs::write(&path, "Shows it.\n$ echo [new] line\n-- stdout --\n[..] line\nold\n").unwrap();
    let diff = verdict::judge(&path, &subject, Mode::Check).unwrap_err();
    assert!(diff.ends_with("stdout: (- expected, + actual)\n  [new] line\n- old\n"), "{diff}");
    verdict::judge(&path, &subject, Mode::Bless).unwrap();
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "Shows it.\n$ echo [new] line\n-- stdout --\n[..] line\n"
    );
    assert_eq!(verdict::judge(&path, &subject, Mode::Check), Ok(()));
}

#[test]
fn an_expected_failure_that_passes_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.case");
    let subject = Subject::named("node".into());
    let judge = |command: &str| {
        fs::write(&path, format!("Shows it.\n! fails not yet\n$ {command}\n")).unwrap();
        verdict::judge(&path, &subject, Mode::Check)
    };
    assert_eq!(judge("false"), Ok(()));
    assert!(judge("true").unwrap_err().contains("take that line out"));
}

fn parse(text: &str) -> Result<Case, String> {
    Case::parse(&Archive::parse(text))
}

fn observe(text: &str) -> Result<Expected, String> {
    verdict::observe(&parse(text)?, &Subject::named("node".into()))
}
