use std::collections::BTreeSet;

use super::{LANDMARKS, Landmarks, Reached, landmark};

#[test]
fn what_was_reached_is_counted_by_run_and_what_was_not_is_told() {
    let mut reached = Reached::default();
    for weather in 0..3 {
        sometimes!(reached, weather == 2, "a breaker closed again");
        sometimes!(reached, weather == 9, "a hold expired");
    }
    let mut landmarks = Landmarks::default();
    landmarks.add(reached);
    landmarks.add(Reached::default());
    landmarks.add(reached);
    let count = |name| {
        landmarks
            .counts()
            .find(|(one, _)| *one == name)
            .map(|(_, count)| count)
    };
    assert_eq!(count("a breaker closed again"), Some(2));
    assert_eq!(count("a hold expired"), Some(0));
    assert_eq!(landmarks.missed().count(), LANDMARKS.len() - 1);
    assert!(landmarks.missed().all(|name| name != "a breaker closed again"));
    let mut twice = landmarks;
    twice.merge(&landmarks);
    assert_eq!(twice.counts().map(|(_, count)| count).sum::<u64>(), 4);
}

#[test]
fn each_landmark_has_a_name_and_a_place_of_its_own() {
    assert_eq!(LANDMARKS.iter().collect::<BTreeSet<_>>().len(), LANDMARKS.len());
    for (place, name) in LANDMARKS.iter().enumerate() {
        assert_eq!(landmark(name), place);
    }
}
