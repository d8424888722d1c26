//! Bringing what is remembered of a link onto a time that was corrected since.
//!
//! A look keeps what the router's uptime was, so that the time between it and the next is known whatever our clock did:
//! time that the router did not live through did not happen.

use crate::look::Look;

/// What whole seconds of an uptime, and two readings within one round, explain.
const JITTER_MS: i64 = 2_500;
/// How fast a router's clock may run away from ours, as a divisor.
const DRIFT_DIVISOR: i64 = 1_000;

/// What a look of now says about the date of the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Redate {
    /// It stands.
    Stands,
    /// What is remembered moves by so much.
    By(i64),
    /// The time between is our clock's to tell, not the monotonic one's: that one stood still.
    WallCounts,
}

/// Compares two looks at one interface.
pub(crate) fn redate(prev: &Look, next: &Look) -> Redate {
    let wall_ms = next.at_ms - prev.at_ms;
    let ran_ms = next.uptime_ms - prev.uptime_ms;
    // The uptimes of two routers say nothing about the time between.
    let went_on = prev.is_of_same_router(next) && ran_ms > -JITTER_MS;
    let tolerated_ms = |ms: i64| JITTER_MS + ms.abs() / DRIFT_DIVISOR;
    if wall_ms <= 0 {
        // The last look is dated after this one: only its uptime can say when it was.
        let passed_ms = if went_on { ran_ms.max(1) } else { 1 };
        return if wall_ms < -JITTER_MS { Redate::By(wall_ms - passed_ms) } else { Redate::Stands };
    }
    let mono_ms = prev.mono_ms.zip(next.mono_ms).map(|(from_ms, to_ms)| to_ms - from_ms);
    match mono_ms {
        Some(mono_ms) if (wall_ms - mono_ms).abs() <= tolerated_ms(mono_ms) => Redate::Stands,
        Some(mono_ms) if went_on && (ran_ms - mono_ms).abs() <= tolerated_ms(mono_ms) => {
            Redate::By(wall_ms - ran_ms.max(1))
        }
        Some(_) => Redate::WallCounts,
        // A router that was up all the time, but not for as long as our clock says.
        None if went_on && next.uptime_ms > wall_ms && wall_ms - ran_ms > tolerated_ms(wall_ms) => {
            Redate::By(wall_ms - ran_ms.max(1))
        }
        None => Redate::Stands,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::World;

    const HOUR: i64 = 3_600_000;

    /// A look `seconds` after the start by true time; our clock adds `wrong_ms`.
    fn look(seconds: i64, wrong_ms: i64, mono_ms: Option<i64>) -> Look {
        let look = World::new(&[]).look(seconds);
        Look { at_ms: look.at_ms + wrong_ms, mono_ms, uptime_ms: look.uptime_ms + 1_000 * HOUR, ..look }
    }

    #[test]
    fn a_look_moves_to_where_the_routers_uptime_puts_it() {
        for hours in [1, -1, 5, 24 * 40] {
            let wrong_ms = hours * HOUR;
            for mono in [true, false] {
                let mono_ms = |ms: i64| Some(ms).filter(|_| mono);
                let (prev, next) = (look(0, 0, mono_ms(5)), look(30, wrong_ms, mono_ms(30_005)));
                let Redate::By(ms) = redate(&prev, &next) else {
                    panic!("{wrong_ms} {mono}: {:?}", redate(&prev, &next))
                };
                assert!((ms - wrong_ms).abs() <= 1_000, "{wrong_ms} {mono}: {ms}");
            }
        }
    }

    #[test]
    fn what_agrees_stands_and_sleep_is_time() {
        assert_eq!(redate(&look(0, 0, Some(0)), &look(30, 0, Some(30_000))), Redate::Stands);
        assert_eq!(redate(&look(0, 0, None), &look(7_200, 800, None)), Redate::Stands);
        // The monotonic clock stood still for two hours; the router ran on.
        assert_eq!(redate(&look(0, 0, Some(0)), &look(7_200, 0, Some(30_000))), Redate::WallCounts);
    }

    #[test]
    fn a_restart_is_no_matter_of_our_clock() {
        let next = Look { uptime_ms: 60_000, ..look(3_600, 0, None) };
        assert_eq!(redate(&look(0, 0, None), &next), Redate::Stands);
    }
}
