use super::RefundStage;
use crate::escrow::testing::tx;
use crate::id::TransactionId;
use crate::time::WallClock;

#[test]
fn each_stage_has_its_code() {
    let (transaction, at) = (TransactionId::new(1), WallClock::from_micros(1));
    let paid_by = tx(1);
    for (stage, code) in [
        (RefundStage::Pending, "pending"),
        (
            RefundStage::Settled {
                paid_by,
                transaction,
                at,
            },
            "settled",
        ),
        (RefundStage::Withdrawn { transaction, at }, "withdrawn"),
    ] {
        assert_eq!(stage.code(), code);
    }
}
