//! Accounts in bulk, without passwords: people of an import, who never sign in.

use agrodeep_commands::{
    CommandContext, Commands, ExecuteError,
    account::{RegisterRequest, register},
};
use agrodeep_domain::{AccountId, Actor, Personal, Role, account::AccountRefusal};
use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use uuid::Uuid;

use super::{Accounts, EmailAddress, RegisterError};

/// How many are registered at the same time.
const AT_ONCE_MAX: usize = 64;

/// Somebody who is imported.
#[derive(Clone, Debug)]
pub struct ImportedAccount {
    /// The account's id; the same whenever the import runs.
    pub account_id: AccountId,
    /// The command's id; the same whenever the import runs.
    pub command_id: Uuid,
    /// What it may do.
    pub role: Role,
    /// Its address: made up, but unique.
    pub email: EmailAddress,
    /// Given name.
    pub first_name: Personal<String>,
    /// Family name.
    pub last_name: Personal<String>,
    /// The farm or firm.
    pub company: Option<String>,
    /// When it was opened.
    pub occurred_at: DateTime<Utc>,
}

/// Opens accounts that cannot sign in, as `actor`. Those that are there already stay as they are.
///
/// # Errors
/// [`RegisterError::EmailTaken`] when another account has one of the addresses; others may have been opened. Run it again.
pub async fn import_accounts(
    accounts: &Accounts,
    commands: &Commands,
    imported: Vec<ImportedAccount>,
    actor: &Actor,
) -> Result<(), RegisterError> {
    let claims: Vec<_> = imported.iter().map(|new| (new.account_id, new.email.clone())).collect();
    let claimed = accounts.store.claim_emails(&claims).await?;
    if claimed.len() < imported.len() {
        return Err(RegisterError::EmailTaken);
    }
    stream::iter(imported)
        .map(|new| async move {
            let context = CommandContext {
                command_id: new.command_id,
                correlation_id: new.command_id,
                causation_id: new.command_id,
                ..CommandContext::new(actor.clone(), new.occurred_at)
            };
            let request = RegisterRequest {
                account_id: new.account_id,
                role: new.role,
                email: new.email.personal(),
                first_name: new.first_name,
                last_name: new.last_name,
                phone: None,
                company: new.company,
            };
            match register(commands, request, context).await {
                Ok(_) | Err(ExecuteError::Refused(AccountRefusal::AlreadyRegistered)) => Ok(()),
                Err(error) => Err(RegisterError::from(error)),
            }
        })
        .buffer_unordered(AT_ONCE_MAX)
        .try_collect::<()>()
        .await?;
    accounts.store.complete_without_passwords(&claimed).await?;
    Ok(())
}
