//! Whether the committed files of this folder are those that the code makes, and whether golden events still hold. For
//! tests: this crate's own, and those of crates that have aggregates of their own.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

use agrodeep_domain::{DomainEvent, evolution};
use schemars::JsonSchema;
use serde_json::Value;

use crate::{EventSchema, event_schemas, frozen::Frozen, json, mismatches, older::versions_before};

/// Set to `1`, generated files are written instead of compared.
pub const UPDATE: &str = "AGRODEEP_UPDATE_CONTRACTS";

/// The folder of contracts, at its place in the checkout that this was built from.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// What is committed differs from what the code makes, or what the code makes no longer reads what was committed.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Broken(Vec<String>);

impl Broken {
    pub(crate) fn unless_empty(faults: Vec<String>) -> Result<(), Self> {
        if faults.is_empty() { Ok(()) } else { Err(Self(faults)) }
    }
}

/// Compares `files` (path within [`folder`], text) with what is committed, or writes them if [`UPDATE`] is `1`.
/// `package` is the one whose tests write them: the message says so.
///
/// # Errors
/// [`Broken`] names every file that differs or is missing, and how to bring it up to date.
pub fn files_are_up_to_date(files: &BTreeMap<PathBuf, String>, package: &str) -> Result<(), Broken> {
    let update = env::var(UPDATE).is_ok_and(|value| value == "1");
    compare(&folder(), files, package, update)
}

fn compare(
    folder: &Path,
    files: &BTreeMap<PathBuf, String>,
    package: &str,
    update: bool,
) -> Result<(), Broken> {
    let mut faults = Vec::new();
    for (path, text) in files {
        let place = folder.join(path);
        if fs::read_to_string(&place).is_ok_and(|committed| committed == *text) {
            continue;
        }
        if update {
            let written =
                place.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&place, text));
            faults
                .extend(written.err().map(|error| format!("{} cannot be written: {error}", place.display())));
        } else {
            let what = if place.exists() { "is not what the code makes" } else { "is missing" };
            faults.push(format!("schemas/{} {what}", path.display()));
        }
    }
    if !faults.is_empty() && !update {
        faults.push(format!(
            "A form that others rely on has changed. If that is meant, and readers of the old form will cope: \
             {UPDATE}=1 cargo test -p {package}, then look at the difference and commit it."
        ));
    }
    Broken::unless_empty(faults)
}

/// Compares `events/<aggregate type>/` with the schemas of all events of `E`.
///
/// # Errors
/// [`Broken`] as for [`files_are_up_to_date`]; for a file whose event is gone: the log still holds such events; and for a
/// form that has changed, as what was released is frozen.
pub fn event_schemas_are_up_to_date<E: DomainEvent + JsonSchema>(
    aggregate_type: &str,
    package: &str,
) -> Result<(), Broken> {
    let schemas = event_schemas::<E>(aggregate_type);
    let place = Path::new("events").join(aggregate_type);
    let mut frozen = Frozen::read(&folder(), aggregate_type);
    Broken::unless_empty(frozen.take_in(&schemas))?;
    let older: Vec<_> = schemas.iter().flat_map(every_version).filter_map(Result::ok).collect();
    frozen.adopt(&older);
    let files = schemas.iter().map(|schema| (place.join(schema.file_name()), json::pretty(&schema.schema)));
    let files = files.chain([(Frozen::path(aggregate_type), frozen.text())]).collect();
    files_are_up_to_date(&files, package)?;
    let place = folder().join(place);
    Broken::unless_empty([frozen.broken(&place), gone(&schemas, &place)].concat())
}

/// Golden events: `golden/<aggregate type>/` holds one event of every name and version, exactly as the log has it. Each
/// is read into `E`, has the structure of its version's schema, and fills every personal field; those of the newest version
/// are written again as they were, and upcasters lead older ones there.
///
/// # Errors
/// [`Broken`] names every file and what is wrong with it.
pub fn golden_events_hold<E: DomainEvent + JsonSchema>(aggregate_type: &str) -> Result<(), Broken> {
    let schemas = event_schemas::<E>(aggregate_type);
    let place = folder().join("golden").join(aggregate_type);
    let mut faults = gone(&schemas, &place);
    faults.extend(needless_upcasters::<E>());
    for newest in &schemas {
        for schema in every_version(newest) {
            let schema = match schema {
                Ok(schema) => schema,
                Err(why) => {
                    faults.push(why);
                    continue;
                }
            };
            let wrong = match fs::read_to_string(place.join(schema.file_name())) {
                Ok(text) if schema.version == newest.version => wrong_with::<E>(&text, &schema),
                Ok(text) => wrong_with_older::<E>(&text, &schema, newest),
                Err(error) => vec![format!("cannot be read ({error}): write one by hand")],
            };
            let name = format!("schemas/golden/{aggregate_type}/{}", schema.file_name());
            faults.extend(wrong.into_iter().map(|why| format!("{name} {why}")));
        }
    }
    Broken::unless_empty(faults)
}

/// The schemas of an event from its first version on; older ones as they were released.
fn every_version(newest: &EventSchema) -> Vec<Result<EventSchema, String>> {
    let count: u32 = newest.version.parse().unwrap_or(1);
    let known = versions_before(newest);
    let older = (1..count).map(|version| {
        let schema = known.iter().find(|schema| schema.version == version.to_string());
        schema.cloned().ok_or_else(|| {
            let event = &newest.event_name;
            format!("{event} in version {version} is not among the older schemas: schemas/src/older.rs")
        })
    });
    older.chain([Ok(newest.clone())]).collect()
}

/// Upcasters that no event of `E` ever passes.
fn needless_upcasters<E: DomainEvent>() -> Vec<String> {
    let newest = |event: &str| E::FORMS.iter().find(|(name, _)| *name == event)?.1.parse::<u32>().ok();
    let mut faults = Vec::new();
    for (index, upcaster) in E::UPCASTERS.iter().enumerate() {
        let (event, from) = (upcaster.event, upcaster.from);
        if from == 0 || newest(event).is_none_or(|newest| from >= newest) {
            faults.push(format!("the upcaster of {event} from version {from} leads nowhere"));
        }
        if E::UPCASTERS[..index].iter().any(|other| (other.event, other.from) == (event, from)) {
            faults.push(format!("{event} has two upcasters from version {from}"));
        }
    }
    faults
}

/// What is wrong with a golden event of an older version.
fn wrong_with_older<E: DomainEvent>(text: &str, schema: &EventSchema, newest: &EventSchema) -> Vec<String> {
    let name = &schema.event_name;
    let golden: Value = match serde_json::from_str(text) {
        Ok(golden) => golden,
        Err(error) => return vec![format!("is no JSON: {error}")],
    };
    let mut wrong = differences(&golden[name], schema);
    match evolution::read::<E>(name, &schema.version, text) {
        Ok(event) => {
            let today = serde_json::to_value(&event).unwrap_or_default();
            let mismatches = mismatches(&newest.schema, &today[name]);
            wrong
                .extend(mismatches.into_iter().map(|mismatch| format!("becomes what differs at {mismatch}")));
        }
        Err(error) => wrong.push(format!("is no longer understood: {error}")),
    }
    wrong
}

/// Where an event is not as the schema of its version says, or shows nothing.
fn differences(data: &Value, schema: &EventSchema) -> Vec<String> {
    let mismatches = mismatches(&schema.schema, data).into_iter();
    let mut wrong: Vec<_> = mismatches.map(|mismatch| format!("differs at {mismatch}")).collect();
    for pointer in schema.personal_fields() {
        let steps: Vec<_> = pointer.split('/').skip(1).collect();
        if !reaches(data, &steps) {
            wrong.push(format!("shows nothing at {pointer}, which is personal"));
        }
    }
    wrong
}

/// Every free text of the events of `E` is either personal, by its type, or one of `public`: event names, each with the
/// pointers to what anybody may read. So a new text field cannot go out to analysts before somebody has thought of it.
///
/// # Errors
/// [`Broken`] names every text that is neither, and every one of `public` that is gone.
pub fn texts_are_declared<E: DomainEvent + JsonSchema>(
    aggregate_type: &str,
    public: &[(&str, &[&str])],
) -> Result<(), Broken> {
    let mut faults = Vec::new();
    for schema in event_schemas::<E>(aggregate_type) {
        let declared =
            public.iter().find(|(name, _)| *name == schema.event_name).map_or(&[][..], |(_, at)| at);
        let found = schema.free_texts();
        let name = &schema.event_name;
        faults.extend(found.iter().filter(|text| !declared.contains(&text.as_str())).map(|text| {
            format!("{aggregate_type} {name} {text} is free text: make it `Personal`, or declare it public")
        }));
        faults.extend(
            declared.iter().filter(|text| !found.iter().any(|found| found == *text)).map(|text| {
                format!("{aggregate_type} {name} {text} is declared public, and is no free text")
            }),
        );
    }
    Broken::unless_empty(faults)
}

/// What is wrong with a golden event.
fn wrong_with<E: DomainEvent>(text: &str, schema: &EventSchema) -> Vec<String> {
    let (event, golden) = match (serde_json::from_str::<E>(text), serde_json::from_str::<Value>(text)) {
        (Ok(event), Ok(golden)) => (event, golden),
        (Err(error), _) | (_, Err(error)) => return vec![format!("is no longer understood: {error}")],
    };
    let mut wrong = Vec::new();
    if (event.name(), event.version()) != (&schema.event_name, &schema.version) {
        wrong.push(format!("holds {} in version {}", event.name(), event.version()));
    }
    match serde_json::to_value(&event) {
        Ok(written) if written == golden => {}
        Ok(written) => wrong.push(format!("is written otherwise now: {written}")),
        Err(error) => wrong.push(format!("cannot be written any more: {error}")),
    }
    wrong.extend(differences(&golden[&schema.event_name], schema));
    wrong
}

/// Whether there is anything at the end of the path, `*` standing for any element.
fn reaches(value: &Value, steps: &[&str]) -> bool {
    match (steps, value) {
        ([], _) => !value.is_null(),
        (["*", rest @ ..], Value::Array(elements)) => elements.iter().any(|element| reaches(element, rest)),
        (["*", rest @ ..], Value::Object(members)) => members.values().any(|member| reaches(member, rest)),
        ([name, rest @ ..], _) => {
            let name = name.replace("~1", "/").replace("~0", "~");
            value.get(name).is_some_and(|member| reaches(member, rest))
        }
    }
}

/// Files in `place` whose event no longer exists. Those of older versions stay: the log holds such events.
fn gone(schemas: &[EventSchema], place: &Path) -> Vec<String> {
    let known = |file: &str| {
        schemas.iter().any(|schema| {
            let version = file
                .strip_prefix(&schema.event_name)
                .and_then(|rest| rest.strip_prefix(".v"))
                .and_then(|rest| rest.strip_suffix(".json"))
                .and_then(|version| version.parse::<u32>().ok());
            version.is_some_and(|version| schema.version.parse().is_ok_and(|newest: u32| version <= newest))
        })
    };
    let files = fs::read_dir(place).into_iter().flatten().flatten();
    let mut gone: Vec<_> = files
        .map(|file| file.file_name().to_string_lossy().into_owned())
        .filter(|file| !known(file))
        .map(|file| {
            format!("{}: no event of this name and version is known any more", place.join(file).display())
        })
        .collect();
    gone.sort();
    gone
}

#[cfg(test)]
mod tests;
