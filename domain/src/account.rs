//! The facts of an account: who it is and what it may do. Secrets (passwords, tokens) are never here.

mod event;
#[cfg(test)]
pub(crate) mod fixtures;
mod grant_role;
mod register;
mod set_delivery_terms;

use serde::{Deserialize, Serialize};

pub use self::{
    event::*, grant_role::GrantRole, register::RegisterAccount, set_delivery_terms::SetDeliveryTerms,
};
use crate::{Aggregate, Role, delivery_terms::DeliveryTerms};

/// The state of an account. Default: it does not exist.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Who it is; `None`: there is no such account.
    pub registered: Option<AccountRegistered>,
    /// What it may do now.
    pub role: Option<Role>,
    /// When it hands goods over; `None`: it has said nothing.
    pub delivery_terms: Option<DeliveryTerms>,
}

crate::commands! {
    /// Everything that can be asked of an account.
    AccountCommand {
        /// Open it.
        Register(RegisterAccount),
        /// Give it another role.
        GrantRole(GrantRole),
        /// Say when it hands goods over.
        SetDeliveryTerms(SetDeliveryTerms),
    }
}

/// Why an account says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountRefusal {
    /// There is no such account.
    #[error("there is no such account")]
    NoSuchAccount,
    /// The id is taken by another account.
    #[error("this account has already been registered")]
    AlreadyRegistered,
    /// Only producers hand goods over.
    #[error("only a producer hands goods over")]
    NoProducer,
    /// They are handed over on some day.
    #[error("goods are handed over on at least one day of the week")]
    NoWeekdays,
    /// They are ready some day soon.
    #[error("goods are ready within {max} days")]
    TooManyLeadDays {
        /// The most days.
        max: u32,
    },
}

impl Aggregate for Account {
    const TYPE: &'static str = "account";
    const STATE_FORM: u32 = 2;
    type Command = AccountCommand;
    type Event = AccountEvent;
    type Refusal = AccountRefusal;

    fn decide(&self, command: &AccountCommand) -> Result<Vec<AccountEvent>, AccountRefusal> {
        match command {
            AccountCommand::Register(command) => self.register(command),
            AccountCommand::GrantRole(command) => self.grant_role(command),
            AccountCommand::SetDeliveryTerms(command) => self.set_delivery_terms(command),
        }
    }

    fn apply(&mut self, event: &AccountEvent) {
        match event {
            AccountEvent::AccountRegistered(event) => {
                self.role = Some(event.role);
                self.registered = Some(event.clone());
            }
            AccountEvent::RoleGranted(event) => self.role = Some(event.role),
            AccountEvent::DeliveryTermsSet(event) => self.delivery_terms = Some(event.terms.clone()),
        }
    }
}

crate::cqrs_es_aggregate!(Account);
