//! [`Table`]: plain columns for a terminal, a file or a diff.

use core::fmt;

/// A table with one line a row: the first and the last column to the left, numbers between them to the right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    columns: usize,
    /// The heading first.
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    #[must_use]
    pub fn new(heading: &[&str]) -> Self {
        Self {
            columns: heading.len(),
            rows: vec![heading.iter().map(|&name| name.to_owned()).collect()],
        }
    }

    /// Adds a row.
    ///
    /// # Panics
    /// When it has not one cell a column.
    pub fn row(&mut self, cells: Vec<String>) {
        assert_eq!(cells.len(), self.columns, "a row has one cell a column");
        self.rows.push(cells);
    }

    fn width(&self, column: usize) -> usize {
        self.rows
            .iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.columns.saturating_sub(1);
        for row in &self.rows {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let width = self.width(column);
                if column == 0 {
                    line.push_str(&format!("{cell:<width$}"));
                } else if column == last {
                    line.push_str(&format!("  {cell}"));
                } else {
                    line.push_str(&format!("  {cell:>width$}"));
                }
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
