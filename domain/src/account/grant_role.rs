use super::{Account, AccountEvent, AccountRefusal, RoleGranted};
use crate::Role;

/// Give the account another role.
#[derive(Clone, Debug, PartialEq)]
pub struct GrantRole {
    /// What it may do from now on.
    pub role: Role,
}

impl Account {
    pub(super) fn grant_role(&self, command: &GrantRole) -> Result<Vec<AccountEvent>, AccountRefusal> {
        if self.registered.is_none() {
            return Err(AccountRefusal::NoSuchAccount);
        }
        if self.role == Some(command.role) {
            return Ok(vec![]);
        }
        Ok(vec![RoleGranted { role: command.role }.into()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{account::fixtures::*, testing::given};

    #[test]
    fn an_account_gets_another_role() {
        let granted: AccountEvent = RoleGranted { role: Role::Admin }.into();
        given::<Account>([registered()]).when(GrantRole { role: Role::Admin }).then([granted.clone()]);
        assert_eq!(given::<Account>([registered(), granted]).state().role, Some(Role::Admin));
    }

    #[test]
    fn the_role_it_has_changes_nothing() {
        given::<Account>([registered()]).when(GrantRole { role: Role::Producer }).then_nothing();
    }

    #[test]
    fn an_account_that_was_never_opened_gets_no_role() {
        given::<Account>([])
            .when(GrantRole { role: Role::Admin })
            .then_refused(AccountRefusal::NoSuchAccount);
    }
}
