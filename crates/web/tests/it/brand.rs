//! A company's look: on its own people's pages, and on nobody else's.

use axum::http::StatusCode;
use store::{CompanyEdit, CompanyId, Logo, LogoType, StaffRole, StaffScope};

use crate::portal::{Answer, Browser, NOW_MS, PASSWORD, Portal, portals};
use crate::staff::on_duty;

const LOGO: &str =
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 90 30'><path fill='ACCENT' d='M0 0h9v3z'/></svg>";

/// Gives a company a colour and a logo.
pub(crate) async fn dress(portal: &Portal, company: CompanyId, accent: &str) {
    let edit = CompanyEdit { accent: Some(Some(accent)), ..CompanyEdit::default() };
    portal.store.edit_company(company, &edit, "test", NOW_MS).await.unwrap();
    let logo = Logo { kind: LogoType::Svg, bytes: LOGO.replace("ACCENT", accent).into_bytes() };
    portal.store.set_company_logo(company, Some(&logo), "test", NOW_MS).await.unwrap();
}

/// A second company with a customer `rita`.
async fn second_company(portal: &Portal) -> CompanyId {
    let company = portal.store.insert_company("Rival Net", "UTC", "EUR", NOW_MS).await.unwrap();
    let client = portal.store.insert_client(company, "Rita & Co", NOW_MS).await.unwrap();
    let hash = web::hash_password(&PASSWORD.into()).unwrap();
    portal.store.insert_portal_user(client, "rita", "rita@rival.example", &hash, NOW_MS).await.unwrap();
    company
}

/// The address on a page that begins like this.
fn address<'a>(page: &'a Answer, start: &str) -> Option<&'a str> {
    page.body.split('"').find(|part| part.starts_with(start))
}

async fn look(browser: &mut Browser<'_>) -> (String, StatusCode, String) {
    let sheet = browser.get("/client/brand.css").await;
    assert_eq!((sheet.status, sheet.header("content-type")), (StatusCode::OK, "text/css; charset=utf-8"));
    let logo = browser.get("/client/brand/logo").await;
    (sheet.body, logo.status, logo.body)
}

#[tokio::test]
async fn each_company_is_seen_by_its_own_people_alone() {
    for portal in portals().await {
        dress(&portal, portal.company, "#7a1fa2").await;
        let neutral = look(&mut portal.browser()).await;
        assert!(neutral.0.contains("--accent:#7a1fa2"), "the only company, before the login: {}", neutral.0);
        let rival = second_company(&portal).await;
        dress(&portal, rival, "#b00020").await;
        let mut asha = portal.logged_in().await;
        let mut rita = portal.browser();
        assert_eq!(rita.log_in("rita", PASSWORD).await.status, StatusCode::SEE_OTHER);
        let (ours, theirs) = (look(&mut asha).await, look(&mut rita).await);
        assert!(ours.0.contains("#7a1fa2") && ours.2.contains("#7a1fa2") && !ours.0.contains("#b00020"));
        assert!(
            theirs.0.contains("#b00020") && theirs.2.contains("#b00020") && !theirs.0.contains("#7a1fa2")
        );
        assert_eq!((ours.1, theirs.1), (StatusCode::OK, StatusCode::OK));

        // The digest says what is wanted; it opens nothing.
        let page = rita.get("/client/dashboard").await;
        let other = address(&page, "/client/brand/logo").unwrap();
        assert_eq!(asha.get(other).await.body, ours.2);

        let door = portal.browser().get("/client/login").await;
        for name in ["Northwind", "Rival", "brand.css", "brand/logo"] {
            assert!(!door.body.contains(name), "the login of two companies names {name}");
        }
        assert_eq!(look(&mut portal.browser()).await.1, StatusCode::NOT_FOUND);
        assert_eq!(look(&mut portal.browser()).await.0, "");
    }
}

#[tokio::test]
async fn a_look_is_kept_until_it_changes() {
    for portal in portals().await {
        let mut browser = portal.logged_in().await;
        let plain = browser.get("/client/dashboard").await;
        assert_eq!(address(&plain, "/client/brand.css"), None, "no colour was chosen");
        assert!(plain.body.contains("class=\"brand-mark\""));
        dress(&portal, portal.company, "#7a1fa2").await;
        let page = browser.get("/client/dashboard").await;
        let mut before = Vec::new();
        for start in ["/client/brand.css", "/client/brand/logo", "/client/brand/icon"] {
            let address = address(&page, start).unwrap().to_owned();
            let answer = browser.get(&address).await;
            assert_eq!(answer.status, StatusCode::OK, "{address}");
            assert_eq!(answer.header("cache-control"), "private, max-age=31536000, immutable", "{address}");
            before.push(address);
        }
        assert!(page.body.contains("alt=\"Northwind &#60;Fibre&#62;\""), "a wide logo stands for the name");
        dress(&portal, portal.company, "#00695c").await;
        let page = browser.get("/client/dashboard").await;
        for address in before {
            assert!(!page.body.contains(&address), "{address} would show the old look");
            assert_eq!(browser.get(&address).await.header("cache-control"), "no-store", "{address}");
        }
    }
}

#[tokio::test]
async fn a_logo_runs_nothing() {
    for portal in portals().await {
        dress(&portal, portal.company, "#7a1fa2").await;
        let answer = portal.logged_in().await.get("/client/brand/logo").await;
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none';") && !policy.contains("script-src"), "{policy}");
        assert!(policy.ends_with("; sandbox"), "{policy}");
        assert_eq!(answer.header("content-type"), "image/svg+xml");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
}

/// What an earlier version stored goes through the filter of today.
#[tokio::test]
async fn a_stored_logo_that_acts_is_not_shown() {
    for portal in portals().await {
        let logo = |inside: &str| Logo {
            kind: LogoType::Svg,
            bytes: format!("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 3'>{inside}</svg>")
                .into_bytes(),
        };
        let store = async |logo: Logo| {
            portal.store.set_company_logo(portal.company, Some(&logo), "test", NOW_MS).await.unwrap();
        };
        let mut customer = portal.logged_in().await;
        let mut admin = on_duty(&portal, "adam", StaffRole::Admin, StaffScope::All).await;
        let page = format!("/staff/companies/{}/logo", portal.company);
        store(logo("<g data-note='x' style='fill:red'/>")).await;
        for shown in [customer.get("/client/brand/logo").await, admin.get(&format!("{page}/picture")).await] {
            assert!(shown.body.ends_with("<g style=\"fill:red\"/></svg>"), "{}", shown.body);
        }
        store(logo("<script>alert(1)</script>")).await;
        assert_eq!(customer.get("/client/brand/logo").await.status, StatusCode::NOT_FOUND);
        assert_eq!(admin.get(&format!("{page}/picture")).await.status, StatusCode::NOT_FOUND);
        let told = admin.get(&page).await.body;
        assert!(told.contains("left out of pages and PDFs: the SVG has a &#60;script&#62;"), "{told}");
    }
}
