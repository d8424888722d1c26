//! What each command does. One file per noun.

mod alert;
mod client;
mod collect;
mod company;
mod doctor;
mod doctor_security;
mod exchange;
mod exclusion;
mod explain;
mod init;
mod interface_check;
mod link;
mod link_edit;
mod link_ppp;
mod mail;
mod notification;
mod outage;
mod outbox;
pub(crate) mod password_file;
mod pieces;
mod printable;
mod readings;
mod report;
mod report_name;
mod router;
mod router_edit;
mod rule_args;
mod sla;
mod staff;
mod timeline;
mod user;
mod webhook;
mod whatsapp;

use jiff::tz::TimeZone;
use store::{Client, Company, Link, LinkId, Router, Store, StoreError};

use crate::{
    cli::{Cli, Command, ConfigCommand, ImportCommand, SlaCommand},
    config,
    fault::wrong_use,
    installation::Installation,
    moment,
    output::Printer,
    serving,
};

/// Runs one command to its end.
pub(crate) async fn run(cli: Cli) -> anyhow::Result<()> {
    let printer = Printer::new(cli.place.json);
    match cli.command {
        Command::Demo(args) => return crate::demo::run(&cli.place, args, &printer).await,
        Command::Config(ConfigCommand::Default) => return config::print_default(&printer),
        Command::Import(ImportCommand::Columns { things }) => return exchange::columns(things, &printer),
        Command::Sla(SlaCommand::Evaluate { file }) => return sla::evaluate(&file, &printer),
        _ => {}
    }
    let installation = Installation::find(&cli.place)?;
    match cli.command {
        Command::Demo(_) | Command::Config(ConfigCommand::Default) => Ok(()),
        Command::Config(ConfigCommand::Check) => config::check(&installation.config, &printer),
        Command::Init(args) => init::run(&installation, args, &printer).await,
        Command::Serve(args) => serving::run(&installation, args).await,
        Command::Doctor => doctor::run(&installation, &printer).await,
        Command::Collect(args) => collect::run(&installation, &args, &printer).await,
        Command::Mail(command) => mail::run(&installation.config, command, &printer).await,
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
        Command::Staff(command) => staff::run(store, command, printer).await,
        Command::Router(command) => router::run(store, &installation.config, command, printer).await,
        Command::Link(command) => link::run(store, &installation.config, command, printer).await,
        Command::Sample(command) => readings::samples(store, command, printer).await,
        Command::Span(command) => readings::spans(store, command, printer).await,
        Command::Company(command) => company::run(store, command, printer).await,
        Command::Timeline(command) => timeline::run(store, command, printer).await,
        Command::Sla(command) => sla::run(store, command, printer).await,
        Command::Exclusion(command) => exclusion::run(store, command, printer).await,
        Command::Report(command) => report::run(store, &installation.config, command, printer).await,
        Command::Alert(command) => alert::run(store, command, printer).await,
        Command::Outage(command) => outage::run(store, command, printer).await,
        Command::Notification(command) => notification::run(store, command, printer).await,
        Command::Import(ImportCommand::Csv(args)) => exchange::import(store, &args, printer).await,
        Command::Export(args) => exchange::export(store, &args, printer).await,
        Command::Webhook(command) => webhook::run(store, &installation.config, command, printer).await,
        Command::WhatsApp(command) => whatsapp::run(store, &installation.config, command, printer).await,
        Command::Outbox(command) => outbox::run(store, &installation.config, command, printer).await,
        _ => Ok(()),
    }
}

/// The named company, or the only one.
async fn company(store: &Store, name: Option<&str>) -> anyhow::Result<Company> {
    if let Some(name) = name {
        return company_named(store, name).await;
    }
    let mut companies = store.companies().await?;
    match companies.len() {
        1 => Ok(companies.remove(0)),
        0 => Err(wrong_use("there is no company yet: run `leaseline init`")),
        _ => Err(wrong_use("there are several companies: say which by its name")),
    }
}

async fn company_named(store: &Store, name: &str) -> anyhow::Result<Company> {
    let found = store.company_by_name(name).await?;
    found.ok_or_else(|| {
        wrong_use(format!("there is no company named {name:?}; `leaseline company list` shows them"))
    })
}

/// The named client, with a hint where to find the right name; two companies may each have one of that name.
async fn client_named(store: &Store, company: Option<&str>, name: &str) -> anyhow::Result<Client> {
    let company = match company {
        Some(company) => Some(company_named(store, company).await?.id),
        None => None,
    };
    store.client_by_name(company, name).await?.ok_or_else(|| {
        wrong_use(format!("there is no client named {name:?}; `leaseline client list` shows them"))
    })
}

/// [`client_named`], for somebody or something new: one that is retired gets neither.
async fn client_in_use(store: &Store, company: Option<&str>, name: &str) -> anyhow::Result<Client> {
    let client = client_named(store, company, name).await?;
    if client.retired_at_ms.is_some() {
        return Err(wrong_use(format!("the client {name:?} is retired")));
    }
    Ok(client)
}

async fn router_named(store: &Store, name: &str) -> anyhow::Result<Router> {
    store.router_by_name(name).await?.ok_or_else(|| {
        wrong_use(format!("there is no router named {name:?}; `leaseline router list` shows them"))
    })
}

/// The link of that circuit id.
async fn link_by_circuit(store: &Store, circuit: &str) -> anyhow::Result<Link> {
    store.link_by_circuit(circuit).await?.ok_or_else(|| {
        wrong_use(format!(
            "there is no link with the circuit id {circuit:?}; `leaseline link list` shows them"
        ))
    })
}

/// The link of that circuit id or, where no circuit is called that, of that number.
async fn link_named(store: &Store, text: &str) -> anyhow::Result<Link> {
    if let (None, Ok(id)) = (store.link_by_circuit(text).await?, text.parse()) {
        match store.link(LinkId(id)).await {
            Err(StoreError::NotFound { .. }) => {}
            found => return Ok(found?),
        }
    }
    link_by_circuit(store, text).await
}

/// The zone of the company that sells a link.
async fn zone_of_link(store: &Store, link: &Link) -> anyhow::Result<TimeZone> {
    let client = store.client(link.client_id).await?;
    moment::zone(&store.company(client.company_id).await?.timezone)
}

/// The zone in which a list over everything shows its times: that of the companies, if they have but one.
async fn any_zone(store: &Store) -> anyhow::Result<TimeZone> {
    let companies = store.companies().await?;
    match companies.split_first() {
        Some((first, rest)) if rest.iter().all(|other| other.timezone == first.timezone) => {
            moment::zone(&first.timezone)
        }
        _ => Ok(TimeZone::UTC),
    }
}

/// Who sits at this terminal, as far as the system says.
fn operator() -> String {
    let variables = ["SUDO_USER", "USER", "LOGNAME"];
    let name = variables.iter().find_map(|name| std::env::var(name).ok().filter(|name| !name.is_empty()));
    name.unwrap_or_else(|| "cli".to_owned())
}

/// A change that somebody makes here and now; whoever has the installation at hand may change all of it.
fn act(by: &str) -> store::StaffAct<'_> {
    static ALL: store::StaffScope = store::StaffScope::All;
    store::StaffAct { scope: &ALL, actor: by, address: None, now_ms: crate::clock::now_ms() }
}

/// What the store refuses is wrong use: the words say what to do.
fn refused(error: StoreError) -> anyhow::Error {
    match error {
        StoreError::Invalid { .. } | StoreError::Duplicate { .. } => wrong_use(error),
        other => other.into(),
    }
}

/// Refuses names that nobody could type or read again.
fn check_name(what: &str, name: &str) -> anyhow::Result<()> {
    const NAME_CHARS_MAX: usize = 200;
    let trouble = if import::field::is_blank(name) {
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
