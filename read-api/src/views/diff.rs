//! What differs between two versions, as JSON.

use agrodeep_http::Problem;
use serde::Serialize;
use utoipa::ToSchema;

use crate::diff::{self, Change};

/// What differs between two versions, as whoever asks sees them.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DiffView {
    /// From this version.
    pub from_version: u64,
    /// To this version.
    pub to_version: u64,
    /// How the first becomes the second, in the order of the paths; empty when nothing that is seen differs.
    pub changes: Vec<Change>,
}

impl DiffView {
    /// The differences of two views of the same thing.
    ///
    /// # Errors
    /// When a view cannot be written as JSON, which is a fault of ours.
    pub fn of([from_version, to_version]: [u64; 2], views: [impl Serialize; 2]) -> Result<Self, Problem> {
        let [from, to] = views;
        let changes = diff::between(&from, &to).map_err(|error| {
            tracing::error!(%error, "a view cannot be compared");
            Problem::internal()
        })?;
        Ok(Self { from_version, to_version, changes })
    }
}
