//! One file per page: handler, template, what it shows.

pub(crate) mod account;
pub(crate) mod brand;
pub(crate) mod charts;
pub(crate) mod client_links;
pub(crate) mod csv;
pub(crate) mod dashboard;
pub(crate) mod door;
pub(crate) mod download;
pub(crate) mod events;
pub(crate) mod forgot;
pub(crate) mod health;
pub(crate) mod history;
pub(crate) mod install;
pub(crate) mod link;
pub(crate) mod links;
pub(crate) mod login;
pub(crate) mod login_code;
pub(crate) mod logout;
pub(crate) mod month;
pub(crate) mod report;
pub(crate) mod reports;
pub(crate) mod reset;
pub(crate) mod series;
pub(crate) mod staff;
pub(crate) mod traffic;
pub(crate) mod whatsapp_hook;

use std::sync::Arc;

use askama::Template;
use axum::response::Html;
use store::{LinkId, ReportId, StoreError};

use crate::assets::asset_url;
use crate::brand::Brand;
use crate::error::PageError;
use crate::session::ClientSession;

pub(crate) const LOGIN: &str = "/client/login";
pub(crate) const LOGIN_CODE: &str = "/client/login/code";
pub(crate) const DASHBOARD: &str = "/client/dashboard";
pub(crate) const LINKS: &str = "/client/links";
pub(crate) const REPORTS: &str = "/client/sla-reports";

/// What the frame around every client page shows.
pub(crate) struct Frame {
    pub(crate) css: String,
    pub(crate) js: String,
    pub(crate) brand: Arc<Brand>,
    pub(crate) client: String,
    pub(crate) username: String,
    /// Whether a person of the ISP looks at what the client sees.
    pub(crate) is_viewed: bool,
    /// Whose figures these are, and for which eyes: an open page that is given others' begins anew.
    pub(crate) whose: String,
    pub(crate) support_email: Option<String>,
    pub(crate) support_phone: Option<String>,
    pub(crate) zone: String,
    /// Where the worker is that answers without a connection.
    pub(crate) worker: String,
    /// After this what the device keeps is forgotten, milliseconds: the session has ended then in any case.
    pub(crate) forget_in_ms: i64,
    pub(crate) now_ms: i64,
    pub(crate) refresh_ms: u32,
}

impl Frame {
    pub(crate) fn new(session: &ClientSession, now_ms: i64, refresh_ms: u32) -> Self {
        Self {
            css: asset_url("app.css"),
            js: asset_url("app.js"),
            brand: Arc::clone(&session.brand),
            client: session.client.name.clone(),
            username: session.visitor.username().to_owned(),
            is_viewed: !session.is_persons(),
            whose: format!("{}{}", session.client_id(), if session.is_persons() { "" } else { "-view" }),
            support_email: session.company.support_email.clone(),
            support_phone: session.company.support_phone.clone(),
            zone: session.zone.label(now_ms),
            worker: install::worker_url(&session.brand),
            forget_in_ms: (session.ends_at_ms - now_ms).max(0),
            now_ms,
            refresh_ms,
        }
    }
}

/// A page as an answer.
pub(crate) fn render(page: &impl Template) -> Result<Html<String>, PageError> {
    Ok(Html(page.render()?))
}

/// A link id of a path. What is no id at all is as absent as somebody else's.
pub(crate) fn link_id(text: &str) -> Result<LinkId, PageError> {
    text.parse().map(LinkId).map_err(|_| PageError::NotFound)
}

/// A report id of a path.
pub(crate) fn report_id(text: &str) -> Result<ReportId, PageError> {
    text.parse().map(ReportId).map_err(|_| PageError::NotFound)
}

/// The answer of a store function that takes the client: nothing means that it is not theirs.
pub(crate) fn theirs<T>(answer: Result<Option<T>, StoreError>) -> Result<T, PageError> {
    answer?.ok_or(PageError::NotFound)
}
