//! One field that finds everything: circuits, clients, routers, people.

use askama::Template;
use axum::extract::{Query, State};
use store::StaffAsk;

use crate::app::App;
use crate::pages::render;
use crate::pages::staff::listing::{Asked, Table};
use crate::pages::staff::{Answered, Frame, SEARCH, clients, links, routers, users};
use crate::staff::StaffSession;

/// Rows of each kind; the kind's own list has the others.
const ROWS_MAX: usize = 10;

#[derive(Template)]
#[template(path = "staff_search.html")]
struct SearchPage {
    frame: Frame,
    search: String,
    /// What was found, kinds without a hit left out.
    tables: Vec<Table>,
}

/// `GET /staff/search?q`
pub(crate) async fn show(
    State(app): State<App>,
    session: StaffSession,
    Query(asked): Query<Asked>,
) -> Answered {
    let search = asked.q.trim().to_owned();
    let tables = if search.is_empty() { Vec::new() } else { found(&app, &session, &search).await? };
    Ok(render(&SearchPage { frame: Frame::new(&app, &session, SEARCH), search, tables })?)
}

async fn found(app: &App, session: &StaffSession, search: &str) -> Answered<Vec<Table>> {
    let (store, scope, now_ms) = (&app.store, &session.scope, app.clock.now_ms());
    let ask = StaffAsk { search, page: 1 };
    let all = [
        links::table(app, session, &store.staff_links(scope, (None, None), ask).await?, search, now_ms),
        clients::table(&store.staff_clients(scope, now_ms, ask).await?, search),
        routers::table(app, session, &store.staff_routers(scope, now_ms, ask).await?, search, now_ms),
        users::table(&store.staff_portal_users(scope, None, ask).await?, search),
    ];
    Ok(all.into_iter().filter(|table| !table.rows.is_empty()).map(shortened).collect())
}

/// The first rows, and the way to the others.
fn shortened(mut table: Table) -> Table {
    table.rows.truncate(ROWS_MAX);
    table
}
