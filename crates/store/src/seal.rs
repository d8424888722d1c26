use std::sync::Arc;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use sha2::{Digest, Sha256};

use crate::{Store, StoreError};

/// The `meta` row that tells whether a key is the database's own.
const KEY_CHECK: &str = "key_check";
/// What is sealed there.
const KEY_CHECK_TEXT: &str = "leaseline";
/// The form of a sealed text: `x1:<key id>:<nonce and ciphertext>`, both in hexadecimal digits.
const FORM: &str = "x1";
const NONCE_BYTES: usize = 24;
const KEY_BYTES: usize = 32;
const KEY_ID_BYTES: usize = 4;

/// The 32 bytes that seal router passwords (XChaCha20-Poly1305).
///
/// A sealed text names its key and is bound to its table and row: copied elsewhere, it does not open.
#[derive(Clone)]
pub struct MasterKey(Arc<SecretBox<[u8; KEY_BYTES]>>);

impl MasterKey {
    /// A new key from the operating system.
    ///
    /// # Errors
    /// [`StoreError::Random`] if that gives no random bytes.
    pub fn generate() -> Result<Self, StoreError> {
        let mut bytes = [0; KEY_BYTES];
        getrandom::fill(&mut bytes).map_err(|_| StoreError::Random)?;
        Ok(Self::from_bytes(bytes))
    }

    /// The key of 64 hexadecimal digits, as [`to_hex`](Self::to_hex) gives it; white space around it is ignored.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for anything else.
    pub fn from_hex(text: &str) -> Result<Self, StoreError> {
        let bytes = decode_hex(text.trim()).and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self::from_bytes).ok_or_else(|| StoreError::Invalid {
            what: "the master key",
            why: "it must be 64 hexadecimal digits".to_owned(),
        })
    }

    /// The key as text for a key file.
    pub fn to_hex(&self) -> SecretString {
        encode_hex(self.0.expose_secret()).into()
    }

    fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(Arc::new(SecretBox::new(Box::new(bytes))))
    }

    /// Names the key without telling it.
    fn id(&self) -> String {
        let digest =
            Sha256::new().chain_update(b"leaseline key id").chain_update(self.0.expose_secret()).finalize();
        encode_hex(&digest[..KEY_ID_BYTES])
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.0.expose_secret().into())
    }

    /// Seals a secret for one row.
    pub(crate) fn seal(&self, table: &str, row: &str, secret: &SecretString) -> Result<String, StoreError> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|_| StoreError::Random)?;
        let aad = bound_to(table, row);
        let payload = Payload { msg: secret.expose_secret().as_bytes(), aad: aad.as_bytes() };
        let sealed = self
            .cipher()
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| StoreError::Corrupt("a secret could not be sealed".to_owned()))?;
        Ok(format!("{FORM}:{}:{}{}", self.id(), encode_hex(&nonce), encode_hex(&sealed)))
    }

    /// Opens what [`seal`](Self::seal) made for that row.
    pub(crate) fn unseal(&self, table: &str, row: &str, sealed: &str) -> Result<SecretString, StoreError> {
        let damaged = || StoreError::Corrupt(format!("the sealed secret of {table} {row}"));
        let mut parts = sealed.splitn(3, ':');
        if parts.next() != Some(FORM) {
            return Err(damaged());
        }
        if parts.next() != Some(self.id().as_str()) {
            return Err(StoreError::WrongKey);
        }
        let bytes = parts.next().and_then(decode_hex).ok_or_else(damaged)?;
        let (nonce, text) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or_else(damaged)?;
        let aad = bound_to(table, row);
        let payload = Payload { msg: text, aad: aad.as_bytes() };
        let opened = self.cipher().decrypt(&XNonce::from(*nonce), payload).map_err(|_| damaged())?;
        String::from_utf8(opened).map(SecretString::from).map_err(|_| damaged())
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey")
    }
}

/// Compares the key with the database's own; the first key given becomes it.
pub(crate) async fn check_key(store: &Store, key: &MasterKey) -> Result<(), StoreError> {
    if store.meta(KEY_CHECK).await?.is_none() {
        let check = key.seal("meta", KEY_CHECK, &KEY_CHECK_TEXT.into())?;
        store.set_meta_once(KEY_CHECK, &check).await?;
    }
    // Read again: another process may have been first.
    let check = store.meta(KEY_CHECK).await?.ok_or(StoreError::NotFound { what: "key check" })?;
    key.unseal("meta", KEY_CHECK, &check).map_err(|_| StoreError::WrongKey)?;
    Ok(())
}

fn bound_to(table: &str, row: &str) -> String {
    format!("leaseline/{table}/{row}")
}

pub(crate) fn encode_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

pub(crate) fn decode_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    text.as_bytes().chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}
