use askama::Template;
use axum::extract::State;
use axum::response::Html;

use crate::app::App;
use crate::error::PageError;
use crate::pages::{Frame, render};
use crate::session::ClientSession;
use crate::view::card::{LinkCard, Moment};

#[derive(Template)]
#[template(path = "links.html")]
struct LinksPage {
    frame: Frame,
    rows: Vec<Row>,
}

struct Row {
    card: LinkCard,
    /// `23 Nov 2026`, if the contract has ended.
    ended: Option<String>,
}

/// `GET /client/links`: every link of the client, ended ones last.
pub(crate) async fn show(State(app): State<App>, session: ClientSession) -> Result<Html<String>, PageError> {
    let now_ms = app.clock.now_ms();
    let moment = Moment { now_ms, stale_after_ms: app.settings.stale_after_ms, zone: &session.zone };
    let links = app.store.latest_for_client(session.client_id()).await?;
    let mut rows: Vec<Row> = links
        .iter()
        .map(|(link, latest)| Row {
            card: LinkCard::new(link, latest.as_ref(), &[], moment),
            ended: link
                .terminated_at_ms
                .filter(|&end_ms| end_ms <= now_ms)
                .map(|end_ms| session.zone.day(end_ms)),
        })
        .collect();
    rows.sort_by(|a, b| {
        (a.ended.is_some(), &a.card.title, &a.card.circuit).cmp(&(
            b.ended.is_some(),
            &b.card.title,
            &b.card.circuit,
        ))
    });
    render(&LinksPage { frame: Frame::new(&session, now_ms, app.settings.refresh_ms), rows })
}
