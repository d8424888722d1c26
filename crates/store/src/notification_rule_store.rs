//! The rules of a company, kept as what differs from the defaults.

use std::collections::BTreeMap;

use sla::Decimal;

use crate::company_brand::locked;
use crate::engine::{Tx, on};
use crate::notification_rule::DAY_MINUTES;
use crate::{
    CompanyId, EXTRA_RECIPIENTS_MAX, LIST_ROWS_MAX, NotificationEvent, NotificationRule, QuietHours,
    RULE_SECONDS_MAX, RuleEdit, RuleOption, Store, StoreError, audit, recipient,
};

/// What a company set of an event.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
struct Row {
    event: String,
    enabled: bool,
    threshold: Option<String>,
    sustained_s: Option<i64>,
    clear_after_s: Option<i64>,
    window_s: Option<i64>,
    cooldown_s: Option<i64>,
    quiet_from_min: Option<i64>,
    quiet_to_min: Option<i64>,
    to_operations: Option<bool>,
    to_client: Option<bool>,
    by_mail: Option<bool>,
    by_whatsapp: Option<bool>,
}

const RULES: &str = "SELECT event, enabled, threshold, sustained_s, clear_after_s, window_s, cooldown_s, quiet_from_min,
        quiet_to_min, to_operations, to_client, by_mail, by_whatsapp FROM notification_settings WHERE company_id = $1 LIMIT $2";
const EXTRA: &str = "SELECT event, recipient FROM notification_extra_recipients WHERE company_id = $1
    ORDER BY event, recipient LIMIT $2";

impl Store {
    /// The rule of every event.
    pub async fn notification_rules(&self, company: CompanyId) -> Result<Vec<NotificationRule>, StoreError> {
        let rows = on!(self.reader(), db => sqlx::query_as(RULES).bind(company).bind(LIST_ROWS_MAX).fetch_all(db).await)?;
        let extra = on!(self.reader(), db => sqlx::query_as(EXTRA).bind(company).bind(LIST_ROWS_MAX).fetch_all(db).await)?;
        resolved(rows, extra)
    }

    /// Changes what `edit` names of a rule and keeps who did it.
    ///
    /// # Errors
    /// [`StoreError::Invalid`], saying what to do, for a value that makes no sense or an option that the event does not
    /// have; [`StoreError::NotFound`] for a company that there is not or an address that is not on the list.
    pub async fn edit_notification_rule(
        &self,
        company: CompanyId,
        event: NotificationEvent,
        edit: &RuleEdit,
        by: &str,
        now_ms: i64,
    ) -> Result<NotificationRule, StoreError> {
        let mut tx = self.begin().await?;
        let subject = format!("company {}", locked(&mut tx, company).await?.name);
        let before = rule_in(&mut tx, company, event).await?;
        let after = apply(&mut tx, company, event, edit).await?;
        let change = (Some(&before), Some(&after));
        audit::edited(&mut tx, (by, now_ms), ("company.notification", subject), change).await?;
        tx.commit().await?;
        Ok(after)
    }
}

/// The rule of an event as a transaction sees it.
pub(crate) async fn rule_in(
    tx: &mut Tx,
    company: CompanyId,
    event: NotificationEvent,
) -> Result<NotificationRule, StoreError> {
    let rules = rules_in(tx, company).await?;
    let found = rules.into_iter().find(|rule| rule.event == event);
    found.ok_or_else(|| StoreError::corrupt("an event without a rule"))
}

/// Changes what `edit` names of a rule; the rule as it is then.
pub(crate) async fn apply(
    tx: &mut Tx,
    company: CompanyId,
    event: NotificationEvent,
    edit: &RuleEdit,
) -> Result<NotificationRule, StoreError> {
    check(event, edit)?;
    write(tx, company, event, edit).await?;
    for recipient in &edit.remove_extra {
        remove_extra(tx, company, event, recipient).await?;
    }
    for recipient in &edit.add_extra {
        add_extra(tx, company, event, recipient).await?;
    }
    let after = rule_in(tx, company, event).await?;
    if after.extra.len() as i64 > EXTRA_RECIPIENTS_MAX {
        return Err(invalid(format!(
            "{event} has {EXTRA_RECIPIENTS_MAX} extra addresses and numbers at most"
        )));
    }
    Ok(after)
}

impl NotificationRule {
    /// The rule as `edit` would make it, without storing it; who else hears of it stays as it is.
    ///
    /// # Errors
    /// [`StoreError::Invalid`], as [`Store::edit_notification_rule`] would refuse it.
    pub fn with(&self, edit: &RuleEdit) -> Result<Self, StoreError> {
        check(self.event, edit)?;
        let default = Self::default_of(self.event);
        let seconds =
            |new: Option<Option<i64>>, old: i64, default: i64| new.map_or(old, |new| new.unwrap_or(default));
        let yes = |new: Option<Option<bool>>, old: bool, default: bool| {
            new.map_or(old, |new| new.unwrap_or(default))
        };
        Ok(Self {
            event: self.event,
            enabled: edit.enabled.unwrap_or(self.enabled),
            threshold: match edit.threshold {
                Some(threshold) => threshold.or(default.threshold),
                None => self.threshold,
            },
            sustained_s: seconds(edit.sustained_s, self.sustained_s, default.sustained_s),
            clear_after_s: seconds(edit.clear_after_s, self.clear_after_s, default.clear_after_s),
            window_s: seconds(edit.window_s, self.window_s, default.window_s),
            cooldown_s: seconds(edit.cooldown_s, self.cooldown_s, default.cooldown_s),
            quiet: edit.quiet.unwrap_or(self.quiet),
            to_operations: yes(edit.to_operations, self.to_operations, default.to_operations),
            to_client: yes(edit.to_client, self.to_client, default.to_client),
            by_mail: yes(edit.by_mail, self.by_mail, default.by_mail),
            by_whatsapp: yes(edit.by_whatsapp, self.by_whatsapp, default.by_whatsapp),
            extra: self.extra.clone(),
        })
    }
}

/// The rules as a transaction sees them.
pub(crate) async fn rules_in(tx: &mut Tx, company: CompanyId) -> Result<Vec<NotificationRule>, StoreError> {
    let rows = on!(&mut *tx, tx => sqlx::query_as(RULES).bind(company).bind(LIST_ROWS_MAX).fetch_all(&mut **tx).await)?;
    let extra =
        on!(tx, tx => sqlx::query_as(EXTRA).bind(company).bind(LIST_ROWS_MAX).fetch_all(&mut **tx).await)?;
    resolved(rows, extra)
}

fn resolved(rows: Vec<Row>, extra: Vec<(String, String)>) -> Result<Vec<NotificationRule>, StoreError> {
    let rows: BTreeMap<String, Row> = rows.into_iter().map(|row| (row.event.clone(), row)).collect();
    let rule = |event: NotificationEvent| {
        let mut rule = NotificationRule::default_of(event);
        let of_event = extra.iter().filter(|(name, _)| name == event.as_str());
        rule.extra = of_event.map(|(_, recipient)| recipient.clone()).collect();
        let Some(row) = rows.get(event.as_str()) else { return Ok(rule) };
        if let Some(text) = &row.threshold {
            rule.threshold = Some(text.parse().map_err(StoreError::corrupt)?);
        }
        let quiet = row.quiet_from_min.zip(row.quiet_to_min);
        Ok(NotificationRule {
            enabled: row.enabled,
            sustained_s: row.sustained_s.unwrap_or(rule.sustained_s),
            clear_after_s: row.clear_after_s.unwrap_or(rule.clear_after_s),
            window_s: row.window_s.unwrap_or(rule.window_s),
            cooldown_s: row.cooldown_s.unwrap_or(rule.cooldown_s),
            quiet: quiet.map(|(from_min, to_min)| QuietHours { from_min, to_min }),
            to_operations: row.to_operations.unwrap_or(rule.to_operations),
            to_client: row.to_client.unwrap_or(rule.to_client),
            by_mail: row.by_mail.unwrap_or(rule.by_mail),
            by_whatsapp: row.by_whatsapp.unwrap_or(rule.by_whatsapp),
            ..rule
        })
    };
    NotificationEvent::ALL.into_iter().map(rule).collect()
}

fn invalid(why: String) -> StoreError {
    StoreError::Invalid { what: "a notification setting", why }
}

fn check(event: NotificationEvent, edit: &RuleEdit) -> Result<(), StoreError> {
    use RuleOption::{ClearAfter, Cooldown, Quiet, Recipients, Sustained, Threshold, ToClient, Window};
    let seconds = [
        (Sustained, "a sustained time", edit.sustained_s),
        (ClearAfter, "a time to clear after", edit.clear_after_s),
        (Window, "a window", edit.window_s),
        (Cooldown, "a cooldown", edit.cooldown_s),
    ];
    let has_not = |option: RuleOption, name: &str, given: bool| {
        let has = event.options().contains(&option);
        if given && !has { Err(invalid(format!("{event} has no {name}; leave it out"))) } else { Ok(()) }
    };
    for (option, name, value) in seconds {
        has_not(option, name.trim_start_matches("a "), value.is_some())?;
        // A collector that pauses between two rounds has not stopped.
        let least = match (option, event) {
            (Window, _) | (Sustained, NotificationEvent::CollectorStalled) => 60,
            _ => 0,
        };
        if let Some(Some(value)) = value
            && !(least..=RULE_SECONDS_MAX).contains(&value)
        {
            return Err(invalid(format!(
                "{name} of {value} s: give {least} to {RULE_SECONDS_MAX} seconds (24 hours)"
            )));
        }
    }
    has_not(Threshold, "threshold", edit.threshold.is_some())?;
    has_not(Quiet, "quiet hours", edit.quiet.is_some())?;
    has_not(ToClient, "client to tell", edit.to_client.is_some())?;
    has_not(Recipients, "recipients", edit.to_operations.is_some() || !edit.add_extra.is_empty())?;
    if let Some(Some(threshold)) = edit.threshold {
        check_threshold(event, threshold)?;
    }
    if let Some(Some(quiet)) = edit.quiet
        && ![quiet.from_min, quiet.to_min].iter().all(|minute| (0..DAY_MINUTES).contains(minute))
    {
        return Err(invalid("quiet hours lie within a day: write them as 22:00-07:00".to_owned()));
    }
    Ok(())
}

fn check_threshold(event: NotificationEvent, threshold: Decimal) -> Result<(), StoreError> {
    let (least, most, unit) = match event {
        NotificationEvent::LinkUnstable => (2, 100, "outages within the window"),
        NotificationEvent::HighLatency => (1, 60_000, "milliseconds"),
        NotificationEvent::ErrorBudget => (1, 100, "percent of the allowed down time"),
        _ => (0, 100, "percent"),
    };
    let value = threshold.millionths();
    let whole = event != NotificationEvent::LinkUnstable || value % 1_000_000 == 0;
    if whole && value > 0 && (least * 1_000_000..=most * 1_000_000).contains(&value) {
        return Ok(());
    }
    let least = if least == 0 { "more than 0".to_owned() } else { least.to_string() };
    Err(invalid(format!("a threshold of {threshold} for {event}: give {least} to {most} {unit}")))
}

async fn write(
    tx: &mut Tx,
    company: CompanyId,
    event: NotificationEvent,
    edit: &RuleEdit,
) -> Result<(), StoreError> {
    const FIRST: &str = "INSERT INTO notification_settings (company_id, event, enabled) VALUES ($1, $2, $3)
        ON CONFLICT (company_id, event) DO NOTHING";
    const ROW: &str = "SELECT event, enabled, threshold, sustained_s, clear_after_s, window_s, cooldown_s,
            quiet_from_min, quiet_to_min, to_operations, to_client, by_mail, by_whatsapp
        FROM notification_settings WHERE company_id = $1 AND event = $2";
    const SET: &str = "UPDATE notification_settings SET enabled = $3, threshold = $4, sustained_s = $5,
            clear_after_s = $6, window_s = $7, cooldown_s = $8, quiet_from_min = $9, quiet_to_min = $10,
            to_operations = $11, to_client = $12, by_mail = $13, by_whatsapp = $14
        WHERE company_id = $1 AND event = $2";
    on!(&mut *tx, tx => sqlx::query(FIRST)
        .bind(company).bind(event.as_str()).bind(true).execute(&mut **tx).await.map(|_| ()))?;
    let row: Row = on!(&mut *tx, tx => sqlx::query_as(ROW)
        .bind(company).bind(event.as_str()).fetch_one(&mut **tx).await)?;
    let threshold = match edit.threshold {
        Some(threshold) => threshold.map(|threshold| threshold.to_string()),
        None => row.threshold,
    };
    let quiet = match edit.quiet {
        Some(quiet) => quiet.map(|quiet| (quiet.from_min, quiet.to_min)),
        None => row.quiet_from_min.zip(row.quiet_to_min),
    };
    on!(tx, tx => sqlx::query(SET)
        .bind(company)
        .bind(event.as_str())
        .bind(edit.enabled.unwrap_or(row.enabled))
        .bind(threshold)
        .bind(edit.sustained_s.unwrap_or(row.sustained_s))
        .bind(edit.clear_after_s.unwrap_or(row.clear_after_s))
        .bind(edit.window_s.unwrap_or(row.window_s))
        .bind(edit.cooldown_s.unwrap_or(row.cooldown_s))
        .bind(quiet.map(|quiet| quiet.0))
        .bind(quiet.map(|quiet| quiet.1))
        .bind(edit.to_operations.unwrap_or(row.to_operations))
        .bind(edit.to_client.unwrap_or(row.to_client))
        .bind(edit.by_mail.unwrap_or(row.by_mail))
        .bind(edit.by_whatsapp.unwrap_or(row.by_whatsapp))
        .execute(&mut **tx)
        .await
        .map(|_| ()))?;
    Ok(())
}

async fn add_extra(
    tx: &mut Tx,
    company: CompanyId,
    event: NotificationEvent,
    recipient: &str,
) -> Result<(), StoreError> {
    const SQL: &str =
        "INSERT INTO notification_extra_recipients (company_id, event, recipient) VALUES ($1, $2, $3)
        ON CONFLICT DO NOTHING";
    let recipient = recipient::recipient(recipient)?;
    on!(tx, tx => sqlx::query(SQL)
        .bind(company).bind(event.as_str()).bind(&recipient).execute(&mut **tx).await.map(|_| ()))?;
    Ok(())
}

async fn remove_extra(
    tx: &mut Tx,
    company: CompanyId,
    event: NotificationEvent,
    recipient: &str,
) -> Result<(), StoreError> {
    const SQL: &str =
        "DELETE FROM notification_extra_recipients WHERE company_id = $1 AND event = $2 AND recipient = $3";
    let recipient = recipient::typed(recipient);
    let rows = on!(tx, tx => sqlx::query(SQL)
        .bind(company)
        .bind(event.as_str())
        .bind(&recipient)
        .execute(&mut **tx)
        .await
        .map(|done| done.rows_affected()))?;
    if rows == 0 { Err(StoreError::NotFound { what: "extra recipient" }) } else { Ok(()) }
}
