//! Figures in the words that people read, and the monthly statement in the forms in which it leaves the house.
//!
//! Turns values into text, PDF, CSV, JSON and the bodies of mails; sends nothing and reads no clock. Everything comes in
//! with a [`Document`]; the same document gives the same bytes.

mod accent;
mod account_mail;
mod cause;
mod chart;
mod document;
mod error;
mod evidence;
mod export;
mod file_name;
mod local_time;
mod logo;
mod mail;
mod month_mail;
mod month_summary;
mod notice;
mod pdf;
mod rate;
mod sheet;
mod short_message;
mod svg;
mod view;
mod webhook;

pub use accent::{Accent, Tones, UnknownAccent};
pub use account_mail::{AccountDoor, AccountMail, AccountNews, AccountPart, account_mail};
pub use cause::{cause_words, poll_failure_words};
pub use document::{Brand, Document, Facing, Facts, UnknownFacing};
pub use error::ReportError;
pub use evidence::evidence_words;
pub use export::json;
pub use file_name::file_name;
pub use logo::{LOGO_BYTES_MAX, LOGO_PIXELS_MAX, Logo, LogoError, logo_trial};
pub use mail::{MailBody, breach_mail, report_mail};
pub use month_mail::{LINKS_LISTED_MAX, MonthReport, MonthReports, month_mail, month_message};
pub use month_summary::{MonthSummary, SUMMARY_LINKS_MAX, SummaryLink, summary_mail, summary_message};
pub use notice::{Letterhead, Notice, NoticeLink, notice_mail};
pub use pdf::{FontFile, Pdf, PdfNote, find_more_fonts, pdf, pdf_with_notes, unprintable};
pub use rate::rate_words;
pub use sheet::csv;
pub use short_message::{ShortMessage, breach_message, notice_message, report_message};
pub use sla::{age_words, duration_words, percent_truncated};
pub use webhook::webhook_body;
