//! One email with all reports of a customer's month: verdicts first, and the same in a few lines for a telephone.

use askama::Template;
use sla::{Month, Statement, Verdict};

use crate::mail::{Look, SUBJECT_CHARS_MAX, failed, html_of};
use crate::view::words::{count, counted, cut, length};
use crate::view::{BrandLook, availability_words};
use crate::{Facts, Letterhead, MailBody, ReportError, ShortMessage};

/// The most links that an email lists: mail programs cut what is longer than about 100 kB.
pub const LINKS_LISTED_MAX: usize = 100;
/// The most links that a message to a telephone names.
const LINKS_NAMED_MAX: usize = 4;
/// Longest name of a link or place, characters.
const NAME_CHARS_MAX: usize = 50;

/// A report of the month.
#[derive(Clone, Debug)]
pub struct MonthReport {
    /// Its number.
    pub id: i64,
    /// About the service.
    pub facts: Facts,
    /// The figures.
    pub statement: Statement,
    /// 1 for the first report of this month.
    pub revision: i64,
    /// Where it is on the portal.
    pub url: Option<String>,
}

/// The reports of one customer's month that are sent together; at least one.
#[derive(Clone, Debug)]
pub struct MonthReports {
    /// Which month.
    pub month: Month,
    /// The reports, in any order.
    pub reports: Vec<MonthReport>,
    /// Reports of this month that are not decided yet, so that staff look at them first.
    pub under_review: i64,
    /// How many of the reports go with the email as a PDF, in the order of [`MonthReports::sort`].
    pub attached: usize,
    /// Where the reports of the month are on the portal.
    pub url: Option<String>,
}

impl MonthReports {
    /// Breached links first, of these the one with the lowest availability; then by circuit.
    pub fn sort(&mut self) {
        self.reports.sort_by_cached_key(|report| {
            let figures = &report.statement.figures;
            let is_breached = figures.verdict.overall == Verdict::Breached;
            let availability = figures.availability_pct.as_ref().and_then(|pct| pct.parse().ok());
            let worst = availability.filter(|_| is_breached).map_or(i64::MAX, sla::Decimal::millionths);
            (!is_breached, worst, report.facts.circuit.clone())
        });
    }

    fn number(&self, verdict: Verdict) -> usize {
        let of = |report: &&MonthReport| report.statement.figures.verdict.overall == verdict;
        self.reports.iter().filter(of).count()
    }

    /// `3 breached, 57 met`
    fn counts(&self) -> String {
        let counts = [
            (self.number(Verdict::Breached), "breached"),
            (self.number(Verdict::Met), "met"),
            (self.number(Verdict::Undetermined), "undetermined"),
            (self.number(Verdict::None), "without a target"),
        ];
        let counts = counts.iter().filter(|(number, _)| *number > 0);
        counts
            .map(|(number, words)| format!("{} {words}", count(*number as i64)))
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn heading(&self) -> String {
        let revised = self.reports.iter().all(|report| report.revision > 1);
        let name = if revised { "Revised SLA reports" } else { "SLA reports" };
        format!("{name} for {}", month_words(self.month))
    }

    fn opening(&self) -> String {
        let (all, breached) = (self.reports.len(), self.number(Verdict::Breached));
        let links = counted(all, "link", "links");
        match breached {
            0 if self.number(Verdict::Met) == all => format!("All {links} below met the SLA."),
            0 => format!("The reports of {links} are ready. No link breached its SLA."),
            _ => format!(
                "{} of {links} breached the SLA. Breached links are listed first.",
                count(breached as i64)
            ),
        }
    }
}

/// `October 2026`
pub(crate) fn month_words(month: Month) -> String {
    let first = format!("{month}-01").parse::<jiff::civil::Date>();
    first.map_or_else(|_| month.to_string(), |first| first.strftime("%B %Y").to_string())
}

/// The email.
///
/// # Errors
/// [`ReportError::Mail`] if a template fails.
pub fn month_mail(month: &MonthReports, head: &Letterhead) -> Result<MailBody, ReportError> {
    let mail = Mail::new(month, head);
    let text = Text { mail: &mail }.render().map_err(failed)?;
    let html = html_of(&Html { mail: &mail })?;
    Ok(MailBody { subject: mail.subject, html, text })
}

/// The message for a telephone.
pub fn month_message(month: &MonthReports, head: &Letterhead) -> ShortMessage {
    let breached =
        month.reports.iter().filter(|report| report.statement.figures.verdict.overall == Verdict::Breached);
    let named: Vec<String> = breached
        .clone()
        .take(LINKS_NAMED_MAX)
        .map(|report| {
            format!(
                "{} {}",
                cut(&report.facts.circuit, NAME_CHARS_MAX),
                availability_words(&report.statement).0
            )
        })
        .collect();
    let more = breached.count().saturating_sub(LINKS_NAMED_MAX);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let mut details = vec![format!("Result: {}", month.counts())];
    if !named.is_empty() {
        details.push(format!("Breached: {}{more}", named.join(", ")));
    }
    details.extend(month.url.clone());
    ShortMessage::new(&head.name, &month.heading(), &month.opening(), &details.join(" · "))
}

/// A link in the list.
struct Row {
    circuit: String,
    site: Option<String>,
    verdict: String,
    look: Look,
    availability: String,
    promised: String,
    down: String,
    reason: Option<String>,
    url: Option<String>,
}

impl Row {
    fn of(report: &MonthReport) -> Self {
        let figures = &report.statement.figures;
        let overall = figures.verdict.overall;
        let (availability, promised) = availability_words(&report.statement);
        let revised = if report.revision > 1 { " (revised)" } else { "" };
        let reason = report.statement.reasons.first().filter(|_| overall == Verdict::Breached);
        let runs_nothing = |url: &&String| url.starts_with("https://") || url.starts_with("http://");
        Self {
            circuit: cut(&report.facts.circuit, NAME_CHARS_MAX),
            site: report.facts.site.as_deref().map(|site| cut(site, NAME_CHARS_MAX)),
            verdict: format!("{}{revised}", verdict_words(overall)),
            look: Look::of(overall.as_str()),
            availability,
            promised,
            down: length(figures.down_ms),
            reason: reason.cloned(),
            url: report.url.as_ref().filter(runs_nothing).cloned(),
        }
    }
}

pub(crate) fn verdict_words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Met => "Met",
        Verdict::Breached => "Breached",
        Verdict::Undetermined => "Undetermined",
        Verdict::None => "No target",
    }
}

/// What both forms of the email say.
struct Mail {
    subject: String,
    preview: String,
    heading: String,
    opening: String,
    brand: BrandLook,
    counts: String,
    look: Look,
    rows: Vec<Row>,
    notes: Vec<String>,
    url: Option<String>,
    closing: String,
}

#[derive(Template)]
#[template(path = "month.mjml", escape = "html")]
struct Html<'a> {
    mail: &'a Mail,
}

#[derive(Template)]
#[template(path = "month.txt", escape = "none")]
struct Text<'a> {
    mail: &'a Mail,
}

impl Mail {
    fn new(month: &MonthReports, head: &Letterhead) -> Self {
        let counts = month.counts();
        let state = if month.number(Verdict::Breached) > 0 { "breached" } else { "met" };
        Self {
            subject: cut(&format!("{}: {counts}", month.heading()), SUBJECT_CHARS_MAX),
            preview: counts.clone(),
            heading: month.heading(),
            opening: month.opening(),
            brand: brand(head),
            counts,
            look: Look::of(state),
            rows: month.reports.iter().take(LINKS_LISTED_MAX).map(Row::of).collect(),
            notes: notes(month),
            url: month.url.clone(),
            closing: format!(
                "Percentages are truncated, never rounded. Months begin and end in {}.",
                head.timezone
            ),
        }
    }
}

/// The company as it writes.
pub(crate) fn brand(head: &Letterhead) -> BrandLook {
    let contact = Some(head.contact.as_str()).filter(|contact| !contact.is_empty());
    BrandLook::new(&head.name, head.accent.as_deref(), (contact, None))
}

fn notes(month: &MonthReports) -> Vec<String> {
    let mut notes = Vec::new();
    let more = month.reports.len().saturating_sub(LINKS_LISTED_MAX);
    if more > 0 {
        notes.push(format!("{} not listed here.", counted(more, "more link is", "more links are")));
    }
    match month.attached {
        0 => {}
        1 if month.reports.len() == 1 => notes.push("The report is attached as a PDF.".to_owned()),
        all if all == month.reports.len() => notes.push("Each report is attached as a PDF.".to_owned()),
        some => {
            notes.push(format!("The first {} attached as PDFs.", counted(some, "report is", "reports are")))
        }
    }
    if month.under_review > 0 {
        let reports = counted(month.under_review as usize, "report is", "reports are");
        notes.push(format!(
            "{reports} under review for this month. You get another email when it is decided."
        ));
    }
    notes
}
