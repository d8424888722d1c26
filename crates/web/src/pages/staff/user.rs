//! One person of a client, as staff see it and change it.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use secrecy::SecretString;
use store::{
    AuditSubject, ClientId, Invitation, PortalAccess, PortalRole, PortalUser, PortalUserId, Shown,
    StaffPortalUser, StoreError,
};

use crate::app::App;
use crate::caller::Caller;
use crate::credentials;
use crate::pages::login::USERNAME_CHARS_MAX;
use crate::pages::render;
use crate::pages::staff::edit::EditPage;
use crate::pages::staff::form::{Field, FormPage, Input, Kind, chosen, email, words};
use crate::pages::staff::listing::{Cell, Deed, ThingPage};
use crate::pages::staff::{Answered, CLIENTS, Frame, USERS, gone_to, refused, user_id};
use crate::staff::StaffSession;

const ROLES: &[(&str, &str)] =
    &[("owner", "Owner: also manages the client's people"), ("viewer", "Viewer: sees everything")];

/// `GET /staff/users/{user}`
pub(crate) async fn show(
    State(app): State<App>,
    session: StaffSession,
    Path(id): Path<String>,
) -> Answered<Response> {
    let user = app.store.staff_portal_user(&session.scope, user_id(&id)?).await?;
    Ok(thing(&app, &session, &user, None).await?.into_response())
}

async fn thing(
    app: &App,
    session: &StaffSession,
    user: &StaffPortalUser,
    warning: Option<String>,
) -> Answered {
    let (row, _) = app.store.shown_portal_user(&session.scope, user.id).await?;
    let zone = &session.zone;
    let facts = vec![
        ("Client", Cell::link(&user.client, format!("{CLIENTS}/{}", user.client_id))),
        ("E-mail", Cell::text(&user.email)),
        ("Role", Cell::text(user.role.as_str())),
        ("Second factor", Cell::text(if user.second_factor { "on" } else { "off" })),
        ("Entered", Cell::text(zone.iso_moment(row.created_at_ms))),
        (
            "Password changed",
            Cell::text(row.password_at_ms.map_or("–".to_owned(), |at_ms| zone.iso_moment(at_ms))),
        ),
    ];
    let page = ThingPage {
        frame: Frame::new(app, session, USERS),
        kind: "Portal user",
        title: user.username.clone(),
        pill: Some(state(user)),
        warning,
        facts,
        deeds: if session.may_edit() { deeds(app, user) } else { Vec::new() },
        letter: None,
        tables: Vec::new(),
    };
    Ok(render(&page)?)
}

fn state(user: &StaffPortalUser) -> Cell {
    match (user.active, user.has_password) {
        (true, _) => Cell::pill("up", "Can log in"),
        (false, true) => Cell::pill("none", "Cannot log in"),
        (false, false) => Cell::pill("unknown", "Has set no password yet"),
    }
}

fn deeds(app: &App, user: &StaffPortalUser) -> Vec<Deed> {
    let here = format!("{USERS}/{}", user.id);
    let mut deeds = vec![Deed::Go { to: format!("{here}/edit"), words: "Edit" }];
    if app.settings.sends_mail {
        let what = "A mail with a link to set a password. Earlier links no longer work.";
        deeds.push(Deed::fill(format!("{here}/link"), "Send a password link", what, Vec::new()));
    }
    if user.second_factor {
        let what = "For somebody who has lost phone and recovery codes: make sure that it is this person. Every \
                    session ends, and a mail tells the person.";
        deeds.push(Deed::end(format!("{here}/recover"), "Take the second factor away", what, Vec::new()));
    }
    if user.active {
        let what = "Out at once, in every browser.";
        deeds.push(Deed::end(format!("{here}/off"), "Switch off", what, Vec::new()));
    } else if !user.has_password {
        let what = "A link that is under way leads nowhere any more.";
        deeds.push(Deed::end(format!("{here}/off"), "Withdraw the invitation", what, Vec::new()));
    } else {
        deeds.push(Deed::fill(
            format!("{here}/on"),
            "Let in again",
            "With the password from before.",
            Vec::new(),
        ));
    }
    deeds
}

/// `GET /staff/users/new?client`
pub(crate) async fn new(
    State(app): State<App>,
    session: StaffSession,
    Query(asked): Query<BTreeMap<String, String>>,
) -> Answered {
    Ok(render(&new_form(&app, &session, &Input::from_query(asked).or("role", "owner")).await?)?)
}

async fn new_form(app: &App, session: &StaffSession, input: &Input) -> Answered<FormPage> {
    let clients = app.store.staff_client_choice(&session.scope, app.clock.now_ms()).await?;
    let options = clients.into_iter().map(|client| (client.id.to_string(), client.name));
    let password = Field::new(input, "password", "Password", Kind::Input("password"));
    let password = if app.settings.sends_mail {
        password.hint("Empty: a mail leads this person to set one, within three days.")
    } else {
        password.required().hint("This installation sends no mail: hand it over, and have it changed.")
    };
    Ok(FormPage {
        frame: Frame::new(app, session, USERS),
        title: "Add a portal user".to_owned(),
        back: (USERS.to_owned(), "Portal users".to_owned()),
        action: USERS.to_owned(),
        fields: vec![
            Field::choice(input, "client", "Client", options).required().choosing(),
            Field::text(input, "username", "User name")
                .required()
                .hint("Unique over all clients; case does not matter."),
            Field::new(input, "email", "E-mail", Kind::Input("email")).required(),
            Field::choice(input, "role", "Role", words(ROLES)).required(),
            password,
        ],
        submit: "Add the portal user",
        note: "",
    })
}

fn role(input: &mut Input) -> Option<PortalRole> {
    input.parsed("role", |text| text.parse().map_err(|_| "Choose one.".to_owned()))
}

/// `POST /staff/users`
pub(crate) async fn add(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    mut input: Input,
) -> Answered<Response> {
    let client = input.parsed("client", chosen).map(ClientId);
    let username = input.text("username", USERNAME_CHARS_MAX);
    let address = input.parsed("email", email);
    let role = role(&mut input);
    let secret = input.secret("password");
    if secret.is_none() && !app.settings.sends_mail {
        input.fault("password", "This must not be empty: no mail can lead to one.");
    }
    let hash = match secret.filter(|_| input.is_right()) {
        Some(secret) => {
            hashed(&app, secret, [&username, address.as_deref().unwrap_or_default()], &mut input).await?
        }
        None => None,
    };
    if let (true, Some(client), Some(email), Some(role)) = (input.is_right(), client, &address, role) {
        let from = caller.address_text();
        let act = session.act(&from, app.clock.now_ms());
        let new = Invitation { client, username: &username, email, role };
        match app.store.staff_add_portal_user(&act, new, hash.as_deref()).await {
            Ok(id) => return Ok(gone_to(&format!("{USERS}/{id}"))),
            Err(StoreError::Duplicate { taken, .. }) => input.taken("username", taken),
            Err(StoreError::NotFound { .. }) => input.fault("client", "There is no such client."),
            Err(StoreError::Invalid { why, .. }) => input.fault("client", format!("Not added: {why}.")),
            Err(error) => return Err(error.into()),
        }
    }
    new_form(&app, &session, &input).await?.refused()
}

/// The hash of a password that was typed for somebody; what is wrong with it is told at its field.
async fn hashed(
    app: &App,
    password: SecretString,
    about: [&str; 2],
    input: &mut Input,
) -> Answered<Option<String>> {
    match credentials::new_hash(app, password, &about).await? {
        Ok(hash) => Ok(Some(hash)),
        Err(why) => {
            input.fault("password", credentials::problem(why)?);
            Ok(None)
        }
    }
}

/// `GET /staff/users/{user}/edit`
pub(crate) async fn edit(State(app): State<App>, session: StaffSession, Path(id): Path<String>) -> Answered {
    let (user, shown) = app.store.shown_portal_user(&session.scope, user_id(&id)?).await?;
    Ok(render(&edit_form(&app, &session, &user, shown, &stored(&user)))?)
}

fn stored(user: &PortalUser) -> Input {
    Input::of(&[("email", &user.email), ("role", user.role.as_str())])
}

fn edit_form(app: &App, session: &StaffSession, user: &PortalUser, shown: Shown, input: &Input) -> EditPage {
    let here = format!("{USERS}/{}", user.id);
    let form = FormPage {
        frame: Frame::new(app, session, USERS),
        title: format!("Edit {}", user.username),
        action: format!("{here}/edit"),
        back: (here, user.username.clone()),
        fields: vec![
            Field::new(input, "email", "E-mail", Kind::Input("email")).required(),
            Field::choice(input, "role", "Role", words(ROLES)).required(),
        ],
        submit: "Save",
        note: "A user name stays as it is.",
    };
    EditPage::new(form, shown)
}

/// `POST /staff/users/{user}/edit`
pub(crate) async fn save(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
    mut input: Input,
) -> Answered<Response> {
    let (user, _) = app.store.shown_portal_user(&session.scope, user_id(&id)?).await?;
    let before = input.shown();
    let address = input.parsed("email", email);
    let role = role(&mut input);
    if let (true, Some(email), Some(role)) = (input.is_right(), &address, role) {
        let from = caller.address_text();
        let act = session.act(&from, app.clock.now_ms());
        match app.store.staff_edit_portal_user(&act, (user.id, &before), (email, role)).await {
            Ok(()) => return Ok(gone_to(&format!("{USERS}/{}", user.id))),
            Err(StoreError::Changed { .. }) => {
                let (user, now) = app.store.shown_portal_user(&session.scope, user.id).await?;
                let company =
                    app.store.staff_client(&session.scope, act.now_ms, user.client_id).await?.company_id;
                let page = edit_form(&app, &session, &user, now, &input);
                let subject = AuditSubject {
                    company: Some(company),
                    kind: "portal user",
                    id: user.id.0,
                    name: &user.username,
                };
                return page.overtaken((&app, &session), (subject, &before), &stored(&user)).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
    edit_form(&app, &session, &user, before, &input).refused()
}

/// `POST /staff/users/{user}/on`
pub(crate) async fn switch_on(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
) -> Answered<Response> {
    access(&app, &session, &caller, &id, PortalAccess::On).await
}

/// `POST /staff/users/{user}/off`
pub(crate) async fn switch_off(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
) -> Answered<Response> {
    access(&app, &session, &caller, &id, PortalAccess::Off).await
}

async fn access(
    app: &App,
    session: &StaffSession,
    caller: &Caller,
    id: &str,
    access: PortalAccess,
) -> Answered<Response> {
    let id = user_id(id)?;
    let from = caller.address_text();
    let act = session.act(&from, app.clock.now_ms());
    done(app, session, id, app.store.staff_set_portal_access(&act, id, access).await).await
}

/// `POST /staff/users/{user}/link`
pub(crate) async fn send_link(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
) -> Answered<Response> {
    let id = user_id(&id)?;
    let from = caller.address_text();
    let act = session.act(&from, app.clock.now_ms());
    done(&app, &session, id, app.store.staff_send_password_link(&act, id).await).await
}

/// `POST /staff/users/{user}/recover`
pub(crate) async fn recover(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
) -> Answered<Response> {
    let id = user_id(&id)?;
    let from = caller.address_text();
    let act = session.act(&from, app.clock.now_ms());
    done(&app, &session, id, app.store.staff_recover_portal_user(&act, id).await.map(|_| ())).await
}

/// Back to the person's page, with the reason if nothing was done.
async fn done(
    app: &App,
    session: &StaffSession,
    id: PortalUserId,
    outcome: Result<(), StoreError>,
) -> Answered<Response> {
    match outcome {
        Ok(()) => Ok(gone_to(&format!("{USERS}/{id}"))),
        Err(StoreError::Invalid { why, .. }) => {
            let user = app.store.staff_portal_user(&session.scope, id).await?;
            let page = thing(app, session, &user, Some(format!("Nothing is changed: {why}."))).await?;
            Ok(refused(page))
        }
        Err(error) => Err(error.into()),
    }
}
