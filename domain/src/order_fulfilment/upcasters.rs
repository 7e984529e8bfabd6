//! What turns older forms of a fulfilment's events into those of today.

use serde_json::{Map, Value};

use agrodeep_domain::evolution::Upcaster;

/// Version 2 knows the steps that give a difference back and reduce a hold, and the facts that lead to them. What version 1
/// says, version 2 says in the same words.
const fn same_words(event: &'static str) -> Upcaster {
    Upcaster { event, from: 1, upcast: unchanged }
}

pub(super) const UPCASTERS: &[Upcaster] = &[
    same_words("FactObserved"),
    same_words("EffectsPlanned"),
    same_words("CompensationsPlanned"),
    same_words("EffectsDone"),
    same_words("EffectRefused"),
    same_words("EffectFailed"),
    same_words("EffectParked"),
    same_words("RetryOrdered"),
    same_words("StepSkipped"),
];

fn unchanged(_: &mut Map<String, Value>) {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use agrodeep_domain::{
        DomainEvent as _, evolution,
        order_fulfilment::{OrderFulfilmentEvent, Step},
    };

    #[test]
    fn what_was_planned_in_the_old_form_is_read_in_the_new_one() {
        let old = r#"{"EffectsPlanned":{"effects":[{"effect_id":"0191f1de-0000-7000-8000-000000000001","step":"request_payment"}]}}"#;
        let event: OrderFulfilmentEvent = evolution::read("EffectsPlanned", "1", old).unwrap();
        let OrderFulfilmentEvent::EffectsPlanned(planned) = &event else { panic!("{event:?}") };
        assert_eq!(planned.effects[0].step, Step::RequestPayment);
        assert_eq!(event.version(), "2");
    }
}
