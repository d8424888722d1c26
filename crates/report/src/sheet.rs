//! The statement for spreadsheets.

use sla::{Figures, Part, Statement, Verdict};

use crate::local_time::LocalTime;
use crate::{Document, cause_words, evidence_words};

/// Columns of the CSV form; every row has them all.
const COLUMNS: usize = 16;
/// Tells spreadsheets that the file is UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The statement as CSV (RFC 4180, UTF-8 with byte order mark), in sections.
///
/// The first column names the section: `statement`, `figures`, `parts`, `outages`, `exclusions` or `days`. The second is
/// `#` in a section's row of headings and counts its rows from 1 below it. All rows have the same number of columns. To
/// read one section, keep the rows whose first column has its name: the first of them is its header.
///
/// Times stand twice: as the zone's clocks show them (`2026-10-03 14:05:33`) and, under a name in `_ms`, as Unix
/// milliseconds. Lengths are milliseconds, rates bits per second, round trips microseconds, percentages truncated to
/// five places; rx and tx are the router's.
///
/// A cell that a spreadsheet would take for a formula (it begins with `=`, `+`, `-`, `@`, a tab or a line break and is no
/// number) has an apostrophe before it.
pub fn csv(document: &Document<'_>) -> Vec<u8> {
    let mut builder = csv::WriterBuilder::new();
    builder.terminator(csv::Terminator::CRLF);
    let mut sheet = Sheet { writer: builder.from_writer(BYTE_ORDER_MARK.to_vec()) };
    let time = LocalTime::of(document.statement);
    about(&mut sheet, document, &time);
    figures(&mut sheet, document.statement);
    parts(&mut sheet, &document.statement.parts, &time);
    outages(&mut sheet, document.statement, &time);
    exclusions(&mut sheet, document, &time);
    days(&mut sheet, document, &time);
    sheet.writer.into_inner().expect("writing to memory does not fail")
}

/// Rows of equal width.
struct Sheet {
    writer: csv::Writer<Vec<u8>>,
}

impl Sheet {
    fn section(&mut self, name: &str, headings: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
        self.row(name, "#", headings.iter().map(|&heading| heading.to_owned()));
        for (index, cells) in rows.into_iter().enumerate() {
            self.row(name, &(index + 1).to_string(), cells.into_iter().map(guarded));
        }
    }

    fn row(&mut self, name: &str, number: &str, cells: impl Iterator<Item = String>) {
        let mut row = vec![name.to_owned(), number.to_owned()];
        row.extend(cells);
        debug_assert!(row.len() <= COLUMNS, "{row:?}");
        row.resize(COLUMNS, String::new());
        self.writer.write_record(&row).expect("writing to memory does not fail");
    }
}

/// A text that spreadsheets take as it is (OWASP, "CSV injection").
fn guarded(cell: String) -> String {
    let begins = |character| {
        matches!(character, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠')
    };
    if cell.starts_with(begins) && !is_number(&cell) { format!("'{cell}") } else { cell }
}

/// `-1234` and `-12.5` are.
fn is_number(cell: &str) -> bool {
    let digits = cell.strip_prefix('-').unwrap_or(cell);
    digits.starts_with(|first: char| first.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

fn text<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn about(sheet: &mut Sheet, document: &Document<'_>, time: &LocalTime) {
    let Document { facts, statement, .. } = document;
    let pairs = [
        ("company", facts.company.clone()),
        ("client", facts.client.clone()),
        ("circuit", facts.circuit.clone()),
        ("kind", facts.kind.clone()),
        ("service_ref", text(facts.service_ref.as_ref())),
        ("site", text(facts.site.as_ref())),
        ("committed_bps", facts.committed_bps.to_string()),
        ("router", facts.router.clone()),
        ("interface", facts.interface.clone()),
        ("facing", facts.facing.as_str().to_owned()),
        ("probe_target", text(facts.probe_target.as_ref())),
        ("month", statement.month.to_string()),
        ("timezone", statement.timezone.clone()),
        ("from", time.sheet(statement.from_ms)),
        ("from_ms", statement.from_ms.to_string()),
        ("to", time.sheet(statement.to_ms)),
        ("to_ms", statement.to_ms.to_string()),
        ("so_far", statement.so_far.to_string()),
        ("revision", document.revision.to_string()),
        ("revision_reason", document.reason.to_owned()),
        ("created", time.sheet(document.created_at_ms)),
        ("created_at_ms", document.created_at_ms.to_string()),
        ("algorithm", statement.algorithm.to_string()),
        ("inputs_sha256", document.digest.to_owned()),
    ];
    let measured_from = document.measured_from_ms().map(|ms| ("measured_from", time.sheet(ms)));
    let pairs = pairs.into_iter().chain(measured_from);
    sheet.section("statement", &["name", "value"], pairs.map(|(name, value)| vec![name.to_owned(), value]));
}

fn figures(sheet: &mut Sheet, statement: &Statement) {
    let Statement { figures, experienced, .. } = statement;
    let mut pairs = named(figures);
    pairs.extend([
        ("mttr_ms", text(statement.mttr_ms)),
        ("mtbf_ms", text(statement.mtbf_ms)),
        ("longest_outage_ms", text(statement.longest_outage_ms)),
        ("experienced_up_ms", experienced.up_ms.to_string()),
        ("experienced_down_ms", experienced.down_ms.to_string()),
        ("experienced_unknown_ms", experienced.unknown_ms.to_string()),
        ("experienced_availability_pct", text(experienced.availability_pct.as_ref())),
    ]);
    pairs.extend(statement.reasons.iter().map(|reason| ("verdict_reason", reason.clone())));
    let rows = pairs.into_iter().map(|(name, value)| vec![name.to_owned(), value]);
    sheet.section("figures", &["name", "value"], rows);
}

fn named(figures: &Figures) -> Vec<(&'static str, String)> {
    let verdict = |verdict: Verdict| verdict.as_str().to_owned();
    vec![
        ("verdict_overall", verdict(figures.verdict.overall)),
        ("verdict_uptime", verdict(figures.verdict.uptime)),
        ("verdict_latency", verdict(figures.verdict.latency)),
        ("verdict_loss", verdict(figures.verdict.loss)),
        ("availability_pct", text(figures.availability_pct.as_ref())),
        ("coverage_pct", text(figures.coverage_pct.as_ref())),
        ("lower_pct", text(figures.lower_pct.as_ref())),
        ("upper_pct", text(figures.upper_pct.as_ref())),
        ("contracted_ms", figures.contracted_ms.to_string()),
        ("excluded_ms", figures.excluded_ms.to_string()),
        ("unknown_ms", figures.unknown_ms.to_string()),
        ("down_ms", figures.down_ms.to_string()),
        ("up_ms", figures.up_ms.to_string()),
        ("eligible_ms", figures.eligible_ms.to_string()),
        ("allowed_ms", text(figures.allowed_ms)),
        ("budget_left_ms", text(figures.budget_left_ms)),
        ("latency_avg_us", text(figures.latency_avg_us)),
        ("latency_p50_us", text(figures.latency_p50_us)),
        ("latency_p95_us", text(figures.latency_p95_us)),
        ("latency_p99_us", text(figures.latency_p99_us)),
        ("sent", figures.sent.to_string()),
        ("received", figures.received.to_string()),
        ("loss_pct", text(figures.loss_pct.as_ref())),
        ("p95_rx_bps", text(figures.p95_rx_bps)),
        ("p95_tx_bps", text(figures.p95_tx_bps)),
        ("rx_buckets", figures.rx_n.to_string()),
        ("tx_buckets", figures.tx_n.to_string()),
        ("expected_buckets", figures.traffic_expected_n.to_string()),
    ]
}

fn parts(sheet: &mut Sheet, parts: &[Part], time: &LocalTime) {
    const HEADINGS: [&str; 14] = [
        "from",
        "from_ms",
        "to",
        "to_ms",
        "uptime_pct",
        "latency_ms",
        "loss_pct",
        "verdict",
        "availability_pct",
        "down_ms",
        "unknown_ms",
        "excluded_ms",
        "latency_avg_us",
        "measured_loss_pct",
    ];
    let rows = parts.iter().map(|part| {
        let terms = part.terms;
        vec![
            time.sheet(part.from_ms),
            part.from_ms.to_string(),
            time.sheet(part.to_ms),
            part.to_ms.to_string(),
            text(terms.and_then(|terms| terms.uptime_pct)),
            text(terms.and_then(|terms| terms.latency_ms)),
            text(terms.and_then(|terms| terms.loss_pct)),
            part.figures.verdict.overall.to_string(),
            text(part.figures.availability_pct.as_ref()),
            part.figures.down_ms.to_string(),
            part.figures.unknown_ms.to_string(),
            part.figures.excluded_ms.to_string(),
            text(part.figures.latency_avg_us),
            text(part.figures.loss_pct.as_ref()),
        ]
    });
    sheet.section("parts", &HEADINGS, rows);
}

fn outages(sheet: &mut Sheet, statement: &Statement, time: &LocalTime) {
    const HEADINGS: [&str; 9] =
        ["from", "from_ms", "to", "to_ms", "down_ms", "excluded_ms", "cause", "cause_words", "evidence"];
    let rows = statement.outages.iter().map(|outage| {
        let cause = outage.cause.as_deref();
        vec![
            time.sheet(outage.from_ms),
            outage.from_ms.to_string(),
            text(outage.to_ms.map(|to_ms| time.sheet(to_ms))),
            text(outage.to_ms),
            outage.down_ms.to_string(),
            outage.excluded_ms.to_string(),
            text(cause),
            text(cause.map(cause_words)),
            evidence_words(&outage.evidence),
        ]
    });
    sheet.section("outages", &HEADINGS, rows);
}

fn exclusions(sheet: &mut Sheet, document: &Document<'_>, time: &LocalTime) {
    const HEADINGS: [&str; 10] = [
        "from",
        "from_ms",
        "to",
        "to_ms",
        "kind",
        "reason",
        "entered_by",
        "entered",
        "entered_at_ms",
        "after_the_fact",
    ];
    let rows = document.inputs.exclusions.iter().map(|exclusion| {
        vec![
            time.sheet(exclusion.from_ms),
            exclusion.from_ms.to_string(),
            time.sheet(exclusion.to_ms),
            exclusion.to_ms.to_string(),
            exclusion.kind.as_str().to_owned(),
            text(exclusion.reason.as_ref()),
            text(exclusion.entered_by.as_ref()),
            text(exclusion.entered_at_ms.map(|at_ms| time.sheet(at_ms))),
            text(exclusion.entered_at_ms),
            exclusion.after_the_fact().to_string(),
        ]
    });
    sheet.section("exclusions", &HEADINGS, rows);
}

fn days(sheet: &mut Sheet, document: &Document<'_>, time: &LocalTime) {
    const HEADINGS: [&str; 7] =
        ["date", "contracted_ms", "excluded_ms", "unknown_ms", "down_ms", "up_ms", "availability_pct"];
    let days = document.days(time).unwrap_or_default();
    let rows = days.iter().map(|day| {
        vec![
            day.date.to_string(),
            day.contracted_ms.to_string(),
            day.excluded_ms.to_string(),
            day.unknown_ms.to_string(),
            day.down_ms.to_string(),
            day.up_ms.to_string(),
            text(sla::percent_truncated(day.up_ms, day.up_ms + day.down_ms, 5)),
        ]
    });
    sheet.section("days", &HEADINGS, rows);
}
