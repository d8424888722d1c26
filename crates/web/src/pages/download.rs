use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use report::{Brand, Document, Facts, Logo, ReportError};
use sla::Inputs;
use store::{Company, SlaReport};

use crate::address::client_address;
use crate::app::App;
use crate::audit::note_download;
use crate::error::PageError;
use crate::pages::{report_id, theirs};
use crate::session::ClientSession;

/// The forms in which a statement leaves the portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Pdf,
    Csv,
    Json,
}

impl Form {
    fn extension(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
        }
    }
}

/// What a file is made from: the report as it was frozen, and the company as it looks now.
pub(crate) struct Source {
    report: SlaReport,
    inputs: Inputs,
    facts: Facts,
    brand: Brand,
    url: Option<String>,
}

/// Who asks and from where, for the log of downloads.
pub(crate) struct Asker {
    session: ClientSession,
    address: String,
}

impl FromRequestParts<App> for Asker {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PageError> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().copied();
        let address =
            client_address(peer.as_ref(), &parts.headers, &app.settings.trusted_proxies).to_string();
        let session = <ClientSession as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        Ok(Self { session, address })
    }
}

/// `GET /client/sla-reports/{report}/statement.pdf`
pub(crate) async fn pdf(
    State(app): State<App>,
    asker: Asker,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    send(&app, &asker, &id, Form::Pdf).await
}

/// `GET /client/sla-reports/{report}/statement.csv`
pub(crate) async fn csv(
    State(app): State<App>,
    asker: Asker,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    send(&app, &asker, &id, Form::Csv).await
}

/// `GET /client/sla-reports/{report}/statement.json`
pub(crate) async fn json(
    State(app): State<App>,
    asker: Asker,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    send(&app, &asker, &id, Form::Json).await
}

async fn send(app: &App, asker: &Asker, id: &str, form: Form) -> Result<Response, PageError> {
    let source = load(app, &asker.session, id).await?;
    let name = source.file_name(form);
    let subject = format!("link {}", source.facts.circuit);
    note_download(app, &asker.session, asker.address.clone(), &name, subject).await?;
    file(app, source, form, &name).await
}

/// The file as an answer, under its name.
pub(crate) async fn file(app: &App, source: Source, form: Form, name: &str) -> Result<Response, PageError> {
    let bytes = made(app, move || source.bytes(form)).await?;
    let bytes = bytes.map_err(|error| PageError::Statement(Box::new(error)))?;
    let headers = [
        (CONTENT_TYPE, form.media_type().to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, bytes).into_response())
}

async fn load(app: &App, session: &ClientSession, id: &str) -> Result<Source, PageError> {
    let id = report_id(id)?;
    let client = session.client_id();
    let report = theirs(app.store.report_for_client(client, id).await)?;
    let inputs = theirs(app.store.report_inputs_for_client(client, id).await)?;
    Source::read(app, report, inputs, &session.company).await
}

/// Makes something of a statement where it holds nobody else up.
pub(crate) async fn made<T: Send + 'static>(
    app: &App,
    make: impl FnOnce() -> T + Send + 'static,
) -> Result<T, PageError> {
    // Kept until it is made, also if nobody waits for it any more.
    let permit = Arc::clone(&app.files_made).acquire_owned().await.map_err(internal)?;
    let making = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        make()
    });
    making.await.map_err(internal)
}

/// The facts that were frozen with a report, taken out of it.
pub(crate) fn facts(report: &mut SlaReport) -> Result<Facts, PageError> {
    serde_json::from_value(report.facts.take())
        .map_err(|error| PageError::Internal(format!("the facts of report {}: {error}", report.id)))
}

impl Source {
    /// With the company as it looks now.
    pub(crate) async fn read(
        app: &App,
        mut report: SlaReport,
        inputs: Inputs,
        company: &Company,
    ) -> Result<Self, PageError> {
        let facts = facts(&mut report)?;
        let logo = app.store.company_logo(company.id).await?;
        // A logo that cannot be printed is left out: the figures matter more.
        let logo = logo.and_then(|logo| {
            let read = Logo::new(logo.bytes, logo.kind.as_str());
            read.inspect_err(|error| tracing::warn!(company = %company.id, %error, "logo left out")).ok()
        });
        let brand = Brand { name: company.name.clone(), accent: company.accent.clone(), logo };
        let portal = app.settings.public_url.as_ref();
        let url = portal.map(|portal| format!("{portal}/client/sla-reports/{}", report.id));
        Ok(Self { report, inputs, facts, brand, url })
    }

    /// What the forms of a statement are made of.
    pub(crate) fn document(&self) -> Document<'_> {
        Document {
            facts: &self.facts,
            brand: &self.brand,
            statement: &self.report.statement,
            inputs: &self.inputs,
            revision: self.report.revision,
            reason: &self.report.reason,
            digest: &self.report.digest,
            created_at_ms: self.report.created_at_ms,
            report_url: self.url.as_deref(),
        }
    }

    /// Of which link.
    pub(crate) fn circuit(&self) -> &str {
        &self.facts.circuit
    }

    /// What its file is called.
    pub(crate) fn file_name(&self, form: Form) -> String {
        let SlaReport { month, revision, .. } = self.report;
        report::file_name(&self.facts.circuit, month, revision, form.extension())
    }

    fn bytes(&self, form: Form) -> Result<Vec<u8>, ReportError> {
        let document = self.document();
        Ok(match form {
            Form::Pdf => {
                let pdf = report::pdf_with_notes(&document)?;
                for note in &pdf.notes {
                    tracing::warn!(company = document.brand.name, report = %self.report.id, "{note}");
                }
                pdf.bytes
            }
            Form::Csv => report::csv(&document),
            Form::Json => report::json(&document),
        })
    }
}

fn internal(error: impl std::fmt::Display) -> PageError {
    PageError::Internal(error.to_string())
}
