//! Outages as a statement lists them, and what they say about repair.

use crate::segment::Segment;
use crate::timeline::OutageSpan;
use crate::{LinkState, StatementOutage};

/// Those that reach into the segments. `going_on_from_ms` is where knowledge ends: an outage that reaches there has no
/// end yet (SLA trap 11).
pub(crate) fn outages(
    spans: &[OutageSpan<'_>],
    segments: &[Segment],
    going_on_from_ms: Option<i64>,
) -> Vec<StatementOutage> {
    let mut all: Vec<StatementOutage> = Vec::new();
    let mut last = None;
    for segment in segments {
        let Some(index) = segment.outage else { continue };
        if last != Some(index) {
            last = Some(index);
            all.push(listed(&spans[index], going_on_from_ms));
        }
        let Some(outage) = all.last_mut() else { continue };
        let part_ms = if segment.excluded { &mut outage.excluded_ms } else { &mut outage.down_ms };
        *part_ms += segment.at.len_ms();
    }
    all
}

fn listed(span: &OutageSpan<'_>, going_on_from_ms: Option<i64>) -> StatementOutage {
    let goes_on = going_on_from_ms.is_some_and(|from_ms| span.at.to_ms >= from_ms);
    StatementOutage {
        from_ms: span.at.from_ms,
        to_ms: (!goes_on).then_some(span.at.to_ms),
        down_ms: 0,
        excluded_ms: 0,
        cause: span.cause.map(str::to_owned),
        evidence: span.evidence.clone(),
    }
}

/// How often the link failed and how long that took; outages that lie in excluded time alone are none.
#[derive(Debug)]
pub(crate) struct Repair {
    pub(crate) mttr_ms: Option<i64>,
    pub(crate) mtbf_ms: Option<i64>,
    pub(crate) longest_outage_ms: Option<i64>,
}

impl Repair {
    /// `end_ms` is the end of the period: what reaches just there is cut off there, and not known to be repaired.
    pub(crate) fn of(outages: &[StatementOutage], up_ms: i64, end_ms: i64) -> Self {
        let counted = || outages.iter().filter(|outage| outage.down_ms > 0);
        let ended = || counted().filter(|outage| outage.to_ms.is_some_and(|to_ms| to_ms != end_ms));
        let mean = |sum_ms: i64, n: usize| sum_ms.checked_div(n as i64);
        Self {
            mttr_ms: mean(ended().map(|outage| outage.down_ms).sum(), ended().count()),
            mtbf_ms: mean(up_ms, counted().count()),
            longest_outage_ms: counted().map(|outage| outage.down_ms).max(),
        }
    }
}

/// What the customer saw: exclusions are the contract's, not the line's.
pub(crate) fn experienced(segments: &[Segment]) -> crate::Experienced {
    let of = |state: LinkState| {
        segments.iter().filter(|segment| segment.state == state).map(|segment| segment.at.len_ms()).sum()
    };
    let (up_ms, down_ms): (i64, i64) = (of(LinkState::Up), of(LinkState::Down));
    crate::Experienced {
        up_ms,
        down_ms,
        unknown_ms: of(LinkState::Unknown),
        availability_pct: crate::percent_truncated(up_ms, up_ms + down_ms, 5),
    }
}
