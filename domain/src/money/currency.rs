use std::{fmt, str::FromStr};

use super::MoneyError;
use crate::as_text::as_text;

/// An ISO 4217 alphabetic code, for example `EUR`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The euro.
    pub const EUR: Self = Self(*b"EUR");
    /// The United States dollar.
    pub const USD: Self = Self(*b"USD");

    /// The three letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

/// Currencies of ISO 4217 whose minor unit is a hundredth: amounts have two places here, so others cannot be represented.
const WITH_HUNDREDTHS: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP \
CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP \
LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR \
SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG";

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let code: [u8; 3] = text.as_bytes().try_into().map_err(|_| MoneyError::Currency)?;
        if !text.bytes().all(|b| b.is_ascii_uppercase()) || !WITH_HUNDREDTHS.contains(text) {
            return Err(MoneyError::Currency);
        }
        Ok(Self(code))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

as_text!(Currency, "^[A-Z]{3}$");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_currency_is_three_letters_and_listed_once() {
        let codes: Vec<_> = WITH_HUNDREDTHS.split(' ').collect();
        assert!(codes.is_sorted_by(|a, b| a < b));
        for code in codes {
            assert_eq!(code.parse::<Currency>().map(|currency| format!("{currency:?}")), Ok(code.to_owned()));
        }
    }
}
