//! The mails about a statement: one set of words, set as HTML and as plain text.

use std::collections::HashMap;

use askama::Template;
use mrml::prelude::render::RenderOptions;

use crate::view::words::cut;
use crate::view::{BrandLook, Limits, Objective, OutageRow, View};
use crate::{Document, ReportError};

/// How many outages a mail lists.
const LIMITS: Limits = Limits { outages: 10, exclusions: 0 };

/// Longest subject, and longest circuit in it, characters.
pub(crate) const SUBJECT_CHARS_MAX: usize = 150;
const CIRCUIT_CHARS_MAX: usize = 50;

/// A mail without its envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailBody {
    /// One line, without control characters.
    pub subject: String,
    /// For readers that show HTML.
    pub html: String,
    /// The same in plain text.
    pub text: String,
}

/// The mail that tells of a breach.
///
/// # Errors
/// [`ReportError::Inputs`] if the inputs contradict themselves, [`ReportError::Mail`] if a template fails.
pub fn breach_mail(document: &Document<'_>) -> Result<MailBody, ReportError> {
    let view = View::new(document, LIMITS)?;
    write(Words::of_breach(document, &view), document, view)
}

/// The mail that tells of a statement that is ready.
///
/// # Errors
/// Those of [`breach_mail`].
pub fn report_mail(document: &Document<'_>) -> Result<MailBody, ReportError> {
    let view = View::new(document, LIMITS)?;
    write(Words::of_report(document, &view), document, view)
}

/// A link that is none, or one that runs something, is not offered.
pub(crate) fn offered<'a>(document: &Document<'a>) -> Option<&'a str> {
    document.report_url.filter(|url| url.starts_with("https://") || url.starts_with("http://"))
}

fn revised(document: &Document<'_>) -> &'static str {
    if document.revision > 1 { "Revised " } else { "" }
}

/// What differs between the mails.
pub(crate) struct Words {
    subject: String,
    pub(crate) heading: String,
    pub(crate) opening: String,
}

impl Words {
    pub(crate) fn of_breach(document: &Document<'_>, view: &View) -> Self {
        let service = &view.service;
        let circuit = cut(&service.circuit, CIRCUIT_CHARS_MAX);
        let figures = format!("{}, promised {}", view.availability, view.objectives[0].promised);
        Self {
            subject: format!("{}SLA breach: {circuit}, {}: {figures}", revised(document), service.month),
            heading: format!("{circuit} missed its commitments in {}", service.month),
            opening: format!(
                "{} did not keep what we promised for this service in {}. Below is what was missed, by how much, and when.",
                service.company, service.month
            ),
        }
    }

    pub(crate) fn of_report(document: &Document<'_>, view: &View) -> Self {
        let service = &view.service;
        let circuit = cut(&service.circuit, CIRCUIT_CHARS_MAX);
        let verdict = view.verdict.words;
        Self {
            subject: format!("{}SLA report: {circuit}, {}: {verdict}", revised(document), service.month),
            heading: format!("Service level statement for {}", service.month),
            opening: format!("The statement for {circuit} is ready. {}", view.sentence),
        }
    }
}

/// The colours of a verdict, which is in words beside them.
#[derive(Clone, Copy)]
pub(crate) struct Look {
    pub(crate) strong: &'static str,
    pub(crate) ground: &'static str,
}

impl Look {
    pub(crate) fn of(state: &str) -> Self {
        let (strong, ground) = match state {
            "met" => ("#16794a", "#e6f4ec"),
            "breached" => ("#b3261e", "#fcebe9"),
            "undetermined" => ("#6a5a1e", "#f8f2dc"),
            _ => ("#55646e", "#eef1f3"),
        };
        Self { strong, ground }
    }
}

/// What both forms of a mail say.
struct Mail {
    subject: String,
    /// What a list of mails shows beside the subject.
    preview: String,
    heading: String,
    opening: String,
    brand: BrandLook,
    verdict: String,
    look: Look,
    availability: String,
    promised: String,
    reasons: Vec<String>,
    objectives: Vec<(Objective, Look)>,
    budget: Option<String>,
    outages: Vec<OutageRow>,
    more: Option<String>,
    url: Option<String>,
    facts: Vec<(&'static str, String)>,
    closing: String,
}

#[derive(Template)]
#[template(path = "mail.mjml", escape = "html")]
struct Html<'a> {
    mail: &'a Mail,
}

#[derive(Template)]
#[template(path = "mail.txt", escape = "none")]
struct Text<'a> {
    mail: &'a Mail,
}

impl Mail {
    fn new(words: Words, document: &Document<'_>, view: View) -> Self {
        let so_far = view.so_far.as_ref().map(|_| " so far").unwrap_or_default();
        let verdict = format!("{}{so_far}", view.verdict.words);
        let promised = view.objectives[0].promised.clone();
        let url = offered(document);
        Self {
            subject: cut(&words.subject, SUBJECT_CHARS_MAX),
            preview: format!("{verdict}: {} availability, promised {promised}", view.availability),
            heading: words.heading,
            opening: words.opening,
            look: Look::of(view.verdict.state),
            budget: budget(&view),
            facts: facts(&view),
            closing: closing(&view, document),
            url: url.map(str::to_owned),
            brand: view.brand,
            verdict,
            availability: view.availability,
            promised,
            reasons: view.reasons,
            objectives: view
                .objectives
                .into_iter()
                .map(|row| (row.clone(), Look::of(row.verdict.state)))
                .collect(),
            outages: view.outages.rows,
            more: view.outages.more,
        }
    }
}

fn write(words: Words, document: &Document<'_>, view: View) -> Result<MailBody, ReportError> {
    let mail = Mail::new(words, document, view);
    let text = Text { mail: &mail }.render().map_err(failed)?;
    let html = html_of(&Html { mail: &mail })?;
    Ok(MailBody { subject: mail.subject, html, text })
}

/// What a template in MJML becomes for readers.
pub(crate) fn html_of(template: &impl Template) -> Result<String, ReportError> {
    let markup = template.render().map_err(failed)?;
    let parsed = mrml::parse(&markup).map_err(failed)?;
    // The library's own fonts are on a server that would learn who reads what, and when.
    let options = RenderOptions { fonts: HashMap::new(), ..RenderOptions::default() };
    parsed.element.render(&options).map_err(failed)
}

fn closing(view: &View, document: &Document<'_>) -> String {
    format!(
        "Revision {}. Figures are cut, never rounded; times are those of {}. SHA-256 of the inputs: {}",
        view.revision, view.service.zone, document.digest
    )
}

pub(crate) fn failed(error: impl std::error::Error + Send + Sync + 'static) -> ReportError {
    ReportError::Mail(Box::new(error))
}

fn budget(view: &View) -> Option<String> {
    let budget = view.time_use.budget.as_ref()?;
    let left =
        if budget.over { format!("{} too much", budget.left) } else { format!("{} are left", budget.left) };
    Some(format!("Down for {} of the {} that are allowed: {left}.", budget.spent, budget.allowed))
}

fn facts(view: &View) -> Vec<(&'static str, String)> {
    let service = &view.service;
    let optional = |name, value: &Option<String>| value.clone().map(|value| (name, value));
    let mut facts = vec![("Customer", service.client.clone()), ("Circuit", service.circuit.clone())];
    facts.extend(optional("Reference", &service.service_ref));
    facts.push(("Service", format!("{}, {} committed", service.kind, service.committed)));
    facts.extend(optional("Site", &service.site));
    facts.push(("Period", format!("{} to {}", service.from, service.to)));
    facts.push(("Time zone", service.zone.clone()));
    facts.extend(optional("Under contract", &service.contract));
    facts
}
