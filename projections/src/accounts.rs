//! Profiles: who an account is and what it may do. Nearly all of it is personal data.

mod projection;
mod query;

use agrodeep_domain::{AccountId, Personal, Role, delivery_terms::DeliveryTerms};
use chrono::{DateTime, Utc};

pub(crate) use self::projection::AccountsProjection;

/// An account as others may see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// Which.
    pub account_id: AccountId,
    /// What it may do.
    pub role: Role,
    /// Where to write to.
    pub email: Personal<String>,
    /// Given name.
    pub first_name: Personal<String>,
    /// Family name.
    pub last_name: Personal<String>,
    /// Where to call.
    pub phone: Option<Personal<String>>,
    /// The farm or firm, which buyers see.
    pub company: Option<String>,
    /// When it hands goods over; only producers do, and not all have said.
    pub delivery_terms: Option<DeliveryTerms>,
    /// The version of its stream.
    pub version: u64,
    /// When it was opened.
    pub registered_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}
