//! From rows to what they mean.

use std::{fmt::Display, str::FromStr};

use agrodeep_domain::{Currency, Money, Quantity};
use rust_decimal::Decimal;
use serde::{
    Deserialize,
    de::{DeserializeOwned, IntoDeserializer, value::StrDeserializer},
};
use sqlx::{Row, Type, postgres::PgRow, types::Json};

use crate::ReadError;

fn damaged(column: &str, why: impl Display) -> ReadError {
    ReadError::Damaged(format!("{column}: {why}"))
}

/// A column as its database type.
pub(crate) fn get<'r, T>(row: &'r PgRow, column: &str) -> Result<T, ReadError>
where
    T: sqlx::Decode<'r, sqlx::Postgres> + Type<sqlx::Postgres>,
{
    Ok(row.try_get(column)?)
}

/// A text column as what it is the text of.
pub(crate) fn parsed<T>(row: &PgRow, column: &str) -> Result<T, ReadError>
where
    T: FromStr<Err: Display>,
{
    get::<&str>(row, column)?.parse().map_err(|e| damaged(column, e))
}

/// A text column that may be null as what it is the text of.
pub(crate) fn parsed_opt<T>(row: &PgRow, column: &str) -> Result<Option<T>, ReadError>
where
    T: FromStr<Err: Display>,
{
    get::<Option<&str>>(row, column)?.map(|text| text.parse().map_err(|e| damaged(column, e))).transpose()
}

/// A text column as the unit variant it names (`snake_case`, as serde writes it).
pub(crate) fn named<T: DeserializeOwned>(row: &PgRow, column: &str) -> Result<T, ReadError> {
    variant(get(row, column)?, column)
}

/// A text column that may be null as the unit variant it names.
pub(crate) fn named_opt<T: DeserializeOwned>(row: &PgRow, column: &str) -> Result<Option<T>, ReadError> {
    get::<Option<&str>>(row, column)?.map(|text| variant(text, column)).transpose()
}

fn variant<'t, T: Deserialize<'t>>(text: &'t str, column: &str) -> Result<T, ReadError> {
    let deserializer: StrDeserializer<'t, serde::de::value::Error> = text.into_deserializer();
    T::deserialize(deserializer).map_err(|e| damaged(column, e))
}

/// A jsonb column.
pub(crate) fn json<T: DeserializeOwned>(row: &PgRow, column: &str) -> Result<T, ReadError> {
    Ok(row.try_get::<Json<T>, _>(column)?.0)
}

/// A jsonb column that may be null.
pub(crate) fn json_opt<T: DeserializeOwned>(row: &PgRow, column: &str) -> Result<Option<T>, ReadError> {
    Ok(row.try_get::<Option<Json<T>>, _>(column)?.map(|value| value.0))
}

/// An amount, in the currency of column `currency`.
pub(crate) fn money(row: &PgRow, column: &str) -> Result<Money, ReadError> {
    let currency: Currency = parsed(row, "currency")?;
    Money::from_decimal(get(row, column)?, currency).map_err(|e| damaged(column, e))
}

/// An amount that may be null, in the currency of column `currency`.
pub(crate) fn money_opt(row: &PgRow, column: &str) -> Result<Option<Money>, ReadError> {
    let currency: Currency = parsed(row, "currency")?;
    get::<Option<Decimal>>(row, column)?
        .map(|amount| Money::from_decimal(amount, currency).map_err(|e| damaged(column, e)))
        .transpose()
}

/// A quantity.
pub(crate) fn quantity(row: &PgRow, column: &str) -> Result<Quantity, ReadError> {
    Quantity::from_decimal(get(row, column)?).map_err(|e| damaged(column, e))
}

/// A stream's version.
pub(crate) fn version(row: &PgRow) -> Result<u64, ReadError> {
    u64::try_from(get::<i64>(row, "version")?).map_err(|e| damaged("version", e))
}

/// A count, as `bigint`.
pub(crate) fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
