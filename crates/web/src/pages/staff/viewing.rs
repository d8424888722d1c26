//! The portal as a client sees it, for a person of the ISP: what the angry mail is about, on the same screen.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::Response;

use crate::app::App;
use crate::caller::Caller;
use crate::pages::DASHBOARD;
use crate::pages::staff::{Answered, CLIENTS, WALL, client_id, gone_to};
use crate::staff::StaffSession;

/// Where a view is ended.
pub(crate) const END: &str = "/staff/view/end";
/// After so long a view ends, lest a forgotten tab is taken for the staff pages, or the other way round.
const VIEW_MAX: Duration = Duration::from_secs(30 * 60);

/// `POST /staff/clients/{client}/view`
pub(crate) async fn begin(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
) -> Answered<Response> {
    let client = client_id(&id)?;
    let address = caller.address_text();
    let now_ms = app.clock.now_ms();
    let until_ms = now_ms + VIEW_MAX.as_millis() as i64;
    app.store.staff_begin_viewing(&session.act(&address, now_ms), session.id, client, until_ms).await?;
    Ok(gone_to(DASHBOARD))
}

/// `POST /staff/view/end`
pub(crate) async fn end(State(app): State<App>, session: StaffSession, caller: Caller) -> Answered<Response> {
    let address = caller.address_text();
    let act = session.act(&address, app.clock.now_ms());
    let client = app.store.staff_end_viewing(&act, session.id).await?;
    Ok(gone_to(&client.map_or(WALL.to_owned(), |client| format!("{CLIENTS}/{client}"))))
}
