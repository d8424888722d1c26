use std::sync::Arc;

use argon2::Argon2;

use crate::app::App;
use crate::error::PageError;

/// Recovery codes that a person gets.
pub(crate) const CODES: usize = 10;
/// 50 random bits, in ten letters and digits that cannot be taken for one another (Crockford's base 32).
const CODE_CHARS: usize = 10;
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// New codes with what is kept of them.
pub(crate) struct RecoveryCodes {
    /// `abcde-fgh23`; shown once.
    pub(crate) codes: Vec<String>,
    pub(crate) salt: String,
    pub(crate) hashes: Vec<String>,
}

/// Makes ten codes. Hashing them takes some 250 ms, in a blocking thread.
pub(crate) async fn generate(app: &App) -> Result<RecoveryCodes, PageError> {
    let mut salt = [0; SALT_BYTES];
    getrandom::fill(&mut salt).map_err(internal)?;
    let salt = salt.map(|byte| format!("{byte:02x}")).concat();
    let codes = (0..CODES).map(|_| random_code()).collect::<Result<Vec<_>, _>>()?;
    let work = {
        let (codes, salt) = (codes.clone(), salt.clone());
        move || codes.iter().map(|code| hash(code, &salt)).collect::<Result<Vec<_>, _>>()
    };
    Ok(RecoveryCodes { codes, salt, hashes: blocking(app, work).await? })
}

/// What to look a typed code up by; `None` for what cannot be a code.
pub(crate) async fn hash_of(app: &App, typed: &str, salt: &str) -> Result<Option<String>, PageError> {
    let Some(code) = canonical(typed) else { return Ok(None) };
    let salt = salt.to_owned();
    blocking(app, move || hash(&code, &salt)).await.map(Some)
}

/// A code as it was shown, or as people type it: without the hyphen, in capitals, with o for 0 and l for 1.
pub(crate) fn canonical(typed: &str) -> Option<String> {
    let letters = typed.chars().filter(|c| !c.is_whitespace() && *c != '-');
    let code: String = letters
        .map(|c| match c.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            c => c,
        })
        .collect();
    let fits = code.len() == CODE_CHARS && code.bytes().all(|byte| ALPHABET.contains(&byte));
    fits.then(|| format!("{}-{}", &code[..CODE_CHARS / 2], &code[CODE_CHARS / 2..]))
}

fn random_code() -> Result<String, PageError> {
    let mut bytes = [0; CODE_CHARS];
    getrandom::fill(&mut bytes).map_err(internal)?;
    let code: String = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
    Ok(format!("{}-{}", &code[..CODE_CHARS / 2], &code[CODE_CHARS / 2..]))
}

fn hash(code: &str, salt: &str) -> Result<String, PageError> {
    let mut out = [0; HASH_BYTES];
    Argon2::default().hash_password_into(code.as_bytes(), salt.as_bytes(), &mut out).map_err(internal)?;
    Ok(out.map(|byte| format!("{byte:02x}")).concat())
}

async fn blocking<T: Send + 'static>(
    app: &App,
    work: impl FnOnce() -> Result<T, PageError> + Send + 'static,
) -> Result<T, PageError> {
    let permit = Arc::clone(&app.hashing).acquire_owned().await.map_err(internal)?;
    let work = move || {
        let _permit = permit;
        work()
    };
    tokio::task::spawn_blocking(work).await.map_err(internal)?
}

fn internal(error: impl std::fmt::Display) -> PageError {
    PageError::Internal(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_understood_however_it_is_typed() {
        let code = random_code().unwrap();
        assert_eq!((code.len(), code.as_bytes()[5]), (11, b'-'));
        assert_eq!(canonical(&code).as_deref(), Some(code.as_str()));
        assert_eq!(canonical(&code.to_uppercase().replace('-', " ")).as_deref(), Some(code.as_str()));
        assert_eq!(canonical("OIL00-00000").as_deref(), Some("01100-00000"));
        for nonsense in ["", "123456", "abcde-fghi", "abcde-fghu2", "abcde-fgh234", "äbcde-fgh23"] {
            assert_eq!(canonical(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn a_hash_depends_on_code_and_salt() {
        let salt = "0011223344556677";
        assert_eq!(hash("abcde-fgh23", salt).unwrap(), hash("abcde-fgh23", salt).unwrap());
        assert_ne!(hash("abcde-fgh23", salt).unwrap(), hash("abcde-fgh24", salt).unwrap());
        assert_ne!(hash("abcde-fgh23", salt).unwrap(), hash("abcde-fgh23", "0011223344556678").unwrap());
    }
}
