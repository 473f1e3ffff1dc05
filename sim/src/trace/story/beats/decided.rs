//! Sentences about what the bank decided of a deposit.

use crate::trace::{Booking, Recorded};

/// What the bank decided, if the story needs it: the ledger's own records are told with the escrow's.
pub(super) fn sentence(record: &Recorded, durability: String) -> Option<String> {
    let block = record
        .block
        .map_or_else(|| "a block".to_owned(), |block| format!("block {block}"));
    let word = if record.votes.is_empty() {
        String::new()
    } else {
        format!(" on the word of {}", record.votes.join(" and "))
    };
    let reason = record.reason.as_deref().unwrap_or("no reason");
    let what = match record.name.as_str() {
        "escrow.claim_filed" => format!("The bank took the claim down: {}", record.what),
        "escrow.scanned" => format!("The scanner came upon it, reading up to {block}"),
        "escrow.seen" => format!(
            "The bank believed that it is in {block},{word}, and locked {}",
            booked(record)
        ),
        "escrow.reorged" => {
            format!("The bank believed that it is in {block} no more, and released what it had locked")
        }
        "escrow.final" => format!(
            "The bank decided that it is final in {block},{word}, and posted {}",
            booked(record)
        ),
        "escrow.rejected" => format!("The bank rejected it,{word}: {reason}"),
        "escrow.dead_lettered" => format!("The bank left it to a person, as a dead letter: {reason}"),
        "escrow.dead_letter_detailed" => format!("The dead letter says that it {}", record.what),
        "escrow.dismissal_proposed" => "A person proposed to dismiss the dead letter".to_owned(),
        "escrow.dead_letter_reopened" => {
            "Looking at the dead letter again, the bank found that the chain has decided".to_owned()
        }
        "escrow.dead_letter_replayed" => "A replay had the dead letter tried again".to_owned(),
        "escrow.dead_letter_retried" => "A person had the dead letter tried again".to_owned(),
        "escrow.dead_letter_dismissed" => "A person dismissed the dead letter".to_owned(),
        "escrow.dust_credited" => format!("Together they reached the minimum: {}", record.what),
        "escrow.suspense_attributed" => format!("A person attributed what was in suspense: {}", record.what),
        "escrow.refund_proposed" => format!("A person wants it sent back: {}", record.what),
        "escrow.refund_requested" => format!("A person has it sent back: {}", record.what),
        _ => return None,
    };
    Some(format!("{what} (record {}, {durability}).", record.position))
}

fn booked(record: &Recorded) -> String {
    let one = |one: &Booking| {
        let purchase = if one.purchase.is_some() {
            ", which bought the product"
        } else {
            ""
        };
        format!(
            "log {}, {} {} to {}{purchase}",
            one.ordinal, one.amount, one.asset, one.to
        )
    };
    let all: Vec<String> = record.bookings.iter().map(one).collect();
    if all.is_empty() {
        "nothing".to_owned()
    } else {
        all.join("; ")
    }
}
