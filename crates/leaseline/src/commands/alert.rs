use jiff::tz::TimeZone;
use serde_json::json;
use store::{Alert, AlertFilter, AlertId, AlertSubject, NotificationLogFilter, Store, StoreError};

use super::{act, link_named, operator, router_named, rule_args};
use crate::{
    cli::{AlertAssignArgs, AlertCommand, AlertListArgs},
    fault::wrong_use,
    moment,
    output::{Printer, table_of},
};

const COLUMNS: [&str; 8] = ["id", "event", "about", "since", "until", "told", "taken note of", "assigned to"];
/// The most lines of the log that an alert is shown with.
const LOG_LINES_MAX: i64 = 500;

pub(super) async fn run(store: &Store, command: AlertCommand, printer: &Printer) -> anyhow::Result<()> {
    match command {
        AlertCommand::List(args) => list(store, &args, printer).await,
        AlertCommand::Show { id } => show(store, AlertId(id), printer).await,
        AlertCommand::Ack { id, note, by } => {
            let by = by.unwrap_or_else(operator);
            let alert = store.acknowledge_alert(&act(&by), AlertId(id), note.as_deref()).await;
            let alert = alert.map_err(|error| unknown(id, error))?;
            let who = alert.acknowledged_by.clone().unwrap_or_default();
            printer.said(
                &format!("{who} has taken note of alert {id} ({} {}).", alert.event, alert.about),
                &alert,
            )
        }
        AlertCommand::Assign(AlertAssignArgs { id, to, nobody: _ }) => {
            let alert = store.assign_alert(&act(&operator()), AlertId(id), to.as_deref()).await;
            let alert = alert.map_err(|error| unknown(id, error))?;
            let who = alert.assigned_to.as_deref().unwrap_or("Nobody");
            printer.said(&format!("{who} looks after alert {id} ({} {}).", alert.event, alert.about), &alert)
        }
        AlertCommand::Close { id, reason, by } => {
            let by = by.unwrap_or_else(operator);
            let alert = store.dismiss_alert(&act(&by), AlertId(id), &reason).await;
            let alert = alert.map_err(|error| unknown(id, error))?;
            let sentence = format!(
                "Alert {id} ({} {}) is closed. Whoever was told that it began is told when it ends.",
                alert.event, alert.about
            );
            printer.said(&sentence, &alert)
        }
    }
}

fn unknown(id: i64, error: StoreError) -> anyhow::Error {
    match error {
        StoreError::NotFound { .. } => {
            wrong_use(format!("there is no alert {id}; `leaseline alert list` shows them"))
        }
        error @ StoreError::Invalid { .. } => wrong_use(error),
        other => other.into(),
    }
}

async fn list(store: &Store, args: &AlertListArgs, printer: &Printer) -> anyhow::Result<()> {
    let company = match &args.company {
        Some(name) => Some(super::company(store, Some(name)).await?.id),
        None => None,
    };
    let subject = match (&args.link, &args.router) {
        (Some(circuit), _) => Some(AlertSubject::Link(link_named(store, circuit).await?.id)),
        (None, Some(name)) => Some(AlertSubject::Router(router_named(store, name).await?.id)),
        (None, None) => None,
    };
    let filter = AlertFilter {
        company,
        event: args.event.as_deref().map(rule_args::event).transpose()?,
        subject,
        open_only: args.open,
        unacknowledged_only: args.unacknowledged,
    };
    let alerts = store.alerts(&filter, args.limit).await?;
    let zone = super::any_zone(store).await?;
    printer.list(&alerts, COLUMNS, |alert| cells(alert, &zone))
}

fn cells(alert: &Alert, zone: &TimeZone) -> [String; 8] {
    let at = |at_ms: Option<i64>| at_ms.map_or("–".to_owned(), |at_ms| moment::moment_words(at_ms, zone));
    let told = match (alert.told_at_ms, &alert.waits) {
        (Some(told_ms), _) => moment::moment_words(told_ms, zone),
        (None, Some(waits)) => format!("no: {waits}"),
        (None, None) => "no".to_owned(),
    };
    [
        alert.id.to_string(),
        alert.event.to_string(),
        alert.about.clone(),
        moment::moment_words(alert.opened_at_ms, zone),
        at(alert.closed_at_ms),
        told,
        alert.acknowledged_by.clone().unwrap_or_default(),
        alert.assigned_to.clone().unwrap_or_default(),
    ]
}

async fn show(store: &Store, id: AlertId, printer: &Printer) -> anyhow::Result<()> {
    let alert = store.alert(id).await.map_err(|error| unknown(id.0, error))?;
    let filter = NotificationLogFilter { alert: Some(id), ..NotificationLogFilter::default() };
    let mut log = store.notification_log(&filter, LOG_LINES_MAX).await?;
    log.reverse();
    let zone = moment::zone(&store.company(alert.company_id).await?.timezone)?;
    let mut text = table_of(COLUMNS, &[cells(&alert, &zone)]);
    if let Some(note) = &alert.acknowledged_note {
        text += &format!("note: {note}\n");
    }
    if let (Some(by), Some(reason)) = (&alert.dismissed_by, &alert.dismissed_reason) {
        text += &format!("closed by {by}: {reason}\n");
    }
    text += "\n";
    let rows: Vec<[String; 6]> = log.iter().map(|line| super::notification::cells(line, &zone)).collect();
    text += &table_of(super::notification::ALERT_COLUMNS, &rows);
    if printer.is_json() {
        return printer.said("", &json!({ "alert": alert, "log": log }));
    }
    printer.text(&text)
}
