use std::{collections::HashSet, fmt};

use chrono::{DateTime, NaiveDate, Utc};

use super::{Conductor, DeliveryAgreed, Order, OrderEvent, OrderLine, OrderPlaced, OrderRefusal};
use crate::{AccountId, Address, OrderId, OrderNumber, Personal};

/// The most lines an order may have.
pub const LINES_MAX: usize = 200;

/// Buy these products. Prices are those of the products at this moment; the caller has looked them up.
#[derive(Clone, PartialEq)]
pub struct PlaceOrder {
    /// The order's id.
    pub order_id: OrderId,
    /// Its number.
    pub number: OrderNumber,
    /// Who buys.
    pub buyer_id: AccountId,
    /// What; each product once.
    pub lines: Vec<OrderLine>,
    /// Where it goes.
    pub shipping_address: Address,
    /// Who is billed, when not the same.
    pub billing_address: Option<Address>,
    /// The day the buyer would like it.
    pub preferred_delivery_date: Option<NaiveDate>,
    /// What its producers' terms have led to; the caller has looked them up. `None`: none of them has any.
    pub agreed_delivery: Option<DeliveryAgreed>,
    /// What the buyer wishes for the whole order.
    pub notes: Option<String>,
    /// Until when stock is held for it without payment.
    pub expires_at: DateTime<Utc>,
    /// Who conducts its fulfilment.
    pub conductor: Conductor,
}

/// Personal data stays hidden.
impl fmt::Debug for PlaceOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlaceOrder")
            .field("order_id", &self.order_id)
            .field("number", &self.number)
            .field("buyer_id", &self.buyer_id)
            .field("lines", &self.lines)
            .field("expires_at", &self.expires_at)
            .field("conductor", &self.conductor)
            .finish_non_exhaustive()
    }
}

impl Order {
    pub(super) fn place(&self, command: &PlaceOrder) -> Result<Vec<OrderEvent>, OrderRefusal> {
        if self.placed.is_some() {
            return Err(OrderRefusal::AlreadyPlaced);
        }
        let Some(first) = command.lines.first() else {
            return Err(OrderRefusal::NoLines);
        };
        if command.lines.len() > LINES_MAX {
            return Err(OrderRefusal::TooManyLines { max: LINES_MAX });
        }
        let mut seen = HashSet::new();
        let mut total = crate::Money::zero(first.unit_price.currency());
        for line in &command.lines {
            if line.quantity.is_zero() {
                return Err(OrderRefusal::NoQuantity(line.product_id));
            }
            if !seen.insert(line.product_id) {
                return Err(OrderRefusal::DuplicateProduct(line.product_id));
            }
            let expected = line.unit_price.times(line.quantity)?;
            if line.total != expected {
                return Err(OrderRefusal::OtherAmount { expected });
            }
            total = total.plus(line.total)?;
        }
        // Little of something cheap is rounded to nothing, and no provider takes a payment of nothing.
        if total.is_zero() {
            return Err(OrderRefusal::NothingToPay);
        }
        let mut events = vec![
            OrderPlaced {
                order_id: command.order_id,
                number: command.number,
                buyer_id: command.buyer_id,
                lines: command.lines.clone(),
                total,
                shipping_address: Personal::new(command.shipping_address.clone()),
                billing_address: command.billing_address.clone().map(Personal::new),
                preferred_delivery_date: command.preferred_delivery_date,
                notes: command.notes.clone().map(Personal::new),
                expires_at: command.expires_at,
                conductor: command.conductor,
            }
            .into(),
        ];
        events.extend(command.agreed_delivery.clone().map(OrderEvent::from));
        Ok(events)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{
        Money, Quantity,
        delivery::DeliveryWindow,
        fixtures::*,
        money::MoneyError,
        order::{PaymentStatus, fixtures::*},
        testing::given,
    };

    fn with_lines(lines: Vec<OrderLine>) -> PlaceOrder {
        PlaceOrder { lines, ..place() }
    }

    #[test]
    fn an_order_is_placed_with_the_sum_of_its_lines() {
        given::<Order>([]).when(place()).then([placed()]);
    }

    #[test]
    fn an_order_keeps_the_day_that_was_agreed_on() {
        let agreed = DeliveryAgreed { day: day(), window: DeliveryWindow::of_day(day()) };
        let command = PlaceOrder { agreed_delivery: Some(agreed.clone()), ..place() };
        given::<Order>([]).when(command).then([placed(), agreed.clone().into()]);
        assert_eq!(order(vec![placed(), agreed.clone().into()]).agreed_delivery, Some(agreed));
        assert_eq!(order(vec![placed()]).agreed_delivery, None);
    }

    #[test]
    fn a_placed_order_is_pending_and_not_paid() {
        let order = order(vec![placed()]);
        assert_eq!(order.status.as_str(), "pending");
        assert_eq!(order.payment.status, PaymentStatus::None);
        assert_eq!(order.producers().into_iter().collect::<Vec<_>>(), [marie(), paul()]);
        assert!(!order.ready_for_pickup());
    }

    #[test]
    fn a_billing_address_is_kept_beside_the_shipping_address() {
        let command = PlaceOrder { billing_address: Some(address()), ..place() };
        let OrderEvent::OrderPlaced(mut expected) = placed() else { unreachable!() };
        expected.billing_address = Some(address().into());
        given::<Order>([]).when(command).then([expected.into()]);
    }

    #[test]
    fn an_order_is_placed_only_once() {
        given::<Order>([placed()]).when(place()).then_refused(OrderRefusal::AlreadyPlaced);
    }

    #[test]
    fn an_order_without_lines_is_refused() {
        given::<Order>([]).when(with_lines(vec![])).then_refused(OrderRefusal::NoLines);
    }

    #[test]
    fn an_order_has_at_most_two_hundred_lines() {
        let lines = |n: u128| (0..n).map(|i| line(i, marie(), "1", "1.00 EUR")).collect();
        let allowed = given::<Order>([]).when(with_lines(lines(200)));
        allowed.then([{
            let OrderEvent::OrderPlaced(mut event) = placed() else { unreachable!() };
            (event.lines, event.total) = (lines(200), money("200.00 EUR"));
            event.into()
        }]);
        given::<Order>([])
            .when(with_lines(lines(201)))
            .then_refused(OrderRefusal::TooManyLines { max: LINES_MAX });
    }

    #[test]
    fn a_line_of_nothing_is_refused() {
        let empty = OrderLine { quantity: Quantity::ZERO, ..line(10, marie(), "1", "4.50 EUR") };
        given::<Order>([])
            .when(with_lines(vec![empty]))
            .then_refused(OrderRefusal::NoQuantity(product_id(10)));
    }

    #[test]
    fn a_product_stands_in_one_line_only() {
        let lines = vec![line(10, marie(), "1", "4.50 EUR"), line(10, marie(), "2", "4.50 EUR")];
        given::<Order>([])
            .when(with_lines(lines))
            .then_refused(OrderRefusal::DuplicateProduct(product_id(10)));
    }

    #[test]
    fn a_line_must_cost_its_price_times_its_quantity() {
        let wrong = OrderLine { total: money("11.24 EUR"), ..line(10, marie(), "2.5", "4.50 EUR") };
        given::<Order>([])
            .when(with_lines(vec![wrong]))
            .then_refused(OrderRefusal::OtherAmount { expected: money("11.25 EUR") });
    }

    #[test]
    fn a_line_must_cost_in_the_currency_of_its_price() {
        let wrong = OrderLine { total: money("11.25 USD"), ..line(10, marie(), "2.5", "4.50 EUR") };
        given::<Order>([])
            .when(with_lines(vec![wrong]))
            .then_refused(OrderRefusal::OtherAmount { expected: money("11.25 EUR") });
    }

    #[test]
    fn two_currencies_in_one_order_are_refused() {
        let lines = vec![line(10, marie(), "1", "4.50 EUR"), line(11, paul(), "1", "4.50 USD")];
        let mixed = MoneyError::Mixed("EUR".parse().unwrap(), "USD".parse().unwrap());
        given::<Order>([]).when(with_lines(lines)).then_refused(OrderRefusal::Money(mixed));
    }

    #[test]
    fn an_order_that_is_too_dear_to_write_down_is_refused() {
        let most = Money::from_hundredths(Money::HUNDREDTHS_MAX, "EUR".parse().unwrap()).unwrap();
        let dear = |n| OrderLine { unit_price: most, total: most, ..line(n, marie(), "1", "1.00 EUR") };
        given::<Order>([])
            .when(with_lines(vec![dear(10), dear(11)]))
            .then_refused(OrderRefusal::Money(MoneyError::Range));
        let twice = OrderLine { quantity: quantity("2"), ..dear(10) };
        given::<Order>([]).when(with_lines(vec![twice])).then_refused(OrderRefusal::Money(MoneyError::Range));
    }

    #[test]
    fn an_order_that_costs_nothing_is_refused() {
        given::<Order>([])
            .when(with_lines(vec![line(10, marie(), "0.001", "0.01 EUR")]))
            .then_refused(OrderRefusal::NothingToPay);
    }

    #[test]
    fn a_line_that_costs_nothing_may_stand_beside_one_that_costs_something() {
        let lines = vec![line(10, marie(), "0.001", "0.01 EUR"), line(11, paul(), "1", "0.75 EUR")];
        let OrderEvent::OrderPlaced(mut expected) = placed() else { unreachable!() };
        (expected.lines, expected.total) = (lines.clone(), money("0.75 EUR"));
        given::<Order>([]).when(with_lines(lines)).then([expected.into()]);
    }

    #[test]
    fn the_command_keeps_quiet_about_the_buyer() {
        let mut command = PlaceOrder { notes: Some(CANARY.to_owned()), ..place() };
        command.shipping_address.street = CANARY.to_owned();
        command.billing_address = Some(command.shipping_address.clone());
        command.lines[0].notes = Some(CANARY.to_owned().into());
        assert_keeps_quiet(&command);
        assert_keeps_quiet(&Order::default().place(&command).unwrap());
    }
}
