use report::duration_words;
use sla::{Interval, LinkState};

use crate::view::cover::{Part, Standing};
use crate::view::state::word;
use crate::zone::Zone;

/// Units of the strip's width.
pub(crate) const STRIP_WIDTH: i64 = 1_000;
/// Shorter pieces are drawn this wide: an outage of 40 s in a day must be seen.
const PIECE_WIDTH_MIN: i64 = 3;

/// A coloured piece of the strip of the last day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) class: &'static str,
    pub(crate) x: i64,
    pub(crate) width: i64,
    /// For the pointer and the screen reader.
    pub(crate) title: String,
}

/// The parts of `window` as pieces of a strip [`STRIP_WIDTH`] wide: first up, then unknown, then down, so that the
/// worst lies on top.
pub(crate) fn strip(window: Interval, parts: &[Part<'_>], zone: &Zone) -> Vec<Piece> {
    let mut pieces: Vec<(u8, Piece)> = Vec::new();
    for part in parts {
        let x = (part.from_ms - window.from_ms) * STRIP_WIDTH / window.len_ms();
        let end = (part.to_ms - window.from_ms) * STRIP_WIDTH / window.len_ms();
        let width = (end - x).max(PIECE_WIDTH_MIN);
        let (layer, class, word) = match part.standing {
            Standing::Outside => (0, "outside", "Not under contract or not measured yet"),
            Standing::Was(state @ LinkState::Up) => (0, state.as_str(), word(state)),
            Standing::Was(state @ LinkState::Unknown) => (1, state.as_str(), word(state)),
            Standing::Was(state @ LinkState::Down) => (2, state.as_str(), word(state)),
        };
        let title = format!(
            "{word} {} to {} ({})",
            zone.clock(part.from_ms),
            zone.clock(part.to_ms),
            duration_words(part.to_ms - part.from_ms)
        );
        pieces.push((layer, Piece { class, x: x.min(STRIP_WIDTH - width), width, title }));
    }
    pieces.sort_by_key(|(layer, _)| *layer);
    pieces.into_iter().map(|(_, piece)| piece).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_outage_is_visible_and_on_top() {
        let part =
            |from_ms, to_ms, state| Part { from_ms, to_ms, standing: Standing::Was(state), cause: None };
        let day = 86_400_000;
        let parts = [part(0, day - 40_000, LinkState::Up), part(day - 40_000, day, LinkState::Down)];
        let pieces = strip(Interval::new(0, day), &parts, &Zone::named("UTC"));
        assert_eq!(pieces.len(), 2);
        assert_eq!((pieces[1].class, pieces[1].x, pieces[1].width), ("down", 997, 3));
        assert_eq!(pieces[1].title, "Down 23:59 to 00:00 (40 s)");
    }
}
