//! Mail servers that misbehave: whatever they do, sending ends within its limit and says what to do with the mail.

use std::time::Duration;

use jobs::{Mail, Mailer, SendError, Smtp, SmtpSettings, SmtpTls};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::Instant,
};

/// What the server says to each command, in the order of a conversation.
#[derive(Clone, Copy)]
struct Answers {
    greeting: &'static str,
    hello: &'static str,
    sender: &'static str,
    recipient: &'static str,
    data: &'static str,
    message: &'static str,
}

const GOOD: Answers = Answers {
    greeting: "220 hostile.example ready",
    hello: "250 hostile.example",
    sender: "250 ok",
    recipient: "250 ok",
    data: "354 go on",
    message: "250 2.0.0 kept",
};
/// An answer that never comes, while the connection stays open.
const HANG: &str = "hang";
/// The connection is closed instead of an answer.
const CLOSE: &str = "close";
/// Takes the mail and closes the connection.
const LAST: &str = "250 2.0.0 kept, good-bye";
/// An answer of one byte at a time, for ever.
const DRIP: &str = "drip";

const LIMIT: Duration = Duration::from_secs(5);

/// Serves every connection in this way until the handle is dropped; tells how many there were.
async fn server(answers: Answers) -> (u16, JoinHandle<()>, tokio::sync::watch::Receiver<u32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (count, counted) = tokio::sync::watch::channel(0);
    #[expect(clippy::disallowed_methods, reason = "the test holds the handle and aborts it")]
    let task = tokio::spawn(async move {
        let mut open = tokio::task::JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            count.send_modify(|count| *count += 1);
            open.spawn(converse(stream, answers));
        }
    });
    (port, task, counted)
}

async fn converse(stream: TcpStream, answers: Answers) {
    let mut stream = BufReader::new(stream);
    let mut answer = answers.greeting;
    loop {
        match answer {
            HANG => std::future::pending().await,
            CLOSE => return,
            DRIP => loop {
                if stream.write_all(b"2").await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(500)).await;
            },
            text => stream.write_all(format!("{text}\r\n").as_bytes()).await.unwrap(),
        }
        if answer == LAST {
            return;
        }
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        answer = match line.split_whitespace().next().unwrap() {
            "EHLO" => answers.hello,
            "MAIL" => answers.sender,
            "RCPT" => answers.recipient,
            "DATA" => {
                if answers.data.starts_with("354") {
                    stream.write_all(format!("{}\r\n", answers.data).as_bytes()).await.unwrap();
                    while line.trim_end() != "." {
                        line.clear();
                        stream.read_line(&mut line).await.unwrap();
                    }
                    answers.message
                } else {
                    answers.data
                }
            }
            "RSET" | "QUIT" => "250 ok",
            other => panic!("unexpected command {other}"),
        };
    }
}

fn mailer(port: u16) -> Mailer {
    let settings = SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port,
        tls: SmtpTls::Off,
        login: None,
        timeout: LIMIT,
        hello: None,
    };
    Mailer::Smtp(Box::new(Smtp::new(settings).unwrap()))
}

fn mail() -> Mail {
    Mail {
        message_id: "<1@leaseline>".to_owned(),
        created_at_ms: 0,
        from: "sla@example.net".parse().unwrap(),
        reply_to: None,
        to: "it@acme.example".to_owned(),
        list: None,
        subject: "A subject".to_owned(),
        text: "A text\n.\nwith a dot".to_owned(),
        html: "<p>A text</p>".to_owned(),
        attachments: Vec::new(),
        in_reply_to: None,
    }
}

/// Sends one mail with the clock running ahead whenever everybody waits.
async fn send(answers: Answers) -> (Result<String, SendError>, Duration) {
    let (port, task, _) = server(answers).await;
    let mailer = mailer(port);
    let started = Instant::now();
    let result = mailer.send(&mail()).await;
    let took = started.elapsed();
    task.abort();
    (result, took)
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_silent_or_drips_costs_the_limit_and_no_more() {
    let cases = [
        ("greeting", Answers { greeting: HANG, ..GOOD }),
        ("dripped greeting", Answers { greeting: DRIP, ..GOOD }),
        ("hello", Answers { hello: HANG, ..GOOD }),
        ("sender", Answers { sender: HANG, ..GOOD }),
        ("dripped sender", Answers { sender: DRIP, ..GOOD }),
    ];
    for (name, answers) in cases {
        let (result, took) = send(answers).await;
        assert!(matches!(result, Err(SendError::Away(_))), "{name}: {result:?}");
        assert!(took <= LIMIT * 2, "{name} took {took:?}");
    }
    let cases = [
        ("recipient", Answers { recipient: HANG, ..GOOD }),
        ("data", Answers { data: HANG, ..GOOD }),
        ("message", Answers { message: HANG, ..GOOD }),
        ("dripped message", Answers { message: DRIP, ..GOOD }),
    ];
    for (name, answers) in cases {
        let (result, took) = send(answers).await;
        assert!(matches!(result, Err(SendError::Deferred(_))), "{name}: {result:?}");
        assert!(took <= LIMIT * 2, "{name} took {took:?}");
    }
}

#[tokio::test]
async fn what_a_refusal_means_depends_on_what_was_refused() {
    use std::mem::discriminant as kind;
    let away = SendError::Away(String::new());
    let deferred = SendError::Deferred(String::new());
    let refused = SendError::Refused(String::new());
    let cases = [
        ("421 too many connections", &away, Answers { greeting: "421 too many connections", ..GOOD }),
        ("554 no mail here", &away, Answers { greeting: "554 no mail here", ..GOOD }),
        ("530 5.7.0 log in first", &away, Answers { sender: "530 5.7.0 log in first", ..GOOD }),
        ("450 4.2.1 mailbox busy", &deferred, Answers { recipient: "450 4.2.1 mailbox busy", ..GOOD }),
        ("550 5.1.1 no such user", &refused, Answers { recipient: "550 5.1.1 no such user", ..GOOD }),
        ("452 4.3.1 disk full", &deferred, Answers { message: "452 4.3.1 disk full", ..GOOD }),
        ("554 5.7.1 spam", &refused, Answers { message: "554 5.7.1 spam", ..GOOD }),
        ("", &deferred, Answers { message: CLOSE, ..GOOD }),
        ("", &deferred, Answers { data: CLOSE, ..GOOD }),
        ("", &away, Answers { greeting: CLOSE, ..GOOD }),
        ("", &away, Answers { greeting: "HTTP/1.1 400 Bad Request", ..GOOD }),
    ];
    for (words, expected, answers) in cases {
        let (result, _) = send(answers).await;
        let error = result.expect_err(words);
        assert_eq!(kind(&error), kind(expected), "{words}: {error:?}");
        assert!(error.to_string().contains(words), "{error} should carry the server's words {words:?}");
    }
}

#[tokio::test]
async fn nobody_there_is_away_and_says_where() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let error = mailer(port).send(&mail()).await.unwrap_err();
    assert!(matches!(error, SendError::Away(_)), "{error:?}");
    assert!(error.to_string().contains(&port.to_string()), "{error}");
}

#[tokio::test]
async fn mails_share_a_connection_and_a_refused_one_does_not_end_it() {
    let (port, task, connections) = server(GOOD).await;
    let good = mailer(port);
    for _ in 0..5 {
        assert_eq!(good.send(&mail()).await.unwrap(), "250 2.0.0 kept");
    }
    assert_eq!(*connections.borrow(), 1);
    task.abort();

    let (port, task, connections) = server(Answers { recipient: "550 no such user", ..GOOD }).await;
    let refusing = mailer(port);
    for _ in 0..3 {
        refusing.send(&mail()).await.unwrap_err();
    }
    assert_eq!(*connections.borrow(), 1);
    task.abort();
}

#[tokio::test]
async fn a_kept_connection_that_the_server_closed_is_opened_anew() {
    let (port, task, connections) = server(Answers { message: LAST, ..GOOD }).await;
    let mailer = mailer(port);
    for sent in 1..=3 {
        assert_eq!(mailer.send(&mail()).await.unwrap(), LAST);
        assert_eq!(*connections.borrow(), sent, "nothing can be sent over a connection that was closed");
    }
    task.abort();
}
