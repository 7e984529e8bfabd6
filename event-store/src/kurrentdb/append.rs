//! Appending: what is known of the stream, one write, and the verdict; asked again until there is one.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use kurrentdb::{AppendToStreamOptions, EventData, StreamState};
use tokio::sync::Semaphore;

use super::{
    KurrentSettings, envelope, known::Known, read::Reader, session::Sessions, trouble::Trouble, watch::Head,
};
use crate::{Append, AppendOutcome, Appended, LogError, Position, StreamId};

const PAUSE_MIN: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_millis(500);

type Verdict = Result<AppendOutcome, LogError>;

pub(super) struct Appender {
    sessions: Sessions,
    known: Arc<Known>,
    reader: Reader,
    head: Head,
    settings: KurrentSettings,
    under_way: Semaphore,
}

/// What became of the first commands of a chain.
enum Step {
    /// So many have their verdicts, all of them [`AppendOutcome::Appended`].
    Done(Vec<Appended>),
    /// They cannot be written together, but perhaps one by one.
    OneByOne,
    /// The first is refused, the stream being at this version; so all are.
    Refused(Verdict, u64),
    /// Nobody knows of so many. What follows was not tried.
    Unknown(usize, String),
}

impl Appender {
    pub fn new(
        sessions: Sessions,
        known: Arc<Known>,
        reader: Reader,
        head: Head,
        settings: KurrentSettings,
    ) -> Self {
        let under_way = Semaphore::new(settings.writes_under_way_max);
        Self { sessions, known, reader, head, settings, under_way }
    }

    /// All of one stream.
    pub async fn append_chain(&self, chain: Vec<Append>) -> Vec<Verdict> {
        let mut verdicts: Vec<Verdict> = Vec::with_capacity(chain.len());
        let mut one_by_one = false;
        while let [first, ..] = &chain[verdicts.len()..] {
            let rest = &chain[verdicts.len()..];
            match self.step(&first.stream, rest, one_by_one).await {
                Step::Done(appended) => {
                    verdicts
                        .extend(appended.into_iter().map(|appended| Ok(AppendOutcome::Appended(appended))));
                }
                Step::OneByOne => one_by_one = true,
                Step::Refused(verdict, actual_version) => {
                    let fallen = match &verdict {
                        Err(LogError::Unavailable(why)) => Err(LogError::Unavailable(why.clone())),
                        _ => Ok(AppendOutcome::Conflict { actual_version }),
                    };
                    verdicts.push(verdict);
                    verdicts.resize(chain.len(), fallen);
                }
                Step::Unknown(count, why) => {
                    verdicts.extend(vec![Err(LogError::Unknown(why)); count]);
                    let not_tried = "what it builds on has no verdict".to_owned();
                    verdicts.resize(chain.len(), Err(LogError::Unavailable(not_tried)));
                }
            }
        }
        verdicts
    }

    async fn step(&self, stream: &StreamId, chain: &[Append], one_by_one: bool) -> Step {
        let first = &chain[0];
        let expected = first.expected_version;
        // All commands up to the expected version must be known, or a repeat could be appended after them. What comes later
        // the server finds: it refuses then, or knows the very same write again.
        let mut version = self.known.version(stream);
        if version < expected {
            match self.reader.catch_up(stream).await {
                Ok(caught_up) => version = caught_up,
                Err(error) => return Step::Refused(Err(error), expected),
            }
        }
        if let Some(at) = self.known.first_version(stream, first.command_id) {
            return self.repeat(first, at, version).await;
        }
        if version < expected {
            return conflict(version);
        }
        let run = self.run(stream, chain, one_by_one);
        match self.write(stream, run).await {
            Ok(last) => Step::Done(self.places(stream, run, last).await),
            Err(Trouble::WrongVersion { actual }) => {
                // An earlier try may have been done after all, by this or another process.
                if actual > version
                    && let Err(error) = self.reader.catch_up(stream).await
                {
                    return Step::Refused(Err(error), actual);
                }
                match self.known.first_version(stream, first.command_id) {
                    Some(at) => self.repeat(first, at, actual).await,
                    None => conflict(actual),
                }
            }
            Err(Trouble::Refused(LogError::Invalid(_))) if run.len() > 1 => Step::OneByOne,
            Err(Trouble::Refused(error)) => Step::Refused(Err(error), expected),
            Err(Trouble::NotDone(why)) => Step::Refused(Err(LogError::Unavailable(why)), expected),
            Err(Trouble::Open(why)) => Step::Unknown(run.len(), why),
            Err(Trouble::Tombstoned | Trouble::NoStream) => {
                self.known.forget(stream);
                let error = LogError::Corrupt(format!("{stream} was deleted for ever in KurrentDB"));
                Step::Refused(Err(error), expected)
            }
        }
    }

    /// A command that is in the stream from version `at` on: where it was expected, or elsewhere.
    async fn repeat(&self, append: &Append, at: u64, version: u64) -> Step {
        let stream = &append.stream;
        if at != append.expected_version + 1 {
            return Step::Refused(Ok(AppendOutcome::AlreadyDone), version);
        }
        match self.reader.find_command(stream, append.command_id).await {
            // Decided anew, it leads to something else: then the first decision holds, but it is not this one.
            Ok(events) if events.len() != append.events.len() => {
                Step::Refused(Ok(AppendOutcome::AlreadyDone), version)
            }
            Ok(events) => {
                if let Some(last) = events.last() {
                    return Step::Done(vec![Appended { position: last.position, version: last.version }]);
                }
                let error = LogError::Corrupt(format!("{stream} has no version {at} any more"));
                Step::Refused(Err(error), version)
            }
            Err(error) => Step::Refused(Err(error), version),
        }
    }

    /// As many of the first commands as build on each other, are new, and fit into one write.
    fn run<'a>(&self, stream: &StreamId, chain: &'a [Append], one_by_one: bool) -> &'a [Append] {
        let mut expected = chain[0].expected_version;
        let mut bytes = 0;
        let mut ids = HashSet::new();
        let count = chain.iter().take_while(|append| {
            bytes += envelope::size(append);
            let first = ids.is_empty();
            let fits = first || (!one_by_one && bytes <= self.settings.write_bytes_max);
            let follows = append.expected_version == expected;
            let new = self.known.first_version(stream, append.command_id).is_none();
            expected += append.events.len() as u64;
            fits && follows && new && ids.insert(append.command_id)
        });
        &chain[..count.count()]
    }

    /// Writes all events of `run`, or none. Gives the position of the last, if the server says it.
    async fn write(&self, stream: &StreamId, run: &[Append]) -> Result<Option<Position>, Trouble> {
        let mut events: Vec<EventData> = Vec::new();
        for append in run {
            for (index, event) in append.events.iter().enumerate() {
                events.push(envelope::event_data(append, index, event).map_err(Trouble::Refused)?);
            }
        }
        let version = run[0].expected_version + events.len() as u64;
        let position = self.write_patiently(stream, run[0].expected_version, events).await?;
        if position.version != version {
            // A stream that was deleted softly is no stream to the server, and its next event counts on.
            let text =
                format!("{stream} was deleted in KurrentDB, and goes on with version {}", position.version);
            return Err(Trouble::Refused(LogError::Corrupt(text)));
        }
        Ok((position.position > Position::START).then_some(position.position))
    }

    /// Asks until there is a verdict, for as long as patience lasts. The same write under the same revision is done once.
    async fn write_patiently(
        &self,
        stream: &StreamId,
        expected_version: u64,
        events: Vec<EventData>,
    ) -> Result<Appended, Trouble> {
        let state = match expected_version {
            0 => StreamState::NoStream,
            version => StreamState::StreamRevision(version - 1),
        };
        let options = AppendToStreamOptions::default()
            .stream_state(state)
            .requires_leader(true)
            .deadline(self.settings.answer_time);
        let name = stream.to_string();
        let began = Instant::now();
        let mut pause = PAUSE_MIN;
        let mut open = None;
        loop {
            let permit = self.under_way.acquire().await;
            let session = self.sessions.get().await;
            let write = session.client.append_to_stream(name.as_str(), &options, events.clone());
            let answer = tokio::time::timeout(self.settings.answer_time, write).await;
            drop(permit);
            let error = match answer {
                Ok(Ok(done)) => {
                    let position = Position(i64::try_from(done.position.commit).unwrap_or_default());
                    return Ok(Appended { position, version: done.next_expected_version + 1 });
                }
                Ok(Err(error)) => error,
                Err(_) => kurrentdb::Error::DeadlineExceeded,
            };
            if Trouble::is_of_the_connection(&error, self.sessions.is_cluster()) {
                self.sessions.renew(&session).await.map_err(Trouble::Refused)?;
            }
            match Trouble::of(&error) {
                Trouble::NotDone(why) => {
                    if began.elapsed() >= self.settings.verdict_patience {
                        return Err(open.map_or(Trouble::NotDone(why), Trouble::Open));
                    }
                }
                Trouble::Open(why) => {
                    if began.elapsed() >= self.settings.verdict_patience {
                        return Err(Trouble::Open(why));
                    }
                    open = Some(why);
                }
                verdict => return Err(verdict),
            }
            tracing::debug!(%stream, %error, "an append is asked again");
            metrics::counter!("kurrentdb_appends_asked_again_total").increment(1);
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Where the commands of a write stand, which this process knows of from now on.
    async fn places(&self, stream: &StreamId, run: &[Append], last: Option<Position>) -> Vec<Appended> {
        let mut version = run[0].expected_version;
        let after = version;
        let mut commands = Vec::new();
        let mut appended = Vec::with_capacity(run.len());
        for append in run {
            let first = version + 1;
            version += append.events.len() as u64;
            commands.extend((first..=version).map(|version| (version, append.command_id)));
            appended.push(Appended { position: last.unwrap_or_default(), version });
        }
        self.known.learn(stream, after, commands);
        // The server tells the position of the last event alone. Should the others' be lost, the last stands for them: who
        // waits for that one waits for all.
        if (run.len() > 1 || last.is_none())
            && let Ok(events) = self.reader.events(stream, after, (version - after) as usize).await
        {
            let positions =
                |version: u64| events.get((version - after - 1) as usize).map(|event| event.position);
            for appended in &mut appended {
                appended.position = positions(appended.version).unwrap_or(appended.position);
            }
        }
        if let Some(last) = appended.last() {
            self.head.advance(last.position);
        }
        appended
    }
}

fn conflict(actual_version: u64) -> Step {
    Step::Refused(Ok(AppendOutcome::Conflict { actual_version }), actual_version)
}
