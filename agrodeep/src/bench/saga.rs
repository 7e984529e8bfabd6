//! `agrodeep bench saga`: orders a second from the request to `confirmed` and to `delivered`, and where the time goes.

mod buyer;
mod news;
mod stages;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Args;
use indicatif::ProgressBar;

use self::{
    buyer::{Goal, Shop, buy},
    news::News,
    stages::Stages,
};
use super::{
    contest::{Effort, settle},
    database::{BenchServer, PrivatePlace},
    durations::Latencies,
    market::Market,
    measured::{Measured, Round},
    outcome::Outcome,
    processor::ProcessorTime,
    subjects::ours::Ours,
    workload::{Subject, drive},
};

/// How long nothing counts at first.
const WARM_UP: Duration = Duration::from_secs(2);

/// The whole house, from the request to the read model.
const HOUSE: &str = "agrodeep up";

/// One-event commands of the same process as the benchmark: what the log takes at most from as many at once.
const CEILING: &str = "append ceiling";

/// Orders a second, from the request to `confirmed` and to `delivered`, beside what the log takes
#[derive(Args, Debug)]
pub struct SagaBench {
    /// How many buyers order at the same time
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub clients: u32,
    #[command(flatten)]
    pub effort: Effort,
    #[command(flatten)]
    pub place: PrivatePlace,
    /// Print one JSON line a figure instead of tables
    #[arg(long)]
    pub json: bool,
}

/// What is gathered over all rounds.
#[derive(Default)]
struct Gathered {
    /// By goal and stage, in the order of the order's way.
    stages: BTreeMap<(Goal, usize), Measured>,
    /// Events and processor time of the rounds to `confirmed`, by whose it was.
    confirmed: PerOrder,
    delivered: PerOrder,
}

#[derive(Clone, Copy, Default)]
struct PerOrder {
    orders: u64,
    events: u64,
    processor: ProcessorTime,
}

impl SagaBench {
    pub async fn measure(&self) -> anyhow::Result<Outcome> {
        let clients = self.clients as usize;
        let ceiling_server = BenchServer::private(&self.place).await?;
        let ceiling: Arc<dyn Subject> =
            Arc::new(Ours::open(&ceiling_server.database("bench_ceiling").await?.url).await?);
        let market = Market::start(&self.place).await?;
        let shop = Arc::new(Shop::open(&market).await?);
        let news = News::follow(&shop).await?;

        let figure = |mix: &str, subject: &str| Measured {
            bench: "saga",
            mix: mix.to_owned(),
            subject: subject.to_owned(),
            writers: clients,
            rounds: vec![],
        };
        let mut append = figure("one-event commands", CEILING);
        let mut whole: Vec<(Goal, Measured)> =
            Goal::ALL.map(|goal| (goal, figure(goal.name(), HOUSE))).into();
        let mut gathered = Gathered::default();
        let progress = ProgressBar::new(u64::from(self.effort.rounds + 1) * (1 + whole.len() as u64));
        for round in 0..=self.effort.rounds {
            let duration = if round == 0 { WARM_UP } else { self.effort.duration() };
            settle().await?;
            let (latencies, elapsed) = drive(&ceiling, &[], clients, duration).await?;
            if round > 0 {
                append.rounds.push(Round::of(latencies, elapsed));
            }
            progress.inc(1);
            for (goal, figure) in &mut whole {
                settle().await?;
                let came = self.round(&market, &shop, &news, *goal, duration).await?;
                if round > 0 {
                    figure.rounds.push(came.whole);
                    gathered.add(*goal, clients, came);
                }
                progress.inc(1);
            }
        }
        progress.finish_and_clear();
        Ok(self.outcome(append, whole, gathered, shop.products()))
    }

    async fn round(
        &self,
        market: &Market,
        shop: &Arc<Shop>,
        news: &News,
        goal: Goal,
        duration: Duration,
    ) -> anyhow::Result<Came> {
        let head = shop.head().await?;
        let before = market.processor_time()?;
        let began = Instant::now();
        let end = began + duration;
        let buyers: Vec<_> =
            (0..self.clients).map(|_| tokio::spawn(buy(shop.clone(), news.clone(), goal, end))).collect();
        let mut latencies = Latencies::default();
        for buyer in buyers {
            latencies.merge(buyer.await??);
        }
        let elapsed = began.elapsed();
        let processor = market.processor_time()?.since(before);
        let stages = Stages::of(shop, head).await?;
        Ok(Came { whole: Round::of(latencies, elapsed), stages, processor, elapsed })
    }

    fn outcome(
        &self,
        append: Measured,
        whole: Vec<(Goal, Measured)>,
        gathered: Gathered,
        products: usize,
    ) -> Outcome {
        let method = format!(
            "`agrodeep up --demo` as a process of its own, on the embedded default: both APIs, the process managers, all read \
             models. {clients} buyers, each with one order at a time: `POST /v1/orders` for two of {products} products, the payment's \
             intent, the confirmation at the simulated provider, whose signed webhook comes over HTTP. *To `confirmed`* ends when \
             a reader of `/v1/events` is told `OrderConfirmed`; *to `delivered`* goes on at once with producer, admin and driver \
             (`/process`, `/assign`, `/pickup`, `/deliver`), and ends with `OrderDelivered`. Rows below each are its stages, from \
             one event to the next in the log, by the database's clock; they are of the same orders, so their rate is the same. \
             *{CEILING}*: one-event commands from as many writers to a log of its own, in turn with the others. {rounds} rounds of \
             {seconds} s each, after a warm-up; buyers, house and PostgreSQL share the same cores.",
            clients = self.clients,
            rounds = self.effort.rounds,
            seconds = self.effort.seconds,
        );
        let ceiling = append.per_second().median;
        let mut figures = vec![append];
        let mut facts = Vec::new();
        for (goal, figure) in whole {
            let per_order = gathered.per_order(goal);
            let orders = per_order.orders.max(1) as f64;
            let events = per_order.events as f64 / orders;
            facts.push((format!("{}: events an order", goal.name()), events, ""));
            let share = 100.0 * figure.per_second().median * events / ceiling.max(1.0);
            facts.push((format!("{}: events a second, of the {CEILING}", goal.name()), share, " %"));
            for (whose, time) in per_order.processor.parts() {
                let what = format!("{}: processor time an order, {whose}", goal.name());
                facts.push((what, time.as_secs_f64() * 1000.0 / orders, " ms"));
            }
            figures.push(figure);
            figures.extend(
                gathered.stages.iter().filter(|((of, _), _)| *of == goal).map(|(_, stage)| stage.clone()),
            );
        }
        let mut outcome = Outcome::new("saga", "The order saga", method, figures);
        outcome.asking = "clients";
        for (what, value, unit) in facts {
            outcome.fact(what, value, unit);
        }
        outcome
    }
}

/// What came of a round.
struct Came {
    whole: Round,
    stages: Stages,
    processor: ProcessorTime,
    elapsed: Duration,
}

impl Gathered {
    fn add(&mut self, goal: Goal, clients: usize, came: Came) {
        let per_order = match goal {
            Goal::Confirmed => &mut self.confirmed,
            Goal::Delivered => &mut self.delivered,
        };
        per_order.orders += came.whole.commands as u64;
        per_order.events += came.stages.events;
        per_order.processor.add(came.processor);
        for (number, (name, latencies)) in came.stages.latencies(goal).into_iter().enumerate() {
            let stage = self.stages.entry((goal, number)).or_insert_with(|| Measured {
                bench: "saga",
                mix: format!("… {}", goal.name()),
                subject: name.to_owned(),
                writers: clients,
                rounds: vec![],
            });
            stage.rounds.push(Round::of(latencies, came.elapsed));
        }
    }

    fn per_order(&self, goal: Goal) -> PerOrder {
        match goal {
            Goal::Confirmed => self.confirmed,
            Goal::Delivered => self.delivered,
        }
    }
}
