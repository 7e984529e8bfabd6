//! The steps that are paused for all orders, with who has paused them, when and why.

use std::collections::BTreeMap;

use agrodeep_domain::{
    Aggregate, evolution,
    order_fulfilment::{FulfilmentSteps, FulfilmentStepsEvent, Step, StepName},
};
use agrodeep_event_store::{RecordedEvent, SharedLog, StreamId};
use agrodeep_projections::Unreadable;

use crate::{time_travel::TimeTravelError, views::saga::StepPauseView};

/// The steps that are paused at this moment.
#[derive(Clone, Debug, Default)]
pub struct Pauses(pub BTreeMap<StepName, StepPauseView>);

impl Pauses {
    /// As the log has it.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn load(log: &SharedLog) -> Result<Self, TimeTravelError> {
        let stream = StreamId::new(FulfilmentSteps::TYPE, FulfilmentSteps::ID);
        Ok(Self::of(&log.load(&stream, 0).await?)?)
    }

    /// From all events of the stream.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn of(events: &[RecordedEvent]) -> Result<Self, Unreadable> {
        let mut pauses = BTreeMap::new();
        for event in events {
            let read = evolution::read(&event.event_type, &event.event_version, event.payload.get());
            match read.map_err(|_| Unreadable(event.position))? {
                FulfilmentStepsEvent::StepPaused(paused) => {
                    let view = StepPauseView {
                        reason: paused.reason.to_string(),
                        paused_by: event.metadata.actor.clone(),
                        paused_at: event.metadata.occurred_at,
                    };
                    pauses.insert(paused.step, view);
                }
                FulfilmentStepsEvent::StepResumed(resumed) => {
                    pauses.remove(&resumed.step);
                }
            }
        }
        Ok(Self(pauses))
    }

    /// Whether a step is not done for now.
    pub fn holds_back(&self, step: Step) -> bool {
        self.0.contains_key(&StepName::from(step))
    }
}
