//! What can have happened to an account.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AccountId, Personal, Role, delivery_terms::DeliveryTerms};

crate::events! {
    /// What can have happened to an account.
    AccountEvent {
        AccountRegistered,
        RoleGranted,
        DeliveryTermsSet,
    }
}

/// Somebody has opened an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AccountRegistered {
    /// The account.
    pub account_id: AccountId,
    /// What it may do.
    pub role: Role,
    /// Where to write to; unique among all accounts.
    pub email: Personal<String>,
    /// Given name.
    pub first_name: Personal<String>,
    /// Family name.
    pub last_name: Personal<String>,
    /// Where to call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Personal<String>>,
    /// The farm or firm, which buyers see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
}

/// An admin has given the account another role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RoleGranted {
    /// What it may do now.
    pub role: Role,
}

/// A producer has said when it hands goods over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryTermsSet {
    /// From now on; orders placed before keep what was agreed on.
    pub terms: DeliveryTerms,
}
