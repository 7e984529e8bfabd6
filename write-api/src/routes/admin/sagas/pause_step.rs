//! `POST /v1/admin/sagas/steps/{step}/pause`: have a step wait, for all orders.

use agrodeep_commands::{Commands, sagas::SagaDesk};
use agrodeep_domain::order_fulfilment::StepName;
use agrodeep_http::{Invalid, PathId, Problem, StrictJson};
use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    answer::Answer,
    caller::{Admins, Caller, CommandHeaders},
    problems,
    routes::CommandProblems,
    sagas::{SagaStepView, reason},
};

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PauseStepBody {
    /// Why, for those who ask later. It is kept for good: nothing personal.
    #[schema(example = "The provider is down", max_length = 500)]
    reason: String,
}

/// Have a step wait, for all orders: what it needs is down. It is planned as ever, and done once it is resumed; what is being done
/// at this moment is finished. Deadlines go on.
#[utoipa::path(
    post, path = "/v1/admin/sagas/steps/{step}/pause", tag = "admin", security(("bearer" = [])),
    params(("step" = String, Path, description = "The step's name", example = "request_payment"), CommandHeaders),
    request_body = PauseStepBody,
    responses((status = 200, description = "It waits", body = SagaStepView), CommandProblems)
)]
pub async fn pause_step(
    State(commands): State<Commands>,
    caller: Caller<Admins>,
    PathId(step): PathId<StepName>,
    StrictJson { value: body, raw }: StrictJson<PauseStepBody>,
) -> Result<Response, Problem> {
    let mut invalid = Invalid::new();
    let reason = reason(&mut invalid, &body.reason);
    let reason = invalid.finish(reason)?;
    let desk = SagaDesk::new(commands.executor);
    caller
        .run(&raw, move |context| async move {
            let executed = desk.pause_step(step, reason, context).await.map_err(problems::saga_step)?;
            let view = SagaStepView { step: step.as_str(), paused: true };
            Ok(Answer::json(StatusCode::OK, &view)?.executed(&executed))
        })
        .await
}
