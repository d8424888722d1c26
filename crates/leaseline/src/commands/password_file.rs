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
    let line = first_line(&text);
    if line.is_empty() {
        return Err(wrong_use(format!(
            "the first line of {} is empty; it should be the password",
            file.display()
        )));
    }
    Ok(SecretString::from(line.to_owned()))
}

/// Editors on Windows begin a file with a byte order mark, which nobody types.
fn first_line(text: &str) -> &str {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_password() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("password");
        for (text, expected) in
            [("\u{feff}s3cret\r\nmore", "s3cret"), ("s3cret", "s3cret"), (" s3cret \n", " s3cret ")]
        {
            std::fs::write(&file, text).expect("written");
            assert_eq!(read(&file).expect("a password").expose_secret(), expected, "{text:?}");
        }
        std::fs::write(&file, "\u{feff}\n").expect("written");
        assert!(read(&file).is_err_and(|error| error.to_string().contains("is empty")));
    }
}
