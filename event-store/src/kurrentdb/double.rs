//! A server that speaks as KurrentDB does, for tests: in memory, on loopback, and with faults on order.
//!
//! It follows KurrentDB's documentation and, where that is silent, its public source (github.com/kurrent-io/KurrentDB, read
//! in 2026-07), named where a rule is put into practice. It does what the log needs: appends, reads and subscriptions of
//! streams and of `$all`, deletions, a cluster's gossip. `BatchAppend` it says it does not have.

mod convert;
mod faults;
mod filter;
mod log;
mod nodes;
mod read;
mod streams;
mod subscription;
mod wire;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use futures::stream;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tonic::transport::Server;

pub use self::faults::{AppendFault, Faults};
use self::{
    log::{Expected, Log, Written},
    nodes::Nodes,
    protocol::event_store::client::{
        gossip::gossip_server::GossipServer, server_features::server_features_server::ServerFeaturesServer,
        streams::streams_server::StreamsServer,
    },
    streams::Service,
    wire::Wire,
};

#[allow(clippy::all, clippy::pedantic, dead_code)]
mod protocol {
    include!(concat!(env!("OUT_DIR"), "/kurrentdb_protocol.rs"));
}

/// The largest append that is taken, in bytes, as KurrentDB had it up to version 24. (Its `MaxAppendSize`.)
const APPEND_BYTES_MAX: usize = 1024 * 1024;

/// What is served, and how to end it.
struct Serving {
    _task: AbortOnDropHandle<()>,
    /// Cuts all its connections.
    cut: CancellationToken,
}

/// A node that can be stopped and started again; what it holds stays.
pub struct Double {
    address: SocketAddr,
    log: Arc<Log>,
    nodes: Arc<Nodes>,
    faults: Arc<Faults>,
    serving: Mutex<Option<Serving>>,
}

impl Double {
    /// Starts a single node on a free port of the loopback interface.
    ///
    /// # Panics
    /// When there is no port to be had.
    pub async fn start() -> Self {
        Self::node(Arc::new(Log::new()), Arc::default()).await
    }

    /// Starts a follower of the same cluster: it holds the same, and turns away what requires the leader.
    ///
    /// # Panics
    /// When there is no port to be had.
    pub async fn join(&self) -> Self {
        Self::node(self.log.clone(), self.nodes.clone()).await
    }

    async fn node(log: Arc<Log>, nodes: Arc<Nodes>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        nodes.add(address);
        let double = Self { address, log, nodes, faults: Arc::new(Faults::new()), serving: Mutex::default() };
        double.serve(listener);
        double
    }

    /// Its address as KurrentDB's clients want it.
    pub fn url(&self) -> String {
        format!("kurrentdb://{}?tls=false", self.address)
    }

    /// What it is to do wrong.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Stops listening and cuts all connections.
    pub fn stop(&self) {
        self.nodes.set_alive(self.address, false);
        let serving = self.serving.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(serving) = serving {
            serving.cut.cancel();
        }
    }

    /// Starts again where it was.
    ///
    /// # Panics
    /// When somebody else has taken its port.
    pub async fn start_again(&self) {
        self.stop();
        let listener = loop {
            match TcpListener::bind(self.address).await {
                Ok(listener) => break listener,
                Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                    // The listener goes with its task, a moment after it was told to.
                    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                }
                Err(error) => panic!("{}: {error}", self.address),
            }
        };
        self.nodes.set_alive(self.address, true);
        self.serve(listener);
    }

    /// Makes this node the cluster's leader.
    pub fn lead(&self) {
        self.nodes.set_leader(self.address);
    }

    /// Appends as some other client would: events of this type, with this data and no metadata.
    pub fn append_foreign(&self, stream: &str, event_type: &str, data: &str) {
        let event = log::Proposed {
            id: uuid::Uuid::now_v7(),
            event_type: event_type.to_owned(),
            is_json: true,
            custom_metadata: bytes::Bytes::new(),
            data: bytes::Bytes::copy_from_slice(data.as_bytes()),
        };
        assert!(matches!(self.log.append(stream, Expected::Any, vec![event]), Written::Done { .. }));
    }

    /// Deletes a stream softly: it can be written again, and then counts on.
    pub fn delete(&self, stream: &str) {
        self.log.delete(stream, Expected::Any);
    }

    /// Deletes a stream for ever.
    pub fn tombstone(&self, stream: &str) {
        self.log.tombstone(stream, Expected::Any);
    }

    /// Truncates a stream before this revision.
    pub fn truncate_before(&self, stream: &str, revision: u64) {
        self.log.set_metadata(stream, &format!("{{\"$tb\":{revision}}}"));
    }

    /// The event ids of a stream, in order, whatever was truncated.
    pub fn event_ids(&self, stream: &str) -> Vec<uuid::Uuid> {
        self.log.event_ids(stream)
    }

    fn serve(&self, listener: TcpListener) {
        let cut = CancellationToken::new();
        let service = Service {
            log: self.log.clone(),
            nodes: self.nodes.clone(),
            faults: self.faults.clone(),
            address: self.address,
            cut: cut.clone(),
        };
        let (faults, stopped) = (self.faults.clone(), cut.clone());
        let incoming = stream::unfold(listener, move |listener| {
            let (faults, stopped) = (faults.clone(), stopped.clone());
            async move {
                let accepted = listener.accept().await;
                let wire = accepted.map(|(stream, _)| Wire::new(stream, [faults.connections(), stopped]));
                Some((wire, listener))
            }
        });
        let stopped = cut.clone();
        let task = tokio::spawn(async move {
            let server = Server::builder()
                .add_service(StreamsServer::new(service.clone()).max_decoding_message_size(usize::MAX))
                .add_service(ServerFeaturesServer::new(service.clone()))
                .add_service(GossipServer::new(service))
                .serve_with_incoming(incoming);
            // With it, the listener goes.
            let _ = stopped.run_until_cancelled(server).await;
        });
        let serving = Serving { _task: AbortOnDropHandle::new(task), cut };
        *self.serving.lock().unwrap_or_else(PoisonError::into_inner) = Some(serving);
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.stop();
    }
}
