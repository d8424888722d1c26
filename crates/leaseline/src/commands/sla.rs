//! `sla calculate` and `sla evaluate`; the working of a report is in `explain`.

use std::{io::Read, path::Path};

use anyhow::bail;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::tz::TimeZone;
use jobs::{Close, CloseOutcome, ClosedLink, Selection};
use serde_json::{Value, json};
use sla::Month;
use store::{Company, LedgerLink, Store};

use super::{client_named, company_named, explain, link_named, operator};
use crate::{
    cli::{CalculateArgs, SlaCommand},
    clock::now_ms,
    fault::wrong_use,
    moment,
    output::{Printer, table_of},
};

/// A month of 5-minute readings of one link is about 1.5 MB of JSON.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// A time line that ends this long before now is not "so far" any more: somebody does not collect.
const STALE_MS: i64 = 15 * 60_000;

pub(super) async fn run(store: &Store, command: SlaCommand, printer: &Printer) -> anyhow::Result<()> {
    match command {
        SlaCommand::Calculate(args) => calculate(store, &args, printer).await,
        SlaCommand::Explain { report } => explain::run(store, &report, printer).await,
        SlaCommand::Evaluate { file } => evaluate(&file, printer),
    }
}

/// Judges the month that a file holds.
pub(super) fn evaluate(file: &Path, printer: &Printer) -> anyhow::Result<()> {
    let name = if file == Path::new("-") { "standard input".to_owned() } else { file.display().to_string() };
    let text = read(file).map_err(|error| wrong_use(format!("cannot read {name}: {error}")))?;
    let mut deserializer = serde_json::Deserializer::from_slice(&text);
    let inputs: sla::Inputs = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let place = error.path().to_string();
        let place = if place == "." { String::new() } else { format!("{place}: ") };
        wrong_use(format!("{name}: {place}{}", error.inner()))
    })?;
    deserializer
        .end()
        .map_err(|error| wrong_use(format!("{name}: something follows the inputs: {error}")))?;
    let statement = sla::evaluate(&inputs).map_err(|error| wrong_use(format!("{name}: {error}")))?;
    printer.bytes(format!("{}\n", serde_json::to_string_pretty(&statement)?).as_bytes())
}

fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let limit = FILE_BYTES_MAX + 1;
    if file == Path::new("-") {
        std::io::stdin().take(limit).read_to_end(&mut text)?;
    } else {
        std::fs::File::open(file)?.take(limit).read_to_end(&mut text)?;
    }
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(std::io::Error::other("it has more than 256 MB"));
    }
    Ok(text)
}

/// A company's month to judge.
struct Job {
    company: Company,
    month: Month,
    zone: TimeZone,
    links: Vec<LedgerLink>,
}

async fn calculate(store: &Store, args: &CalculateArgs, printer: &Printer) -> anyhow::Result<()> {
    let jobs = jobs(store, args).await?;
    let total: usize = jobs.iter().map(|job| job.links.len()).sum();
    if total == 0 {
        let month = jobs.first().map_or_else(String::new, |job| format!(" in {}", job.month));
        let sentence = format!("no link was under contract{month}");
        if args.link.is_some() || args.client.is_some() {
            return Err(wrong_use(format!("{sentence} of those that you name")));
        }
        return printer.list(&[] as &[Value], COLUMNS, |_| COLUMNS.map(str::to_owned));
    }
    let by = operator();
    // Drawn on a terminal only; in a pipe the table says it all.
    let bar = ProgressBar::new(total as u64).with_style(
        ProgressStyle::with_template("judging {bar:40} {pos}/{len} links {elapsed} {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let mut rows = Vec::with_capacity(total);
    for job in jobs {
        let reason = args.reason.as_deref();
        let clients = job.links.iter().map(|link| link.client.id).collect();
        let close = Close { month: job.month, reason, by: &by, tell: !args.no_mail };
        let result = jobs::close_month(store, job.links, &close, now_ms(), |closed| {
            bar.inc(1);
            rows.push(row(&closed, job.month, &job.zone));
        });
        match result.await {
            Err(jobs::CloseError::NotBegun(month)) => {
                return Err(wrong_use(format!("{month} has not begun yet")));
            }
            result => result?,
        }
        // What was closed by hand is announced at once, whatever else of the month is still open.
        let by_hand = jobs::ClosedByHand { month: job.month, clients };
        jobs::announce(store, &job.company, &by_hand, now_ms()).await?;
    }
    bar.finish_and_clear();
    print(&rows, printer)?;
    match rows.iter().filter(|row| row["outcome"] == "failed").count() {
        0 => Ok(()),
        count => bail!(
            "{count} of {total} links could not be judged: their inputs contradict each other, see above"
        ),
    }
}

/// What to judge, by company: each has its own zone, and so its own last month.
async fn jobs(store: &Store, args: &CalculateArgs) -> anyhow::Result<Vec<Job>> {
    let mut selection = Selection::default();
    if let Some(name) = &args.client {
        selection.client = Some(client_named(store, None, name).await?.id);
    }
    if let Some(name) = &args.link {
        selection.link = Some(link_named(store, name).await?.id);
    }
    let companies = match &args.company {
        Some(name) => vec![company_named(store, name).await?],
        None => store.companies().await?,
    };
    let mut jobs = Vec::new();
    for company in companies {
        let zone = moment::zone(&company.timezone)?;
        let month = match args.month {
            Some(month) => month,
            None => last_month(&company, &zone)?,
        };
        let of_company = Selection { company: Some(company.id), ..selection };
        let links = jobs::links_of_month(store, month, &of_company).await?;
        jobs.push(Job { company, month, zone, links });
    }
    Ok(jobs)
}

/// The month before the present one, by the company's clock.
fn last_month(company: &Company, zone: &TimeZone) -> anyhow::Result<Month> {
    let this_month = Month::containing(now_ms(), zone)
        .and_then(|month| month.interval(zone))
        .map_err(|error| anyhow::anyhow!("company {}: {error}", company.name))?;
    Ok(Month::containing(this_month.from_ms - 1, zone)?)
}

fn row(closed: &ClosedLink, month: Month, zone: &TimeZone) -> Value {
    let (outcome, revision) = match &closed.outcome {
        CloseOutcome::SoFar => ("so_far", None),
        CloseOutcome::First(_) => ("first", Some(1)),
        CloseOutcome::Revised(_, revision) => ("revised", Some(*revision)),
        CloseOutcome::Unchanged(_) => ("unchanged", None),
        CloseOutcome::Failed(_) => ("failed", None),
    };
    let mut row = json!({
        "circuit": closed.link.link.circuit, "client": closed.link.client.name, "company": closed.link.company.name,
        "month": month, "outcome": outcome, "revision": revision, "report_id": closed.outcome.report(),
        "line_end_ms": closed.link.line_end_ms, "provisional": false, "warning": null,
    });
    if let CloseOutcome::Failed(why) = &closed.outcome {
        row["error"] = json!(why);
    }
    if let Some(statement) = &closed.statement {
        row["from_ms"] = json!(statement.from_ms);
        row["to_ms"] = json!(statement.to_ms);
        row["so_far"] = json!(statement.so_far);
        row["reasons"] = json!(statement.reasons);
        row["outages"] = json!(statement.outages.len());
        if let (Value::Object(row), Ok(Value::Object(figures))) =
            (&mut row, serde_json::to_value(&statement.figures))
        {
            row.extend(figures);
        }
        let lag_ms = statement.to_ms - closed.link.line_end_ms.unwrap_or(i64::MIN / 2);
        let is_behind = if statement.so_far { lag_ms > STALE_MS } else { closed.is_provisional() };
        if is_behind {
            row["provisional"] = json!(true);
            row["warning"] = json!(warning(closed.link.line_end_ms, zone));
        }
    }
    row
}

fn warning(line_end_ms: Option<i64>, zone: &TimeZone) -> String {
    match line_end_ms {
        Some(end_ms) => format!(
            "its time line ends at {}: what comes in later may change this",
            moment::moment_words(end_ms, zone)
        ),
        None => "it was never looked at".to_owned(),
    }
}

const COLUMNS: [&str; 9] = [
    "circuit",
    "client",
    "month",
    "verdict",
    "availability",
    "down",
    "budget remaining",
    "unknown",
    "report",
];

fn print(rows: &[Value], printer: &Printer) -> anyhow::Result<()> {
    if printer.is_json() {
        return printer.list(rows, COLUMNS, |_| COLUMNS.map(str::to_owned));
    }
    let cells: Vec<[String; 9]> = rows.iter().map(cells).collect();
    let mut text = table_of(COLUMNS, &cells);
    for row in rows {
        let circuit = row["circuit"].as_str().unwrap_or_default();
        let reasons = row["reasons"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let others = [&row["warning"], &row["error"]].into_iter().filter_map(|value| value.as_str());
        for sentence in reasons.chain(others) {
            text += &format!("{circuit}: {sentence}\n");
        }
    }
    printer.text(&text)
}

/// What is left of the downtime that the whole month allows: `3 h 24 m of 3 h 36 m`, or by how much it is exceeded.
fn budget_remaining(row: &Value) -> String {
    let (Some(left_ms), Some(allowed_ms)) = (row["budget_left_ms"].as_i64(), row["allowed_ms"].as_i64())
    else {
        return "–".to_owned();
    };
    match left_ms {
        ..0 => format!("exceeded by {}", report::duration_words(-left_ms)),
        _ => format!("{} of {}", report::duration_words(left_ms), report::duration_words(allowed_ms)),
    }
}

fn cells(row: &Value) -> [String; 9] {
    let text = |key: &str| row[key].as_str().unwrap_or("–").to_owned();
    let length = |key: &str| row[key].as_i64().map_or("–".to_owned(), report::duration_words);
    let availability = row["availability_pct"].as_str().map_or("–".to_owned(), |pct| format!("{pct} %"));
    let verdict = row["verdict"]["overall"].as_str().unwrap_or("–").to_owned();
    let id = &row["report_id"];
    let outcome = match row["outcome"].as_str().unwrap_or_default() {
        "so_far" => "so far, not stored".to_owned(),
        "first" => format!("{id}, first"),
        "revised" => format!("{id}, revision {}", row["revision"]),
        "unchanged" => format!("{id}, unchanged"),
        _ => "failed".to_owned(),
    };
    [
        text("circuit"),
        text("client"),
        text("month"),
        verdict,
        availability,
        length("down_ms"),
        budget_remaining(row),
        length("unknown_ms"),
        outcome,
    ]
}
