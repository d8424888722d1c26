//! Who is told what: what admins set, what others read, and what the last days would have been told.

use axum::http::StatusCode;
use store::{NotificationEvent, NotificationRule, StaffRole, StaffScope};

use crate::portal::{Portal, portals};
use crate::staff::{on_duty, other_things, save, shown};
use crate::telling::broke;

/// The form of a link that is down, as it is stored at first.
const DOWN: &str = "enabled=on&sustained=0s&clear_after=1m&cooldown=5m&quiet=&to_operations=on&to_client=off&by_mail=on&by_whatsapp=on&extra=";

async fn rule(portal: &Portal, event: NotificationEvent) -> NotificationRule {
    let rules = portal.store.notification_rules(portal.company).await.unwrap();
    rules.into_iter().find(|rule| rule.event == event).unwrap()
}

fn place(portal: &Portal) -> String {
    format!("/staff/notifications/{}", portal.company)
}

#[tokio::test]
async fn a_rule_is_stored_as_it_was_typed_and_told_to_the_audit_log() {
    for portal in portals().await {
        let mut adam = on_duty(&portal, "adam", StaffRole::Admin, StaffScope::All).await;
        let address = format!("{}/rules/link_down", place(&portal));
        let page = adam.get(&address).await.body;
        for value in ["value=\"0s\"", "value=\"1m\"", "value=\"5m\"", "Empty: 5m."] {
            assert!(page.contains(value), "{value}: {page}");
        }
        let form = "enabled=on&sustained=90s&clear_after=1m&cooldown=&quiet=22%3A00-07%3A00&to_operations=off&to_client=on\
                    &by_mail=on&by_whatsapp=on&extra=Boss%40isp.example%0D%0Aboss%40isp.example%0D%0Ab%40x.example";
        let answer = save(&mut adam, &address, form).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (StatusCode::SEE_OTHER, place(&portal).as_str()),
            "{}",
            answer.body
        );
        let set = rule(&portal, NotificationEvent::LinkDown).await;
        let expected = NotificationRule {
            sustained_s: 90,
            quiet: Some("22:00-07:00".parse().unwrap()),
            to_operations: false,
            to_client: true,
            extra: vec!["b@x.example".to_owned(), "boss@isp.example".to_owned()],
            ..NotificationRule::default_of(NotificationEvent::LinkDown)
        };
        assert_eq!(set, expected);
        let event = portal.store.audit_events(None, 1).await.unwrap().remove(0).event;
        assert_eq!((event.actor.as_str(), event.action.as_str()), ("staff:adam", "company.notification"));
        assert_eq!(
            (&event.detail["before"]["sustained_s"], &event.detail["after"]["sustained_s"]),
            (&0.into(), &90.into())
        );
        // Back to the program's own, and one address less.
        let form = format!("{DOWN}b%40x.example").replace("sustained=0s", "sustained=");
        assert_eq!(save(&mut adam, &address, &form).await.status, StatusCode::SEE_OTHER);
        let own = NotificationRule::default_of(NotificationEvent::LinkDown);
        assert_eq!(
            rule(&portal, NotificationEvent::LinkDown).await,
            NotificationRule { extra: vec!["b@x.example".to_owned()], ..own }
        );
    }
}

#[tokio::test]
async fn what_makes_no_sense_comes_back_with_the_fault_at_its_field() {
    for portal in portals().await {
        let mut adam = on_duty(&portal, "adam", StaffRole::Admin, StaffScope::All).await;
        let before = portal.store.notification_rules(portal.company).await.unwrap();
        for (event, form, wrong, kept) in [
            ("link_down", DOWN.replace("sustained=0s", "sustained=soon"), "sustained", "value=\"soon\""),
            ("link_down", DOWN.replace("sustained=0s", "sustained=25h"), "sustained", "value=\"25h\""),
            ("link_down", DOWN.replace("quiet=", "quiet=22-07"), "quiet", "value=\"22-07\""),
            ("link_down", DOWN.replace("enabled=on&", ""), "enabled", "value=\"5m\""),
            ("link_down", format!("{DOWN}nobody"), "extra", ">nobody</textarea>"),
            ("link_unstable", format!("threshold=1.5&window=30m&{DOWN}"), "threshold", "value=\"1.5\""),
            ("link_unstable", format!("threshold=4&window=10s&{DOWN}"), "window", "value=\"10s\""),
            ("high_latency", format!("threshold=-3&{DOWN}"), "threshold", "value=\"-3\""),
            (
                "collector_stalled",
                "enabled=on&sustained=10s&cooldown=1h&to_operations=on&by_mail=on&by_whatsapp=on".to_owned(),
                "sustained",
                "value=\"10s\"",
            ),
        ] {
            let address = format!("{}/rules/{event}", place(&portal));
            for to in [address.clone(), format!("{address}/preview")] {
                let shown = shown(&mut adam, &address).await;
                let answer = adam.post(&to, &format!("{form}&shown={shown}")).await;
                assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{to} {form}");
                assert!(
                    answer.body.contains(&format!("id=\"{wrong}-wrong\"")),
                    "{to} {wrong}: {}",
                    answer.body
                );
                assert_eq!(
                    answer.body.matches("<p class=\"wrong\"").count(),
                    1,
                    "{to} {form}: {}",
                    answer.body
                );
                assert!(answer.body.contains(kept), "{kept} was lost: {}", answer.body);
            }
        }
        assert_eq!(
            portal.store.notification_rules(portal.company).await.unwrap(),
            before,
            "nothing is stored"
        );
        for event in ["nonsense", "LINK_DOWN", ""] {
            let answer = adam.get(&format!("{}/rules/{event}", place(&portal))).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{event}");
        }
    }
}

#[tokio::test]
async fn others_read_the_settings_and_only_admins_of_the_company_change_them() {
    for portal in portals().await {
        let other = other_things(&portal).await;
        let mut olga = on_duty(&portal, "olga", StaffRole::Operator, StaffScope::All).await;
        let page = olga.get(&place(&portal)).await.body;
        assert!(
            page.contains("Link down") && page.contains("4 outages") && !page.contains("/rules/"),
            "{page}"
        );
        let page = olga.get("/staff/notifications").await.body;
        let all = NotificationEvent::ALL.len();
        assert!(page.contains(&format!("{all} of {all}")) && page.contains("Second Brand"), "{page}");
        let address = format!("{}/rules/link_down", place(&portal));
        for address in
            [address.clone(), format!("{address}/preview"), format!("{}/operations", place(&portal))]
        {
            assert_eq!(olga.post(&address, DOWN).await.status, StatusCode::FORBIDDEN, "{address}");
        }
        let mut zed =
            on_duty(&portal, "zed", StaffRole::Admin, StaffScope::Companies([other.company].into())).await;
        assert_eq!(zed.post(&address, DOWN).await.status, StatusCode::NOT_FOUND);
        assert!(!zed.get("/staff/notifications").await.body.contains("Northwind"));
        let mut adam = on_duty(&portal, "adam", StaffRole::Admin, StaffScope::All).await;
        let off = DOWN.replace("enabled=on", "enabled=off");
        assert_eq!(save(&mut adam, &address, &off).await.status, StatusCode::SEE_OTHER);
        assert!(olga.get("/staff/notifications").await.body.contains(&format!("{} of {all}", all - 1)));
    }
}

#[tokio::test]
async fn nobody_overwrites_a_rule_or_a_list_that_they_never_saw() {
    for portal in portals().await {
        let mut adam = on_duty(&portal, "adam", StaffRole::Admin, StaffScope::All).await;
        let mut eve = on_duty(&portal, "eve", StaffRole::Admin, StaffScope::All).await;
        let address = format!("{}/rules/link_down", place(&portal));
        let old = shown(&mut eve, &address).await;
        assert_eq!(
            save(&mut adam, &address, &DOWN.replace("cooldown=5m", "cooldown=1h")).await.status,
            StatusCode::SEE_OTHER
        );
        let late =
            eve.post(&address, &format!("{}&shown={old}", DOWN.replace("cooldown=5m", "cooldown=2h"))).await;
        assert_eq!(late.status, StatusCode::CONFLICT, "{}", late.body);
        assert!(
            late.body.contains("staff:adam") && late.body.contains("Stored now: <strong>1h</strong>"),
            "{}",
            late.body
        );
        assert!(late.body.contains("value=\"2h\""), "what was typed is lost: {}", late.body);
        assert_eq!(rule(&portal, NotificationEvent::LinkDown).await.cooldown_s, 3_600);
        // Another event is another thing.
        let loss = format!("{}/rules/high_loss", place(&portal));
        let fresh = shown(&mut eve, &loss).await;
        save(&mut adam, &address, DOWN).await;
        let form = format!("threshold=2&{}&shown={fresh}", DOWN.replace("sustained=0s", "sustained=15m"));
        assert_eq!(eve.post(&loss, &form).await.status, StatusCode::SEE_OTHER);

        let list = format!("{}/operations", place(&portal));
        let old = shown(&mut eve, &list).await;
        let form = "operations=noc%40isp.example%0D%0ANOC%40isp.example";
        assert_eq!(save(&mut adam, &list, form).await.status, StatusCode::SEE_OTHER);
        let late = eve.post(&list, &format!("operations=eve%40isp.example&shown={old}")).await;
        assert_eq!(late.status, StatusCode::CONFLICT);
        assert!(
            late.body.contains("noc@isp.example") && late.body.contains("eve@isp.example"),
            "{}",
            late.body
        );
        let bad = save(&mut eve, &list, "operations=noc%40isp.example%0D%0Anobody").await;
        assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            bad.body.contains("&#34;nobody&#34; is neither an e-mail address nor a number"),
            "{}",
            bad.body
        );
        let many: String = (0..51).map(|n| format!("p{n}%40isp.example%0A")).collect();
        let many = save(&mut eve, &list, &format!("operations={many}")).await;
        assert!(many.body.contains("50 at most"), "{}", many.body);
        assert_eq!(portal.store.notification_recipients(portal.company).await.unwrap(), ["noc@isp.example"]);
        let event = portal.store.audit_events(None, 1).await.unwrap().remove(0).event;
        assert_eq!(event.detail["after"]["operations"], "noc@isp.example");
        assert_eq!(save(&mut eve, &list, "operations=").await.status, StatusCode::SEE_OTHER);
        assert!(portal.store.notification_recipients(portal.company).await.unwrap().is_empty());
    }
}

/// One outage of an hour, as the settings would have told it: its beginning and its end.
#[tokio::test]
async fn the_last_days_are_told_by_what_is_typed_and_nothing_is_stored() {
    for portal in portals().await {
        broke(&portal, portal.router_id, portal.foreign).await;
        portal.store.add_notification_recipient(portal.company, "noc@isp.example", "cli", 0).await.unwrap();
        let before = portal.store.notification_rules(portal.company).await.unwrap();
        let mut adam = on_duty(&portal, "adam", StaffRole::Admin, StaffScope::All).await;
        let events = portal.store.audit_events(None, 1_000).await.unwrap().len();
        let address = format!("{}/rules/link_down/preview", place(&portal));
        for (form, told) in [
            (DOWN.to_owned(), "2 messages"),
            (DOWN.replace("sustained=0s", "sustained=2h"), "0 messages"),
            (DOWN.replace("clear_after=1m", "clear_after=24h"), "one message"),
            (DOWN.replace("enabled=on", "enabled=off"), "0 messages"),
            (DOWN.replace("to_operations=on", "to_operations=off"), "0 messages"),
            (DOWN.replace("to_client=off", "to_client=on"), "4 messages"),
            (format!("{DOWN}boss%40isp.example%0D%0Anoc%40isp.example"), "4 messages"),
        ] {
            let answer = adam.post(&address, &form).await;
            assert_eq!(answer.status, StatusCode::OK, "{form}");
            let sentence = format!("With these settings the last 30 days would have sent {told}.");
            assert!(answer.body.contains(&sentence), "{form}: {}", answer.body);
            let drawn = answer.body.matches("<rect").count();
            assert_eq!(
                drawn,
                if told == "0 messages" { 0 } else { 31 },
                "a bar for each day and piece of a day"
            );
        }
        let page = adam.post(&address, &DOWN.replace("sustained=0s", "sustained=7m")).await.body;
        assert!(page.contains("value=\"7m\"") && page.contains("the most: 2 on 2026-11-23"), "{page}");
        assert_eq!(portal.store.notification_rules(portal.company).await.unwrap(), before);
        assert_eq!(portal.store.audit_events(None, 1_000).await.unwrap().len(), events, "nothing was done");
        assert!(!adam.get(&format!("{}/rules/sla_breach", place(&portal))).await.body.contains("/preview"));
    }
}
