//! `POST /v1/deliveries/{id}/fail`: the goods could not be brought.

use agrodeep_commands::{
    Commands,
    delivery::{self, FailRequest},
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

/// Why not.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FailBody {
    /// In the driver's words.
    #[schema(example = "Personne à l'adresse", max_length = 500)]
    reason: String,
}

/// A delivery that has failed.
#[derive(Serialize, ToSchema)]
pub struct FailedView {
    /// The delivery.
    #[schema(value_type = String, example = "dlv_01h455vb4pex5vsknk084sn02q")]
    delivery_id: DeliveryId,
    /// Always `failed`.
    #[schema(example = "failed")]
    status: &'static str,
}

/// Say that the goods could not be brought. Another attempt is scheduled once; then the buyer gets the money back.
#[utoipa::path(
    post, path = "/v1/deliveries/{id}/fail", tag = "deliveries", security(("bearer" = [])),
    params(("id" = String, Path, description = "The delivery"), CommandHeaders),
    request_body = FailBody,
    responses((status = 200, description = "The delivery has failed", body = FailedView), CommandProblems)
)]
pub async fn fail(
    State(commands): State<Commands>,
    caller: Caller<Drivers>,
    PathId(delivery_id): PathId<DeliveryId>,
    StrictJson { value: body, raw }: StrictJson<FailBody>,
) -> Result<Response, Problem> {
    let mut invalid = Invalid::new();
    let reason = invalid.text("/reason", &body.reason, 500);
    let reason = Personal::new(invalid.finish(reason)?);
    let request = FailRequest { delivery_id, driver_id: caller.signed_in.account_id, reason };
    caller
        .run(&raw, move |context| async move {
            let executed = delivery::fail(&commands, request, context).await.map_err(problems::delivery)?;
            let view = FailedView { delivery_id, status: "failed" };
            Ok(Answer::json(StatusCode::OK, &view)?.executed(&executed))
        })
        .await
}
