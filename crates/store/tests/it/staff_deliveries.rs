//! Messages as staff find them: within a scope, each once, and tried again only where that is theirs to say.

use sla::Verdict::Breached;
use store::{
    DeliveryStanding, NewReport, OutboxFilter, OutboxId, OutboxState, StaffAct, StaffAsk, StaffDeliveryAsk,
    StaffScope, Store, StoreError,
};

use crate::database::{Db, on_both};
use crate::fixture::{Isp, START_MS, isp, new_mail, new_report, statement};

const ALL: StaffDeliveryAsk<'static> = StaffDeliveryAsk {
    ask: StaffAsk { search: "", page: 1 },
    standing: None,
    channel: None,
    recipient: None,
    kind: None,
    from_ms: None,
    to_ms: None,
};

/// So many messages about the first link's report, oldest first.
async fn queue(db: &Db, isp: &Isp, count: usize) -> Vec<OutboxId> {
    let mails = (0..count).map(|index| new_mail(&format!("P{index}@acme.example"))).collect();
    let report = NewReport { mails, ..new_report(isp, 0, &statement("2026-10", Breached)) };
    db.store.write_reports(&[report], START_MS).await.unwrap();
    let mails = db.store.outbox_list(&OutboxFilter::default(), 1_000).await.unwrap();
    mails.iter().rev().map(|mail| mail.id).collect()
}

async fn give_up(store: &Store) {
    for mail in store.claim_outbox(START_MS, 1_000, 100).await.unwrap() {
        assert!(store.outbox_failed(&mail, "550 no", None).await.unwrap());
    }
}

fn act(scope: &StaffScope) -> StaffAct<'_> {
    StaffAct { scope, actor: "staff:olga", address: None, now_ms: START_MS + 1 }
}

on_both! {
    async fn a_message_is_found_once_and_within_its_companys_scope_alone(db) {
        let isp = isp(&db.store).await;
        let ids = queue(db, &isp, 51).await;
        let mine = StaffScope::Companies([isp.company].into());
        let first = db.store.staff_deliveries(&mine, &ALL).await.unwrap();
        assert_eq!((first.rows.len(), first.total), (50, 51));
        assert_eq!(first.rows[0].mail, ids.last().copied(), "the newest first");
        assert_eq!((first.rows[0].about.as_str(), first.rows[0].kind.as_str()), ("C-0", "sla_breach"));
        let second = StaffDeliveryAsk { ask: StaffAsk { search: "", page: 2 }, ..ALL };
        let rest = db.store.staff_deliveries(&mine, &second).await.unwrap().rows;
        assert_eq!(rest.iter().map(|one| one.mail).collect::<Vec<_>>(), [Some(ids[0])]);
        assert_eq!(db.store.staff_deliveries_for_file(&mine, &second).await.unwrap().rows.len(), 51, "a file has no pages");
        let late = StaffDeliveryAsk { from_ms: Some(START_MS + 1), ..ALL };
        assert_eq!(db.store.staff_deliveries(&mine, &late).await.unwrap().total, 0);
        let early = StaffDeliveryAsk { to_ms: Some(START_MS), ..ALL };
        assert_eq!(db.store.staff_deliveries(&mine, &early).await.unwrap().total, 0, "the end is not within");
        for other in [StaffScope::Companies([].into()), StaffScope::Companies([store::CompanyId(4_711)].into())] {
            assert_eq!(db.store.staff_deliveries(&other, &ALL).await.unwrap().total, 0);
            let one = db.store.staff_delivery(&other, ids[0]).await;
            assert!(matches!(one, Err(StoreError::NotFound { .. })), "{one:?}");
            let retried = db.store.staff_retry_delivery(&act(&other), ids[0]).await;
            assert!(matches!(retried, Err(StoreError::NotFound { .. })), "{retried:?}");
        }
        let (one, mail) = db.store.staff_delivery(&mine, ids[0]).await.unwrap();
        assert_eq!((one.mail, mail.id, one.standing), (Some(ids[0]), ids[0], DeliveryStanding::Queued));
    }

    async fn what_is_tried_again_was_given_up_and_is_asked_for(db) {
        let isp = isp(&db.store).await;
        let ids = queue(db, &isp, 3).await;
        give_up(&db.store).await;
        db.store.outbox_retry(ids[0], START_MS).await.unwrap();
        db.store.outbox_sent(ids[0], START_MS, "250 ok").await.unwrap();
        let empty = StaffScope::Companies([].into());
        assert_eq!(db.store.staff_retry_deliveries(&act(&empty), &ALL).await.unwrap(), 0);
        let mine = StaffScope::Companies([isp.company].into());
        let named = StaffDeliveryAsk { ask: StaffAsk { search: "p1@", page: 7 }, ..ALL };
        assert_eq!(db.store.staff_retry_deliveries(&act(&mine), &named).await.unwrap(), 1);
        assert_eq!(db.store.staff_retry_deliveries(&act(&mine), &ALL).await.unwrap(), 1, "only the rest");
        assert_eq!(db.store.staff_retry_deliveries(&act(&mine), &ALL).await.unwrap(), 0);
        let events = db.store.audit_events(None, 10).await.unwrap();
        let retried: Vec<_> = events.iter().filter(|record| record.event.action == "outbox.retry").collect();
        assert_eq!(retried.len(), 2, "nothing done leaves no event");
        let mail = db.store.outbox_mail(ids[1]).await.unwrap();
        assert_eq!((mail.state, mail.attempts, mail.next_at_ms), (OutboxState::Queued, 0, START_MS + 1));
        let claimed = db.store.claim_outbox(START_MS + 1, 1_000, 1).await.unwrap().remove(0);
        for id in [ids[0], claimed.id] {
            let refused = db.store.staff_retry_delivery(&act(&mine), id).await;
            assert!(matches!(refused, Err(StoreError::Invalid { .. })), "{refused:?}");
        }
    }
}
