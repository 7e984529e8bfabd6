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
