use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use store::{StaffRole, StaffScope};

use crate::portal::{Browser, HOUR_MS, MINUTE_MS, PASSWORD, plain, portals, portals_with};
use crate::staff::on_duty;

#[tokio::test]
async fn logging_in_opens_the_pages_and_logging_out_closes_them_for_good() {
    for portal in portals().await {
        let mut browser = portal.browser();
        let answer = browser.log_in("  ASHA ", PASSWORD).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/client/dashboard"));
        let set = answer.header("set-cookie").to_owned();
        for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(set.contains(part), "{set}");
        }
        assert_eq!(browser.get("/client/dashboard").await.status, StatusCode::OK);
        let stolen = browser.cookie.clone();

        let answer = browser.post("/client/logout", "").await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/client/login"));
        assert_eq!(browser.cookie, None, "the cookie stays in the browser");
        browser.cookie = stolen;
        // The session itself is gone, not just the cookie.
        assert_eq!(browser.get("/client/dashboard").await.status, StatusCode::SEE_OTHER);

        let events = portal.store.audit_events(None, 10).await.unwrap();
        let actions: Vec<&str> = events.iter().rev().map(|record| record.event.action.as_str()).collect();
        assert_eq!(actions, ["login", "logout"]);
        assert_eq!(events[0].event.actor, "portal:asha");
        assert_eq!(events[0].event.address.as_deref(), Some(crate::portal::HOME));
    }
}

#[tokio::test]
async fn an_unknown_user_and_a_wrong_password_look_the_same() {
    for portal in portals().await {
        let user = portal.store.portal_user_by_username("omar").await.unwrap().unwrap().0;
        portal.store.set_portal_user_active(user.id, false).await.unwrap();
        let wrong = portal.browser().log_in("asha", "not the password").await;
        let unknown = portal.browser().log_in("nobody", "not the password").await;
        let inactive = portal.browser().log_in("omar", PASSWORD).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        for (other, name) in [(&unknown, "nobody"), (&inactive, "omar")] {
            assert_eq!(other.status, wrong.status);
            assert_eq!(other.body.replace(name, "asha"), wrong.body);
            assert!(!other.headers.contains_key("set-cookie"));
        }
        assert!(!wrong.body.contains("not the password"), "a password must not come back in the page");
        let events = portal.store.audit_events(None, 10).await.unwrap();
        assert!(events.iter().all(|record| record.event.action == "login.failed"));
        assert!(!format!("{events:?}").contains("not the password"), "a password must not be kept");
    }
}

#[tokio::test]
async fn each_login_begins_a_session_of_its_own_and_ends_the_one_before() {
    for portal in portals().await {
        let mut browser = portal.logged_in().await;
        let first = browser.cookie.clone();
        browser.log_in("asha", PASSWORD).await;
        assert_ne!(browser.cookie, first);
        let mut old = portal.browser();
        old.cookie = first;
        assert_eq!(old.get("/client/dashboard").await.status, StatusCode::SEE_OTHER);
        // A token that somebody planted before the login is not taken over.
        let mut planted = portal.browser();
        planted.cookie = Some(format!("leaseline={}", "a".repeat(64)));
        planted.log_in("asha", PASSWORD).await;
        assert!(!planted.cookie.unwrap().contains("aaaa"));
    }
}

#[tokio::test]
async fn sessions_end_when_idle_and_at_last_in_any_case() {
    for portal in portals().await {
        let mut browser = portal.logged_in().await;
        portal.pass(2 * HOUR_MS - 1);
        assert_eq!(browser.get("/client/dashboard").await.status, StatusCode::OK, "used just in time");
        portal.pass(2 * HOUR_MS);
        assert_eq!(
            browser.get("/client/dashboard").await.status,
            StatusCode::SEE_OTHER,
            "idle for two hours"
        );

        let mut browser = portal.logged_in().await;
        for _ in 0..23 {
            portal.pass(31 * MINUTE_MS);
            assert_eq!(browser.get("/client/dashboard").await.status, StatusCode::OK);
        }
        portal.pass(8 * MINUTE_MS);
        assert_eq!(
            browser.get("/client/dashboard").await.status,
            StatusCode::SEE_OTHER,
            "twelve hours in all"
        );
    }
}

#[tokio::test]
async fn an_address_asked_for_before_the_login_adds_no_field_to_it() {
    for portal in portals().await {
        for (page, login) in [("/client/links/7", "/client/login"), ("/staff/links/7", "/staff/login")] {
            let answer = portal.browser().get(&format!("{page}&said=password")).await;
            assert_eq!(answer.header("location"), format!("{login}?next={page}%26said%3Dpassword"));
            let shown = portal.browser().get(answer.header("location")).await.body;
            assert!(!shown.contains("Your password is set"), "{shown}");
        }
    }
}

#[tokio::test]
async fn a_notice_is_shown_after_a_redirect_of_ours_and_not_by_somebody_elses_link() {
    for portal in portals().await {
        let mut mine = portal.logged_in().await;
        let (said, words) = ("/client/profile?said=mails", "Your choice of mail is kept.");
        assert!(!mine.get(said).await.body.contains(words));
        for login in ["/client/login", "/staff/login"] {
            let answer = portal.browser().get(&format!("{login}?said=password")).await;
            assert!(answer.status == StatusCode::OK && !answer.body.contains("Your password is set"));
        }
        let answer = mine.post("/client/profile/mails", "sla_breach=on").await;
        assert_eq!(answer.header("location"), said);
        assert!(mine.get(said).await.body.contains(words));
        let other = mine.get("/client/profile?said=password").await;
        assert!(!other.body.contains("Your password is changed"), "another notice than that of the redirect");
    }
}

/// A page that is left open refreshes itself, and its streams come back: that is no use of the session.
#[tokio::test]
async fn a_page_left_open_does_not_keep_its_session_and_a_user_who_types_does() {
    for portal in portals().await {
        let mut client = portal.logged_in().await;
        let mut staff = on_duty(&portal, "noc", StaffRole::Admin, StaffScope::All).await;
        let series = format!("/client/links/{}/series.json?range=24h", portal.mine);
        let refreshed = async |browser: &mut Browser<'_>, path: &str, by: &str| {
            let request = Request::get(path).header("x-leaseline-refresh", by);
            browser.send(request, Body::empty()).await.status
        };
        for _ in 0..11 {
            portal.pass(10 * MINUTE_MS);
            for path in ["/client/dashboard/cards", &series] {
                assert_eq!(refreshed(&mut client, path, "1").await, StatusCode::OK);
            }
            assert!(client.open("/client/dashboard/events").await.is_ok());
            assert_eq!(refreshed(&mut staff, "/staff", "1").await, StatusCode::OK);
        }
        portal.pass(10 * MINUTE_MS);
        assert_eq!(refreshed(&mut client, "/client/dashboard/cards", "1").await, StatusCode::UNAUTHORIZED);
        assert_eq!(client.get("/client/dashboard").await.status, StatusCode::SEE_OTHER, "idle for two hours");
        assert_eq!(refreshed(&mut staff, "/staff", "1").await, StatusCode::UNAUTHORIZED);

        let mut typing = portal.logged_in().await;
        for _ in 0..13 {
            portal.pass(10 * MINUTE_MS);
            assert_eq!(refreshed(&mut typing, "/client/dashboard/cards?q=a", "user").await, StatusCode::OK);
        }
    }
}

#[tokio::test]
async fn a_user_who_may_no_longer_log_in_is_out_at_once() {
    for portal in portals().await {
        let mut browser = portal.logged_in().await;
        let user = portal.store.portal_user_by_username("asha").await.unwrap().unwrap().0;
        portal.store.set_portal_user_active(user.id, false).await.unwrap();
        assert_eq!(browser.get("/client/dashboard").await.status, StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn a_login_goes_on_to_where_one_wanted_to_go_but_never_to_another_site() {
    for portal in portals().await {
        let wanted = format!("/client/links/{}", portal.mine);
        let answer = portal.browser().get(&wanted).await;
        assert_eq!(answer.header("location"), format!("/client/login?next={wanted}"));
        let page = portal.browser().get(answer.header("location")).await;
        assert!(page.body.contains(&format!(r#"name="next" value="{wanted}""#)), "{}", page.body);
        for (next, location) in [(wanted.as_str(), wanted.as_str()), ("//evil.example", "/client/dashboard")]
        {
            let form = format!("username=asha&password=correct+horse+battery&next={next}");
            let answer = portal.browser().post("/client/login", &form).await;
            assert_eq!(answer.header("location"), location);
        }
    }
}

/// What was searched or filtered for is an address as well: a mail or a bookmark leads there.
#[tokio::test]
async fn a_login_goes_on_with_the_query_that_was_asked_for() {
    for portal in portals().await {
        for (page, login) in [
            ("/client/sla-reports?verdict=breached&q=head+office", "/client/login"),
            ("/staff/links?q=ILL-1&page=2", "/staff/login"),
        ] {
            let answer = portal.browser().get(page).await;
            let to = answer.header("location").to_owned();
            let (path, query) = to.split_once('?').unwrap();
            let fields: Vec<(String, String)> =
                form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            assert_eq!((path, fields), (login, vec![("next".to_owned(), page.to_owned())]));
        }
        let wanted = "/client/sla-reports?verdict=breached&q=head+office";
        let encoded: String = form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
        let form = format!("username=asha&password=correct+horse+battery&next={encoded}");
        let answer = portal.browser().post("/client/login", &form).await;
        assert_eq!(answer.header("location"), wanted);
    }
}

#[tokio::test]
async fn an_imported_bcrypt_hash_works_once_and_is_replaced() {
    for portal in portals().await {
        let user = portal.store.portal_user_by_username("asha").await.unwrap().unwrap().0;
        // `laravel-old-pw`, cost 4.
        let imported = bcrypt::hash_with_result("laravel-old-pw", 4).unwrap();
        let imported = imported.format_for_version(bcrypt::Version::TwoY);
        portal.store.set_portal_user_password_hash(user.id, &imported).await.unwrap();
        for _ in 0..2 {
            assert_eq!(portal.browser().log_in("asha", "laravel-old-pw").await.status, StatusCode::SEE_OTHER);
            let (_, hash) = portal.store.portal_user_by_username("asha").await.unwrap().unwrap();
            assert!(hash.starts_with("$argon2id$"), "{hash}");
        }
    }
}

#[tokio::test]
async fn over_https_the_cookie_cannot_be_planted_or_overheard() {
    for portal in portals_with(web::Settings { secure_cookies: true, ..plain() }).await {
        let mut browser = portal.browser();
        let answer = browser.log_in("asha", PASSWORD).await;
        let set = answer.header("set-cookie");
        assert!(set.starts_with("__Host-leaseline=") && set.contains("Secure"), "{set}");
        assert!(!set.contains("Domain"), "{set}");
        assert_eq!(browser.get("/client/dashboard").await.status, StatusCode::OK);
        // The plain name is for http on the loopback only.
        browser.cookie = browser.cookie.map(|cookie| cookie.replace("__Host-", ""));
        assert_eq!(browser.get("/client/dashboard").await.status, StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn another_sites_form_is_refused() {
    for portal in portals().await {
        let mut browser = portal.logged_in().await;
        let crossed: [&[(&str, &str)]; 3] = [
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("origin", "https://evil.example")],
        ];
        for headers in crossed {
            let mut request = Request::post("/client/logout");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let answer = browser.send(request, Body::empty()).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{headers:?}");
        }
        assert_eq!(browser.get("/client/dashboard").await.status, StatusCode::OK, "still logged in");
        let own = Request::post("/client/logout").header("origin", "http://portal.example");
        assert_eq!(browser.send(own, Body::empty()).await.status, StatusCode::SEE_OTHER);
        // Logging out is a change: a link or an image on another page must not do it.
        assert_eq!(browser.get("/client/logout").await.status, StatusCode::METHOD_NOT_ALLOWED);
    }
}

#[tokio::test]
async fn bad_forms_are_refused_without_harm() {
    for portal in portals().await {
        let mut browser = portal.browser();
        assert_eq!(browser.post("/client/login", "username=asha").await.status, StatusCode::BAD_REQUEST);
        let huge = format!("username=asha&password={}", "x".repeat(20_000));
        assert_eq!(browser.post("/client/login", &huge).await.status, StatusCode::PAYLOAD_TOO_LARGE);
        let json = Request::post("/client/login").header(header::CONTENT_TYPE, "application/json");
        assert_eq!(browser.send(json, Body::from("{}")).await.status, StatusCode::BAD_REQUEST);
        let answer = browser.log_in("%3Cscript%3Ealert(1)%3C/script%3E", "x").await;
        assert!(!answer.body.contains("<script>alert"), "the user name came back as markup");
    }
}
