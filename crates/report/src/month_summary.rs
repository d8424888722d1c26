//! The summary of a company's month for operations: how many links met the SLA, and which did worst.

use askama::Template;
use serde::{Deserialize, Serialize};
use sla::{Month, Verdict};

use crate::mail::{Look, SUBJECT_CHARS_MAX, failed, html_of};
use crate::month_mail::{brand, month_words, verdict_words};
use crate::view::BrandLook;
use crate::view::words::{count, counted, cut, percent};
use crate::{Letterhead, MailBody, ReportError, ShortMessage};

/// The most links that each list of a summary names.
pub const SUMMARY_LINKS_MAX: usize = 10;
/// Longest name, and longest reason, characters.
const NAME_CHARS_MAX: usize = 50;
const REASON_CHARS_MAX: usize = 200;

/// How a company's links did in a month, as it was when the summary was written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MonthSummary {
    /// Which month.
    pub month: Month,
    /// Links that met their SLA.
    pub met: i64,
    /// Links that breached it.
    pub breached: i64,
    /// Links of which that cannot be decided.
    pub undetermined: i64,
    /// Links without a target.
    pub without_target: i64,
    /// Links that have no report yet.
    pub waiting: i64,
    /// Reports since the last summary.
    pub added: i64,
    /// Revisions since the last summary.
    pub revised: i64,
    /// The worst links, the worst first; at most [`SUMMARY_LINKS_MAX`].
    pub worst: Vec<SummaryLink>,
    /// Links to review; at most [`SUMMARY_LINKS_MAX`].
    pub to_review: Vec<SummaryLink>,
}

/// A link that a summary names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SummaryLink {
    /// Its circuit.
    pub circuit: String,
    /// Whose it is.
    pub client: String,
    /// Its verdict.
    pub verdict: Verdict,
    /// Availability, as in the report.
    pub availability_pct: Option<String>,
    /// What was missed or cannot be decided.
    pub reason: Option<String>,
}

impl MonthSummary {
    /// `57 met, 3 breached, 1 undetermined`
    fn counts(&self) -> String {
        let optional = [(self.without_target, "without a target")];
        let counts = [(self.met, "met"), (self.breached, "breached"), (self.undetermined, "undetermined")];
        let counts = counts.iter().chain(optional.iter().filter(|(number, _)| *number > 0));
        counts.map(|(number, words)| format!("{} {words}", count(*number))).collect::<Vec<_>>().join(", ")
    }

    fn heading(&self) -> String {
        format!("SLA summary for {}", month_words(self.month))
    }

    fn opening(&self) -> String {
        let reported = self.met + self.breached + self.undetermined + self.without_target;
        let mut sentences = vec![format!(
            "{} this month.",
            counted(reported as usize, "link has a report for", "links have a report for")
        )];
        if self.waiting > 0 {
            let waiting = counted(self.waiting as usize, "link has", "links have");
            sentences.push(format!("{waiting} no report yet."));
        }
        let is_first = self.added == reported && self.revised == 0;
        if !is_first {
            let (added, revised) = (count(self.added), count(self.revised));
            sentences.push(format!("Since the last summary: {added} new, {revised} revised."));
        }
        sentences.join(" ")
    }
}

/// The email; `portal` of the letterhead leads to the staff's list of reports.
///
/// # Errors
/// [`ReportError::Mail`] if a template fails.
pub fn summary_mail(summary: &MonthSummary, head: &Letterhead) -> Result<MailBody, ReportError> {
    let mail = Mail::new(summary, head);
    let text = Text { mail: &mail }.render().map_err(failed)?;
    let html = html_of(&Html { mail: &mail })?;
    Ok(MailBody { subject: mail.subject, html, text })
}

/// The message for a telephone.
pub fn summary_message(summary: &MonthSummary, head: &Letterhead) -> ShortMessage {
    let mut details = vec![format!("Result: {}", summary.counts())];
    if let Some(worst) = summary.worst.first() {
        let row = Row::of(worst);
        details.push(format!("Worst: {} ({}), {}", row.circuit, row.client, row.availability));
    }
    details.extend(url(summary, head));
    ShortMessage::new(&head.name, &summary.heading(), &summary.opening(), &details.join(" · "))
}

fn url(summary: &MonthSummary, head: &Letterhead) -> Option<String> {
    Some(format!("{}/staff/reports?month={}", head.portal.as_deref()?, summary.month))
}

struct Row {
    circuit: String,
    client: String,
    verdict: &'static str,
    look: Look,
    availability: String,
    reason: Option<String>,
}

impl Row {
    fn of(link: &SummaryLink) -> Self {
        Self {
            circuit: cut(&link.circuit, NAME_CHARS_MAX),
            client: cut(&link.client, NAME_CHARS_MAX),
            verdict: verdict_words(link.verdict),
            look: Look::of(link.verdict.as_str()),
            availability: link
                .availability_pct
                .as_deref()
                .map_or("No figure".to_owned(), |pct| percent(pct, None)),
            reason: link.reason.as_deref().map(|reason| cut(reason, REASON_CHARS_MAX)),
        }
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
    lists: Vec<(&'static str, Vec<Row>)>,
    url: Option<String>,
    closing: String,
}

#[derive(Template)]
#[template(path = "summary.mjml", escape = "html")]
struct Html<'a> {
    mail: &'a Mail,
}

#[derive(Template)]
#[template(path = "summary.txt", escape = "none")]
struct Text<'a> {
    mail: &'a Mail,
}

impl Mail {
    fn new(summary: &MonthSummary, head: &Letterhead) -> Self {
        let counts = summary.counts();
        let state = match (summary.breached, summary.undetermined) {
            (1.., _) => "breached",
            (_, 1..) => "undetermined",
            _ => "met",
        };
        let lists =
            [("Worst links", &summary.worst), ("Undetermined: review these reports", &summary.to_review)];
        let lists = lists.into_iter().filter(|(_, links)| !links.is_empty());
        Self {
            subject: cut(&format!("{}: {counts}", summary.heading()), SUBJECT_CHARS_MAX),
            preview: counts.clone(),
            heading: summary.heading(),
            opening: summary.opening(),
            brand: brand(head),
            counts,
            look: Look::of(state),
            lists: lists.map(|(title, links)| (title, links.iter().map(Row::of).collect())).collect(),
            url: url(summary, head),
            closing: format!(
                "Percentages are truncated, never rounded. Months begin and end in {}.",
                head.timezone
            ),
        }
    }
}
