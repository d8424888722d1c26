//! `sample list` and `span list`.

use serde_json::{Value, json};
use store::{Link, Sample, Span, Store};

use crate::{
    cli::{RangeArgs, SampleCommand, SpanCommand},
    fault::wrong_use,
    moment,
    output::Printer,
};

pub(super) async fn samples(
    store: &Store,
    SampleCommand::List(range): SampleCommand,
    printer: &Printer,
) -> anyhow::Result<()> {
    let (link, zone, from_ms, to_ms) = resolve(store, &range).await?;
    let mut rows: Vec<Value> = Vec::new();
    store
        .samples_each(link.id, from_ms, to_ms, |sample| rows.push(sample_json(&link.circuit, &sample)))
        .await?;
    let header = ["time", "state", "rx", "tx", "sent", "received", "round trip"];
    printer.list(&rows, header, |row| {
        let rate = |key: &str| row[key].as_i64().map_or("–".to_owned(), report::rate_words);
        let count = |key: &str| row[key].as_i64().map_or("–".to_owned(), |count| count.to_string());
        let rtt = row["rtt_avg_us"]
            .as_i64()
            .map_or("–".to_owned(), |us| format!("{}.{:03} ms", us / 1_000, us % 1_000));
        let state = row["state"].as_str().unwrap_or_default().to_owned();
        [
            time(row, "at_ms", &zone),
            state,
            rate("rx_bps"),
            rate("tx_bps"),
            count("sent"),
            count("received"),
            rtt,
        ]
    })
}

pub(super) async fn spans(
    store: &Store,
    SpanCommand::List(range): SpanCommand,
    printer: &Printer,
) -> anyhow::Result<()> {
    let (link, zone, from_ms, to_ms) = resolve(store, &range).await?;
    let rows: Vec<Value> = store.spans(link.id, from_ms, to_ms).await?.iter().map(span_json).collect();
    printer.list(&rows, ["from", "to", "state", "length", "cause", "evidence"], |row| {
        let ms = |key: &str| row[key].as_i64().unwrap_or_default();
        let cause = row["cause"].as_str().map_or("–", report::cause_words).to_owned();
        let state = row["state"].as_str().unwrap_or_default().to_owned();
        let length = report::duration_words(ms("to_ms") - ms("from_ms"));
        [
            time(row, "from_ms", &zone),
            time(row, "to_ms", &zone),
            state,
            length,
            cause,
            row["evidence"].to_string(),
        ]
    })
}

/// The link, its company's zone, and the range; without `--from` and `--to` all there is.
async fn resolve(store: &Store, range: &RangeArgs) -> anyhow::Result<(Link, jiff::tz::TimeZone, i64, i64)> {
    let link = store.link_by_circuit(&range.link).await?.ok_or_else(|| {
        wrong_use(format!(
            "there is no link with the circuit id {:?}; `leaseline link list` shows them",
            range.link
        ))
    })?;
    let client = store.client(link.client_id).await?;
    let company = store.company(client.company_id).await?;
    let zone = moment::zone(&company.timezone)?;
    let from_ms = range.from.as_deref().map_or(Ok(0), |text| moment::parse_moment(text, &zone))?;
    let to_ms = range.to.as_deref().map_or(Ok(i64::MAX), |text| moment::parse_moment(text, &zone))?;
    if from_ms >= to_ms {
        return Err(wrong_use("--from must be before --to"));
    }
    Ok((link, zone, from_ms, to_ms))
}

fn time(row: &Value, key: &str, zone: &jiff::tz::TimeZone) -> String {
    moment::moment_words(row[key].as_i64().unwrap_or_default(), zone)
}

/// The public form of a sample: counters as the router served them, null where there is no figure.
fn sample_json(circuit: &str, sample: &Sample) -> Value {
    json!({
        "at_ms": sample.at_ms, "link": circuit, "state": sample.state,
        "rx_bytes": sample.rx_bytes, "tx_bytes": sample.tx_bytes,
        "rx_packets": sample.rx_packets, "tx_packets": sample.tx_packets,
        "rx_errors": sample.rx_errors, "tx_errors": sample.tx_errors,
        "rx_drops": sample.rx_drops, "tx_drops": sample.tx_drops,
        "rx_bps": sample.rx_bps, "tx_bps": sample.tx_bps,
        "sent": sample.sent, "received": sample.received,
        "rtt_min_us": sample.rtt_min_us, "rtt_avg_us": sample.rtt_avg_us, "rtt_max_us": sample.rtt_max_us,
    })
}

/// The public form of a span.
fn span_json(span: &Span) -> Value {
    json!({
        "from_ms": span.from_ms, "to_ms": span.to_ms, "state": span.state, "cause": span.cause, "evidence": span.evidence,
    })
}
