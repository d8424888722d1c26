//! The month's traffic, round trip and loss as one drawing with a common time axis.
//!
//! Lines, areas and bands go out as SVG, which the typesetter takes in as an image; what is text stays text and is set
//! beside it.

mod axis;
mod bands;
mod columns;
mod panel;

use serde::Serialize;
use sla::Interval;

pub(crate) use self::panel::Panel;
use crate::Document;
use crate::local_time::LocalTime;

/// Width of the drawing in points, which are the units of its coordinates.
pub(crate) const WIDTH: f64 = 458.0;
/// Height of the strip of states on top.
const STRIP: f64 = 9.0;
/// Space above a panel, for its title.
const TITLE: f64 = 21.0;

/// The drawing, and what stands beside it.
#[derive(Debug, Serialize)]
pub(crate) struct Chart {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) panels: Vec<Panel>,
    /// Dates below: place and text.
    pub(crate) dates: Vec<(f64, String)>,
    /// What the drawing shows, in words.
    pub(crate) alt: String,
    #[serde(skip)]
    pub(crate) svg: String,
}

/// Where a moment stands on the time axis: the whole month, also while it is not over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    month: Interval,
}

impl Scale {
    fn x(self, at_ms: i64) -> f64 {
        let part = (at_ms - self.month.from_ms) as f64 / self.month.len_ms().max(1) as f64;
        part.clamp(0.0, 1.0) * WIDTH
    }
}

impl Chart {
    pub(crate) fn new(document: &Document<'_>, time: &LocalTime) -> Self {
        let scale = Scale { month: document.month(time) };
        let mut panels = panel::all(document, scale);
        let mut top = STRIP;
        for panel in &mut panels {
            panel.top = top + TITLE;
            top = panel.top + panel.height;
        }
        let height = top + 1.0;
        let bands = bands::bands(document, scale);
        let alt = alt(&panels);
        let svg = svg(height, &bands, &panels);
        Self { width: WIDTH, height, dates: axis::dates(scale.month, time, scale), panels, alt, svg }
    }
}

fn alt(panels: &[Panel]) -> String {
    let titles = panels.iter().map(|panel| format!("{}: {}", panel.name, panel.notes.join(", ")));
    format!(
        "Charts over the month, outages and exclusions as bands. {}.",
        titles.collect::<Vec<_>>().join(". ")
    )
}

fn svg(height: f64, bands: &[bands::Band], panels: &[Panel]) -> String {
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"><defs>{}</defs>"##,
        bands::PATTERNS
    );
    svg.push_str(&bands::strip(bands, STRIP));
    for panel in panels {
        panel.draw(&mut svg, bands);
    }
    svg.push_str("</svg>");
    svg
}
