//! Webhooks on the command line, with a receiver that answers.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    thread,
};

use crate::installation::Installation;

/// Takes one request and gives this answer; its head and body.
pub(crate) fn receiver(answer: String) -> (u16, thread::JoinHandle<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    #[expect(clippy::disallowed_methods, reason = "the test joins it")]
    let taking = thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(stream.read_line(&mut head).expect("a line") > 0, "{head}");
        }
        let length =
            head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        stream.read_exact(&mut body).expect("a body");
        stream.get_mut().write_all(answer.as_bytes()).expect("sent");
        (head, String::from_utf8(body).expect("text"))
    });
    (port, taking)
}

#[test]
fn a_webhook_is_entered_tested_paused_and_removed() {
    let installation = Installation::new();
    let (port, taking) = receiver("HTTP/1.1 202 Accepted\r\ncontent-length: 6\r\n\r\nthanks".to_owned());
    let url = format!("http://127.0.0.1:{port}/x");
    let added = installation.json(&["webhook", "add", "--url", &url, "--event", "link_down"]);
    let (id, secret) = (added["id"].to_string(), added["secret"].as_str().expect("a secret"));
    assert!(secret.starts_with("whsec_"), "{secret}");

    let (code, line) = installation.fails(&["webhook", "test", &id]);
    assert_eq!(code, 1);
    assert!(
        line.contains("127.0.0.1 is not a public address") && line.contains("webhook.allow_private"),
        "{line}"
    );

    let output = installation
        .command(&["webhook", "test", &id])
        .env("LEASELINE_WEBHOOK_ALLOW_PRIVATE", "true")
        .output()
        .expect("the binary runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("202 Accepted thanks"), "{said}");
    let (head, body) = taking.join().expect("a message");
    assert!(head.starts_with("POST /x HTTP/1.1") && head.contains("webhook-signature: v1,"), "{head}");
    assert!(body.contains("\"Testnet\""), "{body}");

    installation.ok(&["webhook", "pause", &id]);
    let rows = installation.json(&["webhook", "list"]);
    assert_eq!((&rows[0]["active"], &rows[0]["events"][0]), (&false.into(), &"link_down".into()));
    assert!(!rows.to_string().contains(secret), "a secret is shown once");
    let shown = installation.ok(&["webhook", "list"]);
    assert!(shown.contains(&url) && shown.contains("paused") && shown.contains("link_down"), "{shown}");
    installation.ok(&["webhook", "resume", &id]);
    let renewed = installation.json(&["webhook", "secret", &id]);
    assert_ne!(renewed["secret"], added["secret"]);
    installation.ok(&["webhook", "remove", &id]);
    assert_eq!(installation.json(&["webhook", "list"]), serde_json::json!([]));
}

#[test]
fn what_makes_no_webhook_is_wrong_use_and_says_what_to_do() {
    let installation = Installation::new();
    let url = "https://hooks.example.net/a";
    installation.ok(&["webhook", "add", "--url", url]);
    for (args, word) in [
        (&["webhook", "add", "--url", url][..], "already"),
        (&["webhook", "add", "--url", "hooks.example.net"], "whole address"),
        (&["webhook", "add", "--url", "https://u:p@hooks.example.net/"], "leave user name"),
        (&["webhook", "add", "--url", "https://hooks.example.net/b", "--event", "nonsense"], "nonsense"),
        (&["webhook", "test", "77"], "webhook list"),
        (&["webhook", "pause", "77"], "webhook list"),
        (&["webhook", "secret", "77"], "webhook list"),
        (&["webhook", "remove", "77"], "webhook list"),
    ] {
        let (code, line) = installation.fails(args);
        assert_eq!(code, 2, "{args:?}: {line}");
        assert!(line.contains(word), "{args:?}: {line}");
    }
}
