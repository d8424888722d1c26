//! Links over PPP users, against simulated routers that serve sessions.

use std::time::Duration;

use routeros_sim::{PppUser, RouterSpec, Served, SimRouter};
use sla::LinkState::{Down, Unknown, Up};
use store::{LinkId, RouterId, RouterTls};

use crate::engine::databases;
use crate::place::{Place, START_MS};

/// Five and a half hours ahead and a wrong clock on top, so that a logout that is taken as it is cannot pass.
fn server(name: &str, users: Vec<PppUser>) -> RouterSpec {
    RouterSpec {
        gmt_offset_ms: 19_800_000,
        clock_offset_ms: -97_000,
        ppp_users: users,
        ..RouterSpec::new(name)
    }
}

async fn serve(place: &mut Place, name: &str, users: Vec<PppUser>) -> (SimRouter, RouterId) {
    let router = place.fleet.add(server(name, users)).await.unwrap();
    let id = place.router_at(name, router.address().port(), RouterTls::Off).await;
    (router, id)
}

async fn one_user(place: &mut Place, user: PppUser) -> (SimRouter, LinkId) {
    let name = user.name.clone();
    let (router, id) = serve(place, "edge", vec![user]).await;
    let link = place.link(id, "C-1", &format!("ppp:{name}"), None).await;
    (router, link)
}

type Line<'a> = &'a [(i64, i64, sla::LinkState, Option<&'a str>)];

/// Whole seconds of the wire and of the routers' clocks; spans that differ in their evidence alone are one.
fn about(line: &[(i64, i64, sla::LinkState, Option<String>)], expected: Line<'_>) {
    let mut merged: Vec<(i64, i64, sla::LinkState, Option<&str>)> = Vec::new();
    for (from_s, to_s, state, cause) in line {
        match merged.last_mut() {
            Some(last) if (last.1, last.2, last.3) == (*from_s, *state, cause.as_deref()) => last.1 = *to_s,
            _ => merged.push((*from_s, *to_s, *state, cause.as_deref())),
        }
    }
    let near = |a: i64, b: i64| (a - b).abs() <= 1;
    let same = merged.len() == expected.len()
        && merged
            .iter()
            .zip(expected)
            .all(|(is, was)| near(is.0, was.0) && near(is.1, was.1) && (is.2, is.3) == (was.2, was.3));
    assert!(same, "{line:?} is not {expected:?}");
}

#[tokio::test]
async fn a_session_that_ends_is_an_outage_to_the_second_and_restarts_the_counters() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (router, link) = one_user(&mut place, PppUser::new("acme")).await;
        place.sample().await;
        place.pass(300);
        place.sample().await;
        place.pass(12);
        assert!(router.ppp_disconnect("acme"));
        place.pass(18);
        place.probe().await;
        let latest = place.store.latest(link).await.unwrap().unwrap();
        assert_eq!((latest.state, latest.cause.as_deref()), (Down, Some("session_ended")), "at once");
        place.pass(17);
        router.ppp_connect("acme");
        place.pass(13);
        place.probe().await;
        place.pass(240);
        place.sample().await;
        place.pass(300);
        place.sample().await;
        let expected = [(0, 312, Up, None), (312, 347, Down, Some("session_ended")), (347, 900, Up, None)];
        about(&place.line(link).await, &expected);
        let outages = place.store.outages(link, 0, i64::MAX / 2).await.unwrap();
        assert_eq!(outages.len(), 1, "{outages:?}");
        let samples = place.samples(link).await;
        let rates: Vec<bool> = samples.iter().map(|sample| sample.rx_bps.is_some()).collect();
        assert_eq!(rates, [false, true, false, true], "no rate between two sessions");
        assert!(samples[2].rx_bytes < samples[1].rx_bytes, "the counters began again: {samples:?}");
    }
}

#[tokio::test]
async fn a_session_replaced_between_two_polls_is_one_drop_of_a_radius_user() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (router, link) = one_user(&mut place, PppUser::radius("acme@isp.example").service("l2tp")).await;
        place.sample().await;
        place.probe_for(2).await;
        place.pass(10);
        router.ppp_disconnect("acme@isp.example");
        place.pass(5);
        router.ppp_connect("acme@isp.example");
        place.pass(15);
        place.probe().await;
        // Nobody knows when the session before ended: after the last poll, and before the new one began.
        let expected = [(0, 60, Up, None), (60, 75, Down, Some("session_ended")), (75, 90, Up, None)];
        about(&place.line(link).await, &expected);
        assert_eq!(place.store.outages(link, 0, i64::MAX / 2).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn an_unreachable_router_stays_unknown_until_the_session_itself_tells() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (router, link) = one_user(&mut place, PppUser::new("acme")).await;
        place.sample().await;
        router.unreachable(true);
        router.settled().await;
        place.probe_for(10).await;
        let line = place.line(link).await;
        assert_eq!(line, [(0, 300, Unknown, Some("router_unreachable".to_owned()))]);
        router.unreachable(false);
        router.settled().await;
        place.probe_for(1).await;
        about(&place.line(link).await, &[(0, 330, Up, None)]);
        // A session that was replaced meanwhile: the logout dates the outage, what was before it nobody knows.
        router.unreachable(true);
        router.settled().await;
        place.probe_for(5).await;
        router.ppp_disconnect("acme");
        place.pass(40);
        router.ppp_connect("acme");
        place.probe_for(3).await;
        router.unreachable(false);
        router.settled().await;
        place.probe_for(1).await;
        let line = place.line(link).await;
        let expected = [
            (0, 330, Up, None),
            (330, 480, Unknown, Some("router_unreachable")),
            (480, 520, Down, Some("session_ended")),
            (520, 640, Up, None),
        ];
        about(&line, &expected);
    }
}

#[tokio::test]
async fn a_user_with_two_sessions_is_up_while_one_of_them_lasts() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (router, link) = one_user(&mut place, PppUser::new("acme")).await;
        place.sample().await;
        place.pass(150);
        // Its interface is called <pppoe-acme-1>.
        router.ppp_connect("acme");
        place.pass(150);
        place.sample().await;
        place.probe_for(1).await;
        router.ppp_disconnect("acme");
        place.probe_for(1).await;
        place.pass(240);
        place.sample().await;
        place.pass(300);
        place.sample().await;
        about(&place.line(link).await, &[(0, 900, Up, None)]);
        let samples = place.samples(link).await;
        let rates: Vec<bool> = samples.iter().map(|sample| sample.rx_bps.is_some()).collect();
        assert_eq!(
            rates,
            [false, true, false, true],
            "the second session has counters of its own: {samples:?}"
        );
        router.ppp_disconnect("acme");
        place.probe_for(1).await;
        assert_eq!(place.store.latest(link).await.unwrap().unwrap().state, Down);
    }
}

/// The routers' rounds are not all at one moment: what one says is older than what the next one adds.
async fn rounds(place: &Place, rounds: usize) {
    for _ in 0..rounds {
        for seconds in [20, 10] {
            place.pass(seconds);
            place.probe().await;
        }
    }
}

#[tokio::test]
async fn a_user_who_moves_to_another_router_of_the_company_stays_up_there() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (home, link) = one_user(&mut place, PppUser::radius("acme")).await;
        let (other, _) = serve(&mut place, "other", Vec::new()).await;
        place.sample().await;
        rounds(&place, 2).await;
        place.pass(10);
        home.ppp_disconnect("acme");
        place.pass(4);
        other.ppp_connect("acme");
        place.pass(16);
        // Both orders of the two rounds occur; after the second all is said.
        rounds(&place, 3).await;
        let line = place.line(link).await;
        let (down, up) = (place.seconds(link, Down).await, place.seconds(link, Up).await);
        assert!(down <= 15 && up >= 150, "{line:?}");
        assert_eq!(place.store.latest(link).await.unwrap().unwrap().state, Up);
        // Its own router is away: the other one still has the session.
        home.unreachable(true);
        home.settled().await;
        rounds(&place, 4).await;
        assert_eq!(
            place.store.latest(link).await.unwrap().unwrap().state,
            Up,
            "{:?}",
            place.line(link).await
        );
        home.unreachable(false);
        home.settled().await;
        rounds(&place, 2).await;
        // The router that has the session does not answer: nobody knows, whatever the link's own router says.
        other.unreachable(true);
        other.settled().await;
        rounds(&place, 3).await;
        let latest = place.store.latest(link).await.unwrap().unwrap();
        assert_eq!((latest.state, latest.cause.as_deref()), (Unknown, Some("router_unreachable")));
        other.unreachable(false);
        other.settled().await;
        rounds(&place, 2).await;
        assert_eq!(place.store.latest(link).await.unwrap().unwrap().state, Up);
        other.ppp_disconnect("acme");
        rounds(&place, 3).await;
        let latest = place.store.latest(link).await.unwrap().unwrap();
        assert_eq!((latest.state, latest.cause.as_deref()), (Down, Some("session_ended")));
    }
}

#[tokio::test]
async fn a_user_who_was_never_seen_is_not_down() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (router, link) = one_user(&mut place, PppUser::new("acme").offline()).await;
        let summary = place.sample().await;
        let [error] = summary.link_errors.as_slice() else { panic!("{summary:?}") };
        assert!(error.error.contains("PPP user \"acme\""), "{error:?}");
        place.probe_for(3).await;
        let missing = place.store.missing_ports(START_MS + 100_000).await.unwrap();
        assert_eq!(missing.iter().map(|port| port.link_id).collect::<Vec<_>>(), [link]);
        assert_eq!(place.seconds(link, Down).await, 0);
        router.ppp_connect("acme");
        place.probe_for(2).await;
        assert_eq!(place.store.latest(link).await.unwrap().unwrap().state, Up);
        router.ppp_disconnect("acme");
        place.probe_for(1).await;
        assert_eq!(place.store.latest(link).await.unwrap().unwrap().state, Down);
    }
}

#[tokio::test]
async fn a_restart_of_the_router_is_its_own_outage_of_every_session() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (router, link) = one_user(&mut place, PppUser::new("acme")).await;
        place.sample().await;
        place.probe_for(2).await;
        router.reboot(Duration::from_secs(50));
        router.settled().await;
        place.probe_for(1).await;
        place.pass(25);
        router.settled().await;
        router.ppp_connect("acme");
        place.pass(5);
        place.probe().await;
        place.probe_for(1).await;
        let line = place.line(link).await;
        let reboot = line.iter().filter(|span| span.3.as_deref() == Some("router_reboot"));
        assert_eq!(reboot.count(), 1, "{line:?}");
        let down = place.seconds(link, Down).await;
        assert!((25..=56).contains(&down), "{down} s: {line:?}");
        assert_eq!(place.store.latest(link).await.unwrap().unwrap().state, Up);
    }
}

#[tokio::test]
async fn a_link_that_named_the_interface_of_a_session_goes_on_when_it_names_the_user() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (_router, id) = serve(&mut place, "edge", vec![PppUser::new("acme")]).await;
        let link = place.link(id, "C-1", "<pppoe-acme>", None).await;
        place.sample().await;
        place.probe_for(2).await;
        let (before, shown) = place.store.shown_link(&store::StaffScope::All, link).await.unwrap();
        let act = store::StaffAct {
            scope: &store::StaffScope::All,
            actor: "test",
            address: None,
            now_ms: START_MS + 60_000,
        };
        let fields = store::LinkFields { interface: "ppp:acme", ..fields_of(&before) };
        place.store.staff_edit_link(&act, (link, &shown), &fields).await.unwrap();
        place.probe_for(2).await;
        about(&place.line(link).await, &[(0, 120, Up, None)]);
    }
}

fn fields_of(link: &store::Link) -> store::LinkFields<'_> {
    store::LinkFields {
        interface: &link.interface,
        circuit: &link.circuit,
        service_ref: link.service_ref.as_deref(),
        kind: &link.kind,
        committed_bps: link.committed_bps,
        probe_target: link.probe_target.as_deref(),
        facing: link.facing,
        site: link.site.as_deref(),
        measured_from_ms: None,
    }
}

#[tokio::test]
async fn a_router_is_asked_for_its_sessions_once_a_round_and_only_if_links_name_users() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let users: Vec<PppUser> = (0..50).map(|number| PppUser::new(&format!("user{number}"))).collect();
        let (router, id) = serve(&mut place, "edge", users).await;
        let listings = |router: &SimRouter| {
            router.served().iter().filter(|served| matches!(served, Served::PppSessions { .. })).count()
        };
        place.link(id, "E-1", "<pppoe-user0>", None).await;
        place.sample().await;
        assert_eq!(listings(&router), 0);
        for number in 1..50 {
            place.link(id, &format!("C-{number}"), &format!("ppp:user{number}"), None).await;
        }
        place.pass(30);
        place.restart();
        let summary = place.sample().await;
        assert_eq!((summary.samples, summary.errors.len()), (50, 0), "{summary:?}");
        assert_eq!(listings(&router), 1);
    }
}

#[tokio::test]
async fn a_ppp_user_carries_one_link_within_the_company() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (_home, _) = one_user(&mut place, PppUser::new("acme")).await;
        let (_other, other) = serve(&mut place, "other", Vec::new()).await;
        let new = store::NewLink {
            client_id: place.client_id(),
            router_id: other,
            interface: "ppp:acme",
            circuit: "C-2",
            service_ref: None,
            kind: "broadband",
            committed_bps: 1_000_000,
            probe_target: None,
            facing: store::Facing::Customer,
            site: None,
            activated_at_ms: START_MS,
            terminated_at_ms: None,
        };
        let error = place.store.insert_link(&new).await.unwrap_err();
        assert!(matches!(error, store::StoreError::Duplicate { field: "router interface", .. }), "{error:?}");
        place.store.insert_link(&store::NewLink { interface: "ppp:other", ..new }).await.unwrap();
    }
}

#[tokio::test]
async fn a_user_of_the_user_database_who_moves_is_not_down_for_longer_than_the_move() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (home, link) = one_user(&mut place, PppUser::new("acme")).await;
        let (other, _) = serve(&mut place, "other", Vec::new()).await;
        place.sample().await;
        rounds(&place, 2).await;
        place.pass(3);
        home.ppp_disconnect("acme");
        place.pass(2);
        other.ppp_connect("acme");
        place.pass(15);
        rounds(&place, 3).await;
        let line = place.line(link).await;
        // At the very most from the last poll that saw it here to the start of the session there.
        assert!(place.seconds(link, Down).await <= 5, "{line:?}");
        assert_eq!(place.seconds(link, Unknown).await, 0, "{line:?}");
        // Down for good: the logout dates it, once no other router has the user.
        other.ppp_disconnect("acme");
        home.ppp_connect("acme");
        rounds(&place, 3).await;
        place.pass(5);
        home.ppp_disconnect("acme");
        let down_ms = place.true_ms();
        place.pass(5);
        rounds(&place, 3).await;
        let outages = place.store.outages(link, 0, i64::MAX / 2).await.unwrap();
        let last = outages.last().unwrap();
        assert!(last.to_ms.is_none() && (last.from_ms - down_ms).abs() <= 1_500, "{down_ms}: {outages:?}");
    }
}

#[tokio::test]
async fn an_outage_that_lasts_over_a_stop_of_the_collector_is_known_from_the_last_logout() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (router, link) = one_user(&mut place, PppUser::new("acme")).await;
        place.sample().await;
        place.probe_for(1).await;
        router.ppp_disconnect("acme");
        place.probe_for(2).await;
        place.pass(3_600);
        place.restart();
        place.probe().await;
        about(&place.line(link).await, &[(0, 30, Up, None), (30, 3_690, Down, Some("session_ended"))]);
    }
}
