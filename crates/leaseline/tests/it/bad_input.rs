//! What people get wrong: each time one line that says what to do, exit code 1 or 2, and nothing half-written.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener},
    process::Stdio,
};

use routeros_sim::{Fleet, InterfaceSpec, RouterSpec, SimClock};

use crate::first_router::now_ms;
use crate::installation::{Installation, is_untouched};

/// Runs `body` beside one simulated router with ether1; the user is `admin`, the password `secret`.
fn with_router(body: impl FnOnce(SocketAddr)) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (fleet, address) = runtime.block_on(async {
        let mut fleet = Fleet::new(SimClock::new(now_ms));
        let spec = RouterSpec::new("edge").interface(InterfaceSpec::ethernet("ether1"));
        let router = fleet.add(spec).await.expect("a router");
        (fleet, router.address())
    });
    body(address);
    runtime.block_on(fleet.shutdown());
}

#[test]
fn init_refuses_a_bad_zone_or_currency_before_it_writes_anything() {
    let empty = Installation::empty();
    let (code, line) =
        empty.fails(&["init", "--company", "X", "--timezone", "India/Pune", "--currency", "INR"]);
    assert_eq!(code, 2);
    assert!(line.contains("Asia/Kolkata"), "{line}");
    let (code, line) =
        empty.fails(&["init", "--company", "X", "--timezone", "Asia/Kolkata", "--currency", "rupees"]);
    assert_eq!(code, 2);
    assert!(line.contains("ISO 4217"), "{line}");
    assert!(is_untouched(&empty.data()));
}

#[test]
fn a_second_init_changes_nothing() {
    let installation = Installation::new();
    let key = std::fs::read(installation.data().join("secret.key")).expect("a key");
    let (code, line) =
        installation.fails(&["init", "--company", "Y", "--timezone", "UTC", "--currency", "EUR"]);
    assert_eq!(code, 2);
    assert!(line.contains("already"), "{line}");
    assert_eq!(std::fs::read(installation.data().join("secret.key")).expect("a key"), key);
}

#[test]
fn a_missing_key_a_wrong_key_and_a_missing_database_say_so() {
    let (code, line) = Installation::empty().fails(&["client", "list"]);
    assert_eq!(code, 2);
    assert!(line.contains("leaseline init"), "{line}");

    let installation = Installation::new();
    std::fs::write(installation.data().join("secret.key"), "00".repeat(32)).expect("written");
    let (code, line) = installation.fails(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(code, 1);
    assert!(line.contains("key"), "{line}");

    std::fs::remove_file(installation.data().join("secret.key")).expect("removed");
    let (code, line) = installation.fails(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(code, 1);
    assert!(line.contains("secret.key") && line.contains("--key-file"), "{line}");
}

#[test]
fn a_router_that_cannot_be_reached_logged_into_or_is_none() {
    let installation = Installation::new();
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    installation.add_router("closed", closed, "secret");
    let (code, line) = installation.fails(&["router", "test", "closed"]);
    assert_eq!(code, 1);
    assert!(line.contains(&closed.port().to_string()), "{line}");

    let web = TcpListener::bind("127.0.0.1:0").expect("a port");
    let web_address = web.local_addr().expect("an address");
    installation.add_router("website", web_address, "secret");
    let (code, line) = std::thread::scope(|threads| {
        threads.spawn(|| {
            let (mut stream, _) = web.accept().expect("a connection");
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("a request");
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").expect("answered");
        });
        installation.fails(&["router", "test", "website"])
    });
    assert_eq!(code, 1);
    assert!(line.contains("HTTP"), "{line}");

    with_router(|address| {
        let installation = Installation::new();
        installation.add_router("edge", address, "wrong");
        let (code, line) = installation.fails(&["router", "test", "edge"]);
        assert_eq!(code, 1);
        assert!(line.to_lowercase().contains("password"), "{line}");
        installation.add_link("C-1", "edge", "ether1");
        let (code, line) = installation.fails(&["collect", "--once"]);
        assert_eq!(code, 1);
        assert!(line.to_lowercase().contains("password"), "{line}");
        let samples = installation.json(&["sample", "list", "--link", "C-1"]);
        assert_eq!(samples.as_array().map(Vec::len), Some(0), "no reading may be invented");
    });
}

#[test]
fn an_unknown_interface_is_named_and_blinds_no_other() {
    let installation = Installation::new();
    with_router(|address| {
        installation.add_router("edge", address, "secret");
        installation.add_link("C-1", "edge", "ether1");
        let mut unknown = Installation::link_args("C-9", "edge", "ether9", "2026-11-01");
        let (code, line) = installation.fails(&unknown);
        assert_eq!(code, 2);
        assert!(line.contains("\"ether9\", but ether1;") && line.contains("--unchecked"), "{line}");
        assert_eq!(
            installation.json(&["link", "list"]).as_array().map(Vec::len),
            Some(1),
            "nothing was added"
        );

        unknown.push("--unchecked");
        installation.ok(&unknown);
        let output = installation.run(&["collect", "--once", "--json"]);
        assert_eq!(output.status.code(), Some(1));
        let (said, line) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(said.contains("\"links\":1,"), "C-9 was not read: {said}");
        assert!(line.contains("ether9") && line.trim_end().lines().count() == 1, "{line}");
        let samples = installation.json(&["sample", "list", "--link", "C-1"]);
        assert_eq!(samples[0]["state"], "up", "ether1 is read all the same");
        let ports = ports_step(&installation);
        assert_eq!(ports["ok"], false, "{ports}");
        let detail = ports["detail"].as_str().expect("words");
        assert!(detail.starts_with("not found: C-9 (port ether9 on edge, since 20"), "{detail}");
        assert!(!detail.contains("C-1") && !detail.contains("more"), "{detail}");
        // The contract of the link without a port ends, and nothing is amiss.
        installation.ok(&["link", "retire", "C-9"]);
        let ports = ports_step(&installation);
        assert_eq!(
            (&ports["ok"], &ports["detail"]),
            (&true.into(), &"every polled link has its interface".into())
        );
    });
}

/// What `doctor` says of the links' interfaces.
fn ports_step(installation: &Installation) -> serde_json::Value {
    let output = installation.run(&["doctor", "--json"]);
    let steps: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let found = steps.as_array().expect("a list").iter().find(|step| step["name"] == "ports");
    found.expect("a step about ports").clone()
}

#[test]
fn a_link_at_a_router_that_cannot_be_asked_is_added_and_says_so() {
    let installation = Installation::new();
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    installation.add_router("closed", closed, "secret");
    installation.ok(&["client", "add", "--name", "Acme"]);
    let args = Installation::link_args("C-1", "closed", "ether1", "2026-11-01");
    let said = installation.ok(&args);
    assert!(said.contains("was not checked: cannot reach 127.0.0.1"), "{said}");
    assert_eq!(said.to_lowercase().matches("connection refused").count(), 1, "{said}");
    let (code, line) = installation.fails(&args);
    assert_eq!(code, 2);
    assert!(line.contains("already a link \"C-1\": choose another"), "{line}");
}

#[test]
fn a_user_who_may_not_ping_is_told_by_the_test_and_by_a_round() {
    let installation = Installation::new();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (fleet, router) = runtime.block_on(async {
        let mut fleet = Fleet::new(SimClock::new(now_ms));
        let spec = RouterSpec::new("edge")
            .interface(InterfaceSpec::ethernet("ether1"))
            .interface(InterfaceSpec::ethernet("ether2"));
        let router = fleet.add(spec).await.expect("a router");
        (fleet, router)
    });
    router.deny_test_policy(true);
    installation.add_router("edge", router.address(), "secret");
    // Before there is any link, and with one that has no target of its own before one that has.
    for links in 0..3 {
        let output = installation.run(&["router", "test", "edge"]);
        assert_eq!(output.status.code(), Some(1), "with {links} links");
        let (said, line) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(said.contains("ok   login") && !said.contains("FAIL"), "one failure is told once: {said}");
        assert!(line.contains("ping") && line.trim_end().lines().count() == 1, "{line}");
        if links == 0 {
            installation.ok(&["client", "add", "--name", "Acme"]);
            let mut args = Installation::link_args("C-0", "edge", "ether1", "2026-11-01");
            let at = args.iter().position(|arg| *arg == "--probe-target").expect("the option");
            args.drain(at..at + 2);
            installation.ok(&args);
        }
        if links == 1 {
            installation.ok(&Installation::link_args("C-1", "edge", "ether2", "2026-11-01"));
        }
    }
    let (code, line) = installation.fails(&["collect", "--once"]);
    assert_eq!(code, 1);
    assert!(
        line.contains("router edge: user admin may not ping") && line.contains("api,read,test"),
        "{line}"
    );
    let samples = installation.json(&["sample", "list", "--link", "C-1"]);
    assert_eq!((&samples[0]["state"], &samples[0]["sent"]), (&"up".into(), &serde_json::Value::Null));
    router.deny_test_policy(false);
    assert!(installation.ok(&["router", "test", "edge"]).contains("answered by 198.51.100.1"));
    installation.ok(&["collect", "--once"]);
    runtime.block_on(fleet.shutdown());
}

#[test]
fn names_and_numbers_that_make_no_sense_are_wrong_use() {
    let installation = Installation::new();
    installation.ok(&["client", "add", "--name", "Acme"]);
    let short = installation.file("short.txt", "abc\n");
    let cases: &[(&[&str], &str)] = &[
        (&["client", "add", "--name", " "], "empty"),
        (
            &[
                "user",
                "add",
                "--client",
                "Nobody",
                "--username",
                "u",
                "--email",
                "a@b",
                "--password-file",
                &short,
            ],
            "Nobody",
        ),
        (
            &[
                "user",
                "add",
                "--client",
                "Acme",
                "--username",
                "u",
                "--email",
                "no",
                "--password-file",
                &short,
            ],
            "e-mail",
        ),
        (
            &[
                "user",
                "add",
                "--client",
                "Acme",
                "--username",
                "u",
                "--email",
                "a@b",
                "--password-file",
                &short,
            ],
            "password",
        ),
        (&["router", "test", "nowhere"], "nowhere"),
        (&["sample", "list", "--link", "nope"], "nope"),
    ];
    for (args, expected) in cases {
        let (code, line) = installation.fails(args);
        assert_eq!(code, 2, "{args:?}: {line}");
        assert!(line.contains(expected), "{args:?}: {line}");
    }
    assert_eq!(installation.json(&["user", "list"]).as_array().map(Vec::len), Some(0));
}

#[test]
fn a_second_server_on_the_same_file_is_refused_and_the_first_stops_in_peace() {
    let installation = Installation::new();
    let mut first = installation
        .command(&["serve", "--listen", "127.0.0.1:0"])
        .stderr(Stdio::piped())
        .spawn()
        .expect("the server starts");
    let mut log = BufReader::new(first.stderr.take().expect("its log"));
    let mut line = String::new();
    while !line.contains("http://") {
        line.clear();
        assert_ne!(log.read_line(&mut line).expect("a log"), 0, "the server ended before it listened");
    }
    let (code, line) = installation.fails(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(code, 1);
    assert!(line.contains("already") || line.contains("another"), "{line}");
    let (code, _) = installation.fails(&["collect", "--once"]);
    assert_eq!(code, 1, "nor may a second collector poll beside it");

    let id = first.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().expect("kill runs").success());
    assert!(first.wait().expect("it ends").success(), "SIGTERM is a graceful stop");
}

#[test]
fn settings_and_arguments_that_would_fail_later_are_refused_now() {
    let installation = Installation::new();
    installation.ok(&["client", "add", "--name", "Acme"]);
    let password = installation.file("router.txt", "secret\n");
    let router = [
        "router",
        "add",
        "--name",
        "e",
        "--address",
        "192.0.2.1",
        "--username",
        "u",
        "--password-file",
        &password,
    ];
    let not_pem = format!("ca:{password}");
    let cases = [
        ([&router[..], &["--tls", &not_pem]].concat(), "no certificate"),
        ([&router[..], &["--tls", "ca:missing.pem"]].concat(), "missing.pem"),
    ];
    for (args, expected) in cases {
        let (code, line) = installation.fails(&args);
        assert_eq!(code, 2, "{line}");
        assert!(line.contains(expected), "{line}");
    }
    assert_eq!(installation.json(&["router", "list"]).as_array().map(Vec::len), Some(0));

    for (name, value) in [
        ("LEASELINE_LOG_LEVEL", "a=b=c"),
        ("LEASELINE_COLLECTOR_WITNESS", "nonsense"),
        ("LEASELINE_SERVER_SESSION_IDLE_HOURS", "0"),
        ("LEASELINE_WEB_PORT", "8080"),
        ("LEASELINE_TEST_ANYTHING", "1"),
    ] {
        let output =
            installation.command(&["config", "check"]).env(name, value).output().expect("the binary runs");
        assert_eq!(output.status.code(), Some(2), "{name}={value}");
    }
    use std::os::unix::ffi::OsStrExt;
    let foreign = std::ffi::OsStr::from_bytes(b"\xff");
    let output = installation
        .command(&["config", "check"])
        .env("SOMEBODY_ELSES", foreign)
        .output()
        .expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    std::fs::write(
        installation.data().join("leaseline.toml"),
        "[database]\nurl = \"postgres://u:geheim@h/x\n",
    )
    .expect("written");
    let (code, line) = installation.fails(&["config", "check"]);
    assert_eq!(code, 2);
    assert!(line.contains("line 2") && !line.contains("geheim"), "{line}");
}

#[test]
fn a_database_server_that_does_not_answer_is_named_once_and_without_its_password() {
    let installation = Installation::new();
    let url = "postgres://ledger:geheim@127.0.0.1:1/isp";
    let (code, line) = installation.fails(&["--database-url", url, "client", "list"]);
    assert_eq!(code, 1);
    assert_eq!(line.matches("127.0.0.1:1/isp").count(), 1, "{line}");
    assert!(line.contains("is reachable") && !line.contains("geheim"), "{line}");
}

#[test]
fn a_new_password_replaces_a_wrong_one() {
    let installation = Installation::new();
    with_router(|address| {
        installation.add_router("edge", address, "wrong");
        let right = installation.file("right.txt", "secret\n");
        installation.ok(&["router", "password", "edge", "--password-file", &right]);
        installation.ok(&["router", "test", "edge"]);
    });
    let password = installation.file("user.txt", "a long enough password\n");
    installation.ok(&[
        "client",
        "add",
        "--name",
        "Acme",
        "--username",
        "acme",
        "--email",
        "a@b.example",
        "--password-file",
        &password,
    ]);
    installation.ok(&["user", "password", "acme", "--password-file", &password]);
}
