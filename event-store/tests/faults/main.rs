//! Faults under load: several processes append, followers read, something is broken again and again; afterwards what every
//! client was told is checked against the log. And controls: logs with a known flaw, which the same checks must not pass.

#![allow(clippy::unwrap_used)]

mod controls;
mod cut;
mod disk;
mod follower;
mod kill;
mod load;
mod proxy;
mod restart;
mod server;
mod terminate;
mod writer;

/// The other processes of these tests: this very program, started again with a role.
#[test]
fn another_process_of_these_tests() {
    if let Ok(role) = std::env::var(writer::ROLE) {
        writer::run(&serde_json::from_str(&role).unwrap());
    }
}
