//! Mail, from the command that closes a month to a mail server.

use std::process::{Child, Command};

use serde_json::Value;

use crate::{
    installation::Installation,
    mail_server::{MailServer, header},
    months::Months,
};

/// The settings for a server on this machine.
pub(crate) fn with_server(command: &mut Command, port: u16) -> &mut Command {
    command
        .env("LEASELINE_MAIL_SMTP_HOST", "127.0.0.1")
        .env("LEASELINE_MAIL_SMTP_PORT", port.to_string())
        .env("LEASELINE_MAIL_SMTP_TLS", "off")
        .env("LEASELINE_MAIL_FROM", "sla@isp.example")
        .env("LEASELINE_MAIL_TIMEOUT_S", "2")
        .env("LEASELINE_SERVER_PUBLIC_URL", "https://portal.isp.example")
}

/// The process that delivers.
pub(crate) fn serve(installation: &Installation, port: u16) -> Child {
    let mut command = installation.command(&["serve", "--role", "jobs"]);
    with_server(&mut command, port).spawn().expect("it starts")
}

/// Looks until it is so; a minute is more than anything here takes.
pub(crate) fn until(mut is_so: impl FnMut() -> bool) {
    for _ in 0..1_200 {
        if is_so() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("it did not come to that within a minute");
}

pub(crate) fn states(installation: &Installation) -> Vec<String> {
    let mails = installation.json(&["outbox", "list"]);
    let state = |mail: &Value| mail["state"].as_str().expect("a state").to_owned();
    mails.as_array().expect("a list").iter().map(state).collect()
}

#[test]
fn mail_waits_until_a_server_is_set_up_and_everybody_says_so() {
    let months = Months::new();
    let it = &months.installation;
    it.ok(&["sla", "calculate"]);
    let text = it.ok(&["outbox", "list"]);
    assert!(text.contains("queued") && text.contains("no mail server is set up"), "{text}");
    let output = it.run(&["doctor"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("2 messages wait, and no mail server is set up"), "{text}");
    let (code, line) = it.fails(&["mail", "test", "--to", "me@isp.example"]);
    assert_eq!((code, line.contains("mail.smtp_host")), (2, true), "{line}");
}

#[test]
fn a_closed_month_is_told_by_mail_with_its_report() {
    let months = Months::new();
    let it = &months.installation;
    it.ok(&["sla", "calculate"]);
    let server = MailServer::start(it.folder());
    let mut process = serve(it, server.port);
    until(|| server.mails().len() == 2);
    until(|| states(it) == ["sent", "sent"]);
    let id = process.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill runs").success());
    assert!(process.wait().expect("it ends").success(), "SIGTERM is a graceful stop");

    let mails = server.mails();
    let subject = header(&mails[0], "Subject");
    assert!(subject.contains("C-1"), "{subject}");
    assert_eq!(header(&mails[0], "From"), "Testnet <sla@isp.example>");
    let text = mails[0]["mail"].as_str().expect("a mail").replace("=\r\n", "");
    assert!(
        text.contains("https://portal.isp.example/client/sla-reports/"),
        "the link is in it: {}",
        text.chars().take(2_000).collect::<String>()
    );
    assert!(text.contains("application/pdf"), "and the PDF");
    assert!(it.ok(&["outbox", "list", "--state", "sent"]).contains("250 2.0.0 kept"));
    let (code, line) = it.fails(&["outbox", "retry", "1"]);
    assert_eq!((code, line.contains("sent")), (2, true), "what was sent is not sent again: {line}");
}

#[test]
fn a_test_message_says_what_the_server_said() {
    let it = Installation::new();
    let server = MailServer::start(it.folder());
    let run = |args: &[&str], port: u16| {
        with_server(&mut it.command(args), port).output().expect("the binary runs")
    };
    let sent = run(&["mail", "test", "--to", "me@isp.example"], server.port);
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    assert!(String::from_utf8_lossy(&sent.stdout).contains("250 2.0.0 kept"));
    assert_eq!(server.mails()[0]["to"][0], "me@isp.example");
    assert_eq!(header(&server.mails()[0], "Subject"), "Leaseline: a test message");

    let refused = run(&["mail", "test", "--to", "nobody@isp.example"], server.port);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("550 5.1.1 no such user"));
    let wrong = run(&["mail", "test", "--to", "nobody"], server.port);
    assert_eq!(wrong.status.code(), Some(2));

    let doctor = run(&["doctor"], server.port);
    assert!(String::from_utf8_lossy(&doctor.stdout).contains("answers, in plain text"));
    let port = server.port;
    drop(server);
    let away = run(&["doctor"], port);
    assert_eq!(away.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&away.stdout).contains("cannot be reached"));
}

#[test]
fn retries_that_make_no_sense_are_wrong_use() {
    let it = Installation::new();
    for (args, expected) in [
        (&["outbox", "retry", "7"][..], "no mail 7"),
        (&["outbox", "retry"], "--all-dead"),
        (&["outbox", "retry", "7", "--all-dead"], "cannot be used"),
        (&["outbox", "list", "--state", "lost"], "lost"),
        (&["outbox", "list", "--limit", "0"], "0"),
    ] {
        let output = it.run(args);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {text}");
        assert!(text.contains(expected), "{args:?} should say {expected}: {text}");
    }
    assert_eq!(it.json(&["outbox", "retry", "--all-dead"])["due"], 0);
}
