//! What the instances of projections say of themselves, each second, to whoever asks in another process.

use std::{
    collections::{BTreeMap, VecDeque},
    fs, process,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use sqlx::PgPool;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{Model, runner::Reached};

/// How often.
const BEAT: Duration = Duration::from_secs(1);
/// The rate is that of so long a time.
const WINDOW: Duration = Duration::from_secs(10);
/// Who has said nothing for so long is not told of any more, when another instance is there.
const FORGOTTEN_AFTER_SECONDS: f64 = 60.0;

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A name that no other instance has: `host:process`, and a number when a process has several.
pub(crate) fn instance_name() -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let (host, process) = (host.trim(), process::id());
    match COUNT.fetch_add(1, Ordering::Relaxed) {
        0 => format!("{host}:{process}"),
        more => format!("{host}:{process}.{more}"),
    }
}

/// How many events a second were taken in lately.
#[derive(Default)]
struct Rate {
    samples: VecDeque<(Instant, u64)>,
}

impl Rate {
    fn after(&mut self, now: Instant, events: u64) -> f64 {
        self.samples.push_back((now, events));
        while self.samples.len() > 2 && self.samples.front().is_some_and(|oldest| now - oldest.0 > WINDOW) {
            self.samples.pop_front();
        }
        match self.samples.front() {
            Some((then, before)) if now > *then => (events - before) as f64 / (now - *then).as_secs_f64(),
            _ => 0.0,
        }
    }
}

/// Says each second where the projections of this process are and what they are at. A database that cannot be told (it is
/// down, or a replica) is left alone until the next time.
pub(crate) async fn keep(
    pool: PgPool,
    followed: BTreeMap<Model, watch::Receiver<Reached>>,
    instance: String,
    stop: CancellationToken,
) {
    let mut rates: BTreeMap<Model, Rate> = BTreeMap::new();
    loop {
        let beats: Vec<_> = followed
            .iter()
            .map(|(model, receiver)| {
                let reached = receiver.borrow().clone();
                let rate = rates.entry(*model).or_default().after(Instant::now(), reached.events);
                (*model, reached, rate)
            })
            .collect();
        let told = tokio::time::timeout(BEAT, tell(&pool, &instance, &beats)).await;
        if let Ok(Err(error)) = told {
            tracing::debug!(%error, "nobody could be told what the projections are at");
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(BEAT) => {}
        }
    }
    let _ = tokio::time::timeout(BEAT, say_goodbye(&pool, &instance)).await;
}

async fn tell(pool: &PgPool, instance: &str, beats: &[(Model, Reached, f64)]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "with old as (
             delete from projection_instances i using unnest($1::text[]) m(projection)
             where i.projection = m.projection and i.instance <> $2 and i.seen_at < now() - make_interval(secs => $8)
         )
         insert into projection_instances (projection, instance, activity, why, position, events_per_second,
             parked_aggregates, seen_at)
         select projection, $2, activity, why, position, rate, parked, now()
         from unnest($1::text[], $3::text[], $4::text[], $5::bigint[], $6::float8[], $7::bigint[])
             b(projection, activity, why, position, rate, parked)
         on conflict (projection, instance) do update set activity = excluded.activity, why = excluded.why,
             position = excluded.position, events_per_second = excluded.events_per_second,
             parked_aggregates = excluded.parked_aggregates, seen_at = excluded.seen_at",
    )
    .bind(beats.iter().map(|beat| beat.0.as_str()).collect::<Vec<_>>())
    .bind(instance)
    .bind(beats.iter().map(|beat| beat.1.activity.as_str()).collect::<Vec<_>>())
    .bind(beats.iter().map(|beat| beat.1.activity.why().map(str::to_owned)).collect::<Vec<_>>())
    .bind(beats.iter().map(|beat| beat.1.position.0).collect::<Vec<_>>())
    .bind(beats.iter().map(|beat| beat.2).collect::<Vec<_>>())
    .bind(beats.iter().map(|beat| beat.1.parked_aggregates as i64).collect::<Vec<_>>())
    .bind(FORGOTTEN_AFTER_SECONDS)
    .execute(pool)
    .await?;
    Ok(())
}

async fn say_goodbye(pool: &PgPool, instance: &str) -> Result<(), sqlx::Error> {
    sqlx::query("delete from projection_instances where instance = $1").bind(instance).execute(pool).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_that_of_the_last_ten_seconds() {
        let (mut rate, begin) = (Rate::default(), Instant::now());
        let at = |seconds| begin + Duration::from_secs(seconds);
        assert!(rate.after(at(0), 0).abs() < 1e-9);
        assert!((rate.after(at(1), 500) - 500.0).abs() < 1e-9);
        for second in 2..=30 {
            rate.after(at(second), 500);
        }
        assert!(rate.after(at(31), 500).abs() < 1e-9, "what was long ago does not count");
    }
}
