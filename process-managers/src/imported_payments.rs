//! The payment provider of orders that were paid long ago: it knows that they were, and does nothing.

use agrodeep_commands::payments::gateway::{
    ClientSecret, CreateIntent, CreateRefund, GatewayError, GatewayKey, Intent, IntentStatus, PaymentGateway,
    Refund, RefundStatus,
};
use agrodeep_domain::{Currency, Money, OrderId};
use async_trait::async_trait;

/// Stands for the provider in an import. Its ids follow from the order's, so that a repeat gives the same.
#[derive(Clone, Copy, Debug, Default)]
pub struct ImportedPayments;

const INTENT_PREFIX: &str = "imported_";

impl ImportedPayments {
    /// The id under which an imported order was paid.
    pub fn intent_id(order_id: OrderId) -> String {
        format!("{INTENT_PREFIX}{order_id}")
    }

    /// The id under which an imported order's money was given back.
    pub fn refund_id(intent_id: &str) -> String {
        format!("{intent_id}_refund")
    }

    fn intent(id: String, order_id: Option<OrderId>, amount: Money, status: IntentStatus) -> Intent {
        Intent {
            id,
            order_id,
            amount,
            received: Money::zero(amount.currency()),
            status,
            decline_code: None,
            client_secret: ClientSecret::new(String::new()),
        }
    }
}

#[async_trait]
impl PaymentGateway for ImportedPayments {
    fn name(&self) -> &'static str {
        "imported"
    }

    async fn create_intent(&self, request: &CreateIntent, _: &GatewayKey) -> Result<Intent, GatewayError> {
        let (order_id, amount) = (request.order_id, request.amount);
        let id = Self::intent_id(order_id);
        Ok(Self::intent(id, Some(order_id), amount, IntentStatus::RequiresPaymentMethod))
    }

    /// Whether it was paid the order knows, not this.
    async fn intent(&self, _: &str) -> Result<Option<Intent>, GatewayError> {
        Ok(None)
    }

    async fn intent_of_order(&self, _: OrderId) -> Result<Option<Intent>, GatewayError> {
        Ok(None)
    }

    async fn cancel_intent(&self, intent_id: &str, _: &GatewayKey) -> Result<Intent, GatewayError> {
        let nothing = Money::zero(Currency::EUR);
        Ok(Self::intent(intent_id.to_owned(), None, nothing, IntentStatus::Canceled))
    }

    async fn refund(&self, request: &CreateRefund, _: &GatewayKey) -> Result<Refund, GatewayError> {
        let id = Self::refund_id(&request.intent_id);
        Ok(Refund {
            id,
            intent_id: request.intent_id.clone(),
            amount: request.amount,
            status: RefundStatus::Succeeded,
            made_with: None,
        })
    }
}
