//! From what is told to what is recorded: pure and total.

use agrodeep_domain::{Aggregate, order::CancelReason};

use super::{
    DeadlineKind, DeadlinePassed, DoneEffect, EffectFailed, EffectOutcome, EffectParked, EffectRefused,
    EffectsDone, ExtendPaymentTime, Fact, FactObserved, FulfilmentStarted, Observe, OrderFulfilment,
    OrderFulfilmentCommand, OrderFulfilmentEvent, OrderFulfilmentRefusal, Outcome, PaymentTimeExtended,
    Progress, Refusal, Step, WhenRefused, intervention, plan::plan,
};

/// A decision that is being made: the events so far, and the state they lead to.
struct Decision {
    state: OrderFulfilment,
    events: Vec<OrderFulfilmentEvent>,
}

impl Decision {
    fn record(&mut self, event: impl Into<OrderFulfilmentEvent>) {
        let event = event.into();
        self.state.apply(&event);
        self.events.push(event);
    }
}

/// What is recorded when `command` comes: first what it says, as far as it is new, then all that follows from it.
pub(super) fn react(
    state: &OrderFulfilment,
    command: &OrderFulfilmentCommand,
) -> Result<Vec<OrderFulfilmentEvent>, OrderFulfilmentRefusal> {
    let mut decision = Decision { state: state.clone(), events: Vec::new() };
    match command {
        OrderFulfilmentCommand::Observe(observe) => decision.observe(observe)?,
        OrderFulfilmentCommand::RecordOutcomes(record) => decision.take_outcomes(&record.outcomes),
        OrderFulfilmentCommand::DeadlinePassed(passed) => decision.pass(*passed),
        OrderFulfilmentCommand::ExtendPaymentTime(extend) => decision.extend(*extend),
        OrderFulfilmentCommand::Intervene(intervention) => {
            decision.record(intervention::decide(state, intervention)?);
        }
    }
    // Each turn plans a step that was never planned, or ends the fulfilment: it comes to an end.
    loop {
        let next = plan(&decision.state);
        if next.is_empty() {
            return Ok(decision.events);
        }
        for event in next {
            decision.record(event);
        }
    }
}

impl Decision {
    fn observe(&mut self, observe: &Observe) -> Result<(), OrderFulfilmentRefusal> {
        if let (None, Some(start)) = (&self.state.started, &observe.start) {
            if start.conductor != observe.conductor {
                return Err(OrderFulfilmentRefusal::OtherConductor);
            }
            self.record(FulfilmentStarted::from(start));
        }
        match &self.state.started {
            // The log has an order's placing before everything else of it, so what has not begun is not ours to do.
            None => return Ok(()),
            Some(started) if started.conductor != observe.conductor => {
                return Err(OrderFulfilmentRefusal::OtherConductor);
            }
            Some(_) => {}
        }
        for fact in &observe.facts {
            if self.is_news(*fact) {
                self.record(FactObserved { fact: *fact });
                if *fact == Fact::PaymentCaptured {
                    self.forget_withdrawal();
                }
            }
        }
        Ok(())
    }

    /// What has been paid can no longer be withdrawn: it is given back. So nobody has to decide about a withdrawal that the
    /// provider refused while it was waiting for the buyer's bank.
    fn forget_withdrawal(&mut self) {
        let step = Step::WithdrawPayment;
        if matches!(self.state.progress(step), Some(Progress::Pending { .. } | Progress::Parked)) {
            self.record(EffectRefused { step, refusal: Refusal::AlreadyPaid });
        }
    }

    fn is_news(&self, fact: Fact) -> bool {
        let state = &self.state;
        match fact {
            Fact::PaymentCaptured => !state.paid,
            Fact::PaymentDeclined => !state.declined,
            Fact::PaymentRefunded => !state.refunded,
            Fact::OrderCancelled(_) => state.cancelled.is_none(),
            Fact::OrderShipped(_) => state.shipped_by.is_none(),
            Fact::DeliveryCompleted(_) => state.delivered_by.is_none(),
            Fact::DeliveryFailed(delivery_id) => !state.failed.contains(&delivery_id),
            Fact::LineAdjusted { adjustment, .. } => !state.changes.contains_key(&adjustment),
            Fact::DifferenceRefunded(adjustment) => !state.differences_back.contains(&adjustment),
        }
    }

    fn pass(&mut self, passed: DeadlinePassed) {
        let waited_for = match passed.kind {
            DeadlineKind::Payment => {
                // While it is paused no deadline counts: once it is resumed, whoever came first has come first.
                !self.state.paused && self.state.payment_due_at().is_some_and(|due_at| due_at <= passed.at)
            }
            // That a pause is over is no news: the next attempt and its outcome are.
            DeadlineKind::Retry => false,
        };
        if waited_for {
            self.record(passed);
        }
    }

    /// Once, and only while the payment is still waited for.
    fn extend(&mut self, extend: ExtendPaymentTime) {
        let longer = self.state.payment_due_at().is_some_and(|due_at| due_at < extend.until);
        if longer && self.state.extended_until.is_none() {
            self.record(PaymentTimeExtended { until: extend.until });
        }
    }

    fn take_outcomes(&mut self, outcomes: &[EffectOutcome]) {
        // What was done at the same time is recorded as one event.
        let effects: Vec<_> = outcomes
            .iter()
            .filter(|effect| !matches!(self.state.progress(effect.step), None | Some(Progress::Done)))
            .filter_map(|effect| match &effect.outcome {
                Outcome::Done(yields) => Some(DoneEffect { step: effect.step, yields: yields.clone() }),
                _ => None,
            })
            .collect();
        if !effects.is_empty() {
            self.record(EffectsDone { effects });
        }
        for EffectOutcome { step, outcome } in outcomes {
            // Only what is open can fail or be refused; that it is done after all is always taken in, above.
            let Some(Progress::Pending { attempts, .. }) = self.state.progress(*step) else { continue };
            let attempts = attempts + 1;
            match outcome {
                Outcome::Done(_) => {}
                // An abandoned order that has left meanwhile goes on.
                Outcome::Refused(refusal) if *step == Step::CancelOrder && self.state.unwinding.is_none() => {
                    self.record(EffectRefused { step: *step, refusal: refusal.clone() });
                }
                Outcome::Refused(refusal) => match step.when_refused(refusal) {
                    WhenRefused::Park => {
                        let error = describe(refusal);
                        self.record(EffectParked { step: *step, attempts, error });
                    }
                    WhenRefused::Unwind(_) | WhenRefused::AwaitFact | WhenRefused::GiveUpDelivery => {
                        self.record(EffectRefused { step: *step, refusal: refusal.clone() });
                    }
                },
                Outcome::Failed { error, retry_at: Some(retry_at) } => {
                    let (error, retry_at) = (error.clone(), *retry_at);
                    self.record(EffectFailed { step: *step, attempt: attempts, error, retry_at });
                }
                Outcome::Failed { error, retry_at: None } => {
                    self.record(EffectParked { step: *step, attempts, error: error.clone() });
                }
            }
        }
    }
}

fn describe(refusal: &Refusal) -> String {
    match refusal {
        Refusal::OrderCancelled => "the order has been cancelled".to_owned(),
        Refusal::AlreadyPaid => "the payment has been made".to_owned(),
        Refusal::Because(reason) => reason.clone(),
    }
}

/// Why everything must be undone, if it must.
pub(super) fn reason_to_unwind(state: &OrderFulfilment) -> Option<CancelReason> {
    if let Some(reason) = state.cancelled {
        return Some(reason);
    }
    // What has left is not called back.
    if state.shipped_by.is_some() {
        return None;
    }
    let refused = state.effects.iter().find_map(|(step, progress)| match progress {
        Progress::Refused(refusal) => match step.when_refused(refusal) {
            WhenRefused::Unwind(reason) => Some(reason),
            WhenRefused::AwaitFact | WhenRefused::GiveUpDelivery | WhenRefused::Park => None,
        },
        _ => None,
    });
    if refused.is_some() || state.paid {
        return refused;
    }
    if state.declined {
        return Some(CancelReason::PaymentFailed);
    }
    state.timed_out_at.map(|_| CancelReason::PaymentTimeout)
}
