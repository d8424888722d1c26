//! What the demo promises on every date: a breach, an undetermined month, excluded maintenance, a flapping link and an
//! upgrade of terms for the first customer. Each case has its place in a past month of the company's calendar.

use anyhow::Context;
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use sla::{ExclusionKind, Interval, LinkState};

use super::plan;

const SECOND_MS: i64 = 1_000;
const MINUTE_S: i64 = 60;
const HOUR_S: i64 = 3_600;
/// Months of history that the demo can have: the oldest case stands three months back.
pub(crate) const MONTHS: std::ops::RangeInclusive<i64> = 3..=13;

/// A date in a past month, by the company's clock.
#[derive(Clone, Copy)]
pub(super) struct Day {
    /// 1 is the month before the present one.
    months_ago: i32,
    day: i8,
    hour: i8,
    minute: i8,
}

/// What happened to one link, or to all of them.
struct Case {
    /// Place in [`plan::LINKS`]; `None`: every link.
    link: Option<usize>,
    /// The link whose month shows it: nothing else happens to that link in that month.
    shown_by: usize,
    begins: Day,
    length_s: i64,
    /// How often it happened, each time so many seconds after the one before.
    times: i64,
    every_s: i64,
    state: LinkState,
    cause: &'static str,
    exclusion: Option<CaseExclusion>,
}

/// How the contract leaves a case out.
struct CaseExclusion {
    kind: ExclusionKind,
    reason: &'static str,
    /// Days between the entry and the beginning of the outage; negative: entered after the fact.
    days_ahead: i64,
}

const OUTAGE: Case = Case {
    link: None,
    shown_by: 0,
    begins: Day { months_ago: 1, day: 1, hour: 0, minute: 0 },
    length_s: 0,
    times: 1,
    every_s: 0,
    state: LinkState::Down,
    cause: "link_down",
    exclusion: None,
};

const CASES: &[Case] = &[
    // Polling stopped for longer than a month of 99.90 % allows: such a link is undetermined, the others are met.
    Case {
        begins: Day { months_ago: 1, day: 8, hour: 1, minute: 10 },
        length_s: 47 * MINUTE_S,
        state: LinkState::Unknown,
        cause: "not_polled",
        ..OUTAGE
    },
    // Three times what a month of 99.90 % allows.
    Case {
        link: Some(0),
        begins: Day { months_ago: 2, day: 12, hour: 14, minute: 20 },
        length_s: 131 * MINUTE_S,
        ..OUTAGE
    },
    Case {
        link: Some(0),
        begins: Day { months_ago: 3, day: 10, hour: 9, minute: 5 },
        length_s: 95 * MINUTE_S,
        exclusion: Some(CaseExclusion {
            kind: ExclusionKind::CustomerCause,
            reason: "Power at the customer's rack was off, confirmed by their facility desk",
            days_ahead: -2,
        }),
        ..OUTAGE
    },
    Case {
        link: Some(1),
        shown_by: 1,
        begins: Day { months_ago: 1, day: 17, hour: 11, minute: 2 },
        length_s: 40,
        times: 8,
        every_s: 3 * MINUTE_S + 20,
        ..OUTAGE
    },
    // More than a month of 99.50 % allows: without the exclusion it would be a breach.
    Case {
        link: Some(2),
        shown_by: 2,
        begins: Day { months_ago: 1, day: 21, hour: 0, minute: 30 },
        length_s: 4 * HOUR_S + 20 * MINUTE_S,
        exclusion: Some(CaseExclusion {
            kind: ExclusionKind::PlannedMaintenance,
            reason: "Splicing on the Guindy ring, announced as CHG-2041",
            days_ahead: 4,
        }),
        ..OUTAGE
    },
    Case {
        link: Some(10),
        shown_by: 10,
        begins: Day { months_ago: 2, day: 5, hour: 3, minute: 40 },
        length_s: 9 * HOUR_S,
        exclusion: Some(CaseExclusion {
            kind: ExclusionKind::ForceMajeure,
            reason: "Flooded exchange in Tambaram, declared by the city",
            days_ahead: -1,
        }),
        ..OUTAGE
    },
];

/// A link whose terms became better in the middle of a month.
pub(super) struct Upgrade {
    /// Place in [`plan::LINKS`], which holds what is agreed now.
    pub(super) link: usize,
    pub(super) begins: Day,
    /// What was agreed before.
    pub(super) uptime_pct: &'static str,
    pub(super) latency_ms: &'static str,
}

pub(super) const UPGRADE: Upgrade = Upgrade {
    link: 3,
    begins: Day { months_ago: 2, day: 16, hour: 0, minute: 0 },
    uptime_pct: "99.00",
    latency_ms: "50",
};

/// A piece of a link's past that was not up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) at: Interval,
    pub(super) state: LinkState,
    pub(super) cause: &'static str,
}

/// Time that a contract leaves out.
pub(super) struct PastExclusion {
    /// Place in [`plan::LINKS`].
    pub(super) link: usize,
    pub(super) at: Interval,
    pub(super) kind: ExclusionKind,
    pub(super) reason: &'static str,
    pub(super) entered_at_ms: i64,
}

/// The company's calendar, seen from the moment at which the demo starts.
#[derive(Clone)]
pub(super) struct Calendar {
    now: jiff::Zoned,
    months_max: i32,
}

impl Calendar {
    /// `months_max`: how much history there is at most, in whole months before the present one.
    pub(super) fn new(now_ms: i64, zone: TimeZone, months_max: i32) -> anyhow::Result<Self> {
        Ok(Self { now: Timestamp::from_millisecond(now_ms)?.to_zoned(zone), months_max })
    }

    pub(super) fn zone(&self) -> &TimeZone {
        self.now.time_zone()
    }

    /// What places the busy hours; a change of clocks moves them by an hour, as it does where people work by the sun.
    pub(super) fn utc_offset_ms(&self) -> i64 {
        i64::from(self.now.offset().seconds()) * SECOND_MS
    }

    pub(super) fn at_ms(&self, day: Day) -> anyhow::Result<i64> {
        let first = self.now.date().first_of_month();
        let month = first.checked_sub(jiff::Span::new().months(day.months_ago))?;
        let local: DateTime = month.with().day(day.day).build()?.at(day.hour, day.minute, 0, 0);
        Ok(local.to_zoned(self.zone().clone())?.timestamp().as_millisecond())
    }

    /// When a link of the plan was activated: on the first of a month, at midnight.
    pub(super) fn activated_at_ms(&self, link: &plan::LinkPlan) -> anyhow::Result<i64> {
        let months_ago = link.months.min(self.months_max);
        self.at_ms(Day { months_ago, day: 1, hour: 0, minute: 0 })
    }

    /// What the demo promises of the link at `place`.
    pub(super) fn cases(&self, place: usize) -> anyhow::Result<Cases> {
        let mut cases = Cases { troubles: Vec::new(), reserved: Vec::new() };
        for case in CASES.iter().filter(|case| case.link.is_none_or(|link| link == place)) {
            if case.begins.months_ago > plan::LINKS[place].months.min(self.months_max) {
                continue;
            }
            let begins_ms = self.at_ms(case.begins)?;
            for time in 0..case.times {
                let from_ms = begins_ms + time * case.every_s * SECOND_MS;
                let at = Interval::new(from_ms, from_ms + case.length_s * SECOND_MS);
                cases.troubles.push(Trouble { at, state: case.state, cause: case.cause });
            }
            if case.shown_by == place {
                let first = Day { day: 1, hour: 0, minute: 0, ..case.begins };
                let next = Day { months_ago: first.months_ago - 1, ..first };
                cases.reserved.push(Interval::new(self.at_ms(first)?, self.at_ms(next)?));
            }
        }
        cases.troubles.sort_by_key(|trouble| trouble.at.from_ms);
        Ok(cases)
    }

    /// What the contracts leave out, each a little longer than its outage.
    pub(super) fn exclusions(&self) -> anyhow::Result<Vec<PastExclusion>> {
        let excluded =
            CASES.iter().filter_map(|case| case.exclusion.as_ref().map(|exclusion| (case, exclusion)));
        excluded
            .map(|(case, exclusion)| {
                let begins_ms = self.at_ms(case.begins)?;
                let ends_ms = begins_ms + case.length_s * SECOND_MS;
                Ok(PastExclusion {
                    link: case.link.context("an exclusion is of one link")?,
                    at: Interval::new(
                        begins_ms - 10 * MINUTE_S * SECOND_MS,
                        ends_ms + 5 * MINUTE_S * SECOND_MS,
                    ),
                    kind: exclusion.kind,
                    reason: exclusion.reason,
                    entered_at_ms: begins_ms - exclusion.days_ahead * 24 * HOUR_S * SECOND_MS,
                })
            })
            .collect()
    }
}

/// What a link's past has to hold.
pub(super) struct Cases {
    /// In order and apart from each other.
    pub(super) troubles: Vec<Trouble>,
    /// Months in which nothing else happens, so that chance does not turn the promised verdict into another.
    pub(super) reserved: Vec<Interval>,
}

#[cfg(test)]
#[path = "story_tests.rs"]
mod tests;
