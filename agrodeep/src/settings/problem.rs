use std::{io, path::PathBuf};

/// Why the settings cannot be used, in one line.
#[derive(Debug, thiserror::Error)]
pub enum SettingsProblem {
    /// Nothing is called that.
    #[error("{key} ({origin}) is not a setting{}", suggestion.map_or_else(String::new, |s| format!(": did you mean {s}?")))]
    Unknown {
        /// What was set.
        key: String,
        /// Where.
        origin: String,
        /// What may have been meant.
        suggestion: Option<&'static str>,
    },
    /// The value cannot be used.
    #[error("{key} ({origin}): {value} cannot be used: it must be {right}")]
    Value {
        /// Which setting.
        key: &'static str,
        /// Where it was set.
        origin: String,
        /// To what; a secret is not repeated.
        value: String,
        /// What would be right.
        right: &'static str,
    },
    /// Something else is needed with what was set.
    #[error("{setting} is not set: {given} is of no use without it")]
    Missing {
        /// Which setting is missing.
        setting: &'static str,
        /// What was set.
        given: &'static str,
    },
    /// The file is not there.
    #[error("the settings file {} cannot be read: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file, or what the environment holds, cannot be understood.
    #[error("the settings in {origin} cannot be understood: {reason}")]
    Malformed {
        /// Where.
        origin: String,
        /// Why.
        reason: String,
    },
}
