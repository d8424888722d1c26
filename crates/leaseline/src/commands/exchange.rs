//! CSV in and out.

use std::{fs, io::Write};

use anyhow::Context;
use import::{Kind, Options, Outcome, export_csv, import_csv};
use serde_json::json;
use store::{StaffAct, StaffScope, Store};

use super::{operator, password_file};
use crate::{
    cli::{ExportArgs, ImportArgs, Things},
    clock::now_ms,
    fault::wrong_use,
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
    let scope = StaffScope::All;
    let company = match &args.company {
        Some(name) => Some(super::company(store, Some(name)).await?.id),
        None => None,
    };
    let bytes = export_csv(store, &scope, kind(args.things), company, now_ms()).await?;
    match &args.output {
        Some(path) => {
            fs::write(path, &bytes).with_context(|| format!("cannot write {}", path.display()))?;
            let place = path.display().to_string();
            printer.said(&format!("Wrote {place}."), &json!({ "file": place, "bytes": bytes.len() }))
        }
        None => Ok(std::io::stdout().lock().write_all(&bytes)?),
    }
}
