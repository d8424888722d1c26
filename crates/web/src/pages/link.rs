use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use report::{cause_words, duration_words, evidence_words, percent_truncated};
use sla::{Interval, LinkState};
use store::{Facing, Latest, Link, LinkId, Outage};

use crate::app::App;
use crate::assets::asset_url;
use crate::error::PageError;
use crate::pages::charts::Charts;
use crate::pages::history::History;
use crate::pages::{Frame, link_id, render, theirs};
use crate::session::ClientSession;
use crate::view::card::{LinkCard, Moment};
use crate::view::cover::{Part, Standing, active, cover};
use crate::view::lasted::lasted;
use crate::view::range::{Asked, DAY_MS};
use crate::view::state::looked_until;
use crate::view::strip::{Piece, strip};
use crate::zone::Zone;

/// How far back the table of outages reaches.
const OUTAGES_MS: i64 = 30 * DAY_MS;
/// The most outages in the table.
const OUTAGES_MAX: usize = 50;

#[derive(Template)]
#[template(path = "link.html")]
struct LinkPage {
    frame: Frame,
    link_js: String,
    now: Now,
    watch: Option<Watch>,
    charts: Charts,
    history: History,
    facts: Facts,
}

#[derive(Template)]
#[template(path = "link_live.html")]
struct LiveFragment {
    frame: Frame,
    now: Now,
}

/// The parts of the page that change by themselves.
struct Now {
    /// Up to when the time line tells of the link.
    to_ms: i64,
    updated: String,
    card: LinkCard,
    ended: Option<String>,
    /// Another text whenever the charts have something new to show.
    news: String,
    totals: Totals,
    strip: Vec<Piece>,
    /// Five times along the strip, `14:03`.
    ticks: [String; 5],
    outages: Vec<OutageRow>,
    outages_left_out: usize,
}

/// The live view of the traffic, where there is one.
struct Watch {
    /// Where its seconds come from.
    events: String,
    committed_bps: i64,
    zone: String,
}

/// What is measured, from where to where.
struct Facts {
    /// The port or the PPP user, in words.
    port: String,
    is_session: bool,
    facing: Facing,
    probe_target: Option<String>,
    activated: String,
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

/// `GET /client/links/{id}?range|from&to`
pub(crate) async fn show(
    State(app): State<App>,
    session: ClientSession,
    Path(id): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, PageError> {
    let now_ms = app.clock.now_ms();
    let (link, now) = load(&app, &session, link_id(&id)?, now_ms).await?;
    let Query(asked) = asked.map_err(|_| PageError::BadRequest)?;
    let history = History::load(&app, &session, &link, now.to_ms).await?;
    let charts = Charts::load(&app, &session, &link, &asked, now_ms).await?;
    let status = if charts.own.problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let page = LinkPage {
        frame: Frame::new(&session, now_ms, app.settings.refresh_ms),
        link_js: asset_url("link.js"),
        now,
        watch: Watch::of(&app, &link, now_ms, &session.zone),
        charts,
        history,
        facts: Facts::of(&link, &session.zone),
    };
    Ok((status, render(&page)?).into_response())
}

/// `GET /client/links/{id}/live`: the parts of the page that change by themselves.
pub(crate) async fn live(
    State(app): State<App>,
    session: ClientSession,
    Path(id): Path<String>,
) -> Result<Html<String>, PageError> {
    let now_ms = app.clock.now_ms();
    let (_, now) = load(&app, &session, link_id(&id)?, now_ms).await?;
    render(&LiveFragment { frame: Frame::new(&session, now_ms, app.settings.refresh_ms), now })
}

async fn load(app: &App, session: &ClientSession, id: LinkId, now_ms: i64) -> Result<(Link, Now), PageError> {
    let (client, zone) = (session.client_id(), &session.zone);
    let (link, latest) = theirs(app.store.link_with_latest(client, id).await)?;
    let to_ms = looked_until(latest.as_ref(), now_ms, app.settings.stale_after_ms);
    let window = Interval::new(to_ms - DAY_MS, to_ms);
    let spans = theirs(app.store.spans_for_client(client, id, window.from_ms, window.to_ms).await)?;
    let outages = theirs(app.store.outages_for_client(client, id, now_ms - OUTAGES_MS, now_ms).await)?;
    let parts = cover(window, active(&link), &spans);
    let now = Now {
        to_ms,
        updated: zone.seconds(now_ms),
        card: LinkCard::new(
            &link,
            latest.as_ref(),
            &[],
            Moment { now_ms, stale_after_ms: app.settings.stale_after_ms, zone },
        ),
        ended: link.terminated_at_ms.filter(|&end_ms| end_ms <= now_ms).map(|end_ms| zone.day(end_ms)),
        news: news(latest.as_ref()),
        totals: Totals::of(&parts),
        strip: strip(window, &parts, zone),
        ticks: [0, 1, 2, 3, 4].map(|n| zone.clock(window.from_ms + n * window.len_ms() / 4)),
        outages: outages.iter().rev().take(OUTAGES_MAX).map(|outage| row(outage, now_ms, zone)).collect(),
        outages_left_out: outages.len().saturating_sub(OUTAGES_MAX),
    };
    Ok((link, now))
}

fn news(latest: Option<&Latest>) -> String {
    latest.map_or_else(String::new, |latest| {
        format!("{}-{}", latest.sample_at_ms.unwrap_or_default(), latest.since_ms)
    })
}

impl Watch {
    fn of(app: &App, link: &Link, now_ms: i64, zone: &Zone) -> Option<Self> {
        let is_under_contract =
            link.activated_at_ms <= now_ms && link.terminated_at_ms.is_none_or(|end| end > now_ms);
        (app.settings.live.limits.links > 0 && is_under_contract).then(|| Self {
            events: format!("/client/links/{}/traffic/events", link.id),
            committed_bps: link.committed_bps,
            zone: zone.name.clone(),
        })
    }
}

impl Facts {
    fn of(link: &Link, zone: &Zone) -> Self {
        Self {
            is_session: link.port().ppp_user().is_some(),
            port: link.port().words(),
            facing: link.facing,
            probe_target: link.probe_target.clone(),
            activated: zone.day(link.activated_at_ms),
        }
    }
}

impl Totals {
    fn of(parts: &[Part<'_>]) -> Self {
        let sum_ms = |state| {
            let parts = parts.iter().filter(|part| part.standing == Standing::Was(state));
            parts.map(|part| part.to_ms - part.from_ms).sum::<i64>()
        };
        let (up_ms, down_ms) = (sum_ms(LinkState::Up), sum_ms(LinkState::Down));
        let unknown_ms = sum_ms(LinkState::Unknown);
        let share = percent_truncated(up_ms, up_ms + down_ms, 2);
        Self {
            up: duration_words(up_ms),
            up_share: share.map(|share| format!("{share} % of the measured time")).unwrap_or_default(),
            down: duration_words(down_ms),
            unknown: duration_words(unknown_ms),
            has_down: down_ms > 0,
            has_unknown: unknown_ms > 0,
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
