//! What an admin decides about fulfilments, and what the answer says of what follows.

use agrodeep_commands::{CommandContext, sagas::SagaDesk};
use agrodeep_domain::{
    DomainEvent, OrderId,
    order_fulfilment::{Course, Intervention, Reason, Step},
};
use agrodeep_http::{Invalid, Problem};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{answer::Answer, problems};

/// A choice, and what follows from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SagaChoiceView {
    /// The order.
    #[schema(example = "ord_01h455vb4pex5vsknk084sn02q")]
    pub order_id: String,
    /// `retry`, `skip`, `abandon`, `pause` or `resume`.
    #[schema(example = "retry")]
    pub choice: &'static str,
    /// Whether nothing was done: this is only what would be.
    pub dry_run: bool,
    /// What was (would be) recorded, in this order.
    #[schema(example = json!(["RetryOrdered"]))]
    pub recorded: Vec<&'static str>,
    /// What is done next if everything works and nothing else happens: round after round, the steps of one at the same time.
    pub effects: Vec<Vec<SagaEffectView>>,
    /// What is to be done, and is not as long as it is paused.
    pub held_back: Vec<SagaEffectView>,
    /// Its state after that: `running`, `waiting`, `parked`, `paused`, `delivered`, `cancelled` or `written_off`.
    #[schema(example = "cancelled")]
    pub state_then: Option<&'static str>,
    /// Where it stands after that; null: it has ended.
    #[schema(example = "awaiting_refund")]
    pub step_then: Option<&'static str>,
}

/// A step of all orders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SagaStepView {
    /// Its name.
    #[schema(example = "request_payment")]
    pub step: &'static str,
    /// Whether it waits.
    pub paused: bool,
}

/// A step that is done, and what it undoes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SagaEffectView {
    /// The step.
    #[schema(example = "refund_payment")]
    pub step: String,
    /// The step that it undoes; null: it leads on.
    #[schema(example = "request_payment")]
    pub undoes: Option<String>,
}

impl From<Step> for SagaEffectView {
    fn from(step: Step) -> Self {
        Self { step: step.to_string(), undoes: step.undoes().map(|undone| undone.to_string()) }
    }
}

impl SagaChoiceView {
    /// What is told of a choice.
    pub fn of(
        order_id: OrderId,
        choice: &'static str,
        dry_run: bool,
        recorded: &[impl DomainEvent],
        course: Course,
    ) -> Self {
        let view = |steps: Vec<Step>| steps.into_iter().map(SagaEffectView::from).collect();
        Self {
            order_id: order_id.to_string(),
            choice,
            dry_run,
            recorded: recorded.iter().map(DomainEvent::name).collect(),
            effects: course.rounds.into_iter().map(view).collect(),
            held_back: view(course.held_back),
            state_then: course.then.condition().map(|condition| condition.as_str()),
            step_then: course.then.stands_at(),
        }
    }
}

/// Makes a choice, or only tells what it would lead to.
///
/// # Errors
/// A problem that says why the choice is not possible.
pub async fn choose(
    desk: &SagaDesk,
    order_id: OrderId,
    choice: Intervention,
    dry_run: bool,
    context: CommandContext,
) -> Result<Answer, Problem> {
    let name = choice.name();
    if dry_run {
        let told = desk.forecast(order_id, &choice, context.if_match).await;
        let (forecast, version) = told.map_err(problems::saga)?;
        let view = SagaChoiceView::of(order_id, name, true, &forecast.recorded, forecast.course);
        return Ok(Answer::json(StatusCode::OK, &view)?.version(version));
    }
    let (executed, course) = desk.decide(order_id, choice, context).await.map_err(problems::saga)?;
    let view = SagaChoiceView::of(order_id, name, false, &executed.events, course);
    Ok(Answer::json(StatusCode::OK, &view)?.executed(&executed))
}

/// The reason that a body gives.
pub fn reason(invalid: &mut Invalid, text: &str) -> Option<Reason> {
    invalid.check("/reason", text.parse())
}

/// The reason that a body may give. `None`: it is wrong.
pub fn optional_reason(invalid: &mut Invalid, text: Option<&str>) -> Option<Option<Reason>> {
    match text {
        None => Some(None),
        Some(text) => reason(invalid, text).map(Some),
    }
}
