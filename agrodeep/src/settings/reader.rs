//! Takes settings out of what the sources say, one by one.

use config::Value;

use super::{
    SettingsProblem,
    catalogue::{ALL, Setting},
    sources::{Merged, PLAIN},
};

pub struct Reader {
    values: Merged,
}

impl Reader {
    /// Takes what the sources say, unless one of them names what is not a setting.
    pub fn new(values: Merged) -> Result<Self, SettingsProblem> {
        let mut unknown: Vec<_> =
            values.iter().filter(|(key, _)| ALL.iter().all(|s| s.key != key.as_str())).collect();
        unknown.sort_by_key(|(key, _)| key.as_str());
        match unknown.first() {
            None => Ok(Self { values }),
            Some((key, value)) => Err(SettingsProblem::Unknown {
                origin: named(key, value),
                suggestion: nearest(key),
                key: (*key).clone(),
            }),
        }
    }

    pub fn required<T>(
        &self,
        setting: &Setting,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, SettingsProblem> {
        self.optional(setting, parse)?.ok_or_else(|| problem(setting, "not set".to_owned(), "nothing"))
    }

    pub fn optional<T>(
        &self,
        setting: &Setting,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, SettingsProblem> {
        let Some(value) = self.values.get(setting.key) else {
            return match setting.default {
                None => Ok(None),
                Some(default) => {
                    parse(default).map(Some).ok_or_else(|| problem(setting, "default".to_owned(), default))
                }
            };
        };
        let origin = named(setting.key, value);
        let text = value.clone().into_string().map_err(|_| problem(setting, origin.clone(), "its value"))?;
        parse(&text).map(Some).ok_or_else(|| problem(setting, origin, &format!("{text:?}")))
    }
}

fn problem(setting: &Setting, origin: String, value: &str) -> SettingsProblem {
    let value = if setting.secret { "its value" } else { value };
    SettingsProblem::Value { key: setting.key, origin, value: value.to_owned(), right: setting.right }
}

/// Where a value came from, in the words of who has set it.
fn named(key: &str, value: &Value) -> String {
    match value.origin() {
        Some("the environment") => {
            let name = key.to_uppercase();
            let prefix = if PLAIN.contains(&name.as_str()) { "" } else { "AGRODEEP_" };
            format!("{prefix}{name} in the environment")
        }
        Some(origin) => origin.to_owned(),
        None => "unknown origin".to_owned(),
    }
}

/// The setting whose name is nearest, if one is near.
fn nearest(key: &str) -> Option<&'static str> {
    ALL.iter()
        .map(|setting| (distance(key, setting.key), setting.key))
        .filter(|(distance, known)| *distance <= known.len() / 3)
        .min()
        .map(|(_, known)| known)
}

/// Levenshtein distance in bytes.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
