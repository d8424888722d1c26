use askama::Template;
use axum::extract::{Path, State};
use axum::response::Html;
use report::{cause_words, duration_words, percent_truncated};
use sla::{Interval, state_totals};
use store::{Facing, Latest, Link, Outage, Sample, Span};

use crate::app::App;
use crate::assets::asset_url;
use crate::error::PageError;
use crate::pages::history::History;
use crate::pages::{Frame, link_id, render, theirs};
use crate::session::ClientSession;
use crate::view::card::{LinkCard, Moment};
use crate::view::evidence::{evidence_words, lasted};
use crate::view::hours::{HourRow, hour_rows};
use crate::view::strip::{Piece, strip};
use crate::zone::Zone;

/// What the page's charts span.
pub(crate) const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// How far back the table of outages reaches.
const OUTAGES_MS: i64 = 30 * DAY_MS;
/// The most outages in the table.
const OUTAGES_MAX: usize = 50;

#[derive(Template)]
#[template(path = "link.html")]
struct LinkPage {
    frame: Frame,
    link_js: String,
    updated: String,
    card: LinkCard,
    facts: Facts,
    totals: Totals,
    strip: Vec<Piece>,
    /// Four times along the strip, `14:03`.
    ticks: [String; 5],
    outages: Vec<OutageRow>,
    outages_left_out: usize,
    hours: Vec<HourRow>,
    history: History,
}

/// What is measured, from where to where.
struct Facts {
    interface: String,
    facing: &'static str,
    probe_target: Option<String>,
    activated: String,
    ended: Option<String>,
}

/// How the last day divides.
struct Totals {
    up: String,
    up_share: String,
    down: String,
    unknown: String,
    has_down: bool,
    has_unknown: bool,
}

struct OutageRow {
    start: String,
    end: String,
    lasted: String,
    cause: String,
    evidence: String,
    open: bool,
}

/// `GET /client/links/{id}`
pub(crate) async fn show(
    State(app): State<App>,
    session: ClientSession,
    Path(id): Path<String>,
) -> Result<Html<String>, PageError> {
    let id = link_id(&id)?;
    let client = session.client_id();
    let now_ms = app.clock.now_ms();
    let link = theirs(app.store.link_of_client(client, id).await)?;
    let mut all = app.store.latest_for_client(client).await?;
    let latest = all.iter_mut().find(|(other, _)| other.id == id).and_then(|(_, latest)| latest.take());
    let window = day_until(latest.as_ref(), now_ms, app.settings.stale_after_ms);
    let samples = theirs(app.store.samples_for_client(client, id, window.from_ms, window.to_ms).await)?;
    let spans = theirs(app.store.spans_for_client(client, id, window.from_ms, window.to_ms).await)?;
    let outages = theirs(app.store.outages_for_client(client, id, now_ms - OUTAGES_MS, now_ms).await)?;
    let frame = Frame::new(&session, now_ms, app.settings.refresh_ms);
    let moment = Moment { now_ms, stale_after_ms: app.settings.stale_after_ms, zone: &session.zone };
    let known =
        Known { link: &link, latest: latest.as_ref(), samples: &samples, spans: &spans, outages: &outages };
    let history = History::load(&app, &session, &link, window.to_ms).await?;
    render(&page(frame, known, history, window, moment))
}

/// The last 24 hours up to the last look: what came after is not unknown, only not looked at yet. A link that nobody
/// has looked at for too long is unknown up to now.
fn day_until(latest: Option<&Latest>, now_ms: i64, stale_after_ms: i64) -> Interval {
    let looked_ms = latest.map(|latest| latest.at_ms).filter(|at_ms| now_ms - at_ms <= stale_after_ms);
    let to_ms = looked_ms.unwrap_or(now_ms).min(now_ms);
    Interval::new(to_ms - DAY_MS, to_ms)
}

struct Known<'a> {
    link: &'a Link,
    latest: Option<&'a Latest>,
    samples: &'a [Sample],
    spans: &'a [Span],
    outages: &'a [Outage],
}

fn page(frame: Frame, known: Known<'_>, history: History, window: Interval, moment: Moment<'_>) -> LinkPage {
    let Moment { now_ms, zone, .. } = moment;
    let Known { link, latest, samples, spans, outages } = known;
    LinkPage {
        frame,
        link_js: asset_url("link.js"),
        updated: zone.seconds(now_ms),
        card: LinkCard::new(link, latest, &[], moment),
        facts: Facts::of(link, now_ms, zone),
        totals: Totals::of(window, spans),
        strip: strip(window, spans, zone),
        ticks: [0, 1, 2, 3, 4].map(|n| zone.clock(window.from_ms + n * window.len_ms() / 4)),
        outages: outages.iter().rev().take(OUTAGES_MAX).map(|outage| row(outage, now_ms, zone)).collect(),
        outages_left_out: outages.len().saturating_sub(OUTAGES_MAX),
        hours: hour_rows(samples, link.facing, zone),
        history,
    }
}

impl Facts {
    fn of(link: &Link, now_ms: i64, zone: &Zone) -> Self {
        Self {
            interface: link.interface.clone(),
            facing: match link.facing {
                Facing::Customer => "faces your site",
                Facing::Upstream => "faces our backbone",
            },
            probe_target: link.probe_target.clone(),
            activated: zone.day(link.activated_at_ms),
            ended: link.terminated_at_ms.filter(|&end_ms| end_ms <= now_ms).map(|end_ms| zone.day(end_ms)),
        }
    }
}

impl Totals {
    fn of(window: Interval, spans: &[Span]) -> Self {
        let pieces = spans.iter().map(|span| (Interval::new(span.from_ms, span.to_ms), span.state));
        let totals = state_totals(window, pieces);
        let measured_ms = totals.up_ms + totals.down_ms;
        let share = percent_truncated(totals.up_ms, measured_ms, 2);
        Self {
            up: duration_words(totals.up_ms),
            up_share: share.map(|share| format!("{share} % of the measured time")).unwrap_or_default(),
            down: duration_words(totals.down_ms),
            unknown: duration_words(totals.unknown_ms),
            has_down: totals.down_ms > 0,
            has_unknown: totals.unknown_ms > 0,
        }
    }
}

fn row(outage: &Outage, now_ms: i64, zone: &Zone) -> OutageRow {
    OutageRow {
        start: zone.exact(outage.from_ms, now_ms),
        end: outage.to_ms.map_or_else(|| "still down".to_owned(), |to_ms| zone.exact(to_ms, now_ms)),
        lasted: lasted(outage.from_ms, outage.to_ms, now_ms),
        cause: outage.cause.as_deref().map_or("Not known", cause_words).to_owned(),
        evidence: evidence_words(&outage.evidence),
        open: outage.to_ms.is_none(),
    }
}
