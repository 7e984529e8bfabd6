//! Staying in: an access token for minutes, a refresh token that is good once.

use agrodeep_commands::{Commands, StoreError};
use agrodeep_domain::{AccountId, Role};

use super::{Accounts, sign_in::facts, store::Rotated, tokens::RefreshToken};

/// What one shows at the door.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// For every request.
    pub access_token: String,
    /// For the next access token; good once.
    pub refresh_token: RefreshToken,
    /// How many seconds the access token is good.
    pub expires_in: u64,
}

/// Why a session does not go on.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SessionError {
    /// The refresh token is none, or no longer.
    #[error("the refresh token is not valid: sign in again")]
    InvalidRefreshToken,
    /// The tables or the log cannot be reached.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Accounts {
    pub(super) async fn open_session(&self, account_id: AccountId, role: Role) -> Result<Tokens, StoreError> {
        let (access_token, expires_in) = self.signer.sign(account_id, role)?;
        let refresh_token = RefreshToken::random();
        let lifetime = self.settings.refresh_lifetime.as_secs_f64();
        self.store.open_family(account_id, &refresh_token.hash(), lifetime).await?;
        Ok(Tokens { access_token, refresh_token, expires_in })
    }

    /// Spends a refresh token. One that was spent before has been stolen from somebody, its owner or the thief of it: nobody
    /// of its family goes on.
    pub async fn refresh(&self, commands: &Commands, token: String) -> Result<Tokens, SessionError> {
        let (spent, successor) = (RefreshToken::sent(token).hash(), RefreshToken::random());
        // Everything that may fail comes before the token is spent: its owner has no other.
        let account_id = self.store.owner_of(&spent).await?.ok_or(SessionError::InvalidRefreshToken)?;
        let (role, _) = facts(commands, account_id).await?.ok_or(SessionError::InvalidRefreshToken)?;
        let (access_token, expires_in) = self.signer.sign(account_id, role)?;
        match self.store.rotate(&spent, &successor.hash()).await? {
            Rotated::Yes => Ok(Tokens { access_token, refresh_token: successor, expires_in }),
            Rotated::No => Err(SessionError::InvalidRefreshToken),
            Rotated::FamilyRevoked => {
                tracing::warn!(%account_id, "a refresh token was used twice: its family is revoked");
                metrics::counter!("refresh_token_reuse_total").increment(1);
                Err(SessionError::InvalidRefreshToken)
            }
        }
    }

    /// Ends the session that a refresh token belongs to, if it is this account's. Anybody else's goes on.
    pub async fn sign_out(&self, account_id: AccountId, token: String) -> Result<(), StoreError> {
        self.store.revoke_family(account_id, &RefreshToken::sent(token).hash()).await
    }
}
