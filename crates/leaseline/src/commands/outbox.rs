use serde_json::json;
use store::{Channel, OutboxFilter, OutboxId, OutboxMail, OutboxState, Store};

use crate::{
    cli::{MailState, OutboxCommand, OutboxRetryArgs},
    clock::now_ms,
    config::Config,
    fault::wrong_use,
    mail, moment,
    output::{Printer, table_of},
    whatsapp,
};

const COLUMNS: [&str; 8] = ["id", "to", "kind", "report", "state", "tries", "written", "what was said"];

pub(super) async fn run(
    store: &Store,
    config: &Config,
    command: OutboxCommand,
    printer: &Printer,
) -> anyhow::Result<()> {
    match command {
        OutboxCommand::List { state, limit } => list(store, config, state, limit, printer).await,
        OutboxCommand::Retry(OutboxRetryArgs { id: Some(id), .. }) => {
            let mail = store.outbox_mail(OutboxId(id)).await;
            let mail = mail.map_err(|error| match error {
                store::StoreError::NotFound { .. } => {
                    wrong_use(format!("there is no mail {id}; `leaseline outbox list` shows them"))
                }
                other => other.into(),
            })?;
            if !store.outbox_retry(mail.id, now_ms()).await? {
                let state = mail.state.as_str();
                return Err(wrong_use(format!(
                    "mail {id} is {state}: only what waits or was given up is tried again"
                )));
            }
            said(config, 1, printer)
        }
        OutboxCommand::Retry(_) => {
            let count = store.outbox_retry_dead(now_ms()).await?;
            said(config, count, printer)
        }
    }
}

fn said(config: &Config, count: u64, printer: &Printer) -> anyhow::Result<()> {
    let mails = if count == 1 { "One mail is".to_owned() } else { format!("{count} mails are") };
    printer.said(&format!("{mails} due now.{}", remark(config)), &json!({ "due": count }))
}

/// Why nothing will leave, if so.
fn remark(config: &Config) -> String {
    if config.mail.smtp_host.is_empty() { format!(" Mind that {}.", mail::NOT_SET_UP) } else { String::new() }
}

/// Why those of these messages that wait will not leave.
fn stuck(config: &Config, mails: &[OutboxMail]) -> Vec<&'static str> {
    let waits = |channel| {
        let mut queued = mails.iter().filter(|mail| mail.state == OutboxState::Queued);
        queued.any(|mail| Channel::of(&mail.recipient) == channel)
    };
    let mail = (config.mail.smtp_host.is_empty() && waits(Channel::Mail)).then_some(mail::NOT_SET_UP);
    let whatsapp = !config.whatsapp.is_set_up() && waits(Channel::WhatsApp);
    mail.into_iter().chain(whatsapp.then_some(whatsapp::NOT_SET_UP)).collect()
}

async fn list(
    store: &Store,
    config: &Config,
    state: Option<MailState>,
    limit: i64,
    printer: &Printer,
) -> anyhow::Result<()> {
    let state = state.map(|state| match state {
        MailState::Queued => OutboxState::Queued,
        MailState::Sending => OutboxState::Sending,
        MailState::Sent => OutboxState::Sent,
        MailState::Dead => OutboxState::Dead,
    });
    let mails = store.outbox_list(&OutboxFilter { state, ..OutboxFilter::default() }, limit).await?;
    let zone = super::any_zone(store).await?;
    if printer.is_json() {
        return printer.list(&mails, COLUMNS, |_| COLUMNS.map(str::to_owned));
    }
    let rows: Vec<[String; 8]> = mails.iter().map(|mail| cells(mail, &zone)).collect();
    let mut text = table_of(COLUMNS, &rows);
    for why in stuck(config, &mails) {
        text += &format!("{why}\n");
    }
    printer.text(&text)
}

fn cells(mail: &OutboxMail, zone: &jiff::tz::TimeZone) -> [String; 8] {
    let next = match mail.state {
        OutboxState::Queued if mail.attempts > 0 => {
            format!("queued, next try {}", moment::moment_words(mail.next_at_ms, zone))
        }
        state => mail.receipt.map_or(state.as_str(), |receipt| receipt.as_str()).to_owned(),
    };
    let said = mail.answer.as_ref().or(mail.last_error.as_ref());
    [
        mail.id.to_string(),
        mail.recipient.clone(),
        mail.kind.clone(),
        mail.report_id.map_or("–".to_owned(), |id| id.to_string()),
        next,
        mail.attempts.to_string(),
        moment::moment_words(mail.created_at_ms, zone),
        said.cloned().unwrap_or_default(),
    ]
}
