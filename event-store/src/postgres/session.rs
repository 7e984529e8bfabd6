//! Connections that come back by themselves, with the house's statements prepared.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::Mutex;
use tokio_postgres::{Client, Config, NoTls, Statement};

use crate::LogError;

/// A connection, shared: statements on it are pipelined.
pub(super) struct Session {
    pub client: Client,
    pub append: Statement,
    pub load: Statement,
    pub find_command: Statement,
    pub read: Statement,
    pub read_back: Statement,
    pub load_page: Statement,
    pub select: Statement,
    pub select_back: Statement,
    pub last_events: Statement,
    pub head: Statement,
    pub resume: Statement,
    pub keep: Statement,
    pub forget: Statement,
}

const COLUMNS: &str = "e.position, e.event_id, e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, \
    e.event_version, e.payload, e.metadata, e.command_id, e.recorded_at";

impl Session {
    async fn open(config: &Config) -> Result<Self, tokio_postgres::Error> {
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to the log ended");
            }
        });
        // Everything asked here goes through an index. The server keeps a plan that it made when the log was all but empty, and
        // that would read the whole of it. (Without indexes that fit, a plan also looks so dear that it would be compiled.)
        // And whatever the database is set to: a verdict means that the disk has it.
        client
            .batch_execute(
                "set enable_seqscan = off; set jit = off; set plan_cache_mode = force_generic_plan; \
                 set synchronous_commit = on",
            )
            .await?;
        let append = client
            .prepare("select item, outcome, at, version from append_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
            .await?;
        let load = client
            .prepare(&format!(
                "select {COLUMNS} from events e \
                 where e.aggregate_type = $1 and e.aggregate_id = $2 and e.sequence > $3 order by e.sequence"
            ))
            .await?;
        // The first event of a command has the command's id; the others follow it in its stream. Asked for as a range, as the
        // index of commands has it `where event_id = command_id`: of two equalities the planner would make two comparisons
        // with the parameter, no longer see that clause, and read the whole log.
        let first = "from events f where f.command_id between $1 and $1 and f.event_id = f.command_id";
        let find_command = client
            .prepare(&format!(
                "select {COLUMNS} from events e \
                 where (e.aggregate_type, e.aggregate_id) = (select f.aggregate_type, f.aggregate_id {first}) \
                 and e.sequence >= (select f.sequence {first}) and e.command_id = $1 order by e.sequence"
            ))
            .await?;
        let read = client
            .prepare(&format!(
                "select {COLUMNS} from events e where e.position > $1 order by e.position limit $2"
            ))
            .await?;
        let read_back = client
            .prepare(&format!(
                "select {COLUMNS} from events e where e.position < $1 order by e.position desc limit $2"
            ))
            .await?;
        let load_page = client
            .prepare(&format!(
                "select {COLUMNS} from events e where e.aggregate_type = $1 and e.aggregate_id = $2 \
                 and e.sequence > $3 order by e.sequence limit $4"
            ))
            .await?;
        // An event of the correlation has the id somewhere in its metadata: a search for bytes spares the server reading JSON.
        let passing = "e.position > $1 and e.position < $2 \
             and (cardinality($3::text[]) = 0 or e.aggregate_type = any ($3)) \
             and (cardinality($4::text[]) = 0 or e.event_type = any ($4)) \
             and ($5::text is null or strpos(e.metadata::text, $5) > 0)";
        let select = client
            .prepare(&format!("select {COLUMNS} from events e where {passing} order by e.position limit $6"))
            .await?;
        let select_back = client
            .prepare(&format!(
                "select {COLUMNS} from events e where {passing} order by e.position desc limit $6"
            ))
            .await?;
        let last_events = client.prepare(&last_events()).await?;
        let head = client.prepare("select position from log_head").await?;
        // A state counts only if the event that it was taken after is still there; it comes along with that event.
        let resume = client
            .prepare(&format!(
                "with kept as materialized (
                     select s.version, s.state, s.checksum from snapshots s
                     join events e on (e.aggregate_type, e.aggregate_id, e.sequence, e.command_id)
                                    = (s.aggregate_type, s.aggregate_id, s.version, s.command_id)
                     where s.aggregate_type = $1 and s.aggregate_id = $2 and s.form = $3
                 )
                 select {COLUMNS}, k.version, k.state, k.checksum
                 from events e left join kept k on k.version = e.sequence
                 where e.aggregate_type = $1 and e.aggregate_id = $2
                   and e.sequence >= coalesce((select version from kept), 1)
                 order by e.sequence"
            ))
            .await?;
        // What can be had again is not worth waiting for the disk.
        let keep = client
            .prepare(
                "with older as (
                     delete from snapshots where aggregate_type = $1 and aggregate_id = $2 and form < $3
                 )
                 insert into snapshots as s
                     (aggregate_type, aggregate_id, form, version, command_id, state, checksum)
                 select $1::text, $2::text, $3::integer, $4::bigint, $5::uuid, $6::json, $7::bytea
                 where set_config('synchronous_commit', 'off', true) = 'off'
                 on conflict (aggregate_type, aggregate_id, form) do update
                 set version = excluded.version, command_id = excluded.command_id, state = excluded.state,
                     checksum = excluded.checksum, taken_at = now()
                 where s.version < excluded.version or not exists (
                     select from events e
                     where (e.aggregate_type, e.aggregate_id, e.sequence, e.command_id)
                         = (s.aggregate_type, s.aggregate_id, s.version, s.command_id))",
            )
            .await?;
        let forget = client
            .prepare(
                "delete from snapshots
                 where aggregate_type = $1 and aggregate_id = $2 and form = $3 and version = $4",
            )
            .await?;
        Ok(Self {
            client,
            append,
            load,
            find_command,
            read,
            read_back,
            load_page,
            select,
            select_back,
            last_events,
            head,
            resume,
            keep,
            forget,
        })
    }
}

/// From stream to stream through the primary key, never through the events between: `$1` and `$2` name the stream to go on
/// after, `$3` the only kind there is to be, if any; `$4` says how many streams.
fn last_events() -> String {
    let next = |after: &str| {
        format!(
            "select n.aggregate_type, n.aggregate_id from events n where {after} \
             and ($3::text is null or n.aggregate_type = $3) order by n.aggregate_type, n.aggregate_id limit 1"
        )
    };
    let (first, following) = (
        next("(n.aggregate_type, n.aggregate_id) > ($1::text, $2::text)"),
        next("(n.aggregate_type, n.aggregate_id) > (s.aggregate_type, s.aggregate_id)"),
    );
    format!(
        "with recursive streams as (\
             (select f.aggregate_type, f.aggregate_id, 1::bigint as number from ({first}) f) \
             union all \
             select f.aggregate_type, f.aggregate_id, s.number + 1 \
             from streams s cross join lateral ({following}) f where s.number < $4) \
         select {COLUMNS} from streams s cross join lateral (\
             select l.* from events l where l.aggregate_type = s.aggregate_type and l.aggregate_id = s.aggregate_id \
             order by l.sequence desc limit 1) e \
         order by s.number"
    )
}

/// Gives out the present session; opens a new one when it has ended. Clones share it.
#[derive(Clone)]
pub(super) struct Sessions {
    config: Arc<Config>,
    eras: Arc<AtomicU64>,
    present: Arc<Mutex<Option<Arc<Session>>>>,
}

impl Sessions {
    pub fn new(url: &str, application_name: &str) -> Result<Self, LogError> {
        let mut config: Config = url
            .parse()
            .map_err(|error| LogError::Invalid(format!("the address of the database: {error}")))?;
        config.application_name(application_name);
        config.connect_timeout(std::time::Duration::from_secs(5));
        Ok(Self { config: Arc::new(config), eras: Arc::default(), present: Arc::default() })
    }

    /// Another connection to the same server.
    #[must_use]
    pub fn another(&self, application_name: &str) -> Self {
        let mut config = (*self.config).clone();
        config.application_name(application_name);
        Self { config: Arc::new(config), eras: self.eras.clone(), present: Arc::default() }
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    /// How many connections this log has had. A new one may lead to another server.
    pub fn era(&self) -> u64 {
        self.eras.load(Ordering::SeqCst)
    }

    pub async fn get(&self) -> Result<Arc<Session>, LogError> {
        let mut present = self.present.lock().await;
        if let Some(session) = present.as_ref().filter(|session| !session.client.is_closed()) {
            return Ok(session.clone());
        }
        self.eras.fetch_add(1, Ordering::SeqCst);
        let session =
            Session::open(&self.config).await.map_err(|error| LogError::Unavailable(describe(&error)))?;
        let session = Arc::new(session);
        *present = Some(session.clone());
        Ok(session)
    }
}

/// An error with what lies beneath it, on one line.
pub(crate) fn describe(error: &tokio_postgres::Error) -> String {
    match (error.as_db_error(), std::error::Error::source(error)) {
        (Some(db), _) => format!("{} ({})", db.message(), db.code().code()),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    }
}
