//! E-mail addresses, as far as we look at them: enough to tell two apart, not enough to know that mail arrives.

use std::{fmt, str::FromStr};

use agrodeep_domain::Personal;

/// An e-mail address in lower case.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress(String);

/// Why a text is no e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an e-mail address, 254 characters at most")]
pub struct EmailError;

impl EmailAddress {
    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address, marked as personal.
    pub fn personal(&self) -> Personal<String> {
        Personal::new(self.0.clone())
    }
}

impl FromStr for EmailAddress {
    type Err = EmailError;

    fn from_str(text: &str) -> Result<Self, EmailError> {
        let text = text.trim().to_lowercase();
        let (local, domain) = text.rsplit_once('@').ok_or(EmailError)?;
        let local_is_good = (1..=64).contains(&local.len())
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && local.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(c));
        let label_is_good = |label: &str| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        let domain_is_good = domain.contains('.') && domain.split('.').all(label_is_good);
        if text.len() > 254 || !local_is_good || !domain_is_good {
            return Err(EmailError);
        }
        Ok(Self(text))
    }
}

/// Never the address itself: it would end in a log line.
impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[e-mail address]")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_address_is_the_same_in_capitals() {
        let address: EmailAddress = " Marie.Dupont+AMAP@Ferme-du-Coin.FR ".parse().unwrap();
        assert_eq!(address.as_str(), "marie.dupont+amap@ferme-du-coin.fr");
        assert_eq!(format!("{address:?}"), "[e-mail address]");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in [
            "",
            "marie",
            "@a.fr",
            "marie@",
            "marie@fr",
            "a b@c.fr",
            "a@b..fr",
            "a@-b.fr",
            ".a@b.fr",
            "a..b@c.fr",
            "a@b@c.fr",
            "a\0@b.fr",
            "a\n@b.fr",
            "<a@b.fr>",
            "é@b.fr",
            &format!("{}@b.fr", "a".repeat(65)),
            &format!("a@{}.fr", "b.".repeat(130)),
        ] {
            assert_eq!(bad.parse::<EmailAddress>().map(|a| a.0), Err(EmailError), "{bad}");
        }
    }
}
