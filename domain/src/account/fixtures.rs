//! Marie's account.

use super::{AccountEvent, AccountRegistered, RegisterAccount};
use crate::{Role, fixtures::marie};

pub(crate) fn register() -> RegisterAccount {
    RegisterAccount {
        account_id: marie(),
        role: Role::Producer,
        email: "marie@ferme.example".to_owned().into(),
        first_name: "Marie".to_owned().into(),
        last_name: "Dubois".to_owned().into(),
        phone: Some("+33 6 12 34 56 78".to_owned().into()),
        company: Some("Ferme des Lilas".to_owned()),
    }
}

pub(crate) fn registered() -> AccountEvent {
    let register = register();
    AccountRegistered {
        account_id: register.account_id,
        role: register.role,
        email: register.email,
        first_name: register.first_name,
        last_name: register.last_name,
        phone: register.phone,
        company: register.company,
    }
    .into()
}
