//! The bodies of deliveries.

use plimsoll_core::escrow::Booked;
use plimsoll_core::money::Registry;
use plimsoll_core::monitor::News;
use plimsoll_core::time::WallClock;
use plimsoll_core::webhook::{Happening, Kind};
use serde::Serialize;

use crate::http::write_date;

/// An event of the journal, as receivers see it.
#[derive(Debug, Serialize)]
struct EventBody {
    /// Its name: the same however often it is delivered.
    id: String,
    /// The record that it was derived from: greater for what was committed later.
    position: u64,
    #[serde(rename = "type")]
    kind: &'static str,
    /// When it was decided.
    at: String,
    /// Whom it concerns; left out if it concerns no user.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    chain: String,
    tx: String,
    /// Why, where there is a reason: a published code.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    deposits: Vec<DepositBody>,
    /// The place in the receipt, or of the token account, of the one deposit that was attributed or is refunded.
    #[serde(skip_serializing_if = "Option::is_none")]
    ordinal: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refund: Option<RefundBody>,
}

#[derive(Debug, Serialize)]
struct RefundBody {
    id: String,
    to: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    paid_by: Option<String>,
}

#[derive(Debug, Serialize)]
struct DepositBody {
    ordinal: u32,
    asset: String,
    amount: String,
    from: String,
    to: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purchase: Option<String>,
}

/// What is wrong with the house, or well again, as receivers see it.
#[derive(Debug, Serialize)]
struct AlertBody<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    at: String,
    alert: &'static str,
    /// What it is about, if it is about one chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    chain: Option<String>,
    level: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    measured: Option<Measured>,
    /// Whether it was raised before, and is wrong still.
    repeated: bool,
    advice: &'static str,
}

/// A number, or seconds.
#[derive(Debug, Serialize)]
struct Measured {
    value: u64,
    limit: u64,
}

/// The body that tells of `happening`. Amounts are written with the scales of `registry`.
pub(super) fn of_event(happening: &Happening, registry: &Registry) -> String {
    let id = happening.event.id;
    let topic = happening.event.topic;
    let deposit = |booked: &Booked| deposit(booked, registry);
    json(&EventBody {
        id: id.to_string(),
        position: id.position.count(),
        kind: topic.kind.code(),
        at: write_date(happening.at),
        user: topic.user.map(|user| user.to_string()),
        chain: happening.tx.chain.to_string(),
        tx: happening.tx.tx.to_string(),
        reason: happening.reason,
        deposits: happening.deposits.iter().map(deposit).collect(),
        ordinal: happening.attributed.map(|deposit| deposit.ordinal),
        refund: happening.refund.map(|news| RefundBody {
            id: news.id.to_string(),
            to: news.to.to_string(),
            paid_by: news.paid_by.map(|tx| tx.to_string()),
        }),
    })
}

/// The body that tells of `news` under the name `id`, and what kind it is; `None` for what is no alert.
pub(super) fn of_alert(news: &News, id: &str, at: WallClock) -> Option<(Kind, String)> {
    let (alert, measured, kind, repeated) = match news {
        News::Raised {
            alert, value, limit, ..
        } => (alert, Some((*value, *limit)), Kind::AlertRaised, false),
        News::Repeated {
            alert, value, limit, ..
        } => (alert, Some((*value, *limit)), Kind::AlertRaised, true),
        News::Resolved { alert, .. } => (alert, None, Kind::AlertResolved, false),
        News::Level { .. } => return None,
    };
    let body = json(&AlertBody {
        id,
        kind: kind.code(),
        at: write_date(at),
        alert: alert.code(),
        chain: alert.chain().map(|chain| chain.to_string()),
        level: alert.level().code(),
        measured: measured.map(|(value, limit)| Measured { value, limit }),
        repeated,
        advice: alert.advice(),
    });
    Some((kind, body))
}

fn deposit(
    Booked {
        deposit,
        transaction,
        purchase,
    }: &Booked,
    registry: &Registry,
) -> DepositBody {
    let Some(asset) = registry.asset(deposit.asset) else {
        unreachable!("the bank holds {}, which is not registered", deposit.asset)
    };
    DepositBody {
        ordinal: deposit.ordinal,
        asset: deposit.asset.to_string(),
        amount: deposit.amount.display(asset.scale).to_string(),
        from: deposit.from.to_string(),
        to: deposit.to.to_string(),
        transaction: transaction.map(|id| id.to_string()),
        purchase: purchase.map(|id| id.to_string()),
    }
}

fn json(body: &impl Serialize) -> String {
    match serde_json::to_string(body) {
        Ok(text) => text,
        Err(error) => unreachable!("a body of plain fields is not JSON: {error}"),
    }
}
