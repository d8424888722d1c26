//! WhatsApp on the command line, with an API that answers.

use std::process::Command;

use crate::{installation::Installation, months::Months, webhook::receiver};

const TOKEN: &str = "EAAG-secret";

fn answer(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The settings for an API on this machine.
fn with_api(command: &mut Command, port: u16) -> &mut Command {
    command
        .env("LEASELINE_WHATSAPP_GRAPH_URL", format!("http://127.0.0.1:{port}/v24.0"))
        .env("LEASELINE_WHATSAPP_PHONE_NUMBER_ID", "104523")
        .env("LEASELINE_WHATSAPP_TOKEN", TOKEN)
}

#[test]
fn a_test_message_goes_out_and_what_was_said_is_shown() {
    let installation = Installation::new();
    let (port, taking) = receiver(answer("200 OK", r#"{"messages":[{"id":"wamid.HBgM"}]}"#));
    let mut command =
        installation.command(&["whatsapp", "test", "--to", "+91 98000-00001", "--event", "sla_breach"]);
    command.env("LEASELINE_WHATSAPP_TEMPLATE_SLA_BREACH", "our_breach:hi");
    let output = with_api(&mut command, port).output().expect("the binary runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("200 wamid.HBgM"), "{output:?}");
    let (head, body) = taking.join().expect("a message");
    assert!(head.starts_with("POST /v24.0/104523/messages HTTP/1.1"), "{head}");
    assert!(head.contains(&format!("authorization: Bearer {TOKEN}")), "{head}");
    for part in
        [r#""to":"+919800000001""#, r#""name":"our_breach""#, r#""code":"hi""#, r#""type":"template""#]
    {
        assert!(body.contains(part), "{part} is missing in {body}");
    }
}

#[test]
fn the_doctor_asks_whose_number_it_is_and_shows_no_token() {
    let installation = Installation::new();
    let number =
        r#"{"display_phone_number":"+91 98000 00009","verified_name":"Testnet","quality_rating":"GREEN"}"#;
    let (port, taking) = receiver(answer("200 OK", number));
    let output = with_api(&mut installation.command(&["doctor"]), port).output().expect("the binary runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("messages come from +91 98000 00009 (Testnet), quality GREEN"), "{said}");
    assert!(said.contains("whatsapp.app_secret_file is not set"), "{said}");
    assert!(taking.join().expect("a call").0.starts_with("GET /v24.0/104523?fields=display_phone_number"));

    let refused = format!(r#"{{"error":{{"message":"Malformed access token {TOKEN}","code":190}}}}"#);
    let (port, taking) = receiver(answer("401 Unauthorized", &refused));
    let output = with_api(&mut installation.command(&["doctor"]), port).output().expect("the binary runs");
    taking.join().expect("a call");
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("190 Malformed access token [the token]") && !said.contains(TOKEN), "{said}");
    assert!(!output.status.success());
}

#[test]
fn where_it_is_not_set_up_everybody_says_so() {
    let installation = Installation::new();
    let checked = installation.json(&["config", "check"]);
    assert_eq!((&checked["ok"], &checked["whatsapp"]), (&true.into(), &false.into()));
    assert!(
        installation.ok(&["config", "check"]).contains("WhatsApp is not set up: messages wait in the outbox")
    );
    let doctor = installation.run(&["doctor"]);
    assert!(String::from_utf8_lossy(&doctor.stdout).contains("WhatsApp is not set up"), "{doctor:?}");
    let (code, line) = installation.fails(&["whatsapp", "test", "--to", "+919800000001"]);
    assert_eq!((code, line.contains("whatsapp.phone_number_id")), (2, true), "{line}");
    for (args, word) in [
        (&["whatsapp", "test", "--to", "98000 00001"][..], "country's code"),
        (&["whatsapp", "test", "--to", "+919800000001", "--event", "nonsense"], "nonsense"),
        (&["company", "edit", "--add-operations", "98000"], "WhatsApp number"),
        (&["company", "edit", "--remove-operations", "+919800000001"], "not on the operations list"),
    ] {
        let (code, line) = installation.fails(args);
        assert_eq!((code, line.contains(word)), (2, true), "{args:?}: {line}");
    }
    installation.ok(&["company", "edit", "--add-operations", "+91 98000 00001"]);
    assert!(installation.ok(&["company", "show"]).contains("whatsapp:+919800000001"));
    let mut command = installation.command(&["serve", "--role", "web", "--listen", "127.0.0.1:0"]);
    let output = command.env("LEASELINE_WHATSAPP_APP_SECRET", "x").output().expect("the binary runs");
    let line = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && line.contains("set both or neither"), "{line}");
    for (variable, value, word) in [
        ("LEASELINE_WHATSAPP_APP_SECRET", "x", "set both or neither"),
        ("LEASELINE_WHATSAPP_PHONE_NUMBER_ID", "1", "no token: set whatsapp.token_file"),
    ] {
        let mut command = installation.command(&["config", "check"]);
        let output = command.env(variable, value).output().expect("the binary runs");
        let line = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && line.contains(word), "{output:?}");
    }
    let mut command = installation.command(&["doctor"]);
    let output = command.env("LEASELINE_WHATSAPP_PHONE_NUMBER_ID", "1").output().expect("the binary runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("no token: set whatsapp.token_file"), "{said}");
}

#[test]
fn messages_wait_until_it_is_set_up_and_the_list_and_the_doctor_say_so() {
    let months = Months::new();
    let it = &months.installation;
    it.ok(&["company", "edit", "--add-operations", "+919800000001"]);
    it.ok(&["sla", "calculate"]);
    let text = it.ok(&["outbox", "list"]);
    assert!(text.contains("whatsapp:+919800000001") && text.contains("WhatsApp is not set up"), "{text}");
    let output = it.run(&["doctor"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("set, and WhatsApp is not set up: messages wait"), "{text}");
    assert!(!output.status.success());
}
