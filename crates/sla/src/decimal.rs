use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Decimal places that are kept.
const PLACES: usize = 6;

/// A figure of a contract, for example `99.50`, held exactly in millionths: verdicts never pass through a float.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal {
    millionths: i64,
    /// Places it was written with, for printing it as it stands in the contract.
    places: u8,
}

/// A text that is no figure of a contract.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a decimal number such as 99.50 (digits, a point, at most six decimals)")]
pub struct DecimalError(pub String);

impl Decimal {
    /// Its value in millionths.
    pub fn millionths(self) -> i64 {
        self.millionths
    }

    /// How many decimal places it was written with.
    pub fn places(self) -> u32 {
        u32::from(self.places)
    }
}

impl std::str::FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let error = || DecimalError(text.to_owned());
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let pointless = fraction.is_empty() && text.contains('.');
        if whole.is_empty() || pointless || fraction.len() > PLACES || !digits(whole) || !digits(fraction) {
            return Err(error());
        }
        let millionths = format!("{whole}{fraction:0<PLACES$}").parse().map_err(|_| error())?;
        Ok(Self { millionths, places: fraction.len() as u8 })
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scale = 10_i64.pow(PLACES as u32);
        write!(f, "{}", self.millionths / scale)?;
        let fraction = format!("{:0PLACES$}", self.millionths % scale);
        match usize::from(self.places) {
            0 => Ok(()),
            places => write!(f, ".{}", &fraction[..places]),
        }
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_prints_as_it_was_written() {
        for text in ["99.50", "20", "0.000001", "100.00", "1.0"] {
            assert_eq!(text.parse::<Decimal>().expect(text).to_string(), text);
        }
        assert_eq!("99.5".parse::<Decimal>().expect("a figure").millionths(), 99_500_000);
    }

    #[test]
    fn what_is_no_figure_is_refused() {
        for text in ["", ".", "1.", ".5", "-1", "+1", "1e3", "99,5", "1.0000001", "9999999999999999", " 1"] {
            assert!(text.parse::<Decimal>().is_err(), "{text}");
        }
    }
}
