use axum::extract::{Path, Query, State};
use axum::response::Response;
use store::{AuditSubject, Client, CompanyId, Shown, StaffClient, StaffPage, StoreError};

use crate::app::App;
use crate::caller::Caller;
use crate::error::PageError;
use crate::pages::render;
use crate::pages::staff::edit::EditPage;
use crate::pages::staff::form::{Field, FormPage, Input, chosen};
use crate::pages::staff::listing::{Asked, Cell, Deed, ListPage, Table, ThingPage};
use crate::pages::staff::{
    Answered, CLIENTS, Frame, REPORTS, client_id, companies, gone_to, links, refused, users,
};
use crate::staff::StaffSession;

pub(crate) const NAME_CHARS_MAX: usize = 200;

/// `GET /staff/clients?q&page`
pub(crate) async fn list(
    State(app): State<App>,
    session: StaffSession,
    Query(asked): Query<Asked>,
) -> Answered {
    let found = app.store.staff_clients(&session.scope, app.clock.now_ms(), asked.ask()).await?;
    let table = table(&found);
    let page = ListPage::new(Frame::new(&app, &session, CLIENTS), "Clients", &asked, found.total, table);
    let page = page.searched("Name").with_add(session.may_edit(), "/staff/clients/new", "Add a client");
    Ok(render(&page)?)
}

pub(crate) fn table(found: &StaffPage<StaffClient>) -> Table {
    let rows = found.rows.iter().map(row).collect();
    let head = &["Client", "Company", "Links", "People"];
    Table { title: "Clients", head, rows, none: "No client is found.", more: None }
}

fn row(client: &StaffClient) -> Vec<Cell> {
    let name = Cell::link(&client.name, format!("{CLIENTS}/{}", client.id));
    let name = if client.retired_at_ms.is_some() { name.sub("retired") } else { name };
    vec![name, Cell::text(&client.company), Cell::number(client.links), Cell::number(client.users)]
}

/// `GET /staff/clients/{client}`
pub(crate) async fn show(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
) -> Answered<Response> {
    let client = app.store.staff_client(&session.scope, app.clock.now_ms(), client_id(&id)?).await?;
    let address = caller.address_text();
    app.store.staff_note_view(&session.act(&address, app.clock.now_ms()), client.id).await?;
    thing(&app, &session, client, None).await
}

async fn thing(
    app: &App,
    session: &StaffSession,
    client: StaffClient,
    warning: Option<String>,
) -> Answered<Response> {
    let first = Asked::default();
    let found = app.store.staff_links(&session.scope, (Some(client.id), None), first.ask()).await?;
    let people = app.store.staff_portal_users(&session.scope, Some(client.id), first.ask()).await?;
    let zone = &session.zone;
    let mut facts = vec![
        ("Company", Cell::text(&client.company)),
        ("Entered", Cell::text(zone.iso_moment(client.created_at_ms))),
    ];
    let reports = format!("{REPORTS}?client={}", client.id);
    let mut deeds = vec![Deed::Go { to: reports, words: "SLA reports" }];
    let is_refused = warning.is_some();
    let here = format!("{CLIENTS}/{}", client.id);
    if client.retired_at_ms.is_none() {
        let what = "The portal as this client's people see it, for half an hour. Nothing can be changed there, and the audit log keeps it.";
        deeds.push(Deed::fill(format!("{here}/view"), "View as this client", what, Vec::new()));
    }
    if let Some(at_ms) = client.retired_at_ms {
        facts.push(("Retired", Cell::text(zone.iso_moment(at_ms))));
    } else if session.may_edit() {
        deeds.push(Deed::Go { to: format!("{here}/edit"), words: "Rename" });
        deeds.push(Deed::Go { to: format!("/staff/links/new?client={}", client.id), words: "Add a link" });
        deeds.push(Deed::Go {
            to: format!("/staff/users/new?client={}", client.id),
            words: "Add a portal user",
        });
        let what = "Its people can no longer log in. Links and statements stay on record. It must have no link under contract.";
        deeds.push(Deed::end(format!("{here}/retire"), "Retire", what, Vec::new()));
    }
    let now_ms = app.clock.now_ms();
    let page = ThingPage {
        frame: Frame::new(app, session, CLIENTS),
        kind: "Client",
        pill: client.retired_at_ms.map(|_| Cell::pill("none", "Retired")),
        title: client.name.clone(),
        warning,
        facts,
        deeds,
        tables: vec![
            links::table(app, session, &found, &client.name, now_ms),
            users::table(&people, &client.name),
        ],
        letter: None,
    };
    let page = render(&page)?;
    Ok(if is_refused { refused(page) } else { axum::response::IntoResponse::into_response(page) })
}

/// `GET /staff/clients/new`
pub(crate) async fn new(State(app): State<App>, session: StaffSession) -> Answered {
    Ok(render(&new_form(&app, &session, &Input::default()).await?)?)
}

async fn new_form(app: &App, session: &StaffSession, input: &Input) -> Answered<FormPage> {
    Ok(FormPage {
        frame: Frame::new(app, session, CLIENTS),
        title: "Add a client".to_owned(),
        back: (CLIENTS.to_owned(), "Clients".to_owned()),
        action: CLIENTS.to_owned(),
        fields: vec![
            companies::choice(app, session, input).await?,
            Field::text(input, "name", "Name").required().hint("As statements and pages show it."),
        ],
        submit: "Add the client",
        note: "",
    })
}

/// `POST /staff/clients`
pub(crate) async fn add(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    mut input: Input,
) -> Answered<Response> {
    let name = input.text("name", NAME_CHARS_MAX);
    let company = input.parsed("company", chosen).map(CompanyId);
    if let (true, Some(company)) = (input.is_right(), company) {
        let address = caller.address_text();
        let act = session.act(&address, app.clock.now_ms());
        match app.store.staff_add_client(&act, company, &name).await {
            Ok(id) => return Ok(gone_to(&format!("{CLIENTS}/{id}"))),
            Err(StoreError::Duplicate { taken, .. }) => input.taken("name", taken),
            Err(StoreError::NotFound { .. }) => input.fault("company", "There is no such company."),
            Err(StoreError::Invalid { why, .. }) => input.fault("company", format!("Not added: {why}.")),
            Err(error) => return Err(error.into()),
        }
    }
    new_form(&app, &session, &input).await?.refused()
}

/// `GET /staff/clients/{client}/edit`
pub(crate) async fn edit(State(app): State<App>, session: StaffSession, Path(id): Path<String>) -> Answered {
    let (client, shown) = shown(&app, &session, &id).await?;
    Ok(render(&edit_form(&app, &session, &client, shown, &stored(&client)))?)
}

fn stored(client: &Client) -> Input {
    Input::of(&[("name", &client.name)])
}

fn edit_form(app: &App, session: &StaffSession, client: &Client, shown: Shown, input: &Input) -> EditPage {
    let here = format!("{CLIENTS}/{}", client.id);
    let form = FormPage {
        frame: Frame::new(app, session, CLIENTS),
        title: format!("Rename {}", client.name),
        action: format!("{here}/edit"),
        back: (here, client.name.clone()),
        fields: vec![Field::text(input, "name", "Name").required()],
        submit: "Save",
        note: "Statements that are closed keep the name that they were closed with.",
    };
    EditPage::new(form, shown)
}

/// `POST /staff/clients/{client}/edit`
pub(crate) async fn save(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
    mut input: Input,
) -> Answered<Response> {
    let (client, _) = shown(&app, &session, &id).await?;
    let before = input.shown();
    let name = input.text("name", NAME_CHARS_MAX);
    if input.is_right() {
        let address = caller.address_text();
        let act = session.act(&address, app.clock.now_ms());
        match app.store.staff_rename_client(&act, (client.id, &before), &name).await {
            Ok(()) => return Ok(gone_to(&format!("{CLIENTS}/{}", client.id))),
            Err(StoreError::Duplicate { taken, .. }) => input.taken("name", taken),
            Err(StoreError::Changed { .. }) => {
                let (client, now) = shown(&app, &session, &id).await?;
                let page = edit_form(&app, &session, &client, now, &input);
                let (company, id) = (client.company_id, client.id.0);
                let subject = AuditSubject { company: Some(company), kind: "client", id, name: &client.name };
                return page.overtaken((&app, &session), (subject, &before), &stored(&client)).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
    edit_form(&app, &session, &client, before, &input).refused()
}

/// A client that is one still, as a form shows it.
async fn shown(app: &App, session: &StaffSession, id: &str) -> Answered<(Client, Shown)> {
    let (client, shown) = app.store.shown_client(&session.scope, client_id(id)?).await?;
    if client.retired_at_ms.is_some() { Err(PageError::NotFound.into()) } else { Ok((client, shown)) }
}

/// `POST /staff/clients/{client}/retire`
pub(crate) async fn retire(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
) -> Answered<Response> {
    let client = active(&app, &session, &id).await?;
    let address = caller.address_text();
    let act = session.act(&address, app.clock.now_ms());
    match app.store.staff_retire_client(&act, client.id).await {
        Ok(()) => Ok(gone_to(&format!("{CLIENTS}/{}", client.id))),
        Err(error @ StoreError::Invalid { .. }) => {
            thing(&app, &session, client, Some(format!("Not retired: {error}."))).await
        }
        Err(error) => Err(error.into()),
    }
}

/// A client that is one still.
async fn active(app: &App, session: &StaffSession, id: &str) -> Answered<StaffClient> {
    let client = app.store.staff_client(&session.scope, app.clock.now_ms(), client_id(id)?).await?;
    if client.retired_at_ms.is_some() { Err(PageError::NotFound.into()) } else { Ok(client) }
}
