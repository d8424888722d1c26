//! A clock that is turned in every way there is, and routers whose time goes on.

use routeros_sim::{InterfaceSpec, RouterSpec};
use sla::LinkState::{Down, Unknown, Up};
use store::{ClockVerdict, LinkId};

use crate::engine::databases;
use crate::place::{Place, START_MS};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const INDIA: i64 = 19_800;

fn edge(name: &str) -> RouterSpec {
    RouterSpec {
        gmt_offset_ms: INDIA * 1_000,
        uptime: std::time::Duration::from_secs(90 * 86_400),
        ..RouterSpec::new(name).interface(InterfaceSpec::ethernet("ether1"))
    }
}

/// Nothing is dated after the truth, by more than a second.
async fn assert_no_future(place: &Place, link: LinkId) {
    let now_ms = place.true_ms() + 1_000;
    let spans = place.spans(link).await;
    assert!(spans.iter().all(|span| span.to_ms <= now_ms), "{:?}", place.line(link).await);
    assert!(place.samples(link).await.iter().all(|sample| sample.at_ms <= now_ms));
    let latest = place.store.latest(link).await.unwrap().unwrap();
    assert!(latest.at_ms <= now_ms && latest.since_ms <= now_ms, "{latest:?}");
    let statuses = place.store.router_statuses().await.unwrap();
    assert!(statuses.iter().all(|status| status.at_ms <= now_ms), "{statuses:?}");
    for outage in place.store.outages(link, 0, i64::MAX / 2).await.unwrap() {
        assert!(outage.from_ms <= now_ms && outage.to_ms.is_none_or(|to_ms| to_ms <= now_ms), "{outage:?}");
    }
}

async fn verdict(place: &Place) -> ClockVerdict {
    place.store.clock_health(place.true_ms()).await.unwrap().verdict
}

/// `timeline.repair` events.
async fn repairs(place: &Place) -> usize {
    let events = place.store.audit_events(None, 100).await.unwrap();
    events.iter().filter(|record| record.event.action == "timeline.repair").count()
}

#[tokio::test]
async fn trap_23_a_clock_that_jumps_for_a_while_neither_invents_time_nor_stops_polling() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (_router, _, links) = place.router(edge("edge")).await;
        place.sample().await;
        place.probe_for(2).await;
        let mut seconds = 60;
        // The month ends within some of these.
        for jump in [INDIA, -INDIA, 4, -4, 90, -300, DAY, 9 * DAY, -40 * DAY] {
            place.set_clock(jump);
            for _ in 0..3 {
                place.pass(30);
                let summary = place.sample().await;
                assert_eq!(summary.errors, [], "{jump}: polling goes on");
                assert_eq!(verdict(&place).await, ClockVerdict::MachineWrong, "{jump}");
                seconds += 30;
            }
            assert_no_future(&place, links[0]).await;
            place.set_clock(-jump);
            place.pass(30);
            assert_eq!(place.sample().await.errors, [], "{jump}");
            assert_eq!(verdict(&place).await, ClockVerdict::Sane, "{jump}");
            seconds += 30;
            assert_eq!(place.line(links[0]).await, [(0, seconds, Up, None)], "{jump}");
        }
        assert_eq!(repairs(&place).await, 0, "nothing false was written");
        let samples = place.samples(links[0]).await;
        assert_eq!(samples.len(), 1 + 9 * 4, "and no sample is missing");
        assert!(samples[1..].iter().all(|sample| sample.rx_bps.is_some()), "nor any rate");
    }
}

#[tokio::test]
async fn an_outage_during_which_the_clock_jumps_stays_one_with_its_true_times() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (router, _, links) = place.router(edge("edge")).await;
        place.sample().await;
        place.pass(10);
        router.set_link("ether1", false);
        place.pass(20);
        place.probe_for(1).await;
        let open = place.store.outages(links[0], 0, i64::MAX / 2).await.unwrap();
        for jump in [DAY, -2 * HOUR] {
            place.set_clock(jump);
            place.probe_for(2).await;
            place.restart();
            place.probe_for(1).await;
            place.set_clock(-jump);
            place.probe_for(1).await;
        }
        place.pass(10);
        router.set_link("ether1", true);
        place.pass(20);
        place.probe().await;
        let outages = place.store.outages(links[0], 0, i64::MAX / 2).await.unwrap();
        assert_eq!(outages.len(), 1, "{outages:?}");
        assert_eq!(outages[0].id, open[0].id);
        let length_ms = outages[0].to_ms.unwrap() - outages[0].from_ms;
        assert!((length_ms - 300_000).abs() <= 1_000, "{outages:?}");
        assert_no_future(&place, links[0]).await;
    }
}

#[tokio::test]
async fn a_hardware_clock_in_local_time_is_found_at_the_start_and_nothing_is_dated_by_it() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (_router, _, links) = place.router(edge("edge")).await;
        place.sample().await;
        place.probe_for(2).await;
        for wrong in [INDIA, -5 * HOUR] {
            let before = place.seconds(links[0], Up).await;
            place.pass(600);
            place.set_clock(wrong);
            place.restart();
            for _ in 0..2 {
                place.pass(30);
                place.probe().await;
            }
            assert_eq!(verdict(&place).await, ClockVerdict::MachineWrong);
            assert_no_future(&place, links[0]).await;
            place.set_clock(-wrong);
            place.probe_for(1).await;
            assert_eq!(verdict(&place).await, ClockVerdict::Sane);
            let line = place.line(links[0]).await;
            assert!((place.seconds(links[0], Up).await - before - 690).abs() <= 2, "{line:?}");
            assert_eq!(place.seconds(links[0], Down).await, 0, "{line:?}");
            assert_no_future(&place, links[0]).await;
        }
        assert_eq!(repairs(&place).await, 0);
    }
}

#[tokio::test]
async fn the_first_polls_of_an_installation_are_removed_when_the_clock_is_corrected() {
    for wrong in [INDIA, DAY, -INDIA] {
        for database in databases().await {
            let mut place = Place::new(database).await;
            let (router, _, links) = place.router(edge("edge")).await;
            place.set_clock(wrong);
            place.restart();
            place.sample().await;
            place.probe_for(1).await;
            router.set_link("ether1", false);
            place.probe_for(2).await;
            place.set_clock(-wrong);
            place.pass(30);
            let summary = place.probe().await;
            assert_eq!(summary.errors, [], "polling goes on within one interval");
            place.probe_for(1).await;
            assert_no_future(&place, links[0]).await;
            assert_eq!(repairs(&place).await, 1, "with an audit entry");
            assert_eq!(verdict(&place).await, ClockVerdict::Sane);
            let line = place.line(links[0]).await;
            assert!(line.iter().all(|span| span.0 >= 0), "nothing is left of the wrong time: {line:?}");
            assert_eq!(line.last().map(|span| (span.1, span.2)), Some((150, Down)), "{line:?}");
            let latest = place.store.latest(links[0]).await.unwrap().unwrap();
            assert_eq!(latest.state, Down);
        }
    }
}

#[tokio::test]
async fn what_an_older_version_wrote_in_the_future_is_removed_and_polling_resumes_within_an_interval() {
    for jump in [INDIA, DAY, 31 * DAY] {
        for database in databases().await {
            let mut place = Place::new(database).await;
            let (_router, id, links) = place.router(edge("edge")).await;
            place.restart_credulous();
            place.sample().await;
            place.probe_for(2).await;
            place.set_clock(jump);
            place.pass(5);
            place.sample().await;
            assert!(place.seconds(links[0], Up).await > jump, "as it used to be");
            place.set_clock(-jump);
            let health = place.store.clock_health(place.true_ms()).await.unwrap();
            assert!(health.check().is_err() && !health.is_sane(), "{health:?}");
            place.restart();
            place.probe_for(2).await;
            assert_no_future(&place, links[0]).await;
            let line = place.line(links[0]).await;
            assert!(line.windows(2).all(|pair| pair[0].1 == pair[1].0), "{line:?}");
            assert_eq!((line[0].0, line.last().map(|span| span.1)), (0, Some(125)), "{line:?}");
            assert_eq!(place.seconds(links[0], Up).await, 125, "{line:?}");
            assert_eq!(repairs(&place).await, 1);
            let status = place.store.router_status(id).await.unwrap().unwrap();
            assert_eq!(status.at_ms, place.true_ms());
            assert!(place.store.clock_health(place.true_ms()).await.unwrap().is_sane());
            place.pass(300);
            place.sample().await;
            assert_eq!(place.samples(links[0]).await.len(), 2, "samples, too, of the present only");
        }
    }
}

#[tokio::test]
async fn time_that_the_machine_slept_through_is_judged_by_the_router() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (router, _, links) = place.router(edge("edge")).await;
        place.sample().await;
        place.probe_for(2).await;
        // The monotonic clock stood still, as it does in a virtual machine that is stopped or restored.
        place.sleep(8 * HOUR);
        place.pass(5);
        assert_eq!(place.probe().await.errors, []);
        let expected = 60 + 8 * HOUR + 5;
        assert_eq!(place.seconds(links[0], Up).await, expected, "the router was up by its own account");
        assert_eq!(verdict(&place).await, ClockVerdict::Sane);
        let down_ms = place.true_ms() + HOUR * 1_000;
        router.flap("ether1", down_ms, down_ms + 600_000);
        place.sleep(2 * HOUR);
        place.pass(5);
        place.probe().await;
        place.probe_for(1).await;
        assert!((place.seconds(links[0], Down).await - 600).abs() <= 1, "{:?}", place.line(links[0]).await);
        // One that counts the sleep sees a long gap and nothing else.
        place.pass(3 * HOUR);
        place.probe().await;
        assert_eq!(place.seconds(links[0], Unknown).await, 0, "{:?}", place.line(links[0]).await);
        assert_eq!(repairs(&place).await, 0);
    }
}

#[tokio::test]
async fn a_machine_restored_from_a_snapshot_does_not_write_into_the_past() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (_router, _, links) = place.router(edge("edge")).await;
        place.sample().await;
        place.probe_for(4).await;
        // The database, on another machine, is newer than the clock of this one until that is set.
        place.set_clock(-3 * DAY);
        place.restart();
        place.probe_for(2).await;
        assert_eq!(verdict(&place).await, ClockVerdict::MachineWrong);
        place.set_clock(3 * DAY);
        place.probe_for(1).await;
        assert_eq!(verdict(&place).await, ClockVerdict::Sane);
        assert_eq!(place.line(links[0]).await, [(0, 210, Up, None)]);
        assert_eq!(repairs(&place).await, 0, "the past is not removed for a clock that is behind");
    }
}

#[tokio::test]
async fn an_operator_decides_where_no_router_can() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (router, _, links) = place.router(edge("edge")).await;
        place.sample().await;
        // A clock so wrong that it supports neither time.
        router.set_clock_offset(400 * DAY * 1_000);
        place.probe_for(2).await;
        place.set_clock(-20 * HOUR);
        place.probe_for(4).await;
        assert_eq!(verdict(&place).await, ClockVerdict::Undecided);
        assert_eq!(
            place.line(links[0]).await,
            [(0, 180, Up, None)],
            "the time goes on by the monotonic clock"
        );
        place.store.accept_clock(place.machine_ms()).await.unwrap();
        assert_eq!(
            place.store.clock_accepted_ms().await.unwrap(),
            Some(START_MS + 180_000 - 20 * HOUR * 1_000)
        );
    }
}
