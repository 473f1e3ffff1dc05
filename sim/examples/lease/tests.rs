use super::{hunt, run};

#[test]
fn the_bug_is_found_shrunk_and_shown() {
    let (seed, left, story) = hunt();
    assert_eq!(run(&left, seed), (story.clone(), true), "the same again");
    insta::assert_snapshot!(format!("seed {seed}, {left:?}\n{story}"));
}
