use plimsoll_core::bank::{AdminAct, EndpointName};
use plimsoll_core::escrow::TxKey;
use plimsoll_core::id::{ChainId, TxHash};
use plimsoll_core::resilience::BreakerOrder;
use plimsoll_sim::world::plan::{Deed, OrderPlan};

use super::Orders;
use crate::testing::{CHAIN, bank_config};

fn named(name: &str) -> EndpointName {
    EndpointName {
        chain: CHAIN,
        name: name.to_owned(),
    }
}

#[test]
fn an_order_and_what_took_it_back_are_one_deed() {
    let (tx, other) = ([1; 32], [2; 32]);
    let key = |hash| TxKey {
        chain: CHAIN,
        tx: TxHash::Evm(hash),
    };
    let breaker = |order| AdminAct::Breaker {
        endpoint: named("one"),
        order,
    };
    let acts = [
        (1, AdminAct::PauseEndpoint(named("two"))),
        (2, breaker(BreakerOrder::Disable)),
        (3, AdminAct::PauseEndpoint(named("gone"))),
        (4, AdminAct::ResumeEndpoint(named("two"))),
        (5, breaker(BreakerOrder::ForceOpen)),
        (6, AdminAct::Sweep),
        (7, AdminAct::PauseChain(CHAIN)),
        (8, AdminAct::PauseChain(ChainId::new(1))),
        (9, AdminAct::Process(key(tx))),
        (10, AdminAct::Process(key(other))),
        (11, breaker(BreakerOrder::Reset)),
        (12, AdminAct::Drain),
        (13, AdminAct::Undrain),
        (14, AdminAct::Undrain),
    ];
    let mut orders = Orders::default();
    for (at_ms, act) in acts {
        orders.note(at_ms, &act);
    }
    let chain = &bank_config().escrow.chains[0];
    let deeds = orders.finish(chain, 100, |tx| (tx == key([1; 32])).then_some(33));
    let order = |at_ms, order| Some(Deed::Order { at_ms, order });
    let endpoint = 0;
    assert_eq!(
        deeds,
        [
            order(
                1,
                OrderPlan::PauseEndpoint {
                    endpoint: 1,
                    until_ms: 4
                }
            ),
            order(
                2,
                OrderPlan::Disable {
                    endpoint,
                    until_ms: 5
                }
            ),
            None,
            order(
                5,
                OrderPlan::ForceOpen {
                    endpoint,
                    until_ms: 11
                }
            ),
            order(6, OrderPlan::Sweep),
            order(7, OrderPlan::PauseChain { until_ms: 100 }),
            None,
            order(9, OrderPlan::Process { deed: 33 }),
            None,
            order(12, OrderPlan::Drain { until_ms: 13 }),
        ]
    );
}
