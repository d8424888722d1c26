use std::time::Duration;

use axum::http::StatusCode;
use futures_util::future::join_all;
use store::{StaffRole, StaffScope};
use tokio_util::sync::CancellationToken;
use web::Settings;

use crate::portal::{HOME, MINUTE_MS, PASSWORD, plain, portals, portals_with};
use crate::staff::{hire, log_in};

#[tokio::test]
async fn guessing_is_stopped_and_the_owner_elsewhere_is_not_locked_out() {
    for portal in portals().await {
        portal.logged_in().await;
        let mut attacker = portal.browser_at("203.0.113.9");
        let mut seen = Vec::new();
        for _ in 0..12 {
            seen.push(attacker.log_in("asha", "a guess that is wrong").await.status);
        }
        assert_eq!(seen[0], StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(seen[11], StatusCode::TOO_MANY_REQUESTS);
        // Even the right password is refused there, or guessing would go on unseen.
        let answer = attacker.log_in("asha", PASSWORD).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(answer.header("retry-after"), "900");

        assert_eq!(portal.browser_at(HOME).log_in("asha", PASSWORD).await.status, StatusCode::SEE_OTHER);
        assert_eq!(
            portal.browser_at("192.0.2.200").log_in("asha", PASSWORD).await.status,
            StatusCode::SEE_OTHER,
            "an address that is new to us may still log in"
        );
        portal.pass(16 * MINUTE_MS);
        assert_eq!(attacker.log_in("asha", PASSWORD).await.status, StatusCode::SEE_OTHER, "after the window");
    }
}

/// A colleague behind the same office address guesses all day.
#[tokio::test]
async fn behind_one_address_a_guesser_does_not_lock_the_owner_out() {
    for portal in portals().await {
        let mut mine = portal.logged_in().await;
        let mut guesser = portal.browser();
        let mut last = StatusCode::OK;
        for _ in 0..30 {
            last = guesser.log_in("asha", "a guess that is wrong").await.status;
        }
        assert_eq!(last, StatusCode::TOO_MANY_REQUESTS, "the guesser goes on");
        mine.post("/client/logout", "").await;
        assert_eq!(
            mine.log_in("asha", PASSWORD).await.status,
            StatusCode::SEE_OTHER,
            "the browser that is known"
        );
        // A browser that is new there waits, but seconds and not a quarter of an hour.
        for _ in 0..30 {
            last = guesser.log_in("asha", "a guess that is wrong").await.status;
        }
        assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
        portal.pass(MINUTE_MS);
        assert_eq!(portal.browser().log_in("asha", PASSWORD).await.status, StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn a_known_browser_is_no_way_round_the_limits() {
    for portal in portals().await {
        let mut thief = portal.logged_in().await;
        thief.post("/client/logout", "").await;
        let mut wrong = 0;
        for _ in 0..40 {
            let status = thief.log_in("asha", "a guess that is wrong").await.status;
            wrong += i32::from(status == StatusCode::UNPROCESSABLE_ENTITY);
        }
        assert!((5..=12).contains(&wrong), "{wrong} guesses were looked at");
        // Known for one account, it is a stranger to every other.
        for _ in 0..8 {
            thief.log_in("omar", "a guess that is wrong").await;
        }
        assert_eq!(thief.log_in("omar", PASSWORD).await.status, StatusCode::TOO_MANY_REQUESTS);
    }
}

#[tokio::test]
async fn many_accounts_tried_from_one_address_are_refused_but_not_its_regulars() {
    for portal in portals().await {
        portal.logged_in().await;
        let guess = async |n| portal.browser().log_in(&format!("guess{n}"), "a wrong guess").await.status;
        for first in (0..60).step_by(10) {
            let seen = join_all((first..first + 10).map(guess)).await;
            assert!(seen.iter().all(|status| *status == StatusCode::UNPROCESSABLE_ENTITY), "{seen:?}");
        }
        let mut colleague = portal.browser();
        assert_eq!(colleague.log_in("omar", PASSWORD).await.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(portal.browser().log_in("asha", PASSWORD).await.status, StatusCode::SEE_OTHER);
        assert_eq!(
            portal.browser_at("192.0.2.1").log_in("omar", PASSWORD).await.status,
            StatusCode::SEE_OTHER
        );
    }
}

#[tokio::test]
async fn a_proxy_that_nobody_believes_is_noted_for_the_operator() {
    for portal in portals().await {
        let forwarded = || {
            axum::http::Request::post("/client/login")
                .header("x-forwarded-for", "198.51.100.50")
                .header("content-type", "application/x-www-form-urlencoded")
        };
        let form = || axum::body::Body::from("username=asha&password=wrong");
        portal.browser_at("203.0.113.9").send(forwarded(), form()).await;
        assert_eq!(portal.store.untrusted_proxy().await.unwrap(), None, "anybody can send the header");
        portal.browser_at("127.0.0.1").send(forwarded(), form()).await;
        assert_eq!(
            portal.store.untrusted_proxy().await.unwrap(),
            Some((portal.now_ms(), "127.0.0.1".to_owned()))
        );
    }
}

#[tokio::test]
async fn an_account_that_does_not_exist_is_throttled_like_one_that_does() {
    for portal in portals().await {
        let mut browser = portal.browser();
        let mut last = StatusCode::OK;
        for _ in 0..9 {
            last = browser.log_in("nobody", "a guess that is wrong").await.status;
        }
        assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    }
}

#[tokio::test]
async fn only_a_trusted_proxy_says_who_calls() {
    let trusting =
        web::Settings { trusted_proxies: vec!["10.0.0.1".parse().unwrap()], ..crate::portal::plain() };
    for portal in portals_with(trusting).await {
        let forged = axum::http::Request::post("/client/login")
            .header("x-forwarded-for", "198.51.100.99")
            .header("content-type", "application/x-www-form-urlencoded");
        let form = || axum::body::Body::from("username=asha&password=wrong");
        let mut direct = portal.browser_at("203.0.113.9");
        direct.send(forged, form()).await;
        let proxied = axum::http::Request::post("/client/login")
            .header("x-forwarded-for", "6.6.6.6, 198.51.100.50")
            .header("content-type", "application/x-www-form-urlencoded");
        portal.browser_at("10.0.0.1").send(proxied, form()).await;
        let events = portal.store.audit_events(None, 2).await.unwrap();
        let addresses: Vec<_> =
            events.iter().rev().filter_map(|record| record.event.address.as_deref()).collect();
        assert_eq!(addresses, ["203.0.113.9", "198.51.100.50"]);
    }
}

#[tokio::test]
async fn guesses_sent_at_once_do_not_slip_past_the_limit_together() {
    for portal in portals().await {
        let guesses =
            (0..24).map(|_| async { portal.browser().log_in("asha", "a wrong guess").await.status });
        let seen = join_all(guesses).await;
        let looked_at = seen.iter().filter(|status| **status == StatusCode::UNPROCESSABLE_ENTITY).count();
        // Eight are allowed; a second one may be under way beside the eighth.
        assert!((8..=9).contains(&looked_at), "{looked_at} guesses were looked at");
    }
}

#[tokio::test]
async fn a_whole_ipv6_network_guesses_no_more_than_its_share() {
    for portal in portals().await {
        let mut looked_at = 0;
        for n in 0..60 {
            // A /64 of its own for each guess, in one /48.
            let mut attacker = portal.browser_at(&format!("2001:db8:7:{n:x}00::1"));
            let status = attacker.log_in("asha", "a guess that is wrong").await.status;
            looked_at += i32::from(status == StatusCode::UNPROCESSABLE_ENTITY);
        }
        assert_eq!(looked_at, 32, "four times what one address may");
        let other = portal.browser_at("2001:db8:8::1").log_in("asha", PASSWORD).await;
        assert_eq!(other.status, StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn refused_logins_change_nothing_in_the_database_until_one_row_tells_of_them() {
    let stop = CancellationToken::new();
    let waiting = Settings { refusals_every: Duration::from_secs(3_600), stop: stop.clone(), ..plain() };
    let portals = portals_with(waiting).await;
    for (engine, portal) in portals.iter().enumerate() {
        let version = portal.store.data_version().await.unwrap();
        for _ in 0..30 {
            portal.browser().log_in("asha", "a guess that is wrong").await;
        }
        assert_eq!(portal.store.audit_events(None, 100).await.unwrap(), []);
        // The second engine is a server with other databases, whose commits move its version too.
        let now = portal.store.data_version().await.unwrap();
        assert!(engine > 0 || now == version, "page caches stay good");
    }
    stop.cancel();
    for portal in &portals {
        let told = async {
            loop {
                let now = portal.store.audit_events(None, 100).await.unwrap();
                if !now.is_empty() {
                    return now;
                }
                tokio::task::yield_now().await;
            }
        };
        let told = tokio::time::timeout(Duration::from_secs(30), told).await.expect("written at the stop");
        let mut times: Vec<_> = told
            .iter()
            .map(|record| (record.event.action.as_str(), record.event.detail["times"].as_u64()))
            .collect();
        times.sort_unstable();
        assert_eq!(times, [("login.failed", Some(8)), ("login.refused", Some(22))]);
    }
}

#[tokio::test]
async fn a_crowd_at_the_customers_login_is_refused_early_and_the_staff_gets_in() {
    for portal in portals().await {
        hire(&portal, "noc", StaffRole::Admin, StaffScope::All).await;
        let guess = async |n| {
            let mut stranger = portal.browser_at(&format!("203.0.{}.{}", n / 200, n % 200));
            stranger.log_in(&format!("guess{n}"), "a wrong guess").await
        };
        let crowd = join_all((0..120).map(guess));
        let staff = async { log_in(&mut portal.browser_at("192.0.2.9"), "noc", PASSWORD).await.status };
        let (crowd, staff) = tokio::join!(crowd, staff);
        assert_eq!(staff, StatusCode::SEE_OTHER);
        let busy: Vec<_> =
            crowd.iter().filter(|answer| answer.status == StatusCode::TOO_MANY_REQUESTS).collect();
        assert!(busy.len() > 60, "{} are refused without a check", busy.len());
        assert!(busy.iter().all(|answer| answer.header("retry-after") == "5"));
        assert!(busy[0].body.contains("Too many requests. Try again in 5 s."));
    }
}
