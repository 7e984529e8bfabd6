//! Deletes, from time to time, what has served its purpose: old idempotency keys, expired sessions.

use std::time::Duration;

use agrodeep_commands::idempotency::Idempotency;
use agrodeep_write_api::accounts::Accounts;
use tokio_util::sync::CancellationToken;

use crate::{compose::WriteSide, lifecycle::Parts};

/// How often.
const EVERY: Duration = Duration::from_mins(15);

/// Keeps house in this process. Several processes may do so.
pub fn run(parts: &mut Parts, write_side: &WriteSide) {
    let (idempotency, accounts) = (write_side.commands.idempotency.clone(), write_side.accounts.clone());
    parts.run("housekeeping", |stop| async move {
        keep(&idempotency, &accounts, stop).await;
        Ok(())
    });
}

async fn keep(idempotency: &Idempotency, accounts: &Accounts, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        for (what, purged) in
            [("idempotency keys", idempotency.purge().await), ("sessions", accounts.purge().await)]
        {
            match purged {
                Ok(rows) => tracing::debug!(what, rows, "purged"),
                Err(error) => tracing::warn!(what, %error, "could not be purged"),
            }
        }
    }
}
