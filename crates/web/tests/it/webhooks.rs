//! Webhooks on the staff pages: entered, edited, paused, tried and removed, and a secret that is shown once.

use axum::http::StatusCode;
use secrecy::ExposeSecret;
use store::{NotificationEvent, OutboxFilter, StaffRole, StaffScope, Webhook, WebhookId};

use crate::portal::{Portal, portals};
use crate::staff::{on_duty, other_things, own_things, save, shown};

async fn only(portal: &Portal) -> Webhook {
    portal.store.webhooks(portal.company).await.unwrap().remove(0)
}

async fn secret(portal: &Portal, id: WebhookId) -> String {
    portal.store.webhook_secret(id).await.unwrap().expose_secret().to_owned()
}

#[tokio::test]
async fn a_secret_is_shown_once_and_the_path_of_an_address_to_admins_who_edit_it_alone() {
    for portal in portals().await {
        let mut adam = on_duty(&portal, "adam", StaffRole::Admin, StaffScope::All).await;
        assert!(adam.get("/staff/webhooks").await.body.contains("No webhook is entered."));
        let form = format!(
            "company={}&url=https%3A%2F%2Fhooks.example%2Ft0ken&link_down=on&sla_breach=on",
            portal.company
        );
        let added = adam.post("/staff/webhooks", &form).await;
        assert_eq!(added.status, StatusCode::OK, "{}", added.body);
        let webhook = only(&portal).await;
        let first = secret(&portal, webhook.id).await;
        assert!(added.body.contains(&first) && added.body.contains("shown this once"), "{}", added.body);
        assert_eq!(added.header("cache-control"), "no-store");
        assert_eq!(webhook.events, [NotificationEvent::LinkDown, NotificationEvent::SlaBreach]);
        let page = format!("/staff/webhooks/{}", webhook.id);
        for address in ["/staff/webhooks", &page, "/staff/audit", "/staff/deliveries"] {
            let body = adam.get(address).await.body;
            assert!(!body.contains(&first) && !body.contains("t0ken"), "{address}: {body}");
        }
        assert!(adam.get(&format!("{page}/edit")).await.body.contains("https://hooks.example/t0ken"));
        let again = adam.post("/staff/webhooks", &form).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            again.body.contains("has a webhook with this address") && !again.body.contains(&first),
            "{}",
            again.body
        );
        let renewed = adam.post(&format!("{page}/secret"), "").await;
        let second = secret(&portal, webhook.id).await;
        assert!(second != first && renewed.body.contains(&second) && !renewed.body.contains(&first));
        let events = portal.store.audit_events(None, 2).await.unwrap();
        let told: Vec<_> = events.iter().map(|record| record.event.action.as_str()).collect();
        assert_eq!(told, ["webhook.secret", "webhook.add"]);
        for record in events {
            let detail = record.event.detail.to_string();
            assert!(detail.contains("https://hooks.example") && !detail.contains("t0ken"), "{detail}");
            assert!(!detail.contains("whsec_"), "{detail}");
        }
    }
}

#[tokio::test]
async fn an_address_that_is_none_comes_back_with_all_that_was_typed() {
    for portal in portals().await {
        let other = other_things(&portal).await;
        let mut adam = on_duty(&portal, "adam", StaffRole::Admin, StaffScope::All).await;
        for (url, why) in [
            ("", "must not be empty"),
            ("hooks.example", "whole address"),
            ("ftp%3A%2F%2Fhooks.example%2F", "no address of a web server"),
            ("https%3A%2F%2Fu%3Ap%40hooks.example%2F", "leave user name"),
        ] {
            let form = format!("company={}&url={url}&high_loss=on", portal.company);
            let answer = adam.post("/staff/webhooks", &form).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{url}");
            assert!(answer.body.contains(why), "{url}: {}", answer.body);
            let ticked = "id=\"high_loss\" name=\"high_loss\" type=\"checkbox\" value=\"on\" checked";
            assert!(answer.body.contains(ticked), "a tick was lost: {}", answer.body);
        }
        assert!(portal.store.webhooks(portal.company).await.unwrap().is_empty());
        let edit = format!("/staff/webhooks/{}/edit", other.webhook);
        let answer = save(&mut adam, &edit, "url=nowhere&link_down=on").await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains("value=\"nowhere\""), "{}", answer.body);
    }
}

#[tokio::test]
async fn nobody_overwrites_a_webhook_that_they_never_saw() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        let mut adam = on_duty(&portal, "adam", StaffRole::Admin, StaffScope::All).await;
        let mut eve = on_duty(&portal, "eve", StaffRole::Admin, StaffScope::All).await;
        let edit = format!("/staff/webhooks/{}/edit", own.webhook);
        let old = shown(&mut eve, &edit).await;
        let moved = "url=https%3A%2F%2Fmoved.example%2F&link_down=on&high_loss=on";
        assert_eq!(save(&mut adam, &edit, moved).await.status, StatusCode::SEE_OTHER);
        let form = "url=https%3A%2F%2Felsewhere.example%2F&shown=";
        let late = eve.post(&edit, &format!("{form}{old}")).await;
        assert_eq!(late.status, StatusCode::CONFLICT, "{}", late.body);
        assert!(
            late.body.contains("staff:adam") && late.body.contains("https://moved.example/"),
            "{}",
            late.body
        );
        assert!(late.body.contains("value=\"https://elsewhere.example/\""), "{}", late.body);
        let now = only(&portal).await;
        assert_eq!((now.url.as_str(), now.events.len()), ("https://moved.example/", 2));
        assert_eq!(
            save(&mut eve, &edit, form.trim_end_matches("&shown=")).await.status,
            StatusCode::SEE_OTHER
        );
        let now = only(&portal).await;
        assert_eq!(
            (now.url.as_str(), now.events.len()),
            ("https://elsewhere.example/", 0),
            "it hears of everything"
        );
    }
}

#[tokio::test]
async fn a_test_goes_out_like_every_message_and_to_no_webhook_that_is_paused() {
    for portal in portals().await {
        let (own, other) = (own_things(&portal).await, other_things(&portal).await);
        let mut adam = on_duty(&portal, "adam", StaffRole::Admin, StaffScope::All).await;
        let page = format!("/staff/webhooks/{}", own.webhook);
        assert_eq!(adam.post(&format!("{page}/pause"), "").await.header("location"), page);
        assert!(!only(&portal).await.active);
        let refused = adam.post(&format!("{page}/test"), "").await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("it is paused"), "{}", refused.body);
        adam.post(&format!("{page}/resume"), "").await;
        let sent = adam.post(&format!("{page}/test"), "").await;
        let place = sent.header("location").to_owned();
        assert!(place.starts_with("/staff/deliveries/"), "{place}");
        let message = adam.get(&place).await.body;
        assert!(message.contains("<h1>Test</h1>") && message.contains("On its way"), "{message}");
        assert!(message.contains("&#34;type&#34;: &#34;test&#34;"), "{message}");
        let claimed = portal.store.claim_webhook_calls(portal.now_ms(), 1_000, 10).await.unwrap();
        let to: Vec<_> = claimed.iter().map(|call| (call.kind.as_str(), call.recipient.clone())).collect();
        assert_eq!(to, [("test", format!("webhook:{}", own.webhook))], "a worker finds it");
        let listed = adam.get(&page).await.body;
        assert!(
            listed.contains(&place) && listed.contains(&format!("channel=webhook%3A{}", own.webhook)),
            "{listed}"
        );
        let found = |id: WebhookId| format!("/staff/deliveries?channel=webhook%3A{id}");
        assert!(adam.get(&found(own.webhook)).await.body.contains(&place));
        assert!(!adam.get(&found(other.webhook)).await.body.contains(&place));
        assert_eq!(adam.post(&format!("{page}/remove"), "").await.header("location"), "/staff/webhooks");
        assert!(portal.store.webhooks(portal.company).await.unwrap().is_empty());
        assert_eq!(adam.get(&page).await.status, StatusCode::NOT_FOUND);
        assert!(adam.get(&place).await.body.contains("webhook"), "what was sent stays");
    }
}

#[tokio::test]
async fn webhooks_are_for_admins_of_their_company() {
    for portal in portals().await {
        let (own, other) = (own_things(&portal).await, other_things(&portal).await);
        let mut olga = on_duty(&portal, "olga", StaffRole::Operator, StaffScope::All).await;
        assert_eq!(olga.get("/staff/webhooks").await.status, StatusCode::FORBIDDEN);
        assert!(!olga.get("/staff").await.body.contains("href=\"/staff/webhooks\""));
        let scope = StaffScope::Companies([other.company].into());
        let mut zed = on_duty(&portal, "zed", StaffRole::Admin, scope).await;
        let page = zed.get("/staff/webhooks").await.body;
        assert!(page.contains(&format!("https://hooks-{}.example", other.company)), "{page}");
        assert!(!page.contains(&format!("https://hooks-{}.example", own.company)), "{page}");
        let before = secret(&portal, own.webhook).await;
        for deed in ["secret", "remove", "pause", "test"] {
            let answer = zed.post(&format!("/staff/webhooks/{}/{deed}", own.webhook), "").await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{deed}");
        }
        assert_eq!(secret(&portal, own.webhook).await, before);
        assert!(only(&portal).await.active);
        let none = OutboxFilter::default();
        assert!(portal.store.outbox_list(&none, 100).await.unwrap().iter().all(|mail| mail.kind != "test"));
    }
}
