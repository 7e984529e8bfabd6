//! What clients are told when something cannot be done: the one place where refusals become problems.
//!
//! Every match is exhaustive on purpose: a new refusal does not compile until somebody has decided what it says.

mod place;

use agrodeep_commands::{
    ExecuteError, StoreError,
    delivery::{AssignError, DeliveryError},
    payments::{IntentError, WebhookError, gateway::GatewayError, simulated::ConfirmError},
    product::{ProductError, StockCountError},
    sagas::{SagaRefused, StepRefused},
};
use agrodeep_domain::{
    account::AccountRefusal,
    delivery::DeliveryRefusal,
    delivery_track::DeliveryTrackRefusal,
    order::OrderRefusal,
    order_fulfilment::{FulfilmentStepsRefusal, OrderFulfilmentRefusal},
    product::ProductRefusal,
};
use agrodeep_http::{FieldError, Problem};
use axum::http::{HeaderValue, StatusCode, header};

pub use self::place::place;
use crate::{
    accounts::{RegisterError, SessionError, SignInError},
    parked::ParkedRefusal,
    rebuilds::RebuildRefusal,
};

/// Whether and why a command was not executed.
fn execute<R: std::error::Error>(error: ExecuteError<R>, refused: impl FnOnce(&R) -> Problem) -> Problem {
    match error {
        ExecuteError::Refused(refusal) => refused(&refusal),
        ExecuteError::VersionMismatch { actual } => Problem::version_conflict(actual),
        ExecuteError::Contended => {
            Problem::unavailable("contended", "too many at the same time: nothing was done, ask again", 1)
        }
        ExecuteError::Unavailable(reason) => {
            tracing::error!(reason, "the event store cannot be reached");
            unavailable()
        }
        ExecuteError::Unknown(reason) => {
            tracing::error!(reason, "the outcome of a command is unknown");
            Problem::unavailable(
                "outcome_unknown",
                "it is not known whether it was done: ask again with the same Idempotency-Key",
                1,
            )
        }
        ExecuteError::Damaged(reason) => {
            tracing::error!(reason, "the log is not as it must be");
            Problem::internal()
        }
    }
}

fn unavailable() -> Problem {
    Problem::unavailable("unavailable", "a part of the system cannot be reached: ask again", 1)
}

fn busy() -> Problem {
    Problem::unavailable("busy", "too many sign-ins at the same time: ask again", 1)
}

/// 401 always says how one could come in (RFC 9110, section 15.5.2).
fn unauthorized(code: &str, detail: &str) -> Problem {
    let challenge = HeaderValue::from_static("Bearer realm=\"agrodeep\"");
    Problem::new(StatusCode::UNAUTHORIZED, code, detail).with_header(header::WWW_AUTHENTICATE, challenge)
}

fn invalid(pointer: &str, detail: impl ToString) -> Problem {
    Problem::invalid_input(vec![FieldError::pointer(pointer, detail.to_string())])
}

/// The tables beside the log.
pub fn store(error: &StoreError) -> Problem {
    tracing::error!(%error, "the database cannot be reached");
    unavailable()
}

/// What an order refuses.
pub fn order(error: ExecuteError<OrderRefusal>) -> Problem {
    execute(error, |refusal| {
        let conflict = |code| Problem::conflict(code, refusal.to_string());
        match refusal {
            // Another's order is none: whoever asks must not learn that it exists.
            OrderRefusal::NoSuchOrder | OrderRefusal::NotYours => {
                Problem::not_found("there is no such order")
            }
            OrderRefusal::NoLines
            | OrderRefusal::NothingToPay
            | OrderRefusal::TooManyLines { .. }
            | OrderRefusal::NoQuantity(_)
            | OrderRefusal::DuplicateProduct(_)
            | OrderRefusal::Money(_) => invalid("/items", refusal),
            OrderRefusal::AlreadyPlaced => conflict("already_placed"),
            OrderRefusal::AlreadyCancelled => conflict("order_cancelled"),
            OrderRefusal::AlreadyShipped => conflict("already_shipped"),
            OrderRefusal::AlreadyDelivered => conflict("already_delivered"),
            OrderRefusal::NotConfirmed => conflict("order_not_confirmed"),
            OrderRefusal::NotReadyForPickup => conflict("not_ready_for_pickup"),
            OrderRefusal::NotShipped => conflict("order_not_shipped"),
            OrderRefusal::NotPaid => conflict("order_not_paid"),
            OrderRefusal::NoRefundDue => conflict("no_refund_due"),
            OrderRefusal::OtherPayment => conflict("other_payment"),
            OrderRefusal::OtherAmount { .. } => conflict("other_amount"),
            OrderRefusal::OtherDelivery => conflict("other_delivery"),
            OrderRefusal::GivenUp => conflict("delivery_given_up"),
            OrderRefusal::NoSuchLine(_) => Problem::not_found(refusal.to_string()),
            OrderRefusal::Imported => conflict("imported_order"),
            OrderRefusal::LinePrepared => conflict("line_prepared"),
            OrderRefusal::MoreThanAgreed { .. } => conflict("more_than_agreed"),
            OrderRefusal::TooManyAdjustments { .. } => conflict("too_many_adjustments"),
        }
    })
}

/// What an order refuses of what is said of one of its lines.
pub fn line(error: ExecuteError<OrderRefusal>) -> Problem {
    match error {
        ExecuteError::Refused(refusal @ (OrderRefusal::NothingToPay | OrderRefusal::OtherAmount { .. })) => {
            invalid("/actual_total", refusal)
        }
        error => order(error),
    }
}

/// The stable code of what a product refuses.
const fn product_code(refusal: &ProductRefusal) -> &'static str {
    match refusal {
        ProductRefusal::NoSuchProduct | ProductRefusal::NotYours => "not_found",
        ProductRefusal::AlreadyCreated => "already_created",
        ProductRefusal::Delisted => "product_delisted",
        ProductRefusal::NoPrice | ProductRefusal::OtherCurrency(_) | ProductRefusal::NoQuantity => {
            "invalid_input"
        }
        ProductRefusal::BelowHolds { .. } => "stock_below_holds",
        ProductRefusal::InsufficientStock { .. } => "insufficient_stock",
        ProductRefusal::OtherHold { .. } => "other_hold",
        ProductRefusal::NoHold => "no_hold",
        ProductRefusal::NotExpired => "hold_not_expired",
    }
}

/// The stable code of why one product of many was not counted.
pub const fn stock_count_code(error: &StockCountError) -> &'static str {
    match error {
        StockCountError::Duplicate => "duplicate",
        StockCountError::Refused(refusal) => product_code(refusal),
    }
}

/// What a product refuses.
pub fn product(error: ExecuteError<ProductRefusal>) -> Problem {
    execute(error, |refusal| match refusal {
        ProductRefusal::NoSuchProduct | ProductRefusal::NotYours => {
            Problem::not_found("there is no such product")
        }
        ProductRefusal::NoPrice => invalid("/price", "must be more than zero"),
        ProductRefusal::OtherCurrency(_) => invalid("/currency", refusal),
        ProductRefusal::NoQuantity => invalid("/stock_quantity", refusal),
        ProductRefusal::BelowHolds { .. } => Problem::conflict(product_code(refusal), refusal.to_string())
            .with_errors(vec![FieldError::pointer("/stock_quantity", refusal.to_string())]),
        ProductRefusal::AlreadyCreated
        | ProductRefusal::Delisted
        | ProductRefusal::InsufficientStock { .. }
        | ProductRefusal::OtherHold { .. }
        | ProductRefusal::NoHold
        | ProductRefusal::NotExpired => Problem::conflict(product_code(refusal), refusal.to_string()),
    })
}

/// Why a product was not created or changed.
pub fn product_change(error: ProductError) -> Problem {
    match error {
        ProductError::LotTaken => {
            Problem::conflict("qr_code_data_taken", "another product has this qr_code_data")
                .with_errors(vec![FieldError::pointer("/qr_code_data", "must be unique among all products")])
        }
        ProductError::Execute(error) => product(error),
    }
}

/// What a delivery refuses.
pub fn delivery(error: ExecuteError<DeliveryRefusal>) -> Problem {
    execute(error, |refusal| {
        let conflict = |code| Problem::conflict(code, refusal.to_string());
        match refusal {
            DeliveryRefusal::NoSuchDelivery | DeliveryRefusal::NotYours => {
                Problem::not_found("there is no such delivery")
            }
            DeliveryRefusal::AlreadyScheduled => conflict("already_scheduled"),
            DeliveryRefusal::NotAssigned => conflict("delivery_not_assigned"),
            DeliveryRefusal::AlreadyPickedUp => conflict("already_picked_up"),
            DeliveryRefusal::NotPickedUp => conflict("not_picked_up"),
            DeliveryRefusal::AlreadyDelivered => conflict("already_delivered"),
            DeliveryRefusal::AlreadyFailed => conflict("delivery_failed"),
            DeliveryRefusal::AlreadyCancelled => conflict("delivery_cancelled"),
        }
    })
}

fn track(error: ExecuteError<DeliveryTrackRefusal>) -> Problem {
    execute(error, |refusal| match refusal {
        DeliveryTrackRefusal::NoPoints | DeliveryTrackRefusal::TooManyPoints { .. } => {
            invalid("/points", refusal)
        }
    })
}

/// Why a driver's command was not executed.
pub fn driving(error: DeliveryError) -> Problem {
    match error {
        DeliveryError::Delivery(error) => delivery(error),
        DeliveryError::Order(error) => order(error),
        DeliveryError::Track(error) => track(error),
    }
}

/// Why a delivery was not given to a driver.
pub fn assign(error: AssignError) -> Problem {
    match error {
        AssignError::NoDriver => invalid("/driver_id", error),
        AssignError::Execute(error) => delivery(error),
    }
}

fn gateway(error: &GatewayError) -> Problem {
    match error {
        GatewayError::Unavailable(reason) => {
            tracing::error!(reason, "the payment provider cannot be reached");
        }
        GatewayError::Rejected { code, message } => {
            tracing::error!(code, message, "the payment provider refuses");
        }
    }
    Problem::unavailable(
        "payment_provider_unavailable",
        "the payment provider cannot be reached: ask again",
        2,
    )
}

/// Why there is nothing to pay.
pub fn intent(error: IntentError) -> Problem {
    match error {
        IntentError::NoSuchOrder | IntentError::NotYours => Problem::not_found("there is no such order"),
        IntentError::OrderCancelled { reason } => {
            Problem::conflict("order_cancelled", error.to_string()).with("reason", reason.as_str())
        }
        IntentError::NotYet => Problem::unavailable("payment_not_ready", error.to_string(), 1),
        IntentError::Gateway(error) => gateway(&error),
        IntentError::Execute(error) => order(error),
    }
}

/// Why a simulated payment was not attempted.
pub fn confirm(error: ConfirmError) -> Problem {
    match error {
        ConfirmError::UnknownSecret => Problem::not_found("no payment has this client_secret")
            .with_errors(vec![FieldError::pointer("/client_secret", "is that of no payment")]),
        ConfirmError::UnknownPaymentMethod => invalid("/payment_method", error),
        ConfirmError::Cancelled => Problem::conflict("payment_cancelled", error.to_string()),
        ConfirmError::Gateway(error) => gateway(&error),
    }
}

/// Why a message of the payment provider was not accepted.
pub fn webhook(error: WebhookError) -> Problem {
    match error {
        WebhookError::Signature(error) => Problem::bad_request("invalid_signature", error.to_string())
            .with_errors(vec![FieldError::header("Stripe-Signature", error.to_string())]),
        WebhookError::Malformed(error) => Problem::bad_request("malformed_event", error.to_string())
            .with_errors(vec![FieldError::pointer("", error.to_string())]),
        WebhookError::TooEarly => Problem::conflict("payment_unknown_yet", error.to_string())
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("1")),
        WebhookError::Gateway(error) => gateway(&error),
        WebhookError::Execute(error) => order(error),
    }
}

/// Why no account was opened.
pub fn register(error: RegisterError) -> Problem {
    match error {
        RegisterError::EmailTaken => Problem::conflict("email_taken", error.to_string())
            .with_errors(vec![FieldError::pointer("/email", "must be unique among all accounts")]),
        RegisterError::Busy => busy(),
        RegisterError::Store(error) => store(&error),
        RegisterError::Execute(error) => account(error),
    }
}

/// What an account refuses.
pub fn account(error: ExecuteError<AccountRefusal>) -> Problem {
    execute(error, |refusal| match refusal {
        AccountRefusal::NoSuchAccount => Problem::not_found("there is no such account"),
        AccountRefusal::AlreadyRegistered => Problem::conflict("email_taken", refusal.to_string()),
        AccountRefusal::NoProducer => Problem::forbidden(refusal.to_string()),
        AccountRefusal::NoWeekdays => invalid("/weekdays", refusal),
        AccountRefusal::TooManyLeadDays { .. } => invalid("/lead_days", refusal),
    })
}

/// Why somebody is not in.
pub fn sign_in(error: SignInError) -> Problem {
    match error {
        SignInError::InvalidCredentials => unauthorized("invalid_credentials", &error.to_string()),
        SignInError::Busy => busy(),
        SignInError::Store(error) => store(&error),
    }
}

/// Why a session does not go on.
pub fn session(error: SessionError) -> Problem {
    match error {
        SessionError::InvalidRefreshToken => unauthorized("invalid_refresh_token", &error.to_string()),
        SessionError::Store(error) => store(&error),
    }
}

/// Why nothing was decided about what is parked.
pub fn parked(refusal: ParkedRefusal) -> Problem {
    match refusal {
        ParkedRefusal::UnknownProjection(detail) | ParkedRefusal::NotParked(detail) => {
            Problem::not_found(detail)
        }
        ParkedRefusal::Pending(detail) => Problem::conflict("decision_pending", detail),
        ParkedRefusal::SkipElsewhere(detail) => Problem::conflict("skip_elsewhere", detail),
        ParkedRefusal::Unavailable(cause) => {
            tracing::error!(cause, "nothing can be decided about what is parked");
            unavailable()
        }
    }
}

/// What a fulfilment refuses.
pub fn saga(error: SagaRefused) -> Problem {
    execute(error, |refusal| {
        let code = match refusal {
            OrderFulfilmentRefusal::NotBegun => return Problem::not_found(refusal.to_string()),
            OrderFulfilmentRefusal::OtherConductor => "imported_order",
            OrderFulfilmentRefusal::Ended => "saga_ended",
            OrderFulfilmentRefusal::NothingParked | OrderFulfilmentRefusal::NotParked(_) => "not_parked",
            OrderFulfilmentRefusal::UndoneToBeSure(_) | OrderFulfilmentRefusal::AlreadyUndone => {
                "already_undone"
            }
            OrderFulfilmentRefusal::NotPending(_) => "step_not_pending",
            OrderFulfilmentRefusal::NotSkippable(..) => "step_not_skippable",
            OrderFulfilmentRefusal::AlreadyShipped => "already_shipped",
            OrderFulfilmentRefusal::AlreadyAbandoned => "already_abandoned",
            OrderFulfilmentRefusal::AlreadyPaused => "already_paused",
            OrderFulfilmentRefusal::NotPaused => "not_paused",
        };
        Problem::conflict(code, refusal.to_string())
    })
}

/// Why nothing is changed about a step of all orders.
pub fn saga_step(error: StepRefused) -> Problem {
    execute(error, |refusal| {
        let code = match refusal {
            FulfilmentStepsRefusal::AlreadyPaused(_) => "already_paused",
            FulfilmentStepsRefusal::NotPaused(_) => "not_paused",
        };
        Problem::conflict(code, refusal.to_string())
    })
}

/// Why a read model is not built anew.
pub fn rebuild(refusal: RebuildRefusal) -> Problem {
    match refusal {
        RebuildRefusal::UnknownProjection(detail) => Problem::not_found(detail),
        RebuildRefusal::UnknownVersion(detail) => invalid("/version", detail),
        RebuildRefusal::Shards(detail) => invalid("/shards", detail),
        RebuildRefusal::Running(detail) => Problem::conflict("rebuild_running", detail),
        RebuildRefusal::NotRunning(detail) => Problem::conflict("no_rebuild", detail),
        RebuildRefusal::Unavailable(cause) => {
            tracing::error!(cause, "a rebuild cannot be asked for");
            unavailable()
        }
    }
}
