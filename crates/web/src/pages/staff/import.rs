//! Many clients, routers or links from a CSV file: it is checked as a whole, every fault is named, and all or none is entered.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use import::{Column, FAULTS_MAX, Fault, Options, Outcome, import_csv};

use crate::app::App;
use crate::caller::Caller;
use crate::pages::render;
use crate::pages::staff::export_list::files;
use crate::pages::staff::form::{Field, Input, Kind, words};
use crate::pages::staff::{Answered, Frame, IMPORT, gone_to};
use crate::staff::StaffSession;

/// What a form with a file may have in bytes: a file as long as may be, and what the form's own encoding adds to most.
pub(crate) const FORM_BYTES_MAX: usize = 2 * import::FILE_BYTES_MAX;

const WHAT: &[(&str, &str)] = &[("clients", "Clients"), ("routers", "Routers"), ("links", "Links")];
/// Longer files are not shown again with what is wrong in them: the page would be larger still.
const SHOWN_BYTES_MAX: usize = 1024 * 1024;

#[derive(Template)]
#[template(path = "staff_import.html")]
struct ImportPage {
    frame: Frame,
    may_edit: bool,
    fields: Vec<Field>,
    text: String,
    /// What became of the file.
    told: Option<Told>,
    columns: Vec<(&'static str, &'static [Column])>,
    /// What can be taken along: name in the address, and words.
    files: Vec<(&'static str, &'static str)>,
}

enum Told {
    /// All rows are right, and nothing is entered yet.
    Right(String),
    /// All rows are entered.
    Entered(String),
    /// Nothing is entered, and why.
    Faults(String, Vec<Fault>),
}

impl ImportPage {
    fn new(app: &App, session: &StaffSession, input: &Input, companies: Vec<(String, String)>) -> Self {
        let mut fields = vec![Field::choice(input, "what", "What it holds", words(WHAT)).required()];
        if companies.len() > 1 {
            let none = std::iter::once((String::new(), "Named in the file".to_owned()));
            fields.push(Field::choice(input, "company", "Company", none.chain(companies)));
        }
        fields.push(
            Field::new(input, "password", "Password of routers", Kind::Input("password"))
                .hint("For routers that have none in the file; typed again for each step."),
        );
        Self {
            frame: Frame::new(app, session, IMPORT),
            may_edit: session.may_edit(),
            fields,
            text: Some(input.raw("csv"))
                .filter(|text| text.len() <= SHOWN_BYTES_MAX)
                .unwrap_or_default()
                .to_owned(),
            told: None,
            columns: WHAT.iter().filter_map(|(name, words)| Some((*words, kind(name)?.columns()))).collect(),
            files: files(session),
        }
    }
}

pub(crate) fn kind(name: &str) -> Option<import::Kind> {
    Some(match name {
        "clients" => import::Kind::Clients,
        "routers" => import::Kind::Routers,
        "links" => import::Kind::Links,
        _ => return None,
    })
}

async fn companies(app: &App, session: &StaffSession) -> Answered<Vec<(String, String)>> {
    let companies = app.store.staff_companies(&session.scope).await?;
    let in_use = companies.into_iter().filter(|company| company.retired_at_ms.is_none());
    Ok(in_use.map(|company| (company.name.clone(), company.name)).collect())
}

/// `GET /staff/import?what&entered`
pub(crate) async fn show(
    State(app): State<App>,
    session: StaffSession,
    Query(asked): Query<BTreeMap<String, String>>,
) -> Answered {
    let entered = asked.get("entered").and_then(|count| count.parse::<u32>().ok());
    let input = Input::from_query(asked).or("what", "links");
    let mut page = ImportPage::new(&app, &session, &input, companies(&app, &session).await?);
    page.told = entered.map(|count| Told::Entered(format!("{count} {} are entered.", input.value("what"))));
    Ok(render(&page)?)
}

/// `POST /staff/import`: checks the file, and enters it if that is asked for and nothing is wrong.
pub(crate) async fn submit(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    mut input: Input,
) -> Answered<Response> {
    let what = input.value("what").to_owned();
    let company = Some(input.value("company").to_owned()).filter(|name| !name.is_empty());
    let enters = input.value("deed") == "enter";
    let router_password = input.secret("password");
    let Some(kind) = kind(&what) else {
        input.fault("what", "Choose one.");
        let page = ImportPage::new(&app, &session, &input, companies(&app, &session).await?);
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)?).into_response());
    };
    let address = caller.address_text();
    let act = session.act(&address, app.clock.now_ms());
    let options = Options { company: company.as_deref(), router_password, dry_run: !enters };
    let outcome = import_csv(&app.store, &act, kind, input.raw("csv").as_bytes(), &options).await?;
    if enters && outcome.faults.is_empty() {
        return Ok(gone_to(&format!("{IMPORT}?what={what}&entered={}", outcome.written)));
    }
    let status = if outcome.faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let mut page = ImportPage::new(&app, &session, &input, companies(&app, &session).await?);
    page.told = Some(told(outcome, &what, input.raw("csv").len() <= SHOWN_BYTES_MAX));
    Ok((status, render(&page)?).into_response())
}

/// What is said of a file; `is_shown`: it is there again to be mended.
fn told(outcome: Outcome, what: &str, is_shown: bool) -> Told {
    if outcome.faults.is_empty() {
        return Told::Right(format!("All {} {what} are right. Nothing is entered yet.", outcome.rows));
    }
    let more = if outcome.faults.len() == FAULTS_MAX { "at least " } else { "" };
    let count = outcome.faults.len();
    let faults = if count == 1 { "one fault".to_owned() } else { format!("{more}{count} faults") };
    let again =
        if is_shown { "" } else { " It is too large to be shown here: correct it and choose it again." };
    Told::Faults(format!("Nothing is entered: the file has {faults}.{again}"), outcome.faults)
}
