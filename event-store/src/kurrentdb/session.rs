//! The client, made anew when it cannot find back to a server by itself.

use std::sync::Arc;

use kurrentdb::{Client, ClientSettings};
use tokio::sync::Mutex;

use crate::LogError;

/// A client, and which one it is.
#[derive(Clone)]
pub(super) struct Session {
    pub client: Client,
    generation: u64,
}

/// Gives out the present client. Clones share it.
#[derive(Clone)]
pub(super) struct Sessions {
    settings: Arc<ClientSettings>,
    present: Arc<Mutex<Session>>,
}

impl Sessions {
    pub fn open(settings: ClientSettings) -> Result<Self, LogError> {
        let session = Session { client: client(&settings)?, generation: 0 };
        Ok(Self { settings: Arc::new(settings), present: Arc::new(Mutex::new(session)) })
    }

    pub async fn get(&self) -> Session {
        self.present.lock().await.clone()
    }

    /// Replaces `failed`, unless somebody has done so already. The client's task ends for good when a connection cannot be
    /// made; and of a cluster it keeps the node that it once chose, even when that is gone.
    pub async fn renew(&self, failed: &Session) -> Result<(), LogError> {
        let mut present = self.present.lock().await;
        if present.generation == failed.generation {
            let generation = failed.generation + 1;
            *present = Session { client: client(&self.settings)?, generation };
        }
        Ok(())
    }

    /// Whether there is more than one node to choose from.
    pub fn is_cluster(&self) -> bool {
        self.settings.is_dns_discovery_enabled() || self.settings.hosts().len() > 1
    }
}

fn client(settings: &ClientSettings) -> Result<Client, LogError> {
    // Certificates and keys are read from files here.
    Client::new(settings.clone()).map_err(|error| LogError::Invalid(format!("KurrentDB's client: {error}")))
}
