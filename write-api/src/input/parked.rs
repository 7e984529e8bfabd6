use agrodeep_http::Problem;
use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};

use crate::parked::ParkedStream;

/// The parked aggregate that a path names.
pub struct ParkedPath(pub ParkedStream);

impl<S: Send + Sync> FromRequestParts<S> for ParkedPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((projection, stream)) =
            path.map_err(|_| Problem::not_found("nothing of this name is parked"))?;
        Ok(Self(ParkedStream { projection, stream }))
    }
}
