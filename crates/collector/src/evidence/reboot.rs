//! The router restarted between the looks.

use sla::LinkState;

use super::{Gap, Line, Resolved, WHOLE_SECONDS_MS};
use crate::piece::{Cause, Verdict};
use crate::silence::Silence;

/// A restart takes minutes. When the router was unreachable for longer than this before it started, it may have run on
/// all the same: that time is unknown.
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

/// Down from the first poll of the run of polls that found the router unreachable when it started, or from the last
/// contact when none failed before, until the link was up again. While polls failed for another reason (our own network,
/// an answer that was an error) or there were none, only the restart itself is known.
pub(super) fn resolve(gap: &Gap<'_>) -> Resolved {
    if gap.prev.disabled && gap.next.disabled {
        return Line::new(gap.prev.at_ms).going_on(gap.next.at_ms, gap.prev.verdict()).resolved(true);
    }
    let boot_ms = gap.boot_ms();
    if gap.prev.disabled {
        let line = Line::new(gap.prev.at_ms).going_on(boot_ms, gap.prev.verdict());
        return after_boot(gap, boot_ms, line, facts(gap, boot_ms)).resolved(true);
    }
    let facts = facts(gap, boot_ms);
    let first_failed_ms =
        gap.silence.map(Silence::first_ms).filter(|&ms| ms > gap.prev.at_ms && ms <= boot_ms);
    let last_good_ms = first_failed_ms.unwrap_or(gap.prev.at_ms);
    let line = Line::new(gap.prev.at_ms);
    let line = if last_good_ms - gap.prev.at_ms > gap.normal_ms {
        line.no_contact(gap, last_good_ms, &facts)
    } else {
        line.going_on(last_good_ms, gap.prev.verdict())
    };
    let line = line.no_contact(gap, down_ms(gap, boot_ms, last_good_ms), &facts);
    after_boot(gap, boot_ms, line, facts).resolved(true)
}

/// From when on the links were down for the restart, `last_good_ms` (the first failed poll, or the last contact) at the
/// earliest.
fn down_ms(gap: &Gap<'_>, boot_ms: i64, last_good_ms: i64) -> i64 {
    let restart_ms = (boot_ms - RESTART_MS_MIN).max(last_good_ms);
    let run = gap.silence.and_then(|silence| silence.at(boot_ms));
    // The router did not answer, or was seen a normal interval before: then the time before its start is its own.
    let gone_ms = match run {
        Some(run) if run.cause == Cause::RouterUnreachable => run.from_ms.max(last_good_ms),
        Some(_) => return restart_ms,
        None if boot_ms - gap.prev.at_ms <= gap.normal_ms => last_good_ms,
        None => return restart_ms,
    };
    if boot_ms - gone_ms > SILENCE_BEFORE_BOOT_MS_MAX { restart_ms } else { gone_ms }
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
