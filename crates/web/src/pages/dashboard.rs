use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;

use crate::app::App;
use crate::error::PageError;
use crate::pages::Frame;
use crate::pages::client_links::{ClientLinks, LATELY_MS};
use crate::pages::reports::StatementRow;
use crate::rendered::rendered;
use crate::session::ClientSession;
use crate::view::board::{Arranged, Asked, Selection};
use crate::view::budget::AllBudgets;
use crate::view::card::{Counts, LinkCard, Moment};
use crate::view::lately::{Event, lately};

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
    /// Of all links, whatever is shown.
    counts: Counts,
    month: AllBudgets,
    updated: String,
    selection: Selection,
    shown: Arranged,
    lately: Vec<Event>,
}

type AskedOf = Result<Query<Asked>, QueryRejection>;

/// `GET /client/dashboard?q&state&sort&group&page`
pub(crate) async fn show(
    State(app): State<App>,
    session: ClientSession,
    headers: HeaderMap,
    address: Uri,
    asked: AskedOf,
) -> Result<Response, PageError> {
    let now_ms = app.clock.now_ms();
    let selection = selection(asked)?;
    let write = async || {
        let read = ClientLinks::load(&app, &session, now_ms).await?;
        let board = Board::new(&app, &session, &read, selection, now_ms);
        let rows = read.reports.iter().map(|row| StatementRow::new(row, &session.zone)).collect();
        let frame = Frame::new(&session, now_ms, app.settings.refresh_ms);
        Ok(DashboardPage { frame, board, rows }.render()?)
    };
    rendered(&app, &session, &headers, &address, now_ms, write).await
}

/// `GET /client/dashboard/cards?q&state&sort&group&page`: the parts of the page that change.
pub(crate) async fn cards(
    State(app): State<App>,
    session: ClientSession,
    headers: HeaderMap,
    address: Uri,
    asked: AskedOf,
) -> Result<Response, PageError> {
    let now_ms = app.clock.now_ms();
    let selection = selection(asked)?;
    let write = async || {
        let read = ClientLinks::load(&app, &session, now_ms).await?;
        let board = Board::new(&app, &session, &read, selection, now_ms);
        Ok(CardsFragment { frame: Frame::new(&session, now_ms, app.settings.refresh_ms), board }.render()?)
    };
    rendered(&app, &session, &headers, &address, now_ms, write).await
}

fn selection(asked: AskedOf) -> Result<Selection, PageError> {
    let Query(asked) = asked.map_err(|_| PageError::BadRequest)?;
    Selection::of(&asked).ok_or(PageError::BadRequest)
}

impl Board {
    fn new(
        app: &App,
        session: &ClientSession,
        read: &ClientLinks,
        selection: Selection,
        now_ms: i64,
    ) -> Self {
        let stale_after_ms = app.settings.stale_after_ms;
        let moment = Moment { now_ms, stale_after_ms, zone: &session.zone };
        let ends = |end_ms: Option<i64>| end_ms.is_some_and(|end_ms| end_ms <= now_ms);
        let cards: Vec<LinkCard> = read
            .links
            .iter()
            .filter(|(link, _)| !ends(link.terminated_at_ms))
            .map(|(link, latest)| {
                let points = read.points.get(&link.id).map_or(&[][..], Vec::as_slice);
                let card = LinkCard::new(link, latest.as_ref(), points, moment);
                let budget = read.month.budget(link, latest.as_ref(), now_ms, stale_after_ms);
                LinkCard { budget, ..card }
            })
            .collect();
        let links: Vec<_> = read.links.iter().map(|(link, _)| link).collect();
        Self {
            counts: Counts::of(&cards),
            month: AllBudgets::of(
                cards.iter().filter_map(|card| Some((&*card.title, card.budget.as_ref()?))),
            ),
            updated: session.zone.seconds(now_ms),
            shown: Arranged::new(cards, &selection),
            selection,
            lately: lately(&read.outages, &links, now_ms - LATELY_MS, now_ms, &session.zone),
        }
    }
}
