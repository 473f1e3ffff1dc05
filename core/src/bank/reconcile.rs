//! Reconciling: what custody addresses hold on a chain, held against the books, on a schedule and by order.
//!
//! A run pins one block that two independent upstreams have finalized and from above which nothing was posted yet, asks for
//! the balance of every address of the house page by page, and waits until the scanner has read up to that block: from there
//! on everything that may be in it is known. Then it compares, and what it comes to is a fact. What was posted meanwhile
//! from younger blocks does not count. A refund that is to be paid may be gone from the chain or not, and so may one that was
//! settled lately: a difference that some of them come to is none.
//!
//! Nothing is remembered of a run that a restart ends; an order is journalled before it begins. A page that nobody has (nodes keep
//! the state of their last blocks alone) ends the run, which begins again soon with a younger block.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::effect::ReconciliationProgress;
use super::{Bank, Effect, Record, Refusal};
use crate::escrow::verifier::Page;
use crate::escrow::{Agreement, BlockRef, Booked, Reconciliation, Row};
use crate::id::{Address, AssetId, ChainId, Family};
use crate::ledger::{AccountKey, Owner};
use crate::limits::NAMED_MAX;
use crate::machine::{Deadline, Effects};
use crate::money::{Amount, convert};
use crate::time::{Instant, WallClock};

mod explain;

use explain::Explanations;

/// How soon a run begins again that could not be ended, or that left something open.
const AGAIN: Duration = Duration::from_secs(10);
/// For how long a refund that was settled may be paid in a younger block than the one that is asked about: an operator may know
/// of a block before the bank does.
const LATELY_MICROS: i64 = 7 * 86_400 * 1_000_000;
/// How often a run is begun before it is left to the schedule.
const TRIES_MAX: u32 = 6;

/// A run that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Wanted {
    chain: ChainId,
    is_ordered: bool,
    not_before: Instant,
    tries: u32,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Run {
    wanted: Wanted,
    began: WallClock,
    block: u64,
    /// The block as upstreams name it, once they did.
    at: Option<BlockRef>,
    holders: Vec<Address>,
    tokens: Vec<(Address, AssetId)>,
    /// The page that is asked for, if one is, and how many holders it has.
    asked: Option<(u64, usize)>,
    /// How far it is: the place of the token, and of the next holder.
    next: (usize, usize),
    /// What holders have that have something; `None` where that is more than can be counted.
    held: BTreeMap<(AssetId, Address), Option<Amount>>,
    /// What was posted from blocks above the one that is asked about, since the run began.
    above: BTreeMap<AssetId, Amount>,
}

impl Run {
    fn is_counted(&self) -> bool {
        self.next.0 >= self.tokens.len()
    }
}

/// What is reconciled, and when.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Reconciler {
    /// When all chains are, next; never without a schedule.
    due: Option<Instant>,
    wanted: VecDeque<Wanted>,
    run: Option<Run>,
    pages: u64,
}

impl Reconciler {
    /// One that begins with the process. The first time comes soon, so that restarts do not put it off for ever.
    pub(super) fn new(every: Option<Duration>) -> Self {
        Self {
            due: every.map(|every| Instant::ZERO.after(every / 10)),
            ..Self::default()
        }
    }

    /// Wants a run about `chain`, unless one is wanted or under way. True when it was not.
    fn want(&mut self, chain: ChainId, is_ordered: bool, not_before: Instant, tries: u32) -> bool {
        let is_wanted = self.is_wanted(chain);
        if !is_wanted {
            self.wanted.push_back(Wanted {
                chain,
                is_ordered,
                not_before,
                tries,
            });
        }
        !is_wanted
    }

    /// Whether a run about `chain` is wanted or under way.
    pub(super) fn is_wanted(&self, chain: ChainId) -> bool {
        let running = self.run.iter().map(|run| run.wanted.chain);
        let mut all = self.wanted.iter().map(|one| one.chain).chain(running);
        all.any(|one| one == chain)
    }

    /// Notes what was posted from `block` of `chain`.
    pub(super) fn on_posted(&mut self, chain: ChainId, block: u64, deposits: &[Booked]) {
        let Some(run) = self.run.as_mut() else {
            return;
        };
        if run.wanted.chain != chain || block <= run.block {
            return;
        }
        for Booked { deposit, .. } in deposits {
            let sum = run.above.entry(deposit.asset).or_default();
            let Ok(more) = sum.plus(deposit.amount) else {
                unreachable!("more was posted than the ledger can count")
            };
            *sum = more;
        }
    }

    /// How far the run under way is.
    pub(super) fn progress(&self) -> Option<ReconciliationProgress> {
        let run = self.run.as_ref()?;
        let (token, holder) = run.next;
        Some(ReconciliationProgress {
            chain: run.wanted.chain,
            block: run.block,
            counted: token * run.holders.len() + holder,
            of: run.tokens.len() * run.holders.len(),
        })
    }

    /// When something is to be done next that no answer brings.
    pub(super) fn next_deadline(&self, now: Instant) -> Option<Deadline> {
        let at = match &self.run {
            Some(run) if run.asked.is_none() && !run.is_counted() => Some(now),
            Some(_) => None,
            None => {
                let waits = self.wanted.iter().map(|one| one.not_before.max(now)).min();
                [waits, self.due].into_iter().flatten().min()
            }
        };
        at.map(|at| Deadline {
            at,
            why: "custody is reconciled",
        })
    }
}

impl Bank {
    /// Goes on with reconciling as far as it goes now.
    pub(super) fn reconcile(&mut self, fx: &mut Effects<Effect>) {
        if let Some(every) = self.config.escrow.reconcile
            && self.reconciler.due.is_some_and(|due| due <= self.now)
        {
            self.reconciler.due = Some(self.now.after(every));
            let chains = self.config.escrow.chains.iter().map(|chain| chain.id);
            for chain in chains.filter(|chain| chain.family() == Family::Evm) {
                self.reconciler.want(chain, false, self.now, 0);
            }
        }
        if self.reconciler.run.is_none() {
            self.begin_run();
        }
        self.ask_page();
        self.conclude(fx);
    }

    /// Whether `chain` can be reconciled.
    pub(super) fn check_reconcilable(&self, chain: ChainId) -> Result<(), Refusal> {
        self.check_chain(chain)?;
        if self.state.orders().is_chain_paused(chain) {
            return Err(Refusal::ChainPaused(chain));
        }
        match chain.family() {
            Family::Evm => Ok(()),
            Family::Solana => Err(Refusal::NotReconciled(chain)),
        }
    }

    /// An operator wants `chain` reconciled.
    pub(super) fn want_reconciled(&mut self, chain: ChainId) {
        self.reconciler.want(chain, true, self.now, 0);
    }

    /// Begins the run that was wanted first of those that are due.
    fn begin_run(&mut self) {
        let due = |one: &Wanted| one.not_before <= self.now;
        let Some(place) = self.reconciler.wanted.iter().position(due) else {
            return;
        };
        let Some(wanted) = self.reconciler.wanted.remove(place) else {
            return;
        };
        let chain = wanted.chain;
        if self.check_reconcilable(chain).is_err() {
            return; // it was paused since
        }
        let Some(finalized) = self.verifier.finalized(chain) else {
            return self.want_again(wanted);
        };
        let newest = self.state.escrow().newest_final(chain);
        let registry = &self.config.registry;
        let token = |(contract, _)| {
            registry
                .token(chain, contract)
                .map(|(asset, _)| (contract, asset.id))
        };
        let tokens = registry.tokens_of(chain).filter_map(token).collect();
        let users = self.state.users().flat_map(|(_, user)| &user.addresses);
        let mut holders: Vec<Address> = users
            .filter(|(of, _)| *of == chain)
            .map(|(_, address)| *address)
            .collect();
        let configured = self.config.escrow.chains.iter().find(|one| one.id == chain);
        holders.extend(configured.into_iter().flat_map(|one| &one.collect));
        holders.sort_unstable();
        holders.dedup();
        let next = if holders.is_empty() {
            (usize::MAX, 0)
        } else {
            (0, 0)
        };
        self.reconciler.run = Some(Run {
            wanted,
            began: self.wall,
            block: newest.map_or(finalized, |newest| newest.max(finalized)),
            at: None,
            holders,
            tokens,
            asked: None,
            next,
            held: BTreeMap::new(),
            above: BTreeMap::new(),
        });
    }

    /// Asks for the next page, if none is asked for.
    fn ask_page(&mut self) {
        let Some(run) = self.reconciler.run.as_mut() else {
            return;
        };
        if run.asked.is_some() || run.is_counted() {
            return;
        }
        let (token, holder) = run.next;
        let size = self.verifier.holders_max(run.wanted.chain);
        let holders: Vec<Address> = run.holders.iter().skip(holder).take(size).copied().collect();
        let Some((contract, _)) = run.tokens.get(token).copied() else {
            return;
        };
        self.reconciler.pages += 1;
        let number = self.reconciler.pages;
        run.asked = Some((number, holders.len()));
        let page = Page {
            number,
            block: run.block,
            token: contract,
            holders,
        };
        let chain = run.wanted.chain;
        self.verifier.tally(self.now, chain, page, &mut self.out);
        self.verifier_due = Some(Deadline {
            at: self.now,
            why: "balances are asked for",
        });
    }

    /// Two independent upstreams agree on a page.
    pub(super) fn on_counted(&mut self, number: u64, block: BlockRef, balances: &[[u8; 32]]) {
        let Some(run) = self.reconciler.run.as_mut() else {
            return;
        };
        let Some((_, count)) = run.asked.filter(|(asked, _)| *asked == number) else {
            return;
        };
        if *run.at.get_or_insert(block) != block {
            return self.on_uncounted(number); // the block was replaced under our eyes
        }
        let (token, holder) = run.next;
        let Some((contract, asset)) = run.tokens.get(token).copied() else {
            unreachable!("a page came of no token")
        };
        let known = self.config.registry.token(run.wanted.chain, contract);
        let (decimals, scale) = known.map_or((0, 0), |(asset, decimals)| (decimals, asset.scale));
        let holders = run.holders.iter().skip(holder);
        for (holder, word) in holders.zip(balances).filter(|(_, word)| **word != [0; 32]) {
            let units = Amount::from_be_word(word).ok();
            let amount = units.and_then(|units| convert(units, decimals, scale).ok());
            // An asset may have several contracts, of which one took the place of another.
            let held = run.held.entry((asset, *holder)).or_insert(Some(Amount::ZERO));
            *held = held.and_then(|held| held.plus(amount?).ok());
        }
        run.asked = None;
        run.next = if holder + count >= run.holders.len() {
            (token + 1, 0)
        } else {
            (token, holder + count)
        };
    }

    /// A page cannot be had: the run is begun again.
    pub(super) fn on_uncounted(&mut self, number: u64) {
        let is_asked = |run: &mut Run| run.asked.is_some_and(|(asked, _)| asked == number);
        if let Some(run) = self.reconciler.run.take_if(is_asked) {
            self.want_again(run.wanted);
        }
    }

    fn want_again(&mut self, wanted: Wanted) {
        let tries = wanted.tries + 1;
        if tries < TRIES_MAX {
            let not_before = self.now.after(AGAIN);
            self.reconciler
                .want(wanted.chain, wanted.is_ordered, not_before, tries);
        }
    }

    /// Compares, once everything is counted and the scanner has read what was counted.
    fn conclude(&mut self, fx: &mut Effects<Effect>) {
        let is_read = |run: &Run| {
            let read = self.verifier.scanned(run.wanted.chain);
            run.is_counted() && read.is_some_and(|read| read >= run.block) && self.out.findings.is_empty()
        };
        if !self.reconciler.run.as_ref().is_some_and(is_read) {
            return;
        }
        let Some(run) = self.reconciler.run.take() else {
            return;
        };
        let Some(block) = run.at else {
            return; // there is no address, and so nothing to reconcile
        };
        let rows = self.rows(&run);
        let reconciliation = Reconciliation {
            block,
            addresses: run.holders.len() as u64,
            rows,
            is_ordered: run.wanted.is_ordered,
            began: run.began,
            at: self.wall,
        };
        let chain = run.wanted.chain;
        if reconciliation.worst() == Agreement::Open {
            self.want_again(run.wanted);
        }
        let record = Record::Reconciled {
            chain,
            reconciliation,
        };
        self.record(record, fx);
    }

    fn rows(&self, run: &Run) -> Vec<Row> {
        let sums = self.sums();
        let mut explanations = Explanations::of(self.state.escrow(), run.wanted.chain, run.block);
        let lately = WallClock::from_micros(run.began.as_micros().saturating_sub(LATELY_MICROS));
        explanations.expect_gone(self.state.escrow().refunds_leaving(run.wanted.chain, lately));
        let mut assets: Vec<AssetId> = run.tokens.iter().map(|(_, asset)| *asset).collect();
        assets.sort_unstable();
        assets.dedup();
        let row = |asset: AssetId| {
            let mine = run.held.iter().filter(|((of, _), _)| *of == asset);
            let on_chain = mine
                .map(|(_, amount)| *amount)
                .try_fold(Amount::ZERO, |sum, amount| sum.plus(amount?).ok());
            let account = AccountKey {
                owner: Owner::Custody(run.wanted.chain),
                asset,
            };
            let posted = self.state.ledger().balance(account).available;
            let above = run.above.get(&asset).copied().unwrap_or_default();
            let Ok(in_custody) = posted.minus(above) else {
                unreachable!("more {asset} was posted since than there is")
            };
            let (custody, owed) = sums.get(&asset).copied().unwrap_or_default();
            assert_eq!(custody, owed, "{asset}: what is owed is what there is");
            let known = explanations.known(asset);
            let agreement = explanations.judge(asset, on_chain, in_custody);
            let mut named = match agreement {
                Agreement::Even => Vec::new(),
                Agreement::Open | Agreement::Surplus => explanations.of_surplus(asset),
                Agreement::Deficit => {
                    let held = |address| run.held.get(&(asset, address)).copied().flatten();
                    explain::missing(self.state.escrow(), (run.wanted.chain, asset, run.block), held)
                }
            };
            let unnamed = named.len().saturating_sub(NAMED_MAX) as u64;
            named.truncate(NAMED_MAX);
            Row {
                asset,
                on_chain,
                in_custody,
                in_flight: known,
                leaving: explanations.leaving(asset),
                custody,
                owed,
                agreement,
                named,
                unnamed,
            }
        };
        assets.into_iter().map(row).collect()
    }

    /// What all debit-normal accounts have of each asset, and what all others have.
    fn sums(&self) -> BTreeMap<AssetId, (Amount, Amount)> {
        let mut sums: BTreeMap<AssetId, (Amount, Amount)> = BTreeMap::new();
        for (key, counters) in self.state.ledger().accounts() {
            let (there, owed) = sums.entry(key.asset).or_default();
            let (sum, inward, outward) = if key.owner.is_debit_normal() {
                (there, counters.debits_posted, counters.credits_posted)
            } else {
                (owed, counters.credits_posted, counters.debits_posted)
            };
            let Ok(after) = sum.plus(inward).and_then(|sum| sum.minus(outward)) else {
                unreachable!("the accounts of {} come to more than can be counted", key.asset)
            };
            *sum = after;
        }
        sums
    }
}
