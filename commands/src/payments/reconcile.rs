//! Asking the provider about a payment whose outcome the order does not know: a webhook may be lost, and nobody tells again
//! for ever. What the provider says goes the way that a webhook goes.

use agrodeep_domain::{
    Order, OrderId,
    order::{OrderStatus, PaymentStatus},
};
use chrono::{DateTime, Utc};

use super::{
    difference::{Difference, DifferenceKind},
    gateway::{Intent, IntentStatus, Refund, RefundStatus},
    outcome::{Received, RecordError, Source, Told, record},
    provider_event::{News, PaymentRef},
};
use crate::{Commands, store_error::of_look_up};

/// Whether what is found is also corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Only looked at.
    DryRun,
    /// Recorded, or reported as a difference.
    Correct,
}

/// What a comparison came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The order waits for no outcome: the provider was not asked.
    Settled,
    /// The provider knows no more than the order.
    Agrees {
        /// How far the payment has come at the provider.
        provider: IntentStatus,
    },
    /// The provider knows more.
    Behind {
        /// What became of the payment: `captured`, `declined`, `canceled`, `refunded`.
        news: &'static str,
        /// Whether the order knows it now. `false`: it was only looked at, or the order did not take it.
        corrected: bool,
    },
    /// They differ in a way that no command settles.
    Differs(DifferenceKind),
}

/// One order that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reconciled {
    /// The order.
    pub order_id: OrderId,
    /// The payment, if one was requested.
    pub intent_id: Option<String>,
    /// What the order said about its payment.
    pub order: PaymentStatus,
    /// What came of the comparison.
    pub finding: Finding,
}

/// Compares one order with the provider, and corrects the order if `mode` says so. `at` is the time that is recorded.
///
/// # Errors
/// [`RecordError`]: the provider, the log or the database cannot be asked. Asked again, they may.
pub async fn reconcile(
    commands: &Commands,
    order_id: OrderId,
    mode: Mode,
    at: DateTime<Utc>,
) -> Result<Reconciled, RecordError> {
    let look = |found: &crate::Versioned<Order>| {
        let order = &found.state;
        let due = order.placed.as_ref().map(|placed| placed.total);
        (order.payment.clone(), order.status, due)
    };
    let (payment, status, due) =
        commands.executor.inspect::<Order, _>(order_id.uuid(), look).await.map_err(of_look_up)?;
    let intent_id = payment.intent_id.clone();
    let settled =
        |finding| Reconciled { order_id, intent_id: intent_id.clone(), order: payment.status, finding };
    let Some(intent_id) = &intent_id else { return Ok(settled(Finding::Settled)) };
    let open = status != OrderStatus::Cancelled;
    let verdict = match payment.status {
        PaymentStatus::None | PaymentStatus::Captured | PaymentStatus::Refunded => {
            return Ok(settled(Finding::Settled));
        }
        PaymentStatus::Requested | PaymentStatus::Declined => {
            let intent = commands.gateway.intent(intent_id).await?;
            outcome_of_payment(payment.status, open, intent.as_ref())
        }
        PaymentStatus::RefundRequested => {
            let refunds = commands.gateway.refunds(intent_id).await?;
            outcome_of_refund(&refunds, payment.captured.map(|captured| captured.hundredths()))
        }
    };
    let payment_ref = PaymentRef { intent_id: intent_id.clone(), order_id: Some(order_id) };
    let finding = match verdict {
        Verdict::Agrees(provider) => Finding::Agrees { provider },
        Verdict::Differs(kind, found) => {
            if mode == Mode::Correct {
                let expected = due.map_or_else(|| "an order".to_owned(), |due| due.to_string());
                let (reference, order_id) = (intent_id.clone(), Some(order_id));
                commands
                    .differences
                    .report(&Difference { kind, reference, order_id, expected, found })
                    .await?;
            }
            Finding::Differs(kind)
        }
        Verdict::News(name, news) => {
            let corrected =
                mode == Mode::Correct && tell(commands, intent_id, name, news(payment_ref), at).await?;
            Finding::Behind { news: name, corrected }
        }
    };
    let result = match (&finding, mode) {
        (_, Mode::DryRun) => "dry_run",
        (Finding::Settled | Finding::Agrees { .. }, _) => "agrees",
        (Finding::Behind { corrected: true, .. }, _) => "corrected",
        (Finding::Behind { corrected: false, .. } | Finding::Differs(_), _) => "differs",
    };
    metrics::counter!("payments_reconciled_total", "result" => result).increment(1);
    Ok(settled(finding))
}

/// Tells the order, as a webhook would. True: it knows it now.
async fn tell(
    commands: &Commands,
    intent_id: &str,
    name: &'static str,
    news: News,
    at: DateTime<Utc>,
) -> Result<bool, RecordError> {
    // The same for every time that the same is found out: recorded once.
    let event_id = format!("reconciled:{intent_id}:{name}");
    let told = Told { news, event_id: &event_id, source: Source::Reconciliation, at, traceparent: None };
    let corrected = matches!(record(commands, told).await?, Received::Applied { .. });
    if corrected {
        tracing::warn!(
            intent_id,
            name,
            "the outcome of a payment was never told: the provider had to be asked"
        );
    }
    Ok(corrected)
}

/// What the provider's word means for the order.
enum Verdict {
    Agrees(IntentStatus),
    Differs(DifferenceKind, String),
    News(&'static str, Box<dyn FnOnce(PaymentRef) -> News + Send>),
}

/// Pure: what the provider says of a payment that `order` still waits for.
fn outcome_of_payment(order: PaymentStatus, order_is_open: bool, intent: Option<&Intent>) -> Verdict {
    let Some(intent) = intent else {
        return Verdict::Differs(DifferenceKind::MissingAtProvider, "no such payment".to_owned());
    };
    let declined = |name: &'static str, code: String| {
        Verdict::News(name, Box::new(move |payment| News::Declined { payment, code }))
    };
    match (intent.status, order) {
        (IntentStatus::Succeeded, _) => {
            let amount = intent.received;
            Verdict::News("captured", Box::new(move |payment| News::Captured { payment, amount }))
        }
        (IntentStatus::RequiresPaymentMethod, PaymentStatus::Requested) => match &intent.decline_code {
            Some(code) => declined("declined", code.clone()),
            None => Verdict::Agrees(intent.status),
        },
        // Called off at the provider by somebody: it can never be paid. Of a cancelled order it is what was wanted.
        (IntentStatus::Canceled, PaymentStatus::Requested) if order_is_open => {
            declined("canceled", "canceled".to_owned())
        }
        _ => Verdict::Agrees(intent.status),
    }
}

/// Pure: what the provider says of a refund that the order waits for.
fn outcome_of_refund(refunds: &[Refund], wanted: Option<i64>) -> Verdict {
    let whole = |refund: &&Refund| Some(refund.amount.hundredths()) == wanted;
    if let Some(refund) =
        refunds.iter().filter(whole).find(|refund| refund.status == RefundStatus::Succeeded).cloned()
    {
        let news = move |payment| News::Refunded { payment, refund_id: refund.id, amount: refund.amount };
        return Verdict::News("refunded", Box::new(news));
    }
    if refunds.iter().filter(whole).any(|refund| refund.status == RefundStatus::Pending) {
        return Verdict::Agrees(IntentStatus::Succeeded);
    }
    if let Some(refund) = refunds.iter().find(|refund| refund.status == RefundStatus::Failed) {
        return Verdict::Differs(DifferenceKind::RefundFailed, format!("{} failed", refund.id));
    }
    let given: Vec<_> = refunds.iter().map(|refund| refund.amount.to_string()).collect();
    let found = if given.is_empty() { "no refund".to_owned() } else { given.join(", ") };
    Verdict::Differs(DifferenceKind::RefundMissing, found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use agrodeep_domain::Money;

    use super::{super::gateway::ClientSecret, *};

    fn euros(text: &str) -> Money {
        text.parse().unwrap()
    }

    fn intent(status: IntentStatus, decline_code: Option<&str>) -> Intent {
        Intent {
            id: "pi_1".to_owned(),
            order_id: None,
            amount: euros("13.50 EUR"),
            received: euros("13.40 EUR"),
            status,
            decline_code: decline_code.map(str::to_owned),
            client_secret: ClientSecret::new("secret"),
        }
    }

    fn refund(id: &str, amount: &str, status: RefundStatus) -> Refund {
        Refund { id: id.to_owned(), intent_id: "pi_1".to_owned(), amount: euros(amount), status }
    }

    /// In a word: what follows from it, with what the provider says.
    fn said(verdict: Verdict) -> String {
        match verdict {
            Verdict::Agrees(_) => "agrees".to_owned(),
            Verdict::Differs(kind, found) => format!("{}: {found}", kind.as_str()),
            Verdict::News(name, news) => {
                let payment = PaymentRef { intent_id: "pi_1".to_owned(), order_id: None };
                match news(payment) {
                    News::Captured { amount, .. } => format!("{name} {amount}"),
                    News::Declined { code, .. } => format!("{name} {code}"),
                    News::Refunded { refund_id, amount, .. } => format!("{name} {refund_id} {amount}"),
                    News::RefundFailed { .. } | News::Other { .. } => "nothing".to_owned(),
                }
            }
        }
    }

    #[test]
    fn what_the_provider_says_of_a_payment_decides_what_is_recorded() {
        use IntentStatus::{Canceled, Processing, RequiresAction, RequiresPaymentMethod, Succeeded};
        use PaymentStatus::{Declined, Requested};
        for (order, open, status, code, expected) in [
            // What the provider has, not what was asked for: the order compares.
            (Requested, true, Succeeded, None, "captured 13.40 EUR"),
            (Requested, false, Succeeded, None, "captured 13.40 EUR"),
            (Declined, true, Succeeded, None, "captured 13.40 EUR"),
            (Requested, true, RequiresPaymentMethod, None, "agrees"),
            (Requested, true, RequiresPaymentMethod, Some("expired_card"), "declined expired_card"),
            (Declined, true, RequiresPaymentMethod, Some("expired_card"), "agrees"),
            (Requested, true, Canceled, None, "canceled canceled"),
            (Requested, false, Canceled, None, "agrees"),
            (Declined, true, Canceled, None, "agrees"),
            (Requested, true, Processing, Some("expired_card"), "agrees"),
            (Requested, true, RequiresAction, None, "agrees"),
        ] {
            let verdict = outcome_of_payment(order, open, Some(&intent(status, code)));
            assert_eq!(said(verdict), expected, "{order:?} {open} {status:?}");
        }
        assert_eq!(said(outcome_of_payment(Requested, true, None)), "missing_at_provider: no such payment");
    }

    #[test]
    fn what_the_provider_says_of_a_refund_decides_what_is_recorded() {
        use RefundStatus::{Failed, Pending, Succeeded};
        let of = |refunds: &[Refund]| said(outcome_of_refund(refunds, Some(1350)));
        assert_eq!(of(&[refund("re_1", "13.50 EUR", Succeeded)]), "refunded re_1 13.50 EUR");
        assert_eq!(of(&[refund("re_1", "13.50 EUR", Pending)]), "agrees");
        assert_eq!(of(&[refund("re_1", "13.50 EUR", Failed)]), "refund_failed: re_1 failed");
        let again = [refund("re_2", "13.50 EUR", Succeeded), refund("re_1", "13.50 EUR", Failed)];
        assert_eq!(of(&again), "refunded re_2 13.50 EUR");
        assert_eq!(of(&[]), "refund_missing: no refund");
        assert_eq!(of(&[refund("re_1", "1.00 EUR", Succeeded)]), "refund_missing: 1.00 EUR");
    }
}
