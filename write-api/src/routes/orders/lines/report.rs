//! `POST /v1/orders/{id}/lines/{product_id}/report`: a producer has less of a line, or it costs less once it is weighed.

use agrodeep_commands::{
    Commands,
    order::{self, ReportLineRequest},
};
use agrodeep_domain::{Money, OrderId, Personal, ProductId};
use agrodeep_http::{ExactDecimal, Invalid, PathIds, Problem, StrictJson};
use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::ChangedLineView;
use crate::{
    answer::Answer,
    caller::{Caller, CommandHeaders, Producers},
    input, problems,
    routes::CommandProblems,
};

/// What there is of the line. At least one of `available_quantity` and `actual_total`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportBody {
    /// How much of it there is: 0 when there is none. Left out: as much as before.
    #[schema(example = 2)]
    available_quantity: Option<ExactDecimal>,
    /// What it costs, when that is not its quantity times its price: what was ordered by the piece has been weighed. Never more
    /// than was agreed.
    #[schema(example = "8.10 EUR")]
    actual_total: Option<String>,
    /// In the producer's words.
    #[schema(example = "Le gel a pris le reste", max_length = 500)]
    reason: Option<String>,
}

/// Say that there is less of one's own line of a paid order, or that it costs less. The order goes on with the rest, and the
/// difference goes back to the buyer; without its last line the order is called off. Possible until the line is prepared.
#[utoipa::path(
    post, path = "/v1/orders/{id}/lines/{product_id}/report", tag = "orders", security(("bearer" = [])),
    params(
        ("id" = String, Path, description = "The order"),
        ("product_id" = String, Path, description = "The product of the line"),
        CommandHeaders,
    ),
    request_body = ReportBody,
    responses((status = 200, description = "The line is what was said", body = ChangedLineView), CommandProblems)
)]
pub async fn report(
    State(commands): State<Commands>,
    caller: Caller<Producers>,
    PathIds(order_id, product_id): PathIds<OrderId, ProductId>,
    StrictJson { value: body, raw }: StrictJson<ReportBody>,
) -> Result<Response, Problem> {
    let mut invalid = Invalid::new();
    if body.available_quantity.is_none() && body.actual_total.is_none() {
        invalid.at("/available_quantity", "is missing, and so is actual_total: say at least one");
    }
    let quantity = body
        .available_quantity
        .and_then(|quantity| input::quantity("/available_quantity", quantity, &mut invalid));
    let total =
        body.actual_total.as_deref().and_then(|total| invalid.check("/actual_total", total.parse::<Money>()));
    let note = invalid.optional_text("/reason", body.reason.as_deref(), 500).map(Personal::new);
    let producer_id = caller.signed_in.account_id;
    let request = ReportLineRequest { order_id, producer_id, product_id, quantity, total, note };
    let request = invalid.finish(Some(request))?;
    caller
        .run(&raw, move |context| async move {
            let changed = order::report_line(&commands, request, context).await.map_err(problems::line)?;
            let view = ChangedLineView::of(order_id, product_id, &changed);
            Ok(Answer::json(StatusCode::OK, &view)?.executed(&changed.executed))
        })
        .await
}
