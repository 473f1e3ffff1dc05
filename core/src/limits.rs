//! Every bound in one place: no queue, list or loop without one.

use crate::money::Amount;

/// The most decimals that an asset or a token may have. 10^30 minor units a unit leave room for 10^8 units.
pub const SCALE_MAX: u8 = 30;
/// The most transfers in one transaction.
pub const TRANSFERS_MAX: usize = 256;
/// The most deposits recognised in one on-chain transaction; a receipt with more is a dead letter, never cut.
pub const DEPOSITS_PER_TX_MAX: usize = 512;
/// The largest single deposit: so small that four thousand million of them do not overflow an account.
pub const DEPOSIT_MAX: Amount = Amount::from_minor(i128::MAX >> 32);
/// The most endpoints of one chain.
pub const ENDPOINTS_MAX: usize = 32;
/// The most records that one `handle` may push: they are committed together or not at all.
pub const GROUP_RECORDS_MAX: usize = 2_048;
/// The most records that one finding about a chain makes: a whole transaction in which every deposit is refused by its
/// owner's account, its hold given up, and the money put into suspense, and its own four steps.
pub const FINDING_RECORDS_MAX: usize = DEPOSITS_PER_TX_MAX * 3 + 4;
/// The most assets: a start registers them in one group.
pub const ASSETS_MAX: usize = 1_024;
/// The most work of one kind (holds that expire, addresses to assign) that one input does.
pub const CHORES_PER_INPUT_MAX: usize = 240;
/// The most records in one journal batch.
pub const BATCH_RECORDS_MAX: usize = 8_192;
/// The most records that may wait for a commit before new commands are turned away.
pub const UNCOMMITTED_RECORDS_MAX: usize = 65_536;
/// The most bytes in the payload of one journal batch.
pub const BATCH_BYTES_MAX: usize = 64 << 20;
/// The most bytes in a text from outside (a name, a reason, an actor).
pub const TEXT_BYTES_MAX: usize = 256;
/// The most blocks in one scan of a chain.
pub const SCAN_BLOCKS_MAX: u64 = 256;
/// The most token accounts of a Solana cluster that one question of a scan names: each takes a call.
pub const SCAN_ACCOUNTS_MAX: usize = 8;
/// The most attempts at one transaction that are kept while it is open, and in its dead letter: the last ones. All are
/// counted.
pub const ATTEMPTS_KEPT_MAX: usize = 16;
/// The most dead letters that one request for a list looks at.
pub const LETTERS_LOOKED_AT_MAX: usize = 10_000;
/// The most letters that a replay takes in a second.
pub const REPLAY_RATE_MAX: u32 = 100;
/// The most operators' dry runs that wait at once.
pub const DRY_RUNS_MAX: usize = 64;
/// The most dead letters that the slow sweep looks at at once.
pub const RECHECKS_MAX: usize = 8;
/// The most deposits below the minimum that are credited in one act; what is left over follows in the next.
pub const DUST_TOGETHER_MAX: usize = 4_096;
/// The most holders whose balances one question asks for.
pub const HOLDERS_MAX: usize = 32;
/// The most transactions that a reconciliation names for one asset.
pub const NAMED_MAX: usize = 64;
/// The most sums of refunds that a reconciliation tells apart for one asset.
pub const REFUND_SUMS_MAX: usize = 4096;
/// The most claims that one user may have open, so that made-up hashes cannot fill the house.
pub const OPEN_CLAIMS_PER_USER_MAX: usize = 128;

const _: () = {
    assert!(
        GROUP_RECORDS_MAX <= BATCH_RECORDS_MAX,
        "one group must fit a batch"
    );
    assert!(
        BATCH_RECORDS_MAX <= UNCOMMITTED_RECORDS_MAX,
        "a full batch must be able to gather"
    );
    // Two kinds of chores, of which the last may be of several records, and the few records of a command.
    assert!(
        FINDING_RECORDS_MAX + CHORES_PER_INPUT_MAX * 2 + 8 <= GROUP_RECORDS_MAX,
        "whatever else an input does, one finding can be decided upon"
    );
    assert!(
        ASSETS_MAX + CHORES_PER_INPUT_MAX * 2 + 8 <= GROUP_RECORDS_MAX,
        "a start registers every asset at once"
    );
};
