//! Money given back. What has been given back is looked at first: a key is forgotten after a day, a refund is not.

use super::{
    super::gateway::{
        CreateRefund, GatewayError, GatewayKey, IntentStatus, KEY_REUSED, MISSING, Refund, TOO_MUCH,
        UNEXPECTED_STATE,
    },
    KEY, ORDER_ID, StripeGateway,
    client::Client,
    form::Form,
    objects::{Page, RefundObject},
};

/// Stripe's word for a payment that was given back in full.
const ALREADY_REFUNDED: &str = "charge_already_refunded";

fn rejected(code: &str, message: &str) -> GatewayError {
    GatewayError::Rejected { code: code.to_owned(), message: message.to_owned() }
}

/// The refunds of a payment, the newest first. More than a hundred there never are: an order has at most a hundred lines.
pub(super) async fn of_intent(client: &Client, intent_id: &str) -> Result<Vec<RefundObject>, GatewayError> {
    let query = Form::new().field("payment_intent", intent_id).field("limit", "100");
    Ok(client.get::<Page<RefundObject>>(&["v1", "refunds"], &query).await?.data)
}

pub(super) async fn create(
    stripe: &StripeGateway,
    request: &CreateRefund,
    key: &GatewayKey,
) -> Result<Refund, GatewayError> {
    let intent_id = &request.intent_id;
    let Some(intent) = stripe.intent_object(intent_id).await? else {
        return Err(rejected(MISSING, &format!("there is no payment {intent_id}")));
    };
    let received = intent.received()?;
    if request.amount.is_zero() || request.amount.currency() != received.currency() {
        let what = "must be more than zero, in the payment's currency";
        return Err(rejected("parameter_invalid_integer", what));
    }
    if intent.status()? != IntentStatus::Succeeded {
        return Err(rejected(UNEXPECTED_STATE, "only what was paid can be given back"));
    }
    let before = of_intent(&stripe.client, intent_id).await?;
    let failures =
        before.iter().filter(|refund| refund.has_failed() && refund.made_with() == Some(key.as_str()));
    let sent_key = key.after_failures(failures.count());
    if let Some(refund) = made_before(before, request, key, received.hundredths())? {
        return Ok(refund);
    }
    let mut form = Form::new()
        .field("payment_intent", intent_id)
        .amount(request.amount)
        .field(&format!("metadata[{KEY}]"), key.as_str());
    if let Some(order_id) = intent.order_id() {
        // So that the webhook says which order it is about.
        form = form.field(&format!("metadata[{ORDER_ID}]"), &order_id.to_string());
    }
    let made = match stripe.client.post::<RefundObject>(&["v1", "refunds"], &form, Some(&sent_key)).await {
        Ok(posted) => posted.object,
        // Somebody was faster.
        Err(GatewayError::Rejected { code, message }) if code == ALREADY_REFUNDED => {
            let now = of_intent(&stripe.client, intent_id).await?;
            let found = made_before(now, request, key, received.hundredths())?;
            return found.ok_or(GatewayError::Rejected { code, message });
        }
        Err(error) => return Err(error),
    };
    if made.has_failed() {
        let reason = made.failure_reason().unwrap_or("refund_failed").to_owned();
        return Err(rejected(&reason, "the money could not be given back"));
    }
    made.read(intent_id)
}

/// The refund that need not be made any more: the one of this key, or the one that has given all of it back. What failed
/// counts as never made.
fn made_before(
    refunds: Vec<RefundObject>,
    request: &CreateRefund,
    key: &GatewayKey,
    received: i64,
) -> Result<Option<Refund>, GatewayError> {
    let mut left = received;
    let mut in_full = None;
    for refund in refunds.into_iter().filter(|refund| !refund.has_failed()) {
        let ours = refund.made_with() == Some(key.as_str());
        let refund = refund.read(&request.intent_id)?;
        if ours && refund.amount == request.amount {
            return Ok(Some(refund));
        }
        if ours {
            return Err(rejected(KEY_REUSED, "the key was used for another refund"));
        }
        left = left.saturating_sub(refund.amount.hundredths());
        if refund.amount == request.amount && refund.amount.hundredths() == received {
            in_full = Some(refund);
        }
    }
    if request.amount.hundredths() <= left {
        return Ok(None);
    }
    in_full.map(Some).ok_or_else(|| rejected(TOO_MUCH, "more than is left of the payment"))
}
