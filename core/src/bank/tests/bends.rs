//! What endpoints do instead of answering.

use core::time::Duration;

use super::House;
use crate::escrow::{Answer, Fault, Question};

type Bent = Option<Result<Answer, Fault>>;

pub(super) fn silent(_: &House, _: &Question) -> Bent {
    Some(Err(Fault::Timeout))
}

pub(super) fn refusing(_: &House, _: &Question) -> Bent {
    Some(Err(Fault::Connection))
}

pub(super) fn not_ready(_: &House, _: &Question) -> Bent {
    Some(Err(Fault::NotReady))
}

pub(super) fn banning(_: &House, _: &Question) -> Bent {
    Some(Err(Fault::RateLimited { retry_after: None }))
}

pub(super) fn banning_for_minutes(_: &House, _: &Question) -> Bent {
    let retry_after = Some(Duration::from_secs(600));
    Some(Err(Fault::RateLimited { retry_after }))
}

pub(super) fn too_large(_: &House, question: &Question) -> Bent {
    matches!(question, Question::Scan { .. }).then_some(Err(Fault::TooLarge))
}

pub(super) fn without_receipts(_: &House, question: &Question) -> Bent {
    matches!(question, Question::Receipt { .. }).then_some(Err(Fault::Connection))
}
