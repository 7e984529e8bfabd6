//! The row after the command.

use std::collections::HashMap;

use sqlx::PgPool;
use uuid::Uuid;

use super::Claim;
use crate::StoreError;

/// An answer as it is given again, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The HTTP status, below 500.
    pub status: u16,
    /// The headers that belong to the answer, in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// An answer as its row has it.
#[derive(sqlx::FromRow)]
pub(super) struct Columns {
    status: Option<i16>,
    headers: Option<String>,
    body: Option<Vec<u8>>,
}

impl StoredAnswer {
    /// `None`: there is no answer yet.
    pub(super) fn read(row: &Columns) -> Result<Option<Self>, StoreError> {
        let Some(status) = row.status else { return Ok(None) };
        let unreadable = || StoreError::new("a stored answer cannot be read");
        let headers = row.headers.as_deref().ok_or_else(unreadable)?;
        Ok(Some(Self {
            status: u16::try_from(status).map_err(|_| unreadable())?,
            headers: serde_json::from_str(headers).map_err(|_| unreadable())?,
            body: row.body.clone().ok_or_else(unreadable)?,
        }))
    }
}

/// A request that has an answer.
#[derive(Clone, Debug)]
pub(super) struct Finish {
    pub claim: Claim,
    pub answer: StoredAnswer,
}

/// Stores an answer where the command has none yet, and gives back the one that stands, unless it is one of these. The row
/// is found as in [`super::claims`]; if it has been purged meanwhile, it is there again.
const FINISH: &str = "
    insert into idempotency_keys as k (principal, key, fingerprint, command_id, claim_id, status, headers, body)
    select principal, key, fingerprint, command_id, claim_id, status, headers::json, body
    from unnest($1::text[], $2::text[], $3::bytea[], $4::uuid[], $5::uuid[], $6::smallint[], $7::text[], $8::bytea[])
        as a (principal, key, fingerprint, command_id, claim_id, status, headers, body)
    order by principal, key
    on conflict (principal, key) do update set
        (claim_id, leased_until, status, headers, body) = (
            select
                case when first then excluded.claim_id else k.claim_id end,
                case when first then null else k.leased_until end,
                case when first then excluded.status else k.status end,
                case when first then excluded.headers else k.headers end,
                case when first then excluded.body else k.body end
            from (select k.status is null and k.command_id = excluded.command_id as first) as stands
        )
    returning principal, key, command_id, claim_id, status, headers::text,
        case when claim_id = any($5) then null else body end as body";

#[derive(sqlx::FromRow)]
struct Row {
    principal: String,
    key: String,
    command_id: Uuid,
    claim_id: Option<Uuid>,
    #[sqlx(flatten)]
    answer: Columns,
}

/// The answer that counts, for each.
pub(super) async fn finish(pool: &PgPool, finished: &[Finish]) -> Result<Vec<StoredAnswer>, StoreError> {
    // One statement can touch a row once: of several answers to one key the first is stored, and counts for the others.
    let mut first: HashMap<(&str, &str), &Finish> = HashMap::new();
    for finish in finished {
        first.entry((&finish.claim.principal, &finish.claim.key)).or_insert(finish);
    }
    let mut principals = Vec::with_capacity(first.len());
    let mut keys = Vec::with_capacity(first.len());
    let mut fingerprints: Vec<&[u8]> = Vec::with_capacity(first.len());
    let mut command_ids = Vec::with_capacity(first.len());
    let mut tokens = Vec::with_capacity(first.len());
    let mut statuses = Vec::with_capacity(first.len());
    let mut headers = Vec::with_capacity(first.len());
    let mut bodies = Vec::with_capacity(first.len());
    for Finish { claim, answer } in first.values() {
        principals.push(claim.principal.as_str());
        keys.push(claim.key.as_str());
        fingerprints.push(&claim.fingerprint.0);
        command_ids.push(claim.command_id);
        tokens.push(claim.token);
        statuses.push(i16::try_from(answer.status).map_err(|_| StoreError::new("no HTTP status"))?);
        headers.push(
            serde_json::to_string(&answer.headers).map_err(|error| StoreError::new(error.to_string()))?,
        );
        bodies.push(answer.body.as_slice());
    }
    let rows: Vec<Row> = sqlx::query_as(FINISH)
        .bind(&principals)
        .bind(&keys)
        .bind(&fingerprints)
        .bind(&command_ids)
        .bind(&tokens)
        .bind(&statuses)
        .bind(&headers)
        .bind(&bodies)
        .fetch_all(pool)
        .await?;
    let rows: HashMap<(&str, &str), &Row> =
        rows.iter().map(|row| ((row.principal.as_str(), row.key.as_str()), row)).collect();
    finished
        .iter()
        .map(|finish| {
            let name = (finish.claim.principal.as_str(), finish.claim.key.as_str());
            let row = rows.get(&name).ok_or_else(|| StoreError::new("a key's row is missing"))?;
            counting(finish, first.get(&name).copied().unwrap_or(finish), row)
        })
        .collect()
}

/// The answer that counts for `finish`, of whose key `stored` is what the statement was given.
fn counting(finish: &Finish, stored: &Finish, row: &Row) -> Result<StoredAnswer, StoreError> {
    if row.command_id != finish.claim.command_id {
        // The key has outlived its time and belongs to another command: there is nothing that this answer could contradict.
        return Ok(finish.answer.clone());
    }
    if row.claim_id == Some(stored.claim.token) {
        return Ok(stored.answer.clone());
    }
    let standing = StoredAnswer::read(&row.answer)?;
    standing.ok_or_else(|| StoreError::new("an answer was not stored"))
}
