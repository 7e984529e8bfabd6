//! A market to ask: a database of its own, the commands on it, and a simulated payment provider.

use std::sync::Arc;

use agrodeep_commands::{
    CommandContext, Commands, Executed, Executor, command_id,
    order::{PlaceRequest, Placed, RequestedItem, place},
    payments::{
        gateway::{CreateIntent, GatewayKey, Intent, PaymentGateway},
        simulated::SimulatedGateway,
    },
    product::{CreateRequest, create},
};
use agrodeep_domain::{
    AccountId, Actor, Address, Aggregate, Delivery, DeliveryId, Language, LocalizedText, Money, Order,
    OrderId, Personal, ProductId, Role, TrackingNumber,
    delivery::ScheduleDelivery,
    order::{CapturePayment, Conductor, ConfirmOrder, PrepareLines, RequestPayment},
    product::ProductDetails,
};
use agrodeep_event_store::postgres::testing::TestDatabase;
use chrono::Utc;
use uuid::Uuid;

pub struct Market {
    pub database: TestDatabase,
    pub gateway: SimulatedGateway,
    pub commands: Commands,
}

pub fn account(n: u128) -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(n))
}

pub fn marie() -> AccountId {
    account(1)
}

pub fn bernard() -> AccountId {
    account(2)
}

pub fn driver() -> AccountId {
    account(3)
}

pub fn by(account: AccountId, role: Role) -> CommandContext {
    CommandContext::new(Actor::Account(account, role), Utc::now())
}

pub fn by_buyer() -> CommandContext {
    by(bernard(), Role::Buyer)
}

pub fn by_producer() -> CommandContext {
    by(marie(), Role::Producer)
}

pub fn by_driver() -> CommandContext {
    by(driver(), Role::Driver)
}

pub fn by_system() -> CommandContext {
    CommandContext::new(Actor::system("test"), Utc::now())
}

pub fn money(text: &str) -> Money {
    text.parse().unwrap()
}

pub fn address() -> Address {
    Address {
        street: "1 rue du Marché".to_owned(),
        city: "Lyon".to_owned(),
        zip_code: "69001".to_owned(),
        country: "FR".to_owned(),
        location: None,
    }
}

pub fn details() -> ProductDetails {
    ProductDetails {
        name: LocalizedText::parse([(Language::Fr, "Tomates".to_owned())].into(), 200).unwrap(),
        description: None,
        category_id: "cat_vegetables".parse().unwrap(),
        unit: "kg".parse().unwrap(),
        images: vec![],
        tags: vec![],
        is_organic: true,
        is_fair_trade: false,
        qr_code_data: None,
    }
}

pub fn with_lot(lot: &str) -> ProductDetails {
    ProductDetails { qr_code_data: Some(lot.to_owned()), ..details() }
}

pub fn offer(details: ProductDetails, price: &str) -> CreateRequest {
    CreateRequest { producer_id: marie(), details, price: money(price), stock: "10".parse().unwrap() }
}

pub fn basket(items: &[(ProductId, &str)]) -> PlaceRequest {
    let items = items.iter().map(|(product_id, quantity)| RequestedItem {
        product_id: *product_id,
        quantity: quantity.parse().unwrap(),
        notes: None,
    });
    PlaceRequest {
        buyer_id: bernard(),
        items: items.collect(),
        shipping_address: Personal::new(address()),
        billing_address: None,
        preferred_delivery_date: None,
        notes: None,
        conductor: Conductor::ProcessManager,
    }
}

impl Market {
    pub async fn open() -> Self {
        let database = TestDatabase::create().await;
        let gateway = SimulatedGateway::new(database.pool().clone());
        let commands = instance(&database, &gateway).await;
        Self { database, gateway, commands }
    }

    /// The commands of another process on the same database.
    pub async fn another_instance(&self) -> Commands {
        instance(&self.database, &self.gateway).await
    }

    /// Runs a statement that no command runs: to let time pass.
    pub async fn sql(&self, statement: &str) {
        sqlx::query(statement).execute(self.database.pool()).await.unwrap();
    }

    pub async fn product(&self, price: &str) -> ProductId {
        create(&self.commands, offer(details(), price), by_producer()).await.unwrap().0
    }

    /// An order of 3 kg at 4.50 EUR.
    pub async fn order(&self) -> Placed {
        let product_id = self.product("4.50 EUR").await;
        place(&self.commands, basket(&[(product_id, "3")]), by_buyer()).await.unwrap()
    }

    pub async fn execute<A: Aggregate>(&self, id: Uuid, command: impl Into<A::Command>) -> Executed<A> {
        self.commands.executor.execute::<A>(id, command, by_system()).await.unwrap()
    }

    pub async fn state<A: Aggregate>(&self, id: Uuid) -> A {
        self.commands.executor.state::<A>(id).await.unwrap().state
    }

    /// What the fulfilment does once stock is held.
    pub async fn request_payment(&self, order_id: OrderId) -> Intent {
        let request = CreateIntent { order_id, amount: money("13.50 EUR") };
        let intent = self.gateway.create_intent(&request, &GatewayKey::charge(order_id)).await.unwrap();
        self.execute::<Order>(order_id.uuid(), RequestPayment { intent_id: intent.id.clone() }).await;
        intent
    }

    pub async fn pay(&self, order_id: OrderId) {
        let intent = self.request_payment(order_id).await;
        let capture = CapturePayment {
            intent_id: intent.id,
            amount: money("13.50 EUR"),
            provider_event_id: "evt_paid".to_owned(),
        };
        self.execute::<Order>(order_id.uuid(), capture).await;
    }

    /// An order that was paid.
    pub async fn paid_order(&self) -> OrderId {
        let order_id = self.order().await.order.order_id;
        self.pay(order_id).await;
        order_id
    }

    /// Does what the fulfilment does until the order is confirmed; gives the delivery that will bring it.
    pub async fn confirm(&self, order_id: OrderId) -> DeliveryId {
        self.pay(order_id).await;
        let delivery_id = DeliveryId::from_uuid(command_id::derived(order_id.uuid(), "delivery"));
        let tracking_number = TrackingNumber::new(Utc::now().date_naive(), 1);
        let schedule = ScheduleDelivery {
            delivery_id,
            tracking_number,
            order_id,
            buyer_id: bernard(),
            address: address(),
            window: None,
            attempt: 1,
        };
        self.execute::<Delivery>(delivery_id.uuid(), schedule).await;
        self.execute::<Order>(order_id.uuid(), ConfirmOrder { delivery_id, tracking_number }).await;
        delivery_id
    }

    /// An order that waits for its driver, and the delivery that will bring it.
    pub async fn prepared_order(&self) -> (OrderId, DeliveryId) {
        let order_id = self.order().await.order.order_id;
        let delivery_id = self.confirm(order_id).await;
        self.execute::<Order>(order_id.uuid(), PrepareLines { producer_id: marie() }).await;
        (order_id, delivery_id)
    }
}

async fn instance(database: &TestDatabase, gateway: &SimulatedGateway) -> Commands {
    let executor = Executor::new(database.log().await);
    Commands::new(executor, database.pool(), Arc::new(gateway.clone()))
}
