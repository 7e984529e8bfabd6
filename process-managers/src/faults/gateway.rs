//! The payment provider, with a fault point before and after every call.

use std::sync::Arc;

use agrodeep_commands::payments::gateway::{
    CreateIntent, CreateRefund, GatewayError, GatewayKey, Intent, PaymentGateway, Refund,
};
use agrodeep_domain::OrderId;
use async_trait::async_trait;
use uuid::Uuid;

use super::{KEYS_OFF, WORDS, around, place, switched};

/// A provider whose calls can be broken.
pub(super) struct Breakable(pub Arc<dyn PaymentGateway>);

/// Every call that the saga makes. (`refunds` is for the reconciliation.)
pub(super) const CALLS: [&str; 5] = ["create_intent", "intent", "intent_of_order", "cancel_intent", "refund"];

async fn call<T>(
    name: &'static str,
    call: impl Future<Output = Result<T, GatewayError>> + Send,
) -> Result<T, GatewayError> {
    around(place("gateway", name), call, || GatewayError::Unavailable(WORDS.to_owned())).await
}

/// The key as it is, or, where a control takes it away, one that the provider has never seen.
fn key(key: &GatewayKey) -> GatewayKey {
    if switched(KEYS_OFF, None) {
        GatewayKey::charge(OrderId::from_uuid(Uuid::now_v7()))
    } else {
        key.clone()
    }
}

#[async_trait]
impl PaymentGateway for Breakable {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    async fn create_intent(
        &self,
        request: &CreateIntent,
        given: &GatewayKey,
    ) -> Result<Intent, GatewayError> {
        call("create_intent", self.0.create_intent(request, &key(given))).await
    }

    async fn intent(&self, intent_id: &str) -> Result<Option<Intent>, GatewayError> {
        call("intent", self.0.intent(intent_id)).await
    }

    async fn intent_of_order(&self, order_id: OrderId) -> Result<Option<Intent>, GatewayError> {
        call("intent_of_order", self.0.intent_of_order(order_id)).await
    }

    async fn cancel_intent(&self, intent_id: &str, given: &GatewayKey) -> Result<Intent, GatewayError> {
        call("cancel_intent", self.0.cancel_intent(intent_id, &key(given))).await
    }

    async fn refund(&self, request: &CreateRefund, given: &GatewayKey) -> Result<Refund, GatewayError> {
        call("refund", self.0.refund(request, &key(given))).await
    }

    async fn refunds(&self, intent_id: &str) -> Result<Vec<Refund>, GatewayError> {
        self.0.refunds(intent_id).await
    }
}
