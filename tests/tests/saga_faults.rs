//! Orders from eight clients while the process managers' process is broken at random at every fault point, killed by
//! `kill -9` every few seconds, and stands still past its lease now and then: nothing is lost, nobody is charged twice,
//! nothing is oversold, nothing is stuck. See `docs/faults.md`.

mod saga_faults {
    pub mod shop;
}

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use agrodeep_domain::order::OrderStatus;
use agrodeep_event_store::postgres::testing::TestDatabase;
use agrodeep_process_managers::faults::points;
use agrodeep_tests::{checker, client::Client, processes::Processes};
use rand::{Rng, SeedableRng, rngs::StdRng};
use saga_faults::shop::{Crew, Told, shop};

const CLIENTS: usize = 8;
const PART: &str = "process-managers";
/// At how many of 1,000 passes of a fault point something goes wrong.
const PER_MILLE: u32 = 10;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().expect(name))
}

/// The process managers, and all that happens to their process.
struct Victim {
    processes: Processes,
    seed: u64,
    lives: u32,
    kills: u32,
    pauses: u32,
    died: u32,
    running: u32,
}

impl Victim {
    fn start(&mut self) {
        self.lives += 1;
        let (seed, life) = (self.seed, self.lives);
        let mut faults = format!("faults::random=return(seed:{seed},life:{life},per_mille:{PER_MILLE})");
        // A safeguard that is taken away: then this must fail.
        if let Ok(safeguard) = std::env::var("AGRODEEP_SAGA_WITHOUT") {
            faults += ";";
            faults += &safeguard;
            faults += "=return";
        }
        self.running = self.processes.start_with(PART, &[("FAILPOINTS", &faults)]);
    }

    /// Breaks it in one way or another every few seconds, and starts it again whenever it has died, until `stop`.
    async fn suffer(mut self, stop: Arc<AtomicBool>) -> Self {
        let mut random = StdRng::seed_from_u64(self.seed ^ 0x6b69_6c6c);
        let mut next = Instant::now();
        while !stop.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(20)).await;
            if self.processes.has_died(self.running) {
                self.died += 1;
                self.processes.kill_9(self.running);
                self.start();
            }
            if Instant::now() < next {
                continue;
            }
            if self.kills > 0 && random.random_range(0..5) == 0 {
                // Another one takes over meanwhile, and both run when it goes on.
                self.pauses += 1;
                let paused = self.running;
                self.processes.stand_still(paused, true);
                self.start();
                tokio::time::sleep(Duration::from_millis(3_500)).await;
                self.processes.stand_still(paused, false);
                tokio::time::sleep(Duration::from_millis(500)).await;
                self.processes.kill_9(paused);
            } else {
                self.kills += 1;
                self.processes.kill_9(self.running);
                self.start();
            }
            next = Instant::now() + Duration::from_millis(random.random_range(3_000..7_000));
        }
        self
    }
}

/// How often which fault was injected, by point, as the process has written.
fn injected(log: &str) -> BTreeMap<String, usize> {
    let mut injected = BTreeMap::new();
    for line in log.lines().filter(|line| line.contains("fault injected")) {
        let mut words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != ':' && c != '_');
        if let Some(point) = words.find(|word| word.starts_with("saga::")) {
            *injected.entry(point.to_owned()).or_default() += 1;
        }
    }
    injected
}

async fn count(pool: &sqlx::PgPool, what: &str) -> i64 {
    sqlx::query_scalar(&format!("select count(*) from {what}")).fetch_one(pool).await.expect(what)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_whatever_happens_to_the_process_managers() {
    let seed = number("AGRODEEP_TEST_SEED", 20_240_815);
    let orders = number("AGRODEEP_SAGA_ORDERS", 300) as usize;
    println!("AGRODEEP_TEST_SEED={seed} AGRODEEP_SAGA_ORDERS={orders}");
    let database = TestDatabase::create_with_read().await;
    let mut processes = Processes::on(database.url());
    processes.set("AGRODEEP_HOLD_SECONDS", "20");
    let crew = Crew::hire(&mut processes).await;
    let mut products = Vec::new();
    for index in 0..8 {
        // Some run out, some never do.
        let stock = if index < 2 { 40 } else { 1_000_000 };
        products.push(crew.producer.offer(&format!("Fault test {index}"), stock).await);
    }
    let products = Arc::new(products);

    let began = Instant::now();
    let mut victim = Victim { processes, seed, lives: 0, kills: 0, pauses: 0, died: 0, running: 0 };
    victim.start();
    let stop = Arc::new(AtomicBool::new(false));
    let mut shoppers = Vec::new();
    for index in 0..CLIENTS {
        let buyer = Client::of(&victim.processes.write, &victim.processes.read);
        let buyer = buyer.join("buyer", &format!("buyer-{index}")).await;
        let share = orders / CLIENTS + usize::from(index < orders % CLIENTS);
        let seed = seed + index as u64;
        shoppers.push(tokio::spawn(shop(buyer, crew.clone(), Arc::clone(&products), seed, share)));
    }
    let suffering = tokio::spawn(victim.suffer(Arc::clone(&stop)));
    let mut told = Vec::new();
    for shopper in shoppers {
        told.extend(shopper.await.expect("a shopper"));
    }
    let took = began.elapsed();
    stop.store(true, Ordering::Relaxed);
    let mut victim = suffering.await.expect("the victim");
    let log = std::fs::read_to_string(victim.processes.log_of(PART)).expect("its log");
    let injected = injected(&log);
    let faults: usize = injected.values().sum();
    assert!(
        faults > 0,
        "no fault was injected: build it with `cargo build --release -p agrodeep --features fault-points`"
    );

    // From here on nothing is broken any more. Unpaid orders time out after 20 seconds; then nothing may be left to do.
    victim.processes.kill_9(victim.running);
    victim.processes.start(PART);
    let open = "order_fulfilments where stands_at not in ('awaiting_shipping', 'awaiting_delivery') or parked <> '{}'";
    let patience = Instant::now() + Duration::from_secs(180);
    let untold = "simulator_webhooks where delivered_at is null";
    loop {
        let pool = database.pool();
        let head = count(pool, "events").await;
        let behind = sqlx::query_scalar::<_, i64>("select min(checkpoint) from process_managers")
            .fetch_one(pool)
            .await;
        let caught_up = behind.expect("the checkpoint") >= head;
        if caught_up && count(pool, open).await + count(pool, untold).await == 0 {
            break;
        }
        assert!(Instant::now() < patience, "stuck: {} fulfilments are open", count(pool, open).await);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert_eq!(count(database.pool(), "order_fulfilment_deadlines").await, 0, "something is waited for");

    let checked = checker::check(database.url()).await;
    checked.assert_settled();
    assert_eq!(told.len(), orders);
    assert_told_is_so(&told, &checked);
    assert_ledger_agrees(database.pool(), &checked).await;

    let mut ends: BTreeMap<String, usize> = BTreeMap::new();
    for order in checked.orders.values() {
        let reason = order.cancelled.as_ref().map_or("", |cancelled| cancelled.reason.as_str());
        *ends.entry(format!("{} {reason}", order.status.as_str()).trim().to_owned()).or_default() += 1;
    }
    let known: BTreeSet<String> = points().into_iter().collect();
    let never: Vec<_> = known.iter().filter(|point| !injected.contains_key(*point)).collect();
    println!(
        "{orders} orders from {CLIENTS} clients in {took:.0?}, {} events: {ends:?}; {faults} faults at {} of {} points; \
         {} kills, {} deaths at a fault point, {} times standing still past the lease, {} lives: 0 lost, 0 charged \
         twice, 0 oversold, 0 stuck",
        checked.events,
        injected.len(),
        known.len(),
        victim.kills,
        victim.died,
        victim.pauses,
        victim.lives
    );
    println!("without a fault: {never:?}");
}

/// What somebody was told by 2xx is in the log, once.
fn assert_told_is_so(told: &[Told], checked: &checker::Checked) {
    let mut ids = BTreeSet::new();
    for Told { order_id, cancelled, delivered } in told {
        assert_eq!(checked.placed.get(order_id), Some(&1), "{order_id} is not in the log once");
        assert!(ids.insert(order_id), "{order_id} is the answer to two orders");
        let order = &checked.orders[&order_id.uuid()];
        assert!(!cancelled || order.status == OrderStatus::Cancelled, "{order_id}: {:?}", order.status);
        assert!(!delivered || order.status == OrderStatus::Delivered, "{order_id}: {:?}", order.status);
    }
    assert_eq!(checked.orders.len(), told.len(), "an order is in the log that nobody was told of");
}

/// The provider's own ledger agrees with the log to the cent, order by order.
async fn assert_ledger_agrees(pool: &sqlx::PgPool, checked: &checker::Checked) {
    let rows: Vec<(uuid::Uuid, i64, i64, i64)> = sqlx::query_as(
        "select order_id, count(*), sum(captured)::bigint, sum(refunded)::bigint from simulator_intents group by 1",
    )
    .fetch_all(pool)
    .await
    .expect("the simulated provider's ledger");
    let ledger: BTreeMap<_, _> =
        rows.into_iter().map(|(order, n, paid, back)| (order, (n, paid, back))).collect();
    for (id, order) in &checked.orders {
        let total = order.placed.as_ref().map_or(0, |placed| placed.total.hundredths());
        let kept = order.status != OrderStatus::Cancelled && !order.undeliverable;
        let (intents, captured, refunded) = ledger.get(id).copied().unwrap_or_default();
        assert!(intents <= 1, "{id} has {intents} payments at the provider");
        assert!(captured == 0 || captured == total, "{id}: {captured} was taken of {total}");
        let left = order.left_of_captured().map_or(total, |left| left.hundredths());
        assert_eq!(captured - refunded, if kept { left } else { 0 }, "{id} is {:?}", order.status);
    }
}
