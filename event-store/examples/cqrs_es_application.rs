//! An application written with `cqrs-es`, a bank, moved to this log by changing one line.
//!
//! `cargo run --release -p agrodeep-event-store --example cqrs_es_application`: on a private PostgreSQL of its own, or on
//! the database that DATABASE_URL names.

use std::{collections::HashMap, error::Error, sync::Arc};

use agrodeep_event_store::{
    Position, SharedLog,
    cqrs::CqrsStore,
    postgres::{
        LogLimits, PostgresLog,
        embedded::{EmbeddedPostgres, EmbeddedSettings},
        migrate,
    },
};
use cqrs_es::{
    Aggregate, AggregateError, CqrsFramework, DomainEvent, EventEnvelope, Query, event_sink::EventSink,
};
use serde::{Deserialize, Serialize};

// The application as it is: nothing here knows of the log.

#[derive(Debug, Default, Deserialize, Serialize)]
struct Account {
    cents: i64,
}

enum AccountCommand {
    Deposit { cents: i64 },
    Withdraw { cents: i64 },
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
enum AccountEvent {
    Deposited { cents: i64 },
    Withdrawn { cents: i64 },
}

impl DomainEvent for AccountEvent {
    fn event_type(&self) -> String {
        match self {
            Self::Deposited { .. } => "Deposited".to_owned(),
            Self::Withdrawn { .. } => "Withdrawn".to_owned(),
        }
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("there are only {cents} cents")]
struct NotEnough {
    cents: i64,
}

impl Aggregate for Account {
    const TYPE: &'static str = "account";
    type Command = AccountCommand;
    type Event = AccountEvent;
    type Error = NotEnough;
    type Services = ();

    async fn handle(
        &mut self,
        command: AccountCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), NotEnough> {
        let event = match command {
            AccountCommand::Deposit { cents } => AccountEvent::Deposited { cents },
            AccountCommand::Withdraw { cents } if cents > self.cents => {
                return Err(NotEnough { cents: self.cents });
            }
            AccountCommand::Withdraw { cents } => AccountEvent::Withdrawn { cents },
        };
        sink.write(event, self).await;
        Ok(())
    }

    fn apply(&mut self, event: AccountEvent) {
        match event {
            AccountEvent::Deposited { cents } => self.cents += cents,
            AccountEvent::Withdrawn { cents } => self.cents -= cents,
        }
    }
}

struct Statement;

#[async_trait::async_trait]
impl Query<Account> for Statement {
    async fn dispatch(&self, account: &str, events: &[EventEnvelope<Account>]) {
        for event in events {
            println!("  {account} {}: {:?}", event.sequence, event.payload);
        }
    }
}

fn framework(log: SharedLog) -> CqrsFramework<Account, CqrsStore> {
    // The one line. It was:
    // let store = PersistedEventStore::new_event_store(PostgresEventRepository::new(pool));
    let store = CqrsStore::new(log);
    CqrsFramework::new(store, vec![Box::new(Statement)], ())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("bank-{}", std::process::id()));
    let mut server = None;
    let url = match std::env::var("DATABASE_URL") {
        Ok(url) => url,
        Err(_) => server.insert(EmbeddedPostgres::start(&EmbeddedSettings::new(&folder))?).url_of("postgres"),
    };
    migrate(&url).await?;
    let log: SharedLog = Arc::new(PostgresLog::open(&url, LogLimits::default()).await?);
    let start = log.head().await?;
    let bank = framework(log.clone());

    println!("commands:");
    let account = format!("FR76-{}", uuid::Uuid::now_v7());
    let metadata = HashMap::from([("actor".to_owned(), "teller:7".to_owned())]);
    bank.execute_with_metadata(&account, AccountCommand::Deposit { cents: 5_000 }, metadata).await?;
    bank.execute(&account, AccountCommand::Withdraw { cents: 2_000 }).await?;
    let refused = bank.execute(&account, AccountCommand::Withdraw { cents: 9_000 }).await;
    println!("  refused: {}", refused.expect_err("nobody gets more than there is"));

    // Group commit: what is under way at the same moment is committed together.
    let bank = CqrsFramework::<Account, _>::new(CqrsStore::new(log.clone()), vec![], ());
    let deposits = (0..64).map(|teller| {
        let bank = &bank;
        let account = format!("teller {teller} of {account}");
        async move { bank.execute(&account, AccountCommand::Deposit { cents: 1 }).await }
    });
    let done: Vec<Result<(), AggregateError<NotEnough>>> = futures::future::join_all(deposits).await;
    println!("{} deposits at the same moment", done.iter().filter(|deposit| deposit.is_ok()).count());

    println!("the first events of the log, in the order of their commits:");
    for event in log.read(start.max(Position::START), 4).await? {
        let (name, actor) = (&event.event_type, &event.metadata.actor);
        println!("  {} {} {name}, by {actor}", event.position, event.stream);
    }
    if let Some(mut server) = server {
        server.stop();
        std::fs::remove_dir_all(folder)?;
    }
    Ok(())
}
