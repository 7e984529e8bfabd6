//! The payment of an order, found by what Stripe keeps for ever.

use agrodeep_domain::OrderId;
use chrono::Utc;

use super::{
    super::gateway::{GatewayError, Intent, IntentStatus},
    ORDER_ID,
    client::Client,
    form::Form,
    objects::{IntentObject, Page},
};

/// How far back the newest payments are looked through. Stripe's search knows a payment usually within a minute
/// (<https://docs.stripe.com/search#data-freshness>): the newest it may not know.
const UNSEARCHED_SECONDS: i64 = 180;
/// How many pages of a hundred are looked through.
const PAGES_MAX: usize = 10;

/// The one that succeeded, or else the latest.
///
/// The search finds all but the newest; those are looked through. Together they are a look before charging again, not a
/// guarantee: that is the key, under which Stripe gives the same payment for a day.
pub(super) async fn intent_of_order(
    client: &Client,
    order_id: OrderId,
) -> Result<Option<Intent>, GatewayError> {
    let mut found = newest(client, order_id).await?;
    found.extend(searched(client, order_id).await?);
    let mut best: Option<IntentObject> = None;
    for intent in found {
        let rank = |intent: &IntentObject| {
            intent.status().map(|status| (status == IntentStatus::Succeeded, intent.created()))
        };
        let better = match &best {
            None => true,
            Some(best) => rank(&intent)? > rank(best)?,
        };
        if better {
            best = Some(intent);
        }
    }
    best.map(IntentObject::read).transpose()
}

async fn searched(client: &Client, order_id: OrderId) -> Result<Vec<IntentObject>, GatewayError> {
    let query =
        Form::new().field("query", &format!("metadata['{ORDER_ID}']:'{order_id}'")).field("limit", "100");
    match client.get::<Page<IntentObject>>(&["v1", "payment_intents", "search"], &query).await {
        Ok(page) => Ok(page.data.into_iter().filter(|intent| intent.order_id() == Some(order_id)).collect()),
        // Not every account can search (<https://docs.stripe.com/search>).
        Err(GatewayError::Rejected { code, .. }) => {
            tracing::warn!(code, "Stripe does not search: only the newest payments are looked through");
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}

async fn newest(client: &Client, order_id: OrderId) -> Result<Vec<IntentObject>, GatewayError> {
    let since = (Utc::now().timestamp() - UNSEARCHED_SECONDS).to_string();
    let mut found = Vec::new();
    let mut after: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let mut query = Form::new().field("limit", "100").field("created[gte]", &since);
        if let Some(after) = &after {
            query = query.field("starting_after", after);
        }
        let page: Page<IntentObject> = client.get(&["v1", "payment_intents"], &query).await?;
        after = page.last_id().map(str::to_owned);
        let more = page.has_more && after.is_some();
        found.extend(page.data.into_iter().filter(|intent| intent.order_id() == Some(order_id)));
        if !more {
            break;
        }
    }
    Ok(found)
}
