//! A map of texts, as `cqrs-es` has it, in the log's metadata and out again as it was.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, SecondsFormat, Utc};
use uuid::Uuid;

use crate::{Metadata, integrity::ORIGINALLY_RECORDED_AT};

/// Which of the log's own fields were given, separated by commas.
const GIVEN: &str = "cqrs-es.given";
/// Before the name of a field of which this is the text that was given.
const TEXT: &str = "cqrs-es.text.";
/// What begins so is ours.
const RESERVED: &str = "cqrs-es.";

const ACTOR: &str = "actor";
const CORRELATION_ID: &str = "correlation_id";
const CAUSATION_ID: &str = "causation_id";
const TRACEPARENT: &str = "traceparent";
const OCCURRED_AT: &str = "occurred_at";

/// A key that cannot be kept.
#[derive(Debug, thiserror::Error)]
#[error("the metadata key `{0}` is reserved")]
pub(crate) struct ReservedKey(String);

/// Reads the metadata column of `postgres-es`: an object of texts.
pub(crate) fn read_map(json: &str) -> Result<BTreeMap<String, String>, serde_json::Error> {
    serde_json::from_str(json)
}

/// When the event happened, if the map tells.
pub(crate) fn told_time(map: &BTreeMap<String, String>) -> Option<DateTime<Utc>> {
    parse_time(map.get(OCCURRED_AT)?)
}

fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc())
}

fn time_text(time: &DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// The log's metadata for a map, with what is missing filled in.
pub(crate) fn with_defaults(
    mut map: BTreeMap<String, String>,
    command_id: Uuid,
    occurred_at: DateTime<Utc>,
) -> Result<Metadata, ReservedKey> {
    if let Some(key) = map.keys().find(|key| key.starts_with(RESERVED) || *key == ORIGINALLY_RECORDED_AT) {
        return Err(ReservedKey(key.clone()));
    }
    let mut kept = Kept { given: Vec::new(), texts: BTreeMap::new() };
    let actor = kept.take(&mut map, ACTOR, |text| Some(text.to_owned()), String::clone);
    let correlation_id = kept.take(&mut map, CORRELATION_ID, |text| text.parse().ok(), Uuid::to_string);
    let causation_id = kept.take(&mut map, CAUSATION_ID, |text| text.parse().ok(), Uuid::to_string);
    let given_time = kept.take(&mut map, OCCURRED_AT, parse_time, time_text);
    let traceparent = map.remove(TRACEPARENT);
    map.extend(kept.texts);
    map.insert(GIVEN.to_owned(), kept.given.join(","));
    Ok(Metadata {
        actor: actor.unwrap_or_else(|| "system:cqrs-es".to_owned()),
        correlation_id: correlation_id.unwrap_or(command_id),
        causation_id: causation_id.unwrap_or(command_id),
        traceparent,
        occurred_at: given_time.unwrap_or(occurred_at),
        other: map,
    })
}

struct Kept {
    given: Vec<&'static str>,
    texts: BTreeMap<String, String>,
}

impl Kept {
    /// Takes a field out of the map, and notes how its text comes back.
    fn take<T>(
        &mut self,
        map: &mut BTreeMap<String, String>,
        key: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
        print: impl FnOnce(&T) -> String,
    ) -> Option<T> {
        let text = map.remove(key)?;
        let value = parse(&text);
        if value.as_ref().is_some_and(|value| print(value) == text) {
            self.given.push(key);
        } else {
            self.texts.insert(format!("{TEXT}{key}"), text);
        }
        value
    }
}

/// The map that was given. Of events that came from elsewhere: all there is.
pub(crate) fn given_map(metadata: &Metadata) -> HashMap<String, String> {
    let Metadata { actor, correlation_id, causation_id, traceparent, occurred_at, other } = metadata;
    let given = other.get(GIVEN);
    let was_given = |key: &str| given.is_none_or(|given| given.split(',').any(|one| one == key));
    let mut map = HashMap::new();
    for (key, text) in other {
        if let Some(field) = key.strip_prefix(TEXT) {
            map.insert(field.to_owned(), text.clone());
        } else if key != GIVEN && key != ORIGINALLY_RECORDED_AT {
            map.insert(key.clone(), text.clone());
        }
    }
    let fields = [
        (ACTOR, actor.clone()),
        (CORRELATION_ID, correlation_id.to_string()),
        (CAUSATION_ID, causation_id.to_string()),
        (OCCURRED_AT, time_text(occurred_at)),
    ];
    map.extend(
        fields.into_iter().filter(|(key, _)| was_given(key)).map(|(key, text)| (key.to_owned(), text)),
    );
    map.extend(traceparent.iter().map(|text| (TRACEPARENT.to_owned(), text.clone())));
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(pairs: &[(&str, &str)]) -> Metadata {
        let map: BTreeMap<_, _> =
            pairs.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
        let metadata =
            with_defaults(map.clone(), Uuid::from_u128(1), DateTime::UNIX_EPOCH).expect("metadata");
        let json = serde_json::to_string(&metadata).expect("JSON");
        let stored: Metadata = serde_json::from_str(&json).expect("metadata");
        assert_eq!(stored, metadata);
        assert_eq!(given_map(&stored), map.into_iter().collect());
        metadata
    }

    #[test]
    fn an_empty_map_comes_back_empty() {
        let metadata = there_and_back(&[]);
        assert_eq!(metadata.actor, "system:cqrs-es");
        assert_eq!(
            (metadata.correlation_id, metadata.causation_id),
            (Uuid::from_u128(1), Uuid::from_u128(1))
        );
    }

    #[test]
    fn what_has_our_form_becomes_ours() {
        let id = "0191d3a4-5b6c-7d8e-9fa0-b1c2d3e4f506";
        let metadata = there_and_back(&[
            ("actor", "clerk:7"),
            ("correlation_id", id),
            ("causation_id", id),
            ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
            ("occurred_at", "2024-02-29T12:00:00.5Z"),
            ("branch", "Lyon"),
        ]);
        assert_eq!(metadata.actor, "clerk:7");
        assert_eq!(metadata.correlation_id.to_string(), id);
        assert_eq!(metadata.occurred_at.timestamp(), 1_709_208_000);
        assert_eq!(metadata.other["branch"], "Lyon");
    }

    #[test]
    fn what_has_another_form_comes_back_as_it_was() {
        let metadata = there_and_back(&[
            ("correlation_id", "request 17"),
            ("causation_id", "0191D3A4-5B6C-7D8E-9FA0-B1C2D3E4F506"),
            ("occurred_at", "2024-02-29T13:00:00+01:00"),
            ("", ""),
        ]);
        assert_eq!(metadata.correlation_id, Uuid::from_u128(1));
        assert_eq!(metadata.causation_id.to_string(), "0191d3a4-5b6c-7d8e-9fa0-b1c2d3e4f506");
        assert_eq!(metadata.occurred_at.timestamp(), 1_709_208_000);
    }

    #[test]
    fn our_own_keys_are_refused() {
        for key in ["cqrs-es.given", "cqrs-es.", ORIGINALLY_RECORDED_AT] {
            let map = [(key.to_owned(), String::new())].into();
            assert!(with_defaults(map, Uuid::nil(), DateTime::UNIX_EPOCH).is_err(), "{key}");
        }
    }
}
