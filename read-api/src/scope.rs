//! Whose an order is, and how much of it somebody sees.

use agrodeep_domain::{AccountId, Role};
use agrodeep_http::{Problem, Roles, SignedIn};

/// Roles that read orders at all; of which ones, [`Scope::of`] says.
#[derive(Clone, Copy, Debug)]
pub struct OrderReaders;

impl Roles for OrderReaders {
    const ROLES: &'static [Role] = &[Role::Buyer, Role::Producer, Role::Admin, Role::Auditor];
}

/// Roles that follow deliveries at all.
#[derive(Clone, Copy, Debug)]
pub struct DeliveryReaders;

impl Roles for DeliveryReaders {
    const ROLES: &'static [Role] = &[Role::Buyer, Role::Driver, Role::Admin];
}

/// Roles that run the system.
#[derive(Clone, Copy, Debug)]
pub struct Operators;

impl Roles for Operators {
    const ROLES: &'static [Role] = &[Role::Admin];
}

/// How much of an order somebody sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of it.
    Whole,
    /// The lines of one producer, and nothing of what others sell in the same order.
    LinesOf(AccountId),
}

impl Scope {
    /// How much of an order of `buyer` with lines of `producers` `user` sees.
    ///
    /// # Errors
    /// 404: another's order is none.
    pub fn of(
        user: &SignedIn,
        buyer: AccountId,
        producers: impl IntoIterator<Item = AccountId>,
    ) -> Result<Self, Problem> {
        let me = user.account_id;
        match user.role {
            Role::Admin | Role::Auditor => Ok(Self::Whole),
            Role::Buyer if buyer == me => Ok(Self::Whole),
            Role::Producer if producers.into_iter().any(|producer| producer == me) => Ok(Self::LinesOf(me)),
            _ => Err(no_such_order()),
        }
    }

    /// Whether the lines of `producer` are seen.
    pub fn shows(self, producer: AccountId) -> bool {
        match self {
            Self::Whole => true,
            Self::LinesOf(me) => me == producer,
        }
    }
}

/// There is no such order, or not for whoever asks.
pub fn no_such_order() -> Problem {
    Problem::not_found("there is no such order")
}
