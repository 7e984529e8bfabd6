//! `POST /v1/orders/{id}/lines/{product_id}/cancel`: call one line off.

use agrodeep_commands::{
    Commands,
    order::{self, CancelLineRequest},
};
use agrodeep_domain::{OrderId, Personal, ProductId, Role, order::LineCanceller};
use agrodeep_http::{Invalid, OptionalJson, PathIds, Problem};
use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::ChangedLineView;
use crate::{
    answer::Answer,
    caller::{BuyersAndAdmins, Caller, CommandHeaders},
    problems,
    routes::CommandProblems,
};

/// Why.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelLineBody {
    /// In the caller's words.
    #[schema(example = "Changement d'avis", max_length = 500)]
    reason: Option<String>,
}

/// Call one line of a paid order off, which is possible until its producer has prepared it. The order goes on with the rest, and
/// the difference goes back to the buyer; without its last line the order is called off.
#[utoipa::path(
    post, path = "/v1/orders/{id}/lines/{product_id}/cancel", tag = "orders", security(("bearer" = [])),
    params(
        ("id" = String, Path, description = "The order"),
        ("product_id" = String, Path, description = "The product of the line"),
        CommandHeaders,
    ),
    request_body = Option<CancelLineBody>,
    responses((status = 200, description = "The line is called off", body = ChangedLineView), CommandProblems)
)]
pub async fn cancel_line(
    State(commands): State<Commands>,
    caller: Caller<BuyersAndAdmins>,
    PathIds(order_id, product_id): PathIds<OrderId, ProductId>,
    OptionalJson { value: body, raw }: OptionalJson<CancelLineBody>,
) -> Result<Response, Problem> {
    let mut invalid = Invalid::new();
    let note = invalid.optional_text("/reason", body.reason.as_deref(), 500);
    let note = invalid.finish(Some(note))?.map(Personal::new);
    let by = match caller.signed_in.role {
        Role::Admin => LineCanceller::Admin,
        _ => LineCanceller::Buyer(caller.signed_in.account_id),
    };
    caller
        .run(&raw, move |context| async move {
            let request = CancelLineRequest { order_id, by, product_id, note };
            let changed = order::cancel_line(&commands, request, context).await.map_err(problems::line)?;
            let view = ChangedLineView::of(order_id, product_id, &changed);
            Ok(Answer::json(StatusCode::OK, &view)?.executed(&changed.executed))
        })
        .await
}
