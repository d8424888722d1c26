use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use store::{LinkId, RatePoint, ReportFilter};

use crate::app::App;
use crate::error::PageError;
use crate::pages::reports::StatementRow;
use crate::pages::{Frame, month, render};
use crate::session::ClientSession;
use crate::view::budget::AllBudgets;
use crate::view::card::{Counts, LinkCard, Moment, sort_worst_first};
use crate::view::spark::SPARK_MS;

/// Statements at the foot of the page.
const REPORTS_SHOWN: i64 = 5;

#[derive(Template)]
#[template(path = "dashboard.html")]
struct DashboardPage {
    frame: Frame,
    board: Board,
    /// The latest statements.
    rows: Vec<StatementRow>,
}

#[derive(Template)]
#[template(path = "cards.html")]
struct CardsFragment {
    frame: Frame,
    board: Board,
}

struct Board {
    cards: Vec<LinkCard>,
    counts: Counts,
    month: AllBudgets,
    updated: String,
}

/// `GET /client/dashboard`
pub(crate) async fn show(State(app): State<App>, session: ClientSession) -> Result<Html<String>, PageError> {
    let (frame, board) = load(&app, &session).await?;
    let latest = ReportFilter { latest_only: true, ..ReportFilter::default() };
    let (rows, _) = app.store.reports_for_client(session.client_id(), &latest, REPORTS_SHOWN, 0).await?;
    let rows = rows.iter().map(|row| StatementRow::new(row, &session.zone)).collect();
    render(&DashboardPage { frame, board, rows })
}

/// `GET /client/dashboard/cards`: the part of the page that changes.
pub(crate) async fn cards(State(app): State<App>, session: ClientSession) -> Result<Html<String>, PageError> {
    let (frame, board) = load(&app, &session).await?;
    render(&CardsFragment { frame, board })
}

async fn load(app: &App, session: &ClientSession) -> Result<(Frame, Board), PageError> {
    let now_ms = app.clock.now_ms();
    let client = session.client_id();
    let links = app.store.latest_for_client(client).await?;
    let mut points: HashMap<LinkId, Vec<RatePoint>> = HashMap::new();
    for point in app.store.recent_rates(client, now_ms - SPARK_MS).await? {
        points.entry(point.0).or_default().push(point);
    }
    let mut budgets = month::budgets(app, session, &links, now_ms).await?;
    let moment = Moment { now_ms, stale_after_ms: app.settings.stale_after_ms, zone: &session.zone };
    let mut cards: Vec<LinkCard> = links
        .iter()
        .filter(|(link, _)| link.terminated_at_ms.is_none_or(|end_ms| end_ms > now_ms))
        .map(|(link, latest)| {
            let points = points.get(&link.id).map_or(&[][..], Vec::as_slice);
            let card = LinkCard::new(link, latest.as_ref(), points, moment);
            LinkCard { budget: budgets.remove(&link.id), ..card }
        })
        .collect();
    sort_worst_first(&mut cards);
    let counts = Counts::of(&cards);
    let month = AllBudgets::of(cards.iter().filter_map(|card| Some((&*card.title, card.budget.as_ref()?))));
    let updated = session.zone.seconds(now_ms);
    Ok((Frame::new(session, now_ms, app.settings.refresh_ms), Board { cards, counts, month, updated }))
}
