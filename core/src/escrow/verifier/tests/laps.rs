//! The scanner of Solana: every final slot in laps over the token accounts of all wallets, a part of them at a time.

use alloc::collections::{BTreeMap, BTreeSet};
use core::time::Duration;
use std::vec;
use std::vec::Vec;

use super::{Ask, Finding, Out, SECOND, Verifier};
use crate::escrow::testing::{asset, config};
use crate::escrow::{
    Answer, BlockRef, ChainConfig, DepositAddresses, EndpointConfig, EscrowConfig, Fault, Log, Question,
    ScanLog, token_account, user_wallet,
};
use crate::id::{Address, BlockHash, ChainId, TxHash, UserId};
use crate::limits::SCAN_ACCOUNTS_MAX;
use crate::money::{Amount, Asset, ChainToken, InForce, Registry};
use crate::resilience::{HedgePolicy, PoolPolicy};
use crate::rng::Rng;
use crate::time::Instant;

const GENESIS: BlockHash = BlockHash::Solana([0x45; 32]);
const PROGRAM: Address = Address::Solana([0xfa; 32]);
const MINT: Address = Address::Solana([0x55; 32]);
const OTHER_MINT: Address = Address::Solana([0x56; 32]);
/// The final slot that every endpoint has come to at first.
const FINAL: u64 = 1_000;

fn id() -> ChainId {
    ChainId::of_cluster(&GENESIS).unwrap()
}

fn wallet(user: u64) -> Address {
    user_wallet(&PROGRAM, UserId::new(user))
}

fn slot(number: u64) -> BlockRef {
    BlockRef {
        number,
        hash: BlockHash::Solana([7; 32]),
    }
}

fn named(n: u8, block: u64, address: Address) -> ScanLog {
    let log = Log::naming(address);
    let tx = TxHash::Solana([n; 64]);
    ScanLog { tx, block, log }
}

fn registry() -> Registry {
    let token = |contract| ChainToken {
        chain: id(),
        contract,
        decimals: 6,
        in_force: InForce::ALWAYS,
    };
    let of = |symbol: &str, contract| Asset {
        id: asset(symbol),
        name: symbol.into(),
        scale: 6,
        min: Amount::from_minor(1),
        max: Amount::MAX,
        enabled: true,
        tokens: vec![token(contract)],
    };
    Registry::new(vec![of("USDT", MINT), of("USDC", OTHER_MINT)]).unwrap()
}

/// A verifier of one cluster, whose endpoints answer at once, and what was asked of them and found.
struct Cluster {
    verifier: Verifier,
    now: Instant,
    finalized: u64,
    /// What names the accounts, as all endpoints tell it but for those that say something else.
    named: Vec<ScanLog>,
    /// Who tells nothing of any account, and who refuses to.
    forgetful: BTreeSet<u8>,
    refusing: BTreeSet<u8>,
    /// Who says of every range that it has dropped it.
    pruned: BTreeSet<u8>,
    asked: Vec<(u8, u64, u64, Vec<Address>)>,
    findings: Vec<Finding>,
}

impl Cluster {
    fn new(users: u64) -> Self {
        Self::under(&PoolPolicy::default(), users)
    }

    fn under(policy: &PoolPolicy, users: u64) -> Self {
        let endpoint = |n: u8| EndpointConfig {
            name: std::format!("rpc-{n}"),
            provider: std::format!("provider-{n}"),
            quotas: vec![],
        };
        let chain = ChainConfig {
            id: id(),
            genesis: GENESIS,
            endpoints: (0..4).map(endpoint).collect(),
            addresses: DepositAddresses::Program { program: PROGRAM },
            collect: vec![],
            start_block: 901,
            poll: SECOND,
            stalled_lag: None,
        };
        let config = EscrowConfig {
            chains: vec![chain],
            ..config()
        };
        let rng = Rng::from_seed(7);
        let mut verifier = Verifier::new(&config, &registry(), policy, &rng, |_| None);
        for user in 1..=users {
            verifier.own(id(), wallet(user));
        }
        Self {
            verifier,
            now: Instant::ZERO,
            finalized: FINAL,
            named: Vec::new(),
            forgetful: BTreeSet::new(),
            refusing: BTreeSet::new(),
            pruned: BTreeSet::new(),
            asked: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// Lets time pass until the scanner has read up to `slot`, or a minute is over.
    fn run_to(&mut self, slot: u64) {
        let end = self.now.after(SECOND * 60);
        while self.now < end && self.verifier.scanned(id()) < Some(slot) {
            let due = self.verifier.next_deadline().expect("heads are polled for ever");
            self.now = self.now.max(due.at);
            let mut out = Out::default();
            self.verifier.on_tick(self.now, &mut out);
            while let Some(ask) = out.asks.pop() {
                let outcome = self.answer(ask.endpoint.index, &ask.question);
                self.verifier.on_answer(self.now, ask.call, outcome, &mut out);
            }
            self.findings
                .extend(out.findings.into_iter().map(|(_, finding)| finding));
        }
    }

    /// Lets time pass until so many are asked about accounts, who do not answer yet; everybody else does.
    fn run_to_scans(&mut self, count: usize) -> Vec<Ask> {
        let mut scans = Vec::new();
        let end = self.now.after(SECOND * 60);
        while self.now < end && scans.len() < count {
            let due = self.verifier.next_deadline().expect("heads are polled for ever");
            self.now = self.now.max(due.at);
            let mut out = Out::default();
            self.verifier.on_tick(self.now, &mut out);
            while let Some(ask) = out.asks.pop() {
                if accounts(&ask).is_some() {
                    scans.push(ask);
                } else {
                    let outcome = self.answer(ask.endpoint.index, &ask.question);
                    self.verifier.on_answer(self.now, ask.call, outcome, &mut out);
                }
            }
        }
        scans
    }

    /// Lets a question be answered, and gives those about accounts that follow from that.
    fn answered(&mut self, ask: &Ask) -> Vec<Ask> {
        let mut out = Out::default();
        let outcome = self.answer(ask.endpoint.index, &ask.question);
        self.verifier.on_answer(self.now, ask.call, outcome, &mut out);
        out.asks.retain(|ask| accounts(ask).is_some());
        out.asks
    }

    fn answer(&mut self, endpoint: u8, question: &Question) -> Result<Answer, Fault> {
        let finalized = slot(self.finalized);
        match question {
            Question::Identity { .. } => Ok(Answer::Identity {
                chain_id: id().number(),
                genesis: GENESIS,
                decimals: vec![Some(6); 2],
            }),
            Question::Heads => Ok(Answer::Heads {
                latest: finalized,
                finalized,
            }),
            Question::Scan { from, to, tokens } => {
                self.asked.push((endpoint, *from, *to, tokens.clone()));
                if self.refusing.contains(&endpoint) {
                    return Err(Fault::Unsupported);
                }
                if self.pruned.contains(&endpoint) {
                    return Err(Fault::Pruned);
                }
                let is_told = |one: &&ScanLog| {
                    (*from..=*to).contains(&one.block)
                        && tokens.contains(&one.log.address)
                        && !self.forgetful.contains(&endpoint)
                };
                Ok(Answer::Scan {
                    finalized,
                    last: Some(slot(*to)),
                    logs: self.named.iter().filter(is_told).copied().collect(),
                })
            }
            Question::Receipt { .. } | Question::Balances { .. } | Question::Attested => {
                Err(Fault::Unsupported)
            }
        }
    }

    /// The laps that ended: up to which slot, and by what accounts were named.
    fn laps(&self) -> Vec<(u64, Vec<ScanLog>)> {
        let lap = |finding: &Finding| match finding {
            Finding::Scanned { to, logs } => Some((to.number, logs.clone())),
            Finding::Mined { .. }
            | Finding::Absent { .. }
            | Finding::Undecided { .. }
            | Finding::Counted { .. }
            | Finding::Uncounted { .. }
            | Finding::Disagreed { .. }
            | Finding::Cordoned { .. }
            | Finding::Breaker { .. } => None,
        };
        self.findings.iter().filter_map(lap).collect()
    }

    /// How many endpoints were asked about each account in a lap up to `to`.
    fn voices(&self, to: u64) -> BTreeMap<Address, usize> {
        let mut voices = BTreeMap::new();
        for (_, _, _, accounts) in self.asked.iter().filter(|(_, _, end, _)| *end == to) {
            for account in accounts {
                *voices.entry(*account).or_default() += 1;
            }
        }
        voices
    }
}

#[test]
fn a_lap_asks_two_about_every_account_of_every_wallet_and_ends_as_one() {
    for users in [1, 4, 5, 9, 20] {
        let mut cluster = Cluster::new(users);
        let accounts: BTreeSet<Address> = (1..=users)
            .flat_map(|user| [MINT, OTHER_MINT].map(|mint| token_account(&wallet(user), &mint)))
            .collect();
        let last = token_account(&wallet(users), &OTHER_MINT);
        let first = token_account(&wallet(1), &MINT);
        cluster.named = vec![named(1, 950, first), named(2, 901, last)];
        cluster.run_to(FINAL);
        let laps = cluster.laps();
        assert_eq!(laps.len(), 1, "{users} users");
        assert_eq!(laps[0].0, FINAL);
        let told: BTreeSet<TxHash> = laps[0].1.iter().map(|log| log.tx).collect();
        assert_eq!(
            told,
            cluster.named.iter().map(|log| log.tx).collect(),
            "{users} users"
        );
        assert_eq!(
            cluster.voices(FINAL),
            accounts.iter().map(|one| (*one, 2)).collect()
        );
        assert!(
            cluster
                .asked
                .iter()
                .all(|(_, from, _, accounts)| *from == 901 && accounts.len() <= SCAN_ACCOUNTS_MAX)
        );
    }
}

/// The accounts that a question is about.
fn accounts(ask: &Ask) -> Option<&[Address]> {
    match &ask.question {
        Question::Scan { tokens, .. } => Some(tokens),
        Question::Identity { .. }
        | Question::Heads
        | Question::Receipt { .. }
        | Question::Balances { .. }
        | Question::Attested => None,
    }
}

#[test]
fn what_is_said_late_about_one_part_of_a_lap_counts_for_no_other() {
    let policy = PoolPolicy {
        hedge: HedgePolicy {
            share_max: 5,
            after_max: Duration::from_millis(100),
            ..HedgePolicy::default()
        },
        ..PoolPolicy::default()
    };
    let mut cluster = Cluster::under(&policy, 9);
    // The other two are asked because nobody answers at once.
    let about_first = cluster.run_to_scans(4);
    assert_eq!(about_first.len(), 4);
    assert_eq!(cluster.answered(&about_first[0]).len(), 0);
    let about_second = cluster.answered(&about_first[1]);
    assert_eq!(about_second.len(), 2);
    assert_ne!(accounts(&about_second[0]), accounts(&about_first[0]));
    for late in &about_first[2..] {
        assert_eq!(cluster.answered(late).len(), 0);
    }
    assert_eq!(cluster.answered(&about_second[0]).len(), 0);
    let about_third = cluster.answered(&about_second[1]);
    assert_eq!(about_third.len(), 2);
    assert_ne!(accounts(&about_third[0]), accounts(&about_second[0]));
}

#[test]
fn who_has_dropped_a_block_may_have_it_again_and_holds_up_nothing() {
    let mut cluster = Cluster::new(1);
    cluster.pruned.extend(0..3);
    cluster.run_to(FINAL);
    assert_eq!(cluster.laps(), [], "one alone has it");
    cluster.pruned.clear();
    cluster.run_to(FINAL);
    assert_eq!(cluster.laps(), [(FINAL, vec![])]);
}

#[test]
fn what_is_stored_of_a_verifier_in_the_middle_of_its_laps_is_the_same() {
    let mut cluster = Cluster::new(9);
    cluster.run_to_scans(2);
    let bytes = postcard::to_allocvec(&cluster.verifier).unwrap();
    let stored: Verifier = postcard::from_bytes(&bytes).unwrap();
    assert_eq!(stored, cluster.verifier);
}

#[test]
fn slots_are_passed_unread_while_nobody_has_an_account() {
    let mut cluster = Cluster::new(0);
    cluster.run_to(FINAL);
    assert_eq!(cluster.verifier.scanned(id()), Some(FINAL));
    assert!(cluster.asked.is_empty() && cluster.laps().is_empty());
}

#[test]
fn a_hole_in_one_list_is_found_by_a_third_and_costs_nobody_its_place() {
    for forgetful in 0..4 {
        let mut cluster = Cluster::new(1);
        cluster.named = vec![named(1, 950, token_account(&wallet(1), &MINT))];
        cluster.forgetful.insert(forgetful);
        cluster.run_to(FINAL);
        assert_eq!(
            cluster.laps(),
            [(FINAL, cluster.named.clone())],
            "without {forgetful}"
        );
        assert!(
            !cluster
                .findings
                .iter()
                .any(|one| matches!(one, Finding::Disagreed { .. })),
            "{forgetful} was called a liar"
        );
    }
}

#[test]
fn nothing_is_called_read_that_one_alone_tells_of() {
    let mut cluster = Cluster::new(9);
    cluster.refusing = BTreeSet::from([0, 1, 2]);
    cluster.run_to(FINAL);
    assert!(cluster.laps().is_empty());
    assert_eq!(cluster.verifier.scanned(id()), Some(900));
}

#[test]
fn a_wallet_that_is_new_is_looked_at_from_the_next_lap_on() {
    let mut cluster = Cluster::new(1);
    cluster.run_to(FINAL);
    cluster.verifier.own(id(), wallet(2));
    let account = token_account(&wallet(2), &MINT);
    cluster.named = vec![named(3, FINAL + 10, account)];
    cluster.finalized = FINAL + 30;
    cluster.run_to(FINAL + 30);
    assert_eq!(cluster.laps()[1..], [(FINAL + 30, cluster.named.clone())]);
    assert!(!cluster.voices(FINAL).contains_key(&account));
    assert_eq!(cluster.voices(FINAL + 30).get(&account), Some(&2));
}

#[test]
fn a_lap_waits_until_it_is_worth_while_though_it_be_over_no_account() {
    for users in [0, 1] {
        let mut cluster = Cluster::new(users);
        cluster.run_to(FINAL);
        for (finalized, is_read) in [(FINAL + 1, false), (FINAL + 24, false), (FINAL + 25, true)] {
            cluster.finalized = finalized;
            cluster.run_to(finalized);
            assert_eq!(
                cluster.verifier.scanned(id()) == Some(finalized),
                is_read,
                "at {finalized}"
            );
        }
    }
}
