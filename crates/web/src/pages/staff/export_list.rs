//! What can be taken along as a file: names, columns, and the rows piece by piece.

use serde_json::{Value, json};
use store::{LinkId, STAFF_FILE_ROWS_MAX, StaffFileAsk, StaffMember, StaffScope, Store, StoreError};

use crate::app::App;
use crate::staff::StaffSession;

/// What can be taken along: name in the address, and words.
const FILES: [(&str, &str); 14] = [
    ("clients", "Clients"),
    ("routers", "Routers"),
    ("links", "Links"),
    ("terms", "Terms of links"),
    ("users", "Portal users"),
    (TEAM_FILE, "Staff"),
    ("exclusions", "Exclusions"),
    ("outages", "Outages"),
    ("alerts", "Alerts"),
    ("reports", "SLA reports"),
    ("companies", "Companies"),
    ("rules", "Notification rules"),
    (WEBHOOKS, "Webhooks"),
    ("audit", "Audit log"),
];
const TEAM_FILE: &str = "team";
const WEBHOOKS: &str = "webhooks";
/// Their pages are for admins, and so are their files.
const FOR_ADMINS: [&str; 2] = [TEAM_FILE, WEBHOOKS];

/// What this person can take along: name in the address, and words.
pub(crate) fn files(session: &StaffSession) -> Vec<(&'static str, &'static str)> {
    FILES.into_iter().filter(|(name, _)| !is_for_admins(name) || session.is_admin()).collect()
}

pub(super) fn is_for_admins(name: &str) -> bool {
    FOR_ADMINS.contains(&name)
}

/// A column: its head, and where its value stands in the row as JSON. Names that end in `_ms` are moments.
pub(super) type Column = (&'static str, &'static str);

const USERS: &[Column] = &[
    ("username", "/username"),
    ("email", "/email"),
    ("client", "/client"),
    ("role", "/role"),
    ("can_log_in", "/active"),
    ("second_factor", "/second_factor"),
];
const TEAM: &[Column] = &[
    ("username", "/username"),
    ("name", "/display_name"),
    ("email", "/email"),
    ("role", "/role"),
    ("works_for", "/works_for"),
    ("can_log_in", "/can_log_in"),
    ("password_set", "/has_password"),
    ("second_factor", "/second_factor"),
    ("entered", "/created_at_ms"),
    ("off_since", "/disabled_at_ms"),
];
const EXCLUSIONS: &[Column] = &[
    ("circuit", "/circuit"),
    ("client", "/client"),
    ("from", "/from_ms"),
    ("to", "/to_ms"),
    ("kind", "/kind"),
    ("reason", "/reason"),
    ("entered_by", "/entered_by"),
    ("entered_at", "/entered_at_ms"),
    ("removed_by", "/removed_by"),
    ("removed_at", "/removed_at_ms"),
];
const OUTAGES: &[Column] = &[
    ("circuit", "/circuit"),
    ("client", "/client"),
    ("site", "/site"),
    ("from", "/from_ms"),
    ("to", "/to_ms"),
    ("cause", "/cause"),
    ("published_reason", "/reason"),
];
const ALERTS: &[Column] = &[
    ("event", "/event"),
    ("about", "/about"),
    ("company", "/company"),
    ("client", "/client"),
    ("since", "/opened_at_ms"),
    ("noticed", "/raised_at_ms"),
    ("until", "/closed_at_ms"),
    ("told", "/told_at_ms"),
    ("not_told_because", "/waits"),
    ("acknowledged_by", "/acknowledged_by"),
    ("acknowledged_at", "/acknowledged_at_ms"),
    ("looked_after_by", "/assigned_to"),
    ("closed_by_hand_by", "/dismissed_by"),
    ("closed_by_hand_because", "/dismissed_reason"),
];
const REPORTS: &[Column] = &[
    ("circuit", "/circuit"),
    ("client", "/client"),
    ("company", "/company"),
    ("month", "/month"),
    ("revision", "/revision"),
    ("latest_revision", "/latest_revision"),
    ("verdict", "/verdict/overall"),
    ("uptime", "/verdict/uptime"),
    ("latency", "/verdict/latency"),
    ("loss", "/verdict/loss"),
    ("availability_pct", "/availability_pct"),
    ("made", "/created_at_ms"),
];
const TERMS: &[Column] = &[
    ("circuit", "/circuit"),
    ("client", "/client"),
    ("company", "/company"),
    ("valid_from", "/valid_from_ms"),
    ("uptime_pct", "/uptime_pct"),
    ("latency_ms", "/latency_ms"),
    ("loss_pct", "/loss_pct"),
    ("down_when", "/down_when"),
];
const COMPANIES: &[Column] = &[
    ("company", "/name"),
    ("timezone", "/timezone"),
    ("currency", "/currency"),
    ("support_email", "/support_email"),
    ("support_phone", "/support_phone"),
    ("colour", "/accent"),
    ("mail_comes_from", "/mail_from"),
    ("pdf_in_mail", "/attach_pdf"),
    ("operations_list", "/operations"),
    ("entered", "/created_at_ms"),
    ("retired", "/retired_at_ms"),
];
const RULES: &[Column] = &[
    ("company", "/company"),
    ("event", "/event"),
    ("told", "/enabled"),
    ("threshold", "/threshold"),
    ("sustained_s", "/sustained_s"),
    ("clear_after_s", "/clear_after_s"),
    ("window_s", "/window_s"),
    ("cooldown_s", "/cooldown_s"),
    ("quiet_hours", "/quiet"),
    ("to_operations", "/to_operations"),
    ("to_client", "/to_client"),
    ("by_mail", "/by_mail"),
    ("by_whatsapp", "/by_whatsapp"),
    ("also_to", "/extra"),
];
const WEBHOOK: &[Column] = &[
    ("company", "/company"),
    ("server", "/server"),
    ("hears_of", "/events"),
    ("active", "/active"),
    ("entered", "/created_at_ms"),
];
const AUDIT: &[Column] = &[
    ("at", "/at_ms"),
    ("actor", "/actor"),
    ("address", "/address"),
    ("action", "/action"),
    ("subject", "/subject"),
    ("detail", "/detail"),
];

/// A list that is read piece by piece.
#[derive(Clone, Copy, Debug)]
pub(super) enum List {
    Terms,
    Users,
    Team,
    Exclusions,
    Outages,
    Alerts,
    Reports,
    Companies,
    Rules,
    Webhooks,
    Audit,
}

/// Where a file goes on: the key of the row that was read last.
pub(super) type Key = (i64, i64);

/// Some rows of a list.
pub(super) struct Piece {
    pub(super) rows: Vec<Value>,
    /// Where the next piece begins; `None`: there is none.
    pub(super) next: Option<Key>,
}

impl List {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "terms" => Self::Terms,
            "users" => Self::Users,
            TEAM_FILE => Self::Team,
            "exclusions" => Self::Exclusions,
            "outages" => Self::Outages,
            "alerts" => Self::Alerts,
            "reports" => Self::Reports,
            "companies" => Self::Companies,
            "rules" => Self::Rules,
            WEBHOOKS => Self::Webhooks,
            "audit" => Self::Audit,
            _ => return None,
        })
    }

    pub(super) fn columns(self) -> &'static [Column] {
        match self {
            Self::Terms => TERMS,
            Self::Users => USERS,
            Self::Team => TEAM,
            Self::Exclusions => EXCLUSIONS,
            Self::Outages => OUTAGES,
            Self::Alerts => ALERTS,
            Self::Reports => REPORTS,
            Self::Companies => COMPANIES,
            Self::Rules => RULES,
            Self::Webhooks => WEBHOOK,
            Self::Audit => AUDIT,
        }
    }

    /// The rows after a key, as this person may see them.
    pub(super) async fn piece(
        self,
        app: &App,
        session: &StaffSession,
        after: Option<Key>,
    ) -> Result<Piece, StoreError> {
        let (store, scope) = (&app.store, &session.scope);
        // The role is that of this moment.
        if matches!(self, Self::Team | Self::Webhooks) && !session.is_admin() {
            return Err(StoreError::NotFound { what: "file" });
        }
        let ask = StaffFileAsk { before: after.map(|(id, _)| id), rows: STAFF_FILE_ROWS_MAX };
        match self {
            Self::Terms => {
                let after = after.map(|(link, from_ms)| (LinkId(link), from_ms));
                let found = store.staff_terms_for_file(scope, after, ask.rows).await?;
                piece(&found, |row| (row.terms.link_id.0, row.terms.valid_from_ms))
            }
            Self::Users => piece(&store.staff_users_for_file(scope, ask).await?, |row| (row.id.0, 0)),
            Self::Exclusions => {
                piece(&store.staff_exclusions_for_file(scope, ask).await?, |row| (row.id.0, 0))
            }
            Self::Outages => {
                piece(&store.staff_outages_for_file(scope, ask).await?, |row| (row.outage.id.0, 0))
            }
            Self::Alerts => piece(&store.staff_alerts_for_file(scope, ask).await?, |row| (row.alert.id.0, 0)),
            Self::Reports => {
                piece(&store.staff_reports_for_file(scope, ask).await?, |row| (row.report.id.0, 0))
            }
            Self::Audit => {
                // As on the page: admins see what all did, others what they did themselves.
                let actor = (!session.is_admin()).then(|| session.actor());
                piece(&store.staff_audit_for_file(scope, actor, ask).await?, |row| (row.id, 0))
            }
            Self::Team => whole(team(store, scope).await?),
            Self::Companies => whole(companies(store, scope).await?),
            Self::Rules => whole(rules(store, scope).await?),
            Self::Webhooks => whole(webhooks(store, scope).await?),
        }
    }
}

fn piece<T: serde::Serialize>(found: &[T], key: impl Fn(&T) -> Key) -> Result<Piece, StoreError> {
    let is_full = found.len() as i64 >= STAFF_FILE_ROWS_MAX;
    let next = found.last().filter(|_| is_full).map(key);
    Ok(Piece { rows: found.iter().map(value).collect::<Result<_, _>>()?, next })
}

/// A list that is read at once: of companies there are a handful, of staff some dozens.
fn whole(rows: Vec<Value>) -> Result<Piece, StoreError> {
    Ok(Piece { rows, next: None })
}

fn value<T: serde::Serialize>(row: &T) -> Result<Value, StoreError> {
    serde_json::to_value(row).map_err(|error| StoreError::Invalid { what: "a row", why: error.to_string() })
}

/// The ISP's own people with what their page says in words.
async fn team(store: &Store, scope: &StaffScope) -> Result<Vec<Value>, StoreError> {
    let row = |member: &StaffMember| {
        let mut row = value(member)?;
        row["works_for"] = member.works_for().into();
        row["can_log_in"] = (member.disabled_at_ms.is_none() && member.has_password).into();
        Ok(row)
    };
    store.staff_members_for_file(scope).await?.iter().map(row).collect()
}

async fn companies(store: &Store, scope: &StaffScope) -> Result<Vec<Value>, StoreError> {
    let mut rows = Vec::new();
    for company in store.staff_companies(scope).await? {
        let mut row = value(&company)?;
        row["operations"] = store.staff_notification_recipients(scope, company.id).await?.join(" ").into();
        rows.push(row);
    }
    Ok(rows)
}

async fn rules(store: &Store, scope: &StaffScope) -> Result<Vec<Value>, StoreError> {
    let mut rows = Vec::new();
    for company in store.staff_companies(scope).await? {
        for rule in store.staff_notification_rules(scope, company.id).await? {
            let mut row = value(&rule)?;
            row["company"] = company.name.clone().into();
            row["threshold"] = rule.threshold.map(|threshold| threshold.to_string()).into();
            row["quiet"] = rule.quiet.map(|quiet| quiet.to_string()).into();
            row["extra"] = rule.extra.join(" ").into();
            rows.push(row);
        }
    }
    Ok(rows)
}

/// Without paths and queries, which are often secrets themselves, and without what messages are signed with.
async fn webhooks(store: &Store, scope: &StaffScope) -> Result<Vec<Value>, StoreError> {
    let found = store.staff_webhooks(scope).await?;
    let row = |(company, webhook): &(store::Company, store::Webhook)| {
        let events: Vec<&str> = webhook.events.iter().map(|event| event.as_str()).collect();
        json!({
            "company": company.name,
            "server": webhook.origin(),
            "events": if events.is_empty() { "everything".to_owned() } else { events.join(" ") },
            "active": webhook.active,
            "created_at_ms": webhook.created_at_ms,
        })
    };
    Ok(found.iter().map(row).collect())
}
