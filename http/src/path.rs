//! Ids in paths.

use std::str::FromStr;

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};

use crate::problem::Problem;

/// The id in a path with one parameter. One that is malformed, or of another kind, names nothing: 404.
#[derive(Clone, Copy, Debug)]
pub struct PathId<T>(pub T);

/// The two ids in a path, the outer one first.
#[derive(Clone, Copy, Debug)]
pub struct PathIds<T, U>(pub T, pub U);

impl<T: FromStr + Send, U: FromStr + Send, S: Send + Sync> FromRequestParts<S> for PathIds<T, U> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let unknown = || Problem::not_found("there is nothing of this id");
        let Path((outer, inner)) =
            Path::<(String, String)>::from_request_parts(parts, state).await.map_err(|_| unknown())?;
        let outer = outer.parse().map_err(|_| unknown())?;
        Ok(Self(outer, inner.parse().map_err(|_| unknown())?))
    }
}

impl<T: FromStr + Send, S: Send + Sync> FromRequestParts<S> for PathId<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let unknown = || Problem::not_found("there is nothing of this id");
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| unknown())?;
        text.parse().map(Self).map_err(|_| unknown())
    }
}
