/// The least contrast of text to its ground, WCAG 2 level AA.
const CONTRAST_MIN: f64 = 4.5;
/// Leaseline's own colour.
const HOUSE: Accent = Accent { red: 0x0f, green: 0x5f, blue: 0x6b };
const WHITE: Accent = Accent { red: 0xff, green: 0xff, blue: 0xff };
const BLACK: Accent = Accent { red: 0, green: 0, blue: 0 };

/// A company's colour, `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accent {
    red: u8,
    green: u8,
    blue: u8,
}

/// A text that is no colour.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no colour: write # and six hexadecimal digits, such as #0f5f6b")]
pub struct UnknownAccent(pub String);

impl std::str::FromStr for Accent {
    type Err = UnknownAccent;

    fn from_str(text: &str) -> Result<Self, UnknownAccent> {
        let error = || UnknownAccent(text.to_owned());
        let digits = text.strip_prefix('#').ok_or_else(error)?;
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(error());
        }
        let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| error());
        Ok(Self { red: part(0)?, green: part(2)?, blue: part(4)? })
    }
}

impl std::fmt::Display for Accent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

impl Accent {
    /// That of a brand; the house colour where it has none that can be read.
    pub(crate) fn of_brand(text: Option<&str>) -> Self {
        text.and_then(|text| text.parse().ok()).unwrap_or(HOUSE)
    }

    /// The colour of text on this one: white or black, whichever is read more easily.
    pub fn text_on_it(self) -> Self {
        if self.contrast(WHITE) >= self.contrast(BLACK) { WHITE } else { BLACK }
    }

    /// This colour as text on white: darkened until it can be read.
    pub fn as_text(self) -> Self {
        let darker = |steps: u32| {
            let scale = |part: u8| (u32::from(part) * (20 - steps) / 20) as u8;
            Self { red: scale(self.red), green: scale(self.green), blue: scale(self.blue) }
        };
        (0..=20).map(darker).find(|colour| colour.contrast(WHITE) >= CONTRAST_MIN).unwrap_or(BLACK)
    }

    /// The contrast ratio of two colours, 1 to 21 (WCAG 2, "contrast ratio").
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// WCAG 2, "relative luminance".
    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn contrast_is_that_of_the_standard() {
        assert!((BLACK.contrast(WHITE) - 21.0).abs() < 1e-9);
        assert!((WHITE.contrast(WHITE) - 1.0).abs() < 1e-9);
        let grey: Accent = "#767676".parse().expect("a colour");
        assert!((grey.contrast(WHITE) - 4.54).abs() < 0.01, "the lightest grey that may be text on white");
    }

    #[test]
    fn what_is_no_colour_is_refused() {
        for text in ["", "#", "0f5f6b", "#0f5f6", "#0f5f6bb", "#gggggg", "#+1+2+3", "#éabcd", "red"] {
            assert!(text.parse::<Accent>().is_err(), "{text}");
        }
        assert_eq!(Accent::of_brand(Some("red")), HOUSE);
        assert_eq!("#FFcc00".parse::<Accent>().expect("a colour").to_string(), "#ffcc00");
    }

    proptest! {
        #[test]
        fn whatever_the_colour_its_text_can_be_read(red: u8, green: u8, blue: u8) {
            let accent = Accent { red, green, blue };
            prop_assert!(accent.as_text().contrast(WHITE) >= CONTRAST_MIN);
            prop_assert!(accent.text_on_it().contrast(accent) >= CONTRAST_MIN, "{}", accent);
        }
    }
}
