use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use store::{AuditSubject, Company, CompanyEdit, Shown, StaffScope, StoreError};

use crate::app::App;
use crate::caller::Caller;
use crate::pages::render;
use crate::pages::staff::clients::NAME_CHARS_MAX;
use crate::pages::staff::edit::EditPage;
use crate::pages::staff::form::{Field, FormPage, Input, Kind, email};
use crate::pages::staff::listing::{Asked, Cell, Deed, ListPage, Table, ThingPage};
use crate::pages::staff::{Answered, COMPANIES, Frame, NOTIFICATIONS, company_id, gone_to, refused};
use crate::staff::StaffSession;
use crate::zone::Zone;

const PHONE_CHARS_MAX: usize = 60;

/// `GET /staff/companies`
pub(crate) async fn list(
    State(app): State<App>,
    session: StaffSession,
    Query(asked): Query<Asked>,
) -> Answered {
    let wanted = asked.q.trim().to_lowercase();
    let companies = app.store.staff_companies(&session.scope).await?;
    let found: Vec<_> = companies.iter().filter(|one| one.name.to_lowercase().contains(&wanted)).collect();
    let rows = found.iter().map(|company| row(&session, company)).collect();
    let head = &["Company", "Zone", "Currency", "Support"];
    let table = Table { title: "Companies", head, rows, none: "No company is found.", more: None };
    // All of them stand on one page: there are a handful.
    let asked = Asked { page: String::new(), ..asked };
    let frame = Frame::new(&app, &session, COMPANIES);
    let page = ListPage::new(frame, "Companies", &asked, found.len().min(1) as i64, table).searched("Name");
    let may_add = session.is_admin() && session.scope == StaffScope::All;
    Ok(render(&page.with_add(may_add, "/staff/companies/new", "Add a company"))?)
}

/// The field of a form that says whose something new is; of several companies none is chosen beforehand.
pub(crate) async fn choice(app: &App, session: &StaffSession, input: &Input) -> Answered<Field> {
    let companies = app.store.staff_companies(&session.scope).await?;
    let in_use = companies.into_iter().filter(|company| company.retired_at_ms.is_none());
    let options: Vec<_> = in_use.map(|company| (company.id.to_string(), company.name)).collect();
    let several = options.len() > 1;
    let field = Field::choice(input, "company", "Company", options).required();
    Ok(if several { field.choosing() } else { field })
}

fn row(session: &StaffSession, company: &Company) -> Vec<Cell> {
    let name = if session.is_admin() {
        Cell::link(&company.name, format!("{COMPANIES}/{}", company.id))
    } else {
        Cell::text(&company.name)
    };
    let name = if company.retired_at_ms.is_some() { name.sub("retired") } else { name };
    let support = [&company.support_email, &company.support_phone].into_iter().flatten();
    let support: Vec<&str> = support.map(String::as_str).collect();
    vec![name, Cell::text(&company.timezone), Cell::text(&company.currency), Cell::text(support.join(", "))]
}

/// `GET /staff/companies/{company}`
pub(crate) async fn show(
    State(app): State<App>,
    session: StaffSession,
    Path(id): Path<String>,
) -> Answered<Response> {
    let company = app.store.staff_company(&session.scope, company_id(&id)?).await?;
    Ok(thing(&app, &session, &company, None)?.into_response())
}

fn thing(app: &App, session: &StaffSession, company: &Company, warning: Option<String>) -> Answered {
    let zone = Zone::named(&company.timezone);
    let text = |value: &Option<String>| Cell::text(value.as_deref().unwrap_or("–"));
    let here = format!("{COMPANIES}/{}", company.id);
    let mut deeds = vec![Deed::Go { to: format!("{NOTIFICATIONS}/{}", company.id), words: "Notifications" }];
    if company.retired_at_ms.is_none() {
        deeds.push(Deed::Go { to: format!("{here}/edit"), words: "Edit" });
        deeds.push(Deed::Go { to: format!("{here}/logo"), words: "Logo" });
        let what =
            "It sells no more. Clients and routers must be retired before; statements and history stay.";
        deeds.push(Deed::end(format!("{here}/retire"), "Retire", what, Vec::new()));
    }
    let page = ThingPage {
        frame: Frame::new(app, session, COMPANIES),
        kind: "Company",
        title: company.name.clone(),
        pill: company.retired_at_ms.map(|_| Cell::pill("none", "Retired")),
        warning,
        facts: vec![
            ("Zone", Cell::text(&company.timezone)),
            ("Currency", Cell::text(&company.currency)),
            ("Support e-mail", text(&company.support_email)),
            ("Support phone", text(&company.support_phone)),
            ("Colour", text(&company.accent)),
            ("Mail comes from", text(&company.mail_from)),
            ("Entered", Cell::text(zone.iso_moment(company.created_at_ms))),
        ],
        deeds,
        letter: None,
        tables: Vec::new(),
    };
    Ok(render(&page)?)
}

/// `POST /staff/companies/{company}/retire`
pub(crate) async fn retire(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
) -> Answered<Response> {
    let company = app.store.staff_company(&session.scope, company_id(&id)?).await?;
    let address = caller.address_text();
    let act = session.act(&address, app.clock.now_ms());
    match app.store.staff_retire_company(&act, company.id).await {
        Ok(()) => Ok(gone_to(&format!("{COMPANIES}/{}", company.id))),
        Err(StoreError::Invalid { why, .. }) => {
            Ok(refused(thing(&app, &session, &company, Some(format!("Not retired: {why}.")))?))
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /staff/companies/new`
pub(crate) async fn new(State(app): State<App>, session: StaffSession) -> Answered {
    Ok(render(&new_form(&app, &session, &Input::default()))?)
}

fn new_form(app: &App, session: &StaffSession, input: &Input) -> FormPage {
    FormPage {
        frame: Frame::new(app, session, COMPANIES),
        title: "Add a company".to_owned(),
        back: (COMPANIES.to_owned(), "Companies".to_owned()),
        action: COMPANIES.to_owned(),
        fields: vec![
            Field::text(input, "name", "Name").required().hint("On all pages, statements and mails."),
            Field::text(input, "timezone", "Time zone")
                .required()
                .hint("For example Asia/Kolkata. Months begin and end by it, so it stays."),
            Field::text(input, "currency", "Currency").required().hint("Three letters, for example INR."),
        ],
        submit: "Add the company",
        note: "A brand that sells: with clients, routers and notification settings of its own.",
    }
}

/// `POST /staff/companies`
pub(crate) async fn add(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    mut input: Input,
) -> Answered<Response> {
    let name = input.text("name", NAME_CHARS_MAX);
    let timezone = input.parsed("timezone", timezone);
    let currency = input.parsed("currency", currency);
    if let (true, Some(timezone), Some(currency)) = (input.is_right(), timezone, currency) {
        let address = caller.address_text();
        let act = session.act(&address, app.clock.now_ms());
        match app.store.staff_add_company(&act, (&name, &timezone, &currency)).await {
            Ok(id) => return Ok(gone_to(&format!("{COMPANIES}/{id}"))),
            Err(StoreError::Duplicate { taken, .. }) => input.taken("name", taken),
            Err(StoreError::Invalid { why, .. }) => input.fault("name", format!("Not added: {why}.")),
            Err(error) => return Err(error.into()),
        }
    }
    new_form(&app, &session, &input).refused()
}

fn timezone(text: &str) -> Result<String, String> {
    let known = jiff::tz::TimeZone::get(text).ok().and_then(|zone| zone.iana_name().map(str::to_owned));
    known
        .ok_or_else(|| "Write a name of the IANA list, for example Asia/Kolkata or Europe/Berlin.".to_owned())
}

fn currency(text: &str) -> Result<String, String> {
    let is_code = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_code
        .then(|| text.to_ascii_uppercase())
        .ok_or_else(|| "Write the three letters of ISO 4217.".to_owned())
}

/// `GET /staff/companies/{company}/edit`
pub(crate) async fn edit(State(app): State<App>, session: StaffSession, Path(id): Path<String>) -> Answered {
    let (company, shown) = app.store.shown_company(&session.scope, company_id(&id)?).await?;
    Ok(render(&form(&app, &session, &company, shown, &stored(&company)))?)
}

fn stored(company: &Company) -> Input {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    Input::of(&[
        ("name", &company.name),
        ("support_email", &text(&company.support_email)),
        ("support_phone", &text(&company.support_phone)),
        ("accent", &text(&company.accent)),
        ("mail_from", &text(&company.mail_from)),
    ])
}

fn form(app: &App, session: &StaffSession, company: &Company, shown: Shown, input: &Input) -> EditPage {
    let form = FormPage {
        frame: Frame::new(app, session, COMPANIES),
        title: format!("Edit {}", company.name),
        back: (format!("{COMPANIES}/{}", company.id), company.name.clone()),
        action: format!("{COMPANIES}/{}/edit", company.id),
        fields: vec![
            Field::text(input, "name", "Name").required().hint("On all pages, statements and mails."),
            Field::new(input, "support_email", "Support e-mail", Kind::Input("email")),
            Field::text(input, "support_phone", "Support phone"),
            Field::text(input, "accent", "Colour").hint("As #rrggbb; empty: the pages' own."),
            Field::new(input, "mail_from", "Mail comes from", Kind::Input("email"))
                .hint("Empty: the installation's address."),
        ],
        submit: "Save",
        note: "Zone and currency stay as they were at the beginning: months were closed by them. The logo has a page of its own.",
    };
    EditPage::new(form, shown)
}

/// `POST /staff/companies/{company}/edit`
pub(crate) async fn save(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
    mut input: Input,
) -> Answered<Response> {
    let company = app.store.staff_company(&session.scope, company_id(&id)?).await?;
    let before = input.shown();
    let name = input.text("name", NAME_CHARS_MAX);
    let support_email = input.parsed_or_none("support_email", email);
    let support_phone = input.optional("support_phone", PHONE_CHARS_MAX);
    let accent = input.parsed_or_none("accent", |text| {
        let is_colour = text.parse::<report::Accent>().is_ok();
        is_colour.then(|| text.to_owned()).ok_or_else(|| "Write a colour as #rrggbb.".to_owned())
    });
    let mail_from = input.parsed_or_none("mail_from", email);
    if input.is_right() {
        let edit = CompanyEdit {
            name: Some(&name),
            support_email: Some(support_email.as_deref()),
            support_phone: Some(support_phone.as_deref()),
            accent: Some(accent.as_deref()),
            mail_from: Some(mail_from.as_deref()),
            ..CompanyEdit::default()
        };
        let address = caller.address_text();
        let act = session.act(&address, app.clock.now_ms());
        match app.store.staff_edit_company(&act, (company.id, &before), &edit).await {
            Ok(_) => return Ok(gone_to(&format!("{COMPANIES}/{}", company.id))),
            Err(StoreError::Duplicate { taken, .. }) => input.taken("name", taken),
            Err(StoreError::Invalid { why, .. }) => input.fault("mail_from", why),
            Err(StoreError::Changed { .. }) => {
                let (company, now) = app.store.shown_company(&session.scope, company.id).await?;
                let page = form(&app, &session, &company, now, &input);
                let (id, name) = (company.id, &company.name);
                let subject = AuditSubject { company: Some(id), kind: "company", id: id.0, name };
                return page.overtaken((&app, &session), (subject, &before), &stored(&company)).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
    form(&app, &session, &company, before, &input).refused()
}
