//! A target that stores something else than it was given is found out.

use std::time::Duration;

use agrodeep_event_store::{
    Append, AppendOutcome, EventLog, LogError, Position, Promises, RecordedEvent, SharedLog, StreamId,
    conformance::event, copy::CopyError, postgres::testing::TestDatabase,
};
use uuid::Uuid;

use crate::{copied, market::market};

/// Changes one payload on its way into the log.
struct Careless(SharedLog);

#[async_trait::async_trait]
impl EventLog for Careless {
    fn promises(&self) -> Promises {
        self.0.promises()
    }

    async fn append_chain(&self, chain: Vec<Append>) -> Vec<Result<AppendOutcome, LogError>> {
        self.0.append_chain(chain).await
    }

    async fn append_in_order(&self, mut appends: Vec<Append>) -> Vec<Result<AppendOutcome, LogError>> {
        appends[7].events[0] = event("{}");
        self.0.append_in_order(appends).await
    }

    async fn load(&self, stream: &StreamId, after_version: u64) -> Result<Vec<RecordedEvent>, LogError> {
        self.0.load(stream, after_version).await
    }

    async fn find_command(
        &self,
        stream: &StreamId,
        command_id: Uuid,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        self.0.find_command(stream, command_id).await
    }

    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, LogError> {
        self.0.read(after, limit).await
    }

    async fn read_back(&self, before: Position, limit: usize) -> Result<Vec<RecordedEvent>, LogError> {
        self.0.read_back(before, limit).await
    }

    async fn head(&self) -> Result<Position, LogError> {
        self.0.head().await
    }

    async fn wait_beyond(&self, position: Position, timeout: Duration) {
        self.0.wait_beyond(position, timeout).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_stores_something_else_is_found_out() {
    let (first, second) = (TestDatabase::create().await, TestDatabase::create().await);
    let source = first.log().await;
    market(&source, 50).await;
    let target: SharedLog = std::sync::Arc::new(Careless(second.log().await));
    let error = copied(&source, &target).await.unwrap_err();
    assert!(matches!(error, CopyError::NotTheSame { .. }), "{error:?}");
    assert!(error.to_string().starts_with("the copy is not the same: the source has "), "{error}");
}
