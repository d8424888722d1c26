use askama::Template;
use axum::extract::State;
use store::ReadinessCheck;

use crate::app::App;
use crate::pages::render;
use crate::pages::staff::{Answered, Frame, WALL};
use crate::staff::StaffSession;
use crate::view::wall::Wall;

#[derive(Template)]
#[template(path = "staff_wall.html")]
struct WallPage {
    frame: Frame,
    checks: Vec<ReadinessCheck>,
    wall: Wall,
    updated: String,
}

#[derive(Template)]
#[template(path = "staff_wall_live.html")]
struct WallFragment {
    frame: Frame,
    checks: Vec<ReadinessCheck>,
    wall: Wall,
    updated: String,
}

/// `GET /staff`: every link under contract, the worst first.
pub(crate) async fn show(State(app): State<App>, session: StaffSession) -> Answered {
    let (frame, checks, wall, updated) = parts(&app, &session).await?;
    Ok(render(&WallPage { frame, checks, wall, updated })?)
}

/// `GET /staff/wall`: the part of the page that changes.
pub(crate) async fn live(State(app): State<App>, session: StaffSession) -> Answered {
    let (frame, checks, wall, updated) = parts(&app, &session).await?;
    Ok(render(&WallFragment { frame, checks, wall, updated })?)
}

async fn parts(app: &App, session: &StaffSession) -> Answered<(Frame, Vec<ReadinessCheck>, Wall, String)> {
    let now_ms = app.clock.now_ms();
    let links = app.store.staff_wall(&session.scope, now_ms).await?;
    let routers = app.store.staff_router_choice(&session.scope, app.clock.now_ms()).await?;
    let wall = Wall::new(&links, &routers, now_ms, app.settings.stale_after_ms, &session.zone);
    let mut checks = app.readiness.standing().checks;
    checks.retain(|check| !check.is_ok() || check.needs_attention());
    Ok((Frame::new(app, session, WALL), checks, wall, session.zone.seconds(now_ms)))
}
