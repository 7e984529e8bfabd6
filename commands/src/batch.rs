//! Small writes that wait at the same moment are done together: one statement, one commit.
//!
//! Nobody waits for a batch to fill: while one batch is under way the next gathers by itself, so a batch is as large as
//! the load is heavy.

use std::{future::Future, sync::Arc};

use tokio::sync::{mpsc, oneshot};

use crate::StoreError;

/// How many wait at the most before asking waits itself.
const QUEUE_MAX: usize = 4096;

type Waiting<Q, A> = (Q, oneshot::Sender<Result<A, StoreError>>);

/// Hands questions to a task that answers all that wait at once. Clones share the task; it ends with the last of them.
pub(crate) struct Batcher<Q, A> {
    waiting: Arc<mpsc::Sender<Waiting<Q, A>>>,
}

impl<Q, A> Clone for Batcher<Q, A> {
    fn clone(&self) -> Self {
        Self { waiting: Arc::clone(&self.waiting) }
    }
}

impl<Q: Clone + Send + 'static, A: Send + 'static> Batcher<Q, A> {
    /// `serve` answers up to `batch_max` questions in their order. It may be asked the same again after an error, so it must
    /// do no harm twice.
    pub fn new<F, S>(batch_max: usize, serve: S) -> Self
    where
        S: Fn(Vec<Q>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Vec<A>, StoreError>> + Send + 'static,
    {
        let (sender, mut receiver) = mpsc::channel::<Waiting<Q, A>>(QUEUE_MAX);
        tokio::spawn(async move {
            let mut batch = Vec::with_capacity(batch_max);
            while receiver.recv_many(&mut batch, batch_max).await > 0 {
                answer(std::mem::take(&mut batch), &serve).await;
            }
        });
        Self { waiting: Arc::new(sender) }
    }

    /// The answer to `question`. What was asked is done even when the caller stops waiting.
    pub async fn ask(&self, question: Q) -> Result<A, StoreError> {
        let (sender, receiver) = oneshot::channel();
        let stopped = || StoreError::new("the task that writes has stopped");
        self.waiting.send((question, sender)).await.map_err(|_| stopped())?;
        receiver.await.map_err(|_| stopped())?
    }
}

/// Answers a batch; if that fails, each question by itself, so that a bad one fails alone.
async fn answer<Q, A, F, S>(batch: Vec<Waiting<Q, A>>, serve: &S)
where
    Q: Clone,
    S: Fn(Vec<Q>) -> F + Sync,
    F: Future<Output = Result<Vec<A>, StoreError>> + Send,
{
    let (questions, senders): (Vec<Q>, Vec<_>) = batch.into_iter().unzip();
    match served(serve, questions.clone()).await {
        Ok(answers) => {
            for (sender, answer) in senders.into_iter().zip(answers) {
                // Nobody waits any more: nobody is to be told.
                let _ = sender.send(Ok(answer));
            }
        }
        Err(error) if questions.len() == 1 => {
            for sender in senders {
                let _ = sender.send(Err(error.clone()));
            }
        }
        Err(_) => {
            for (sender, question) in senders.into_iter().zip(questions) {
                let alone = served(serve, vec![question]).await;
                let only = alone.and_then(|answers| {
                    answers.into_iter().next().ok_or_else(|| StoreError::new("no answer came"))
                });
                let _ = sender.send(only);
            }
        }
    }
}

async fn served<Q, A, F, S>(serve: &S, questions: Vec<Q>) -> Result<Vec<A>, StoreError>
where
    S: Fn(Vec<Q>) -> F + Sync,
    F: Future<Output = Result<Vec<A>, StoreError>> + Send,
{
    let asked = questions.len();
    let answers = serve(questions).await?;
    if answers.len() != asked {
        return Err(StoreError::new("as many answers as questions must come"));
    }
    Ok(answers)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::{sync::Mutex, time::Duration};

    use super::*;

    #[tokio::test]
    async fn what_waits_at_the_same_moment_is_served_together_and_a_bad_question_fails_alone() {
        let served = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&served);
        let batcher = Batcher::new(100, move |questions: Vec<i32>| {
            seen.lock().unwrap().push(questions.len());
            async move {
                tokio::time::sleep(Duration::from_millis(5)).await;
                if questions.contains(&13) {
                    return Err(StoreError::new("thirteen"));
                }
                Ok(questions.into_iter().map(|question| question * 2).collect())
            }
        });
        let asked = (0..20).map(|question| {
            let batcher = batcher.clone();
            async move { batcher.ask(question).await }
        });
        let answers = futures::future::join_all(asked).await;
        for (question, answer) in answers.into_iter().enumerate() {
            if question == 13 {
                assert_eq!(answer, Err(StoreError::new("thirteen")));
            } else {
                assert_eq!(answer, Ok(question as i32 * 2));
            }
        }
        assert!(served.lock().unwrap().iter().any(|batch| *batch >= 19), "{served:?}");
    }
}
