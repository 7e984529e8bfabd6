//! Orders as JSON.

use agrodeep_domain::{AccountId, Language, Money, OrderId, ProductId};
use agrodeep_http::ExactQuantity;
use agrodeep_projections::{
    deliveries::Delivery,
    orders::{Cancellation, Order, OrderItem, OrderPayment, StatusChange},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    AddressView,
    delivery::OrderDeliveryView,
    delivery_terms::AgreedDeliveryView,
    people::{People, ProducerView},
    text,
};
use crate::{links::Links, scope::Scope, timeline::Timeline};

/// An order.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct OrderView {
    /// Which.
    #[schema(value_type = String, example = "ord_01h455vb4pex5vsknk084sn02q")]
    pub id: OrderId,
    /// Its number.
    #[schema(example = "ORD-2024-08-15-0001")]
    pub order_number: String,
    /// Whose.
    #[schema(value_type = String, example = "usr_01h455vb4pex5vsknk084sn02q")]
    pub buyer_id: AccountId,
    /// `pending`, `confirmed`, `processing`, `shipped`, `delivered` or `cancelled`.
    #[schema(example = "processing")]
    pub status: &'static str,
    /// How it came there, oldest first.
    pub status_history: Vec<StatusChangeView>,
    /// `none`, `requested`, `captured`, `declined`, `refund_requested` or `refunded`.
    #[schema(example = "captured")]
    pub payment_status: &'static str,
    /// What is known of the payment; null for producers.
    pub payment: Option<PaymentView>,
    /// What was ordered. A producer sees its own lines only.
    pub items: Vec<ItemView>,
    /// The sum of the items shown, as they are now.
    #[schema(example = "13.50 EUR")]
    pub total_amount: String,
    /// The sum of the items shown, as they were ordered.
    #[schema(example = "13.50 EUR")]
    pub ordered_total_amount: String,
    /// What has changed about the lines shown since they were paid, oldest first.
    pub adjustments: Vec<AdjustmentView>,
    /// The currency of all amounts (ISO 4217).
    #[schema(example = "EUR")]
    pub currency: String,
    /// Where it goes.
    pub shipping_address: AddressView,
    /// Who is billed, when not the same; null for producers.
    pub billing_address: Option<AddressView>,
    /// The day the buyer would like it.
    pub preferred_delivery_date: Option<NaiveDate>,
    /// On which day its producers deliver it, by the terms that they had when it was placed; null: none of them had any.
    pub agreed_delivery: Option<AgreedDeliveryView>,
    /// What the buyer wishes for the whole order.
    pub notes: Option<String>,
    /// Until when stock is held for it without payment.
    pub expires_at: DateTime<Utc>,
    /// Why it was cancelled.
    pub cancellation: Option<CancellationView>,
    /// Whether all producers have prepared their lines.
    pub ready_for_pickup: bool,
    /// Whether all attempts to deliver have failed.
    pub undeliverable: bool,
    /// The delivery that brings it; null before it is confirmed.
    pub delivery: Option<OrderDeliveryView>,
    /// When things will probably happen; null when it will never be brought.
    pub timeline: Option<Timeline>,
    /// A picture that leads here.
    pub qr_code_url: String,
    /// When it was placed.
    pub created_at: DateTime<Utc>,
    /// Its version, as in `ETag`.
    pub version: u64,
}

/// An order in a list: without what stands elsewhere than in the order itself.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct OrderSummary {
    /// Which.
    #[schema(value_type = String, example = "ord_01h455vb4pex5vsknk084sn02q")]
    pub id: OrderId,
    /// Its number.
    #[schema(example = "ORD-2024-08-15-0001")]
    pub order_number: String,
    /// Whose.
    #[schema(value_type = String, example = "usr_01h455vb4pex5vsknk084sn02q")]
    pub buyer_id: AccountId,
    /// `pending`, `confirmed`, `processing`, `shipped`, `delivered` or `cancelled`.
    #[schema(example = "delivered")]
    pub status: &'static str,
    /// `none`, `requested`, `captured`, `declined`, `refund_requested` or `refunded`.
    #[schema(example = "captured")]
    pub payment_status: &'static str,
    /// What was ordered. A producer sees its own lines only.
    pub items: Vec<ItemView>,
    /// The sum of the items shown, as they are now.
    #[schema(example = "13.50 EUR")]
    pub total_amount: String,
    /// The currency of all amounts (ISO 4217).
    #[schema(example = "EUR")]
    pub currency: String,
    /// The number of the delivery that brings it.
    #[schema(example = "TRK-2024-08-15-0001")]
    pub tracking_number: Option<String>,
    /// Whether all producers have prepared their lines.
    pub ready_for_pickup: bool,
    /// A picture that leads to it.
    pub qr_code_url: String,
    /// When it was placed.
    pub created_at: DateTime<Utc>,
    /// Its version.
    pub version: u64,
}

/// A step of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct StatusChangeView {
    /// The status it reached.
    #[schema(example = "pending")]
    pub status: &'static str,
    /// When.
    pub at: DateTime<Utc>,
    /// Who brought it there: `<role>:<account id>` or `system:<name>`.
    #[schema(example = "system:order_fulfilment")]
    pub actor: String,
}

/// A line of an order.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ItemView {
    /// The product.
    #[schema(value_type = String, example = "prod_01h455vb4pex5vsknk084sn02q")]
    pub product_id: ProductId,
    /// What it was called, in the language that `Accept-Language` likes best.
    #[schema(example = "Tomates Bio Marmande")]
    pub name: String,
    /// How much of it there is now: 0 when there is none any more.
    pub quantity: ExactQuantity,
    /// How much was ordered.
    pub ordered_quantity: ExactQuantity,
    /// Of what unit.
    #[schema(example = "kg")]
    pub unit: String,
    /// The price of one unit.
    #[schema(example = "4.50 EUR")]
    pub unit_price: String,
    /// The price of the line, as it is now.
    #[schema(example = "9.00 EUR")]
    pub total_price: String,
    /// The price of the line, as it was ordered.
    #[schema(example = "9.00 EUR")]
    pub ordered_total_price: String,
    /// What the buyer wishes for this line.
    pub notes: Option<String>,
    /// `pending`, `reserved`, `prepared`, `shipped`, `delivered` or `released`.
    #[schema(example = "reserved")]
    pub status: &'static str,
    /// Whose product it is.
    pub producer: ProducerView,
}

/// A line that has become less since it was paid: who has changed what, why, and where the difference is.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AdjustmentView {
    /// Which change of the order it is, from 1.
    pub adjustment: u32,
    /// The product of the line.
    #[schema(value_type = String, example = "prod_01h455vb4pex5vsknk084sn02q")]
    pub product_id: ProductId,
    /// How much of it there was left after that.
    pub quantity: ExactQuantity,
    /// What the line cost after that.
    #[schema(example = "6.75 EUR")]
    pub total_price: String,
    /// `producer`, `buyer` or `admin`.
    #[schema(example = "producer")]
    pub by: &'static str,
    /// Who that was: `<role>:<account id>`.
    #[schema(example = "producer:usr_01h455vb4pex5vsknk084sn02q")]
    pub actor: String,
    /// `not_available`, `partly_available`, `weighed` or `cancelled`.
    #[schema(example = "partly_available")]
    pub cause: &'static str,
    /// In their words.
    pub note: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
    /// The difference, which goes back to the buyer.
    #[schema(example = "2.25 EUR")]
    pub refund_amount: String,
    /// `none`: there is no difference; `due`, `requested` or `refunded`.
    #[schema(example = "refunded")]
    pub refund_status: &'static str,
    /// The provider's id of the refund, once confirmed; null for producers.
    pub refund_id: Option<String>,
}

/// What is known of a payment.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PaymentView {
    /// The provider's id of it, once requested.
    pub payment_intent_id: Option<String>,
    /// What was paid.
    #[schema(example = "13.50 EUR")]
    pub captured_amount: Option<String>,
    /// The provider's word for why it was last declined.
    #[schema(example = "card_declined")]
    pub decline_code: Option<String>,
    /// The provider's id of the refund, once confirmed.
    pub refund_id: Option<String>,
    /// What was given back.
    pub refunded_amount: Option<String>,
}

/// Why an order was cancelled.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CancellationView {
    /// `buyer_request`, `admin_decision`, `stock_unavailable`, `payment_failed`, `payment_timeout` or
    /// `delivery_unavailable`.
    #[schema(example = "stock_unavailable")]
    pub reason: &'static str,
    /// In the words of who cancelled.
    pub note: Option<String>,
}

/// How an order is shown: to whom, and in which words.
#[derive(Clone, Copy, Debug)]
pub struct Showing<'a> {
    /// How much of it.
    pub scope: Scope,
    /// In which language.
    pub language: Language,
    /// The people it names.
    pub people: &'a People,
    /// Makes addresses.
    pub links: &'a Links,
}

impl Showing<'_> {
    /// A whole order with its delivery.
    pub fn order(&self, order: &Order, delivery: Option<&Delivery>) -> OrderView {
        let timeline = Timeline::of(order, delivery);
        let whole = self.scope == Scope::Whole;
        OrderView {
            id: order.order_id,
            order_number: text(&order.number),
            buyer_id: order.buyer_id,
            status: order.status.as_str(),
            status_history: order.status_history.iter().map(status_change).collect(),
            payment_status: order.payment.status.as_str(),
            payment: whole.then(|| payment(&order.payment)),
            items: self.items(order),
            total_amount: self.total(order),
            ordered_total_amount: self.ordered_total(order),
            adjustments: self.adjustments(order),
            currency: text(&order.total.currency()),
            shipping_address: AddressView::of(order.shipping_address.reveal()),
            billing_address: order
                .billing_address
                .as_ref()
                .filter(|_| whole)
                .map(|address| AddressView::of(address.reveal())),
            preferred_delivery_date: order.preferred_delivery_date,
            agreed_delivery: order.agreed_delivery.as_ref().map(AgreedDeliveryView::from),
            notes: order.notes.as_ref().map(|notes| notes.reveal().clone()),
            expires_at: order.expires_at,
            cancellation: order.cancellation.as_ref().map(cancellation),
            ready_for_pickup: order.ready_for_pickup,
            undeliverable: order.undeliverable,
            delivery: order.delivery.as_ref().map(|planned| {
                let estimate = timeline.map(|timeline| timeline.delivery);
                OrderDeliveryView::of(planned, delivery, self.people, estimate)
            }),
            timeline,
            qr_code_url: self.links.order_qr_code(order.order_id),
            created_at: order.created_at,
            version: order.version,
        }
    }

    /// An order in a list.
    pub fn summary(&self, order: &Order) -> OrderSummary {
        OrderSummary {
            id: order.order_id,
            order_number: text(&order.number),
            buyer_id: order.buyer_id,
            status: order.status.as_str(),
            payment_status: order.payment.status.as_str(),
            items: self.items(order),
            total_amount: self.total(order),
            currency: text(&order.total.currency()),
            tracking_number: order.delivery.map(|delivery| text(&delivery.tracking_number)),
            ready_for_pickup: order.ready_for_pickup,
            qr_code_url: self.links.order_qr_code(order.order_id),
            created_at: order.created_at,
            version: order.version,
        }
    }

    fn shown<'o>(&self, order: &'o Order) -> impl Iterator<Item = &'o OrderItem> {
        let scope = self.scope;
        order.items.iter().filter(move |item| scope.shows(item.producer_id))
    }

    fn items(&self, order: &Order) -> Vec<ItemView> {
        let item = |item: &OrderItem| {
            let (quantity, total) = order.left_of(item);
            ItemView {
                product_id: item.product_id,
                name: item.name.get(self.language).to_owned(),
                quantity: ExactQuantity(quantity),
                ordered_quantity: ExactQuantity(item.quantity),
                unit: text(&item.unit),
                unit_price: text(&item.unit_price),
                total_price: text(&total),
                ordered_total_price: text(&item.total),
                notes: item.notes.as_ref().map(|notes| notes.reveal().clone()),
                status: item.status.as_str(),
                producer: self.people.producer(item.producer_id),
            }
        };
        self.shown(order).map(item).collect()
    }

    /// What has changed about the lines that are shown.
    fn adjustments(&self, order: &Order) -> Vec<AdjustmentView> {
        let whole = self.scope == Scope::Whole;
        let shown: Vec<ProductId> = self.shown(order).map(|item| item.product_id).collect();
        let changes = order.adjustments.iter().filter(|change| shown.contains(&change.product_id));
        changes
            .map(|change| AdjustmentView {
                adjustment: change.adjustment,
                product_id: change.product_id,
                quantity: ExactQuantity(change.quantity),
                total_price: text(&change.total),
                by: change.by.as_str(),
                actor: change.actor.clone(),
                cause: change.cause.as_str(),
                note: change.note.as_ref().map(|note| note.reveal().clone()),
                at: change.at,
                refund_amount: text(&change.refund),
                refund_status: change.refund_status.as_str(),
                refund_id: change.refund_id.clone().filter(|_| whole),
            })
            .collect()
    }

    /// What the order costs now, or what a producer gets of it.
    fn total(&self, order: &Order) -> String {
        self.sum(order, order.total_left(), |item| order.left_of(item).1)
    }

    /// The same, as it was ordered.
    fn ordered_total(&self, order: &Order) -> String {
        self.sum(order, order.total, |item| item.total)
    }

    fn sum(&self, order: &Order, whole: Money, of: impl Fn(&OrderItem) -> Money) -> String {
        let total = match self.scope {
            Scope::Whole => whole,
            Scope::LinesOf(_) => {
                let nothing = Money::zero(order.total.currency());
                // A part of a sum that could be made can be made, too.
                self.shown(order).fold(nothing, |sum, item| sum.plus(of(item)).unwrap_or(sum))
            }
        };
        text(&total)
    }
}

fn status_change(change: &StatusChange) -> StatusChangeView {
    StatusChangeView { status: change.status.as_str(), at: change.at, actor: change.actor.clone() }
}

fn payment(payment: &OrderPayment) -> PaymentView {
    PaymentView {
        payment_intent_id: payment.intent_id.clone(),
        captured_amount: payment.captured.as_ref().map(text),
        decline_code: payment.decline_code.clone(),
        refund_id: payment.refund_id.clone(),
        refunded_amount: payment.refunded.as_ref().map(text),
    }
}

fn cancellation(cancellation: &Cancellation) -> CancellationView {
    CancellationView {
        reason: cancellation.reason.as_str(),
        note: cancellation.note.as_ref().map(|note| note.reveal().clone()),
    }
}
