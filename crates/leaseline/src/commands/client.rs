use serde_json::{Value, json};
use store::{Client, Invitation, PortalRole, StaffScope, Store};

use super::{act, operator, refused, user};
use crate::{
    cli::{ClientAddArgs, ClientCommand},
    output::Printer,
};

pub(super) async fn run(store: &Store, command: ClientCommand, printer: &Printer) -> anyhow::Result<()> {
    match command {
        ClientCommand::Add(args) => add(store, args, printer).await,
        ClientCommand::Edit { client, company, name } => {
            super::check_name("client name", &name)?;
            let client = super::client_in_use(store, company.as_deref(), &client).await?;
            let (_, shown) = store.shown_client(&StaffScope::All, client.id).await?;
            store
                .staff_rename_client(&act(&operator()), (client.id, &shown), &name)
                .await
                .map_err(refused)?;
            let words = format!("{} is called {name} now.", client.name);
            printer.said(&words, &json!({ "id": client.id, "name": name }))
        }
        ClientCommand::Retire { client, company } => {
            let client = super::client_in_use(store, company.as_deref(), &client).await?;
            store.staff_retire_client(&act(&operator()), client.id).await.map_err(refused)?;
            let words = format!("{} is retired; its people are out.", client.name);
            printer.said(&words, &json!({ "id": client.id, "name": client.name }))
        }
        ClientCommand::List => {
            let clients = store.clients().await?;
            let rows: Vec<_> = clients.iter().map(as_json).collect();
            printer.list(&rows, ["id", "name"], |row| [row["id"].to_string(), text(&row["name"])])
        }
    }
}

async fn add(store: &Store, args: ClientAddArgs, printer: &Printer) -> anyhow::Result<()> {
    super::check_name("client name", &args.name)?;
    let company = super::company(store, args.company.as_deref()).await?;
    // The user is checked before the client is written, so that a mistake leaves neither.
    let first_user = match (args.username, args.email, args.password_file) {
        (Some(username), Some(email), Some(file)) => {
            Some(user::checked(store, username, email, &file).await?)
        }
        _ => None,
    };
    let by = operator();
    let id = store.staff_add_client(&act(&by), company.id, &args.name).await.map_err(refused)?;
    let Some(new) = first_user else {
        return printer
            .said(&format!("Added client {}.", args.name), &json!({ "id": id, "name": args.name }));
    };
    let user = Invitation { client: id, username: &new.username, email: &new.email, role: PortalRole::Owner };
    let user_id = store.staff_add_portal_user(&act(&by), user, Some(&new.hash)).await.map_err(refused)?;
    printer.said(
        &format!("Added client {} and {}, who logs in at /client/login.", args.name, new.username),
        &json!({ "id": id, "name": args.name, "user_id": user_id, "username": new.username }),
    )
}

fn as_json(client: &Client) -> Value {
    json!({
        "id": client.id, "name": client.name, "created_at_ms": client.created_at_ms,
        "retired_at_ms": client.retired_at_ms,
    })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
