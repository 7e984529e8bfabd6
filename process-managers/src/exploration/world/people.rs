//! What buyers, producers, drivers and the provider do.

use super::*;

impl World {
    pub fn buyer_pays(&mut self) -> bool {
        let knows_how = self.order.payment.intent_id.is_some();
        let pays = knows_how && self.charge == Charge::Open;
        if pays {
            self.charge = Charge::Paid;
            self.webhooks.insert(Webhook::Captured);
        }
        pays
    }

    pub fn card_is_declined(&mut self) -> bool {
        let tries = self.order.payment.intent_id.is_some() && self.charge == Charge::Open;
        tries && self.webhooks.insert(Webhook::Declined)
    }

    /// Somebody gives the money back at the provider, past us.
    pub fn is_refunded_by_hand(&mut self) -> bool {
        let gives =
            self.charge == Charge::Paid && self.order.payment.status == PaymentStatus::RefundRequested;
        if gives {
            self.charge = Charge::Refunded;
            let left = self.order.left_of_captured().unwrap();
            self.give_back(Webhook::Refunded, left.hundredths());
        }
        gives
    }

    /// The driver's app tells the delivery once more that the goods were picked up.
    pub fn driver_records_the_pick_up(&mut self) -> bool {
        let driver_id = account(DRIVER);
        let on_the_way = self.order.status == OrderStatus::Shipped;
        on_the_way
            && self.deliveries.get(&1).is_some_and(|delivery| delivery.status == DeliveryStatus::Assigned)
            && self.ask_delivery(1, PickUp { driver_id }).is_ok()
    }

    /// The provider tells, perhaps again.
    pub fn told(&mut self, webhook: Webhook) {
        self.heard.insert(webhook);
        let (intent_id, provider_event_id) = (INTENT.to_owned(), format!("{webhook:?}"));
        let total = self.order.placed.as_ref().unwrap().total;
        let given = self.given(webhook).map(|given| Money::from_hundredths(given, total.currency()).unwrap());
        let amount = given.unwrap_or(total);
        let told = match webhook {
            Webhook::Captured => self.ask_order(CapturePayment { intent_id, amount, provider_event_id }),
            Webhook::Declined => {
                let code = "card_declined".to_owned();
                self.ask_order(DeclinePayment { intent_id, code, provider_event_id })
            }
            Webhook::Refunded => {
                let refund_id = "re_1".to_owned();
                let of = RefundOf::Rest;
                self.ask_order(ConfirmRefund { intent_id, refund_id, amount, provider_event_id, of })
            }
            Webhook::Difference(adjustment) => {
                let (refund_id, of) =
                    (format!("re_difference_{adjustment}"), RefundOf::Difference(adjustment));
                self.ask_order(ConfirmRefund { intent_id, refund_id, amount, provider_event_id, of })
            }
        };
        assert_eq!(told, Ok(()), "{webhook:?}");
    }

    pub fn buyer_cancels(&mut self) -> bool {
        self.ask_order(CancelOrder { by: Canceller::Buyer(account(BUYER)), note: None }).is_ok()
    }

    /// The producer has so many thousandths of the `n`-th product left; the order goes on with that, or is called off.
    pub fn producer_has(&mut self, n: usize, thousandths: i64) -> bool {
        let quantity = Some(Quantity::from_thousandths(thousandths).unwrap());
        let (producer_id, product_id) = (account(PRODUCER), product_id(n));
        let command = ReportLine { producer_id, product_id, quantity, total: None, note: None };
        self.changes_something(command)
    }

    /// The buyer calls off what is left of the `n`-th product.
    pub fn buyer_cancels_line(&mut self, n: usize) -> bool {
        let by = LineCanceller::Buyer(account(BUYER));
        self.changes_something(CancelLine { by, product_id: product_id(n), note: None })
    }

    fn changes_something(&mut self, command: impl Into<OrderCommand>) -> bool {
        let before = self.order.clone();
        self.ask_order(command).is_ok() && before != self.order
    }

    /// Producers prepare, an admin assigns a driver, the driver comes; `recorded`: and the pick-up reaches the delivery.
    pub fn driver_comes(&mut self, n: u32, recorded: bool) -> bool {
        let (driver_id, id) = (account(DRIVER), delivery_id(self.order_id, n));
        let mut after = self.clone();
        let came = after.ask_order(PrepareLines { producer_id: account(PRODUCER) }).is_ok() || n > 1;
        let came = came
            && after.ask_delivery(n, AssignDriver { driver_id, vehicle: None }).is_ok()
            && after.ask_order(ShipOrder { delivery_id: id }).is_ok()
            && (!recorded || after.ask_delivery(n, PickUp { driver_id }).is_ok());
        if came {
            *self = after;
        }
        came
    }

    /// `told_order`: and the order is told, too.
    pub fn driver_delivers(&mut self, n: u32, told_order: bool) -> bool {
        let command = agrodeep_domain::delivery::CompleteDelivery {
            driver_id: account(DRIVER),
            signature: "a buyer".to_owned(),
            photo: "photo".to_owned(),
        };
        let id = delivery_id(self.order_id, n);
        self.deliveries.get(&n).is_some_and(|delivery| delivery.status.on_the_way())
            && self.ask_delivery(n, command).is_ok()
            && (!told_order || self.ask_order(DeliverOrder { delivery_id: id }).is_ok())
    }

    pub fn driver_fails(&mut self, n: u32) -> bool {
        let command = FailDelivery { driver_id: account(DRIVER), reason: "nobody at home".to_owned() };
        self.deliveries.get(&n).is_some_and(|delivery| delivery.status.on_the_way())
            && self.ask_delivery(n, command).is_ok()
    }
}
