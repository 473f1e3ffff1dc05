use super::{heat_map, heat_of, short};
use crate::coverage::{CONDITIONS, Cells, Condition, KINDS, Matrix};

#[test]
fn the_file_is_whole_needs_nothing_else_and_has_every_cell() {
    let mut matrix = Matrix::default();
    let mut cells = Cells::default();
    cells.note(0, Condition::Seen.bit());
    matrix.add(&cells);
    let html = heat_map(&matrix, "of <this> & that");
    assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>\n"));
    assert!(html.contains("of &lt;this&gt; &amp; that"));
    for outside in ["http", "src=", "<link", "@import", "url("] {
        assert!(!html.contains(outside), "{outside}");
    }
    let cells = html.matches("<td class=").count();
    // Two more are in the key.
    assert_eq!(cells, KINDS.len() * CONDITIONS.len() + 2);
    assert_eq!(html.matches("<td").count(), html.matches("</td>").count());
    assert!(html.contains("data-heat=\"7\" title=\"endpoint, dead × seen: 1 of 1 runs\">1</td>"));
    let never = "title=\"process, restart × down: 0 of 1 runs; it cannot be: a process that is not there cannot be hit\"";
    assert!(html.contains(never));
}

#[test]
fn heat_goes_from_few_to_all() {
    let heats = [1, 3, 30, 100, 300, 400, 999, 1_000].map(|count| heat_of(count, 1_000));
    assert_eq!(heats, [1, 1, 3, 4, 5, 6, 6, 7]);
}

#[test]
fn counts_are_short() {
    assert_eq!(
        [7, 9_999, 12_345, 12_345_678].map(short),
        ["7", "9999", "12k", "12M"]
    );
}
