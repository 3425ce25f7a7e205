//! Writing what a run printed into its case as the new expectation.

use super::align::{LINES, Step, align};
use super::archive::Archive;
use super::case::{EXIT, Expected, STDERR, STDOUT};

/// The case with `actual` in place of what it expected. Sections that would say the default are not added.
pub(crate) fn blessed(mut archive: Archive, actual: &Expected) -> Archive {
    let exit = format!("{}\n", actual.exit);
    let sections = [
        (STDOUT, &actual.stdout, "", &[STDERR, EXIT][..]),
        (STDERR, &actual.stderr, "", &[EXIT]),
        (EXIT, &exit, "0\n", &[]),
    ];
    for (name, printed, default, followers) in sections {
        match archive.section(name) {
            Some(expected) => {
                let body = merged(expected, printed);
                archive.set_section(name, body, followers);
            }
            None if printed != default => archive.set_section(name, printed.clone(), followers),
            None => {}
        }
    }
    archive
}

/// `actual`, but with the lines of `expected` that describe it, wildcards and all.
///
/// A `...` stays only where nothing beside it changed: else it would hide what the run printed instead.
pub(crate) fn merged(expected: &str, actual: &str) -> String {
    let steps = align(expected, actual);
    let mut lines: Vec<&str> = Vec::new();
    for gap in steps.chunk_by(|a, b| is_same(a) == is_same(b)) {
        let changed = gap.iter().any(Step::is_difference);
        lines.extend(gap.iter().filter_map(|step| match step {
            Step::Same { expected, .. } => Some(*expected),
            Step::Wildcard => (!changed).then_some(LINES),
            Step::Covered(actual) => changed.then_some(*actual),
            Step::Extra(actual) => Some(*actual),
            Step::Missing(_) => None,
        }));
    }
    lines.into_iter().map(|line| format!("{line}\n")).collect()
}

fn is_same(step: &Step<'_>) -> bool {
    matches!(step, Step::Same { .. })
}
