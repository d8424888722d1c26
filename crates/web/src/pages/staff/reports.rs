use axum::extract::{Path, Query, State};
use sla::Verdict;
use store::{Facing, ReportFilter, ReportRow, SlaReport, StaffClient, StaffReport, StaffReportAsk};

use crate::app::App;
use crate::error::PageError;
use crate::pages::download::facts;
use crate::pages::staff::form::{Field, words};
use crate::pages::staff::listing::{Asked, Cell, Deed, ListPage, Table, ThingPage};
use crate::pages::staff::{Answered, CLIENTS, Frame, LINKS, REPORTS, client_id};
use crate::pages::{render, report_id};
use crate::staff::StaffSession;
use crate::view::statement::StatementView;
use crate::view::verdict::{Badge, month_words, percent_words};
use crate::zone::Zone;

/// The most clients of which one is chosen from a list; the search finds every one.
const CLIENTS_OFFERED_MAX: usize = 200;
/// The most revisions that a page names.
const REVISIONS_MAX: i64 = 20;
const VERDICTS: [(Verdict, &str); 4] = [
    (Verdict::Breached, "Breach"),
    (Verdict::Undetermined, "Undetermined: to review"),
    (Verdict::Met, "Met"),
    (Verdict::None, "No verdict"),
];

/// `GET /staff/reports?q&month&client&verdict&revisions&page`
pub(crate) async fn list(
    State(app): State<App>,
    session: StaffSession,
    Query(asked): Query<Asked>,
) -> Answered {
    let wanted = wanted(&asked)?;
    let client = match wanted.client {
        Some(id) => Some(app.store.staff_client(&session.scope, app.clock.now_ms(), id).await?),
        None => None,
    };
    let found = app.store.staff_reports(&session.scope, &wanted).await?;
    let rows = found.rows.iter().map(row).collect();
    let head = &["Link", "Verdict", "Client", "Month", "Availability", "Why", "Made"];
    let table = Table { title: "Reports", head, rows, none: "No report is found.", more: None };
    let page = ListPage::new(Frame::new(&app, &session, REPORTS), "SLA reports", &asked, found.total, table)
        .searched("Circuit, site or client")
        .narrowed(fields(&app, &session, &asked, client).await?);
    Ok(render(&page)?)
}

/// What an address asks for; a verdict that is none asks for nothing.
fn wanted(asked: &Asked) -> Result<StaffReportAsk<'_>, PageError> {
    let text = |name: &str| asked.narrowed.get(name).map_or("", |text| text.trim());
    let month = match text("month") {
        "" => None,
        text => Some(
            text.parse()
                .map_err(|_| PageError::Unusable(format!("{text:?} is no month: write it as 2026-10.")))?,
        ),
    };
    let client = Some(text("client")).filter(|text| !text.is_empty()).map(client_id);
    Ok(StaffReportAsk {
        ask: asked.ask(),
        month,
        client: client.transpose()?,
        verdict: text("verdict").parse().ok(),
        all_revisions: text("revisions") == "all",
    })
}

async fn fields(
    app: &App,
    session: &StaffSession,
    asked: &Asked,
    client: Option<StaffClient>,
) -> Answered<Vec<Field>> {
    let months = app.store.staff_report_months(&session.scope).await?;
    let months = months.into_iter().map(|month| (month.to_string(), month_words(month)));
    let verdicts = VERDICTS.map(|(verdict, words)| (verdict.to_string(), words.to_owned()));
    let mut fields = vec![
        asked.choice("month", "Month", "All months", months),
        asked.choice("verdict", "Verdict", "All", verdicts),
        asked.choice("revisions", "Revisions", "The latest", words(&[("all", "All")])),
    ];
    let now_ms = app.clock.now_ms();
    let mut clients = app.store.staff_client_choice(&session.scope, now_ms).await?;
    if clients.len() > CLIENTS_OFFERED_MAX {
        clients.clear();
    }
    // One that is asked for is offered, also if it is retired or one of too many.
    if let Some(client) = client.filter(|client| clients.iter().all(|other| other.id != client.id)) {
        clients.push(client);
    }
    if !clients.is_empty() {
        let options = clients.into_iter().map(|client| (client.id.to_string(), client.name));
        fields.insert(1, asked.choice("client", "Client", "All clients", options));
    }
    Ok(fields)
}

/// A verdict is shown as states are: with a shape and a word.
fn verdict(badge: Badge) -> Cell {
    let class = match badge.class {
        "met" => "up",
        "breached" => "down",
        "undetermined" => "unknown",
        _ => "none",
    };
    Cell::pill(class, badge.word)
}

fn availability(row: &ReportRow) -> Cell {
    let percent = row.availability_pct.as_deref();
    Cell { is_number: true, ..Cell::text(percent.map_or("–".to_owned(), |pct| percent_words(pct, 3))) }
}

fn row(one: &StaffReport) -> Vec<Cell> {
    let report = &one.report;
    let badge = Badge::new(report.verdict.overall, report.availability_pct.is_some());
    let revision = match (report.revision, report.latest_revision) {
        (1, 1) => String::new(),
        (this, latest) if this == latest => format!("revision {this}"),
        (this, latest) => format!("revision {this}; {latest} stands instead"),
    };
    vec![
        Cell::link(&report.circuit, format!("{REPORTS}/{}", report.id))
            .sub(report.site.clone().unwrap_or_default()),
        verdict(badge),
        Cell::link(&one.client, format!("{CLIENTS}/{}", report.client_id)),
        Cell::text(month_words(report.month)).sub(if report.so_far { "so far" } else { "" }),
        availability(report),
        Cell::text(if report.reasons.is_empty() { "–".to_owned() } else { report.reasons.join(" ") }),
        Cell::text(Zone::named(&one.timezone).iso_moment(report.created_at_ms)).sub(revision),
    ]
}

/// `GET /staff/reports/{report}`
pub(crate) async fn show(State(app): State<App>, session: StaffSession, Path(id): Path<String>) -> Answered {
    let (mut report, inputs, company) = app.store.staff_report(&session.scope, report_id(&id)?).await?;
    let filter =
        ReportFilter { month: Some(report.month), link: Some(report.link_id), ..ReportFilter::default() };
    let (revisions, _) = app.store.reports(None, &filter, REVISIONS_MAX, 0).await?;
    let zone = Zone::named(&report.statement.timezone);
    let frozen = facts(&mut report)?;
    let facing = match frozen.facing {
        report::Facing::Customer => Facing::Customer,
        report::Facing::Upstream => Facing::Upstream,
    };
    let view = StatementView::new(&report.statement, &inputs.exclusions, facing, &zone);
    let latest = revisions.first().map_or(report.revision, |row| row.revision);
    let warning = (latest > report.revision)
        .then(|| format!("This is revision {}. Revision {latest} stands instead of it.", report.revision));
    let tables = vec![objectives(&view), revisions_table(&revisions, &report, &zone)];
    let page = ThingPage {
        frame: Frame::new(&app, &session, REPORTS),
        kind: "SLA report",
        title: format!("{}, {}", frozen.circuit, month_words(report.month)),
        pill: Some(verdict(view.badge).sub(view.reasons.join(" "))),
        warning,
        facts: about(&report, &view, (&frozen.client, &company.name, &frozen.circuit), &zone),
        deeds: deeds(&session, &report),
        tables,
        letter: None,
    };
    Ok(render(&page)?)
}

fn about(
    report: &SlaReport,
    view: &StatementView,
    (client, company, circuit): (&str, &str, &str),
    zone: &Zone,
) -> Vec<(&'static str, Cell)> {
    let mut about = vec![
        ("Client", Cell::link(client, format!("{CLIENTS}/{}", report.client_id))),
        ("Company", Cell::text(company)),
        ("Link", Cell::link(circuit, format!("{LINKS}/{}", report.link_id))),
        ("From", Cell::text(&view.from)),
        ("To", Cell::text(&view.to).sub(if report.statement.so_far { "so far" } else { "" })),
        ("Under contract", Cell::text(&view.contracted)),
    ];
    about.extend(
        view.buckets.iter().map(|bucket| (bucket.word, Cell::text(&bucket.lasted).sub(&bucket.share))),
    );
    about.push(("Measured", Cell::text(format!("for {} of the time that counts", view.coverage))));
    if !view.bounds.is_empty() {
        let why = "depending on what the unknown time was";
        about.push(("Availability lies", Cell::text(&view.bounds).sub(why)));
    }
    about.push(("Revision", Cell::text(report.revision.to_string()).sub(&report.reason)));
    let made = format!("{} by {}", zone.iso_moment(report.created_at_ms), report.created_by);
    about.push(("Made", Cell::text(made).sub(format!("version {} of the arithmetic", report.algorithm))));
    about.push(("Digest of the inputs", Cell::text(&report.digest).code()));
    about.push(("Times in", Cell::text(zone.label(report.from_ms))));
    about
}

fn deeds(session: &StaffSession, report: &SlaReport) -> Vec<Deed> {
    let file =
        |form: &str, words| Deed::Go { to: format!("{REPORTS}/{}/statement.{form}", report.id), words };
    let mut deeds = vec![file("pdf", "PDF"), file("csv", "CSV"), file("json", "JSON")];
    if session.may_edit() {
        // What the contract leaves out may decide it.
        let to = format!("/staff/exclusions/new?link={}", report.link_id);
        deeds.push(Deed::Go { to, words: "Add an exclusion" });
    }
    deeds
}

fn objectives(view: &StatementView) -> Table {
    let row = |one: &crate::view::objective::Objective| {
        vec![
            Cell::text(one.name),
            Cell::text(&one.commitment),
            Cell { is_number: true, ..Cell::text(&one.measured) },
            Cell::text(&one.note),
            verdict(one.badge),
        ]
    };
    let head = &["Objective", "Commitment", "Measured", "In detail", "Verdict"];
    let rows = view.objectives.iter().map(row).collect();
    Table { title: "Objectives", head, rows, none: "Nothing was promised.", more: None }
}

fn revisions_table(revisions: &[ReportRow], shown: &SlaReport, zone: &Zone) -> Table {
    let row = |one: &ReportRow| {
        let words = format!("Revision {}", one.revision);
        let name = if one.id == shown.id {
            Cell::text(words).sub("this one")
        } else {
            Cell::link(words, format!("{REPORTS}/{}", one.id))
        };
        let badge = Badge::new(one.verdict.overall, one.availability_pct.is_some());
        vec![name, verdict(badge), availability(one), Cell::text(zone.iso_moment(one.created_at_ms))]
    };
    let head = &["Revision", "Verdict", "Availability", "Made"];
    Table { title: "Revisions", head, rows: revisions.iter().map(row).collect(), none: "", more: None }
}
