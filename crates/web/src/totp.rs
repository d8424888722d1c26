use qrcode::{Color, EcLevel, QrCode};
use secrecy::{ExposeSecret, SecretString};
use totp_rs::{Builder, Secret, Totp};

use crate::error::PageError;

/// 160 bits, as RFC 4226 recommends.
const SECRET_BYTES: usize = 20;
/// A code is also good one step before and after its own 30 seconds: clocks differ (RFC 6238, 5.2).
const SKEW_STEPS: u16 = 1;
/// White modules around a QR code (ISO/IEC 18004).
const QUIET_MODULES: usize = 4;

/// A new secret, in base32.
pub(crate) fn new_secret() -> Result<SecretString, PageError> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(internal)?;
    Ok(Secret::from(bytes).to_base32().into())
}

/// The time step whose code this is, if it is one of the moment's: SHA-1, 6 digits, 30 seconds, which every app knows.
pub(crate) fn step_of(secret: &SecretString, code: &str, now_ms: i64) -> Result<Option<i64>, PageError> {
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let Ok(now_s) = u64::try_from(now_ms / 1000) else { return Ok(None) };
    let step = totp(secret, "", "")?.check(&digits, now_s);
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

/// What an app reads from the QR code.
pub(crate) fn address(secret: &SecretString, issuer: &str, account: &str) -> Result<String, PageError> {
    totp(secret, issuer, account)?.to_url().map_err(internal)
}

/// The secret in groups of four, for people who type it.
pub(crate) fn in_groups(secret: &SecretString) -> String {
    let letters: Vec<char> = secret.expose_secret().chars().collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// A QR code as one SVG path of unit squares.
pub(crate) struct Picture {
    /// Width and height in modules, quiet zone included.
    pub(crate) size: usize,
    /// The dark modules.
    pub(crate) path: String,
}

pub(crate) fn picture(text: &str) -> Result<Picture, PageError> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(internal)?;
    let width = code.width();
    let mut path = String::new();
    for (index, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            let (x, y) = (index % width + QUIET_MODULES, index / width + QUIET_MODULES);
            path += &format!("M{x} {y}h1v1h-1z");
        }
    }
    Ok(Picture { size: width + 2 * QUIET_MODULES, path })
}

fn totp(secret: &SecretString, issuer: &str, account: &str) -> Result<Totp, PageError> {
    // A colon separates the two in the label and must not be in either.
    let plain = |text: &str| text.replace(':', " ");
    let builder = Builder::new()
        .with_secret(Secret::try_from_base32(secret.expose_secret()).map_err(internal)?)
        .with_skew(SKEW_STEPS)
        .with_account_name(plain(account))
        .with_issuer(Some(plain(issuer)).filter(|issuer| !issuer.is_empty()));
    builder.build().map_err(internal)
}

fn internal(error: impl std::fmt::Display) -> PageError {
    PageError::Internal(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, SHA-1 rows, to six digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = SecretString::from(Secret::from(*b"12345678901234567890").to_base32());
        for (at_s, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")]
        {
            assert_eq!(step_of(&secret, code, at_s * 1000).unwrap(), Some(at_s / 30), "{code}");
            assert_eq!(step_of(&secret, code, (at_s + 30) * 1000).unwrap(), Some(at_s / 30), "one step late");
            assert_eq!(step_of(&secret, code, (at_s + 90) * 1000).unwrap(), None, "{code} is old");
        }
        assert_eq!(step_of(&secret, " 287 082 ", 59_000).unwrap(), Some(1), "as people type it");
        for nonsense in ["", "28708", "2870822", "abcdef", "٢٨٧٠٨٢"] {
            assert_eq!(step_of(&secret, nonsense, 59_000).unwrap(), None, "{nonsense}");
        }
    }

    #[test]
    fn apps_are_told_who_and_for_what() {
        let secret = new_secret().unwrap();
        let address = address(&secret, "Northwind: Fibre", "asha").unwrap();
        assert!(address.starts_with("otpauth://totp/Northwind"), "{address}");
        assert!(address.contains(secret.expose_secret()) && address.contains("asha"), "{address}");
        assert_eq!(in_groups(&secret).replace(' ', ""), secret.expose_secret());
        assert_ne!(new_secret().unwrap().expose_secret(), secret.expose_secret());
        let picture = picture(&address).unwrap();
        assert!(picture.size > 8 + 21 && picture.path.starts_with("M4 4h1"), "a corner is dark");
    }
}
