use axum::http::StatusCode;
use serde_json::json;
use sla::{Active, Exclusion, ExclusionKind, Inputs, LinkState, Month, StateSpan, Terms};
use store::{DownWhen, LinkId, LinkTerms, NewExclusion, NewMail, NewReport, ReportId};

use crate::portal::{HOUR_MS, MINUTE_MS, NOW_MS, Portal, plain, portals, portals_with};

/// A statement of that month whose link was down for those minutes of its second day and up otherwise.
pub(crate) async fn write_report(
    portal: &Portal,
    link: LinkId,
    month: &str,
    down: &[(i64, i64)],
) -> ReportId {
    write(portal, link, (month, down), Vec::new()).await
}

/// A statement of a breach, which somebody is told of.
pub(crate) async fn write_report_with_mail(
    portal: &Portal,
    link: LinkId,
    month: &str,
    recipient: &str,
) -> ReportId {
    let mail = NewMail { kind: "sla_breach".to_owned(), recipient: recipient.to_owned(), payload: json!({}) };
    write(portal, link, (month, &[(60, 400)]), vec![mail]).await
}

async fn write(
    portal: &Portal,
    link: LinkId,
    (month, down): (&str, &[(i64, i64)]),
    mails: Vec<NewMail>,
) -> ReportId {
    let inputs = inputs(month, down);
    let link = portal.store.link(link).await.unwrap();
    let client = portal.store.client(link.client_id).await.unwrap();
    let company = portal.store.company(client.company_id).await.unwrap();
    let statement = sla::evaluate(&inputs).unwrap();
    let report = NewReport {
        link_id: link.id,
        client_id: link.client_id,
        reason: "the router's own record came in late",
        statement: &statement,
        digest: inputs.digest(),
        inputs: inputs.to_bytes(),
        facts: json!({
            "company": company.name,
            "client": client.name,
            "circuit": link.circuit,
            "kind": link.kind,
            "committed_bps": link.committed_bps,
            "router": "r1",
            "interface": link.interface,
            "facing": link.facing,
            "probe_target": link.probe_target,
            "currency": "INR",
        }),
        created_by: "schedule",
        mails,
        news: &[],
    };
    portal.store.write_reports(&[report], portal.now_ms()).await.unwrap()[0].id()
}

fn inputs(month: &str, down: &[(i64, i64)]) -> Inputs {
    let month: Month = month.parse().unwrap();
    let period = month.interval(&jiff::tz::TimeZone::get("Asia/Kolkata").unwrap()).unwrap();
    let day_ms = period.from_ms + 24 * HOUR_MS;
    let span = |from_ms, to_ms, state| StateSpan {
        from_ms,
        to_ms,
        state,
        cause: (state == LinkState::Down).then(|| "link_down".to_owned()),
        evidence: if state == LinkState::Down { json!({"kind": "link_times"}) } else { json!(null) },
    };
    let mut spans = Vec::new();
    let mut at_ms = period.from_ms;
    for (from, to) in down {
        let (from_ms, to_ms) = (day_ms + from * MINUTE_MS, day_ms + to * MINUTE_MS);
        spans.push(span(at_ms, from_ms, LinkState::Up));
        spans.push(span(from_ms, to_ms, LinkState::Down));
        at_ms = to_ms;
    }
    spans.push(span(at_ms, period.to_ms, LinkState::Up));
    Inputs {
        timezone: "Asia/Kolkata".to_owned(),
        month,
        as_of_ms: None,
        active: Active { from_ms: 0, to_ms: None },
        spans,
        exclusions: vec![Exclusion {
            from_ms: day_ms,
            to_ms: day_ms + 30 * MINUTE_MS,
            kind: ExclusionKind::PlannedMaintenance,
            reason: Some("fibre <moved>".to_owned()),
            entered_by: Some("noc".to_owned()),
            entered_at_ms: Some(day_ms + HOUR_MS),
        }],
        terms: vec![Terms {
            valid_from_ms: 0,
            uptime_pct: Some("99.50".parse().unwrap()),
            latency_ms: None,
            loss_pct: None,
        }],
        probes: Vec::new(),
        traffic: Vec::new(),
    }
}

#[tokio::test]
async fn the_list_shows_the_latest_statements_with_a_word_for_each_verdict() {
    for portal in portals().await {
        let mut browser = portal.logged_in().await;
        let empty = browser.get("/client/sla-reports").await;
        assert_eq!(empty.status, StatusCode::OK);
        assert!(empty.body.contains("No SLA reports yet"));
        let met = write_report(&portal, portal.mine, "2026-09", &[]).await;
        let first = write_report(&portal, portal.mine, "2026-10", &[(60, 70)]).await;
        let breached = write_report(&portal, portal.mine, "2026-10", &[(60, 400)]).await;
        let page = browser.get("/client/sla-reports").await.body;
        for text in [
            "October 2026",
            "September 2026",
            "Revision 2",
            "1 h 56 m over",
            "2 statements",
            ">Met<",
            ">Breach<",
        ] {
            assert!(page.contains(&text.replace(['>', '<'], "")), "{text}: {page}");
        }
        for id in [met, breached] {
            assert!(page.contains(&format!("/client/sla-reports/{id}")), "{id}");
        }
        assert!(!page.contains(&format!("/client/sla-reports/{first}\"")), "an old revision in the list");
        let october = browser.get("/client/sla-reports?month=2026-10&link=&verdict=").await.body;
        assert!(
            october.contains("1 statement<") && october.contains(r#"value="2026-10" selected"#),
            "{october}"
        );
        let none = browser.get("/client/sla-reports?month=2026-09&verdict=breached").await.body;
        assert!(none.contains("No statement fits"));
        let mine = format!("/client/sla-reports?link={}&page=7", portal.mine);
        assert!(browser.get(&mine).await.body.contains("2 statements"), "a page too far is the last one");
        assert_eq!(browser.get("/client/sla-reports?month=2026-13").await.status, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn a_long_list_has_pages_that_keep_the_filter() {
    let portal = portals().await.remove(0);
    for month in 0..30 {
        let month = format!("{}-{:02}", 2024 + month / 12, 1 + month % 12);
        write_report(&portal, portal.mine, &month, &[]).await;
    }
    let mut browser = portal.logged_in().await;
    let link = portal.mine;
    let page = browser.get(&format!("/client/sla-reports?link={link}")).await.body;
    assert!(page.contains("Page 1 of 2") && page.contains("June 2026"));
    let next = format!("/client/sla-reports?page=2&#38;link={link}");
    assert!(page.contains(&next), "{page}");
    let page = browser.get(&next.replace("&#38;", "&")).await.body;
    assert!(page.contains("Page 2 of 2") && page.contains("January 2024") && !page.contains("id=\"none\""));
}

#[tokio::test]
async fn a_statement_shows_its_working() {
    for portal in portals().await {
        write_report(&portal, portal.mine, "2026-10", &[(60, 70)]).await;
        let id = write_report(&portal, portal.mine, "2026-10", &[(10, 20), (60, 400)]).await;
        let page = portal.logged_in().await.get(&format!("/client/sla-reports/{id}")).await.body;
        for text in [
            "October 2026",
            "Breach",
            "at least 99.50 %",
            "5 h 40 m down, 3 h 43 m allowed: overspent by 1 h 56 m",
            "1 Oct 2026, 00:00:00 to 1 Nov 2026, 00:00:00, IST (Asia/Kolkata)",
            "2 Oct 2026, 01:00:00",
            "Line down at our port",
            "own record of when the line went down",
            "Planned maintenance",
            "fibre &#60;moved&#62;",
            "after the fact",
            "As you experienced it",
            "5 h 50 m",
            "Revision 1",
            "own record came in late",
            "by schedule",
            "SHA-256",
        ] {
            assert!(page.contains(text), "{text}: {page}");
        }
    }
}

#[tokio::test]
async fn an_old_revision_says_what_stands_instead() {
    for portal in portals().await {
        let old = write_report(&portal, portal.mine, "2026-10", &[(60, 70)]).await;
        let new = write_report(&portal, portal.mine, "2026-10", &[(60, 400)]).await;
        let page = portal.logged_in().await.get(&format!("/client/sla-reports/{old}")).await.body;
        assert!(
            page.contains("This is revision 1") && page.contains(&format!("/client/sla-reports/{new}\"")),
            "{page}"
        );
    }
}

#[tokio::test]
async fn the_dashboard_tells_what_is_left_of_the_running_month() {
    for portal in portals().await {
        let store = &portal.store;
        let terms = LinkTerms {
            link_id: portal.mine,
            valid_from_ms: 0,
            uptime_pct: Some("99.50".to_owned()),
            latency_ms: None,
            loss_pct: None,
            down_when: DownWhen::Interface,
        };
        store.insert_terms(&terms).await.unwrap();
        portal.write(portal.mine, LinkState::Down, Some("link_down"), 30 * MINUTE_MS).await;
        let mut browser = portal.logged_in().await;
        let page = browser.get("/client/dashboard").await.body;
        // Down 30 of 60 measured minutes; 0.5 % of November's 720 hours are 3 h 36 m.
        for text in ["50.000 %", "of 99.50 %", "3 h 6 m of 3 h 36 m left", "86 % "] {
            assert!(page.contains(text), "{text}: {page}");
        }
        let exclusion = NewExclusion {
            link_id: portal.mine,
            from_ms: NOW_MS - 30 * MINUTE_MS,
            to_ms: Some(NOW_MS),
            kind: ExclusionKind::ForceMajeure,
            reason: "flood",
            entered_by: "noc",
        };
        store.insert_exclusions(&[exclusion], NOW_MS).await.unwrap();
        let page = browser.get("/client/dashboard").await.body;
        assert!(page.contains("100.000 %") && page.contains("3 h 35 m of 3 h 35 m left"), "{page}");
        write_report(&portal, portal.mine, "2026-10", &[]).await;
        assert!(browser.get("/client/dashboard").await.body.contains("Latest SLA reports"));
    }
}

#[tokio::test]
async fn a_links_page_has_a_calendar_whose_days_lead_to_their_outages() {
    for portal in portals().await {
        portal.write(portal.mine, LinkState::Down, Some("no_answer"), 10 * MINUTE_MS).await;
        let exclusion = NewExclusion {
            link_id: portal.mine,
            from_ms: NOW_MS - 5 * MINUTE_MS,
            to_ms: None,
            kind: ExclusionKind::EmergencyMaintenance,
            reason: "card swapped",
            entered_by: "noc",
        };
        portal.store.insert_exclusions(&[exclusion], NOW_MS).await.unwrap();
        let outage = portal.store.outages(portal.mine, 0, NOW_MS).await.unwrap().remove(0).id;
        let page = portal.logged_in().await.get(&format!("/client/links/{}", portal.mine)).await.body;
        // Up 50, down 5 and 5 excluded minutes of a day that is unknown otherwise.
        for text in [
            "November 2026",
            "August 2026",
            "Sat 15 Aug 2026: no figure, unknown 6 h",
            "Mon 23 Nov 2026: 90.909 % available, down 5 m, unknown 17 h, excluded 5 m",
            &format!("href=\"#outage-{outage}\""),
            &format!("id=\"outage-{outage}\""),
            "1 outage, 10 m",
            "excluded: 5 m of it",
            "No answer from the far end",
            "No uptime objective is agreed",
        ] {
            assert!(page.contains(text), "{text}: {page}");
        }
        assert!(!page.contains("July 2026"), "a month before the contract");
        // The first 14 days of August, each with a title and a label, and the two legends.
        assert_eq!(page.matches("not under contract").count(), 2 * 14 + 2);
    }
}

#[tokio::test]
async fn a_statement_can_be_taken_along_in_three_forms() {
    let settings = web::Settings { public_url: Some("https://portal.example".to_owned()), ..plain() };
    for portal in portals_with(settings).await {
        write_report(&portal, portal.mine, "2026-10", &[(60, 70)]).await;
        let id = write_report(&portal, portal.mine, "2026-10", &[(60, 400)]).await;
        let mut browser = portal.logged_in().await;
        for (form, media_type, begins) in [
            ("pdf", "application/pdf", "%PDF-"),
            ("csv", "text/csv; charset=utf-8", "\u{feff}"),
            ("json", "application/json", "{"),
        ] {
            let answer = browser.get(&format!("/client/sla-reports/{id}/statement.{form}")).await;
            assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, media_type));
            let name = format!("attachment; filename=\"SLA-MINE-1-2026-10-r2.{form}\"");
            assert_eq!(answer.header("content-disposition"), name);
            assert!(answer.body.starts_with(begins), "{form}");
            assert!(form == "pdf" || answer.body.contains("MINE-1"), "{form}");
            let address = format!("https://portal.example/client/sla-reports/{id}");
            assert!(form != "json" || answer.body.contains(&address), "{}", answer.body);
        }
        let page = browser.get("/client/sla-reports").await.body;
        assert!(page.contains(&format!("/client/sla-reports/{id}/statement.pdf")));
        let events = portal.store.audit_events(None, 100).await.unwrap();
        assert_eq!(events.iter().filter(|event| event.event.action == "download").count(), 3);
    }
}
