//! Stock, whatever is asked of a product in whatever order.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use chrono::Duration;
use proptest::prelude::*;

use super::{fixtures::*, *};
use crate::{fixtures::*, properties::ask_all};

/// Few orders and small quantities, so that commands meet: stock runs out, holds are asked for twice.
fn command() -> impl Strategy<Value = ProductCommand> {
    let thousandths = |n| Quantity::from_thousandths(n).unwrap();
    let amount = || (0..=12_000i64).prop_map(thousandths);
    let order = || (1..=4u128).prop_map(order_id);
    let producer = || prop_oneof![9 => Just(marie()), 1 => Just(paul())];
    let price = || prop_oneof![Just("4.50 EUR"), Just("5.00 EUR"), Just("0.00 EUR"), Just("4.50 USD")];
    prop_oneof![
        2 => amount().prop_map(|stock| CreateProduct { stock, ..create() }.into()),
        6 => (order(), amount()).prop_map(|(order_id, quantity)| HoldStock { order_id, quantity, ..hold(1, "1") }.into()),
        3 => order().prop_map(|order_id| ReleaseHold { order_id }.into()),
        3 => (order(), -60..=60i64).prop_map(|(order_id, minutes)| {
            let at = hold(1, "1").expires_at + Duration::minutes(minutes);
            ExpireHold { order_id, at }.into()
        }),
        3 => order().prop_map(|order_id| CommitHold { order_id }.into()),
        3 => (order(), amount()).prop_map(|(order_id, quantity)| ReduceHold { order_id, quantity }.into()),
        3 => (producer(), amount()).prop_map(|(producer_id, on_hand)| CountStock { producer_id, on_hand }.into()),
        1 => (producer(), price()).prop_map(|(producer_id, price)| {
            RepriceProduct { producer_id, price: money(price) }.into()
        }),
        1 => producer().prop_map(|producer_id| {
            DescribeProduct { producer_id, details: ProductDetails { is_organic: false, ..details() } }.into()
        }),
        1 => (producer(), price(), amount()).prop_map(|(producer_id, price, on_hand)| {
            UpdateProduct { producer_id, details: None, price: Some(money(price)), on_hand: Some(on_hand) }.into()
        }),
    ]
}

fn commands() -> impl Strategy<Value = Vec<ProductCommand>> {
    // Delisting ends most of a product's life, so it comes late if at all.
    (proptest::collection::vec(command(), 0..80), any::<bool>(), proptest::collection::vec(command(), 0..10))
        .prop_map(|(mut commands, delist, after)| {
            if delist {
                commands.push(DelistProduct { producer_id: marie() }.into());
            }
            commands.extend(after);
            commands
        })
}

/// Stock as one would keep it on paper, in thousandths.
#[derive(Default)]
struct Paper {
    on_hand: i64,
    holds: BTreeMap<OrderId, i64>,
}

impl Paper {
    fn write(&mut self, event: &ProductEvent) {
        match event {
            ProductEvent::ProductCreated(event) => self.on_hand = event.stock.thousandths(),
            ProductEvent::StockCounted(event) => self.on_hand = event.on_hand.thousandths(),
            ProductEvent::StockHeld(event) => {
                assert_eq!(
                    self.holds.insert(event.order_id, event.quantity.thousandths()),
                    None,
                    "held twice"
                );
            }
            ProductEvent::HoldReleased(HoldReleased { order_id, quantity })
            | ProductEvent::HoldExpired(HoldExpired { order_id, quantity }) => {
                assert_eq!(self.holds.remove(order_id), Some(quantity.thousandths()));
            }
            ProductEvent::HoldCommitted(event) => {
                assert_eq!(self.holds.remove(&event.order_id), Some(event.quantity.thousandths()));
                self.on_hand -= event.quantity.thousandths();
            }
            ProductEvent::HoldReduced(event) => {
                let held = self.holds.get_mut(&event.order_id).unwrap();
                assert!(event.quantity.thousandths() > 0, "a hold of nothing");
                *held -= event.freed.thousandths();
                assert_eq!(*held, event.quantity.thousandths());
            }
            ProductEvent::ProductDescribed(_)
            | ProductEvent::ProductRepriced(_)
            | ProductEvent::ProductDelisted(_) => {}
        }
    }

    fn held(&self) -> i64 {
        self.holds.values().sum()
    }
}

proptest! {
    #[test]
    fn nothing_is_oversold_at_any_moment(commands in commands()) {
        let mut paper = Paper::default();
        ask_all::<Product>(&commands, |_, event, product| {
            paper.write(event);
            assert!(paper.on_hand - paper.held() >= 0, "oversold by {event:?}");
            assert_eq!(product.on_hand.thousandths(), paper.on_hand);
            assert_eq!(product.held.thousandths(), paper.held());
            assert_eq!(product.available().thousandths(), paper.on_hand - paper.held());
            let holds: BTreeMap<_, _> =
                product.holds.iter().map(|(order, hold)| (*order, hold.quantity.thousandths())).collect();
            assert_eq!(holds, paper.holds);
        });
    }

    #[test]
    fn no_hold_outlives_its_release_expiry_or_commit(commands in commands()) {
        ask_all::<Product>(&commands, |before, event, after| {
            if let ProductEvent::HoldReleased(HoldReleased { order_id, .. })
            | ProductEvent::HoldExpired(HoldExpired { order_id, .. })
            | ProductEvent::HoldCommitted(HoldCommitted { order_id, .. }) = event
            {
                assert!(before.holds.contains_key(order_id) && !after.holds.contains_key(order_id));
            }
        });
    }
}
