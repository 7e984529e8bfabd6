use agrodeep_domain::{Account as Aggregate, AccountId, Aggregate as _, account::AccountEvent};
use agrodeep_event_store::{RecordedEvent, StreamId};
use async_trait::async_trait;
use sqlx::{
    PgConnection,
    types::{Json, Uuid},
};

use super::{Account, query};
use crate::{
    Model, ReadError,
    cache::{Dirt, Rows},
    fact::{Fact, LogEvent, Poison},
    projection::{Projection, bind_columns},
};

/// How many accounts are kept at hand between batches.
const KEPT_MAX: usize = 1024;

pub(crate) struct AccountsProjection {
    accounts: Rows<AccountId, Account>,
}

impl Default for AccountsProjection {
    fn default() -> Self {
        Self { accounts: Rows::new(KEPT_MAX) }
    }
}

#[async_trait]
impl Projection for AccountsProjection {
    const MODEL: Model = Model::Accounts;
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] = &["accounts"];

    fn wants(event: &RecordedEvent) -> bool {
        &*event.stream.aggregate_type == Aggregate::TYPE
    }

    fn subject(_: &LogEvent) -> Option<StreamId> {
        None
    }

    async fn load(&mut self, connection: &mut PgConnection, events: &[&LogEvent]) -> Result<(), ReadError> {
        let missing: Vec<Uuid> = events
            .iter()
            .filter(|event| event.recorded.version > 1)
            .map(|event| event.recorded.stream.uuid())
            .filter(|id| !self.accounts.contains(&AccountId::from_uuid(*id)))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let rows = sqlx::query(
            "select a.* from (select distinct unnest($1::uuid[]) id) k
             cross join lateral (select * from accounts where account_id = k.id limit 1) a",
        )
        .bind(missing)
        .fetch_all(connection)
        .await?;
        for row in &rows {
            let account = query::account(row)?;
            self.accounts.loaded(account.account_id, account);
        }
        Ok(())
    }

    fn fold(&mut self, event: &LogEvent) -> Result<(), Poison> {
        let Fact::Account(fact) = event.fact()? else { return Ok(()) };
        let id = AccountId::from_uuid(event.recorded.stream.uuid());
        let version = self.accounts.get(&id).map_or(0, |account| account.version);
        event.follows(version)?;
        let at = event.recorded.metadata.occurred_at;
        match fact {
            AccountEvent::AccountRegistered(registered) => self.accounts.create(
                id,
                Account {
                    account_id: id,
                    role: registered.role,
                    email: registered.email.clone(),
                    first_name: registered.first_name.clone(),
                    last_name: registered.last_name.clone(),
                    phone: registered.phone.clone(),
                    company: registered.company.clone(),
                    delivery_terms: None,
                    version: event.recorded.version,
                    registered_at: at,
                    updated_at: at,
                },
            ),
            AccountEvent::RoleGranted(granted) => {
                let account = self.accounts.change(&id, Dirt::Whole).ok_or(Poison::Missing)?;
                account.role = granted.role;
                account.version = event.recorded.version;
                account.updated_at = at;
            }
            AccountEvent::DeliveryTermsSet(set) => {
                let account = self.accounts.change(&id, Dirt::Whole).ok_or(Poison::Missing)?;
                account.delivery_terms = Some(set.terms.clone());
                account.version = event.recorded.version;
                account.updated_at = at;
            }
        }
        Ok(())
    }

    async fn leave_out(connection: &mut PgConnection, event: &LogEvent) -> Result<(), sqlx::Error> {
        if event.aggregate_type() != Aggregate::TYPE {
            return Ok(());
        }
        sqlx::query("update accounts set version = $2 where account_id = $1 and version = $2 - 1")
            .bind(event.recorded.stream.uuid())
            .bind(event.recorded.version as i64)
            .execute(connection)
            .await?;
        Ok(())
    }

    async fn write(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let accounts = self.accounts.changed(Dirt::Whole);
        if accounts.is_empty() {
            return Ok(());
        }
        let query = sqlx::query(
            "insert into accounts (account_id, role, email, first_name, last_name, phone, company, delivery_terms,
                 version, registered_at, updated_at)
             select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                 $8::jsonb[], $9::bigint[], $10::timestamptz[], $11::timestamptz[])
             on conflict (account_id) do update set role = excluded.role, email = excluded.email,
                 first_name = excluded.first_name, last_name = excluded.last_name, phone = excluded.phone,
                 company = excluded.company, delivery_terms = excluded.delivery_terms, version = excluded.version,
                 registered_at = excluded.registered_at, updated_at = excluded.updated_at",
        );
        bind_columns!(
            query,
            accounts,
            |a| a.account_id.uuid(),
            |a| a.role.as_str(),
            |a| a.email.reveal().as_str(),
            |a| a.first_name.reveal().as_str(),
            |a| a.last_name.reveal().as_str(),
            |a| a.phone.as_ref().map(|phone| phone.reveal().as_str()),
            |a| a.company.as_deref(),
            |a| a.delivery_terms.as_ref().map(Json),
            |a| a.version as i64,
            |a| a.registered_at,
            |a| a.updated_at,
        )
        .execute(connection)
        .await?;
        Ok(())
    }

    fn stored(&mut self) {
        self.accounts.stored();
    }

    fn forget(&mut self) {
        self.accounts.forget();
    }
}
