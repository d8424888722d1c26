use std::fmt::Write as _;

use sla::{Interval, LinkState};

use super::Scale;
use crate::Document;

/// A band is never narrower, points: twenty seconds of a month are there to be seen.
const WIDTH_MIN: f64 = 0.6;

/// Hatches: state is never colour alone.
pub(super) const PATTERNS: &str = concat!(
    r##"<pattern id="unknown" width="4" height="4" patternUnits="userSpaceOnUse"><rect width="4" height="4" fill="#eceff1"/>"##,
    r##"<circle cx="1" cy="1" r="0.7" fill="#6d7a83"/><circle cx="3" cy="3" r="0.7" fill="#6d7a83"/></pattern>"##,
    r##"<pattern id="excluded" width="4" height="4" patternUnits="userSpaceOnUse"><rect width="4" height="4" fill="#e6eaf6"/>"##,
    r##"<path d="M-1 1L1 -1M0 4L4 0M3 5L5 3" stroke="#4a5f9e" stroke-width="0.8"/></pattern>"##,
);

/// A stretch of the time axis that is marked from top to bottom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Band {
    x: f64,
    width: f64,
    pub(super) kind: BandKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BandKind {
    Outside,
    Up,
    Down,
    Unknown,
    Excluded,
}

impl Band {
    fn new(at: Interval, kind: BandKind, scale: Scale) -> Option<Self> {
        let at = at.intersect(scale.month);
        if at.is_empty() {
            return None;
        }
        let (x, to) = (scale.x(at.from_ms), scale.x(at.to_ms));
        let width = (to - x).max(WIDTH_MIN);
        Some(Self { x: x.min(super::WIDTH - width), width, kind })
    }

    fn rect(&self, svg: &mut String, y: f64, height: f64, look: &str) {
        let Self { x, width, .. } = self;
        let _ = write!(svg, r#"<rect x="{x:.2}" y="{y}" width="{width:.2}" height="{height}" {look}/>"#);
    }
}

/// Each stretch of the month once, exclusions on top: time outside of the contract, up, down, unknown.
pub(super) fn bands(document: &Document<'_>, scale: Scale) -> Vec<Band> {
    let inputs = document.inputs;
    let active = document.contracted();
    let mut all = Vec::new();
    let mut add =
        |from_ms: i64, to_ms: i64, kind| all.extend(Band::new(Interval::new(from_ms, to_ms), kind, scale));
    add(scale.month.from_ms, active.from_ms, BandKind::Outside);
    add(active.to_ms, scale.month.to_ms, BandKind::Outside);

    let clipped = |from_ms: i64, to_ms: i64| Interval::new(from_ms, to_ms).intersect(active);
    let spans = inputs.spans.iter().map(|span| (clipped(span.from_ms, span.to_ms), span.state));
    let mut spans: Vec<(Interval, LinkState)> = spans.filter(|(at, _)| !at.is_empty()).collect();
    spans.sort_by_key(|(at, _)| at.from_ms);
    let mut known_to_ms = active.from_ms;
    for &(at, state) in &spans {
        // Time that no span covers is unknown.
        add(known_to_ms, at.from_ms, BandKind::Unknown);
        known_to_ms = known_to_ms.max(at.to_ms);
        if state != LinkState::Down {
            add(at.from_ms, at.to_ms, if state == LinkState::Up { BandKind::Up } else { BandKind::Unknown });
        }
    }
    add(known_to_ms, active.to_ms, BandKind::Unknown);
    // A short outage is widened to be seen: it stands over its neighbours.
    for (at, _) in spans.iter().filter(|(_, state)| *state == LinkState::Down) {
        add(at.from_ms, at.to_ms, BandKind::Down);
    }
    for exclusion in &inputs.exclusions {
        let at = clipped(exclusion.from_ms, exclusion.to_ms);
        add(at.from_ms, at.to_ms, BandKind::Excluded);
    }
    all
}

/// The strip of states above the panels.
pub(super) fn strip(bands: &[Band], height: f64) -> String {
    let mut svg = String::new();
    for band in bands {
        let look = match band.kind {
            BandKind::Outside => r##"fill="#f4f6f7""##,
            BandKind::Up => r##"fill="#8cc9a6""##,
            BandKind::Down => r##"fill="#b3261e""##,
            BandKind::Unknown => r#"fill="url(#unknown)""#,
            BandKind::Excluded => r#"fill="url(#excluded)""#,
        };
        band.rect(&mut svg, 0.0, height, look);
    }
    svg
}

/// What is behind a panel's lines: outages, unknown and excluded time.
pub(super) fn behind(svg: &mut String, bands: &[Band], top: f64, height: f64) {
    for band in bands {
        let look = match band.kind {
            BandKind::Outside => r##"fill="#f7f8f9""##,
            BandKind::Up => continue,
            BandKind::Down => r##"fill="#f3c4bf""##,
            BandKind::Unknown => r##"fill="#e3e7ea""##,
            BandKind::Excluded => r#"fill="url(#excluded)" fill-opacity="0.75""#,
        };
        band.rect(svg, top, height, look);
    }
}
