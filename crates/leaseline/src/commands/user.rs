use std::path::Path;

use serde_json::json;
use store::{
    AuditEvent, Invitation, Named, PortalAccess, PortalRole, PortalUser, SessionUser, StaffScope, Store,
};

use super::{act, operator, password_file, refused};
use crate::{
    cli::{RoleChoice, UserCommand},
    clock::now_ms,
    fault::wrong_use,
    output::Printer,
};

pub(super) async fn run(store: &Store, command: UserCommand, printer: &Printer) -> anyhow::Result<()> {
    match command {
        UserCommand::Add { client, company, username, email, role, password_file } => {
            let client = super::client_in_use(store, company.as_deref(), &client).await?;
            let new = checked(store, username, email, &password_file).await?;
            let role = portal_role(role);
            let (name, by) = (new.username.as_str(), operator());
            let user = Invitation { client: client.id, username: name, email: &new.email, role };
            let id = store.staff_add_portal_user(&act(&by), user, Some(&new.hash)).await.map_err(refused)?;
            printer.said(
                &format!("Added {name}, who logs in at /client/login and sees what is {}'s.", client.name),
                &json!({ "id": id, "username": name, "client": client.name, "role": role }),
            )
        }
        UserCommand::Password { username, password_file } => {
            let user = named(store, &username).await?;
            let password = password_file::read(&password_file)?;
            web::check_password(&password).map_err(wrong_use)?;
            let hash = web::hash_password(&password)?;
            store.change_password(user.id, &hash, None, &event("password.change", &user)).await?;
            printer.said(
                &format!("{username} has a new password."),
                &json!({ "id": user.id, "username": username }),
            )
        }
        UserCommand::ResetSecondFactor { username } => {
            let user = named(store, &username).await?;
            let had_one = store.delete_second_factor(user.id, &event("second_factor.off", &user)).await?;
            store.delete_sessions_of(SessionUser::Portal(user.id)).await?;
            let words = if had_one {
                format!("{username} logs in with the password alone from now on.")
            } else {
                format!("{username} has no second factor.")
            };
            printer
                .said(&words, &json!({ "id": user.id, "username": username, "had_second_factor": had_one }))
        }
        UserCommand::Edit { username, email, role } => edit(store, &username, (email, role), printer).await,
        UserCommand::Disable { username } => access(store, &username, PortalAccess::Off, printer).await,
        UserCommand::Enable { username } => access(store, &username, PortalAccess::On, printer).await,
        UserCommand::Link { username } => {
            let user = named(store, &username).await?;
            store.staff_send_password_link(&act(&operator()), user.id).await.map_err(refused)?;
            let words = format!("A mail with a link to set a password is in the outbox for {}.", user.email);
            printer.said(&words, &json!({ "id": user.id, "username": username, "email": user.email }))
        }
        UserCommand::List => {
            let clients = store.clients().await?;
            let users = store.portal_users().await?;
            let client_of = |user: &PortalUser| {
                clients.iter().find(|client| client.id == user.client_id).map(|client| &client.name)
            };
            let row = |user: &PortalUser| {
                json!({
                    "id": user.id, "client": client_of(user), "username": user.username, "email": user.email,
                    "role": user.role, "active": user.active,
                })
            };
            let rows: Vec<_> = users.iter().map(row).collect();
            let cell = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
            printer.list(&rows, ["username", "client", "email", "role"], |row| {
                [cell(row, "username"), cell(row, "client"), cell(row, "email"), cell(row, "role")]
            })
        }
    }
}

fn portal_role(choice: RoleChoice) -> PortalRole {
    match choice {
        RoleChoice::Owner => PortalRole::Owner,
        RoleChoice::Viewer => PortalRole::Viewer,
    }
}

async fn edit(
    store: &Store,
    username: &str,
    (email, role): (Option<String>, Option<RoleChoice>),
    printer: &Printer,
) -> anyhow::Result<()> {
    let user = named(store, username).await?;
    if let Some(email) = &email {
        check_email(email)?;
    }
    let (before, shown) = store.shown_portal_user(&StaffScope::All, user.id).await?;
    let after = (email.as_deref().unwrap_or(&before.email), role.map_or(before.role, portal_role));
    store.staff_edit_portal_user(&act(&operator()), (user.id, &shown), after).await.map_err(refused)?;
    let said = json!({ "id": user.id, "username": username, "email": after.0, "role": after.1 });
    printer.said(&format!("{username}: {}, {}.", after.0, after.1.as_str()), &said)
}

async fn access(
    store: &Store,
    username: &str,
    access: PortalAccess,
    printer: &Printer,
) -> anyhow::Result<()> {
    let user = named(store, username).await?;
    store.staff_set_portal_access(&act(&operator()), user.id, access).await.map_err(refused)?;
    let active = access == PortalAccess::On;
    let words = if active { "may log in again" } else { "may log in no longer" };
    let said = json!({ "id": user.id, "username": username, "active": active });
    printer.said(&format!("{username} {words}."), &said)
}

async fn named(store: &Store, username: &str) -> anyhow::Result<PortalUser> {
    let found = store.portal_user_by_username(username).await?;
    let (user, _) = found.ok_or_else(|| {
        wrong_use(format!("there is no user named {username:?}; `leaseline user list` shows them"))
    })?;
    Ok(user)
}

fn event(action: &str, user: &PortalUser) -> AuditEvent {
    AuditEvent {
        at_ms: now_ms(),
        actor: "cli".to_owned(),
        action: action.to_owned(),
        subject: format!("portal user {}", user.username),
        detail: json!({}),
        address: None,
    }
}

/// The log-in page takes no longer ones.
const USERNAME_CHARS_MAX: usize = 100;

/// A portal user that can be written as it is.
pub(super) struct CheckedUser {
    pub(super) username: String,
    pub(super) email: String,
    pub(super) hash: String,
}

/// Refuses a bad name, address or password, and a name that is taken.
pub(super) async fn checked(
    store: &Store,
    username: String,
    email: String,
    password_file: &Path,
) -> anyhow::Result<CheckedUser> {
    super::check_name("user name", &username)?;
    if username.chars().count() > USERNAME_CHARS_MAX {
        return Err(wrong_use(format!(
            "the user name {username:?} is longer than {USERNAME_CHARS_MAX} characters"
        )));
    }
    check_email(&email)?;
    let password = password_file::read(password_file)?;
    web::check_password(&password).map_err(wrong_use)?;
    store.check_name_free(Named::PortalUser, &username).await.map_err(refused)?;
    Ok(CheckedUser { username, email, hash: web::hash_password(&password)? })
}

/// What the mailer would refuse is refused; whether mail arrives there is seen when some is sent.
pub(super) fn check_email(email: &str) -> anyhow::Result<()> {
    store::email(email).map(drop).map_err(refused)
}
