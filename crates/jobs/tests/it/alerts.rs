//! Alerts on a real database: what the storm does not show.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use alert::preview;
use jobs::{AlertEngine, Caller, CallerSettings, Delivery, Mailer, SentMail, WebhookDelivery};
use sla::LinkState::{Down, Up};
use store::{
    AlertDecisions, AlertFilter, AlertPhase, AlertSubject, AuditEvent, Clock, Latest, LinkId, LinkTerms,
    NewNotificationLog, NotificationEvent, NotificationLogFilter, NotificationOutcome, OutboxState, Round,
    RoundOutcome, RuleEdit, Sample, Span, SpanTail, StaffAct, StaffScope, StoreError,
};
use tokio_util::sync::CancellationToken;

use crate::{
    database::{Db, on_both},
    deliver::settings,
    isp::{DAY, HOUR, Isp, MINUTE, at, sample, terms},
    receiver::{Manner, Receiver},
    storm_play::latest,
};

const SECOND: i64 = 1_000;

async fn with_operations(db: &Db) -> Isp {
    let isp = Isp::new(&db.store).await;
    db.store.add_notification_recipient(isp.company, "noc@isp.example", "test", 0).await.unwrap();
    isp
}

/// The link has been looked at.
async fn seen(isp: &Isp, latest: Latest) {
    let mut round = Round::new(isp.router, latest.at_ms, RoundOutcome::Ok);
    round.latest.push(latest);
    isp.store.write_round(&round).await.unwrap();
}

fn by(actor: &str, now_ms: i64) -> StaffAct<'_> {
    StaffAct { scope: &StaffScope::All, actor, address: None, now_ms }
}

async fn untold(isp: &Isp) -> Vec<String> {
    let mut log = isp.store.notification_log(&NotificationLogFilter::default(), 1_000).await.unwrap();
    log.reverse();
    log.iter().filter_map(|line| line.reason.clone()).collect()
}

/// A bad link: five samples an hour in which pings are slow or lost.
fn bad(link: LinkId, at_ms: i64, rtt_us: i64, received: i64) -> Sample {
    Sample { received: Some(received), rtt_avg_us: Some(rtt_us), ..sample(link, at_ms) }
}

on_both! {
    async fn a_slow_link_is_told_with_its_figure_and_its_end(db) {
        let isp = with_operations(db).await;
        let start = at(2026, 11, 10, 12, 0);
        let link = isp.link_up("C-1", start - DAY, start).await;
        db.store.insert_terms(&LinkTerms {
            link_id: link,
            latency_ms: Some("20".to_owned()),
            ..terms(start - HOUR, "99.50")
        }).await.unwrap();
        let mut engine = AlertEngine::default();
        for minute in 0..120 {
            let now = start + minute * MINUTE;
            if minute % 5 == 0 {
                let rtt_us = if (10..60).contains(&minute) { 45_000 } else { 5_000 };
                let mut round = Round::new(isp.router, now, RoundOutcome::Ok);
                round.samples.push(bad(link, now, rtt_us, 5));
                round.latest.push(Latest {
                    sample_at_ms: Some(now),
                    sent: Some(5),
                    received: Some(5),
                    rtt_avg_us: Some(rtt_us),
                    ..latest(link, now, Up, start - DAY)
                });
                db.store.write_round(&round).await.unwrap();
            } else {
                db.store.write_round(&Round::new(isp.router, now, RoundOutcome::Ok)).await.unwrap();
            }
            engine.pass(&db.store, now).await.unwrap();
        }
        assert_eq!(isp.told().await, ["high_latency noc@isp.example"; 2]);
        let mails = isp.mails().await;
        assert_eq!(mails[0].payload["measured"], "45 ms");
        assert_eq!(mails[0].payload["limit"], "20 ms");
        // Bad from minute 10 on, for a quarter of an hour.
        assert!((25..=27).contains(&((mails[0].created_at_ms - start) / MINUTE)), "{:?}", mails[0]);
        assert_eq!(mails[1].payload["in_reply_to"], mails[0].message_id.as_str());
    }

    async fn a_quality_alert_whose_turn_failed_is_decided_on_the_next_pass(db) {
        let isp = with_operations(db).await;
        let start = at(2026, 11, 10, 12, 0);
        let link = isp.link_up("C-1", start - DAY, start).await;
        let mut engine = AlertEngine::default();
        for minute in [0, 5, 10, 15] {
            let now = start + minute * MINUTE;
            let mut round = Round::new(isp.router, now, RoundOutcome::Ok);
            round.samples.push(bad(link, now, 45_000, 5));
            round.latest.push(Latest {
                sample_at_ms: Some(now),
                sent: Some(5),
                received: Some(5),
                rtt_avg_us: Some(45_000),
                ..latest(link, now, Up, start - DAY)
            });
            db.store.write_round(&round).await.unwrap();
        }
        let terms = |latency: &str, from| LinkTerms { link_id: link, latency_ms: Some(latency.to_owned()), ..terms(from, "99.50") };
        db.store.insert_terms(&terms("20", start - HOUR)).await.unwrap();
        // A message that is too long cannot be queued: the turn fails as it is written.
        let long = "x".repeat(store::PAYLOAD_BYTES_MAX);
        let rename = async |name: &str| {
            let (_, shown) = db.store.shown_client(&StaffScope::All, isp.client).await.unwrap();
            db.store.staff_rename_client(&by("test", start), (isp.client, &shown), name).await.unwrap();
        };
        rename(&long).await;
        let now = start + 15 * MINUTE + 30 * SECOND;
        engine.pass(&db.store, now).await.unwrap_err();
        assert!(isp.told().await.is_empty());
        rename("Acme").await;
        engine.pass(&db.store, now + 2 * SECOND).await.unwrap();
        assert_eq!(isp.told().await, ["high_latency noc@isp.example"], "not half a minute later");
    }

    async fn a_budget_that_is_nearly_spent_is_told_once_a_month(db) {
        let isp = with_operations(db).await;
        let start = at(2026, 11, 1, 0, 0);
        let link = isp.link("C-1", start - DAY).await;
        // Of 30 days 99.50 % allow 3 h 36 m.
        let now = start + 10 * DAY;
        isp.line(link, &[(start - DAY, start + DAY, Up), (start + DAY, start + DAY + 3 * HOUR, Down), (start + DAY + 3 * HOUR, now, Up)]).await;
        for step in 0..3 {
            AlertEngine::default().pass(&db.store, now + step * HOUR).await.unwrap();
        }
        assert_eq!(isp.told().await, ["error_budget noc@isp.example"]);
        assert_eq!(isp.mails().await[0].payload["measured"], "83 %");
        let next = at(2026, 12, 1, 0, 5);
        AlertEngine::default().pass(&db.store, next).await.unwrap();
        let alert = &db.store.alerts(&AlertFilter::default(), 10).await.unwrap();
        let budget = alert.iter().find(|alert| alert.event == NotificationEvent::ErrorBudget).unwrap();
        assert_eq!(budget.closed_at_ms, Some(at(2026, 12, 1, 0, 0)));
    }

    async fn after_a_night_without_power_what_was_seen_before_is_not_told_as_news(db) {
        let isp = with_operations(db).await;
        let start = at(2026, 11, 10, 12, 0);
        let link = isp.link_up("C-1", start - DAY, start).await;
        let mut engine = AlertEngine::default();
        engine.pass(&db.store, start).await.unwrap();
        // The last thing that was written before the machine went off.
        isp.line(link, &[(start, start + 30 * SECOND, Down)]).await;
        seen(&isp, latest(link, start + 30 * SECOND, Down, start)).await;
        let morning = start + 12 * HOUR;
        for second in [0, 10, 60, 120] {
            AlertEngine::default().pass(&db.store, morning + second * SECOND).await.unwrap();
        }
        assert_eq!(isp.told().await, Vec::<String>::new());
        // It was up again long ago.
        isp.line(link, &[(start + 30 * SECOND, start + MINUTE, Down), (start + MINUTE, morning, Up)]).await;
        seen(&isp, latest(link, morning + 130 * SECOND, Up, start + MINUTE)).await;
        AlertEngine::default().pass(&db.store, morning + 130 * SECOND).await.unwrap();
        assert_eq!(untold(&isp).await, ["over before it could be told"]);
        // And a collector that stays away is told.
        for step in 1..40 {
            AlertEngine::default().pass(&db.store, morning + (130 + step * 10) * SECOND).await.unwrap();
        }
        assert_eq!(isp.told().await, ["collector_stalled noc@isp.example"]);
    }

    async fn an_alert_that_is_closed_by_hand_is_off_the_list_and_its_end_is_told(db) {
        let isp = with_operations(db).await;
        let start = at(2026, 11, 10, 12, 0);
        let link = isp.link_up("C-1", start - DAY, start).await;
        isp.line(link, &[(start, start + MINUTE, Down)]).await;
        seen(&isp, latest(link, start + MINUTE, Down, start)).await;
        AlertEngine::default().pass(&db.store, start + MINUTE).await.unwrap();
        let alert = db.store.alerts(&AlertFilter::default(), 10).await.unwrap().remove(0);
        let act = by("staff:noc", start + 2 * MINUTE);
        for reason in ["", " ", "\0", &"x".repeat(1_001)] {
            let error = db.store.dismiss_alert(&act, alert.id, reason).await.unwrap_err();
            assert!(matches!(error, StoreError::Invalid { .. }), "{error}");
        }
        assert_eq!(db.store.staff_open_alerts(&StaffScope::All).await.unwrap(), 1);
        db.store.dismiss_alert(&act, alert.id, "planned, and not entered").await.unwrap();
        assert_eq!(db.store.staff_open_alerts(&StaffScope::All).await.unwrap(), 0);
        let error = db.store.dismiss_alert(&by("staff:late", start), alert.id, "again").await.unwrap_err();
        assert!(error.to_string().contains("closed already"), "{error}");
        isp.line(link, &[(start + MINUTE, start + HOUR, Down)]).await;
        seen(&isp, latest(link, start + HOUR, Down, start)).await;
        AlertEngine::default().pass(&db.store, start + HOUR).await.unwrap();
        assert_eq!(isp.told().await, ["link_down noc@isp.example"], "neither again nor over");
        let kept = db.store.alert(alert.id).await.unwrap();
        assert_eq!(kept.dismissed_by.as_deref(), Some("staff:noc"), "the engine leaves that alone");
        isp.line(link, &[(start + HOUR, start + HOUR + 5 * MINUTE, Up)]).await;
        seen(&isp, latest(link, start + HOUR + 5 * MINUTE, Up, start + HOUR)).await;
        AlertEngine::default().pass(&db.store, start + HOUR + 5 * MINUTE).await.unwrap();
        assert_eq!(isp.told().await, ["link_down noc@isp.example"; 2]);
        let events = db.store.audit_events(None, 10).await.unwrap();
        let closed: Vec<_> = events.iter().filter(|record| record.event.action == "alert.close").collect();
        assert_eq!(closed.len(), 1, "what was refused leaves no event");
        assert_eq!(closed[0].event.detail["after"]["reason"], "planned, and not entered");
    }

    async fn an_alert_is_taken_note_of_and_given_to_somebody_and_an_outage_has_a_reason(db) {
        let isp = with_operations(db).await;
        let start = at(2026, 11, 10, 12, 0);
        let link = isp.link_up("C-1", start - DAY, start).await;
        isp.line(link, &[(start, start + MINUTE, Down)]).await;
        seen(&isp, latest(link, start + MINUTE, Down, start)).await;
        let mut engine = AlertEngine::default();
        engine.pass(&db.store, start + MINUTE).await.unwrap();
        let alert = db.store.alerts(&AlertFilter::default(), 10).await.unwrap().remove(0);
        assert_eq!(alert.facts["cause"], "link_down");
        let now = start + 2 * MINUTE;
        let (asha, ravi) = (by("asha", now), by("ravi", now + 1));
        db.store.acknowledge_alert(&asha, alert.id, Some("on it")).await.unwrap();
        db.store.acknowledge_alert(&ravi, alert.id, Some("me too")).await.unwrap();
        db.store.assign_alert(&asha, alert.id, Some("ravi")).await.unwrap();
        let outage = db.store.outages(link, start, start + HOUR).await.unwrap().remove(0);
        db.store.set_outage_reason(&asha, outage.id, Some("A digger cut the fibre")).await.unwrap();
        // The engine, and what the collector finds out later, leave all this alone.
        isp.line(link, &[(start + MINUTE, start + 3 * MINUTE, Down), (start + 3 * MINUTE, start + 5 * MINUTE, Up)]).await;
        seen(&isp, latest(link, start + 5 * MINUTE, Up, start + 3 * MINUTE)).await;
        engine.pass(&db.store, start + 5 * MINUTE).await.unwrap();
        let alert = db.store.alert(alert.id).await.unwrap();
        assert_eq!((alert.acknowledged_by.as_deref(), alert.acknowledged_note.as_deref()), (Some("asha"), Some("on it")));
        assert_eq!(alert.assigned_to.as_deref(), Some("ravi"));
        assert_eq!(alert.closed_at_ms, Some(start + 3 * MINUTE));
        let read = db.store.outages_for_client(isp.client, link, start, start + HOUR).await.unwrap().unwrap();
        assert_eq!(read[0].reason.as_deref(), Some("A digger cut the fibre"));
        assert_eq!(read[0].to_ms, Some(start + 3 * MINUTE));
        let actions: Vec<String> = db.store.audit_events(None, 10).await.unwrap().into_iter().map(|record| record.event.action).collect();
        for action in ["alert.acknowledge", "alert.assign", "outage.reason"] {
            assert!(actions.iter().any(|found| found == action), "{action} is not among {actions:?}");
        }
    }

    async fn a_person_of_a_client_who_does_not_want_such_mail_gets_none(db) {
        let isp = Isp::new(&db.store).await;
        let edit = RuleEdit {
            to_client: Some(Some(true)),
            to_operations: Some(Some(false)),
            ..RuleEdit::default()
        };
        db.store.edit_notification_rule(isp.company, NotificationEvent::LinkDown, &edit, "test", 0).await.unwrap();
        let (ravi, _) = db.store.portal_user_by_username("ravi").await.unwrap().unwrap();
        let choice = db.store.mail_preferences(ravi.id).await.unwrap();
        use NotificationEvent::{LinkDown, ReportReady, SlaBreach};
        assert_eq!(choice, [(LinkDown, true), (SlaBreach, true), (ReportReady, true)], "what the company tells clients");
        let event = AuditEvent {
            at_ms: 0,
            actor: "portal:ravi".to_owned(),
            action: "mail_preferences".to_owned(),
            subject: "user ravi".to_owned(),
            detail: serde_json::Value::Null,
            address: None,
        };
        db.store.set_mail_preferences(ravi.id, &[(LinkDown, false)], &event).await.unwrap();
        let start = at(2026, 11, 10, 12, 0);
        let link = isp.link_up("C-1", start - DAY, start).await;
        isp.line(link, &[(start, start + MINUTE, Down)]).await;
        seen(&isp, latest(link, start + MINUTE, Down, start)).await;
        AlertEngine::default().pass(&db.store, start + MINUTE).await.unwrap();
        assert_eq!(isp.told().await, ["link_down asha@acme.example"]);
    }

    async fn old_alerts_and_mail_that_is_no_news_are_cleared_away(db) {
        let isp = with_operations(db).await;
        let start = at(2026, 11, 10, 12, 0);
        let link = isp.link_up("C-1", start - DAY, start).await;
        isp.line(link, &[(start, start + MINUTE, Down)]).await;
        seen(&isp, latest(link, start + MINUTE, Down, start)).await;
        AlertEngine::default().pass(&db.store, start + MINUTE).await.unwrap();
        isp.line(link, &[(start + MINUTE, start + 3 * MINUTE, Up)]).await;
        seen(&isp, latest(link, start + 3 * MINUTE, Up, start + MINUTE)).await;
        AlertEngine::default().pass(&db.store, start + 3 * MINUTE).await.unwrap();
        assert_eq!(isp.told().await.len(), 2);
        jobs::run_once(&db.store, start + DAY).await.unwrap();
        assert!(isp.mails().await.iter().all(|mail| mail.state == OutboxState::Queued));
        let done = jobs::run_once(&db.store, start + 2 * DAY).await.unwrap();
        assert_eq!(done.stale_mails, 2);
        assert!(isp.mails().await.iter().all(|mail| mail.state == OutboxState::Dead));
        let done = jobs::run_once(&db.store, start + 402 * DAY).await.unwrap();
        assert_eq!(done.alerts, 1 + 2 + 2, "the alert, its lines and its mails");
        assert_eq!(isp.mails().await.len(), 0);
    }

    async fn a_preview_asks_for_its_time_while_it_reads(db) {
        const LINKS: usize = 5;
        let isp = with_operations(db).await;
        let start = at(2026, 11, 10, 0, 0);
        for number in 0..LINKS {
            isp.link_up(&format!("C-{number}"), start - DAY, start).await;
        }
        let company = db.store.company(isp.company).await.unwrap();
        let rules = db.store.notification_rules(isp.company).await.unwrap();
        let range = (start - DAY, start);
        let mut calls = Vec::new();
        let seen = preview(&db.store, &company, &rules, range, |done, total| { calls.push((done, total)); true }).await.unwrap();
        assert!(seen.is_some());
        assert_eq!(calls[0], (0, 0), "before anything is read");
        assert!(calls.iter().filter(|call| **call == (0, LINKS)).count() > LINKS, "and before each link is: {calls:?}");
        // Time that is up while it reads ends it there.
        let mut asked = 0;
        let seen = preview(&db.store, &company, &rules, range, |_, _| { asked += 1; asked < 3 }).await.unwrap();
        assert_eq!((seen, asked), (None, 3));
    }

    async fn a_round_is_written_while_a_turn_reads_and_decides(db) {
        let isp = with_operations(db).await;
        let start = at(2026, 11, 10, 12, 0);
        let link = isp.link_up("C-1", start - DAY, start).await;
        let mut turn = db.store.alert_turn(isp.company, start).await.unwrap();
        turn.facts(&[]).await.unwrap();
        // Nobody waits for the turn: this would only return when it is over.
        let round = seen(&isp, latest(link, start + MINUTE, Up, start - DAY));
        tokio::time::timeout(Duration::from_secs(10), Box::pin(round)).await.expect("the round does not wait");
        assert!(turn.write(&AlertDecisions::default()).await.unwrap());
    }

    async fn what_was_decided_on_an_older_state_is_not_written(db) {
        let isp = with_operations(db).await;
        let start = at(2026, 11, 10, 12, 0);
        let link = isp.link_up("C-1", start - DAY, start).await;
        isp.line(link, &[(start, start + MINUTE, Down)]).await;
        seen(&isp, latest(link, start + MINUTE, Down, start)).await;
        // Another process decides between the two.
        let log = NewNotificationLog {
            event: NotificationEvent::LinkDown,
            phase: AlertPhase::Raised,
            subject: AlertSubject::Link(link),
            about: "C-1".to_owned(),
            outcome: NotificationOutcome::Suppressed,
            reason: Some("test".to_owned()),
        };
        let decisions = AlertDecisions { logs: vec![log], ..AlertDecisions::default() };
        let turn = db.store.alert_turn(isp.company, start + MINUTE).await.unwrap();
        AlertEngine::default().pass(&db.store, start + MINUTE).await.unwrap();
        assert!(!turn.write(&decisions).await.unwrap());
        assert_eq!(untold(&isp).await, Vec::<String>::new());
        // So does somebody who closes an alert by hand.
        let turn = db.store.alert_turn(isp.company, start + 2 * MINUTE).await.unwrap();
        let alert = db.store.alerts(&AlertFilter::default(), 10).await.unwrap().remove(0);
        db.store.dismiss_alert(&by("noc", start + 2 * MINUTE), alert.id, "planned").await.unwrap();
        assert!(!turn.write(&decisions).await.unwrap());
        // A turn that began afterwards writes.
        let turn = db.store.alert_turn(isp.company, start + 3 * MINUTE).await.unwrap();
        assert!(turn.write(&decisions).await.unwrap());
        assert_eq!(untold(&isp).await, ["test"]);
    }

    async fn many_outages_at_once_are_written_in_parts_and_each_is_notified_once(db) {
        const LINKS: usize = 600;
        let isp = with_operations(db).await;
        isp.tell_alone(NotificationEvent::LinkDown).await;
        let start = at(2026, 11, 10, 12, 0);
        let mut links = Vec::new();
        for number in 0..LINKS {
            links.push(isp.link(&format!("C-{number:03}"), start - DAY).await);
        }
        let mut round = Round::new(isp.router, start + MINUTE, RoundOutcome::Ok);
        for link in &links {
            let span = |from_ms, to_ms, state| Span { from_ms, to_ms, state, cause: (state == Down).then(|| "link_down".to_owned()), evidence: serde_json::json!({}) };
            let spans = vec![span(start - DAY, start, Up), span(start, start + MINUTE, Down)];
            round.tails.push(SpanTail { link: *link, from_ms: start - DAY, spans });
            round.latest.push(latest(*link, start + MINUTE, Down, start));
        }
        db.store.write_round(&round).await.unwrap();
        let mut engine = AlertEngine::default();
        let other = db.another().await;
        let mut second = AlertEngine::default();
        let both = async { tokio::join!(engine.pass(&db.store, start + MINUTE), second.pass(&other, start + MINUTE)) };
        let (one, two) = Box::pin(both).await;
        one.unwrap();
        two.unwrap();
        engine.pass(&db.store, start + MINUTE + SECOND).await.unwrap();
        let mut about: Vec<String> = isp.mails().await.iter().map(|mail| mail.payload["about"].as_str().unwrap().to_owned()).collect();
        about.sort();
        assert_eq!(about, (0..LINKS).map(|number| format!("C-{number:03}")).collect::<Vec<_>>());
        assert_eq!(db.store.alerts(&AlertFilter::default(), 10_000).await.unwrap().len(), LINKS);
        other.close().await;
    }

    async fn the_preview_counts_what_the_engine_would_have_sent(db) {
        let isp = with_operations(db).await;
        let start = at(2026, 11, 10, 0, 0);
        let link = isp.link("C-1", start - DAY).await;
        let other = isp.link("C-2", start - DAY).await;
        // Two long outages of one link, a short one that was found when it was over, and one in maintenance of another.
        let mut line = vec![(start - DAY, start, Up)];
        for (hour, length) in [(1, 20 * MINUTE), (5, 10 * SECOND), (9, 10 * MINUTE)] {
            let from = start + hour * HOUR;
            let last = line.last().unwrap().1;
            line.push((last, from, Up));
            line.push((from, from + length, Down));
        }
        line.push((line.last().unwrap().1, start + 12 * HOUR, Up));
        line.retain(|(from, to, _)| to > from);
        isp.line(link, &line).await;
        isp.line(other, &[(start - DAY, start + HOUR, Up), (start + HOUR, start + 2 * HOUR, Down), (start + 2 * HOUR, start + 12 * HOUR, Up)]).await;
        db.store.insert_exclusions(&[store::NewExclusion {
            link_id: other,
            from_ms: start,
            to_ms: Some(start + 3 * HOUR),
            kind: sla::ExclusionKind::PlannedMaintenance,
            reason: "fibre",
            entered_by: "test",
        }], start - DAY).await.unwrap();
        let company = db.store.company(isp.company).await.unwrap();
        let range = (start, start + 12 * HOUR);
        let rules = db.store.notification_rules(isp.company).await.unwrap();
        let seen = preview(&db.store, &company, &rules, range, |_, _| true).await.unwrap().unwrap();
        let down = seen.events.iter().find(|count| count.event == NotificationEvent::LinkDown).unwrap();
        assert_eq!((down.alerts, down.recoveries, down.messages), (2, 2, 4), "{seen:?}");
        assert_eq!((down.to.operations, down.to.clients, down.to.extra, down.to.webhooks), (4, 0, 0, 0), "{seen:?}");
        assert_eq!(seen.days.iter().map(|day| day.messages).sum::<i64>(), seen.messages, "{seen:?}");
        assert_eq!(seen.untold.get("over before it could be told"), Some(&1), "{seen:?}");
        assert_eq!(seen.untold.get("maintenance"), Some(&1), "{seen:?}");
        // With a quarter of an hour to wait, one of them is left.
        let edit = RuleEdit { sustained_s: Some(Some(900)), ..RuleEdit::default() };
        let patient: Vec<_> = rules
            .iter()
            .map(|rule| if rule.event == NotificationEvent::LinkDown { rule.with(&edit).unwrap() } else { rule.clone() })
            .collect();
        let seen = preview(&db.store, &company, &patient, range, |_, _| true).await.unwrap().unwrap();
        assert_eq!(seen.messages, 2, "{seen:?}");
        let mut left = 2;
        let stopped = preview(&db.store, &company, &rules, range, |_, _| { left -= 1; left > 0 }).await.unwrap();
        assert_eq!((stopped, left), (None, 0), "it ends when it is told to");
        assert_eq!(db.store.alerts(&AlertFilter::default(), 10).await.unwrap().len(), 0, "nothing is written");
    }

    // Two links are slow, and one of them flaps: of that one it is told that it is unstable, and nothing else.
    async fn the_preview_tells_no_more_of_an_unstable_link_than_the_engine(db) {
        let isp = with_operations(db).await;
        let start = at(2026, 11, 10, 12, 0);
        let flaps = isp.link_up("C-1", start - DAY, start).await;
        let slow = isp.link_up("C-2", start - DAY, start).await;
        for link in [flaps, slow] {
            let terms = LinkTerms { link_id: link, latency_ms: Some("20".to_owned()), ..terms(start - HOUR, "99.50") };
            db.store.insert_terms(&terms).await.unwrap();
        }
        let mut engine = AlertEngine::default();
        let mut since = start - DAY;
        let mut was = Up;
        for minute in 1..300 {
            let now = start + minute * MINUTE;
            // Down for two minutes of every five, in the first hour.
            let is = if (5..60).contains(&minute) && minute % 5 < 2 { Down } else { Up };
            if is != was {
                (was, since) = (is, now);
            }
            if is == was && since < now {
                isp.line(flaps, &[(since, now, is)]).await;
            }
            let rtt_us = if (10..50).contains(&minute) { 45_000 } else { 5_000 };
            let mut round = Round::new(isp.router, now, RoundOutcome::Ok);
            for (link, state, since) in [(flaps, is, since), (slow, Up, start - DAY)] {
                let is_sample = minute % 5 == 3;
                if is_sample {
                    round.samples.push(Sample { rtt_max_us: Some(rtt_us), ..bad(link, now, rtt_us, 5) });
                }
                let last = now - (minute + 2) % 5 * MINUTE;
                round.latest.push(Latest {
                    sample_at_ms: Some(last),
                    sent: Some(5),
                    received: Some(5),
                    rtt_avg_us: Some(rtt_us),
                    ..latest(link, now, state, since)
                });
            }
            db.store.write_round(&round).await.unwrap();
            engine.pass(&db.store, now).await.unwrap();
        }
        let sent = async |event: &str| isp.mails().await.iter().filter(|mail| mail.kind == event).count() as i64;
        assert_eq!((sent("link_unstable").await, sent("high_latency").await), (2, 2), "{:?}", isp.told().await);
        assert!(untold(&isp).await.iter().any(|reason| reason.contains("the link is unstable")));

        let end = start + 300 * MINUTE;
        jobs::run_once(&db.store, start + 2 * DAY).await.unwrap();
        let company = db.store.company(isp.company).await.unwrap();
        let rules = db.store.notification_rules(isp.company).await.unwrap();
        let seen = preview(&db.store, &company, &rules, (start, end), |_, _| true).await.unwrap().unwrap();
        for event in [NotificationEvent::LinkUnstable, NotificationEvent::HighLatency] {
            let count = seen.events.iter().find(|count| count.event == event).unwrap();
            assert_eq!((count.alerts, count.recoveries), (1, 1), "{event}: {seen:?}");
            assert_eq!(count.messages, sent(event.as_str()).await, "{event}: {seen:?}");
        }
        assert!(seen.untold.keys().any(|reason| reason.contains("the link is unstable")), "{seen:?}");
        // Asked to stop, it does so within a link as well.
        for asked in 1..40 {
            let mut left = asked;
            let stopped = preview(&db.store, &company, &rules, (start, end), |_, _| { left -= 1; left > 0 }).await.unwrap();
            assert_eq!((stopped, left), (None, 0));
        }
    }

    // Somebody decides at this moment, and has the only writer of SQLite with it.
    async fn looking_back_waits_for_nobody(db) {
        let isp = with_operations(db).await;
        let now = at(2026, 11, 10, 0, 0);
        isp.link("C-1", now - DAY).await;
        let company = db.store.company(isp.company).await.unwrap();
        let rules = db.store.notification_rules(isp.company).await.unwrap();
        let turn = db.store.alert_turn(isp.company, now).await.unwrap();
        let looking = preview(&db.store, &company, &rules, (now - DAY, now), |_, _| true);
        let seen = tokio::time::timeout(std::time::Duration::from_secs(60), Box::pin(looking)).await;
        assert_eq!(seen.expect("it waits").unwrap().unwrap().messages, 0);
        drop(turn);
    }

    async fn settings_that_make_no_sense_are_refused_with_what_to_do(db) {
        let isp = with_operations(db).await;
        let edit = |edit: RuleEdit, event| {
            let store = db.store.clone();
            async move { store.edit_notification_rule(isp.company, event, &edit, "test", 0).await }
        };
        let threshold = |text: &str| RuleEdit { threshold: Some(Some(text.parse().unwrap())), ..RuleEdit::default() };
        for (change, event, part) in [
            (threshold("1.5"), NotificationEvent::LinkUnstable, "give 2 to 100 outages"),
            (threshold("101"), NotificationEvent::ErrorBudget, "percent of the allowed down time"),
            (threshold("1"), NotificationEvent::LinkDown, "link_down has no threshold; leave it out"),
            (RuleEdit { cooldown_s: Some(Some(-1)), ..RuleEdit::default() }, NotificationEvent::LinkDown, "give 0 to 86400 seconds"),
            (RuleEdit { sustained_s: Some(Some(10)), ..RuleEdit::default() }, NotificationEvent::CollectorStalled, "give 60 to"),
            (RuleEdit { to_client: Some(Some(true)), ..RuleEdit::default() }, NotificationEvent::CollectorStalled, "no client to tell"),
            (RuleEdit { add_extra: vec!["nobody".to_owned()], ..RuleEdit::default() }, NotificationEvent::LinkDown, "neither an e-mail address nor"),
        ] {
            let error = edit(change, event).await.unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        let set = edit(RuleEdit { cooldown_s: Some(Some(7)), add_extra: vec!["Boss@isp.example".to_owned()], ..RuleEdit::default() }, NotificationEvent::LinkDown).await.unwrap();
        assert_eq!((set.cooldown_s, set.extra.as_slice()), (7, ["boss@isp.example".to_owned()].as_slice()));
        let back = edit(RuleEdit { cooldown_s: Some(None), ..RuleEdit::default() }, NotificationEvent::LinkDown).await.unwrap();
        assert_eq!(back.cooldown_s, 300);
    }
}

#[expect(clippy::disallowed_methods, reason = "how long it really takes")]
fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64
}

/// From the round that confirms that a link is down until its mail is handed over and its webhook called, by the real clock and the loop that
/// the binary runs. The figure is printed; how long it may take follows from the intervals, which have their own test.
#[tokio::test]
async fn from_a_confirmed_outage_to_its_mail_by_the_real_clock() {
    let db = Db::new(false).await;
    let isp = with_operations(&db).await;
    let begun = now_ms();
    let link = isp.link_up("C-1", begun - DAY, begun).await;
    let sent: Arc<Mutex<Vec<SentMail>>> = Arc::default();
    let delivery = Delivery::new(db.store.clone(), Mailer::Memory(Arc::clone(&sent)), settings());
    let stop = CancellationToken::new();
    let receiver = Receiver::start(Manner::Says("200 OK"), None).await;
    let url = format!("http://127.0.0.1:{}/", receiver.port);
    db.store.insert_webhook(isp.company, &url, &[], ("test", 0)).await.unwrap();
    let settings = CallerSettings { limit: Duration::from_secs(300), allow_private: true, ca_pem: None };
    let webhooks = WebhookDelivery::new(db.store.clone(), Caller::new(settings).unwrap());
    let clock = Clock::new(now_ms);
    let ways = jobs::Ways { mail: Some(delivery), webhooks: Some(webhooks), ..jobs::Ways::default() };
    let running = jobs::run(db.store.clone(), clock, ways, stop.clone());
    let watching = async {
        tokio::time::sleep(Duration::from_millis(2_700)).await;
        let now = now_ms();
        isp.line(link, &[(now - 1_000, now, Down)]).await;
        seen(&isp, latest(link, now, Down, now - 1_000)).await;
        let written = Instant::now();
        while sent.lock().unwrap().is_empty() || receiver.received().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        println!("from the confirming round to the mail server and the webhook: {:?}", written.elapsed());
        stop.cancel();
    };
    let both = async { tokio::join!(Box::pin(running), watching) };
    tokio::time::timeout(Duration::from_secs(300), Box::pin(both)).await.expect("told");
    db.remove().await;
}
