//! From the text format: what is said of text that is not a module.

use holm_wasm::{Names, check, looks_like_text, to_binary};

#[test]
fn errors() {
    for (source, line, column, shown) in [
        (
            "(module\n  (fun))",
            2,
            4,
            "expected valid module field\n  --> f.wat:2:4\n   |\n 2 |   (fun))\n   |    ^",
        ),
        (
            "(module\n  (func (result i32)\n\ti32.cnst 1))",
            3,
            2,
            "unknown operator or unexpected token\n  --> f.wat:3:2\n   |\n 3 |     i32.cnst 1))\n   |     ^",
        ),
        // At the end, where nothing is: the last thing that is there.
        (
            "(module\n  (func\n\n\n",
            2,
            8,
            "expected `)`\n  --> f.wat:2:8\n   |\n 2 |   (func\n   |        ^",
        ),
        ("", 1, 1, "expected at least one module field\n  --> f.wat:1:1\n   |\n 1 | \n   | ^"),
        (
            "(module (func (;é🦀;) call $nothing))",
            1,
            27,
            "unknown func: failed to find name `$nothing`",
        ),
        ("(module (func (call 日)))", 1, 21, "unexpected character '\\u{65e5}'"),
        ("(module (; (; ;)", 1, 9, "unterminated block comment"),
        ("(module \"\u{1b}[31m\")", 1, 10, "invalid character in string '\\u{1b}'"),
        #[cfg(not(feature = "components"))]
        ("(component)", 1, 2, "this is a component, not a core module\n"),
    ] {
        let error = to_binary(source, "f.wat").unwrap_err();
        assert_eq!((error.line, error.column), (line, column), "{source}\n{error}");
        assert!(error.to_string().starts_with(shown), "{source}\n{error}");
        assert!(!error.to_string().contains(['\u{1b}', '\t']), "{error}");
    }
}

#[test]
fn not_utf8() {
    let error = to_binary(b"(module)\n;; caf\xe9 (func)\n(", "f.wat").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the text is not UTF-8: byte 0xe9 at offset 15\n  --> f.wat:2:7\n   |\n \
         2 | ;; caf\u{fffd} (func)\n   |       ^"
    );
    // UTF-16, as some editors save.
    let error = to_binary(b"\xff\xfe(\0m\0", "f.wat").unwrap_err();
    assert_eq!((error.line, error.column), (1, 1));
}

#[test]
fn long_lines_are_cut() {
    let source = format!("(module {} (fun) {})", "(func) ".repeat(100_000), "(func)".repeat(100));
    let error = to_binary(&source, "f.wat").unwrap_err();
    assert_eq!((error.line, error.column), (1, 700_011));
    let shown = error.to_string();
    let (head, caret) = shown.split_once("\n   | ").unwrap();
    let (_, before) = head.split_once("\n 1 | ").unwrap();
    assert!(before.chars().count() <= 103, "{shown}");
    assert_eq!(before.chars().skip(caret.chars().count() - 1).take(3).collect::<String>(), "fun");
}

#[test]
fn identifiers_are_kept() {
    let wasm = to_binary("\u{feff}(module $m (func $f) (func))", "f.wat").unwrap();
    let names = Names::parse(&wasm);
    assert_eq!(names.module.as_deref(), Some("m"));
    assert_eq!([names.function(0), names.function(1)], [Some("f"), None]);
}

#[test]
fn deep_text_does_not_overflow_the_stack() {
    let deep = |open: &str, middle: &str, close: &str| {
        format!("(module {}{middle}{}", open.repeat(50_000), close.repeat(50_000))
    };
    let cases = [
        ("(func ".to_owned() + &deep("(block ", "", ")")[8..] + ")", true),
        (deep("(", "", ")") + ")", false),
        (deep("(;", "", ";)") + ")", true),
        (deep("(@a ", "", ")") + ")", true),
        (deep("(func ", "", ")") + ")", false),
        (deep("(module ", "", ")") + ")", false),
        (deep("(type (func (param (ref ", "", ")") + ")", false),
        ("(func ".to_owned() + &"block ".repeat(50_000) + &"end ".repeat(50_000) + ")", true),
        (
            "(func (result i32) ".to_owned()
                + &"(i32.eqz ".repeat(50_000)
                + "(i32.const 1)"
                + &")".repeat(50_000)
                + ")",
            true,
        ),
        (
            "(func ".to_owned()
                + &"(if (i32.const 1) (then ".repeat(50_000)
                + &"))".repeat(50_000)
                + ")",
            true,
        ),
        (
            "(global i32 ".to_owned()
                + &"(i32.add (i32.const 1) ".repeat(50_000)
                + "(i32.const 1)"
                + &")".repeat(50_000)
                + ")",
            true,
        ),
        ("(rec ".repeat(50_000), false),
        ("(func (try_table (catch_all 0) ".repeat(50_000), false),
    ];
    // A quarter of what a spawned thread has.
    let run = move || {
        for (source, good) in cases {
            let start = source.chars().take(60).collect::<String>();
            match to_binary(&source, "deep.wat") {
                Ok(wasm) => assert!(good && check(&wasm).is_ok(), "{start}"),
                Err(error) => assert!(!good, "{start}: {error}"),
            }
        }
    };
    std::thread::Builder::new().stack_size(512 << 10).spawn(run).unwrap().join().unwrap();
}

#[test]
fn what_looks_like_text() {
    for text in [
        "(module)",
        "  \r\n\t(module",
        ";; a comment",
        "(; one (; in ;) another ;)",
        "( module $x",
        "(func)",
        "(@custom \"a\")",
        "\u{feff}(module)",
        "(component)",
    ] {
        assert!(looks_like_text(text.as_bytes()), "{text}");
    }
    for other in
        ["", " ", "(", "()", "(function() {})", "(modules", "<html>", "\0asm", "module", ";"]
    {
        assert!(!looks_like_text(other.as_bytes()), "{other}");
    }
}
