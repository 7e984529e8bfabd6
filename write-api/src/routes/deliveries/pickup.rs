//! `POST /v1/deliveries/{id}/pickup`: the driver takes the goods.

use agrodeep_commands::{
    Commands,
    delivery::{self, PickUpRequest},
};
use agrodeep_domain::DeliveryId;
use agrodeep_http::{NoFields, OptionalJson, PathId, Problem};
use axum::{extract::State, http::StatusCode, response::Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer::Answer,
    caller::{Caller, CommandHeaders, Drivers},
    problems,
    routes::CommandProblems,
};

/// A delivery that was picked up.
#[derive(Serialize, ToSchema)]
pub struct PickedUpView {
    /// The delivery.
    #[schema(value_type = String, example = "dlv_01h455vb4pex5vsknk084sn02q")]
    delivery_id: DeliveryId,
    /// Always `picked_up`.
    #[schema(example = "picked_up")]
    status: &'static str,
    /// Always `shipped`: the order can no longer be cancelled.
    #[schema(example = "shipped")]
    order_status: &'static str,
}

/// Take the goods: the order is shipped.
#[utoipa::path(
    post, path = "/v1/deliveries/{id}/pickup", tag = "deliveries", security(("bearer" = [])),
    params(("id" = String, Path, description = "The delivery"), CommandHeaders),
    request_body = Option<NoFields>,
    responses((status = 200, description = "The driver has the goods", body = PickedUpView), CommandProblems)
)]
pub async fn pickup(
    State(commands): State<Commands>,
    caller: Caller<Drivers>,
    PathId(delivery_id): PathId<DeliveryId>,
    OptionalJson { raw, .. }: OptionalJson<NoFields>,
) -> Result<Response, Problem> {
    let request = PickUpRequest { delivery_id, driver_id: caller.signed_in.account_id };
    caller
        .run(&raw, move |context| async move {
            let picked_up =
                delivery::pick_up(&commands, request, context).await.map_err(problems::driving)?;
            let view = PickedUpView { delivery_id, status: "picked_up", order_status: "shipped" };
            Ok(Answer::json(StatusCode::OK, &view)?.executed(&picked_up.delivery))
        })
        .await
}
