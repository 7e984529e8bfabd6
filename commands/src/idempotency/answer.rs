//! The row after the command.

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

impl StoredAnswer {
    pub(super) fn read(status: i16, headers: Option<&str>, body: Option<&[u8]>) -> Result<Self, StoreError> {
        let unreadable = || StoreError::new("a stored answer cannot be read");
        Ok(Self {
            status: u16::try_from(status).map_err(|_| unreadable())?,
            headers: serde_json::from_str(headers.ok_or_else(unreadable)?).map_err(|_| unreadable())?,
            body: body.ok_or_else(unreadable)?.to_owned(),
        })
    }
}

/// A request that has an answer.
#[derive(Clone, Debug)]
pub(super) struct Finish {
    pub claim: Claim,
    pub answer: StoredAnswer,
}

/// Stores each answer where there is none yet. Rows are locked in the order of their keys, so that two processes cannot
/// lock each other out. Gives back, for those where there was one, the answer that stands.
const FINISH: &str = "
    with asked as (
        select * from unnest($1::text[], $2::text[], $3::uuid[], $4::smallint[], $5::text[], $6::bytea[])
            with ordinality as a (principal, key, command_id, status, headers, body, ordinal)
    ), locked as (
        select k.principal, k.key from idempotency_keys k join asked using (principal, key)
        order by k.principal, k.key for update of k
    ), stored as (
        update idempotency_keys k
        set status = a.status, headers = a.headers::json, body = a.body, owner = null, leased_until = null
        from (select distinct on (principal, key) * from asked order by principal, key, ordinal) a
        join locked using (principal, key)
        where k.principal = a.principal and k.key = a.key and k.command_id = a.command_id and k.status is null
        returning a.ordinal
    )
    select ordinal from stored";

/// The answer that counts, for each.
pub(super) async fn finish(pool: &PgPool, finished: &[Finish]) -> Result<Vec<StoredAnswer>, StoreError> {
    let mut principals = Vec::with_capacity(finished.len());
    let mut keys = Vec::with_capacity(finished.len());
    let mut command_ids: Vec<Uuid> = Vec::with_capacity(finished.len());
    let mut statuses: Vec<i16> = Vec::with_capacity(finished.len());
    let mut headers = Vec::with_capacity(finished.len());
    let mut bodies = Vec::with_capacity(finished.len());
    for Finish { claim, answer } in finished {
        principals.push(claim.principal.as_str());
        keys.push(claim.key.as_str());
        command_ids.push(claim.command_id);
        statuses.push(i16::try_from(answer.status).map_err(|_| StoreError::new("no HTTP status"))?);
        headers.push(serde_json::to_string(&answer.headers).map_err(|e| StoreError::new(e.to_string()))?);
        bodies.push(answer.body.as_slice());
    }
    let stored: Vec<(i64,)> = sqlx::query_as(FINISH)
        .bind(&principals)
        .bind(&keys)
        .bind(&command_ids)
        .bind(&statuses)
        .bind(&headers)
        .bind(&bodies)
        .fetch_all(pool)
        .await?;
    let mut answers: Vec<Option<&StoredAnswer>> = vec![None; finished.len()];
    for (ordinal,) in stored {
        let index = usize::try_from(ordinal - 1).unwrap_or(usize::MAX);
        if let (Some(answer), Some(finish)) = (answers.get_mut(index), finished.get(index)) {
            *answer = Some(&finish.answer);
        }
    }
    let mut counting = Vec::with_capacity(finished.len());
    for (answer, finish) in answers.into_iter().zip(finished) {
        counting.push(match answer {
            Some(answer) => answer.clone(),
            None => standing(pool, finish).await?,
        });
    }
    Ok(counting)
}

/// The answer that another attempt has stored. When the key has meanwhile been purged, or given to another command, this
/// attempt's own: there is nothing it could contradict.
async fn standing(pool: &PgPool, finish: &Finish) -> Result<StoredAnswer, StoreError> {
    let row: Option<(i16, Option<String>, Option<Vec<u8>>)> = sqlx::query_as(
        "select status, headers::text, body from idempotency_keys
         where principal = $1 and key = $2 and command_id = $3 and status is not null",
    )
    .bind(&finish.claim.principal)
    .bind(&finish.claim.key)
    .bind(finish.claim.command_id)
    .fetch_optional(pool)
    .await?;
    match row {
        Some((status, headers, body)) => StoredAnswer::read(status, headers.as_deref(), body.as_deref()),
        None => Ok(finish.answer.clone()),
    }
}
