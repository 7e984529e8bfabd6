//! `POST /v1/orders/{id}/cancel`: call an order off.

use agrodeep_commands::{
    Commands,
    order::{self, CancelRequest, RefundStatus},
};
use agrodeep_domain::{OrderId, Personal, Role, order::Canceller};
use agrodeep_http::{Invalid, OptionalJson, PathId, Problem};
use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    answer::Answer,
    caller::{BuyersAndAdmins, Caller, CommandHeaders},
    problems,
    routes::CommandProblems,
};

/// Why.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelBody {
    /// In the caller's words.
    #[schema(example = "Changement d'avis", max_length = 500)]
    reason: Option<String>,
}

/// An order that was called off.
#[derive(Serialize, ToSchema)]
pub struct CancelledView {
    /// Always `cancelled`.
    #[schema(example = "cancelled")]
    status: &'static str,
    /// `processing` when the order had been paid: the money is on its way back; else `none`.
    #[schema(example = "processing")]
    refund_status: &'static str,
    /// What is given back; `null` when nothing had been paid.
    #[schema(example = "13.50 EUR")]
    refund_amount: Option<String>,
}

/// Call an order off, which is possible until it is shipped. What was done for it is undone.
#[utoipa::path(
    post, path = "/v1/orders/{id}/cancel", tag = "orders", security(("bearer" = [])),
    params(("id" = String, Path, description = "The order"), CommandHeaders),
    request_body = Option<CancelBody>,
    responses((status = 200, description = "It is called off", body = CancelledView), CommandProblems)
)]
pub async fn cancel(
    State(commands): State<Commands>,
    caller: Caller<BuyersAndAdmins>,
    PathId(order_id): PathId<OrderId>,
    OptionalJson { value: body, raw }: OptionalJson<CancelBody>,
) -> Result<Response, Problem> {
    let mut invalid = Invalid::new();
    let note = invalid.optional_text("/reason", body.reason.as_deref(), 500);
    let note = invalid.finish(Some(note))?.map(Personal::new);
    let by = match caller.signed_in.role {
        Role::Admin => Canceller::Admin,
        _ => Canceller::Buyer(caller.signed_in.account_id),
    };
    caller
        .run(&raw, move |context| async move {
            let request = CancelRequest { order_id, by, note };
            let cancelled = order::cancel(&commands, request, context).await.map_err(problems::order)?;
            let view = CancelledView {
                status: "cancelled",
                refund_status: match cancelled.refund_status() {
                    RefundStatus::None => "none",
                    RefundStatus::Pending => "processing",
                },
                refund_amount: cancelled.refund_due.map(|amount| amount.to_string()),
            };
            Ok(Answer::json(StatusCode::OK, &view)?.executed(&cancelled.executed))
        })
        .await
}
