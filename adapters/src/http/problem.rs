//! Errors as clients see them: problem+json (RFC 9457) with a stable code.
//!
//! Programs branch on `code`, people read `detail`, and `retryable` says whether the same request may succeed later
//! without a change. Internals are never shown.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// The media type of problems.
pub(super) const PROBLEM_JSON: &str = "application/problem+json";
/// What to wait before trying again when nothing better is known.
const RETRY_AFTER_SECONDS: u64 = 1;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal $status:literal $title:literal),+ $(,)?) => {
        /// The stable codes of problems. A code never changes its meaning; new ones may come.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Code {
            $($(#[$doc])* $variant),+
        }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as it is sent.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The HTTP status that goes with it.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status),+ }
            }

            /// The same words for each occurrence.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),+ }
            }
        }
    };
}

codes! {
    /// A write has no `Idempotency-Key` header.
    IdempotencyKeyRequired = "idempotency_key_required" 400 "An Idempotency-Key header is required",
    /// The `Idempotency-Key` header is empty, too long or not visible ASCII.
    IdempotencyKeyMalformed = "idempotency_key_malformed" 400 "The Idempotency-Key header is malformed",
    /// The body is not JSON.
    JsonMalformed = "json_malformed" 400 "The body is not JSON",
    /// A field is missing.
    FieldMissing = "field_missing" 400 "A field is missing",
    /// A field is not known.
    FieldUnknown = "field_unknown" 400 "A field is not known",
    /// A field is of another type than it must be.
    FieldInvalid = "field_invalid" 400 "A field is invalid",
    /// A name such as `user-1` is malformed.
    IdMalformed = "id_malformed" 400 "An identifier is malformed",
    /// An amount is not a decimal string.
    AmountMalformed = "amount_malformed" 400 "An amount is malformed",
    /// A transaction hash is malformed.
    HashMalformed = "hash_malformed" 400 "A transaction hash is malformed",
    /// An address is malformed.
    AddressMalformed = "address_malformed" 400 "An address is malformed",
    /// A chain is not written like `eip155:56`.
    ChainMalformed = "chain_malformed" 400 "A chain is malformed",
    /// The body of a report cannot be read.
    ReportMalformed = "report_malformed" 400 "The report is malformed",
    /// A date is not RFC 3339 in UTC.
    DateMalformed = "date_malformed" 400 "A date is malformed",
    /// A route that is not public was called without a token of the configuration.
    TokenRequired = "token_required" 401 "A token is required",
    /// Routes that are not public are closed: no token is configured.
    AdminClosed = "admin_closed" 403 "The route is closed",
    /// The token that was shown is of a role that may not use the route.
    RoleTooSmall = "role_too_small" 403 "The token's role is too small",
    /// Only users' own money may be moved, resolved or reversed, to users or to fees.
    NotPermitted = "not_permitted" 403 "The money is not yours to move",
    /// There is no such route.
    RouteUnknown = "route_unknown" 404 "There is no such route",
    /// There is no such user.
    UnknownUser = "unknown_user" 404 "There is no such user",
    /// There is no such claim.
    UnknownClaim = "unknown_claim" 404 "There is no such claim",
    /// There is no such transaction.
    UnknownTransaction = "unknown_transaction" 404 "There is no such transaction",
    /// There is no such refund.
    UnknownRefund = "unknown_refund" 404 "There is no such refund",
    /// There is no such receiver of webhooks.
    UnknownReceiver = "unknown_receiver" 404 "There is no such receiver",
    /// There is no such event, or it is not kept any more.
    UnknownEvent = "unknown_event" 404 "There is no such event",
    /// The route has no such method.
    MethodNotAllowed = "method_not_allowed" 405 "The route has no such method",
    /// The key was used with another body.
    IdempotencyConflict = "idempotency_conflict" 409 "The Idempotency-Key was used with another body",
    /// The transaction on chain is not a dead letter.
    NotADeadLetter = "not_a_dead_letter" 409 "The transaction is not a dead letter",
    /// Nobody is asked about the chain, by an operator's order.
    ChainPaused = "chain_paused" 409 "The chain is paused",
    /// The transaction on chain is decided for good.
    AlreadySettled = "already_settled" 409 "The transaction is already settled",
    /// Nobody was credited with the deposit, and it is not in suspense.
    NotCredited = "not_credited" 409 "The deposit is not credited",
    /// The deposit is on its way back, or was sent back.
    AlreadyRefunded = "already_refunded" 409 "The deposit is refunded already",
    /// Whoever was credited has not enough of it left.
    Spent = "spent" 409 "What was credited is spent",
    /// The refund was settled or withdrawn.
    RefundEnded = "refund_ended" 409 "The refund is settled or withdrawn",
    /// Who proposed a dismissal or a refund cannot approve it.
    SameApprover = "same_approver" 409 "Another operator must approve",
    /// A replay of dead letters is under way.
    ReplayUnderWay = "replay_under_way" 409 "A replay is under way",
    /// No such replay is under way.
    NoSuchReplay = "no_such_replay" 409 "No such replay is under way",
    /// The chain is of a family that has no balances to ask for.
    NotReconciled = "not_reconciled" 422 "Nobody can be asked for balances on the chain",
    /// The deposit is not in suspense.
    NotInSuspense = "not_in_suspense" 409 "The deposit is not in suspense",
    /// A worker has other chains or endpoints than the server.
    ChainsDiffer = "chains_differ" 409 "The worker is configured otherwise",
    /// The body is larger than is accepted.
    BodyTooLarge = "body_too_large" 413 "The body is too large",
    /// The body is not declared as JSON.
    MediaTypeUnsupported = "media_type_unsupported" 415 "The media type is not supported",
    /// The route is for WebSockets.
    UpgradeRequired = "upgrade_required" 426 "The route is for WebSockets",
    /// More decimals than the asset has.
    AmountTooPrecise = "amount_too_precise" 422 "An amount is too precise",
    /// The amount cannot be counted.
    AmountOutOfRange = "amount_out_of_range" 422 "An amount is out of range",
    /// The amount is zero or less.
    AmountNotPositive = "amount_not_positive" 422 "An amount is not positive",
    /// The amount is below the asset's minimum.
    AmountBelowMin = "amount_below_min" 422 "An amount is below the minimum",
    /// The amount is above the asset's maximum.
    AmountAboveMax = "amount_above_max" 422 "An amount is above the maximum",
    /// The asset is not configured.
    UnknownAsset = "unknown_asset" 422 "The asset is not known",
    /// New money may not move in the asset.
    AssetDisabled = "asset_disabled" 422 "The asset is disabled",
    /// The chain has no endpoint of that name.
    UnknownEndpoint = "unknown_endpoint" 422 "The endpoint is not known",
    /// The chain is not configured.
    UnknownChain = "unknown_chain" 422 "The chain is not known",
    /// The address is one of the house's own.
    RefundToOurselves = "refund_to_ourselves" 422 "The address is the house's own",
    /// The transaction is of another chain, or the deposit's own.
    NotItsPayment = "not_its_payment" 422 "The transaction cannot have paid the refund",
    /// A transaction must move something.
    NoTransfers = "no_transfers" 422 "There is nothing to move",
    /// What a worker reported contradicts itself or the configuration.
    BadReport = "bad_report" 422 "The report does not hang together",
    /// More transfers than one transaction may have.
    TooManyTransfers = "too_many_transfers" 422 "There are too many transfers",
    /// Debit and credit are the same account.
    SameAccount = "same_account" 422 "Debit and credit are the same account",
    /// The hold would be over before it began.
    ExpiryInThePast = "expiry_in_the_past" 422 "The expiry is in the past",
    /// The transaction is not a hold.
    NotAHold = "not_a_hold" 422 "The transaction is not a hold",
    /// The hold is posted.
    HoldAlreadyPosted = "hold_already_posted" 422 "The hold is already posted",
    /// The hold is voided.
    HoldAlreadyVoided = "hold_already_voided" 422 "The hold is already voided",
    /// The hold's time is over.
    HoldExpired = "hold_expired" 422 "The hold has expired",
    /// Posting part of a hold takes one amount for each of its transfers.
    AmountsCountDiffers = "amounts_count_differs" 422 "There is not one amount for each transfer",
    /// More than was held.
    AmountExceedsHold = "amount_exceeds_hold" 422 "An amount exceeds what was held",
    /// Only what was posted can be reversed.
    NotPosted = "not_posted" 422 "The transaction is not posted",
    /// A transaction is reversed once.
    AlreadyReversed = "already_reversed" 422 "The transaction is already reversed",
    /// The ledger could not count the result.
    Overflow = "overflow" 422 "The result cannot be counted",
    /// Not enough is available.
    InsufficientFunds = "insufficient_funds" 422 "There is not enough available",
    /// The account would fall below its minimum.
    BelowMinimum = "below_minimum" 422 "The account would fall below its minimum",
    /// The account would rise above its maximum.
    AboveMaximum = "above_maximum" 422 "The account would rise above its maximum",
    /// Limits that no balance can meet.
    LimitsInvalid = "limits_invalid" 422 "The limits contradict themselves",
    /// A replay that goes nowhere.
    ReplayPlanInvalid = "replay_plan_invalid" 422 "The replay goes nowhere",
    /// A text is empty or too long.
    BadText = "bad_text" 422 "A text is empty or too long",
    /// The user has too many claims open.
    TooManyClaims = "too_many_claims" 429 "Too many claims are open",
    /// Too many dry runs wait.
    TooManyDryRuns = "too_many_dry_runs" 429 "Too many dry runs wait",
    /// The client asks too much.
    RateLimited = "rate_limited" 429 "Too many requests",
    /// A fault of ours.
    Internal = "internal" 500 "Something is wrong on our side",
    /// Nothing new is taken in for now, by an operator's order; what is open goes on.
    Draining = "draining" 503 "Nothing new is taken in for now",
    /// The service cannot take requests at the moment.
    Unavailable = "unavailable" 503 "The service is not available",
    /// More requests are under way than the service bears.
    Overloaded = "overloaded" 503 "The service is overloaded",
    /// As many follow claims as may, or the server is stopping.
    TooManyListeners = "too_many_listeners" 503 "Too many are listening",
    /// The request took too long; its outcome is unknown.
    Timeout = "timeout" 504 "The request took too long",
}

impl Code {
    /// Whether the same request may succeed later, without a change.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::RateLimited
                | Self::TooManyDryRuns
                | Self::TooManyClaims
                | Self::Draining
                | Self::Unavailable
                | Self::Overloaded
                | Self::TooManyListeners
                | Self::Timeout
        )
    }
}

/// What went wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// Identifies the kind of problem: `urn:plimsoll:problem:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// The same words for each occurrence.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// For programs.
    code: Code,
    /// What is wrong this time and what to do about it, for people.
    detail: String,
    /// The field that is at fault, if it is one: a path such as `post.transfers[0].amount`.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// Whether the same request may succeed later, without a change.
    retryable: bool,
    /// When that is, in seconds; sent as `Retry-After`.
    #[serde(skip)]
    retry_after: Option<u64>,
    /// Whether it repeats an earlier reply; sent as `Idempotency-Replayed`.
    #[serde(skip)]
    replayed: bool,
}

impl Problem {
    /// The problem called `code`, with what is wrong this time.
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:plimsoll:problem:{}", code.as_str()),
            title: code.title(),
            status: code.status(),
            code,
            detail: detail.into(),
            field: None,
            retryable: code.is_retryable(),
            retry_after: code.is_retryable().then_some(RETRY_AFTER_SECONDS),
            replayed: false,
        }
    }

    /// Names the field that is at fault.
    pub(crate) fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Says when it is worth trying again.
    pub(super) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Says that it repeats an earlier reply.
    pub(super) fn replayed(mut self, replayed: bool) -> Self {
        self.replayed = replayed;
        self
    }

    /// The code.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.replayed {
            headers.insert(super::idempotency::REPLAYED, HeaderValue::from_static("true"));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
