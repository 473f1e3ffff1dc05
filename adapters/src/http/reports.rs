//! Reports: workers in other processes say what they found out about transactions.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use plimsoll_core::bank::{Command, Reply};
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::problem::{Code, Problem};
use super::refusal::problem_in;
use crate::worker::wire::{self, WireError};

/// A report was taken in, and what follows from it is durable.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReportTaken {
    /// Whether the transaction is still open: then the worker gives the job back.
    is_open: bool,
    /// Whether operators have paused the chain.
    is_chain_paused: bool,
    /// The endpoints of the chain that operators have paused or forced open, by their places in the configuration.
    paused_endpoints: Vec<u8>,
}

/// Takes in what a worker found out. For `plimsoll worker`, which writes the body; telling twice does no harm.
#[utoipa::path(
    post, path = "/api/v1/escrow/reports", tag = "workers", operation_id = "report",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = ReportTaken), (status = "default", body = Problem))
)]
pub(super) async fn take(
    State(api): State<Api>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<ReportTaken>, Problem> {
    let body = body.map_err(|rejection| unread(&rejection))?;
    let report = wire::decode(wire::digest_of(&api.chains), &body)?;
    let reply = api.bank.command(Command::Report(Box::new(report))).await?;
    let Reply::Reported(taken) = reply else {
        return Err(problem_in(reply));
    };
    Ok(Json(ReportTaken {
        is_open: taken.is_open,
        is_chain_paused: taken.pauses.chain,
        paused_endpoints: taken.pauses.endpoints.iter().collect(),
    }))
}

fn unread(rejection: &BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let most = wire::REPORT_BYTES_MAX;
        Problem::new(Code::BodyTooLarge, format!("a report has at most {most} bytes"))
    } else {
        Problem::new(Code::ReportMalformed, "the body broke off before its end")
    }
}

impl From<WireError> for Problem {
    fn from(error: WireError) -> Self {
        let code = match error {
            WireError::Format(_) | WireError::Malformed => Code::ReportMalformed,
            WireError::Chains => Code::ChainsDiffer,
        };
        Self::new(code, error.to_string())
    }
}
