//! The signed-in user as JSON.

use agrodeep_domain::AccountId;
use agrodeep_projections::accounts::Account;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::text;

/// Who is signed in.
#[derive(Clone, Serialize, ToSchema)]
pub struct UserView {
    /// Which account.
    #[schema(value_type = String, example = "usr_01h455vb4pex5vsknk084sn02q")]
    pub id: AccountId,
    /// Where to write to.
    #[schema(example = "fermier@example.com")]
    pub email: String,
    /// What the account may do, in one word.
    #[schema(example = "producer")]
    pub role: String,
    /// What the account may do, in detail.
    #[schema(value_type = Vec<String>, example = json!(["product:create", "product:update:own"]))]
    pub permissions: &'static [&'static str],
    /// Who that is.
    pub profile: ProfileView,
    /// The account's version, as in `ETag`.
    pub version: u64,
}

/// Who that is.
#[derive(Clone, Serialize, ToSchema)]
pub struct ProfileView {
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Where to call.
    pub phone: Option<String>,
    /// The farm or firm.
    pub company: Option<String>,
    /// When the account was opened.
    pub created_at: DateTime<Utc>,
}

impl UserView {
    /// An account for its own user.
    pub fn of(account: &Account) -> Self {
        Self {
            id: account.account_id,
            email: account.email.reveal().clone(),
            role: text(&account.role),
            permissions: account.role.permissions(),
            profile: ProfileView {
                first_name: account.first_name.reveal().clone(),
                last_name: account.last_name.reveal().clone(),
                phone: account.phone.as_ref().map(|phone| phone.reveal().clone()),
                company: account.company.clone(),
                created_at: account.registered_at,
            },
            version: account.version,
        }
    }
}
