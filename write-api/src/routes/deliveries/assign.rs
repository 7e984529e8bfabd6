//! `POST /v1/deliveries/{id}/assign`: give a delivery to a driver.

use agrodeep_commands::{
    Commands,
    delivery::{self, AssignRequest},
};
use agrodeep_domain::{AccountId, DeliveryId, Personal};
use agrodeep_http::{Invalid, PathId, Problem, StrictJson};
use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    answer::Answer,
    caller::{Admins, Caller, CommandHeaders},
    input, problems,
    routes::CommandProblems,
};

/// Who drives, and in what.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignBody {
    /// A driver's account.
    #[schema(example = "usr_01h455vb4pex5vsknk084sn02q")]
    driver_id: String,
    /// In what.
    #[schema(example = "Renault Kangoo, AB-123-CD", max_length = 100)]
    vehicle: Option<String>,
}

/// A delivery that has a driver.
#[derive(Serialize, ToSchema)]
pub struct AssignedView {
    /// The delivery.
    #[schema(value_type = String, example = "dlv_01h455vb4pex5vsknk084sn02q")]
    delivery_id: DeliveryId,
    /// Always `assigned`.
    #[schema(example = "assigned")]
    status: &'static str,
    /// Who drives.
    #[schema(value_type = String, example = "usr_01h455vb4pex5vsknk084sn02q")]
    driver_id: AccountId,
    /// In what.
    vehicle: Option<String>,
}

/// Give a delivery to a driver, or to another one before it is picked up.
#[utoipa::path(
    post, path = "/v1/deliveries/{id}/assign", tag = "deliveries", security(("bearer" = [])),
    params(("id" = String, Path, description = "The delivery"), CommandHeaders),
    request_body = AssignBody,
    responses((status = 200, description = "The driver has it", body = AssignedView), CommandProblems)
)]
pub async fn assign(
    State(commands): State<Commands>,
    caller: Caller<Admins>,
    PathId(delivery_id): PathId<DeliveryId>,
    StrictJson { value: body, raw }: StrictJson<AssignBody>,
) -> Result<Response, Problem> {
    let mut invalid = Invalid::new();
    let driver_id = input::id("/driver_id", &body.driver_id, &mut invalid);
    let vehicle = invalid.optional_text("/vehicle", body.vehicle.as_deref(), 100);
    let driver_id: AccountId = invalid.finish(driver_id)?;
    caller
        .run(&raw, move |context| async move {
            let request =
                AssignRequest { delivery_id, driver_id, vehicle: vehicle.clone().map(Personal::new) };
            let executed = delivery::assign(&commands, request, context).await.map_err(problems::assign)?;
            let view = AssignedView { delivery_id, status: "assigned", driver_id, vehicle };
            Ok(Answer::json(StatusCode::OK, &view)?.executed(&executed))
        })
        .await
}
