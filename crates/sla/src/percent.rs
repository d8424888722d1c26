/// `part / whole` in percent with `places` decimals, truncated and never rounded up: 99.499996 % must not be printed
/// as 99.50 % beside a breach (SLA trap 38). `None` where there is no whole to take a part of (trap 16).
///
/// `places` above 9 counts as 9; a negative part reads as 0.
pub fn percent_truncated(part: i64, whole: i64, places: u32) -> Option<String> {
    if whole <= 0 {
        return None;
    }
    let places = places.min(9);
    let scale = 10_i128.pow(places);
    let scaled = i128::from(part.max(0)) * 100 * scale / i128::from(whole);
    let (units, fraction) = (scaled / scale, scaled % scale);
    Some(if places == 0 {
        units.to_string()
    } else {
        format!("{units}.{fraction:0width$}", width = places as usize)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn trap_38_never_rounded_up_to_the_target() {
        assert_eq!(percent_truncated(99_499_996, 100_000_000, 2).as_deref(), Some("99.49"));
        assert_eq!(percent_truncated(2_591_999_999, 2_592_000_000, 5).as_deref(), Some("99.99999"));
        assert_eq!(percent_truncated(1, 1, 2).as_deref(), Some("100.00"));
    }

    #[test]
    fn trap_16_nothing_eligible_gives_no_figure() {
        assert_eq!(percent_truncated(0, 0, 2), None);
    }

    proptest! {
        #[test]
        fn a_hundred_only_for_the_whole(part in 0i64..i64::MAX, missing in 1i64..1_000_000, places in 0u32..9) {
            let whole = part.saturating_add(missing);
            prop_assume!(whole > part);
            let text = percent_truncated(part, whole, places).expect("there is a whole");
            prop_assert!(!text.starts_with("100"), "{}", text);
        }
    }
}
