use alert::{Preview, PreviewCount};
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::tz::TimeZone;
use serde_json::json;
use store::{AlertId, NotificationLog, NotificationLogFilter, NotificationRule, RuleEdit, RuleOption, Store};

use super::{operator, rule_args};
use crate::{
    cli::{NotificationCommand, NotificationLogArgs, NotificationPreviewArgs, NotificationSetArgs},
    clock::now_ms,
    moment,
    output::{Printer, table_of},
};

pub(super) const ALERT_COLUMNS: [&str; 6] = ["at", "what", "to", "outcome", "tries", "why, or what was said"];
const DAY_MS: i64 = 24 * 3_600_000;

pub(super) async fn run(
    store: &Store,
    command: NotificationCommand,
    printer: &Printer,
) -> anyhow::Result<()> {
    match command {
        NotificationCommand::Settings { company, event } => {
            let company = super::company(store, company.as_deref()).await?;
            let mut rules = store.notification_rules(company.id).await?;
            if let Some(name) = event {
                let event = rule_args::event(&name)?;
                rules.retain(|rule| rule.event == event);
            }
            show_rules(&rules, printer)
        }
        NotificationCommand::Set(args) => set(store, &args, printer).await,
        NotificationCommand::Log(args) => log(store, &args, printer).await,
        NotificationCommand::Preview(args) => preview(store, &args, printer).await,
    }
}

fn show_rules(rules: &[NotificationRule], printer: &Printer) -> anyhow::Result<()> {
    let columns = ["event", "told", "threshold", "after", "over after", "window", "cooldown", "quiet", "to"];
    printer.list(rules, columns, |rule| {
        let has = |option: RuleOption| rule.event.options().contains(&option);
        let time = |option: RuleOption, seconds: i64| {
            if has(option) { ::report::duration_words(seconds * 1_000) } else { "–".to_owned() }
        };
        let threshold = match rule.threshold {
            Some(threshold) => threshold.to_string(),
            None if has(RuleOption::Threshold) => "as promised".to_owned(),
            None => "–".to_owned(),
        };
        let quiet = rule.quiet.map_or("–".to_owned(), |quiet| quiet.to_string());
        [
            rule.event.to_string(),
            if rule.enabled { "yes" } else { "no" }.to_owned(),
            threshold,
            time(RuleOption::Sustained, rule.sustained_s),
            time(RuleOption::ClearAfter, rule.clear_after_s),
            time(RuleOption::Window, rule.window_s),
            time(RuleOption::Cooldown, rule.cooldown_s),
            quiet,
            audience(rule),
        ]
    })
}

fn audience(rule: &NotificationRule) -> String {
    let mut who: Vec<String> = rule.extra.clone();
    if rule.to_client {
        who.insert(0, "the client".to_owned());
    }
    if rule.to_operations {
        who.insert(0, "operations".to_owned());
    }
    let ways = match (rule.by_mail, rule.by_whatsapp) {
        (true, true) => "",
        (true, false) => " (by mail alone)",
        (false, true) => " (by WhatsApp alone)",
        (false, false) => return "nobody".to_owned(),
    };
    if who.is_empty() { "nobody".to_owned() } else { format!("{}{ways}", who.join(", ")) }
}

async fn set(store: &Store, args: &NotificationSetArgs, printer: &Printer) -> anyhow::Result<()> {
    let event = rule_args::event(&args.event)?;
    let company = super::company(store, args.company.as_deref()).await?;
    let edit = RuleEdit {
        add_extra: args.add_recipient.clone(),
        remove_extra: args.remove_recipient.clone(),
        ..rule_args::edit(&args.options)?
    };
    let rule = store.edit_notification_rule(company.id, event, &edit, &operator(), now_ms()).await;
    show_rules(&[rule.map_err(rule_args::refused)?], printer)
}

async fn log(store: &Store, args: &NotificationLogArgs, printer: &Printer) -> anyhow::Result<()> {
    let company = match &args.company {
        Some(name) => Some(super::company(store, Some(name)).await?),
        None => None,
    };
    let zone = match &company {
        Some(company) => moment::zone(&company.timezone)?,
        None => super::any_zone(store).await?,
    };
    let at =
        |text: &Option<String>| text.as_deref().map(|text| moment::parse_moment(text, &zone)).transpose();
    let filter = NotificationLogFilter {
        company: company.map(|company| company.id),
        event: args.event.as_deref().map(rule_args::event).transpose()?,
        alert: args.alert.map(AlertId),
        from_ms: at(&args.from)?,
        to_ms: at(&args.to)?,
        success: args.success,
    };
    let lines = store.notification_log(&filter, args.limit).await?;
    printer.list(&lines, ALERT_COLUMNS, |line| cells(line, &zone))
}

pub(super) fn cells(line: &NotificationLog, zone: &TimeZone) -> [String; 6] {
    let over = if line.phase == "over" { " over" } else { "" };
    let receipt = line.receipt.map(|receipt| receipt.as_str());
    let outcome = receipt.or(line.state.map(|state| state.as_str())).unwrap_or(&line.outcome);
    let said = line.reason.as_ref().or(line.answer.as_ref());
    [
        moment::moment_words(line.at_ms, zone),
        format!("{}{over}: {}", line.event, line.about),
        line.recipient.clone().unwrap_or_else(|| "–".to_owned()),
        outcome.to_owned(),
        line.attempts.map_or("–".to_owned(), |attempts| attempts.to_string()),
        said.cloned().unwrap_or_default(),
    ]
}

async fn preview(store: &Store, args: &NotificationPreviewArgs, printer: &Printer) -> anyhow::Result<()> {
    let company = super::company(store, args.company.as_deref()).await?;
    let mut rules = store.notification_rules(company.id).await?;
    let edit = rule_args::edit(&args.options)?;
    match &args.event {
        Some(name) => {
            let event = rule_args::event(name)?;
            for rule in rules.iter_mut().filter(|rule| rule.event == event) {
                *rule = rule.with(&edit).map_err(rule_args::refused)?;
            }
        }
        None if edit != RuleEdit::default() => {
            return Err(crate::fault::wrong_use("say with --event to which event these settings belong"));
        }
        None => {}
    }
    let to_ms = now_ms();
    let from_ms = to_ms - args.days * DAY_MS;
    let bar = ProgressBar::new(0)
        .with_style(ProgressStyle::with_template("looking back {wide_bar} {pos}/{len} links {elapsed}")?);
    let preview = alert::preview(store, &company, &rules, (from_ms, to_ms), |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
        true
    });
    let preview = Box::pin(preview).await?.context("the preview was ended")?;
    bar.finish_and_clear();
    if printer.is_json() {
        return printer.said("", &json!(preview));
    }
    printer.text(&words(&preview, args.days))
}

fn words(preview: &Preview, days: i64) -> String {
    let row = |count: &PreviewCount| {
        let to = count.to;
        let numbers = [count.alerts, count.recoveries, count.messages];
        let [alerts, recoveries, messages] = numbers.map(|number| number.to_string());
        let groups = [to.operations, to.clients, to.extra, to.webhooks].map(|number| number.to_string());
        let [operations, clients, extra, webhooks] = groups;
        [count.event.to_string(), alerts, recoveries, messages, operations, clients, extra, webhooks]
    };
    let rows: Vec<[String; 8]> = preview.events.iter().map(row).collect();
    let head = [
        "event",
        "alerts",
        "recoveries",
        "messages",
        "to operations",
        "to clients",
        "to others",
        "to webhooks",
    ];
    let mut text = format!(
        "With these settings the last {days} days would have sent {} messages.\n\n{}",
        preview.messages,
        table_of(head, &rows)
    );
    if !preview.untold.is_empty() {
        let rows: Vec<[String; 2]> =
            preview.untold.iter().map(|(reason, count)| [reason.clone(), count.to_string()]).collect();
        text += &format!("\n{}", table_of(["not sent because", "times"], &rows));
    }
    text
}
