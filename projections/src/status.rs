//! How each read model is: where it stands, how far behind the log, whether somebody works on it, and what is parked.

use std::{collections::HashMap, slice, time::Duration};

use agrodeep_event_store::Position;
use chrono::Utc;
use sqlx::postgres::PgRow;
use tokio_util::sync::CancellationToken;

use crate::{
    Model, ReadError, ReadModels,
    activity::Activity,
    read_models::COUNTED_MAX,
    row::{count, get},
    runner::Reached,
};

/// An instance that has said nothing for so long is not there.
const SILENT_SECONDS: f64 = 5.0;
/// Whose oldest missing event is younger, is live.
const LIVE_SECONDS_MAX: f64 = 1.0;
/// How often the figures are brought up to date.
const MEASURE: Duration = Duration::from_secs(1);

/// What a read model is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelState {
    /// It follows the log, and is less than a second behind.
    Live,
    /// It follows the log, and is behind.
    CatchingUp,
    /// Its rows are built anew.
    Rebuilding,
    /// It cannot go on, and tries again.
    Paused,
    /// All instances believe that another one works.
    StandingBy,
    /// No instance is there.
    Stopped,
}

impl ModelState {
    /// The name, as it is told.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::CatchingUp => "catching_up",
            Self::Rebuilding => "rebuilding",
            Self::Paused => "paused",
            Self::StandingBy => "standing_by",
            Self::Stopped => "stopped",
        }
    }
}

/// How a read model is.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelStatus {
    /// Which one.
    pub model: Model,
    /// Who works on it, as `host:process`; of the index there is one a process.
    pub instance: Option<String>,
    /// What it is at.
    pub state: ModelState,
    /// Why it is paused.
    pub why: Option<String>,
    /// Up to which event everything is in.
    pub position: Position,
    /// The log's end.
    pub head: Position,
    /// How many events are missing.
    pub events_behind: u64,
    /// Whether it may be more: where positions have holes, only so many are counted.
    pub events_behind_is_minimum: bool,
    /// How long ago the log took the oldest event that is missing; 0: none is.
    pub seconds_behind: f64,
    /// How many events were taken in a second, lately.
    pub events_per_second: f64,
    /// How long until nothing is missing, if it goes on like this.
    pub seconds_to_catch_up: Option<f64>,
    /// How many aggregates are parked.
    pub parked_aggregates: u64,
    /// How many events are parked with them; the index does not count them.
    pub parked_events: Option<u64>,
    /// How many instances stand by.
    pub standing_by: u64,
}

/// What an instance has said of itself.
struct Beat {
    instance: String,
    activity: Activity,
    position: Position,
    events_per_second: f64,
    parked_aggregates: u64,
    is_silent: bool,
}

struct Lag {
    events: u64,
    is_minimum: bool,
    seconds: f64,
}

impl ReadModels {
    /// How every read model is; of the index, each that a running process has.
    pub async fn status(&self) -> Result<Vec<ModelStatus>, ReadError> {
        let head = self.log().head().await.map_err(|error| ReadError::Unavailable(error.to_string()))?;
        let (mut beats, parked) = (self.beats().await?, self.parked_counts().await?);
        let mut all = Vec::new();
        for model in Model::ALL {
            let mut beats = beats.remove(model.as_str()).unwrap_or_default();
            if model == Model::Search {
                for beat in self.indexes(beats) {
                    let lag = self.lag(beat.position).await?;
                    let parked = (beat.parked_aggregates, None);
                    all.push(status(model, head, beat.position, &lag, slice::from_ref(&beat), parked));
                }
                continue;
            }
            let position = self.position(model).await?;
            if let Some(now) = self.progress().now(model) {
                put_own_first(&mut beats, self.progress().instance(), now);
            }
            let (aggregates, events) = parked.get(model.as_str()).copied().unwrap_or_default();
            let lag = self.lag(position).await?;
            all.push(status(model, head, position, &lag, &beats, (aggregates, Some(events))));
        }
        Ok(all)
    }

    /// Keeps the figures of all read models up to date until told to stop.
    pub async fn keep_measuring(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(MEASURE) => {}
            }
            match self.status().await {
                Ok(all) => all.iter().for_each(|status| self.tell_figures(status)),
                Err(error) => tracing::debug!(%error, "the lag of the read models could not be measured"),
            }
        }
    }

    /// Of the index only that of this process: others tell their own.
    fn tell_figures(&self, status: &ModelStatus) {
        let own = self.index().map(|index| index.instance());
        if status.model == Model::Search && status.instance.as_deref() != own {
            return;
        }
        let name = status.model.as_str();
        metrics::gauge!("projection_lag_events", "projection" => name).set(status.events_behind as f64);
        metrics::gauge!("projection_lag_seconds", "projection" => name).set(status.seconds_behind);
        metrics::gauge!("projection_events_per_second", "projection" => name).set(status.events_per_second);
        metrics::gauge!("projection_parked_aggregates", "projection" => name)
            .set(status.parked_aggregates as f64);
        metrics::gauge!("projection_parked_events", "projection" => name)
            .set(status.parked_events.unwrap_or(status.parked_aggregates) as f64);
        let is_working = matches!(status.state, ModelState::Live | ModelState::CatchingUp);
        metrics::gauge!("projection_working", "projection" => name).set(f64::from(u8::from(is_working)));
    }

    /// The indexes that are there, this process' own as it is at this moment. None: the last that was, if that is known.
    fn indexes(&self, mut beats: Vec<Beat>) -> Vec<Beat> {
        if let Some(index) = self.index() {
            put_own_first(&mut beats, index.instance(), index.now());
        }
        if beats.iter().any(|beat| !beat.is_silent) {
            beats.retain(|beat| !beat.is_silent);
        } else {
            beats.truncate(1);
        }
        beats
    }

    /// Why a read model does not come nearer.
    pub(crate) async fn activity(&self, model: Model) -> Option<Activity> {
        if let (Model::Search, Some(index)) = (model, self.index()) {
            return Some(index.now().activity);
        }
        if let Some(now) = self.progress().now(model) {
            return Some(now.activity);
        }
        let beats = self.beats().await.ok()?.remove(model.as_str())?;
        working(&beats).map(|beat| beat.activity.clone())
    }

    async fn lag(&self, position: Position) -> Result<Lag, ReadError> {
        let log = self.log();
        let unavailable = |error: agrodeep_event_store::LogError| ReadError::Unavailable(error.to_string());
        let is_dense = log.promises().dense_positions;
        let counted_max = if is_dense { u64::MAX } else { COUNTED_MAX };
        let events = log.count_after(position, counted_max).await.map_err(unavailable)?;
        let oldest = if events == 0 { None } else { log.read(position, 1).await.map_err(unavailable)?.pop() };
        let seconds = oldest.map_or(0.0, |event| (Utc::now() - event.recorded_at).as_seconds_f64().max(0.0));
        Ok(Lag { events, is_minimum: !is_dense && events == COUNTED_MAX, seconds })
    }

    /// What the instances have said, the latest first.
    async fn beats(&self) -> Result<HashMap<String, Vec<Beat>>, ReadError> {
        let rows = sqlx::query(
            "select *, seen_at < now() - make_interval(secs => $1) is_silent from projection_instances
             order by seen_at desc",
        )
        .bind(SILENT_SECONDS)
        .fetch_all(self.pool())
        .await?;
        let mut beats: HashMap<String, Vec<Beat>> = HashMap::new();
        for row in &rows {
            beats.entry(get(row, "projection")?).or_default().push(beat(row)?);
        }
        Ok(beats)
    }

    async fn parked_counts(&self) -> Result<HashMap<String, (u64, u64)>, ReadError> {
        let rows: Vec<(String, i64, i64)> = sqlx::query_as(
            "select projection, count(distinct (aggregate_type, aggregate_id)), count(*) from parked_events
             group by projection",
        )
        .fetch_all(self.pool())
        .await?;
        Ok(rows.into_iter().map(|(name, streams, events)| (name, (count(streams), count(events)))).collect())
    }
}

fn beat(row: &PgRow) -> Result<Beat, ReadError> {
    Ok(Beat {
        instance: get(row, "instance")?,
        activity: Activity::named(get(row, "activity")?, get(row, "why")?),
        position: Position(get(row, "position")?),
        events_per_second: get(row, "events_per_second")?,
        parked_aggregates: count(get(row, "parked_aggregates")?),
        is_silent: get(row, "is_silent")?,
    })
}

/// What an instance of this process is at need not be asked in the database, which may be slow or away.
fn put_own_first(beats: &mut Vec<Beat>, instance: &str, now: Reached) {
    let told = beats.iter().position(|beat| beat.instance == instance).map(|own| beats.remove(own));
    let own = Beat {
        instance: instance.to_owned(),
        activity: now.activity,
        position: now.position,
        events_per_second: told.map_or(0.0, |beat| beat.events_per_second),
        parked_aggregates: now.parked_aggregates as u64,
        is_silent: false,
    };
    beats.insert(0, own);
}

/// The instance that says most of how a read model is.
fn working(beats: &[Beat]) -> Option<&Beat> {
    beats.iter().filter(|beat| !beat.is_silent).min_by_key(|beat| match beat.activity {
        Activity::Working => 0,
        Activity::Rebuilding => 1,
        Activity::Paused(_) => 2,
        Activity::StandingBy => 3,
    })
}

fn status(
    model: Model,
    head: Position,
    position: Position,
    lag: &Lag,
    beats: &[Beat],
    (parked_aggregates, parked_events): (u64, Option<u64>),
) -> ModelStatus {
    let is_standing_by = |beat: &&Beat| !beat.is_silent && beat.activity == Activity::StandingBy;
    let standing_by = beats.iter().filter(is_standing_by).count() as u64;
    let at_work = working(beats);
    let state = match at_work.map(|beat| &beat.activity) {
        None => ModelState::Stopped,
        Some(Activity::Working) if lag.seconds <= LIVE_SECONDS_MAX => ModelState::Live,
        Some(Activity::Working) => ModelState::CatchingUp,
        Some(Activity::Rebuilding) => ModelState::Rebuilding,
        Some(Activity::Paused(_)) => ModelState::Paused,
        Some(Activity::StandingBy) => ModelState::StandingBy,
    };
    let events_per_second = at_work.map_or(0.0, |beat| beat.events_per_second);
    let seconds_to_catch_up = match state {
        ModelState::Live => Some(0.0),
        ModelState::CatchingUp if events_per_second > 0.0 && !lag.is_minimum => {
            Some(lag.events as f64 / events_per_second)
        }
        _ => None,
    };
    ModelStatus {
        model,
        instance: at_work.map(|beat| beat.instance.clone()),
        state,
        why: at_work.and_then(|beat| beat.activity.why()).map(str::to_owned),
        position,
        head,
        events_behind: lag.events,
        events_behind_is_minimum: lag.is_minimum,
        seconds_behind: lag.seconds,
        events_per_second,
        seconds_to_catch_up,
        parked_aggregates,
        parked_events,
        standing_by,
    }
}
