//! What CommonJS exports: the shapes `cjs-module-lexer` finds, with what it finds.

use holm_node::syntax::cjs_exports::cjs_exports;

#[track_caller]
fn check(source: &str, names: &str, reexports: &str) {
    let found = cjs_exports(source);
    assert_eq!(
        (found.names.join(" "), found.reexports.join(" ")),
        (names.into(), reexports.into()),
        "{source}"
    );
}

#[test]
fn assignments() {
    check("exports.a = 1; exports.b = exports.c = 2", "a b c", "");
    check("module.exports.a = 1; module.exports['b c'] = 2; exports[\"d\"] = 3", "a b c d", "");
    check("exports.a = 1; exports.a = 2", "a", "");
    check("function f() { if (x) { exports.a = 1 } } (() => { exports.b = 2 })()", "a b", "");
    check("exports . /* c */ a\n= 1", "a", "");
    check(
        "exports.a == 1; exports.a += 1; exports[a] = 1; exports.a.b = 1; foo.exports.a = 1; this.exports.a = 1",
        "",
        "",
    );
    check("exports['\\ud83d\\ude00'] = 1; exports['\\ud83d'] = 2", "😀", "");
    check("exports.__esModule = true; exports.default = 1", "__esModule default", "");
    check(
        "\"exports.a = 1\"; // exports.b = 1\n/exports.c = 1/; `${exports.d = 1} exports.e = 1`",
        "d",
        "",
    );
    check("module['exports'].a = 1", "", "");
    check("return; exports.a = 1", "a", "");
    check("#!/usr/bin/env node\nexports.a = 1", "a", "");
}

#[test]
fn literals() {
    check("module.exports = { a, b: c, 'd e': f, \"g\": h, }", "a b d e g", "");
    check("module.exports = { a, b: c.d, e }", "a b", "");
    check("module.exports = { a, b: require('c'), d }", "a b", "");
    check("module.exports = { a, b: 'c', d }", "a", "");
    check("module.exports = { a, b() {}, c }", "a b", "");
    check("module.exports = { a: function () {}, b }", "a", "");
    check("module.exports = { a: null, b: true, c: this, d: undefined }", "a b c d", "");
    check("module.exports = { get a() {}, b }", "", "");
    check("module.exports = { [a]: b, c }", "", "");
    check("module.exports = { ...a, b, ...require('c'), d }", "b d", "c");
    check("module.exports = { ...a.b, c }", "", "");
    check("0 && (module.exports = { a, b })", "a b", "");
    check("var x = module.exports = { a }", "a", "");
    check("exports = { a }", "", "");
    check("exports = module.exports = { a }; exports.b = 1", "a b", "");
    check("module.exports = class A { static x = exports.b = 1 }", "b", "");
}

#[test]
fn definitions() {
    check("Object.defineProperty(exports, '__esModule', { value: true })", "__esModule", "");
    check("Object.defineProperty(exports, 'a', { enumerable: true, value: b })", "a", "");
    check(
        "Object.defineProperty(module.exports, 'a', { enumerable: true, get: function () { return b.c } })",
        "a",
        "",
    );
    check(
        "Object.defineProperty(exports, 'a', { enumerable: true, get: function get() { return b['c']; }, })",
        "a",
        "",
    );
    check("Object.defineProperty(exports, 'a', { get() { return b } })", "a", "");
    check("Object.defineProperty(exports, 'a', { get: () => b })", "", "");
    check("Object.defineProperty(exports, 'a', { enumerable: false, get() { return b } })", "", "");
    check("Object.defineProperty(exports, 'a', { get() { return b() } })", "", "");
    check("Object.defineProperty(exports, 'a', { get() { return b.c.d } })", "", "");
    check("Object.defineProperty(exports, 'a', { get() { return b }, set(x) {} })", "", "");
    check("exports.a = 1; Object.defineProperty(exports, 'a', { get: f })", "", "");
    check(
        "Object.defineProperty(exports, a, { value: 1 }); Object.defineProperty(x, 'a', { value: 1 })",
        "",
        "",
    );
}

#[test]
fn reexports() {
    check("module.exports = require('a')", "", "a");
    check("module.exports = require('a').b", "", "a");
    check("module.exports = require('a'); module.exports = require('b')", "", "b");
    check(
        "if (x) { module.exports = require('a') } else { module.exports = require('b') }",
        "",
        "b",
    );
    check("module.exports = f(require('a'))", "", "");
    check(
        "__export(require('a')); __exportStar(require(\"b\")); tslib_1.__exportStar(require('c'), exports)",
        "",
        "a b c",
    );
    check("function f() { __export(require('a')) }", "", "");
    check("__export(x, { a: () => a })", "", "");
}

const BABEL: &[&str] = &[
    "if (k === 'default' || k === '__esModule') return; exports[k] = _x[k];",
    "if (k === \"default\" || k === \"__esModule\") return; if (k in exports && exports[k] === _x[k]) return; exports[k] = _x[k]",
    "if (k === 'default' || k === '__esModule') return;
     if (Object.prototype.hasOwnProperty.call(_names, k)) return;
     if (k in exports && exports[k] === _x[k]) return;
     Object.defineProperty(exports, k, { enumerable: true, get: function () { return _x[k]; } });",
    "if (k !== 'default') exports[k] = _x[k]",
    "if (k !== 'default' && !exports.hasOwnProperty(k)) exports[k] = _x[k]",
    "if (k !== 'default' && !Object.prototype.hasOwnProperty.call(exports, k)) exports[k] = _x[k]",
];

#[test]
fn loops_over_keys() {
    for body in BABEL {
        let looped = format!("Object.keys(_x).forEach(function (k) {{ {body} }});");
        check(&format!("var _x = require('./x'); {looped}"), "", "./x");
        check(&format!("const _x = _interopRequireWildcard(require('./x')); {looped}"), "", "./x");
        check(&format!("var _y = require('./x'); {looped}"), "", "");
        check(&format!("var _x = require('./x'); function f() {{ {looped} }}"), "", "");
    }
    for body in [
        "exports[k] = _x[k]",
        "if (k !== 'x') exports[k] = _x[k]",
        "if (k !== 'default') exports[k] = _y[k]",
    ] {
        check(
            &format!("var _x = require('./x'); Object.keys(_x).forEach(function (k) {{ {body} }})"),
            "",
            "",
        );
    }
}

#[test]
fn what_is_no_commonjs() {
    check("", "", "");
    check("\0\u{1}\u{fffd}ELF", "", "");
    check("exports.a = ", "", "");
}
