//! What a mail server that others wrote makes of our mails.

use std::time::Duration;

use jobs::{Attachment, Mail, Mailer, SendError, Smtp, SmtpSettings, SmtpTls};
use secrecy::SecretString;

use crate::mail_server::{MailServer, header};

fn mailer(port: u16, tls: SmtpTls, password: Option<&str>) -> Mailer {
    let login = password.map(|password| ("leaseline".to_owned(), SecretString::from(password.to_owned())));
    let settings = SmtpSettings {
        host: "localhost".to_owned(),
        port,
        tls,
        login,
        timeout: Duration::from_secs(20),
        hello: None,
    };
    Mailer::Smtp(Box::new(Smtp::new(settings).unwrap()))
}

fn mail(to: &str) -> Mail {
    Mail {
        message_id: "<77@leaseline>".to_owned(),
        created_at_ms: 1_793_471_400_000,
        from: "Example Net <sla@example.net>".parse().unwrap(),
        reply_to: None,
        to: to.to_owned(),
        list: None,
        subject: "SLA मासिक रिपोर्ट".to_owned(),
        text: "Uptime 99.31 %\n.\n..dots\n".to_owned(),
        html: "<p>₹ 1</p>".to_owned(),
        attachments: vec![Attachment {
            name: "C-1-2026-10.pdf".to_owned(),
            content_type: "application/pdf",
            bytes: (0..=255).collect(),
        }],
        in_reply_to: None,
    }
}

#[tokio::test]
async fn a_mail_arrives_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let server = MailServer::start(folder.path());
    let mailer = mailer(server.port, SmtpTls::Off, None);
    assert!(mailer.check().await.unwrap().contains("in plain text"));
    assert_eq!(mailer.send(&mail("it@acme.example")).await.unwrap(), "250 2.0.0 kept");
    mailer.send(&mail("noc@acme.example")).await.unwrap();
    mailer.close().await;
    let mails = server.mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0]["to"][0], "it@acme.example");
    assert_eq!(mails[1]["to"][0], "noc@acme.example");
    assert_eq!(header(&mails[0], "Message-ID"), "<77@leaseline>");
    assert_eq!(header(&mails[0], "Auto-Submitted"), "auto-generated");
    let body = mails[0]["mail"].as_str().unwrap();
    assert!(body.contains("\r\n..dots"), "dots at the start of a line are the protocol's to escape: {body}");
    assert!(body.contains("AAECAwQFBgc"), "the file is there, in base64: {body}");
}

#[tokio::test]
async fn encryption_and_log_in_are_asked_for_and_a_wrong_password_is_named() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let folder = tempfile::tempdir().unwrap();
    let (pem, certificate, key) = certificate(folder.path());
    let server = MailServer::with(folder.path(), 0, &[&certificate, &key, "starttls"]);
    let trusted = SmtpTls::StartTls { ca_pem: Some(pem) };

    let good = mailer(server.port, trusted.clone(), Some("geheim"));
    assert!(good.check().await.unwrap().contains("encrypted, logged in as leaseline"));
    good.send(&mail("it@acme.example")).await.unwrap();
    assert_eq!(server.mails()[0]["tls"], true);
    assert_eq!(server.mails()[0]["user"], "leaseline");

    let cases = [
        (mailer(server.port, trusted.clone(), Some("wrong")), "log-in"),
        (mailer(server.port, trusted, None), "sender"),
        (mailer(server.port, SmtpTls::StartTls { ca_pem: None }, Some("geheim")), "encryption"),
    ];
    for (mailer, expected) in cases {
        let error = mailer.send(&mail("it@acme.example")).await.unwrap_err();
        assert!(matches!(error, SendError::Away(_)), "{error:?}");
        assert!(error.to_string().contains(expected), "{error} should name the {expected}");
        assert!(!error.to_string().contains("wrong"), "no password in a message: {error}");
    }
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn encryption_from_the_first_byte_is_the_other_way() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let folder = tempfile::tempdir().unwrap();
    let (pem, certificate, key) = certificate(folder.path());
    let server = MailServer::with(folder.path(), 0, &[&certificate, &key, "tls"]);
    let mailer = mailer(server.port, SmtpTls::Tls { ca_pem: Some(pem) }, Some("geheim"));
    assert!(mailer.check().await.unwrap().contains("encrypted, logged in as leaseline"));
    mailer.send(&mail("it@acme.example")).await.unwrap();
    assert_eq!(server.mails()[0]["tls"], true);
}

#[tokio::test]
async fn a_server_without_encryption_gets_no_password_when_encryption_is_asked_for() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let folder = tempfile::tempdir().unwrap();
    let server = MailServer::start(folder.path());
    let mailer = mailer(server.port, SmtpTls::StartTls { ca_pem: None }, Some("geheim"));
    let error = mailer.send(&mail("it@acme.example")).await.unwrap_err();
    assert!(matches!(error, SendError::Away(_)), "{error:?}");
    assert!(server.mails().is_empty());
}

fn certificate(folder: &std::path::Path) -> (Vec<u8>, String, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    let pem = made.cert.pem();
    std::fs::write(&certificate, &pem).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    (pem.into_bytes(), certificate.display().to_string(), key.display().to_string())
}
