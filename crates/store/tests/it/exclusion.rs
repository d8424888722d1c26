use sla::ExclusionKind;
use store::{ExclusionFilter, ExclusionId, LinkId, NewExclusion, StoreError};

use crate::database::on_both;
use crate::fixture::{DAY_MS, HOUR_MS, START_MS, isp};

fn new(link: LinkId, from_ms: i64, to_ms: Option<i64>) -> NewExclusion<'static> {
    let kind = ExclusionKind::PlannedMaintenance;
    NewExclusion { link_id: link, from_ms, to_ms, kind, reason: " fibre work ", entered_by: "staff:ravi" }
}

on_both! {
    async fn an_exclusion_comes_back_as_entered(db) {
        let isp = isp(&db.store).await;
        let late = NewExclusion { kind: ExclusionKind::ForceMajeure, ..new(isp.links[0], START_MS - HOUR_MS, Some(START_MS)) };
        let planned = new(isp.links[1], START_MS + DAY_MS, None);
        let ids = db.store.insert_exclusions(&[late, planned], START_MS).await.unwrap();
        let first = db.store.exclusion(ids[0]).await.unwrap();
        assert_eq!((first.link_id, first.from_ms, first.to_ms), (isp.links[0], START_MS - HOUR_MS, Some(START_MS)));
        assert_eq!((first.kind, first.reason.as_str()), (ExclusionKind::ForceMajeure, "fibre work"));
        assert_eq!((first.entered_by.as_str(), first.entered_at_ms), ("staff:ravi", START_MS));
        assert_eq!((first.removed_by.as_deref(), first.removed_at_ms), (None, None));
        assert!(first.after_the_fact(), "an auditor must see that it was entered afterwards");
        let second = db.store.exclusion(ids[1]).await.unwrap();
        assert_eq!(second.to_ms, None);
        assert!(!second.after_the_fact());
        assert_eq!(db.store.exclusions(&ExclusionFilter::default()).await.unwrap(), [first, second]);
    }

    async fn exclusions_are_found_by_what_they_overlap(db) {
        let isp = isp(&db.store).await;
        let closed = new(isp.links[0], START_MS, Some(START_MS + 10));
        let open = new(isp.links[2], START_MS + 5, None);
        let ids = db.store.insert_exclusions(&[closed, open], START_MS).await.unwrap();
        let found = async |filter: ExclusionFilter| -> Vec<ExclusionId> {
            db.store.exclusions(&filter).await.unwrap().into_iter().map(|exclusion| exclusion.id).collect()
        };
        let within = |from_ms: i64, to_ms: i64| ExclusionFilter {
            from_ms: Some(from_ms), to_ms: Some(to_ms), ..ExclusionFilter::default()
        };
        assert_eq!(found(within(START_MS + 9, START_MS + 10)).await, ids);
        assert_eq!(found(within(START_MS + 10, START_MS + 20)).await, ids[1..]);
        assert_eq!(found(within(START_MS - 10, START_MS)).await, []);
        assert_eq!(found(within(START_MS - 10, START_MS + 5)).await, ids[..1]);
        assert_eq!(found(ExclusionFilter { link: Some(isp.links[2]), ..Default::default() }).await, ids[1..]);
        assert_eq!(found(ExclusionFilter { client: Some(isp.clients[0]), ..Default::default() }).await, ids[..1]);
    }

    /// Another client's maintenance is nobody else's business.
    async fn a_client_sees_its_own_exclusions(db) {
        let isp = isp(&db.store).await;
        let both = [new(isp.links[1], START_MS, None), new(isp.links[2], START_MS, None)];
        let ids = db.store.insert_exclusions(&both, START_MS).await.unwrap();
        for (client, id) in isp.clients.into_iter().zip(&ids) {
            let found = db.store.exclusions_for_client(client, 0, i64::MAX).await.unwrap();
            assert_eq!((found.len(), found[0].id), (1, *id));
        }
        db.store.remove_exclusion(ids[0], "cli", START_MS).await.unwrap();
        assert!(db.store.exclusions_for_client(isp.clients[0], 0, i64::MAX).await.unwrap().is_empty());
    }

    async fn an_exclusion_ends_no_later_than_was_entered(db) {
        let isp = isp(&db.store).await;
        let id = db.store.insert_exclusions(&[new(isp.links[0], START_MS, None)], START_MS).await.unwrap()[0];
        let ended = db.store.end_exclusion(id, START_MS + 100, "cli", START_MS + 90).await.unwrap();
        assert_eq!(ended.to_ms, Some(START_MS + 100));
        assert_eq!(db.store.exclusion(id).await.unwrap(), ended);
        db.store.end_exclusion(id, START_MS + 50, "cli", START_MS + 91).await.unwrap();
        for to_ms in [START_MS + 51, START_MS] {
            let error = db.store.end_exclusion(id, to_ms, "cli", START_MS + 92).await.unwrap_err();
            assert!(matches!(error, StoreError::Invalid { what: "the exclusion", .. }), "{error:?}");
        }
        assert_eq!(db.store.exclusion(id).await.unwrap().to_ms, Some(START_MS + 50));
    }

    /// A report that counted it must remain explicable.
    async fn a_removed_exclusion_stays_as_a_row(db) {
        let isp = isp(&db.store).await;
        let id = db.store.insert_exclusions(&[new(isp.links[0], START_MS, None)], START_MS).await.unwrap()[0];
        let removed = db.store.remove_exclusion(id, "staff:asha", START_MS + 1).await.unwrap();
        assert_eq!((removed.removed_by.as_deref(), removed.removed_at_ms), (Some("staff:asha"), Some(START_MS + 1)));
        assert_eq!(db.store.exclusion(id).await.unwrap(), removed);
        assert!(db.store.exclusions(&ExclusionFilter::default()).await.unwrap().is_empty());
        let all = ExclusionFilter { removed: true, ..Default::default() };
        assert_eq!(db.store.exclusions(&all).await.unwrap(), [removed]);
        let again = db.store.remove_exclusion(id, "cli", START_MS + 2).await.unwrap_err();
        assert!(matches!(again, StoreError::NotFound { what: "exclusion" }), "{again:?}");
        let error = db.store.end_exclusion(id, START_MS + 9, "cli", START_MS + 2).await.unwrap_err();
        assert!(matches!(error, StoreError::NotFound { what: "exclusion" }), "{error:?}");
    }

    async fn every_change_is_in_the_audit_log(db) {
        let isp = isp(&db.store).await;
        let id = db.store.insert_exclusions(&[new(isp.links[0], START_MS, None)], START_MS).await.unwrap()[0];
        db.store.end_exclusion(id, START_MS + 7, "staff:asha", START_MS + 1).await.unwrap();
        db.store.remove_exclusion(id, "cli", START_MS + 2).await.unwrap();
        let events = db.store.audit_events(None, 10).await.unwrap();
        let told: Vec<_> = events.iter()
            .map(|record| (record.event.action.as_str(), record.event.actor.as_str(), record.event.at_ms - START_MS))
            .collect();
        assert_eq!(told, [("exclusion.remove", "cli", 2), ("exclusion.end", "staff:asha", 1), ("exclusion.add", "staff:ravi", 0)]);
        assert_eq!(events[1].event.subject, format!("exclusion {id} of link C-0"));
        assert_eq!(events[1].event.detail["before"]["to_ms"], serde_json::Value::Null);
        assert_eq!(events[1].event.detail["after"]["to_ms"], START_MS + 7);
        assert_eq!(events[2].event.detail["before"], serde_json::Value::Null);
        assert_eq!(events[2].event.detail["after"]["reason"], "fibre work");
    }

    async fn a_bad_exclusion_keeps_all_out(db) {
        let isp = isp(&db.store).await;
        let good = new(isp.links[0], START_MS, None);
        for bad in [
            NewExclusion { to_ms: Some(START_MS), ..good.clone() },
            NewExclusion { reason: "  ", ..good.clone() },
            NewExclusion { entered_by: "", ..good.clone() },
        ] {
            let error = db.store.insert_exclusions(&[good.clone(), bad], START_MS).await.unwrap_err();
            assert!(matches!(error, StoreError::Invalid { what: "the exclusion", .. }), "{error:?}");
        }
        let nowhere = NewExclusion { link_id: LinkId(7), ..good.clone() };
        let error = db.store.insert_exclusions(&[good, nowhere], START_MS).await.unwrap_err();
        assert!(matches!(error, StoreError::Dangling { what: "exclusion" }), "{error:?}");
        assert!(db.store.exclusions(&ExclusionFilter::default()).await.unwrap().is_empty());
        assert!(db.store.audit_events(None, 10).await.unwrap().is_empty());
    }
}
