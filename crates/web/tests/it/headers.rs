use axum::http::StatusCode;

use crate::portal::{plain, portals, portals_with};

#[tokio::test]
async fn every_answer_carries_the_strict_headers_and_private_ones_are_not_kept() {
    for portal in portals().await {
        let mut browser = portal.logged_in().await;
        let link = format!("/client/links/{}", portal.mine);
        for path in ["/client/dashboard", &link, "/client/login", "/nope", "/healthz", "/favicon.svg"] {
            let answer = browser.get(path).await;
            let policy = answer.header("content-security-policy");
            assert!(policy.starts_with("default-src 'none';"), "{path}: {policy}");
            assert!(
                policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
                "{path}: {policy}"
            );
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
            assert!(!answer.header("permissions-policy").is_empty(), "{path}");
            assert_eq!(answer.header("strict-transport-security"), "", "HSTS over plain http: {path}");
            if path.starts_with("/client") {
                assert_eq!(answer.header("cache-control"), "no-store", "{path}");
            }
        }
    }
    for portal in portals_with(web::Settings { secure_cookies: true, ..plain() }).await {
        let answer = portal.browser().get("/client/login").await;
        assert!(answer.header("strict-transport-security").starts_with("max-age=31536000"));
    }
}

#[tokio::test]
async fn no_page_has_inline_script_or_style() {
    for portal in portals().await {
        portal.write(portal.mine, sla::LinkState::Up, None, 1_000).await;
        let mut browser = portal.logged_in().await;
        let link = format!("/client/links/{}", portal.mine);
        let mut pages = vec![portal.browser().get("/client/login").await.body];
        for path in ["/client/dashboard", "/client/links", &link, "/nope"] {
            pages.push(browser.get(path).await.body);
        }
        for page in pages {
            for forbidden in
                [" style=", " onclick=", " onload=", "<style", "javascript:", "http://", "https://"]
            {
                let found = page.find(forbidden).map(|at| &page[at.saturating_sub(60)..at + 60]);
                assert_eq!(found, None);
            }
            for script in page.split("<script").skip(1) {
                assert!(script.starts_with(" src=\"/assets/") && script.contains("></script>"), "{script}");
            }
        }
    }
}

#[tokio::test]
async fn assets_are_named_by_content_and_kept_for_ever() {
    let portal = &portals().await[0];
    let page = portal.browser().get("/client/login").await.body;
    let paths: Vec<&str> = page.split('"').filter(|part| part.starts_with("/assets/")).collect();
    assert_eq!(paths.len(), 2, "{paths:?}");
    for path in paths {
        let answer = portal.browser().get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(answer.header("cache-control").contains("immutable"));
        assert!(answer.header("content-type").starts_with("text/"));
        assert!(!answer.body.is_empty());
    }
    for path in ["/assets/app.css", "/assets/../Cargo.toml", "/assets/%2e%2e/%2e%2e/Cargo.toml", "/assets/"] {
        let answer = portal.browser().get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
}
