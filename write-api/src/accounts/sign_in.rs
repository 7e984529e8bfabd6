//! Somebody comes in with address and password. Whether the account exists, and whether it has a password, makes no
//! difference that a stranger could see or measure.

use agrodeep_commands::{Commands, StoreError};
use agrodeep_domain::{Account, AccountId, Role, account::AccountRegistered};

use super::{Accounts, EmailAddress, Password, Tokens, password::HashError, register::complete};

/// Somebody who is in.
#[derive(Clone, Debug)]
pub struct SignedInAccount {
    /// Who.
    pub account_id: AccountId,
    /// What they may do now.
    pub role: Role,
    /// What the account was opened with.
    pub registered: AccountRegistered,
    /// What they show at the door from now on.
    pub tokens: Tokens,
}

/// Why somebody is not in.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SignInError {
    /// No account has this address and this password.
    #[error("the e-mail address or the password is wrong")]
    InvalidCredentials,
    /// Too many at the same time.
    #[error("too many sign-ins at the same time")]
    Busy,
    /// The tables or the log cannot be reached.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<HashError> for SignInError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Busy,
            HashError::Broken(_) => Self::Store(error.into()),
        }
    }
}

impl Accounts {
    /// Lets somebody in. An address that is none belongs to nobody, and is refused as late as any other.
    pub async fn sign_in(
        &self,
        commands: &Commands,
        email: Option<&EmailAddress>,
        password: &Password,
    ) -> Result<SignedInAccount, SignInError> {
        let mut row = match email {
            Some(email) => self.store.by_email(email).await?,
            None => None,
        };
        // Registered, but for the last step: take it now.
        if let (Some(unfinished), Some(email)) =
            (row.as_ref().filter(|row| row.registered_at.is_none()), email)
        {
            complete(self, commands, unfinished.id()).await?;
            row = self.store.by_email(email).await?;
        }
        let hash = row.as_ref().and_then(|row| row.password_hash.clone());
        let right = self.hasher.verify(password, hash).await?;
        let Some(row) = row.filter(|_| right) else {
            return Err(SignInError::InvalidCredentials);
        };
        let (role, registered) =
            facts(commands, row.id()).await?.ok_or_else(|| StoreError::new("an account without a role"))?;
        let tokens = self.open_session(row.id(), role).await?;
        Ok(SignedInAccount { account_id: row.id(), role, registered, tokens })
    }
}

/// What the log says of an account.
pub(super) async fn facts(
    commands: &Commands,
    account_id: AccountId,
) -> Result<Option<(Role, AccountRegistered)>, StoreError> {
    let account = commands.executor.state::<Account>(account_id.uuid()).await;
    let account = account.map_err(|error| StoreError::new(error.to_string()))?.state;
    Ok(account.role.zip(account.registered))
}
