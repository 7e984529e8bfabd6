//! Who does something.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AccountId;

/// What an account may do, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Orders and pays.
    Buyer,
    /// Offers products and prepares orders.
    Producer,
    /// Delivers.
    Driver,
    /// Runs the market.
    Admin,
    /// Replays event streams, personal data masked.
    Analyst,
    /// Reads every order's full history and every proof.
    Auditor,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 6] =
        [Self::Buyer, Self::Producer, Self::Driver, Self::Admin, Self::Analyst, Self::Auditor];

    /// The role as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Buyer => "buyer",
            Self::Producer => "producer",
            Self::Driver => "driver",
            Self::Admin => "admin",
            Self::Analyst => "analyst",
            Self::Auditor => "auditor",
        }
    }

    /// What the role permits, for `permissions` of a signed-in user.
    pub const fn permissions(self) -> &'static [&'static str] {
        match self {
            Self::Buyer => {
                &["product:view", "order:create", "order:view:own", "order:cancel:own", "payment:create:own"]
            }
            Self::Producer => &[
                "product:view",
                "product:create",
                "product:update:own",
                "order:view:own",
                "order:process:own",
            ],
            Self::Driver => &["product:view", "delivery:view:assigned", "delivery:update:assigned"],
            Self::Admin => &[
                "product:view",
                "order:view:any",
                "order:cancel:any",
                "delivery:assign",
                "operations:manage",
            ],
            Self::Analyst => &["product:view", "stream:read:masked"],
            Self::Auditor => &["product:view", "order:view:any", "history:view:any", "stream:read"],
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Not the name of a role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be one of buyer, producer, driver, admin, analyst, auditor")]
pub struct RoleError;

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(RoleError)
    }
}

/// Who caused an event: a signed-in account, or a part of the system by its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// An account, in the role it acted in.
    Account(AccountId, Role),
    /// A part of the system, for example `order_fulfilment`, `payment_provider`, `import`.
    System(String),
}

impl Actor {
    /// A part of the system.
    pub fn system(name: &str) -> Self {
        Self::System(name.to_owned())
    }
}

/// `buyer:usr_…` for an account, `system:order_fulfilment` for a part of the system.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(id, role) => write!(f, "{role}:{id}"),
            Self::System(name) => write!(f, "system:{name}"),
        }
    }
}

impl FromStr for Actor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some(("system", name)) => Ok(Self::System(name.to_owned())),
            Some((role, id)) => {
                let role = role.parse().map_err(|e: RoleError| e.to_string())?;
                Ok(Self::Account(id.parse().map_err(|e: crate::id::IdError| e.to_string())?, role))
            }
            None => Err("must be <role>:<account id> or system:<name>".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;
    use crate::strategies;

    #[test]
    fn a_role_is_read_as_it_is_written() {
        for role in Role::ALL {
            assert_eq!(role.to_string().parse(), Ok(role));
            assert_eq!(serde_json::to_string(&role).unwrap(), format!("\"{role}\""));
        }
        assert_eq!("Buyer".parse::<Role>(), Err(RoleError));
    }

    #[test]
    fn every_role_sees_products_and_only_buyers_order() {
        for role in Role::ALL {
            assert!(role.permissions().contains(&"product:view"), "{role}");
            assert_eq!(role.permissions().contains(&"order:create"), role == Role::Buyer);
        }
    }

    #[test]
    fn a_part_of_the_system_acts_under_its_name() {
        let actor = Actor::system("order_fulfilment");
        assert_eq!(actor.to_string(), "system:order_fulfilment");
        assert_eq!("system:order_fulfilment".parse(), Ok(actor));
    }

    #[test]
    fn what_is_no_actor_is_refused_and_says_why() {
        for (text, why) in [
            ("", "must be <role>:<account id> or system:<name>"),
            ("king:usr_01h455vb4pex5vsknk084sn02q", "must be one of buyer"),
            ("buyer:ord_01h455vb4pex5vsknk084sn02q", "must start with `usr_`"),
            ("buyer:usr_01h455", "is not a well-formed id"),
        ] {
            let error = text.parse::<Actor>().unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn an_account_acts_in_its_role(id in strategies::account_id(), role in strategies::role()) {
            let actor = Actor::Account(id, role);
            prop_assert_eq!(actor.to_string(), format!("{role}:{id}"));
            prop_assert_eq!(actor.to_string().parse(), Ok(actor));
        }
    }
}
