use core::time::Duration;

use super::{Choice, EndpointSet, Pool, PoolPolicy, ProviderSet};
use crate::resilience::error_class::ErrorClass;
use crate::rng::Rng;
use crate::time::Instant;

#[test]
fn the_one_living_endpoint_of_seven_is_found() {
    let mut pool = Pool::new(PoolPolicy::default(), &[0, 1, 2, 3, 4, 5, 6], Rng::from_seed(1));
    (0..7).for_each(|endpoint| pool.mark_verified(endpoint));
    let mut now = Instant::ZERO;
    let mut asked = EndpointSet::EMPTY;
    loop {
        let lease = match pool.choose(now, asked, ProviderSet::EMPTY) {
            Choice::Ask(lease) => lease,
            Choice::None { why, .. } => panic!("nobody: {why:?}"),
        };
        asked.insert(lease.endpoint);
        if lease.endpoint == 6 {
            pool.on_answer(now, lease, Duration::from_millis(100));
            break;
        }
        let took = lease.timeout;
        now = now.after(took);
        pool.on_failure(now, lease, ErrorClass::Transient, None, took);
    }
    assert!(now <= Instant::ZERO.after(Duration::from_millis(6 * 400)));
}
