//! The mails about a person's own account: links that set a password, and word of a change.

use askama::Template;

use crate::local_time::LocalTime;
use crate::mail::{MailBody, SUBJECT_CHARS_MAX, failed, html_of};
use crate::view::BrandLook;
use crate::view::words::{cut, short};
use crate::{Brand, ReportError};

/// A mail to a person about the own account.
#[derive(Clone, Copy, Debug)]
pub struct AccountMail<'a> {
    /// Whose portal it is.
    pub brand: &'a Brand,
    /// Where to turn to, by mail and by telephone.
    pub support: (Option<&'a str>, Option<&'a str>),
    /// The name that the person logs in with.
    pub username: &'a str,
    /// What it is an account for.
    pub door: AccountDoor,
    /// What it tells.
    pub news: AccountNews<'a>,
}

/// What an account opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountDoor {
    /// The customer portal.
    Portal,
    /// The pages of the provider's own people.
    Staff,
}

/// What a mail about an account tells.
#[derive(Clone, Copy, Debug)]
pub enum AccountNews<'a> {
    /// Somebody wishes for a new password.
    Reset {
        /// Sets it, once.
        url: &'a str,
        /// For how long.
        minutes: i64,
    },
    /// The person may have an account.
    Invitation {
        /// Sets the first password, once.
        url: &'a str,
        /// For how long.
        minutes: i64,
        /// Whose links a person of a client will see; for one of the provider's own it is nobody's.
        client: &'a str,
    },
    /// How the account is entered was changed. This mail has no link: nobody shall learn to click in such mails.
    Changed {
        /// What was changed, as the subject of a sentence with its verb: `The password … was changed`.
        what: AccountPart,
        /// When.
        at_ms: i64,
        /// IANA name of the zone in which that is told.
        zone: &'a str,
        /// From where, if over the network.
        address: Option<&'a str>,
        /// By the provider.
        by_provider: bool,
    },
}

/// What was changed of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountPart {
    /// Its password.
    Password,
    /// A second factor was switched on.
    SecondFactorOn,
    /// It was switched off.
    SecondFactorOff,
    /// New recovery codes were made.
    RecoveryCodes,
}

/// The mail to a person about the own account.
///
/// # Errors
/// [`ReportError::Mail`] if a template fails.
pub fn account_mail(about: &AccountMail<'_>) -> Result<MailBody, ReportError> {
    let brand = BrandLook::new(&about.brand.name, about.brand.accent.as_deref(), about.support);
    let mail = Mail::new(about, brand);
    let text = Text { mail: &mail }.render().map_err(failed)?;
    let html = html_of(&Html { mail: &mail })?;
    Ok(MailBody { subject: mail.subject, html, text })
}

/// What both forms say.
struct Mail {
    subject: String,
    preview: String,
    heading: String,
    opening: String,
    brand: BrandLook,
    link: Option<Link>,
    paragraphs: Vec<String>,
    closing: String,
}

struct Link {
    label: &'static str,
    url: String,
}

#[derive(Template)]
#[template(path = "account_mail.mjml", escape = "html")]
struct Html<'a> {
    mail: &'a Mail,
}

#[derive(Template)]
#[template(path = "account_mail.txt", escape = "none")]
struct Text<'a> {
    mail: &'a Mail,
}

struct Words {
    subject: String,
    opening: String,
    link: Option<Link>,
    paragraphs: Vec<String>,
}

impl Mail {
    fn new(about: &AccountMail<'_>, brand: BrandLook) -> Self {
        let user = short(about.username);
        let Words { subject, opening, link, paragraphs } = match about.news {
            AccountNews::Reset { url, minutes } => reset(&brand.name, &user, url, minutes),
            AccountNews::Invitation { url, minutes, .. } if about.door == AccountDoor::Staff => {
                staff_invitation(&brand.name, &user, url, minutes)
            }
            AccountNews::Invitation { url, minutes, client } => {
                invitation(&brand.name, &user, &short(client), url, minutes)
            }
            AccountNews::Changed { what, at_ms, zone, address, by_provider } => {
                let when = moment(at_ms, zone);
                let place = match address {
                    _ if by_provider => format!(", by {}", brand.name),
                    Some(address) => format!(", from the address {}", short(address)),
                    None => String::new(),
                };
                changed(&brand.name, &user, what, &format!("{when}{place}"))
            }
        };
        Self {
            subject: cut(&subject, SUBJECT_CHARS_MAX),
            preview: opening.clone(),
            heading: subject,
            opening,
            link,
            paragraphs,
            closing: match about.door {
                AccountDoor::Portal => {
                    format!("This mail is about the account {user} in the customer portal of {}.", brand.name)
                }
                AccountDoor::Staff => {
                    format!("This mail is about the account {user} on the staff pages of {}.", brand.name)
                }
            },
            brand,
        }
    }
}

fn reset(company: &str, user: &str, url: &str, minutes: i64) -> Words {
    Words {
        subject: format!("Set a new password for {company}"),
        opening: format!("Somebody asked for a new password for your account {user}. Choose it here:"),
        link: Some(Link { label: "Set a new password", url: url.to_owned() }),
        paragraphs: vec![
            format!("The link works once, for {}.", span(minutes)),
            "If it was not you, there is nothing to do: your password stays as it is.".to_owned(),
        ],
    }
}

fn invitation(company: &str, user: &str, client: &str, url: &str, minutes: i64) -> Words {
    Words {
        subject: format!("Your account in the portal of {company}"),
        opening: format!(
            "You are invited to see the links of {client} and their reports. Your user name is {user}; choose a password to begin:"
        ),
        link: Some(Link { label: "Choose a password", url: url.to_owned() }),
        paragraphs: vec![
            format!("The link works once, for {}.", span(minutes)),
            format!(
                "If you know nothing of {client}, somebody mistyped an address, and you may delete this mail."
            ),
        ],
    }
}

fn staff_invitation(company: &str, user: &str, url: &str, minutes: i64) -> Words {
    Words {
        subject: format!("Your account on the staff pages of {company}"),
        opening: format!(
            "You are invited to the pages on which the people of {company} look after links and customers. Your user name is {user}; choose a password to begin:"
        ),
        link: Some(Link { label: "Choose a password", url: url.to_owned() }),
        paragraphs: vec![
            format!("The link works once, for {}.", span(minutes)),
            format!(
                "If you do not work with {company}, somebody mistyped an address, and you may delete this mail."
            ),
        ],
    }
}

fn changed(company: &str, user: &str, what: AccountPart, when: &str) -> Words {
    let (subject, did) = match what {
        AccountPart::Password => {
            ("password was changed", format!("The password of your account {user} was changed"))
        }
        AccountPart::SecondFactorOn => (
            "second factor was switched on",
            format!("A second factor was switched on for your account {user}"),
        ),
        AccountPart::SecondFactorOff => (
            "second factor was switched off",
            format!("The second factor of your account {user} was switched off"),
        ),
        AccountPart::RecoveryCodes => (
            "recovery codes were replaced",
            format!("The recovery codes of your account {user} were replaced"),
        ),
    };
    Words {
        subject: format!("Your {subject}"),
        opening: format!("{did} on {when}."),
        link: None,
        paragraphs: vec![
            "If it was you, there is nothing to do.".to_owned(),
            format!(
                "If it was not, tell {company} at once, then open the portal as you always do and set a new password."
            ),
        ],
    }
}

/// `24 Nov 2026, 16:48 (Asia/Kolkata)`
fn moment(at_ms: i64, zone: &str) -> String {
    let time = LocalTime::in_zone(zone);
    format!("{} ({})", time.minute(at_ms), time.name())
}

/// `30 minutes`, `3 days`
fn span(minutes: i64) -> String {
    const DAY: i64 = 24 * 60;
    let (count, unit) = match minutes {
        minutes if minutes >= DAY && minutes % DAY == 0 => (minutes / DAY, "day"),
        minutes if minutes >= 60 && minutes % 60 == 0 => (minutes / 60, "hour"),
        minutes => (minutes, "minute"),
    };
    if count == 1 { format!("one {unit}") } else { format!("{count} {unit}s") }
}
