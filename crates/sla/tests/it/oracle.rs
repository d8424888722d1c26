//! The month cut at every moment that anybody names, each piece looked up in every row: slow, and hard to get wrong.
//!
//! Nothing of the crate is used but its input types: figures come out as the JSON that the statement must equal.

mod figures;
mod slices;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sla::{Decimal, Inputs, LinkState, Probe, Terms};

use figures::{millionths, number, percent, ranked, word, worst};
use slices::{Month, Slice};

/// Time by kind: excluded, unknown, down, up.
#[derive(Clone, Copy, Default)]
struct Times {
    excluded: i64,
    unknown: i64,
    down: i64,
    up: i64,
}

fn times<'a>(slices: impl Iterator<Item = &'a Slice>) -> Times {
    let mut sum = Times::default();
    for slice in slices {
        match (slice.excluded, slice.state) {
            (true, _) => sum.excluded += slice.len(),
            (_, LinkState::Unknown) => sum.unknown += slice.len(),
            (_, LinkState::Down) => sum.down += slice.len(),
            (_, LinkState::Up) => sum.up += slice.len(),
        }
    }
    sum
}

/// The figures of some contracted slices, without verdicts.
fn figures(month: &Month<'_>, slices: &[&Slice]) -> BTreeMap<&'static str, Value> {
    let times = times(slices.iter().copied());
    let inside = |at: i64| slices.iter().find(|slice| slice.from <= at && at < slice.to);
    let counted = |probe: &&Probe| {
        inside(probe.at_ms).is_some_and(|slice| slice.state == LinkState::Up && !slice.excluded)
    };
    let probes: Vec<&Probe> = month.inputs.probes.iter().filter(counted).collect();
    let sent: i64 = probes.iter().map(|probe| i64::from(probe.sent)).sum();
    let received: i64 = probes.iter().map(|probe| i64::from(probe.received)).sum();
    // A run of four answers is four readings of its mean.
    let round_trips: Vec<i64> =
        probes.iter().flat_map(|probe| (0..probe.received).filter_map(|_| probe.rtt_avg_us)).collect();
    let traffic = || month.inputs.traffic.iter().filter(|row| inside(row.at_ms).is_some());
    let rx: Vec<i64> = traffic().filter_map(|row| row.rx_bps).collect();
    let tx: Vec<i64> = traffic().filter_map(|row| row.tx_bps).collect();
    let mean = round_trips.iter().sum::<i64>().checked_div(round_trips.len() as i64);
    let base = times.unknown + times.down + times.up;
    let eligible = times.down + times.up;
    BTreeMap::from([
        ("contracted_ms", (base + times.excluded).into()),
        ("excluded_ms", times.excluded.into()),
        ("unknown_ms", times.unknown.into()),
        ("down_ms", times.down.into()),
        ("up_ms", times.up.into()),
        ("eligible_ms", eligible.into()),
        ("availability_pct", percent(times.up, eligible)),
        ("coverage_pct", percent(eligible, base)),
        ("lower_pct", percent(times.up, base)),
        ("upper_pct", percent(times.up + times.unknown, base)),
        ("sent", sent.into()),
        ("received", received.into()),
        ("loss_pct", percent(sent - received, sent)),
        ("latency_avg_us", mean.into()),
        ("latency_p50_us", ranked(round_trips.clone(), 50)),
        ("latency_p95_us", ranked(round_trips.clone(), 95)),
        ("latency_p99_us", ranked(round_trips.clone(), 99)),
        ("rx_n", rx.len().into()),
        ("tx_n", tx.len().into()),
        ("p95_rx_bps", ranked(rx, 95)),
        ("p95_tx_bps", ranked(tx, 95)),
        ("traffic_expected_n", buckets(slices).into()),
    ])
}

/// Five-minute marks, counted one by one.
fn buckets(slices: &[&Slice]) -> usize {
    let (Some(from), Some(to)) =
        (slices.first().map(|slice| slice.from), slices.last().map(|slice| slice.to))
    else {
        return 0;
    };
    let mut mark = from - from.rem_euclid(300_000);
    let mut count = 0;
    while mark < to {
        count += usize::from(mark >= from);
        mark += 300_000;
    }
    count
}

/// The uptime verdict and what is allowed: the stretches with an uptime target as far as the month has come, and the
/// whole of such stretches to its end.
fn uptime(stretches: &[(Decimal, Times)], to_the_end: &[(Decimal, Times)]) -> (&'static str, Value, Value) {
    let base = |times: &Times| times.unknown + times.down + times.up;
    let whole = 100_000_000_i128;
    let allowed: i128 = to_the_end
        .iter()
        .map(|(target, times)| (whole - millionths(*target)) * i128::from(base(times)))
        .sum();
    let down: i64 = stretches.iter().map(|(_, times)| times.down).sum();
    let unknown: i64 = stretches.iter().map(|(_, times)| times.unknown).sum();
    let none = stretches.iter().all(|(_, times)| base(times) == 0);
    let met = i128::from(down + unknown) * whole <= allowed;
    let verdict = word(none, met, i128::from(down) * whole > allowed);
    if to_the_end.is_empty() {
        return (verdict, Value::Null, Value::Null);
    }
    let allowed_ms = (allowed / whole) as i64;
    (verdict, allowed_ms.into(), (allowed_ms - down).into())
}

fn latency_and_loss(
    month: &Month<'_>,
    slices: &[&Slice],
    terms: Option<Terms>,
    running: bool,
) -> (&'static str, &'static str) {
    let times = times(slices.iter().copied());
    let known = i128::from(times.down + times.up);
    let thin = known * 10 < (known + i128::from(times.unknown)) * 9;
    let figures = figures(month, slices);
    let (sent, received) = (&figures["sent"], &figures["received"]);
    let (sent, received) = (i128::from(number(sent)), i128::from(number(received)));
    let inside =
        |at: i64| slices.iter().any(|s| s.from <= at && at < s.to && s.state == LinkState::Up && !s.excluded);
    let timed =
        || month.inputs.probes.iter().filter(|probe| inside(probe.at_ms) && probe.rtt_avg_us.is_some());
    let answers: i128 = timed().map(|probe| i128::from(probe.received)).sum();
    let total: i128 = timed()
        .map(|probe| i128::from(probe.received) * i128::from(probe.rtt_avg_us.unwrap_or_default()))
        .sum();
    let latency = terms.and_then(|terms| terms.latency_ms).map_or("none", |target| {
        let kept = total * 1_000 <= millionths(target) * answers;
        word(answers == 0, !thin && kept, !thin && !kept && !running)
    });
    let loss = terms.and_then(|terms| terms.loss_pct).map_or("none", |target| {
        let kept = (sent - received) * 100_000_000 <= millionths(target) * sent;
        word(sent == 0, !thin && kept, !thin && !kept && !running)
    });
    (latency, loss)
}

fn with_verdict(
    mut figures: BTreeMap<&'static str, Value>,
    (uptime, allowed, left): (&str, Value, Value),
    latency: &str,
    loss: &str,
) -> Value {
    let overall = worst([uptime, latency, loss].into_iter());
    figures
        .insert("verdict", json!({"uptime": uptime, "latency": latency, "loss": loss, "overall": overall}));
    figures.insert("allowed_ms", allowed);
    figures.insert("budget_left_ms", left);
    json!(figures)
}

fn outages(month: &Month<'_>, all: &[Slice]) -> Vec<Value> {
    let so_far = month.inputs.as_of_ms.is_some_and(|as_of| as_of < month.month_to);
    let listed = |index: usize| {
        let own: Vec<&Slice> = all.iter().filter(|slice| slice.outage == Some(index)).collect();
        let (from, to) = (own.first()?.from, own.last()?.to);
        let counted: Vec<&&Slice> = own.iter().filter(|slice| month.contracted(slice.from)).collect();
        let of = |excluded: bool| -> i64 {
            counted.iter().filter(|slice| slice.excluded == excluded).map(|slice| slice.len()).sum()
        };
        let goes_on = so_far && month.inputs.as_of_ms.is_some_and(|as_of| to >= as_of);
        (!counted.is_empty()).then(|| {
            json!({
                "from_ms": from, "to_ms": (!goes_on).then_some(to), "down_ms": of(false), "excluded_ms": of(true),
                "cause": month.groups[index].cause,
            })
        })
    };
    let mut outages: Vec<Value> = (0..month.groups.len()).filter_map(listed).collect();
    outages.sort_by_key(|outage| outage["from_ms"].as_i64());
    outages
}

/// What the statement must say.
pub(crate) fn expected(inputs: &Inputs) -> Value {
    let month = Month::new(inputs);
    let all = month.slices();
    let contracted: Vec<&Slice> = all.iter().filter(|slice| month.contracted(slice.from)).collect();
    let stretches: Vec<&[&Slice]> =
        contracted.chunk_by(|a, b| month.terms(a.from) == month.terms(b.from)).collect();
    let ended = Inputs { as_of_ms: None, ..inputs.clone() };
    let whole_month = Month::new(&ended);
    let whole = whole_month.slices();
    let whole: Vec<&Slice> = whole.iter().filter(|slice| whole_month.contracted(slice.from)).collect();
    let whole: Vec<&[&Slice]> = whole.chunk_by(|a, b| month.terms(a.from) == month.terms(b.from)).collect();
    let promises = |slices: &[&Slice]| {
        let target = month.terms(slices[0].from)?.uptime_pct?;
        Some((target, times(slices.iter().copied())))
    };
    let all_promised: Vec<_> = whole.iter().filter_map(|slices| promises(slices)).collect();
    let mut promised = Vec::new();
    let parts: Vec<Value> = stretches
        .iter()
        .map(|slices| {
            let terms = month.terms(slices[0].from);
            let own: Vec<_> = promises(slices).into_iter().collect();
            promised.extend(own.iter().copied());
            let stretch =
                whole.iter().find(|whole| whole[0].from == slices[0].from).expect("the same beginning");
            let running = stretch[stretch.len() - 1].to > slices[slices.len() - 1].to;
            let (latency, loss) = latency_and_loss(&month, slices, terms, running);
            let to_its_end: Vec<_> = promises(stretch).into_iter().collect();
            let mut part = with_verdict(figures(&month, slices), uptime(&own, &to_its_end), latency, loss);
            part["from_ms"] = slices[0].from.into();
            part["to_ms"] = slices[slices.len() - 1].to.into();
            part["terms"] = json!(terms);
            part
        })
        .collect();
    let worst_of =
        |objective: &str| worst(parts.iter().filter_map(|part| part["verdict"][objective].as_str()));
    let (latency, loss) = (worst_of("latency"), worst_of("loss"));
    let mut statement =
        with_verdict(figures(&month, &contracted), uptime(&promised, &all_promised), latency, loss);
    let outages = outages(&month, &all);
    let counted = || outages.iter().filter(|outage| outage["down_ms"] != 0);
    let down_ms = |outage: &Value| number(&outage["down_ms"]);
    let ended = || counted().filter(|outage| outage["to_ms"].as_i64().is_some_and(|to_ms| to_ms != month.to));
    statement["mttr_ms"] = ended().map(down_ms).sum::<i64>().checked_div(ended().count() as i64).into();
    statement["mtbf_ms"] = number(&statement["up_ms"]).checked_div(counted().count() as i64).into();
    statement["longest_outage_ms"] = counted().map(down_ms).max().into();
    let seen = |state| contracted.iter().filter(|s| s.state == state).map(|s| s.len()).sum::<i64>();
    let (up, down) = (seen(LinkState::Up), seen(LinkState::Down));
    statement["experienced"] = json!({
        "up_ms": up, "down_ms": down, "unknown_ms": seen(LinkState::Unknown), "availability_pct": percent(up, up + down),
    });
    statement["so_far"] = (month.to < month.month_to).into();
    statement["from_ms"] = month.from.into();
    statement["to_ms"] = month.to.max(month.from).into();
    statement["outages"] = outages.into();
    statement["parts"] = parts.into();
    statement
}
