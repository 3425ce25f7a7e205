//! The result as a table: a line for each folder of the suite, and the total.

use std::collections::BTreeMap;

use super::outcome::{FileReport, Status};

#[derive(Default)]
struct Row {
    folder: String,
    files: usize,
    passed: usize,
    failed: usize,
    skipped: usize,
}

/// How much was skipped by which rule, a line for each.
pub(super) fn skipped(reports: &[FileReport]) -> String {
    let mut counts = BTreeMap::<&str, usize>::new();
    for outcome in reports.iter().flat_map(|report| &report.outcomes) {
        if let Status::Skip(rule) = &outcome.status {
            *counts.entry(rule).or_default() += 1;
        }
    }
    counts.iter().map(|(rule, count)| format!("skipped {count}: {rule}\n")).collect()
}

/// How many passed, of how many that were run.
pub(super) fn total(reports: &[FileReport]) -> (usize, usize) {
    let mut row = Row::default();
    reports.iter().for_each(|report| row.add(report));
    (row.passed, row.passed + row.failed)
}

/// For a terminal, or as Markdown for `docs/conformance.md`.
pub(super) fn render(reports: &[FileReport], markdown: bool) -> String {
    let mut rows: Vec<Row> = Vec::new();
    for report in reports {
        let folder = report.file.rsplit_once('/').map_or(".", |(folder, _)| folder);
        let index = rows.iter().position(|row| row.folder == folder).unwrap_or_else(|| {
            rows.push(Row { folder: folder.into(), ..Row::default() });
            rows.len() - 1
        });
        rows[index].add(report);
    }
    let mut total = Row { folder: "total".into(), ..Row::default() };
    for row in &rows {
        total.files += row.files;
        total.passed += row.passed;
        total.failed += row.failed;
        total.skipped += row.skipped;
    }
    rows.push(total);
    let mut lines: Vec<[String; 5]> =
        vec![["folder", "files", "passed", "of", "skipped"].map(str::to_owned)];
    lines.extend(rows.iter().map(|row| {
        let run = row.passed + row.failed;
        let [files, passed, run, skipped] = [row.files, row.passed, run, row.skipped];
        let [files, passed, run, skipped] = [files, passed, run, skipped].map(|n| n.to_string());
        [row.folder.clone(), files, passed, run, skipped]
    }));
    let widths: [usize; 5] = std::array::from_fn(|column| {
        lines.iter().map(|line| line[column].len()).max().unwrap_or_default()
    });
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        let cells: [String; 5] = std::array::from_fn(|column| match column {
            0 => format!("{:<1$}", line[0], widths[0]),
            _ => format!("{:>1$}", line[column], widths[column]),
        });
        match markdown {
            true => text.push_str(&format!("| {} |\n", cells.join(" | "))),
            false => text.push_str(&format!("{}\n", cells.join("  "))),
        }
        if markdown && index == 0 {
            let rule = widths.map(|width| "-".repeat(width.saturating_sub(1)));
            text.push_str(&format!("| {}- | {}: |\n", rule[0], rule[1..].join(": | ")));
        }
    }
    text
}

impl Row {
    fn add(&mut self, report: &FileReport) {
        self.files += 1;
        for outcome in &report.outcomes {
            match outcome.status {
                Status::Pass => self.passed += 1,
                Status::Fail(_) => self.failed += 1,
                Status::Skip(_) => self.skipped += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::outcome::Outcome;
    use super::*;

    #[test]
    fn a_row_for_each_folder() {
        let outcome = |status| Outcome { name: "n".into(), status };
        let reports = [
            FileReport { file: "a.js".into(), outcomes: vec![outcome(Status::Pass)] },
            FileReport {
                file: "memory/b.js".into(),
                outcomes: vec![
                    outcome(Status::Fail("x".into())),
                    outcome(Status::Pass),
                    outcome(Status::Skip("y".into())),
                ],
            },
        ];
        let text = "folder  files  passed  of  skipped\n\
                    .           1       1   1        0\n\
                    memory      1       1   2        1\n\
                    total       2       2   3        1\n";
        assert_eq!(render(&reports, false), text);
        assert_eq!(skipped(&reports), "skipped 1: y\n");
        assert_eq!(total(&reports), (2, 3));
        assert!(render(&reports, true).starts_with(
            "| folder | files | passed | of | skipped |\n| ------ | ----: | -----: | -: | ------: |\n"
        ));
    }
}
