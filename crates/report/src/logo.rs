use typst::foundations::Bytes;
use typst::visualize::{ExchangeFormat, RasterImage, SvgImage};

use crate::{pdf, svg};

/// The largest logo, bytes.
pub const LOGO_BYTES_MAX: usize = 512 * 1024;
/// The widest and highest PNG logo, pixels: a small file can unpack to gigabytes.
pub const LOGO_PIXELS_MAX: u32 = 4_096;

/// The widest and highest SVG logo, in its own units: those of programs that draw are small.
const SVG_UNITS_MAX: u32 = 16 * LOGO_PIXELS_MAX;

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
    /// Neither of the two.
    #[error("the file is neither a PNG nor an SVG: save the logo as one of them")]
    Neither,
    /// It cannot be drawn.
    #[error("the {0} is damaged: save it anew and try again")]
    Damaged(&'static str),
    /// An SVG that is more than a drawing.
    #[error(
        "the SVG has {0}, which no logo may have: save it as plain SVG, without scripts, links, fonts, pictures, patterns, markers and filters"
    )]
    Active(String),
    /// No report can be printed with it; what the typesetter said.
    #[error("no report can be printed with this logo: {0}")]
    Unprintable(String),
}

impl Logo {
    /// A logo as it may be shown and printed. A PNG is looked at from the outside; of an SVG, what is allowed in a logo is
    /// written anew, within limits of depth, references and cost. Stored logos go through the same: an earlier version may
    /// have allowed more. Draws nothing.
    ///
    /// # Errors
    /// [`LogoError`] for what is neither shown nor printed.
    pub fn new(bytes: Vec<u8>, media_type: &str) -> Result<Self, LogoError> {
        if bytes.len() > LOGO_BYTES_MAX {
            return Err(LogoError::TooLong(bytes.len()));
        }
        match media_type {
            "image/png" => {
                let (width, height) = png_size(&bytes).ok_or(LogoError::Content("PNG"))?;
                if width.max(height) > LOGO_PIXELS_MAX {
                    return Err(LogoError::TooLarge(width, height));
                }
                Ok(Self { bytes, form: LogoForm::Png })
            }
            "image/svg+xml" => {
                let text = std::str::from_utf8(&bytes).map_err(|_| LogoError::Content("SVG"))?;
                if !text.contains("<svg") {
                    return Err(LogoError::Content("SVG"));
                }
                let drawing = svg::filtered(text, LOGO_BYTES_MAX).map_err(LogoError::Active)?;
                Ok(Self { bytes: drawing.into_bytes(), form: LogoForm::Svg })
            }
            other => Err(LogoError::Form(other.to_owned())),
        }
    }

    /// The logo in an uploaded file, by what the file begins with. Whether it can be drawn, [`logo_trial`] says.
    ///
    /// # Errors
    /// [`LogoError`] for what is no logo.
    pub fn of_file(bytes: Vec<u8>) -> Result<Self, LogoError> {
        let media_type = if bytes.starts_with(PNG_SIGNATURE) { "image/png" } else { "image/svg+xml" };
        Self::new(bytes, media_type).map_err(|error| match error {
            LogoError::Content("SVG") => LogoError::Neither,
            other => other,
        })
    }

    /// Whether it is a PNG; an SVG otherwise.
    pub fn is_png(&self) -> bool {
        self.form == LogoForm::Png
    }

    /// The file.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn form(&self) -> LogoForm {
        self.form
    }
}

/// Draws a logo, and prints a page with it as reports are printed. It draws whatever it is given: a hostile file takes
/// memory and time without end or overflows the stack, so files from outside come here in a process of their own.
///
/// # Errors
/// [`LogoError`] if it cannot be drawn or printed.
pub fn logo_trial(bytes: &[u8]) -> Result<(), LogoError> {
    let tried = drawn(bytes);
    // What the typesetter remembers of this file helps no other one.
    comemo::evict(1);
    tried
}

fn drawn(bytes: &[u8]) -> Result<(), LogoError> {
    let file = Bytes::new(bytes.to_vec());
    let is_png = bytes.starts_with(PNG_SIGNATURE);
    if is_png {
        RasterImage::plain(file, ExchangeFormat::Png).map_err(|_| LogoError::Damaged("PNG"))?;
    } else {
        let image = SvgImage::new(file).map_err(|_| LogoError::Damaged("SVG"))?;
        let (width, height) = (image.width().ceil(), image.height().ceil());
        if width.max(height) > f64::from(SVG_UNITS_MAX) {
            return Err(LogoError::TooLarge(width as u32, height as u32));
        }
    }
    let form = if is_png { LogoForm::Png } else { LogoForm::Svg };
    pdf::trial(form, bytes.to_vec()).map_err(|error| LogoError::Unprintable(error.to_string()))
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

    /// Two pixels.
    const DRAWN: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x01\x08\x02\0\0\0{@\xe8\xdd\0\0\0\rIDATx\x9cc8\xa0\0\x04\x07\0\x07\x07\x02\x01\xa9\x80\xf6\x14\0\0\0\0IEND\xaeB`\x82";

    fn told(bytes: &[u8]) -> String {
        let tried = Logo::of_file(bytes.to_vec()).and_then(|logo| logo_trial(&logo.into_bytes()));
        tried.expect_err("no logo").to_string()
    }

    #[test]
    fn a_file_is_taken_by_what_is_in_it() {
        assert!(Logo::of_file(DRAWN.to_vec()).is_ok_and(|logo| logo.is_png() && logo.into_bytes() == DRAWN));
        let svg = b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 3'><path d='M0 0h9v3z'/></svg>";
        let logo = Logo::of_file(svg.to_vec()).expect("a logo");
        assert!(!logo.is_png() && logo_trial(logo.bytes()).is_ok());
        assert!(logo_trial(DRAWN).is_ok());
        for neither in [&b"GIF89a"[..], b"\xff\xd8\xff\xe0 JFIF", b"<html>", b"<svg \xff", b""] {
            assert!(told(neither).contains("neither a PNG nor an SVG"), "{neither:?}");
        }
    }

    #[test]
    fn what_cannot_be_drawn_or_is_more_than_a_drawing_is_refused_in_words() {
        assert!(told(&DRAWN[..DRAWN.len() - 20]).contains("damaged"));
        assert!(told(&png(2, 2)).contains("damaged"), "it ends after its size");
        assert!(told(&png(60_000, 2)).contains("60000 × 2 pixels"));
        assert!(told(&[DRAWN, &vec![0; LOGO_BYTES_MAX]].concat()).contains("at most 524288"));
        let svg = |head: &str, inside: &str| {
            told(format!("<svg xmlns='http://www.w3.org/2000/svg' {head}>{inside}</svg>").as_bytes())
        };
        assert!(svg("", "<script>alert(1)</script>").contains("the SVG has a <script>"));
        assert!(svg("width='1e7' height='2'", "<g/>").contains("10000000 × 2 pixels"));
        assert!(svg("width='-1' height='2'", "<g/>").contains("damaged"));
        assert!(told(b"<svg/>").contains("something else than a drawing"), "it is in no namespace");
    }

    #[test]
    fn a_small_file_does_not_unpack_to_gigabytes() {
        assert!(matches!(Logo::new(png(60_000, 60_000), "image/png"), Err(LogoError::TooLarge(..))));
        assert!(matches!(Logo::new(vec![0; LOGO_BYTES_MAX + 1], "image/png"), Err(LogoError::TooLong(_))));
        assert!(Logo::new(PNG_SIGNATURE.to_vec(), "image/png").is_err());
    }
}
