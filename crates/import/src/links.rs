use std::collections::HashMap;

use store::{
    Client, ClientId, CompanyId, DownWhen, Facing, ImportRow, LinkId, LinkTerms, NewLink, Router, RouterId,
    StaffAct, Store, folded_name, without_direction_marks,
};

use crate::{
    Column, Options, Trouble, field,
    known::{Checking, Known, Place, zone},
    table::{Row, Table},
};

pub(crate) const COLUMNS: &[Column] = &[
    Column { name: "circuit", required: true, about: "circuit id, unique" },
    Column { name: "client", required: true, about: "name of the client, who is there already" },
    Column { name: "router", required: true, about: "name of the router, which is there already" },
    Column {
        name: "interface",
        required: true,
        about: "its name exactly as on the router, or ppp:USER for a PPP user",
    },
    Column { name: "type", required: true, about: "ILL, P2P, MPLS or broadband" },
    Column { name: "committed_mbps", required: true, about: "what was sold, Mbit/s" },
    Column { name: "activated", required: true, about: "first day under contract, e.g. 2026-11-01" },
    Column {
        name: "measured_from",
        required: false,
        about: "from when on its time counts, e.g. 2026-11-10T14:00; empty: from its first poll",
    },
    Column { name: "uptime", required: false, about: "promised availability, percent" },
    Column { name: "latency_ms", required: false, about: "promised round trip, milliseconds" },
    Column { name: "loss_pct", required: false, about: "promised round-trip loss, percent" },
    Column { name: "down_when", required: false, about: "interface (default) or no-answer" },
    Column { name: "probe_target", required: false, about: "what the router pings to measure the link" },
    Column { name: "facing", required: false, about: "customer (default) or upstream: what the port faces" },
    Column { name: "site", required: false, about: "where it ends, for people" },
    Column { name: "service_ref", required: false, about: "service reference" },
    Column { name: "company", required: false, about: "whose link; needed if there are several companies" },
];
const LATENCY_MS_MAX: u32 = 60_000;

struct Typed {
    company: CompanyId,
    client: ClientId,
    router: RouterId,
    circuit: String,
    interface: String,
    kind: &'static str,
    committed_bps: i64,
    site: Option<String>,
    service_ref: Option<String>,
    probe_target: Option<String>,
    facing: Facing,
    terms: LinkTerms,
    measured_from_ms: Option<i64>,
}

pub(crate) async fn import(
    store: &Store,
    act: &StaffAct<'_>,
    table: &Table,
    known: &Known,
    options: &Options<'_>,
) -> Result<(), Trouble> {
    let mut faults = Vec::new();
    let mut circuits: HashMap<String, (u64, String)> = HashMap::new();
    let mut interfaces: HashMap<Place, u64> = HashMap::new();
    let mut links = Vec::new();
    for row in &table.rows {
        let mut check = Checking::new(table, row, &mut faults);
        let Some(typed) = typed(&mut check, (table, row), known, options) else { continue };
        let key = folded_name(&typed.circuit);
        check.free(("circuit", "link"), (key, &typed.circuit), &known.circuits, &mut circuits);
        let place = Place::of((typed.company, typed.router), &typed.interface);
        if known.taken.contains(&place) {
            check.fault("interface", "This interface or PPP user already carries a link under contract.");
        } else if let Some(line) = interfaces.insert(place, row.line) {
            check.fault("interface", format!("Line {line} has this interface or PPP user already."));
        }
        links.push(typed);
    }
    if !faults.is_empty() {
        return Err(faults.into());
    }
    if !options.dry_run {
        let rows: Vec<ImportRow<'_>> = links.iter().map(Typed::row).collect();
        store.import_rows(act, &rows).await?;
    }
    Ok(())
}

impl Typed {
    fn row(&self) -> ImportRow<'_> {
        ImportRow::Link {
            company: self.company,
            link: NewLink {
                client_id: self.client,
                router_id: self.router,
                interface: &self.interface,
                circuit: &self.circuit,
                service_ref: self.service_ref.as_deref(),
                kind: self.kind,
                committed_bps: self.committed_bps,
                probe_target: self.probe_target.as_deref(),
                facing: self.facing,
                site: self.site.as_deref(),
                activated_at_ms: self.terms.valid_from_ms,
                terminated_at_ms: None,
            },
            terms: self.terms.clone(),
            measured_from_ms: self.measured_from_ms,
        }
    }
}

fn typed(
    check: &mut Checking<'_>,
    (table, row): (&Table, &Row),
    known: &Known,
    options: &Options<'_>,
) -> Option<Typed> {
    let company = known.company(table, row, options).map_err(|why| check.fault("company", why)).ok();
    let circuit = check.parsed("circuit", field::name);
    let client = company.and_then(|company| client(check, known, company.id));
    let router = company.and_then(|company| router(check, known, company.id));
    let interface = check.parsed("interface", field::name);
    let kind = check.parsed("type", field::kind);
    let committed_bps = check.parsed("committed_mbps", field::mbps);
    let optional = |text: &str| field::name(text).map(Some);
    let site = check.parsed_or("site", None, optional);
    let service_ref = check.parsed_or("service_ref", None, optional);
    let probe_target = check.parsed_or("probe_target", None, |text| field::host(text).map(Some));
    let facing = check.parsed_or("facing", Facing::Customer, |text| {
        text.parse().map_err(|_| "Write customer or upstream.".to_owned())
    });
    let company = company.and_then(|company| known.company_of(company.id));
    let terms = company.and_then(|company| terms(check, &zone(company)));
    let measured_from_ms = company.and_then(|company| measured_from(check, &zone(company), terms.as_ref()));
    if let (Some(terms), Some(None)) = (&terms, &probe_target)
        && terms.down_when == DownWhen::InterfaceOrNoAnswer
    {
        check.fault(
            "probe_target",
            "down_when asks this target whether the link is up: it must not be empty.",
        );
    }
    Some(Typed {
        company: company?.id,
        client: client?.id,
        router: router?.id,
        circuit: circuit?,
        interface: interface?,
        kind: kind?,
        committed_bps: committed_bps?,
        site: site?,
        service_ref: service_ref?,
        probe_target: probe_target?,
        facing: facing?,
        terms: terms?,
        measured_from_ms: measured_from_ms?,
    })
}

fn measured_from(
    check: &mut Checking<'_>,
    zone: &jiff::tz::TimeZone,
    terms: Option<&LinkTerms>,
) -> Option<Option<i64>> {
    let activated_at_ms = terms.map_or(i64::MIN, |terms| terms.valid_from_ms);
    check.parsed_or("measured_from", None, |text| {
        let from_ms = field::moment(text, zone)?;
        match store::measured_from_error(activated_at_ms, from_ms) {
            Some(why) => Err(format!("This does not fit: {why}.")),
            None => Ok(Some(from_ms)),
        }
    })
}

fn client<'a>(check: &mut Checking<'_>, known: &'a Known, company: CompanyId) -> Option<&'a Client> {
    let name = check.cell("client");
    let of = |name: &str| known.clients.get(&(company, name.to_owned()));
    // An older version may have kept a direction mark, which names that are entered now have not.
    match of(name).or_else(|| of(&without_direction_marks(name))) {
        Some(client) if client.retired_at_ms.is_none() => Some(client),
        Some(_) => {
            check.fault("client", format!("The client {name:?} is retired."));
            None
        }
        None => {
            check.fault("client", format!("There is no client {name:?}: enter it first."));
            None
        }
    }
}

fn router<'a>(check: &mut Checking<'_>, known: &'a Known, company: CompanyId) -> Option<&'a Router> {
    let name = check.cell("router");
    match known.routers.get(name).or_else(|| known.routers.get(&*without_direction_marks(name))) {
        Some(Some(router)) if router.company_id == company && router.active => Some(router),
        Some(Some(router)) if router.company_id == company => {
            check.fault("router", format!("The router {name:?} is retired."));
            None
        }
        _ => {
            check.fault("router", format!("There is no router {name:?}: enter it first."));
            None
        }
    }
}

fn terms(check: &mut Checking<'_>, zone: &jiff::tz::TimeZone) -> Option<LinkTerms> {
    let from = check.parsed("activated", |text| field::day(text, zone));
    let figure = |most: u32| move |text: &str| field::decimal(text, most).map(Some);
    let uptime = check.parsed_or("uptime", None, figure(100));
    let latency = check.parsed_or("latency_ms", None, figure(LATENCY_MS_MAX));
    let loss = check.parsed_or("loss_pct", None, figure(100));
    let down_when = check.parsed_or("down_when", DownWhen::Interface, |text| match text {
        "interface" => Ok(DownWhen::Interface),
        "no-answer" | "interface_or_no_answer" => Ok(DownWhen::InterfaceOrNoAnswer),
        _ => Err("Write interface or no-answer.".to_owned()),
    });
    Some(LinkTerms {
        // The store puts the new link's own id here.
        link_id: LinkId(0),
        valid_from_ms: from?,
        uptime_pct: uptime?,
        latency_ms: latency?,
        loss_pct: loss?,
        down_when: down_when?,
    })
}
