//! What the tests of the oracles share: a bank in any state, records made by hand, and the end of a run.

use core::cell::OnceCell;
use core::time::Duration;

use plimsoll_core::bank::{Act, Bank, BankConfig, Command, Effect, Event, Input, Record, State};
use plimsoll_core::escrow::{
    Beneficiary, BlockRef, Booked, ChainConfig, Deposit, DepositAddresses, EndpointConfig, EscrowConfig,
    EscrowRecord, Evidence, FinalityRule, TxKey, Vote,
};
use plimsoll_core::id::{
    Address, AssetId, BlockHash, ChainId, IdempotencyKey, RequestId, TransactionId, TxHash, UserId,
};
use plimsoll_core::journal::{Batch, Head, Position};
use plimsoll_core::ledger::{self, Ledger, LedgerRecord, Owner, Receipt, Rules, Transfer, Verdict};
use plimsoll_core::machine::Intent;
use plimsoll_core::money::{Amount, Asset, ChainToken, InForce, Registry};
use plimsoll_core::outbox::Appended;
use plimsoll_core::rng::Rng;
use plimsoll_core::time::{Instant, WallClock};

use crate::engine::Latency;
use crate::model::assets::COLLECT;
use crate::model::chain::{Chain, Payee, TxIndex};
use crate::model::store::{Done, Store};
use crate::world::Stats;
use crate::world::observe::{End, Observation, Oracle};
use crate::world::plan::{Fate, Movement, Plan, Shape, Token};

pub(super) const CHAIN: ChainId = ChainId::new(56);
pub(super) const WALL: WallClock = WallClock::from_micros(1_000_000);

pub(super) fn user(number: u64) -> UserId {
    UserId::new(number)
}

pub(super) fn id(number: u64) -> TransactionId {
    TransactionId::new(number)
}

pub(super) fn usdt() -> AssetId {
    Token::Usdt.facts().id
}

pub(super) fn units(minor: i128) -> Amount {
    Amount::from_minor(minor)
}

pub(super) fn key(name: &str) -> IdempotencyKey {
    IdempotencyKey::derive("test", name.as_bytes())
}

pub(super) fn tx(number: u8) -> TxKey {
    TxKey {
        chain: CHAIN,
        tx: TxHash::Evm([number; 32]),
    }
}

pub(super) fn block(number: u64) -> BlockRef {
    BlockRef {
        number,
        hash: BlockHash::Evm([7; 32]),
    }
}

pub(super) fn transfer(debit: Owner, credit: Owner, minor: i128) -> Transfer {
    Transfer {
        debit,
        credit,
        asset: usdt(),
        amount: units(minor),
    }
}

/// What came in on the chain for a user.
pub(super) fn received(number: u64, minor: i128) -> Transfer {
    transfer(Owner::Custody(CHAIN), Owner::User(user(number)), minor)
}

pub(super) fn paid(from: u64, to: u64, minor: i128) -> Transfer {
    transfer(Owner::User(user(from)), Owner::User(user(to)), minor)
}

/// The receipt of a request called `name`. What it asks for is nothing that an oracle looks at.
pub(super) fn receipt(name: &str) -> Receipt {
    let request = ledger::Request {
        key: key(name),
        command: ledger::Command::VoidHold { hold: id(1) },
    };
    let verdict = Ledger::new().decide(Rules::Internal, WALL, request);
    let Verdict::Fresh(LedgerRecord::Refused { receipt, .. }) = verdict else {
        panic!("an empty ledger voids a hold: {verdict:?}")
    };
    receipt
}

pub(super) fn posted(number: u64, transfers: &[Transfer]) -> Record {
    Record::Ledger(LedgerRecord::Posted {
        receipt: receipt(&format!("posted {number}")),
        transaction: id(number),
        transfers: transfers.to_vec(),
    })
}

pub(super) fn held(number: u64, transfers: &[Transfer]) -> Record {
    Record::Ledger(LedgerRecord::Held {
        receipt: receipt(&format!("held {number}")),
        transaction: id(number),
        transfers: transfers.to_vec(),
        expires_at: None,
    })
}

pub(super) fn hold_posted(number: u64) -> Record {
    Record::Ledger(LedgerRecord::HoldPosted {
        receipt: receipt(&format!("hold posted {number}")),
        hold: id(number),
        amounts: None,
    })
}

pub(super) fn reversed(number: u64, original: u64) -> Record {
    Record::Ledger(LedgerRecord::Reversed {
        receipt: receipt(&format!("reversed {number}")),
        transaction: id(number),
        original: id(original),
    })
}

/// The booking of log `ordinal` for user 1.
pub(super) fn booked(ordinal: u32, minor: i128, transaction: Option<u64>) -> Booked {
    let deposit = Deposit {
        ordinal,
        asset: usdt(),
        amount: units(minor),
        from: Address::Evm([0xaa; 20]),
        to: Address::Evm([0x01; 20]),
        beneficiary: Beneficiary::User(user(1)),
    };
    Booked {
        deposit,
        transaction: transaction.map(id),
        purchase: None,
    }
}

/// Evidence for `at`, from each of `voters`: an endpoint and the height that it has finalized.
pub(super) fn evidence(at: BlockRef, voters: &[(u8, u64)]) -> Evidence {
    let vote = |(endpoint, finalized): &(u8, u64)| Vote {
        endpoint: *endpoint,
        finalized: block(*finalized),
        rule: FinalityRule::Finalized,
    };
    Evidence {
        block: at,
        digest: 1,
        votes: voters.iter().map(vote).collect(),
    }
}

pub(super) fn claimed(number: u8) -> Record {
    Record::Escrow(EscrowRecord::ClaimFiled {
        claim: plimsoll_core::id::ClaimId::new(number.into()),
        key: key(&format!("claim {number}")),
        user: user(1),
        tx: tx(number),
        at: WALL,
    })
}

pub(super) fn settled(tx: TxKey, evidence: Evidence, deposits: &[Booked]) -> Record {
    Record::Escrow(EscrowRecord::Final {
        tx,
        evidence,
        deposits: deposits.to_vec(),
        at: WALL,
    })
}

/// A record that says the user `number` came.
pub(super) fn registered(number: u64) -> Record {
    Record::UserRegistered {
        user: user(number),
        key: key(&format!("user {number}")),
        name: format!("user {number}"),
        addresses: Vec::new(),
        at: WALL,
    }
}

/// A bank whose state is what `records` come to.
pub(super) fn bank(records: &[Record]) -> Bank {
    let mut state = State::default();
    records.iter().for_each(|record| state.apply(record));
    let endpoint = |number: u8| EndpointConfig {
        name: format!("rpc-{number}"),
        provider: format!("provider-{number}"),
        quotas: vec![],
    };
    let chain = ChainConfig {
        id: CHAIN,
        genesis: BlockHash::Evm([1; 32]),
        endpoints: (1..=3).map(endpoint).collect(),
        addresses: DepositAddresses::Factory {
            factory: Address::Evm([0xfa; 20]),
            init_code_hash: [0x1c; 32],
        },
        collect: vec![COLLECT],
        start_block: 1,
        poll: Duration::from_secs(1),
        stalled_lag: None,
    };
    let asset = Asset {
        id: usdt(),
        name: "Tether USD".to_owned(),
        scale: 18,
        min: units(1),
        max: Amount::MAX,
        enabled: true,
        tokens: vec![ChainToken {
            chain: CHAIN,
            contract: Address::Evm([0x55; 20]),
            decimals: 18,
            in_force: InForce::ALWAYS,
        }],
    };
    let config = BankConfig {
        registry: Registry::new(vec![asset]).unwrap(),
        escrow: EscrowConfig {
            chains: vec![chain],
            ..EscrowConfig::default()
        },
        pool: Default::default(),
        seed: 1,
    };
    Bank::open(config, state).unwrap()
}

pub(super) fn input(event: Event) -> Input {
    Input { wall: WALL, event }
}

pub(super) fn asks(request: u64, command: Command) -> Input {
    input(Event::Command {
        request: RequestId::new(request),
        command,
    })
}

/// The effects of deciding `records` and nothing else.
pub(super) fn effects(records: &[Record]) -> Vec<Effect> {
    records.iter().cloned().map(Intent::Record).collect()
}

pub(super) fn act(act: Act) -> Effect {
    Intent::Act(act)
}

/// A head after `count` records.
pub(super) fn head(count: u64) -> Head {
    Head {
        position: Position::new(count),
        ..Head::default()
    }
}

/// What an oracle says to an observation: the invariant that is broken, or "fine".
pub(super) fn judge(oracle: &mut dyn Oracle, seen: &Observation<'_>) -> &'static str {
    match oracle.observe(Instant::ZERO, seen) {
        Ok(()) => "fine",
        Err(violation) => {
            assert_eq!(violation.oracle, oracle.name(), "{violation}");
            violation.invariant
        }
    }
}

/// What an oracle says when a bank that is as `so_far` says decides `records`.
pub(super) fn judge_records(oracle: &mut dyn Oracle, bank: &Bank, records: &[Record]) -> &'static str {
    let seen = Observation::Handled {
        input: &input(Event::Tick),
        effects: &effects(records),
        bank,
    };
    judge(oracle, &seen)
}

/// What an oracle says to a commit of `records`, after which the head is at `position`.
pub(super) fn judge_commit(oracle: &mut dyn Oracle, records: &[Record], position: u64) -> &'static str {
    let head = &head(position);
    judge(oracle, &Observation::Committed { records, head })
}

/// The end of a run: a chain with what was paid on it, and a journal.
pub(super) struct Ending {
    pub(super) plan: Plan,
    pub(super) chain: Chain,
    pub(super) stats: Stats,
    now: Instant,
}

impl Ending {
    /// The end of a run in which nothing happened.
    pub(super) fn new() -> Self {
        let plan = Plan::calm("test", 10_000);
        let chain = Chain::new(&plan.topology.chain, Rng::from_seed(1).fork("chain"));
        Self {
            plan,
            chain,
            stats: Stats::default(),
            now: Instant::ZERO,
        }
    }

    /// Lets a transaction with one movement to user 1 be mined and become final.
    pub(super) fn pay(&mut self, shape: Shape, amount_milli: u64) -> TxIndex {
        let movement = Movement {
            shape,
            user: 0,
            token: Token::Usdt,
            amount_milli,
        };
        let payee = |_| Payee {
            user: user(1),
            address: Address::Evm([0x01; 20]),
        };
        let index = self.chain.announce();
        let mined = self
            .chain
            .send(self.now, index, (&[movement], &payee), Fate::Mined, 0)
            .unwrap();
        let _ = self.chain.mine(mined, index);
        self.now = mined.after(Duration::from_secs(10));
        let finalized = self.chain.finalize(self.now, index);
        assert!(finalized.is_some(), "ten seconds make a block final");
        index
    }

    /// What is right to book for the first log of `index`, as user 1's deposit posted by transaction `transaction`.
    pub(super) fn booking(&self, index: TxIndex, transaction: u64) -> Booked {
        let truth = self.chain.truth(index)[0];
        let deposit = Deposit {
            ordinal: 0,
            asset: truth.asset,
            amount: truth.amount,
            from: truth.from,
            to: truth.to,
            beneficiary: Beneficiary::User(user(1)),
        };
        Booked {
            deposit,
            transaction: Some(id(transaction)),
            purchase: None,
        }
    }

    /// What `oracle` says to the end, after `records` were committed.
    pub(super) fn judge(&self, oracle: &mut dyn Oracle, records: &[Record]) -> &'static str {
        match judge_commit(oracle, records, records.len() as u64) {
            "fine" => self.judge_journal(oracle, records),
            broken => broken,
        }
    }

    /// What `oracle` says to the end, with a journal of `records`.
    pub(super) fn judge_journal(&self, oracle: &mut dyn Oracle, records: &[Record]) -> &'static str {
        let store = store(records);
        let end = End {
            at: self.now,
            plan: &self.plan,
            chain: &self.chain,
            bank: None,
            store: &store,
            stats: &self.stats,
            read: OnceCell::new(),
        };
        match oracle.finish(&end) {
            Ok(()) => "fine",
            Err(violation) => {
                assert_eq!(violation.oracle, oracle.name(), "{violation}");
                violation.invariant
            }
        }
    }
}

/// A store with one batch of `records`.
fn store(records: &[Record]) -> Store {
    let mut store = Store::new(Latency::NONE, Rng::from_seed(1));
    let head = store.open().unwrap();
    if !records.is_empty() {
        let _ = store.append(&Batch::seal(&head, WALL, records.iter()));
        let done = Done::Appended {
            answer: Appended::Committed,
            is_durable: true,
        };
        assert_eq!(store.finish(), done);
    }
    store
}
