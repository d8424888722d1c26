use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use sla::Interval;
use store::{ClientId, Link};

use crate::app::App;
use crate::error::PageError;
use crate::pages::charts::{percentile, points};
use crate::pages::{link_id, theirs};
use crate::session::ClientSession;
use crate::view::bands::{Band, bands, exclusion_bands};
use crate::view::cover::{active, cover};
use crate::view::p95::P95;
use crate::view::range::{Asked, ChartRange, DAY_MS, HOURS_MS_MAX, MINUTE_MS, RAW_MS_MAX};
use crate::view::series::{Previous, Series};
use crate::view::state::looked_until;

/// The furthest that the period before may lie: that of the longest range.
const SHIFT_MS_MAX: i64 = 400 * DAY_MS;

/// What the script asks for beside the range.
#[derive(Deserialize)]
pub(crate) struct Extra {
    /// Also the figures of so many milliseconds earlier.
    shift: Option<i64>,
    /// A closer look at a part of the charts: what belongs to their whole range is left out.
    #[serde(default)]
    part: bool,
}

#[derive(Serialize)]
pub(crate) struct Answer {
    from_ms: i64,
    to_ms: i64,
    /// How much time each point stands for; 0: each is a single measurement.
    step_ms: i64,
    /// The longest ranges that are made of single measurements and of hours.
    limits_ms: [i64; 2],
    now_ms: i64,
    committed_bps: i64,
    timezone: String,
    #[serde(flatten)]
    series: Series,
    /// Stretches and their percentiles; of the whole range, or none where it is too long.
    p95: Vec<P95>,
    /// Whatever was not up.
    bands: Vec<Band>,
    /// What the contract leaves out.
    exclusions: Vec<Band>,
    previous: Option<Previous>,
}

/// `GET /client/links/{id}/series.json?range|from&to[&shift][&part=true]`: the charts' figures.
pub(crate) async fn show(
    State(app): State<App>,
    session: ClientSession,
    Path(id): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
    extra: Result<Query<Extra>, QueryRejection>,
) -> Result<Json<Answer>, PageError> {
    let client = session.client_id();
    let (link, latest) = theirs(app.store.link_with_latest(client, link_id(&id)?).await)?;
    let Query(asked) = asked.map_err(|_| PageError::BadRequest)?;
    let Query(extra) = extra.map_err(|_| PageError::BadRequest)?;
    let now_ms = app.clock.now_ms();
    let window = ChartRange::resolve(&asked, now_ms, &session.zone)
        .map_err(|problem| PageError::Unusable(problem.to_string()))?
        .window;
    let Interval { from_ms, to_ms } = window;
    let points = points(&app, client, &link, window).await?;
    let p95 = if extra.part { None } else { percentile(&app, client, &link, window).await? };
    let spans = theirs(app.store.spans_for_client(client, link.id, from_ms, to_ms).await)?;
    let exclusions = app.store.exclusions_for_client(client, from_ms, to_ms).await?;
    let exclusions = exclusions.iter().filter(|exclusion| exclusion.link_id == link.id);
    let looked_ms = looked_until(latest.as_ref(), now_ms, app.settings.stale_after_ms);
    let seen = Interval::new(from_ms, to_ms.min(looked_ms));
    Ok(Json(Answer {
        from_ms,
        to_ms,
        step_ms: points.step_ms,
        limits_ms: [RAW_MS_MAX, HOURS_MS_MAX],
        now_ms,
        committed_bps: link.committed_bps,
        timezone: session.zone.name.clone(),
        series: Series::new(&points, link.facing),
        p95: p95.into_iter().collect(),
        bands: bands(&cover(seen, active(&link), &spans)),
        exclusions: exclusion_bands(window, exclusions),
        previous: previous(&app, client, &link, window, extra.shift).await?,
    }))
}

async fn previous(
    app: &App,
    client: ClientId,
    link: &Link,
    window: Interval,
    shift_ms: Option<i64>,
) -> Result<Option<Previous>, PageError> {
    let Some(shift_ms) = shift_ms else { return Ok(None) };
    let before =
        Interval::new(window.from_ms.saturating_sub(shift_ms), window.to_ms.saturating_sub(shift_ms));
    if !(MINUTE_MS..=SHIFT_MS_MAX).contains(&shift_ms) || before.from_ms < 0 {
        return Err(PageError::Unusable("The period before must lie within 400 days.".to_owned()));
    }
    let points = points(app, client, link, before).await?;
    Ok(Some(Previous::new(&points, link.facing, shift_ms)))
}
