//! The README's way from nothing to a link that is measured.

use std::time::{SystemTime, UNIX_EPOCH};

use routeros_sim::{Fleet, InterfaceSpec, PingProfile, RouterSpec, SimClock};

use crate::installation::Installation;

/// The simulator lives by the same clock as the binary that polls it.
#[expect(clippy::disallowed_methods, reason = "the binary under test reads the wall clock")]
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_millis()).expect("this age")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_commands_show_a_link_and_a_second_reading_has_rates() {
    let mut fleet = Fleet::new(SimClock::new(now_ms));
    let spec = RouterSpec::new("edge")
        .interface(InterfaceSpec::ethernet("ether1"))
        .ping("198.51.100.1", PingProfile::default());
    let router = fleet.add(spec).await.expect("a router");
    let address = router.address();

    let checks = tokio::task::spawn_blocking(move || {
        let installation = Installation::new();
        let password = installation.file("user.txt", "a long enough password\n");
        installation.ok(&[
            "client",
            "add",
            "--name",
            "Acme",
            "--username",
            "acme",
            "--email",
            "it@acme.example",
            "--password-file",
            &password,
        ]);
        installation.add_router("edge", address, "secret");
        installation.add_link("C-1", "edge", "ether1");
        let test = installation.json(&["router", "test", "edge"]);
        assert_eq!(test["ok"], true, "{test}");

        assert_eq!(installation.json(&["collect", "--once"])["links"], 1);
        installation.json(&["collect", "--once"]);
        let samples = installation.json(&["sample", "list", "--link", "C-1"]);
        let [first, second] = samples.as_array().expect("a list").as_slice() else {
            panic!("two readings: {samples}")
        };
        assert_eq!(first["link"], "C-1");
        assert!(first["rx_bps"].is_null(), "one reading has no rate: {first}");
        assert_eq!(second["state"], "up");
        assert_eq!(second["sent"], 5);
        assert_eq!(second["received"], 5);
        assert!(second["rtt_avg_us"].as_i64().is_some_and(|us| us >= 5_000), "{second}");
        assert!(second["rx_bps"].as_i64().is_some_and(|bps| bps > 0), "{second}");
        assert!(second["rx_bytes"].as_i64() > first["rx_bytes"].as_i64(), "{samples}");

        let spans = installation.json(&["span", "list", "--link", "C-1"]);
        assert_eq!(spans[0]["state"], "up", "{spans}");
        let none = installation.json(&["sample", "list", "--link", "C-1", "--to", "2026-01-01"]);
        assert_eq!(none.as_array().map(Vec::len), Some(0));
        assert!(installation.ok(&["link", "list"]).contains("C-1"));
        assert!(installation.ok(&["router", "list"]).contains("answers"));
        installation.ok(&["doctor"]);
    });
    checks.await.expect("the checks hold");
    fleet.shutdown().await;
}
