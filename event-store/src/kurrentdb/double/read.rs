//! Reads that end: of a stream, and of all of them.

use tonic::Status;

use super::{
    convert::{content, event, identifier},
    filter::Filter,
    log::{Found, Log},
    protocol::event_store::client::streams::{
        ReadResp,
        read_req::options::{self, all_options::AllOption, stream_options::RevisionOption},
        read_resp::{Content, StreamNotFound},
    },
};

type Answers = Vec<Result<ReadResp, Status>>;

/// A stream that was deleted for ever: `RpcExceptions.StreamDeleted`.
pub(super) fn stream_deleted(stream: &str) -> Status {
    let mut status = Status::failed_precondition(format!("Event stream '{stream}' is deleted."));
    say(&mut status, "exception", "stream-deleted");
    say(&mut status, "stream-name", stream);
    status
}

/// A place that no record begins at: `RpcExceptions.InvalidPositionException`.
pub(super) fn invalid_position() -> Status {
    Status::invalid_argument("Trying to read from an invalid position.")
}

pub(super) fn say(status: &mut Status, name: &'static str, value: &str) {
    if let Ok(value) = value.parse() {
        status.metadata_mut().insert(name, value);
    }
}

/// `ReadStreamForwards` and `ReadStreamBackwards` of KurrentDB's Enumerators.
pub(super) fn stream(
    log: &Log,
    name: &str,
    from: Option<RevisionOption>,
    count: u64,
    backwards: bool,
    compatible: bool,
) -> Result<Answers, Status> {
    let (first, last) = match log.find(name) {
        Found::NoStream => {
            // An answer, not an error.
            let not_found = StreamNotFound { stream_identifier: Some(identifier(name)) };
            return Ok(vec![Ok(content(Content::StreamNotFound(not_found)))]);
        }
        Found::Deleted => return Err(stream_deleted(name)),
        Found::Revisions { first, last } => (first, last),
    };
    let from = match from {
        Some(RevisionOption::Revision(revision)) => revision,
        Some(RevisionOption::Start(())) => 0,
        Some(RevisionOption::End(())) => last,
        None => return Err(Status::invalid_argument("revision_option is missing")),
    };
    let mut answers: Answers = Vec::new();
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    if backwards {
        let revisions = (first..=from.min(last)).rev().take(count);
        answers.extend(
            revisions.filter_map(|revision| log.event(name, revision)).map(|record| Ok(event(&record))),
        );
    } else {
        let revisions = (from.max(first)..=last).take(count);
        answers.extend(
            revisions.filter_map(|revision| log.event(name, revision)).map(|record| Ok(event(&record))),
        );
        if compatible && answers.is_empty() && from < first {
            answers.push(Ok(content(Content::FirstStreamPosition(first))));
        }
    }
    if compatible {
        answers.push(Ok(content(Content::LastStreamPosition(last))));
    }
    Ok(answers)
}

/// `ReadAllForwardsFiltered` and its like: counted is what passes the filter, so it ends early only at the log's end.
/// Forwards the position that is asked for comes, too (`>= pos` in AllReader.cs); backwards it does not.
pub(super) fn all(
    log: &Log,
    from: Option<AllOption>,
    count: u64,
    backwards: bool,
    filter: Option<&Filter>,
) -> Result<Answers, Status> {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let passes = |record: &super::log::Record| filter.is_none_or(|filter| filter.lets_through(record));
    let from = position(from)?;
    let records = if backwards {
        log.backwards(from, count, passes)
    } else {
        log.forwards(from, count, passes).ok_or_else(invalid_position)?
    };
    Ok(records.iter().map(|record| Ok(event(record))).collect())
}

/// Where to begin; the end is beyond all places.
pub(super) fn position(option: Option<AllOption>) -> Result<u64, Status> {
    match option {
        Some(AllOption::Position(options::Position { commit_position, prepare_position })) => {
            if commit_position == prepare_position {
                Ok(commit_position)
            } else {
                Err(invalid_position())
            }
        }
        Some(AllOption::Start(())) => Ok(0),
        Some(AllOption::End(())) => Ok(u64::MAX),
        None => Err(Status::invalid_argument("all_option is missing")),
    }
}
