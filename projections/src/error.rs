//! Why a question could not be answered.

/// Why a question could not be answered.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReadError {
    /// The database (or the index) cannot be reached or is too busy; asking again later may help.
    #[error("the read models cannot be reached: {0}")]
    Unavailable(String),
    /// What is stored is not as it must be: a rebuild is needed.
    #[error("the read models are damaged: {0}")]
    Damaged(String),
}

impl From<sqlx::Error> for ReadError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::Decode(_)
            | sqlx::Error::TypeNotFound { .. } => Self::Damaged(error.to_string()),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

/// An event of a history cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event at position {0} cannot be read")]
pub struct Unreadable(
    /// Where it is.
    pub agrodeep_event_store::Position,
);
