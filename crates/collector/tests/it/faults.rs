use std::time::Duration;

use collector::CollectorConfig;
use routeros_sim::{InterfaceSpec, RouterSpec, SimRouter, Tls};
use store::RouterTls;
use tokio::io::AsyncWriteExt;

use crate::engine::databases;
use crate::place::{Place, START_MS, config};
use crate::samples::assert_as_served;

fn edge(name: &str) -> RouterSpec {
    RouterSpec::new(name)
        .interface(InterfaceSpec::ethernet("ether1"))
        .interface(InterfaceSpec::ethernet("ether2"))
}

type Fault = (&'static str, fn(&SimRouter), fn(&SimRouter));

/// A session that was refused its pings asks for none for an hour; the fault after it breaks the session, and the new
/// one asks again.
const NO_TEST_POLICY: &str = "no test policy";

const FAULTS: [Fault; 10] = [
    ("unreachable", |router| router.unreachable(true), |router| router.unreachable(false)),
    ("hang", |router| router.hang(true), |router| router.hang(false)),
    ("black hole", |router| router.black_hole(true), |router| router.black_hole(false)),
    ("drop in mid reply", |router| router.drop_mid_reply(333), |_| {}),
    ("drip", |router| router.drip(200, Duration::from_millis(1)), |router| router.drip(0, Duration::ZERO)),
    ("a word of a gigabyte", |router| router.huge_word(1 << 30), |router| router.huge_word(0)),
    ("a comment of a megabyte", |router| router.huge_word(1 << 20), |router| router.huge_word(0)),
    (NO_TEST_POLICY, |router| router.deny_test_policy(true), |router| router.deny_test_policy(false)),
    ("sessions broken", SimRouter::break_sessions, |_| {}),
    ("counters at nought", |router| assert!(router.reset_counters("ether1")), |_| {}),
];

#[tokio::test]
async fn over_every_fault_what_is_stored_was_served() {
    for database in databases().await {
        let config = CollectorConfig { round_deadline: Duration::from_secs(2), ..config() };
        let mut place = Place::with_config(database, config).await;
        let (router, _, links) = place.router(edge("edge")).await;
        place.sample().await;
        for (fault, begin, end) in FAULTS {
            place.pass(300);
            begin(&router);
            router.settled().await;
            let during = place.sample().await;
            end(&router);
            router.settled().await;
            place.pass(300);
            let after = place.sample().await;
            let errors = (after.errors.len(), after.link_errors.len(), after.ping_errors.len());
            let refused = usize::from(fault == NO_TEST_POLICY);
            assert_eq!(errors, (0, 0, refused), "after {fault}: {after:?}");
            assert_eq!(after.samples, 2, "after {fault}");
            assert!(during.samples == 2 || !during.errors.is_empty(), "{fault}: {during:?}");
        }
        for (n, (link, name)) in links.iter().zip(["ether1", "ether2"]).enumerate() {
            let stored = assert_as_served(&place, &router, *link, name, n).await;
            assert!(stored > FAULTS.len(), "{stored}");
            assert_eq!(
                place.seconds(*link, sla::LinkState::Down).await,
                0,
                "no fault of the router is an outage"
            );
            assert_eq!(
                place.seconds(*link, sla::LinkState::Unknown).await,
                0,
                "evidence told of all of them"
            );
        }
        place.pass(300);
        router.reboot(Duration::from_secs(60));
        router.settled().await;
        let during = place.sample().await;
        assert_eq!((during.samples, during.errors.len()), (0, 1), "{during:?}");
        place.pass(300);
        router.settled().await;
        let back = place.sample().await;
        assert_eq!(back.samples, 2, "after the reboot: {back:?}");
        place.pass(300);
        assert_eq!(place.sample().await.samples, 2, "with rates again");
        for (n, (link, name)) in links.iter().zip(["ether1", "ether2"]).enumerate() {
            assert_as_served(&place, &router, *link, name, n).await;
            let last = place.samples(*link).await;
            let rates: Vec<_> = last[last.len() - 2..].iter().map(|sample| sample.rx_bps.is_some()).collect();
            assert_eq!(rates, [false, true], "no rate across the reboot");
        }
    }
}

#[tokio::test]
async fn a_router_that_hangs_delays_no_other() {
    for database in databases().await {
        let config = CollectorConfig { round_deadline: Duration::from_secs(3_600), ..config() };
        let mut place = Place::with_config(database, config).await;
        let (hung, _, _) = place.router(edge("a-hung")).await;
        let (_well, _, links) = place.router(edge("b-well")).await;
        place.sample().await;
        place.pass(300);
        hung.hang(true);
        // The hung router is let go only when the other one is done: were the other one to wait, nobody would ever be.
        let mut order = Vec::new();
        let summary = place
            .collector
            .once(|done, _| {
                order.push(done);
                if done == 1 {
                    hung.break_sessions();
                }
            })
            .await
            .unwrap();
        assert_eq!(order, [0, 1, 2]);
        assert_eq!(summary.errors.len(), 1);
        assert_eq!(summary.errors[0].0, "a-hung");
        assert_eq!(place.samples(links[0]).await.len(), 2);
    }
}

#[tokio::test]
async fn a_wrong_password_a_wrong_interface_and_a_wrong_target_are_one_line_each() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (_router, id, links) = place.router(edge("edge")).await;
        place.store.terminate_link(links[1], START_MS - 86_400_000, START_MS).await.unwrap();
        place.link(id, "C-8", "ether2", Some("no.such.host")).await;
        place.link(id, "C-9", "ether9", None).await;
        let summary = place.sample().await;
        assert_eq!((summary.links, summary.samples), (2, 2), "the third has no interface to be looked at");
        assert_eq!(summary.errors, [], "the router gave a reading");
        let [target, interface] = summary.link_errors.as_slice() else { panic!("{summary:?}") };
        for (error, circuit, word) in [(target, "C-8", "no.such.host"), (interface, "C-9", "ether9")] {
            assert_eq!((error.router.as_str(), error.circuit.as_str()), ("edge", circuit));
            assert!(error.error.contains(word) && !error.error.contains('\n'), "{error:?}");
        }
        place.store.set_router_password(id, &secrecy::SecretString::from("wrong")).await.unwrap();
        place.restart();
        place.pass(300);
        let summary = place.sample().await;
        let (_, error) = &summary.errors[0];
        assert!(error.contains("refused the login") && !error.contains('\n'), "{error}");
    }
}

/// A router that answers is there: its polls fail for what it answers, which is no outage and no loss of contact.
#[tokio::test]
async fn a_router_that_answers_with_an_error_has_its_own_cause_and_is_never_unreachable() {
    for database in databases().await {
        // The witness would say that our network is gone, but nobody needs to ask it.
        let config = CollectorConfig { witness: Some("witness.invalid:9".to_owned()), ..config() };
        let mut place = Place::with_config(database, config).await;
        let mut reads_nothing = edge("denying");
        reads_nothing.users[0].policies.read = false;
        let denying = place.router(reads_nothing).await;
        let rejecting = place.router(edge("rejecting")).await;
        place.store.set_router_password(rejecting.1, &secrecy::SecretString::from("wrong")).await.unwrap();
        let tls = Tls::self_signed(&["localhost"]).unwrap();
        let untrusted = RouterSpec { tls: Some(tls), ..edge("untrusted") };
        let untrusted = place.router_with(untrusted, RouterTls::Pinned([7; 32])).await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let foreign = place.router_at("foreign", listener.local_addr().unwrap().port(), RouterTls::Off).await;
        let foreign_link = place.link(foreign, "foreign/ether1", "ether1", None).await;
        let greet = async {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.write_all(b"SSH-2.0-ROSSSH\r\n").await;
            }
        };
        tokio::select! { () = greet => unreachable!(), () = place.probe_for(3) => {} }
        for (router, link, cause) in [
            (denying.1, denying.2[0], "permission_denied"),
            (rejecting.1, rejecting.2[0], "login_rejected"),
            (untrusted.1, untrusted.2[0], "tls_error"),
            (foreign, foreign_link, "protocol_error"),
        ] {
            let expected = [(30, 90, sla::LinkState::Unknown, Some(cause.to_owned()))];
            assert_eq!(place.line(link).await, expected);
            let status = place.store.router_status(router).await.unwrap().unwrap();
            assert_eq!((status.reachable, status.cause.as_deref()), (false, Some(cause)));
            assert_eq!(status.cause_since_ms, START_MS + 30_000);
            let latest = place.store.latest(link).await.unwrap().unwrap();
            assert_eq!(latest.cause.as_deref(), Some(cause));
        }
    }
}

#[tokio::test]
async fn trap_02_when_our_own_network_is_gone_no_customer_was_down() {
    // A refused connection proves that the network is there; a name that no server knows proves that none was asked.
    let refusing = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().to_string()
    };
    for (witness, cause) in
        [("witness.invalid:9".to_owned(), "own_network"), (refusing, "router_unreachable")]
    {
        for database in databases().await {
            let config = CollectorConfig { witness: Some(witness.clone()), ..config() };
            let mut place = Place::with_config(database, config).await;
            let (router, _, links) = place.router(edge("edge")).await;
            place.sample().await;
            router.unreachable(true);
            router.settled().await;
            place.probe_for(3).await;
            let expected = [(0, 90, sla::LinkState::Unknown, Some(cause.to_owned()))];
            assert_eq!(place.line(links[0]).await, expected);
            assert!(place.store.outages(links[0], 0, i64::MAX / 2).await.unwrap().is_empty());
        }
    }
}
