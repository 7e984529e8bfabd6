//! What happens in a market: products, orders and deliveries by a few words.

use agrodeep_domain::{
    Account, AccountId, Address, Currency, Delivery, DeliveryId, DeliveryTrack, GeoPoint, Language,
    LocalizedText, Money, Order, OrderFulfilment, OrderId, OrderNumber, Product, ProductId, Quantity, Role,
    TrackingNumber,
    account::AccountRegistered,
    delivery::{DeliveryCompleted, DeliveryPickedUp, DeliveryScheduled, DriverAssigned, TransitStarted},
    delivery_track::{PositionsReported, TrackPoint},
    order::{
        Conductor, LinesPrepared, OrderConfirmed, OrderDelivered, OrderLine, OrderPlaced, OrderShipped,
        PaymentCaptured, PaymentRequested,
    },
    order_fulfilment::{FulfilmentStarted, LineToHold, StartFulfilment},
    product::{HoldCommitted, HoldReleased, ProductCreated, ProductDetails, StockHeld},
};
use agrodeep_event_store::{Position, StreamId};
use chrono::{NaiveDate, TimeDelta};
use uuid::Uuid;

use super::market::{Market, SYSTEM};

pub fn somebody() -> AccountId {
    AccountId::from_uuid(Uuid::now_v7())
}

/// A producer with an account.
pub async fn registered(market: &Market, company: &str) -> AccountId {
    let producer = somebody();
    let registered = AccountRegistered {
        account_id: producer,
        role: Role::Producer,
        email: "farm@example.com".to_owned().into(),
        first_name: "Marie".to_owned().into(),
        last_name: "Dubois".to_owned().into(),
        phone: None,
        company: Some(company.to_owned()),
    };
    market.happens::<Account>(producer.uuid(), "system:sign_up", registered).await;
    producer
}

pub fn euros(hundredths: i64) -> Money {
    Money::from_hundredths(hundredths, Currency::EUR).unwrap()
}

pub fn kilos(thousandths: i64) -> Quantity {
    Quantity::from_thousandths(thousandths).unwrap()
}

pub fn text(french: &str, english: &str) -> LocalizedText {
    let texts = [(Language::Fr, french.to_owned()), (Language::En, english.to_owned())];
    LocalizedText::parse(texts.into_iter().filter(|(_, text)| !text.is_empty()).collect(), 1000).unwrap()
}

pub fn details(french: &str, english: &str, category: &str, tags: &[&str]) -> ProductDetails {
    ProductDetails {
        name: text(french, english),
        description: None,
        category_id: category.parse().unwrap(),
        unit: "kg".parse().unwrap(),
        images: vec!["https://images.example/1.jpg".to_owned()],
        tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
        is_organic: true,
        is_fair_trade: false,
        qr_code_data: None,
    }
}

pub fn tomatoes() -> ProductDetails {
    details("Tomates", "Tomatoes", "cat_vegetables", &["été", "rouge"])
}

pub fn address() -> Address {
    Address {
        street: "1 rue des Lilas".to_owned(),
        city: "Lyon".to_owned(),
        zip_code: "69001".to_owned(),
        country: "FR".to_owned(),
        location: Some(GeoPoint { latitude: 45.767, longitude: 4.834 }),
    }
}

/// A product with 100 kg on hand.
pub async fn offered(market: &Market, producer: AccountId, details: ProductDetails, price: i64) -> ProductId {
    let id = ProductId::from_uuid(Uuid::now_v7());
    let created = ProductCreated {
        product_id: id,
        producer_id: producer,
        details,
        price: euros(price),
        stock: kilos(100_000),
    };
    market.happens::<Product>(id.uuid(), &format!("producer:{producer}"), created).await;
    id
}

/// An order in the making: what happens to it next is said by its methods.
pub struct Story<'m> {
    pub market: &'m Market,
    pub id: OrderId,
    pub buyer: AccountId,
    pub lines: Vec<OrderLine>,
    pub delivery: DeliveryId,
    pub driver: AccountId,
}

pub fn line(product_id: ProductId, producer_id: AccountId, quantity: i64, price: i64) -> OrderLine {
    let (quantity, unit_price) = (kilos(quantity), euros(price));
    OrderLine {
        product_id,
        producer_id,
        name: text("Tomates", "Tomatoes"),
        quantity,
        unit: "kg".parse().unwrap(),
        unit_price,
        total: unit_price.times(quantity).unwrap(),
        notes: Some("bien mûres".to_owned().into()),
    }
}

impl<'m> Story<'m> {
    pub async fn placed(market: &'m Market, buyer: AccountId, lines: Vec<OrderLine>) -> Self {
        let id = OrderId::from_uuid(Uuid::now_v7());
        let delivery = DeliveryId::from_uuid(Uuid::now_v7());
        let story = Self { market, id, buyer, lines, delivery, driver: somebody() };
        let total =
            story.lines[1..].iter().fold(story.lines[0].total, |sum, line| sum.plus(line.total).unwrap());
        let placed = OrderPlaced {
            order_id: id,
            number: OrderNumber::new(day(), 1),
            buyer_id: buyer,
            lines: story.lines.clone(),
            total,
            shipping_address: address().into(),
            billing_address: None,
            preferred_delivery_date: Some(day()),
            notes: Some("sonner deux fois".to_owned().into()),
            expires_at: market.now() + TimeDelta::minutes(30),
            conductor: Conductor::ProcessManager,
        };
        story.order(&format!("buyer:{buyer}"), placed).await;
        story
    }

    pub async fn order(&self, actor: &str, event: impl Into<agrodeep_domain::order::OrderEvent>) -> Position {
        self.market.happens::<Order>(self.id.uuid(), actor, event).await
    }

    pub async fn fulfilment(&self, event_type: &'static str, payload: &str) -> Position {
        let stream = StreamId::new("order_fulfilment", self.id.uuid());
        self.market.appears(stream, SYSTEM, event_type, "1", payload.to_owned()).await
    }

    /// What of this order its fulfilment needs.
    pub fn start(&self) -> StartFulfilment {
        let hold = |line: &OrderLine| LineToHold { product_id: line.product_id, quantity: line.quantity };
        StartFulfilment {
            order_id: self.id,
            lines: self.lines.iter().map(hold).collect(),
            total: "9.00 EUR".parse().unwrap(),
            payment_due_at: self.market.now() + TimeDelta::minutes(30),
            conductor: Conductor::ProcessManager,
            correlation_id: self.id.uuid(),
        }
    }

    /// The fulfilment begins, and comes no further.
    pub async fn begun(&self) -> Position {
        let started = FulfilmentStarted::from(&self.start());
        self.market.happens::<OrderFulfilment>(self.id.uuid(), SYSTEM, started).await
    }

    pub async fn hold(&self, line: usize) -> Position {
        let OrderLine { product_id, quantity, .. } = self.lines[line];
        let held =
            StockHeld { order_id: self.id, quantity, expires_at: self.market.now() + TimeDelta::minutes(30) };
        self.market.happens::<Product>(product_id.uuid(), SYSTEM, held).await
    }

    pub async fn release(&self, line: usize) -> Position {
        let OrderLine { product_id, quantity, .. } = self.lines[line];
        let released = HoldReleased { order_id: self.id, quantity };
        self.market.happens::<Product>(product_id.uuid(), SYSTEM, released).await
    }

    pub async fn commit(&self, line: usize) -> Position {
        let OrderLine { product_id, quantity, .. } = self.lines[line];
        let committed = HoldCommitted { order_id: self.id, quantity };
        self.market.happens::<Product>(product_id.uuid(), SYSTEM, committed).await
    }

    pub async fn held(&self) {
        for line in 0..self.lines.len() {
            self.hold(line).await;
        }
    }

    pub fn total(&self) -> Money {
        self.lines[1..].iter().fold(self.lines[0].total, |sum, line| sum.plus(line.total).unwrap())
    }

    pub async fn paid(&self) {
        self.order(SYSTEM, PaymentRequested { intent_id: "pi_1".to_owned(), amount: self.total() }).await;
        let captured = PaymentCaptured {
            intent_id: "pi_1".to_owned(),
            amount: self.total(),
            provider_event_id: "evt_1".to_owned(),
        };
        self.order("system:payment_provider", captured).await;
    }

    pub async fn scheduled(&self) -> Position {
        let scheduled = DeliveryScheduled {
            delivery_id: self.delivery,
            tracking_number: tracking_number(),
            order_id: self.id,
            buyer_id: self.buyer,
            address: address().into(),
            window: Some(agrodeep_domain::delivery::DeliveryWindow::of_day(day())),
            attempt: 1,
        };
        self.on_the_way(scheduled).await
    }

    pub async fn on_the_way(&self, event: impl Into<agrodeep_domain::delivery::DeliveryEvent>) -> Position {
        self.market.happens::<Delivery>(self.delivery.uuid(), &format!("driver:{}", self.driver), event).await
    }

    pub async fn confirmed(&self) -> Position {
        let confirmed = OrderConfirmed { delivery_id: self.delivery, tracking_number: tracking_number() };
        self.order(SYSTEM, confirmed).await
    }

    pub async fn prepared(&self, producer_id: AccountId, ready_for_pickup: bool) -> Position {
        self.order(&format!("producer:{producer_id}"), LinesPrepared { producer_id, ready_for_pickup }).await
    }

    pub async fn assigned(&self) -> Position {
        let assigned =
            DriverAssigned { driver_id: self.driver, vehicle: Some("vélo cargo".to_owned().into()) };
        self.on_the_way(assigned).await
    }

    pub async fn shipped(&self) {
        self.order(SYSTEM, OrderShipped { delivery_id: self.delivery }).await;
        self.on_the_way(DeliveryPickedUp { driver_id: self.driver }).await;
        for line in 0..self.lines.len() {
            self.commit(line).await;
        }
    }

    /// Reports being at `latitude`, `seconds` after nine o'clock.
    pub async fn seen(&self, latitude: f64, seconds: i64) -> Position {
        let timestamp = "2024-08-15T09:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        let point = TrackPoint {
            at: GeoPoint { latitude, longitude: 4.8 },
            accuracy_metres: 5.0,
            timestamp: timestamp + TimeDelta::seconds(seconds),
        };
        let reported = PositionsReported {
            delivery_id: self.delivery,
            driver_id: self.driver,
            points: vec![point].into(),
        };
        let actor = format!("driver:{}", self.driver);
        self.market.happens::<DeliveryTrack>(self.delivery.uuid(), &actor, reported).await
    }

    pub async fn delivered(&self) {
        self.on_the_way(TransitStarted {}).await;
        let completed = DeliveryCompleted {
            signature: "M. Dubois".to_owned().into(),
            photo: "https://photos.example/1.jpg".to_owned().into(),
        };
        self.on_the_way(completed).await;
        self.order(SYSTEM, OrderDelivered { delivery_id: self.delivery }).await;
    }
}

pub fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 8, 16).unwrap()
}

pub fn tracking_number() -> TrackingNumber {
    TrackingNumber::new(day(), 7)
}

/// A busy day: `count` orders of three products, each of which comes differently far.
pub async fn busy(market: &Market, count: usize) {
    let producers = [somebody(), somebody()];
    let mut products = Vec::new();
    for (index, price) in [250, 199, 1200].into_iter().enumerate() {
        products.push(offered(market, producers[index % 2], tomatoes(), price).await);
    }
    for index in 0..count {
        let lines = (0..=index % 3).map(|i| line(products[i], producers[i % 2], 1500, 250)).collect();
        let story = Story::placed(market, somebody(), lines).await;
        story.begun().await;
        story.hold(0).await;
        if index % 5 == 1 {
            continue;
        }
        for line in 1..story.lines.len() {
            story.hold(line).await;
        }
        story.paid().await;
        story.scheduled().await;
        story.confirmed().await;
        if index % 5 == 2 {
            continue;
        }
        story.assigned().await;
        story.prepared(producers[0], story.lines.len() == 1).await;
        if story.lines.len() > 1 {
            story.prepared(producers[1], true).await;
        }
        story.shipped().await;
        story.seen(45.0, 10).await;
        if index % 5 == 3 {
            continue;
        }
        story.delivered().await;
    }
}
