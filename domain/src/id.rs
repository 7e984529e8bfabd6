//! Typed ids: UUIDv7 inside, TypeIDs (`ord_01h455vb4pex5vsknk084sn02q`) outside.
//!
//! The form is that of the [TypeID specification 0.3](https://github.com/jetify-com/typeid/tree/main/spec): a prefix, an
//! underscore, and the 128 bits in Crockford's base 32, lower case, 26 characters.

use std::{fmt, str::FromStr};

use uuid::Uuid;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Why a text is no id of the wanted kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The prefix before the underscore is another kind's, or missing.
    #[error("must start with `{expected}_`")]
    Prefix {
        /// The prefix of this kind of id.
        expected: &'static str,
    },
    /// What follows the prefix is not 26 characters of base 32 within 128 bits.
    #[error("is not a well-formed id: 26 characters of lower-case base 32 must follow the prefix")]
    Suffix,
}

/// Writes the 128 bits of an id as 26 characters of base 32.
fn encode(uuid: Uuid) -> String {
    let bits = uuid.as_u128();
    (0..26).map(|i| ALPHABET[((bits >> (125 - 5 * i)) & 31) as usize] as char).collect()
}

fn decode(suffix: &str) -> Result<Uuid, IdError> {
    let bytes = suffix.as_bytes();
    if bytes.len() != 26 || bytes[0] > b'7' {
        return Err(IdError::Suffix);
    }
    let mut bits: u128 = 0;
    for byte in bytes {
        let digit = ALPHABET.iter().position(|c| c == byte).ok_or(IdError::Suffix)?;
        bits = (bits << 5) | digit as u128;
    }
    Ok(Uuid::from_u128(bits))
}

/// Declares one kind of id.
#[macro_export]
macro_rules! typed_id {
    ($(#[$meta:meta])* $name:ident, $prefix:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(uuid::Uuid);

        impl $name {
            /// The prefix of this kind of id.
            pub const PREFIX: &'static str = $prefix;

            /// Takes the 128 bits as they are.
            pub const fn from_uuid(uuid: uuid::Uuid) -> Self { Self(uuid) }

            /// The 128 bits.
            pub const fn uuid(self) -> uuid::Uuid { self.0 }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                $crate::id::write_type_id(f, $prefix, self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { std::fmt::Display::fmt(self, f) }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::id::IdError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::id::parse_type_id($prefix, text).map(Self)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool { true }
            fn schema_name() -> std::borrow::Cow<'static, str> { stringify!($name).into() }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "pattern": concat!("^", $prefix, "_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
                })
            }
        }
    };
}

#[doc(hidden)]
pub fn write_type_id(f: &mut fmt::Formatter<'_>, prefix: &str, uuid: Uuid) -> fmt::Result {
    write!(f, "{prefix}_{}", encode(uuid))
}

#[doc(hidden)]
pub fn parse_type_id(prefix: &'static str, text: &str) -> Result<Uuid, IdError> {
    let suffix = text
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('_'))
        .ok_or(IdError::Prefix { expected: prefix })?;
    decode(suffix)
}

typed_id!(
    /// A person or organisation with an account: buyer, producer, driver, admin, analyst, auditor.
    AccountId, "usr"
);
typed_id!(
    /// A product as one producer offers it.
    ProductId, "prod"
);
typed_id!(
    /// An order of one buyer, with lines of one or several producers.
    OrderId, "ord"
);
typed_id!(
    /// One attempt to bring an order to its buyer.
    DeliveryId, "dlv"
);
typed_id!(
    /// An event of the log, as clients see it.
    EventId, "evt"
);

/// A category of products: the prefix `cat_` and a slug (`cat_vegetables`), as categories are named, not numbered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct CategoryId(#[schemars(length(max = 64), regex(pattern = r"^cat_[a-z0-9]+(-[a-z0-9]+)*$"))] String);

/// Why a text is no category id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be `cat_` followed by lower-case letters, digits and single hyphens, 64 characters at most")]
pub struct CategoryIdError;

impl CategoryId {
    /// The id as text, prefix included.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part after `cat_`.
    pub fn slug(&self) -> &str {
        &self.0["cat_".len()..]
    }
}

impl FromStr for CategoryId {
    type Err = CategoryIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let slug = text.strip_prefix("cat_").ok_or(CategoryIdError)?;
        let well_formed = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        if text.len() > 64 || !slug.split('-').all(well_formed) {
            return Err(CategoryIdError);
        }
        Ok(Self(text.to_owned()))
    }
}

impl<'de> serde::Deserialize<'de> for CategoryId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;
    use crate::strategies;

    #[test]
    fn the_specifications_own_examples_hold() {
        for (uuid, suffix) in [
            ("00000000-0000-0000-0000-000000000000", "00000000000000000000000000"),
            ("00000000-0000-0000-0000-000000000001", "00000000000000000000000001"),
            ("0110c853-1d09-52d8-d73e-1194e95b5f19", "0123456789abcdefghjkmnpqrs"),
            ("01890a5d-ac96-774b-bcce-b302099a8057", "01h455vb4pex5vsknk084sn02q"),
            ("ffffffff-ffff-ffff-ffff-ffffffffffff", "7zzzzzzzzzzzzzzzzzzzzzzzzz"),
        ] {
            let uuid: Uuid = uuid.parse().unwrap();
            assert_eq!(encode(uuid), suffix);
            assert_eq!(decode(suffix), Ok(uuid));
        }
    }

    #[test]
    fn another_kinds_id_is_refused() {
        let order = OrderId::from_uuid(Uuid::from_u128(7));
        assert_eq!(order.to_string().parse::<ProductId>(), Err(IdError::Prefix { expected: "prod" }));
        for bad in
            ["ord_", "ord_8zzzzzzzzzzzzzzzzzzzzzzzzz", "ord_01H455VB4PEX5VSKNK084SN02Q", "ord_é", "ord"]
        {
            assert!(bad.parse::<OrderId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_category_is_a_slug() {
        assert_eq!("cat_fresh-herbs".parse::<CategoryId>().unwrap().slug(), "fresh-herbs");
        for bad in ["vegetables", "cat_", "cat_-a", "cat_a--b", "cat_É", "cat_A"] {
            assert!(bad.parse::<CategoryId>().is_err(), "{bad}");
        }
    }
    #[test]
    fn a_category_has_at_most_sixty_four_characters() {
        assert!(format!("cat_{}", "a".repeat(60)).parse::<CategoryId>().is_ok());
        assert_eq!(format!("cat_{}", "a".repeat(61)).parse::<CategoryId>(), Err(CategoryIdError));
    }

    proptest! {
        #[test]
        fn an_id_is_read_as_it_is_written(id in strategies::order_id()) {
            let text = id.to_string();
            prop_assert_eq!(text.len(), "ord_".len() + 26);
            prop_assert_eq!(text.parse(), Ok(id));
            prop_assert_eq!(format!("{id:?}"), text);
            let json = serde_json::to_string(&id).unwrap();
            prop_assert_eq!(serde_json::from_str::<OrderId>(&json).unwrap(), id);
            prop_assert!(serde_json::from_str::<ProductId>(&json).is_err());
            prop_assert_eq!(OrderId::from_uuid(id.uuid()), id);
        }

        #[test]
        fn the_schema_allows_ids_and_nothing_else(
            order in strategies::text_by_schema_of::<OrderId>(),
            category in strategies::text_by_schema_of::<CategoryId>(),
        ) {
            prop_assert!(order.parse::<OrderId>().is_ok(), "{order}");
            prop_assert!(category.len() > 64 || category.parse::<CategoryId>().is_ok(), "{category}");
        }

        #[test]
        fn ids_sort_as_their_texts_do(a in strategies::account_id(), b in strategies::account_id()) {
            // Time-ordered ids stay so outside.
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }

        #[test]
        fn two_texts_never_mean_one_id(text in "ord_[0-9a-z]{26}") {
            if let Ok(id) = text.parse::<OrderId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*", suffix in "\\PC*") {
            let _ = text.parse::<OrderId>();
            let _ = format!("ord_{suffix}").parse::<OrderId>();
            let _ = format!("cat_{suffix}").parse::<CategoryId>();
        }

        #[test]
        fn a_category_is_read_as_it_is_written(id in strategies::category_id()) {
            prop_assert_eq!(format!("cat_{}", id.slug()), id.as_str());
            let json = serde_json::to_string(&id).unwrap();
            prop_assert_eq!(serde_json::from_str::<CategoryId>(&json).unwrap(), id);
        }
    }
}
