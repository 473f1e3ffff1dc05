//! How far the answers bring a verification or a scan: asked on, stalled, decided, or given up for now.

use core::time::Duration;

use super::asking::part_of;
use super::{Desk, Purpose};
use crate::buggify;
use crate::digest::Digest;
use crate::escrow::deposit::{Evidence, TxKey};
use crate::escrow::reason::AttemptClass;
use crate::escrow::verifier::round::{Round, Standing};
use crate::escrow::verifier::scan::Content;
use crate::escrow::verifier::schedule::Due;
use crate::escrow::verifier::{Finding, Out};
use crate::id::{Family, TxHash};
use crate::time::Instant;

/// How soon a transaction is verified again by bad luck.
const AGAIN: Duration = Duration::from_millis(50);

impl Desk {
    /// Whether another transaction may be taken up: those that wait for room come first.
    pub(super) fn may_begin_round(&self) -> bool {
        self.rounds.len() < self.rounds_max && self.stalled.is_empty()
    }

    /// Takes up what is due, the longest due first.
    pub(super) fn verify_due(&mut self, now: Instant, out: &mut Out) {
        while self.may_begin_round() {
            let tx = match self.schedule.take_due(now) {
                None => break,
                Some(Due::HandOver(tx, priority)) => {
                    let chain = self.chain.id;
                    out.jobs.push((TxKey { chain, tx }, priority));
                    continue;
                }
                Some(Due::Verify(tx)) => tx,
            };
            self.next_round += 1;
            let earlier = self.rounds.insert(tx, Round::new(self.next_round));
            assert!(earlier.is_none(), "{tx} is being verified twice at once");
            self.advance_receipt(now, tx, out);
        }
    }

    /// Looks once at `tx`, which is not on the schedule, however much is being verified: there are few looks.
    pub(in crate::escrow::verifier) fn look(&mut self, now: Instant, tx: TxHash, out: &mut Out) {
        assert!(!self.schedule.knows(tx), "{tx} is looked at and verified at once");
        // Whoever is chosen is brought up to date by that, which nobody would be told of.
        self.report_due(now, out);
        if !self.rounds.contains_key(&tx) {
            self.next_round += 1;
            self.rounds.insert(tx, Round::new(self.next_round));
            self.advance_receipt(now, tx, out);
        }
    }

    /// Brings the verification of `tx` as far as it goes now.
    pub(super) fn advance_receipt(&mut self, now: Instant, tx: TxHash, out: &mut Out) {
        let Some(mut round) = self.rounds.remove(&tx) else {
            return;
        };
        let number = round.number;
        let finding = match round.standing() {
            Standing::Open { want } => {
                let purpose = Purpose::Receipt { tx, round: number };
                let is_crowded = self.ask_for(now, want, &mut round, purpose, out);
                if round.is_pending() || is_crowded {
                    if !round.is_pending() {
                        self.stalled.insert((number, tx));
                    }
                    self.rounds.insert(tx, round);
                    return;
                }
                if round.asked.is_empty() {
                    self.hear(tx, None, AttemptClass::NobodyAsked, None, out);
                }
                Finding::Undecided { tx }
            }
            Standing::Agreed {
                content,
                votes,
                dissenters,
            } => {
                self.cordon_dissenters(now, &dissenters, out);
                let evidence = Evidence {
                    block: content.block,
                    digest: Digest::of(&content),
                    votes,
                };
                Finding::Mined {
                    receipt: content,
                    evidence,
                }
            }
            Standing::Absent { votes } => Finding::Absent { tx, votes },
        };
        let is_decided = !matches!(finding, Finding::Undecided { .. });
        self.schedule.put_back(now, tx, is_decided);
        if buggify!(self.chaos, "desk/verify_again") {
            self.schedule.hurry(now, tx, AGAIN);
        }
        out.findings.push((self.chain.id, finding));
    }

    /// Reads on, if blocks that are final wait to be read.
    pub(super) fn scan_on(&mut self, now: Instant, out: &mut Out) {
        if let Some(finalized) = self.finalized().filter(|_| self.scans) {
            if self.scan.under_way().is_none() && self.scan.waits(finalized) {
                let lap = self.lap();
                if lap.as_ref().is_some_and(|(accounts, _)| *accounts == 0) {
                    return self.scan.pass(finalized);
                }
                self.next_round += 1;
                self.scan.begin(finalized, self.next_round, lap);
                self.catching.note(now, self.scan.cursor(), finalized);
            }
            self.advance_scan(now, out);
        }
    }

    /// Brings the scan as far as it goes now.
    pub(super) fn advance_scan(&mut self, now: Instant, out: &mut Out) {
        let Some(range) = self.scan.under_way() else {
            return;
        };
        let purpose = Purpose::Scan {
            from: range.from,
            to: range.to,
            accounts: range.part().map_or(0, <[_]>::len),
            round: range.round.number,
        };
        let number = range.round.number;
        let mut round = core::mem::replace(&mut range.round, Round::new(number));
        let want = match round.standing() {
            Standing::Open { want } => want,
            // That a quorum has not got the range proves nothing: two others called it final.
            Standing::Absent { .. } => usize::from(!round.is_pending()),
            Standing::Agreed {
                content: (to, logs),
                dissenters,
                ..
            } => {
                return self.on_agreed(now, (to, logs), &dissenters, out);
            }
        };
        let is_crowded = self.ask_for(now, want, &mut round, purpose, out);
        let is_over = !round.is_pending() && !is_crowded;
        self.is_scan_stalled = !round.is_pending() && is_crowded;
        let mut lacks_room = false;
        if let Some(range) = self.scan.under_way() {
            range.round = round;
            lacks_room = range.lacks_room();
        }
        if is_over && lacks_room {
            self.scan.halve();
            self.scan_on(now, out);
        } else if is_over {
            self.scan.give_up();
        }
    }

    /// A quorum agrees on what the range holds, or this part of a lap.
    fn on_agreed(&mut self, now: Instant, (to, logs): Content, dissenters: &[u8], out: &mut Out) {
        match self.chain.id.family() {
            Family::Evm => self.cordon_dissenters(now, dissenters, out),
            // What a node remembers of an account may have holes, which is no lie (trap S6). The next part is another round.
            Family::Solana => self.next_round += 1,
        }
        let (known, wallets, tokens) = (&mut self.accounts.0, &self.wallets, &self.tokens);
        let part = |from, accounts| part_of(known, wallets, tokens, from, accounts);
        let range = self.scan.under_way();
        let all = range.and_then(|range| range.on_read(logs, self.next_round, part));
        match all {
            None => self.advance_scan(now, out),
            Some(logs) => {
                self.scan.finish();
                out.findings.push((self.chain.id, Finding::Scanned { to, logs }));
                self.scan_on(now, out);
            }
        }
    }

    /// An endpoint calls the range too large for one answer.
    pub(super) fn on_too_large(&mut self, now: Instant, provider: u8, out: &mut Out) {
        let Some(range) = self.scan.under_way() else {
            return;
        };
        range.too_large.insert(provider);
        range.round.on_failed(provider);
        if range.is_too_large() {
            self.scan.halve();
            self.scan_on(now, out);
        } else {
            self.advance_scan(now, out);
        }
    }
}
