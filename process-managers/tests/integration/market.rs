//! A market whose orders are to be fulfilled: a database, the commands on it, a payment provider that tells what happened,
//! and runners that come and go.

use std::{
    collections::HashSet,
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};

use agrodeep_commands::{
    CommandContext, CommandSettings, Commands, Executor,
    payments::{
        WebhookRequest,
        gateway::PaymentGateway,
        signature::{WebhookSecrets, sign},
        simulated::{LedgerEntry, SimulatedGateway},
        webhook,
    },
    product::{CreateRequest, create},
};
use agrodeep_domain::{
    AccountId, Actor, Aggregate, Language, LocalizedText, Order, OrderId, Product, ProductId, Role,
    order::Conductor, product::ProductDetails,
};
use agrodeep_event_store::{RecordedEvent, SharedLog, StreamId, postgres::testing::TestDatabase};
use agrodeep_process_managers::{
    OrderFulfilment, RetryPolicy, Runner, RunnerSettings, order_fulfilment::OrderFulfilmentEvent,
    order_fulfilment::Step,
};
use chrono::{TimeDelta, Utc};
use secrecy::SecretString;
use sqlx::PgPool;
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use uuid::Uuid;

use super::life::{Life, MortalGateway, MortalLog, Whims};

/// How long anything may take, on a machine that is busy with other things.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Market {
    pub database: TestDatabase,
    pub log: SharedLog,
    pub gateway: SimulatedGateway,
    pub whims: Whims,
    pub hold: TimeDelta,
    /// How much longer a payment is waited for that the provider has not decided about.
    pub extension: Duration,
    quiet: Quiet,
    /// The provider tells what happened as long as this is there.
    _provider: AbortOnDropHandle<()>,
}

/// The orders of which the provider tells nothing for now.
type Quiet = Arc<Mutex<HashSet<OrderId>>>;

/// A runner that was started, and what stops it.
pub struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
    pool: PgPool,
}

impl Running {
    /// Stops it as an operator does.
    pub async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }

    /// Ends it as `kill -9` does.
    pub async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
        self.pool.close().await;
    }
}

pub fn account(n: u128) -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(n))
}

pub fn producer() -> AccountId {
    account(1)
}

pub fn buyer() -> AccountId {
    account(2)
}

pub fn driver() -> AccountId {
    account(3)
}

pub fn by(account: AccountId, role: Role) -> CommandContext {
    CommandContext::new(Actor::Account(account, role), Utc::now())
}

pub fn settings() -> RunnerSettings {
    RunnerSettings {
        lease_time: Duration::from_secs(2),
        heartbeat: Duration::from_millis(100),
        retries: RetryPolicy {
            attempts_max: 4,
            first_pause: TimeDelta::milliseconds(20),
            pause_max: TimeDelta::milliseconds(50),
        },
        ..RunnerSettings::default()
    }
}

fn name() -> LocalizedText {
    LocalizedText::parse([(Language::En, "Tomatoes".to_owned())].into(), 100).unwrap()
}

impl Market {
    pub async fn open() -> Self {
        Self::with_hold(TimeDelta::minutes(30)).await
    }

    /// A market that holds stock for so long without payment.
    pub async fn with_hold(hold: TimeDelta) -> Self {
        let database = TestDatabase::create().await;
        let log = database.log().await;
        let gateway = SimulatedGateway::new(database.pool().clone());
        let told = commands(log.clone(), database.pool(), Arc::new(gateway.clone()), hold);
        let quiet = Quiet::default();
        let telling = tell(database.pool().clone(), told, Arc::clone(&quiet));
        let provider = AbortOnDropHandle::new(tokio::spawn(telling));
        Self {
            database,
            log,
            gateway,
            whims: Whims::default(),
            hold,
            extension: Duration::from_mins(15),
            quiet,
            _provider: provider,
        }
    }

    /// The commands as somebody uses them who has nothing in memory.
    pub fn commands(&self) -> Commands {
        commands(self.log.clone(), self.database.pool(), Arc::new(self.gateway.clone()), self.hold)
    }

    /// Starts a runner, as a process of its own.
    pub async fn run(&self) -> Running {
        self.run_until(Life::eternal()).await
    }

    /// Lets the provider tell nothing of an order, or all that it has not told.
    pub fn keep_provider_quiet(&self, order_id: OrderId, quiet: bool) {
        let mut orders = self.quiet.lock().unwrap();
        if quiet {
            orders.insert(order_id)
        } else {
            orders.remove(&order_id)
        };
    }

    /// Starts a runner that is killed when its life ends.
    pub async fn run_until(&self, life: Life) -> Running {
        self.run_with(life, RunnerSettings { payment_extension: self.extension, ..settings() }).await
    }

    /// Starts a runner that is killed when its life ends, and works as `settings` say.
    pub async fn run_with(&self, life: Life, settings: RunnerSettings) -> Running {
        let log = MortalLog { log: self.log.clone(), life: life.clone() };
        let gateway = MortalGateway {
            gateway: Arc::new(self.gateway.clone()),
            life: life.clone(),
            whims: self.whims.clone(),
        };
        let pool = PgPool::connect(self.database.url()).await.unwrap();
        let commands = commands(Arc::new(log), &pool, Arc::new(gateway), self.hold);
        let runner = Runner::new(&commands, pool.clone(), settings);
        let stop = CancellationToken::new();
        let task = tokio::spawn(runner.run(stop.clone()));
        Running { stop, task, pool }
    }

    pub async fn product(&self, stock: &str) -> ProductId {
        let details = ProductDetails {
            name: name(),
            description: None,
            category_id: "cat_vegetables".parse().unwrap(),
            unit: "kg".parse().unwrap(),
            images: vec![],
            tags: vec![],
            is_organic: true,
            is_fair_trade: false,
            qr_code_data: None,
        };
        let (price, stock) = ("4.50 EUR".parse().unwrap(), stock.parse().unwrap());
        let request = CreateRequest { producer_id: producer(), details, price, stock };
        create(&self.commands(), request, by(producer(), Role::Producer)).await.unwrap().0
    }

    pub async fn state<A: Aggregate>(&self, id: Uuid) -> A {
        self.commands().executor.state::<A>(id).await.unwrap().state
    }

    pub async fn order(&self, order_id: OrderId) -> Order {
        self.state(order_id.uuid()).await
    }

    pub async fn stock(&self, product_id: ProductId) -> (String, String) {
        let product: Product = self.state(product_id.uuid()).await;
        (product.on_hand.to_string(), product.held.to_string())
    }

    pub async fn fulfilment(&self, order_id: OrderId) -> OrderFulfilment {
        self.state(order_id.uuid()).await
    }

    /// Waits until an aggregate is as wished.
    pub async fn until<A: Aggregate>(&self, id: Uuid, wish: impl Fn(&A) -> bool) -> A {
        let began = Instant::now();
        loop {
            let state: A = self.state(id).await;
            if wish(&state) {
                return state;
            }
            if began.elapsed() > PATIENCE {
                let text = serde_json::to_string_pretty(&state).unwrap();
                panic!("{} {id} never becomes as wished: {text}", A::TYPE);
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    pub async fn ended(&self, order_id: OrderId) -> OrderFulfilment {
        self.until(order_id.uuid(), |state: &OrderFulfilment| state.outcome.is_some()).await
    }

    pub async fn ledger(&self, order_id: OrderId) -> Option<LedgerEntry> {
        self.gateway.ledger().await.unwrap().into_iter().find(|entry| entry.order_id == order_id)
    }

    /// What the fulfilment has recorded, with its envelope.
    pub async fn recorded(&self, order_id: OrderId) -> Vec<(RecordedEvent, OrderFulfilmentEvent)> {
        let stream = StreamId::new(OrderFulfilment::TYPE, order_id.uuid());
        let events = self.log.load(&stream, 0).await.unwrap();
        events
            .into_iter()
            .map(|event| (event.clone(), serde_json::from_str(event.payload.get()).unwrap()))
            .collect()
    }

    /// All steps that were planned, in their order.
    pub async fn planned(&self, order_id: OrderId) -> Vec<Step> {
        let mut steps = Vec::new();
        for (_, event) in self.recorded(order_id).await {
            if let OrderFulfilmentEvent::EffectsPlanned(
                agrodeep_process_managers::order_fulfilment::EffectsPlanned { effects },
            )
            | OrderFulfilmentEvent::CompensationsPlanned(
                agrodeep_process_managers::order_fulfilment::CompensationsPlanned { effects },
            ) = event
            {
                steps.extend(effects.iter().map(|effect| effect.step));
            }
        }
        steps
    }

    /// Rows of the runner's tables.
    pub async fn count(&self, table_and_condition: &str) -> i64 {
        let statement = format!("select count(*) from {table_and_condition}");
        sqlx::query_scalar(&statement).fetch_one(self.database.pool()).await.unwrap()
    }

    /// Waits until the runner has noted that all is done.
    pub async fn caught_up(&self) {
        let head = self.log.head().await.unwrap();
        eventually("the checkpoint reaches the head", || async {
            agrodeep_process_managers::runner::checkpoint(self.database.pool()).await.unwrap() >= head
        })
        .await;
    }
}

/// Waits until something is so.
pub async fn eventually<F: Future<Output = bool>>(what: &str, is_so: impl Fn() -> F) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub fn commands(
    log: SharedLog,
    pool: &PgPool,
    gateway: Arc<dyn PaymentGateway>,
    hold: TimeDelta,
) -> Commands {
    let settings = CommandSettings { hold, ..CommandSettings::default() };
    Commands::new(Executor::new(log), pool, gateway).with_settings(settings)
}

/// Tells the market what happened at the provider, through the same door as the provider does, each thing twice.
async fn tell(pool: PgPool, commands: Commands, quiet: Quiet) {
    let secret = SecretString::from("whsec_test");
    let secrets = WebhookSecrets::new([secret.clone()]);
    loop {
        let waiting: Vec<(i64, String)> =
            sqlx::query_as("select id, body from simulator_webhooks where delivered_at is null order by id")
                .fetch_all(&pool)
                .await
                .unwrap_or_default();
        for (id, body) in waiting {
            if quiet.lock().unwrap().iter().any(|order_id| body.contains(&order_id.to_string())) {
                continue;
            }
            let (body, received_at) = (body.as_bytes(), Utc::now());
            let signature = sign(&secret, body, received_at);
            let request = WebhookRequest { signature: &signature, body, received_at, traceparent: None };
            if webhook(&commands, &secrets, request.clone()).await.is_ok() {
                let again = webhook(&commands, &secrets, request).await;
                assert!(again.is_ok(), "told again: {again:?}");
                let told =
                    sqlx::query("update simulator_webhooks set delivered_at = now() where id = $1").bind(id);
                let _ = told.execute(&pool).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

/// Who conducts the orders of these tests, unless they say otherwise.
pub const CONDUCTOR: Conductor = Conductor::ProcessManager;
