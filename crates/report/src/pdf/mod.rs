//! The statement as a PDF: the view goes into the templates as `/data.json`, the typesetter does the rest.

mod data;
mod world;

use jiff::{Timestamp, tz::TimeZone};
use typst::diag::SourceDiagnostic;
use typst::foundations::{Datetime, Smart};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};

use self::world::Sandbox;
use crate::chart::Chart;
use crate::local_time::LocalTime;
use crate::logo::{Logo, LogoForm};
use crate::view::{Limits, View};
use crate::{Document, ReportError};

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
/// Takes some tens of milliseconds of a core: call it where blocking is allowed. A logo that cannot be drawn is left out.
///
/// # Errors
/// [`ReportError::Inputs`] if the inputs contradict themselves, [`ReportError::Typeset`] if the layout fails.
pub fn pdf(document: &Document<'_>) -> Result<Vec<u8>, ReportError> {
    let made = pages(document)
        .and_then(|paged| typst_pdf::pdf(&paged, &options(document)?).map_err(|notes| said(&notes)));
    // What the typesetter remembers of this document helps no other one.
    comemo::evict(1);
    made
}

/// Set with as many rows as fit.
fn pages(document: &Document<'_>) -> Result<PagedDocument, ReportError> {
    let time = LocalTime::of(document.statement);
    let chart = Chart::new(document, &time);
    let mut logo = document.brand.logo.as_ref();
    let mut limits = LIMITS.iter();
    let mut limit = LIMITS[0];
    loop {
        let view = View::new(document, limit)?;
        let paged = match typeset(&view, &chart, logo) {
            Err(_) if logo.is_some() => {
                logo = None;
                continue;
            }
            paged => paged?,
        };
        limits.next();
        match limits.as_slice() {
            [fewer, ..] if paged.pages().len() > PAGES_MAX => limit = *fewer,
            _ => return Ok(paged),
        }
    }
}

fn typeset(view: &View, chart: &Chart, logo: Option<&Logo>) -> Result<PagedDocument, ReportError> {
    let logo = logo.map(|logo| match logo.form() {
        LogoForm::Png => ("/logo.png", logo.bytes().to_vec()),
        LogoForm::Svg => ("/logo.svg", logo.bytes().to_vec()),
    });
    let data = data::data(view, chart, logo.as_ref().map(|(path, _)| *path))
        .map_err(|error| ReportError::Typeset(error.to_string()))?;
    let files = [("/data.json", data), ("/chart.svg", chart.svg.clone().into_bytes())];
    let sandbox = Sandbox::new(files.into_iter().chain(logo));
    typst::compile(&sandbox).output.map_err(|notes| said(&notes))
}

fn options(document: &Document<'_>) -> Result<PdfOptions, ReportError> {
    let standards = PdfStandards::new(&[PdfStandard::A_2a, PdfStandard::Ua_1])
        .map_err(|error| ReportError::Typeset(error.message().to_string()))?;
    let Document { facts, statement, revision, digest, .. } = document;
    Ok(PdfOptions {
        ident: Smart::Custom(format!("{} {} {revision} {digest}", facts.circuit, statement.month)),
        creator: Smart::Custom(Some("Leaseline".to_owned())),
        timestamp: timestamp(document.created_at_ms),
        standards,
        ..PdfOptions::default()
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
