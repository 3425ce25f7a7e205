//! Comparing output with an expectation, line by line.
//!
//! In an expectation `[..]` stands for any characters of a line and a line `...` for any number of lines.
//! One alignment serves all: no differences in it means a match, printed it is the diff, and blessing keeps
//! the lines that it found equal.

/// Any number of lines.
pub(crate) const LINES: &str = "...";
const CHARACTERS: &str = "[..]";

/// One line of an alignment.
#[derive(Debug, PartialEq)]
pub(crate) enum Step<'a> {
    /// Both have it; the expectation may have wildcards.
    Same {
        expected: &'a str,
        actual: &'a str,
    },
    /// A `...` begins here (it may stand for no line at all).
    Wildcard,
    /// A line that the `...` before stands for.
    Covered(&'a str),
    Missing(&'a str),
    Extra(&'a str),
}

impl Step<'_> {
    pub(crate) fn is_difference(&self) -> bool {
        matches!(self, Step::Missing(_) | Step::Extra(_))
    }
}

pub(crate) fn matches(expected: &str, actual: &str) -> bool {
    !align(expected, actual).iter().any(Step::is_difference)
}

/// The way through both texts with the fewest differences.
pub(crate) fn align<'a>(expected: &'a str, actual: &'a str) -> Vec<Step<'a>> {
    let (expected, actual): (Vec<_>, Vec<_>) =
        (expected.lines().collect(), actual.lines().collect());
    let costs = Costs::of(&expected, &actual);
    let (mut row, mut column) = (0, 0);
    let mut steps = Vec::new();
    while row < expected.len() || column < actual.len() {
        let here = costs.at(row, column);
        let is_wildcard = expected.get(row) == Some(&LINES);
        if is_wildcard {
            if !matches!(steps.last(), Some(Step::Covered(_) | Step::Wildcard)) {
                steps.push(Step::Wildcard);
            }
            if costs.at(row + 1, column) == here {
                row += 1;
            } else {
                steps.push(Step::Covered(actual[column]));
                column += 1;
            }
        } else if costs.same(row, column) && costs.at(row + 1, column + 1) == here {
            steps.push(Step::Same { expected: expected[row], actual: actual[column] });
            (row, column) = (row + 1, column + 1);
        } else if row < expected.len() && costs.at(row + 1, column) + 1 == here {
            steps.push(Step::Missing(expected[row]));
            row += 1;
        } else {
            steps.push(Step::Extra(actual[column]));
            column += 1;
        }
    }
    steps
}

/// For every pair of positions, how many lines of the two rests have no counterpart.
struct Costs<'a> {
    expected: &'a [&'a str],
    actual: &'a [&'a str],
    cells: Vec<u32>,
}

impl<'a> Costs<'a> {
    fn of(expected: &'a [&'a str], actual: &'a [&'a str]) -> Costs<'a> {
        let cells = vec![0; (expected.len() + 1) * (actual.len() + 1)];
        let mut costs = Costs { expected, actual, cells };
        for row in (0..=expected.len()).rev() {
            for column in (0..=actual.len()).rev() {
                let index = costs.index(row, column);
                costs.cells[index] = costs.best(row, column);
            }
        }
        costs
    }

    fn best(&self, row: usize, column: usize) -> u32 {
        let (rows_left, columns_left) = (row < self.expected.len(), column < self.actual.len());
        if rows_left && self.expected[row] == LINES {
            let nothing = self.at(row + 1, column);
            return if columns_left { nothing.min(self.at(row, column + 1)) } else { nothing };
        }
        let mut ways = Vec::with_capacity(3);
        if self.same(row, column) {
            ways.push(self.at(row + 1, column + 1));
        }
        if rows_left {
            ways.push(self.at(row + 1, column) + 1);
        }
        if columns_left {
            ways.push(self.at(row, column + 1) + 1);
        }
        ways.into_iter().min().unwrap_or(0)
    }

    fn same(&self, row: usize, column: usize) -> bool {
        match (self.expected.get(row), self.actual.get(column)) {
            (Some(expected), Some(actual)) => *expected != LINES && line_matches(expected, actual),
            _ => false,
        }
    }

    fn at(&self, row: usize, column: usize) -> u32 {
        self.cells[self.index(row, column)]
    }

    fn index(&self, row: usize, column: usize) -> usize {
        row * (self.actual.len() + 1) + column
    }
}

/// Whether a line is what `pattern`, which may hold `[..]`, describes.
pub(crate) fn line_matches(pattern: &str, line: &str) -> bool {
    let Some((start, rest)) = pattern.split_once(CHARACTERS) else {
        return pattern == line;
    };
    let Some(mut line) = line.strip_prefix(start) else {
        return false;
    };
    let mut pieces: Vec<&str> = rest.split(CHARACTERS).collect();
    let last = pieces.pop().unwrap_or_default();
    for piece in pieces {
        match line.split_once(piece) {
            Some((_, after)) => line = after,
            None => return false,
        }
    }
    line.ends_with(last)
}
