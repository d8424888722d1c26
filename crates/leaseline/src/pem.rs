use std::path::Path;

use crate::fault::wrong_use;

/// The certificates in the file that a setting names.
///
/// # Errors
/// A file that cannot be read or holds none.
pub(crate) fn read(setting: &str, file: &Path) -> anyhow::Result<Vec<u8>> {
    let trouble = |what: &str| wrong_use(format!("{setting} {}: {what}", file.display()));
    let pem = std::fs::read_to_string(file).map_err(|error| trouble(&error.to_string()))?;
    if !pem.contains("-----BEGIN CERTIFICATE-----") {
        return Err(trouble("holds no certificate in PEM form"));
    }
    Ok(pem.into_bytes())
}
