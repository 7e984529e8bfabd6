//! `POST /v1/admin/sagas/{order_id}/resume`: have an order go on.

use agrodeep_commands::{Commands, sagas::SagaDesk};
use agrodeep_domain::{OrderId, order_fulfilment::Intervention};
use agrodeep_http::{Invalid, OptionalJson, PathId, Problem};
use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    caller::{Admins, Caller, CommandHeaders},
    routes::CommandProblems,
    sagas::{SagaChoiceView, choose, optional_reason},
};

/// Why.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResumeSagaBody {
    /// Why, for those who ask later. It is kept for good: nothing personal.
    #[schema(example = "The address is right", max_length = 500)]
    reason: Option<String>,
    /// Only tell what will follow; nothing is done.
    #[serde(default)]
    dry_run: bool,
}

/// Have an order go on that was paused. A deadline that has passed meanwhile counts now, unless what it was for has come.
#[utoipa::path(
    post, path = "/v1/admin/sagas/{order_id}/resume", tag = "admin", security(("bearer" = [])),
    params(("order_id" = String, Path, description = "The order", example = "ord_01h455vb4pex5vsknk084sn02q"), CommandHeaders),
    request_body = Option<ResumeSagaBody>,
    responses((status = 200, description = "It goes on", body = SagaChoiceView), CommandProblems)
)]
pub async fn resume_saga(
    State(commands): State<Commands>,
    caller: Caller<Admins>,
    PathId(order_id): PathId<OrderId>,
    OptionalJson { value: body, raw }: OptionalJson<ResumeSagaBody>,
) -> Result<Response, Problem> {
    let mut invalid = Invalid::new();
    let reason = optional_reason(&mut invalid, body.reason.as_deref());
    let reason = invalid.finish(reason)?;
    let (desk, dry_run) = (SagaDesk::new(commands.executor), body.dry_run);
    caller
        .run(&raw, move |context| async move {
            choose(&desk, order_id, Intervention::Resume { reason }, dry_run, context).await
        })
        .await
}
