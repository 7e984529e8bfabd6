//! What a projection is at.

/// What an instance of a projection is at, as it says itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Activity {
    /// It follows the log.
    #[default]
    Working,
    /// It cannot go on, and tries again and again. Why.
    Paused(String),
    /// Another instance is at work.
    StandingBy,
    /// The rows are of another version, and are built anew.
    Rebuilding,
}

impl Activity {
    /// The name, as it is stored.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Paused(_) => "paused",
            Self::StandingBy => "standing_by",
            Self::Rebuilding => "rebuilding",
        }
    }

    /// Why it does not work.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Paused(why) => Some(why),
            Self::Working | Self::StandingBy | Self::Rebuilding => None,
        }
    }

    /// What was stored; a name that this program does not know is not trusted to be work.
    pub fn named(name: &str, why: Option<String>) -> Self {
        match name {
            "working" => Self::Working,
            "standing_by" => Self::StandingBy,
            "rebuilding" => Self::Rebuilding,
            other => Self::Paused(why.unwrap_or_else(|| other.to_owned())),
        }
    }
}
