//! The statement as a PDF: the view goes into the templates as `/data.json`, the typesetter does the rest.

mod data;
mod fonts;
mod note;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::{Timestamp, tz::TimeZone};
use typst::diag::SourceDiagnostic;
use typst::foundations::{Datetime, Smart};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};

use self::data::Data;
use self::fonts::Fonts;
use self::world::{Main, Sandbox};
use crate::chart::Chart;
use crate::local_time::LocalTime;
use crate::logo::{Logo, LogoForm};
use crate::view::{Limits, View};
use crate::{Document, ReportError};

pub use self::fonts::{FontFile, find_more_fonts, unprintable};
pub use self::note::{Pdf, PdfNote};

/// The most pages; what does not fit is in the CSV.
const PAGES_MAX: usize = 3;
/// How many rows are tried to get there, the last one whatever comes of it.
const LIMITS: [Limits; 3] = [
    Limits { outages: 24, exclusions: 8 },
    Limits { outages: 14, exclusions: 5 },
    Limits { outages: 6, exclusions: 2 },
];
/// How many notes of the typesetter an error carries.
const NOTES_MAX: usize = 3;

/// The statement as a tagged PDF (PDF/UA-1 and PDF/A-2a) of one to three A4 pages with its fonts embedded. The same
/// document gives the same bytes.
///
/// Takes some tens of milliseconds of a core: call it where blocking is allowed. A logo that cannot be printed is left out.
///
/// # Errors
/// [`ReportError::Inputs`] if the inputs contradict themselves, [`ReportError::Typeset`] if the layout fails.
pub fn pdf(document: &Document<'_>) -> Result<Vec<u8>, ReportError> {
    pdf_with_notes(document).map(|pdf| pdf.bytes)
}

/// [`pdf`] with what was left out of it.
///
/// # Errors
/// Those of [`pdf`].
pub fn pdf_with_notes(document: &Document<'_>) -> Result<Pdf, ReportError> {
    let (mut notes, mut logo) = (Vec::new(), document.brand.logo.as_ref());
    let mut made = attempt(document, logo, Glyphs::All);
    if let (Some(_), Err(error @ ReportError::Typeset(_))) = (logo, &made) {
        notes.push(PdfNote::LogoLeftOut(error.to_string()));
        logo = None;
        made = attempt(document, logo, Glyphs::All);
    }
    // A cluster of characters of which no single font has all: without them the rest can be printed.
    if let Err(ReportError::Typeset(_)) = &made {
        made = attempt(document, logo, Glyphs::OfBase);
    }
    // What the typesetter remembers of this document helps no other one.
    comemo::evict(1);
    let (bytes, missing) = made?;
    if !missing.is_empty() {
        notes.push(PdfNote::MissingGlyphs(missing));
    }
    Ok(Pdf { bytes, notes })
}

/// With which fonts a text is set.
#[derive(Clone, Copy)]
enum Glyphs {
    All,
    OfBase,
}

/// Prints a page with nothing but a logo, under the standards of a statement.
///
/// # Errors
/// [`ReportError::Typeset`].
pub(crate) fn trial(form: LogoForm, bytes: Vec<u8>) -> Result<(), ReportError> {
    let path = logo_path(form);
    let data = serde_json::json!({ "logo": path }).to_string().into_bytes();
    let sandbox = Sandbox::new(Main::LogoTrial, Fonts::for_text(""), [("/data.json", data), (path, bytes)]);
    let paged: PagedDocument = typst::compile(&sandbox).output.map_err(|notes| said(&notes))?;
    // The standards ask for a date, whichever.
    let options = PdfOptions { timestamp: timestamp(0), ..standard_options()? };
    typst_pdf::pdf(&paged, &options).map(drop).map_err(|notes| said(&notes))
}

/// A library that gives up on a logo must not take the statement with it. The file, and the characters that are missing.
fn attempt(
    document: &Document<'_>,
    logo: Option<&Logo>,
    glyphs: Glyphs,
) -> Result<(Vec<u8>, Vec<char>), ReportError> {
    let make = || {
        let (paged, missing) = pages(document, logo, glyphs)?;
        let bytes = typst_pdf::pdf(&paged, &options(document)?).map_err(|notes| said(&notes))?;
        Ok((bytes, missing))
    };
    let gave_up = |_| Err(ReportError::Typeset("the typesetter gave up".to_owned()));
    catch_unwind(AssertUnwindSafe(make)).unwrap_or_else(gave_up)
}

/// Set with as many rows as fit.
fn pages(
    document: &Document<'_>,
    logo: Option<&Logo>,
    glyphs: Glyphs,
) -> Result<(PagedDocument, Vec<char>), ReportError> {
    let time = LocalTime::of(document.statement);
    let chart = Chart::new(document, &time);
    let mut limits = LIMITS.iter();
    let mut limit = LIMITS[0];
    loop {
        let view = View::new(document, limit)?;
        let (paged, missing) = typeset(&view, &chart, logo, glyphs)?;
        limits.next();
        match limits.as_slice() {
            [fewer, ..] if paged.pages().len() > PAGES_MAX => limit = *fewer,
            _ => return Ok((paged, missing)),
        }
    }
}

fn typeset(
    view: &View,
    chart: &Chart,
    logo: Option<&Logo>,
    glyphs: Glyphs,
) -> Result<(PagedDocument, Vec<char>), ReportError> {
    let logo = logo.map(|logo| (logo_path(logo.form()), logo.bytes().to_vec()));
    let data = Data::new(view, chart, logo.as_ref().map(|(path, _)| *path))
        .map_err(|error| ReportError::Typeset(error.to_string()))?;
    let fonts = match glyphs {
        Glyphs::All => Fonts::for_text(&data.text()),
        Glyphs::OfBase => Fonts::base(),
    };
    let (json, missing) =
        data.printable_with(fonts).map_err(|error| ReportError::Typeset(error.to_string()))?;
    let files = [("/data.json", json), ("/chart.svg", chart.svg.clone().into_bytes())];
    let sandbox = Sandbox::new(Main::Statement, fonts, files.into_iter().chain(logo));
    typst::compile(&sandbox).output.map(|paged| (paged, missing)).map_err(|notes| said(&notes))
}

fn logo_path(form: LogoForm) -> &'static str {
    match form {
        LogoForm::Png => "/logo.png",
        LogoForm::Svg => "/logo.svg",
    }
}

fn standard_options() -> Result<PdfOptions, ReportError> {
    let standards = PdfStandards::new(&[PdfStandard::A_2a, PdfStandard::Ua_1])
        .map_err(|error| ReportError::Typeset(error.message().to_string()))?;
    Ok(PdfOptions {
        creator: Smart::Custom(Some("Leaseline".to_owned())),
        standards,
        ..PdfOptions::default()
    })
}

fn options(document: &Document<'_>) -> Result<PdfOptions, ReportError> {
    let Document { facts, statement, revision, digest, .. } = document;
    Ok(PdfOptions {
        ident: Smart::Custom(format!("{} {} {revision} {digest}", facts.circuit, statement.month)),
        timestamp: timestamp(document.created_at_ms),
        ..standard_options()?
    })
}

fn timestamp(at_ms: i64) -> Option<typst_pdf::Timestamp> {
    let at = Timestamp::from_millisecond(at_ms).ok()?.to_zoned(TimeZone::UTC);
    let part = |part: i8| u8::try_from(part).ok();
    let (month, day) = (part(at.month())?, part(at.day())?);
    let (hour, minute, second) = (part(at.hour())?, part(at.minute())?, part(at.second())?);
    let at = Datetime::from_ymd_hms(at.year().into(), month, day, hour, minute, second);
    at.map(typst_pdf::Timestamp::new_utc)
}

fn said(notes: &[SourceDiagnostic]) -> ReportError {
    let notes: Vec<&str> = notes.iter().take(NOTES_MAX).map(|note| note.message.as_str()).collect();
    ReportError::Typeset(notes.join("; "))
}
