//! `POST /v1/admin/sagas/steps/{step}/resume`: have a step done again, for all orders.

use agrodeep_commands::{Commands, sagas::SagaDesk};
use agrodeep_domain::order_fulfilment::StepName;
use agrodeep_http::{Invalid, OptionalJson, PathId, Problem};
use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    answer::Answer,
    caller::{Admins, Caller, CommandHeaders},
    problems,
    routes::CommandProblems,
    sagas::{SagaStepView, optional_reason},
};

/// Why.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResumeStepBody {
    /// Why, for those who ask later. It is kept for good: nothing personal.
    #[schema(example = "The provider answers again", max_length = 500)]
    reason: Option<String>,
}

/// Have a step done again, for all orders.
#[utoipa::path(
    post, path = "/v1/admin/sagas/steps/{step}/resume", tag = "admin", security(("bearer" = [])),
    params(("step" = String, Path, description = "The step's name", example = "request_payment"), CommandHeaders),
    request_body = Option<ResumeStepBody>,
    responses((status = 200, description = "It is done again", body = SagaStepView), CommandProblems)
)]
pub async fn resume_step(
    State(commands): State<Commands>,
    caller: Caller<Admins>,
    PathId(step): PathId<StepName>,
    OptionalJson { value: body, raw }: OptionalJson<ResumeStepBody>,
) -> Result<Response, Problem> {
    let mut invalid = Invalid::new();
    let reason = optional_reason(&mut invalid, body.reason.as_deref());
    let reason = invalid.finish(reason)?;
    let desk = SagaDesk::new(commands.executor);
    caller
        .run(&raw, move |context| async move {
            let executed = desk.resume_step(step, reason, context).await.map_err(problems::saga_step)?;
            let view = SagaStepView { step: step.as_str(), paused: false };
            Ok(Answer::json(StatusCode::OK, &view)?.executed(&executed))
        })
        .await
}
