//! Everything that a person of the ISP may see, as CSV files.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::stream::try_unfold;
use import::{BYTE_ORDER_MARK, export_csv};
use serde_json::Value;
use store::StoreError;

use crate::app::App;
use crate::caller::Caller;
use crate::error::PageError;
use crate::exports::Export;
use crate::pages::staff::Answered;
use crate::pages::staff::delivery_file::only_company;
use crate::pages::staff::export_list::{Column, Key, List, files, is_for_admins};
use crate::pages::staff::import::kind;
use crate::pages::staff::listing::Asked;
use crate::staff::StaffSession;
use crate::view::csv::cell;

/// Longer lists are cut: nobody reads them, and the database itself is the better copy.
const ROWS_MAX: usize = 100_000;

/// `GET /staff/export.csv?what`
pub(crate) async fn csv(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Answered<Response> {
    let what = asked.narrowed.get("what").map_or("links", String::as_str).to_owned();
    if is_for_admins(&what) && !session.is_admin() {
        return Err(PageError::RoleOnly.into());
    }
    let offered = files(&session);
    if !offered.iter().any(|(name, _)| *name == what) {
        let names: Vec<&str> = offered.iter().map(|(name, _)| *name).collect();
        return Err(
            PageError::Unusable(format!("There is a file of each of these: {}.", names.join(", "))).into()
        );
    }
    let now_ms = app.clock.now_ms();
    let name = format!("{what}_{}.csv", session.zone.form(now_ms).replace(['-', ':'], ""));
    let export = app.exports.begin(session.user.id).map_err(|none| PageError::Busy(none.words()))?;
    let body = match (kind(&what), List::named(&what)) {
        (Some(kind), _) => Made::Whole(export_csv(&app.store, &session.scope, kind, None, now_ms).await?),
        (None, Some(list)) => Made::Piecemeal(list),
        (None, None) => return Err(PageError::NotFound.into()),
    };
    // Only now it is certain that something leaves.
    let address = caller.address_text();
    let act = session.act(&address, now_ms);
    let subject = format!("all {what}");
    app.store.staff_note_download(&act, only_company(&session.scope), (&name, subject)).await?;
    let body = match body {
        Made::Whole(bytes) => Body::from(bytes),
        Made::Piecemeal(list) => streamed(Running::new(app, session, list, export)),
    };
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, body).into_response())
}

/// What a file is made of.
enum Made {
    Whole(Vec<u8>),
    Piecemeal(List),
}

/// A list on its way to a reader.
struct Running {
    app: App,
    session: StaffSession,
    list: List,
    after: Option<Key>,
    is_over: bool,
    /// How many rows may still follow.
    rows_left: usize,
    /// Counted until it is dropped.
    export: Export,
}

impl Running {
    fn new(app: App, session: StaffSession, list: List, export: Export) -> Self {
        Self { app, session, list, after: None, is_over: false, rows_left: ROWS_MAX, export }
    }

    /// The lines of the next piece; nothing after the last. Whoever may no longer see it gets no more of it.
    async fn next(&mut self) -> Result<String, StoreError> {
        if self.is_over {
            return Ok(String::new());
        }
        if !self.export.goes_on() {
            return Err(StoreError::NotFound { what: "export" });
        }
        let (store, now_ms) = (&self.app.store, self.app.clock.now_ms());
        let found = store.staff_session(&self.session.token_hash, now_ms).await?;
        let (_, user) = found.ok_or(StoreError::NotFound { what: "session" })?;
        let scope = store.staff_scope(user.id).await?;
        let rows = Arc::make_mut(&mut self.session.rows);
        (rows.scope, rows.user) = (scope, user);
        let piece = self.list.piece(&self.app, &self.session, self.after).await?;
        let rows = &piece.rows[..piece.rows.len().min(self.rows_left)];
        self.rows_left -= rows.len();
        self.after = piece.next;
        self.is_over = piece.next.is_none() || self.rows_left == 0;
        Ok(rows.iter().map(|row| line(self.list.columns(), row, &self.session)).collect())
    }
}

/// The head, and then piece after piece as the reader takes them.
fn streamed(running: Running) -> Body {
    let head: Vec<&str> = running.list.columns().iter().map(|(head, _)| *head).collect();
    let head = format!("{BYTE_ORDER_MARK}{}\r\n", head.join(","));
    Body::from_stream(try_unfold((Some(head), running), |(head, mut running)| async move {
        let lines = match head {
            Some(head) => head,
            None => running.next().await?,
        };
        Ok::<_, StoreError>((!lines.is_empty()).then(|| (Bytes::from(lines), (None, running))))
    }))
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
