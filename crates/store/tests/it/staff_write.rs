//! Changes by people of the ISP: within their scope, and each with what was and what is.

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use sla::ExclusionKind;
use store::{
    AuditEvent, ClientId, CompanyEdit, CompanyId, DownWhen, ExclusionId, Facing, Invitation, LinkFields,
    LinkId, LinkTerms, NewExclusion, NewLink, NewRouter, NewSession, PortalRole, RouterFields, RouterId,
    RouterTls, SessionUser, Shown, StaffAct, StaffScope, StoreError,
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

/// What a form would show now.
async fn shown(db: &Db, what: &str, id: i64) -> Shown {
    let (all, store) = (StaffScope::All, &db.store);
    match what {
        "client" => store.shown_client(&all, ClientId(id)).await.unwrap().1,
        "company" => store.shown_company(&all, CompanyId(id)).await.unwrap().1,
        "router" => store.shown_router(&all, RouterId(id)).await.unwrap().1,
        "link" => store.shown_link(&all, LinkId(id)).await.unwrap().1,
        "terms" => store.shown_terms(&all, LinkId(id)).await.unwrap().1,
        _ => store.shown_exclusion(&all, ExclusionId(id)).await.unwrap(),
    }
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
        db.store.staff_rename_client(&act(&scope), (id, &shown(db, "client", id.0).await), "Cobalt Ltd").await.unwrap();
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
        not_found(store.staff_rename_client(&act, (isp.clients[0], &shown(db, "client", isp.clients[0].0).await), "New").await);
        not_found(store.staff_retire_client(&act, isp.clients[0]).await);
        not_found(store.staff_edit_company(&act, (isp.company, &shown(db, "company", isp.company.0).await), &CompanyEdit { name: Some("New"), ..CompanyEdit::default() }).await);
        not_found(store.staff_poll_router(&act, isp.router, false).await);
        let fields = RouterFields { name: "new", address: "192.0.2.9", port: 1, username: "u", tls: RouterTls::Off };
        not_found(store.staff_edit_router(&act, (isp.router, &shown(db, "router", isp.router.0).await), &fields, None).await);
        let password = SecretString::from("secret".to_owned());
        let new = NewRouter { company_id: isp.company, name: "new", address: "192.0.2.9", port: 1, username: "u", password: &password,
            tls: RouterTls::Off };
        not_found(store.staff_add_router(&act, &new).await);
        let fields = LinkFields { interface: "ether9", circuit: "N-9", service_ref: None, kind: "MPLS", committed_bps: 5,
            probe_target: None, facing: Facing::Upstream, site: None, measured_from_ms: None };
        not_found(store.staff_edit_link(&act, (isp.links[0], &shown(db, "link", isp.links[0].0).await), &fields).await);
        let mut link = new_link(isp.clients[0], router, "N-1", "ether9");
        not_found(store.staff_add_link(&act, &link, &terms(LinkId(0), START_MS, "99"), None).await);
        link.client_id = client;
        link.router_id = isp.router;
        not_found(store.staff_add_link(&act, &link, &terms(LinkId(0), START_MS, "99"), None).await);
        not_found(store.staff_retire_link(&act, (isp.links[0], &shown(db, "link", isp.links[0].0).await), Some(START_MS)).await);
        not_found(store.staff_add_terms(&act, &shown(db, "terms", isp.links[0].0).await, &terms(isp.links[0], START_MS, "99")).await);
        not_found(store.staff_add_exclusion(&act, &exclusion).await);
        not_found(store.staff_end_exclusion(&act, (theirs, &shown(db, "exclusion", theirs.0).await), START_MS + 1).await);
        not_found(store.staff_remove_exclusion(&act, theirs).await);
        assert_eq!(db.number("SELECT COUNT(*) FROM audit_events").await, before, "an event of what was refused");
        let all = StaffScope::All;
        let error = store.staff_add_link(&StaffAct { scope: &all, ..act }, &link, &terms(LinkId(0), START_MS, "99"), None).await.unwrap_err();
        assert!(error.to_string().contains("different companies"), "{error}");
    }

    async fn a_code_page_is_a_routers_own_and_its_change_is_an_event(db) {
        let isp = isp(&db.store).await;
        let scope = StaffScope::All;
        assert_eq!(db.store.router(isp.router).await.unwrap().code_page, None);
        db.store.staff_set_router_code_page(&act(&scope), isp.router, Some("gbk")).await.unwrap();
        assert_eq!(db.store.router(isp.router).await.unwrap().code_page.as_deref(), Some("gbk"));
        let (action, before, after) = newest(db).await;
        assert_eq!(action, "router.edit");
        assert_eq!((&before["code_page"], &after["code_page"]), (&serde_json::Value::Null, &"gbk".into()));
        let events = db.store.audit_events(None, 100).await.unwrap().len();
        db.store.staff_set_router_code_page(&act(&scope), isp.router, Some("gbk")).await.unwrap();
        assert_eq!(db.store.audit_events(None, 100).await.unwrap().len(), events);
        let nobodys = StaffScope::Companies(Default::default());
        let refused = db.store.staff_set_router_code_page(&act(&nobodys), isp.router, None).await;
        assert!(matches!(refused, Err(StoreError::NotFound { .. })));
        db.store.staff_set_router_code_page(&act(&scope), isp.router, None).await.unwrap();
        assert_eq!(db.store.router(isp.router).await.unwrap().code_page, None);
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
        let tls = &RouterTls::Pinned([7; 32]);
        for elsewhere in [("203.0.113.9", 8728, &RouterTls::Off), ("192.0.2.2", 8729, &RouterTls::Off), ("192.0.2.2", 8728, tls)] {
            let (address, port, tls) = (elsewhere.0, elsewhere.1, elsewhere.2.clone());
            let moved = RouterFields { address, port, tls, ..fields.clone() };
            let error = store.staff_edit_router(&act(&scope), (id, &shown(db, "router", id.0).await), &moved, None).await.unwrap_err();
            assert!(matches!(error, StoreError::Invalid { what: "the password", .. }), "sent to {elsewhere:?}: {error:?}");
        }
        assert_eq!(newest(db).await.0, "router.add", "nothing was changed");
        store.staff_edit_router(&act(&scope), (id, &shown(db, "router", id.0).await), &fields, Some(&password)).await.unwrap();
        assert_eq!(newest(db).await.0, "router.password");
        let edit = store.audit_events(None, 2).await.unwrap().remove(1).event;
        assert_eq!((edit.action.as_str(), &edit.detail["before"]["name"], &edit.detail["after"]["port"]), ("router.edit", &"edge-2".into(), &8729.into()));
        let fields = RouterFields { username: "v", ..fields };
        store.staff_edit_router(&act(&scope), (id, &shown(db, "router", id.0).await), &fields, None).await.unwrap();
        assert_eq!((newest(db).await.0.as_str(), store.router_password(id).await.unwrap().expose_secret()), ("router.edit", "hunter2 hunter2"), "stays");
        let other = SecretString::from("swordfish 42".to_owned());
        store.staff_edit_router(&act(&scope), (id, &shown(db, "router", id.0).await), &fields, Some(&other)).await.unwrap();
        assert_eq!(newest(db).await.0, "router.password");
        assert_eq!(store.router_password(id).await.unwrap().expose_secret(), "swordfish 42");
        let told = serde_json::to_string(&store.audit_events(None, 100).await.unwrap()).unwrap();
        assert!(!told.contains("hunter2") && !told.contains("swordfish"), "{told}");
        store.staff_poll_router(&act(&scope), id, false).await.unwrap();
        assert!(!store.router(id).await.unwrap().active);
        let error = store.staff_poll_router(&act(&scope), isp.router, false).await.unwrap_err();
        assert!(error.to_string().contains("4 links"), "{error}");
    }

    async fn a_links_time_counts_from_its_first_poll_or_from_what_was_set(db) {
        let isp = isp(&db.store).await;
        let (scope, store, link) = (StaffScope::All, &db.store, isp.links[0]);
        let first_ms = START_MS - 5 * DAY_MS;
        for (from_ms, to_ms) in [(first_ms, START_MS), (START_MS, START_MS + 1)] {
            db.execute(&format!("INSERT INTO link_spans (link_id, from_ms, to_ms, state, evidence)
                VALUES ({link}, {from_ms}, {to_ms}, 'up', '{{}}')")).await.unwrap();
        }
        let fields = |measured_from_ms| LinkFields { interface: "ether0", circuit: "C-0", service_ref: Some("SR-7"), kind: "ILL",
            committed_bps: 100_000_000, probe_target: Some("198.51.100.9"), facing: Facing::Customer, site: None, measured_from_ms };
        let edit = async |measured_from_ms| {
            store.staff_edit_link(&act(&scope), (link, &shown(db, "link", link.0).await), &fields(measured_from_ms)).await
        };
        let is = async || store.link(link).await.unwrap().measured_from_ms;
        let set = async || store.set_start_of_measuring(&store.link(link).await.unwrap()).await.unwrap();
        edit(Some(None)).await.unwrap();
        assert_eq!((is().await, set().await), (Some(first_ms), None), "nobody set its first poll");
        assert!(store.set_starts_of_measuring(isp.clients[0]).await.unwrap().is_empty());
        edit(Some(Some(START_MS))).await.unwrap();
        let (action, before, after) = newest(db).await;
        assert_eq!((action.as_str(), &before["measured_from_ms"], &after["measured_from_ms"]), ("link.edit", &first_ms.into(), &START_MS.into()));
        assert_eq!((is().await, set().await), (Some(START_MS), Some(START_MS)));
        assert_eq!(store.set_starts_of_measuring(isp.clients[0]).await.unwrap(), [(link, START_MS)].into());

        let events = async || db.number("SELECT COUNT(*) FROM audit_events").await;
        let so_far = events().await;
        edit(None).await.unwrap();
        edit(Some(Some(START_MS))).await.unwrap();
        store.set_measured_from(link, Some(START_MS), ("cli", START_MS)).await.unwrap();
        assert_eq!(events().await, so_far, "what is set already leaves no event");
        let early = START_MS - 30 * DAY_MS - 1;
        for error in [edit(Some(Some(early))).await, store.set_measured_from(link, Some(early), ("cli", START_MS)).await] {
            assert!(matches!(error, Err(StoreError::Invalid { what: store::MEASURED_FROM, .. })), "{error:?}");
        }
        edit(Some(None)).await.unwrap();
        assert_eq!((is().await, events().await), (Some(first_ms), so_far + 1));

        let new = new_link(isp.clients[0], isp.router, "N-1", "ether9");
        let id = store.staff_add_link(&act(&scope), &new, &terms(LinkId(0), new.activated_at_ms, "99"), Some(START_MS)).await.unwrap();
        assert_eq!(store.link(id).await.unwrap().measured_from_ms, Some(START_MS));
        let new = new_link(isp.clients[0], isp.router, "N-2", "ether8");
        store.staff_add_link(&act(&scope), &new, &terms(LinkId(0), new.activated_at_ms, "99"), Some(early)).await.unwrap_err();
        assert!(store.link_by_circuit("N-2").await.unwrap().is_none(), "neither the link");
    }

    async fn a_link_is_entered_changed_and_retired(db) {
        let isp = isp(&db.store).await;
        let (scope, store) = (StaffScope::Companies([isp.company].into()), &db.store);
        let new = new_link(isp.clients[0], isp.router, "N-1", "ether9");
        let id = store.staff_add_link(&act(&scope), &new, &terms(LinkId(0), new.activated_at_ms, "99.5"), None).await.unwrap();
        assert_eq!(newest(db).await.0, "terms.add");
        assert_eq!(store.staff_terms(&scope, id).await.unwrap().len(), 1);
        let fields = LinkFields { interface: "ether9", circuit: "N-2", service_ref: None, kind: "MPLS", committed_bps: 5,
            probe_target: None, facing: Facing::Upstream, site: Some("Pune"), measured_from_ms: None };
        store.staff_edit_link(&act(&scope), (id, &shown(db, "link", id.0).await), &fields).await.unwrap();
        let (action, before, after) = newest(db).await;
        assert_eq!((action.as_str(), &before["circuit"], &after["circuit"]), ("link.edit", &"N-1".into(), &"N-2".into()));
        let taken = LinkFields { circuit: "C-0", ..fields.clone() };
        let error = store.staff_edit_link(&act(&scope), (id, &shown(db, "link", id.0).await), &taken).await.unwrap_err();
        assert!(matches!(error, StoreError::Duplicate { field: "circuit", .. }), "{error:?}");
        let taken = LinkFields { interface: "ether0", ..fields };
        let error = store.staff_edit_link(&act(&scope), (id, &shown(db, "link", id.0).await), &taken).await.unwrap_err();
        assert!(matches!(error, StoreError::Duplicate { field: "router interface", .. }), "{error:?}");
        store.staff_add_terms(&act(&scope), &shown(db, "terms", id.0).await, &terms(id, START_MS + DAY_MS, "99.9")).await.unwrap();
        let (action, before, after) = newest(db).await;
        assert_eq!((action.as_str(), &before["uptime_pct"], &after["uptime_pct"]), ("terms.add", &"99.5".into(), &"99.9".into()));
        let error = store.staff_add_terms(&act(&scope), &shown(db, "terms", id.0).await, &terms(id, START_MS + DAY_MS, "1")).await.unwrap_err();
        assert!(matches!(error, StoreError::Duplicate { .. }), "{error:?}");
        let early = store.staff_retire_link(&act(&scope), (id, &shown(db, "link", id.0).await), Some(new.activated_at_ms - 1)).await.unwrap_err();
        assert!(matches!(early, StoreError::Invalid { .. }), "{early:?}");
        store.staff_retire_link(&act(&scope), (id, &shown(db, "link", id.0).await), Some(START_MS + 9)).await.unwrap();
        assert_eq!(newest(db).await.2["terminated_at_ms"], START_MS + 9);
        not_found(store.staff_retire_link(&act(&scope), (id, &shown(db, "link", id.0).await), Some(START_MS + 9)).await);
        assert!(store.staff_wall(&scope, START_MS + 9).await.unwrap().iter().all(|link| link.id != id));
    }

    async fn an_exclusion_is_entered_ended_and_taken_back(db) {
        let isp = isp(&db.store).await;
        let (scope, store) = (StaffScope::All, &db.store);
        let new = NewExclusion { link_id: isp.links[0], from_ms: START_MS, to_ms: None, kind: ExclusionKind::PlannedMaintenance,
            reason: "fibre", entered_by: "staff:ravi" };
        let id = store.staff_add_exclusion(&act(&scope), &new).await.unwrap();
        assert_eq!(newest(db).await.0, "exclusion.add");
        store.staff_end_exclusion(&act(&scope), (id, &shown(db, "exclusion", id.0).await), START_MS + 5).await.unwrap();
        let (action, before, after) = newest(db).await;
        assert_eq!((action.as_str(), &before["to_ms"], &after["to_ms"]), ("exclusion.end", &serde_json::Value::Null, &(START_MS + 5).into()));
        store.staff_remove_exclusion(&act(&scope), id).await.unwrap();
        assert_eq!(newest(db).await.2["removed_by"], "staff:ravi");
        not_found(store.staff_remove_exclusion(&act(&scope), id).await);
    }

    /// An invited person is not active, and yet an invitation lets in.
    async fn nobody_of_a_retired_client_gets_in_by_any_door(db) {
        let isp = isp(&db.store).await;
        let (scope, store) = (StaffScope::All, &db.store);
        let client = store.insert_client(isp.company, "Cobalt", START_MS).await.unwrap();
        let event = |at_ms| AuditEvent { at_ms, actor: "cli".to_owned(), action: "test".to_owned(), subject: String::new(),
            detail: serde_json::json!({}), address: None };
        let vera = Invitation { client, username: "vera", email: "v@cobalt.example", role: PortalRole::Owner };
        let id = store.invite(vera, &event(START_MS)).await.unwrap();
        let reset = db.number("SELECT id FROM password_resets").await;
        let token = store.issue_reset_token(reset, START_MS).await.unwrap().unwrap();
        let token: [u8; 32] = Sha256::digest(token.expose_secret()).into();
        assert!(store.reset_link(&token, START_MS).await.unwrap().is_some());
        store.staff_retire_client(&act(&scope), client).await.unwrap();
        assert_eq!(db.number("SELECT COUNT(*) FROM password_resets WHERE NOT ended").await, 0, "the invitation");
        // And what would be left over, or made meanwhile, opens nothing.
        db.execute("UPDATE password_resets SET ended = FALSE").await.unwrap();
        assert!(store.reset_link(&token, START_MS).await.unwrap().is_none());
        assert!(store.issue_reset_token(reset, START_MS).await.unwrap().is_none());
        assert!(!store.use_reset_link(&token, "new", &event(START_MS)).await.unwrap());
        assert!(!store.portal_user(id).await.unwrap().active);
        db.execute("UPDATE client_portal_users SET active = TRUE").await.unwrap();
        let session = NewSession { user: SessionUser::Portal(id), token_hash: [1; 32], created_at_ms: START_MS,
            expires_at_ms: START_MS + DAY_MS, address: None, user_agent: None, second_factor: false };
        store.insert_session(&session).await.unwrap();
        store.insert_pending_login(&[2; 32], id, START_MS + DAY_MS).await.unwrap();
        assert!(store.session(&[1; 32], START_MS).await.unwrap().is_none());
        assert!(store.pending_login(&[2; 32], 5, START_MS).await.unwrap().is_none());
        let mails = db.number("SELECT COUNT(*) FROM outbox").await;
        store.ask_password_reset("vera", "a1", &event(START_MS)).await.unwrap();
        assert_eq!(db.number("SELECT COUNT(*) FROM outbox").await, mails, "a mail with a link");
        let wanda = Invitation { username: "wanda", ..vera };
        let link = new_link(client, isp.router, "N-1", "ether9");
        for error in [
            store.insert_portal_user(client, "wim", "w@cobalt.example", "hash", START_MS).await.unwrap_err(),
            store.invite(wanda, &event(START_MS)).await.unwrap_err(),
            store.insert_link(&link).await.unwrap_err(),
            store.staff_add_link(&act(&scope), &link, &terms(LinkId(0), START_MS, "99"), None).await.unwrap_err(),
        ] {
            assert!(error.to_string().contains("Cobalt is retired"), "{error}");
        }
    }

    /// An end that is to come frees an interface from that moment on, and not at once.
    async fn contracts_on_an_interface_never_overlap(db) {
        let isp = isp(&db.store).await;
        let (scope, store) = (StaffScope::All, &db.store);
        let end = START_MS + 30 * DAY_MS;
        let kept = isp.links[0];
        store.staff_retire_link(&act(&scope), (kept, &shown(db, "link", kept.0).await), Some(end)).await.unwrap();
        for (now_ms, links) in [(end - 1, 2), (end, 1)] {
            assert_eq!(store.staff_client(&scope, now_ms, isp.clients[0]).await.unwrap().links, links, "under contract");
            assert_eq!(store.staff_router(&scope, now_ms, isp.router).await.unwrap().links, links + 2);
        }
        let next = |from| NewLink { activated_at_ms: from, ..new_link(isp.clients[1], isp.router, "N-1", "ether0") };
        let taken = |error| assert!(matches!(error, StoreError::Duplicate { field: "router interface", .. }), "{error:?}");
        taken(store.insert_link(&next(START_MS)).await.unwrap_err());
        taken(store.staff_add_link(&act(&scope), &next(end - 1), &terms(LinkId(0), end - 1, "99"), None).await.unwrap_err());
        let fields = LinkFields { interface: "ether0", circuit: "C-1", service_ref: None, kind: "ILL", committed_bps: 5,
            probe_target: None, facing: Facing::Customer, site: None, measured_from_ms: None };
        taken(store.staff_edit_link(&act(&scope), (isp.links[1], &shown(db, "link", isp.links[1].0).await), &fields).await.unwrap_err());
        store.staff_retire_link(&act(&scope), (kept, &shown(db, "link", kept.0).await), None).await.unwrap();
        let (action, before, after) = newest(db).await;
        assert_eq!((action.as_str(), &before["terminated_at_ms"], &after["terminated_at_ms"]), ("link.keep", &end.into(), &serde_json::Value::Null));
        let error = store.staff_retire_link(&act(&scope), (kept, &shown(db, "link", kept.0).await), None).await.unwrap_err();
        assert!(matches!(error, StoreError::Invalid { .. }), "{error:?}");
        store.staff_retire_link(&act(&scope), (kept, &shown(db, "link", kept.0).await), Some(end)).await.unwrap();
        let new = store.staff_add_link(&act(&scope), &next(end), &terms(LinkId(0), end, "99"), None).await.unwrap();
        for later in [None, Some(end + 1)] {
            taken(store.staff_retire_link(&act(&scope), (kept, &shown(db, "link", kept.0).await), later).await.unwrap_err());
        }
        store.staff_retire_link(&act(&scope), (new, &shown(db, "link", new.0).await), Some(end)).await.unwrap();
        store.staff_retire_link(&act(&scope), (kept, &shown(db, "link", kept.0).await), None).await.unwrap();
    }
}
