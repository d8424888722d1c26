use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Query, State};
use axum::response::Response;
use import::field;
use store::{ClientId, DownWhen, Link, LinkId, MEASURED_FROM, NewLink, RouterId, StoreError};

use crate::app::App;
use crate::caller::Caller;
use crate::error::PageError;
use crate::pages::render;
use crate::pages::staff::form::{Field, FormPage, Input, Kind, chosen};
use crate::pages::staff::interfaces::{self, Interfaces};
use crate::pages::staff::link_fields::{Typed, common, measured_from};
use crate::pages::staff::{Answered, Frame, LINKS, gone_to, terms};
use crate::staff::StaffSession;
use crate::zone::Zone;

/// `GET /staff/links/new?client&router&interface…`: with what the address says filled in.
pub(crate) async fn new(
    State(app): State<App>,
    session: StaffSession,
    Query(wanted): Query<BTreeMap<String, String>>,
) -> Answered {
    let input = Input::from_query(wanted);
    let zone = match chosen(input.value("client")) {
        Ok(client) => zone_of(&app, &session, ClientId(client)).await?,
        Err(_) => None,
    };
    let zone = zone.or_else(|| session.one_zone().cloned());
    // The day is that of the client's company: without it, today is not known.
    let today = zone.map(|zone| zone.iso_day(app.clock.now_ms())).unwrap_or_default();
    let input = input.or("activated", &today).or("down_when", "interface");
    Ok(render(&new_form(&app, &session, &input).await?)?)
}

pub(crate) async fn new_form(app: &App, session: &StaffSession, input: &Input) -> Answered<FormPage> {
    let clients = app.store.staff_client_choice(&session.scope, app.clock.now_ms()).await?;
    let routers = app.store.staff_router_choice(&session.scope, app.clock.now_ms()).await?;
    let companies: BTreeSet<_> = clients.iter().map(|client| client.company_id).collect();
    let companies = routers.iter().map(|router| router.company_id).chain(companies).collect::<BTreeSet<_>>();
    let named = |name: String, company: String| {
        if companies.len() > 1 { format!("{name} ({company})") } else { name }
    };
    let clients = clients.into_iter().map(|one| (one.id.to_string(), named(one.name, one.company)));
    let routers = routers.into_iter().map(|one| (one.id.to_string(), named(one.name, one.company)));
    let mut fields = vec![
        Field::choice(input, "client", "Client", clients).choosing().required(),
        Field::choice(input, "router", "Router", routers).choosing().required(),
    ];
    let known = Interfaces::chosen(app, session, input).await?;
    let mut interface = interfaces::fields(input, known.as_ref());
    // The button stands at the field itself, not at the question whether its name is meant.
    let first = interface.remove(0).aside("/staff/links/interfaces", "Ask the router for its interfaces");
    interface.insert(0, first);
    fields.extend(common(input, interface));
    let day = Field::new(input, "activated", "First day of service", Kind::Input("date"));
    fields.push(day.required().hint("From 00:00 by the company's clock."));
    fields.push(measured_from(input));
    fields.extend(terms::fields(input));
    Ok(FormPage {
        frame: Frame::new(app, session, LINKS),
        title: "Add a link".to_owned(),
        back: (LINKS.to_owned(), "Links".to_owned()),
        action: LINKS.to_owned(),
        fields,
        submit: "Add the link",
        note: "",
    })
}

/// `POST /staff/links`
pub(crate) async fn add(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    mut input: Input,
) -> Answered<Response> {
    let client = input.parsed("client", chosen).map(ClientId);
    let router = input.parsed("router", chosen).map(RouterId);
    let typed = Typed::of(&mut input);
    let zone = match client {
        Some(client) => zone_of(&app, &session, client).await?,
        None => None,
    };
    if client.is_some() && zone.is_none() {
        input.fault("client", "There is no such client.");
    }
    let zone = zone.unwrap_or_else(|| session.zone.clone());
    let activated = input.parsed("activated", |text| day(&zone, text));
    let from_ms = input.parsed_or_none("measured_from", |text| field::moment(text, zone.time_zone()));
    let terms = activated.and_then(|from_ms| terms::typed(&mut input, LinkId(0), from_ms));
    if let (Some(terms), Some(typed)) = (&terms, &typed)
        && terms.down_when == DownWhen::InterfaceOrNoAnswer
        && typed.probe_target.is_none()
    {
        input.fault("probe_target", NEEDED);
    }
    if let Some(known) = Interfaces::chosen(&app, &session, &input).await? {
        known.check(&mut input);
    }
    let all = (client, router, activated, typed, terms);
    if let (true, (Some(client_id), Some(router_id), Some(activated_at_ms), Some(typed), Some(terms))) =
        (input.is_right(), all)
    {
        let new = new_link(&typed, (client_id, router_id), activated_at_ms);
        let address = caller.address_text();
        let act = session.act(&address, app.clock.now_ms());
        match app.store.staff_add_link(&act, &new, &terms, from_ms).await {
            Ok(id) => return Ok(gone_to(&format!("{LINKS}/{id}"))),
            Err(error) => fault(&mut input, error)?,
        }
    }
    new_form(&app, &session, &input).await?.refused()
}

fn new_link(
    typed: &Typed,
    (client_id, router_id): (ClientId, RouterId),
    activated_at_ms: i64,
) -> NewLink<'_> {
    NewLink {
        client_id,
        router_id,
        interface: &typed.interface,
        circuit: &typed.circuit,
        service_ref: typed.service_ref.as_deref(),
        kind: &typed.kind,
        committed_bps: typed.committed_bps,
        probe_target: typed.probe_target.as_deref(),
        facing: typed.facing,
        site: typed.site.as_deref(),
        activated_at_ms,
        terminated_at_ms: None,
    }
}

pub(crate) const NEEDED: &str = "The terms ask this target whether the link is up: it must not be empty.";

/// The field that the store's refusal is about.
pub(crate) fn fault(input: &mut Input, error: StoreError) -> Answered<()> {
    match error {
        StoreError::Duplicate { field: "circuit", taken, .. } => input.taken("circuit", taken),
        StoreError::Duplicate { .. } => {
            input.fault("interface", "This interface already carries a link under contract.");
        }
        StoreError::NotFound { what: "router" } => input.fault("router", "There is no such router."),
        StoreError::NotFound { what: "client" } => input.fault("client", "There is no such client."),
        StoreError::Invalid { what: MEASURED_FROM, why } => {
            input.fault("measured_from", format!("This does not fit: {why}."));
        }
        StoreError::Invalid { why, .. } => input.fault("router", format!("This does not fit: {why}.")),
        error => return Err(error.into()),
    }
    Ok(())
}

/// The clock of the company that a client belongs to; `None`: there is no such client.
async fn zone_of(app: &App, session: &StaffSession, client: ClientId) -> Answered<Option<Zone>> {
    match app.store.staff_client(&session.scope, app.clock.now_ms(), client).await {
        Ok(client) => {
            let company = app.store.staff_company(&session.scope, client.company_id).await?;
            Ok(Some(Zone::named(&company.timezone)))
        }
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Midnight at the start of a day.
pub(crate) fn day(zone: &Zone, text: &str) -> Result<i64, String> {
    field::day(text, zone.time_zone())
}

/// A link whose contract has not ended.
pub(crate) async fn live(app: &App, session: &StaffSession, id: LinkId) -> Answered<Link> {
    let (_, link) = app.store.staff_link(&session.scope, id).await?;
    let now_ms = app.clock.now_ms();
    let is_over = link.terminated_at_ms.is_some_and(|end_ms| end_ms <= now_ms);
    if is_over { Err(PageError::NotFound.into()) } else { Ok(link) }
}
