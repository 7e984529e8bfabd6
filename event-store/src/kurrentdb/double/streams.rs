//! The services: streams, the server's features, the cluster's gossip.

use std::{net::SocketAddr, pin::Pin, sync::Arc};

use futures::{Stream, StreamExt, stream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use super::{
    APPEND_BYTES_MAX,
    convert::{expected, name, proposed},
    faults::{AppendFault, Faults},
    filter::Filter,
    log::{Expected, Log, Written},
    nodes::Nodes,
    protocol::event_store::client::{
        gossip::{ClusterInfo, EndPoint, MemberInfo, gossip_server::Gossip, member_info::VNodeState},
        server_features::{SupportedMethod, SupportedMethods, server_features_server::ServerFeatures},
        streams::{
            AppendReq, AppendResp, BatchAppendReq, BatchAppendResp, DeleteReq, DeleteResp, ReadReq, ReadResp,
            TombstoneReq, TombstoneResp,
            append_req::{self, options::ExpectedStreamRevision},
            append_resp::{
                self,
                success::{CurrentRevisionOption, PositionOption},
                wrong_expected_version as wrong,
            },
            delete_req, delete_resp,
            read_req::{
                Options,
                options::{CountOption, ReadDirection, StreamOption},
            },
            streams_server::Streams,
            tombstone_req, tombstone_resp,
        },
    },
    read::{self, say, stream_deleted},
    subscription,
};

/// What a node answers from.
#[derive(Clone)]
pub(super) struct Service {
    pub log: Arc<Log>,
    pub nodes: Arc<Nodes>,
    pub faults: Arc<Faults>,
    pub address: SocketAddr,
    /// The node is being stopped.
    pub cut: CancellationToken,
}

impl Service {
    /// `RpcExceptions.ServerNotReady` and `LeaderInfo`: who requires the leader is told where it is.
    fn admit<T>(&self, request: &Request<T>) -> Result<(), Status> {
        if !self.faults.is_ready() || self.cut.is_cancelled() {
            return Err(Status::unavailable("Server Is Not Ready"));
        }
        let requires_leader =
            request.metadata().get("requires-leader").is_some_and(|value| value.as_bytes() == b"true");
        match self.nodes.leader() {
            Some(leader) if requires_leader && leader != self.address => {
                let mut status = Status::not_found("Leader info available");
                say(&mut status, "exception", "not-leader");
                say(&mut status, "leader-endpoint-host", &leader.ip().to_string());
                say(&mut status, "leader-endpoint-port", &leader.port().to_string());
                Err(status)
            }
            _ => Ok(()),
        }
    }

    async fn fail(&self, fault: Option<AppendFault>, done: bool) -> Result<(), Status> {
        match fault {
            Some(AppendFault::CutBefore) if !done => {
                self.faults.cut_connections();
                Err(Status::cancelled("cut"))
            }
            Some(AppendFault::AnswerLost) if done => {
                self.faults.cut_connections();
                Err(Status::cancelled("cut"))
            }
            Some(AppendFault::TimedOut) if done => {
                Err(Status::aborted("Operation timed out: Commit phase timeout."))
            }
            Some(AppendFault::Silence) if done => std::future::pending().await,
            Some(AppendFault::Slow(time)) if !done => {
                tokio::time::sleep(time).await;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl Streams for Service {
    type ReadStream = Answers<ReadResp>;
    type BatchAppendStream = Answers<BatchAppendResp>;

    async fn read(&self, request: Request<ReadReq>) -> Result<Response<Self::ReadStream>, Status> {
        self.admit(&request)?;
        let missing = |what: &str| Status::invalid_argument(format!("{what} is missing"));
        let options: Options = request.into_inner().options.ok_or_else(|| missing("options"))?;
        let backwards = options.read_direction() == ReadDirection::Backwards;
        let compatible = options.control_option.is_some_and(|control| control.compatibility >= 1);
        let filter = Filter::of(options.filter_option)?;
        let of = options.stream_option.ok_or_else(|| missing("stream_option"))?;
        let answers = match (of, options.count_option.ok_or_else(|| missing("count_option"))?) {
            (StreamOption::Stream(of), CountOption::Count(count)) => {
                let stream = name(of.stream_identifier.as_ref())?;
                read::stream(&self.log, &stream, of.revision_option, count, backwards, compatible)?
            }
            (StreamOption::All(of), CountOption::Count(count)) => {
                read::all(&self.log, of.all_option, count, backwards, filter.as_ref())?
            }
            (StreamOption::All(of), CountOption::Subscription(_)) => {
                let after = match read::position(of.all_option)? {
                    0 => None,
                    after => Some(after),
                };
                let (sender, receiver) = mpsc::channel(64);
                tokio::spawn(subscription::run(self.log.clone(), after, filter, sender));
                let answers = stream::unfold(receiver, async |mut receiver| {
                    receiver.recv().await.map(|answer| (answer, receiver))
                });
                return Ok(Response::new(Box::pin(answers)));
            }
            (StreamOption::Stream(_), CountOption::Subscription(_)) => {
                return Err(Status::unimplemented("the double has no subscriptions to single streams"));
            }
        };
        let (faults, cut_after) = (self.faults.clone(), self.faults.of_read());
        let answers = stream::iter(answers.into_iter().enumerate()).then(move |(count, answer)| {
            let faults = faults.clone();
            async move {
                if cut_after == Some(count) {
                    // Let what came before go out.
                    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                    faults.cut_a_read();
                }
                answer
            }
        });
        Ok(Response::new(Box::pin(answers)))
    }

    /// Streams.Append.cs.
    async fn append(&self, request: Request<Streaming<AppendReq>>) -> Result<Response<AppendResp>, Status> {
        self.admit(&request)?;
        let mut messages = request.into_inner();
        let header = messages.message().await?.and_then(|message| message.content);
        let Some(append_req::Content::Options(options)) = header else {
            return Err(Status::invalid_argument("the options must come first"));
        };
        let stream = name(options.stream_identifier.as_ref())?;
        let revision = options.expected_stream_revision;
        let expected = expected(revision)?;
        let (mut events, mut size) = (Vec::new(), 0);
        while let Some(message) = messages.message().await? {
            let Some(append_req::Content::ProposedMessage(message)) = message.content else {
                return Err(Status::invalid_argument("events must follow the options"));
            };
            let event = proposed(message)?;
            size += event.data.len() + event.custom_metadata.len() + 2 * event.event_type.len();
            if size > APPEND_BYTES_MAX {
                let text = format!("Maximum Append Size of {APPEND_BYTES_MAX} Exceeded.");
                let mut status = Status::invalid_argument(text);
                say(&mut status, "exception", "maximum-append-size-exceeded");
                return Err(status);
            }
            events.push(event);
        }
        let fault = self.faults.of_append();
        self.fail(fault, false).await?;
        let written = self.log.append(&stream, expected, events);
        self.fail(fault, true).await?;
        let result = match written {
            Written::Done { revision, position } => {
                // Both are the commit's: RequestManagers/WriteEvents.cs.
                let position =
                    append_resp::Position { commit_position: position, prepare_position: position };
                append_resp::Result::Success(append_resp::Success {
                    current_revision_option: Some(CurrentRevisionOption::CurrentRevision(revision)),
                    position_option: Some(PositionOption::Position(position)),
                })
            }
            Written::Wrong { current } => {
                append_resp::Result::WrongExpectedVersion(wrong_version(current, expected))
            }
            Written::Deleted => return Err(stream_deleted(&stream)),
        };
        Ok(Response::new(AppendResp { result: Some(result) }))
    }

    async fn delete(&self, request: Request<DeleteReq>) -> Result<Response<DeleteResp>, Status> {
        use delete_req::options::ExpectedStreamRevision as Wire;
        self.admit(&request)?;
        let options = request.into_inner().options.unwrap_or_default();
        let stream = name(options.stream_identifier.as_ref())?;
        let expected = expected(options.expected_stream_revision.map(|revision| match revision {
            Wire::Revision(revision) => ExpectedStreamRevision::Revision(revision),
            Wire::NoStream(()) => ExpectedStreamRevision::NoStream(()),
            Wire::Any(()) => ExpectedStreamRevision::Any(()),
            Wire::StreamExists(()) => ExpectedStreamRevision::StreamExists(()),
        }))?;
        let position = position_of(self.log.delete(&stream, expected), &stream)?;
        let position = delete_resp::Position { commit_position: position, prepare_position: position };
        let position_option = Some(delete_resp::PositionOption::Position(position));
        Ok(Response::new(DeleteResp { position_option }))
    }

    async fn tombstone(&self, request: Request<TombstoneReq>) -> Result<Response<TombstoneResp>, Status> {
        use tombstone_req::options::ExpectedStreamRevision as Wire;
        self.admit(&request)?;
        let options = request.into_inner().options.unwrap_or_default();
        let stream = name(options.stream_identifier.as_ref())?;
        let expected = expected(options.expected_stream_revision.map(|revision| match revision {
            Wire::Revision(revision) => ExpectedStreamRevision::Revision(revision),
            Wire::NoStream(()) => ExpectedStreamRevision::NoStream(()),
            Wire::Any(()) => ExpectedStreamRevision::Any(()),
            Wire::StreamExists(()) => ExpectedStreamRevision::StreamExists(()),
        }))?;
        let position = position_of(self.log.tombstone(&stream, expected), &stream)?;
        let position = tombstone_resp::Position { commit_position: position, prepare_position: position };
        let position_option = Some(tombstone_resp::PositionOption::Position(position));
        Ok(Response::new(TombstoneResp { position_option }))
    }

    async fn batch_append(
        &self,
        _: Request<Streaming<BatchAppendReq>>,
    ) -> Result<Response<Self::BatchAppendStream>, Status> {
        Err(Status::unimplemented("the double has no BatchAppend"))
    }
}

/// `RpcExceptions.WrongExpectedVersion`, as deletions answer it.
fn position_of(written: Written, stream: &str) -> Result<u64, Status> {
    match written {
        Written::Done { position, .. } => Ok(position),
        Written::Deleted => Err(stream_deleted(stream)),
        Written::Wrong { .. } => {
            let mut status = Status::failed_precondition("failed due to WrongExpectedVersion");
            say(&mut status, "exception", "wrong-expected-version");
            Err(status)
        }
    }
}

fn wrong_version(current: Option<u64>, expected: Expected) -> append_resp::WrongExpectedVersion {
    use wrong::{CurrentRevisionOption, ExpectedRevisionOption};
    append_resp::WrongExpectedVersion {
        current_revision_option: Some(match current {
            Some(revision) => CurrentRevisionOption::CurrentRevision(revision),
            None => CurrentRevisionOption::CurrentNoStream(()),
        }),
        expected_revision_option: Some(match expected {
            Expected::Revision(revision) => ExpectedRevisionOption::ExpectedRevision(revision),
            Expected::NoStream => ExpectedRevisionOption::ExpectedNoStream(()),
            Expected::Any => ExpectedRevisionOption::ExpectedAny(()),
            Expected::StreamExists => ExpectedRevisionOption::ExpectedStreamExists(()),
        }),
        ..Default::default()
    }
}

#[tonic::async_trait]
impl ServerFeatures for Service {
    async fn get_supported_methods(&self, _: Request<()>) -> Result<Response<SupportedMethods>, Status> {
        let service_name = "event_store.client.streams.streams";
        let methods = ["append", "read", "delete", "tombstone"].map(|method| SupportedMethod {
            method_name: method.to_owned(),
            service_name: service_name.to_owned(),
            features: vec![],
        });
        let event_store_server_version = "26.1.0".to_owned();
        Ok(Response::new(SupportedMethods { methods: methods.to_vec(), event_store_server_version }))
    }
}

#[tonic::async_trait]
impl Gossip for Service {
    async fn read(&self, _: Request<()>) -> Result<Response<ClusterInfo>, Status> {
        let members = self.nodes.all().into_iter().map(|node| {
            let state = if node.leads { VNodeState::Leader } else { VNodeState::Follower };
            MemberInfo {
                instance_id: None,
                time_stamp: chrono::Utc::now().timestamp(),
                state: state.into(),
                is_alive: node.alive,
                http_end_point: Some(EndPoint {
                    address: node.address.ip().to_string(),
                    port: node.address.port().into(),
                }),
            }
        });
        Ok(Response::new(ClusterInfo { members: members.collect() }))
    }
}
