//! Months of readings and outages for a line, as a function of its plan and its place in the list: equal runs, equal
//! histories. The traffic has the shape with which the simulated router goes on.

use routeros_sim::{
    PingProfile,
    traffic::{Profile, total_bytes},
};
use serde_json::json;
use sla::{Interval, LinkPort, LinkState};
use store::{LinkId, Sample, Span};

use super::{
    plan::LINKS,
    story::{Calendar, Cases, Trouble},
};

pub(super) const SAMPLE_MS: i64 = 300_000;
const PINGS: u32 = 5;
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;
/// Mean payload of a packet, for the packet counters.
const PACKET_BYTES: i64 = 740;

/// One line's past.
pub(super) struct History {
    link: LinkId,
    seed: u64,
    period: Interval,
    upload: Direction,
    download: Direction,
    ping: PingProfile,
    troubles: Vec<Trouble>,
}

impl History {
    /// The past of the line at `place` in the list, over `period`.
    pub(super) fn new(
        link: LinkId,
        place: usize,
        calendar: &Calendar,
        period: Interval,
    ) -> anyhow::Result<Self> {
        let (plan, seed) = (&LINKS[place], place as u64);
        let troubles = troubles(place, period, calendar.cases(place)?);
        let utc_offset_ms = calendar.utc_offset_ms();
        let upload = Direction::new(plan.upload(seed, utc_offset_ms), period.from_ms, &troubles);
        let download = Direction::new(plan.download(seed, utc_offset_ms), period.from_ms, &troubles);
        Ok(Self { link, seed, period, upload, download, ping: plan.ping(), troubles })
    }

    /// From its activation to the first real look.
    pub(super) fn period(&self) -> Interval {
        self.period
    }

    /// The whole time line, without a gap.
    pub(super) fn spans(&self) -> Vec<Span> {
        spans(self.period, &self.troubles)
    }

    /// The readings at each full five minutes inside `window`.
    pub(super) fn samples(&self, window: Interval) -> impl Iterator<Item = Sample> + '_ {
        let window = self.period.intersect(window);
        let first = (window.from_ms + SAMPLE_MS - 1).div_euclid(SAMPLE_MS);
        let last = (window.to_ms + SAMPLE_MS - 1).div_euclid(SAMPLE_MS);
        (first..last).filter_map(|slot| self.sample(slot * SAMPLE_MS))
    }

    /// The reading at one moment; none while nobody looked.
    fn sample(&self, at_ms: i64) -> Option<Sample> {
        let state = self.state(at_ms);
        if state == LinkState::Unknown {
            return None;
        }
        let before = Interval::new((at_ms - SAMPLE_MS).max(self.period.from_ms), at_ms);
        let (rx_bytes, tx_bytes) = (self.upload.counter(at_ms), self.download.counter(at_ms));
        let rate = |now_bytes: i64, direction: &Direction| {
            let bytes = now_bytes - direction.counter(before.from_ms);
            (!before.is_empty()).then(|| bytes * 8_000 / before.len_ms())
        };
        let pings = if state == LinkState::Up { self.pings(at_ms) } else { Pings::default() };
        Some(Sample {
            link: self.link,
            at_ms,
            state,
            rx_bytes: Some(rx_bytes),
            tx_bytes: Some(tx_bytes),
            rx_packets: Some(rx_bytes / PACKET_BYTES),
            tx_packets: Some(tx_bytes / PACKET_BYTES),
            rx_errors: Some(0),
            tx_errors: Some(0),
            rx_drops: Some(0),
            tx_drops: Some(0),
            rx_bps: rate(rx_bytes, &self.upload),
            tx_bps: rate(tx_bytes, &self.download),
            sent: pings.sent,
            received: pings.received,
            rtt_min_us: pings.min_us,
            rtt_avg_us: pings.avg_us,
            rtt_max_us: pings.max_us,
        })
    }

    fn state(&self, at_ms: i64) -> LinkState {
        let moment = Interval::new(at_ms, at_ms + 1);
        let hit = self.troubles.iter().find(|trouble| !trouble.at.intersect(moment).is_empty());
        hit.map_or(LinkState::Up, |trouble| trouble.state)
    }

    fn pings(&self, at_ms: i64) -> Pings {
        let answers: Vec<i64> = (0..PINGS)
            .filter_map(|seq| self.ping.answer_us(self.seed, seq, at_ms))
            .map(|us| i64::try_from(us).unwrap_or(i64::MAX))
            .collect();
        let count = answers.len() as i64;
        Pings {
            sent: Some(i64::from(PINGS)),
            received: Some(count),
            min_us: answers.iter().copied().min(),
            avg_us: (count > 0).then(|| answers.iter().sum::<i64>() / count),
            max_us: answers.iter().copied().max(),
        }
    }
}

/// The time line of `period`: up where there is no trouble.
pub(super) fn spans(period: Interval, troubles: &[Trouble]) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut at_ms = period.from_ms;
    let up = |from_ms, to_ms| Span {
        from_ms,
        to_ms,
        state: LinkState::Up,
        cause: None,
        evidence: json!({ "kind": "continuous" }),
    };
    for trouble in troubles {
        if trouble.at.from_ms > at_ms {
            spans.push(up(at_ms, trouble.at.from_ms));
        }
        let evidence = match trouble.state {
            LinkState::Down if trouble.cause == "session_ended" => json!({ "kind": "new_session" }),
            LinkState::Down => json!({ "kind": "link_times" }),
            LinkState::Up | LinkState::Unknown => json!({ "kind": "none" }),
        };
        let Interval { from_ms, to_ms } = trouble.at;
        let cause = Some(trouble.cause.to_owned());
        spans.push(Span { from_ms, to_ms, state: trouble.state, cause, evidence });
        at_ms = to_ms;
    }
    if at_ms < period.to_ms {
        spans.push(up(at_ms, period.to_ms));
    }
    spans
}

/// One direction of a line: its traffic, less what its outages kept back.
struct Direction {
    profile: Profile,
    /// What the profile had carried when the line began.
    base_bytes: u64,
    /// Each outage in order, with the bytes that it and those before it kept back.
    outages: Vec<(Interval, u64)>,
}

impl Direction {
    fn new(profile: Profile, from_ms: i64, troubles: &[Trouble]) -> Self {
        let mut lost_bytes = 0;
        let down = troubles.iter().filter(|trouble| trouble.state == LinkState::Down);
        let outages = down.map(|trouble| {
            lost_bytes += total_bytes(&profile, trouble.at.to_ms) - total_bytes(&profile, trouble.at.from_ms);
            (trouble.at, lost_bytes)
        });
        let outages = outages.collect();
        Self { profile, base_bytes: total_bytes(&profile, from_ms), outages }
    }

    /// The byte counter at a moment; it stands still while the line is down.
    fn counter(&self, at_ms: i64) -> i64 {
        let begun = self.outages.partition_point(|(outage, _)| outage.from_ms <= at_ms);
        let now_bytes = match begun.checked_sub(1).map(|last| self.outages[last]) {
            None => total_bytes(&self.profile, at_ms),
            Some((outage, lost_bytes)) => total_bytes(&self.profile, at_ms.max(outage.to_ms)) - lost_bytes,
        };
        i64::try_from(now_bytes - self.base_bytes).unwrap_or(i64::MAX)
    }
}

#[derive(Default)]
struct Pings {
    sent: Option<i64>,
    received: Option<i64>,
    min_us: Option<i64>,
    avg_us: Option<i64>,
    max_us: Option<i64>,
}

/// The troubles of a link, in order and apart from each other: what the demo promises, and outages by chance elsewhere.
pub(super) fn troubles(place: usize, period: Interval, cases: Cases) -> Vec<Trouble> {
    let plan = &LINKS[place];
    let mut random = Random(place as u64 * 7_919 + 17);
    let mut found = cases.troubles;
    let promised: Vec<Interval> = found.iter().map(|trouble| trouble.at).chain(cases.reserved).collect();
    let mut at_ms = period.from_ms;
    loop {
        let apart_days =
            random.between(plan.days_between_outages / 3 + 1, plan.days_between_outages * 5 / 3 + 2) as i64;
        at_ms += apart_days * DAY_MS + random.between(0, 86_399) as i64 * 1_000;
        // Most are short; one in six takes hours.
        let minutes = if random.between(1, 6) == 1 { random.between(70, 260) } else { random.between(2, 40) };
        let at =
            Interval::new(at_ms, at_ms + minutes as i64 * MINUTE_MS + random.between(0, 59) as i64 * 1_000);
        // The last hours are kept clear, so that today's picture is the live one.
        if at.to_ms + DAY_MS / 4 > period.to_ms {
            break;
        }
        let own =
            if LinkPort::of(plan.interface).ppp_user().is_some() { "session_ended" } else { "link_down" };
        let cause = if random.between(1, 7) == 1 { "router_reboot" } else { own };
        if promised.iter().all(|promised| promised.intersect(at).is_empty()) {
            found.push(Trouble { at, state: LinkState::Down, cause });
        }
        at_ms = at.to_ms;
    }
    found.sort_by_key(|trouble| trouble.at.from_ms);
    found
}

/// SplitMix64: small, and the same on every machine.
struct Random(u64);

impl Random {
    fn between(&mut self, least: u64, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        least + (bits ^ (bits >> 31)) % (most - least + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{demo::plan, moment};

    fn history(place: usize) -> History {
        let to_ms = 1_795_392_000_000;
        let zone = moment::zone(plan::TIMEZONE).expect("known");
        let calendar = Calendar::new(to_ms, zone, 13).expect("a date");
        let period = Interval::new(to_ms - 400 * DAY_MS, to_ms);
        History::new(LinkId(1), place, &calendar, period).expect("a history")
    }

    #[test]
    fn spans_cover_the_period_without_gap_or_overlap_and_some_are_outages() {
        for place in 0..LINKS.len() {
            let history = history(place);
            let spans = history.spans();
            assert_eq!(spans[0].from_ms, history.period.from_ms);
            assert_eq!(spans[spans.len() - 1].to_ms, history.period.to_ms);
            assert!(spans.windows(2).all(|pair| pair[0].to_ms == pair[1].from_ms), "line {place}");
            assert!(spans.iter().any(|span| span.state == LinkState::Down), "line {place}");
        }
    }

    #[test]
    fn rates_agree_with_counters_and_counters_never_fall() {
        let history = history(2);
        let window = Interval::new(history.period.to_ms - 60 * DAY_MS, history.period.to_ms);
        let samples: Vec<Sample> = history.samples(window).collect();
        assert!(samples.len() > 16_000, "sixty days of readings, less one night: {}", samples.len());
        for pair in samples.windows(2).filter(|pair| pair[1].at_ms - pair[0].at_ms == SAMPLE_MS) {
            let bytes = pair[1].tx_bytes.expect("a counter") - pair[0].tx_bytes.expect("a counter");
            assert!(bytes >= 0);
            let rate = pair[1].tx_bps.expect("a rate");
            assert!((rate - bytes * 8_000 / SAMPLE_MS).abs() <= 1, "{rate} against {bytes} bytes");
        }
        let down = samples.iter().filter(|sample| sample.state == LinkState::Down);
        assert!(down.clone().all(|sample| sample.sent.is_none()), "a line that is down is not pinged");
        assert!(down.count() > 0);
    }
}
