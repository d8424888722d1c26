use axum::extract::{Path, Query, State};
use axum::response::Response;
use import::field;
use serde::Deserialize;
use store::{ClientId, DownWhen, Facing, Link, LinkFields, LinkId, NewLink, RouterId, StoreError};

use crate::app::App;
use crate::caller::Caller;
use crate::error::PageError;
use crate::pages::staff::clients::NAME_CHARS_MAX;
use crate::pages::staff::form::{Field, FormPage, Input, Kind, chosen, words};
use crate::pages::staff::{Answered, Frame, LINKS, gone_to, terms};
use crate::pages::{link_id, render};
use crate::staff::StaffSession;
use crate::zone::Zone;

const FACINGS: &[(&str, &str)] = &[
    ("customer", "The customer: what the router receives is upload"),
    ("upstream", "Upstream: what the router receives is download"),
];

/// For whom and where a link is to be, if that is known.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    client: String,
    #[serde(default)]
    router: String,
}

/// `GET /staff/links/new?client&router`
pub(crate) async fn new(
    State(app): State<App>,
    session: StaffSession,
    Query(wanted): Query<Wanted>,
) -> Answered {
    let today = session.zone.iso_day(app.clock.now_ms());
    let input = Input::of(&[
        ("client", &wanted.client),
        ("router", &wanted.router),
        ("activated", &today),
        ("down_when", "interface"),
    ]);
    Ok(render(&new_form(&app, &session, &input).await?)?)
}

async fn new_form(app: &App, session: &StaffSession, input: &Input) -> Answered<FormPage> {
    let clients = app.store.staff_client_choice(&session.scope).await?;
    let routers = app.store.staff_router_choice(&session.scope).await?;
    let clients = clients.into_iter().map(|client| (client.id.to_string(), client.name));
    let routers = routers.into_iter().map(|router| (router.id.to_string(), router.name));
    let mut fields = vec![
        Field::choice(input, "client", "Client", clients).required(),
        Field::choice(input, "router", "Router", routers).required(),
    ];
    fields.extend(common(input));
    let day = Field::new(input, "activated", "First day of service", Kind::Input("date"));
    fields.push(day.required().hint("From 00:00 by the company's clock."));
    fields.extend(terms::fields(input));
    Ok(FormPage {
        frame: Frame::new(app, session, LINKS),
        title: "Add a link".to_owned(),
        back: (LINKS.to_owned(), "Links".to_owned()),
        action: LINKS.to_owned(),
        fields,
        submit: "Add the link",
        note: "The interface is not looked for on the router from here: a name that it does not have shows as unknown.",
    })
}

fn common(input: &Input) -> Vec<Field> {
    vec![
        Field::text(input, "circuit", "Circuit id").required().hint("Unique."),
        Field::text(input, "interface", "Interface")
            .required()
            .hint("Its name on the router, to the letter."),
        Field::text(input, "site", "Site").hint("Where it ends at the customer's, as pages show it."),
        Field::text(input, "service_ref", "Service reference"),
        Field::choice(
            input,
            "kind",
            "Type",
            field::KINDS.iter().map(|kind| ((*kind).to_owned(), (*kind).to_owned())),
        )
        .required(),
        Field::text(input, "committed", "Committed bandwidth, Mbit/s").required(),
        Field::text(input, "probe_target", "Probe target").hint("What the router pings to measure the link."),
        Field::choice(input, "facing", "The port faces", words(FACINGS)).required(),
    ]
}

/// What a form says of a link.
struct Typed {
    circuit: String,
    interface: String,
    site: Option<String>,
    service_ref: Option<String>,
    kind: String,
    committed_bps: i64,
    probe_target: Option<String>,
    facing: Facing,
}

impl Typed {
    /// `None`: something is not right, which is told at its field.
    fn of(input: &mut Input) -> Option<Self> {
        let circuit = input.text("circuit", NAME_CHARS_MAX);
        let interface = input.text("interface", NAME_CHARS_MAX);
        let site = input.optional("site", NAME_CHARS_MAX);
        let service_ref = input.optional("service_ref", NAME_CHARS_MAX);
        let kind = input.parsed("kind", |text| field::kind(text).map(str::to_owned));
        let committed_bps = input.parsed("committed", field::mbps);
        let probe_target = input.parsed_or_none("probe_target", field::host);
        let facing = input.parsed("facing", |text| text.parse().map_err(|_| "Choose one.".to_owned()));
        Some(Self {
            circuit,
            interface,
            site,
            service_ref,
            kind: kind?,
            committed_bps: committed_bps?,
            probe_target,
            facing: facing?,
        })
    }
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
    let terms = activated.and_then(|from_ms| terms::typed(&mut input, LinkId(0), from_ms));
    if let (Some(terms), Some(typed)) = (&terms, &typed)
        && terms.down_when == DownWhen::InterfaceOrNoAnswer
        && typed.probe_target.is_none()
    {
        input.fault("probe_target", NEEDED);
    }
    let all = (client, router, activated, typed, terms);
    if let (true, (Some(client_id), Some(router_id), Some(activated_at_ms), Some(typed), Some(terms))) =
        (input.is_right(), all)
    {
        let new = new_link(&typed, (client_id, router_id), activated_at_ms);
        let address = caller.address_text();
        let act = session.act(&address, app.clock.now_ms());
        match app.store.staff_add_link(&act, &new, &terms).await {
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

const NEEDED: &str = "The terms ask this target whether the link is up: it must not be empty.";

/// The field that the store's refusal is about.
fn fault(input: &mut Input, error: StoreError) -> Answered<()> {
    match error {
        StoreError::Duplicate { field: "circuit", .. } => {
            input.fault("circuit", "Another link has this circuit id.");
        }
        StoreError::Duplicate { .. } => {
            input.fault("interface", "This interface already carries a link under contract.");
        }
        StoreError::NotFound { what: "router" } => input.fault("router", "There is no such router."),
        StoreError::NotFound { what: "client" } => input.fault("client", "There is no such client."),
        StoreError::Invalid { why, .. } => input.fault("router", format!("This does not fit: {why}.")),
        error => return Err(error.into()),
    }
    Ok(())
}

/// The clock of the company that a client belongs to; `None`: there is no such client.
async fn zone_of(app: &App, session: &StaffSession, client: ClientId) -> Answered<Option<Zone>> {
    match app.store.staff_client(&session.scope, client).await {
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

/// `GET /staff/links/{link}/edit`
pub(crate) async fn edit(State(app): State<App>, session: StaffSession, Path(id): Path<String>) -> Answered {
    let link = live(&app, &session, link_id(&id)?).await?;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let input = Input::of(&[
        ("circuit", &link.circuit),
        ("interface", &link.interface),
        ("site", &text(&link.site)),
        ("service_ref", &text(&link.service_ref)),
        ("kind", &link.kind),
        ("committed", &(link.committed_bps as f64 / 1_000_000.0).to_string()),
        ("probe_target", &text(&link.probe_target)),
        ("facing", link.facing.as_str()),
    ]);
    Ok(render(&edit_form(&app, &session, &link, &input))?)
}

fn edit_form(app: &App, session: &StaffSession, link: &Link, input: &Input) -> FormPage {
    let here = format!("{LINKS}/{}", link.id);
    FormPage {
        frame: Frame::new(app, session, LINKS),
        title: format!("Edit {}", link.circuit),
        action: format!("{here}/edit"),
        back: (here, link.circuit.clone()),
        fields: common(input),
        submit: "Save",
        note: "Another client or router is another link: retire this one and add that one.",
    }
}

/// `POST /staff/links/{link}/edit`
pub(crate) async fn save(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
    mut input: Input,
) -> Answered<Response> {
    let link = live(&app, &session, link_id(&id)?).await?;
    let typed = Typed::of(&mut input);
    let asks = app.store.staff_terms(&session.scope, link.id).await?;
    let asks = asks.iter().any(|terms| terms.down_when == DownWhen::InterfaceOrNoAnswer);
    if asks && typed.as_ref().is_some_and(|typed| typed.probe_target.is_none()) {
        input.fault("probe_target", NEEDED);
    }
    if let (true, Some(typed)) = (input.is_right(), typed) {
        let fields = LinkFields {
            interface: &typed.interface,
            circuit: &typed.circuit,
            service_ref: typed.service_ref.as_deref(),
            kind: &typed.kind,
            committed_bps: typed.committed_bps,
            probe_target: typed.probe_target.as_deref(),
            facing: typed.facing,
            site: typed.site.as_deref(),
        };
        let address = caller.address_text();
        let act = session.act(&address, app.clock.now_ms());
        match app.store.staff_edit_link(&act, link.id, &fields).await {
            Ok(()) => return Ok(gone_to(&format!("{LINKS}/{}", link.id))),
            Err(error) => fault(&mut input, error)?,
        }
    }
    edit_form(&app, &session, &link, &input).refused()
}

/// A link whose contract has not ended.
pub(crate) async fn live(app: &App, session: &StaffSession, id: LinkId) -> Answered<Link> {
    let (_, link) = app.store.staff_link(&session.scope, id).await?;
    let now_ms = app.clock.now_ms();
    let is_over = link.terminated_at_ms.is_some_and(|end_ms| end_ms <= now_ms);
    if is_over { Err(PageError::NotFound.into()) } else { Ok(link) }
}
