//! Questions about sources.

use holm_node::syntax::{
    position::Position,
    queries::{find_import_name, find_specifier, first_top_level_await, has_module_syntax},
};

#[test]
fn module_syntax() {
    for source in [
        "import 'x'",
        "import x from 'x'",
        "export {}",
        "export default 1",
        "export * from 'x'",
        "import.meta.url",
        "await x",
        "for await (const x of y) ;",
        "if (a) { await b }",
        "class A extends (await b) {}",
        "class A { [await b] = 1 }",
        "await using x = y",
        "import 'x'; let a = ;",
        "let x = await import('y')",
    ] {
        assert!(has_module_syntax(source), "{source}");
    }
    for source in [
        "",
        "import('x')",
        "require('x')",
        "async () => { await x }",
        "async function f() { for await (x of y) ; }",
        "class A { async m() { await x } }",
        "'import x'",
        "// export {}",
        "let a = ;",
        "x = { import: 1, export: 2 }",
        "\0",
        "return 1",
    ] {
        assert!(!has_module_syntax(source), "{source}");
    }
}

#[track_caller]
fn check(found: Option<Position>, line: u32, column: u32) {
    assert_eq!(found, Some(Position { line, column }));
}

#[test]
fn specifiers() {
    check(find_specifier("import 'a'\nimport x from \"b\"", "b"), 2, 15);
    check(find_specifier("export * from 'a'", "a"), 1, 15);
    check(find_specifier("export {\n x } from 'a'", "a"), 2, 11);
    check(find_specifier("let é = '😀'; f(() => import('a'))", "a"), 1, 30);
    check(find_specifier("import 'a\\x62'", "ab"), 1, 8);
    check(find_specifier("import('b'); import 'a'; import('a')", "a"), 1, 21);
    assert_eq!(find_specifier("import(a); 'b'; require('b')", "b"), None);
    assert_eq!(find_specifier("import {", "a"), None);
}

#[test]
fn names() {
    check(find_import_name("import { a, b as c } from 'x'", "x", "b"), 1, 13);
    check(find_import_name("import a from 'y'\nimport a from 'x'", "x", "default"), 2, 8);
    check(find_import_name("export { a as b } from 'x'", "x", "a"), 1, 10);
    check(find_import_name("import { 'a b' as c } from 'x'", "x", "a b"), 1, 10);
    assert_eq!(find_import_name("import * as a from 'x'", "x", "a"), None);
}

#[test]
fn awaits() {
    check(first_top_level_await("x;\r\n  await y; await z"), 2, 3);
    check(first_top_level_await("async () => await a; for await (b of c) ;"), 1, 22);
    assert_eq!(first_top_level_await("async function f() { await x }"), None);
}
