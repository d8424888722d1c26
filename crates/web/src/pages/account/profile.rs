use std::collections::BTreeMap;

use askama::Template;
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Query, State};
use axum::response::{Html, Redirect};
use serde_json::json;
use store::{NotificationEvent, PortalRole};

use crate::app::App;
use crate::audit;
use crate::caller::Caller;
use crate::error::PageError;
use crate::pages::account::whatsapp::{self, WhatsAppChoice};
use crate::pages::account::{Account, PROFILE, Said, done, frame};
use crate::pages::{Frame, render};
use crate::session::PersonSession;

#[derive(Template)]
#[template(path = "profile.html")]
pub(crate) struct ProfilePage {
    frame: Frame,
    account: Account,
    email: String,
    role: &'static str,
    since: String,
    password_since: Option<String>,
    second_factor: Option<String>,
    sessions: usize,
    mails: Vec<MailRow>,
    owners: Vec<String>,
    whatsapp: Option<WhatsAppChoice>,
    /// Why the new password was not taken.
    password_problem: Option<String>,
}

struct MailRow {
    event: &'static str,
    title: &'static str,
    text: &'static str,
    wanted: bool,
}

/// The boxes that are ticked, by event.
type MailForm = BTreeMap<String, String>;

/// `GET /client/profile`
pub(crate) async fn show(
    State(app): State<App>,
    session: PersonSession,
    Query(asked): Query<Said>,
) -> Result<Html<String>, PageError> {
    let page = page(&app, &session).await?;
    render(&ProfilePage { account: page.account.said(&asked), ..page })
}

/// `POST /client/profile/mails`: a box that is not ticked is not sent.
pub(crate) async fn submit_mails(
    State(app): State<App>,
    session: PersonSession,
    caller: Caller,
    form: Result<Form<MailForm>, FormRejection>,
) -> Result<Redirect, PageError> {
    let Form(form) = form.map_err(|_| PageError::BadRequest)?;
    // What the form did not show is not touched.
    let shown = app.store.mail_preferences(session.user.id).await?;
    let wanted: Vec<(NotificationEvent, bool)> =
        shown.into_iter().map(|(event, _)| (event, form.contains_key(event.as_str()))).collect();
    let detail: serde_json::Map<_, _> =
        wanted.iter().map(|(event, wanted)| (event.as_str().to_owned(), json!(wanted))).collect();
    let event = audit::own(&app, &caller, &session, "mail_preferences", detail.into());
    app.store.set_mail_preferences(session.user.id, &wanted, &event).await?;
    Ok(done(PROFILE, "mails"))
}

/// The page with why a new password was not taken.
pub(crate) async fn with_password_problem(
    app: &App,
    session: &PersonSession,
    why: String,
) -> Result<Html<String>, PageError> {
    render(&ProfilePage { password_problem: Some(why), ..page(app, session).await? })
}

/// The page with what was typed of a number, and why it was not taken.
pub(crate) async fn with_phone_problem(
    app: &App,
    session: &PersonSession,
    typed: WhatsAppChoice,
) -> Result<Html<String>, PageError> {
    render(&ProfilePage { whatsapp: Some(typed), ..page(app, session).await? })
}

async fn page(app: &App, session: &PersonSession) -> Result<ProfilePage, PageError> {
    let user = &session.user;
    let day = |at_ms| session.zone.iso_day(at_ms);
    let now_ms = app.clock.now_ms();
    let sessions = app.store.sessions_of(store::SessionUser::Portal(user.id), now_ms).await?;
    let team = app.store.team(session.client_id()).await?;
    let owners = team.into_iter().filter(|member| member.role == PortalRole::Owner && member.active);
    let preferences = app.store.mail_preferences(user.id).await?;
    Ok(ProfilePage {
        frame: frame(app, session),
        account: Account::new(session),
        email: user.email.clone(),
        role: role_words(user.role),
        since: day(user.created_at_ms),
        password_since: user.password_at_ms.map(day),
        second_factor: app.store.second_factor_since(user.id).await?.map(day),
        sessions: sessions.len(),
        mails: preferences.into_iter().map(mail_row).collect(),
        owners: owners.map(|member| member.username).collect(),
        whatsapp: whatsapp::choice(app, session).await?,
        password_problem: None,
    })
}

fn mail_row((event, wanted): (NotificationEvent, bool)) -> MailRow {
    let (title, text) = match event {
        NotificationEvent::SlaBreach => {
            ("Broken promise", "When a month of one of your links did not keep its contract.")
        }
        NotificationEvent::ReportReady => {
            ("Report ready", "When the report of a month is there, good or bad.")
        }
        NotificationEvent::LinkDown => ("Link down", "When one of your links is down, and when it is back."),
        NotificationEvent::LinkUnstable => {
            ("Link unstable", "When one of your links goes down again and again, and when it holds.")
        }
        NotificationEvent::HighLatency => {
            ("High latency", "When a link answers more slowly than was agreed.")
        }
        NotificationEvent::HighLoss => ("Packet loss", "When a link loses more packets than was agreed."),
        NotificationEvent::RouterUnreachable => {
            ("Not measured", "When the router that carries your links does not answer us.")
        }
        NotificationEvent::PollFailed => {
            ("Poll failed", "When the router that carries your links refuses our polls.")
        }
        NotificationEvent::PortMissing => {
            ("Port missing", "When the port of one of your links is not found on our router.")
        }
        NotificationEvent::ErrorBudget => {
            ("Allowed down time nearly spent", "When a link has used up most of the down time of its month.")
        }
        NotificationEvent::DiskLow => ("Disk nearly full", "When the disk of our database is nearly full."),
        NotificationEvent::ClockWrong => ("Clock wrong", "When the clock of our monitoring is wrong."),
        NotificationEvent::CollectorStalled => ("Measuring stopped", "When our own measuring stands still."),
    };
    MailRow { event: event.as_str(), title, text, wanted }
}

pub(crate) fn role_words(role: PortalRole) -> &'static str {
    match role {
        PortalRole::Owner => "Owner",
        PortalRole::Viewer => "Viewer",
    }
}
