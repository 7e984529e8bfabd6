use std::collections::HashMap;

use agrodeep_domain::{AccountId, Personal};
use sqlx::{postgres::PgRow, types::Uuid};

use super::Account;
use crate::{
    ReadError, ReadModels,
    row::{get, json_opt, parsed, version},
};

impl ReadModels {
    /// One account.
    pub async fn account(&self, account_id: AccountId) -> Result<Option<Account>, ReadError> {
        sqlx::query("select * from accounts where account_id = $1")
            .bind(account_id.uuid())
            .fetch_optional(self.pool())
            .await?
            .map(|row| account(&row))
            .transpose()
    }

    /// Several accounts, for example the producers of a page of products. Unknown ones are left out.
    pub async fn accounts(&self, ids: &[AccountId]) -> Result<HashMap<AccountId, Account>, ReadError> {
        let mut ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
        ids.sort_unstable();
        ids.dedup();
        sqlx::query(
            "select a.* from unnest($1::uuid[]) k(id)
             cross join lateral (select * from accounts where account_id = k.id limit 1) a",
        )
        .bind(ids)
        .fetch_all(self.pool())
        .await?
        .iter()
        .map(|row| account(row).map(|account| (account.account_id, account)))
        .collect()
    }
}

pub(super) fn account(row: &PgRow) -> Result<Account, ReadError> {
    Ok(Account {
        account_id: AccountId::from_uuid(get(row, "account_id")?),
        role: parsed(row, "role")?,
        email: Personal::new(get(row, "email")?),
        first_name: Personal::new(get(row, "first_name")?),
        last_name: Personal::new(get(row, "last_name")?),
        phone: get::<Option<String>>(row, "phone")?.map(Personal::new),
        company: get(row, "company")?,
        delivery_terms: json_opt(row, "delivery_terms")?,
        version: version(row)?,
        registered_at: get(row, "registered_at")?,
        updated_at: get(row, "updated_at")?,
    })
}
