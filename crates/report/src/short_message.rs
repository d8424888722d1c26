//! The messages of a few lines, for a telephone: values for the four places of a template that was approved beforehand.

use crate::mail::{Words, offered};
use crate::notice::Mail;
use crate::view::words::cut;
use crate::view::{Limits, View};
use crate::{Document, Letterhead, Notice, ReportError};

/// The longest of each value, characters: together they leave room for the template's own words in the 1,024 that a
/// message may have.
const COMPANY_CHARS_MAX: usize = 60;
const HEADING_CHARS_MAX: usize = 120;
const TEXT_CHARS_MAX: usize = 300;
const DETAILS_CHARS_MAX: usize = 380;
/// The most links that a message names.
const LINKS_NAMED_MAX: usize = 4;
/// Outages and exclusions are left to the mail and the portal.
const LIMITS: Limits = Limits { outages: 0, exclusions: 0 };

/// What a message says, each part in one line and none of them empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShortMessage {
    /// Who writes.
    pub company: String,
    /// What happened, without a full stop.
    pub heading: String,
    /// The same in one or two sentences.
    pub text: String,
    /// Times, places and causes, or where to read on; without a full stop.
    pub details: String,
}

impl ShortMessage {
    pub(crate) fn new(company: &str, heading: &str, text: &str, details: &str) -> Self {
        let line = |text: &str, chars_max: usize| {
            let line = cut(text, chars_max);
            // A place of a template must not stay empty.
            if line.is_empty() { "–".to_owned() } else { line }
        };
        Self {
            company: line(company, COMPANY_CHARS_MAX),
            heading: line(heading, HEADING_CHARS_MAX),
            text: line(text, TEXT_CHARS_MAX),
            details: line(details, DETAILS_CHARS_MAX),
        }
    }

    /// The values in the order of the places `{{1}}` to `{{4}}`.
    pub fn values(&self) -> [&str; 4] {
        [&self.company, &self.heading, &self.text, &self.details]
    }
}

/// The message of an alert, or of its end.
pub fn notice_message(notice: &Notice, head: &Letterhead) -> ShortMessage {
    let mail = Mail::new(notice, head);
    let facts = mail.facts.iter().map(|(name, value)| format!("{name}: {value}"));
    let mut details: Vec<String> = facts.collect();
    if !mail.links.is_empty() {
        let named = mail.links.iter().take(LINKS_NAMED_MAX).cloned().collect::<Vec<_>>().join(", ");
        let more = mail.links.len().saturating_sub(LINKS_NAMED_MAX) as i64 + notice.more_links;
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        details.push(format!("Links: {named}{more}"));
    }
    details.extend(mail.url);
    ShortMessage::new(&mail.brand, &mail.heading, &mail.opening, &details.join(" · "))
}

/// The message that tells of a breach.
///
/// # Errors
/// [`ReportError::Inputs`] if the inputs contradict themselves.
pub fn breach_message(document: &Document<'_>) -> Result<ShortMessage, ReportError> {
    let view = View::new(document, LIMITS)?;
    let words = Words::of_breach(document, &view);
    let service = &view.service;
    let text = format!("{} did not keep what we promised for this service.", service.company);
    Ok(about_month(document, &view, &words.heading, &text))
}

/// The message that tells of a statement that is ready.
///
/// # Errors
/// Those of [`breach_message`].
pub fn report_message(document: &Document<'_>) -> Result<ShortMessage, ReportError> {
    let view = View::new(document, LIMITS)?;
    let words = Words::of_report(document, &view);
    Ok(about_month(document, &view, &words.heading, &words.opening))
}

fn about_month(document: &Document<'_>, view: &View, heading: &str, text: &str) -> ShortMessage {
    let promised = &view.objectives[0].promised;
    let figures = format!("Availability: {}, promised {promised}", view.availability);
    let mut details = vec![figures, format!("Result: {}", view.verdict.words)];
    details.extend(offered(document).map(str::to_owned));
    ShortMessage::new(&view.service.company, heading, text, &details.join(" · "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NoticeLink;

    fn head() -> Letterhead {
        Letterhead {
            name: "Example Net".to_owned(),
            timezone: "Asia/Kolkata".to_owned(),
            portal: Some("https://portal.example.net".to_owned()),
            ..Letterhead::default()
        }
    }

    fn down() -> Notice {
        Notice {
            event: "link_down".to_owned(),
            about: "C-1".to_owned(),
            client: Some("Acme".to_owned()),
            since_ms: 1_794_268_800_000,
            told_ms: 1_794_268_865_000,
            cause: Some("link_down".to_owned()),
            link_id: Some(5),
            ..Notice::default()
        }
    }

    #[test]
    fn a_message_says_what_the_mail_says_in_four_lines() {
        let message = notice_message(&down(), &head());
        assert_eq!(
            message.values(),
            [
                "Example Net",
                "C-1 is down",
                "It has been down for 1 m 5 s.",
                "Since: 10 Nov 2026, 05:30:00 · Cause: Line down at our port · Customer: Acme"
            ]
        );
        let for_client = notice_message(&Notice { for_client: true, ..down() }, &head());
        assert!(for_client.details.ends_with("https://portal.example.net/client/links/5"), "{for_client:?}");
        assert!(!for_client.details.contains("Customer"), "{for_client:?}");
        let over = Notice { until_ms: Some(1_794_268_900_000), ..down() };
        assert_eq!(notice_message(&over, &head()).heading, "C-1 is up again");
    }

    /// The provider refuses values that are empty, have line ends or tabs, or make the whole too long.
    #[test]
    fn whatever_names_are_like_the_values_are_lines_and_fit() {
        let long = "x\n\t     y".repeat(200);
        let link =
            NoticeLink { circuit: long.clone(), site: None, client: long.clone(), state: "up".to_owned() };
        let notice = Notice {
            event: "router_unreachable".to_owned(),
            about: long.clone(),
            error: Some(long.clone()),
            links: vec![link; 40],
            more_links: 7,
            ..down()
        };
        let message = notice_message(&notice, &Letterhead { name: long, ..head() });
        let chars: usize = message.values().iter().map(|value| value.chars().count()).sum();
        assert!(chars <= 860, "{chars} characters");
        for value in message.values() {
            assert!(
                !value.is_empty() && !value.contains(['\n', '\t', '\r']) && !value.contains("    "),
                "{value:?}"
            );
        }
        let bare = Notice { event: "other".to_owned(), ..Notice::default() };
        let empty = notice_message(&bare, &Letterhead::default());
        assert!(empty.values().iter().all(|value| !value.is_empty()), "{empty:?}");
    }
}
