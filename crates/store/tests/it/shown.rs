//! Saves that rest on what a form showed: of two that rest on the same, one is refused, and the log says who was first.

use secrecy::SecretString;
use store::{AuditSubject, CompanyEdit, RouterFields, RouterTls, Shown, StaffAct, StaffScope, StoreError};

use crate::database::on_both;
use crate::fixture::{START_MS, isp};

fn by<'a>(scope: &'a StaffScope, actor: &'a str) -> StaffAct<'a> {
    StaffAct { scope, actor, address: None, now_ms: START_MS + 9 }
}

/// One is done, the other was overtaken.
fn one_of_two(answers: [Result<(), StoreError>; 2]) {
    let changed = answers.iter().filter(|answer| matches!(answer, Err(StoreError::Changed { .. }))).count();
    let done = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!((done, changed), (1, 1), "{answers:?}");
}

on_both! {
    async fn of_two_saves_at_once_one_is_refused(db) {
        let isp = isp(&db.store).await;
        let (all, store) = (StaffScope::All, &db.store);
        let (ann, bob) = (by(&all, "staff:ann"), by(&all, "staff:bob"));
        let (_, shown) = store.shown_client(&all, isp.clients[0]).await.unwrap();
        let of = (isp.clients[0], &shown);
        let both = tokio::join!(store.staff_rename_client(&ann, of, "Ann's"), store.staff_rename_client(&bob, of, "Bob's"));
        one_of_two([both.0, both.1]);
        let (_, shown) = store.shown_company(&all, isp.company).await.unwrap();
        let of = (isp.company, &shown);
        let edit = |phone| CompanyEdit { support_phone: Some(Some(phone)), ..CompanyEdit::default() };
        let (one, two) = (edit("1"), edit("2"));
        let both = tokio::join!(store.staff_edit_company(&ann, of, &one), store.staff_edit_company(&bob, of, &two));
        one_of_two([both.0.map(|_| ()), both.1.map(|_| ())]);
        let (_, shown) = store.shown_link(&all, isp.links[0]).await.unwrap();
        let of = (isp.links[0], &shown);
        let both = tokio::join!(
            store.staff_retire_link(&ann, of, Some(START_MS * 2)),
            store.staff_retire_link(&bob, of, Some(START_MS * 3))
        );
        one_of_two([both.0, both.1]);
    }

    /// A password is not shown, and yet it is overwritten by whoever did not know of the other.
    async fn a_routers_password_counts_as_shown(db) {
        let isp = isp(&db.store).await;
        let (all, store) = (StaffScope::All, &db.store);
        let (router, shown) = store.shown_router(&all, isp.router).await.unwrap();
        let fields = RouterFields { name: &router.name, address: &router.address, port: router.port, username: &router.username,
            tls: router.tls.clone() };
        let (one, two) = (SecretString::from("first".to_owned()), SecretString::from("second".to_owned()));
        let of = (isp.router, &shown);
        store.staff_edit_router(&by(&all, "staff:ann"), of, &fields, Some(&one)).await.unwrap();
        let answer = store.staff_edit_router(&by(&all, "staff:bob"), of, &fields, Some(&two)).await;
        assert!(matches!(answer, Err(StoreError::Changed { what: "router" })), "{answer:?}");
        let subject = AuditSubject { company: Some(isp.company), kind: "router", id: isp.router.0, name: &router.name };
        let told = store.staff_changes_since(&all, subject, &shown).await.unwrap();
        let told: Vec<_> = told.iter().map(|record| (record.event.action.as_str(), record.event.actor.as_str())).collect();
        assert_eq!(told, [("router.password", "staff:ann")]);
    }

    async fn who_changed_it_is_told_under_every_name_it_had_and_to_nobody_else(db) {
        let isp = isp(&db.store).await;
        let (all, store) = (StaffScope::All, &db.store);
        let (first, shown) = store.shown_router(&all, isp.router).await.unwrap();
        let mut fields = RouterFields { name: "one", address: &first.address, port: first.port, username: "u2", tls: RouterTls::Off };
        let (secret, act) = (SecretString::from("first".to_owned()), by(&all, "staff:ann"));
        store.staff_edit_router(&act, (isp.router, &shown), &fields, Some(&secret)).await.unwrap();
        let (_, later) = store.shown_router(&all, isp.router).await.unwrap();
        fields.name = "two";
        store.staff_edit_router(&act, (isp.router, &later), &fields, Some(&secret)).await.unwrap();
        // Another of the same kind, and the first name, which is free again.
        let (_, other) = store.shown_client(&all, isp.clients[0]).await.unwrap();
        store.staff_rename_client(&act, (isp.clients[0], &other), "router one").await.unwrap();
        let subject = AuditSubject { company: Some(isp.company), kind: "router", id: isp.router.0, name: "two" };
        let told = async |shown: &Shown| -> Vec<String> {
            let told = store.staff_changes_since(&all, subject, shown).await.unwrap();
            told.into_iter().map(|record| record.event.action).collect()
        };
        assert_eq!(told(&shown).await, ["router.edit", "router.password", "router.edit", "router.password"]);
        assert_eq!(told(&later).await, ["router.edit", "router.password"]);
        let company = store.insert_company("Second Brand", "UTC", "EUR", START_MS).await.unwrap();
        let theirs = StaffScope::Companies([company].into());
        let answer = store.staff_changes_since(&theirs, subject, &shown).await;
        assert!(matches!(answer, Err(StoreError::NotFound { .. })), "{answer:?}");
        for found in [store.shown_router(&theirs, isp.router).await.map(|_| ()), store.shown_client(&theirs, isp.clients[0]).await.map(|_| ()),
            store.shown_link(&theirs, isp.links[0]).await.map(|_| ()), store.shown_company(&theirs, isp.company).await.map(|_| ()),
            store.shown_terms(&theirs, isp.links[0]).await.map(|_| ())] {
            assert!(matches!(found, Err(StoreError::NotFound { .. })), "{found:?}");
        }
    }
}
