//! Forms of the staff: what is wrong is told at its field and nothing is lost; what is right is in the audit log.

use axum::http::StatusCode;
use store::{StaffRole, StaffScope};

use crate::portal::portals;
use crate::staff::{on_duty, own_things};

#[tokio::test]
async fn bad_input_comes_back_with_the_error_at_its_field() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        let mut browser = on_duty(&portal, "olga", StaffRole::Operator, StaffScope::All).await;
        let form = format!(
            "client={}&router={}&circuit=&interface=ether9&site=A+%3Cb%3E+site&kind=ILL&committed=fast&facing=customer\
             &activated=soon&uptime_pct=101&down_when=interface",
            own.client, own.router
        );
        let answer = browser.post("/staff/links", &form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        for wrong in ["circuit-wrong", "committed-wrong", "activated-wrong"] {
            assert!(answer.body.contains(&format!("id=\"{wrong}\"")), "{wrong}: {}", answer.body);
        }
        for kept in
            ["value=\"fast\"", "value=\"soon\"", "value=\"101\"", "value=\"ether9\"", "A &#60;b&#62; site"]
        {
            assert!(answer.body.contains(kept), "{kept} was lost: {}", answer.body);
        }
        assert!(
            answer.body.contains(&format!("<option value=\"{}\" selected>", own.client)),
            "the choice was lost"
        );
        assert!(!answer.body.contains("<b> site"), "not escaped");
        assert_eq!(portal.store.links().await.unwrap().len(), 2, "nothing is stored");
        let taken = form
            .replace("circuit=&", "circuit=FOREIGN-1&")
            .replace("fast", "100")
            .replace("soon", "2026-11-01")
            .replace("101", "99.5");
        let answer = browser.post("/staff/links", &taken).await;
        assert!(answer.body.contains("Another link has this circuit id."), "{}", answer.body);
        let used = taken.replace("FOREIGN-1", "NEW-1").replace("ether9", "ether2");
        let answer = browser.post("/staff/links", &used).await;
        assert!(answer.body.contains("already carries a link"), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_routers_password_is_on_no_page_and_in_no_log() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        let mut browser = on_duty(&portal, "adam", StaffRole::Admin, StaffScope::All).await;
        let form = format!(
            "company={}&name=edge-9&address=bad+host&port=0&username=u&password=hunter2hunter2&tls=pin&fingerprint=zz",
            own.company
        );
        let answer = browser.post("/staff/routers", &form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        for wrong in ["address-wrong", "port-wrong", "fingerprint-wrong"] {
            assert!(answer.body.contains(&format!("id=\"{wrong}\"")), "{wrong}");
        }
        assert!(!answer.body.contains("hunter2"), "the password came back");
        let right = form
            .replace("bad+host", "192.0.2.9")
            .replace("port=0", "port=8729")
            .replace("zz", &"ab".repeat(32));
        let answer = browser.post("/staff/routers", &right).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let place = answer.header("location").to_owned();
        for path in
            [place.clone(), format!("{place}/edit"), "/staff/routers".to_owned(), "/staff/audit".to_owned()]
        {
            let page = browser.get(&path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            assert!(page.body.contains("edge-9") && !page.body.contains("hunter2"), "{path}");
        }
        let id = store::RouterId(place.rsplit('/').next().unwrap().parse().unwrap());
        let password = portal.store.router_password(id).await.unwrap();
        assert_eq!(secrecy::ExposeSecret::expose_secret(&password), "hunter2hunter2");
    }
}

#[tokio::test]
async fn what_was_agreed_is_never_edited() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        let mut browser = on_duty(&portal, "olga", StaffRole::Operator, StaffScope::All).await;
        let address = format!("/staff/links/{}/terms", own.link);
        let terms =
            |day: &str, uptime: &str| format!("valid_from={day}&uptime_pct={uptime}&down_when=interface");
        assert_eq!(
            browser.post(&address, &terms("2026-09-01", "99.5")).await.status,
            StatusCode::SEE_OTHER,
            "the first"
        );
        let late = browser.post(&address, &terms("2026-11-22", "99.9")).await;
        assert!(late.body.contains("What is past stays as it was agreed"), "{}", late.body);
        assert_eq!(
            browser.post(&address, &terms("2026-11-23", "99.9")).await.status,
            StatusCode::SEE_OTHER,
            "today"
        );
        let again = browser.post(&address, &terms("2026-11-23", "98")).await;
        assert!(again.body.contains("terms are never edited"), "{}", again.body);
        let asked = browser.post(&address, "valid_from=2026-12-24&down_when=interface_or_no_answer").await;
        assert_eq!(asked.status, StatusCode::SEE_OTHER, "the link has a target");
        let all = portal.store.terms(own.link).await.unwrap();
        assert_eq!(all.len(), 3);
        let edit = format!("/staff/links/{}/edit", own.link);
        let edit = browser
            .post(
                &edit,
                "circuit=MINE-1&interface=ether2&kind=ILL&committed=100&facing=customer&probe_target=",
            )
            .await;
        assert!(edit.body.contains("id=\"probe_target-wrong\""), "the terms ask the target: {}", edit.body);
    }
}

#[tokio::test]
async fn every_change_is_in_the_log_with_before_and_after_and_operators_see_their_own() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        let mut olga = on_duty(&portal, "olga", StaffRole::Operator, StaffScope::All).await;
        let answer = olga.post(&format!("/staff/clients/{}/edit", own.client), "name=Deccan+Group").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let mut adam = on_duty(&portal, "adam", StaffRole::Admin, StaffScope::All).await;
        let page = adam.get("/staff/audit?q=client.edit").await.body;
        assert!(
            page.contains("<del>Deccan &#38; Sons</del>") && page.contains("<td>Deccan Group</td>"),
            "{page}"
        );
        assert!(page.contains("staff:olga") && page.contains(crate::portal::HOME), "{page}");
        let mine = olga.get("/staff/audit").await.body;
        assert!(mine.contains("client.edit") && !mine.contains("staff:adam"), "{mine}");
        let mut vera = on_duty(&portal, "vera", StaffRole::Viewer, StaffScope::All).await;
        assert!(!vera.get("/staff/audit").await.body.contains("client.edit"));
    }
}

#[tokio::test]
async fn a_client_with_links_stays_and_the_page_says_why() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        let mut browser = on_duty(&portal, "olga", StaffRole::Operator, StaffScope::All).await;
        let address = format!("/staff/clients/{}", own.client);
        let refused = browser.post(&format!("{address}/retire"), "").await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("one link under contract"), "{}", refused.body);
        let retire = format!("/staff/links/{}/retire", own.link);
        let bad = browser.post(&retire, "at=never").await;
        assert!(bad.body.contains("Not retired: write when"), "{}", bad.body);
        assert_eq!(browser.post(&retire, "at=2026-11-23T18:00").await.status, StatusCode::SEE_OTHER);
        assert_eq!(browser.post(&format!("{address}/retire"), "").await.status, StatusCode::SEE_OTHER);
        let mut asha = portal.browser();
        assert_eq!(
            asha.log_in("asha", crate::portal::PASSWORD).await.status,
            StatusCode::UNPROCESSABLE_ENTITY
        );
        assert_eq!(
            browser.get(&format!("{address}/edit")).await.status,
            StatusCode::NOT_FOUND,
            "what is retired stays so"
        );
    }
}

#[tokio::test]
async fn a_router_in_plain_text_is_warned_about() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        let mut browser = on_duty(&portal, "vera", StaffRole::Viewer, StaffScope::All).await;
        let page = browser.get(&format!("/staff/routers/{}", own.router)).await.body;
        assert!(page.contains("plain text") && !page.contains("/retire"), "{page}");
    }
}
