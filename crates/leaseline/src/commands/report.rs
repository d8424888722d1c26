//! `report list`, and reports as files.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::Context;
use jobs::Paper;
use serde_json::{Value, json};
use store::{LIST_ROWS_MAX, ReportFilter, Store};

use super::{client_named, link_named, report_name};
use crate::{
    cli::{ReportCommand, ReportFileArgs, ReportListArgs},
    config::Config,
    moment,
    output::Printer,
};

pub(super) async fn run(
    store: &Store,
    config: &Config,
    command: ReportCommand,
    printer: &Printer,
) -> anyhow::Result<()> {
    match command {
        ReportCommand::List(args) => list(store, &args, printer).await,
        ReportCommand::Pdf(args) => file(store, config, args, Form::Pdf, printer).await,
        ReportCommand::Csv(args) => file(store, config, args, Form::Csv, printer).await,
        ReportCommand::Json(args) => file(store, config, args, Form::Json, printer).await,
    }
}

#[derive(Clone, Copy)]
enum Form {
    Pdf,
    Csv,
    Json,
}

async fn list(store: &Store, args: &ReportListArgs, printer: &Printer) -> anyhow::Result<()> {
    let client = match &args.client {
        Some(name) => Some(client_named(store, None, name).await?.id),
        None => None,
    };
    let link = match &args.link {
        Some(circuit) => Some(link_named(store, circuit).await?.id),
        None => None,
    };
    let filter =
        ReportFilter { month: args.month, link, verdict: args.verdict, latest_only: !args.revisions };
    let clients = store.clients().await?;
    let (found, _) = store.reports(client, &filter, LIST_ROWS_MAX, 0).await?;
    let rows: Vec<Value> = found
        .iter()
        .map(|report| {
            let client = clients.iter().find(|client| client.id == report.client_id);
            let mut row = json!(report);
            row["client"] = json!(client.map(|client| &client.name));
            row
        })
        .collect();
    let zone = super::any_zone(store).await?;
    let header = ["id", "circuit", "client", "month", "revision", "verdict", "availability", "made"];
    printer.list(&rows, header, |row| {
        let text = |key: &str| row[key].as_str().unwrap_or("–").to_owned();
        [
            row["id"].to_string(),
            text("circuit"),
            text("client"),
            text("month"),
            format!("{} of {}", row["revision"], row["latest_revision"]),
            row["verdict"]["overall"].as_str().unwrap_or_default().to_owned(),
            row["availability_pct"].as_str().map_or("–".to_owned(), |pct| format!("{pct} %")),
            moment::moment_words(row["created_at_ms"].as_i64().unwrap_or_default(), &zone),
        ]
    })
}

async fn file(
    store: &Store,
    config: &Config,
    args: ReportFileArgs,
    form: Form,
    printer: &Printer,
) -> anyhow::Result<()> {
    let found = report_name::find(store, &args.report).await?;
    let portal = config.public_url();
    let paper = Paper::read(store, found, portal.as_deref()).await?;
    let output = args.output.unwrap_or_else(|| match form {
        Form::Pdf => PathBuf::from(paper.file_name("pdf")),
        Form::Csv | Form::Json => PathBuf::from("-"),
    });
    let bytes = match form {
        Form::Pdf => {
            let pdf = ::report::pdf_with_notes(&paper.document())?;
            for note in &pdf.notes {
                printer.warn(&note.to_string());
            }
            pdf.bytes
        }
        Form::Csv => ::report::csv(&paper.document()),
        Form::Json => ::report::json(&paper.document()),
    };
    if output == Path::new("-") {
        return printer.bytes(&bytes);
    }
    std::fs::File::create(&output)
        .and_then(|mut file| file.write_all(&bytes))
        .with_context(|| format!("cannot write {}", output.display()))?;
    printer.said(
        &format!("Wrote {} ({} bytes).", output.display(), bytes.len()),
        &json!({ "report_id": paper.report.id, "file": output, "bytes": bytes.len() }),
    )
}
