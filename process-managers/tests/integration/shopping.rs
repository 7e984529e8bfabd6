//! What buyers, producers and drivers do.

use agrodeep_commands::{
    delivery::{CompleteRequest, FailRequest, PickUpRequest, complete, fail, pick_up},
    order::{
        CancelRequest, PlaceRequest, PrepareRequest, ReportLineRequest, RequestedItem, cancel, place,
        prepare, report_line,
    },
};
use agrodeep_domain::{
    Address, Delivery, DeliveryId, Order, OrderId, Personal, ProductId, Role,
    delivery::{AssignDriver, DeliveryStatus},
    order::{Canceller, Conductor, OrderStatus, PaymentStatus},
};

use super::market::{CONDUCTOR, Market, buyer, by, driver, producer};

pub fn basket(items: &[(ProductId, &str)], conductor: Conductor) -> PlaceRequest {
    let items = items.iter().map(|(product_id, quantity)| RequestedItem {
        product_id: *product_id,
        quantity: quantity.parse().unwrap(),
        notes: None,
    });
    let address = Address {
        street: "1 rue du Marché".to_owned(),
        city: "Lyon".to_owned(),
        zip_code: "69001".to_owned(),
        country: "FR".to_owned(),
        location: None,
    };
    PlaceRequest {
        buyer_id: buyer(),
        items: items.collect(),
        shipping_address: Personal::new(address),
        billing_address: None,
        preferred_delivery_date: None,
        notes: None,
        conductor,
    }
}

impl Market {
    pub async fn place(&self, items: &[(ProductId, &str)]) -> OrderId {
        let placed =
            place(&self.commands(), basket(items, CONDUCTOR), by(buyer(), Role::Buyer)).await.unwrap();
        placed.order.order_id
    }

    pub async fn until_order(&self, order_id: OrderId, wish: impl Fn(&Order) -> bool) -> Order {
        self.until(order_id.uuid(), wish).await
    }

    /// The buyer pays, or tries to, as soon as it is possible.
    pub async fn pay(&self, order_id: OrderId, payment_method: &str) {
        let order = self.until_order(order_id, |order| order.payment.intent_id.is_some()).await;
        let intent_id = order.payment.intent_id.unwrap();
        use agrodeep_commands::payments::gateway::PaymentGateway;
        let intent = self.gateway.intent(&intent_id).await.unwrap().unwrap();
        self.gateway.confirm(intent.client_secret.reveal(), payment_method).await.unwrap();
    }

    pub async fn confirmed(&self, order_id: OrderId) -> DeliveryId {
        self.pay(order_id, "pm_card_visa").await;
        let order = self.until_order(order_id, |order| order.status == OrderStatus::Confirmed).await;
        order.delivery.unwrap().delivery_id
    }

    pub async fn cancel(&self, order_id: OrderId) {
        let request = CancelRequest { order_id, by: Canceller::Buyer(buyer()), note: None };
        cancel(&self.commands(), request, by(buyer(), Role::Buyer)).await.unwrap();
    }

    /// The producer has so much of a product for an order.
    pub async fn has(&self, order_id: OrderId, product_id: ProductId, quantity: &str) {
        let request = ReportLineRequest {
            order_id,
            producer_id: producer(),
            product_id,
            quantity: Some(quantity.parse().unwrap()),
            total: None,
            note: None,
        };
        report_line(&self.commands(), request, by(producer(), Role::Producer)).await.unwrap();
    }

    /// The producer prepares, and the driver comes.
    pub async fn ship(&self, order_id: OrderId, delivery_id: DeliveryId) {
        let request = PrepareRequest { order_id, producer_id: producer() };
        prepare(&self.commands(), request, by(producer(), Role::Producer)).await.unwrap();
        self.pick_up(delivery_id).await;
    }

    pub async fn pick_up(&self, delivery_id: DeliveryId) {
        let assign = AssignDriver { driver_id: driver(), vehicle: None };
        let executor = self.commands().executor;
        executor.execute::<Delivery>(delivery_id.uuid(), assign, by(driver(), Role::Admin)).await.unwrap();
        let request = PickUpRequest { delivery_id, driver_id: driver() };
        pick_up(&self.commands(), request, by(driver(), Role::Driver)).await.unwrap();
    }

    pub async fn deliver(&self, delivery_id: DeliveryId) {
        let request = CompleteRequest {
            delivery_id,
            driver_id: driver(),
            signature: "a buyer".to_owned().into(),
            photo: "photo".to_owned().into(),
        };
        complete(&self.commands(), request, by(driver(), Role::Driver)).await.unwrap();
    }

    pub async fn fail(&self, delivery_id: DeliveryId) {
        let reason = "nobody at home".to_owned().into();
        let request = FailRequest { delivery_id, driver_id: driver(), reason };
        fail(&self.commands(), request, by(driver(), Role::Driver)).await.unwrap();
    }

    /// Waits for the delivery that tries after the first has failed.
    pub async fn rescheduled(&self, order_id: OrderId) -> DeliveryId {
        let second = |order: &Order| order.delivery.is_some_and(|delivery| delivery.attempt == 2);
        self.until_order(order_id, second).await.delivery.unwrap().delivery_id
    }

    pub async fn delivery_status(&self, delivery_id: DeliveryId) -> DeliveryStatus {
        self.state::<Delivery>(delivery_id.uuid()).await.status
    }

    /// Nothing was taken from the buyer, or all of it was given back; and nothing can be paid any more.
    pub async fn nets_to_zero(&self, order_id: OrderId) {
        let order = self.order(order_id).await;
        assert!(!matches!(order.payment.status, PaymentStatus::Captured | PaymentStatus::RefundRequested));
        if let Some(entry) = self.ledger(order_id).await {
            assert_eq!(entry.captured, entry.refunded);
            assert!(entry.charges <= 1 && entry.intents == 1, "{entry:?}");
            let payable = format!(
                "simulator_intents where order_id = '{}' and status = 'requires_payment_method'",
                order_id.uuid()
            );
            assert_eq!(self.count(&payable).await, 0, "it can still be paid");
        }
    }
}
