use serde_json::{Value, json};
use store::{Client, Store};

use super::user;
use crate::{
    cli::{ClientAddArgs, ClientCommand},
    clock::now_ms,
    output::Printer,
};

pub(super) async fn run(store: &Store, command: ClientCommand, printer: &Printer) -> anyhow::Result<()> {
    match command {
        ClientCommand::Add(args) => add(store, args, printer).await,
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
    let id = store.insert_client(company.id, &args.name, now_ms()).await?;
    let Some(new) = first_user else {
        return printer
            .said(&format!("Added client {}.", args.name), &json!({ "id": id, "name": args.name }));
    };
    let user_id = store.insert_portal_user(id, &new.username, &new.email, &new.hash, now_ms()).await?;
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
