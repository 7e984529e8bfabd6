//! All SQL of accounts' secrets.

use agrodeep_commands::StoreError;
use agrodeep_domain::AccountId;
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use super::{EmailAddress, signing::StoredKey, tokens::TokenHash};

/// The tables. Clones share the connections.
#[derive(Clone)]
pub struct AccountStore {
    pool: PgPool,
}

/// A row of who may sign in.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct AccountRow {
    pub account_id: Uuid,
    pub password_hash: Option<String>,
    pub registered_at: Option<DateTime<Utc>>,
}

impl AccountRow {
    pub fn id(&self) -> AccountId {
        AccountId::from_uuid(self.account_id)
    }
}

/// What became of a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// It is spent, and its successor is good.
    Yes,
    /// It is none, or its family has expired or been revoked.
    No,
    /// It had been spent before: its whole family is revoked now.
    FamilyRevoked,
}

impl AccountStore {
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// The account of an address, made if there is none.
    pub async fn claim_email(
        &self,
        email: &EmailAddress,
        account_id: AccountId,
    ) -> Result<AccountRow, StoreError> {
        loop {
            sqlx::query("insert into accounts (account_id, email) values ($1, $2) on conflict do nothing")
                .bind(account_id.uuid())
                .bind(email.as_str())
                .execute(&self.pool)
                .await?;
            // A second statement, as the first does not see a row that another has inserted at the same moment.
            if let Some(row) = self.by_email(email).await? {
                return Ok(row);
            }
        }
    }

    /// The account of an address.
    pub async fn by_email(&self, email: &EmailAddress) -> Result<Option<AccountRow>, StoreError> {
        let row =
            sqlx::query_as("select account_id, password_hash, registered_at from accounts where email = $1")
                .bind(email.as_str())
                .fetch_optional(&self.pool)
                .await?;
        Ok(row)
    }

    /// Notes that a registration has begun, and with which password.
    pub async fn begin_registration(
        &self,
        command_id: Uuid,
        account_id: AccountId,
        password_hash: Option<&str>,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "insert into account_registrations (command_id, account_id, password_hash) values ($1, $2, $3)
             on conflict (command_id) do update set password_hash = excluded.password_hash",
        )
        .bind(command_id)
        .bind(account_id.uuid())
        .bind(password_hash)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The log has the account, by the command `winner`: its password becomes the account's, and all that raced for it end.
    /// Done before: nothing happens.
    pub async fn complete_registration(&self, account_id: AccountId, winner: Uuid) -> Result<(), StoreError> {
        sqlx::query(
            "with completed as (
                 update accounts set registered_at = now(), password_hash =
                     (select password_hash from account_registrations where command_id = $2 and account_id = $1)
                 where account_id = $1 and registered_at is null
                 returning account_id
             )
             delete from account_registrations using completed
             where account_registrations.account_id = completed.account_id",
        )
        .bind(account_id.uuid())
        .bind(winner)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Claims addresses for accounts without a password, all or none that can be claimed. Returns the ids that have theirs,
    /// now or already.
    pub async fn claim_emails(&self, claims: &[(AccountId, EmailAddress)]) -> Result<Vec<Uuid>, StoreError> {
        let ids: Vec<Uuid> = claims.iter().map(|(id, _)| id.uuid()).collect();
        let emails: Vec<&str> = claims.iter().map(|(_, email)| email.as_str()).collect();
        sqlx::query(
            "insert into accounts (account_id, email)
             select * from unnest($1::uuid[], $2::text[]) on conflict do nothing",
        )
        .bind(&ids)
        .bind(&emails)
        .execute(&self.pool)
        .await?;
        let claimed: Vec<(Uuid,)> = sqlx::query_as(
            "select a.account_id from accounts a
             join unnest($1::uuid[], $2::text[]) as c (account_id, email) using (account_id, email)",
        )
        .bind(&ids)
        .bind(&emails)
        .fetch_all(&self.pool)
        .await?;
        Ok(claimed.into_iter().map(|(id,)| id).collect())
    }

    /// The log has these accounts, which have no password.
    pub async fn complete_without_passwords(&self, ids: &[Uuid]) -> Result<(), StoreError> {
        sqlx::query(
            "update accounts set registered_at = now() where account_id = any($1) and registered_at is null",
        )
        .bind(ids)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Opens a family of refresh tokens with its first one.
    pub async fn open_family(
        &self,
        account_id: AccountId,
        first: &TokenHash,
        lifetime_seconds: f64,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "with family as (
                 insert into refresh_families (family_id, account_id, expires_at)
                 values ($1, $2, now() + make_interval(secs => $4))
                 returning family_id
             )
             insert into refresh_tokens (token_hash, family_id) select $3, family_id from family",
        )
        .bind(Uuid::now_v7())
        .bind(account_id.uuid())
        .bind(&first[..])
        .bind(lifetime_seconds)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Whose refresh token this is, spent or not.
    pub async fn owner_of(&self, token: &TokenHash) -> Result<Option<AccountId>, StoreError> {
        let row: Option<(Uuid,)> = sqlx::query_as(
            "select f.account_id from refresh_tokens t join refresh_families f using (family_id) where t.token_hash = $1",
        )
        .bind(&token[..])
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|(id,)| AccountId::from_uuid(id)))
    }

    /// Spends a refresh token for its successor. A token can be spent once: whoever comes second revokes the family.
    pub async fn rotate(&self, spent: &TokenHash, successor: &TokenHash) -> Result<Rotated, StoreError> {
        let rotated = sqlx::query(
            "with spent as (
                 update refresh_tokens t set used_at = now() from refresh_families f
                 where t.token_hash = $1 and t.used_at is null
                   and f.family_id = t.family_id and f.revoked_at is null and f.expires_at > now()
                 returning t.family_id
             )
             insert into refresh_tokens (token_hash, family_id) select $2, family_id from spent",
        )
        .bind(&spent[..])
        .bind(&successor[..])
        .execute(&self.pool)
        .await?;
        if rotated.rows_affected() > 0 {
            return Ok(Rotated::Yes);
        }
        let revoked = sqlx::query(
            "update refresh_families f set revoked_at = now(), revoked_as = 'reused' from refresh_tokens t
             where t.token_hash = $1 and t.used_at is not null and f.family_id = t.family_id and f.revoked_at is null",
        )
        .bind(&spent[..])
        .execute(&self.pool)
        .await?;
        Ok(if revoked.rows_affected() > 0 { Rotated::FamilyRevoked } else { Rotated::No })
    }

    /// Revokes the family of a refresh token, if it is this account's.
    pub async fn revoke_family(&self, account_id: AccountId, of: &TokenHash) -> Result<(), StoreError> {
        sqlx::query(
            "update refresh_families f set revoked_at = now(), revoked_as = 'signed_out' from refresh_tokens t
             where t.token_hash = $1 and f.family_id = t.family_id and f.account_id = $2 and f.revoked_at is null",
        )
        .bind(&of[..])
        .bind(account_id.uuid())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The key that signs.
    pub async fn signing_key(&self) -> Result<Option<StoredKey>, StoreError> {
        let row: Option<(String, Vec<u8>, serde_json::Value)> =
            sqlx::query_as("select kid, private_key, public_jwk from signing_keys where signs")
                .fetch_optional(&self.pool)
                .await?;
        Ok(row.map(|(kid, private_key, public_jwk)| StoredKey { kid, private_key, public_jwk }))
    }

    /// Makes `key` the one that signs, if there is none yet. Gives the one that does.
    pub async fn make_signing_key(&self, key: &StoredKey) -> Result<StoredKey, StoreError> {
        sqlx::query(
            "insert into signing_keys (kid, algorithm, private_key, public_jwk, signs) values ($1, 'EdDSA', $2, $3, true)
             on conflict do nothing",
        )
        .bind(&key.kid)
        .bind(&key.private_key)
        .bind(&key.public_jwk)
        .execute(&self.pool)
        .await?;
        self.signing_key().await?.ok_or_else(|| StoreError::new("there is no signing key"))
    }

    /// The public keys of all that are not retired, as JSON Web Keys.
    pub async fn public_keys(&self) -> Result<Vec<serde_json::Value>, StoreError> {
        let rows: Vec<(serde_json::Value,)> = sqlx::query_as(
            "select public_jwk from signing_keys where retired_at is null order by created_at",
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|(key,)| key).collect())
    }

    /// Deletes what has been over for a day.
    pub async fn purge(&self) -> Result<u64, StoreError> {
        let families =
            sqlx::query("delete from refresh_families where expires_at < now() - interval '1 day'")
                .execute(&self.pool)
                .await?;
        let registrations = sqlx::query(
            "delete from account_registrations r using accounts a
             where a.account_id = r.account_id and a.registered_at is not null",
        )
        .execute(&self.pool)
        .await?;
        Ok(families.rows_affected() + registrations.rows_affected())
    }
}
