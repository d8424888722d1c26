//! Names that differ only in case, in composition or in what cannot be seen: one thing has such a name, the next is refused.

use secrecy::SecretString;
use store::{
    ClientId, CompanyEdit, CompanyId, Facing, ImportRow, LinkFields, LinkTerms, Named, NewRouter,
    NewStaffUser, RouterFields, RouterId, RouterTls, StaffAct, StaffRole, StaffScope, Store, StoreError,
};

use crate::database::{key, on_both};
use crate::fixture::{START_MS, insert_router, isp, new_link, staff_user};

const ALL: StaffScope = StaffScope::All;

fn act() -> StaffAct<'static> {
    StaffAct { scope: &ALL, actor: "staff:ravi", address: None, now_ms: START_MS }
}

/// What has the name, as the error says.
fn existing<T: std::fmt::Debug>(answer: Result<T, StoreError>) -> String {
    match answer {
        Err(StoreError::Duplicate { taken: Some(taken), .. }) => taken.existing,
        other => panic!("{other:?}"),
    }
}

fn fields(name: &str) -> RouterFields<'_> {
    RouterFields { name, address: "192.0.2.1", port: 8728, username: "leaseline", tls: RouterTls::Off }
}

fn router<'a>(company_id: CompanyId, name: &'a str, password: &'a SecretString) -> NewRouter<'a> {
    NewRouter {
        company_id,
        name,
        address: "192.0.2.1",
        port: 8728,
        username: "u",
        password,
        tls: RouterTls::Off,
    }
}

async fn rename_client(store: &Store, id: ClientId, name: &str) -> Result<(), StoreError> {
    let (_, shown) = store.shown_client(&ALL, id).await.unwrap();
    store.staff_rename_client(&act(), (id, &shown), name).await
}

async fn edit_router(store: &Store, id: RouterId, fields: &RouterFields<'_>) -> Result<(), StoreError> {
    let (_, shown) = store.shown_router(&ALL, id).await.unwrap();
    store.staff_edit_router(&act(), (id, &shown), fields, None).await
}

on_both! {
    async fn a_name_that_looks_the_same_is_refused_and_what_has_it_is_named(db) {
        let isp = isp(&db.store).await;
        let store = &db.store;
        assert_eq!(existing(store.insert_company("EXAMPLE\u{a0} net", "UTC", "INR", START_MS).await), "Example Net");
        assert_eq!(existing(store.insert_client(isp.company, "ac\u{200b}me", START_MS).await), "Acme");
        let password = SecretString::from("secret");
        let router = router(isp.company, "Edge-1\u{feff}", &password);
        assert_eq!(existing(store.staff_add_router(&act(), &router).await), "edge-1");
        assert_eq!(existing(store.insert_link(&new_link(isp.clients[0], isp.router, "c-0", "ether9")).await), "C-0");
        store.insert_portal_user(isp.clients[0], "Andr\u{e9}", "a@x.example", "hash", START_MS).await.unwrap();
        let again = store.insert_portal_user(isp.clients[1], "andre\u{301}", "b@x.example", "hash", START_MS).await;
        assert_eq!(existing(again), "andr\u{e9}");
        staff_user(store, "ravi", StaffRole::Admin, StaffScope::All).await;
        let second = NewStaffUser { username: "R\u{200d}avi", display_name: "", email: "r@isp.example", role: StaffRole::Viewer,
            password_hash: "hash", scope: StaffScope::All };
        assert_eq!(existing(store.insert_staff_user(&second, START_MS).await), "ravi");
        // Within its company alone, as before.
        let other = store.insert_company("Second", "UTC", "INR", START_MS).await.unwrap();
        store.insert_client(other, "ACME", START_MS).await.unwrap();
        // What is asked beforehand is the same as what is entered.
        assert_eq!(existing(store.check_name_free(Named::Client(isp.company), "ACME").await), "Acme");
        store.check_name_free(Named::Client(isp.company), "Cobalt").await.unwrap();
        store.check_name_free(Named::Link, "C-9").await.unwrap();
    }

    async fn a_rename_is_compared_with_all_others_and_not_with_itself(db) {
        let isp = isp(&db.store).await;
        let store = &db.store;
        assert_eq!(existing(rename_client(store, isp.clients[1], "ACME").await), "Acme");
        rename_client(store, isp.clients[0], "ACME").await.unwrap();
        assert_eq!(store.client(isp.clients[0]).await.unwrap().name, "ACME");
        rename_client(store, isp.clients[0], "Cobalt").await.unwrap();
        assert_eq!(existing(rename_client(store, isp.clients[1], "cobalt").await), "Cobalt");
        rename_client(store, isp.clients[1], "acme").await.unwrap();

        insert_router(store, isp.company, "edge-2").await;
        assert_eq!(existing(edit_router(store, isp.router, &fields("EDGE-2")).await), "edge-2");
        edit_router(store, isp.router, &fields("EDGE-1")).await.unwrap();

        let (_, shown) = store.shown_link(&ALL, isp.links[0]).await.unwrap();
        let link = |circuit| LinkFields { interface: "ether0", circuit, service_ref: None, kind: "ILL", committed_bps: 5,
            probe_target: None, facing: Facing::Customer, site: None, measured_from_ms: None };
        assert_eq!(existing(store.staff_edit_link(&act(), (isp.links[0], &shown), &link("c-1")).await), "C-1");
        store.staff_edit_link(&act(), (isp.links[0], &shown), &link("c-0")).await.unwrap();

        store.insert_company("Second", "UTC", "INR", START_MS).await.unwrap();
        let named = |name| CompanyEdit { name: Some(name), ..CompanyEdit::default() };
        assert_eq!(existing(store.edit_company(isp.company, &named("second"), "cli", START_MS).await), "Second");
        store.edit_company(isp.company, &named("EXAMPLE NET"), "cli", START_MS).await.unwrap();
        assert_eq!(existing(store.insert_company("example net", "UTC", "INR", START_MS).await), "EXAMPLE NET");
    }

    /// An older version took them, and they have contracts and reports.
    async fn the_same_names_in_an_old_database_stay_and_break_nothing(db) {
        let isp = isp(&db.store).await;
        let second = insert_router(&db.store, isp.company, "edge-2").await;
        for sql in [
            "UPDATE clients SET name_folded = NULL",
            "UPDATE mikrotik_routers SET name_folded = NULL",
            "UPDATE clients SET name = 'acme' WHERE name = 'Bolt'",
            "UPDATE mikrotik_routers SET name = 'EDGE-1' WHERE name = 'edge-2'",
            "DELETE FROM meta WHERE key = 'folded_names'",
        ] {
            db.execute(sql).await.unwrap();
        }
        let store = Store::open(&db.location, Some(key())).await.unwrap();
        let names: Vec<_> = store.clients().await.unwrap().into_iter().map(|client| client.name).collect();
        assert_eq!(names.len(), 2);
        assert!(names.contains(&"Acme".to_owned()) && names.contains(&"acme".to_owned()), "{names:?}");
        // A third is refused; each of the two can be edited, under its name and under another.
        assert_eq!(existing(store.insert_client(isp.company, "ACME", START_MS).await), "Acme");
        edit_router(&store, second, &RouterFields { username: "other", ..fields("EDGE-1") }).await.unwrap();
        assert_eq!(store.router(second).await.unwrap().username, "other");
        assert_eq!(existing(edit_router(&store, second, &fields("Edge-1")).await), "edge-1");
        edit_router(&store, second, &fields("edge-2")).await.unwrap();
        assert_eq!(existing(edit_router(&store, isp.router, &fields("EDGE-2")).await), "edge-2");
        store.close().await;
        Store::open(&db.location, Some(key())).await.unwrap().close().await;
    }

    /// In two companies: they hold no row in common.
    async fn of_two_that_enter_the_same_name_at_once_one_is_refused(db) {
        let store = &db.store;
        let mut companies = Vec::new();
        for name in ["One", "Two"] {
            companies.push(store.insert_company(name, "UTC", "INR", START_MS).await.unwrap());
        }
        let password = SecretString::from("secret");
        for n in 0..8 {
            let names = [format!("edge-{n}"), format!("EDGE-{n}")];
            let [first, second] = [router(companies[0], &names[0], &password), router(companies[1], &names[1], &password)];
            let (first, second) = tokio::join!(store.insert_router(&first, START_MS), store.insert_router(&second, START_MS));
            assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
            let refused = first.and(second).unwrap_err();
            assert!(matches!(refused, StoreError::Duplicate { what: "router", field: "name", .. }), "{refused:?}");
        }
    }

    async fn an_import_is_refused_as_a_whole_for_a_name_that_looks_the_same(db) {
        let isp = isp(&db.store).await;
        let terms = LinkTerms { link_id: isp.links[0], valid_from_ms: START_MS, uptime_pct: None, latency_ms: None, loss_pct: None,
            down_when: store::DownWhen::Interface };
        let row = |circuit, interface| ImportRow::Link { company: isp.company, terms: terms.clone(), measured_from_ms: None,
            link: new_link(isp.clients[0], isp.router, circuit, interface) };
        let rows = [row("N-1", "ether7"), row("n-1", "ether8")];
        assert_eq!(existing(db.store.import_rows(&act(), &rows).await), "N-1");
        assert_eq!(db.store.links().await.unwrap().len(), 4, "none of them");
    }
}
