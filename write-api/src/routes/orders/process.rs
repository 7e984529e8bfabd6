//! `POST /v1/orders/{id}/process`: a producer has prepared its lines.

use agrodeep_commands::{
    Commands,
    order::{self, PrepareRequest},
};
use agrodeep_domain::OrderId;
use agrodeep_http::{NoFields, OptionalJson, PathId, Problem};
use axum::{extract::State, http::StatusCode, response::Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer::Answer,
    caller::{Caller, CommandHeaders, Producers},
    problems,
    routes::CommandProblems,
};

/// An order of which a producer has prepared its lines.
#[derive(Serialize, ToSchema)]
pub struct ProcessedView {
    /// The order.
    #[schema(value_type = String, example = "ord_01h455vb4pex5vsknk084sn02q")]
    order_id: OrderId,
    /// Always `processing`.
    #[schema(example = "processing")]
    status: &'static str,
    /// Whether all producers have prepared their lines: the order can be picked up.
    ready_for_pickup: bool,
}

/// Say that one's own lines of an order are prepared.
#[utoipa::path(
    post, path = "/v1/orders/{id}/process", tag = "orders", security(("bearer" = [])),
    params(("id" = String, Path, description = "The order"), CommandHeaders),
    request_body = Option<NoFields>,
    responses((status = 200, description = "The producer's lines are prepared", body = ProcessedView), CommandProblems)
)]
pub async fn process(
    State(commands): State<Commands>,
    caller: Caller<Producers>,
    PathId(order_id): PathId<OrderId>,
    OptionalJson { raw, .. }: OptionalJson<NoFields>,
) -> Result<Response, Problem> {
    let request = PrepareRequest { order_id, producer_id: caller.signed_in.account_id };
    caller
        .run(&raw, move |context| async move {
            let prepared = order::prepare(&commands, request, context).await.map_err(problems::order)?;
            let view =
                ProcessedView { order_id, status: "processing", ready_for_pickup: prepared.ready_for_pickup };
            Ok(Answer::json(StatusCode::OK, &view)?.executed(&prepared.executed))
        })
        .await
}
