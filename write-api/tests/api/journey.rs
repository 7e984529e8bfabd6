//! Orders on their way: what the process managers would do, done by hand.

use agrodeep_commands::{
    CommandContext,
    payments::gateway::{CreateIntent, GatewayKey, PaymentGateway},
};
use agrodeep_domain::{
    Actor, Aggregate, Delivery, DeliveryId, Order, OrderId, Product, ProductId, Role,
    delivery::ScheduleDelivery,
    order::{CapturePayment, ConfirmOrder, RequestPayment},
    product::HoldStock,
};
use chrono::Utc;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::{App, User};

/// People, and a product that one of them offers.
pub struct Market {
    pub app: App,
    pub buyer: User,
    pub other_buyer: User,
    pub producer: User,
    pub other_producer: User,
    pub driver: User,
    pub other_driver: User,
    pub admin: User,
    pub product_id: ProductId,
}

pub fn product_body() -> Value {
    json!({
        "name": { "fr": "Tomates Bio Marmande", "en": "Organic Marmande Tomatoes" },
        "description": { "fr": "Tomates rouges juteuses", "en": "Juicy red tomatoes" },
        "category_id": "cat_vegetables",
        "price": 4.50,
        "currency": "EUR",
        "unit": "kg",
        "stock_quantity": 150,
        "images": ["https://cdn.agrodeep.com/products/tomato1.jpg"],
        "tags": ["bio", "local"],
        "is_organic": true,
        "is_fair_trade": false,
    })
}

pub fn order_body(product_id: ProductId) -> Value {
    json!({
        "items": [{ "product_id": product_id, "quantity": 3, "notes": "Bien mûres s'il vous plaît" }],
        "shipping_address": {
            "street": "123 Rue du Marché", "city": "Lyon", "zip_code": "69001", "country": "FR",
            "latitude": 45.7640, "longitude": 4.8357,
        },
        "billing_address": { "street": "1 Place Bellecour", "city": "Lyon", "zip_code": "69002", "country": "FR" },
        "preferred_delivery_date": "2024-08-17",
        "notes": "Livrer avant 12h si possible",
    })
}

impl Market {
    pub async fn open() -> Self {
        let app = App::start().await;
        let buyer = app.user(Role::Buyer, "buyer").await;
        let other_buyer = app.user(Role::Buyer, "buyer2").await;
        let producer = app.user(Role::Producer, "producer").await;
        let other_producer = app.user(Role::Producer, "producer2").await;
        let driver = app.user(Role::Driver, "driver").await;
        let other_driver = app.user(Role::Driver, "driver2").await;
        let admin = app.user(Role::Admin, "admin").await;
        let created = app.post("/v1/products").by(&producer).json(&product_body()).send().await;
        created.is(201);
        let product_id = created.text("id").parse().unwrap();
        Self { app, buyer, other_buyer, producer, other_producer, driver, other_driver, admin, product_id }
    }

    pub async fn place(&self) -> OrderId {
        let placed = self.app.post("/v1/orders").by(&self.buyer).key(&Uuid::now_v7().to_string());
        let placed = placed.json(&order_body(self.product_id)).send().await;
        placed.is(202);
        placed.text("order_id").parse().unwrap()
    }

    pub async fn execute<A: Aggregate>(&self, id: Uuid, command: impl Into<A::Command>)
    where
        A::Refusal: std::fmt::Debug,
    {
        let context = CommandContext::new(Actor::system("test"), Utc::now());
        self.app.commands.executor.execute::<A>(id, command, context).await.unwrap();
    }

    pub async fn order(&self, order_id: OrderId) -> Order {
        self.app.commands.executor.state::<Order>(order_id.uuid()).await.unwrap().state
    }

    pub async fn hold(&self, order_id: OrderId) {
        let placed = self.order(order_id).await.placed.unwrap();
        for line in placed.lines {
            let hold = HoldStock { order_id, quantity: line.quantity, expires_at: placed.expires_at };
            self.execute::<Product>(line.product_id.uuid(), hold).await;
        }
    }

    /// An order that can be paid.
    pub async fn payable(&self) -> OrderId {
        let order_id = self.place().await;
        self.request_payment(order_id).await;
        order_id
    }

    pub async fn request_payment(&self, order_id: OrderId) {
        self.hold(order_id).await;
        let amount = self.order(order_id).await.placed.unwrap().total;
        let create = CreateIntent { order_id, amount };
        let intent = self.app.simulator.create_intent(&create, &GatewayKey::charge(order_id)).await.unwrap();
        self.execute::<Order>(order_id.uuid(), RequestPayment { intent_id: intent.id }).await;
    }

    /// A paid order whose delivery waits for a driver.
    pub async fn confirmed(&self) -> (OrderId, DeliveryId) {
        let order_id = self.place().await;
        (order_id, self.confirm(order_id).await)
    }

    /// Pays an order and schedules its delivery.
    pub async fn confirm(&self, order_id: OrderId) -> DeliveryId {
        self.request_payment(order_id).await;
        let order = self.order(order_id).await;
        let placed = order.placed.unwrap();
        let capture = CapturePayment {
            intent_id: order.payment.intent_id.unwrap(),
            amount: placed.total,
            provider_event_id: "evt_test".to_owned(),
        };
        self.execute::<Order>(order_id.uuid(), capture).await;
        let delivery_id = DeliveryId::from_uuid(Uuid::now_v7());
        let tracking_number = self.app.commands.numbers.tracking(Utc::now().date_naive()).await.unwrap();
        let schedule = ScheduleDelivery {
            delivery_id,
            tracking_number,
            order_id,
            buyer_id: placed.buyer_id,
            address: placed.shipping_address.into_inner(),
            window: None,
            attempt: 1,
        };
        self.execute::<Delivery>(delivery_id.uuid(), schedule).await;
        self.execute::<Order>(order_id.uuid(), ConfirmOrder { delivery_id, tracking_number }).await;
        delivery_id
    }

    /// A prepared order that the driver can pick up.
    pub async fn assigned(&self) -> (OrderId, DeliveryId) {
        let (order_id, delivery_id) = self.confirmed().await;
        self.app.post(&format!("/v1/orders/{order_id}/process")).by(&self.producer).send().await.is(200);
        let assign = self.app.post(&format!("/v1/deliveries/{delivery_id}/assign")).by(&self.admin);
        assign.json(&json!({ "driver_id": self.driver.id, "vehicle": "Kangoo" })).send().await.is(200);
        (order_id, delivery_id)
    }

    /// An order that the driver has with them.
    pub async fn picked_up(&self) -> (OrderId, DeliveryId) {
        let (order_id, delivery_id) = self.assigned().await;
        self.app.post(&format!("/v1/deliveries/{delivery_id}/pickup")).by(&self.driver).send().await.is(200);
        (order_id, delivery_id)
    }
}
