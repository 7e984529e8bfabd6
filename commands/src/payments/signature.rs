//! Signatures of webhooks, as Stripe makes them (<https://docs.stripe.com/webhooks#verify-manually>):
//! `Stripe-Signature: t=<seconds since 1970>,v1=<hex of HMAC-SHA256(secret, "<t>.<body>")>`, with a `v1` for each secret that
//! is valid while secrets are being rotated.

use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// How far the time of signing may be from now, in either direction.
pub const TOLERANCE: TimeDelta = TimeDelta::seconds(300);

/// Why a signature does not convince.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not of the form `t=…,v1=…`.
    #[error("the signature must look like t=<seconds>,v1=<hex>")]
    Malformed,
    /// Signed too long ago, or in the future.
    #[error("the signature is older than 5 minutes, or from the future")]
    Expired,
    /// Signed with another secret, or for another body.
    #[error("the signature does not match")]
    Mismatch,
}

/// The secrets that webhooks may be signed with: several while they are being rotated.
#[derive(Clone, Debug)]
pub struct WebhookSecrets(Vec<SecretString>);

impl WebhookSecrets {
    /// Any of these.
    pub fn new(secrets: impl IntoIterator<Item = SecretString>) -> Self {
        Self(secrets.into_iter().collect())
    }

    /// Verifies the header `signature` of `body` at the time `now`, in a time that does not tell where it differs.
    pub fn verify(&self, signature: &str, body: &[u8], now: DateTime<Utc>) -> Result<(), SignatureError> {
        let mut time = None;
        let mut signatures = Vec::new();
        for part in signature.split(',') {
            let (name, value) = part.split_once('=').ok_or(SignatureError::Malformed)?;
            match name.trim() {
                "t" if time.is_none() => {
                    time = Some(value.parse::<i64>().map_err(|_| SignatureError::Malformed)?);
                }
                "t" => return Err(SignatureError::Malformed),
                "v1" => signatures.push(from_hex(value).ok_or(SignatureError::Malformed)?),
                // Other schemes are none of ours.
                _ => {}
            }
        }
        let time = time.ok_or(SignatureError::Malformed)?;
        if signatures.is_empty() {
            return Err(SignatureError::Malformed);
        }
        let matches = self.0.iter().any(|secret| {
            let mac = mac(secret, time, body);
            signatures.iter().any(|signature| mac.clone().verify_slice(signature).is_ok())
        });
        if !matches {
            return Err(SignatureError::Mismatch);
        }
        // Only after the signature: an unsigned time proves nothing, and says nothing about the clock to a stranger.
        let signed_at = DateTime::from_timestamp(time, 0).ok_or(SignatureError::Malformed)?;
        if (now - signed_at).abs() > TOLERANCE {
            return Err(SignatureError::Expired);
        }
        Ok(())
    }
}

/// The header for `body`, signed at `now`.
pub fn sign(secret: &SecretString, body: &[u8], now: DateTime<Utc>) -> String {
    let time = now.timestamp();
    let code = mac(secret, time, body).finalize().into_bytes();
    format!("t={time},v1={}", to_hex(&code))
}

fn mac(secret: &SecretString, time: i64, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .expect("HMAC takes keys of any length (RFC 2104)");
    mac.update(time.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}

fn to_hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// 32 bytes in hexadecimal.
fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> =
        text.trim().chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    if digits.len().is_multiple_of(2) { bytes.try_into().ok() } else { None }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const BODY: &[u8] = br#"{"id":"evt_1"}"#;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_724_000_000, 0).unwrap()
    }

    fn secrets(texts: &[&str]) -> WebhookSecrets {
        WebhookSecrets::new(texts.iter().map(|text| SecretString::from(*text)))
    }

    #[test]
    fn a_signature_is_hmac_sha256_over_time_and_body() {
        // Computed with: printf '1724000000.{"id":"evt_1"}' | openssl dgst -sha256 -hmac whsec_one
        assert_eq!(
            sign(&"whsec_one".into(), BODY, now()),
            "t=1724000000,v1=9421ccb443a6e73fbbf3a479b375412dfe28841bc2943c77e41fdfe774eddb8e"
        );
    }

    #[test]
    fn what_was_signed_with_any_of_the_secrets_is_accepted() {
        let signature = sign(&"whsec_two".into(), BODY, now());
        assert_eq!(secrets(&["whsec_one", "whsec_two"]).verify(&signature, BODY, now()), Ok(()));
        assert_eq!(secrets(&["whsec_one"]).verify(&signature, BODY, now()), Err(SignatureError::Mismatch));
        assert_eq!(secrets(&[]).verify(&signature, BODY, now()), Err(SignatureError::Mismatch));
        let rotated = format!("{signature},v1={},v0=ff", "0".repeat(64));
        assert_eq!(secrets(&["whsec_two"]).verify(&rotated, BODY, now()), Ok(()));
    }

    #[test]
    fn another_body_or_another_time_does_not_match() {
        let signature = sign(&"whsec_one".into(), BODY, now());
        let secrets = secrets(&["whsec_one"]);
        assert_eq!(secrets.verify(&signature, b"{}", now()), Err(SignatureError::Mismatch));
        let moved = signature.replace("t=1724000000", "t=1724000001");
        assert_eq!(secrets.verify(&moved, BODY, now()), Err(SignatureError::Mismatch));
    }

    #[test]
    fn a_signature_is_good_for_five_minutes_either_way() {
        let signature = sign(&"whsec_one".into(), BODY, now());
        let secrets = secrets(&["whsec_one"]);
        for seconds in [-300, 0, 300] {
            assert_eq!(secrets.verify(&signature, BODY, now() + TimeDelta::seconds(seconds)), Ok(()));
        }
        for seconds in [-301, 301] {
            let later = now() + TimeDelta::seconds(seconds);
            assert_eq!(secrets.verify(&signature, BODY, later), Err(SignatureError::Expired));
        }
    }

    #[test]
    fn what_is_no_signature_is_refused() {
        let secrets = secrets(&["whsec_one"]);
        let code = "0".repeat(64);
        for bad in [
            String::new(),
            "t=1724000000".to_owned(),
            format!("v1={code}"),
            format!("t=,v1={code}"),
            format!("t=x,v1={code}"),
            "t=1724000000,v1=".to_owned(),
            "t=1724000000,v1=abc".to_owned(),
            format!("t=1724000000,v1={code}0"),
            format!("t=1724000000,v1={}é", &code[..62]),
            format!("t=1,t=2,v1={code}"),
            "whsec_one".to_owned(),
        ] {
            assert_eq!(secrets.verify(&bad, BODY, now()), Err(SignatureError::Malformed), "{bad}");
        }
        let distant = format!("t={},v1={code}", i64::MAX);
        assert_eq!(secrets.verify(&distant, BODY, now()), Err(SignatureError::Mismatch));
    }
}
