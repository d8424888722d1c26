//! Round trips, loss and rates: sums over readings, not means of means.

use sla::Verdict::{self, Breached, Met, Undetermined};
use sla::{Traffic, traffic_buckets};

use crate::build::{Build, DAY, HOUR, MINUTE};

fn month() -> Build {
    Build::new().terms(0, "", "20", "1.00").up_but(&[(DAY, 2 * DAY)])
}

#[test]
fn trap_29_rows_that_two_collectors_wrote_weigh_as_one() {
    let row = |at_ms, bps| Traffic { at_ms, rx_bps: Some(bps), tx_bps: Some(bps) };
    let both = [row(0, 10), row(3, 20), row(300_000, 40)];
    assert_eq!(traffic_buckets(both.into_iter()), [row(0, 15), row(300_000, 40)]);
}

#[test]
fn trap_30_latency_is_weighted_by_answers_and_shows_its_worst() {
    let month = month().probe(HOUR, 99, 99, Some(10_000)).probe(2 * HOUR, 1, 1, Some(1_000_000));
    let figures = month.judge().figures;
    assert_eq!(figures.latency_avg_us, Some((99 * 10_000 + 1_000_000) / 100));
    assert_eq!((figures.latency_p50_us, figures.latency_p99_us), (Some(10_000), Some(10_000)));
    let worse = month.probe(3 * HOUR, 5, 5, Some(900_000)).judge().figures;
    assert_eq!((worse.latency_p95_us, worse.latency_p99_us), (Some(900_000), Some(900_000)));
}

#[test]
fn trap_31_loss_is_lost_of_sent_and_not_a_mean_of_percentages() {
    // One of five lost and a hundred answered: 0.95 %, where the mean of both runs would say 10 %.
    let figures = month().probe(HOUR, 5, 4, Some(1)).probe(2 * HOUR, 100, 100, Some(1)).judge().figures;
    assert_eq!((figures.sent, figures.received), (105, 104));
    assert_eq!((figures.loss_pct.as_deref(), figures.verdict.loss), (Some("0.95238"), Met));
}

#[test]
fn trap_32_a_round_trip_without_an_answer_is_not_measured() {
    let figures = month().probe(HOUR, 5, 5, Some(10_000)).probe(2 * HOUR, 5, 0, Some(90_000)).judge().figures;
    assert_eq!((figures.latency_avg_us, figures.latency_p99_us), (Some(10_000), Some(10_000)));
    assert_eq!((figures.verdict.latency, figures.verdict.loss), (Met, Breached));
    let silent = month().probe(HOUR, 5, 0, Some(90_000)).judge().figures;
    assert_eq!((silent.latency_avg_us, silent.verdict.latency), (None, Verdict::None));
    let untimed = month().probe(HOUR, 5, 5, None).probe(2 * HOUR, 5, 5, Some(6)).judge().figures;
    assert_eq!((untimed.latency_avg_us, untimed.received), (Some(6), 10));
}

#[test]
fn trap_35_the_95th_is_per_direction_and_missing_rates_are_no_zeros() {
    let twenty = (1..=20).fold(Build::new(), |month, n| {
        // Download and upload peak at different times; every second rate of the upload is missing.
        month.rate(n * 5 * MINUTE, Some(n * 1_000), (n % 2 == 0).then_some((21 - n) * 1_000))
    });
    let figures = twenty.judge().figures;
    assert_eq!((figures.p95_rx_bps, figures.rx_n), (Some(19_000), 20));
    assert_eq!((figures.p95_tx_bps, figures.tx_n), (Some(19_000), 10));
    assert_eq!(figures.traffic_expected_n, 30 * 288);
}

#[test]
fn trap_36_rates_are_ranked_as_they_were_measured_and_not_rolled_up() {
    // One bucket in ten is full. The hourly means are all alike; the 95th of the buckets is the full rate.
    let day = (0..280).fold(Build::new(), |month, n| {
        month.rate(n * 5 * MINUTE, Some(if n % 10 == 0 { 100_000 } else { 0 }), None)
    });
    assert_eq!(day.judge().figures.p95_rx_bps, Some(100_000));
    let kept = traffic_buckets(day.inputs.traffic.iter().copied());
    assert_eq!(kept, day.inputs.traffic);
}

#[test]
fn only_pings_in_eligible_up_time_count() {
    let bad =
        |at: i64| month().exclude(2 * DAY, 3 * DAY).probe(HOUR, 5, 5, Some(1_000)).probe(at, 5, 0, None);
    for (what, at, counts) in [
        ("up", 2 * HOUR, true),
        ("the last of up", DAY - 1, true),
        ("the first of down", DAY, false),
        ("the last of down", 2 * DAY - 1, false),
        ("excluded", 2 * DAY, false),
        ("after the exclusion", 3 * DAY, true),
        ("before the month", -1, false),
        ("after the month", 30 * DAY, false),
    ] {
        assert_eq!(bad(at).judge().figures.sent, if counts { 10 } else { 5 }, "{what}");
    }
    let unknown = Build::new().terms(0, "", "20", "1").up(0, 29 * DAY).probe(29 * DAY, 5, 0, None);
    assert_eq!(unknown.judge().figures.verdict.loss, Verdict::None);
}

#[test]
fn rates_count_in_all_contracted_time_and_in_no_other() {
    let month =
        Build::new().active(DAY, Some(29 * DAY)).up(0, DAY).down(2 * DAY, 3 * DAY).exclude(4 * DAY, 5 * DAY);
    for (at, counts) in [(DAY - 1, 0), (DAY, 1), (2 * DAY, 1), (4 * DAY, 1), (10 * DAY, 1), (29 * DAY, 0)] {
        assert_eq!(month.clone().rate(at, Some(1), None).judge().figures.rx_n, counts, "at {at}");
    }
}

#[test]
fn latency_and_loss_are_judged_exactly_at_the_target_and_at_the_coverage() {
    let judge = |known: i64, received: u32, rtt_us: i64| {
        let month =
            Build::new().terms(0, "", "20", "1.00").up(0, known).probe(0, 100, received, Some(rtt_us));
        let verdict = month.judge().figures.verdict;
        (verdict.latency, verdict.loss)
    };
    let all = 30 * DAY;
    assert_eq!(judge(all, 99, 20_000), (Met, Met));
    assert_eq!(judge(all, 98, 20_001), (Breached, Breached));
    assert_eq!(judge(27 * DAY, 98, 20_001), (Breached, Breached), "90 % are enough");
    assert_eq!(judge(27 * DAY - 1, 98, 20_001), (Undetermined, Undetermined));
    assert_eq!(judge(27 * DAY - 1, 99, 1), (Undetermined, Undetermined));
}

#[test]
fn a_month_is_as_good_as_its_worst_stretch_in_latency_and_loss() {
    let month = Build::new().terms(0, "", "20", "1.00").terms(10 * DAY, "", "5", "").up_but(&[]);
    let month = month.probe(DAY, 100, 100, Some(10_000)).probe(20 * DAY, 100, 50, Some(10_000)).judge();
    let parts: Vec<_> =
        month.parts.iter().map(|part| (part.figures.verdict.latency, part.figures.verdict.loss)).collect();
    assert_eq!(parts, [(Met, Met), (Breached, Verdict::None)]);
    assert_eq!((month.figures.verdict.latency, month.figures.verdict.loss), (Breached, Met));
    assert_eq!(month.figures.loss_pct.as_deref(), Some("25.00000"), "the figure is the month's");
}
