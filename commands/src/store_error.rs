//! What goes wrong with the tables beside the log.

use crate::ExecuteError;

/// The database did not answer, or not as it must. Whether something was done is open; asking again does no harm.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the database cannot be reached: {0}")]
pub struct StoreError(String);

impl StoreError {
    /// For these reasons, which are meant for operators and never shown to clients.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self(error.to_string())
    }
}

impl<R: std::error::Error> From<StoreError> for ExecuteError<R> {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.0)
    }
}

/// A look-up's error as that of the command that needed it. Look-ups refuse nothing.
pub(crate) fn of_look_up<R: std::error::Error, S: std::error::Error>(
    error: ExecuteError<R>,
) -> ExecuteError<S> {
    match error {
        ExecuteError::Refused(refusal) => ExecuteError::Damaged(refusal.to_string()),
        ExecuteError::VersionMismatch { actual } => ExecuteError::VersionMismatch { actual },
        ExecuteError::Contended => ExecuteError::Contended,
        ExecuteError::Unavailable(reason) => ExecuteError::Unavailable(reason),
        ExecuteError::Unknown(reason) => ExecuteError::Unknown(reason),
        ExecuteError::Damaged(reason) => ExecuteError::Damaged(reason),
    }
}
