//! The charts of a link: what they show, loaded from the store, and what the page says around them.

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Html;
use report::rate_words;
use sla::Interval;
use store::{ClientId, Link, Resolution};

use crate::app::App;
use crate::error::PageError;
use crate::pages::{link_id, render, theirs};
use crate::session::ClientSession;
use crate::view::cover::contract;
use crate::view::figures::NONE;
use crate::view::p95::{P95, p95};
use crate::view::points::Points;
use crate::view::range::{Asked, ChartRange, DAY_MS, Detail, Preset, RangeProblem, detail};
use crate::view::table::{FigureRow, figure_rows, unit_word};
use crate::zone::Zone;

const HOUR_MS: i64 = 60 * 60 * 1000;
/// Up to here the 95th percentile is worked out from the single measurements. For months it stands in their reports.
const P95_MS_MAX: i64 = 35 * DAY_MS;

/// The figures of a stretch of a client's link.
pub(crate) async fn points(
    app: &App,
    client: ClientId,
    link: &Link,
    window: Interval,
) -> Result<Points, PageError> {
    let Interval { from_ms, to_ms } = window;
    let (resolution, step_ms) = match detail(window) {
        Detail::Raw => {
            let samples = theirs(app.store.samples_for_client(client, link.id, from_ms, to_ms).await)?;
            return Ok(Points::of_samples(window, link, &samples));
        }
        Detail::Hours => (Resolution::Hour, HOUR_MS),
        Detail::Days => (Resolution::Day, DAY_MS),
    };
    let rollups = app.store.figures_for_client(client, link.id, resolution, from_ms, to_ms).await;
    Ok(Points::of_rollups(window, step_ms, theirs(rollups)?))
}

/// The 95th percentile of the contracted part of a stretch; `None` of a long one.
pub(crate) async fn percentile(
    app: &App,
    client: ClientId,
    link: &Link,
    window: Interval,
) -> Result<Option<P95>, PageError> {
    if window.len_ms() > P95_MS_MAX {
        return Ok(None);
    }
    let Interval { from_ms, to_ms } = window;
    let rows = theirs(app.store.traffic_for_client(client, link.id, from_ms, to_ms).await)?;
    Ok(Some(p95(window.intersect(contract(link)), link.facing, rows.into_iter())))
}

/// The charts' part of a link's page.
pub(crate) struct Charts {
    /// `/client/links/7`
    pub(crate) path: String,
    /// What follows the `?` for the range that is shown.
    pub(crate) query: String,
    pub(crate) tabs: Vec<Tab>,
    pub(crate) own: OwnRange,
    /// `22 Nov 18:00 to 23 Nov 18:00`
    pub(crate) told: String,
    pub(crate) zone: String,
    /// What a point of the charts is.
    pub(crate) made_of: String,
    /// `hour`, `day` or `month`: what a row of the tables is.
    pub(crate) unit: &'static str,
    pub(crate) total: FigureRow,
    pub(crate) p95: Option<P95Words>,
    pub(crate) rows: Vec<FigureRow>,
    pub(crate) pinged: bool,
}

/// A usual range to choose.
pub(crate) struct Tab {
    pub(crate) query: String,
    pub(crate) words: &'static str,
    pub(crate) current: bool,
}

/// The form for the reader's own range.
pub(crate) struct OwnRange {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) latest: String,
    pub(crate) current: bool,
    pub(crate) problem: Option<String>,
}

pub(crate) struct P95Words {
    pub(crate) download: String,
    pub(crate) upload: String,
    pub(crate) n: usize,
    pub(crate) expected: i64,
}

impl Charts {
    pub(crate) async fn load(
        app: &App,
        session: &ClientSession,
        link: &Link,
        asked: &Asked,
        now_ms: i64,
    ) -> Result<Self, PageError> {
        let (client, zone) = (session.client_id(), &session.zone);
        let resolved = ChartRange::resolve(asked, now_ms, zone);
        let range = resolved.as_ref().copied().unwrap_or_else(|_| ChartRange::day(now_ms));
        let points = points(app, client, link, range.window).await?;
        let p95 = percentile(app, client, link, range.window).await?;
        let Interval { from_ms, to_ms } = range.window;
        let told = format!("{} to {}", zone.dated(from_ms, now_ms), zone.dated(to_ms, now_ms));
        Ok(Self {
            path: format!("/client/links/{}", link.id),
            query: range.query(),
            tabs: Preset::ALL.into_iter().map(|preset| Tab::new(preset, range)).collect(),
            own: OwnRange::new(range, resolved.err(), asked, zone, now_ms),
            zone: zone.label(now_ms),
            made_of: made_of(&points, zone),
            unit: unit_word(range.window),
            total: FigureRow::new(told.clone(), &points.total(link), link.facing),
            p95: p95.map(P95Words::new),
            rows: figure_rows(&points, link.facing, zone, now_ms),
            pinged: link.probe_target.is_some(),
            told,
        })
    }
}

impl Tab {
    fn new(preset: Preset, range: ChartRange) -> Self {
        let query = format!("range={}", preset.name());
        Self { query, words: preset.words(), current: range.preset == Some(preset) }
    }
}

impl OwnRange {
    /// What was not understood stays in the form to be mended.
    fn new(
        range: ChartRange,
        problem: Option<RangeProblem>,
        asked: &Asked,
        zone: &Zone,
        now_ms: i64,
    ) -> Self {
        let Interval { from_ms, to_ms } = range.window;
        let kept = |text: &str, at_ms| match zone.parse(text.trim()) {
            Some(written_ms) if problem.is_some() => zone.form(written_ms),
            _ => zone.form(at_ms),
        };
        Self {
            from: kept(&asked.from, from_ms),
            to: kept(&asked.to, to_ms),
            latest: zone.form(now_ms),
            current: range.preset.is_none() || problem.is_some(),
            problem: problem.map(|problem| problem.to_string()),
        }
    }
}

impl P95Words {
    fn new(p95: P95) -> Self {
        let words = |bps: Option<i64>| bps.map_or_else(|| NONE.to_owned(), rate_words);
        let P95 { download, upload, n, expected, .. } = p95;
        Self { download: words(download), upload: words(upload), n, expected }
    }
}

fn made_of(points: &Points, zone: &Zone) -> String {
    let means = match points.step_ms {
        0 => return "each point is one measurement".to_owned(),
        HOUR_MS => "hourly means".to_owned(),
        DAY_MS => {
            let starts = zone.clock(points.window.from_ms.div_euclid(DAY_MS) * DAY_MS);
            format!("daily means, from {starts} to {starts}")
        }
        step_ms => format!("means of {}", report::duration_words(step_ms)),
    };
    format!("{means}; the band reaches from the lowest to the highest")
}

#[derive(Template)]
#[template(path = "link_fresh.html")]
struct FiguresFragment {
    charts: Charts,
}

/// `GET /client/links/{id}/figures?range`: the summary and the tables alone, for a page that stays open.
pub(crate) async fn figures(
    State(app): State<App>,
    session: ClientSession,
    Path(id): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Html<String>, PageError> {
    let link = theirs(app.store.link_of_client(session.client_id(), link_id(&id)?).await)?;
    let Query(asked) = asked.map_err(|_| PageError::BadRequest)?;
    let charts = Charts::load(&app, &session, &link, &asked, app.clock.now_ms()).await?;
    match charts.own.problem {
        Some(problem) => Err(PageError::Unusable(problem)),
        None => render(&FiguresFragment { charts }),
    }
}
