//! `GET /.well-known/jwks.json`: the keys that access tokens are verified with
//! ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517)).

use agrodeep_http::Problem;
use axum::{Json, extract::State, http::header, response::IntoResponse};

use crate::{accounts::Accounts, problems};

/// The public keys of access tokens.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "auth",
    responses((status = 200, description = "A JSON Web Key Set", body = serde_json::Value))
)]
pub async fn jwks(State(accounts): State<Accounts>) -> Result<impl IntoResponse, Problem> {
    let keys = accounts.jwks().await.map_err(|error| problems::store(&error))?;
    Ok(([(header::CACHE_CONTROL, "public, max-age=300")], Json(keys)))
}
