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
use crate::pages::staff::form::{Field, Input, Kind, words};
use crate::pages::staff::{Answered, Frame, IMPORT, gone_to};
use crate::staff::StaffSession;

/// What a form with a file may have in bytes: a file as long as may be, and what the form's own encoding adds to most.
pub(crate) const FORM_BYTES_MAX: usize = 2 * import::FILE_BYTES_MAX;

const WHAT: &[(&str, &str)] = &[("clients", "Clients"), ("routers", "Routers"), ("links", "Links")];
/// What can be taken along: name in the address, and words.
pub(crate) const FILES: [(&str, &str); 10] = [
    ("clients", "Clients"),
    ("routers", "Routers"),
    ("links", "Links"),
    ("users", "Portal users"),
    ("team", "Staff"),
    ("exclusions", "Exclusions"),
    ("outages", "Outages"),
    ("alerts", "Alerts"),
    ("reports", "SLA reports"),
    ("audit", "Audit log"),
];

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
            text: input.raw("csv").to_owned(),
            told: None,
            columns: WHAT.iter().filter_map(|(name, words)| Some((*words, kind(name)?.columns()))).collect(),
        }
    }

    /// Who of the ISP may do what is for admins, as the list is.
    fn files(&self) -> Vec<(&'static str, &'static str)> {
        FILES.into_iter().filter(|(name, _)| *name != "team" || self.frame.is_admin).collect()
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
    page.told = Some(told(outcome, &what));
    Ok((status, render(&page)?).into_response())
}

fn told(outcome: Outcome, what: &str) -> Told {
    if outcome.faults.is_empty() {
        return Told::Right(format!("All {} {what} are right. Nothing is entered yet.", outcome.rows));
    }
    let more = if outcome.faults.len() == FAULTS_MAX { "at least " } else { "" };
    let count = outcome.faults.len();
    let faults = if count == 1 { "one fault".to_owned() } else { format!("{more}{count} faults") };
    Told::Faults(format!("Nothing is entered: the file has {faults}."), outcome.faults)
}
