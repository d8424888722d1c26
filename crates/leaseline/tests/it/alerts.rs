//! Alerts from a router that is polled to a mail server, and the commands around them.

use std::time::Instant;

use routeros_sim::{Fleet, InterfaceSpec, RouterSpec, SimClock};

use crate::{
    first_router::now_ms,
    installation::Installation,
    mail_server::{MailServer, header},
    outbox::{until, with_server},
};

/// The whole way, by the real clock. The figure is printed and not judged: machines differ.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_falls_is_in_the_inbox_before_the_customer_calls() {
    let mut fleet = Fleet::new(SimClock::new(now_ms));
    let spec = RouterSpec::new("edge").interface(InterfaceSpec::ethernet("ether1"));
    let router = fleet.add(spec).await.expect("a router");
    let address = router.address();
    let checks = tokio::task::spawn_blocking(move || {
        let it = Installation::new();
        it.ok(&["company", "edit", "--add-operations", "noc@isp.example"]);
        it.ok(&["notification", "set", "link_down", "--clear-after", "0"]);
        it.add_router("edge", address, "secret");
        it.add_link("C-1", "edge", "ether1");
        let server = MailServer::start(it.folder());
        let mut command = it.command(&["serve", "--role", "collector,jobs"]);
        command.env("LEASELINE_COLLECTOR_PROBE_INTERVAL_S", "5");
        let mut process = with_server(&mut command, server.port).spawn().expect("it starts");
        let state = || it.json(&["span", "list", "--link", "C-1"]);
        until(|| state().as_array().is_some_and(|spans| !spans.is_empty()));

        router.set_link("ether1", false);
        let fell = Instant::now();
        until(|| server.mails().len() == 1);
        println!("from the fall of the line to the mail server, looking every 5 s: {:?}", fell.elapsed());
        router.set_link("ether1", true);
        until(|| server.mails().len() == 2);
        process.kill().expect("killed");
        process.wait().expect("gone");

        let mails = server.mails();
        assert_eq!(header(&mails[0], "Subject"), "DOWN: C-1, Acme");
        assert!(header(&mails[1], "Subject").starts_with("UP: C-1 after "));
        assert_eq!(header(&mails[1], "In-Reply-To"), header(&mails[0], "Message-ID"));
        let alerts = it.json(&["alert", "list"]);
        assert_eq!(
            (&alerts[0]["event"], &alerts[0]["about"]),
            (&"link_down".into(), &"C-1".into()),
            "{alerts}"
        );
        let shown = it.json(&["alert", "show", "1"]);
        assert_eq!(shown["log"].as_array().map(Vec::len), Some(2), "{shown}");
        assert!(it.ok(&["alert", "ack", "1", "--note", "seen"]).contains("has taken note of alert 1"));
        assert!(it.ok(&["alert", "assign", "1", "--to", "ravi"]).contains("ravi looks after alert 1"));
        assert!(it.ok(&["alert", "list"]).contains("ravi"));
        let (code, error) = it.fails(&["alert", "close", "1", "--reason", "moved"]);
        assert!(code == 2 && error.contains("closed already"), "{error}");
        let outages = it.json(&["outage", "list", "--link", "C-1"]);
        let id = outages[0]["id"].to_string();
        assert!(it.ok(&["outage", "reason", &id, "--text", "A digger"]).contains("A digger"));
        assert!(it.ok(&["outage", "list", "--link", "C-1"]).contains("A digger"));
        assert!(it.ok(&["notification", "log"]).contains("link_down over: C-1"));
        let preview = it.json(&["notification", "preview", "--days", "1"]);
        assert!(preview["messages"].is_i64(), "{preview}");
    });
    checks.await.expect("the checks hold");
    fleet.shutdown().await;
}

#[test]
fn settings_are_shown_changed_and_refused_with_one_line_that_says_what_to_do() {
    let it = Installation::new();
    let shown = it.ok(&["notification", "settings"]);
    assert!(shown.contains("router_unreachable") && shown.contains("as promised"), "{shown}");
    let set = it.json(&[
        "notification",
        "set",
        "high_latency",
        "--threshold",
        "40",
        "--sustained",
        "30m",
        "--quiet",
        "22:00-07:00",
        "--clients",
        "yes",
        "--add-recipient",
        "core@isp.example",
    ]);
    let set = &set[0];
    assert_eq!((&set["threshold"], &set["sustained_s"]), (&"40".into(), &1_800.into()), "{set}");
    assert_eq!((&set["quiet"], &set["extra"][0]), (&"22:00-07:00".into(), &"core@isp.example".into()));
    let back = it.json(&["notification", "set", "high_latency", "--threshold", "default", "--quiet", "none"]);
    assert!(back[0]["threshold"].is_null() && back[0]["quiet"].is_null(), "{back}");
    for (args, expected) in [
        (&["notification", "set", "link_up"][..], "there is no event \"link_up\"; there are link_down"),
        (&["notification", "set", "link_down", "--sustained", "soon"], "write 90s, 15m or 2h"),
        (&["notification", "set", "link_down", "--sustained", "25h"], "give 0 to 86400 seconds"),
        (&["notification", "set", "link_down", "--quiet", "22-7"], "write them as 22:00-07:00, or none"),
        (
            &["notification", "set", "link_down", "--threshold", "3"],
            "link_down has no threshold; leave it out",
        ),
        (
            &["notification", "set", "link_down", "--add-recipient", "noc"],
            "neither an e-mail address nor a WhatsApp number",
        ),
        (
            &["notification", "set", "link_down", "--remove-recipient", "x@y.example"],
            "not on the event's list",
        ),
        (&["notification", "preview", "--sustained", "5m"], "say with --event"),
        (&["alert", "ack", "7"], "there is no alert 7; `leaseline alert list`"),
        (&["alert", "close", "7", "--reason", "x"], "there is no alert 7; `leaseline alert list`"),
        (&["outage", "reason", "7", "--text", "x"], "there is no outage 7"),
    ] {
        let (code, line) = it.fails(args);
        assert_eq!((code, line.contains(expected)), (2, true), "{args:?} should say {expected}: {line}");
    }
    assert_eq!(it.json(&["notification", "preview"])["messages"], 0);
    assert_eq!(it.json(&["alert", "list", "--open"]), serde_json::json!([]));
}
