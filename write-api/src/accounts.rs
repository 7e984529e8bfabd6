//! Sign-in and credentials: who may open an account, who may come in, and what they show at the door.
//!
//! The facts of an account are events (`agrodeep_commands::account`); the secrets are rows, all behind `accounts/store.rs`.

mod email;
mod import;
mod password;
mod register;
mod sessions;
mod sign_in;
mod signing;
mod store;
mod tokens;

use std::time::Duration;

use agrodeep_commands::StoreError;
use sqlx::PgPool;

pub use self::{
    email::{EmailAddress, EmailError},
    import::{ImportedAccount, import_accounts},
    password::{Password, PasswordError},
    register::{NewAccount, RegisterError, Registered, register_account},
    sessions::{SessionError, Tokens},
    sign_in::{SignInError, SignedInAccount},
    signing::SigningKeySource,
};
use self::{
    password::PasswordHasher,
    signing::{JwkSetJson, TokenSigner},
    store::AccountStore,
};

/// What tokens say and how long they are good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSettings {
    /// Who gives the tokens: their `iss`.
    pub issuer: String,
    /// For whom they are meant: their `aud`.
    pub audience: String,
    /// How long an access token is good.
    pub access_lifetime: Duration,
    /// How long one stays signed in without the password, from sign-in.
    pub refresh_lifetime: Duration,
    /// How many passwords are hashed at the same time: each takes 19 MiB and a core.
    pub hashed_at_once_max: usize,
}

impl Default for AccountSettings {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            issuer: "https://api.agrodeep.com".to_owned(),
            audience: "agrodeep".to_owned(),
            access_lifetime: Duration::from_secs(15 * 60),
            refresh_lifetime: Duration::from_secs(7 * 24 * 60 * 60),
            hashed_at_once_max: cores,
        }
    }
}

/// Sign-in and credentials. Clones share everything.
#[derive(Clone)]
pub struct Accounts {
    store: AccountStore,
    hasher: PasswordHasher,
    signer: TokenSigner,
    settings: AccountSettings,
}

impl Accounts {
    /// Opens what is in the write side's database `pool`; the first start makes the signing key.
    pub async fn open(pool: PgPool, settings: AccountSettings) -> Result<Self, StoreError> {
        let store = AccountStore::new(pool);
        let signer = TokenSigner::open(&store, &settings).await?;
        Ok(Self { store, hasher: PasswordHasher::new(settings.hashed_at_once_max), signer, settings })
    }

    /// The keys that tokens are verified with, as a JSON Web Key Set.
    pub async fn jwks(&self) -> Result<JwkSetJson, StoreError> {
        signing::key_set(&self.store).await
    }

    /// Deletes sessions that expired more than a day ago, and registrations that nobody completed. Returns how many rows.
    pub async fn purge(&self) -> Result<u64, StoreError> {
        self.store.purge().await
    }
}
