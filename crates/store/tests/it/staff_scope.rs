//! What is outside of a scope is not found, in lists and one by one.

use sla::ExclusionKind;
use store::{
    ClientId, CompanyId, ExclusionId, LinkId, NewExclusion, RouterId, StaffAct, StaffAsk, StaffAuditAsk,
    StaffScope, Store, StoreError,
};

use crate::database::on_both;
use crate::fixture::{HOUR_MS, START_MS, insert_link, insert_router, isp};

/// A second company with one of everything.
struct Other {
    company: CompanyId,
    client: ClientId,
    router: RouterId,
    link: LinkId,
    exclusion: ExclusionId,
}

async fn other(store: &Store) -> Other {
    let company = store.insert_company("Second Brand", "UTC", "EUR", START_MS).await.unwrap();
    let client = store.insert_client(company, "Zenith", START_MS).await.unwrap();
    store.insert_portal_user(client, "zoe", "z@zenith.example", "hash", START_MS).await.unwrap();
    let router = insert_router(store, company, "core-9").await;
    let link = insert_link(store, client, router, "Z-1", "ether1").await;
    let new = NewExclusion {
        link_id: link,
        from_ms: START_MS,
        to_ms: None,
        kind: ExclusionKind::Suspension,
        reason: "unpaid",
        entered_by: "staff:zed",
    };
    let exclusion = store.insert_exclusions(&[new], START_MS).await.unwrap()[0];
    Other { company, client, router, link, exclusion }
}

fn not_found<T: std::fmt::Debug>(answer: Result<T, StoreError>) {
    assert!(matches!(answer, Err(StoreError::NotFound { .. })), "{answer:?}");
}

const FIRST: StaffAsk<'static> = StaffAsk { search: "", page: 1 };

on_both! {
    async fn lists_hold_what_is_within_and_nothing_else(db) {
        let isp = isp(&db.store).await;
        let other = other(&db.store).await;
        let store = &db.store;
        for (scope, clients, links, routers, users, exclusions) in [
            (StaffScope::All, 3, 5, 2, 1, 1),
            (StaffScope::Companies([isp.company].into()), 2, 4, 1, 0, 0),
            (StaffScope::Companies([other.company].into()), 1, 1, 1, 1, 1),
            (StaffScope::Companies([isp.company, other.company].into()), 3, 5, 2, 1, 1),
            (StaffScope::Companies([].into()), 0, 0, 0, 0, 0),
        ] {
            let found = store.staff_clients(&scope, START_MS, FIRST).await.unwrap();
            assert_eq!((found.rows.len() as i64, found.total), (clients, clients), "{scope:?}");
            assert_eq!(store.staff_client_choice(&scope, START_MS).await.unwrap().len() as i64, clients, "{scope:?}");
            let found = store.staff_links(&scope, (None, None), FIRST).await.unwrap();
            assert_eq!((found.rows.len() as i64, found.total), (links, links), "{scope:?}");
            assert_eq!(store.staff_wall(&scope, START_MS).await.unwrap().len() as i64, links, "{scope:?}");
            assert_eq!(store.staff_routers(&scope, START_MS, FIRST).await.unwrap().total, routers, "{scope:?}");
            assert_eq!(store.staff_router_choice(&scope, START_MS).await.unwrap().len() as i64, routers, "{scope:?}");
            assert_eq!(store.staff_portal_users(&scope, None, FIRST).await.unwrap().total, users, "{scope:?}");
            assert_eq!(store.staff_exclusions(&scope, None, FIRST).await.unwrap().total, exclusions, "{scope:?}");
            let companies = store.staff_companies(&scope).await.unwrap();
            assert!(companies.iter().all(|company| scope.holds(company.id)), "{scope:?}");
        }
    }

    async fn one_by_one_what_is_outside_is_not_found(db) {
        let isp = isp(&db.store).await;
        let other = other(&db.store).await;
        let (store, mine) = (&db.store, StaffScope::Companies([isp.company].into()));
        not_found(store.staff_company(&mine, other.company).await);
        not_found(store.staff_client(&mine, START_MS, other.client).await);
        not_found(store.staff_router(&mine, START_MS, other.router).await);
        not_found(store.staff_router_settings(&mine, other.router).await);
        not_found(store.staff_link(&mine, other.link).await);
        not_found(store.staff_terms(&mine, other.link).await);
        not_found(store.staff_link_zone(&mine, other.link).await);
        not_found(store.staff_exclusion(&mine, other.exclusion).await);
        assert!(store.staff_link_by_circuit(&mine, "Z-1").await.unwrap().is_none());
        assert_eq!(store.staff_link_by_circuit(&mine, "C-0").await.unwrap().unwrap().id, isp.links[0]);
        let theirs = StaffScope::Companies([other.company].into());
        assert_eq!(store.staff_client(&theirs, START_MS, other.client).await.unwrap().links, 1);
        assert_eq!(store.staff_link(&theirs, other.link).await.unwrap().0.router, "core-9");
        assert_eq!(store.staff_link_zone(&theirs, other.link).await.unwrap(), "UTC");
        assert_eq!(store.staff_exclusion(&theirs, other.exclusion).await.unwrap().circuit, "Z-1");
        let of_client = store.staff_links(&mine, (Some(isp.clients[1]), None), FIRST).await.unwrap();
        assert_eq!(of_client.rows.iter().map(|link| link.circuit.as_str()).collect::<Vec<_>>(), ["C-2", "C-3"]);
        let of_router = store.staff_links(&mine, (None, Some(other.router)), FIRST).await.unwrap();
        assert_eq!(of_router.total, 0, "another's router");
    }

    async fn lists_are_searched_by_the_letter_and_cut_into_pages(db) {
        let isp = isp(&db.store).await;
        for n in 0..53 {
            insert_link(&db.store, isp.clients[0], isp.router, &format!("Bulk_{n:02}"), &format!("vlan{n}")).await;
        }
        let page = async |search, page| db.store.staff_links(&StaffScope::All, (None, None), StaffAsk { search, page }).await.unwrap();
        let first = page("bulk_", 1).await;
        assert_eq!((first.rows.len(), first.total, first.rows[0].circuit.as_str()), (50, 53, "Bulk_00"));
        let second = page("bulk_", 2).await;
        assert_eq!((second.rows.len(), second.total, second.rows[0].circuit.as_str()), (3, 53, "Bulk_50"));
        assert_eq!(page("", 3).await.rows.len(), 0);
        assert_eq!(page("k%1", 1).await.total, 0, "no wildcard");
        assert_eq!(page("BOLT", 1).await.total, 2, "by the client");
        assert_eq!(page("sr-7", 1).await.total, 50 + 7, "by the service reference");
    }

    async fn events_of_a_company_are_seen_by_those_who_work_for_it(db) {
        let isp = isp(&db.store).await;
        let other = other(&db.store).await;
        let all = StaffScope::All;
        for (company, actor) in [(isp.company, "staff:ravi"), (other.company, "staff:zed")] {
            let act = StaffAct { scope: &all, actor, address: Some("198.51.100.7"), now_ms: START_MS };
            db.store.staff_add_client(&act, company, "Added").await.unwrap();
        }
        let told = async |scope: &StaffScope, actor: Option<&str>, search| {
            let asked = StaffAuditAsk { ask: StaffAsk { search, page: 1 }, actor };
            let page = db.store.staff_audit(scope, &asked).await.unwrap();
            assert_eq!(page.rows.len() as i64, page.total);
            page.rows.into_iter().map(|record| record.event.actor).collect::<Vec<_>>()
        };
        let mine = StaffScope::Companies([isp.company].into());
        assert_eq!(told(&mine, None, "").await, ["staff:ravi"]);
        assert_eq!(told(&all, None, "client.add").await, ["staff:zed", "staff:ravi"]);
        assert_eq!(told(&all, None, "").await.len(), 3, "that of no company too");
        assert_eq!(told(&all, Some("staff:zed"), "client.add").await, ["staff:zed"]);
        assert_eq!(told(&mine, Some("staff:zed"), "").await, [""; 0]);
    }

    /// PostgreSQL takes no U+0000 in a parameter.
    async fn a_search_for_u0000_finds_nothing_on_either_engine(db) {
        let isp = isp(&db.store).await;
        let store = &db.store;
        store.insert_client(isp.company, "Österreich Straße", START_MS).await.unwrap();
        let nul = StaffAsk { search: "\0", page: 1 };
        assert_eq!(store.staff_links(&StaffScope::All, (None, None), nul).await.unwrap().total, 0);
        assert_eq!(store.staff_clients(&StaffScope::All, START_MS, nul).await.unwrap().total, 0);
        assert_eq!(store.staff_exclusions(&StaffScope::All, None, nul).await.unwrap().total, 0);
        let asked = StaffAuditAsk { ask: nul, actor: None };
        assert_eq!(store.staff_audit(&StaffScope::All, &asked).await.unwrap().total, 0);
    }

    async fn a_look_at_a_client_is_noted_once_an_hour(db) {
        let isp = isp(&db.store).await;
        let other = other(&db.store).await;
        let (scope, store) = (StaffScope::Companies([isp.company].into()), &db.store);
        let act = |actor, now_ms| StaffAct { scope: &scope, actor, address: None, now_ms };
        let [acme, bolt] = isp.clients;
        for (actor, client, at_ms, events) in [
            ("staff:ravi", acme, START_MS, 1),
            ("staff:ravi", acme, START_MS + HOUR_MS - 1, 1),
            ("staff:olga", acme, START_MS + HOUR_MS - 1, 2),
            ("staff:ravi", bolt, START_MS + HOUR_MS - 1, 3),
            ("staff:ravi", acme, START_MS + HOUR_MS, 4),
        ] {
            store.staff_note_view(&act(actor, at_ms), client).await.unwrap();
            let noted = db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'client.view'").await;
            assert_eq!(noted, events, "{actor} {client} {at_ms}");
        }
        not_found(store.staff_note_view(&act("staff:ravi", START_MS), other.client).await);
        let nobodys = "SELECT COUNT(*) FROM audit_events WHERE action = 'client.view' AND company_id IS NULL";
        assert_eq!(db.number(nobodys).await, 0);
    }
}
