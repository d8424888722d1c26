use askama::Template;
use axum::extract::State;

use crate::app::App;
use crate::pages::render;
use crate::pages::staff::{Answered, Frame, WALL};
use crate::staff::StaffSession;
use crate::view::wall::Wall;

#[derive(Template)]
#[template(path = "staff_wall.html")]
struct WallPage {
    frame: Frame,
    wall: Wall,
    updated: String,
}

#[derive(Template)]
#[template(path = "staff_wall_live.html")]
struct WallFragment {
    frame: Frame,
    wall: Wall,
    updated: String,
}

/// `GET /staff`: every link under contract, the worst first.
pub(crate) async fn show(State(app): State<App>, session: StaffSession) -> Answered {
    let (frame, wall, updated) = parts(&app, &session).await?;
    Ok(render(&WallPage { frame, wall, updated })?)
}

/// `GET /staff/wall`: the part of the page that changes.
pub(crate) async fn live(State(app): State<App>, session: StaffSession) -> Answered {
    let (frame, wall, updated) = parts(&app, &session).await?;
    Ok(render(&WallFragment { frame, wall, updated })?)
}

async fn parts(app: &App, session: &StaffSession) -> Answered<(Frame, Wall, String)> {
    let now_ms = app.clock.now_ms();
    let links = app.store.staff_wall(&session.scope, now_ms).await?;
    let routers = app.store.staff_router_choice(&session.scope, app.clock.now_ms()).await?;
    let wall = Wall::new(&links, &routers, now_ms, app.settings.stale_after_ms, &session.zone);
    Ok((Frame::new(app, session, WALL), wall, session.zone.seconds(now_ms)))
}
