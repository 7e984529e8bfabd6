//! What a picture of a fulfilment shows: the whole protocol, each step beside what undoes it, and how far this order has come in it.

use agrodeep_domain::{
    OrderFulfilment, ProductId,
    order_fulfilment::{Fact, FulfilmentOutcome, Progress, Step, StepName},
};
use chrono::{DateTime, SecondsFormat, Utc};
use uuid::Uuid;

use super::{SagaStory, StepStory};
pub use super::{svg::svg, text::text};

/// A picture of a fulfilment, before anybody has drawn it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagram {
    /// What it is of, and how it is, in a line each.
    pub title: Vec<String>,
    /// From the first to the last.
    pub rows: Vec<Row>,
    /// What people have decided, in a line each.
    pub decisions: Vec<String>,
}

/// Steps that are done at the same time, with what undoes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What has to happen first, and when it did.
    pub after: Option<String>,
    /// The steps that lead on.
    pub onwards: Vec<Cell>,
    /// What undoes them.
    pub undo: Vec<Cell>,
}

/// A step, for all products.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Which.
    pub step: StepName,
    /// For how many products; 0: for no product, or it was never planned.
    pub products: usize,
    /// How far it has come.
    pub mark: Mark,
    /// When, and what went wrong.
    pub note: String,
}

/// How far a step has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// It was never planned.
    Unplanned,
    /// It is done.
    Done,
    /// A person has gone on without it.
    Skipped,
    /// It will never be done.
    Refused,
    /// It is to be done.
    Pending,
    /// It has failed and is tried again.
    Retrying,
    /// It waits for a person.
    Parked,
}

impl Mark {
    /// All of them, in the order in which the worst of several counts.
    pub const ALL: [Self; 7] = [
        Self::Unplanned,
        Self::Done,
        Self::Skipped,
        Self::Refused,
        Self::Pending,
        Self::Retrying,
        Self::Parked,
    ];

    /// In a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unplanned => "not planned",
            Self::Done => "done",
            Self::Skipped => "skipped",
            Self::Refused => "refused",
            Self::Pending => "to be done",
            Self::Retrying => "tried again",
            Self::Parked => "parked",
        }
    }

    const fn of(progress: &Progress) -> Self {
        match progress {
            Progress::Pending { attempts: 0, .. } => Self::Pending,
            Progress::Pending { .. } => Self::Retrying,
            Progress::Done => Self::Done,
            Progress::Refused(_) => Self::Refused,
            Progress::Parked => Self::Parked,
            Progress::Skipped => Self::Skipped,
        }
    }
}

/// The rows of the protocol: what has to have happened, and the steps that then lead on.
fn protocol(product: ProductId) -> [(Option<Awaited>, Vec<Step>); 8] {
    [
        (None, vec![Step::HoldStock(product)]),
        (None, vec![Step::RequestPayment]),
        (Some(Awaited::Payment), vec![Step::ScheduleDelivery]),
        (None, vec![Step::ConfirmOrder]),
        (Some(Awaited::Change), vec![Step::RefundDifference(1), Step::ReduceHold(1)]),
        (Some(Awaited::Shipping), vec![Step::RecordPickup, Step::CommitHold(product)]),
        (Some(Awaited::Failure), vec![Step::RescheduleDelivery]),
        (Some(Awaited::Delivery), vec![Step::MarkDelivered]),
    ]
}

#[derive(Clone, Copy)]
enum Awaited {
    Payment,
    Change,
    Shipping,
    Failure,
    Delivery,
}

impl Awaited {
    const fn words(self) -> &'static str {
        match self {
            Self::Payment => "the buyer pays",
            Self::Change => "if a line becomes less",
            Self::Shipping => "the driver takes the goods",
            Self::Failure => "if the delivery fails",
            Self::Delivery => "the buyer has the goods",
        }
    }

    const fn is(self, fact: Fact) -> Option<&'static str> {
        match (self, fact) {
            (Self::Payment, Fact::PaymentCaptured) => Some("paid"),
            (Self::Payment, Fact::PaymentDeclined) => Some("payment declined"),
            (Self::Change, Fact::LineAdjusted { .. }) => Some("a line became less"),
            (Self::Shipping, Fact::OrderShipped(_)) => Some("shipped"),
            (Self::Failure, Fact::DeliveryFailed(_)) => Some("delivery failed"),
            (Self::Delivery, Fact::DeliveryCompleted(_)) => Some("delivered"),
            _ => None,
        }
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.format("%H:%M:%S").to_string()
}

impl Diagram {
    /// The protocol itself, with no order in it.
    pub fn of_protocol() -> Self {
        let title = vec!["The fulfilment of an order: each step, and what undoes it".to_owned()];
        Self { title, rows: rows(&[], &[]), decisions: vec![] }
    }

    /// Of one order's fulfilment.
    pub fn of(story: &SagaStory) -> Self {
        let state = &story.state;
        let order = state.started.as_ref().map_or_else(String::new, |started| started.order_id.to_string());
        let since = story.started_at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let mut title = vec![format!("Order {order}"), format!("{}, began {since}", standing(state))];
        if let Some(cancelled) = state.cancelled {
            title.push(format!("cancelled: {}", cancelled.as_str()));
        } else if let Some(unwinding) = state.unwinding {
            title.push(format!("being undone: {}", unwinding.as_str()));
        }
        let decisions = story.decisions.iter().map(|decision| {
            let steps: Vec<String> = decision.steps.iter().map(|step| step.name().to_owned()).collect();
            let reason = decision.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
            let (at, by, choice) = (time(decision.at), &decision.by, decision.choice);
            format!(
                "{at} {choice} {}by {by}{reason}",
                steps.iter().flat_map(|step| [step.as_str(), " "]).collect::<String>()
            )
        });
        let decisions = decisions.collect();
        Self { title, rows: rows(&story.steps, &story.facts), decisions }
    }
}

fn standing(state: &OrderFulfilment) -> String {
    let condition = state.condition().map_or("not begun", |condition| condition.as_str());
    match (state.outcome, state.stands_at()) {
        (Some(FulfilmentOutcome::WrittenOff), _) => "written off".to_owned(),
        (None, Some(step)) => format!("{condition} at {step}"),
        _ => condition.to_owned(),
    }
}

fn rows(stories: &[StepStory], facts: &[(Fact, DateTime<Utc>)]) -> Vec<Row> {
    let product = ProductId::from_uuid(Uuid::nil());
    let all = Step::all(product);
    let row = |(after, onwards): (Option<Awaited>, Vec<Step>)| {
        let undo =
            all.into_iter().filter(|step| step.undoes().is_some_and(|undone| onwards.contains(&undone)));
        let cells = |steps: Vec<Step>| steps.into_iter().map(|step| cell(step.into(), stories)).collect();
        Row {
            after: after.map(|after| {
                let seen: Vec<String> = facts
                    .iter()
                    .filter_map(|(fact, at)| after.is(*fact).map(|words| format!("{words} {}", time(*at))))
                    .collect();
                if seen.is_empty() { after.words().to_owned() } else { seen.join(", ") }
            }),
            undo: cells(undo.collect()),
            onwards: cells(onwards),
        }
    };
    protocol(product).map(row).into()
}

fn cell(step: StepName, stories: &[StepStory]) -> Cell {
    let own: Vec<&StepStory> = stories.iter().filter(|story| StepName::from(story.step) == step).collect();
    let mark = own.iter().map(|story| Mark::of(&story.progress)).max().unwrap_or(Mark::Unplanned);
    let with_product = own.iter().filter(|story| story.step.to_string() != step.as_str()).count();
    let at = own.iter().filter_map(|story| story.ended_at).max();
    let failures: usize = own.iter().map(|story| story.failures.len()).sum();
    let mut note: Vec<String> = Vec::new();
    if mark != Mark::Unplanned {
        let words = mark.word();
        note.push(at.map_or_else(|| words.to_owned(), |at| format!("{words} {}", time(at))));
    }
    if failures > 0 {
        note.push(format!("{failures} failed"));
    }
    Cell { step, products: with_product, mark, note: note.join(", ") }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_step_stands_in_the_protocol_once() {
        let shown: Vec<StepName> = Diagram::of_protocol()
            .rows
            .into_iter()
            .flat_map(|row| [row.onwards, row.undo].concat())
            .map(|cell| cell.step)
            .collect();
        assert_eq!(shown.len(), shown.iter().collect::<BTreeSet<_>>().len());
        assert_eq!(shown.into_iter().collect::<BTreeSet<_>>(), StepName::all().collect());
    }
}
