//! A time line cut into the pieces that a contract counts.

use sla::{Exclusion, Inputs, Interval, LinkState};

/// A piece of the time line and how it counts.
pub(super) struct Piece {
    /// The whole span.
    pub(super) at: Interval,
    pub(super) state: LinkState,
    pub(super) cause: String,
    /// Its part under contract that no earlier piece has.
    pub(super) contracted: Interval,
    /// How much of that exclusions cover.
    pub(super) excluded_ms: i64,
}

/// The contracted time, piece by piece and without a gap: what no span covers is unknown.
pub(super) fn pieces(inputs: &Inputs, contract: Interval) -> Vec<Piece> {
    let mut spans: Vec<_> = inputs.spans.iter().collect();
    spans.sort_by_key(|span| span.from_ms);
    let mut pieces = Vec::new();
    let mut until_ms = contract.from_ms;
    let mut push = |at: Interval, state, cause: &str, until_ms: &mut i64| {
        let contracted = contract.intersect(Interval::new(at.from_ms.max(*until_ms), at.to_ms));
        if !contracted.is_empty() {
            let excluded_ms = excluded_ms(&inputs.exclusions, contracted);
            pieces.push(Piece { at, state, cause: cause.to_owned(), contracted, excluded_ms });
            *until_ms = contracted.to_ms;
        }
    };
    for span in spans {
        let gap = Interval::new(until_ms, span.from_ms.min(contract.to_ms));
        push(gap, LinkState::Unknown, "no span", &mut until_ms);
        let cause = span.cause.as_deref().map_or("–", ::report::cause_words);
        push(Interval::new(span.from_ms, span.to_ms), span.state, cause, &mut until_ms);
    }
    let rest = Interval::new(until_ms, contract.to_ms);
    push(rest, LinkState::Unknown, "no span", &mut until_ms);
    pieces
}

/// How much of a piece exclusions cover, each moment once.
fn excluded_ms(exclusions: &[Exclusion], piece: Interval) -> i64 {
    let mut covers: Vec<Interval> =
        exclusions.iter().map(|one| piece.intersect(Interval::new(one.from_ms, one.to_ms))).collect();
    covers.sort_by_key(|cover| cover.from_ms);
    let mut until_ms = piece.from_ms;
    let mut sum_ms = 0;
    for cover in covers {
        sum_ms += Interval::new(cover.from_ms.max(until_ms), cover.to_ms).len_ms();
        until_ms = until_ms.max(cover.to_ms);
    }
    sum_ms
}

#[cfg(test)]
mod tests {
    use sla::{Active, ExclusionKind, StateSpan};

    use super::*;

    fn span(from_ms: i64, to_ms: i64, state: LinkState) -> StateSpan {
        StateSpan { from_ms, to_ms, state, cause: None, evidence: serde_json::Value::Null }
    }

    fn exclusion(from_ms: i64, to_ms: i64) -> Exclusion {
        let kind = ExclusionKind::ForceMajeure;
        Exclusion { from_ms, to_ms, kind, reason: None, entered_by: None, entered_at_ms: None }
    }

    #[test]
    fn pieces_cover_the_contract_once_and_exclusions_count_once() {
        let inputs = Inputs {
            timezone: "UTC".to_owned(),
            month: "2026-10".parse().expect("a month"),
            as_of_ms: None,
            active: Active { from_ms: 0, to_ms: None },
            // Out of order, touching, overlapping with equal states, and with a gap from 60 to 70.
            spans: vec![
                span(70, 200, LinkState::Up),
                span(20, 50, LinkState::Down),
                span(40, 60, LinkState::Down),
                span(-5, 20, LinkState::Up),
            ],
            exclusions: vec![exclusion(10, 30), exclusion(25, 45), exclusion(65, 66), exclusion(90, 500)],
            terms: Vec::new(),
            probes: Vec::new(),
            traffic: Vec::new(),
        };
        let found: Vec<_> = pieces(&inputs, Interval::new(0, 100))
            .iter()
            .map(|piece| (piece.contracted.from_ms, piece.contracted.to_ms, piece.state, piece.excluded_ms))
            .collect();
        let expected = [
            (0, 20, LinkState::Up, 10),
            (20, 50, LinkState::Down, 25),
            (50, 60, LinkState::Down, 0),
            (60, 70, LinkState::Unknown, 1),
            (70, 100, LinkState::Up, 10),
        ];
        assert_eq!(found, expected);
    }
}
