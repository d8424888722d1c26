use std::collections::BTreeSet;

use serde_json::{Value, json};
use store::{AuditEvent, Named, NewStaffUser, StaffRole, StaffScope, StaffUser, StaffUserEdit, Store};

use super::{act, company_named, operator, password_file, refused, user::check_email};
use crate::{
    cli::{StaffAddArgs, StaffCommand, StaffEditArgs, StaffRoleChoice},
    clock::now_ms,
    fault::wrong_use,
    output::Printer,
};

/// The log-in page takes no longer ones.
const USERNAME_CHARS_MAX: usize = 100;

pub(super) async fn run(store: &Store, command: StaffCommand, printer: &Printer) -> anyhow::Result<()> {
    match command {
        StaffCommand::Add(args) => add(store, args, printer).await,
        StaffCommand::List => list(store, printer).await,
        StaffCommand::Show { username } => {
            let shown = as_json(store, &named(store, &username).await?).await?;
            printer.said(words(&shown).trim_end(), &shown)
        }
        StaffCommand::Edit(args) => edit(store, args, printer).await,
        StaffCommand::Remove { username } => {
            let user = named(store, &username).await?;
            store.staff_remove_member(&act(&operator()), user.id).await.map_err(refused)?;
            printer.said(
                &format!("Removed {}, who can no longer log in.", user.username),
                &json!({ "id": user.id, "username": user.username }),
            )
        }
        StaffCommand::Password { username, password_file } => {
            let user = named(store, &username).await?;
            let hash = hash(&password_file)?;
            let told = event("password.change", &user.username, json!({}));
            store.change_staff_password(user.id, &hash, None, &told).await?;
            printer.said(
                &format!("{} has a new password.", user.username),
                &json!({ "id": user.id, "username": user.username }),
            )
        }
        StaffCommand::Link { username } => {
            let user = named(store, &username).await?;
            store.staff_send_member_link(&act(&operator()), user.id).await.map_err(refused)?;
            printer.said(
                &format!("A mail with a link to set a password is in the outbox for {}.", user.email),
                &json!({ "id": user.id, "username": user.username, "email": user.email }),
            )
        }
        StaffCommand::Recover { username } => {
            let user = named(store, &username).await?;
            let had_one = store.staff_recover_member(&act(&operator()), user.id).await.map_err(refused)?;
            let sentence = if had_one {
                format!("{} logs in with the password alone from now on.", user.username)
            } else {
                format!("{} has no second factor.", user.username)
            };
            let value = json!({ "id": user.id, "username": user.username, "had_second_factor": had_one });
            printer.said(&sentence, &value)
        }
    }
}

async fn add(store: &Store, args: StaffAddArgs, printer: &Printer) -> anyhow::Result<()> {
    super::check_name("user name", &args.username)?;
    if args.username.chars().count() > USERNAME_CHARS_MAX {
        let name = &args.username;
        return Err(wrong_use(format!(
            "the user name {name:?} is longer than {USERNAME_CHARS_MAX} characters"
        )));
    }
    check_display_name(&args.display_name)?;
    check_email(&args.email)?;
    let scope = scope(store, &args.company).await?;
    let hash = args.password_file.as_deref().map(hash).transpose()?;
    store.check_name_free(Named::StaffUser, &args.username).await.map_err(refused)?;
    let new = NewStaffUser {
        username: &args.username,
        display_name: &args.display_name,
        email: &args.email,
        role: role(args.role),
        password_hash: hash.as_deref().unwrap_or(NewStaffUser::INVITED),
        scope,
    };
    let username = args.username.trim().to_lowercase();
    let id = store.staff_add_member(&act(&operator()), &new).await.map_err(refused)?;
    let shown = as_json(store, &store.staff_user(id).await?).await?;
    let mut sentence =
        format!("Added {username}, who logs in at /staff/login as {}.", role(args.role).as_str());
    if hash.is_none() {
        let invited = " A mail with a link to set a password, good for three days, is in the outbox for ";
        sentence = format!("{sentence}{invited}{}.", new.email);
    }
    printer.said(&sentence, &shown)
}

async fn edit(store: &Store, args: StaffEditArgs, printer: &Printer) -> anyhow::Result<()> {
    let user = named(store, &args.username).await?;
    if let Some(name) = &args.display_name {
        check_display_name(name)?;
    }
    if let Some(email) = &args.email {
        check_email(email)?;
    }
    let scope = match (args.all_companies, args.company.is_empty()) {
        (true, _) => Some(StaffScope::All),
        (false, false) => Some(scope(store, &args.company).await?),
        (false, true) => None,
    };
    let edit = StaffUserEdit {
        display_name: args.display_name.as_deref(),
        email: args.email.as_deref(),
        role: args.role.map(role),
        scope,
        active: if args.disable { Some(false) } else { args.enable.then_some(true) },
    };
    store.staff_edit_member(&act(&operator()), (user.id, None), &edit).await.map_err(refused)?;
    let shown = as_json(store, &store.staff_user(user.id).await?).await?;
    printer.said(words(&shown).trim_end(), &shown)
}

async fn list(store: &Store, printer: &Printer) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for user in store.staff_users().await? {
        rows.push(as_json(store, &user).await?);
    }
    printer.list(&rows, ["username", "name", "e-mail", "role", "companies", "state"], |row| {
        let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        [text("username"), text("display_name"), text("email"), text("role"), companies(row), state(row)]
    })
}

async fn named(store: &Store, username: &str) -> anyhow::Result<StaffUser> {
    let found = store.staff_user_by_username(username).await?;
    let (user, _) = found.ok_or_else(|| {
        wrong_use(format!("there is no staff user named {username:?}; `leaseline staff list` shows them"))
    })?;
    Ok(user)
}

fn check_display_name(name: &str) -> anyhow::Result<()> {
    if name.is_empty() { Ok(()) } else { super::check_name("display name", name) }
}

/// No name: all companies.
async fn scope(store: &Store, names: &[String]) -> anyhow::Result<StaffScope> {
    if names.is_empty() {
        return Ok(StaffScope::All);
    }
    let mut ids = BTreeSet::new();
    for name in names {
        ids.insert(company_named(store, name).await?.id);
    }
    Ok(StaffScope::Companies(ids))
}

fn hash(file: &std::path::Path) -> anyhow::Result<String> {
    let password = password_file::read(file)?;
    web::check_password(&password).map_err(wrong_use)?;
    Ok(web::hash_password(&password)?)
}

fn role(choice: StaffRoleChoice) -> StaffRole {
    match choice {
        StaffRoleChoice::Admin => StaffRole::Admin,
        StaffRoleChoice::Operator => StaffRole::Operator,
        StaffRoleChoice::Viewer => StaffRole::Viewer,
    }
}

fn event(action: &str, username: &str, detail: Value) -> AuditEvent {
    AuditEvent {
        at_ms: now_ms(),
        actor: "cli".to_owned(),
        action: action.to_owned(),
        subject: format!("staff user {username}"),
        detail,
        address: None,
    }
}

async fn as_json(store: &Store, user: &StaffUser) -> anyhow::Result<Value> {
    let companies = match store.staff_scope(user.id).await? {
        StaffScope::All => json!("all"),
        StaffScope::Companies(ids) => {
            let all = store.companies().await?;
            let names = all.iter().filter(|company| ids.contains(&company.id)).map(|company| &company.name);
            json!(names.collect::<Vec<_>>())
        }
    };
    Ok(json!({
        "id": user.id, "username": user.username, "display_name": user.display_name, "email": user.email,
        "role": user.role, "companies": companies, "active": user.is_active(),
        "disabled_at_ms": user.disabled_at_ms, "second_factor": store.second_factor_since(user.id).await?.is_some(),
    }))
}

fn companies(row: &Value) -> String {
    match row["companies"].as_array() {
        None => "all".to_owned(),
        Some(names) if names.is_empty() => "none".to_owned(),
        Some(names) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
    }
}

fn state(row: &Value) -> String {
    if row["active"] == true { "can log in" } else { "cannot log in" }.to_owned()
}

fn words(shown: &Value) -> String {
    let text = |key: &str| shown[key].as_str().filter(|text| !text.is_empty()).unwrap_or("–").to_owned();
    let factor = if shown["second_factor"] == true { "on" } else { "off" }.to_owned();
    let lines = [
        ("name", text("display_name")),
        ("e-mail", text("email")),
        ("role", text("role")),
        ("companies", companies(shown)),
        ("state", state(shown)),
        ("second factor", factor),
    ];
    let lines: Vec<String> = lines.iter().map(|(name, value)| format!("  {name:<14} {value}\n")).collect();
    format!("{}\n{}", text("username"), lines.concat())
}
