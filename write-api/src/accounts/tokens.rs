//! Refresh tokens: 256 random bits, of which only the SHA-256 is kept.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// A refresh token. `Debug` hides it.
#[derive(Clone, Debug)]
pub struct RefreshToken(SecretString);

/// What is kept of a refresh token.
pub type TokenHash = [u8; 32];

impl RefreshToken {
    /// A new one.
    pub fn random() -> Self {
        let bits: [u8; 32] = rand::random();
        Self(BASE64_URL_SAFE_NO_PAD.encode(bits).into())
    }

    /// One that a client sent. Any text: whether it is one is for the table to say.
    pub fn sent(text: String) -> Self {
        Self(text.into())
    }

    /// The token itself: for its owner.
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }

    /// What is kept of it. No salt: there are 256 bits to guess.
    pub fn hash(&self) -> TokenHash {
        Sha256::digest(self.reveal().as_bytes()).into()
    }
}
