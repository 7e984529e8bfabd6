//! One cell: one order, one place at which one thing breaks, and what must be so afterwards.

use std::{collections::BTreeSet, fmt, sync::Arc};

use agrodeep_commands::sagas::SagaDesk;
use agrodeep_commands::{
    CommandSettings,
    order::{PlaceRequest, place},
};
use agrodeep_domain::{OrderId, ProductId, Quantity, Role, order::PaymentStatus};
use agrodeep_process_managers::{
    OrderFulfilment,
    faults::{arm, perform_again},
    order_fulfilment::{FulfilmentOutcome, Intervention, Progress, Refusal, Step, WhenRefused},
    release_lease,
};
use tokio_util::task::AbortOnDropHandle;

use super::{
    super::{
        life::Life,
        market::{CONDUCTOR, Market, Running, buyer, by, driver, eventually},
        shopping::basket,
    },
    breakage::{Breakage, LATE, Runners},
    invariants,
    plot::Plot,
};

/// Of the two products that are ordered: how much is there.
const STOCK: [i64; 2] = [7, 5];

/// What breaks where, and what happens to the order meanwhile.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    pub what: &'static str,
    pub which: &'static str,
    pub plot: Plot,
    pub breakage: Breakage,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{} {:?}, {:?}", self.what, self.which, self.breakage, self.plot)
    }
}

impl Cell {
    /// Plays it, with these safeguards off, and checks what must be so. Gives the names of all steps that were planned.
    pub async fn play(self, market: Arc<Market>, without: &'static [&'static str]) -> BTreeSet<&'static str> {
        let products = [market.product("7").await, market.product("5").await];
        let order_id = self.place(&market, products).await;
        let _off: Vec<_> = without.iter().map(|name| arm(order_id.uuid(), name, "", u32::MAX)).collect();
        let _before = (self.plot == Plot::RequestedTwice)
            .then(|| arm(order_id.uuid(), "saga::after_gateway::create_intent", "error", 1));
        let (side, fault, times) = self.breakage.fault();
        let armed =
            arm(order_id.uuid(), &format!("saga::{side}_{}::{}", self.what, self.which), &fault, times);

        let mut runners = vec![self.run(&market).await];
        let others = {
            let market = Arc::clone(&market);
            AbortOnDropHandle::new(tokio::spawn(async move { self.plot.happen(&market, order_id).await }))
        };
        let in_time = tokio::time::timeout(super::super::market::PATIENCE, armed.hit(1));
        assert!(in_time.await.is_ok(), "{self}: the point is never passed");
        match self.breakage.runners() {
            Runners::One => {}
            Runners::Killed => {
                runners.remove(0).kill().await;
                release_lease(market.database.pool()).await.unwrap();
                runners.push(self.run(&market).await);
            }
            paused @ (Runners::Paused | Runners::PausedToTheEnd) => {
                release_lease(market.database.pool()).await.unwrap();
                runners.push(self.run(&market).await);
                let to_the_end = paused == Runners::PausedToTheEnd || self.what != "effect";
                market
                    .until(order_id.uuid(), |state: &OrderFulfilment| {
                        state.outcome.is_some() || (!to_the_end && self.is_settled(state))
                    })
                    .await;
                armed.resume();
            }
        }
        self.ended(&market, order_id).await;
        if self.breakage == Breakage::LateSuccess {
            // Until what was given up has taken effect.
            tokio::time::sleep(LATE).await;
        }
        if self.breakage.runners() != Runners::One {
            // Until who was paused has said what came of it.
            tokio::time::sleep(std::time::Duration::from_millis(30)).await;
        }
        self.ended(&market, order_id).await;
        drop(others);
        if self.breakage == Breakage::TechnicalError || self.breakage == Breakage::KeepsFailing {
            assert_eq!(armed.hits(), times, "{self}");
        }
        self.check(&market, order_id, products).await;
        self.everything_again(&market, order_id).await;
        self.check(&market, order_id, products).await;
        for running in runners {
            running.stop().await;
        }
        market.planned(order_id).await.iter().map(|step| step.name()).collect()
    }

    async fn place(self, market: &Market, [apples, pears]: [ProductId; 2]) -> OrderId {
        let mut commands = market.commands();
        commands =
            commands.with_settings(CommandSettings { hold: self.plot.hold(), ..CommandSettings::default() });
        let wanted: PlaceRequest = basket(&[(apples, "2"), (pears, "1")], CONDUCTOR);
        place(&commands, wanted, by(buyer(), Role::Buyer)).await.unwrap().order.order_id
    }

    async fn run(self, market: &Market) -> Running {
        market.run_with(Life::eternal(), self.breakage.settings()).await
    }

    /// Whether what breaks has been done, or can no longer be, by somebody.
    fn is_settled(self, state: &OrderFulfilment) -> bool {
        let mut of_this = state.effects.iter().filter(|(step, _)| step.name() == self.which).peekable();
        of_this.peek().is_some() && of_this.all(|(_, progress)| !matches!(progress, Progress::Pending { .. }))
    }

    /// How it must end.
    fn end(self) -> FulfilmentOutcome {
        let step = super::steps().into_iter().find(|step| step.name() == self.which);
        if let (Breakage::Refused, Some(step)) = (self.breakage, step) {
            match step.when_refused(&Refusal::Because(String::new())) {
                WhenRefused::Unwind(reason) => return FulfilmentOutcome::Cancelled { reason },
                WhenRefused::GiveUpDelivery => return FulfilmentOutcome::WrittenOff,
                WhenRefused::Park | WhenRefused::AwaitFact => {}
            }
        }
        self.plot.end()
    }

    /// Waits for the end. What is parked meanwhile a person sees, and has it tried once more.
    async fn ended(self, market: &Market, order_id: OrderId) -> OrderFulfilment {
        loop {
            let state: OrderFulfilment = market
                .until(order_id.uuid(), |state: &OrderFulfilment| {
                    state.outcome.is_some() || state.parked().next().is_some()
                })
                .await;
            let Some(step) = state.parked().next() else { return state };
            let parks = matches!(self.breakage, Breakage::Refused | Breakage::KeepsFailing);
            assert!(parks, "{self}: {step} is parked");
            let row = format!(
                "order_fulfilments where order_id = '{}' and '{step}' = any(parked)",
                order_id.uuid()
            );
            eventually(&format!("{self}: a person sees {step}"), || async { market.count(&row).await == 1 })
                .await;
            let again = Intervention::Retry { step: Some(step), reason: None };
            let desk = SagaDesk::new(market.commands().executor);
            desk.decide(order_id, again, by(driver(), Role::Admin)).await.unwrap();
        }
    }

    /// What must be so afterwards: in the log, at the provider, in the books.
    async fn check(self, market: &Market, order_id: OrderId, products: [ProductId; 2]) {
        let (state, order) = (market.fulfilment(order_id).await, market.order(order_id).await);
        assert_eq!(state.outcome, Some(self.end()), "{self}");
        let pending = |progress: &Progress| matches!(progress, Progress::Pending { .. } | Progress::Parked);
        assert!(!state.effects.values().any(pending), "{self}: in flight for ever: {:?}", state.effects);
        assert!(state.deadlines().is_empty(), "{self}: it waits after its end");

        let sold = !matches!(self.end(), FulfilmentOutcome::Cancelled { .. });
        for ((product_id, stock), leaves) in products.into_iter().zip(STOCK).zip(self.plot.leaves()) {
            let leaves = if sold { leaves.parse().unwrap() } else { Quantity::ZERO };
            let left = Quantity::whole(stock).unwrap().saturating_sub(leaves);
            assert_eq!(market.stock(product_id).await, (left.to_string(), "0".to_owned()), "{self}");
        }
        let total = order.placed.as_ref().unwrap().total;
        if self.end() == FulfilmentOutcome::Delivered {
            let entry = market.ledger(order_id).await.unwrap();
            assert_eq!((entry.intents, entry.charges), (1, 1), "{self}: {entry:?}");
            assert_eq!(entry.captured, total, "{self}");
            let kept = order.left_of_captured().unwrap();
            assert_eq!(entry.refunded, total.minus(kept).unwrap(), "{self}: {entry:?}");
            assert_eq!(entry.refunded.is_zero(), order.adjustments.is_empty(), "{self}: {entry:?}");
            assert_eq!(order.payment.status, PaymentStatus::Captured, "{self}");
        } else {
            let refunded = order.payment.status == PaymentStatus::Refunded;
            let entry = market.ledger(order_id).await;
            let given_back = entry.is_some_and(|entry| entry.refunded == total && entry.captured == total);
            assert_eq!(refunded, given_back, "{self}: the ledger says otherwise: {:?}", order.payment);
            market.nets_to_zero(order_id).await;
        }
        let planned = market.planned(order_id).await;
        let once: BTreeSet<Step> = planned.iter().copied().collect();
        assert_eq!(once.len(), planned.len(), "{self}: planned twice: {planned:?}");
        invariants::check_order(market, order_id).await;
        for table in ["order_fulfilments", "order_fulfilment_deadlines"] {
            let rows = format!("{table} where order_id = '{}'", order_id.uuid());
            eventually(&format!("{self}: no rows are left"), || async { market.count(&rows).await == 0 })
                .await;
        }
        market.caught_up().await;
    }

    /// Everything that was done is done again, by somebody who knows nothing of that.
    async fn everything_again(self, market: &Market, order_id: OrderId) {
        let state = market.fulfilment(order_id).await;
        let head = market.log.head().await.unwrap();
        for (step, progress) in &state.effects {
            if *progress == Progress::Done {
                let again = perform_again(&market.commands(), &state, *step).await;
                assert!(again.is_ok(), "{self}: {step} again: {again:?}");
            }
        }
        let after = market.log.head().await.unwrap();
        assert_eq!(head, after, "{self}: done again, something was appended");
    }
}
