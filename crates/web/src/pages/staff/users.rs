use axum::extract::{Query, State};
use store::{StaffPage, StaffPortalUser};

use crate::app::App;
use crate::pages::render;
use crate::pages::staff::listing::{Asked, Cell, ListPage, Table, page_address};
use crate::pages::staff::{Answered, CLIENTS, Frame, USERS};
use crate::staff::StaffSession;

const HEAD: &[&str] = &["User name", "Client", "Role", "State", "Second factor"];

/// `GET /staff/users?q&page`: people of clients.
pub(crate) async fn list(
    State(app): State<App>,
    session: StaffSession,
    Query(asked): Query<Asked>,
) -> Answered {
    let found = app.store.staff_portal_users(&session.scope, None, asked.ask()).await?;
    let rows = found.rows.iter().map(row).collect();
    let none = "No portal user is found.";
    let table = Table { title: "Portal users", head: HEAD, rows, none, more: None };
    let page = ListPage::new(Frame::new(&app, &session, USERS), "Portal users", &asked, found.total, table);
    let page = page.searched("User name, e-mail or client");
    Ok(render(&page.with_add(session.may_edit(), "/staff/users/new", "Add a portal user"))?)
}

/// People of one client, on its page.
pub(crate) fn table(found: &StaffPage<StaffPortalUser>, client: &str) -> Table {
    let more = found.total > found.rows.len() as i64;
    let more = more.then(|| (page_address(USERS, client, 1), format!("All {} people", found.total)));
    let rows = found.rows.iter().map(row).collect();
    Table { title: "Portal users", head: HEAD, rows, none: "Nobody can log in for this client.", more }
}

fn row(user: &StaffPortalUser) -> Vec<Cell> {
    vec![
        Cell::link(&user.username, format!("{USERS}/{}", user.id)).sub(&user.email),
        Cell::link(&user.client, format!("{CLIENTS}/{}", user.client_id)),
        Cell::text(user.role.as_str()),
        Cell::text(if user.active { "can log in" } else { "cannot log in" }),
        Cell::text(if user.second_factor { "on" } else { "off" }),
    ]
}
