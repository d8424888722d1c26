//! Links by the thousand.

use std::collections::BTreeSet;

use import::{Kind, Options, import_csv};
use secrecy::SecretString;
use store::{CompanyId, DownWhen, Facing, NewRouter, RouterTls, StaffScope, Store};

use crate::{
    database::on_both,
    files::{ALL, act, read, told},
};

const HEAD: &str = "circuit,client,router,interface,type,committed_mbps,activated,uptime,latency_ms,loss_pct,down_when,probe_target,facing,site,service_ref";
const LINKS: usize = 1_000;

async fn router(store: &Store, company: CompanyId, name: &str) {
    let password = SecretString::from("secret");
    let new = NewRouter {
        company_id: company,
        name,
        address: "192.0.2.1",
        port: 8728,
        username: "portal",
        password: &password,
        tls: RouterTls::Off,
    };
    store.insert_router(&new, 0).await.unwrap();
}

async fn isp(store: &Store) -> CompanyId {
    let company = store.insert_company("Example Net", "Asia/Kolkata", "INR", 0).await.unwrap();
    store.insert_client(company, "Acme", 0).await.unwrap();
    for n in 0..10 {
        router(store, company, &format!("edge-{n}")).await;
    }
    company
}

fn row(n: usize) -> String {
    format!(
        "C-{n},Acme,edge-{},ether{n},ill,{},2026-11-01,99.50,20,1,no-answer,198.51.100.7,upstream,Pune,ref-{n}",
        n % 10,
        n + 1
    )
}

fn file(rows: &[String]) -> String {
    format!("{HEAD}\n{}\n", rows.join("\n"))
}

on_both! {
    async fn twenty_bad_rows_are_each_named_and_leave_nothing_then_all_is_entered(db) {
        isp(&db.store).await;
        let mut rows: Vec<String> = (0..LINKS).map(row).collect();
        let bad = [
            (10, "C-10", "", "circuit: This must not be empty."),
            (20, "Acme", "Acne", "client: There is no client \"Acne\": enter it first."),
            (30, "edge-0", "edge-77", "router: There is no router \"edge-77\": enter it first."),
            (40, "ether40", "", "interface: This must not be empty."),
            (50, ",ill,", ",fibre,", "type: Write one of ILL, P2P, MPLS, broadband."),
            (60, ",61,", ",fast,", "committed_mbps: Write Mbit/s as a number above 0, for example 100 or 2.5."),
            (70, "2026-11-01", "2026-11-31", "activated: Write a day, for example 2026-11-01."),
            (80, "99.50", "99.", "uptime: Write a number from 0 to 100 with at most 5 decimals, for example 20 or 99.5."),
            (90, ",20,1,", ",-1,1,", "latency_ms: Write a number from 0 to 60000 with at most 5 decimals, for example 20 or 99.5."),
            (100, ",20,1,", ",20,1e0,", "loss_pct: Write a number from 0 to 100 with at most 5 decimals, for example 20 or 99.5."),
            (110, "no-answer", "never", "down_when: Write interface or no-answer."),
            (120, "198.51.100.7", "a b", "probe_target: Write an IP address or a host name."),
            (130, "198.51.100.7", "", "probe_target: down_when asks this target whether the link is up: it must not be empty."),
            (140, "upstream", "down", "facing: Write customer or upstream."),
            (150, "Pune", "Pu\u{7}ne", "site: This has a control character in it."),
            (160, "ref-160", "ref\u{7}", "service_ref: This has a control character in it."),
            (170, "C-170", "C-3", "circuit: Line 5 has the link \"C-3\" already."),
            (180, "edge-0,ether180", "edge-3,ether3", "interface: Line 5 has this interface or PPP user already."),
            (190, ",Pune", ",Pune,more", ": This line has 16 cells, the first one 15."),
            (200, ",ref-200", "", ": This line has 14 cells, the first one 15."),
        ];
        for (at, from, to, _) in &bad {
            assert!(rows[*at].contains(from), "{from} in {}", rows[*at]);
            rows[*at] = rows[*at].replacen(from, to, 1);
        }
        // Lines of the wrong length are told by themselves, since nobody knows what stands where.
        let outcome = read(&db.store, Kind::Links, &file(&rows)).await;
        let expected = |bad: &[(usize, &str, &str, &str)]| -> Vec<String> {
            bad.iter().map(|(at, _, _, why)| format!("{} {why}", at + 2)).collect()
        };
        assert_eq!(told(&outcome), expected(&bad[18..]));
        for at in [190, 200] {
            rows[at] = row(at);
        }
        let outcome = read(&db.store, Kind::Links, &file(&rows)).await;
        assert_eq!(told(&outcome), expected(&bad[..18]));
        assert_eq!((outcome.rows, outcome.written), (LINKS, 0));
        assert!(db.store.links().await.unwrap().is_empty(), "half of a file was entered");
        assert!(db.store.audit_events(None, 10).await.unwrap().is_empty());

        let rows: Vec<String> = (0..LINKS).map(row).collect();
        let outcome = read(&db.store, Kind::Links, &file(&rows)).await;
        assert_eq!((outcome.written, told(&outcome)), (LINKS, vec![]));
        let links = db.store.links().await.unwrap();
        assert_eq!(links.len(), LINKS);
        let link = db.store.link_by_circuit("C-42").await.unwrap().unwrap();
        assert_eq!((link.interface.as_str(), link.kind.as_str(), link.committed_bps), ("ether42", "ILL", 43_000_000));
        assert_eq!((link.facing, link.site.as_deref(), link.service_ref.as_deref()), (Facing::Upstream, Some("Pune"), Some("ref-42")));
        assert_eq!(link.activated_at_ms, 1_793_471_400_000, "midnight in Kolkata");
        let terms = db.store.terms(link.id).await.unwrap();
        assert_eq!(terms.len(), 1);
        assert_eq!((terms[0].uptime_pct.as_deref(), terms[0].down_when), (Some("99.50"), DownWhen::InterfaceOrNoAnswer));
        assert_eq!(db.store.audit_events(None, 5_000).await.unwrap().len(), LINKS);
        let again = read(&db.store, Kind::Links, &file(&rows[..1])).await;
        assert_eq!(told(&again), [
            "2 circuit: There is already a link \"C-0\".",
            "2 interface: This interface or PPP user already carries a link under contract.",
        ]);
    }

    async fn a_ppp_user_carries_one_link_whatever_router_of_the_company_it_is_entered_for(db) {
        isp(&db.store).await;
        let user = |at: usize, user: &str| row(at).replace(&format!("ether{at}"), user);
        let both = file(&[user(1, "ppp:acme"), user(2, "ppp:acme"), user(3, "ppp:other")]);
        let outcome = read(&db.store, Kind::Links, &both).await;
        assert_eq!(told(&outcome), ["3 interface: Line 2 has this interface or PPP user already."]);
        let one = read(&db.store, Kind::Links, &file(&[user(1, "ppp:acme")])).await;
        assert_eq!((one.written, told(&one)), (1, vec![]));
        let again = read(&db.store, Kind::Links, &file(&[user(2, "ppp:acme")])).await;
        assert_eq!(told(&again), ["2 interface: This interface or PPP user already carries a link under contract."]);
    }

    async fn the_start_of_measuring_is_by_the_companys_clock_and_not_before_the_activation(db) {
        let company = isp(&db.store).await;
        let head = "circuit,client,router,interface,type,committed_mbps,activated,measured_from";
        let row = |n: usize, from: &str| format!("C-{n},Acme,edge-1,ether{n},ILL,1,2026-11-01,{from}");
        let wrong = format!("{head}\n{}\n{}\n", row(1, "soon"), row(2, "2026-10-31T23:59"));
        assert_eq!(told(&read(&db.store, Kind::Links, &wrong).await), [
            "2 measured_from: Write a day or a time, for example 2026-11-10 or 2026-11-10T14:00.",
            "3 measured_from: This does not fit: it is before the first day of service.",
        ]);
        let rows = [row(1, ""), row(2, "2026-11-01"), row(3, "2026-11-10T14:00"), row(4, "2026-11-10T14:00:00.125Z")];
        let right = format!("{head}\n{}\n", rows.join("\n"));
        assert_eq!(read(&db.store, Kind::Links, &right).await.written, 4);
        let mut found = Vec::new();
        for n in 1..=4 {
            found.push(db.store.link_by_circuit(&format!("C-{n}")).await.unwrap().unwrap().measured_from_ms);
        }
        assert_eq!(found, [None, Some(1_793_471_400_000), Some(1_794_299_400_000), Some(1_794_319_200_125)]);
        let audit = db.store.audit_events(None, 1).await.unwrap();
        assert_eq!(audit[0].event.detail["after"]["measured_from_ms"], 1_794_319_200_125_i64);
        let out = import::export_csv(&db.store, &ALL, Kind::Links, Some(company), 1_794_400_000_000).await.unwrap();
        let out = String::from_utf8(out).unwrap();
        let column: Vec<&str> = out.lines().map(|line| line.split(',').nth(7).unwrap()).collect();
        assert_eq!(column, ["measured_from", "", "2026-11-01T00:00", "2026-11-10T14:00", "2026-11-10T19:30:00.125"]);
    }

    async fn what_belongs_to_others_or_is_retired_is_not_there(db) {
        let mine = isp(&db.store).await;
        let theirs = db.store.insert_company("Theirs", "UTC", "USD", 0).await.unwrap();
        db.store.insert_client(theirs, "Bolt", 0).await.unwrap();
        router(&db.store, theirs, "their-edge").await;
        let scope = StaffScope::Companies(BTreeSet::from([mine]));
        let one = |client: &str, router: &str| {
            file(&[row(1).replace("Acme", client).replace("edge-1", router)])
        };
        for (file, expected) in [
            (one("Bolt", "edge-1"), "2 client: There is no client \"Bolt\": enter it first."),
            (one("Acme", "their-edge"), "2 router: There is no router \"their-edge\": enter it first."),
        ] {
            let outcome =
                import_csv(&db.store, &act(&scope), Kind::Links, file.as_bytes(), &Options::default()).await.unwrap();
            assert_eq!(told(&outcome), [expected]);
            // Not even for somebody who sees both: a link stays within one company.
            let options = Options { company: Some("Example Net"), ..Options::default() };
            let outcome = import_csv(&db.store, &act(&ALL), Kind::Links, file.as_bytes(), &options).await.unwrap();
            assert_eq!(told(&outcome), [expected]);
        }
        let edge = db.store.router_by_name("edge-1").await.unwrap().unwrap();
        db.store.set_router_active(edge.id, false).await.unwrap();
        let client = db.store.client_by_name(Some(mine), "Acme").await.unwrap().unwrap();
        db.store.staff_retire_client(&act(&ALL), client.id).await.unwrap();
        let options = Options { company: Some("Example Net"), ..Options::default() };
        let outcome =
            import_csv(&db.store, &act(&ALL), Kind::Links, one("Acme", "edge-1").as_bytes(), &options).await.unwrap();
        assert_eq!(told(&outcome), ["2 client: The client \"Acme\" is retired.", "2 router: The router \"edge-1\" is retired."]);
        assert!(db.store.links().await.unwrap().is_empty());
    }
}
