//! Passwords: argon2id with 19 MiB, two passes, one lane (OWASP's minimum,
//! <https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html>).

use std::{sync::Arc, time::Duration};

use agrodeep_commands::StoreError;
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

const CHARS_MIN: usize = 8;
const CHARS_MAX: usize = 256;

/// How long one waits for a turn. Whoever floods the door must not fill memory with those who wait.
const TURN_TIMEOUT: Duration = Duration::from_secs(5);

/// A password that somebody chose or typed. `Debug` hides it; it is wiped from memory when it goes.
#[derive(Clone, Debug)]
pub struct Password(SecretString);

/// Why a text is no password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must have between 8 and 256 characters")]
pub struct PasswordError;

impl Password {
    /// A password to be set: 8 to 256 characters, taken as they are.
    ///
    /// # Errors
    /// [`PasswordError`] for any other length.
    pub fn new(text: String) -> Result<Self, PasswordError> {
        if (CHARS_MIN..=CHARS_MAX).contains(&text.chars().count()) {
            Ok(Self(text.into()))
        } else {
            Err(PasswordError)
        }
    }

    /// A password that was typed to sign in. Any text: whether it is right is another question.
    pub fn typed(text: String) -> Self {
        Self(text.into())
    }

    fn bytes(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}

/// Why no password was hashed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum HashError {
    /// Too many at the same time.
    #[error("too many sign-ins at the same time")]
    Busy,
    /// It cannot be done at all.
    #[error("passwords cannot be hashed: {0}")]
    Broken(String),
}

impl From<HashError> for StoreError {
    fn from(error: HashError) -> Self {
        Self::new(error.to_string())
    }
}

/// Hashes and verifies, never more than so many at the same time. Clones share the limit.
#[derive(Clone)]
pub struct PasswordHasher {
    turns: Arc<Semaphore>,
}

impl PasswordHasher {
    /// At most `at_once_max` at the same time.
    pub fn new(at_once_max: usize) -> Self {
        Self { turns: Arc::new(Semaphore::new(at_once_max.max(1))) }
    }

    /// The hash of a password, with a salt of its own, as a PHC string.
    pub async fn hash(&self, password: &Password) -> Result<String, HashError> {
        let password = password.clone();
        self.in_turn(move || {
            let hash =
                argon2()?.hash_password(password.bytes()).map_err(|e| HashError::Broken(e.to_string()))?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether `password` is the one that `hash` was made from. Without a hash: no, but it takes as long.
    pub async fn verify(&self, password: &Password, hash: Option<String>) -> Result<bool, HashError> {
        let password = password.clone();
        self.in_turn(move || {
            let nobody = hash.is_none();
            let hash = hash.unwrap_or_else(|| NOBODYS_HASH.to_owned());
            let parsed = PasswordHash::new(&hash).map_err(|e| HashError::Broken(e.to_string()))?;
            let right = argon2()?.verify_password(password.bytes(), &parsed).is_ok();
            Ok(right && !nobody)
        })
        .await
    }

    /// The same for the same password and `salt`, and as hard to turn back as a hash: to recognise a request that comes
    /// again without keeping what it said.
    pub async fn fingerprint(&self, password: &Password, salt: &str) -> Result<[u8; 32], HashError> {
        let password = password.clone();
        let salt = Sha256::digest(salt.as_bytes());
        self.in_turn(move || {
            let mut print = [0; 32];
            argon2()?
                .hash_password_into(password.bytes(), &salt, &mut print)
                .map_err(|e| HashError::Broken(e.to_string()))?;
            Ok(print)
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let turn = Arc::clone(&self.turns).acquire_owned();
        let turn: OwnedSemaphorePermit = tokio::time::timeout(TURN_TIMEOUT, turn)
            .await
            .map_err(|_| HashError::Busy)?
            .map_err(|_| HashError::Busy)?;
        // The turn goes with the work: a caller that stops waiting does not make room while the core is still busy.
        let working = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        working.await.map_err(|error| HashError::Broken(error.to_string()))?
    }
}

fn argon2() -> Result<Argon2<'static>, HashError> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|e| HashError::Broken(e.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// A hash that no password is known for, with the same cost as all others.
const NOBODYS_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OTAxMjM0NQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text.to_owned()).unwrap()
    }

    #[tokio::test]
    async fn only_the_right_password_is_right() {
        let hasher = PasswordHasher::new(2);
        let hash = hasher.hash(&password("tomates-2024")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(hasher.verify(&password("tomates-2024"), Some(hash.clone())).await.unwrap());
        assert!(!hasher.verify(&password("tomates-2025"), Some(hash.clone())).await.unwrap());
        assert!(!hasher.verify(&password("tomates-2024"), None).await.unwrap());
        assert_ne!(hasher.hash(&password("tomates-2024")).await.unwrap(), hash);
    }

    #[tokio::test]
    async fn whoever_does_not_exist_takes_as_long_to_refuse() {
        let hasher = PasswordHasher::new(1);
        let hash = hasher.hash(&password("tomates-2024")).await.unwrap();
        let mut times = [Duration::MAX; 2];
        for (best, hash) in times.iter_mut().zip([Some(hash), None]) {
            for _ in 0..5 {
                let begun = std::time::Instant::now();
                hasher.verify(&password("tomates-2025"), hash.clone()).await.unwrap();
                *best = (*best).min(begun.elapsed());
            }
        }
        let ratio = times[0].as_secs_f64() / times[1].as_secs_f64();
        assert!((0.5..2.0).contains(&ratio), "{times:?}");
    }

    #[tokio::test]
    async fn a_fingerprint_is_the_same_for_the_same_and_another_for_another() {
        let hasher = PasswordHasher::new(2);
        let one = hasher.fingerprint(&password("tomates-2024"), "k").await.unwrap();
        assert_eq!(hasher.fingerprint(&password("tomates-2024"), "k").await.unwrap(), one);
        assert_ne!(hasher.fingerprint(&password("tomates-2025"), "k").await.unwrap(), one);
        assert_ne!(hasher.fingerprint(&password("tomates-2024"), "l").await.unwrap(), one);
    }

    #[test]
    fn a_password_has_eight_characters_at_least_and_shows_none() {
        assert!(Password::new("é".repeat(8)).is_ok());
        for bad in [7, 257] {
            assert_eq!(Password::new("é".repeat(bad)).err(), Some(PasswordError));
        }
        assert!(!format!("{:?}", password("tomates-2024")).contains("tomates"));
    }
}
