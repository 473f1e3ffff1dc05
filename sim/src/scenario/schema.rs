//! The tables of a scenario file, field for field. `scenarios/README.md` documents them, and a test holds it to them.
//!
//! Every table refuses unknown fields. What a field means together with others is judged in `check`.

use core::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::expect::ExpectTable;
use super::kinds::{
    Claiming, CueKind, DepositKind, DirectionKind, DriftKind, Family, FaultKind, LieKind, LossKind,
    OrderKind, ShapeKind, TransactionKind,
};
use super::values::{Count, Millis, Names, Percent, Span, Sum};
use crate::world::plan::{ChainKind, QuotaPlan};

/// A whole scenario file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioTable {
    /// What the scenario shows, in one sentence.
    pub proves: Spanned<String>,
    /// How long users, chain and faults act. Then everything heals, and the world is left alone to settle.
    pub duration_ms: Spanned<Millis>,
    /// When everything that lasts is suspended until all that was open is settled.
    #[serde(default)]
    pub quiet_at_ms: Vec<Spanned<Millis>>,
    /// Whether only a random core of the endpoints works once the run's time is over.
    #[serde(default)]
    pub heal_core: bool,
    /// How often a soak takes it, beside others.
    pub weight: Option<Count>,
    /// How many seeds `sim run` gives it when nobody says.
    pub seeds: Option<Spanned<Count>>,
    /// The chain, its endpoints, the store.
    #[serde(default)]
    pub world: WorldTable,
    /// What people do.
    #[serde(default)]
    pub workload: WorkloadTable,
    /// What breaks.
    #[serde(default)]
    pub faults: Vec<Spanned<FaultTable>>,
    /// What must hold at the end, beside what the oracles ask of every run.
    #[serde(default)]
    pub expect: ExpectTable,
    /// Makes it a swarm: each seed draws its own world, workload and faults.
    pub swarm: Option<SwarmTable>,
}

/// `[world]`: the chain, its endpoints, the store.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorldTable {
    /// How many endpoints the chain has; they are called `rpc-1`, `rpc-2` …
    pub endpoints: Spanned<Count>,
    /// How many providers run them, in turn; each its own when absent.
    pub providers: Option<Spanned<Count>>,
    /// How many calls each endpoint bears: `[{ calls = 40, per_ms = 10_000 }]`. No bound when left out.
    pub quotas: Spanned<Vec<QuotaPlan>>,
    /// Endpoints that search no logs: `["rpc-1"]`.
    pub without_logs: Spanned<Names>,
    /// Endpoints that hold the logs of the last `history_blocks` alone.
    pub pruned: Spanned<Names>,
    /// Of how many blocks below their finalized one pruned endpoints hold the logs.
    pub history_blocks: Spanned<Count>,
    /// How long a message between the bank and an endpoint takes, one way.
    pub latency_ms: Span<Millis>,
    /// How latencies are spread over `latency_ms`.
    pub latency_shape: ShapeKind,
    /// How long the store takes to sync an append.
    pub commit_ms: Span<Millis>,
    /// What kind of chain it is.
    pub chain: ChainKind,
    /// The time between two blocks, or slots.
    pub block_ms: Spanned<Millis>,
    /// How many blocks the finalized one is behind the latest.
    pub finality_blocks: Spanned<Count>,
    /// After how many blocks the contract of USDC stands for it no longer.
    pub usdc_retired_after: Option<Spanned<Count>>,
    /// What the contract of USDC keeps of each transfer, whatever it logs.
    pub usdc_fee: Option<TransferFeeTable>,
    /// By how many blocks the one that two thirds of the validators have built upon trails the latest.
    pub attested_blocks: Option<Spanned<Count>>,
    /// By how many blocks finality trails the newest one from which on what is attested counts in its stead.
    pub stalled_lag: Option<Spanned<Count>>,
    /// The most questions about money that are put to another endpoint, too.
    pub hedge_share_max: Percent,
    /// How often the bank reads heads and scans.
    pub poll_ms: Spanned<Millis>,
    /// How long automation tries before a transaction is a dead letter.
    pub patience_ms: Spanned<Millis>,
    /// How often dead letters are looked at again.
    pub recheck_ms: Spanned<Millis>,
    /// How often custody is reconciled; left out, never.
    pub reconcile_ms: Option<Spanned<Millis>>,
    /// What a thief takes, of whom the bank is not told.
    pub theft: Option<TheftTable>,
    /// The most USDT that one operator may dismiss alone; left out, any amount.
    pub dismiss_alone_max: Option<Sum>,
    /// Whether the bank has bad luck on purpose.
    pub buggify: bool,
    /// How many workers it has, `worker-1` and so on, fed by the queues `immediate` and `database`.
    pub workers: Spanned<Count>,
    /// How long workers may have a transaction before the bank verifies it itself.
    pub takeover_ms: Spanned<Millis>,
    /// When a transaction is verified by the bank after it was named; by workers alone if there is none.
    pub fast_track_ms: Vec<Millis>,
    /// How often everything that is not terminal is verified again.
    pub sweep_ms: Spanned<Millis>,
}

impl Default for WorldTable {
    fn default() -> Self {
        Self {
            endpoints: plain(Count(3)),
            providers: None,
            quotas: plain(Vec::new()),
            without_logs: plain(Names(Vec::new())),
            pruned: plain(Names(Vec::new())),
            history_blocks: plain(Count(100)),
            latency_ms: millis(10, 40),
            latency_shape: ShapeKind::Uniform,
            commit_ms: millis(1, 5),
            chain: ChainKind::Evm,
            block_ms: plain(Millis(450)),
            finality_blocks: plain(Count(3)),
            usdc_retired_after: None,
            usdc_fee: None,
            attested_blocks: None,
            stalled_lag: None,
            hedge_share_max: Percent(0),
            poll_ms: plain(Millis(1_000)),
            patience_ms: plain(Millis(24 * 60 * 60 * 1_000)),
            recheck_ms: plain(Millis(10 * 60 * 1_000)),
            reconcile_ms: None,
            theft: None,
            dismiss_alone_max: None,
            buggify: false,
            workers: plain(Count(0)),
            takeover_ms: plain(Millis(15_000)),
            fast_track_ms: [0, 1_000, 2_000].map(Millis).to_vec(),
            sweep_ms: plain(Millis(3_000)),
        }
    }
}

/// `world.usdc_fee`: how much of a transfer does not arrive, and since when.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferFeeTable {
    /// After how many blocks.
    pub after_blocks: Spanned<Count>,
    /// How much of a hundred.
    pub percent: Spanned<Percent>,
}

/// `world.theft`: what is gone from the deposit addresses, and when.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TheftTable {
    /// When.
    pub at_ms: Spanned<Millis>,
    /// How much USDT.
    pub amount: Sum,
}

/// `[workload]`: what people do.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorkloadTable {
    /// How many users register, in the first second.
    pub users: Spanned<Count>,
    /// What each user pays in at the start, in USDC, so that there is something to move.
    pub fund: Option<Span<Sum>>,
    /// Payments on the chain, and who claims them.
    pub deposits: Vec<DepositsTable>,
    /// Payments between users.
    pub transactions: Vec<TransactionsTable>,
    /// What operators order.
    pub orders: Vec<OrdersTable>,
    /// When an operator lets automation try every dead letter again.
    pub retry_dead_letters_at_ms: Vec<Spanned<Millis>>,
    /// When an operator replays every dead letter.
    pub replay_dead_letters_at_ms: Vec<Spanned<Millis>>,
    /// When an operator asks of every dead letter what a replay would come to.
    pub dry_run_dead_letters_at_ms: Vec<Spanned<Millis>>,
    /// When two operators dismiss every dead letter.
    pub dismiss_dead_letters_at_ms: Vec<Spanned<Millis>>,
    /// When an operator says whose the unattributed deposits are.
    pub attribute_suspense_at_ms: Option<Spanned<Millis>>,
}

impl Default for WorkloadTable {
    fn default() -> Self {
        Self {
            users: plain(Count(4)),
            fund: None,
            deposits: Vec::new(),
            transactions: Vec::new(),
            orders: Vec::new(),
            retry_dead_letters_at_ms: Vec::new(),
            replay_dead_letters_at_ms: Vec::new(),
            dry_run_dead_letters_at_ms: Vec::new(),
            dismiss_dead_letters_at_ms: Vec::new(),
            attribute_suspense_at_ms: None,
        }
    }
}

/// `[[workload.deposits]]`: payments of one kind on the chain.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DepositsTable {
    /// What is paid how.
    pub kind: Spanned<DepositKind>,
    /// How many transactions.
    pub count: Spanned<Count>,
    /// When each is sent to the chain.
    pub at_ms: Spanned<Span<Millis>>,
    /// How much each transfer pays.
    #[serde(default = "usual_amount")]
    pub amount: Span<Sum>,
    /// Whether and how it is claimed.
    #[serde(default = "usual_claim")]
    pub claim: Spanned<Claiming>,
    /// How long after it was sent it is claimed first.
    #[serde(default = "usual_claim_delay")]
    pub claim_after_ms: Span<Millis>,
}

/// `[[workload.transactions]]`: payments of USDC between users.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransactionsTable {
    /// How many.
    pub count: Spanned<Count>,
    /// When each begins.
    pub at_ms: Spanned<Span<Millis>>,
    /// How long after its beginning a hold is resolved or a payment reversed.
    #[serde(default = "usual_resolution")]
    pub resolved_after_ms: Span<Millis>,
    /// How much each moves.
    #[serde(default = "usual_amount")]
    pub amount: Span<Sum>,
    /// How many in a hundred are sent again under the same key, and half of these with another amount.
    #[serde(default = "some_repeats")]
    pub repeat_percent: Percent,
    /// Which are drawn, each as often; all of them when absent.
    #[serde(default = "every_transaction_kind")]
    pub kinds: Spanned<Vec<TransactionKind>>,
}

/// `[[workload.orders]]`: orders of operators, of one kind.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrdersTable {
    /// What is ordered.
    pub kind: Spanned<OrderKind>,
    /// How many times.
    #[serde(default = "once")]
    pub count: Spanned<Count>,
    /// When each is given.
    pub at_ms: Spanned<Span<Millis>>,
    /// After how long it is taken back, if it lasts.
    #[serde(default = "usual_order")]
    pub for_ms: Span<Millis>,
    /// Of which endpoint, if it is about one; each time another one when absent.
    pub target: Option<Spanned<String>>,
}

/// `[[faults]]`: one thing that breaks, or several alike.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultTable {
    /// What breaks how.
    pub kind: Spanned<FaultKind>,
    /// Which endpoints, or `users` for a link; `endpoints` stands for all of them.
    pub target: Option<Spanned<Names>>,
    /// From when; with `after`, how long after that.
    pub at_ms: Option<Spanned<Span<Millis>>>,
    /// What it waits for.
    pub after: Option<Spanned<AfterTable>>,
    /// Until when; or `for_ms`.
    pub until_ms: Option<Spanned<Millis>>,
    /// For how long; or `until_ms`.
    pub for_ms: Option<Spanned<Span<Millis>>>,
    /// How often it happens, each at a time of its own from `at_ms`.
    pub count: Option<Spanned<Count>>,
    /// Makes it come and go until its end: each time it stays on, and then off, for so long.
    pub dwell_ms: Option<Spanned<Span<Millis>>>,
    /// How many in a hundred questions, messages or requests are hit.
    pub percent: Option<Spanned<Percent>>,
    /// How much longer things take, or the width of a reordering.
    pub extra_ms: Option<Spanned<Millis>>,
    /// How many blocks an endpoint is behind, or a reorganisation is deep.
    pub blocks: Option<Spanned<Count>>,
    /// What `Retry-After` says.
    pub retry_after_ms: Option<Spanned<Millis>>,
    /// Which way a link is hit; both when absent.
    pub direction: Option<Spanned<DirectionKind>>,
    /// Which untruth is told.
    pub lie: Option<Spanned<LieKind>>,
    /// How many in a hundred unknown commits did happen.
    pub committed_percent: Option<Spanned<Percent>>,
    /// How many in a hundred transactions of a replaced block are gone.
    pub vanish_percent: Option<Spanned<Percent>>,
    /// What a crash leaves of what was written and not synced.
    pub loss: Option<Spanned<LossKind>>,
    /// How far the date is off, negative for behind.
    pub by_ms: Option<Spanned<i64>>,
    /// How the date wanders off.
    pub drift: Option<Spanned<DriftKind>>,
    /// How much too fast the clock is, in millionths; negative for too slow.
    pub ppm: Option<Spanned<i64>>,
    /// The time of one swing, or between two jumps.
    pub every_ms: Option<Spanned<Millis>>,
    /// The shape of a delay.
    pub shape: Option<Spanned<ShapeKind>>,
    /// How long after the first loss a sender notices that a connection is half-open.
    pub notice_ms: Option<Spanned<Millis>>,
}

/// `after`: what a fault waits for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AfterTable {
    /// What happens.
    pub event: CueKind,
    /// How often it must have happened.
    #[serde(default = "once")]
    pub count: Spanned<Count>,
    /// Of which endpoint, where that matters.
    pub of: Option<Spanned<String>>,
}

impl FaultTable {
    /// Its fields that only some kinds take, with their places if they are there.
    pub(super) fn particulars(&self) -> [(&'static str, Option<Range<usize>>); 16] {
        [
            ("target", self.target.as_ref().map(Spanned::span)),
            ("percent", self.percent.as_ref().map(Spanned::span)),
            ("extra_ms", self.extra_ms.as_ref().map(Spanned::span)),
            ("blocks", self.blocks.as_ref().map(Spanned::span)),
            ("retry_after_ms", self.retry_after_ms.as_ref().map(Spanned::span)),
            ("direction", self.direction.as_ref().map(Spanned::span)),
            ("lie", self.lie.as_ref().map(Spanned::span)),
            (
                "committed_percent",
                self.committed_percent.as_ref().map(Spanned::span),
            ),
            ("vanish_percent", self.vanish_percent.as_ref().map(Spanned::span)),
            ("loss", self.loss.as_ref().map(Spanned::span)),
            ("by_ms", self.by_ms.as_ref().map(Spanned::span)),
            ("drift", self.drift.as_ref().map(Spanned::span)),
            ("ppm", self.ppm.as_ref().map(Spanned::span)),
            ("every_ms", self.every_ms.as_ref().map(Spanned::span)),
            ("shape", self.shape.as_ref().map(Spanned::span)),
            ("notice_ms", self.notice_ms.as_ref().map(Spanned::span)),
        ]
    }
}

/// `[swarm]`: what each seed draws. Kinds of payments, claims and commands are each off in half of the runs, and so are
/// each family of faults and each kind of a family that is on; what is on has a weight.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SwarmTable {
    /// The families of faults that may be drawn.
    pub families: Vec<Family>,
    /// How many endpoints.
    pub endpoints: Spanned<Span<Count>>,
    /// How many users.
    pub users: Spanned<Span<Count>>,
    /// How many payments.
    pub deposits: Span<Count>,
    /// How many commands to the ledger.
    pub transactions: Span<Count>,
    /// How many faults of each family that is on.
    pub faults: Span<Count>,
    /// How long each fault lasts.
    pub fault_ms: Span<Millis>,
    /// The slowest that a message to an endpoint may be in any run.
    pub latency_ms: Span<Millis>,
    /// How often the bank reads heads and scans.
    pub poll_ms: Spanned<Span<Millis>>,
}

impl Default for SwarmTable {
    fn default() -> Self {
        let counts = |low, high| Span {
            low: Count(low),
            high: Count(high),
        };
        Self {
            families: Family::ALL.to_vec(),
            endpoints: plain(counts(2, 9)),
            users: plain(counts(1, 16)),
            deposits: counts(0, 40),
            transactions: counts(0, 60),
            faults: counts(1, 6),
            fault_ms: millis(100, 15_000),
            latency_ms: millis(1, 200),
            poll_ms: plain(millis(200, 2_000)),
        }
    }
}

/// A value that no file gave.
fn plain<T>(value: T) -> Spanned<T> {
    Spanned::new(0..0, value)
}

const fn millis(low: u64, high: u64) -> Span<Millis> {
    Span {
        low: Millis(low),
        high: Millis(high),
    }
}

/// 1 to 500 whole units.
const fn usual_amount() -> Span<Sum> {
    Span {
        low: Sum(1_000),
        high: Sum(500_000),
    }
}

fn once() -> Spanned<Count> {
    plain(Count(1))
}

fn usual_claim() -> Spanned<Claiming> {
    plain(Claiming::Once)
}

/// People look at their wallet first.
const fn usual_claim_delay() -> Span<Millis> {
    millis(100, 3_000)
}

const fn usual_order() -> Span<Millis> {
    millis(1_000, 10_000)
}

const fn usual_resolution() -> Span<Millis> {
    millis(500, 5_000)
}

const fn some_repeats() -> Percent {
    Percent(10)
}

fn every_transaction_kind() -> Spanned<Vec<TransactionKind>> {
    plain(TransactionKind::ALL.to_vec())
}
