//! Steps that are paused for all orders: an aggregate of its own, of which there is one.
//!
//! Somebody pauses a step because what it needs is down. It is then planned as ever, and done once it is resumed.

use std::{borrow::Cow, collections::BTreeMap, fmt, str::FromStr};

use agrodeep_domain::{Aggregate, ProductId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Reason, Step, StepError};

/// The name of a step, whatever the product: `hold_stock`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StepName(&'static str);

impl StepName {
    /// All of them, in the order in which steps are declared.
    pub fn all() -> impl Iterator<Item = Self> {
        Step::all(ProductId::from_uuid(Uuid::nil())).into_iter().map(Self::from)
    }

    /// The name.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl From<Step> for StepName {
    fn from(step: Step) -> Self {
        Self(step.name())
    }
}

impl fmt::Display for StepName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl FromStr for StepName {
    type Err = StepError;

    fn from_str(text: &str) -> Result<Self, StepError> {
        Self::all().find(|name| name.0 == text).ok_or_else(|| StepError::new(text))
    }
}

impl Serialize for StepName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for StepName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'_, str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for StepName {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "StepName".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[a-z_]+$" })
    }
}

/// Nobody does this step, for any order, until it is resumed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepPaused {
    /// Which.
    pub step: StepName,
    /// Why.
    pub reason: Reason,
}

/// The step is done again, for all orders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepResumed {
    /// Which.
    pub step: StepName,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

agrodeep_domain::events! {
    /// What is recorded about steps of all orders.
    FulfilmentStepsEvent {
        StepPaused,
        StepResumed,
    }
}

/// Pause a step for all orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PauseStep {
    /// Which.
    pub step: StepName,
    /// Why.
    pub reason: Reason,
}

/// Go on with a step for all orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResumeStep {
    /// Which.
    pub step: StepName,
    /// Why.
    pub reason: Option<Reason>,
}

agrodeep_domain::commands! {
    /// What can be asked about steps of all orders.
    FulfilmentStepsCommand {
        /// Pause one.
        PauseStep(PauseStep),
        /// Go on with one.
        ResumeStep(ResumeStep),
    }
}

/// Why nothing is changed about a step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FulfilmentStepsRefusal {
    /// It is paused.
    #[error("{0} is already paused for all orders")]
    AlreadyPaused(StepName),
    /// It is not.
    #[error("{0} is not paused for all orders")]
    NotPaused(StepName),
}

/// The steps that are paused for all orders.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FulfilmentSteps {
    /// Each, and why.
    pub paused: BTreeMap<StepName, Reason>,
}

impl FulfilmentSteps {
    /// The one there is.
    pub const ID: Uuid = Uuid::from_u128(0x0191_0000_0000_7000_8000_0000_0000_5001);
}

impl Aggregate for FulfilmentSteps {
    const TYPE: &'static str = "fulfilment_steps";
    const STATE_FORM: u32 = 1;
    type Command = FulfilmentStepsCommand;
    type Event = FulfilmentStepsEvent;
    type Refusal = FulfilmentStepsRefusal;

    fn decide(&self, command: &Self::Command) -> Result<Vec<Self::Event>, Self::Refusal> {
        match command {
            FulfilmentStepsCommand::PauseStep(PauseStep { step, .. }) if self.paused.contains_key(step) => {
                Err(FulfilmentStepsRefusal::AlreadyPaused(*step))
            }
            FulfilmentStepsCommand::PauseStep(PauseStep { step, reason }) => {
                Ok(vec![StepPaused { step: *step, reason: reason.clone() }.into()])
            }
            FulfilmentStepsCommand::ResumeStep(ResumeStep { step, .. })
                if !self.paused.contains_key(step) =>
            {
                Err(FulfilmentStepsRefusal::NotPaused(*step))
            }
            FulfilmentStepsCommand::ResumeStep(ResumeStep { step, reason }) => {
                Ok(vec![StepResumed { step: *step, reason: reason.clone() }.into()])
            }
        }
    }

    fn apply(&mut self, event: &Self::Event) {
        match event {
            FulfilmentStepsEvent::StepPaused(event) => {
                self.paused.insert(event.step, event.reason.clone());
            }
            FulfilmentStepsEvent::StepResumed(event) => {
                self.paused.remove(&event.step);
            }
        }
    }
}

agrodeep_domain::cqrs_es_aggregate!(FulfilmentSteps);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::testing::given;

    fn name(text: &str) -> StepName {
        text.parse().unwrap()
    }

    fn why() -> Reason {
        "the provider is down".parse().unwrap()
    }

    fn paused(step: &str) -> FulfilmentStepsEvent {
        StepPaused { step: name(step), reason: why() }.into()
    }

    fn resumed(step: &str) -> FulfilmentStepsEvent {
        StepResumed { step: name(step), reason: None }.into()
    }

    #[test]
    fn a_step_is_paused_once_and_resumed_once() {
        let pause = PauseStep { step: name("refund_payment"), reason: why() };
        let resume = ResumeStep { step: name("refund_payment"), reason: None };
        given::<FulfilmentSteps>([]).when(pause.clone()).then([paused("refund_payment")]);
        given::<FulfilmentSteps>([paused("refund_payment")])
            .when(pause)
            .then_refused(FulfilmentStepsRefusal::AlreadyPaused(name("refund_payment")));
        given::<FulfilmentSteps>([paused("refund_payment")])
            .when(resume.clone())
            .then([resumed("refund_payment")]);
        given::<FulfilmentSteps>([paused("hold_stock"), paused("refund_payment"), resumed("refund_payment")])
            .when(resume)
            .then_refused(FulfilmentStepsRefusal::NotPaused(name("refund_payment")));
    }

    #[test]
    fn only_steps_that_there_are_have_a_name() {
        assert_eq!(StepName::all().count(), Step::all(ProductId::from_uuid(Uuid::nil())).len());
        for step in StepName::all() {
            assert_eq!(step.as_str().parse(), Ok(step));
        }
        assert!("hold_stock:prod_00000000000000000000000007".parse::<StepName>().is_err());
        assert!("dance".parse::<StepName>().is_err());
    }
}
