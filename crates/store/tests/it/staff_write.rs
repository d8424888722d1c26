//! Changes by people of the ISP: within their scope, and each with what was and what is.

use secrecy::{ExposeSecret, SecretString};
use sla::ExclusionKind;
use store::{
    CompanyEdit, DownWhen, Facing, LinkFields, LinkId, LinkTerms, NewExclusion, NewRouter, NewSession,
    RouterFields, RouterTls, SessionUser, StaffAct, StaffScope, StoreError,
};

use crate::database::{Db, on_both};
use crate::fixture::{DAY_MS, START_MS, insert_router, isp, new_link};

fn act(scope: &StaffScope) -> StaffAct<'_> {
    StaffAct { scope, actor: "staff:ravi", address: Some("198.51.100.7"), now_ms: START_MS + 9 }
}

fn terms(link_id: LinkId, valid_from_ms: i64, uptime: &str) -> LinkTerms {
    let down_when = DownWhen::Interface;
    LinkTerms {
        link_id,
        valid_from_ms,
        uptime_pct: Some(uptime.to_owned()),
        latency_ms: None,
        loss_pct: None,
        down_when,
    }
}

/// Action, and what was and is, of the newest event.
async fn newest(db: &Db) -> (String, serde_json::Value, serde_json::Value) {
    let event = db.store.audit_events(None, 1).await.unwrap().remove(0).event;
    assert_eq!(
        (event.actor.as_str(), event.address.as_deref(), event.at_ms),
        ("staff:ravi", Some("198.51.100.7"), START_MS + 9)
    );
    (event.action, event.detail["before"].clone(), event.detail["after"].clone())
}

fn not_found<T: std::fmt::Debug>(answer: Result<T, StoreError>) {
    assert!(matches!(answer, Err(StoreError::NotFound { .. })), "{answer:?}");
}

on_both! {
    async fn a_client_is_entered_renamed_and_retired(db) {
        let isp = isp(&db.store).await;
        let scope = StaffScope::Companies([isp.company].into());
        let id = db.store.staff_add_client(&act(&scope), isp.company, "Cobalt").await.unwrap();
        let (action, before, after) = newest(db).await;
        assert_eq!((action.as_str(), &before, &after["name"]), ("client.add", &serde_json::Value::Null, &"Cobalt".into()));
        let error = db.store.staff_add_client(&act(&scope), isp.company, "Cobalt").await.unwrap_err();
        assert!(matches!(error, StoreError::Duplicate { field: "name", .. }), "{error:?}");
        db.store.staff_rename_client(&act(&scope), id, "Cobalt Ltd").await.unwrap();
        let (action, before, after) = newest(db).await;
        assert_eq!((action.as_str(), &before["name"], &after["name"]), ("client.edit", &"Cobalt".into(), &"Cobalt Ltd".into()));
        let user = db.store.insert_portal_user(id, "cora", "c@cobalt.example", "hash", START_MS).await.unwrap();
        let session = NewSession { user: SessionUser::Portal(user), token_hash: [1; 32], created_at_ms: START_MS,
            expires_at_ms: START_MS + DAY_MS, address: None, user_agent: None, second_factor: false };
        db.store.insert_session(&session).await.unwrap();
        db.store.staff_retire_client(&act(&scope), id).await.unwrap();
        assert!(db.store.session(&[1; 32], START_MS).await.unwrap().is_none(), "its people are out");
        assert!(!db.store.portal_user(user).await.unwrap().active);
        assert_eq!(newest(db).await.2["retired_at_ms"], START_MS + 9);
        not_found(db.store.staff_retire_client(&act(&scope), id).await);
        let error = db.store.staff_retire_client(&act(&scope), isp.clients[0]).await.unwrap_err();
        assert!(error.to_string().contains("2 links"), "{error}");
    }

    async fn nothing_is_changed_outside_of_the_scope(db) {
        let isp = isp(&db.store).await;
        let company = db.store.insert_company("Second Brand", "UTC", "EUR", START_MS).await.unwrap();
        let client = db.store.insert_client(company, "Zenith", START_MS).await.unwrap();
        let router = insert_router(&db.store, company, "core-9").await;
        let exclusion = NewExclusion { link_id: isp.links[0], from_ms: START_MS, to_ms: None, kind: ExclusionKind::Suspension,
            reason: "unpaid", entered_by: "staff:zed" };
        let theirs = db.store.insert_exclusions(std::slice::from_ref(&exclusion), START_MS).await.unwrap()[0];
        let before = db.number("SELECT COUNT(*) FROM audit_events").await;
        let scope = StaffScope::Companies([company].into());
        let (act, store) = (act(&scope), &db.store);
        not_found(store.staff_add_client(&act, isp.company, "New").await);
        not_found(store.staff_rename_client(&act, isp.clients[0], "New").await);
        not_found(store.staff_retire_client(&act, isp.clients[0]).await);
        not_found(store.staff_edit_company(&act, isp.company, &CompanyEdit { name: Some("New"), ..CompanyEdit::default() }).await);
        not_found(store.staff_poll_router(&act, isp.router, false).await);
        let fields = RouterFields { name: "new", address: "192.0.2.9", port: 1, username: "u", tls: RouterTls::Off };
        not_found(store.staff_edit_router(&act, isp.router, &fields, None).await);
        let mut link = new_link(isp.clients[0], router, "N-1", "ether9");
        not_found(store.staff_add_link(&act, &link, &terms(LinkId(0), START_MS, "99")).await);
        link.client_id = client;
        link.router_id = isp.router;
        not_found(store.staff_add_link(&act, &link, &terms(LinkId(0), START_MS, "99")).await);
        not_found(store.staff_retire_link(&act, isp.links[0], START_MS).await);
        not_found(store.staff_add_terms(&act, &terms(isp.links[0], START_MS, "99")).await);
        not_found(store.staff_add_exclusion(&act, &exclusion).await);
        not_found(store.staff_end_exclusion(&act, theirs, START_MS + 1).await);
        not_found(store.staff_remove_exclusion(&act, theirs).await);
        assert_eq!(db.number("SELECT COUNT(*) FROM audit_events").await, before, "an event of what was refused");
        let all = StaffScope::All;
        let error = store.staff_add_link(&StaffAct { scope: &all, ..act }, &link, &terms(LinkId(0), START_MS, "99")).await.unwrap_err();
        assert!(error.to_string().contains("different companies"), "{error}");
    }

    async fn a_routers_password_is_sealed_and_in_no_event(db) {
        let isp = isp(&db.store).await;
        let (scope, store) = (StaffScope::All, &db.store);
        let password = SecretString::from("hunter2 hunter2".to_owned());
        let new = NewRouter { company_id: isp.company, name: "edge-2", address: "192.0.2.2", port: 8728, username: "u",
            password: &password, tls: RouterTls::Off };
        let id = store.staff_add_router(&act(&scope), &new).await.unwrap();
        assert_eq!(store.router_password(id).await.unwrap().expose_secret(), "hunter2 hunter2");
        let fields = RouterFields { name: "edge-2b", address: "192.0.2.2", port: 8729, username: "u", tls: RouterTls::Pinned([7; 32]) };
        store.staff_edit_router(&act(&scope), id, &fields, None).await.unwrap();
        let (action, before, after) = newest(db).await;
        assert_eq!((action.as_str(), &before["name"], &after["port"]), ("router.edit", &"edge-2".into(), &8729.into()));
        assert_eq!(store.router_password(id).await.unwrap().expose_secret(), "hunter2 hunter2", "stays");
        let other = SecretString::from("swordfish 42".to_owned());
        store.staff_edit_router(&act(&scope), id, &fields, Some(&other)).await.unwrap();
        assert_eq!(newest(db).await.0, "router.password");
        assert_eq!(store.router_password(id).await.unwrap().expose_secret(), "swordfish 42");
        let told = serde_json::to_string(&store.audit_events(None, 100).await.unwrap()).unwrap();
        assert!(!told.contains("hunter2") && !told.contains("swordfish"), "{told}");
        store.staff_poll_router(&act(&scope), id, false).await.unwrap();
        assert!(!store.router(id).await.unwrap().active);
        let error = store.staff_poll_router(&act(&scope), isp.router, false).await.unwrap_err();
        assert!(error.to_string().contains("4 links"), "{error}");
    }

    async fn a_link_is_entered_changed_and_retired(db) {
        let isp = isp(&db.store).await;
        let (scope, store) = (StaffScope::Companies([isp.company].into()), &db.store);
        let new = new_link(isp.clients[0], isp.router, "N-1", "ether9");
        let id = store.staff_add_link(&act(&scope), &new, &terms(LinkId(0), new.activated_at_ms, "99.5")).await.unwrap();
        assert_eq!(newest(db).await.0, "terms.add");
        assert_eq!(store.staff_terms(&scope, id).await.unwrap().len(), 1);
        let fields = LinkFields { interface: "ether9", circuit: "N-2", service_ref: None, kind: "MPLS", committed_bps: 5,
            probe_target: None, facing: Facing::Upstream, site: Some("Pune") };
        store.staff_edit_link(&act(&scope), id, &fields).await.unwrap();
        let (action, before, after) = newest(db).await;
        assert_eq!((action.as_str(), &before["circuit"], &after["circuit"]), ("link.edit", &"N-1".into(), &"N-2".into()));
        let taken = LinkFields { circuit: "C-0", ..fields.clone() };
        let error = store.staff_edit_link(&act(&scope), id, &taken).await.unwrap_err();
        assert!(matches!(error, StoreError::Duplicate { field: "circuit", .. }), "{error:?}");
        let taken = LinkFields { interface: "ether0", ..fields };
        let error = store.staff_edit_link(&act(&scope), id, &taken).await.unwrap_err();
        assert!(matches!(error, StoreError::Duplicate { field: "router interface", .. }), "{error:?}");
        store.staff_add_terms(&act(&scope), &terms(id, START_MS + DAY_MS, "99.9")).await.unwrap();
        let (action, before, after) = newest(db).await;
        assert_eq!((action.as_str(), &before["uptime_pct"], &after["uptime_pct"]), ("terms.add", &"99.5".into(), &"99.9".into()));
        let error = store.staff_add_terms(&act(&scope), &terms(id, START_MS + DAY_MS, "1")).await.unwrap_err();
        assert!(matches!(error, StoreError::Duplicate { .. }), "{error:?}");
        let early = store.staff_retire_link(&act(&scope), id, new.activated_at_ms - 1).await.unwrap_err();
        assert!(matches!(early, StoreError::Invalid { .. }), "{early:?}");
        store.staff_retire_link(&act(&scope), id, START_MS + 9).await.unwrap();
        assert_eq!(newest(db).await.2["terminated_at_ms"], START_MS + 9);
        not_found(store.staff_retire_link(&act(&scope), id, START_MS + 9).await);
        assert!(store.staff_wall(&scope, START_MS + 9).await.unwrap().iter().all(|link| link.id != id));
    }

    async fn an_exclusion_is_entered_ended_and_taken_back(db) {
        let isp = isp(&db.store).await;
        let (scope, store) = (StaffScope::All, &db.store);
        let new = NewExclusion { link_id: isp.links[0], from_ms: START_MS, to_ms: None, kind: ExclusionKind::PlannedMaintenance,
            reason: "fibre", entered_by: "staff:ravi" };
        let id = store.staff_add_exclusion(&act(&scope), &new).await.unwrap();
        assert_eq!(newest(db).await.0, "exclusion.add");
        store.staff_end_exclusion(&act(&scope), id, START_MS + 5).await.unwrap();
        let (action, before, after) = newest(db).await;
        assert_eq!((action.as_str(), &before["to_ms"], &after["to_ms"]), ("exclusion.end", &serde_json::Value::Null, &(START_MS + 5).into()));
        store.staff_remove_exclusion(&act(&scope), id).await.unwrap();
        assert_eq!(newest(db).await.2["removed_by"], "staff:ravi");
        not_found(store.staff_remove_exclusion(&act(&scope), id).await);
    }
}
