//! Somebody opens an account.

use agrodeep_domain::{
    Account, AccountId, Personal, Role,
    account::{AccountRefusal, RegisterAccount},
};

use crate::{CommandContext, Commands, ExecuteError, Executed};

/// Who.
#[derive(Clone, Debug)]
pub struct RegisterRequest {
    /// The account's id; the caller's credentials already know it.
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

/// Records that an account was opened.
pub async fn register(
    commands: &Commands,
    request: RegisterRequest,
    context: CommandContext,
) -> Result<Executed<Account>, ExecuteError<AccountRefusal>> {
    let RegisterRequest { account_id, role, email, first_name, last_name, phone, company } = request;
    let command = RegisterAccount { account_id, role, email, first_name, last_name, phone, company };
    commands.executor.execute::<Account>(account_id.uuid(), command, context).await
}
