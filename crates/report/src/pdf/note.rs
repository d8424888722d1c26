use std::fmt;

/// A statement as a file, and what is missing in it.
#[derive(Debug)]
pub struct Pdf {
    /// The file.
    pub bytes: Vec<u8>,
    /// What was left out, for whoever runs the portal.
    pub notes: Vec<PdfNote>,
}

/// How many characters a note names.
const SHOWN_MAX: usize = 12;

/// What was left out of a PDF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PdfNote {
    /// The logo; why.
    LogoLeftOut(String),
    /// Characters that no font has; each is shown as a replacement.
    MissingGlyphs(Vec<char>),
}

impl fmt::Display for PdfNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingGlyphs(missing) => {
                let shown: Vec<String> = missing.iter().take(SHOWN_MAX).map(char_words).collect();
                let more = if missing.len() > SHOWN_MAX { ", …" } else { "" };
                let shown = shown.join(", ");
                write!(
                    f,
                    "no font has glyphs for {shown}{more}: install one, or name its folder in report.font_folders"
                )
            }
            Self::LogoLeftOut(why) => {
                write!(f, "the PDF was made without the logo ({why}): upload another one")
            }
        }
    }
}

/// The character with its code point, by which a font can be found.
fn char_words(character: &char) -> String {
    format!("{character} (U+{:04X})", u32::from(*character))
}
