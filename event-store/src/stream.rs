//! What names a stream: the kind of aggregate, and which one.

use std::{convert::Infallible, fmt, str::FromStr, sync::Arc};

use uuid::Uuid;

/// Which aggregate of its kind: any text. A UUID, written in lower case with hyphens, is kept as its 16 bytes; a clone
/// costs no allocation either way.
///
/// The order is: UUIDs first, by their bytes, then the other texts.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AggregateId(Form);

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Form {
    Uuid(Uuid),
    /// Never the canonical text of a UUID, so that equal ids have equal forms.
    Text(Arc<str>),
}

/// Under which the texts of ids become UUIDs (version 5, RFC 9562).
const TEXT_IDS: Uuid = Uuid::from_u128(0x1d0b_3a52_9f1e_5c43_8a6e_7b2f_44c9_d071);

impl AggregateId {
    /// The id if it is a UUID, otherwise the UUID (version 5) that stands for its text.
    pub fn uuid(&self) -> Uuid {
        match &self.0 {
            Form::Uuid(uuid) => *uuid,
            Form::Text(text) => Uuid::new_v5(&TEXT_IDS, text.as_bytes()),
        }
    }
}

/// The UUID that `text` is the canonical form of, and of no other text.
fn canonical_uuid(text: &str) -> Option<Uuid> {
    const LENGTH: usize = uuid::fmt::Hyphenated::LENGTH;
    if text.len() != LENGTH || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    Uuid::try_parse(text).ok()
}

impl From<Uuid> for AggregateId {
    fn from(uuid: Uuid) -> Self {
        Self(Form::Uuid(uuid))
    }
}

impl From<&str> for AggregateId {
    fn from(text: &str) -> Self {
        Self(canonical_uuid(text).map_or_else(|| Form::Text(text.into()), Form::Uuid))
    }
}

impl From<String> for AggregateId {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl FromStr for AggregateId {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.into())
    }
}

impl fmt::Display for AggregateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Uuid(uuid) => uuid.fmt(f),
            Form::Text(text) => text.fmt(f),
        }
    }
}

impl fmt::Debug for AggregateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Uuid(uuid) => uuid.fmt(f),
            Form::Text(text) => fmt::Debug::fmt(text, f),
        }
    }
}

/// One aggregate's stream: its type and id. Written `order-0191…`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId {
    /// The kind of aggregate: not empty, and without `-`, where a stream's name is taken apart.
    pub aggregate_type: Arc<str>,
    /// Which one.
    pub aggregate_id: AggregateId,
}

impl StreamId {
    /// The stream of one aggregate. Whether the name can be one shows when it is appended to: see [`StreamId::check`].
    pub fn new(aggregate_type: impl Into<Arc<str>>, id: impl Into<AggregateId>) -> Self {
        Self { aggregate_type: aggregate_type.into(), aggregate_id: id.into() }
    }

    /// The aggregate's id as a UUID: the id itself if it is one, as all of AgroDeep's own are; otherwise the UUID
    /// (version 5) that stands for its text. Total, so that what only knows UUIDs never meets an event that it cannot
    /// file; but not the way back to a text id.
    pub fn uuid(&self) -> Uuid {
        self.aggregate_id.uuid()
    }

    /// That the name reads back as the same stream.
    ///
    /// # Errors
    /// [`StreamIdError`] when the type is empty or has a `-`, or the id is empty.
    pub fn check(&self) -> Result<(), StreamIdError> {
        let type_is_good = !self.aggregate_type.is_empty() && !self.aggregate_type.contains('-');
        let id_is_good = !matches!(&self.aggregate_id.0, Form::Text(text) if text.is_empty());
        if type_is_good && id_is_good { Ok(()) } else { Err(StreamIdError) }
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.aggregate_type, self.aggregate_id)
    }
}

/// Not the name of a stream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stream is named <aggregate type>-<id>, the type without `-` and neither of them empty")]
pub struct StreamIdError;

impl FromStr for StreamId {
    type Err = StreamIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (aggregate_type, id) = text.split_once('-').ok_or(StreamIdError)?;
        let stream = Self::new(aggregate_type, id);
        stream.check()?;
        Ok(stream)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANONICAL: &str = "0191d3a4-5b6c-7d8e-9fa0-b1c2d3e4f506";

    #[test]
    fn an_id_that_is_the_text_of_a_uuid_is_that_uuid() {
        let uuid: Uuid = CANONICAL.parse().expect("a UUID");
        let id = AggregateId::from(CANONICAL);
        assert_eq!(id, AggregateId::from(uuid));
        assert_eq!((id.to_string().as_str(), id.uuid()), (CANONICAL, uuid));
    }

    #[test]
    fn an_id_reads_back_as_the_same_text_whatever_it_is() {
        for text in [
            "",
            "ACCT-1",
            "a-b-c",
            "é",
            &CANONICAL.to_uppercase(),
            &CANONICAL.replace('-', ""),
            &format!("{{{CANONICAL}}}"),
            &format!("urn:uuid:{CANONICAL}"),
        ] {
            let id = AggregateId::from(text);
            assert_eq!(id.to_string(), text);
            assert_ne!(id, AggregateId::from(CANONICAL), "{text}");
        }
    }

    #[test]
    fn a_text_id_has_one_uuid_of_its_own() {
        let (one, other) = (AggregateId::from("ACCT-1"), AggregateId::from("ACCT-2"));
        assert_eq!(one.uuid(), AggregateId::from("ACCT-1").uuid());
        assert_ne!(one.uuid(), other.uuid());
        assert_eq!(
            one.uuid().to_string(),
            "c21735b1-d45d-5538-b876-8059a4885c03",
            "it must stay what it was"
        );
    }

    #[test]
    fn a_stream_is_split_at_the_first_hyphen() {
        let stream: StreamId = "book-978-2-07-036002-4".parse().expect("a stream");
        assert_eq!(stream, StreamId::new("book", "978-2-07-036002-4"));
        assert_eq!(stream.to_string(), "book-978-2-07-036002-4");
    }

    #[test]
    fn what_would_not_read_back_is_no_stream() {
        for name in ["", "book", "-1", "book-"] {
            assert_eq!(name.parse::<StreamId>(), Err(StreamIdError), "{name}");
        }
        for stream in [StreamId::new("", "1"), StreamId::new("bank-account", "1"), StreamId::new("book", "")]
        {
            assert_eq!(stream.check(), Err(StreamIdError), "{stream}");
        }
    }
}
