//! Connection tests and interface lists: pages write a wish and show what the collector answered, and name its age.

use axum::http::StatusCode;
use store::{FoundInterface, FoundStep, RouterFindings, StaffRole, StaffScope};

use crate::portal::{Browser, MINUTE_MS, Portal, portals};
use crate::staff::{on_duty, own_things, save};

fn interface(name: &str, running: bool, comment: &str) -> FoundInterface {
    FoundInterface {
        name: name.to_owned(),
        kind: "ether".to_owned(),
        running: Some(running),
        disabled: false,
        comment: comment.to_owned(),
    }
}

fn step(name: &str, ok: bool, detail: &str) -> FoundStep {
    FoundStep { name: name.to_owned(), ok, detail: detail.to_owned() }
}

/// What the collector would do.
async fn answer(portal: &Portal, findings: RouterFindings) {
    let now_ms = portal.now_ms();
    let wanted = portal.store.wanted_checks(now_ms).await.unwrap().remove(0);
    assert!(portal.store.answer_check(&wanted, findings, now_ms).await.unwrap());
}

fn found() -> RouterFindings {
    RouterFindings {
        steps: vec![step("login", true, "logged in as u"), step("ping", false, "not enough <permissions>")],
        interfaces: vec![
            interface("ether2", true, ""),
            interface("ether4", false, "to <b>Pune</b>"),
            interface("a&b=c \"x\"", true, ""),
        ],
        has_more: false,
    }
}

async fn page(browser: &mut Browser<'_>, portal: &Portal) -> String {
    browser.get(&format!("/staff/routers/{}/check", portal.router_id)).await.body
}

#[tokio::test]
async fn a_test_is_wished_awaited_and_shown_with_its_age() {
    for portal in portals().await {
        let mut noc = on_duty(&portal, "noc", StaffRole::Operator, StaffScope::All).await;
        let here = format!("/staff/routers/{}/check", portal.router_id);
        let before = page(&mut noc, &portal).await;
        assert!(before.contains("was not tested yet") && before.contains("Test the connection"), "{before}");
        for _ in 0..2 {
            let asked = noc.post(&here, "").await;
            assert_eq!((asked.status, asked.header("location")), (StatusCode::SEE_OTHER, here.as_str()));
        }
        assert_eq!(portal.store.wanted_checks(portal.now_ms()).await.unwrap().len(), 1);
        let waits = page(&mut noc, &portal).await;
        assert!(waits.contains("The router is being asked") && waits.contains("as noc wished"), "{waits}");
        assert!(waits.contains("<noscript><meta http-equiv=\"refresh\"") && waits.contains("Look again"));
        answer(&portal, found()).await;
        portal.pass(3 * MINUTE_MS);
        let shown = page(&mut noc, &portal).await;
        assert!(!shown.contains("http-equiv=\"refresh\""), "it goes on for ever");
        for told in
            ["1 of 2 checks fail", "not enough &#60;permissions&#62;", "to &#60;b&#62;Pune", ">MINE-1</a>"]
        {
            assert!(shown.contains(told), "{told}: {shown}");
        }
        assert!(shown.contains("3 m ago"), "{shown}");
        let add = format!("/staff/links/new?router={}&#38;interface=a%26b%3Dc+%22x%22", portal.router_id);
        assert!(shown.contains(&add), "{shown}");
        let found = noc.get(&format!("{here}?q=PUNE")).await.body;
        assert!(found.contains("ether4") && !found.contains("ether2"), "{found}");
        // What is asked anew leaves the answer on the page until there is another.
        noc.post(&here, "").await;
        let both = page(&mut noc, &portal).await;
        assert!(both.contains("1 of 2 checks fail") && both.contains("is being asked"), "{both}");
    }
}

/// A page must not wait for ever, and say what to do.
#[tokio::test]
async fn a_question_that_nobody_answers_ends_with_words() {
    for portal in portals().await {
        let mut noc = on_duty(&portal, "noc", StaffRole::Operator, StaffScope::All).await;
        noc.post(&format!("/staff/routers/{}/check", portal.router_id), "").await;
        portal.pass(MINUTE_MS);
        let page = page(&mut noc, &portal).await;
        assert!(
            page.contains("No collector is at work") && !page.contains("http-equiv=\"refresh\""),
            "{page}"
        );
        assert!(page.contains("Test the connection"), "it can be asked again");
    }
}

#[tokio::test]
async fn a_viewer_sees_the_answer_and_asks_nothing() {
    for portal in portals().await {
        let mut noc = on_duty(&portal, "noc", StaffRole::Operator, StaffScope::All).await;
        let mut vera = on_duty(&portal, "vera", StaffRole::Viewer, StaffScope::All).await;
        noc.post(&format!("/staff/routers/{}/check", portal.router_id), "").await;
        answer(&portal, found()).await;
        let page = page(&mut vera, &portal).await;
        assert!(page.contains("ether4") && !page.contains("Test the connection"), "{page}");
        assert!(!page.contains("/staff/links/new"), "{page}");
    }
}

#[tokio::test]
async fn a_form_for_a_link_offers_interfaces_and_loses_nothing_on_the_way() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        let mut noc = on_duty(&portal, "noc", StaffRole::Operator, StaffScope::All).await;
        let typed =
            format!("router={}&circuit=A%26B+1&interface=eth&site=R%C3%BCgen&committed=fast", own.router);
        let asked = noc.post("/staff/links/interfaces", &typed).await;
        assert_eq!(asked.status, StatusCode::SEE_OTHER, "{}", asked.body);
        let back = asked.header("location").to_owned();
        let form = noc.get(back.split('#').next().unwrap()).await.body;
        for kept in ["value=\"A&#38;B 1\"", "value=\"eth\"", "value=\"Rügen\"", "value=\"fast\""] {
            assert!(form.contains(kept), "{kept} was lost: {form}");
        }
        assert!(form.contains("is being asked for its interfaces"), "{form}");
        answer(&portal, found()).await;
        let form = noc.get(back.split('#').next().unwrap()).await.body;
        assert!(form.contains("<datalist id=\"interface-offered\">"), "{form}");
        assert!(form.contains("<option value=\"ether2\">carries MINE-1 · running</option>"), "{form}");
        // What was told a moment ago is not asked again.
        noc.post("/staff/links/interfaces", &typed).await;
        assert!(portal.store.wanted_checks(portal.now_ms()).await.unwrap().is_empty());
        portal.pass(6 * MINUTE_MS);
        noc.post("/staff/links/interfaces", &typed).await;
        assert_eq!(portal.store.wanted_checks(portal.now_ms()).await.unwrap().len(), 1);
        let nobodys = noc.post("/staff/links/interfaces", "router=987654&circuit=KEPT-1").await;
        assert_eq!(nobodys.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(nobodys.body.contains("There is no such router.") && nobodys.body.contains("KEPT-1"));
    }
}

#[tokio::test]
async fn a_name_that_the_router_does_not_have_is_taken_only_if_it_is_meant() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        let mut noc = on_duty(&portal, "noc", StaffRole::Operator, StaffScope::All).await;
        noc.post(&format!("/staff/routers/{}/check", own.router), "").await;
        answer(&portal, found()).await;
        let form = |circuit: &str, interface: &str, meant: &str| {
            format!(
                "client={}&router={}&circuit={circuit}&interface={interface}&kind=ILL&committed=100&facing=customer\
                 &activated=2026-11-01&down_when=interface&meant={meant}",
                own.client, own.router
            )
        };
        let doubted = noc.post("/staff/links", &form("NEW-1", "ether9", "")).await;
        assert_eq!(doubted.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            doubted.body.contains("r1 has no interface of that name")
                && doubted.body.contains("id=\"meant\"")
        );
        let other = noc.post("/staff/links", &form("NEW-1", "ether8", "ether9")).await;
        assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY, "meant for another name");
        assert_eq!(
            noc.post("/staff/links", &form("NEW-1", "ether9", "ether9")).await.status,
            StatusCode::SEE_OTHER
        );
        assert_eq!(
            noc.post("/staff/links", &form("NEW-2", "ether4", "")).await.status,
            StatusCode::SEE_OTHER
        );
        // The name that a link has is not doubted when something else is changed.
        let links = portal.store.links().await.unwrap();
        let link = links.iter().find(|link| link.circuit == "NEW-1").unwrap().id;
        let edit = |interface: &str| {
            format!("circuit=NEW-1&interface={interface}&kind=ILL&committed=50&facing=customer")
        };
        let here = format!("/staff/links/{link}/edit");
        assert_eq!(save(&mut noc, &here, &edit("ether7")).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(save(&mut noc, &here, &edit("ether9")).await.status, StatusCode::SEE_OTHER);
    }
}
