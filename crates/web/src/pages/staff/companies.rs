use axum::extract::{Path, Query, State};
use axum::response::Response;
use store::{AuditSubject, Company, CompanyEdit, Shown, StoreError};

use crate::app::App;
use crate::caller::Caller;
use crate::pages::render;
use crate::pages::staff::clients::NAME_CHARS_MAX;
use crate::pages::staff::edit::EditPage;
use crate::pages::staff::form::{Field, FormPage, Input, Kind, email};
use crate::pages::staff::listing::{Asked, Cell, ListPage, Table};
use crate::pages::staff::{Answered, COMPANIES, Frame, company_id, gone_to};
use crate::staff::StaffSession;

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
    Ok(render(&ListPage::new(frame, "Companies", &asked, found.len().min(1) as i64, table).searched("Name"))?)
}

fn row(session: &StaffSession, company: &Company) -> Vec<Cell> {
    let name = if session.is_admin() {
        Cell::link(&company.name, format!("{COMPANIES}/{}/edit", company.id))
    } else {
        Cell::text(&company.name)
    };
    let support = [&company.support_email, &company.support_phone].into_iter().flatten();
    let support: Vec<&str> = support.map(String::as_str).collect();
    vec![name, Cell::text(&company.timezone), Cell::text(&company.currency), Cell::text(support.join(", "))]
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
        back: (COMPANIES.to_owned(), "Companies".to_owned()),
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
        note: "Zone and currency stay as they were at the beginning: months were closed by them. The logo: `leaseline company edit`.",
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
            Ok(_) => return Ok(gone_to(COMPANIES)),
            Err(StoreError::Duplicate { .. }) => input.fault("name", "Another company has that name."),
            Err(StoreError::Invalid { why, .. }) => input.fault("mail_from", why),
            Err(StoreError::Changed { .. }) => {
                let (company, now) = app.store.shown_company(&session.scope, company.id).await?;
                let page = form(&app, &session, &company, now, &input);
                let (id, name) = (company.id, &company.name);
                let subject = AuditSubject { company: id, kind: "company", id: id.0, name };
                return page.overtaken((&app, &session), (subject, &before), &stored(&company)).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
    form(&app, &session, &company, before, &input).refused()
}
