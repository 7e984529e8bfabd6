//! A process that can be killed at any point: from then on it does nothing more, and nothing in it comes to an end.

use std::{
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use agrodeep_commands::payments::gateway::{
    CreateIntent, CreateRefund, GatewayError, GatewayKey, Intent, PaymentGateway, Refund,
};
use agrodeep_domain::OrderId;
use agrodeep_event_store::{
    Append, AppendOutcome, EventLog, LogError, Position, Promises, RecordedEvent, SharedLog, StreamId,
};
use async_trait::async_trait;
use tokio::sync::Notify;
use uuid::Uuid;

/// Counts what a process does, and kills it at the given point.
#[derive(Clone)]
pub struct Life {
    killed_at: usize,
    passed: Arc<AtomicUsize>,
    killed: Arc<Notify>,
    last: Arc<Mutex<String>>,
}

impl Life {
    /// Goes on for ever.
    pub fn eternal() -> Self {
        Self::until(usize::MAX)
    }

    /// Ends at the `n`-th point, from 1.
    pub fn until(n: usize) -> Self {
        Self { killed_at: n, passed: Arc::default(), killed: Arc::default(), last: Arc::default() }
    }

    /// How many points were passed.
    pub fn passed(&self) -> usize {
        self.passed.load(Ordering::SeqCst)
    }

    /// Where it was killed.
    pub fn killed_where(&self) -> String {
        self.last.lock().unwrap().clone()
    }

    /// Waits until it is killed.
    pub async fn ends(&self) {
        self.killed.notified().await;
    }

    /// A point at which it may be killed.
    async fn point(&self, what: impl FnOnce() -> String) {
        let n = self.passed.fetch_add(1, Ordering::SeqCst) + 1;
        if n == self.killed_at {
            *self.last.lock().unwrap() = what();
            self.killed.notify_one();
        }
        self.if_alive().await;
    }

    async fn if_alive(&self) {
        if self.passed() >= self.killed_at {
            pending::<()>().await;
        }
    }
}

/// The log as a process sees it that may be killed before and after every append.
pub struct MortalLog {
    pub log: SharedLog,
    pub life: Life,
}

#[async_trait]
impl EventLog for MortalLog {
    fn promises(&self) -> Promises {
        self.log.promises()
    }

    async fn append_chain(&self, chain: Vec<Append>) -> Vec<Result<AppendOutcome, LogError>> {
        let what: Vec<_> =
            chain.iter().flat_map(|append| &append.events).map(|event| event.event_type.clone()).collect();
        self.life.point(|| format!("before {what:?}")).await;
        let verdicts = self.log.append_chain(chain).await;
        self.life.point(|| format!("after {what:?}")).await;
        verdicts
    }

    async fn load(&self, stream: &StreamId, after_version: u64) -> Result<Vec<RecordedEvent>, LogError> {
        self.life.if_alive().await;
        self.log.load(stream, after_version).await
    }

    async fn find_command(
        &self,
        stream: &StreamId,
        command_id: Uuid,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        self.life.if_alive().await;
        self.log.find_command(stream, command_id).await
    }

    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, LogError> {
        self.life.if_alive().await;
        self.log.read(after, limit).await
    }

    async fn read_back(&self, before: Position, limit: usize) -> Result<Vec<RecordedEvent>, LogError> {
        self.life.if_alive().await;
        self.log.read_back(before, limit).await
    }

    async fn head(&self) -> Result<Position, LogError> {
        self.life.if_alive().await;
        self.log.head().await
    }

    async fn wait_beyond(&self, position: Position, timeout: Duration) {
        self.life.if_alive().await;
        self.log.wait_beyond(position, timeout).await;
    }
}

/// How the payment provider treats the next calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whim {
    /// Answers that it cannot.
    Down,
    /// Does it, and the answer is lost.
    AnswerLost,
    /// Says no for ever.
    Rejects,
}

/// The payment provider as a process sees it that may be killed before and after every call; and which may have whims.
pub struct MortalGateway {
    pub gateway: Arc<dyn PaymentGateway>,
    pub life: Life,
    pub whims: Whims,
}

/// The whims of the next calls, by the name of the call; the last one stays if it is meant to.
#[derive(Clone, Default)]
pub struct Whims(Arc<Mutex<Vec<(&'static str, Whim, usize)>>>);

impl Whims {
    /// The next `times` calls of `call` are treated so.
    pub fn next(&self, call: &'static str, whim: Whim, times: usize) {
        self.0.lock().unwrap().push((call, whim, times));
    }

    fn take(&self, call: &str) -> Option<Whim> {
        let mut whims = self.0.lock().unwrap();
        let (_, whim, left) = whims.iter_mut().find(|(name, _, left)| *name == call && *left > 0)?;
        *left -= 1;
        Some(*whim)
    }
}

impl MortalGateway {
    async fn call<T>(
        &self,
        name: &'static str,
        call: impl Future<Output = Result<T, GatewayError>> + Send,
    ) -> Result<T, GatewayError> {
        self.life.point(|| format!("before {name}")).await;
        let whim = self.whims.take(name);
        let down = || GatewayError::Unavailable("no answer".to_owned());
        let answer = match whim {
            Some(Whim::Down) => Err(down()),
            Some(Whim::Rejects) => {
                let (code, message) = ("no".to_owned(), "never".to_owned());
                Err(GatewayError::Rejected { code, message })
            }
            Some(Whim::AnswerLost) => call.await.and_then(|_| Err(down())),
            None => call.await,
        };
        self.life.point(|| format!("after {name}")).await;
        answer
    }
}

#[async_trait]
impl PaymentGateway for MortalGateway {
    fn name(&self) -> &'static str {
        "mortal"
    }

    async fn create_intent(&self, request: &CreateIntent, key: &GatewayKey) -> Result<Intent, GatewayError> {
        self.call("create_intent", self.gateway.create_intent(request, key)).await
    }

    async fn intent(&self, intent_id: &str) -> Result<Option<Intent>, GatewayError> {
        self.call("intent", self.gateway.intent(intent_id)).await
    }

    async fn intent_of_order(&self, order_id: OrderId) -> Result<Option<Intent>, GatewayError> {
        self.call("intent_of_order", self.gateway.intent_of_order(order_id)).await
    }

    async fn cancel_intent(&self, intent_id: &str, key: &GatewayKey) -> Result<Intent, GatewayError> {
        self.call("cancel_intent", self.gateway.cancel_intent(intent_id, key)).await
    }

    async fn refund(&self, request: &CreateRefund, key: &GatewayKey) -> Result<Refund, GatewayError> {
        self.call("refund", self.gateway.refund(request, key)).await
    }

    async fn refunds(&self, intent_id: &str) -> Result<Vec<Refund>, GatewayError> {
        self.call("refunds", self.gateway.refunds(intent_id)).await
    }
}
