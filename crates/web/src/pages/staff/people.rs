use axum::extract::State;
use store::{StaffScope, StaffUser};

use crate::app::App;
use crate::pages::render;
use crate::pages::staff::listing::{Asked, Cell, ListPage, Table};
use crate::pages::staff::{Answered, Frame, PEOPLE};
use crate::staff::StaffSession;

/// `GET /staff/people`: the ISP's own people, for admins. One who works for some companies sees those who work for no other.
pub(crate) async fn list(State(app): State<App>, session: StaffSession) -> Answered {
    let mut rows = Vec::new();
    for (user, scope) in app.store.staff_colleagues(&session.scope).await? {
        let factor = app.store.second_factor_since(user.id).await?.is_some();
        rows.push(row(&session, &user, &scope, factor));
    }
    let head = &["User name", "Role", "Works for", "State", "Second factor"];
    let none = "Nobody is found.";
    let table = Table { title: "Staff users", head, rows, none, more: None };
    let frame = Frame::new(&app, &session, PEOPLE);
    Ok(render(&ListPage::new(frame, "Staff users", &Asked::default(), 1, table))?)
}

fn row(session: &StaffSession, user: &StaffUser, scope: &StaffScope, factor: bool) -> Vec<Cell> {
    let works_for = match scope {
        StaffScope::All => "all companies".to_owned(),
        StaffScope::Companies(companies) if companies.len() == 1 => "1 company".to_owned(),
        StaffScope::Companies(companies) => format!("{} companies", companies.len()),
    };
    let state = match user.disabled_at_ms {
        None => "can log in".to_owned(),
        Some(at_ms) => format!("off since {}", session.zone.iso_day(at_ms)),
    };
    let names = if user.display_name.is_empty() {
        user.email.clone()
    } else {
        format!("{}, {}", user.display_name, user.email)
    };
    vec![
        Cell::text(&user.username).sub(names),
        Cell::text(user.role.as_str()),
        Cell::text(works_for),
        Cell::text(state),
        Cell::text(if factor { "on" } else { "off" }),
    ]
}
