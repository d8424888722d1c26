//! The mails about alerts: short, readable on a telephone, with a subject that says it all.

use askama::Template;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sla::LinkPort;

use crate::accent::Accent;
use crate::local_time::LocalTime;
use crate::mail::html_of;
use crate::view::words::cut;
use crate::{MailBody, ReportError, cause_words, duration_words, evidence_words};

/// Longest subject and longest name in it, characters.
const SUBJECT_CHARS_MAX: usize = 150;
const NAME_CHARS_MAX: usize = 50;
/// Longest text of a router or a person, characters.
const TEXT_CHARS_MAX: usize = 200;

/// What an alert's mail says, as it was known when it was decided.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// `link_down`, `router_unreachable`, ...
    pub event: String,
    /// The alert's number, for the ISP's own people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<String>,
    /// Written to a client's people and not to the ISP's own.
    #[serde(default)]
    pub for_client: bool,
    /// The circuit, the router or the company.
    pub about: String,
    /// Where the link ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// Whose link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// Which router carries it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub router: Option<String>,
    /// On which interface.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// Since when it holds.
    pub since_ms: i64,
    /// When it ended; `None`: it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<i64>,
    /// When it was decided to tell it.
    pub told_ms: i64,
    /// The stored cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// What the collector goes by.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub evidence: Value,
    /// What the router's last round failed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How many outages in how many seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outages: Option<(i64, i64)>,
    /// A figure in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<String>,
    /// The limit that it passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// Our own network is gone, not the collector.
    #[serde(default)]
    pub own_network: bool,
    /// Links that are concerned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<NoticeLink>,
    /// Links beyond those named.
    #[serde(default)]
    pub more_links: i64,
    /// The link's number, for its page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_id: Option<i64>,
    /// The `Message-ID` of the mail that this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_reply_to: Option<String>,
}

/// A link that a notice names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoticeLink {
    /// Circuit id.
    pub circuit: String,
    /// Where it ends.
    #[serde(default)]
    pub site: Option<String>,
    /// Whose it is.
    pub client: String,
    /// `up`, `down` or `unknown`, when the notice was made.
    pub state: String,
}

/// Who writes.
#[derive(Clone, Debug, Default)]
pub struct Letterhead {
    /// The company.
    pub name: String,
    /// Its colour, `#rrggbb`.
    pub accent: Option<String>,
    /// How to reach it.
    pub contact: String,
    /// Its zone, an IANA name.
    pub timezone: String,
    /// Where the portal is, without a slash at its end.
    pub portal: Option<String>,
}

/// The mail of an alert.
///
/// # Errors
/// [`ReportError::Mail`] if a template fails.
pub fn notice_mail(notice: &Notice, head: &Letterhead) -> Result<MailBody, ReportError> {
    let mail = Mail::new(notice, head);
    let text = Text { mail: &mail }.render().map_err(failed)?;
    let html = html_of(&Html { mail: &mail })?;
    Ok(MailBody { subject: mail.subject, html, text })
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> ReportError {
    ReportError::Mail(Box::new(error))
}

/// What all forms of the message say.
pub(crate) struct Mail {
    subject: String,
    pub(crate) heading: String,
    pub(crate) opening: String,
    pub(crate) brand: String,
    accent: String,
    on_accent: String,
    /// Colour of what it says, which is in words beside it.
    strong: &'static str,
    pub(crate) facts: Vec<(&'static str, String)>,
    pub(crate) links: Vec<String>,
    pub(crate) more: Option<String>,
    pub(crate) url: Option<String>,
    closing: String,
}

#[derive(Template)]
#[template(path = "notice.mjml", escape = "html")]
struct Html<'a> {
    mail: &'a Mail,
}

#[derive(Template)]
#[template(path = "notice.txt", escape = "none")]
struct Text<'a> {
    mail: &'a Mail,
}

impl Mail {
    pub(crate) fn new(notice: &Notice, head: &Letterhead) -> Self {
        let time = LocalTime::in_zone(&head.timezone);
        let accent = Accent::of_brand(head.accent.as_deref());
        let words = Words::of(notice, head);
        let link = |link: &NoticeLink| {
            let site = link.site.as_ref().map(|site| format!(", {}", cut(site, NAME_CHARS_MAX)));
            let client = if notice.for_client {
                String::new()
            } else {
                format!(" ({})", cut(&link.client, NAME_CHARS_MAX))
            };
            let state = if notice.until_ms.is_some() { format!(": {}", link.state) } else { String::new() };
            format!("{}{}{client}{state}", cut(&link.circuit, NAME_CHARS_MAX), site.unwrap_or_default())
        };
        let page = notice.link_id.filter(|_| notice.for_client).zip(head.portal.as_deref());
        let alert = notice.alert.as_ref().map(|alert| format!("Alert {alert}. ")).unwrap_or_default();
        let contact = if head.contact.is_empty() { String::new() } else { format!(" {}", head.contact) };
        Self {
            subject: cut(&words.subject, SUBJECT_CHARS_MAX),
            heading: words.heading,
            opening: words.opening,
            brand: cut(&head.name, NAME_CHARS_MAX),
            accent: accent.to_string(),
            on_accent: accent.text_on_it().to_string(),
            strong: if notice.until_ms.is_some() { "#16794a" } else { "#b3261e" },
            facts: facts(notice, &time),
            links: notice.links.iter().map(link).collect(),
            more: (notice.more_links > 0).then(|| format!("and {} more", notice.more_links)),
            url: page.map(|(id, portal)| format!("{portal}/client/links/{id}")),
            closing: format!("{alert}Times are those of {}.{contact}", head.timezone),
        }
    }
}

struct Words {
    subject: String,
    heading: String,
    opening: String,
}

impl Words {
    fn of(notice: &Notice, head: &Letterhead) -> Self {
        let about = cut(&notice.about, NAME_CHARS_MAX);
        let site = notice.site.as_ref().map(|site| format!(" ({})", cut(site, NAME_CHARS_MAX)));
        let name = format!("{about}{}", site.unwrap_or_default());
        let lasted_ms = notice.until_ms.unwrap_or(notice.told_ms) - notice.since_ms;
        let lasted = duration_words(lasted_ms);
        let over = notice.until_ms.is_some();
        let lines = lines(notice);
        match (notice.event.as_str(), over) {
            ("link_down", false) => Self {
                subject: format!("DOWN: {name}{}", of_client(notice)),
                heading: format!("{about} is down"),
                opening: format!("It has been down for {lasted}."),
            },
            ("link_down", true) => Self {
                subject: format!("UP: {name} after {lasted}{}", of_client(notice)),
                heading: format!("{about} is up again"),
                opening: format!("It was down for {lasted}."),
            },
            ("link_unstable", false) => Self {
                subject: format!("UNSTABLE: {name}{}", of_client(notice)),
                heading: format!("{about} goes down and comes back"),
                opening: format!(
                    "{} Nothing more is sent about single outages until it is stable again or stays down.",
                    counted(notice)
                ),
            },
            ("link_unstable", true) => Self {
                subject: format!("STABLE: {name} again{}", of_client(notice)),
                heading: format!("{about} is stable again"),
                opening: format!("It has been up without a break for {}.", {
                    let until_ms = notice.until_ms.unwrap_or(notice.told_ms);
                    duration_words(notice.told_ms - until_ms)
                }),
            },
            ("high_latency" | "high_loss", _) => Self::of_measurement(notice, &about, &name, &lasted),
            ("router_unreachable", _) if notice.for_client => Self::of_silent_lines(&lines, over, &lasted),
            ("router_unreachable", false) => Self {
                subject: format!("UNREACHABLE: router {about}, {lines}"),
                heading: format!("Router {about} does not answer"),
                opening: format!(
                    "It has not answered for {lasted}. Whether its {lines} work nobody can say until it is back; no mail \
                     is sent about each of them."
                ),
            },
            ("router_unreachable", true) => Self {
                subject: format!("REACHABLE: router {about} after {lasted}"),
                heading: format!("Router {about} answers again"),
                opening: format!("It did not answer for {lasted}."),
            },
            ("poll_failed" | "port_missing", _) => Self::of_failed_polls(notice, &about, &name, &lasted),
            ("clock_wrong", over) => Self::of_clock(notice, head, over, &lasted),
            ("collector_stalled", over) => Self::of_blindness(notice, head, over, &lasted),
            ("disk_low", over) => Self::of_disk(notice, over, &lasted),
            ("error_budget", _) => Self {
                subject: format!("BUDGET: {name}: {} spent{}", measured(notice), of_client(notice)),
                heading: format!("{about} has used {} of the down time of this month", measured(notice)),
                opening: format!("Of the down time that this month allows, {} is spent.", against(notice)),
            },
            (event, _) => Self {
                subject: format!("{}: {name}", event.replace('_', " ")),
                heading: name,
                opening: String::new(),
            },
        }
    }

    fn of_measurement(notice: &Notice, about: &str, name: &str, lasted: &str) -> Self {
        match (notice.event.as_str(), notice.until_ms.is_some()) {
            ("high_latency", false) => Self {
                subject: format!("SLOW: {name}: {}{}", measured(notice), of_client(notice)),
                heading: format!("{about} answers slowly"),
                opening: format!("Round trips take {}.", against(notice)),
            },
            ("high_latency", true) => Self {
                subject: format!("LATENCY OK: {name}{}", of_client(notice)),
                heading: format!("{about} answers in time again"),
                opening: format!("It was slow for {lasted}."),
            },
            (_, false) => Self {
                subject: format!("LOSS: {name}: {}{}", measured(notice), of_client(notice)),
                heading: format!("{about} loses packets"),
                opening: format!("Of the packets sent, {} got lost.", against(notice)),
            },
            (_, true) => Self {
                subject: format!("LOSS OK: {name}{}", of_client(notice)),
                heading: format!("{about} no longer loses packets"),
                opening: format!("It lost too many for {lasted}."),
            },
        }
    }

    /// What operations hears of polls that fail though the router answers, and of a link without its interface.
    fn of_failed_polls(notice: &Notice, about: &str, name: &str, lasted: &str) -> Self {
        let lines = lines(notice);
        match (notice.event.as_str(), notice.until_ms.is_some()) {
            ("poll_failed", false) => Self {
                subject: format!("POLL FAILED: router {about}, {lines}"),
                heading: format!("Polls of router {about} fail"),
                opening: format!(
                    "Every poll has failed for {lasted}. Its {lines} are not measured until this is corrected. Customers \
                     are not notified."
                ),
            },
            ("poll_failed", true) => Self {
                subject: format!("POLL OK: router {about} after {lasted}"),
                heading: format!("Polls of router {about} succeed again"),
                opening: format!("They failed for {lasted}."),
            },
            (_, false) => Self {
                subject: format!("PORT MISSING: {name}{}", of_client(notice)),
                heading: format!("The interface of {about} is not on its router"),
                opening: format!(
                    "It has been missing for {lasted}, so the link is not measured. Restore the interface, or give the link \
                     the name it has now. Customers are not notified."
                ),
            },
            (_, true) => Self {
                subject: format!("PORT FOUND: {name} after {lasted}{}", of_client(notice)),
                heading: format!("The interface of {about} is on its router again"),
                opening: format!("It was missing for {lasted}."),
            },
        }
    }

    /// What a client hears of a router that does not answer.
    fn of_silent_lines(lines: &str, over: bool, lasted: &str) -> Self {
        if over {
            Self {
                subject: format!("MONITORED AGAIN: {lines} after {lasted}"),
                heading: format!("We see your {lines} again"),
                opening: format!(
                    "For {lasted} we could not see them. What happened meanwhile is on your portal."
                ),
            }
        } else {
            Self {
                subject: format!("NO CONTACT: {lines} of yours"),
                heading: "We have lost contact with our equipment".to_owned(),
                opening: format!(
                    "For {lasted} we have had no contact with the equipment that carries your {lines}. They may work or \
                     not; we are at it."
                ),
            }
        }
    }

    fn of_disk(notice: &Notice, over: bool, lasted: &str) -> Self {
        if over {
            return Self {
                subject: "DISK OK: the database's disk has space again".to_owned(),
                heading: "The database's disk has space again".to_owned(),
                opening: format!("It was nearly full for {lasted}."),
            };
        }
        let (free, limit) = (measured(notice), notice.limit.as_deref().unwrap_or("?"));
        Self {
            subject: format!("DISK: {free} on the database's disk"),
            heading: "The database's disk is nearly full".to_owned(),
            opening: format!(
                "{free}, less than {limit}. Free some space. Once the disk is full nothing can be stored: logging in fails, \
                 no alert is sent, and polls wait in memory."
            ),
        }
    }

    fn of_clock(notice: &Notice, head: &Letterhead, over: bool, lasted: &str) -> Self {
        let company = cut(&head.name, NAME_CHARS_MAX);
        if over {
            return Self {
                subject: format!("CLOCK OK: the monitoring clock is right again, {company}"),
                heading: "The monitoring clock is right again".to_owned(),
                opening: format!(
                    "It was wrong for {lasted}. The timeline contains no time that did not happen."
                ),
            };
        }
        Self {
            subject: format!("CLOCK: the monitoring clock is wrong, {company}"),
            heading: "The clock of the monitoring machine is wrong".to_owned(),
            opening: notice.error.clone().unwrap_or_else(|| "Run `leaseline doctor` there.".to_owned()),
        }
    }

    fn of_blindness(notice: &Notice, head: &Letterhead, over: bool, lasted: &str) -> Self {
        let company = cut(&head.name, NAME_CHARS_MAX);
        match (over, notice.own_network) {
            (false, true) => Self {
                subject: format!("BLIND: our own network is gone, {company}"),
                heading: "The monitoring is cut off".to_owned(),
                opening: format!(
                    "For {lasted} our own network has been gone: no router can be seen, and no mail is sent about each."
                ),
            },
            (false, false) => Self {
                subject: format!("BLIND: the collector has stopped, {company}"),
                heading: "Nobody looks at the routers".to_owned(),
                opening: format!("For {lasted} no router has been looked at: check that the collector runs."),
            },
            (true, _) => Self {
                subject: format!("WATCHING: routers are seen again, {company}"),
                heading: "The monitoring works again".to_owned(),
                opening: format!("It saw nothing for {lasted}."),
            },
        }
    }
}

fn of_client(notice: &Notice) -> String {
    let client = notice.client.as_ref().filter(|_| !notice.for_client);
    client.map(|client| format!(", {}", cut(client, NAME_CHARS_MAX))).unwrap_or_default()
}

fn lines(notice: &Notice) -> String {
    match notice.links.len() as i64 + notice.more_links {
        1 => "1 link".to_owned(),
        count => format!("{count} links"),
    }
}

fn measured(notice: &Notice) -> &str {
    notice.measured.as_deref().unwrap_or("?")
}

fn against(notice: &Notice) -> String {
    match &notice.limit {
        Some(limit) => format!("{} (limit {limit})", measured(notice)),
        None => measured(notice).to_owned(),
    }
}

fn counted(notice: &Notice) -> String {
    match notice.outages {
        Some((count, window_s)) => {
            format!("It was down {count} times within {}.", duration_words(window_s * 1_000))
        }
        None => String::new(),
    }
}

fn facts(notice: &Notice, time: &LocalTime) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    let mut add = |name, value: Option<String>| facts.extend(value.map(|value| (name, value)));
    let short = |text: &String| cut(text, TEXT_CHARS_MAX);
    add("Since", Some(time.second(notice.since_ms)));
    add("Until", notice.until_ms.map(|until_ms| time.second(until_ms)));
    add("Cause", notice.cause.as_deref().map(|cause| cut(cause_words(cause), TEXT_CHARS_MAX)));
    if !notice.evidence.is_null() {
        add("Known from", Some(evidence_words(&notice.evidence)));
    }
    let error = notice.error.as_ref().filter(|_| notice.event != "clock_wrong");
    add("Last error", error.map(short));
    add("Customer", notice.client.as_ref().filter(|_| !notice.for_client).map(short));
    add("Site", notice.site.as_ref().map(short));
    let port = notice.router.as_ref().map(|router| match &notice.interface {
        Some(interface) => format!("{}, {}", short(router), LinkPort::of(&short(interface))),
        None => short(router),
    });
    add("Router", port);
    facts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn head() -> Letterhead {
        Letterhead {
            name: "Example Net".to_owned(),
            accent: Some("#0a66c2".to_owned()),
            contact: "noc@example.net".to_owned(),
            timezone: "Asia/Kolkata".to_owned(),
            portal: Some("https://portal.example.net".to_owned()),
        }
    }

    fn down() -> Notice {
        Notice {
            event: "link_down".to_owned(),
            alert: Some("7".to_owned()),
            about: "C-1".to_owned(),
            site: Some("Pune".to_owned()),
            client: Some("Acme & Sons".to_owned()),
            router: Some("edge-1".to_owned()),
            interface: Some("ether3".to_owned()),
            since_ms: 1_794_268_800_000,
            told_ms: 1_794_268_865_000,
            cause: Some("link_down".to_owned()),
            evidence: json!({"kind": "looks", "looks": 2}),
            link_id: Some(5),
            ..Notice::default()
        }
    }

    #[test]
    fn a_budget_that_is_overspent_is_not_said_to_have_something_left() {
        let notice = Notice {
            event: "error_budget".to_owned(),
            measured: Some("602 %".to_owned()),
            limit: Some("80 %".to_owned()),
            ..down()
        };
        let text = notice_mail(&notice, &head()).expect("a mail").text;
        assert!(text.contains("C-1 has used 602 % of the down time of this month"), "{text}");
    }

    #[test]
    fn a_down_mail_says_which_since_when_and_how_it_is_known() {
        let mail = notice_mail(&down(), &head()).expect("a mail");
        assert_eq!(mail.subject, "DOWN: C-1 (Pune), Acme & Sons");
        for part in [
            "C-1 is down",
            "down for 1 m 5 s",
            "10 Nov 2026, 05:30:00",
            "Line down at our port",
            "Confirmed by 2 checks",
            "edge-1, ether3",
            "Alert 7. Times are those of Asia/Kolkata. noc@example.net",
        ] {
            assert!(mail.text.contains(part), "{part} is missing in {}", mail.text);
        }
        assert!(mail.html.contains("Acme &#38; Sons"), "{}", mail.html);
        assert!(mail.html.len() < 20_000, "{} bytes", mail.html.len());
    }

    #[test]
    fn an_up_mail_says_how_long_it_was_down() {
        let notice = Notice { until_ms: Some(1_794_268_800_000 + 3_700_000), ..down() };
        let mail = notice_mail(&notice, &head()).expect("a mail");
        assert_eq!(mail.subject, "UP: C-1 (Pune) after 1 h 1 m, Acme & Sons");
    }

    #[test]
    fn a_client_reads_of_its_lines_and_not_of_our_equipment() {
        let links = vec![NoticeLink {
            circuit: "C-1".to_owned(),
            site: None,
            client: "Acme".to_owned(),
            state: "unknown".to_owned(),
        }];
        let notice = Notice {
            event: "router_unreachable".to_owned(),
            for_client: true,
            about: String::new(),
            alert: None,
            router: None,
            interface: None,
            links,
            ..down()
        };
        let mail = notice_mail(&notice, &head()).expect("a mail");
        assert_eq!(mail.subject, "NO CONTACT: 1 link of yours");
        assert!(!mail.text.contains("edge-1"), "{}", mail.text);
    }

    #[test]
    fn a_name_from_outside_makes_no_markup_and_no_header() {
        let notice = Notice { about: "C<b>\r\nBcc: x@y.example".to_owned(), ..down() };
        let mail = notice_mail(&notice, &head()).expect("a mail");
        assert!(!mail.subject.contains(['\r', '\n']), "{}", mail.subject);
        assert!(!mail.html.contains("C<b>"), "{}", mail.html);
    }
}
