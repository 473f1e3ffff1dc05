//! Operators' acts: what they order, and are told that it did.
//!
//! Each is journalled under its `Idempotency-Key` with the name of the token and the reason before the answer leaves, so
//! repeating a request gives the first answer and orders nothing.

mod body;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use plimsoll_core::bank::{AdminAct, Command, EndpointName, Reply};
use plimsoll_core::resilience::BreakerOrder;

use super::Api;
use super::body::Body;
use super::idempotency::{WriteKey, replayed};
use super::operator::Operator;
use super::problem::{Code, Problem};
use super::refunds::{NewRefund, PaidRefund, UnpaidRefund};
use super::refusal::problem_in;
use body::{ActBody, OfChain, OfEndpoint, OfTransaction, Reasoned};

/// The scope of the keys of acts: one key names one act, whatever the route.
const SCOPE: &str = "acts";

type Answer = Result<(HeaderMap, Json<ActBody>), Problem>;

impl Api {
    async fn administer(&self, key: &WriteKey, operator: Operator, act: AdminAct, reason: String) -> Answer {
        let command = Command::Administer {
            key: key.within(SCOPE),
            act,
            actor: operator.name,
            reason,
        };
        let reply = self.bank.command(command).await?;
        let Reply::Administered {
            done,
            replayed: is_again,
        } = reply
        else {
            return Err(problem_in(reply));
        };
        Ok((replayed(is_again), Json(done.into())))
    }

    async fn administer_endpoint(
        &self,
        key: &WriteKey,
        operator: Operator,
        of: OfEndpoint,
        act: impl FnOnce(EndpointName) -> AdminAct,
    ) -> Answer {
        let (endpoint, reason) = of.read()?;
        let (chain, name) = (endpoint.chain, endpoint.name.clone());
        let answer = self.administer(key, operator, act(endpoint), reason).await;
        answer.map_err(|problem| {
            if problem.code() == Code::UnknownEndpoint {
                let detail = format!("chain {chain} has no endpoint called {name:?}");
                Problem::new(Code::UnknownEndpoint, detail).at("endpoint")
            } else {
                problem
            }
        })
    }
}

macro_rules! acts {
    ($($(#[$doc:meta])* $name:ident $path:literal $id:literal $of:ident => $act:expr;)+) => {
        $(
            $(#[$doc])*
            #[utoipa::path(
                post, path = $path, tag = "operators", operation_id = $id, request_body = $of,
                params(("Idempotency-Key" = String, Header, description = "Names this act: repeating it does nothing")),
                responses((status = 200, body = ActBody), (status = "default", body = Problem))
            )]
            pub(super) async fn $name(
                State(api): State<Api>,
                operator: Operator,
                key: WriteKey,
                Body(of): Body<$of>,
            ) -> Answer {
                acts!(@ $of api, operator, key, of, $act)
            }
        )+
    };
    (@ OfEndpoint $api:ident, $operator:ident, $key:ident, $of:ident, $act:expr) => {
        $api.administer_endpoint(&$key, $operator, $of, $act).await
    };
    (@ $other:ident $api:ident, $operator:ident, $key:ident, $of:ident, $act:expr) => {{
        let (subject, reason) = $of.read()?;
        $api.administer(&$key, $operator, ($act)(subject), reason).await
    }};
}

acts! {
    /// Verifies one transaction at once, whether anybody named it or not, and also if it is a dead letter.
    process "/api/v1/escrow/emergency-process" "processNow" OfTransaction => AdminAct::Process;
    /// Makes everything that is not settled due at once.
    sweep "/api/v1/escrow/trigger-background-processing" "sweepNow" Reasoned => |()| AdminAct::Sweep;
    /// Asks nobody anything about a chain. Claims are still accepted, and wait.
    pause_chain "/api/v1/escrow/chains/pause" "pauseChain" OfChain => AdminAct::PauseChain;
    /// Works on a chain again.
    resume_chain "/api/v1/escrow/chains/resume" "resumeChain" OfChain => AdminAct::ResumeChain;
    /// Stops asking an endpoint.
    pause_endpoint "/api/v1/escrow/endpoints/pause" "pauseEndpoint" OfEndpoint => AdminAct::PauseEndpoint;
    /// Lets an endpoint be asked again, once it has proved what it is.
    resume_endpoint "/api/v1/escrow/endpoints/resume" "resumeEndpoint" OfEndpoint => AdminAct::ResumeEndpoint;
    /// Makes the breaker of an endpoint refuse every call until it is reset.
    force_open "/api/v1/escrow/breakers/force-open" "forceBreakerOpen" OfEndpoint
        => |endpoint| AdminAct::Breaker { endpoint, order: BreakerOrder::ForceOpen };
    /// Makes the breaker of an endpoint let every call through until it is reset.
    disable "/api/v1/escrow/breakers/disable" "disableBreaker" OfEndpoint
        => |endpoint| AdminAct::Breaker { endpoint, order: BreakerOrder::Disable };
    /// Closes the breaker of an endpoint with a clean record, and lets it decide by itself again.
    reset "/api/v1/escrow/breakers/reset" "resetBreaker" OfEndpoint
        => |endpoint| AdminAct::Breaker { endpoint, order: BreakerOrder::Reset };
    /// Takes in no new users, claims, payments, holds and reversals: they are refused with 503. What is open goes on.
    drain "/api/v1/escrow/drain" "drain" Reasoned => |()| AdminAct::Drain;
    /// Holds what custody addresses have on a chain against the books. What comes of it is at `GET` of the same path.
    reconcile "/api/v1/escrow/reconciliation" "reconcile" OfChain => AdminAct::Reconcile;
    /// Has a deposit sent back: its money leaves whoever has it, and waits until an operator paid it on chain. Above the amount
    /// of `dismiss_alone_max` it takes a second operator, who orders the same.
    request_refund "/api/v1/escrow/refunds" "requestRefund" NewRefund => AdminAct::Refund;
    /// Says which transaction paid a refund: the money leaves custody.
    settle_refund "/api/v1/escrow/refunds/settle" "settleRefund" PaidRefund => AdminAct::Refund;
    /// Says that a refund is not paid: the money goes back to where it came from.
    withdraw_refund "/api/v1/escrow/refunds/withdraw" "withdrawRefund" UnpaidRefund => AdminAct::Refund;
    /// Takes new things in again.
    undrain "/api/v1/escrow/undrain" "undrain" Reasoned => |()| AdminAct::Undrain;
}
