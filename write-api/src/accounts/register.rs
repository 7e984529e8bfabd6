//! Somebody opens an account: its address is claimed in the table, then the log takes the fact, then the table the password.
//!
//! A process may die between any two of these. The address alone lets nobody in; whoever registers it next goes on from
//! there, and if the log has the fact already, completes the table with the password of the registration that wrote it.

use agrodeep_commands::{
    CommandContext, Commands, ExecuteError, Executed, StoreError,
    account::{RegisterRequest, register},
    command_id,
};
use agrodeep_domain::{Account, AccountId, Aggregate, Personal, Role, account::AccountRefusal, evolution};
use agrodeep_event_store::{RecordedEvent, StreamId};
use chrono::{DateTime, Utc};

use super::{Accounts, EmailAddress, Password, password::HashError};

/// Who wants an account.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// What it may do. The caller has made sure that it may be given.
    pub role: Role,
    /// Where to write to; by which to sign in.
    pub email: EmailAddress,
    /// By which to sign in; without, nobody can.
    pub password: Option<Password>,
    /// Given name.
    pub first_name: Personal<String>,
    /// Family name.
    pub last_name: Personal<String>,
    /// Where to call.
    pub phone: Option<Personal<String>>,
    /// The farm or firm.
    pub company: Option<String>,
}

/// An account that was opened.
#[derive(Clone, Debug)]
pub struct Registered {
    /// Its id.
    pub account_id: AccountId,
    /// When it was opened.
    pub registered_at: DateTime<Utc>,
    /// What came of the command.
    pub executed: Executed<Account>,
}

/// Why no account was opened.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RegisterError {
    /// Another account has the address.
    #[error("another account has this e-mail address")]
    EmailTaken,
    /// Too many at the same time.
    #[error("too many registrations at the same time")]
    Busy,
    /// The tables cannot be reached.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The command was not executed.
    #[error(transparent)]
    Execute(#[from] ExecuteError<AccountRefusal>),
}

impl From<HashError> for RegisterError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Busy,
            HashError::Broken(_) => Self::Store(error.into()),
        }
    }
}

/// Opens an account. The same command again gives the same account again.
pub async fn register_account(
    accounts: &Accounts,
    commands: &Commands,
    new: NewAccount,
    context: CommandContext,
) -> Result<Registered, RegisterError> {
    let command_id = context.command_id;
    let hash = match &new.password {
        Some(password) => Some(accounts.hasher.hash(password).await?),
        None => None,
    };
    let fresh_id = AccountId::from_uuid(command_id::of_new_aggregate(command_id));
    let row = accounts.store.claim_email(&new.email, fresh_id).await?;
    let account_id = row.id();
    if row.registered_at.is_some() {
        // Ours, if this very command wrote it before.
        return match first_event(commands, account_id).await? {
            Some(event) if event.command_id == command_id => Ok(repeated(account_id, &event)?),
            _ => Err(RegisterError::EmailTaken),
        };
    }
    accounts.store.begin_registration(command_id, account_id, hash.as_deref()).await?;
    let request = RegisterRequest {
        account_id,
        role: new.role,
        email: new.email.personal(),
        first_name: new.first_name,
        last_name: new.last_name,
        phone: new.phone,
        company: new.company,
    };
    let outcome = register(commands, request, context).await;
    if let Err(error) = &outcome
        && *error != ExecuteError::Refused(AccountRefusal::AlreadyRegistered)
    {
        return Err(error.clone().into());
    }
    let event = complete(accounts, commands, account_id).await?;
    match (outcome, event) {
        (Ok(executed), Some(event)) => {
            Ok(Registered { account_id, registered_at: event.metadata.occurred_at, executed })
        }
        _ => Err(RegisterError::EmailTaken),
    }
}

impl Accounts {
    /// The same for the same password and `salt`: to recognise a registration that comes again.
    pub async fn password_fingerprint(
        &self,
        password: &Password,
        salt: &str,
    ) -> Result<[u8; 32], RegisterError> {
        Ok(self.hasher.fingerprint(password, salt).await?)
    }
}

/// Completes the table, if the log has the account. Gives the event that says so.
pub(super) async fn complete(
    accounts: &Accounts,
    commands: &Commands,
    account_id: AccountId,
) -> Result<Option<RecordedEvent>, StoreError> {
    let event = first_event(commands, account_id).await?;
    if let Some(event) = &event {
        accounts.store.complete_registration(account_id, event.command_id).await?;
    }
    Ok(event)
}

async fn first_event(
    commands: &Commands,
    account_id: AccountId,
) -> Result<Option<RecordedEvent>, StoreError> {
    let stream = StreamId::new(Account::TYPE, account_id.uuid());
    let events = commands.executor.log().load(&stream, 0).await;
    Ok(events.map_err(|error| StoreError::new(error.to_string()))?.into_iter().next())
}

fn repeated(account_id: AccountId, event: &RecordedEvent) -> Result<Registered, StoreError> {
    let fact = evolution::read(&event.event_type, &event.event_version, event.payload.get())
        .map_err(|error| StoreError::new(error.to_string()))?;
    let executed =
        Executed { events: vec![fact], version: event.version, position: event.position, repeated: true };
    Ok(Registered { account_id, registered_at: event.metadata.occurred_at, executed })
}
