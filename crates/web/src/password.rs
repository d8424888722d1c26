use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use secrecy::{ExposeSecret, SecretString};

use crate::opaque::{opaque_string, spellings};

/// The fewest characters of a password. OWASP ASVS 5.0, 6.2.1 asks for 8 and recommends 15.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// The most bytes: more would only make the server work.
pub const PASSWORD_BYTES_MAX: usize = 256;
/// What bcrypt takes into account; it ignores the rest.
const BCRYPT_BYTES_MAX: usize = 72;
/// The fewest different characters: `aaaaaaaaaaaa` is long and no password.
const PASSWORD_DISTINCT_MIN: usize = 5;
/// The fewest guesses, as a power of ten, that `zxcvbn` expects to be needed: its third of four steps.
const GUESSES_LOG10_MIN: f64 = 8.0;

/// Why a password is refused, or could not be hashed.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Fewer than [`PASSWORD_CHARS_MIN`] characters.
    #[error("the password is too short: use at least 12 characters, for example four words")]
    TooShort,
    /// More than [`PASSWORD_BYTES_MAX`] bytes.
    #[error("the password is too long: use at most 256 bytes")]
    TooLong,
    /// The same few characters over and over.
    #[error("the password repeats the same few characters: use at least 5 different ones")]
    TooSimple,
    /// What attackers try first: known passwords, words, dates, keys in a row, and simple changes of those.
    #[error(
        "the password is easily guessed: it is made of what attackers try first, such as known passwords, years or keys in a row; take four words that do not belong together"
    )]
    Common,
    /// A name of its own user.
    #[error("the password contains your name or address: choose something that nobody connects with you")]
    AboutYou,
    /// The hash function failed; no random bytes, for example.
    #[error("the password could not be hashed")]
    Hash(#[source] argon2::password_hash::Error),
}

/// Checks a new password and hashes it with Argon2id (19 MiB, 2 passes, 1 lane: OWASP's first choice).
///
/// Takes some 25 ms of work: call it from a blocking thread.
///
/// # Errors
/// The password breaks the policy, or the operating system gave no salt.
pub fn hash_password(password: &SecretString) -> Result<String, PasswordError> {
    check_password(password)?;
    hash_unchecked(password.expose_secret())
}

/// Checks a new password against the policy: 12 characters to 256 bytes, at least 5 different characters, and nothing that
/// is guessed soon because it is made of what is on everybody's list.
///
/// # Errors
/// The first rule that it breaks.
pub fn check_password(password: &SecretString) -> Result<(), PasswordError> {
    let text = &opaque_string(password.expose_secret());
    if text.len() > PASSWORD_BYTES_MAX {
        return Err(PasswordError::TooLong);
    }
    if text.chars().count() < PASSWORD_CHARS_MIN {
        return Err(PasswordError::TooShort);
    }
    let distinct: std::collections::BTreeSet<char> = text.chars().collect();
    if distinct.len() < PASSWORD_DISTINCT_MIN {
        return Err(PasswordError::TooSimple);
    }
    let is_common = zxcvbn::zxcvbn(text, &[]).guesses_log10() < GUESSES_LOG10_MIN;
    if is_common { Err(PasswordError::Common) } else { Ok(()) }
}

/// Whether a password fits a stored hash: Argon2, or bcrypt `$2y$` from an import. A damaged hash fits nothing. Composed and
/// decomposed letters are the same; a password with such letters takes up to three times as long.
pub fn verify_password(password: &SecretString, stored: &str) -> bool {
    spellings(password.expose_secret()).iter().any(|text| fits(text, stored))
}

fn fits(text: &str, stored: &str) -> bool {
    if text.len() > PASSWORD_BYTES_MAX {
        return false;
    }
    if is_bcrypt(stored) {
        // What follows would not be looked at: any ending would do.
        return text.len() <= BCRYPT_BYTES_MAX && bcrypt::verify(text, stored).unwrap_or(false);
    }
    PasswordHash::new(stored)
        .is_ok_and(|hash| Argon2::default().verify_password(text.as_bytes(), &hash).is_ok())
}

/// Whether it is a hash that a password is checked against, and not what stands for none yet.
pub(crate) fn is_hash(stored: &str) -> bool {
    is_bcrypt(stored) || PasswordHash::new(stored).is_ok_and(|hash| hash.hash.is_some())
}

/// Whether a hash that just fitted should be replaced by one of today's kind.
pub(crate) fn needs_rehash(stored: &str) -> bool {
    is_bcrypt(stored)
}

/// Hashes a password that is already in use, whatever today's policy says of it.
pub(crate) fn hash_unchecked(text: &str) -> Result<String, PasswordError> {
    let hash: PasswordHash =
        Argon2::default().hash_password(opaque_string(text).as_bytes()).map_err(PasswordError::Hash)?;
    Ok(hash.to_string())
}

fn is_bcrypt(stored: &str) -> bool {
    stored.starts_with("$2")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text.to_owned())
    }

    #[test]
    fn a_hash_fits_its_password_only() {
        let hash = hash_password(&secret("correct horse battery")).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verify_password(&secret("correct horse battery"), &hash));
        assert!(!verify_password(&secret("correct horse batterz"), &hash));
        assert!(!verify_password(&secret("correct horse battery"), "garbage"));
        assert!(!needs_rehash(&hash));
    }

    #[test]
    fn a_bcrypt_hash_fits_nothing_longer_than_it_can_hold() {
        let long = "x".repeat(72);
        let hash = bcrypt::hash_with_result(&long, 4).unwrap().format_for_version(bcrypt::Version::TwoY);
        assert!(verify_password(&secret(&long), &hash));
        assert!(!verify_password(&secret(&format!("{long} and more")), &hash));
    }

    #[test]
    fn a_password_fits_in_both_compositions_and_hashes_of_older_versions_do_too() {
        let (composed, decomposed) =
            ("crème brûlée au café", "cre\u{300}me bru\u{302}le\u{301}e au cafe\u{301}");
        let typed_before = |text: &str| {
            let hash: PasswordHash = Argon2::default().hash_password(text.as_bytes()).unwrap();
            hash.to_string()
        };
        for hash in [
            hash_password(&secret(composed)).unwrap(),
            hash_password(&secret(decomposed)).unwrap(),
            typed_before(composed),
            typed_before(decomposed),
        ] {
            assert!(verify_password(&secret(composed), &hash) && verify_password(&secret(decomposed), &hash));
            assert!(!verify_password(&secret("creme brulee au cafe"), &hash));
        }
    }

    #[test]
    fn imported_bcrypt_hashes_fit_and_are_to_be_replaced() {
        let hash =
            bcrypt::hash_with_result("old password", 4).unwrap().format_for_version(bcrypt::Version::TwoY);
        assert!(hash.starts_with("$2y$"));
        assert!(verify_password(&secret("old password"), &hash));
        assert!(!verify_password(&secret("new password"), &hash));
        assert!(needs_rehash(&hash));
    }

    #[test]
    fn weak_passwords_are_refused_with_a_reason() {
        assert!(matches!(check_password(&secret("elevenchars")), Err(PasswordError::TooShort)));
        assert!(matches!(check_password(&secret("aaaaaaaaaaaaaaaa")), Err(PasswordError::TooSimple)));
        assert!(matches!(check_password(&secret(&"long".repeat(100))), Err(PasswordError::TooLong)));
        // Twelve characters of two bytes each: characters count, not bytes.
        assert!(check_password(&secret("пароль-пароль")).is_ok());
        assert!(matches!(check_password(&secret("пароль")), Err(PasswordError::TooShort)));
    }

    #[test]
    fn what_is_on_everybodys_list_is_refused_although_it_is_long() {
        for common in [
            "password1234",
            "Password2026!",
            "qwertyuiop123",
            "123456789012",
            "iloveyou2026",
            "P@ssw0rd1234",
            "administrator",
            "welcome12345",
        ] {
            assert!(matches!(check_password(&secret(common)), Err(PasswordError::Common)), "{common}");
        }
        for good in ["kettle orbit maple nine", "leaseline-demo-1", "wT7#qkz!0pLm", "नमस्ते दुनिया से प्यार"]
        {
            assert!(check_password(&secret(good)).is_ok(), "{good}");
        }
    }
}
