//! Secrets that settings name: never in the settings themselves, which people mail around.

use std::path::Path;

use anyhow::Context;
use secrecy::{ExposeSecret, SecretString};

use crate::commands::password_file;

/// A secret of the environment, or the first line of the file that a setting names, without space at its ends.
///
/// # Errors
/// A file that cannot be read.
pub(crate) fn read(
    variable: &str,
    setting: &'static str,
    file: &str,
) -> anyhow::Result<Option<SecretString>> {
    if let Some(given) = std::env::var(variable).ok().filter(|given| !given.trim().is_empty()) {
        return Ok(Some(SecretString::from(given.trim().to_owned())));
    }
    match file {
        "" => Ok(None),
        file => {
            let line = password_file::read(Path::new(file)).context(setting)?;
            Ok(Some(SecretString::from(line.expose_secret().trim().to_owned())))
        }
    }
}
