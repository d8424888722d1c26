//! The second factor, from the QR code to the last recovery code.

use axum::http::StatusCode;
use secrecy::ExposeSecret;
use totp_rs::{Builder, Secret};

use crate::portal::{Browser, MINUTE_MS, PASSWORD, Portal, portals};

const BEGIN: &str = "/client/profile/second-factor/begin";
const CONFIRM: &str = "/client/profile/second-factor/confirm";
const OFF: &str = "/client/profile/second-factor/off";
const CODE: &str = "/client/login/code";

/// What the app of `asha` shows now.
async fn code(portal: &Portal) -> String {
    let user = portal.store.portal_user_by_username("asha").await.unwrap().unwrap().0;
    let factor = portal.store.second_factor(user.id).await.unwrap().unwrap();
    let secret = Secret::try_from_base32(factor.secret.expose_secret()).unwrap();
    let totp = Builder::new().with_secret(secret).with_account_name("asha").build().unwrap();
    totp.generate(portal.now_ms() as u64 / 1000).to_string()
}

fn form(fields: &[(&str, &str)]) -> String {
    let fields: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", value.replace(' ', "+"))).collect();
    fields.join("&")
}

/// Switches the second factor on and gives the recovery codes that the page showed.
async fn switch_on(portal: &Portal, browser: &mut Browser<'_>) -> Vec<String> {
    let page = browser.post(BEGIN, &form(&[("password", PASSWORD)])).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(page.body.contains("class=\"qr\"") && page.body.contains("M4 4h1"), "no QR code");
    let page = browser.post(CONFIRM, &form(&[("code", &code(portal).await)])).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let codes: Vec<String> = page
        .body
        .split("<li class=\"mono\">")
        .skip(1)
        .map(|rest| rest.split('<').next().unwrap().to_owned())
        .collect();
    assert_eq!(codes.len(), 10);
    portal.pass(MINUTE_MS);
    codes
}

#[tokio::test]
async fn a_login_then_needs_a_code_and_the_password_alone_opens_nothing() {
    for portal in portals().await {
        switch_on(&portal, &mut portal.logged_in().await).await;
        let mut browser = portal.browser();
        let wanted = format!("/client/links/{}", portal.mine);
        let form_data = format!("{}&next={wanted}", form(&[("username", "asha"), ("password", PASSWORD)]));
        let answer = browser.post("/client/login", &form_data).await;
        assert_eq!(answer.header("location"), format!("{CODE}?next={wanted}"));
        assert_eq!(browser.cookie, None, "a session before the second step");
        assert_eq!(browser.get("/client/dashboard").await.status, StatusCode::SEE_OTHER);
        assert!(browser.get(answer.header("location")).await.body.contains(&wanted));
        let wrong = browser.post(CODE, &form(&[("code", "000000")])).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        let answer = browser.post(CODE, &form(&[("code", &code(&portal).await), ("next", &wanted)])).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, wanted.as_str()));
        assert_eq!(browser.get("/client/dashboard").await.status, StatusCode::OK);
        assert!(browser.others.keys().all(|name| name != "leaseline-login"), "the half-done login stays");
        let page = browser.get("/client/profile/sessions").await.body;
        assert!(page.contains("shown"), "the session does not say that a second factor was shown");
    }
}

#[tokio::test]
async fn a_code_that_was_used_is_refused() {
    for portal in portals().await {
        let mut first = portal.logged_in().await;
        first.post(BEGIN, &form(&[("password", PASSWORD)])).await;
        let used = code(&portal).await;
        assert_eq!(first.post(CONFIRM, &form(&[("code", &used)])).await.status, StatusCode::OK);
        let mut browser = portal.browser();
        browser.log_in("asha", PASSWORD).await;
        let answer = browser.post(CODE, &form(&[("code", &used)])).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "the code that confirmed the factor");
        portal.pass(MINUTE_MS);
        let used = code(&portal).await;
        assert_eq!(browser.post(CODE, &form(&[("code", &used)])).await.status, StatusCode::SEE_OTHER);
        let mut thief = portal.browser();
        thief.log_in("asha", PASSWORD).await;
        let answer = thief.post(CODE, &form(&[("code", &used)])).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "read over the shoulder");
    }
}

#[tokio::test]
async fn a_recovery_code_works_once_however_it_is_typed() {
    for portal in portals().await {
        let codes = switch_on(&portal, &mut portal.logged_in().await).await;
        let typed = codes[3].to_uppercase().replace('-', " ");
        for (again, status) in [(false, StatusCode::SEE_OTHER), (true, StatusCode::UNPROCESSABLE_ENTITY)] {
            let mut browser = portal.browser();
            browser.log_in("asha", PASSWORD).await;
            let answer = browser.post(CODE, &form(&[("code", &typed)])).await;
            assert_eq!(answer.status, status, "again: {again}");
            if !again {
                assert!(browser.get("/client/profile/second-factor").await.body.contains("9 of 10"));
            }
        }
        let user = portal.store.portal_user_by_username("asha").await.unwrap().unwrap().0;
        assert_eq!(portal.store.recovery_codes_left(user.id).await.unwrap(), 9);
        let events = format!("{:?}", portal.store.audit_events(None, 50).await.unwrap());
        assert!(events.contains("recovery_code.use") && !events.contains(&codes[3]), "the log holds a code");
    }
}

#[tokio::test]
async fn guessing_codes_leads_back_to_the_password_and_is_then_refused() {
    for portal in portals().await {
        switch_on(&portal, &mut portal.logged_in().await).await;
        let mut thief = portal.browser_at("203.0.113.9");
        let mut looked_at = 0;
        let mut refused = false;
        for _ in 0..4 {
            thief.log_in("asha", PASSWORD).await;
            for _ in 0..6 {
                let answer = thief.post(CODE, &form(&[("code", "000000")])).await;
                looked_at += i32::from(answer.status == StatusCode::UNPROCESSABLE_ENTITY);
                refused |= answer.status == StatusCode::TOO_MANY_REQUESTS;
            }
        }
        assert!(refused && looked_at <= 8, "{looked_at} codes were looked at");
        // The owner, at home, is not locked out by it.
        let mut owner = portal.browser();
        owner.log_in("asha", PASSWORD).await;
        assert_eq!(
            owner.post(CODE, &form(&[("code", &code(&portal).await)])).await.status,
            StatusCode::SEE_OTHER
        );
    }
}

#[tokio::test]
async fn the_second_step_waits_ten_minutes_and_only_for_its_own_browser() {
    for portal in portals().await {
        switch_on(&portal, &mut portal.logged_in().await).await;
        let mut browser = portal.browser();
        browser.log_in("asha", PASSWORD).await;
        let good = code(&portal).await;
        let stranger = portal.browser().post(CODE, &form(&[("code", &good)])).await;
        assert_eq!(stranger.header("location"), "/client/login?said=again");
        portal.pass(10 * MINUTE_MS);
        let answer = browser.post(CODE, &form(&[("code", &code(&portal).await)])).await;
        assert_eq!(answer.header("location"), "/client/login?said=again");
        assert_eq!(browser.cookie, None);
    }
}

#[tokio::test]
async fn switching_on_and_off_needs_more_than_an_open_browser() {
    for portal in portals().await {
        let mut browser = portal.logged_in().await;
        let answer = browser.post(BEGIN, &form(&[("password", "a guess that is wrong")])).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        browser.post(BEGIN, &form(&[("password", PASSWORD)])).await;
        assert_eq!(
            browser.post(CONFIRM, &form(&[("code", "000000")])).await.status,
            StatusCode::UNPROCESSABLE_ENTITY
        );
        assert_eq!(
            portal.browser().log_in("asha", PASSWORD).await.header("location"),
            "/client/dashboard",
            "not confirmed yet"
        );
        let codes = switch_on(&portal, &mut browser).await;
        for (password, code) in [(PASSWORD, "000000"), ("a guess that is wrong", codes[0].as_str())] {
            let answer = browser.post(OFF, &form(&[("password", password), ("code", code)])).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "off with {code}");
        }
        let file = browser
            .post("/client/profile/second-factor/codes.txt", &form(&[("codes", &codes.join(" "))]))
            .await;
        assert!(file.header("content-disposition").starts_with("attachment"));
        assert!(codes.iter().all(|code| file.body.contains(code)));
        let new = browser
            .post(
                "/client/profile/second-factor/codes",
                &form(&[("password", PASSWORD), ("code", &codes[0])]),
            )
            .await;
        assert_eq!(new.status, StatusCode::OK);
        let answer = browser.post(OFF, &form(&[("password", PASSWORD), ("code", &codes[1])])).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "an old recovery code");
        let answer =
            browser.post(OFF, &form(&[("password", PASSWORD), ("code", &code(&portal).await)])).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert_eq!(portal.browser().log_in("asha", PASSWORD).await.header("location"), "/client/dashboard");
    }
}

#[tokio::test]
async fn guessing_codes_from_everywhere_has_an_end_and_the_known_browser_gets_in() {
    for portal in portals().await {
        let mut mine = portal.logged_in().await;
        switch_on(&portal, &mut mine).await;
        mine.post("/client/logout", "").await;
        mine.log_in("asha", PASSWORD).await;
        mine.post(CODE, &form(&[("code", &code(&portal).await)])).await;
        mine.post("/client/logout", "").await;
        portal.pass(MINUTE_MS);
        let mut looked_at = 0;
        for n in 0..10 {
            // Somebody with the password, and a network of its own for each session of four codes.
            let mut thief = portal.browser_at(&format!("2001:db8:{n:x}::1"));
            thief.log_in("asha", PASSWORD).await;
            for _ in 0..4 {
                let status = thief.post(CODE, &form(&[("code", "000000")])).await.status;
                looked_at += i32::from(status == StatusCode::UNPROCESSABLE_ENTITY);
            }
        }
        assert_eq!(looked_at, 20);
        mine.log_in("asha", PASSWORD).await;
        let answer = mine.post(CODE, &form(&[("code", &code(&portal).await)])).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    }
}
