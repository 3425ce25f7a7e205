//! Type stripping. `tests/typescript.json` holds sources and what becomes of them, as was compared with Node's
//! `amaro` and TypeScript's own output; `HOLM_BLESS=1` writes it anew.

#![allow(clippy::unwrap_used, reason = "helpers of tests are not seen as tests")]

use holm_node::syntax::{
    position::Position,
    typescript::{Goal, StripErrorKind, strip},
};
use serde_json::{Value, json};

#[test]
fn strips_as_recorded() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/typescript.json");
    let cases: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let answers: Vec<Value> = cases
        .as_array()
        .unwrap()
        .iter()
        .map(|case| answer(case["source"].as_str().unwrap()))
        .collect();
    if std::env::var_os("HOLM_BLESS").is_some() {
        std::fs::write(path, serde_json::to_string_pretty(&answers).unwrap()).unwrap();
        return;
    }
    for (answer, case) in answers.iter().zip(cases.as_array().unwrap()) {
        assert_eq!(answer, case);
    }
}

fn answer(source: &str) -> Value {
    match strip(source, Goal::Ambiguous) {
        Ok(output) => {
            check_shape(source, &output);
            json!({ "source": source, "output": output })
        }
        Err(error) => {
            let Position { line, column } = error.position;
            json!({ "source": source, "error": error.kind.code(), "message": error.message, "at": [line, column] })
        }
    }
}

/// Nothing moves: every UTF-16 unit is what it was, a space, or one of the three marks that keep the meaning.
fn check_shape(source: &str, output: &str) {
    let (before, after): (Vec<u16>, Vec<u16>) =
        (source.encode_utf16().collect(), output.encode_utf16().collect());
    assert_eq!(before.len(), after.len(), "{source:?}");
    for (before, after) in before.iter().zip(&after) {
        let is_mark = b" ;()".iter().any(|&mark| u16::from(mark) == *after);
        assert!(before == after || is_mark, "{source:?} became {output:?}");
    }
}

#[track_caller]
fn check_error(goal: Goal, source: &str, kind: StripErrorKind, line: u32, column: u32) {
    let error = strip(source, goal).unwrap_err();
    assert_eq!(
        (error.kind, error.position),
        (kind, Position { line, column }),
        "{source:?}: {error}"
    );
}

#[test]
fn goals_differ() {
    use StripErrorKind::Invalid;
    assert!(strip("return 1 as any", Goal::CommonJs).is_ok());
    assert!(strip("await = 1 as any", Goal::CommonJs).is_ok());
    assert!(strip("await (1 as any)", Goal::Ambiguous).is_ok());
    assert!(strip("for await (const x of y as any) {}", Goal::Ambiguous).is_ok());
    check_error(Goal::Module, "return 1", Invalid, 1, 1);
    check_error(Goal::Module, "let x: = 1", Invalid, 1, 8);
}

#[test]
fn says_what_to_do_instead() {
    for (source, hint) in [
        ("enum A {}", "use an object"),
        ("export namespace A { export let x = 1 }", "use a module"),
        ("class A { constructor(private x: 1) {} }", "declare the field"),
        ("import fs = require('fs')", "use `import x from"),
        ("export = 1", "use `export default`"),
        ("@d class A {}", "compile the file first"),
        ("() => <any>{}", "use `expr as T`"),
    ] {
        let error = strip(source, Goal::Ambiguous).unwrap_err();
        assert_eq!(error.kind, StripErrorKind::Unsupported, "{source}");
        assert!(
            error.hint.as_ref().is_some_and(|it| it.starts_with(hint)),
            "{source}: {:?}",
            error.hint
        );
    }
}

#[test]
fn names_the_first_place() {
    check_error(
        Goal::Module,
        "let a = 1;\nlet é: '😀' = '😀'; enum A {}\nenum B {}",
        StripErrorKind::Unsupported,
        2,
        21,
    );
}
