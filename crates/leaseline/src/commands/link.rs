use import::field;
use serde_json::{Value, json};
use sla::LinkPort;
use store::{DownWhen, Facing, Link, LinkId, LinkTerms, Named, NewLink, Store};

use crate::{
    cli::{DownChoice, FacingChoice, LinkAddArgs, LinkCommand},
    commands::{
        act,
        interface_check::{self, Checked},
        link_edit, link_ppp, operator, refused,
    },
    config::Config,
    fault::wrong_use,
    moment,
    output::Printer,
};

pub(super) async fn run(
    store: &Store,
    config: &Config,
    command: LinkCommand,
    printer: &Printer,
) -> anyhow::Result<()> {
    match command {
        LinkCommand::Add(args) => add(store, config, *args, printer).await,
        LinkCommand::Edit(args) => link_edit::edit(store, &args, printer).await,
        LinkCommand::Terms(args) => link_edit::terms(store, &args, printer).await,
        LinkCommand::Retire { circuit, at, never } => {
            link_edit::retire(store, &circuit, at.as_deref(), never, printer).await
        }
        LinkCommand::UsePppUsers { dry_run } => link_ppp::use_ppp_users(store, dry_run, printer).await,
        LinkCommand::List => list(store, printer).await,
    }
}

async fn add(store: &Store, config: &Config, args: LinkAddArgs, printer: &Printer) -> anyhow::Result<()> {
    super::check_name("circuit id", &args.circuit)?;
    super::check_name("interface", &args.interface)?;
    let client = super::client_in_use(store, args.company.as_deref(), &args.client).await?;
    let company = store.company(client.company_id).await?;
    let zone = moment::zone(&company.timezone)?;
    let router = store.router_by_name(&args.router).await?.ok_or_else(|| {
        wrong_use(format!("there is no router named {:?}; `leaseline router list` shows them", args.router))
    })?;
    let kind = field::kind(&args.kind).map_err(|why| typed("--type", &args.kind, &why))?;
    let activated_at_ms = moment::parse_day(&args.activated, &zone)?;
    // The store puts the new link's own id there.
    let objectives =
        Objectives { uptime: &args.uptime, latency_ms: &args.latency_ms, loss_pct: &args.loss_pct };
    let terms = objectives.terms(LinkId(0), activated_at_ms, args.down_when)?;
    let probe_target =
        args.probe_target.as_deref().map(|text| super::router::host("--probe-target", text)).transpose()?;
    if matches!(args.down_when, DownChoice::NoAnswer) && probe_target.is_none() {
        return Err(wrong_use("--down-when no-answer needs a --probe-target to ask"));
    }
    let measured_from_ms =
        args.measured_from.as_deref().map(|text| moment::parse_moment(text, &zone)).transpose()?;
    let link = NewLink {
        client_id: client.id,
        router_id: router.id,
        interface: &args.interface,
        circuit: &args.circuit,
        service_ref: args.service_ref.as_deref(),
        kind,
        committed_bps: field::mbps(&args.committed_mbps)
            .map_err(|why| typed("--committed-mbps", &args.committed_mbps, &why))?,
        probe_target: probe_target.as_deref(),
        facing: match args.facing {
            FacingChoice::Customer => Facing::Customer,
            FacingChoice::Upstream => Facing::Upstream,
        },
        site: args.site.as_deref(),
        activated_at_ms,
        terminated_at_ms: None,
    };
    store.check_name_free(Named::Link, &args.circuit).await.map_err(refused)?;
    let checked = interface_check::check(store, config, &router, &args).await?;
    let by = operator();
    let id = store.staff_add_link(&act(&by), &link, &terms, measured_from_ms).await.map_err(refused)?;
    let not_checked = match &checked {
        Checked::There => String::new(),
        Checked::Not(why) => format!(" Whether the router has it was not checked: {why}."),
        Checked::NotConnected => " The user is not connected to this router now.".to_owned(),
    };
    printer.said(
        &format!(
            "Added link {} for {} at {} {}.{not_checked}",
            args.circuit,
            client.name,
            router.name,
            LinkPort::of(&args.interface)
        ),
        &json!({ "id": id, "circuit": args.circuit, "interface_checked": matches!(checked, Checked::There) }),
    )
}

async fn list(store: &Store, printer: &Printer) -> anyhow::Result<()> {
    let routers = store.routers().await?;
    let mut rows = Vec::new();
    for client in store.clients().await? {
        for (link, latest) in store.latest_for_client(client.id).await? {
            let router =
                routers.iter().find(|router| router.id == link.router_id).map(|router| router.name.clone());
            rows.push(json!({
                "id": link.id, "circuit": link.circuit, "client": client.name, "router": router,
                "interface": link.interface, "type": link.kind, "committed_bps": link.committed_bps,
                "probe_target": link.probe_target, "facing": facing(&link), "site": link.site, "service_ref": link.service_ref,
                "activated_at_ms": link.activated_at_ms,
                "state": latest.as_ref().map(|latest| latest.state), "at_ms": latest.as_ref().map(|latest| latest.at_ms),
            }));
        }
    }
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or("–").to_owned();
    printer.list(&rows, ["circuit", "client", "router", "interface", "type", "committed", "state"], |row| {
        let committed = report::rate_words(row["committed_bps"].as_i64().unwrap_or_default());
        let [circuit, client, router, interface] =
            ["circuit", "client", "router", "interface"].map(|key| text(row, key));
        [circuit, client, router, interface, text(row, "type"), committed, text(row, "state")]
    })
}

fn facing(link: &Link) -> &'static str {
    match link.facing {
        Facing::Customer => "customer",
        Facing::Upstream => "upstream",
    }
}

/// What is promised, as it was typed.
pub(super) struct Objectives<'a> {
    pub(super) uptime: &'a Option<String>,
    pub(super) latency_ms: &'a Option<String>,
    pub(super) loss_pct: &'a Option<String>,
}

impl Objectives<'_> {
    pub(super) fn terms(
        &self,
        link_id: LinkId,
        valid_from_ms: i64,
        down_when: DownChoice,
    ) -> anyhow::Result<LinkTerms> {
        let latency = |text: &String| decimal("--latency-ms", text, 60_000);
        Ok(LinkTerms {
            link_id,
            valid_from_ms,
            uptime_pct: self.uptime.as_ref().map(|text| percent("--uptime", text)).transpose()?,
            latency_ms: self.latency_ms.as_ref().map(latency).transpose()?,
            loss_pct: self.loss_pct.as_ref().map(|text| percent("--loss-pct", text)).transpose()?,
            down_when: match down_when {
                DownChoice::Interface => DownWhen::Interface,
                DownChoice::NoAnswer => DownWhen::InterfaceOrNoAnswer,
            },
        })
    }
}

/// A decimal from 0 to 100 that is kept as it was written.
fn percent(name: &str, text: &str) -> anyhow::Result<String> {
    decimal(name, text, 100)
}

fn decimal(name: &str, text: &str, most: u32) -> anyhow::Result<String> {
    field::decimal(text, most).map_err(|why| typed(name, text, &why))
}

/// What is wrong with an option.
pub(super) fn typed(name: &str, text: &str, why: &str) -> anyhow::Error {
    wrong_use(format!("{name} {text:?}: {}", why.trim_end_matches('.')))
}
