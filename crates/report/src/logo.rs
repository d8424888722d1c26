/// The largest logo, bytes.
pub const LOGO_BYTES_MAX: usize = 512 * 1024;
/// The widest and highest PNG logo, pixels: a small file can unpack to gigabytes.
pub const LOGO_PIXELS_MAX: u32 = 4_096;

const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A company's logo: a PNG or an SVG.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    bytes: Vec<u8>,
    form: LogoForm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogoForm {
    Png,
    Svg,
}

/// Why a file is no logo.
#[derive(Debug, thiserror::Error)]
pub enum LogoError {
    /// Too long.
    #[error("the logo has {0} bytes, at most {LOGO_BYTES_MAX} are allowed")]
    TooLong(usize),
    /// Too wide or too high.
    #[error("the logo has {0} × {1} pixels, at most {LOGO_PIXELS_MAX} each way are allowed")]
    TooLarge(u32, u32),
    /// Another media type.
    #[error("{0:?} is no form of a logo: image/png or image/svg+xml")]
    Form(String),
    /// The content is something else than it claims to be.
    #[error("the file is no {0}")]
    Content(&'static str),
}

impl Logo {
    /// Looks at the outside of a logo: its size and whether it begins as its media type says.
    ///
    /// # Errors
    /// [`LogoError`] for what will not be printed.
    pub fn new(bytes: Vec<u8>, media_type: &str) -> Result<Self, LogoError> {
        if bytes.len() > LOGO_BYTES_MAX {
            return Err(LogoError::TooLong(bytes.len()));
        }
        let form = match media_type {
            "image/png" => {
                let (width, height) = png_size(&bytes).ok_or(LogoError::Content("PNG"))?;
                if width.max(height) > LOGO_PIXELS_MAX {
                    return Err(LogoError::TooLarge(width, height));
                }
                LogoForm::Png
            }
            "image/svg+xml" => {
                let text = std::str::from_utf8(&bytes).map_err(|_| LogoError::Content("SVG"))?;
                if !text.contains("<svg") {
                    return Err(LogoError::Content("SVG"));
                }
                LogoForm::Svg
            }
            other => return Err(LogoError::Form(other.to_owned())),
        };
        Ok(Self { bytes, form })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn form(&self) -> LogoForm {
        self.form
    }
}

/// Width and height, from the first chunk.
fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let header = bytes.strip_prefix(PNG_SIGNATURE)?.get(4..)?.strip_prefix(b"IHDR")?;
    let number = |at: usize| Some(u32::from_be_bytes(header.get(at..at + 4)?.try_into().ok()?));
    Some((number(0)?, number(4)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
        [PNG_SIGNATURE, b"\0\0\0\x0dIHDR", &size].concat()
    }

    #[test]
    fn a_logo_is_what_it_says() {
        assert!(Logo::new(png(640, 200), "image/png").is_ok());
        assert!(Logo::new(b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(), "image/svg+xml").is_ok());
        assert!(matches!(Logo::new(b"GIF89a".to_vec(), "image/png"), Err(LogoError::Content("PNG"))));
        assert!(matches!(Logo::new(b"<html>".to_vec(), "image/svg+xml"), Err(LogoError::Content("SVG"))));
        assert!(matches!(Logo::new(png(1, 1), "image/gif"), Err(LogoError::Form(_))));
    }

    #[test]
    fn a_small_file_does_not_unpack_to_gigabytes() {
        assert!(matches!(Logo::new(png(60_000, 60_000), "image/png"), Err(LogoError::TooLarge(..))));
        assert!(matches!(Logo::new(vec![0; LOGO_BYTES_MAX + 1], "image/png"), Err(LogoError::TooLong(_))));
        assert!(Logo::new(PNG_SIGNATURE.to_vec(), "image/png").is_err());
    }
}
