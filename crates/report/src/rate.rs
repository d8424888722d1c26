/// A rate in bits per second with three significant digits and decimal prefixes: `847 kbit/s`, `94.2 Mbit/s`,
/// `1.20 Gbit/s`. Prefixes are powers of a thousand, as in the contracts (SLA trap 39).
pub fn rate_words(bits_per_s: i64) -> String {
    const PREFIXES: [(i64, &str); 4] =
        [(1_000_000_000_000, "Tbit/s"), (1_000_000_000, "Gbit/s"), (1_000_000, "Mbit/s"), (1_000, "kbit/s")];
    let Some(&(unit, name)) = PREFIXES.iter().find(|&&(unit, _)| bits_per_s >= unit) else {
        return format!("{} bit/s", bits_per_s.max(0));
    };
    let hundredths = i128::from(bits_per_s) * 100 / i128::from(unit);
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    match whole {
        0..=9 => format!("{whole}.{rest:02} {name}"),
        10..=99 => format!("{whole}.{} {name}", rest / 10),
        _ => format!("{whole} {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_and_decimal_prefixes() {
        assert_eq!(rate_words(0), "0 bit/s");
        assert_eq!(rate_words(999), "999 bit/s");
        assert_eq!(rate_words(847_400), "847 kbit/s");
        assert_eq!(rate_words(94_260_000), "94.2 Mbit/s");
        assert_eq!(rate_words(1_200_000_000), "1.20 Gbit/s");
        assert_eq!(rate_words(-4), "0 bit/s");
    }
}
