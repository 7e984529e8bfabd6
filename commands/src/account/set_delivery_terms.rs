//! A producer says when it hands goods over.

use agrodeep_domain::{
    Account, AccountId,
    account::{AccountRefusal, SetDeliveryTerms},
    delivery_terms::DeliveryTerms,
};

use crate::{CommandContext, Commands, ExecuteError, Executed};

/// Which producer, and its terms from now on.
#[derive(Clone, Debug)]
pub struct SetDeliveryTermsRequest {
    /// Which producer.
    pub producer_id: AccountId,
    /// From now on.
    pub terms: DeliveryTerms,
}

/// Takes new terms of a producer in. Orders placed before keep what was agreed on.
pub async fn set_delivery_terms(
    commands: &Commands,
    request: SetDeliveryTermsRequest,
    context: CommandContext,
) -> Result<Executed<Account>, ExecuteError<AccountRefusal>> {
    let SetDeliveryTermsRequest { producer_id, terms } = request;
    commands.executor.execute::<Account>(producer_id.uuid(), SetDeliveryTerms { terms }, context).await
}
