use alloc::vec;
use alloc::vec::Vec;

use super::EndpointSet;

#[test]
fn it_is_walked_lowest_first_and_to_the_end() {
    for numbers in [vec![], vec![0], vec![31], vec![0, 1, 30, 31], (0..32).collect()] {
        let set: EndpointSet = numbers.iter().rev().copied().collect();
        assert_eq!(set.iter().collect::<Vec<u8>>(), numbers);
        assert_eq!(set.len(), numbers.len());
    }
}

#[test]
fn a_union_has_what_either_has() {
    let set = |numbers: &[u8]| numbers.iter().copied().collect::<EndpointSet>();
    assert_eq!(set(&[1, 3]).union(set(&[3, 5])), set(&[1, 3, 5]));
    assert_eq!(set(&[31]).union(EndpointSet::EMPTY), set(&[31]));
}
