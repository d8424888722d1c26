//! CSV in and out.

use std::{collections::BTreeMap, fs, io::Write};

use anyhow::Context;
use import::{Kind, Options, Outcome, import_csv};
use jiff::tz::TimeZone;
use serde_json::json;
use store::{Client, Company, Link, LinkTerms, Router, RouterTls, StaffAct, StaffScope, Store};

use super::{operator, password_file};
use crate::{
    cli::{ExportArgs, ImportArgs, Things},
    clock::now_ms,
    fault::wrong_use,
    moment,
    output::{Printer, table_of},
};

fn kind(things: Things) -> Kind {
    match things {
        Things::Clients => Kind::Clients,
        Things::Routers => Kind::Routers,
        Things::Links => Kind::Links,
    }
}

fn word(things: Things) -> &'static str {
    match things {
        Things::Clients => "clients",
        Things::Routers => "routers",
        Things::Links => "links",
    }
}

pub(super) fn columns(things: Things, printer: &Printer) -> anyhow::Result<()> {
    let rows: Vec<_> = kind(things)
        .columns()
        .iter()
        .map(|column| json!({ "column": column.name, "required": column.required, "about": column.about }))
        .collect();
    printer.list(&rows, ["column", "needed", "what stands in it"], |row| {
        let needed = if row["required"] == true { "yes" } else { "" };
        [row["column"].as_str(), Some(needed), row["about"].as_str()]
            .map(|text| text.unwrap_or_default().to_owned())
    })
}

pub(super) async fn import(store: &Store, args: &ImportArgs, printer: &Printer) -> anyhow::Result<()> {
    let file = fs::read(&args.file)
        .map_err(|error| wrong_use(format!("cannot read {}: {error}", args.file.display())))?;
    let options = Options {
        company: args.company.as_deref(),
        router_password: args.password_file.as_deref().map(password_file::read).transpose()?,
        dry_run: args.dry_run,
    };
    let actor = operator();
    let act = StaffAct { scope: &StaffScope::All, actor: &actor, address: None, now_ms: now_ms() };
    let outcome = import_csv(store, &act, kind(args.things), &file, &options).await?;
    told(&outcome, args, printer)
}

fn told(outcome: &Outcome, args: &ImportArgs, printer: &Printer) -> anyhow::Result<()> {
    let what = word(args.things);
    if outcome.faults.is_empty() {
        let sentence = if args.dry_run {
            format!("All {} {what} are right. Nothing was written: this was a dry run.", outcome.rows)
        } else {
            format!("Entered {} {what}.", outcome.written)
        };
        return printer.said(&sentence, outcome);
    }
    if printer.is_json() {
        printer.said("", outcome)?;
    } else {
        let rows: Vec<[String; 3]> = outcome
            .faults
            .iter()
            .map(|fault| [fault.line.to_string(), fault.column.clone(), fault.why.clone()])
            .collect();
        printer.text(&table_of(["line", "column", "what is wrong"], &rows))?;
    }
    let more = if outcome.faults.len() == import::FAULTS_MAX { " at least" } else { "" };
    Err(wrong_use(format!(
        "{} has{more} {} faults: nothing was entered",
        args.file.display(),
        outcome.faults.len()
    )))
}

pub(super) async fn export(store: &Store, args: &ExportArgs, printer: &Printer) -> anyhow::Result<()> {
    let bytes = written(store, args).await?;
    match &args.output {
        Some(path) => {
            fs::write(path, &bytes).with_context(|| format!("cannot write {}", path.display()))?;
            let place = path.display().to_string();
            printer.said(&format!("Wrote {place}."), &json!({ "file": place, "bytes": bytes.len() }))
        }
        None => Ok(std::io::stdout().lock().write_all(&bytes)?),
    }
}

/// Rows by company and name, with the columns of [`Kind::columns`].
async fn written(store: &Store, args: &ExportArgs) -> anyhow::Result<Vec<u8>> {
    let companies = match &args.company {
        Some(name) => vec![super::company(store, Some(name)).await?],
        None => store.companies().await?,
    };
    let columns = kind(args.things).columns();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns.iter().map(|column| column.name))?;
    let all = All::read(store).await?;
    for company in &companies {
        let rows: Vec<BTreeMap<&str, String>> = match args.things {
            Things::Clients => all.clients_of(company).map(|client| client_row(company, client)).collect(),
            Things::Routers => all.routers_of(company).map(|router| router_row(company, router)).collect(),
            Things::Links => all.link_rows(store, company).await?,
        };
        for mut row in rows {
            writer.write_record(columns.iter().map(|column| row.remove(column.name).unwrap_or_default()))?;
        }
    }
    Ok(writer.into_inner()?)
}

/// What is stored, without what is retired.
struct All {
    clients: Vec<Client>,
    routers: Vec<Router>,
}

impl All {
    async fn read(store: &Store) -> anyhow::Result<Self> {
        let mut clients = store.clients().await?;
        clients.retain(|client| client.retired_at_ms.is_none());
        let mut routers = store.routers().await?;
        routers.retain(|router| router.active);
        Ok(Self { clients, routers })
    }

    fn clients_of(&self, company: &Company) -> impl Iterator<Item = &Client> {
        self.clients.iter().filter(|client| client.company_id == company.id)
    }

    fn routers_of(&self, company: &Company) -> impl Iterator<Item = &Router> {
        self.routers.iter().filter(|router| router.company_id == company.id)
    }

    async fn link_rows(
        &self,
        store: &Store,
        company: &Company,
    ) -> anyhow::Result<Vec<BTreeMap<&'static str, String>>> {
        let zone = moment::zone(&company.timezone)?;
        let now = now_ms();
        let mut rows = Vec::new();
        for client in self.clients_of(company) {
            let terms = store.terms_for_client(client.id).await?;
            for link in store.links_of_client(client.id).await? {
                let router = self.routers.iter().find(|router| router.id == link.router_id);
                let (Some(router), None) = (router, link.terminated_at_ms) else { continue };
                let mut in_force =
                    terms.iter().filter(|terms| terms.link_id == link.id && terms.valid_from_ms <= now);
                rows.push(link_row((company, client, router), &link, in_force.next_back(), &zone));
            }
        }
        Ok(rows)
    }
}

fn client_row(company: &Company, client: &Client) -> BTreeMap<&'static str, String> {
    BTreeMap::from([("name", client.name.clone()), ("company", company.name.clone())])
}

fn router_row(company: &Company, router: &Router) -> BTreeMap<&'static str, String> {
    let tls = match &router.tls {
        RouterTls::Off => "off".to_owned(),
        // An authority of one's own does not fit into a cell.
        RouterTls::System | RouterTls::CaPem(_) => "system".to_owned(),
        RouterTls::Pinned(digest) => format!("pin:{}", digest.map(|byte| format!("{byte:02x}")).concat()),
    };
    BTreeMap::from([
        ("name", router.name.clone()),
        ("address", router.address.clone()),
        ("username", router.username.clone()),
        ("port", router.port.to_string()),
        ("tls", tls),
        ("company", company.name.clone()),
    ])
}

fn link_row(
    (company, client, router): (&Company, &Client, &Router),
    link: &Link,
    terms: Option<&LinkTerms>,
    zone: &TimeZone,
) -> BTreeMap<&'static str, String> {
    let figure =
        |of: fn(&LinkTerms) -> &Option<String>| terms.and_then(|terms| of(terms).clone()).unwrap_or_default();
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let down_when = match terms.map(|terms| terms.down_when) {
        Some(store::DownWhen::InterfaceOrNoAnswer) => "no-answer",
        _ => "interface",
    };
    BTreeMap::from([
        ("circuit", link.circuit.clone()),
        ("client", client.name.clone()),
        ("router", router.name.clone()),
        ("interface", link.interface.clone()),
        ("type", link.kind.clone()),
        ("committed_mbps", mbps(link.committed_bps)),
        ("activated", moment::moment_words(link.activated_at_ms, zone)[..10].to_owned()),
        ("uptime", figure(|terms| &terms.uptime_pct)),
        ("latency_ms", figure(|terms| &terms.latency_ms)),
        ("loss_pct", figure(|terms| &terms.loss_pct)),
        ("down_when", down_when.to_owned()),
        ("probe_target", text(&link.probe_target)),
        ("facing", link.facing.as_str().to_owned()),
        ("site", text(&link.site)),
        ("service_ref", text(&link.service_ref)),
        ("company", company.name.clone()),
    ])
}

/// Without a rounding error: bits per second have six places as Mbit/s.
fn mbps(bps: i64) -> String {
    let text = format!("{}.{:06}", bps / 1_000_000, bps % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn megabits_are_written_as_they_are_read() {
        for bps in [1, 2_500_000, 100_000_000, 1_234_567, 10_000_000_000_000] {
            assert_eq!(import::field::mbps(&mbps(bps)), Ok(bps));
        }
    }
}
