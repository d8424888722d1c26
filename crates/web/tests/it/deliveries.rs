//! What staff see of messages: what became of each, its text, and who may have it tried again.

use axum::http::StatusCode;
use secrecy::SecretString;
use store::{NotificationEvent, OutboxFilter, OutboxId, OutboxMail, OutboxState, StaffRole, StaffScope};

use crate::portal::{HOUR_MS, Portal, portals};
use crate::staff::{on_duty, other_things, own_things};

async fn mails(portal: &Portal) -> Vec<OutboxMail> {
    portal.store.outbox_list(&OutboxFilter::default(), 100).await.unwrap()
}

async fn state(portal: &Portal, id: OutboxId) -> OutboxState {
    portal.store.outbox_mail(id).await.unwrap().state
}

/// Gives up all that is due.
async fn give_up(portal: &Portal, why: &str) {
    for mail in portal.store.claim_outbox(portal.now_ms(), 1_000, 100).await.unwrap() {
        assert!(portal.store.outbox_failed(&mail, why, None).await.unwrap());
    }
}

#[tokio::test]
async fn every_message_is_listed_with_what_became_of_it_and_narrowed_down() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        give_up(&portal, "550 <nobody> of that name").await;
        portal.pass(26 * HOUR_MS);
        portal.browser().post("/client/forgot", "username=asha").await;
        let reset = mails(&portal).await[0].id;
        let mut browser = on_duty(&portal, "vera", StaffRole::Viewer, StaffScope::All).await;
        let page = browser.get("/staff/deliveries").await.body;
        for shown in [
            "Link down: FOREIGN-1",
            "Given up",
            "550 &#60;nobody&#62;",
            "On its way",
            "New password",
            "quiet hours",
            "Held",
        ] {
            assert!(page.contains(shown), "{shown}: {page}");
        }
        assert!(page.find("New password:").is_none(), "it is about no circuit: {page}");
        assert!(!page.contains("/retry"), "a viewer changes nothing: {page}");
        for (query, alert, held, account) in [
            ("", true, true, true),
            ("state=dead", true, false, false),
            ("state=queued", false, false, true),
            ("state=held", false, true, false),
            ("state=sent", false, false, false),
            ("kind=link_down", true, true, false),
            ("kind=password_reset", false, false, true),
            ("kind=nonsense", true, true, true),
            ("channel=mail", true, false, true),
            ("channel=webhook", false, false, false),
            ("from=2026-11-24", false, false, true),
            ("to=2026-11-23", true, true, false),
            ("from=2026-11-23&to=2026-11-23", true, true, false),
            ("q=DECCAN", false, false, true),
            ("q=nobody%3E+of", true, false, false),
            ("q=%25", false, false, false),
            ("from=", true, true, true),
            ("page=2", false, false, false),
        ] {
            let page = browser.get(&format!("/staff/deliveries?{query}")).await.body;
            let shows = |id: OutboxId| page.contains(&format!("/staff/deliveries/{id}\""));
            let found = (shows(own.message), page.contains("quiet hours"), shows(reset));
            assert_eq!(found, (alert, held, account), "{query}");
        }
        portal.pass(40 * 24 * HOUR_MS);
        let mut browser = on_duty(&portal, "viola", StaffRole::Viewer, StaffScope::All).await;
        let lately = browser.get("/staff/deliveries").await.body;
        assert!(!lately.contains("quiet hours") && lately.contains("value=\"2026-12-04\""), "{lately}");
        assert!(browser.get("/staff/deliveries?from=2026-11-01").await.body.contains("quiet hours"));
        for query in ["from=yesterday", "to=2026-02-30", "from=1795437000000", "to=2026-11-23T10:00"] {
            let answer = browser.get(&format!("/staff/deliveries?{query}")).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
            assert!(answer.body.contains("write it as 2026-11-23"), "{query}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn a_message_is_read_as_its_receiver_reads_it_but_for_what_opens_an_account() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        portal.browser().post("/client/forgot", "username=asha").await;
        let reset = mails(&portal).await.remove(0);
        let token =
            portal.store.issue_reset_token(reset.payload["reset_id"].as_i64().unwrap(), portal.now_ms());
        let token = secrecy::ExposeSecret::expose_secret(&token.await.unwrap().unwrap()).to_owned();
        let report =
            crate::ledger::write_report_with_mail(&portal, portal.mine, "2026-10", "asha@deccan.example")
                .await;
        let filter = OutboxFilter { report: Some(report), ..OutboxFilter::default() };
        let about_report = portal.store.outbox_list(&filter, 1).await.unwrap().remove(0).id;
        let mut browser = on_duty(&portal, "vera", StaffRole::Viewer, StaffScope::All).await;
        let page = browser.get(&format!("/staff/deliveries/{}", own.message)).await.body;
        for shown in
            ["noc-1@isp.example", "DOWN: FOREIGN-1", "<pre class=\"letter\">", "E-mail", "@leaseline&#62;"]
        {
            assert!(page.contains(shown), "{shown}: {page}");
        }
        let page = browser.get(&format!("/staff/deliveries/{}", reset.id)).await.body;
        assert!(page.contains("the link is in the mail alone") && page.contains("asha"), "{page}");
        assert!(!page.contains(&token) && !page.contains("/client/reset/"), "{page}");
        let page = browser.get(&format!("/staff/deliveries/{about_report}")).await.body;
        assert!(page.contains("SLA breach: MINE-1") && page.contains("October 2026"), "{page}");
    }
}

#[tokio::test]
async fn what_was_given_up_is_tried_again_by_operators_within_their_companies_and_nobody_else() {
    for portal in portals().await {
        let (own, other) = (own_things(&portal).await, other_things(&portal).await);
        give_up(&portal, "550 no such user").await;
        let scope = StaffScope::Companies([other.company].into());
        let mut zed = on_duty(&portal, "zed", StaffRole::Operator, scope).await;
        let listed = zed.get("/staff/deliveries?state=dead").await.body;
        assert!(listed.contains("Try all again") && !listed.contains("FOREIGN-1"), "{listed}");
        assert!(
            !zed.get("/staff/deliveries").await.body.contains("Try all again"),
            "not all of it was given up"
        );
        let none = zed.post("/staff/deliveries/retry?state=dead&kind=high_loss", "").await;
        assert_eq!(none.header("location"), "/staff/deliveries?kind=high_loss&state=queued");
        assert_eq!(state(&portal, other.message).await, OutboxState::Dead, "it is of another kind");
        let all = zed.post("/staff/deliveries/retry?state=dead", "").await;
        assert_eq!(all.status, StatusCode::SEE_OTHER, "{}", all.body);
        assert_eq!(state(&portal, other.message).await, OutboxState::Queued);
        assert_eq!(state(&portal, own.message).await, OutboxState::Dead, "it is another company's");
        let foreign = zed.post(&format!("/staff/deliveries/{}/retry", own.message), "").await;
        assert_eq!(foreign.status, StatusCode::NOT_FOUND);
        let bad = zed.post("/staff/deliveries/retry?from=soon", "").await;
        assert_eq!(bad.status, StatusCode::BAD_REQUEST, "whatever was meant, it was not everything");
        let event = portal.store.audit_events(None, 1).await.unwrap().remove(0).event;
        assert_eq!((event.actor.as_str(), event.action.as_str()), ("staff:zed", "outbox.retry"));
        assert_eq!(event.detail["after"]["mails"], serde_json::json!([other.message]));

        let mut noc = on_duty(&portal, "noc", StaffRole::Operator, StaffScope::All).await;
        let address = format!("/staff/deliveries/{}", own.message);
        assert!(noc.get(&address).await.body.contains("Try again now"));
        assert_eq!(noc.post(&format!("{address}/retry"), "").await.header("location"), address);
        assert_eq!(state(&portal, own.message).await, OutboxState::Queued);
        let event = portal.store.audit_events(None, 1).await.unwrap().remove(0).event;
        assert_eq!(event.detail["before"]["last_error"], "550 no such user");
        portal.store.outbox_sent(own.message, portal.now_ms(), "250 ok").await.unwrap();
        let sent = noc.post(&format!("{address}/retry"), "").await;
        assert_eq!(sent.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            sent.body.contains("it was sent already") && !sent.body.contains("Try again now"),
            "{}",
            sent.body
        );
        assert_eq!(state(&portal, own.message).await, OutboxState::Sent, "nobody is told twice");
    }
}

#[tokio::test]
async fn the_file_holds_what_the_list_shows_and_is_kept_account_of() {
    for portal in portals().await {
        let (own, other) = (own_things(&portal).await, other_things(&portal).await);
        give_up(&portal, "=HYPERLINK(\"http://evil\")").await;
        let scope = StaffScope::Companies([other.company].into());
        let mut zed = on_duty(&portal, "zed", StaffRole::Viewer, scope).await;
        let file = zed.get("/staff/deliveries.csv?state=dead").await;
        assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
        let lines: Vec<&str> = file.body.trim_end().split("\r\n").collect();
        assert_eq!(lines.len(), 2, "{}", file.body);
        assert!(lines[0].starts_with("\u{feff}message,decided,company,kind"), "{}", lines[0]);
        assert!(lines[1].starts_with(&format!("{},", other.message)), "{}", lines[1]);
        assert!(lines[1].contains("\"'=HYPERLINK(\"\"http://evil\"\")\""), "{}", lines[1]);
        assert!(!file.body.contains("FOREIGN-1"));
        let event = portal.store.audit_events(None, 1).await.unwrap().remove(0).event;
        assert_eq!((event.action.as_str(), event.subject.as_str()), ("download", "1 messages"));
        let mut adam = on_duty(&portal, "adam", StaffRole::Admin, StaffScope::All).await;
        let all = adam.get("/staff/deliveries.csv").await.body;
        assert_eq!(all.matches("quiet hours").count(), 2, "{all}");
        assert!(all.contains(&format!("\r\n{},", own.message)), "{all}");
    }
}

#[tokio::test]
async fn a_webhooks_message_is_read_as_the_program_reads_it() {
    for portal in portals().await {
        let by = ("staff:adam", portal.now_ms());
        let events = [NotificationEvent::LinkDown];
        let (hook, secret) = portal
            .store
            .insert_webhook(portal.company, "https://hooks.example/x", &events, by)
            .await
            .unwrap();
        let recipient = portal.store.webhook(hook).await.unwrap().recipient();
        crate::telling::raise_to(&portal, portal.company, portal.mine, "MINE-1", &recipient).await;
        let message = mails(&portal).await.remove(0).id;
        let mut browser = on_duty(&portal, "vera", StaffRole::Viewer, StaffScope::All).await;
        let page = browser.get(&format!("/staff/deliveries/{message}")).await.body;
        assert!(page.contains("&#34;type&#34;: &#34;link_down&#34;") && page.contains("Webhook"), "{page}");
        let secret: &SecretString = &secret;
        assert!(!page.contains(secrecy::ExposeSecret::expose_secret(secret)));
        let listed = browser.get("/staff/deliveries?channel=webhook").await.body;
        assert!(listed.contains(&format!("webhook {hook}")), "{listed}");
        assert!(!browser.get("/staff/deliveries?channel=mail").await.body.contains("MINE-1"));
    }
}
