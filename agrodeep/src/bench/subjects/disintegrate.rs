//! disintegrate: a decision maker on its PostgreSQL event store, without snapshots, in a schema of its own.

use std::error::Error;

use async_trait::async_trait;
use disintegrate::{
    Decision, DecisionError, DomainIdInfo, DomainIdSet, Event, EventId, EventInfo, EventSchema,
    IdentifierType, NoSnapshot, StateMutate, StateQuery, StreamQuery, domain_ids, ident, query,
    serde::json::Json,
};
use disintegrate_postgres::{PgDecisionMaker, PgEventStore, decision_maker};
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use uuid::Uuid;

use super::new_schema;
use crate::bench::{note::line, workload::Subject};

/// As many as sqlx gives a pool of which nothing is said, as in its examples.
const CONNECTIONS: u32 = 10;

/// The tables as disintegrate-postgres 4.0.1 makes them. Its own migration has a hexadecimal number in SQL, which PostgreSQL
/// understands from 16 on: here it is written out (4294967295).
const TABLES: &str = "
create sequence seq_event_event_id;
create table event (
    event_id bigint primary key default nextval('seq_event_event_id'), event_type varchar(255), payload bytea,
    inserted_at timestamp default now());
create index idx_event_type_btree on event (event_type);
alter table event add column note_id uuid;
create index idx_event_note_id on event (note_id) where note_id is not null;

create function event_store_current_epoch() returns bigint as $$
declare
    persisted_event_id bigint;
    pending_event_id bigint;
    db_id int;
begin
    select coalesce(max(event_id), 0) into persisted_event_id from event;
    select oid into db_id from pg_database where datname = current_database();

    select min((l3.objid::bigint << 32) + l2.objid::bigint)
    into pending_event_id
    from pg_locks l1
    inner join pg_locks l2 on l1.pid = l2.pid
    inner join pg_locks l3 on l1.pid = l3.pid
    where l1.classid = db_id and l2.classid = 1 and l3.classid = 2 and l1.locktype = 'advisory';

    return least(coalesce(pending_event_id, persisted_event_id), persisted_event_id);
end;
$$ language plpgsql;

create function event_store_begin_epoch() returns void as $$
declare
    id bigint;
    db_id int;
begin
    select last_value into id from seq_event_event_id;
    select oid into db_id from pg_database where datname = current_database();

    perform pg_try_advisory_xact_lock_shared(db_id, 0);
    perform pg_try_advisory_xact_lock_shared(1, (id & 4294967295)::bit(32)::integer);
    perform pg_try_advisory_xact_lock_shared(2, (id >> 32)::bit(32)::integer);
end;
$$ language plpgsql;";

pub struct Disintegrate {
    decisions: PgDecisionMaker<LineAdded, Json<LineAdded>, NoSnapshot>,
}

impl Disintegrate {
    pub async fn open(url: &str) -> anyhow::Result<Self> {
        new_schema(url, "disintegrate").await?;
        let options: PgConnectOptions = url.parse()?;
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .connect_with(options.options([("search_path", "disintegrate")]))
            .await?;
        sqlx::raw_sql(TABLES).execute(&pool).await?;
        let store = PgEventStore::new_uninitialized(pool, Json::default());
        Ok(Self { decisions: decision_maker(store, NoSnapshot) })
    }
}

#[async_trait]
impl Subject for Disintegrate {
    fn name(&self) -> &'static str {
        "disintegrate"
    }

    async fn add_line(&self, _: usize, note: Uuid) -> anyhow::Result<()> {
        loop {
            match self.decisions.make(AddLine { note_id: note, text: line().text }).await {
                Ok(_) => return Ok(()),
                Err(DecisionError::EventStore(error) | DecisionError::StateStore(error))
                    if others_were_faster(&*error) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Its own finding that there are newer events, or the server's (serialization failure, deadlock).
fn others_were_faster(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let of_server = match error.downcast_ref::<disintegrate_postgres::Error>() {
            Some(disintegrate_postgres::Error::Concurrency) => return true,
            Some(disintegrate_postgres::Error::Database(error)) => Some(error),
            _ => error.downcast_ref::<sqlx::Error>(),
        };
        if let Some(code) = of_server.and_then(sqlx::Error::as_database_error).and_then(|error| error.code())
        {
            return code == "40001" || code == "40P01";
        }
        cause = error.source();
    }
    false
}

/// A line has been added. The text is as long as everybody's.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct LineAdded {
    note_id: Uuid,
    number: u64,
    text: String,
}

impl Event for LineAdded {
    const SCHEMA: EventSchema = EventSchema {
        events: &["LineAdded"],
        events_info: &[&EventInfo { name: "LineAdded", domain_ids: &[&ident!(#note_id)] }],
        domain_ids: &[&DomainIdInfo { ident: ident!(#note_id), type_info: IdentifierType::Uuid }],
    };

    fn name(&self) -> &'static str {
        "LineAdded"
    }

    fn domain_ids(&self) -> DomainIdSet {
        domain_ids! { note_id: self.note_id }
    }
}

/// How many lines a note has.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Lines {
    note_id: Uuid,
    count: u64,
}

impl StateQuery for Lines {
    const NAME: &'static str = "lines";
    type Event = LineAdded;

    fn query<ID: EventId>(&self) -> StreamQuery<ID, LineAdded> {
        query!(LineAdded; note_id == self.note_id)
    }
}

impl StateMutate for Lines {
    fn mutate(&mut self, event: LineAdded) {
        self.count = event.number;
    }
}

#[derive(Clone, Debug)]
struct AddLine {
    note_id: Uuid,
    text: String,
}

impl Decision for AddLine {
    type Event = LineAdded;
    type StateQuery = Lines;
    type Error = std::convert::Infallible;

    fn state_query(&self) -> Lines {
        Lines { note_id: self.note_id, count: 0 }
    }

    fn process(&self, lines: &Lines) -> Result<Vec<LineAdded>, Self::Error> {
        Ok(vec![LineAdded { note_id: self.note_id, number: lines.count + 1, text: self.text.clone() }])
    }
}
