//! An admin gives an account another role.

use agrodeep_domain::{
    Account, AccountId, Role,
    account::{AccountRefusal, GrantRole},
};

use crate::{CommandContext, Commands, ExecuteError, Executed};

/// Which account, and what it may do from now on.
#[derive(Clone, Copy, Debug)]
pub struct GrantRoleRequest {
    /// Which account.
    pub account_id: AccountId,
    /// What it may do from now on.
    pub role: Role,
}

/// Gives an account another role.
pub async fn grant_role(
    commands: &Commands,
    request: GrantRoleRequest,
    context: CommandContext,
) -> Result<Executed<Account>, ExecuteError<AccountRefusal>> {
    let GrantRoleRequest { account_id, role } = request;
    commands.executor.execute::<Account>(account_id.uuid(), GrantRole { role }, context).await
}
