//! Runs commands: to their end, whether or not the client waits for it; and once per idempotency key.

use std::{future::Future, sync::Arc};

use agrodeep_commands::idempotency::{Begun, Claim, Fingerprint, Idempotency};
use agrodeep_http::{Problem, RequestContext, idempotency_key::REPLAYED};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use tokio_util::task::TaskTracker;
use tracing::Instrument;
use uuid::Uuid;

use crate::{answer::Answer, problems};

/// Runs commands. Clones share everything.
#[derive(Clone)]
pub struct Runner {
    idempotency: Idempotency,
    tasks: Arc<TaskTracker>,
}

/// A key, whose it is, and what it was given to.
#[derive(Clone, Debug)]
pub struct Keyed {
    /// Whose: keys of different principals have nothing to do with each other.
    pub principal: String,
    /// The key.
    pub key: String,
    /// What makes the request the same when it comes again.
    pub fingerprint: Fingerprint,
}

impl Runner {
    /// Recognises requests by `idempotency`.
    pub fn new(idempotency: Idempotency) -> Self {
        Self { idempotency, tasks: Arc::new(TaskTracker::new()) }
    }

    /// Waits until every command that was begun has ended, also those whose clients have gone. For a clean stop, after the
    /// server has ended.
    pub async fn drain(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Runs `work` to its end.
    pub async fn run<F>(&self, work: F) -> Result<Response, Problem>
    where
        F: Future<Output = Result<Answer, Problem>> + Send + 'static,
    {
        let task = self.tasks.spawn(work.in_current_span());
        task.await.unwrap_or_else(|error| Err(ended(&error))).map(Answer::into_response)
    }

    /// Runs `work` with the command's id to its end, unless the key says that this has been done, or is being done.
    pub async fn run_once<F>(
        &self,
        context: &RequestContext,
        keyed: Option<Keyed>,
        work: impl FnOnce(Uuid) -> F + Send + 'static,
    ) -> Result<Response, Problem>
    where
        F: Future<Output = Result<Answer, Problem>> + Send + 'static,
    {
        let Some(keyed) = keyed else {
            return self.run(async move { work(Uuid::now_v7()).await }).await;
        };
        let runner = self.clone();
        let request_id = context.request_id.clone();
        self.run(async move { runner.keyed(&request_id, &keyed, work).await }).await
    }

    async fn keyed<F>(
        &self,
        request_id: &str,
        keyed: &Keyed,
        work: impl FnOnce(Uuid) -> F + Send + 'static,
    ) -> Result<Answer, Problem>
    where
        F: Future<Output = Result<Answer, Problem>> + Send + 'static,
    {
        let Keyed { principal, key, fingerprint } = keyed;
        match self.idempotency.begin(principal, key, *fingerprint).await.map_err(|e| problems::store(&e))? {
            Begun::Started(claim) => self.first(request_id, &claim, work).await,
            Begun::Replay(stored) => {
                Ok(Answer::from_stored(stored).header(REPLAYED, HeaderValue::from_static("true")))
            }
            Begun::Mismatch => Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "this Idempotency-Key was given to another request",
            )),
            Begun::InFlight => Err(Problem::conflict(
                "idempotency_key_in_flight",
                "a request with this Idempotency-Key is being done at this moment",
            )
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("1"))),
        }
    }

    async fn first<F>(
        &self,
        request_id: &str,
        claim: &Claim,
        work: impl FnOnce(Uuid) -> F + Send + 'static,
    ) -> Result<Answer, Problem>
    where
        F: Future<Output = Result<Answer, Problem>> + Send + 'static,
    {
        // In a task of its own, so that a panic is an answer too and the key is given back.
        let done = tokio::spawn(work(claim.command_id).in_current_span()).await;
        let answer = match done.unwrap_or_else(|error| Err(ended(&error))) {
            Ok(answer) => answer,
            Err(problem) => Answer::problem(&problem.with_instance(request_id)),
        };
        match self.idempotency.finish(claim, answer.to_stored()).await {
            Ok(counting) => Ok(Answer::from_stored(counting)),
            // Done, but not noted: the same key will find it in the log.
            Err(error) => Err(problems::store(&error)),
        }
    }
}

fn ended(error: &tokio::task::JoinError) -> Problem {
    tracing::error!(%error, "a command ended without a result");
    Problem::internal()
}
