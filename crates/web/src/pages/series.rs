use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use sla::LinkState;

use crate::app::App;
use crate::error::PageError;
use crate::pages::link::DAY_MS;
use crate::pages::{link_id, theirs};
use crate::session::ClientSession;
use crate::view::series::Series;
use crate::view::state::word;

/// The longest range of one answer; longer ones are for the roll-ups.
const RANGE_MS_MAX: i64 = 7 * DAY_MS;

#[derive(Deserialize)]
pub(crate) struct Range {
    from: Option<i64>,
    to: Option<i64>,
}

#[derive(Serialize)]
pub(crate) struct Answer {
    from_ms: i64,
    to_ms: i64,
    committed_bps: i64,
    timezone: String,
    #[serde(flatten)]
    series: Series,
    /// Whatever was not up.
    bands: Vec<Band>,
}

#[derive(Serialize)]
struct Band {
    from_ms: i64,
    to_ms: i64,
    state: LinkState,
    word: &'static str,
    cause: Option<String>,
}

/// `GET /client/links/{id}/series.json?from&to`: the charts' figures of `[from, to)`, Unix milliseconds; without
/// them of the last 24 hours. At most seven days.
pub(crate) async fn show(
    State(app): State<App>,
    session: ClientSession,
    Path(id): Path<String>,
    range: Result<Query<Range>, QueryRejection>,
) -> Result<Json<Answer>, PageError> {
    let id = link_id(&id)?;
    let client = session.client_id();
    let link = theirs(app.store.link_of_client(client, id).await)?;
    let Query(range) = range.map_err(|_| PageError::BadRequest)?;
    let to_ms = range.to.unwrap_or_else(|| app.clock.now_ms());
    let from_ms = range.from.unwrap_or(to_ms.saturating_sub(DAY_MS));
    if from_ms < 0 || to_ms <= from_ms || to_ms - from_ms > RANGE_MS_MAX {
        return Err(PageError::BadRequest);
    }
    let samples = theirs(app.store.samples_for_client(client, id, from_ms, to_ms).await)?;
    let spans = theirs(app.store.spans_for_client(client, id, from_ms, to_ms).await)?;
    let bands = spans
        .into_iter()
        .filter(|span| span.state != LinkState::Up)
        .map(|span| Band {
            from_ms: span.from_ms.max(from_ms),
            to_ms: span.to_ms.min(to_ms),
            state: span.state,
            word: word(span.state),
            cause: span.cause.map(|cause| report::cause_words(&cause).to_owned()),
        })
        .collect();
    Ok(Json(Answer {
        from_ms,
        to_ms,
        committed_bps: link.committed_bps,
        timezone: session.zone.name.clone(),
        series: Series::new(&samples, link.facing, from_ms, to_ms),
        bands,
    }))
}
