//! Resolution against what Node 20 answered for the same tree. `tests/resolution.json` holds the tree, the
//! questions and Node's answers; `tests/deviations.txt` the cases where the answers differ, each with a reason.

#![allow(clippy::unwrap_used, reason = "helpers of tests are not seen as tests")]

mod memory;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use holm_node::modules::resolve::{
    Builtins, Code, Format, Kind, Referrer, ResolveError, Resolved, Resolver, System,
};
use memory::MemoryFiles;
use serde_json::Value;

const BUILTINS: Builtins =
    Builtins { names: &["fs", "fs/promises", "path"], scheme_only: &["test", "sqlite"] };

#[test]
fn answers_as_node() {
    let data: Value = serde_json::from_str(include_str!("resolution.json")).unwrap();
    let files = Arc::new(MemoryFiles::from_json(&data["files"]));
    let shared = Resolver::new(files.clone(), BUILTINS);
    let expected = deviations();
    let mut differences = BTreeMap::new();
    for case in data["cases"].as_array().unwrap() {
        let text = |key: &str| case[key].as_str().unwrap();
        let question = format!("{} {} {:?}", text("kind"), text("referrer"), text("specifier"));
        let fresh = Resolver::new(files.clone(), BUILTINS);
        let answer = ask(&fresh, case);
        assert_eq!(answer, ask(&shared, case), "what was asked before matters: {question}");
        if let Some(difference) = compare(&answer, &case["node"]) {
            differences.insert(question, difference);
        }
    }
    let lines = |set: Vec<String>| set.join("\n");
    let unexpected = differences.iter().filter(|(question, _)| !expected.contains_key(*question));
    let unexpected: Vec<_> =
        unexpected.map(|(question, difference)| format!("{question}\n    {difference}")).collect();
    assert!(unexpected.is_empty(), "{} differ:\n{}", unexpected.len(), lines(unexpected));
    let passing: Vec<_> =
        expected.into_keys().filter(|question| !differences.contains_key(question)).collect();
    assert!(
        passing.is_empty(),
        "as Node after all, remove from deviations.txt:\n{}",
        lines(passing)
    );
}

type Answer = Result<(String, Option<&'static str>), ResolveError>;

fn ask(resolver: &Resolver, case: &Value) -> Answer {
    let text = |key: &str| case[key].as_str().unwrap();
    let kind = if text("kind") == "import" { Kind::Import } else { Kind::Require };
    let referrer = match text("referrer") {
        url if url.starts_with("data:") => Referrer::Url(url),
        path => Referrer::File(Path::new(path)),
    };
    resolver.resolve(text("specifier"), referrer, kind).map(|resolved| match (resolved, kind) {
        (Resolved::Builtin(_), Kind::Require) => (text("specifier").into(), None),
        (Resolved::Builtin(name), Kind::Import) => (format!("node:{name}"), Some("builtin")),
        (Resolved::Url(url), _) => (url, None),
        (Resolved::File(file), Kind::Require) => (file.path.display().to_string(), None),
        (Resolved::File(file), Kind::Import) => (file.url(), Some(name_of(file.format))),
    })
}

/// Node's name for a format, as its `resolve` hook tells it.
fn name_of(format: Format) -> &'static str {
    match format {
        Format::JavaScript(System::Module) => "module",
        Format::JavaScript(System::CommonJs) => "commonjs",
        Format::JavaScript(System::Ambiguous) => "ambiguous",
        Format::TypeScript(_) => "typescript",
        Format::Json => "json",
        Format::Wasm | Format::Wat => "wasm",
        Format::Addon => "addon",
    }
}

fn compare(answer: &Answer, node: &Value) -> Option<String> {
    match answer {
        Ok((url, format)) => {
            let node_format = node["format"].as_str();
            // Node 20 knows neither TypeScript nor WebAssembly nor addons, and has looked into ambiguous files.
            let same_format = format.is_none_or(|format| match format {
                "ambiguous" | "typescript" | "wasm" | "addon" => node_format != Some("module"),
                "builtin" => true,
                format => node_format == Some(format),
            });
            (node["url"] != url.as_str() || !same_format)
                .then(|| format!("{url} {format:?}, Node: {node}"))
        }
        Err(error) => {
            let kind = if error.code.is_type_error() { "TypeError" } else { "Error" };
            // Node tells when it loads.
            let later = matches!(
                error.code,
                Code::UnknownFileExtension
                    | Code::UnsupportedEsmUrlScheme
                    | Code::UnknownBuiltinModule
            ) && !node["url"].is_null();
            let message = node["message"].as_str().unwrap_or("").split("\nDid you mean").next();
            let same = later
                || node["code"] == error.code.as_str()
                    && message == Some(&error.message)
                    && node["type"] == kind;
            (!same).then(|| {
                format!("{} {kind} {}\n    Node: {node}", error.code.as_str(), error.message)
            })
        }
    }
}

/// Question and reason.
fn deviations() -> BTreeMap<String, String> {
    let mut reason = String::new();
    let mut deviations = BTreeMap::new();
    for line in include_str!("deviations.txt").lines().filter(|line| !line.is_empty()) {
        match line.strip_prefix("# ") {
            Some(text) => reason = text.into(),
            None => {
                deviations.insert(line.into(), reason.clone());
            }
        }
    }
    deviations
}

fn resolver(files: &[(&str, &str)]) -> (Arc<MemoryFiles>, Resolver) {
    let memory = Arc::new(MemoryFiles::default());
    for (path, content) in files {
        memory.write(path, content);
    }
    (memory.clone(), Resolver::new(memory, BUILTINS))
}

fn import(resolver: &Resolver, specifier: &str) -> Result<Resolved, ResolveError> {
    resolver.resolve(specifier, Referrer::File(Path::new("/app/main.mjs")), Kind::Import)
}

fn check_hint(files: &[&str], specifier: &str, hint: &str) {
    let files: Vec<_> = files.iter().map(|path| (*path, "")).collect();
    let error = import(&resolver(&files).1, specifier).unwrap_err();
    assert_eq!(error.hint.as_deref().unwrap_or(""), hint, "{specifier}: {error}");
}

#[test]
fn hints_at_what_would_work() {
    check_hint(&["/app/x.js"], "./x", "did you mean './x.js'?");
    check_hint(&["/app/x.ts"], "./x", "did you mean './x.ts'?");
    check_hint(&["/app/x.ts"], "./x.js", "did you mean './x.ts'?");
    check_hint(&["/app/x.mts"], "./x.mjs", "did you mean './x.mts'?");
    check_hint(&["/app/x.js"], "./x?q", "did you mean './x.js?q'?");
    check_hint(&["/app/d/index.js"], "./d", "did you mean './d/index.js'?");
    check_hint(&["/app/d/index.mts"], "./d/", "did you mean './d/index.mts'?");
    check_hint(&["/app/d/x.js"], "./d", "");
    check_hint(&[], "./x", "");
    check_hint(&[], "left-pad", "is it installed? `npm install left-pad`");
    check_hint(&[], "@a/b/c", "is it installed? `npm install @a/b`");
    check_hint(&["/app/x.tsx"], "./x.tsx", "JSX needs a compiler: compile it to .js first");
}

#[test]
fn tells_what_a_package_exports_under() {
    let (_, resolver) = resolver(&[(
        "/app/node_modules/p/package.json",
        r#"{"exports":{"./a":{"browser":"./a.js"}}}"#,
    )]);
    let error = import(&resolver, "p/a").unwrap_err();
    assert_eq!(error.code.as_str(), "ERR_PACKAGE_PATH_NOT_EXPORTED");
    assert_eq!(error.hint.unwrap(), "the conditions were: holm, node, import, module-sync");
}

#[test]
fn prefers_the_holm_condition() {
    let exports = r#"{"exports":{"import":"./i.mjs","holm":"./h.mjs"}}"#;
    let first = r#"{"exports":{"holm":"./h.mjs","import":"./i.mjs"}}"#;
    for (package, file) in [(exports, "i.mjs"), (first, "h.mjs")] {
        let (_, resolver) = resolver(&[
            ("/app/node_modules/p/package.json", package),
            ("/app/node_modules/p/i.mjs", ""),
            ("/app/node_modules/p/h.mjs", ""),
        ]);
        let Ok(Resolved::File(found)) = import(&resolver, "p") else { panic!("{package}") };
        assert!(found.path.ends_with(file), "{package}");
    }
}

#[test]
fn sees_files_that_came_later() {
    let (files, resolver) = resolver(&[("/app/main.mjs", "")]);
    for (path, content, specifier) in [
        ("/app/node_modules/p/package.json", r#"{"main":"m.js"}"#, "p"),
        ("/app/x.js", "", "./x.js"),
    ] {
        assert!(import(&resolver, specifier).is_err());
        files.write(path, content);
        files.write("/app/node_modules/p/m.js", "");
        assert!(import(&resolver, specifier).is_ok(), "{specifier}");
    }
}

#[test]
fn survives_hostile_specifiers() {
    let deep =
        format!(r#"{{"exports":{}1{}}}"#, r#"{"node":"#.repeat(100_000), "}".repeat(100_000));
    let (_, resolver) = resolver(&[
        ("/app/node_modules/deep/package.json", &deep),
        ("/app/node_modules/stars/package.json", r#"{"exports":{"./*/*":"./x.js","./a*":"./*"}}"#),
        (
            "/app/node_modules/loop/package.json",
            r##"{"imports":{"#a":"#b","#b":"#a"},"exports":"./x"}"##,
        ),
        (
            "/app/package.json",
            r##"{"name":"app","imports":{"#a":"#a","#b":"app"},"exports":"./../app"}"##,
        ),
    ]);
    let long =
        ["a/".repeat(1 << 20), "../".repeat(1 << 20), "x".repeat(1 << 24), "#".repeat(1 << 20)];
    let odd = [
        "deep",
        "stars/a/b",
        "stars/ab",
        "loop",
        "#a",
        "#b",
        "app",
        "\0",
        "%",
        "a\u{d7ff}",
        "////",
        "./\u{feff}",
    ];
    for specifier in long.iter().map(String::as_str).chain(odd) {
        for kind in [Kind::Import, Kind::Require] {
            let answer =
                resolver.resolve(specifier, Referrer::File(Path::new("/app/main.mjs")), kind);
            assert!(answer.is_err(), "{}", &specifier[..specifier.len().min(20)]);
        }
    }
}

#[test]
fn knows_packages_and_formats() {
    let (_, resolver) = resolver(&[
        ("/app/package.json", r#"{"name":"app","type":"module"}"#),
        ("/app/node_modules/p/index.js", ""),
    ]);
    let package = resolver.package_of(Path::new("/app/src/x.ts")).unwrap().unwrap();
    assert_eq!(
        (package.name.as_deref(), package.file()),
        (Some("app"), "/app/package.json".into())
    );
    assert_eq!(resolver.package_of(Path::new("/app/node_modules/p/index.js")), Ok(None));
    for (path, format) in [
        ("/app/x.js", Format::JavaScript(System::Module)),
        ("/app/x.ts", Format::TypeScript(System::Module)),
        ("/app/x.cjs", Format::JavaScript(System::CommonJs)),
        ("/app/x.wat", Format::Wat),
        ("/app/node_modules/p/index.js", Format::JavaScript(System::Ambiguous)),
        ("/x", Format::JavaScript(System::Ambiguous)),
    ] {
        assert_eq!(resolver.format_of(Path::new(path)), Ok(format), "{path}");
    }
}
