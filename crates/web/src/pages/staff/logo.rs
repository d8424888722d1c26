//! A company's logo: what it is, another one, or none. A file goes through the same checks as on the command line.

use std::sync::Arc;

use askama::Template;
use axum::extract::multipart::{MultipartError, MultipartRejection};
use axum::extract::{Multipart, Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Response};
use report::LOGO_BYTES_MAX;
use store::{Company, Logo, LogoType};

use crate::app::App;
use crate::caller::Caller;
use crate::error::PageError;
use crate::logo::{LogoRefused, logo_of_file};
use crate::pages::brand::LOGO_POLICY;
use crate::pages::render;
use crate::pages::staff::{Answered, COMPANIES, Frame, company_id, gone_to, refused};
use crate::staff::StaffSession;

/// The largest form in bytes: more than a logo may have, so that one that is too large is told so and not cut off.
pub(crate) const FORM_BYTES_MAX: usize = 4 * LOGO_BYTES_MAX;
/// The field of the form that holds the file.
const FIELD: &str = "logo";

#[derive(Template)]
#[template(path = "staff_logo.html")]
struct LogoPage {
    frame: Frame,
    company: String,
    /// The address of the company's page.
    back: String,
    /// What there is: its form and size.
    stored: Option<String>,
    /// Why the stored one is neither shown nor printed: an earlier version allowed more.
    left_out: Option<String>,
    /// What is wrong with the file that was sent.
    wrong: Option<String>,
    kib_max: usize,
    pixels_max: u32,
}

async fn page(
    app: &App,
    session: &StaffSession,
    company: &Company,
    wrong: Option<String>,
) -> Answered<Html<String>> {
    let logo = app.store.company_logo(company.id).await?;
    let page = LogoPage {
        frame: Frame::new(app, session, COMPANIES),
        company: company.name.clone(),
        back: format!("{COMPANIES}/{}", company.id),
        stored: logo.as_ref().map(about),
        left_out: logo.and_then(|logo| allowed(logo).err()),
        wrong,
        kib_max: LOGO_BYTES_MAX / 1024,
        pixels_max: report::LOGO_PIXELS_MAX,
    };
    Ok(render(&page)?)
}

/// The file as pages and PDFs have it.
fn allowed(logo: Logo) -> Result<Vec<u8>, String> {
    let checked = report::Logo::new(logo.bytes, logo.kind.as_str());
    checked.map(report::Logo::into_bytes).map_err(|error| error.to_string())
}

fn about(logo: &Logo) -> String {
    let form = match logo.kind {
        LogoType::Png => "PNG",
        LogoType::Svg => "SVG",
    };
    format!("{form}, {} KiB", logo.bytes.len().div_ceil(1024))
}

/// `GET /staff/companies/{company}/logo`
pub(crate) async fn show(State(app): State<App>, session: StaffSession, Path(id): Path<String>) -> Answered {
    let company = app.store.staff_company(&session.scope, company_id(&id)?).await?;
    page(&app, &session, &company, None).await
}

/// `GET /staff/companies/{company}/logo/picture`
pub(crate) async fn picture(
    State(app): State<App>,
    session: StaffSession,
    Path(id): Path<String>,
) -> Answered<Response> {
    let company = app.store.staff_company(&session.scope, company_id(&id)?).await?;
    let logo = app.store.company_logo(company.id).await?.ok_or(PageError::NotFound)?;
    let headers = [(CONTENT_TYPE, logo.kind.as_str()), (CONTENT_SECURITY_POLICY, LOGO_POLICY)];
    let bytes = allowed(logo).map_err(|_| PageError::NotFound)?;
    Ok((headers, bytes).into_response())
}

/// `POST /staff/companies/{company}/logo`: the file stands in the field `logo`.
pub(crate) async fn upload(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
    form: Result<Multipart, MultipartRejection>,
) -> Answered<Response> {
    let company = app.store.staff_company(&session.scope, company_id(&id)?).await?;
    let logo = match file(form).await? {
        Ok(bytes) => tried(&app, bytes).await?,
        Err(why) => Err(why),
    };
    match logo {
        Ok(logo) => {
            let address = caller.address_text();
            let act = session.act(&address, app.clock.now_ms());
            app.store.staff_set_company_logo(&act, company.id, Some(&logo)).await?;
            Ok(gone_to(&format!("{COMPANIES}/{}/logo", company.id)))
        }
        Err(why) => Ok(refused(page(&app, &session, &company, Some(why)).await?)),
    }
}

/// The logo in a file, or what is to be said of it.
async fn tried(app: &App, bytes: Vec<u8>) -> Result<Result<Logo, String>, PageError> {
    let permit = Arc::clone(&app.files_made).acquire_owned().await;
    let _permit = permit.map_err(|error| PageError::Internal(error.to_string()))?;
    let tried = logo_of_file(bytes, &app.settings.logo_trial).await;
    if let Err(LogoRefused::Untried(error)) = &tried {
        tracing::error!(%error, "an uploaded logo could not be tried");
    }
    Ok(tried.map_err(|error| format!("Not taken: {error}.")))
}

/// `POST /staff/companies/{company}/logo/remove`
pub(crate) async fn remove(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
) -> Answered<Response> {
    let company = app.store.staff_company(&session.scope, company_id(&id)?).await?;
    let address = caller.address_text();
    let act = session.act(&address, app.clock.now_ms());
    app.store.staff_set_company_logo(&act, company.id, None).await?;
    Ok(gone_to(&format!("{COMPANIES}/{}/logo", company.id)))
}

/// The file of a form; inside, what is to be told of one that cannot be taken.
async fn file(form: Result<Multipart, MultipartRejection>) -> Result<Result<Vec<u8>, String>, PageError> {
    let Ok(mut form) = form else { return Err(PageError::BadRequest) };
    loop {
        let field = match form.next_field().await {
            Ok(Some(field)) => field,
            Ok(None) => return Ok(Err("Choose a file.".to_owned())),
            Err(error) => return cut(&error),
        };
        if field.name() != Some(FIELD) {
            continue;
        }
        return match field.bytes().await {
            Ok(bytes) if bytes.is_empty() => Ok(Err("Choose a file.".to_owned())),
            Ok(bytes) => Ok(Ok(bytes.into())),
            Err(error) => cut(&error),
        };
    }
}

/// A form that broke off: because it was too long, or because it is none.
fn cut(error: &MultipartError) -> Result<Result<Vec<u8>, String>, PageError> {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let most = LOGO_BYTES_MAX / 1024;
            Ok(Err(format!("Not taken: the file is far too large, at most {most} KiB are allowed.")))
        }
        _ => Err(PageError::BadRequest),
    }
}
