//! Logos that people hand in, on a page or by the command line.

use report::LogoError;
use store::{Logo, LogoType};

/// The logo in a file: one that browsers can show, that reports can be printed with, and that does nothing by itself. Takes up to
/// some tenths of a second of a core: call it where blocking is allowed.
///
/// # Errors
/// [`LogoError`] says in words what is wrong with the file.
pub fn logo_of_file(bytes: Vec<u8>) -> Result<Logo, LogoError> {
    let checked = report::Logo::of_file(bytes)?;
    let kind = if checked.is_png() { LogoType::Png } else { LogoType::Svg };
    Ok(Logo { kind, bytes: checked.into_bytes() })
}
