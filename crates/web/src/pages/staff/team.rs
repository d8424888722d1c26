//! The ISP's own people, for admins. One who works for some companies sees those who work for no other.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use store::{StaffMember, StaffUserEdit, StaffUserId, StoreError};

use crate::app::App;
use crate::caller::Caller;
use crate::pages::render;
use crate::pages::staff::listing::{Asked, Cell, Deed, ListPage, Table, ThingPage};
use crate::pages::staff::{ACCOUNT, AUDIT, Answered, Frame, TEAM, gone_to, member_id, refused};
use crate::staff::StaffSession;

const HEAD: &[&str] = &["User name", "Role", "Works for", "State", "Second factor"];

/// `GET /staff/team?q&page`
pub(crate) async fn list(
    State(app): State<App>,
    session: StaffSession,
    Query(asked): Query<Asked>,
) -> Answered {
    let found = app.store.staff_members(&session.scope, asked.ask()).await?;
    let rows = found.rows.iter().map(|member| row(&session, member)).collect();
    let table = Table { title: "Staff", head: HEAD, rows, none: "Nobody is found.", more: None };
    let page = ListPage::new(Frame::new(&app, &session, TEAM), "Staff", &asked, found.total, table);
    let page = page.searched("User name, name or e-mail");
    Ok(render(&page.with_add(session.is_admin(), "/staff/team/new", "Add a staff user"))?)
}

fn row(session: &StaffSession, member: &StaffMember) -> Vec<Cell> {
    let names = if member.display_name.is_empty() {
        member.email.clone()
    } else {
        format!("{}, {}", member.display_name, member.email)
    };
    let state = match (member.disabled_at_ms, member.has_password) {
        (Some(at_ms), _) => format!("off since {}", session.zone.iso_day(at_ms)),
        (None, true) => "can log in".to_owned(),
        (None, false) => "has set no password yet".to_owned(),
    };
    vec![
        Cell::link(&member.username, format!("{TEAM}/{}", member.id)).sub(names),
        Cell::text(member.role.as_str()),
        Cell::text(member.works_for()),
        Cell::text(state),
        Cell::text(if member.second_factor { "on" } else { "off" }),
    ]
}

/// `GET /staff/team/{member}`
pub(crate) async fn show(
    State(app): State<App>,
    session: StaffSession,
    Path(id): Path<String>,
) -> Answered<Response> {
    let member = app.store.staff_member(&session.scope, member_id(&id)?).await?;
    Ok(thing(&app, &session, &member, None)?.into_response())
}

fn thing(app: &App, session: &StaffSession, member: &StaffMember, warning: Option<String>) -> Answered {
    let zone = &session.zone;
    let moment = |at_ms: Option<i64>| at_ms.map_or("–".to_owned(), |at_ms| zone.iso_moment(at_ms));
    let name = if member.display_name.is_empty() { "–" } else { &member.display_name };
    let facts = vec![
        ("Name", Cell::text(name)),
        ("E-mail", Cell::text(&member.email)),
        ("Role", Cell::text(member.role.as_str())),
        ("Works for", Cell::text(member.works_for())),
        ("Second factor", Cell::text(if member.second_factor { "on" } else { "off" })),
        ("Entered", Cell::text(zone.iso_moment(member.created_at_ms))),
        ("Password changed", Cell::text(moment(member.password_at_ms))),
        ("Seen last", Cell::text(moment(member.seen_at_ms))),
    ];
    let page = ThingPage {
        frame: Frame::new(app, session, TEAM),
        kind: "Staff user",
        title: member.username.clone(),
        pill: Some(state(member)),
        warning,
        facts,
        deeds: deeds(app, session, member),
        letter: None,
        tables: Vec::new(),
    };
    Ok(render(&page)?)
}

fn state(member: &StaffMember) -> Cell {
    match (member.disabled_at_ms, member.has_password) {
        (Some(_), _) => Cell::pill("none", "Cannot log in"),
        (None, true) => Cell::pill("up", "Can log in"),
        (None, false) => Cell::pill("unknown", "Has set no password yet"),
    }
}

fn deeds(app: &App, session: &StaffSession, member: &StaffMember) -> Vec<Deed> {
    let here = format!("{TEAM}/{}", member.id);
    let did = format!(
        "{AUDIT}?q=staff%3A{}",
        form_urlencoded::byte_serialize(member.username.as_bytes()).collect::<String>()
    );
    let mut deeds = vec![Deed::Go { to: format!("{here}/edit"), words: "Edit" }];
    if member.id == session.user.id {
        deeds.push(Deed::Go { to: ACCOUNT.to_owned(), words: "Password and second factor" });
        return deeds;
    }
    deeds.push(Deed::Go { to: did, words: "Audit log" });
    let is_active = member.disabled_at_ms.is_none();
    if app.settings.sends_mail && is_active {
        let (words, what) = if member.has_password {
            ("Send a password link", "A mail with a link to set a password. Earlier links no longer work.")
        } else {
            ("Invite again", "A mail with a link to set the first password. Earlier links no longer work.")
        };
        deeds.push(Deed::fill(format!("{here}/link"), words, what, Vec::new()));
    }
    if member.second_factor {
        let what = "For somebody who has lost phone and recovery codes: make sure that it is this person. Every session ends.";
        deeds.push(Deed::end(format!("{here}/recover"), "Take the second factor away", what, Vec::new()));
    }
    if is_active {
        let what = "Out at once, in every browser. Links to set a password no longer work.";
        deeds.push(Deed::end(format!("{here}/off"), "Switch off", what, Vec::new()));
    } else {
        let what =
            if member.has_password { "With the password from before." } else { "Then send an invitation." };
        deeds.push(Deed::fill(format!("{here}/on"), "Let in again", what, Vec::new()));
    }
    let what = "For good, with password and second factor. The audit log goes on naming what this person did. \
                Whoever may come back is switched off instead.";
    deeds.push(Deed::end(format!("{here}/remove"), "Remove", what, Vec::new()));
    deeds
}

/// `POST /staff/team/{member}/on`
pub(crate) async fn switch_on(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
) -> Answered<Response> {
    access(&app, &session, &caller, &id, true).await
}

/// `POST /staff/team/{member}/off`
pub(crate) async fn switch_off(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
) -> Answered<Response> {
    access(&app, &session, &caller, &id, false).await
}

async fn access(
    app: &App,
    session: &StaffSession,
    caller: &Caller,
    id: &str,
    active: bool,
) -> Answered<Response> {
    let id = member_id(id)?;
    let from = caller.address_text();
    let act = session.act(&from, app.clock.now_ms());
    let edit = StaffUserEdit { active: Some(active), ..StaffUserEdit::default() };
    done(app, session, id, app.store.staff_edit_member(&act, (id, None), &edit).await).await
}

/// `POST /staff/team/{member}/link`
pub(crate) async fn send_link(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
) -> Answered<Response> {
    let id = member_id(&id)?;
    let from = caller.address_text();
    let act = session.act(&from, app.clock.now_ms());
    done(&app, &session, id, app.store.staff_send_member_link(&act, id).await).await
}

/// `POST /staff/team/{member}/recover`
pub(crate) async fn recover(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
) -> Answered<Response> {
    let id = member_id(&id)?;
    let from = caller.address_text();
    let act = session.act(&from, app.clock.now_ms());
    done(&app, &session, id, app.store.staff_recover_member(&act, id).await.map(|_| ())).await
}

/// `POST /staff/team/{member}/remove`
pub(crate) async fn remove(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
) -> Answered<Response> {
    let id = member_id(&id)?;
    let from = caller.address_text();
    let act = session.act(&from, app.clock.now_ms());
    match app.store.staff_remove_member(&act, id).await {
        Ok(()) => Ok(gone_to(TEAM)),
        refused => done(&app, &session, id, refused).await,
    }
}

/// Back to the person's page, with the reason if nothing was done.
async fn done(
    app: &App,
    session: &StaffSession,
    id: StaffUserId,
    outcome: Result<(), StoreError>,
) -> Answered<Response> {
    match outcome {
        Ok(()) => Ok(gone_to(&format!("{TEAM}/{id}"))),
        Err(StoreError::Invalid { why, .. }) => {
            let member = app.store.staff_member(&session.scope, id).await?;
            Ok(refused(thing(app, session, &member, Some(format!("Nothing is changed: {why}.")))?))
        }
        Err(error) => Err(error.into()),
    }
}
