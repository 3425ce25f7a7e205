//! `cargo xtask arrows`: the rules about who may use whom, kept by reading `cargo metadata`.
//!
//! Dependencies between Holm's crates point one way (see ARCHITECTURE.md); `unsafe` stays in two crates; the
//! command's `main.rs` stays a door. The table [`ROOMS`] is the rule; everything below it only compares.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cargo;
use crate::command::{Command, Failure, no_more_arguments};

pub const COMMAND: Command = Command {
    name: "arrows",
    summary: "check who depends on whom, and where unsafe code may be",
    run,
};

/// One workspace crate and what it may do.
struct Room {
    package: &'static str,
    may_use: &'static [&'static str],
    unsafe_code: UnsafeCode,
}

#[derive(PartialEq)]
enum UnsafeCode {
    Allowed,
    InOneFile,
    Forbidden,
}

/// Build-dependencies on this one are free to all: it makes the bytecode that a crate embeds.
const BYTECODE_COMPILER: &str = "holm-js";
/// `main.rs` of this package has fewer lines than [`MAIN_LINES`].
const COMMAND_PACKAGE: &str = "holm-cli";
const MAIN_LINES: usize = 30;
const DENY: &str = "#![deny(unsafe_code)]";
const FORBID: &str = "#![forbid(unsafe_code)]";

const ROOMS: &[Room] = &[
    with_unsafe("holm-wasm", &[]),
    with_unsafe("holm-js", &[]),
    safe("holm-wasi", &[]),
    safe("holm-host", &["holm-js"]),
    with_door("holm-webassembly", &["holm-wasm", "holm-js", "holm-host"]),
    safe("holm-web", &["holm-js", "holm-host", "holm-webassembly"]),
    safe("holm-node", &["holm-js", "holm-host", "holm-wasi", "holm-web", "holm-webassembly"]),
    safe(
        "holm",
        &["holm-wasm", "holm-js", "holm-host", "holm-webassembly", "holm-web", "holm-node"],
    ),
    safe("holm-cli", &["holm"]),
    // The fuzzer alone, which is a program of its own.
    safe("xtask", &["holm", "holm-node", "holm-wasi", "holm-wasm", "holm-web"]),
];

fn run(args: lexopt::Parser) -> Result<(), Failure> {
    no_more_arguments(args)?;
    let packages = packages(&cargo::metadata()?)?;
    let mut problems = arrow_problems(&packages);
    for package in &packages {
        for root in &package.roots {
            let source = fs::read_to_string(root)
                .map_err(Failure::while_doing(format!("reading {}", root.display())))?;
            problems.extend(source_problems(&package.name, root, &source));
        }
    }
    if problems.is_empty() {
        eprintln!("arrows: {} crates keep to the rules", packages.len());
        return Ok(());
    }
    problems.push("hint: the rules are the table ROOMS in xtask/src/arrows.rs".into());
    Err(Failure::Failed(problems.join("\n")))
}

/// What the rules need to know of a workspace crate.
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
    /// The root files of its library and binaries.
    roots: Vec<PathBuf>,
}

struct Dependency {
    /// The package's real name, also where the dependency is renamed.
    name: String,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Normal,
    Dev,
    Build,
}

impl Kind {
    /// As the table in Cargo.toml is called.
    fn table(self) -> &'static str {
        match self {
            Kind::Normal => "dependencies",
            Kind::Dev => "dev-dependencies",
            Kind::Build => "build-dependencies",
        }
    }
}

/// Dependencies between workspace crates that the table does not allow, and crates that it does not know.
fn arrow_problems(packages: &[Package]) -> Vec<String> {
    let mut problems = Vec::new();
    for package in packages {
        let Some(room) = room(&package.name) else {
            problems.push(format!("error: {} is a new crate: say what it may use", package.name));
            continue;
        };
        let ours = |name: &str| packages.iter().any(|other| other.name == name);
        for dependency in package.dependencies.iter().filter(|dependency| ours(&dependency.name)) {
            if !allows(room, dependency) {
                problems.push(refusal(room, dependency));
            }
        }
    }
    problems
}

fn allows(room: &Room, dependency: &Dependency) -> bool {
    let embeds_bytecode = dependency.kind == Kind::Build && dependency.name == BYTECODE_COMPILER;
    // A crate may name itself: its own examples and tests sometimes need another feature of it.
    let itself = dependency.name == room.package && dependency.kind == Kind::Dev;
    embeds_bytecode || itself || room.may_use.contains(&dependency.name.as_str())
}

fn refusal(room: &Room, dependency: &Dependency) -> String {
    let allowed = match room.may_use {
        [] => String::from("no other crate of ours"),
        names => names.join(", "),
    };
    let Dependency { name, kind } = dependency;
    format!(
        "error: {} must not depend on {name} ([{}]); it may use {allowed}",
        room.package,
        kind.table()
    )
}

/// What the root file of a library or binary says, against what its room must say.
fn source_problems(package: &str, root: &Path, source: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let wanted = match room(package).map(|room| &room.unsafe_code) {
        Some(UnsafeCode::Forbidden) => FORBID,
        Some(UnsafeCode::InOneFile) => DENY,
        Some(UnsafeCode::Allowed) | None => "",
    };
    if !wanted.is_empty() && !source.lines().any(|line| line.trim() == wanted) {
        problems.push(format!("error: {} lacks `{wanted}`", root.display()));
    }
    let lines = source.lines().count();
    if package == COMMAND_PACKAGE && root.ends_with("main.rs") && lines >= MAIN_LINES {
        let limit = format!("fewer than {MAIN_LINES}: move logic into modules");
        problems.push(format!("error: {} has {lines} lines, must have {limit}", root.display()));
    }
    problems
}

fn room(package: &str) -> Option<&'static Room> {
    ROOMS.iter().find(|room| room.package == package)
}

const fn safe(package: &'static str, may_use: &'static [&'static str]) -> Room {
    Room { package, may_use, unsafe_code: UnsafeCode::Forbidden }
}

/// Unsafe code in one file of the crate, which allows it and says why.
const fn with_door(package: &'static str, may_use: &'static [&'static str]) -> Room {
    Room { package, may_use, unsafe_code: UnsafeCode::InOneFile }
}

const fn with_unsafe(package: &'static str, may_use: &'static [&'static str]) -> Room {
    Room { package, may_use, unsafe_code: UnsafeCode::Allowed }
}

/// Reads the `packages` of `cargo metadata`; `None` inside becomes one error, as cargo keeps its format.
fn packages(metadata: &Value) -> Result<Vec<Package>, Failure> {
    let parsed: Option<Vec<Package>> =
        metadata["packages"].as_array().and_then(|all| all.iter().map(package).collect());
    parsed.ok_or_else(|| Failure::Failed("error: `cargo metadata` has an unknown form".into()))
}

fn package(json: &Value) -> Option<Package> {
    let has_kind = |target: &Value, wanted: &[&str]| {
        let kinds = target["kind"].as_array().into_iter().flatten().filter_map(Value::as_str);
        kinds.into_iter().any(|kind| wanted.contains(&kind))
    };
    let targets = json["targets"].as_array()?.iter();
    let roots = targets
        .filter(|target| has_kind(target, &["lib", "rlib", "cdylib", "proc-macro", "bin"]))
        .map(|target| target["src_path"].as_str().map(PathBuf::from))
        .collect::<Option<_>>()?;
    let dependencies =
        json["dependencies"].as_array()?.iter().map(dependency).collect::<Option<_>>()?;
    Some(Package { name: json["name"].as_str()?.into(), dependencies, roots })
}

fn dependency(json: &Value) -> Option<Dependency> {
    let kind = match json["kind"].as_str() {
        Some("dev") => Kind::Dev,
        Some("build") => Kind::Build,
        _ => Kind::Normal,
    };
    Some(Dependency { name: json["name"].as_str()?.into(), kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A workspace of all rooms, in which `from` depends on `to`: what the check says about it.
    fn check(from: &str, to: &str, kind: Kind) -> Vec<String> {
        let packages: Vec<Package> = ROOMS
            .iter()
            .map(|room| Package {
                name: room.package.into(),
                dependencies: Vec::new(),
                roots: Vec::new(),
            })
            .map(|mut package| {
                if package.name == from {
                    package.dependencies.push(Dependency { name: to.into(), kind });
                }
                package
            })
            .collect();
        arrow_problems(&packages)
    }

    #[test]
    fn arrows_along_the_table_are_fine() {
        assert!(check("holm", "holm-node", Kind::Normal).is_empty());
        assert!(check("holm-cli", "holm", Kind::Normal).is_empty());
        assert!(check("holm-host", "holm-js", Kind::Dev).is_empty());
        assert!(
            check("holm-cli", "serde", Kind::Normal).is_empty(),
            "a foreign crate is not our matter"
        );
    }

    #[test]
    fn an_arrow_back_is_named_with_what_is_allowed() {
        let problems = check("holm-js", "holm-wasm", Kind::Normal);
        let expected = "error: holm-js must not depend on holm-wasm ([dependencies]); it may use no other crate of ours";
        assert_eq!(problems, [expected]);
        let problems = check("holm-cli", "holm-js", Kind::Dev);
        assert_eq!(
            problems,
            ["error: holm-cli must not depend on holm-js ([dev-dependencies]); it may use holm"]
        );
    }

    #[test]
    fn only_the_bytecode_compiler_is_a_free_build_dependency() {
        assert!(check("holm-cli", "holm-js", Kind::Build).is_empty());
        assert_eq!(check("holm-cli", "holm-web", Kind::Build).len(), 1);
    }

    #[test]
    fn the_table_has_no_cycle_and_only_points_back_to_earlier_rooms() {
        for (index, room) in ROOMS.iter().enumerate() {
            for used in room.may_use {
                let position = ROOMS.iter().position(|other| other.package == *used);
                assert!(position.is_some_and(|at| at < index), "{} -> {used}", room.package);
            }
        }
    }

    #[test]
    fn a_crate_missing_in_the_table_is_reported() {
        let new = Package { name: "holm-new".into(), dependencies: Vec::new(), roots: Vec::new() };
        assert_eq!(arrow_problems(&[new]), ["error: holm-new is a new crate: say what it may use"]);
    }

    #[test]
    fn unsafe_must_be_forbidden_outside_the_two_rooms() {
        let lib = Path::new("src/lib.rs");
        assert_eq!(source_problems("holm-web", lib, "// text\n").len(), 1);
        assert_eq!(source_problems("holm-web", lib, "// #![forbid(unsafe_code)]\n").len(), 1);
        assert!(source_problems("holm-web", lib, "//! text\n#![forbid(unsafe_code)]\n").is_empty());
        assert!(source_problems("holm-js", lib, "// text\n").is_empty());
    }

    #[test]
    fn the_commands_main_stays_short() {
        let long = format!("{FORBID}\n{}", "//\n".repeat(MAIN_LINES));
        assert_eq!(source_problems("holm-cli", Path::new("src/main.rs"), &long).len(), 1);
        assert!(source_problems("holm-cli", Path::new("src/lib.rs"), &long).is_empty());
    }

    #[test]
    fn metadata_is_read_as_cargo_writes_it() {
        let json = serde_json::json!({ "packages": [{
            "name": "holm-cli",
            "dependencies": [
                { "name": "holm", "rename": "h", "kind": null },
                { "name": "holm-js", "kind": "build" },
            ],
            "targets": [
                { "kind": ["bin"], "src_path": "/w/src/main.rs" },
                { "kind": ["test"], "src_path": "/w/tests/cli.rs" },
            ],
        }]});
        let packages = packages(&json).unwrap();
        assert_eq!(packages[0].roots, [PathBuf::from("/w/src/main.rs")]);
        let tables: Vec<_> = packages[0].dependencies.iter().map(|d| d.kind.table()).collect();
        assert_eq!(tables, ["dependencies", "build-dependencies"]);
    }
}
