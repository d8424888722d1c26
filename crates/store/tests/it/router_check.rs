use std::collections::BTreeSet;

use secrecy::SecretString;
use store::{
    CompanyId, FOUND_CHARS_MAX, FOUND_INTERFACES_MAX, FoundInterface, FoundStep, ROUTER_CHECK_WAIT_MS,
    ROUTER_CHECKS_WAITING_MAX, RouterAsked, RouterFields, RouterFindings, RouterId, RouterTls, StaffAct,
    StaffScope, Store, StoreError,
};

use crate::database::{key, on_both};
use crate::fixture::{START_MS, insert_router, isp};

fn act(scope: &StaffScope, now_ms: i64) -> StaffAct<'_> {
    StaffAct { scope, actor: "staff:noc", address: None, now_ms }
}

async fn ask(store: &Store, id: RouterId, now_ms: i64) -> RouterAsked {
    store.staff_ask_router(&act(&StaffScope::All, now_ms), id).await.unwrap()
}

fn found(name: &str) -> RouterFindings {
    RouterFindings {
        steps: vec![FoundStep { name: "login".to_owned(), ok: true, detail: "in\0".to_owned() }],
        interfaces: vec![FoundInterface {
            name: name.to_owned(),
            kind: "ether".to_owned(),
            running: Some(true),
            disabled: false,
            comment: "Küche\0".to_owned(),
        }],
        has_more: false,
    }
}

async fn answer(store: &Store, findings: RouterFindings, now_ms: i64) -> bool {
    let wanted = store.wanted_checks(now_ms).await.unwrap().remove(0);
    store.answer_check(&wanted, findings, now_ms).await.unwrap()
}

on_both! {
    /// What a page shows must be what the router said, and no wish may work a router twice.
    async fn a_wish_stands_once_until_it_is_answered(db) {
        let isp = isp(&db.store).await;
        assert_eq!(db.store.staff_router_check(&StaffScope::All, isp.router).await.unwrap(), None);
        assert_eq!(ask(&db.store, isp.router, START_MS).await, RouterAsked::Wanted);
        assert_eq!(ask(&db.store, isp.router, START_MS + 1).await, RouterAsked::Already);
        let wanted = db.store.wanted_checks(START_MS + 2).await.unwrap();
        assert_eq!(wanted.len(), 1);
        assert_eq!((wanted[0].router.id, wanted[0].wanted_at_ms), (isp.router, START_MS));
        assert_eq!(wanted[0].probe_target.as_deref(), Some("198.51.100.9"));
        assert!(db.store.answer_check(&wanted[0], found("ether1"), START_MS + 3).await.unwrap());
        assert!(db.store.wanted_checks(START_MS + 4).await.unwrap().is_empty());
        assert!(!db.store.answer_check(&wanted[0], found("other"), START_MS + 5).await.unwrap(), "answered twice");
        let check = db.store.staff_router_check(&StaffScope::All, isp.router).await.unwrap().unwrap();
        assert!(!check.is_awaited(START_MS + 6));
        assert_eq!((check.wanted_at_ms, check.wanted_by.as_str()), (START_MS, "staff:noc"));
        let mut kept = found("ether1");
        // What steers a terminal is not kept; a name is, since the interface is asked for by it.
        kept.steps[0].detail = "in\u{fffd}".to_owned();
        kept.interfaces[0].comment = "Küche\u{fffd}".to_owned();
        assert_eq!(check.answer, Some((START_MS + 3, kept)));
        // The next question leaves the answer until there is another.
        assert_eq!(ask(&db.store, isp.router, START_MS + 7).await, RouterAsked::Wanted);
        let check = db.store.staff_router_check(&StaffScope::All, isp.router).await.unwrap().unwrap();
        assert!(check.is_awaited(START_MS + 8) && check.answer.is_some());
        let events = db.store.audit_events(None, 10).await.unwrap();
        let told = events.iter().map(|event| (event.event.action.as_str(), event.event.subject.as_str()));
        assert_eq!(told.collect::<Vec<_>>(), [("router.test", "router edge-1"); 2], "one event for each wish");
    }

    /// A collector that is away must not leave a page waiting, nor come back to questions of last week.
    async fn a_wish_that_nobody_answers_is_over(db) {
        let isp = isp(&db.store).await;
        ask(&db.store, isp.router, START_MS).await;
        let wanted = db.store.wanted_checks(START_MS).await.unwrap().remove(0);
        let over_ms = START_MS + ROUTER_CHECK_WAIT_MS;
        let check = db.store.staff_router_check(&StaffScope::All, isp.router).await.unwrap().unwrap();
        assert!(check.is_awaited(over_ms - 1) && !check.is_awaited(over_ms));
        assert!(db.store.wanted_checks(over_ms).await.unwrap().is_empty());
        assert!(db.store.wanted_checks(START_MS - ROUTER_CHECK_WAIT_MS - 1).await.unwrap().is_empty(), "set back");
        assert_eq!(ask(&db.store, isp.router, over_ms).await, RouterAsked::Wanted);
        assert!(!db.store.answer_check(&wanted, found("late"), over_ms).await.unwrap(), "of the wish before");
        assert!(answer(&db.store, found("ether1"), over_ms + 1).await);
    }

    /// Interfaces of the router that stood at another address are none of this one's.
    async fn an_answer_from_another_address_is_none(db) {
        let isp = isp(&db.store).await;
        ask(&db.store, isp.router, START_MS).await;
        assert!(answer(&db.store, found("ether1"), START_MS + 1).await);
        let fields = RouterFields {
            name: "edge-1", address: "192.0.2.2", port: 8728, username: "u", tls: RouterTls::Off,
        };
        let password = SecretString::from("another");
        let edit = act(&StaffScope::All, START_MS + 2);
        let (_, shown) = db.store.shown_router(&StaffScope::All, isp.router).await.unwrap();
        db.store.staff_edit_router(&edit, (isp.router, &shown), &fields, Some(&password)).await.unwrap();
        let check = db.store.staff_router_check(&StaffScope::All, isp.router).await.unwrap().unwrap();
        assert_eq!(check.answer, None);
    }

    async fn what_is_out_of_the_scope_is_asked_nothing(db) {
        let isp = isp(&db.store).await;
        ask(&db.store, isp.router, START_MS).await;
        let foreign = StaffScope::Companies(BTreeSet::from([CompanyId(isp.company.0 + 1)]));
        let absent = |outcome: Result<(), StoreError>| {
            assert!(matches!(outcome, Err(StoreError::NotFound { what: "router" })), "{outcome:?}");
        };
        for id in [isp.router, RouterId(987_654)] {
            absent(db.store.staff_ask_router(&act(&foreign, START_MS), id).await.map(drop));
            absent(db.store.staff_router_check(&foreign, id).await.map(drop));
            absent(db.store.staff_interfaces_in_use(&foreign, id, START_MS).await.map(drop));
        }
        assert_eq!(db.store.audit_events(None, 10).await.unwrap().len(), 1);
    }

    async fn no_more_routers_are_waited_for_than_may_be(db) {
        let isp = isp(&db.store).await;
        let other = Store::open(&db.location, Some(key())).await.unwrap();
        for n in 0..ROUTER_CHECKS_WAITING_MAX {
            let router = insert_router(&db.store, isp.company, &format!("full-{n}")).await;
            assert_eq!(ask(&other, router, START_MS).await, RouterAsked::Wanted);
        }
        assert_eq!(ask(&db.store, isp.router, START_MS).await, RouterAsked::Full);
        assert!(answer(&other, found("ether1"), START_MS).await);
        assert_eq!(ask(&db.store, isp.router, START_MS).await, RouterAsked::Wanted, "an answer made room");
        db.store.set_router_active(isp.router, false).await.unwrap();
        assert_eq!(ask(&db.store, isp.router, START_MS).await, RouterAsked::NotPolled);
        let wanted = db.store.wanted_checks(START_MS).await.unwrap();
        assert!(wanted.iter().all(|wanted| wanted.router.id != isp.router), "one that is not polled is not asked");
        other.close().await;
    }

    /// A hostile router must not fill the database.
    async fn what_a_router_says_is_cut(db) {
        let isp = isp(&db.store).await;
        ask(&db.store, isp.router, START_MS).await;
        let long = "ü".repeat(FOUND_CHARS_MAX * 3);
        let mut findings = found(&long);
        let one = findings.interfaces[0].clone();
        findings.interfaces = vec![one; FOUND_INTERFACES_MAX + 1];
        assert!(answer(&db.store, findings, START_MS).await);
        let check = db.store.staff_router_check(&StaffScope::All, isp.router).await.unwrap().unwrap();
        let (_, findings) = check.answer.unwrap();
        assert!(findings.has_more);
        assert_eq!(findings.interfaces.len(), FOUND_INTERFACES_MAX);
        assert_eq!(findings.interfaces[0].name.chars().count(), FOUND_CHARS_MAX);
    }

    async fn interfaces_in_use_are_those_under_contract(db) {
        let isp = isp(&db.store).await;
        db.store.terminate_link(isp.links[1], START_MS, START_MS).await.unwrap();
        let used = db.store.staff_interfaces_in_use(&StaffScope::All, isp.router, START_MS).await.unwrap();
        let names: Vec<_> = used.iter().map(|(_, circuit, name)| (circuit.as_str(), name.as_str())).collect();
        assert_eq!(names, [("C-0", "ether0"), ("C-2", "ether2"), ("C-3", "ether3")]);
    }
}
