//! Between the double's words and the protocol's.

use std::collections::HashMap;

use bytes::Bytes;
use tonic::Status;
use uuid::Uuid;

use super::{
    log::{Expected, Proposed, Record},
    protocol::event_store::client::{
        StreamIdentifier, Uuid as WireUuid,
        streams::{
            ReadResp,
            append_req::{self, options::ExpectedStreamRevision},
            read_resp::{Content, ReadEvent, read_event},
        },
        uuid::{Structured, Value},
    },
};

pub(super) fn name(identifier: Option<&StreamIdentifier>) -> Result<String, Status> {
    let bytes = identifier.map(|identifier| identifier.stream_name.to_vec()).unwrap_or_default();
    let name =
        String::from_utf8(bytes).map_err(|_| Status::invalid_argument("the stream's name is not UTF-8"))?;
    if name.is_empty() {
        return Err(Status::invalid_argument("the stream has no name"));
    }
    Ok(name)
}

pub(super) fn identifier(name: &str) -> StreamIdentifier {
    StreamIdentifier { stream_name: Bytes::copy_from_slice(name.as_bytes()) }
}

pub(super) fn expected(revision: Option<ExpectedStreamRevision>) -> Result<Expected, Status> {
    match revision {
        Some(ExpectedStreamRevision::Revision(revision)) => Ok(Expected::Revision(revision)),
        Some(ExpectedStreamRevision::NoStream(())) => Ok(Expected::NoStream),
        Some(ExpectedStreamRevision::Any(())) => Ok(Expected::Any),
        Some(ExpectedStreamRevision::StreamExists(())) => Ok(Expected::StreamExists),
        None => Err(Status::invalid_argument("the expected revision is missing")),
    }
}

/// An event that is to be appended. Its type and content type are required: `ParseGrpcMetadata` of MetadataHelpers.cs.
pub(super) fn proposed(message: append_req::ProposedMessage) -> Result<Proposed, Status> {
    let append_req::ProposedMessage { id, metadata, custom_metadata, data } = message;
    let required = |name: &str| {
        metadata.get(name).cloned().ok_or_else(|| {
            Status::invalid_argument(format!("Required Metadata Property '{name}' is missing"))
        })
    };
    Ok(Proposed {
        id: uuid(id)?,
        event_type: required("type")?,
        is_json: required("content-type")? == "application/json",
        custom_metadata,
        data,
    })
}

fn uuid(wire: Option<WireUuid>) -> Result<Uuid, Status> {
    match wire.and_then(|wire| wire.value) {
        Some(Value::Structured(Structured { most_significant_bits, least_significant_bits })) => {
            Ok(Uuid::from_u64_pair(most_significant_bits as u64, least_significant_bits as u64))
        }
        Some(Value::String(text)) => {
            text.parse().map_err(|_| Status::invalid_argument(format!("{text:?} is not a UUID")))
        }
        None => Err(Status::invalid_argument("the event has no id")),
    }
}

/// An event for a reader that wants ids as texts.
pub(super) fn event(record: &Record) -> ReadResp {
    let content_type = if record.is_json { "application/json" } else { "application/octet-stream" };
    let metadata = HashMap::from([
        ("type".to_owned(), record.event_type.clone()),
        ("content-type".to_owned(), content_type.to_owned()),
        ("created".to_owned(), record.created.to_string()),
    ]);
    // Both positions of a record are the same: `CommitEventRecord(eventRecord, prepare.LogPosition)` of AllReader.cs.
    let event = read_event::RecordedEvent {
        id: Some(WireUuid { value: Some(Value::String(record.id.to_string())) }),
        stream_identifier: Some(identifier(&record.stream)),
        stream_revision: record.number,
        prepare_position: record.position,
        commit_position: record.position,
        metadata,
        custom_metadata: record.custom_metadata.clone(),
        data: record.data.clone(),
    };
    content(Content::Event(ReadEvent {
        event: Some(event),
        link: None,
        position: Some(read_event::Position::CommitPosition(record.position)),
    }))
}

pub(super) fn content(content: Content) -> ReadResp {
    ReadResp { content: Some(content) }
}
