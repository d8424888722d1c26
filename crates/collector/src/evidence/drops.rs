//! The router ran all the time: what its link records say.

use sla::LinkState;

use super::{Gap, Line, Resolved};
use crate::piece::{Cause, Verdict};

const UP: Verdict = (LinkState::Up, None);
const DROPPED: Verdict = (LinkState::Down, Some(Cause::LinkDown));
const UNDATED: Verdict = (LinkState::Unknown, Some(Cause::UndatedDrops));

/// `link-downs` did not move.
pub(super) fn none(gap: &Gap<'_>) -> Resolved {
    let (before, after) = (gap.prev.interface_verdict(), gap.next.interface_verdict());
    let line = Line::new(gap.prev.at_ms);
    if before == after {
        return if gap.is_long() {
            line.to(gap.next.at_ms, before, gap.facts("continuous")).resolved(true)
        } else {
            line.going_on(gap.next.at_ms, before).resolved(false)
        };
    }
    let (down_ms, up_ms) = gap.dates();
    let changed_ms = if gap.next.running { up_ms } else { down_ms };
    match changed_ms {
        Some(at_ms) => {
            let facts = gap.dated_facts("link_times");
            line.to(at_ms, before, facts.clone()).to(gap.next.at_ms, after, facts).resolved(true)
        }
        None => undated_change(gap),
    }
}

/// `link-downs` grew by `grew`.
pub(super) fn some(gap: &Gap<'_>, grew: u64) -> Resolved {
    let (before, after) = (gap.prev.interface_verdict(), gap.next.interface_verdict());
    let dated = gap.dated_facts("link_times");
    let lead = Lead { gap, before, single: grew == 1 };
    match (gap.next.running, gap.dates()) {
        (true, (Some(down_ms), Some(up_ms))) if down_ms <= up_ms => {
            lead.until(down_ms, None).to(up_ms, DROPPED, dated).going_on(gap.next.at_ms, UP).resolved(true)
        }
        (false, (Some(down_ms), up_ms)) => {
            let up_ms = up_ms.filter(|&up_ms| up_ms <= down_ms);
            lead.until(down_ms, up_ms).to(gap.next.at_ms, after, dated).resolved(true)
        }
        (false, (None, _)) if gap.prev.running && grew == 1 && !gap.is_long() => {
            Line::new(gap.prev.at_ms).going_on(gap.next.at_ms, before).resolved(true)
        }
        _ => Resolved {
            proven: true,
            ..gap.all_unknown(Cause::UndatedDrops, gap.dated_facts("link_downs_grew"))
        },
    }
}

/// The router does not count drops of this interface.
pub(super) fn not_counted(gap: &Gap<'_>) -> Resolved {
    let before = gap.prev.interface_verdict();
    if gap.is_long() {
        gap.all_no_contact(&gap.facts("link_downs_missing"))
    } else if before == gap.next.interface_verdict() {
        Line::new(gap.prev.at_ms).going_on(gap.next.at_ms, before).resolved(false)
    } else {
        undated_change(gap)
    }
}

/// The states differ and nothing says since when: since the next look, if one can be sure that it was not long
/// before.
fn undated_change(gap: &Gap<'_>) -> Resolved {
    if gap.is_long() {
        gap.all_no_contact(&gap.facts("undated_change"))
    } else {
        Line::new(gap.prev.at_ms).going_on(gap.next.at_ms, gap.prev.interface_verdict()).resolved(false)
    }
}

/// What was before the last drop of an interval.
struct Lead<'a> {
    gap: &'a Gap<'a>,
    before: Verdict,
    single: bool,
}

impl Lead<'_> {
    /// The line up to `down_ms`; `up_ms` is the last time the link came up, if that was before.
    fn until(self, down_ms: i64, up_ms: Option<i64>) -> Line {
        let line = Line::new(self.gap.prev.at_ms);
        let facts = || self.gap.dated_facts("link_downs_grew");
        match (self.gap.prev.running, self.single, up_ms) {
            (true, true, _) => line.going_on(down_ms, UP),
            (false, true, Some(up_ms)) => {
                line.to(up_ms, self.before, self.gap.dated_facts("link_times")).going_on(down_ms, UP)
            }
            (_, _, Some(up_ms)) => line.to(up_ms, UNDATED, facts()).going_on(down_ms, UP),
            _ => line.to(down_ms, UNDATED, facts()),
        }
    }
}
