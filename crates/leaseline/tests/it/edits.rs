//! What the pages change can be changed from the command line, and the audit log knows of it.

use serde_json::{Value, json};

use crate::installation::Installation;

const PASSWORD: &str = "kettle orbit maple nine\n";

/// With a client, a person, a router and a link.
fn filled() -> Installation {
    let it = Installation::new();
    let password = it.file("user.txt", PASSWORD);
    let client = ["client", "add", "--name", "Acme", "--username", "asha", "--email", "a@acme.example"];
    it.ok(&[&client[..], &["--password-file", &password]].concat());
    it.add_router("edge-1", "192.0.2.1:8728".parse().expect("an address"), "secret");
    it.ok(
        &[&Installation::link_args("ILL-1", "edge-1", "ether1", "2026-11-01")[..], &["--unchecked"]].concat()
    );
    it
}

fn one<'a>(list: &'a Value, key: &str, value: &str) -> &'a Value {
    let rows = list.as_array().expect("a list");
    rows.iter().find(|row| row[key] == value).unwrap_or_else(|| panic!("no {value} in {list}"))
}

#[test]
fn what_is_named_changes_and_the_rest_stays() {
    let it = filled();
    let link = it.json(&["link", "edit", "ILL-1", "--site", "Mysuru", "--committed-mbps", "2.5"]);
    assert_eq!((&link["site"], &link["committed_bps"]), (&json!("Mysuru"), &json!(2_500_000)));
    assert_eq!(link["interface"], "ether1");
    let link = it.json(&["link", "edit", "ILL-1", "--circuit", "ILL-9", "--site", ""]);
    assert_eq!((&link["circuit"], &link["site"]), (&json!("ILL-9"), &Value::Null));

    let link = it.json(&["link", "edit", "ILL-9", "--measured-from", "2026-11-10T14:00"]);
    assert_eq!(link["measured_from_ms"], 1_794_299_400_000_i64, "by the company's clock");
    let (code, line) =
        it.fails(&["link", "edit", "ILL-9", "--measured-from", "2026-10-31T23:59", "--site", "Hubli"]);
    assert!(code == 2 && line.contains("before the first day of service"), "{line}");
    let link = it.json(&["link", "edit", "ILL-9", "--measured-from", ""]);
    assert_eq!((&link["measured_from_ms"], &link["site"]), (&Value::Null, &Value::Null), "not polled yet");

    it.ok(&["client", "edit", "Acme", "--name", "Acme Works"]);
    it.ok(&["user", "edit", "asha", "--email", "asha@acme.example", "--role", "viewer"]);
    let user = it.json(&["user", "list"])[0].clone();
    assert_eq!((&user["client"], &user["email"]), (&json!("Acme Works"), &json!("asha@acme.example")));
    assert_eq!(user["role"], "viewer");
    it.ok(&["user", "disable", "asha"]);
    assert_eq!(it.json(&["user", "list"])[0]["active"], false);
    let (code, line) = it.fails(&["user", "link", "asha"]);
    assert!(code == 2 && line.contains("let them in first"), "{line}");
    it.ok(&["user", "enable", "asha"]);
    it.ok(&["user", "link", "asha"]);

    it.ok(&["router", "edit", "edge-1", "--name", "edge-2", "--username", "poller"]);
    let routers = it.json(&["router", "list"]);
    assert_eq!(one(&routers, "name", "edge-2")["address"], "192.0.2.1");
    // The sealed password is sent nowhere else.
    let (code, line) = it.fails(&["router", "edit", "edge-2", "--address", "203.0.113.9"]);
    assert!(code == 2 && line.contains("type it again"), "{line}");
    let file = it.file("router.txt", "other\n");
    it.ok(&["router", "edit", "edge-2", "--address", "203.0.113.9", "--password-file", &file]);
}

#[test]
fn a_routers_code_page_is_set_when_it_is_added_and_when_it_is_edited() {
    let it = Installation::new();
    let password = it.file("router.txt", "secret\n");
    let add = |name| {
        let mut args = vec!["router", "add", "--name", name, "--address", "192.0.2.1", "--username", "admin"];
        args.extend(["--password-file", &password, "--tls", "off", "--code-page"]);
        args
    };
    let (code, line) = it.fails(&[&add("edge-1")[..], &["latin-9"]].concat());
    assert!(code == 2 && line.contains("windows-1251") && line.contains("euc-kr"), "{line}");
    assert_eq!(it.json(&["router", "list"]), json!([]), "nothing was added");
    it.ok(&[&add("edge-1")[..], &["Windows-1251"]].concat());
    let page = || it.json(&["router", "list"])[0]["code_page"].clone();
    assert_eq!(page(), "windows-1251");
    it.ok(&["router", "edit", "edge-1", "--code-page", "gbk"]);
    assert_eq!(page(), "gbk");
    let (code, line) = it.fails(&["router", "edit", "edge-1", "--code-page", "none"]);
    assert!(code == 2 && line.contains("windows-1251"), "{line}");
    it.ok(&["router", "edit", "edge-1", "--code-page", ""]);
    assert_eq!(page(), Value::Null);
}

#[test]
fn a_name_that_looks_the_same_is_refused_and_what_has_it_is_named() {
    let it = filled();
    let password = it.file("user.txt", PASSWORD);
    it.ok(&["staff", "add", "--username", "ravi", "--email", "r@isp.example"]);
    it.ok(&["client", "add", "--name", "Bolt"]);
    let router =
        ["--address", "192.0.2.9", "--username", "admin", "--password-file", &password, "--tls", "off"];
    let link = Installation::link_args("ill-1", "edge-1", "ether9", "2026-11-01");
    let user = ["user", "add", "--client", "Bolt", "--email", "b@x.example", "--password-file", &password];
    let commands: [(Vec<&str>, &str); 8] = [
        (vec!["client", "add", "--name", "ACME"], "client \"Acme\""),
        (vec!["client", "edit", "Bolt", "--name", "ac\u{200b}me"], "client \"Acme\""),
        (["router", "add", "--name", "EDGE-1"].into_iter().chain(router).collect(), "router \"edge-1\""),
        (
            vec!["company", "add", "--name", "TESTNET", "--timezone", "UTC", "--currency", "INR"],
            "company \"Testnet\"",
        ),
        (link, "link \"ILL-1\""),
        (user.into_iter().chain(["--username", "As\u{ad}ha"]).collect(), "portal user \"asha\""),
        (vec!["staff", "add", "--username", "RAVI", "--email", "r@isp.example"], "staff user \"ravi\""),
        (vec!["client", "edit", "Bolt", "--name", "Acme"], "client \"Acme\""),
    ];
    for (args, existing) in &commands {
        let (code, line) = it.fails(args);
        assert!(code == 2 && line.contains(&format!("there is already a {existing}")), "{args:?}: {line}");
        let is_same = args.ends_with(&["Acme"]);
        assert_eq!(
            line.contains("differs only in case or in characters that cannot be seen"),
            !is_same,
            "{line}"
        );
    }
    // Its own name in another case; and text that was copied with marks around it.
    it.ok(&["client", "edit", "Bolt", "--name", "\u{202a}BOLT\u{202c}"]);
    it.ok(&["link", "edit", "ILL-1", "--circuit", "\u{200e}ill-1", "--site", "Pune\u{200f}"]);
    assert_eq!(one(&it.json(&["client", "list"]), "name", "BOLT")["name"], "BOLT");
    assert_eq!(one(&it.json(&["link", "list"]), "circuit", "ill-1")["site"], "Pune");
    let (code, line) = it.fails(&["client", "add", "--name", "\u{200b}"]);
    assert!(code == 2 && line.contains("is empty"), "{line}");
}

#[test]
fn contracts_and_terms_have_their_order() {
    let it = filled();
    let (code, line) =
        it.fails(&["link", "terms", "ILL-1", "--valid-from", "2020-01-01", "--uptime", "99.9"]);
    assert!(code == 2 && line.contains("lies in the past"), "{line}");
    let terms = it.json(&["link", "terms", "ILL-1", "--valid-from", "2099-01-01", "--uptime", "99.9"]);
    assert_eq!((&terms["uptime_pct"], &terms["latency_ms"]), (&json!("99.9"), &Value::Null));
    let again = ["link", "terms", "ILL-1", "--valid-from", "2099-01-01", "--uptime", "99.95"];
    assert_eq!(it.fails(&again).0, 2);

    for (args, words) in [
        (&["client", "retire", "Acme"][..], "retire those first"),
        (&["router", "retire", "edge-1"], "retire those first"),
        (&["company", "retire", "Testnet"], "retire those first"),
        (&["link", "retire", "ILL-1", "--at", "2020-01-01"], "end before it began"),
    ] {
        let (code, line) = it.fails(args);
        assert!(code == 2 && line.contains(words), "{args:?}: {line}");
    }
    it.ok(&["link", "retire", "ILL-1", "--at", "2099-06-01"]);
    it.ok(&["link", "retire", "ILL-1", "--never"]);
    it.ok(&["link", "retire", "ILL-1"]);
    let (code, line) = it.fails(&["link", "retire", "ILL-1"]);
    assert!(code == 2 && line.contains("has ended already"), "{line}");
    it.ok(&["router", "retire", "edge-1"]);
    it.ok(&["router", "poll", "edge-1"]);
    it.ok(&["router", "retire", "edge-1"]);
    it.ok(&["client", "retire", "Acme"]);
    let (code, line) = it.fails(&["client", "edit", "Acme", "--name", "Late"]);
    assert!(code == 2 && line.contains("is retired"), "{line}");
    it.ok(&["company", "add", "--name", "Second", "--timezone", "Europe/Lisbon", "--currency", "eur"]);
    let companies = it.json(&["company", "list"]);
    assert_eq!(one(&companies, "name", "Second")["currency"], "EUR");
    it.ok(&["company", "retire", "Second"]);
    let (code, line) = it.fails(&["client", "add", "--name", "Late", "--company", "Second"]);
    assert!(code == 2 && line.contains("is retired"), "{line}");
}

#[tokio::test]
async fn every_change_is_in_the_audit_log() {
    let it = filled();
    it.ok(&["client", "edit", "Acme", "--name", "Acme Works"]);
    let store = it.store().await;
    let events = store.audit_events(None, 100).await.expect("events");
    for action in ["client.add", "user.add", "router.add", "link.add", "terms.add", "client.edit"] {
        let event = events.iter().find(|event| event.event.action == action);
        let event = &event.unwrap_or_else(|| panic!("no {action}")).event;
        assert!(event.detail["after"].is_object(), "{action}: {}", event.detail);
        assert!(!event.detail.to_string().contains("secret"), "{action} knows a password");
    }
    store.close().await;
}

#[test]
fn links_over_the_interfaces_of_ppp_sessions_come_to_name_their_users() {
    let it = filled();
    for (circuit, interface) in
        [("PPP-1", "<pppoe-acme>"), ("PPP-2", "<l2tp-branch-1>"), ("PPP-3", "ppp:shop")]
    {
        let args = Installation::link_args(circuit, "edge-1", interface, "2026-11-01");
        it.ok(&[&args[..], &["--unchecked"]].concat());
    }
    let doctor = |ok: bool| {
        let output = it.run(&["doctor", "--json"]);
        let steps: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let step = one(&steps, "name", "PPP users").clone();
        assert_eq!(step["ok"], ok, "{step}");
        step["detail"].as_str().expect("words").to_owned()
    };
    let detail = doctor(false);
    assert!(detail.contains("PPP-1 (<pppoe-acme>)") && detail.contains("use-ppp-users"), "{detail}");
    assert!(!detail.contains("PPP-3"), "{detail}");

    let would = it.json(&["link", "use-ppp-users", "--dry-run"]);
    assert_eq!(one(&would, "circuit", "PPP-1")["outcome"], "would become ppp:acme");
    let interface = |circuit: &str| one(&it.json(&["link", "list"]), "circuit", circuit)["interface"].clone();
    assert_eq!(interface("PPP-1"), "<pppoe-acme>", "nothing was changed");
    let done = it.json(&["link", "use-ppp-users"]);
    assert_eq!(one(&done, "circuit", "PPP-1")["outcome"], "is now ppp:acme");
    // The second session of branch, or a user whose name ends so: somebody has to say.
    let doubtful = one(&done, "circuit", "PPP-2")["outcome"].as_str().expect("words").to_owned();
    assert!(doubtful.contains("not changed") && doubtful.contains("link edit PPP-2"), "{doubtful}");
    assert_eq!((interface("PPP-1"), interface("PPP-2")), (json!("ppp:acme"), json!("<l2tp-branch-1>")));
    it.ok(&["link", "edit", "PPP-2", "--interface", "ppp:branch"]);
    doctor(true);
    assert_eq!(it.json(&["link", "use-ppp-users"]), json!([]));
    let again = Installation::link_args("PPP-9", "edge-1", "ppp:acme", "2026-11-01");
    let (code, line) = it.fails(&[&again[..], &["--unchecked"]].concat());
    assert!(code == 2 && line.contains("already"), "{line}");
}
