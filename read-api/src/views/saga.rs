//! The fulfilment of orders, for whoever operates the market. No personal data: there is none in it.

use agrodeep_domain::order_fulfilment::{
    DeadlineKind, Fact, FulfilmentOutcome, OrderFulfilment, Progress, Step, StepName, Yield,
};
use agrodeep_event_store::RecordedEvent;
use agrodeep_projections::sagas::{Saga, StepCount, trace_id};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::saga::{Decision, Failure, SagaStory, StepStory, refused_because};

/// One of many fulfilments.
#[derive(Debug, Serialize, ToSchema)]
pub struct SagaItem {
    /// The order.
    #[schema(example = "ord_01h455vb4pex5vsknk084sn02q")]
    pub order_id: String,
    /// `running`, `waiting`, `parked`, `paused`, `delivered`, `cancelled` or `written_off`.
    #[schema(example = "parked")]
    pub state: Option<&'static str>,
    /// Where it stands: the step that is being done, or what it waits for; null: it has ended.
    #[schema(example = "refund_payment")]
    pub step: Option<&'static str>,
    /// The steps that wait for a person.
    #[schema(example = json!(["refund_payment"]))]
    pub parked: Vec<String>,
    /// Whether a person has it wait.
    pub paused: bool,
    /// The steps that are to be done, and are not, as they are paused for all orders.
    pub held_back: Vec<String>,
    /// Why it is being undone; null: it is not.
    #[schema(example = "buyer_request")]
    pub unwinding: Option<&'static str>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// Since when it has stood where it stands.
    pub since: DateTime<Utc>,
    /// When something last happened to it.
    pub updated_at: DateTime<Utc>,
    /// The trace that it began in.
    #[schema(example = "4bf92f3577b34da6a3ce929d0e0e4736")]
    pub trace_id: Option<String>,
    /// The version of its stream, for `If-Match` of a decision.
    #[schema(example = 12)]
    pub version: u64,
    /// Where all of it is.
    #[schema(example = "/v1/operations/sagas/ord_01h455vb4pex5vsknk084sn02q")]
    pub url: String,
}

fn url(state: &OrderFulfilment) -> String {
    let order_id = state.started.as_ref().map(|started| started.order_id.to_string()).unwrap_or_default();
    format!("/v1/operations/sagas/{order_id}")
}

fn held_back(state: &OrderFulfilment, is_paused: &dyn Fn(Step) -> bool) -> Vec<String> {
    let held_back = state
        .effects
        .iter()
        .filter(|(step, progress)| matches!(progress, Progress::Pending { .. }) && is_paused(**step));
    held_back.map(|(step, _)| step.to_string()).collect()
}

impl SagaItem {
    /// What is shown of a saga, when these steps are paused for all orders.
    pub fn of(saga: Saga, is_paused: &dyn Fn(Step) -> bool) -> Self {
        let Saga { order_id, fulfilment, started_at, since, updated_at, trace_id, version } = saga;
        Self {
            order_id: order_id.to_string(),
            state: fulfilment.condition().map(|condition| condition.as_str()),
            step: fulfilment.stands_at(),
            parked: fulfilment.parked().map(|step| step.to_string()).collect(),
            paused: fulfilment.paused,
            held_back: held_back(&fulfilment, is_paused),
            unwinding: fulfilment.unwinding.map(|reason| reason.as_str()),
            started_at,
            since,
            updated_at,
            trace_id,
            version,
            url: url(&fulfilment),
        }
    }
}

/// One fulfilment, whole.
#[derive(Debug, Serialize, ToSchema)]
pub struct SagaView {
    /// The order.
    #[schema(example = "ord_01h455vb4pex5vsknk084sn02q")]
    pub order_id: String,
    /// `running`, `waiting`, `parked`, `paused`, `delivered`, `cancelled` or `written_off`.
    #[schema(example = "parked")]
    pub state: Option<&'static str>,
    /// Where it stands; null: it has ended.
    #[schema(example = "refund_payment")]
    pub step: Option<&'static str>,
    /// Whether a person has it wait.
    pub paused: bool,
    /// The steps that are to be done, and are not, as they are paused for all orders.
    pub held_back: Vec<String>,
    /// Why it is being undone, or was; null: it is not.
    #[schema(example = "buyer_request")]
    pub unwinding: Option<&'static str>,
    /// How it ended; null: it has not.
    #[schema(example = "cancelled")]
    pub outcome: Option<&'static str>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When something last happened to it.
    pub updated_at: DateTime<Utc>,
    /// The trace that it began in.
    #[schema(example = "4bf92f3577b34da6a3ce929d0e0e4736")]
    pub trace_id: Option<String>,
    /// What belongs together with it.
    pub correlation_id: Option<String>,
    /// Everything that was ever planned, in that order.
    pub steps: Vec<SagaStepDetail>,
    /// What it waits for by the clock. While it is paused none of it counts.
    pub deadlines: Vec<SagaDeadline>,
    /// What happened to the order and its deliveries, as far as it has been taken in.
    pub facts: Vec<SagaFact>,
    /// What people have decided, in order.
    pub decisions: Vec<SagaDecision>,
    /// Every event of its stream.
    pub events: Vec<SagaEventLink>,
    /// The stream of these events.
    #[schema(example = "/v1/streams/order_fulfilment-01890a5d-ac96-774b-bcce-b302099a8057")]
    pub stream_url: String,
    /// Everything that happened to the order.
    #[schema(example = "/v1/orders/ord_01h455vb4pex5vsknk084sn02q/history")]
    pub history_url: String,
    /// The version of its stream, for `If-Match` of a decision.
    #[schema(example = 12)]
    pub version: u64,
}

/// One step, and what came of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SagaStepDetail {
    /// Which.
    #[schema(example = "refund_payment")]
    pub step: String,
    /// The step that it undoes; null: it leads on.
    #[schema(example = "request_payment")]
    pub undoes: Option<String>,
    /// `pending`, `retrying`, `done`, `refused`, `parked` or `skipped`.
    #[schema(example = "parked")]
    pub status: &'static str,
    /// When it was planned.
    pub planned_at: DateTime<Utc>,
    /// When it was done, refused or skipped.
    pub ended_at: Option<DateTime<Utc>>,
    /// retrying: when it is tried again.
    pub retry_at: Option<DateTime<Utc>>,
    /// refused: why.
    pub refusal: Option<String>,
    /// done: what it has brought about: a payment, a delivery, a refund.
    #[schema(example = "pi_3MtwBwLkdIwHu7ix28a3tqPa")]
    pub result: Option<String>,
    /// The attempts that failed.
    pub failures: Vec<SagaFailure>,
}

/// An attempt that failed.
#[derive(Debug, Serialize, ToSchema)]
pub struct SagaFailure {
    /// Which, from 1; after a person has had it tried again, from 1 again.
    #[schema(example = 3)]
    pub attempt: u32,
    /// When.
    pub at: DateTime<Utc>,
    /// What went wrong.
    #[schema(example = "the payment provider cannot be reached")]
    pub error: String,
    /// When it was to be tried again; null: it was parked.
    pub retry_at: Option<DateTime<Utc>>,
}

/// What is waited for by the clock.
#[derive(Debug, Serialize, ToSchema)]
pub struct SagaDeadline {
    /// `payment`: the buyer's time for paying; `retry`: the end of a pause.
    #[schema(example = "payment")]
    pub kind: &'static str,
    /// When.
    pub at: DateTime<Utc>,
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
pub struct SagaFact {
    /// What.
    #[schema(example = "payment_captured")]
    pub fact: &'static str,
    /// When it was taken in.
    pub at: DateTime<Utc>,
}

/// What a person has decided.
#[derive(Debug, Serialize, ToSchema)]
pub struct SagaDecision {
    /// `retry`, `skip`, `abandon`, `pause` or `resume`.
    #[schema(example = "retry")]
    pub choice: &'static str,
    /// About which steps.
    pub steps: Vec<String>,
    /// Why.
    pub reason: Option<String>,
    /// Who.
    #[schema(example = "admin:usr_01h455vb4pex5vsknk084sn02q")]
    pub decided_by: String,
    /// When.
    pub decided_at: DateTime<Utc>,
    /// Where that stands in the log.
    #[schema(example = 4180)]
    pub position: i64,
}

/// An event, and where it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct SagaEventLink {
    /// Where it stands in the log.
    #[schema(example = 4180)]
    pub position: i64,
    /// Its version in the stream.
    pub version: u64,
    /// Its type.
    #[schema(example = "EffectsPlanned")]
    pub event_type: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// In whose name.
    #[schema(example = "system:order_fulfilment")]
    pub actor: String,
    /// The trace it belongs to.
    pub trace_id: Option<String>,
    /// Where it can be read.
    #[schema(example = "/v1/events?after=4179&before=4181")]
    pub url: String,
}

impl SagaView {
    /// What is shown of a story, when these steps are paused for all orders.
    pub fn of(story: &SagaStory, is_paused: &dyn Fn(Step) -> bool) -> Self {
        let state = &story.state;
        let order_id = state.started.as_ref().map(|started| started.order_id.to_string()).unwrap_or_default();
        let stream = story.events.first().map(|event| event.stream.to_string()).unwrap_or_default();
        Self {
            state: state.condition().map(|condition| condition.as_str()),
            step: state.stands_at(),
            paused: state.paused,
            held_back: held_back(state, is_paused),
            unwinding: state.unwinding.map(|reason| reason.as_str()),
            outcome: state.outcome.map(|outcome| match outcome {
                FulfilmentOutcome::Delivered => "delivered",
                FulfilmentOutcome::Cancelled { .. } => "cancelled",
                FulfilmentOutcome::WrittenOff => "written_off",
            }),
            started_at: story.started_at,
            updated_at: story.updated_at,
            trace_id: story.events.first().and_then(trace_id).map(str::to_owned),
            correlation_id: state.started.as_ref().map(|started| started.correlation_id.to_string()),
            steps: story.steps.iter().map(SagaStepDetail::from).collect(),
            deadlines: story.deadlines().into_iter().map(SagaDeadline::from).collect(),
            facts: story.facts.iter().map(|(fact, at)| SagaFact { fact: name(*fact), at: *at }).collect(),
            decisions: story.decisions.iter().map(SagaDecision::from).collect(),
            events: story.events.iter().map(SagaEventLink::from).collect(),
            stream_url: format!("/v1/streams/{stream}"),
            history_url: format!("/v1/orders/{order_id}/history"),
            version: story.version(),
            order_id,
        }
    }
}

impl From<&StepStory> for SagaStepDetail {
    fn from(story: &StepStory) -> Self {
        let (status, retry_at, refusal) = match &story.progress {
            Progress::Pending { attempts: 0, .. } => ("pending", None, None),
            Progress::Pending { retry_at, .. } => ("retrying", *retry_at, None),
            Progress::Done => ("done", None, None),
            Progress::Refused(refusal) => ("refused", None, Some(refused_because(refusal).to_owned())),
            Progress::Parked => ("parked", None, None),
            Progress::Skipped => ("skipped", None, None),
        };
        Self {
            step: story.step.to_string(),
            undoes: story.step.undoes().map(|undone| undone.to_string()),
            status,
            planned_at: story.planned_at,
            ended_at: story.ended_at,
            retry_at,
            refusal,
            result: story.yields.as_ref().map(|yields| match yields {
                Yield::Payment { intent_id } => intent_id.clone(),
                Yield::Delivery { delivery_id, .. } => delivery_id.to_string(),
                Yield::Cancellation { reason } => reason.as_str().to_owned(),
                Yield::Refund { refund_id } => refund_id.clone(),
            }),
            failures: story.failures.iter().map(SagaFailure::from).collect(),
        }
    }
}

impl From<&Failure> for SagaFailure {
    fn from(failure: &Failure) -> Self {
        let Failure { attempt, at, error, retry_at } = failure;
        Self { attempt: *attempt, at: *at, error: error.clone(), retry_at: *retry_at }
    }
}

impl From<(DeadlineKind, DateTime<Utc>)> for SagaDeadline {
    fn from((kind, at): (DeadlineKind, DateTime<Utc>)) -> Self {
        let kind = match kind {
            DeadlineKind::Payment => "payment",
            DeadlineKind::Retry => "retry",
        };
        Self { kind, at }
    }
}

impl From<&Decision> for SagaDecision {
    fn from(decision: &Decision) -> Self {
        let Decision { choice, steps, reason, by, at, position } = decision;
        Self {
            choice,
            steps: steps.iter().map(ToString::to_string).collect(),
            reason: reason.as_ref().map(ToString::to_string),
            decided_by: by.clone(),
            decided_at: *at,
            position: *position,
        }
    }
}

impl From<&RecordedEvent> for SagaEventLink {
    fn from(event: &RecordedEvent) -> Self {
        let position = event.position.0;
        Self {
            position,
            version: event.version,
            event_type: event.event_type.clone(),
            at: event.metadata.occurred_at,
            actor: event.metadata.actor.clone(),
            trace_id: trace_id(event).map(str::to_owned),
            url: format!("/v1/events?after={}&before={}", position - 1, position + 1),
        }
    }
}

const fn name(fact: Fact) -> &'static str {
    match fact {
        Fact::PaymentCaptured => "payment_captured",
        Fact::PaymentDeclined => "payment_declined",
        Fact::PaymentRefunded => "payment_refunded",
        Fact::OrderCancelled(_) => "order_cancelled",
        Fact::OrderShipped(_) => "order_shipped",
        Fact::DeliveryCompleted(_) => "delivery_completed",
        Fact::DeliveryFailed(_) => "delivery_failed",
        Fact::LineAdjusted { .. } => "line_adjusted",
        Fact::DifferenceRefunded(_) => "difference_refunded",
    }
}

/// Every step, for all orders.
#[derive(Debug, Serialize, ToSchema)]
pub struct SagaStepList {
    /// Each of them, in the order of the protocol.
    pub data: Vec<SagaStepItem>,
}

/// A step, for all orders.
#[derive(Debug, Serialize, ToSchema)]
pub struct SagaStepItem {
    /// Its name.
    #[schema(example = "request_payment")]
    pub step: &'static str,
    /// Of how many orders it is to be done, or parked.
    #[schema(example = 3)]
    pub open: u64,
    /// Of how many it waits for a person.
    #[schema(example = 1)]
    pub parked: u64,
    /// Who has paused it for all orders, when and why; null: it is done.
    pub paused: Option<StepPauseView>,
}

/// A step that is paused for all orders.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StepPauseView {
    /// Why.
    #[schema(example = "the provider is down")]
    pub reason: String,
    /// Who.
    #[schema(example = "admin:usr_01h455vb4pex5vsknk084sn02q")]
    pub paused_by: String,
    /// When.
    pub paused_at: DateTime<Utc>,
}

impl SagaStepItem {
    /// What is shown of a step.
    pub fn of(step: StepName, counts: &[StepCount], paused: Option<StepPauseView>) -> Self {
        let count = counts.iter().find(|count| count.step == step.as_str());
        Self {
            step: step.as_str(),
            open: count.map_or(0, |count| count.open),
            parked: count.map_or(0, |count| count.parked),
            paused,
        }
    }
}
