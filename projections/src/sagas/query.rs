use std::time::Duration;

use agrodeep_domain::{
    OrderId,
    order_fulfilment::{Condition, StepName},
};
use sqlx::{Postgres, QueryBuilder, postgres::PgRow};

use super::Saga;
use crate::{
    Page, Paged, ReadError, ReadModels,
    row::{count, get, json, version},
};

/// Which sagas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SagaFilter {
    /// Only those in this state; `None`: all that have not ended.
    pub condition: Option<Condition>,
    /// Only those of which something waits for a person, whether or not they are paused as well; or nothing does.
    pub parked: Option<bool>,
    /// Only those that stand at this step, or of which this step is open. Also what they wait for: `awaiting_payment`.
    pub step: Option<SagaPlace>,
    /// Only those that began so long ago, or longer.
    pub age_min: Option<Duration>,
    /// Only those that have stood where they stand for so long, or longer.
    pub standing_min: Option<Duration>,
}

/// Where a saga can stand: at a step, or waiting for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SagaPlace(&'static str);

/// What a saga can wait for when nothing is to be done.
const AWAITED: [&str; 5] = [
    "awaiting_payment",
    "awaiting_shipping",
    "awaiting_delivery",
    "awaiting_cancellation",
    "awaiting_refund",
];

impl SagaPlace {
    /// The place of this name.
    pub fn named(name: &str) -> Option<Self> {
        let steps = StepName::all().map(StepName::as_str);
        steps.chain(AWAITED).find(|known| *known == name).map(Self)
    }
}

/// How many sagas have a step open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepCount {
    /// The step's name.
    pub step: String,
    /// In how many it is open.
    pub open: u64,
    /// In how many of those it waits for a person.
    pub parked: u64,
}

impl ReadModels {
    /// A page of sagas, those that have stood longest where they stand first.
    pub async fn sagas(&self, filter: SagaFilter, page: Page) -> Result<Paged<Saga>, ReadError> {
        let mut counting = QueryBuilder::new("select count(*) from sagas");
        restrict(&mut counting, filter);
        let total: i64 = counting.build_query_scalar().fetch_one(self.pool()).await?;
        let mut query = QueryBuilder::new("select * from sagas");
        restrict(&mut query, filter);
        query.push(" order by since, order_id limit ").push_bind(i64::from(page.limit));
        query.push(" offset ").push_bind(page.offset());
        let rows = query.build().fetch_all(self.pool()).await?;
        let items = rows.iter().map(saga).collect::<Result<_, _>>()?;
        Ok(Paged { items, total: count(total) })
    }

    /// In how many sagas each step is open, and waits for a person. Steps that are open nowhere are not there.
    pub async fn saga_steps(&self) -> Result<Vec<StepCount>, ReadError> {
        let rows: Vec<(String, i64, i64)> = sqlx::query_as(
            "select open.name, count(*), count(*) filter (where exists (
                 select 1 from unnest(s.parked) parked where split_part(parked, ':', 1) = open.name))
             from sagas s cross join lateral unnest(s.open_steps) open(name)
             where s.state in ('running', 'waiting', 'parked', 'paused') group by open.name order by open.name",
        )
        .fetch_all(self.pool())
        .await?;
        let of = |(step, open, parked)| StepCount { step, open: count(open), parked: count(parked) };
        Ok(rows.into_iter().map(of).collect())
    }
}

fn restrict(query: &mut QueryBuilder<'_, Postgres>, filter: SagaFilter) {
    match filter.condition {
        Some(condition) => query.push(" where state = ").push_bind(condition.as_str()),
        None => query.push(" where state in ('running', 'waiting', 'parked', 'paused')"),
    };
    match filter.parked {
        Some(true) => query.push(" and parked <> '{}'"),
        Some(false) => query.push(" and parked = '{}'"),
        None => query,
    };
    if let Some(SagaPlace(name)) = filter.step {
        query.push(" and (step = ").push_bind(name).push(" or ").push_bind(name).push(" = any(open_steps))");
    }
    for (column, min) in [("started_at", filter.age_min), ("since", filter.standing_min)] {
        if let Some(min) = min {
            query.push(" and ").push(column).push(" <= now() - ");
            query.push_bind(min.as_secs_f64()).push(" * interval '1 second'");
        }
    }
}

/// The saga that a row tells of.
pub(super) fn saga(row: &PgRow) -> Result<Saga, ReadError> {
    Ok(Saga {
        order_id: OrderId::from_uuid(get(row, "order_id")?),
        fulfilment: json(row, "fulfilment")?,
        started_at: get(row, "started_at")?,
        since: get(row, "since")?,
        updated_at: get(row, "updated_at")?,
        trace_id: get(row, "trace_id")?,
        version: version(row)?,
    })
}
