use askama::Template;
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, Query, State};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use store::{AuditEvent, Invitation, PortalRole, PortalUserId, StoreError, TeamMember, TeamOutcome};

use crate::app::App;
use crate::audit;
use crate::caller::Caller;
use crate::error::PageError;
use crate::pages::account::profile::role_words;
use crate::pages::account::{Account, Said, USERS, done, frame};
use crate::pages::door::refused_form;
use crate::pages::login::USERNAME_CHARS_MAX;
use crate::pages::{Frame, render};
use crate::session::PersonSession;

const LAST_OWNER: &str = "Somebody must remain an owner who can log in: make another person an owner first.";

#[derive(Template)]
#[template(path = "users.html")]
struct UsersPage {
    frame: Frame,
    account: Account,
    rows: Vec<Row>,
    sends_mail: bool,
    username: String,
    email: String,
}

struct Row {
    id: PortalUserId,
    username: String,
    email: String,
    role: &'static str,
    access: Access,
    second_factor: bool,
    seen: Option<String>,
    is_me: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Active,
    Invited,
    Off,
}

impl Access {
    fn is_invited(self) -> bool {
        self == Self::Invited
    }

    /// May be let in, again or at all.
    fn is_off(self) -> bool {
        self != Self::Active
    }

    /// Was switched off.
    fn is_out(self) -> bool {
        self == Self::Off
    }

    fn word(self) -> &'static str {
        match self {
            Self::Active => "can log in",
            Self::Invited => "invited",
            Self::Off => "cannot log in",
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct InviteForm {
    username: String,
    email: String,
    role: String,
}

#[derive(Deserialize)]
pub(crate) struct RoleForm {
    role: String,
}

/// `GET /client/users`
pub(crate) async fn show(
    State(app): State<App>,
    session: PersonSession,
    Query(asked): Query<Said>,
) -> Result<Html<String>, PageError> {
    page(&app, &session, Account::new(&session).said(&asked), ("", "")).await
}

/// `POST /client/users`: invites a person, who sets the password by a link.
pub(crate) async fn invite(
    State(app): State<App>,
    session: PersonSession,
    caller: Caller,
    form: Result<Form<InviteForm>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(InviteForm { username, email, role }) = form.map_err(|_| PageError::BadRequest)?;
    let role = role.parse().map_err(|_| PageError::BadRequest)?;
    let username = store::without_direction_marks(&username);
    let (username, email) = (username.trim(), email.trim());
    let refused = |why: String| async {
        let account = Account::new(&session).problem(why);
        Ok(refused_form(page(&app, &session, account, (username, email)).await?))
    };
    if !app.settings.sends_mail {
        return refused("Invitations go by mail, and this portal sends none. Ask your provider.".to_owned())
            .await;
    }
    if let Some(why) = wrong_in(username, email) {
        return refused(why.to_owned()).await;
    }
    let new = Invitation { client: session.client_id(), username, email, role };
    let detail = json!({"email": email, "role": role});
    let event = about(&app, &caller, &session, "user.invite", username, detail);
    match app.store.invite(new, &event).await {
        Ok(_) => Ok(done(USERS, "invited").into_response()),
        Err(StoreError::Duplicate { .. }) => {
            refused("This user name is taken. Choose another one, for example the address.".to_owned()).await
        }
        Err(error @ StoreError::Invalid { .. }) => refused(format!("{error}.")).await,
        Err(error) => Err(error.into()),
    }
}

/// `POST /client/users/{user}/role`
pub(crate) async fn set_role(
    State(app): State<App>,
    session: PersonSession,
    caller: Caller,
    Path(user): Path<String>,
    form: Result<Form<RoleForm>, FormRejection>,
) -> Result<Response, PageError> {
    let user = member(&app, &session, &user).await?;
    let Form(RoleForm { role }) = form.map_err(|_| PageError::BadRequest)?;
    let role: PortalRole = role.parse().map_err(|_| PageError::BadRequest)?;
    let event = about(&app, &caller, &session, "user.role", &user.username, json!({"role": role}));
    let outcome = app.store.set_role(session.client_id(), user.id, role, &event).await?;
    answer(&app, &session, outcome, "role").await
}

/// `POST /client/users/{user}/off`: the person is out at once.
pub(crate) async fn switch_off(
    State(app): State<App>,
    session: PersonSession,
    caller: Caller,
    Path(user): Path<String>,
) -> Result<Response, PageError> {
    let user = member(&app, &session, &user).await?;
    let event = about(&app, &caller, &session, "user.off", &user.username, json!({}));
    let outcome = app.store.set_member_active(session.client_id(), user.id, false, &event).await?;
    answer(&app, &session, outcome, "off").await
}

/// `POST /client/users/{user}/on`: lets a person log in again; one who was invited gets a new link.
pub(crate) async fn switch_on(
    State(app): State<App>,
    session: PersonSession,
    caller: Caller,
    Path(user): Path<String>,
) -> Result<Response, PageError> {
    let user = member(&app, &session, &user).await?;
    let client = session.client_id();
    if user.has_password {
        let event = about(&app, &caller, &session, "user.on", &user.username, json!({}));
        let outcome = app.store.set_member_active(client, user.id, true, &event).await?;
        return answer(&app, &session, outcome, "on").await;
    }
    let event = about(&app, &caller, &session, "user.invite", &user.username, json!({"again": true}));
    let outcome = app.store.invite_again(client, user.id, &event).await?;
    answer(&app, &session, outcome, "invited").await
}

/// A person of this client; anybody else's is as absent as one who never was.
async fn member(app: &App, session: &PersonSession, id: &str) -> Result<TeamMember, PageError> {
    let id = id.parse().map(PortalUserId).map_err(|_| PageError::NotFound)?;
    let team = app.store.team(session.client_id()).await?;
    team.into_iter().find(|member| member.id == id).ok_or(PageError::NotFound)
}

async fn answer(
    app: &App,
    session: &PersonSession,
    outcome: TeamOutcome,
    said: &str,
) -> Result<Response, PageError> {
    match outcome {
        TeamOutcome::Done => Ok(done(USERS, said).into_response()),
        TeamOutcome::NotTheirs => Err(PageError::NotFound),
        TeamOutcome::LastOwner => {
            let account = Account::new(session).problem(LAST_OWNER);
            Ok(refused_form(page(app, session, account, ("", "")).await?))
        }
    }
}

fn about(
    app: &App,
    caller: &Caller,
    session: &PersonSession,
    action: &str,
    username: &str,
    detail: Value,
) -> AuditEvent {
    let subject = format!("portal user {}", username.to_lowercase());
    audit::event(app, caller, &session.user.username, action, subject, detail)
}

fn wrong_in(username: &str, email: &str) -> Option<&'static str> {
    let is_plain = |text: &str| !text.chars().any(|c| c.is_control() || c.is_whitespace());
    if import::field::is_blank(username)
        || username.chars().count() > USERNAME_CHARS_MAX
        || !is_plain(username)
    {
        Some("A user name has 1 to 100 letters, without spaces.")
    } else if store::email(email).is_err() {
        Some("That is not an e-mail address.")
    } else {
        None
    }
}

async fn page(
    app: &App,
    session: &PersonSession,
    account: Account,
    (username, email): (&str, &str),
) -> Result<Html<String>, PageError> {
    let team = app.store.team(session.client_id()).await?;
    let rows = team.into_iter().map(|member| Row {
        id: member.id,
        is_me: member.id == session.user.id,
        access: match (member.active, member.has_password) {
            (true, _) => Access::Active,
            (false, false) => Access::Invited,
            (false, true) => Access::Off,
        },
        username: member.username,
        email: member.email,
        role: role_words(member.role),
        second_factor: member.second_factor,
        seen: member.seen_at_ms.map(|at_ms| session.zone.iso_moment(at_ms)),
    });
    render(&UsersPage {
        frame: frame(app, session),
        account,
        rows: rows.collect(),
        sends_mail: app.settings.sends_mail,
        username: username.to_owned(),
        email: email.to_owned(),
    })
}
