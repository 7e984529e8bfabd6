//! Events in the form of today, whatever version of it the log has.
//!
//! What was written once is never changed: when an event's form changes, its version counts up and an [`Upcaster`] turns the
//! JSON of the version before into the new one. [`read`] is the only way from the log's JSON to an event: every part of the
//! program goes through it.

use serde_json::{Map, Value, error::Category};

use crate::DomainEvent;

/// Turns the JSON of one version of an event's form into that of the next.
///
/// It works on JSON and on nothing of today's types, so that what it does stays as it is when they change again.
#[derive(Clone, Copy, Debug)]
pub struct Upcaster {
    /// The event's name.
    pub event: &'static str,
    /// The version that it understands; what it makes is the next one.
    pub from: u32,
    /// Changes the event's own object. Total: what it does not understand it leaves, and reading says what is wrong with it.
    pub upcast: fn(&mut Map<String, Value>),
}

/// Why an event cannot be read. Never quotes what the event says: it may hold personal data, and this is logged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// No event of this kind of stream has that name.
    #[error("events named {0} are unknown")]
    UnknownEvent(String),
    /// A version of its form that this program does not know: a newer program has written it.
    #[error("version {version} of {event} is unknown: the newest is {newest}")]
    UnknownVersion {
        /// The event's name.
        event: String,
        /// The version that the log says it has.
        version: String,
        /// The newest version that is known here.
        newest: &'static str,
    },
    /// It is not what events of its name and version are.
    #[error("the payload is no {event}: {what} at column {column}")]
    Payload {
        /// The event's name.
        event: String,
        /// What is wrong, in general.
        what: &'static str,
        /// Where; 0 for an older version, whose text is not what was read in the end.
        column: usize,
    },
    /// The log names it otherwise than it names itself.
    #[error("the payload is a {found}, but is named {named}")]
    OtherName {
        /// As the log names it.
        named: String,
        /// As it names itself.
        found: &'static str,
    },
}

impl Unreadable {
    fn payload(event: &str, error: &serde_json::Error) -> Self {
        let what = match error.classify() {
            Category::Io => "reading fails",
            Category::Syntax => "no JSON",
            Category::Data => "other data than expected",
            Category::Eof => "it ends",
        };
        Self::Payload { event: event.to_owned(), what, column: error.column() }
    }
}

/// The event in the form of today. `event_type`, `event_version` and `payload` are as the log has them.
///
/// # Errors
/// [`Unreadable`].
pub fn read<E: DomainEvent>(event_type: &str, event_version: &str, payload: &str) -> Result<E, Unreadable> {
    let form = E::FORMS.iter().find(|(name, _)| *name == event_type);
    let Some((_, newest)) = form else { return Err(Unreadable::UnknownEvent(event_type.to_owned())) };
    let event: E = if event_version == *newest {
        serde_json::from_str(payload).map_err(|error| Unreadable::payload(event_type, &error))?
    } else {
        let mut json: Value =
            serde_json::from_str(payload).map_err(|error| Unreadable::payload(event_type, &error))?;
        upcast::<E>(event_type, event_version, newest, &mut json)?;
        serde_json::from_value(json).map_err(|error| Unreadable::payload(event_type, &error))?
    };
    if event.name() != event_type {
        return Err(Unreadable::OtherName { named: event_type.to_owned(), found: event.name() });
    }
    Ok(event)
}

/// Brings `json`, an event as the log has it, from its version to the `newest`, one version after the other.
fn upcast<E: DomainEvent>(
    event_type: &str,
    event_version: &str,
    newest: &'static str,
    json: &mut Value,
) -> Result<(), Unreadable> {
    let unknown = || Unreadable::UnknownVersion {
        event: event_type.to_owned(),
        version: event_version.to_owned(),
        newest,
    };
    let (Ok(written), Ok(newest)) = (event_version.parse::<u32>(), newest.parse::<u32>()) else {
        return Err(unknown());
    };
    if written >= newest {
        return Err(unknown());
    }
    for version in written..newest {
        let upcaster = E::UPCASTERS
            .iter()
            .find(|upcaster| upcaster.event == event_type && upcaster.from == version)
            .ok_or_else(unknown)?;
        if let Some(members) = json.get_mut(event_type).and_then(Value::as_object_mut) {
            (upcaster.upcast)(members);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    #![allow(dead_code, reason = "the macro makes more than a test needs")]
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    use super::*;

    crate::events! {
        /// What can have happened to a book.
        BookEvent {
            BookLent: 3,
            BookReturned,
        }
        upcast by &[
            Upcaster { event: "BookLent", from: 2, upcast: |lent| {
                let days = lent.get("weeks").and_then(Value::as_u64).map(|weeks| weeks * 7);
                lent.remove("weeks");
                lent.insert("days".to_owned(), days.into());
            } },
            Upcaster { event: "BookLent", from: 1, upcast: |lent| {
                lent.insert("weeks".to_owned(), 4.into());
            } },
        ]
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
    pub struct BookLent {
        to: String,
        days: u64,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
    pub struct BookReturned {}

    fn lent(version: &str, payload: &str) -> Result<BookEvent, Unreadable> {
        read("BookLent", version, payload)
    }

    #[test]
    fn every_version_is_read_in_the_form_of_today() {
        let to = "é".to_owned();
        let today = |days| Ok(BookLent { to: to.clone(), days }.into());
        assert_eq!(lent("1", r#"{"BookLent":{"to":"é"}}"#), today(28));
        assert_eq!(lent("2", r#"{"BookLent":{"to":"é","weeks":2}}"#), today(14));
        assert_eq!(lent("3", r#"{"BookLent":{"to":"é","days":3}}"#), today(3));
        assert_eq!(
            read::<BookEvent>("BookReturned", "1", r#"{"BookReturned":{}}"#),
            Ok(BookReturned {}.into())
        );
    }

    #[test]
    fn an_event_is_written_in_the_newest_version() {
        let event: BookEvent = BookLent { to: "a".to_owned(), days: 1 }.into();
        assert_eq!((event.name(), event.version()), ("BookLent", "3"));
        assert_eq!(BookEvent::from(BookReturned {}).version(), "1");
        assert_eq!(BookEvent::FORMS, [("BookLent", "3"), ("BookReturned", "1")]);
    }

    #[test]
    fn an_unknown_version_is_named_whatever_it_is() {
        for version in ["4", "0", "", "two", "99999999999"] {
            let error = lent(version, r#"{"BookLent":{"to":"é","days":3}}"#).unwrap_err();
            let expected = format!("version {version} of BookLent is unknown: the newest is 3");
            assert_eq!(error.to_string(), expected);
        }
        // What today's form looks like does not count, but what the log says.
        assert!(lent("1", r#"{"BookLent":{"days":3}}"#).is_err());
    }

    #[test]
    fn what_is_wrong_is_said_without_the_content() {
        for (event, version, payload, expected) in [
            ("BookLost", "1", "{}", "events named BookLost are unknown"),
            (
                "BookLent",
                "3",
                r#"{"BookReturned":{}}"#,
                "the payload is a BookReturned, but is named BookLent",
            ),
            (
                "BookLent",
                "1",
                r#"{"BookReturned":{}}"#,
                "the payload is a BookReturned, but is named BookLent",
            ),
            ("BookLent", "3", "{", "the payload is no BookLent: it ends at column 1"),
            ("BookLent", "1", "{", "the payload is no BookLent: it ends at column 1"),
            ("BookLent", "1", "null", "the payload is no BookLent: other data than expected at column 0"),
            (
                "BookLent",
                "2",
                r#"{"BookLent":{"to":"é","weeks":"secret"}}"#,
                "the payload is no BookLent: other data than expected at column 0",
            ),
        ] {
            let error = read::<BookEvent>(event, version, payload).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }
}
