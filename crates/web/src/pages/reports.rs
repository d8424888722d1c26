use std::fmt::Write as _;

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Html;
use serde::Deserialize;
use sla::Verdict;
use store::{LinkId, ReportFilter, ReportId, ReportRow};

use crate::app::App;
use crate::error::PageError;
use crate::pages::{Frame, REPORTS, link_id, render, theirs};
use crate::session::ClientSession;
use crate::view::figures::NONE;
use crate::view::verdict::{Badge, month_words, percent_words};
use crate::zone::Zone;

/// Statements on one page.
const ROWS_MAX: i64 = 25;
/// The verdicts that can be asked for, with their words.
const VERDICTS: [(Verdict, &str); 4] = [
    (Verdict::Met, "Met"),
    (Verdict::Breached, "Breach"),
    (Verdict::Undetermined, "Undetermined"),
    (Verdict::None, "No verdict"),
];

#[derive(Template)]
#[template(path = "reports.html")]
struct ReportsPage {
    frame: Frame,
    months: Vec<Choice>,
    links: Vec<Choice>,
    verdicts: Vec<Choice>,
    filtered: bool,
    rows: Vec<StatementRow>,
    total: i64,
    page: i64,
    pages: i64,
    /// Address of the page before, of the page after.
    before: Option<String>,
    after: Option<String>,
}

/// One line of a list to choose from.
struct Choice {
    value: String,
    words: String,
    chosen: bool,
}

/// A statement in a list.
#[derive(Clone, Debug)]
pub(crate) struct StatementRow {
    pub(crate) id: ReportId,
    pub(crate) month: String,
    pub(crate) so_far: bool,
    /// The link's site, or its circuit.
    pub(crate) title: String,
    pub(crate) circuit: String,
    pub(crate) kind: String,
    pub(crate) badge: Badge,
    pub(crate) availability: String,
    pub(crate) reasons: Vec<String>,
    pub(crate) revision: i64,
    pub(crate) made: String,
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    month: String,
    #[serde(default)]
    link: String,
    #[serde(default)]
    verdict: String,
    #[serde(default)]
    page: String,
}

/// `GET /client/sla-reports?month&link&verdict&page`: the latest statement of each link and month.
pub(crate) async fn show(
    State(app): State<App>,
    session: ClientSession,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Html<String>, PageError> {
    let Query(asked) = asked.map_err(|_| PageError::BadRequest)?;
    let client = session.client_id();
    let filter = filter(&app, &session, &asked).await?;
    let page = asked.page.parse().unwrap_or(1_i64).clamp(1, 1_000_000);
    let (rows, total) =
        app.store.reports_for_client(client, &filter, ROWS_MAX, (page - 1) * ROWS_MAX).await?;
    let pages = (total.max(1) + ROWS_MAX - 1) / ROWS_MAX;
    let (page, rows) = if page > pages {
        let last = app.store.reports_for_client(client, &filter, ROWS_MAX, (pages - 1) * ROWS_MAX).await?;
        (pages, last.0)
    } else {
        (page, rows)
    };
    let months = app.store.months_with_reports_for_client(client).await?;
    let links = app.store.links_of_client(client).await?;
    let now_ms = app.clock.now_ms();
    render(&ReportsPage {
        frame: Frame::new(&session, now_ms, app.settings.refresh_ms),
        months: choices(months, filter.month, |month| (month.to_string(), month_words(*month))),
        links: choices(links.iter().map(|link| link.id).collect(), filter.link, |id| {
            let link = links.iter().find(|link| link.id == *id);
            let words = link.map(|link| match &link.site {
                Some(site) => format!("{site} ({})", link.circuit),
                None => link.circuit.clone(),
            });
            (id.to_string(), words.unwrap_or_default())
        }),
        verdicts: choices(VERDICTS.map(|(verdict, _)| verdict).to_vec(), filter.verdict, |verdict| {
            let words = VERDICTS.iter().find(|(other, _)| other == verdict).map_or("", |(_, words)| words);
            (verdict.to_string(), words.to_owned())
        }),
        filtered: filter.month.is_some() || filter.link.is_some() || filter.verdict.is_some(),
        rows: rows.iter().map(|row| StatementRow::new(row, &session.zone)).collect(),
        total,
        page,
        pages,
        before: (page > 1).then(|| address(&filter, page - 1)),
        after: (page < pages).then(|| address(&filter, page + 1)),
    })
}

/// What a form without a choice sends is empty; somebody else's link is as absent as one that never was.
async fn filter(app: &App, session: &ClientSession, asked: &Asked) -> Result<ReportFilter, PageError> {
    let mut filter = ReportFilter { latest_only: true, ..ReportFilter::default() };
    if !asked.month.is_empty() {
        filter.month = Some(asked.month.parse().map_err(|_| PageError::BadRequest)?);
    }
    if !asked.verdict.is_empty() {
        filter.verdict = Some(asked.verdict.parse().map_err(|_| PageError::BadRequest)?);
    }
    if !asked.link.is_empty() {
        let id = link_id(&asked.link)?;
        theirs(app.store.link_of_client(session.client_id(), id).await)?;
        filter.link = Some(id);
    }
    Ok(filter)
}

fn choices<T: PartialEq>(
    all: Vec<T>,
    chosen: Option<T>,
    say: impl Fn(&T) -> (String, String),
) -> Vec<Choice> {
    let choice = |one: T| {
        let (value, words) = say(&one);
        Choice { value, words, chosen: chosen.as_ref() == Some(&one) }
    };
    all.into_iter().map(choice).collect()
}

/// The address of a page of the list.
fn address(filter: &ReportFilter, page: i64) -> String {
    let mut address = format!("{REPORTS}?page={page}");
    // Writing to a string does not fail.
    if let Some(month) = filter.month {
        let _ = write!(address, "&month={month}");
    }
    if let Some(LinkId(link)) = filter.link {
        let _ = write!(address, "&link={link}");
    }
    if let Some(verdict) = filter.verdict {
        let _ = write!(address, "&verdict={verdict}");
    }
    address
}

impl StatementRow {
    pub(crate) fn new(row: &ReportRow, zone: &Zone) -> Self {
        let percent = row.availability_pct.as_deref();
        Self {
            id: row.id,
            month: month_words(row.month),
            so_far: row.so_far,
            title: row.site.clone().unwrap_or_else(|| row.circuit.clone()),
            circuit: row.circuit.clone(),
            kind: row.kind.clone(),
            badge: Badge::new(row.verdict.overall, percent.is_some()),
            availability: percent.map_or_else(|| NONE.to_owned(), |percent| percent_words(percent, 3)),
            reasons: row.reasons.clone(),
            revision: row.revision,
            made: zone.day(row.created_at_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_the_list_keeps_what_was_asked_for() {
        let filter = ReportFilter {
            month: Some("2026-10".parse().unwrap()),
            link: Some(LinkId(7)),
            verdict: Some(Verdict::Breached),
            latest_only: true,
        };
        assert_eq!(address(&filter, 3), "/client/sla-reports?page=3&month=2026-10&link=7&verdict=breached");
        assert_eq!(address(&ReportFilter::default(), 2), "/client/sla-reports?page=2");
    }
}
