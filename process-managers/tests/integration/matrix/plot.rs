//! What buyers, producers and drivers do with an order, as soon as they can: whatever happens to the saga meanwhile.

use std::time::Duration;

use agrodeep_commands::{
    order::{CancelRequest, PrepareRequest, cancel, prepare},
    payments::gateway::PaymentGateway,
};
use agrodeep_domain::{
    Delivery, Order, OrderId, Role,
    delivery::{AssignDriver, CompleteDelivery, DeliveryStatus, FailDelivery, PickUp},
    order::{CancelReason, Canceller, OrderStatus, PaymentStatus, ReportLine, ShipOrder},
};
use agrodeep_process_managers::order_fulfilment::{FulfilmentOutcome, Progress, Step, delivery_id};
use chrono::TimeDelta;

use super::super::market::{Market, buyer, by, driver, producer};

/// What happens to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plot {
    /// It is paid and delivered.
    Delivered,
    /// The same; the provider's first answer is lost.
    RequestedTwice,
    /// It is paid; nobody is at home at first.
    DeliveredAtLast,
    /// It is paid; nobody is ever at home.
    NeverAtHome,
    /// The buyer cancels after paying.
    CancelledPaid,
    /// The buyer cancels before paying.
    CancelledUnpaid,
    /// The buyer pays, and cancels before anybody but the provider knows.
    PaidWhileCancelling,
    /// The buyer's card is declined.
    Declined,
    /// The buyer never pays.
    TimedOut,
    /// The buyer pays in time, and the bank decides when that time is over. It is delivered.
    BankDecidesLate,
    /// It is paid; the producer has less of both lines, and the rest is delivered.
    LessDelivered,
    /// It is paid; the producer has less of both lines, and the buyer calls the rest off.
    LessCancelled,
}

impl Plot {
    /// A plot in which this step is done. Every step is here, so none can be added without being broken.
    pub fn with(step: Step) -> Self {
        match step {
            Step::HoldStock(_)
            | Step::RequestPayment
            | Step::ScheduleDelivery
            | Step::ConfirmOrder
            | Step::RecordPickup
            | Step::CommitHold(_)
            | Step::MarkDelivered => Self::Delivered,
            Step::RescheduleDelivery => Self::DeliveredAtLast,
            Step::GiveUpDelivery => Self::NeverAtHome,
            Step::CancelDelivery | Step::RefundPayment => Self::CancelledPaid,
            Step::WithdrawPayment | Step::ReleaseHold(_) => Self::CancelledUnpaid,
            Step::ExpireHold(_) => Self::TimedOut,
            Step::CancelOrder => Self::Declined,
            Step::RefundDifference(_) | Step::ReduceHold(_) => Self::LessDelivered,
        }
    }

    /// How long stock is held without payment.
    pub fn hold(self) -> TimeDelta {
        match self {
            Self::TimedOut => TimeDelta::milliseconds(150),
            // Long enough for the buyer, on a machine that is busy with other things.
            Self::BankDecidesLate => TimeDelta::milliseconds(2_500),
            _ => TimeDelta::minutes(30),
        }
    }

    /// How it ends.
    pub fn end(self) -> FulfilmentOutcome {
        let cancelled = |reason| FulfilmentOutcome::Cancelled { reason };
        match self {
            Self::Delivered
            | Self::RequestedTwice
            | Self::DeliveredAtLast
            | Self::BankDecidesLate
            | Self::LessDelivered => FulfilmentOutcome::Delivered,
            Self::NeverAtHome => FulfilmentOutcome::WrittenOff,
            Self::CancelledPaid | Self::CancelledUnpaid | Self::PaidWhileCancelling | Self::LessCancelled => {
                cancelled(CancelReason::BuyerRequest)
            }
            Self::Declined => cancelled(CancelReason::PaymentFailed),
            Self::TimedOut => cancelled(CancelReason::PaymentTimeout),
        }
    }

    /// Everybody does what they do, until this is dropped. What cannot be done now is tried again.
    pub async fn happen(self, market: &Market, order_id: OrderId) {
        loop {
            let order = market.order(order_id).await;
            self.buy(market, order_id, &order).await;
            self.have_less(market, order_id, &order).await;
            if !matches!(self.end(), FulfilmentOutcome::Cancelled { .. }) {
                self.bring(market, order_id, &order).await;
            }
            tokio::time::sleep(Duration::from_millis(8)).await;
        }
    }

    async fn buy(self, market: &Market, order_id: OrderId, order: &Order) {
        let may_pay =
            order.payment.status == PaymentStatus::Requested && order.status == OrderStatus::Pending;
        let card = match self {
            Self::TimedOut | Self::CancelledUnpaid => None,
            Self::Declined => Some("pm_card_chargeDeclined"),
            Self::BankDecidesLate => Some("pm_usBankAccount_processing"),
            _ => Some("pm_card_visa"),
        };
        if let (true, Some(card), Some(intent_id)) = (may_pay, card, &order.payment.intent_id)
            && let Ok(Some(intent)) = market.gateway.intent(intent_id).await
        {
            let _ = market.gateway.confirm(intent.client_secret.reveal(), card).await;
        }
        let cancels = match self {
            Self::CancelledPaid => order.status == OrderStatus::Confirmed,
            Self::CancelledUnpaid | Self::PaidWhileCancelling => may_pay,
            Self::LessCancelled => {
                order.status == OrderStatus::Confirmed && order.adjustments.len() == self.changes()
            }
            _ => false,
        };
        if cancels {
            let request = CancelRequest { order_id, by: Canceller::Buyer(buyer()), note: None };
            let _ = cancel(&market.commands(), request, by(buyer(), Role::Buyer)).await;
        }
        if let (Self::BankDecidesLate, Some(intent_id)) = (self, &order.payment.intent_id)
            && market.fulfilment(order_id).await.extended_until.is_some()
        {
            let _ = market.gateway.settle(intent_id, None).await;
        }
        if self == Self::PaidWhileCancelling {
            // The provider's message comes when the saga has asked by itself.
            let fulfilment = market.fulfilment(order_id).await;
            let asked = matches!(fulfilment.progress(Step::WithdrawPayment), Some(Progress::Refused(_)));
            market.keep_provider_quiet(order_id, !asked);
        }
    }

    /// How many lines become less.
    fn changes(self) -> usize {
        match self {
            Self::LessDelivered | Self::LessCancelled => 2,
            _ => 0,
        }
    }

    /// How much of each product leaves when two and one are ordered.
    pub fn leaves(self) -> [&'static str; 2] {
        if self.changes() == 0 { ["2", "1"] } else { ["0.5", "0.25"] }
    }

    /// The producer says so, of a confirmed order.
    async fn have_less(self, market: &Market, order_id: OrderId, order: &Order) {
        if self.changes() == 0 || order.status != OrderStatus::Confirmed {
            return;
        }
        let executor = market.commands().executor;
        for (line, left) in order.lines_now().zip(self.leaves()) {
            let quantity = Some(left.parse().unwrap());
            let (producer_id, product_id) = (producer(), line.product_id);
            let report = ReportLine { producer_id, product_id, quantity, total: None, note: None };
            let told = by(producer(), Role::Producer);
            let _ = executor.execute::<Order>(order_id.uuid(), report, told).await;
        }
    }

    /// The driver tells the order that the goods have left, and the delivery that they have come; that each hears the rest is
    /// up to the saga.
    async fn bring(self, market: &Market, order_id: OrderId, order: &Order) {
        let executor = market.commands().executor;
        let complete = order.adjustments.len() == self.changes();
        if complete && matches!(order.status, OrderStatus::Confirmed | OrderStatus::Processing) {
            let first = delivery_id(order_id, 1);
            let request = PrepareRequest { order_id, producer_id: producer() };
            let _ = prepare(&market.commands(), request, by(producer(), Role::Producer)).await;
            assign(market, order_id, 1).await;
            let ship = ShipOrder { delivery_id: first };
            let _ = executor.execute::<Order>(order_id.uuid(), ship, by(driver(), Role::Driver)).await;
        }
        for number in [1, 2] {
            let id = delivery_id(order_id, number);
            let delivery: Delivery = market.state(id.uuid()).await;
            let by_driver = || by(driver(), Role::Driver);
            if number == 2 && delivery.status == DeliveryStatus::Scheduled && delivery.scheduled.is_some() {
                assign(market, order_id, 2).await;
                let pick_up = PickUp { driver_id: driver() };
                let _ = executor.execute::<Delivery>(id.uuid(), pick_up, by_driver()).await;
            }
            if !matches!(delivery.status, DeliveryStatus::PickedUp | DeliveryStatus::InTransit) {
                continue;
            }
            let at_home = match self {
                Self::NeverAtHome => false,
                Self::DeliveredAtLast => number == 2,
                _ => true,
            };
            if at_home {
                let (signature, photo) = ("a buyer".to_owned(), "photo".to_owned());
                let complete = CompleteDelivery { driver_id: driver(), signature, photo };
                let _ = executor.execute::<Delivery>(id.uuid(), complete, by_driver()).await;
            } else {
                let fail = FailDelivery { driver_id: driver(), reason: "nobody at home".to_owned() };
                let _ = executor.execute::<Delivery>(id.uuid(), fail, by_driver()).await;
            }
        }
    }
}

async fn assign(market: &Market, order_id: OrderId, number: u32) {
    let assign = AssignDriver { driver_id: driver(), vehicle: None };
    let id = delivery_id(order_id, number).uuid();
    let executor = market.commands().executor;
    let _ = executor.execute::<Delivery>(id, assign, by(driver(), Role::Admin)).await;
}
