//! Whether the log is as several processes were told it would be.

use anyhow::ensure;
use sqlx::PgConnection;

use crate::bench::worker::Told;

/// For people.
pub const WHAT: &str = "positions without a hole up to the head, every stream's versions 1, 2, 3 … in the order of positions, \
    command ids unique, as many events as commands were acknowledged, and at the positions and versions that were told (by \
    their sums)";

/// How much was checked and found right.
#[derive(Clone, Copy, Debug, Default)]
pub struct Checked {
    pub acknowledged: u64,
    pub events: u64,
    pub streams: u64,
}

impl Checked {
    pub fn add(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.events += other.events;
        self.streams += other.streams;
    }
}

/// The position of the last event.
pub async fn head(connection: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar("select position from log_head").fetch_one(connection).await
}

#[derive(sqlx::FromRow)]
struct Found {
    events: i64,
    positions: i64,
    commands: i64,
    streams: i64,
    first: Option<i64>,
    last: Option<i64>,
    position_sum: i64,
    version_sum: i64,
    out_of_order: i64,
}

/// Of what was appended after `base`, all by those who told, on new aggregates.
///
/// # Errors
/// What is not as it must be.
pub async fn check(connection: &mut PgConnection, base: i64, told: &[Told]) -> anyhow::Result<Checked> {
    let found: Found = sqlx::query_as(
        "select count(*) as events, count(distinct position) as positions, count(distinct command_id) as commands, \
                count(*) filter (where sequence = 1) as streams, min(position) as first, max(position) as last, \
                coalesce(sum(position), 0)::bigint as position_sum, coalesce(sum(sequence), 0)::bigint as version_sum, \
                count(*) filter (where position <= position_before or sequence <> sequence_before + 1) as out_of_order \
         from (select position, command_id, sequence, coalesce(lag(position) over stream, 0) as position_before, \
                      coalesce(lag(sequence) over stream, 0) as sequence_before \
               from events where position > $1 \
               window stream as (partition by aggregate_type, aggregate_id order by sequence)) e",
    )
    .bind(base)
    .fetch_one(&mut *connection)
    .await?;
    let head = head(connection).await?;
    judge(&found, base, head, told)
}

fn judge(found: &Found, base: i64, head: i64, told: &[Told]) -> anyhow::Result<Checked> {
    let acknowledged: u64 = told.iter().map(|told| told.acknowledged).sum();
    let positions = told.iter().fold(0_u64, |sum, told| sum.wrapping_add(told.positions));
    let versions = told.iter().fold(0_u64, |sum, told| sum.wrapping_add(told.versions));
    let events = found.events as u64;
    ensure!(
        events == acknowledged,
        "{acknowledged} commands were acknowledged, {events} events are in the log"
    );
    ensure!(
        found.first == Some(base + 1) && found.last == Some(head) && found.positions == head - base,
        "positions {base} to {head} are not dense: {} of them, {:?} to {:?}",
        found.positions,
        found.first,
        found.last
    );
    ensure!(found.commands == found.events, "{} commands have {events} events", found.commands);
    ensure!(found.out_of_order == 0, "{} events stand out of their streams' order", found.out_of_order);
    ensure!(
        found.position_sum as u64 == positions && found.version_sum as u64 == versions,
        "events do not stand where their commands were told"
    );
    Ok(Checked { acknowledged, events, streams: found.streams as u64 })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three events of two streams at 11, 12, 13.
    fn right() -> (Found, Vec<Told>) {
        let found = Found {
            events: 3,
            positions: 3,
            commands: 3,
            streams: 2,
            first: Some(11),
            last: Some(13),
            position_sum: 36,
            version_sum: 4,
            out_of_order: 0,
        };
        let told =
            |acknowledged, positions, versions| Told { acknowledged, positions, versions, ..Told::default() };
        (found, vec![told(2, 23, 3), told(1, 13, 1)])
    }

    #[test]
    fn what_is_right_is_counted() {
        let (found, told) = right();
        let checked = judge(&found, 10, 13, &told).expect("right");
        assert_eq!((checked.acknowledged, checked.events, checked.streams), (3, 3, 2));
    }

    #[test]
    fn every_wrong_is_found() {
        let wrong = |change: fn(&mut Found, &mut Vec<Told>), head| {
            let (mut found, mut told) = right();
            change(&mut found, &mut told);
            judge(&found, 10, head, &told).expect_err("wrong").to_string()
        };
        assert!(
            wrong(|_, told| told[0].acknowledged += 1, 13).contains("4 commands were acknowledged, 3 events")
        );
        assert!(wrong(|found, _| found.first = Some(12), 13).contains("not dense"));
        assert!(wrong(|_, _| {}, 14).contains("not dense"));
        assert!(wrong(|found, _| found.positions = 2, 13).contains("not dense"));
        assert!(wrong(|found, _| found.commands = 2, 13).contains("2 commands have 3 events"));
        assert!(wrong(|found, _| found.out_of_order = 1, 13).contains("1 events stand out"));
        assert!(wrong(|_, told| told[1].positions = 12, 13).contains("do not stand"));
        assert!(wrong(|_, told| told[1].versions = 2, 13).contains("do not stand"));
    }
}
