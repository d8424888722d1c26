use askama::Template;
use axum::extract::{Path, State};
use axum::response::Html;
use report::{Facts, rate_words};
use sla::{Inputs, LinkPort, Statement};
use store::{Facing, ReportFilter, ReportId, SlaReport};

use crate::app::App;
use crate::error::PageError;
use crate::pages::download::facts;
use crate::pages::{Frame, render, report_id, theirs};
use crate::session::ClientSession;
use crate::view::statement::{StatementView, moment};
use crate::view::verdict::{Badge, month_words};
use crate::zone::Zone;

/// The most revisions that a page names.
const REVISIONS_MAX: i64 = 20;

#[derive(Template)]
#[template(path = "report.html")]
struct ReportPage {
    frame: Frame,
    id: ReportId,
    month: String,
    so_far: bool,
    title: String,
    facts: Facts,
    /// The port or the PPP user, in words.
    port: String,
    committed: String,
    /// `IST (Asia/Kolkata)`, the statement's own zone.
    zone: String,
    made: String,
    revision: i64,
    reason: String,
    /// The revision that stands instead of this one.
    replaced_by: Option<(ReportId, i64)>,
    view: StatementView,
    revisions: Vec<RevisionRow>,
    algorithm: u32,
    digest: String,
}

struct RevisionRow {
    id: ReportId,
    revision: i64,
    made: String,
    created_by: String,
    reason: String,
    availability: Option<String>,
    badge: Badge,
    current: bool,
}

/// `GET /client/sla-reports/{report}`
pub(crate) async fn show(
    State(app): State<App>,
    session: ClientSession,
    Path(id): Path<String>,
) -> Result<Html<String>, PageError> {
    let id = report_id(&id)?;
    let client = session.client_id();
    let report = theirs(app.store.report_for_client(client, id).await)?;
    let inputs = theirs(app.store.report_inputs_for_client(client, id).await)?;
    let revisions = revisions(&app, &session, &report).await?;
    let now_ms = app.clock.now_ms();
    let frame = Frame::new(&session, now_ms, app.settings.refresh_ms);
    render(&page(frame, report, &inputs, revisions)?)
}

fn page(
    frame: Frame,
    mut report: SlaReport,
    inputs: &Inputs,
    revisions: Vec<RevisionRow>,
) -> Result<ReportPage, PageError> {
    let zone = Zone::named(&report.statement.timezone);
    let facts = facts(&mut report)?;
    let facing = match facts.facing {
        report::Facing::Customer => Facing::Customer,
        report::Facing::Upstream => Facing::Upstream,
    };
    let latest = revisions.first().map(|row| (row.id, row.revision));
    let Statement { month, so_far, .. } = report.statement;
    Ok(ReportPage {
        frame,
        id: report.id,
        month: month_words(month),
        so_far,
        title: facts.site.clone().unwrap_or_else(|| facts.circuit.clone()),
        committed: rate_words(facts.committed_bps),
        zone: zone.label(report.from_ms),
        made: moment(report.created_at_ms, &zone),
        revision: report.revision,
        reason: report.reason,
        replaced_by: latest.filter(|(_, revision)| *revision > report.revision),
        view: StatementView::new(&report.statement, &inputs.exclusions, facing, &zone),
        revisions,
        algorithm: report.algorithm,
        digest: report.digest,
        port: LinkPort::of(&facts.interface).words(),
        facts,
    })
}

/// All revisions of a statement, the newest first.
async fn revisions(
    app: &App,
    session: &ClientSession,
    shown: &SlaReport,
) -> Result<Vec<RevisionRow>, PageError> {
    let client = session.client_id();
    let filter =
        ReportFilter { month: Some(shown.month), link: Some(shown.link_id), ..ReportFilter::default() };
    let (rows, _) = app.store.reports_for_client(client, &filter, REVISIONS_MAX, 0).await?;
    let zone = Zone::named(&shown.statement.timezone);
    let mut all = Vec::new();
    for row in rows {
        let report = theirs(app.store.report_for_client(client, row.id).await)?;
        all.push(RevisionRow {
            id: row.id,
            revision: row.revision,
            made: moment(row.created_at_ms, &zone),
            created_by: report.created_by,
            reason: report.reason,
            badge: Badge::new(row.verdict.overall, row.availability_pct.is_some()),
            availability: row.availability_pct,
            current: row.id == shown.id,
        });
    }
    Ok(all)
}
