//! People of the ISP in the tests, a second company beside the portal's own, and how staff log in.

use axum::http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use sla::ExclusionKind;
use store::{
    AlertId, ClientId, CompanyId, ExclusionId, Facing, LinkId, NewExclusion, NewLink, NewRouter,
    NewStaffUser, OutageId, OutboxFilter, OutboxId, PortalUserId, ReportId, RouterId, RouterTls,
    STAFF_RESET_MAIL, StaffAct, StaffRole, StaffScope, StaffUserId, WebhookId,
};
use totp_rs::{Builder, Secret};

use crate::ledger::write_report;
use crate::portal::{Answer, Browser, HOUR_MS, MINUTE_MS, NOW_MS, PASSWORD, Portal, portals, portals_with};
use crate::telling::{broke, raise};

/// Enters a person of the ISP.
pub(crate) async fn hire(portal: &Portal, username: &str, role: StaffRole, scope: StaffScope) -> StaffUserId {
    let hash = web::hash_password(&SecretString::from(PASSWORD)).unwrap();
    let email = format!("{username}@isp.example");
    let new = NewStaffUser { username, display_name: "", email: &email, role, password_hash: &hash, scope };
    portal.store.insert_staff_user(&new, NOW_MS).await.unwrap()
}

pub(crate) async fn log_in(browser: &mut Browser<'_>, username: &str, password: &str) -> Answer {
    let form = format!("username={username}&password={}", password.replace(' ', "+"));
    browser.post("/staff/login", &form).await
}

/// A browser in which a new person of the ISP has logged in.
pub(crate) async fn on_duty<'a>(
    portal: &'a Portal,
    username: &str,
    role: StaffRole,
    scope: StaffScope,
) -> Browser<'a> {
    hire(portal, username, role, scope).await;
    let mut browser = portal.browser();
    let answer = log_in(&mut browser, username, PASSWORD).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (StatusCode::SEE_OTHER, "/staff"),
        "{}",
        answer.body
    );
    browser
}

/// What the page with the form of an address shows; `none`: there is no such form.
pub(crate) async fn shown(browser: &mut Browser<'_>, address: &str) -> String {
    let page = ["/retire", "/end"].iter().find_map(|end| address.strip_suffix(end)).unwrap_or(address);
    let page = browser.get(page).await.body;
    let value = page.split_once("name=\"shown\" value=\"").and_then(|(_, rest)| rest.split_once('"'));
    value.map_or("none", |(value, _)| value).to_owned()
}

/// Opens a form and sends it, with nobody in between.
pub(crate) async fn save(browser: &mut Browser<'_>, address: &str, form: &str) -> Answer {
    let shown = shown(browser, address).await;
    browser.post(address, &format!("{form}&shown={shown}")).await
}

/// One of everything of a company.
pub(crate) struct Things {
    pub(crate) company: CompanyId,
    /// As it stands in the address of a form.
    pub(crate) company_name: &'static str,
    pub(crate) client: ClientId,
    pub(crate) router: RouterId,
    pub(crate) link: LinkId,
    pub(crate) circuit: &'static str,
    pub(crate) exclusion: ExclusionId,
    pub(crate) alert: AlertId,
    pub(crate) outage: OutageId,
    pub(crate) user: PortalUserId,
    pub(crate) message: OutboxId,
    pub(crate) webhook: WebhookId,
    pub(crate) report: ReportId,
    /// A person of the ISP who works for this company alone.
    pub(crate) member: StaffUserId,
    /// The secret of a link that sets this person's password.
    pub(crate) token: String,
}

/// Those of the portal's own company.
pub(crate) async fn own_things(portal: &Portal) -> Things {
    let link = portal.store.link(portal.mine).await.unwrap();
    let (member, token) = member(portal, "mira", portal.company).await;
    Things {
        member,
        token,
        company: portal.company,
        company_name: "Northwind+%3CFibre%3E",
        client: link.client_id,
        router: portal.router_id,
        link: portal.mine,
        circuit: "MINE-1",
        exclusion: exclude(portal, portal.mine).await,
        alert: raise(portal, portal.company, portal.foreign, "FOREIGN-1").await,
        outage: broke(portal, portal.router_id, portal.foreign).await,
        user: portal.store.portal_user_by_username("asha").await.unwrap().unwrap().0.id,
        message: newest_message(portal, portal.company).await,
        webhook: webhook(portal, portal.company, "MINE-1").await,
        report: write_report(portal, portal.mine, "2026-10", &[]).await,
    }
}

/// A second company with things of its own.
pub(crate) async fn other_things(portal: &Portal) -> Things {
    let store = &portal.store;
    let company = store.insert_company("Second Brand", "Europe/Berlin", "EUR", NOW_MS).await.unwrap();
    let client = store.insert_client(company, "Zenith Works", NOW_MS).await.unwrap();
    let user = store.insert_portal_user(client, "zoe", "zoe@zenith.example", "hash", NOW_MS).await.unwrap();
    let new = NewRouter {
        company_id: company,
        name: "core-zulu",
        address: "192.0.2.77",
        port: 8728,
        username: "u",
        password: &SecretString::from("router"),
        tls: RouterTls::Off,
    };
    let router = store.insert_router(&new, NOW_MS).await.unwrap();
    let new = NewLink {
        client_id: client,
        router_id: router,
        interface: "ether2",
        circuit: "ZULU-1",
        service_ref: None,
        kind: "ILL",
        committed_bps: 100_000_000,
        probe_target: None,
        facing: Facing::Customer,
        site: Some("Zoologischer Garten"),
        activated_at_ms: NOW_MS - 100 * 24 * HOUR_MS,
        terminated_at_ms: None,
    };
    let link = store.insert_link(&new).await.unwrap();
    let (member, token) = member(portal, "zacharias", company).await;
    Things {
        member,
        token,
        company,
        company_name: "Second+Brand",
        client,
        router,
        link,
        circuit: "ZULU-1",
        exclusion: exclude(portal, link).await,
        alert: raise(portal, company, link, "ZULU-1").await,
        outage: broke(portal, router, link).await,
        user,
        message: newest_message(portal, company).await,
        webhook: webhook(portal, company, "ZULU-1").await,
        report: write_report(portal, link, "2026-10", &[]).await,
    }
}

/// Somebody of the ISP with a link under way.
async fn member(portal: &Portal, username: &str, company: CompanyId) -> (StaffUserId, String) {
    let id = hire_without_work(portal, username, StaffScope::Companies([company].into())).await;
    portal.store.staff_send_member_link(&by_cli(portal), id).await.unwrap();
    (id, newest_token(portal, STAFF_RESET_MAIL).await)
}

/// Without the work of a hash: nobody logs in.
async fn hire_without_work(portal: &Portal, username: &str, scope: StaffScope) -> StaffUserId {
    let (email, role) = (format!("{username}@isp.example"), StaffRole::Operator);
    let new = NewStaffUser { username, display_name: "", email: &email, role, password_hash: "hash", scope };
    portal.store.insert_staff_user(&new, NOW_MS).await.unwrap()
}

/// A change by somebody at the server.
pub(crate) fn by_cli(portal: &Portal) -> StaffAct<'static> {
    StaffAct { scope: &StaffScope::All, actor: "cli", address: None, now_ms: portal.now_ms() }
}

/// The secret of the link in the newest mail of a kind, made as the delivery makes it.
pub(crate) async fn newest_token(portal: &Portal, kind: &str) -> String {
    let mails = portal.store.outbox_list(&OutboxFilter::default(), 100).await.unwrap();
    let mail = mails.into_iter().filter(|mail| mail.kind == kind).max_by_key(|mail| mail.id).expect("a mail");
    let mail = portal.store.outbox_mail(mail.id).await.unwrap();
    let reset_id = mail.payload["reset_id"].as_i64().unwrap();
    let token =
        portal.store.issue_reset_token(reset_id, portal.now_ms()).await.unwrap().expect("a good wish");
    token.expose_secret().to_owned()
}

/// That of the alert, which is raised before.
async fn newest_message(portal: &Portal, company: CompanyId) -> OutboxId {
    let mails = portal.store.outbox_list(&OutboxFilter::default(), 100).await.unwrap();
    let is_its = |kind: &str| !kind.starts_with("staff_");
    mails.iter().find(|mail| mail.company_id == company && is_its(&mail.kind)).unwrap().id
}

async fn webhook(portal: &Portal, company: CompanyId, path: &str) -> WebhookId {
    let url = format!("https://hooks-{company}.example/{path}");
    portal.store.insert_webhook(company, &url, &[], ("cli", NOW_MS)).await.unwrap().0
}

async fn exclude(portal: &Portal, link_id: LinkId) -> ExclusionId {
    let new = NewExclusion {
        link_id,
        from_ms: NOW_MS - 2 * HOUR_MS,
        to_ms: None,
        kind: ExclusionKind::CustomerCause,
        reason: "power at the site",
        entered_by: "staff:ravi",
    };
    portal.store.insert_exclusions(&[new], NOW_MS - HOUR_MS).await.unwrap()[0]
}

#[tokio::test]
async fn neither_session_opens_a_page_of_the_other() {
    for portal in portals().await {
        let mut staff = on_duty(&portal, "noc", StaffRole::Admin, StaffScope::All).await;
        assert_eq!(staff.get("/staff").await.status, StatusCode::OK);
        assert_eq!(staff.get("/client/dashboard").await.header("location"), "/client/login");
        let staff_token = staff.others["leaseline-staff"].clone();
        let mut client = portal.logged_in().await;
        assert_eq!(client.get("/staff").await.header("location"), "/staff/login");
        // Also not with the cookie under the other's name.
        let client_token = client.cookie.clone().unwrap().split_once('=').unwrap().1.to_owned();
        client.others.insert("leaseline-staff".to_owned(), client_token);
        assert_eq!(client.get("/staff").await.header("location"), "/staff/login");
        let mut swapped = portal.browser();
        swapped.cookie = Some(format!("leaseline={staff_token}"));
        assert_eq!(swapped.get("/client/dashboard").await.header("location"), "/client/login");
    }
}

#[tokio::test]
async fn a_portal_users_password_is_none_at_the_staff_door_and_the_reverse() {
    for portal in portals().await {
        hire(&portal, "noc", StaffRole::Admin, StaffScope::All).await;
        let mut browser = portal.browser();
        let answer = log_in(&mut browser, "asha", PASSWORD).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        let unknown = log_in(&mut browser, "nobody", PASSWORD).await;
        assert_eq!(answer.body.replace("asha", "nobody"), unknown.body, "the answers tell who exists");
        assert_eq!(browser.log_in("noc", PASSWORD).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(browser.others.get("leaseline-staff"), None);
    }
}

#[tokio::test]
async fn the_cookie_is_its_own_and_ends_with_the_log_out() {
    let secure = web::Settings { login_delay: std::time::Duration::ZERO, ..web::Settings::default() };
    for portal in portals_with(secure).await {
        hire(&portal, "noc", StaffRole::Viewer, StaffScope::All).await;
        let mut browser = portal.browser();
        let answer = log_in(&mut browser, "noc", PASSWORD).await;
        let set: Vec<_> =
            answer.headers.get_all("set-cookie").iter().map(|set| set.to_str().unwrap()).collect();
        let cookie = set.iter().find(|set| set.starts_with("__Host-leaseline-staff=")).expect("a session");
        for part in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        let kept = browser.others.clone();
        let again = log_in(&mut browser, "noc", PASSWORD).await;
        assert_eq!(again.status, StatusCode::SEE_OTHER);
        assert_ne!(kept["__Host-leaseline-staff"], browser.others["__Host-leaseline-staff"], "a new token");
        let mut stale = portal.browser();
        stale.others = kept;
        assert_eq!(stale.get("/staff").await.header("location"), "/staff/login", "the old one has ended");
        let stolen = browser.others.clone();
        browser.post("/staff/logout", "").await;
        assert!(!browser.others.contains_key("__Host-leaseline-staff"));
        browser.others = stolen;
        assert_eq!(browser.get("/staff").await.header("location"), "/staff/login");
    }
}

#[tokio::test]
async fn guessing_at_the_staff_door_is_refused_in_the_end() {
    for portal in portals().await {
        hire(&portal, "noc", StaffRole::Admin, StaffScope::All).await;
        let mut browser = portal.browser();
        let mut last = StatusCode::OK;
        for _ in 0..9 {
            last = log_in(&mut browser, "noc", "wrong wrong wrong").await.status;
        }
        assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(log_in(&mut browser, "noc", PASSWORD).await.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(
            browser.log_in("asha", PASSWORD).await.status,
            StatusCode::SEE_OTHER,
            "the portal's door is another"
        );
    }
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_a_recovery_code_works_once() {
    for portal in portals().await {
        let mut browser = on_duty(&portal, "noc", StaffRole::Admin, StaffScope::All).await;
        let user = portal.store.staff_user_by_username("noc").await.unwrap().unwrap().0.id;
        let page = browser
            .post("/staff/account/factor/begin", &format!("password={}", PASSWORD.replace(' ', "+")))
            .await;
        assert!(page.body.contains("class=\"qr\""), "{}", page.body);
        let factor = portal.store.second_factor(user).await.unwrap().unwrap();
        let secret = Secret::try_from_base32(factor.secret.expose_secret()).unwrap();
        let totp = Builder::new().with_secret(secret).with_account_name("noc").build().unwrap();
        let code = || totp.generate(portal.now_ms() as u64 / 1000).to_string();
        let page = browser.post("/staff/account/factor/confirm", &format!("code={}", code())).await;
        let codes: Vec<&str> = page
            .body
            .split("<li class=\"mono\">")
            .skip(1)
            .map(|rest| rest.split('<').next().unwrap())
            .collect();
        assert_eq!(codes.len(), 10, "{}", page.body);
        portal.pass(MINUTE_MS);
        let mut other = portal.browser();
        assert_eq!(log_in(&mut other, "noc", PASSWORD).await.header("location"), "/staff/login/code");
        assert_eq!(
            other.get("/staff").await.header("location"),
            "/staff/login",
            "the password alone opens nothing"
        );
        let wrong = other.post("/staff/login/code", "code=000000").await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(
            other.post("/staff/login/code", &format!("code={}", code())).await.header("location"),
            "/staff"
        );
        for (expected, location) in
            [(StatusCode::SEE_OTHER, "/staff"), (StatusCode::UNPROCESSABLE_ENTITY, "")]
        {
            let mut third = portal.browser();
            log_in(&mut third, "noc", PASSWORD).await;
            let answer = third.post("/staff/login/code", &format!("code={}", codes[0])).await;
            assert_eq!((answer.status, answer.header("location")), (expected, location));
        }
    }
}

#[tokio::test]
async fn the_wall_shows_the_worst_first_and_every_link_once() {
    for portal in portals().await {
        portal.write(portal.mine, sla::LinkState::Up, None, 1_000).await;
        portal.write(portal.foreign, sla::LinkState::Down, Some("link_down"), 180_000).await;
        let mut browser = on_duty(&portal, "noc", StaffRole::Viewer, StaffScope::All).await;
        let page = browser.get("/staff").await.body;
        assert!(page.contains("<h1>1 link down</h1>"), "{page}");
        let (down, up) = (page.find("FOREIGN-1").unwrap(), page.find("MINE-1").unwrap());
        assert!(down < up, "what is up stands before what is down");
        for circuit in ["MINE-1", "FOREIGN-1"] {
            assert_eq!(page.matches(&format!("data-link=\"{circuit}\"")).count(), 1, "{circuit}");
        }
        let live = browser.get("/staff/wall").await.body;
        assert!(
            live.contains("id=\"live\"") && live.contains("data-now-ms") && !live.contains("<html"),
            "{live}"
        );
    }
}

/// A secret that lies about unconfirmed is shown to nobody who has not just typed the password.
#[tokio::test]
async fn a_factor_that_was_begun_long_ago_is_begun_again() {
    for portal in portals().await {
        let mut noc = on_duty(&portal, "noc", StaffRole::Admin, StaffScope::All).await;
        let mut asha = portal.logged_in().await;
        let password = format!("password={}", PASSWORD.replace(' ', "+"));
        for (browser, door) in
            [(&mut noc, "/staff/account/factor"), (&mut asha, "/client/profile/second-factor")]
        {
            let begun = browser.post(&format!("{door}/begin"), &password).await;
            assert!(begun.body.contains("class=\"qr\""), "{}", begun.body);
            let wrong = browser.post(&format!("{door}/confirm"), "code=x").await;
            assert!(wrong.body.contains("class=\"qr\""), "a slip of the finger: {}", wrong.body);
        }
        portal.pass(10 * MINUTE_MS);
        for (browser, door) in
            [(&mut noc, "/staff/account/factor"), (&mut asha, "/client/profile/second-factor")]
        {
            let late = browser.post(&format!("{door}/confirm"), "code=x").await;
            assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY, "{door}");
            assert!(
                late.body.contains("Begin again") && !late.body.contains("class=\"qr\""),
                "{}",
                late.body
            );
        }
    }
}

#[tokio::test]
async fn nobody_logs_in_for_a_client_that_is_retired() {
    for portal in portals().await {
        let client = portal.store.link(portal.mine).await.unwrap().client_id;
        portal.store.terminate_link(portal.mine, NOW_MS, NOW_MS).await.unwrap();
        let act =
            store::StaffAct { scope: &StaffScope::All, actor: "staff:noc", address: None, now_ms: NOW_MS };
        portal.store.staff_retire_client(&act, client).await.unwrap();
        let asha = portal.store.portal_user_by_username("asha").await.unwrap().unwrap().0;
        portal.store.set_portal_user_active(asha.id, true).await.unwrap();
        let answer = portal.browser().log_in("asha", PASSWORD).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains("User name or password is wrong."), "{}", answer.body);
    }
}
