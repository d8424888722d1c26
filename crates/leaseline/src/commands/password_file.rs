use std::{io::Read, path::Path};

use secrecy::SecretString;

use crate::fault::wrong_use;

const PASSWORD_BYTES_MAX: u64 = 4_096;

/// The first line of a file, or of standard input for `-`.
pub(crate) fn read(file: &Path) -> anyhow::Result<SecretString> {
    let mut text = String::new();
    let trouble = |error: std::io::Error| {
        wrong_use(format!("cannot read the password from {}: {error}", file.display()))
    };
    if file == Path::new("-") {
        std::io::stdin().take(PASSWORD_BYTES_MAX).read_to_string(&mut text).map_err(trouble)?;
    } else {
        let handle = std::fs::File::open(file).map_err(trouble)?;
        handle.take(PASSWORD_BYTES_MAX).read_to_string(&mut text).map_err(trouble)?;
    }
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(wrong_use(format!(
            "the first line of {} is empty; it should be the password",
            file.display()
        )));
    }
    Ok(SecretString::from(line.to_owned()))
}
