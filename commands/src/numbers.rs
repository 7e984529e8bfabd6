//! Order and tracking numbers: counted by day (UTC), unique among all processes, given out in one statement to all that wait.
//!
//! A number that was given out and then not used stays unused: there may be holes.

use std::collections::BTreeMap;

use agrodeep_domain::{OrderNumber, TrackingNumber};
use chrono::NaiveDate;
use sqlx::PgPool;

use crate::{StoreError, batch::Batcher};

/// How many numbers one statement gives out at the most.
const BATCH_MAX: usize = 512;

/// What is numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Kind {
    Order,
    Tracking,
}

impl Kind {
    /// As it stands in the table: never change it.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Tracking => "tracking",
        }
    }
}

/// Gives out numbers. Clones share everything.
#[derive(Clone)]
pub struct Numbers {
    batcher: Batcher<(Kind, NaiveDate), u32>,
}

impl Numbers {
    /// Counts in the database `pool`. Must be called within a tokio runtime.
    pub fn new(pool: PgPool) -> Self {
        let serve = move |asked: Vec<(Kind, NaiveDate)>| {
            let pool = pool.clone();
            async move { give_out(&pool, &asked).await }
        };
        Self { batcher: Batcher::new(BATCH_MAX, serve) }
    }

    /// The next order number of `day`.
    pub async fn order(&self, day: NaiveDate) -> Result<OrderNumber, StoreError> {
        self.batcher.ask((Kind::Order, day)).await.map(|ordinal| OrderNumber::new(day, ordinal))
    }

    /// The next tracking number of `day`.
    pub async fn tracking(&self, day: NaiveDate) -> Result<TrackingNumber, StoreError> {
        self.batcher.ask((Kind::Tracking, day)).await.map(|ordinal| TrackingNumber::new(day, ordinal))
    }
}

/// An ordinal for each that asks, in their order.
async fn give_out(pool: &PgPool, asked: &[(Kind, NaiveDate)]) -> Result<Vec<u32>, StoreError> {
    // In the order of the rows' keys: two processes that lock several rows in the same order cannot lock each other out.
    let mut wanted: BTreeMap<(&str, NaiveDate), i64> = BTreeMap::new();
    for (kind, day) in asked {
        *wanted.entry((kind.as_str(), *day)).or_default() += 1;
    }
    let (keys, counts): (Vec<_>, Vec<i64>) = wanted.into_iter().unzip();
    let (kinds, days): (Vec<&str>, Vec<NaiveDate>) = keys.into_iter().unzip();
    // What was counted before: the row's new count less what was asked for now.
    let rows: Vec<(String, NaiveDate, i64)> = sqlx::query_as(
        "with asked as (
             select * from unnest($1::text[], $2::date[], $3::bigint[]) as a (kind, day, wanted)
         ), counted as (
             insert into daily_numbers as n (kind, day, last)
             select kind, day, wanted from asked
             on conflict (kind, day) do update set last = n.last + excluded.last
             returning kind, day, last
         )
         select kind, day, last - wanted from counted join asked using (kind, day)",
    )
    .bind(&kinds)
    .bind(&days)
    .bind(&counts)
    .fetch_all(pool)
    .await?;
    let mut given: BTreeMap<(&str, NaiveDate), i64> =
        rows.iter().map(|(kind, day, before)| ((kind.as_str(), *day), *before)).collect();
    asked
        .iter()
        .map(|(kind, day)| {
            let last = given
                .get_mut(&(kind.as_str(), *day))
                .ok_or_else(|| StoreError::new("a day's count is missing"))?;
            *last += 1;
            u32::try_from(*last).map_err(|_| StoreError::new("the day's numbers are used up"))
        })
        .collect()
}
