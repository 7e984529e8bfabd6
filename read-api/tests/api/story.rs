//! What happens in the tests: two products, and orders of both that go different ways.

use agrodeep_domain::{
    Actor, Address, Currency, Delivery, DeliveryId, DeliveryTrack, GeoPoint, Language, LocalizedText, Money,
    Order, OrderFulfilment, OrderId, OrderNumber, Personal, Product, ProductId, Quantity, TrackingNumber,
    delivery::{
        DeliveryCancelled, DeliveryCompleted, DeliveryFailed, DeliveryPickedUp, DeliveryScheduled,
        DeliveryWindow, DriverAssigned, TransitStarted,
    },
    delivery_track::{PositionsReported, TrackPoint},
    order::{
        AdjustedBy, AdjustmentCause, CancelReason, Conductor, DeliveryAgreed, DeliveryGivenUp,
        DeliveryRescheduled, LineAdjusted, LinesPrepared, OrderCancelled, OrderConfirmed, OrderDelivered,
        OrderLine, OrderPlaced, OrderShipped, PartialRefundRequested, PartialRefunded, PaymentCaptured,
        PaymentDeclined, PaymentRefunded, PaymentRequested, RefundRequested,
    },
    order_fulfilment::{
        FulfilmentCompleted, FulfilmentOutcome, FulfilmentStarted, LineToHold, OrderFulfilmentEvent,
    },
    product::{HoldCommitted, HoldReduced, HoldReleased, ProductCreated, ProductDetails, StockHeld},
};
use chrono::NaiveDate;
use uuid::Uuid;

use crate::{
    people::{ADMIN, BEEKEEPER, BUYER, DRIVER, GROWER, Person},
    world::{Happening, happens},
};

fn id(kind: u128, number: u128) -> Uuid {
    Uuid::from_u128(0x0191_0000_0000_7000_8000_0000_0000_0000 + (kind << 32) + number)
}

pub fn tomatoes() -> ProductId {
    ProductId::from_uuid(id(1, 1))
}

pub fn honey() -> ProductId {
    ProductId::from_uuid(id(1, 2))
}

pub fn eur(cents: i64) -> Money {
    Money::from_hundredths(cents, Currency::EUR).unwrap()
}

fn text(fr: &str, en: &str) -> LocalizedText {
    let texts = [(Language::Fr, fr.to_owned()), (Language::En, en.to_owned())];
    LocalizedText::parse(texts.into(), 200).unwrap()
}

fn tomatoes_name() -> LocalizedText {
    text("Tomates Bio Marmande", "Organic Marmande Tomatoes")
}

fn honey_name() -> LocalizedText {
    text("Miel de châtaignier", "Chestnut honey")
}

/// A product is offered.
pub fn offered(
    product_id: ProductId,
    producer: Person,
    name: LocalizedText,
    category: &str,
    cents: i64,
    stock: i64,
) -> Happening {
    let details = ProductDetails {
        name,
        description: None,
        category_id: category.parse().unwrap(),
        unit: "kg".parse().unwrap(),
        images: vec!["https://cdn.agrodeep.test/1.jpg".to_owned()],
        tags: vec!["bio".to_owned()],
        is_organic: category == "cat_vegetables",
        is_fair_trade: false,
        qr_code_data: None,
    };
    let created = ProductCreated {
        product_id,
        producer_id: producer.id(),
        details,
        price: eur(cents),
        stock: Quantity::whole(stock).unwrap(),
    };
    happens::<Product>(product_id.uuid(), producer.actor(), created)
}

/// Tomatoes and honey are offered.
pub fn catalogue() -> Vec<Happening> {
    vec![
        offered(tomatoes(), GROWER, tomatoes_name(), "cat_vegetables", 450, 150),
        offered(honey(), BEEKEEPER, honey_name(), "cat_honey", 450, 20),
    ]
}

/// An order of 2 kg of tomatoes and one of honey, 13.50 EUR, and all that can happen to it.
#[derive(Clone, Copy)]
pub struct Tale {
    number: u32,
}

const SAGA: &str = "order_fulfilment";

impl Tale {
    pub fn new(number: u32) -> Self {
        Self { number }
    }

    pub fn order_id(self) -> OrderId {
        OrderId::from_uuid(id(2, u128::from(self.number)))
    }

    pub fn delivery_id(self, attempt: u32) -> DeliveryId {
        DeliveryId::from_uuid(id(3, u128::from(self.number) * 10 + u128::from(attempt)))
    }

    fn order(self, actor: Actor, event: impl Into<agrodeep_domain::order::OrderEvent>) -> Happening {
        happens::<Order>(self.order_id().uuid(), actor, event)
    }

    fn delivery(
        self,
        attempt: u32,
        actor: Actor,
        event: impl Into<agrodeep_domain::delivery::DeliveryEvent>,
    ) -> Happening {
        happens::<Delivery>(self.delivery_id(attempt).uuid(), actor, event)
    }

    fn intent(self) -> String {
        format!("pi_{}", self.number)
    }

    fn address() -> Address {
        Address {
            street: "123 Rue du Marché".to_owned(),
            city: "Lyon".to_owned(),
            zip_code: "69001".to_owned(),
            country: "FR".to_owned(),
            location: Some(GeoPoint { latitude: 45.764, longitude: 4.8357 }),
        }
    }

    fn tracking_number(self, attempt: u32) -> TrackingNumber {
        TrackingNumber::new(NaiveDate::from_ymd_opt(2024, 8, 15).unwrap(), self.number * 10 + attempt)
    }

    pub fn placed(self) -> Happening {
        let line = |product_id, producer: Person, name, quantity, notes: Option<&str>| {
            let quantity = Quantity::whole(quantity).unwrap();
            OrderLine {
                product_id,
                producer_id: producer.id(),
                name,
                quantity,
                unit: "kg".parse().unwrap(),
                unit_price: eur(450),
                total: eur(450).times(quantity).unwrap(),
                notes: notes.map(|notes| Personal::new(notes.to_owned())),
            }
        };
        let placed = OrderPlaced {
            order_id: self.order_id(),
            number: OrderNumber::new(NaiveDate::from_ymd_opt(2024, 8, 15).unwrap(), self.number),
            buyer_id: BUYER.id(),
            lines: vec![
                line(tomatoes(), GROWER, tomatoes_name(), 2, Some("Bien mûres s'il vous plaît")),
                line(honey(), BEEKEEPER, honey_name(), 1, None),
            ],
            total: eur(1350),
            shipping_address: Personal::new(Self::address()),
            billing_address: Some(Personal::new(Address {
                street: "1 Place Bellecour".to_owned(),
                ..Self::address()
            })),
            preferred_delivery_date: NaiveDate::from_ymd_opt(2024, 8, 17),
            notes: Some(Personal::new("Livrer avant 12h".to_owned())),
            expires_at: "2024-08-15T11:30:00Z".parse().unwrap(),
            conductor: Conductor::ProcessManager,
        };
        self.order(BUYER.actor(), placed)
    }

    /// On which day it is delivered: with the placing, where a producer has terms.
    pub fn agreed(self, day: &str) -> Happening {
        let day = day.parse().unwrap();
        let zone = std::iter::once("Europe/Paris".parse().unwrap());
        self.order(BUYER.actor(), DeliveryAgreed { day, window: DeliveryWindow::of_day_in(day, zone) })
    }

    /// The beginning of the fulfilment, or its end.
    pub fn fulfilment_step(self, event_type: &'static str) -> Happening {
        let line = |product_id, pieces| LineToHold { product_id, quantity: Quantity::whole(pieces).unwrap() };
        let event: OrderFulfilmentEvent = match event_type {
            "FulfilmentStarted" => FulfilmentStarted {
                order_id: self.order_id(),
                lines: vec![line(tomatoes(), 2), line(honey(), 1)],
                total: eur(1350),
                payment_due_at: "2024-08-15T11:30:00Z".parse().unwrap(),
                conductor: Conductor::ProcessManager,
                correlation_id: uuid::Uuid::from_u128(42),
            }
            .into(),
            "FulfilmentCompleted" => FulfilmentCompleted { outcome: FulfilmentOutcome::Delivered }.into(),
            other => panic!("{other} is not told here"),
        };
        self.fulfilment(Actor::system(SAGA), event)
    }

    /// Something that the fulfilment records.
    pub fn fulfilment(self, actor: Actor, event: impl Into<OrderFulfilmentEvent>) -> Happening {
        happens::<OrderFulfilment>(self.order_id().uuid(), actor, event.into())
    }

    pub fn held(self, product_id: ProductId) -> Happening {
        let quantity = Quantity::whole(if product_id == tomatoes() { 2 } else { 1 }).unwrap();
        let held = StockHeld {
            order_id: self.order_id(),
            quantity,
            expires_at: "2024-08-15T11:30:00Z".parse().unwrap(),
        };
        happens::<Product>(product_id.uuid(), Actor::system(SAGA), held)
    }

    pub fn released(self, product_id: ProductId) -> Happening {
        let quantity = Quantity::whole(if product_id == tomatoes() { 2 } else { 1 }).unwrap();
        happens::<Product>(
            product_id.uuid(),
            Actor::system(SAGA),
            HoldReleased { order_id: self.order_id(), quantity },
        )
    }

    pub fn committed(self, product_id: ProductId) -> Happening {
        let quantity = Quantity::whole(if product_id == tomatoes() { 2 } else { 1 }).unwrap();
        happens::<Product>(
            product_id.uuid(),
            Actor::system(SAGA),
            HoldCommitted { order_id: self.order_id(), quantity },
        )
    }

    pub fn payment_requested(self) -> Happening {
        self.order(Actor::system(SAGA), PaymentRequested { intent_id: self.intent(), amount: eur(1350) })
    }

    pub fn declined(self) -> Happening {
        let declined = PaymentDeclined {
            intent_id: self.intent(),
            code: "card_declined".to_owned(),
            provider_event_id: "evt_d".to_owned(),
        };
        self.order(Actor::system("payment_provider"), declined)
    }

    pub fn captured(self) -> Happening {
        let captured = PaymentCaptured {
            intent_id: self.intent(),
            amount: eur(1350),
            provider_event_id: "evt_c".to_owned(),
        };
        self.order(Actor::system("payment_provider"), captured)
    }

    pub fn scheduled(self, attempt: u32) -> Happening {
        let scheduled = DeliveryScheduled {
            delivery_id: self.delivery_id(attempt),
            tracking_number: self.tracking_number(attempt),
            order_id: self.order_id(),
            buyer_id: BUYER.id(),
            address: Personal::new(Self::address()),
            window: NaiveDate::from_ymd_opt(2024, 8, 17).map(DeliveryWindow::of_day),
            attempt,
        };
        self.delivery(attempt, Actor::system(SAGA), scheduled)
    }

    pub fn confirmed(self) -> Happening {
        let confirmed =
            OrderConfirmed { delivery_id: self.delivery_id(1), tracking_number: self.tracking_number(1) };
        self.order(Actor::system(SAGA), confirmed)
    }

    pub fn assigned(self, attempt: u32) -> Happening {
        let vehicle = Some(Personal::new("Renault Kangoo".to_owned()));
        self.delivery(attempt, ADMIN.actor(), DriverAssigned { driver_id: DRIVER.id(), vehicle })
    }

    pub fn prepared(self, producer: Person, ready_for_pickup: bool) -> Happening {
        self.order(producer.actor(), LinesPrepared { producer_id: producer.id(), ready_for_pickup })
    }

    pub fn shipped(self) -> Happening {
        self.order(DRIVER.actor(), OrderShipped { delivery_id: self.delivery_id(1) })
    }

    pub fn picked_up(self, attempt: u32) -> Happening {
        self.delivery(attempt, DRIVER.actor(), DeliveryPickedUp { driver_id: DRIVER.id() })
    }

    pub fn seen(self, attempt: u32, latitude: f64, longitude: f64) -> Happening {
        let delivery_id = self.delivery_id(attempt);
        let point = TrackPoint {
            at: GeoPoint { latitude, longitude },
            accuracy_metres: 8.0,
            timestamp: "2024-08-15T11:00:00Z".parse().unwrap(),
        };
        let reported =
            PositionsReported { delivery_id, driver_id: DRIVER.id(), points: Personal::new(vec![point]) };
        happens::<DeliveryTrack>(delivery_id.uuid(), DRIVER.actor(), reported)
    }

    pub fn in_transit(self, attempt: u32) -> Happening {
        self.delivery(attempt, DRIVER.actor(), TransitStarted {})
    }

    pub fn brought(self, attempt: u32) -> Happening {
        let completed = DeliveryCompleted {
            signature: Personal::new("C. Martin".to_owned()),
            photo: Personal::new("photo-1".to_owned()),
        };
        self.delivery(attempt, DRIVER.actor(), completed)
    }

    pub fn failed(self, attempt: u32) -> Happening {
        let failed = DeliveryFailed { reason: Personal::new("Personne à la maison".to_owned()) };
        self.delivery(attempt, DRIVER.actor(), failed)
    }

    pub fn delivery_cancelled(self) -> Happening {
        self.delivery(1, Actor::system(SAGA), DeliveryCancelled {})
    }

    pub fn delivered(self, attempt: u32) -> Happening {
        self.order(Actor::system(SAGA), OrderDelivered { delivery_id: self.delivery_id(attempt) })
    }

    pub fn cancelled(self, reason: CancelReason, refund_due: Option<Money>) -> Happening {
        let note = Some(Personal::new("Changement d'avis".to_owned()));
        self.order(BUYER.actor(), OrderCancelled { reason, note, refund_due })
    }

    pub fn rescheduled(self) -> Happening {
        let rescheduled = DeliveryRescheduled {
            delivery_id: self.delivery_id(2),
            tracking_number: self.tracking_number(2),
            attempt: 2,
        };
        self.order(Actor::system(SAGA), rescheduled)
    }

    pub fn given_up(self) -> Happening {
        self.order(Actor::system(SAGA), DeliveryGivenUp { delivery_id: self.delivery_id(2) })
    }

    pub fn refund(self) -> [Happening; 2] {
        let refunded = PaymentRefunded {
            refund_id: "re_1".to_owned(),
            amount: eur(1350),
            provider_event_id: "evt_r".to_owned(),
        };
        [
            self.order(Actor::system(SAGA), RefundRequested { intent_id: self.intent(), amount: eur(1350) }),
            self.order(Actor::system("payment_provider"), refunded),
        ]
    }

    /// From the order to the delivery that is scheduled: 8 events, version 4.
    pub fn until_confirmed(self) -> Vec<Happening> {
        vec![
            self.placed(),
            self.fulfilment_step("FulfilmentStarted"),
            self.held(tomatoes()),
            self.held(honey()),
            self.payment_requested(),
            self.captured(),
            self.scheduled(1),
            self.confirmed(),
        ]
    }

    /// A confirmed order of whose tomatoes the grower has but one: the difference is given back. Version 7.
    pub fn with_less_tomatoes(self) -> Vec<Happening> {
        let quantity = Quantity::whole(1).unwrap();
        let less = LineAdjusted {
            adjustment: 1,
            product_id: tomatoes(),
            quantity,
            total: eur(450),
            by: AdjustedBy::Producer,
            cause: AdjustmentCause::PartlyAvailable,
            note: Some(Personal::new("Le gel a pris le reste".to_owned())),
            refund: eur(450),
            ready_for_pickup: false,
        };
        let (intent_id, amount) = (self.intent(), eur(450));
        let refunded = PartialRefunded {
            adjustment: 1,
            refund_id: "re_difference".to_owned(),
            amount,
            provider_event_id: "evt_p".to_owned(),
        };
        let reduced = HoldReduced { order_id: self.order_id(), quantity, freed: quantity };
        vec![
            self.order(GROWER.actor(), less),
            self.order(Actor::system(SAGA), PartialRefundRequested { adjustment: 1, intent_id, amount }),
            happens::<Product>(tomatoes().uuid(), Actor::system(SAGA), reduced),
            self.order(Actor::system("payment_provider"), refunded),
        ]
    }

    /// On the way: version 7.
    pub fn until_in_transit(self) -> Vec<Happening> {
        let mut all = self.until_confirmed();
        all.extend([
            self.assigned(1),
            self.prepared(GROWER, false),
            self.prepared(BEEKEEPER, true),
            self.shipped(),
            self.picked_up(1),
            self.committed(tomatoes()),
            self.committed(honey()),
            self.seen(1, 45.9903, 4.7181),
            self.in_transit(1),
        ]);
        all
    }

    /// All goes well: version 8.
    pub fn until_delivered(self) -> Vec<Happening> {
        let mut all = self.until_in_transit();
        all.extend([self.brought(1), self.delivered(1), self.fulfilment_step("FulfilmentCompleted")]);
        all
    }

    /// Paid and scheduled, then the buyer thinks better of it.
    pub fn until_refunded(self) -> Vec<Happening> {
        let mut all = self.until_confirmed();
        all.extend([
            self.assigned(1),
            self.prepared(GROWER, false),
            self.cancelled(CancelReason::BuyerRequest, Some(eur(1350))),
            self.delivery_cancelled(),
        ]);
        all.extend(self.refund());
        all.extend([self.released(honey()), self.released(tomatoes())]);
        all
    }

    /// One line cannot be held.
    pub fn until_out_of_stock(self) -> Vec<Happening> {
        vec![
            self.placed(),
            self.held(tomatoes()),
            self.released(tomatoes()),
            self.cancelled(CancelReason::StockUnavailable, None),
        ]
    }

    /// Declined first, then paid; nobody at home, twice.
    pub fn until_written_off(self) -> Vec<Happening> {
        let mut all = vec![
            self.placed(),
            self.held(tomatoes()),
            self.held(honey()),
            self.payment_requested(),
            self.declined(),
            self.captured(),
            self.scheduled(1),
            self.confirmed(),
            self.prepared(BEEKEEPER, false),
            self.prepared(GROWER, true),
            self.assigned(1),
            self.shipped(),
            self.picked_up(1),
            self.in_transit(1),
            self.failed(1),
            self.scheduled(2),
            self.rescheduled(),
            self.assigned(2),
            self.picked_up(2),
            self.in_transit(2),
            self.failed(2),
            self.given_up(),
        ];
        all.extend(self.refund());
        all
    }
}
