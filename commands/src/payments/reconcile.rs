//! Asking the provider about a payment whose outcome the order does not know: a webhook may be lost, and nobody tells again
//! for ever. What the provider says goes the way that a webhook goes.

use agrodeep_domain::{
    Order, OrderId,
    order::{DifferenceStatus, OrderStatus, PaymentStatus, RefundOf},
};
use chrono::{DateTime, Utc};

use super::{
    difference::{Difference, DifferenceKind},
    gateway::{GatewayKey, Intent, IntentStatus, Refund, RefundStatus},
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
    let look = |found: &crate::Versioned<Order>| Looked::at(&found.state);
    let looked = commands.executor.inspect::<Order, _>(order_id.uuid(), look).await.map_err(of_look_up)?;
    let (intent_id, payment) = (looked.intent_id.clone(), looked.payment);
    let settled = |finding| Reconciled { order_id, intent_id: intent_id.clone(), order: payment, finding };
    let Some(intent_id) = &intent_id else { return Ok(settled(Finding::Settled)) };
    let mut verdicts = Vec::new();
    if let PaymentStatus::Requested | PaymentStatus::Declined = payment {
        let intent = commands.gateway.intent(intent_id).await?;
        verdicts.push(outcome_of_payment(payment, looked.open, intent.as_ref()));
    }
    if !looked.refunds.is_empty() {
        let refunds = commands.gateway.refunds(intent_id).await?;
        let verdict = |(of, amount): &(RefundOf, i64)| outcome_of_refund(order_id, &refunds, *of, *amount);
        verdicts.extend(looked.refunds.iter().map(verdict));
    }
    // Of several that are found, what is not as it should be counts.
    let mut finding = Finding::Settled;
    for verdict in verdicts {
        let found = settle(commands, order_id, intent_id, looked.due.clone(), verdict, mode, at).await?;
        if matches!(finding, Finding::Settled | Finding::Agrees { .. }) {
            finding = found;
        }
    }
    if finding == Finding::Settled {
        return Ok(settled(finding));
    }
    let result = match (&finding, mode) {
        (_, Mode::DryRun) => "dry_run",
        (Finding::Settled | Finding::Agrees { .. }, _) => "agrees",
        (Finding::Behind { corrected: true, .. }, _) => "corrected",
        (Finding::Behind { corrected: false, .. } | Finding::Differs(_), _) => "differs",
    };
    metrics::counter!("payments_reconciled_total", "result" => result).increment(1);
    Ok(settled(finding))
}

/// What of an order is compared.
struct Looked {
    intent_id: Option<String>,
    payment: PaymentStatus,
    open: bool,
    due: String,
    /// The refunds that the order waits for, and how many hundredths each is.
    refunds: Vec<(RefundOf, i64)>,
}

impl Looked {
    fn at(order: &Order) -> Self {
        let requested = |(_, change): &(u32, &agrodeep_domain::order::Adjustment)| {
            change.status == DifferenceStatus::Requested
        };
        let mut refunds: Vec<(RefundOf, i64)> = (1..)
            .zip(&order.adjustments)
            .filter(requested)
            .map(|(number, change)| (RefundOf::Difference(number), change.refund.hundredths()))
            .collect();
        if let (PaymentStatus::RefundRequested, Some(left)) = (order.payment.status, order.left_of_captured())
        {
            refunds.push((RefundOf::Rest, left.hundredths()));
        }
        Self {
            intent_id: order.payment.intent_id.clone(),
            payment: order.payment.status,
            open: order.status != OrderStatus::Cancelled,
            due: order
                .placed
                .as_ref()
                .map_or_else(|| "an order".to_owned(), |placed| placed.total.to_string()),
            refunds,
        }
    }
}

/// Records or reports what one comparison came to, if `mode` says so.
async fn settle(
    commands: &Commands,
    order_id: OrderId,
    intent_id: &str,
    expected: String,
    verdict: Verdict,
    mode: Mode,
    at: DateTime<Utc>,
) -> Result<Finding, RecordError> {
    match verdict {
        Verdict::Agrees(provider) => Ok(Finding::Agrees { provider }),
        Verdict::Differs(kind, found) => {
            if mode == Mode::Correct {
                let (reference, order_id) = (intent_id.to_owned(), Some(order_id));
                let difference = Difference { kind, reference, order_id, expected, found };
                commands.differences.report(&difference).await?;
            }
            Ok(Finding::Differs(kind))
        }
        Verdict::News(name, news) => {
            let payment = PaymentRef { intent_id: intent_id.to_owned(), order_id: Some(order_id) };
            let corrected =
                mode == Mode::Correct && tell(commands, intent_id, name, news(payment), at).await?;
            Ok(Finding::Behind { news: name, corrected })
        }
    }
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
    let event_id = match &news {
        News::Refunded { of: RefundOf::Difference(number), .. } => {
            format!("reconciled:{intent_id}:{name}:{number}")
        }
        _ => format!("reconciled:{intent_id}:{name}"),
    };
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
fn outcome_of_refund(order_id: OrderId, refunds: &[Refund], of: RefundOf, wanted: i64) -> Verdict {
    let made_for = |refund: &Refund| {
        refund.made_with.as_deref().map_or(RefundOf::Unnamed, |key| GatewayKey::refund_of(order_id, key))
    };
    // One that somebody has made by hand is known by its amount.
    let fits = |refund: &&Refund| {
        refund.amount.hundredths() == wanted
            && (made_for(refund) == of || made_for(refund) == RefundOf::Unnamed)
    };
    let found = refunds.iter().filter(fits).find(|refund| refund.status == RefundStatus::Succeeded).cloned();
    if let Some(refund) = found {
        let news = move |payment| News::Refunded { payment, refund_id: refund.id, amount: refund.amount, of };
        let name = if of == RefundOf::Rest { "refunded" } else { "difference_refunded" };
        return Verdict::News(name, Box::new(news));
    }
    if refunds.iter().filter(fits).any(|refund| refund.status == RefundStatus::Pending) {
        return Verdict::Agrees(IntentStatus::Succeeded);
    }
    let mut of_this = refunds.iter().filter(|refund| [of, RefundOf::Unnamed].contains(&made_for(refund)));
    if let Some(refund) = of_this.clone().find(|refund| refund.status == RefundStatus::Failed) {
        return Verdict::Differs(DifferenceKind::RefundFailed, format!("{} failed", refund.id));
    }
    let given: Vec<_> = of_this.by_ref().map(|refund| refund.amount.to_string()).collect();
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
        let (id, intent_id) = (id.to_owned(), "pi_1".to_owned());
        Refund { id, intent_id, amount: euros(amount), status, made_with: None }
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
        let order_id = OrderId::from_uuid(uuid::Uuid::from_u128(7));
        let of = |refunds: &[Refund]| said(outcome_of_refund(order_id, refunds, RefundOf::Rest, 1350));
        assert_eq!(of(&[refund("re_1", "13.50 EUR", Succeeded)]), "refunded re_1 13.50 EUR");
        assert_eq!(of(&[refund("re_1", "13.50 EUR", Pending)]), "agrees");
        assert_eq!(of(&[refund("re_1", "13.50 EUR", Failed)]), "refund_failed: re_1 failed");
        let again = [refund("re_2", "13.50 EUR", Succeeded), refund("re_1", "13.50 EUR", Failed)];
        assert_eq!(of(&again), "refunded re_2 13.50 EUR");
        assert_eq!(of(&[]), "refund_missing: no refund");
        assert_eq!(of(&[refund("re_1", "1.00 EUR", Succeeded)]), "refund_missing: 1.00 EUR");
        // Two differences of the same amount, and the rest: each is known by its key.
        let made = |id: &str, key: GatewayKey| Refund {
            made_with: Some(key.as_str().to_owned()),
            ..refund(id, "13.50 EUR", Succeeded)
        };
        let second = [made("re_2", GatewayKey::difference(order_id, 2))];
        let of_difference =
            |number| said(outcome_of_refund(order_id, &second, RefundOf::Difference(number), 1350));
        assert_eq!(of_difference(2), "difference_refunded re_2 13.50 EUR");
        assert_eq!(of_difference(1), "refund_missing: no refund");
        assert_eq!(of(&second), "refund_missing: no refund");
    }
}
