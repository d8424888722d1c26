//! `sla explain`: how each figure of a report came about, from its frozen inputs.

use jiff::tz::TimeZone;
use jobs::Paper;
use sla::{Inputs, Interval, Part, Statement};
use store::Store;

use super::{pieces::pieces, report_name};
use crate::{
    moment,
    output::{Printer, table_of},
};

pub(super) async fn run(store: &Store, name: &str, printer: &Printer) -> anyhow::Result<()> {
    let report = report_name::find(store, name).await?;
    let paper = Paper::read(store, report, None).await?;
    if printer.is_json() {
        return printer.bytes(format!("{}\n", serde_json::to_string_pretty(paper.inputs())?).as_bytes());
    }
    let zone = moment::zone(&paper.report.statement.timezone)?;
    printer.text(&Working { paper: &paper, zone }.text())
}

/// A report, and the zone in which its times are told.
struct Working<'a> {
    paper: &'a Paper,
    zone: TimeZone,
}

impl Working<'_> {
    fn text(&self) -> String {
        [
            self.head(),
            self.contracted(),
            self.exclusions(),
            self.time_line(),
            self.parts(),
            self.traffic(),
            self.outages(),
            self.verdict(),
        ]
        .join("\n")
    }

    fn inputs(&self) -> &Inputs {
        self.paper.inputs()
    }

    fn statement(&self) -> &Statement {
        &self.paper.report.statement
    }

    fn at(&self, at_ms: i64) -> String {
        moment::moment_words(at_ms, &self.zone)
    }

    /// The month's part under contract.
    fn contract(&self) -> Interval {
        let active = self.inputs().active;
        let statement = self.statement();
        Interval::new(statement.from_ms, statement.to_ms)
            .intersect(Interval::new(active.from_ms, active.to_ms.unwrap_or(i64::MAX)))
    }

    fn head(&self) -> String {
        let report = &self.paper.report;
        let facts = self.paper.facts();
        let mut text = format!(
            "Report {}: {}, {}, revision {}, made {} by {}\n",
            report.id,
            facts.circuit,
            report.month,
            report.revision,
            self.at(report.created_at_ms),
            report.created_by
        );
        if !report.reason.is_empty() {
            text += &format!("Reason of this revision: {}\n", report.reason);
        }
        let site = facts.site.as_ref().map_or(String::new(), |site| format!(" at {site}"));
        let target = facts.probe_target.as_ref().map_or(String::new(), |target| format!(", pings {target}"));
        text += &format!(
            "{}: {} {}{site}, measured at {} {}{target}; sold by {}\n",
            facts.client,
            facts.kind,
            ::report::rate_words(facts.committed_bps),
            facts.router,
            facts.interface,
            facts.company
        );
        let again = match sla::evaluate(self.inputs()) {
            Ok(again) if again == report.statement => "evaluated again just now: the same figures",
            Ok(_) => "EVALUATED AGAIN JUST NOW: OTHER FIGURES (made by other rules?)",
            Err(_) => "CANNOT BE EVALUATED AGAIN",
        };
        let digest = if self.inputs().digest() == report.digest { "" } else { " DOES NOT MATCH" };
        text + &format!(
            "Inputs: SHA-256 {}{digest}; rules: version {}; {again}\n",
            report.digest, report.algorithm
        )
    }

    fn contracted(&self) -> String {
        let statement = self.statement();
        let active = self.inputs().active;
        let month = Interval::new(statement.from_ms, statement.to_ms);
        let end = active.to_ms.map_or("open".to_owned(), |to_ms| self.at(to_ms));
        let so_far = if statement.so_far { " (so far)" } else { "" };
        let line = |name: &str, from: &str, to: &str, length: &str| {
            format!("  {name:<15} {from:<27} {to:<27} {length}\n")
        };
        let contract = self.contract();
        format!("1. Contracted time, {}{so_far}\n", statement.timezone)
            + &line("month", &self.at(month.from_ms), &self.at(month.to_ms), &length(month.len_ms()))
            + &line("under contract", &self.at(active.from_ms), &end, "")
            + &line(
                "both",
                &self.at(contract.from_ms),
                &self.at(contract.to_ms),
                &length(statement.figures.contracted_ms),
            )
    }

    fn exclusions(&self) -> String {
        let contract = self.contract();
        let rows: Vec<[String; 7]> = self
            .inputs()
            .exclusions
            .iter()
            .map(|exclusion| {
                let inside = contract.intersect(Interval::new(exclusion.from_ms, exclusion.to_ms));
                let late = if exclusion.after_the_fact() { " (after the fact)" } else { "" };
                let entered = exclusion.entered_at_ms.map_or("–".to_owned(), |at_ms| self.at(at_ms) + late);
                [
                    self.at(exclusion.from_ms),
                    self.at(exclusion.to_ms),
                    exclusion.kind.words().to_owned(),
                    length(inside.len_ms()),
                    exclusion.entered_by.clone().unwrap_or_else(|| "–".to_owned()),
                    entered,
                    exclusion.reason.clone().unwrap_or_default(),
                ]
            })
            .collect();
        let header = ["from", "to", "kind", "of the contract", "entered by", "entered", "reason"];
        format!(
            "2. Exclusions\n{}  counted once where they overlap: {}\n",
            indented(&table_of(header, &rows)),
            length(self.statement().figures.excluded_ms)
        )
    }

    fn time_line(&self) -> String {
        let pieces = pieces(self.inputs(), self.contract());
        let rows: Vec<[String; 7]> = pieces
            .iter()
            .map(|piece| {
                let counts_ms = piece.contracted.len_ms() - piece.excluded_ms;
                [
                    self.at(piece.at.from_ms),
                    self.at(piece.at.to_ms),
                    piece.state.to_string(),
                    piece.cause.clone(),
                    length(piece.contracted.len_ms()),
                    length(piece.excluded_ms),
                    length(counts_ms),
                ]
            })
            .collect();
        let header = ["from", "to", "state", "cause", "of the contract", "of it excluded", "counts"];
        let figures = &self.statement().figures;
        let buckets = [
            ("contracted", figures.contracted_ms),
            ("excluded", figures.excluded_ms),
            ("unknown", figures.unknown_ms),
            ("down", figures.down_ms),
            ("up", figures.up_ms),
            ("eligible", figures.eligible_ms),
        ];
        let buckets: String = buckets
            .iter()
            .map(|(name, ms)| format!("  {name:<11} {:>14} ms  {}\n", ms, words(*ms)))
            .collect();
        let pct =
            |pct: &Option<String>| pct.as_ref().map_or("no figure".to_owned(), |pct| format!("{pct} %"));
        format!("3. Time line\n{}", indented(&table_of(header, &rows)))
            + &format!(
                "\n4. Totals: contracted = excluded + unknown + down + up; eligible = down + up\n{buckets}"
            )
            + &format!(
                "  availability = up / eligible = {} / {} = {}\n  coverage = eligible / (contracted − excluded) = {}\n  \
                 between {} (unknown taken as down) and {} (as up)\n  as the customer saw it, nothing excluded: {}\n",
                figures.up_ms,
                figures.eligible_ms,
                pct(&figures.availability_pct),
                pct(&figures.coverage_pct),
                pct(&figures.lower_pct),
                pct(&figures.upper_pct),
                pct(&self.statement().experienced.availability_pct)
            )
    }

    fn parts(&self) -> String {
        let parts: String = self.statement().parts.iter().map(|part| self.part(part)).collect();
        let figures = &self.statement().figures;
        let month = match figures.allowed_ms {
            None => "  the month: no uptime is promised\n".to_owned(),
            Some(allowed_ms) => format!(
                "  the month: {} allowed, the sum of the stretches'; down {}, down and unknown {} → uptime {}\n",
                length(allowed_ms),
                length(figures.down_ms),
                length(figures.down_ms + figures.unknown_ms),
                figures.verdict.uptime
            ),
        };
        format!("5. Objectives, stretch by stretch under one set of terms\n{parts}{month}")
    }

    fn part(&self, part: &Part) -> String {
        let figures = &part.figures;
        let mut text = format!("  {} to {}\n", self.at(part.from_ms), self.at(part.to_ms));
        let Some(terms) = part.terms else { return text + "    no terms\n" };
        if let (Some(target), Some(allowed_ms)) = (terms.uptime_pct, figures.allowed_ms) {
            text += &format!(
                "    uptime {target} %: (100 − {target}) % of ({} − {}) ms = {} allowed; down {}, unknown {}\n",
                figures.contracted_ms,
                figures.excluded_ms,
                length(allowed_ms),
                length(figures.down_ms),
                length(figures.unknown_ms)
            );
        }
        let probes = match figures.sent {
            0 => "no probe in eligible up time".to_owned(),
            sent => format!("{sent} echoes sent, {} answered in eligible up time", figures.received),
        };
        if let Some(target) = terms.loss_pct {
            let loss =
                figures.loss_pct.as_ref().map_or(String::new(), |pct| format!(", lost / sent = {pct} %"));
            text += &format!("    loss {target} %: {probes}{loss} → {}\n", figures.verdict.loss);
        }
        if let Some(target) = terms.latency_ms {
            let mean = figures
                .latency_avg_us
                .map_or(probes, |us| format!("mean of {} answers {}", figures.received, milliseconds(us)));
            text += &format!("    latency {target} ms: {mean} → {}\n", figures.verdict.latency);
        }
        text
    }

    fn traffic(&self) -> String {
        let figures = &self.statement().figures;
        let line = |name: &str, n: i64, p95: Option<i64>| {
            let rank = (n * 95 + 99) / 100;
            let value = p95.map_or("no figure".to_owned(), ::report::rate_words);
            format!(
                "  {name}: {n} of {} buckets have a rate; rank ⌈95 · {n} / 100⌉ = {rank} from below: {value}\n",
                figures.traffic_expected_n
            )
        };
        let percentile = |us: Option<i64>| us.map_or("–".to_owned(), milliseconds);
        format!(
            "6. Percentiles\n{}{}  latency: median {}, 95th {}, 99th {}, weighted by answers\n",
            line("received", figures.rx_n, figures.p95_rx_bps),
            line("sent", figures.tx_n, figures.p95_tx_bps),
            percentile(figures.latency_p50_us),
            percentile(figures.latency_p95_us),
            percentile(figures.latency_p99_us)
        )
    }

    fn outages(&self) -> String {
        let statement = self.statement();
        let rows: Vec<[String; 6]> = statement
            .outages
            .iter()
            .map(|outage| {
                [
                    self.at(outage.from_ms),
                    outage.to_ms.map_or("goes on".to_owned(), |to_ms| self.at(to_ms)),
                    length(outage.down_ms),
                    length(outage.excluded_ms),
                    outage.cause.as_deref().map_or("–", ::report::cause_words).to_owned(),
                    if outage.evidence.is_null() { String::new() } else { outage.evidence.to_string() },
                ]
            })
            .collect();
        let header = ["from", "to", "down", "excluded", "cause", "evidence"];
        let mean = |ms: Option<i64>| ms.map_or("–".to_owned(), length);
        format!(
            "7. Outages\n{}  mean time to repair {}, mean time between failures {}, the longest {}\n",
            indented(&table_of(header, &rows)),
            mean(statement.mttr_ms),
            mean(statement.mtbf_ms),
            mean(statement.longest_outage_ms)
        )
    }

    fn verdict(&self) -> String {
        let statement = self.statement();
        let verdict = statement.figures.verdict;
        let reasons: String = statement.reasons.iter().map(|reason| format!("  {reason}\n")).collect();
        format!(
            "8. Verdict: {} (uptime {}, latency {}, loss {})\n{reasons}",
            verdict.overall, verdict.uptime, verdict.latency, verdict.loss
        )
    }
}

fn words(ms: i64) -> String {
    ::report::duration_words(ms)
}

/// In words, and to the millisecond.
fn length(ms: i64) -> String {
    format!("{} ({ms} ms)", words(ms))
}

fn milliseconds(us: i64) -> String {
    format!("{}.{:03} ms", us / 1_000, us % 1_000)
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}
