use std::fmt::Write as _;

use serde::Serialize;
use sla::{Decimal, Figures, Interval, Terms};

use super::columns::{Column, DAY_MS, HOUR_MS, columns, runs};
use super::{Scale, WIDTH, axis, bands};
use crate::view::words;
use crate::{Document, rate_words};

/// Millionths of a percent in a whole.
const WHOLE: i64 = 100_000_000;

/// One series over the month.
#[derive(Debug, Serialize)]
pub(crate) struct Panel {
    pub(crate) name: &'static str,
    /// `p95 62.1 Mbit/s`, and so on.
    pub(crate) notes: Vec<String>,
    /// Where its area begins and how high it is, points from the top of the drawing.
    pub(crate) top: f64,
    pub(crate) height: f64,
    /// Values on the left: place and text.
    pub(crate) ticks: Vec<(f64, String)>,
    /// The colour of its line.
    pub(crate) colour: &'static str,
    /// It has a committed value, drawn as a dashed line.
    pub(crate) committed: Option<String>,
    /// It has a p95, drawn as a dotted line.
    pub(crate) p95: bool,
    #[serde(skip)]
    paths: String,
}

/// What a panel is drawn from.
struct Series<'a> {
    name: &'static str,
    colour: &'static str,
    height: f64,
    columns: Vec<Option<Column>>,
    /// The mean of each column as a bar, not as a line.
    bars: bool,
    notes: Vec<String>,
    /// Committed values: from where to where, and how much.
    committed: Vec<(f64, f64, i64)>,
    committed_words: Option<String>,
    p95: Option<i64>,
    /// The least top of the axis.
    top_min: i64,
    tick_words: &'a dyn Fn(i64) -> String,
}

/// Download, upload, round trip and loss.
pub(super) fn all(document: &Document<'_>, scale: Scale) -> Vec<Panel> {
    let [download, upload] = traffic(document, scale);
    vec![download, upload, round_trip(document, scale), loss(document, scale)]
}

fn traffic(document: &Document<'_>, scale: Scale) -> [Panel; 2] {
    let (facts, inputs, figures) = (document.facts, document.inputs, &document.statement.figures);
    let facing = facts.facing;
    let inside = document.contracted();
    let rows = || inputs.traffic.iter().filter(move |row| holds(inside, row.at_ms));
    let rx = rows().filter_map(|row| Some((row.at_ms, row.rx_bps?, 1)));
    let tx = rows().filter_map(|row| Some((row.at_ms, row.tx_bps?, 1)));
    let (download, upload) =
        facing.download_upload(columns(scale.month, HOUR_MS, rx), columns(scale.month, HOUR_MS, tx));
    let (down_p95, up_p95) = facing.download_upload(figures.p95_rx_bps, figures.p95_tx_bps);
    let (down_n, up_n) = facing.download_upload(figures.rx_n, figures.tx_n);
    let highest = |columns: &[Option<Column>]| columns.iter().flatten().map(|column| column.max).max();
    let top_min = highest(&download).max(highest(&upload)).unwrap_or(0).max(facts.committed_bps);
    let series = |name, colour, columns: Vec<Option<Column>>, p95: Option<i64>, n: i64| {
        let mut notes: Vec<String> = p95.iter().map(|&bps| format!("p95 {}", rate_words(bps))).collect();
        notes.extend(highest(&columns).map(|bps| format!("highest {}", rate_words(bps))));
        notes.push(readings(n, figures));
        Panel::new(Series {
            name,
            colour,
            height: 68.0,
            columns,
            bars: false,
            notes,
            committed: vec![(0.0, WIDTH, facts.committed_bps)],
            committed_words: Some(format!("committed {}", rate_words(facts.committed_bps))),
            p95,
            top_min,
            tick_words: &rate_tick,
        })
    };
    [
        series("Download", "#0f6f9c", download, down_p95, down_n),
        series("Upload", "#a4487a", upload, up_p95, up_n),
    ]
}

/// `50 Mbit/s`: ticks are whole numbers of their prefix.
fn rate_tick(bps: i64) -> String {
    rate_words(bps).replace(".00 ", " ").replace(".0 ", " ")
}

/// Whether a moment is one of an interval.
fn holds(interval: Interval, at_ms: i64) -> bool {
    (interval.from_ms..interval.to_ms).contains(&at_ms)
}

fn readings(n: i64, figures: &Figures) -> String {
    format!("{} of {} readings", words::count(n), words::count(figures.traffic_expected_n))
}

fn round_trip(document: &Document<'_>, scale: Scale) -> Panel {
    let figures = &document.statement.figures;
    let inside = document.contracted();
    let probes =
        document.inputs.probes.iter().filter(|probe| probe.received > 0 && holds(inside, probe.at_ms));
    let answers =
        probes.filter_map(|probe| Some((probe.at_ms, probe.rtt_avg_us?, i64::from(probe.received))));
    let notes =
        [("mean", figures.latency_avg_us), ("p95", figures.latency_p95_us), ("p99", figures.latency_p99_us)];
    let notes = notes.iter().filter_map(|(name, us)| Some(format!("{name} {}", words::latency((*us)?))));
    // Millionths of a millisecond are thousandths of a microsecond.
    let (committed, committed_words) = promised(document, scale, |terms| terms.latency_ms, 1_000, "ms");
    Panel::new(Series {
        name: "Round trip",
        colour: "#0f5f6b",
        height: 58.0,
        columns: columns(scale.month, HOUR_MS, answers),
        bars: false,
        notes: notes.collect(),
        committed,
        committed_words,
        p95: figures.latency_p95_us,
        top_min: 1_000,
        tick_words: &|us| format!("{} ms", us as f64 / 1_000.0),
    })
}

fn loss(document: &Document<'_>, scale: Scale) -> Panel {
    let figures = &document.statement.figures;
    let inside = document.contracted();
    let probes = document.inputs.probes.iter().filter(|probe| probe.sent > 0 && holds(inside, probe.at_ms));
    let lost = probes.map(|probe| {
        let (sent, received) = (i64::from(probe.sent), i64::from(probe.received));
        (probe.at_ms, (sent - received).max(0) * WHOLE / sent, sent)
    });
    let (committed, committed_words) = promised(document, scale, |terms| terms.loss_pct, 1, "%");
    let notes = figures.loss_pct.as_ref().map(|pct| words::percent(pct, None));
    Panel::new(Series {
        name: "Loss, day by day",
        colour: "#b3261e",
        height: 34.0,
        // By day, so that one lost echo of five is no peak of 20 %.
        columns: columns(scale.month, DAY_MS, lost),
        bars: true,
        notes: notes.into_iter().collect(),
        committed,
        committed_words,
        p95: None,
        top_min: 1_000_000,
        tick_words: &|millionths| format!("{} %", millionths as f64 / 1_000_000.0),
    })
}

/// An objective over the stretches in which it held, in the unit of its panel.
fn promised(
    document: &Document<'_>,
    scale: Scale,
    of: fn(&Terms) -> Option<Decimal>,
    millionths: i64,
    unit: &str,
) -> (Vec<(f64, f64, i64)>, Option<String>) {
    let parts = document.statement.parts.iter();
    let parts = parts.filter_map(|part| Some((part, part.terms.as_ref().and_then(of)?)));
    let lines: Vec<_> = parts
        .clone()
        .map(|(part, target)| (scale.x(part.from_ms), scale.x(part.to_ms), target.millionths() / millionths))
        .collect();
    let mut targets: Vec<String> = parts.map(|(_, target)| target.to_string()).collect();
    targets.dedup();
    let words = (!targets.is_empty()).then(|| format!("objective {} {unit}", targets.join(", then ")));
    (lines, words)
}

impl Panel {
    fn new(series: Series<'_>) -> Self {
        let peak = |column: &Column| if series.bars { column.mean() } else { column.max };
        let highest = series.columns.iter().flatten().map(peak);
        let committed = series.committed.iter().map(|&(_, _, value)| value);
        let top = highest.chain(committed).chain([series.top_min]).max().unwrap_or(1).max(1);
        // A little air above the highest line.
        let top = top.saturating_add(top / 12);
        let y = |value: i64| series.height * (1.0 - (value as f64 / top as f64).clamp(0.0, 1.0));
        let ticks = axis::ticks(top).into_iter().map(|value| (y(value), (series.tick_words)(value)));
        let mut paths = String::new();
        if series.bars {
            bars(&mut paths, &series, &y);
        } else {
            curves(&mut paths, &series, &y);
        }
        for &(from, to, value) in &series.committed {
            let y = y(value);
            let _ = write!(
                paths,
                r##"<path d="M{from:.2} {y:.2}H{to:.2}" fill="none" stroke="#14212a" stroke-width="0.7" stroke-dasharray="4 2.4"/>"##
            );
        }
        if let Some(value) = series.p95 {
            let _ = write!(
                paths,
                r#"<path d="M0 {:.2}H{WIDTH}" fill="none" stroke="{}" stroke-width="0.9" stroke-dasharray="0.9 1.6"/>"#,
                y(value),
                series.colour
            );
        }
        Self {
            name: series.name,
            notes: series.notes,
            top: 0.0,
            height: series.height,
            ticks: ticks.collect(),
            colour: series.colour,
            committed: series.committed_words,
            p95: series.p95.is_some(),
            paths,
        }
    }

    /// Bands, grid, then the lines.
    pub(super) fn draw(&self, svg: &mut String, bands: &[bands::Band]) {
        let Self { top, height, .. } = self;
        bands::behind(svg, bands, *top, *height);
        let _ = write!(svg, r#"<g transform="translate(0 {top})">"#);
        for (y, _) in &self.ticks {
            let _ = write!(svg, r##"<path d="M0 {y:.2}H{WIDTH}" stroke="#c6ced3" stroke-width="0.4"/>"##);
        }
        svg.push_str(&self.paths);
        let _ = write!(svg, r##"<path d="M0 {height}H{WIDTH}" stroke="#55646e" stroke-width="0.6"/></g>"##);
    }
}

/// The mean of each column as a bar.
fn bars(paths: &mut String, series: &Series<'_>, y: &dyn Fn(i64) -> f64) {
    let width = WIDTH / series.columns.len().max(1) as f64;
    let known = series.columns.iter().enumerate().filter_map(|(index, column)| Some((index, (*column)?)));
    for (index, column) in known.filter(|(_, column)| column.mean() > 0) {
        let (x, y) = (index as f64 * width + width * 0.15, y(column.mean()));
        let _ = write!(
            paths,
            r#"<rect x="{x:.2}" y="{y:.2}" width="{:.2}" height="{:.2}" fill="{}"/>"#,
            width * 0.7,
            series.height - y,
            series.colour
        );
    }
}

/// The range of each hour as an area and its mean as a line, broken where there are no readings.
fn curves(paths: &mut String, series: &Series<'_>, y: &dyn Fn(i64) -> f64) {
    let width = WIDTH / series.columns.len().max(1) as f64;
    let colour = series.colour;
    let (mut area, mut line) = (String::new(), String::new());
    for (from, run) in runs(&series.columns) {
        // From the left edge of the first hour to the right edge of the last, so that a lonely hour is seen.
        let middle = |index: usize| (from + index) as f64 * width + width / 2.0;
        let (left, right) = (from as f64 * width, (from + run.len()) as f64 * width);
        let ends = |value: fn(&Column) -> i64| (y(value(&run[0])), y(value(&run[run.len() - 1])));
        let points = |text: &mut String, value: fn(&Column) -> i64, back: bool| {
            let mut add = |index: usize| {
                let _ = write!(text, "L{:.2} {:.2}", middle(index), y(value(&run[index])));
            };
            if back { (0..run.len()).rev().for_each(&mut add) } else { (0..run.len()).for_each(&mut add) }
        };
        let (first, last) = ends(|column| column.max);
        let _ = write!(area, "M{left:.2} {first:.2}");
        points(&mut area, |column| column.max, false);
        let _ = write!(area, "L{right:.2} {last:.2}");
        let (first, last) = ends(|column| column.min);
        let _ = write!(area, "L{right:.2} {last:.2}");
        points(&mut area, |column| column.min, true);
        let _ = write!(area, "L{left:.2} {first:.2}Z");
        let (first, last) = ends(Column::mean);
        let _ = write!(line, "M{left:.2} {first:.2}");
        points(&mut line, Column::mean, false);
        let _ = write!(line, "L{right:.2} {last:.2}");
    }
    if line.is_empty() {
        return;
    }
    let _ = write!(
        paths,
        r#"<path d="{area}" fill="{colour}" fill-opacity="0.28"/><path d="{line}" fill="none" stroke="{colour}" stroke-width="0.75" stroke-linejoin="round"/>"#
    );
}
