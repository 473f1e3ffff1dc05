use std::fs;

use super::{Folder, number_of, segments};

#[test]
fn the_oldest_are_dropped_for_the_newest() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("a").join("b");
    let folder = Folder::open(&path, 3).unwrap();
    fs::write(path.join("notes.txt"), "not ours").unwrap();
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(number_of(&folder.make_next().unwrap().1).unwrap());
    }
    assert_eq!(made, [1, 2, 3, 4, 5]);
    let left: Vec<u64> = segments(&path)
        .unwrap()
        .iter()
        .map(|segment| segment.number)
        .collect();
    assert_eq!(left, [3, 4, 5]);
    assert!(path.join("notes.txt").exists());
    let again = Folder::open(&path, 3).unwrap();
    assert_eq!(
        number_of(&again.make_next().unwrap().1),
        Some(6),
        "another life goes on counting"
    );
}

#[test]
fn only_what_is_called_like_a_segment_is_one() {
    let number = |name: &str| number_of(name.as_ref());
    assert_eq!(number("dir/000012.plmrec"), Some(12));
    assert_eq!(number("1234567.plmrec"), Some(1_234_567));
    for other in [
        "plmrec",
        ".plmrec",
        "a.plmrec",
        "+1.plmrec",
        "000012.plmrec.old",
        "000012",
    ] {
        assert_eq!(number(other), None, "{other}");
    }
}
