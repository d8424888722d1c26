//! The demo's promises, held against the plan of each day of two years.

use jiff::{civil, tz::TimeZone};
use sla::{Active, Inputs, Month, StateSpan, Statement, Terms, Verdict, evaluate};
use store::{NotificationEvent, NotificationRule};

use super::*;
use crate::demo::{history, plan::LINKS};

/// The links of the first customer.
fn links() -> impl Iterator<Item = usize> {
    (0..LINKS.len()).filter(|&place| LINKS[place].client == 0)
}

/// A day's plan for one link, as the ledger would read it.
struct Planned {
    place: usize,
    period: Interval,
    troubles: Vec<Trouble>,
    exclusions: Vec<sla::Exclusion>,
    terms: Vec<Terms>,
}

fn planned(calendar: &Calendar, place: usize) -> Planned {
    let link = &LINKS[place];
    let period =
        Interval::new(calendar.activated_at_ms(link).unwrap(), calendar.now.timestamp().as_millisecond());
    let exclusions = calendar.exclusions().unwrap().into_iter().filter(|past| past.link == place);
    let exclusions = exclusions.map(|past| sla::Exclusion {
        from_ms: past.at.from_ms,
        to_ms: past.at.to_ms,
        kind: past.kind,
        reason: Some(past.reason.to_owned()),
        entered_by: None,
        entered_at_ms: Some(past.entered_at_ms),
    });
    let terms = |valid_from_ms: i64, uptime_pct: &str| Terms {
        valid_from_ms,
        uptime_pct: uptime_pct.parse().ok(),
        latency_ms: None,
        loss_pct: None,
    };
    let mut agreed = vec![terms(period.from_ms, link.uptime_pct)];
    if place == UPGRADE.link {
        agreed = vec![
            terms(period.from_ms, UPGRADE.uptime_pct),
            terms(calendar.at_ms(UPGRADE.begins).unwrap(), link.uptime_pct),
        ];
    }
    let troubles = history::troubles(place, period, calendar.cases(place).unwrap());
    Planned { place, period, troubles, exclusions: exclusions.collect(), terms: agreed }
}

impl Planned {
    fn statement(&self, calendar: &Calendar, months_ago: i32, exclusions: &[sla::Exclusion]) -> Statement {
        let inside_ms = calendar.at_ms(Day { months_ago, day: 15, hour: 12, minute: 0 }).unwrap();
        let spans = history::spans(self.period, &self.troubles).into_iter().map(|span| StateSpan {
            from_ms: span.from_ms,
            to_ms: span.to_ms,
            state: span.state,
            cause: span.cause,
            evidence: span.evidence,
        });
        let inputs = Inputs {
            timezone: calendar.zone().iana_name().unwrap().to_owned(),
            month: Month::containing(inside_ms, calendar.zone()).unwrap(),
            as_of_ms: None,
            active: Active { from_ms: self.period.from_ms, to_ms: None },
            spans: spans.collect(),
            exclusions: exclusions.to_vec(),
            terms: self.terms.clone(),
            probes: Vec::new(),
            traffic: Vec::new(),
        };
        evaluate(&inputs).unwrap()
    }
}

/// What the plan of one start shows to the first customer, as names of promises.
fn shown(calendar: &Calendar) -> Vec<&'static str> {
    let mut shown = Vec::new();
    let unstable = NotificationRule::default_of(NotificationEvent::LinkUnstable);
    let (count, window_ms) =
        (unstable.threshold.unwrap().millionths() / 1_000_000, unstable.window_s * 1_000);
    for link in links().map(|place| planned(calendar, place)) {
        let apart = link.troubles.windows(2).all(|pair| pair[0].at.to_ms < pair[1].at.from_ms);
        assert!(apart, "link {} on {}: {:?}", link.place, calendar.now, link.troubles);
        let down = link.troubles.iter().filter(|trouble| trouble.state == LinkState::Down);
        let starts: Vec<i64> = down.map(|trouble| trouble.at.from_ms).collect();
        if starts.windows(count as usize).any(|falls| falls[falls.len() - 1] - falls[0] < window_ms) {
            shown.push("flapping");
        }
        for months_ago in 1..=3 {
            let statement = link.statement(calendar, months_ago, &link.exclusions);
            match statement.figures.verdict.uptime {
                Verdict::Breached => shown.push("breach"),
                Verdict::Undetermined => shown.push("undetermined"),
                Verdict::Met => shown.push("met"),
                Verdict::None => {}
            }
            let planned = |exclusion: &&sla::Exclusion| exclusion.kind == ExclusionKind::PlannedMaintenance;
            let others: Vec<_> = link.exclusions.iter().filter(|e| !planned(e)).cloned().collect();
            if others.len() < link.exclusions.len()
                && statement.figures.verdict.uptime == Verdict::Met
                && link.statement(calendar, months_ago, &others).figures.verdict.uptime == Verdict::Breached
            {
                shown.push("excluded maintenance");
            }
            if statement.parts.len() == 2 {
                shown.push("upgrade of terms");
            }
        }
    }
    shown.sort_unstable();
    shown.dedup();
    shown
}

#[test]
fn the_demo_shows_every_promise_on_each_day_of_two_years() {
    const PROMISES: [&str; 6] =
        ["breach", "excluded maintenance", "flapping", "met", "undetermined", "upgrade of terms"];
    const TIMES: [(i8, i8, i8); 4] = [(0, 0, 1), (0, 10, 0), (12, 0, 0), (23, 59, 59)];
    // A zone without a change of clocks, and two that change them on different days.
    for (zone, months) in [("Asia/Kolkata", 13), ("Europe/Berlin", 13), ("America/New_York", 3)] {
        let zone = TimeZone::get(zone).unwrap();
        let mut day = civil::date(2026, 11, 30);
        for index in 0..732 {
            let (hour, minute, second) = TIMES[index % TIMES.len()];
            let now = day.at(hour, minute, second, 0).to_zoned(zone.clone()).unwrap();
            let calendar = Calendar::new(now.timestamp().as_millisecond(), zone.clone(), months).unwrap();
            assert_eq!(shown(&calendar), PROMISES, "started at {now}");
            day = day.tomorrow().unwrap();
        }
    }
}
