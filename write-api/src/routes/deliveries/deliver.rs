//! `POST /v1/deliveries/{id}/deliver`: the buyer has the goods.

use agrodeep_commands::{
    Commands,
    delivery::{self, CompleteRequest},
};
use agrodeep_domain::{DeliveryId, Personal};
use agrodeep_http::{Invalid, PathId, Problem, StrictJson};
use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    answer::Answer,
    caller::{Caller, CommandHeaders, Drivers},
    problems,
    routes::CommandProblems,
};

/// Room for a signature drawn on a screen, as a path or a small picture.
const SIGNATURE_CHARS_MAX: usize = 100_000;

const PHOTO_CHARS_MAX: usize = 4096;

/// What proves it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliverBody {
    /// Who signed, or the signature as the driver's device stored it.
    #[schema(example = "Sophie Martin", max_length = 100_000)]
    signature: String,
    /// Where the photo is.
    #[schema(example = "https://cdn.agrodeep.com/deliveries/photo1.jpg", max_length = 4096)]
    photo: String,
}

/// A delivery that was completed.
#[derive(Serialize, ToSchema)]
pub struct DeliveredView {
    /// The delivery.
    #[schema(value_type = String, example = "dlv_01h455vb4pex5vsknk084sn02q")]
    delivery_id: DeliveryId,
    /// Always `delivered`.
    #[schema(example = "delivered")]
    status: &'static str,
    /// Always `delivered`.
    #[schema(example = "delivered")]
    order_status: &'static str,
}

/// Say that the buyer has the goods: the order is delivered.
#[utoipa::path(
    post, path = "/v1/deliveries/{id}/deliver", tag = "deliveries", security(("bearer" = [])),
    params(("id" = String, Path, description = "The delivery"), CommandHeaders),
    request_body = DeliverBody,
    responses((status = 200, description = "The buyer has the goods", body = DeliveredView), CommandProblems)
)]
pub async fn deliver(
    State(commands): State<Commands>,
    caller: Caller<Drivers>,
    PathId(delivery_id): PathId<DeliveryId>,
    StrictJson { value: body, raw }: StrictJson<DeliverBody>,
) -> Result<Response, Problem> {
    let mut invalid = Invalid::new();
    let signature = invalid.text("/signature", &body.signature, SIGNATURE_CHARS_MAX);
    let photo = invalid.text("/photo", &body.photo, PHOTO_CHARS_MAX);
    let driver_id = caller.signed_in.account_id;
    let request = signature.zip(photo).map(|(signature, photo)| CompleteRequest {
        delivery_id,
        driver_id,
        signature: Personal::new(signature),
        photo: Personal::new(photo),
    });
    let request = invalid.finish(request)?;
    caller
        .run(&raw, move |context| async move {
            let completed =
                delivery::complete(&commands, request, context).await.map_err(problems::driving)?;
            let view = DeliveredView { delivery_id, status: "delivered", order_status: "delivered" };
            Ok(Answer::json(StatusCode::OK, &view)?
                .version(completed.delivery.version)
                .position(completed.order.position))
        })
        .await
}
