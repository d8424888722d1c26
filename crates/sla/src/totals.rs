use crate::{Interval, LinkState};

/// How a stretch of time divides into states. The three always add up to the stretch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StateTotals {
    /// Milliseconds up.
    pub up_ms: i64,
    /// Milliseconds down.
    pub down_ms: i64,
    /// Milliseconds that no span covers or that a span calls unknown.
    pub unknown_ms: i64,
}

/// Adds up the parts of `spans` inside `window`. Spans must not overlap each other, their order is free; time
/// that none covers is unknown, never down (SLA trap 1).
pub fn state_totals(window: Interval, spans: impl IntoIterator<Item = (Interval, LinkState)>) -> StateTotals {
    let mut totals = StateTotals::default();
    for (span, state) in spans {
        let inside_ms = window.intersect(span).len_ms();
        match state {
            LinkState::Up => totals.up_ms += inside_ms,
            LinkState::Down => totals.down_ms += inside_ms,
            LinkState::Unknown => {}
        }
    }
    totals.unknown_ms = window.len_ms() - totals.up_ms - totals.down_ms;
    totals
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn state(n: u8) -> LinkState {
        [LinkState::Up, LinkState::Down, LinkState::Unknown][usize::from(n % 3)]
    }

    #[test]
    fn trap_01_missing_time_is_unknown_and_not_down() {
        let totals = state_totals(Interval::new(0, 100), [(Interval::new(10, 30), LinkState::Up)]);
        assert_eq!(totals, StateTotals { up_ms: 20, down_ms: 0, unknown_ms: 80 });
    }

    proptest! {
        #[test]
        fn the_three_add_up_and_splitting_or_reordering_changes_nothing(
            lengths in prop::collection::vec((1i64..1_000, 0u8..3), 0..40), from in -500i64..5_000, len in 0i64..9_000,
        ) {
            let mut at = 0;
            let spans: Vec<_> = lengths.iter().map(|&(len, s)| {
                at += len;
                (Interval::new(at - len, at), state(s))
            }).collect();
            let window = Interval::new(from, from + len);
            let whole = state_totals(window, spans.iter().copied());
            prop_assert_eq!(whole.up_ms + whole.down_ms + whole.unknown_ms, len);

            let mut halves: Vec<_> = spans.iter().flat_map(|&(span, s)| {
                let middle = span.from_ms + span.len_ms() / 2;
                [(Interval::new(span.from_ms, middle), s), (Interval::new(middle, span.to_ms), s)]
            }).collect();
            halves.reverse();
            prop_assert_eq!(whole, state_totals(window, halves));
        }
    }
}
