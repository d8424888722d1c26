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

/// How much of an accent is in the soft ground that goes with it, of a hundred.
const SOFT_PERCENT: u32 = 12;

/// An accent as the pages of one colour scheme use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tones {
    /// Links, and the ground of buttons.
    pub accent: Accent,
    /// Text on it.
    pub ink: Accent,
    /// A ground with a breath of it, for tags and notices.
    pub soft: Accent,
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
    pub fn of_brand(text: Option<&str>) -> Self {
        text.and_then(|text| text.parse().ok()).unwrap_or(HOUSE)
    }

    /// The colour of text on this one: white or black, whichever is read more easily.
    pub fn text_on_it(self) -> Self {
        if self.contrast(WHITE) >= self.contrast(BLACK) { WHITE } else { BLACK }
    }

    /// This colour as text on white: darkened until it can be read.
    pub fn as_text(self) -> Self {
        let darker = |steps: u32| BLACK.mixed_into(self, steps * 5);
        (0..=20).map(darker).find(|colour| colour.contrast(WHITE) >= CONTRAST_MIN).unwrap_or(BLACK)
    }

    /// This colour on the grounds of a scheme, the panels' first: away from them until it can be read on each, and on
    /// its own soft ground.
    pub fn tones_on(self, grounds: &[Self; 3]) -> Tones {
        let panel = grounds[0];
        let end = panel.text_on_it();
        let tones = |steps: u32| {
            let accent = end.mixed_into(self, steps * 5);
            Tones { accent, ink: accent.text_on_it(), soft: accent.mixed_into(panel, SOFT_PERCENT) }
        };
        let legible = |tones: &Tones| {
            let mut all = grounds.iter().chain([&tones.soft]);
            all.all(|ground| tones.accent.contrast(*ground) >= CONTRAST_MIN)
        };
        (0..20).map(tones).find(legible).unwrap_or_else(|| tones(20))
    }

    /// `ground` with so many hundredths of this colour in it.
    fn mixed_into(self, ground: Self, percent: u32) -> Self {
        let mix = |over: u8, under: u8| {
            ((u32::from(over) * percent + u32::from(under) * (100 - percent)) / 100) as u8
        };
        Self {
            red: mix(self.red, ground.red),
            green: mix(self.green, ground.green),
            blue: mix(self.blue, ground.blue),
        }
    }

    /// Its parts: red, green, blue.
    pub fn rgb(self) -> [u8; 3] {
        [self.red, self.green, self.blue]
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
            for grounds in [["#ffffff", "#f4f6f7", "#f7f9fa"], ["#162027", "#0e151a", "#1b262e"]] {
                let grounds = grounds.map(|text| text.parse().expect("a colour"));
                let Tones { accent: text, ink, soft } = accent.tones_on(&grounds);
                for ground in grounds.into_iter().chain([soft]) {
                    prop_assert!(text.contrast(ground) >= CONTRAST_MIN, "{} as {} on {}", accent, text, ground);
                }
                prop_assert!(ink.contrast(text) >= CONTRAST_MIN, "{} on {}", ink, text);
            }
        }
    }
}
