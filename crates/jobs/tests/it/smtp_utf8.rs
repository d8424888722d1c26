//! Addresses beyond ASCII, and the name in the greeting.

use std::time::Duration;

use jobs::{Mail, Mailer, SendError, Smtp, SmtpSettings, SmtpTls};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

/// Sends one mail to `to`, to a server that says `hello`; how it went, and what the server was told.
async fn sent(hello: &'static str, to: &str, name: Option<&str>) -> (Result<String, SendError>, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port: listener.local_addr().unwrap().port(),
        tls: SmtpTls::Off,
        login: None,
        timeout: Duration::from_secs(20),
        hello: name.map(str::to_owned),
    };
    let server = async {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        let (mut heard, mut answer) = (Vec::new(), "220 ready");
        loop {
            stream.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return heard;
            }
            while heard.last().is_some_and(|last| last == "DATA") && line.trim_end() != "." {
                line.clear();
                stream.read_line(&mut line).await.unwrap();
            }
            heard.push(line.trim_end().to_owned());
            answer = match line.split_whitespace().next() {
                Some("EHLO") => hello,
                Some("DATA") => "354 go on",
                _ => "250 ok",
            };
        }
    };
    let client = async {
        let mailer = Mailer::Smtp(Box::new(Smtp::new(settings).unwrap()));
        let mail = Mail {
            message_id: "<1@leaseline>".to_owned(),
            created_at_ms: 0,
            from: "sla@example.net".parse().unwrap(),
            reply_to: None,
            to: to.to_owned(),
            list: None,
            subject: "A subject".to_owned(),
            text: "A text".to_owned(),
            html: "<p>A text</p>".to_owned(),
            attachments: Vec::new(),
            in_reply_to: None,
        };
        let result = mailer.send(&mail).await;
        mailer.close().await;
        result
    };
    tokio::join!(client, server)
}

#[tokio::test]
async fn smtputf8_is_used_where_the_server_offers_it_and_for_nothing_else() {
    let offers = "250-mail.example\r\n250 SMTPUTF8";
    let (result, heard) = sent(offers, "жанна@acme.example", None).await;
    assert!(result.is_ok(), "{result:?}");
    assert!(heard.iter().any(|line| line == "MAIL FROM:<sla@example.net> SMTPUTF8"), "{heard:?}");

    let (result, heard) = sent("250 mail.example", "жанна@acme.example", None).await;
    let Err(SendError::Refused(why)) = result else { panic!("{result:?}") };
    assert!(why.contains("SMTPUTF8"), "{why}");
    assert!(!heard.iter().any(|line| line.starts_with("MAIL")), "{heard:?}");

    for hello in [offers, "250 mail.example"] {
        let (result, heard) = sent(hello, "it@bücher.example", None).await;
        assert!(result.is_ok(), "{result:?}");
        assert!(heard.iter().any(|line| line == "RCPT TO:<it@xn--bcher-kva.example>"), "{heard:?}");
        assert!(heard.iter().any(|line| line == "MAIL FROM:<sla@example.net>"), "{heard:?}");
    }
}

#[tokio::test]
async fn the_greeting_has_the_name_of_the_settings() {
    for (name, expected) in
        [("portal.isp.example", "EHLO portal.isp.example"), ("198.51.100.7", "EHLO [198.51.100.7]")]
    {
        let (_, heard) = sent("250 mail.example", "it@acme.example", Some(name)).await;
        assert_eq!(heard[0], expected);
    }
}
