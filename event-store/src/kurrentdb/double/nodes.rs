//! The nodes of a cluster, and who leads it.

use std::{
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

#[derive(Clone, Copy)]
pub(super) struct Node {
    pub address: SocketAddr,
    pub leads: bool,
    pub alive: bool,
}

#[derive(Default)]
pub(super) struct Nodes {
    nodes: Mutex<Vec<Node>>,
}

impl Nodes {
    fn lock(&self) -> MutexGuard<'_, Vec<Node>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first leads.
    pub fn add(&self, address: SocketAddr) {
        let mut nodes = self.lock();
        let leads = nodes.is_empty();
        nodes.push(Node { address, leads, alive: true });
    }

    pub fn set_alive(&self, address: SocketAddr, alive: bool) {
        for node in self.lock().iter_mut().filter(|node| node.address == address) {
            node.alive = alive;
        }
    }

    pub fn set_leader(&self, address: SocketAddr) {
        for node in self.lock().iter_mut() {
            node.leads = node.address == address;
        }
    }

    pub fn leader(&self) -> Option<SocketAddr> {
        self.lock().iter().find(|node| node.leads).map(|node| node.address)
    }

    pub fn all(&self) -> Vec<Node> {
        self.lock().clone()
    }
}
