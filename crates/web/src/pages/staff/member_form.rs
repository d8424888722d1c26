//! The forms with which admins enter and change the ISP's own people.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::response::Response;
use store::{
    AuditSubject, CompanyId, NewStaffUser, STAFF_COMPANIES, Shown, StaffMember, StaffRole, StaffScope,
    StaffUserEdit, StoreError,
};

use crate::app::App;
use crate::caller::Caller;
use crate::credentials;
use crate::pages::login::USERNAME_CHARS_MAX;
use crate::pages::render;
use crate::pages::staff::edit::EditPage;
use crate::pages::staff::form::{Field, FormPage, Input, Kind, email, words};
use crate::pages::staff::{Answered, Frame, TEAM, gone_to, member_id};
use crate::staff::StaffSession;

const ROLES: &[(&str, &str)] = &[
    ("viewer", "Viewer: sees everything"),
    ("operator", "Operator: also changes clients, routers, links and exclusions"),
    ("admin", "Admin: also changes companies, notifications, webhooks and staff"),
];
const NAME_CHARS_MAX: usize = 100;
/// Ticked among the companies: all of them.
const ALL: &str = "all";

/// What the companies of a form may be: value and words. Nobody gives what is not theirs.
async fn companies(app: &App, session: &StaffSession) -> Answered<Vec<(String, String)>> {
    let found = app.store.staff_companies(&session.scope).await?;
    let all = (session.scope == StaffScope::All)
        .then(|| (ALL.to_owned(), "All companies, also those that are added later".to_owned()));
    let each = found.into_iter().map(|company| {
        let retired = if company.retired_at_ms.is_some() { " (retired)" } else { "" };
        (company.id.to_string(), format!("{}{retired}", company.name))
    });
    Ok(all.into_iter().chain(each).collect())
}

/// The companies that were ticked, which must be among those that were offered.
fn scope(input: &mut Input, offered: &[(String, String)]) -> Option<StaffScope> {
    let ticked: BTreeSet<&str> = input.value("companies").lines().map(str::trim).collect();
    let is_offered = |value: &&str| offered.iter().any(|(offered, _)| offered == value);
    let problem = if !ticked.iter().all(is_offered) {
        Some("Choose among the companies below: you can only give those that you work for yourself.")
    } else if ticked.is_empty() {
        Some("Choose at least one.")
    } else {
        None
    };
    let scope = match ticked.contains(ALL) {
        true => StaffScope::All,
        false => {
            StaffScope::Companies(ticked.iter().filter_map(|id| id.parse().ok().map(CompanyId)).collect())
        }
    };
    match problem {
        Some(why) => {
            input.fault("companies", why);
            None
        }
        None => Some(scope),
    }
}

fn role(input: &mut Input) -> Option<StaffRole> {
    input.parsed("role", |text| text.parse().map_err(|_| "Choose one.".to_owned()))
}

fn rights(input: &Input, offered: Vec<(String, String)>) -> [Field; 2] {
    [
        Field::choice(input, "role", "Role", words(ROLES)).required(),
        Field::new(input, "companies", "Works for", Kind::Ticks(offered)).required(),
    ]
}

fn name_and_address(input: &Input) -> [Field; 2] {
    [
        Field::text(input, "display_name", "Name").hint("What colleagues call this person."),
        Field::new(input, "email", "E-mail", Kind::Input("email")).required(),
    ]
}

/// `GET /staff/team/new`
pub(crate) async fn new(State(app): State<App>, session: StaffSession) -> Answered {
    let offered = companies(&app, &session).await?;
    let first = match offered.as_slice() {
        [(only, _)] => only.clone(),
        _ => String::new(),
    };
    let input = Input::of(&[("role", "viewer"), ("companies", &first)]);
    Ok(render(&new_form(&app, &session, offered, &input))?)
}

fn new_form(app: &App, session: &StaffSession, offered: Vec<(String, String)>, input: &Input) -> FormPage {
    let username = Field::text(input, "username", "User name").required();
    let mut fields = vec![username.hint("To log in with at /staff/login; case does not matter.")];
    fields.extend(name_and_address(input));
    fields.extend(rights(input, offered));
    if !app.settings.sends_mail {
        let hint = "This installation sends no mail: hand it over, and have it changed.";
        fields.push(Field::new(input, "password", "Password", Kind::Input("password")).required().hint(hint));
    }
    FormPage {
        frame: Frame::new(app, session, TEAM),
        title: "Add a staff user".to_owned(),
        back: (TEAM.to_owned(), "Staff".to_owned()),
        action: TEAM.to_owned(),
        fields,
        submit: if app.settings.sends_mail { "Send the invitation" } else { "Add the staff user" },
        note: if app.settings.sends_mail {
            "A mail leads this person to set a password, within three days."
        } else {
            ""
        },
    }
}

/// `POST /staff/team`
pub(crate) async fn add(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    mut input: Input,
) -> Answered<Response> {
    let offered = companies(&app, &session).await?;
    let username = input.text("username", USERNAME_CHARS_MAX);
    let display_name = input.optional("display_name", NAME_CHARS_MAX).unwrap_or_default();
    let address = input.parsed("email", email);
    let role = role(&mut input);
    let scope = scope(&mut input, &offered);
    let about = [username.as_str(), address.as_deref().unwrap_or_default(), &display_name];
    let hash = first_password(&app, &mut input, about).await?;
    if let (true, Some(email), Some(role), Some(scope)) = (input.is_right(), &address, role, scope) {
        let from = caller.address_text();
        let act = session.act(&from, app.clock.now_ms());
        let new = NewStaffUser {
            username: &username,
            display_name: &display_name,
            email,
            role,
            password_hash: hash.as_deref().unwrap_or(NewStaffUser::INVITED),
            scope,
        };
        match app.store.staff_add_member(&act, &new).await {
            Ok(id) => return Ok(gone_to(&format!("{TEAM}/{id}"))),
            Err(StoreError::Duplicate { taken, .. }) => input.taken("username", taken),
            Err(error) => unfit(&mut input, error)?,
        }
    }
    new_form(&app, &session, offered, &input).refused()
}

/// The hash of a password that was typed; `None`: a mail leads to one.
async fn first_password(app: &App, input: &mut Input, about: [&str; 3]) -> Answered<Option<String>> {
    let secret = input.secret("password");
    if app.settings.sends_mail {
        return Ok(None);
    }
    let Some(secret) = secret else {
        input.fault("password", "This must not be empty: no mail can lead to one.");
        return Ok(None);
    };
    if !input.is_right() {
        return Ok(None);
    }
    match credentials::new_hash(app, secret, &about).await? {
        Ok(hash) => Ok(Some(hash)),
        Err(why) => {
            input.fault("password", credentials::problem(why)?);
            Ok(None)
        }
    }
}

/// What the store refuses, at its field.
fn unfit(input: &mut Input, error: StoreError) -> Answered<()> {
    let (field, why) = match error {
        StoreError::Invalid { what: STAFF_COMPANIES, why } => ("companies", why),
        StoreError::Invalid { why, .. } => ("role", why),
        StoreError::Dangling { .. } => ("companies", "there is no such company any more".to_owned()),
        error => return Err(error.into()),
    };
    input.fault(field, format!("Not stored: {why}."));
    Ok(())
}

/// `GET /staff/team/{member}/edit`
pub(crate) async fn edit(State(app): State<App>, session: StaffSession, Path(id): Path<String>) -> Answered {
    let (member, shown) = app.store.shown_staff_member(&session.scope, member_id(&id)?).await?;
    let offered = companies(&app, &session).await?;
    Ok(render(&edit_form((&app, &session), &member, offered, shown, &stored(&member)))?)
}

fn stored(member: &StaffMember) -> Input {
    let companies = match member.all_companies {
        true => ALL.to_owned(),
        false => member.companies.iter().map(|(id, _)| id.to_string()).collect::<Vec<_>>().join("\n"),
    };
    Input::of(&[
        ("display_name", &member.display_name),
        ("email", &member.email),
        ("role", member.role.as_str()),
        ("companies", &companies),
    ])
}

fn edit_form(
    (app, session): (&App, &StaffSession),
    member: &StaffMember,
    offered: Vec<(String, String)>,
    shown: Shown,
    input: &Input,
) -> EditPage {
    let here = format!("{TEAM}/{}", member.id);
    let is_own = member.id == session.user.id;
    let mut fields = Vec::from(name_and_address(input));
    // One's own rights stand there only when somebody has sent some, with why that does not go.
    if !is_own || input.wrong("role").is_some() || input.wrong("companies").is_some() {
        fields.extend(rights(input, offered));
    }
    let form = FormPage {
        frame: Frame::new(app, session, TEAM),
        title: format!("Edit {}", member.username),
        action: format!("{here}/edit"),
        back: (here, member.username.clone()),
        fields,
        submit: "Save",
        note: if is_own {
            "Another admin changes your role and companies. A user name stays as it is."
        } else {
            "Whoever may do less than before is logged out at once. Links to set a password no longer work after a change of \
             address, role or companies. A user name stays as it is."
        },
    };
    EditPage::new(form, shown)
}

/// `POST /staff/team/{member}/edit`
pub(crate) async fn save(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
    mut input: Input,
) -> Answered<Response> {
    let (member, _) = app.store.shown_staff_member(&session.scope, member_id(&id)?).await?;
    let offered = companies(&app, &session).await?;
    let before = input.shown();
    let display_name = input.optional("display_name", NAME_CHARS_MAX).unwrap_or_default();
    let address = input.parsed("email", email);
    // The form about oneself has neither.
    let has_rights = member.id != session.user.id || input.has("role") || input.has("companies");
    let role = if has_rights { role(&mut input) } else { None };
    let scope = if has_rights { scope(&mut input, &offered) } else { None };
    if let (true, Some(email)) = (input.is_right(), &address) {
        let from = caller.address_text();
        let act = session.act(&from, app.clock.now_ms());
        let edit = StaffUserEdit {
            display_name: Some(&display_name),
            email: Some(email),
            role,
            scope,
            active: None,
        };
        match app.store.staff_edit_member(&act, (member.id, Some(&before)), &edit).await {
            Ok(()) => return Ok(gone_to(&format!("{TEAM}/{}", member.id))),
            Err(StoreError::Changed { .. }) => {
                let (member, now) = app.store.shown_staff_member(&session.scope, member.id).await?;
                let page = edit_form((&app, &session), &member, offered, now, &input);
                let company = match member.companies.as_slice() {
                    [(only, _)] if !member.all_companies => Some(*only),
                    _ => None,
                };
                let subject =
                    AuditSubject { company, kind: "staff user", id: member.id.0, name: &member.username };
                return page.overtaken((&app, &session), (subject, &before), &stored(&member)).await;
            }
            Err(error) => unfit(&mut input, error)?,
        }
    }
    edit_form((&app, &session), &member, offered, before, &input).refused()
}
