//! On which day an order can be delivered: what the terms of its producers lead to when it is placed.

use std::collections::BTreeSet;

use agrodeep_domain::{
    Account, AccountId,
    delivery_terms::{DeliveryTerms, NoDelivery, agree},
    order::{DeliveryAgreed, OrderLine, OrderRefusal},
};
use chrono::{DateTime, NaiveDate, Utc};
use futures::{StreamExt, TryStreamExt};

use super::place::LOOK_UPS_MAX;
use crate::{Commands, ExecuteError, Versioned, store_error::of_look_up};

/// What is agreed on for `lines`. The inner result is that of the terms; `None`: nobody has any.
pub(super) async fn agreed_delivery(
    commands: &Commands,
    lines: &[OrderLine],
    wished: Option<NaiveDate>,
    placed_at: DateTime<Utc>,
) -> Result<Result<Option<DeliveryAgreed>, NoDelivery>, ExecuteError<OrderRefusal>> {
    let producers: BTreeSet<AccountId> = lines.iter().map(|line| line.producer_id).collect();
    let terms: Vec<Option<DeliveryTerms>> = futures::stream::iter(producers)
        .map(|producer| commands.executor.inspect::<Account, _>(producer.uuid(), terms_of))
        .buffered(LOOK_UPS_MAX)
        .try_collect()
        .await
        .map_err(of_look_up)?;
    let terms: Vec<DeliveryTerms> = terms.into_iter().flatten().collect();
    Ok(agree(&terms, wished, placed_at))
}

fn terms_of(account: &Versioned<Account>) -> Option<DeliveryTerms> {
    account.state.delivery_terms.clone()
}
