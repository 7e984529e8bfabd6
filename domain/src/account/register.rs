use super::{Account, AccountEvent, AccountRefusal, AccountRegistered};
use crate::{AccountId, Personal, Role};

/// Open an account.
#[derive(Clone, Debug, PartialEq)]
pub struct RegisterAccount {
    /// The account's id.
    pub account_id: AccountId,
    /// What it may do.
    pub role: Role,
    /// Where to write to. The caller has made sure that it is unique.
    pub email: Personal<String>,
    /// Given name.
    pub first_name: Personal<String>,
    /// Family name.
    pub last_name: Personal<String>,
    /// Where to call.
    pub phone: Option<Personal<String>>,
    /// The farm or firm.
    pub company: Option<String>,
}

impl Account {
    pub(super) fn register(&self, command: &RegisterAccount) -> Result<Vec<AccountEvent>, AccountRefusal> {
        if self.registered.is_some() {
            return Err(AccountRefusal::AlreadyRegistered);
        }
        Ok(vec![
            AccountRegistered {
                account_id: command.account_id,
                role: command.role,
                email: command.email.clone(),
                first_name: command.first_name.clone(),
                last_name: command.last_name.clone(),
                phone: command.phone.clone(),
                company: command.company.clone(),
            }
            .into(),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{account::fixtures::*, fixtures::*, testing::given};

    #[test]
    fn somebody_opens_an_account() {
        given::<Account>([]).when(register()).then([registered()]);
        assert_eq!(given::<Account>([registered()]).state().role, Some(Role::Producer));
    }

    #[test]
    fn an_account_is_opened_only_once() {
        given::<Account>([registered()]).when(register()).then_refused(AccountRefusal::AlreadyRegistered);
    }

    #[test]
    fn the_command_and_the_state_keep_quiet_about_the_person() {
        let canary = || Personal::new(CANARY.to_owned());
        let command = RegisterAccount {
            email: canary(),
            first_name: canary(),
            last_name: canary(),
            phone: Some(canary()),
            ..register()
        };
        assert_keeps_quiet(&command);
        assert_keeps_quiet(&Account::default().register(&command));
    }
}
