use sla::{Active, Interval, LinkState};
use store::{Link, Span};

/// What a part of time was, for a picture: nothing is left open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Known from the time line; what no span covers is unknown, never down.
    Was(LinkState),
    /// Before the contract began or after it ended.
    Outside,
}

/// A part of a window, `[from_ms, to_ms)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part<'a> {
    pub(crate) from_ms: i64,
    pub(crate) to_ms: i64,
    pub(crate) standing: Standing,
    /// Why, as stored.
    pub(crate) cause: Option<&'a str>,
}

/// When a link was under contract and measured: what was before is not measured yet, and counts nowhere.
pub(crate) fn active(link: &Link) -> Active {
    Active { from_ms: link.counts_from_ms(), to_ms: link.terminated_at_ms }
}

/// [`active`] as a stretch of time.
pub(crate) fn contract(link: &Link) -> Interval {
    Interval::new(link.activated_at_ms, link.terminated_at_ms.unwrap_or(i64::MAX))
}

/// `window` in parts that touch each other and fill it, in order. Spans do not overlap and come in order, as the
/// store hands them out.
pub(crate) fn cover(window: Interval, active: Active, spans: &[Span]) -> Vec<Part<'_>> {
    let contract = window.intersect(Interval::new(active.from_ms, active.to_ms.unwrap_or(i64::MAX)));
    let mut parts = Parts { at_ms: window.from_ms, found: Vec::new() };
    // A window that misses the contract is outside of it as a whole, wherever the empty intersection lies.
    if !contract.is_empty() {
        parts.to(contract.from_ms, Standing::Outside, None);
        for span in spans {
            let part = contract.intersect(Interval::new(span.from_ms, span.to_ms));
            if part.is_empty() {
                continue;
            }
            parts.to(part.from_ms, Standing::Was(LinkState::Unknown), None);
            parts.to(part.to_ms, Standing::Was(span.state), span.cause.as_deref());
        }
        parts.to(contract.to_ms, Standing::Was(LinkState::Unknown), None);
    }
    parts.to(window.to_ms, Standing::Outside, None);
    parts.found
}

struct Parts<'a> {
    at_ms: i64,
    found: Vec<Part<'a>>,
}

impl<'a> Parts<'a> {
    /// Goes on to `to_ms`; what is equal to the piece before lengthens it.
    fn to(&mut self, to_ms: i64, standing: Standing, cause: Option<&'a str>) {
        if to_ms <= self.at_ms {
            return;
        }
        match self.found.last_mut() {
            Some(last) if last.standing == standing && last.cause == cause => last.to_ms = to_ms,
            _ => self.found.push(Part { from_ms: self.at_ms, to_ms, standing, cause }),
        }
        self.at_ms = to_ms;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from_ms: i64, to_ms: i64, state: LinkState) -> Span {
        Span { from_ms, to_ms, state, cause: None, evidence: serde_json::Value::Null }
    }

    fn covered(active: Active, spans: &[Span]) -> Vec<(i64, i64, Standing)> {
        cover(Interval::new(100, 200), active, spans)
            .iter()
            .map(|p| (p.from_ms, p.to_ms, p.standing))
            .collect()
    }

    const UNKNOWN: Standing = Standing::Was(LinkState::Unknown);
    const UP: Standing = Standing::Was(LinkState::Up);
    const OPEN: Active = Active { from_ms: 0, to_ms: None };

    #[test]
    fn time_that_no_span_covers_is_unknown() {
        assert_eq!(covered(OPEN, &[]), [(100, 200, UNKNOWN)]);
        let spans = [
            span(50, 120, LinkState::Up),
            span(150, 160, LinkState::Down),
            span(160, 170, LinkState::Unknown),
        ];
        let down = Standing::Was(LinkState::Down);
        assert_eq!(
            covered(OPEN, &spans),
            [(100, 120, UP), (120, 150, UNKNOWN), (150, 160, down), (160, 200, UNKNOWN)]
        );
    }

    #[test]
    fn time_outside_of_the_contract_is_neither_known_nor_unknown() {
        let spans = [span(50, 190, LinkState::Up)];
        let active = Active { from_ms: 130, to_ms: Some(180) };
        assert_eq!(
            covered(active, &spans),
            [(100, 130, Standing::Outside), (130, 180, UP), (180, 200, Standing::Outside)]
        );
        for (from_ms, to_ms) in [(300, None), (0, Some(50)), (150, Some(150))] {
            assert_eq!(covered(Active { from_ms, to_ms }, &spans), [(100, 200, Standing::Outside)]);
        }
    }
}
