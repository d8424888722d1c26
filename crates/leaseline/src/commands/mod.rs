//! What each command does. One file per noun.

mod client;
mod collect;
mod doctor;
mod init;
mod link;
mod password_file;
mod readings;
mod router;
mod user;

use store::{Client, Company, Store};

use crate::{
    cli::{Cli, Command, ConfigCommand},
    config,
    fault::wrong_use,
    installation::Installation,
    output::Printer,
    serving,
};

/// Runs one command to its end.
pub(crate) async fn run(cli: Cli) -> anyhow::Result<()> {
    let printer = Printer::new(cli.place.json);
    match cli.command {
        Command::Demo(args) => return crate::demo::run(&cli.place, args, &printer).await,
        Command::Config(ConfigCommand::Default) => return printer.text(config::DEFAULT_FILE),
        _ => {}
    }
    let installation = Installation::find(&cli.place)?;
    match cli.command {
        Command::Demo(_) | Command::Config(ConfigCommand::Default) => Ok(()),
        Command::Config(ConfigCommand::Check) => {
            printer.said("The settings are right.", &serde_json::json!({ "ok": true }))
        }
        Command::Init(args) => init::run(&installation, args, &printer).await,
        Command::Serve(args) => serving::run(&installation, args).await,
        Command::Doctor => doctor::run(&installation, &printer).await,
        Command::Collect(args) => collect::run(&installation, &args, &printer).await,
        command => {
            let store = installation.open().await?;
            let result = on_store(&store, &installation, command, &printer).await;
            store.close().await;
            result
        }
    }
}

async fn on_store(
    store: &Store,
    installation: &Installation,
    command: Command,
    printer: &Printer,
) -> anyhow::Result<()> {
    match command {
        Command::Client(command) => client::run(store, command, printer).await,
        Command::User(command) => user::run(store, command, printer).await,
        Command::Router(command) => router::run(store, &installation.config, command, printer).await,
        Command::Link(command) => link::run(store, command, printer).await,
        Command::Sample(command) => readings::samples(store, command, printer).await,
        Command::Span(command) => readings::spans(store, command, printer).await,
        _ => Ok(()),
    }
}

/// The named company, or the only one.
async fn company(store: &Store, name: Option<&str>) -> anyhow::Result<Company> {
    let mut companies = store.companies().await?;
    match name {
        Some(name) => companies
            .into_iter()
            .find(|company| company.name == name)
            .ok_or_else(|| wrong_use(format!("there is no company named {name:?}"))),
        None if companies.len() == 1 => Ok(companies.remove(0)),
        None if companies.is_empty() => Err(wrong_use("there is no company yet: run `leaseline init`")),
        None => Err(wrong_use("there are several companies: say which with --company NAME")),
    }
}

/// The named client, with a hint where to find the right name.
async fn client_named(store: &Store, name: &str) -> anyhow::Result<Client> {
    let found = store.clients().await?.into_iter().find(|client| client.name == name);
    found.ok_or_else(|| {
        wrong_use(format!("there is no client named {name:?}; `leaseline client list` shows them"))
    })
}

/// Refuses names that nobody could type or read again.
fn check_name(what: &str, name: &str) -> anyhow::Result<()> {
    const NAME_CHARS_MAX: usize = 200;
    let trouble = if name.trim().is_empty() {
        "is empty"
    } else if name.chars().count() > NAME_CHARS_MAX {
        "is longer than 200 characters"
    } else if name.chars().any(char::is_control) {
        "has a control character in it"
    } else if name.trim() != name {
        "begins or ends with a space"
    } else {
        return Ok(());
    };
    Err(wrong_use(format!("the {what} {name:?} {trouble}")))
}
