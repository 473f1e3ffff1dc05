//! Whom a desk asks, and how.
//!
//! Endpoints that are far behind are asked only when nobody else is left: what they have not got proves nothing, and
//! what they have they never call final.

use alloc::vec::Vec;

use super::{Call, Desk, Purpose};
use crate::escrow::evm::{NO_TX, Question};
use crate::escrow::solana::token_account;
use crate::escrow::verifier::ability::Probe;
use crate::escrow::verifier::aside::Aside;
use crate::escrow::verifier::round::Round;
use crate::escrow::verifier::{Ask, Out};
use crate::id::{Address, CallId, EndpointId, Family};
use crate::limits::SCAN_ACCOUNTS_MAX;
use crate::resilience::{Choice, EndpointSet, Lease, ProviderSet};
use crate::time::Instant;

impl Desk {
    /// Asks up to `want` more endpoints on behalf of `round`, of those that can answer. True when somebody could not be asked only because too
    /// many calls are under way, or were made of late.
    pub(super) fn ask_for<T: Clone + PartialEq>(
        &mut self,
        now: Instant,
        want: usize,
        round: &mut Round<T>,
        purpose: Purpose,
        out: &mut Out,
    ) -> bool {
        let weight = self.weight(purpose);
        let asked = self.unable(purpose);
        for _ in 0..want {
            let asked = asked.union(round.asked);
            let mut choice = self.choose(now, asked, round.providers, weight);
            if matches!(choice, Choice::None { .. }) && !round.is_pending() && round.is_split() {
                choice = self.choose(now, asked, ProviderSet::EMPTY, weight);
            }
            match choice {
                Choice::Ask(lease) => {
                    round.on_asked(lease.endpoint, self.pool.provider(lease.endpoint));
                    self.ask(now, lease, purpose, out);
                }
                Choice::None { why, .. } => return why.is_restraint(),
            }
        }
        false
    }

    /// Asks one more endpoint beside those that `round` waits for, since the `slow` call is: another provider's that is well
    /// and follows the chain. Its answer is not hedged in turn. False when there is none, or when its time is needed for what
    /// waits for room.
    pub(super) fn ask_beside<T: Clone + PartialEq>(
        &mut self,
        now: Instant,
        slow: CallId,
        round: &mut Round<T>,
        purpose: Purpose,
        out: &mut Out,
    ) -> bool {
        if self.is_crowded() {
            return false;
        }
        let asked = self.unable(purpose).union(self.laggards).union(round.asked);
        let weight = self.weight(purpose);
        let Some(lease) = self.pool.choose_spare(now, asked, round.providers, weight) else {
            return false;
        };
        round.on_asked(lease.endpoint, self.pool.provider(lease.endpoint));
        let endpoint = lease.endpoint;
        let call = self.put(now, lease, purpose, None, out);
        self.count_hedge(endpoint, call, slow);
        true
    }

    /// Whether something waits for an endpoint with room.
    fn is_crowded(&self) -> bool {
        !self.stalled.is_empty() || self.is_scan_stalled || self.is_tally_stalled
    }

    /// Asks one more endpoint for its heads.
    pub(super) fn ask_heads(&mut self, now: Instant, out: &mut Out) {
        let (asked, providers) = self.heads_asked;
        if let Choice::Ask(lease) = self.choose(now, asked, providers, self.weight(Purpose::Heads)) {
            self.ask_for_heads(now, lease, out);
        }
    }

    /// Asks the endpoint whose turn it is for its heads, unless it was asked already.
    pub(super) fn ask_next_in_turn(&mut self, now: Instant, out: &mut Out) {
        let count = u8::try_from(self.pool.endpoint_count()).unwrap_or(u8::MAX);
        let turn = self.next_in_turn;
        self.next_in_turn = (turn + 1) % count;
        let is_other = |endpoint: &u8| *endpoint != turn || self.heads_asked.0.contains(*endpoint);
        let others = (0..count).filter(is_other).collect();
        let weight = self.weight(Purpose::Heads);
        if let Choice::Ask(lease) = self.pool.choose(now, others, ProviderSet::EMPTY, weight) {
            self.ask_for_heads(now, lease, out);
        }
    }

    fn ask_for_heads(&mut self, now: Instant, lease: Lease, out: &mut Out) {
        self.heads_asked.0.insert(lease.endpoint);
        self.heads_asked.1.insert(self.pool.provider(lease.endpoint));
        self.ask(now, lease, Purpose::Heads, out);
    }

    /// Chooses among those who follow the chain, and else among all.
    fn choose(&mut self, now: Instant, asked: EndpointSet, providers: ProviderSet, weight: u32) -> Choice {
        let avoided = asked.union(self.laggards);
        match self.pool.choose(now, avoided, providers, weight) {
            Choice::None { why, .. } if !why.is_restraint() && avoided != asked => {
                self.pool.choose(now, asked, providers, weight)
            }
            choice @ (Choice::Ask(_) | Choice::None { .. }) => choice,
        }
    }

    pub(super) fn ask(&mut self, now: Instant, lease: Lease, purpose: Purpose, out: &mut Out) {
        let hedge_at = self.hedge_at(now, purpose, now.after(lease.timeout));
        self.put(now, lease, purpose, hedge_at, out);
    }

    fn put(
        &mut self,
        now: Instant,
        lease: Lease,
        purpose: Purpose,
        hedge_at: Option<Instant>,
        out: &mut Out,
    ) -> CallId {
        let (number, step) = self.numbering;
        self.numbering.0 = number + step;
        let call = CallId::new(number);
        let timeout = lease.timeout;
        let deadline = now.after(timeout);
        let question = self.question(purpose);
        assert_eq!(
            question.calls(),
            self.weight(purpose),
            "a quota was charged for another question"
        );
        out.asks.push(Ask {
            call,
            endpoint: EndpointId {
                chain: self.chain.id,
                index: lease.endpoint,
            },
            question,
            timeout,
        });
        self.deadlines.insert((deadline, call));
        self.hedges.extend(hedge_at.map(|at| (at, call)));
        self.calls.insert(
            call,
            Call {
                purpose,
                lease,
                asked_at: now,
                deadline,
                hedge_at,
                stands_in_for: Aside(None),
            },
        );
        call
    }

    /// How many calls the question for `purpose` comes to.
    pub(super) fn weight(&self, purpose: Purpose) -> u32 {
        match purpose {
            Purpose::Identity => Question::identity_calls(self.chain.id.family(), self.tokens.len()),
            Purpose::Heads => Question::HEADS_CALLS,
            Purpose::Attested => Question::Attested.calls(),
            Purpose::Receipt { .. } | Purpose::Ability(Probe::Receipts) => {
                Question::receipt_calls(self.chain.id.family())
            }
            Purpose::Scan { accounts, .. } => Question::scan_calls(self.chain.id.family(), accounts),
            Purpose::Ability(Probe::Logs { .. }) => {
                Question::scan_calls(self.chain.id.family(), self.tokens.len())
            }
            Purpose::Balances { holders, .. } => Question::balances_calls(holders),
        }
    }

    fn question(&self, purpose: Purpose) -> Question {
        let contracts = || self.tokens.iter().map(|(contract, _)| *contract);
        match purpose {
            Purpose::Identity => Question::Identity {
                tokens: contracts().collect(),
            },
            Purpose::Heads => Question::Heads,
            Purpose::Attested => Question::Attested,
            Purpose::Receipt { tx, .. } => Question::Receipt { tx },
            Purpose::Scan { from, to, .. } => Question::Scan {
                from,
                to,
                tokens: match self.scan.part() {
                    Some(part) => part.to_vec(),
                    None => contracts().collect(),
                },
            },
            Purpose::Ability(Probe::Receipts) => Question::Receipt { tx: NO_TX },
            Purpose::Ability(Probe::Logs { at }) => Question::Scan {
                from: at,
                to: at,
                tokens: contracts().collect(),
            },
            Purpose::Balances { .. } => {
                let Some(super::Tally { page, .. }) = &self.tally else {
                    unreachable!("balances are asked for and no page is wanted")
                };
                Question::Balances {
                    block: page.block,
                    token: page.token,
                    holders: page.holders.clone(),
                }
            }
        }
    }

    /// A lap over all token accounts, if the chain is read in laps: how many there are, and the first of them.
    pub(super) fn lap(&mut self) -> Option<(usize, Vec<Address>)> {
        match self.chain.id.family() {
            Family::Evm => None,
            Family::Solana => {
                let accounts = self.wallets.len() * self.tokens.len();
                let first = part_of(&mut self.accounts.0, &self.wallets, &self.tokens, 0, accounts);
                Some((accounts, first))
            }
        }
    }
}

/// The token accounts from place `from` up that are asked about at once: those of each wallet together, `accounts` in all.
/// `known` are the first of them, and become more.
pub(super) fn part_of(
    known: &mut Vec<Address>,
    wallets: &[Address],
    tokens: &[(Address, u8)],
    from: usize,
    accounts: usize,
) -> Vec<Address> {
    let account = |place: usize| {
        let wallet = place
            .checked_div(tokens.len())
            .and_then(|place| wallets.get(place));
        let (token, _) = tokens.get(place.checked_rem(tokens.len())?)?;
        wallet.map(|wallet| token_account(wallet, token))
    };
    let to = from.saturating_add(SCAN_ACCOUNTS_MAX).min(accounts);
    let unknown = known.len()..to;
    known.extend(unknown.filter_map(account));
    known.get(from..to).map_or_else(Vec::new, <[_]>::to_vec)
}
