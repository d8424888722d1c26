//! The router restarted between the looks.

use sla::LinkState;

use super::{Gap, Line, Resolved, WHOLE_SECONDS_MS};
use crate::piece::{Cause, Verdict};

/// A restart takes minutes. When the router was silent for longer than this before it started, it may have run on
/// without being reachable: that time is unknown.
const SILENCE_BEFORE_BOOT_MS_MAX: i64 = 10 * 60_000;
/// Uptime begins when the system starts: shutting down and the boot loader before that take at least this long, so
/// much of the time before is known to be down however long the silence was.
const RESTART_MS_MIN: i64 = 10_000;
/// Links come and go while a router starts; drops up to this long after the start belong to the restart.
const SETTLE_MS_MAX: i64 = 3 * 60_000;

const UP: Verdict = (LinkState::Up, None);
const REBOOT: Verdict = (LinkState::Down, Some(Cause::RouterReboot));
const DROPPED: Verdict = (LinkState::Down, Some(Cause::LinkDown));
const UNDATED: Verdict = (LinkState::Unknown, Some(Cause::UndatedDrops));

/// Down from the first look that failed, or from the last contact when none did, until the link was up again. Where
/// nobody looked, or could, only the restart itself is known.
pub(super) fn resolve(gap: &Gap<'_>) -> Resolved {
    if gap.prev.disabled && gap.next.disabled {
        return Line::new(gap.prev.at_ms).going_on(gap.next.at_ms, gap.prev.verdict()).resolved(true);
    }
    let boot_ms = gap.boot_ms();
    if gap.prev.disabled {
        let line = Line::new(gap.prev.at_ms).going_on(boot_ms, gap.prev.verdict());
        return after_boot(gap, boot_ms, line, facts(gap, boot_ms)).resolved(true);
    }
    let first_failed_ms =
        gap.silence.map(|silence| silence.first_ms).filter(|&ms| ms > gap.prev.at_ms && ms <= boot_ms);
    let gone_ms = first_failed_ms.unwrap_or(gap.prev.at_ms);
    let silent: Verdict = (LinkState::Unknown, Some(gap.silence_cause()));
    let facts = facts(gap, boot_ms);

    let mut line = Line::new(gap.prev.at_ms);
    line = if gone_ms - gap.prev.at_ms > gap.normal_ms {
        line.to(gone_ms, silent, facts.clone())
    } else {
        line.going_on(gone_ms, gap.prev.verdict())
    };
    // The router did not answer, or was seen a normal interval before: then the time before its start is its own.
    let silence_ms_max = match gap.silence.map(|silence| silence.cause) {
        Some(Cause::RouterUnreachable) => SILENCE_BEFORE_BOOT_MS_MAX,
        None if boot_ms - gap.prev.at_ms <= gap.normal_ms => SILENCE_BEFORE_BOOT_MS_MAX,
        _ => RESTART_MS_MIN,
    };
    if boot_ms - gone_ms > silence_ms_max {
        line = line.to(boot_ms - RESTART_MS_MIN, silent, facts.clone());
    }
    after_boot(gap, boot_ms, line, facts).resolved(true)
}

/// From the moment down up to the next look.
fn after_boot(gap: &Gap<'_>, boot_ms: i64, line: Line, facts: serde_json::Value) -> Line {
    let end_ms = gap.next.at_ms;
    let (down_ms, up_ms) = gap.dates();
    let since_boot = |ms: &i64| *ms + WHOLE_SECONDS_MS >= boot_ms;
    let (down_ms, up_ms) = (down_ms.filter(since_boot), up_ms.filter(since_boot));
    // `link-downs` restarts at zero with the router.
    let never_dropped = gap.next.link_downs == Some(0);
    let settled = |ms: i64| ms - boot_ms <= SETTLE_MS_MAX;
    let after = gap.next.interface_verdict();

    if gap.next.disabled {
        return line.to(boot_ms, REBOOT, facts.clone()).to(end_ms, after, facts);
    }
    match (gap.next.running, up_ms, down_ms) {
        (true, Some(up_ms), _) if never_dropped || settled(up_ms) => {
            line.to(up_ms, REBOOT, facts).going_on(end_ms, UP)
        }
        (true, Some(up_ms), Some(down_ms)) if down_ms <= up_ms => line
            .to(boot_ms, REBOOT, facts.clone())
            .to(down_ms, UNDATED, facts.clone())
            .to(up_ms, DROPPED, facts)
            .going_on(end_ms, UP),
        (true, Some(up_ms), _) => {
            line.to(boot_ms, REBOOT, facts.clone()).to(up_ms, UNDATED, facts).going_on(end_ms, UP)
        }
        (false, ..) if never_dropped => line.to(end_ms, REBOOT, facts),
        (false, _, Some(down_ms)) if !settled(down_ms) => line
            .to(boot_ms, REBOOT, facts.clone())
            .to(down_ms, UNDATED, facts.clone())
            .to(end_ms, after, facts),
        (false, _, Some(_)) => line.to(end_ms, REBOOT, facts),
        (false, _, None) if end_ms - boot_ms <= SETTLE_MS_MAX + gap.normal_ms => {
            line.to(end_ms, REBOOT, facts)
        }
        _ => line.to(boot_ms, REBOOT, facts.clone()).to(end_ms, UNDATED, facts),
    }
}

fn facts(gap: &Gap<'_>, boot_ms: i64) -> serde_json::Value {
    let mut facts = gap.dated_facts("reboot");
    facts["boot_ms"] = boot_ms.into();
    facts
}
