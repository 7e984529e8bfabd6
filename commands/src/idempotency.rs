//! One idempotency key, one effect, one answer: also when requests race, clients retry and processes die.
//!
//! Before a command its key is claimed: one row, with the command's id. After it the answer is stored in that row. A repeat
//! gets the stored answer, byte for byte. A claim whose holder has died can be taken over once its lease has passed; the
//! command id stays the same, so the log recognises a command that had been done already.
//!
//! Both writes go through tasks that serve all who wait at the same moment with one statement.

mod answer;
mod claims;

use sha2::{Digest, Sha256};
use sqlx::PgPool;
use uuid::Uuid;

pub use self::answer::StoredAnswer;
use self::{answer::Finish, claims::Asked};
use crate::{StoreError, batch::Batcher};

/// How many requests one statement serves at the most.
const BATCH_MAX: usize = 128;

/// What makes two requests the same: method, path and body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// SHA-256 over the parts, each with its length, so that nothing can move from one part to the next.
    pub fn of(method: &str, path: &str, body: &[u8]) -> Self {
        let mut hash = Sha256::new();
        for part in [method.as_bytes(), path.as_bytes(), body] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }
}

/// A request that may go ahead. Give it back with [`Idempotency::finish`] or [`Idempotency::release`]; if neither comes, the
/// claim can be taken over when its lease has passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    principal: String,
    key: String,
    fingerprint: Fingerprint,
    token: Uuid,
    /// The id the command must have.
    pub command_id: Uuid,
    /// Which attempt this is, from 1. From 2 on, the command may have been done before.
    pub attempt: u32,
}

/// What to do with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Do it.
    Started(Claim),
    /// It has been done: this is the answer.
    Replay(StoredAnswer),
    /// The key belongs to another request.
    Mismatch,
    /// It is being done at this moment.
    InFlight,
}

/// Recognises requests that come again. Clones share everything.
#[derive(Clone)]
pub struct Idempotency {
    pool: PgPool,
    begin: Batcher<Asked, Begun>,
    finish: Batcher<Finish, StoredAnswer>,
}

impl Idempotency {
    /// Keeps keys in the database `pool`. Must be called within a tokio runtime.
    pub fn new(pool: PgPool) -> Self {
        let claims = pool.clone();
        let begin = Batcher::new(BATCH_MAX, move |asked: Vec<Asked>| {
            let pool = claims.clone();
            async move { claims::begin(&pool, &asked).await }
        });
        let answers = pool.clone();
        let finish = Batcher::new(BATCH_MAX, move |finished: Vec<Finish>| {
            let pool = answers.clone();
            async move { answer::finish(&pool, &finished).await }
        });
        Self { pool, begin, finish }
    }

    /// Begins the request that `principal` has given `key`. Keys of different principals have nothing to do with each other.
    pub async fn begin(
        &self,
        principal: &str,
        key: &str,
        fingerprint: Fingerprint,
    ) -> Result<Begun, StoreError> {
        self.begin
            .ask(Asked {
                principal: principal.to_owned(),
                key: key.to_owned(),
                fingerprint,
                command_id: Uuid::now_v7(),
            })
            .await
    }

    /// Stores the answer and gives back the one that counts, which is another's if somebody took the claim over and was
    /// faster. An answer of 5xx is not stored: the key is free for another attempt, with the same command id.
    pub async fn finish(&self, claim: &Claim, answer: StoredAnswer) -> Result<StoredAnswer, StoreError> {
        if answer.status >= 500 {
            self.release(claim).await?;
            return Ok(answer);
        }
        self.finish.ask(Finish { claim: claim.clone(), answer }).await
    }

    /// Frees the key for another attempt, with the same command id.
    pub async fn release(&self, claim: &Claim) -> Result<(), StoreError> {
        claims::release(&self.pool, claim).await
    }

    /// Frees all keys without an answer. Only for a start at which it is certain that no other instance runs: then whoever
    /// claimed them is dead. Returns how many.
    pub async fn release_claims_of_dead_instances(&self) -> Result<u64, StoreError> {
        claims::release_all(&self.pool).await
    }

    /// Deletes keys that are older than 24 hours. Returns how many.
    pub async fn purge(&self) -> Result<u64, StoreError> {
        claims::purge(&self.pool).await
    }
}
