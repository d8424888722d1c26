//! The arithmetic of rewriting a time line and of grouping its `down` spans to outages. No I/O.

use sla::LinkState;

use crate::{Span, SpanTail, StoreError};

/// A stored outage, or what it is to become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) from_ms: i64,
    /// `None`: open.
    pub(crate) to_ms: Option<i64>,
    pub(crate) cause: Option<String>,
    pub(crate) evidence: serde_json::Value,
}

impl Group {
    fn overlaps(&self, other: &Self) -> bool {
        let end = |group: &Self| group.to_ms.unwrap_or(i64::MAX);
        self.from_ms < end(other) && other.from_ms < end(self)
    }
}

/// Refuses a tail whose spans are empty, out of order, overlapping or before its start.
pub(crate) fn check(tail: &SpanTail) -> Result<(), StoreError> {
    let mut end_ms = tail.from_ms;
    for span in &tail.spans {
        if span.from_ms < end_ms || span.to_ms <= span.from_ms {
            let why = format!(
                "span [{}, {}) of link {} is empty or begins before {end_ms}",
                span.from_ms, span.to_ms, tail.link
            );
            return Err(StoreError::Invalid { what: "a time line", why });
        }
        end_ms = span.to_ms;
    }
    Ok(())
}

/// What follows in place of `stored`, the spans from the last one that begins before the tail on.
pub(crate) fn rewrite(stored: &[Span], tail: &SpanTail) -> Vec<Span> {
    let kept = stored.iter().filter(|span| span.from_ms < tail.from_ms);
    let kept = kept.map(|span| Span { to_ms: span.to_ms.min(tail.from_ms), ..span.clone() });
    let mut line: Vec<Span> = Vec::with_capacity(tail.spans.len() + 1);
    for span in kept.chain(tail.spans.iter().cloned()) {
        match line.last_mut() {
            Some(last) if last.to_ms == span.from_ms && last.same_kind(&span) => last.to_ms = span.to_ms,
            _ => line.push(span),
        }
    }
    line
}

/// Groups adjacent `down` spans with one cause. The last group is open if the time line ends with it.
///
/// `before` is the stored outage of the first span, if that began with an earlier span.
pub(crate) fn group(line: &[Span], before: Option<&Group>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (index, span) in line.iter().enumerate() {
        if span.state != LinkState::Down {
            continue;
        }
        match groups.last_mut() {
            Some(last) if last.to_ms == Some(span.from_ms) && last.cause == span.cause => {
                last.to_ms = Some(span.to_ms);
            }
            _ => {
                let begun = before.filter(|_| index == 0);
                groups.push(Group {
                    from_ms: begun.map_or(span.from_ms, |group| group.from_ms),
                    to_ms: Some(span.to_ms),
                    cause: span.cause.clone(),
                    evidence: begun.map_or(&span.evidence, |group| &group.evidence).clone(),
                });
            }
        }
    }
    if let (Some(last), Some(end)) = (groups.last_mut(), line.last())
        && last.to_ms == Some(end.to_ms)
    {
        last.to_ms = None;
    }
    groups
}

/// Which stored outage each group is: the earliest free one of the same cause that it overlaps, else of any cause.
///
/// Both lists are in order and without overlap, so the pairs never cross: written in order, after the deletions and
/// before the additions, no two rows ever share a start and no two are open.
pub(crate) fn pair(groups: &[Group], stored: &[Group]) -> Vec<Option<usize>> {
    let mut free = vec![true; stored.len()];
    let mut pairs = vec![None; groups.len()];
    for same_cause in [true, false] {
        for (group, pair) in groups.iter().zip(&mut pairs).filter(|(_, pair)| pair.is_none()) {
            let fits = |old: &Group| group.overlaps(old) && (!same_cause || group.cause == old.cause);
            *pair = (0..stored.len()).find(|&index| free[index] && fits(&stored[index]));
            if let Some(index) = *pair {
                free[index] = false;
            }
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LinkId;

    fn span(from_ms: i64, to_ms: i64, state: LinkState, cause: Option<&str>) -> Span {
        Span { from_ms, to_ms, state, cause: cause.map(str::to_owned), evidence: serde_json::Value::Null }
    }

    #[test]
    fn a_tail_cuts_and_extends() {
        let stored = [span(0, 100, LinkState::Up, None)];
        let tail = SpanTail { link: LinkId(1), from_ms: 60, spans: vec![span(60, 160, LinkState::Up, None)] };
        assert_eq!(rewrite(&stored, &tail), [span(0, 160, LinkState::Up, None)]);
        let tail = SpanTail { link: LinkId(1), from_ms: 60, spans: vec![] };
        assert_eq!(rewrite(&stored, &tail), [span(0, 60, LinkState::Up, None)]);
    }

    #[test]
    fn a_tail_that_overlaps_itself_is_refused() {
        let spans = vec![span(0, 10, LinkState::Up, None), span(9, 12, LinkState::Down, None)];
        assert!(check(&SpanTail { link: LinkId(1), from_ms: 0, spans }).is_err());
        let spans = vec![span(-1, 10, LinkState::Up, None)];
        assert!(check(&SpanTail { link: LinkId(1), from_ms: 0, spans }).is_err());
        let spans = vec![span(5, 5, LinkState::Up, None)];
        assert!(check(&SpanTail { link: LinkId(1), from_ms: 0, spans }).is_err());
    }

    #[test]
    fn adjacent_down_spans_with_one_cause_are_one_outage() {
        let line = [
            span(0, 10, LinkState::Down, Some("link_down")),
            span(10, 20, LinkState::Down, Some("link_down")),
            span(20, 30, LinkState::Down, Some("router_reboot")),
            span(31, 40, LinkState::Down, Some("router_reboot")),
        ];
        let ends: Vec<_> = group(&line, None).iter().map(|group| (group.from_ms, group.to_ms)).collect();
        assert_eq!(ends, [(0, Some(20)), (20, Some(30)), (31, None)]);
    }

    #[test]
    fn a_cut_outage_keeps_its_row_and_the_rest_gets_a_new_one() {
        let outage = |from_ms, to_ms, cause: &str| Group {
            from_ms,
            to_ms,
            cause: Some(cause.to_owned()),
            evidence: serde_json::Value::Null,
        };
        let stored = [outage(0, None, "a")];
        assert_eq!(pair(&[outage(0, Some(5), "a"), outage(8, None, "a")], &stored), [Some(0), None]);
        assert_eq!(pair(&[outage(0, Some(5), "b"), outage(5, None, "a")], &stored), [None, Some(0)]);
        assert_eq!(pair(&[outage(0, Some(5), "b")], &stored), [Some(0)]);
        assert_eq!(pair(&[outage(-9, Some(0), "a")], &stored), [None]);
    }
}
