use store::AuditEvent;

use crate::database::on_both;
use crate::fixture::START_MS;

on_both! {
    async fn events_come_back_newest_first_in_pages(db) {
        for index in 0..5 {
            let event = AuditEvent { at_ms: START_MS + index, actor: "cli".to_owned(), action: "link.add".to_owned(),
                subject: format!("link C-{index}"), detail: serde_json::json!({"index": index}), address: None };
            db.store.audit(&event).await.unwrap();
        }
        let page = db.store.audit_events(None, 2).await.unwrap();
        let subjects: Vec<_> = page.iter().map(|record| record.event.subject.as_str()).collect();
        assert_eq!(subjects, ["link C-4", "link C-3"]);
        assert_eq!(page[1].event.detail["index"], 3);
        let next = db.store.audit_events(Some(page[1].id), 10).await.unwrap();
        assert_eq!((next.len(), next[0].event.at_ms), (3, START_MS + 2));
        assert!(db.store.audit_events(None, -1).await.unwrap().is_empty());
    }
}
