use serde::Serialize;

use super::words::short;
use crate::local_time::LocalTime;
use crate::{Accent, Document, rate_words};

/// The company as it is shown.
#[derive(Debug, Serialize)]
pub(crate) struct BrandLook {
    pub(crate) name: String,
    /// Its colour.
    pub(crate) accent: String,
    /// What can be read on it.
    pub(crate) on_accent: String,
    /// Its colour as text on white.
    pub(crate) accent_text: String,
    /// `noc@isp.example · +91 20 5550 0000`
    pub(crate) contact: String,
}

impl BrandLook {
    pub(super) fn of(document: &Document<'_>) -> Self {
        let facts = document.facts;
        let name = if document.brand.name.trim().is_empty() { &facts.company } else { &document.brand.name };
        let support = (facts.support_email.as_deref(), facts.support_phone.as_deref());
        Self::new(name, document.brand.accent.as_deref(), support)
    }

    pub(crate) fn new(name: &str, accent: Option<&str>, (mail, phone): (Option<&str>, Option<&str>)) -> Self {
        let accent = Accent::of_brand(accent);
        let contact: Vec<String> = [mail, phone].into_iter().flatten().map(short).collect();
        Self {
            name: short(name),
            accent: accent.to_string(),
            on_accent: accent.text_on_it().to_string(),
            accent_text: accent.as_text().to_string(),
            contact: contact.join(" · "),
        }
    }
}

/// Whose service it is, and which.
#[derive(Debug, Serialize)]
pub(crate) struct Service {
    pub(crate) company: String,
    pub(crate) client: String,
    pub(crate) circuit: String,
    /// `Internet leased line`
    pub(crate) kind: String,
    pub(crate) committed: String,
    pub(crate) service_ref: Option<String>,
    pub(crate) site: Option<String>,
    /// `October 2026`
    pub(crate) month: String,
    /// First and last moment of the period.
    pub(crate) from: String,
    pub(crate) to: String,
    /// `Asia/Kolkata, UTC+05:30`
    pub(crate) zone: String,
    /// `From 15 Oct 2026, 10:00`, where the contract does not cover the whole period.
    pub(crate) contract: Option<String>,
    pub(crate) report_url: Option<String>,
}

impl Service {
    pub(super) fn of(document: &Document<'_>, time: &LocalTime) -> Self {
        let Document { facts, statement, .. } = document;
        Self {
            company: short(&facts.company),
            client: short(&facts.client),
            circuit: short(&facts.circuit),
            kind: kind_words(&facts.kind),
            committed: rate_words(facts.committed_bps),
            service_ref: facts.service_ref.as_deref().map(short),
            site: facts.site.as_deref().map(short),
            month: time.at(document.month(time).from_ms).strftime("%B %Y").to_string(),
            from: time.minute(statement.from_ms),
            to: time.minute(statement.to_ms),
            zone: zone_words(document, time),
            contract: contract_words(document, time),
            report_url: document.report_url.map(str::to_owned),
        }
    }
}

fn kind_words(kind: &str) -> String {
    match kind {
        "ILL" => "Internet leased line".to_owned(),
        "P2P" => "Point-to-point link".to_owned(),
        "MPLS" => "MPLS link".to_owned(),
        "broadband" => "Broadband".to_owned(),
        other => short(other),
    }
}

fn zone_words(document: &Document<'_>, time: &LocalTime) -> String {
    let statement = document.statement;
    let (first, last) = (time.offset(statement.from_ms), time.offset(statement.to_ms - 1));
    let zone = &statement.timezone;
    if first == last { format!("{zone}, UTC{first}") } else { format!("{zone}, UTC{first}, later UTC{last}") }
}

fn contract_words(document: &Document<'_>, time: &LocalTime) -> Option<String> {
    let (active, statement) = (document.inputs.active, document.statement);
    let begins =
        (active.from_ms > statement.from_ms).then(|| format!("from {}", time.minute(active.from_ms)));
    let ends = active.to_ms.filter(|&to_ms| to_ms < statement.to_ms);
    let ends = ends.map(|to_ms| format!("until {}", time.minute(to_ms)));
    let words: Vec<String> = begins.into_iter().chain(ends).collect();
    (!words.is_empty()).then(|| words.join(" "))
}
