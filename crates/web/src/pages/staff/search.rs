//! One field that finds everything: circuits, clients, routers, people.

use askama::Template;
use axum::extract::{Query, State};
use store::StaffAsk;

use crate::app::App;
use crate::pages::render;
use crate::pages::staff::listing::{Asked, Table, page_address};
use crate::pages::staff::{
    Answered, CLIENTS, Frame, LINKS, ROUTERS, SEARCH, USERS, clients, links, routers, users,
};
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
    let of_links = store.staff_links(scope, (None, None), ask).await?;
    let of_clients = store.staff_clients(scope, now_ms, ask).await?;
    let of_routers = store.staff_routers(scope, now_ms, ask).await?;
    let of_users = store.staff_portal_users(scope, None, ask).await?;
    let all = [
        (links::table(app, session, &of_links, search, now_ms), LINKS, of_links.total),
        (clients::table(&of_clients), CLIENTS, of_clients.total),
        (routers::table(app, session, &of_routers, now_ms), ROUTERS, of_routers.total),
        (users::table(&of_users, search), USERS, of_users.total),
    ];
    let found = all.into_iter().filter(|(_, _, total)| *total > 0);
    Ok(found.map(|(table, list, total)| shortened(table, page_address(list, search, 1), total)).collect())
}

/// The first rows, and the way to the others.
fn shortened(mut table: Table, list: String, total: i64) -> Table {
    table.rows.truncate(ROWS_MAX);
    table.more = (total > ROWS_MAX as i64).then(|| (list, format!("All {total}")));
    table
}
