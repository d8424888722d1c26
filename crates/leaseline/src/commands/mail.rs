//! `mail test`.

use anyhow::{Context, bail};
use jobs::Mail;
use serde_json::json;

use crate::{
    cli::MailCommand, clock::now_ms, config::Config, fault::wrong_use, mail, moment, output::Printer,
};

pub(super) async fn run(config: &Config, command: MailCommand, printer: &Printer) -> anyhow::Result<()> {
    let MailCommand::Test { to } = command;
    let Some(mailer) = mail::mailer(&config.mail)? else { return Err(wrong_use(mail::NOT_SET_UP)) };
    if to.parse::<jobs::Sender>().is_err() {
        return Err(wrong_use(format!("{to:?} is not an e-mail address")));
    }
    let now = now_ms();
    let place = format!("{}:{}", config.mail.smtp_host, config.mail.smtp_port);
    let text = format!(
        "This is a test message of Leaseline.\n\nIt went out through {place} at {}. Reports will take the same way.\n",
        moment::moment_words(now, &jiff::tz::TimeZone::UTC)
    );
    let test = Mail {
        message_id: format!("<test-{now}-{}@leaseline>", std::process::id()),
        created_at_ms: now,
        from: mail::sender(&config.mail)?.named("Leaseline"),
        reply_to: None,
        to: to.clone(),
        list: None,
        subject: "Leaseline: a test message".to_owned(),
        html: format!("<p>{}</p>", text.trim_end().replace("\n\n", "</p><p>")),
        text,
        attachments: Vec::new(),
        in_reply_to: None,
    };
    let answer = mailer.send(&test).await;
    mailer.close().await;
    match answer {
        Ok(answer) => printer.said(
            &format!("{place} took a test message for {to}: {answer}"),
            &json!({ "to": to, "answer": answer, "message_id": test.message_id }),
        ),
        Err(error) if matches!(error, jobs::SendError::Away(_)) => bail!(error),
        Err(error) => Err(error).with_context(|| format!("{place} did not take the test message")),
    }
}
