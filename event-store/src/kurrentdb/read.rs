//! Reading streams and the log.

use std::{sync::Arc, time::Duration};

use kurrentdb::{
    ReadAllOptions, ReadEvent, ReadStream, ReadStreamOptions, StreamPosition, SubscriptionFilter,
};
use serde::Deserialize;
use uuid::Uuid;

use super::{envelope, known::Known, session::Sessions, trouble::Trouble};
use crate::{LogError, Position, RecordedEvent, StreamId};

/// How often a question that got no answer is asked, and how long before each.
const PAUSES: [Duration; 3] = [Duration::ZERO, Duration::from_millis(100), Duration::from_millis(400)];

/// Among how many events the server looks for ours at a time, when it reads the whole log.
const SEARCH_WINDOW: u32 = 4096;

/// Names that our streams can have: a type, which does not begin as KurrentDB's own do, `-`, and an id.
const OUR_NAMES: &str = "^[^$-][^-]*-.";

/// The events of streams named as ours.
pub(super) fn our_streams() -> SubscriptionFilter {
    SubscriptionFilter::on_stream_name().regex(OUR_NAMES).max(SEARCH_WINDOW)
}

/// A position for the client. Every record of the log that is not part of an explicit transaction, as ours never are, has
/// its commit position for its prepare position, too (KurrentDB's AllReader.cs).
pub(super) fn place(position: Position) -> kurrentdb::Position {
    let place = position.0.max(0) as u64;
    kurrentdb::Position { commit: place, prepare: place }
}

/// What a stream's tail holds.
enum Tail {
    /// No such stream: it is new, or was deleted softly.
    Nothing,
    /// Its events, and how many it has had in all, if the server says so.
    Events { events: Vec<kurrentdb::RecordedEvent>, last_version: Option<u64> },
}

#[derive(Clone)]
pub(super) struct Reader {
    sessions: Sessions,
    known: Arc<Known>,
    answer_time: Duration,
}

impl Reader {
    pub fn new(sessions: Sessions, known: Arc<Known>, answer_time: Duration) -> Self {
        Self { sessions, known, answer_time }
    }

    /// A stream's events after a version. What it reads is known from then on.
    pub async fn load(&self, stream: &StreamId, after_version: u64) -> Result<Vec<RecordedEvent>, LogError> {
        let events = self.events(stream, after_version, usize::MAX).await;
        if matches!(events, Err(LogError::Corrupt(_))) {
            self.known.forget(stream);
        }
        let events = events?;
        self.known.learn(stream, after_version, events.iter().map(|event| (event.version, event.command_id)));
        Ok(events)
    }

    /// Reads what is not known of a stream yet. Gives its version.
    pub async fn catch_up(&self, stream: &StreamId) -> Result<u64, LogError> {
        let version = self.known.version(stream);
        let tail = self.load(stream, version).await?;
        Ok(tail.last().map_or(version, |last| last.version))
    }

    pub async fn find_command(
        &self,
        stream: &StreamId,
        command_id: Uuid,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        if self.known.first_version(stream, command_id).is_none() {
            self.catch_up(stream).await?;
        }
        let Some(first) = self.known.first_version(stream, command_id) else { return Ok(vec![]) };
        // A command's events stand together. Most have few.
        let mut found: Vec<RecordedEvent> = Vec::new();
        let mut count = 16;
        loop {
            let events = self.events(stream, first - 1 + found.len() as u64, count).await?;
            let all = events.len();
            found.extend(events.into_iter().take_while(|event| event.command_id == command_id));
            if all < count || found.last().is_none_or(|last| last.version != first - 1 + found.len() as u64) {
                return Ok(found);
            }
            if found.len() < count {
                return Ok(found);
            }
            count *= 8;
        }
    }

    /// At most `count` events of a stream after a version.
    pub async fn events(
        &self,
        stream: &StreamId,
        after_version: u64,
        count: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        let corrupt = |what: &str| LogError::Corrupt(format!("{stream} {what}"));
        let name = stream.to_string();
        let tail = self.ask(|client| read_tail(client, name.clone(), after_version, count)).await;
        let (read, last_version) = match tail {
            Ok(Tail::Events { events, last_version }) => (events, last_version),
            Ok(Tail::Nothing) => {
                if self.is_deleted(stream).await? {
                    return Err(corrupt("was deleted in KurrentDB"));
                }
                return Ok(vec![]);
            }
            Err(Trouble::Tombstoned) => return Err(corrupt("was deleted for ever in KurrentDB")),
            Err(trouble) => return Err(in_words(trouble)),
        };
        let mut events = Vec::with_capacity(read.len());
        for (expected, event) in (after_version + 1..).zip(&read) {
            if event.revision + 1 != expected {
                return Err(corrupt(&format!("has no version {expected}: it was truncated or deleted")));
            }
            let Some(event) = envelope::recorded(stream, event)? else {
                return Err(corrupt(&format!("has an event of somebody else's, version {expected}")));
            };
            events.push(event);
        }
        let version = after_version + events.len() as u64;
        if events.len() < count && last_version.is_some_and(|last| last > version) {
            return Err(corrupt(&format!("has no version {}: it was truncated", version + 1)));
        }
        Ok(events)
    }

    /// Whether a stream that cannot be found has had events: a soft deletion truncates it before `long.MaxValue` by its
    /// metadata.
    async fn is_deleted(&self, stream: &StreamId) -> Result<bool, LogError> {
        #[derive(Deserialize)]
        struct StreamMetadata {
            #[serde(rename = "$tb", default)]
            truncate_before: Option<i64>,
        }
        let name = format!("$${stream}");
        let last = self.ask(|client| last_event(client, name.clone())).await.map_err(in_words)?;
        let metadata = last.and_then(|event| serde_json::from_slice::<StreamMetadata>(&event.data).ok());
        Ok(metadata.is_some_and(|metadata| metadata.truncate_before.is_some()))
    }

    /// At most `limit` of our events after a position; fewer only at the log's end.
    pub async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, LogError> {
        let mut found = Vec::new();
        let mut after = after;
        while found.len() < limit {
            // The position that is asked for comes, too.
            let wanted = limit - found.len() + usize::from(after > Position::START);
            let options = ReadAllOptions::default()
                .forwards()
                .position(if after > Position::START {
                    StreamPosition::Position(place(after))
                } else {
                    StreamPosition::Start
                })
                .max_count(wanted);
            let events = self.all(options).await?;
            let read = events.len();
            for event in events {
                let position = Position(event.position.commit as i64);
                if position > after {
                    found.extend(ours(&event)?);
                    after = position;
                }
            }
            if read < wanted {
                break;
            }
        }
        Ok(found)
    }

    /// At most `limit` of our events before a position, the last one first; fewer only at the log's beginning.
    pub async fn read_back(&self, before: Position, limit: usize) -> Result<Vec<RecordedEvent>, LogError> {
        let mut found: Vec<RecordedEvent> = Vec::new();
        // The end is beyond all places; a place that is asked for does not come itself.
        let mut from =
            if before.0 == i64::MAX { StreamPosition::End } else { StreamPosition::Position(place(before)) };
        while found.len() < limit {
            let wanted = limit - found.len();
            let options = ReadAllOptions::default().backwards().position(from).max_count(wanted);
            let events = self.all(options).await?;
            for event in &events {
                found.extend(ours(event)?.filter(|event| event.position < before));
            }
            match events.last() {
                Some(last) if events.len() == wanted => from = StreamPosition::Position(last.position),
                _ => break,
            }
        }
        Ok(found)
    }

    /// The position of our last event.
    pub async fn head(&self) -> Result<Position, LogError> {
        let mut before = StreamPosition::End;
        let mut count = 1;
        loop {
            let options = ReadAllOptions::default().backwards().position(before).max_count(count);
            let events = self.all(options).await?;
            for event in &events {
                if let Some(event) = ours(event)? {
                    return Ok(event.position);
                }
            }
            match events.last() {
                Some(last) if events.len() == count => before = StreamPosition::Position(last.position),
                _ => return Ok(Position::START),
            }
            count = 100;
        }
    }

    async fn all(&self, options: ReadAllOptions) -> Result<Vec<kurrentdb::RecordedEvent>, LogError> {
        let options = options.requires_leader(true).filter(our_streams());
        self.ask(|client| read_all(client, options.clone())).await.map_err(in_words)
    }

    /// Asks until there is an answer, a few times.
    async fn ask<T, Answer>(
        &self,
        question: impl Fn(kurrentdb::Client) -> Answer + Send,
    ) -> Result<T, Trouble>
    where
        T: Send,
        Answer: Future<Output = Result<T, kurrentdb::Error>> + Send,
    {
        let mut trouble = Trouble::NotDone("KurrentDB was not asked".to_owned());
        for pause in PAUSES {
            tokio::time::sleep(pause).await;
            let session = self.sessions.get().await;
            let answer = tokio::time::timeout(self.answer_time, question(session.client.clone())).await;
            let error = match answer {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => error,
                Err(_) => kurrentdb::Error::DeadlineExceeded,
            };
            if Trouble::is_of_the_connection(&error, self.sessions.is_cluster()) {
                self.sessions.renew(&session).await.map_err(Trouble::Refused)?;
            }
            trouble = Trouble::of(&error);
            if !matches!(trouble, Trouble::NotDone(_) | Trouble::Open(_)) {
                break;
            }
        }
        Err(trouble)
    }
}

async fn read_tail(
    client: kurrentdb::Client,
    name: String,
    after_version: u64,
    count: usize,
) -> Result<Tail, kurrentdb::Error> {
    // Revisions begin with 0, versions with 1.
    let options = ReadStreamOptions::default()
        .forwards()
        .position(StreamPosition::Position(after_version))
        .max_count(count)
        .requires_leader(true);
    let mut answer: ReadStream = client.read_stream(name, &options).await?;
    let (mut events, mut last_version) = (Vec::new(), None);
    loop {
        match answer.next_read_event().await {
            Ok(Some(ReadEvent::Event(event))) => events.extend(event.event),
            Ok(Some(ReadEvent::LastStreamPosition(revision))) => last_version = Some(revision + 1),
            Ok(Some(_)) => {}
            Ok(None) => return Ok(Tail::Events { events, last_version }),
            Err(kurrentdb::Error::ResourceNotFound) => return Ok(Tail::Nothing),
            Err(error) => return Err(error),
        }
    }
}

/// The last event of a stream, if there is one.
async fn last_event(
    client: kurrentdb::Client,
    name: String,
) -> Result<Option<kurrentdb::RecordedEvent>, kurrentdb::Error> {
    let options = ReadStreamOptions::default()
        .backwards()
        .position(StreamPosition::End)
        .max_count(1)
        .requires_leader(true);
    let mut answer = client.read_stream(name, &options).await?;
    match answer.next().await {
        Ok(event) => Ok(event.and_then(|event| event.event)),
        Err(kurrentdb::Error::ResourceNotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn read_all(
    client: kurrentdb::Client,
    options: ReadAllOptions,
) -> Result<Vec<kurrentdb::RecordedEvent>, kurrentdb::Error> {
    let mut answer = client.read_all(&options).await?;
    let mut events = Vec::new();
    while let Some(event) = answer.next().await? {
        events.extend(event.event);
    }
    Ok(events)
}

/// An event of the whole log, if it is one of ours.
fn ours(event: &kurrentdb::RecordedEvent) -> Result<Option<RecordedEvent>, LogError> {
    match event.stream_id().parse() {
        Ok(stream) => envelope::recorded(&stream, event),
        Err(_) => Ok(None),
    }
}

fn in_words(trouble: Trouble) -> LogError {
    match trouble {
        Trouble::NotDone(why) | Trouble::Open(why) => LogError::Unavailable(why),
        Trouble::Refused(error) => error,
        Trouble::WrongVersion { .. } | Trouble::NoStream | Trouble::Tombstoned => {
            LogError::Corrupt("KurrentDB's answer does not fit the question".to_owned())
        }
    }
}
