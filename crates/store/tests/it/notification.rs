use store::{NotificationEvent, StoreError};

use crate::database::on_both;
use crate::fixture::{START_MS, isp};

use NotificationEvent::{ReportReady, SlaBreach};

/// What is set about reports; alerts have settings too.
async fn of_reports(store: &store::Store, company: store::CompanyId) -> Vec<(NotificationEvent, bool)> {
    let mut settings = store.notification_settings(company).await.unwrap();
    settings.retain(|(event, _)| !event.is_alert());
    settings
}

on_both! {
    async fn an_event_is_told_unless_it_was_switched_off(db) {
        let isp = isp(&db.store).await;
        let store = &db.store;
        assert_eq!(of_reports(store, isp.company).await, [(SlaBreach, true), (ReportReady, true)]);
        store.set_notification(isp.company, ReportReady, false, "cli", START_MS).await.unwrap();
        store.set_notification(isp.company, ReportReady, false, "cli", START_MS).await.unwrap();
        assert_eq!(of_reports(store, isp.company).await, [(SlaBreach, true), (ReportReady, false)]);
        store.set_notification(isp.company, ReportReady, true, "cli", START_MS).await.unwrap();
        assert_eq!(of_reports(store, isp.company).await, [(SlaBreach, true), (ReportReady, true)]);
        let event = &store.audit_events(None, 1).await.unwrap()[0].event;
        assert_eq!((event.action.as_str(), event.subject.as_str()), ("company.notification", "company Example Net"));
        assert_eq!(event.detail["after"], serde_json::json!(["report_ready", true]));
        let error = store.set_notification(store::CompanyId(7), SlaBreach, true, "cli", START_MS).await.unwrap_err();
        assert!(matches!(error, StoreError::NotFound { what: "company" }), "{error:?}");
    }

    async fn the_operations_list_has_each_address_once(db) {
        let isp = isp(&db.store).await;
        let store = &db.store;
        store.add_notification_recipient(isp.company, " Noc@example.net", "cli", START_MS).await.unwrap();
        store.add_notification_recipient(isp.company, "boss@example.net", "cli", START_MS).await.unwrap();
        let error = store.add_notification_recipient(isp.company, "NOC@EXAMPLE.NET", "cli", START_MS).await.unwrap_err();
        assert!(matches!(error, StoreError::Duplicate { what: "recipient", field: "address", .. }), "{error:?}");
        let error = store.add_notification_recipient(isp.company, "noc", "cli", START_MS).await.unwrap_err();
        assert!(matches!(error, StoreError::Invalid { what: "a recipient", .. }), "{error:?}");
        assert_eq!(store.notification_recipients(isp.company).await.unwrap(), ["boss@example.net", "noc@example.net"]);
        store.remove_notification_recipient(isp.company, "Boss@example.net", "cli", START_MS).await.unwrap();
        let error = store.remove_notification_recipient(isp.company, "boss@example.net", "cli", START_MS).await.unwrap_err();
        assert!(matches!(error, StoreError::NotFound { what: "recipient" }), "{error:?}");
        assert_eq!(store.notification_recipients(isp.company).await.unwrap(), ["noc@example.net"]);
        assert_eq!(store.audit_events(None, 10).await.unwrap().len(), 3);
    }

    async fn the_operations_list_is_bounded(db) {
        let isp = isp(&db.store).await;
        for index in 0..store::RECIPIENTS_MAX {
            let email = format!("n{index}@example.net");
            db.store.add_notification_recipient(isp.company, &email, "cli", START_MS).await.unwrap();
        }
        let error = db.store.add_notification_recipient(isp.company, "x@example.net", "cli", START_MS).await.unwrap_err();
        assert!(matches!(error, StoreError::Invalid { what: "a recipient", .. }), "{error:?}");
    }

    /// Nobody hears of another client, of what the company does not tell, after having left, or twice.
    async fn reports_go_to_active_users_and_the_operations_list(db) {
        let isp = isp(&db.store).await;
        let store = &db.store;
        let [acme, bolt] = isp.clients;
        store.insert_portal_user(acme, "ann", "Ann@acme.example", "h", START_MS).await.unwrap();
        let gone = store.insert_portal_user(acme, "gone", "gone@acme.example", "h", START_MS).await.unwrap();
        store.set_portal_user_active(gone, false).await.unwrap();
        store.insert_portal_user(acme, "noc", "NOC@example.net", "h", START_MS).await.unwrap();
        store.insert_portal_user(bolt, "bob", "bob@bolt.example", "h", START_MS).await.unwrap();
        store.add_notification_recipient(isp.company, "noc@example.net", "cli", START_MS).await.unwrap();
        let other = store.insert_company("Other", "UTC", "INR", START_MS).await.unwrap();
        store.add_notification_recipient(other, "other@example.org", "cli", START_MS).await.unwrap();
        assert_eq!(store.report_recipients(acme, SlaBreach).await.unwrap(), ["ann@acme.example", "noc@example.net"]);
        assert_eq!(store.report_recipients(bolt, SlaBreach).await.unwrap(), ["bob@bolt.example", "noc@example.net"]);
        store.set_notification(isp.company, SlaBreach, false, "cli", START_MS).await.unwrap();
        assert!(store.report_recipients(acme, SlaBreach).await.unwrap().is_empty());
        assert_eq!(store.report_recipients(acme, ReportReady).await.unwrap().len(), 2);
    }
}
