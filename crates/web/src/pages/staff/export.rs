//! Everything that a person of the ISP may see, as CSV files.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::stream::try_unfold;
use import::export_csv;
use serde_json::Value;
use store::{
    STAFF_PAGE_ROWS, StaffAlertAsk, StaffAsk, StaffAuditAsk, StaffMember, StaffOutageAsk, StaffPage,
    StaffReportAsk, StoreError,
};
use tokio::sync::OwnedSemaphorePermit;

use crate::app::App;
use crate::caller::Caller;
use crate::error::PageError;
use crate::pages::staff::Answered;
use crate::pages::staff::delivery_file::only_company;
use crate::pages::staff::import::{FILES, kind};
use crate::pages::staff::listing::Asked;
use crate::staff::StaffSession;
use crate::view::csv::cell;

/// Longer lists are cut: nobody reads them, and the database itself is the better copy.
const ROWS_MAX: i64 = 100_000;

/// A column: its head, and where its value stands in the row as JSON. Names that end in `_ms` are moments.
type Column = (&'static str, &'static str);

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
const AUDIT: &[Column] = &[
    ("at", "/at_ms"),
    ("actor", "/actor"),
    ("address", "/address"),
    ("action", "/action"),
    ("subject", "/subject"),
    ("detail", "/detail"),
];

/// A list that is read page by page.
#[derive(Clone, Copy)]
enum List {
    Users,
    Team,
    Exclusions,
    Outages,
    Alerts,
    Reports,
    Audit,
}

impl List {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "users" => Self::Users,
            "team" => Self::Team,
            "exclusions" => Self::Exclusions,
            "outages" => Self::Outages,
            "alerts" => Self::Alerts,
            "reports" => Self::Reports,
            "audit" => Self::Audit,
            _ => return None,
        })
    }

    fn columns(self) -> &'static [Column] {
        match self {
            Self::Users => USERS,
            Self::Team => TEAM,
            Self::Exclusions => EXCLUSIONS,
            Self::Outages => OUTAGES,
            Self::Alerts => ALERTS,
            Self::Reports => REPORTS,
            Self::Audit => AUDIT,
        }
    }

    /// A page of its rows, as this person may see them.
    async fn page(
        self,
        app: &App,
        session: &StaffSession,
        page: i64,
    ) -> Result<StaffPage<Value>, StoreError> {
        let (store, scope) = (&app.store, &session.scope);
        let ask = StaffAsk { search: "", page };
        match self {
            Self::Users => rows(store.staff_portal_users(scope, None, ask).await?),
            Self::Team => {
                let found = store.staff_members(scope, ask).await?.rows;
                rows(StaffPage { total: 0, rows: found.iter().map(member).collect() })
            }
            Self::Exclusions => rows(store.staff_exclusions(scope, None, ask).await?),
            Self::Outages => rows(store.staff_outages(scope, &StaffOutageAsk { ask, standing: None }).await?),
            Self::Alerts => {
                let asked = StaffAlertAsk { ask, ..StaffAlertAsk::default() };
                rows(store.staff_alerts(scope, &asked).await?)
            }
            Self::Reports => {
                let asked = StaffReportAsk { ask, all_revisions: true, ..StaffReportAsk::default() };
                rows(store.staff_reports(scope, &asked).await?)
            }
            Self::Audit => {
                // As on the page: admins see what all did, others what they did themselves.
                let actor = (!session.is_admin()).then(|| session.actor());
                rows(store.staff_audit(scope, &StaffAuditAsk { ask, actor }).await?)
            }
        }
    }
}

/// A staff user with what its page says in words.
fn member(member: &StaffMember) -> Value {
    let mut row = serde_json::to_value(member).unwrap_or_default();
    row["works_for"] = member.works_for().into();
    row["can_log_in"] = (member.disabled_at_ms.is_none() && member.has_password).into();
    row
}

fn rows<T: serde::Serialize>(page: StaffPage<T>) -> Result<StaffPage<Value>, StoreError> {
    let unreadable = |error: serde_json::Error| StoreError::Invalid { what: "a row", why: error.to_string() };
    let rows = page.rows.iter().map(|row| serde_json::to_value(row).map_err(unreadable));
    Ok(StaffPage { rows: rows.collect::<Result<_, _>>()?, total: page.total })
}

/// `GET /staff/export.csv?what`
pub(crate) async fn csv(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Answered<Response> {
    let what = asked.narrowed.get("what").map_or("links", String::as_str).to_owned();
    if !FILES.iter().any(|(name, _)| *name == what) {
        let names: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
        return Err(
            PageError::Unusable(format!("There is a file of each of these: {}.", names.join(", "))).into()
        );
    }
    if what == "team" && !session.is_admin() {
        return Err(PageError::RoleOnly.into());
    }
    let now_ms = app.clock.now_ms();
    let name = format!("{what}_{}.csv", session.zone.form(now_ms).replace(['-', ':'], ""));
    let address = caller.address_text();
    let subject = format!("all {what}");
    let act = session.act(&address, now_ms);
    app.store.staff_note_download(&act, only_company(&session.scope), (&name, subject)).await?;
    let body = match (kind(&what), List::named(&what)) {
        (Some(kind), _) => Body::from(export_csv(&app.store, &session.scope, kind, None, now_ms).await?),
        (None, Some(list)) => streamed(app, session, list)?,
        (None, None) => return Err(PageError::NotFound.into()),
    };
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, body).into_response())
}

/// A list on its way to a reader.
struct Running {
    app: App,
    session: StaffSession,
    list: List,
    page: i64,
    /// Counted among [`crate::app::EXPORTS_MAX`] until it is dropped.
    _permit: OwnedSemaphorePermit,
}

impl Running {
    /// The lines of the next page; nothing after the last. Whoever may no longer see it gets no more of it.
    async fn next(&mut self) -> Result<String, StoreError> {
        if self.page > ROWS_MAX / STAFF_PAGE_ROWS {
            return Ok(String::new());
        }
        let (store, now_ms) = (&self.app.store, self.app.clock.now_ms());
        let Some((_, user)) = store.staff_session(&self.session.token_hash, now_ms).await? else {
            return Err(StoreError::NotFound { what: "session" });
        };
        // What is for admins, and whose deeds the log shows, follows the role of the moment.
        self.session.user = user;
        if matches!(self.list, List::Team) && !self.session.is_admin() {
            return Err(StoreError::NotFound { what: "session" });
        }
        self.session.scope = store.staff_scope(self.session.user.id).await?;
        let found = self.list.page(&self.app, &self.session, self.page).await?;
        self.page += 1;
        Ok(found.rows.iter().map(|row| line(self.list.columns(), row, &self.session)).collect())
    }
}

/// The head, and then page after page as the reader takes them.
fn streamed(app: App, session: StaffSession, list: List) -> Answered<Body> {
    let permit = Arc::clone(&app.exports).try_acquire_owned();
    let busy = "As many files as may be are being made: try again in a moment.";
    let permit = permit.map_err(|_| PageError::Unusable(busy.to_owned()))?;
    let head: Vec<&str> = list.columns().iter().map(|(head, _)| *head).collect();
    let head = format!("{}\r\n", head.join(","));
    let running = Running { app, session, list, page: 1, _permit: permit };
    Ok(Body::from_stream(try_unfold((Some(head), running), |(head, mut running)| async move {
        let lines = match head {
            Some(head) => head,
            None => running.next().await?,
        };
        Ok::<_, StoreError>((!lines.is_empty()).then(|| (Bytes::from(lines), (None, running))))
    })))
}

fn line(columns: &[Column], row: &Value, session: &StaffSession) -> String {
    let cells = columns.iter().map(|(_, place)| match row.pointer(place) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => cell(text),
        Some(Value::Number(number)) if place.ends_with("_ms") => {
            number.as_i64().map(|at_ms| session.zone.iso(at_ms)).unwrap_or_default()
        }
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Bool(yes)) => if *yes { "yes" } else { "no" }.to_owned(),
        Some(other) => cell(&other.to_string()),
    });
    format!("{}\r\n", cells.collect::<Vec<_>>().join(","))
}
