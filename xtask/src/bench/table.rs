//! Rows of text under each other.

/// How many columns are names.
const NAMES: usize = 2;

/// Names to the left, numbers to the right.
pub fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let width =
        |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .enumerate()
            .map(|(column, cell)| match column < NAMES {
                true => format!("{cell:<width$}", width = width(column)),
                false => format!("{cell:>width$}", width = width(column)),
            })
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let rows = [["a", "bb", "1.00"], ["aaa", "b", "10.00"]].map(|row| row.map(String::from));
        assert_eq!(aligned(&rows), "a    bb   1.00\naaa  b   10.00\n");
    }
}
