//! A PPP user: its sessions are the witnesses. A session knows when it began; when one ended only the user database knows
//! (`last-logged-out`), and RADIUS users are not in it.

use serde_json::{Value, json};
use sla::LinkState;

use super::{Gap, Line, Resolved, WHOLE_SECONDS_MS, reboot};
use crate::piece::{Cause, Verdict};

const UP: Verdict = (LinkState::Up, None);
const ENDED: Verdict = (LinkState::Down, Some(Cause::SessionEnded));

/// A session that ended and one that began within the same second are a drop of this length.
const DROP_MS_MIN: i64 = 1_000;

/// - The session began before the last look: the user was connected all the time, however long nobody looked.
/// - Another session than before: one drop. It ended with the new session; it began when the user logged out, if that is
///   known, otherwise at the last look, which is the earliest that it can have been. Over a gap that is longer than
///   usual there may have been several: unknown up to the logout, or up to the new session.
/// - No session any more: down from the logout, if that is known, otherwise from this look.
/// - No session as before: down; over a longer gap only if nobody logged out meanwhile.
pub(super) fn resolve(gap: &Gap<'_>) -> Resolved {
    if gap.rebooted() && gap.prev.ppp.is_some() {
        return reboot::resolve(gap);
    }
    match gap.next.ppp.as_ref().and_then(|ppp| ppp.began_ms) {
        Some(_) if is_same_session(gap) => whole(gap, gap.prev.at_ms, UP),
        Some(began_ms) if began_ms <= gap.prev.at_ms => whole(gap, began_ms, UP),
        Some(began_ms) => connected_since(gap, began_ms.min(gap.next.at_ms)),
        None => absent(gap),
    }
}

fn is_same_session(gap: &Gap<'_>) -> bool {
    let pair = gap.prev.ppp.as_ref().zip(gap.next.ppp.as_ref());
    gap.prev.identity.is_same(&gap.next.identity)
        && pair.is_some_and(|(before, after)| before.began_as(after))
}

/// One state all the time.
fn whole(gap: &Gap<'_>, since_ms: i64, verdict: Verdict) -> Resolved {
    let line = Line::new(gap.prev.at_ms);
    if gap.is_long() || gap.prev.interface_verdict() != verdict {
        let mut facts = facts(gap, "session");
        facts["since_ms"] = json!(since_ms);
        line.to(gap.next.at_ms, verdict, facts).resolved(true)
    } else {
        line.going_on(gap.next.at_ms, verdict).resolved(true)
    }
}

/// A session that began between the looks.
fn connected_since(gap: &Gap<'_>, began_ms: i64) -> Resolved {
    let facts = facts(gap, "new_session");
    let line = Line::new(gap.prev.at_ms);
    let before = gap.prev.interface_verdict();
    let logout_ms = logout_ms(gap);
    if before == UP && !gap.is_long() && logout_ms.is_some_and(|ms| ms > began_ms + WHOLE_SECONDS_MS) {
        // The session before outlived the start of this one.
        return line.going_on(gap.next.at_ms, UP).resolved(true);
    }
    let logout_ms = logout_ms.filter(|&ms| ms <= began_ms + WHOLE_SECONDS_MS);
    // Both moments have whole seconds; a drop has some length all the same.
    let logout_ms = logout_ms.map(|ms| ms.min(began_ms - DROP_MS_MIN).max(gap.prev.at_ms));
    let line = match logout_ms {
        Some(logout_ms) if gap.is_long() => {
            line.no_contact(gap, logout_ms, &facts).to(began_ms, ENDED, facts)
        }
        Some(logout_ms) if before == UP => line.going_on(logout_ms, UP).to(began_ms, ENDED, facts),
        // A session came and went since the last look.
        Some(_) => line.to(began_ms, ENDED, facts),
        None if gap.is_long() => line.no_contact(gap, began_ms, &facts),
        None if before == UP => line.to(began_ms, ENDED, facts),
        None => line.going_on(began_ms, before),
    };
    line.going_on(gap.next.at_ms, UP).resolved(true)
}

fn absent(gap: &Gap<'_>) -> Resolved {
    let before = gap.prev.interface_verdict();
    let facts = facts(gap, "no_session");
    let line = Line::new(gap.prev.at_ms);
    let line = match logout_ms(gap) {
        Some(logout_ms) if gap.is_long() => {
            line.no_contact(gap, logout_ms, &facts).to(gap.next.at_ms, ENDED, facts)
        }
        Some(logout_ms) if before == UP => line.going_on(logout_ms, UP).to(gap.next.at_ms, ENDED, facts),
        None if gap.is_long() && !(before == ENDED && nobody_logged_out(gap)) => {
            line.no_contact(gap, gap.next.at_ms, &facts)
        }
        None if gap.is_long() => line.to(gap.next.at_ms, ENDED, facts),
        _ => line.going_on(gap.next.at_ms, before),
    };
    line.resolved(!has_others(gap))
}

/// When the user logged out last. Over a long gap that proves nothing where the user may have been on another router.
fn logout_ms(gap: &Gap<'_>) -> Option<i64> {
    gap.dates().0.filter(|_| !(gap.is_long() && has_others(gap)))
}

fn has_others(gap: &Gap<'_>) -> bool {
    gap.next.ppp.as_ref().is_some_and(|ppp| ppp.has_others)
}

/// The last logout was before the last look.
fn nobody_logged_out(gap: &Gap<'_>) -> bool {
    let logout_ms =
        gap.next.down_local_ms.zip(gap.next.offset_ms).map(|(local_ms, offset_ms)| local_ms - offset_ms);
    !has_others(gap) && logout_ms.is_some_and(|ms| ms < gap.prev.at_ms)
}

fn facts(gap: &Gap<'_>, kind: &str) -> Value {
    let began = |look: &crate::look::Look| look.ppp.as_ref().and_then(|ppp| ppp.began_ms);
    let mut facts = gap.dated_facts(kind);
    if let Some(facts) = facts.as_object_mut() {
        for of_ports in ["link_downs", "last_link_up"] {
            facts.remove(of_ports);
        }
        if let Some(at) = facts.remove("last_link_down") {
            facts.insert("last_logged_out".to_owned(), at);
        }
        facts.insert("user".to_owned(), json!(gap.next.identity.name));
        facts.insert("sessions_began_ms".to_owned(), json!([began(gap.prev), began(gap.next)]));
    }
    facts
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
