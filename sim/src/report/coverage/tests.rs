use super::coverage;
use crate::coverage::{Cells, Condition, KINDS, Matrix};

fn place(name: &str) -> usize {
    KINDS.iter().position(|kind| kind.name == name).unwrap()
}

#[test]
fn the_matrix_shows_figures_holes_and_what_cannot_be() {
    let mut matrix = Matrix::default();
    let mut cells = Cells::default();
    cells.note(place("dead"), Condition::Seen.bit() | Condition::Open.bit());
    for _ in 0..12 {
        matrix.add(&cells);
    }
    cells.note(place("restart"), Condition::Down.bit());
    matrix.add(&cells);
    let text = coverage(&matrix);
    // The holes of the other rows are as many lines.
    let shown: Vec<&str> = text
        .lines()
        .filter(|line| !line.contains("  never met  ") || line.contains(": dead"))
        .collect();
    insta::assert_snapshot!("matrix", shown.join("\n"));
}
