//! A list goes into a file whole and once, whatever happens to it while it is read piece by piece.

use sla::ExclusionKind;
use sla::Verdict::Met;
use store::{AuditEvent, DownWhen, LinkTerms, NewExclusion, NewReport, StaffFileAsk, StaffScope, StoreError};

use crate::database::{Db, on_both};
use crate::fixture::{
    DAY_MS, HOUR_MS, Isp, START_MS, insert_link, insert_router, isp, new_report, statement,
};

/// The lists that stand newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    Users,
    Exclusions,
    Outages,
    Alerts,
    Reports,
    Audit,
}

const LISTS: [List; 6] =
    [List::Users, List::Exclusions, List::Outages, List::Alerts, List::Reports, List::Audit];

impl List {
    fn table(self) -> &'static str {
        match self {
            Self::Users => "client_portal_users",
            Self::Exclusions => "exclusions",
            Self::Outages => "outages",
            Self::Alerts => "alerts",
            Self::Reports => "sla_reports",
            Self::Audit => "audit_events",
        }
    }

    /// One more row, the `n`th.
    async fn add(self, db: &Db, isp: &Isp, n: i64) {
        let (link, at_ms) = (isp.links[0], START_MS + n * HOUR_MS);
        let store = &db.store;
        match self {
            Self::Users => {
                // By name each stands before those that are there.
                let (name, mail) = (format!("user-{:03}", 500 - n), format!("{n}@acme.example"));
                store.insert_portal_user(isp.clients[0], &name, &mail, "hash", START_MS).await.unwrap();
            }
            Self::Exclusions => {
                let kind = ExclusionKind::PlannedMaintenance;
                let (from_ms, to_ms) = (at_ms, Some(at_ms + 1));
                let new =
                    NewExclusion { link_id: link, from_ms, to_ms, kind, reason: "fibre", entered_by: "cli" };
                store.insert_exclusions(&[new], START_MS).await.unwrap();
            }
            Self::Outages => {
                let sql = format!(
                    "INSERT INTO outages (link_id, from_ms, to_ms, evidence) VALUES ({link}, {at_ms}, {at_ms} + 1, '{{}}')"
                );
                db.execute(&sql).await.unwrap();
            }
            Self::Alerts => {
                let sql = format!(
                    "INSERT INTO alerts (company_id, event, subject, about, opened_at_ms, raised_at_ms, closed_at_ms, facts)
                        VALUES ({}, 'link_down', 'link:{link}', 'C-0', {at_ms}, {at_ms}, {at_ms} + 1, '{{}}')",
                    isp.company
                );
                db.execute(&sql).await.unwrap();
            }
            Self::Reports => {
                let digest = format!("the {n}th");
                let report = NewReport { digest, ..new_report(isp, 0, &statement("2026-10", Met)) };
                store.write_reports(&[report], START_MS).await.unwrap();
            }
            Self::Audit => {
                let event = AuditEvent {
                    at_ms,
                    actor: "staff:ravi".to_owned(),
                    action: "tested".to_owned(),
                    subject: n.to_string(),
                    detail: serde_json::json!({}),
                    address: None,
                };
                store.audit_of(isp.company, &event).await.unwrap();
            }
        }
    }

    /// The ids of a piece.
    async fn piece(self, db: &Db, scope: &StaffScope, ask: StaffFileAsk) -> Result<Vec<i64>, StoreError> {
        let store = &db.store;
        Ok(match self {
            Self::Users => ids(store.staff_users_for_file(scope, ask).await?, |row| row.id.0),
            Self::Exclusions => ids(store.staff_exclusions_for_file(scope, ask).await?, |row| row.id.0),
            Self::Outages => ids(store.staff_outages_for_file(scope, ask).await?, |row| row.outage.id.0),
            Self::Alerts => ids(store.staff_alerts_for_file(scope, ask).await?, |row| row.alert.id.0),
            Self::Reports => ids(store.staff_reports_for_file(scope, ask).await?, |row| row.report.id.0),
            Self::Audit => {
                ids(store.staff_audit_for_file(scope, Some("staff:ravi"), ask).await?, |row| row.id)
            }
        })
    }

    async fn all(self, db: &Db, scope: &StaffScope) -> Vec<i64> {
        self.piece(db, scope, StaffFileAsk { before: None, rows: i64::MAX }).await.unwrap()
    }
}

fn ids<T>(rows: Vec<T>, id: impl FnMut(&T) -> i64) -> Vec<i64> {
    rows.iter().map(id).collect()
}

on_both! {
    async fn what_comes_and_goes_between_pieces_doubles_and_hides_nothing(db) {
        let isp = isp(&db.store).await;
        let scope = StaffScope::Companies([isp.company].into());
        for list in LISTS {
            for n in 0..7 {
                list.add(db, &isp, n).await;
            }
            let there = list.all(db, &scope).await;
            assert_eq!(there.len(), 7, "{list:?}");
            assert!(there.is_sorted_by(|newer, older| newer > older), "{list:?}");
            let (mut read, mut n) = (Vec::new(), 7);
            loop {
                let ask = StaffFileAsk { before: read.last().copied(), rows: 2 };
                let piece = list.piece(db, &scope, ask).await.unwrap();
                read.extend(&piece);
                if piece.len() < 2 {
                    break;
                }
                // Two new ones would shift pages on by a whole one; one that was read goes, which would shift them back.
                list.add(db, &isp, n).await;
                list.add(db, &isp, n + 1).await;
                n += 2;
                let gone = piece[0];
                // A report stays for good.
                if list != List::Reports {
                    db.execute(&format!("DELETE FROM {} WHERE id = {gone}", list.table())).await.unwrap();
                }
            }
            assert_eq!(read, there, "{list:?}");
        }
    }

    async fn a_row_that_goes_before_it_is_read_is_left_out_alone(db) {
        let isp = isp(&db.store).await;
        for list in LISTS.into_iter().filter(|list| *list != List::Reports) {
            for n in 0..5 {
                list.add(db, &isp, n).await;
            }
            let there = list.all(db, &StaffScope::All).await;
            db.execute(&format!("DELETE FROM {} WHERE id = {}", list.table(), there[2])).await.unwrap();
            let ask = StaffFileAsk { before: Some(there[1]), rows: 2 };
            assert_eq!(list.piece(db, &StaffScope::All, ask).await.unwrap(), there[3..], "{list:?}");
            // Also the very row at which a file goes on.
            db.execute(&format!("DELETE FROM {} WHERE id = {}", list.table(), there[1])).await.unwrap();
            assert_eq!(list.piece(db, &StaffScope::All, ask).await.unwrap(), there[3..], "{list:?}");
        }
    }

    async fn a_file_holds_nothing_out_of_the_scope(db) {
        let isp = isp(&db.store).await;
        let other = db.store.insert_company("Second Brand", "UTC", "EUR", START_MS).await.unwrap();
        for list in LISTS {
            list.add(db, &isp, 0).await;
            assert_eq!(list.all(db, &StaffScope::Companies([isp.company].into())).await.len(), 1, "{list:?}");
            for scope in [StaffScope::Companies([other].into()), StaffScope::Companies([].into())] {
                assert!(list.all(db, &scope).await.is_empty(), "{list:?} {scope:?}");
            }
        }
        let all = StaffFileAsk { before: None, rows: 10 };
        let audit = db.store.staff_audit_for_file(&StaffScope::All, Some("staff:olga"), all).await.unwrap();
        assert!(audit.is_empty(), "another's doings");
    }

    async fn terms_go_by_link_and_date_and_stay_within_the_scope(db) {
        let isp = isp(&db.store).await;
        let other = db.store.insert_company("Second Brand", "UTC", "EUR", START_MS).await.unwrap();
        let zenith = db.store.insert_client(other, "Zenith", START_MS).await.unwrap();
        let router = insert_router(&db.store, other, "core-9").await;
        let foreign = insert_link(&db.store, zenith, router, "Z-1", "ether1").await;
        let terms = |link_id, days: i64| LinkTerms {
            link_id,
            valid_from_ms: START_MS + days * DAY_MS,
            uptime_pct: Some(format!("99.{}", days.abs())),
            latency_ms: None,
            loss_pct: None,
            down_when: DownWhen::Interface,
        };
        for (link, days) in [(isp.links[2], 5), (isp.links[0], 9), (isp.links[0], 1), (foreign, 3), (isp.links[0], 4)] {
            db.store.insert_terms(&terms(link, days)).await.unwrap();
        }
        let mine = StaffScope::Companies([isp.company].into());
        let (mut read, mut after) = (Vec::new(), None);
        loop {
            let piece = db.store.staff_terms_for_file(&mine, after, 2).await.unwrap();
            let Some(last) = piece.last() else { break };
            after = Some((last.terms.link_id, last.terms.valid_from_ms));
            read.extend(piece.into_iter().map(|row| (row.circuit, row.client, row.company, row.terms)));
            // Behind what was read, where it would shift a page.
            let early = terms(isp.links[0], -(read.len() as i64));
            db.store.insert_terms(&early).await.unwrap();
        }
        let row = |circuit: &str, client: &str, terms| {
            (circuit.to_owned(), client.to_owned(), "Example Net".to_owned(), terms)
        };
        let [first, .., second] = [isp.links[0], isp.links[1], isp.links[2]];
        let expected = [
            row("C-0", "Acme", terms(first, 1)),
            row("C-0", "Acme", terms(first, 4)),
            row("C-0", "Acme", terms(first, 9)),
            row("C-2", "Bolt", terms(second, 5)),
        ];
        assert_eq!(read, expected);
    }
}
