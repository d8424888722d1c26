use axum::extract::{Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use import::BYTE_ORDER_MARK;
use store::{CompanyId, DELIVERIES_IN_FILE_MAX, StaffScope};

use crate::app::App;
use crate::caller::Caller;
use crate::error::PageError;
use crate::pages::staff::Answered;
use crate::pages::staff::deliveries::wanted;
use crate::pages::staff::listing::Asked;
use crate::staff::StaffSession;
use crate::view::delivery::{CSV_HEADER, csv_line};

/// `GET /staff/deliveries.csv?q&kind&channel&state&from&to`: what the list shows on all its pages, or nothing if that is too
/// much: half a list would pass for the whole.
pub(crate) async fn csv(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Answered<Response> {
    let now_ms = app.clock.now_ms();
    let wanted = wanted(&asked, &session, now_ms)?;
    let found = app.store.staff_deliveries_for_file(&session.scope, &wanted).await?;
    if found.total > DELIVERIES_IN_FILE_MAX {
        let why = format!(
            "These are {} messages, and a file holds {DELIVERIES_IN_FILE_MAX} at most: narrow the list down, by days for example.",
            found.total
        );
        return Err(PageError::Unusable(why).into());
    }
    let name = format!("deliveries_{}.csv", session.zone.form(now_ms).replace(['-', ':'], ""));
    let address = caller.address_text();
    let act = session.act(&address, now_ms);
    let subject = format!("{} messages", found.total);
    app.store.staff_note_download(&act, only_company(&session.scope), (&name, subject)).await?;
    let body: String = [BYTE_ORDER_MARK.to_owned(), CSV_HEADER.to_owned()]
        .into_iter()
        .chain(found.rows.iter().map(csv_line))
        .collect();
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, body).into_response())
}

/// The company that somebody works for who works for but one.
pub(crate) fn only_company(scope: &StaffScope) -> Option<CompanyId> {
    match scope {
        StaffScope::Companies(companies) if companies.len() == 1 => companies.first().copied(),
        _ => None,
    }
}
