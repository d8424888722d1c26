//! `leaseline demo`: the whole product with simulated routers in this process, on a data folder of its own.

mod events;
mod folder;
mod history;
mod ledger;
mod plan;
mod post;
mod setup;
mod story;

use std::{net::SocketAddr, time::Duration};

use anyhow::Context;
use collector::CollectorConfig;
use secrecy::ExposeSecret;
use serde_json::json;
use store::{Clock, CollectorClaim, Location, MasterKey, Store};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    cli::{DemoArgs, Place},
    clock::{clock_from, wall_clock},
    moment,
    output::Printer,
    serving, signals,
};

pub(crate) use plan::TIMEZONE;
pub(crate) use story::MONTHS;

/// The demo looks at its routers much more often than an installation would, so that there is something to see.
const PROBE_INTERVAL: Duration = Duration::from_secs(2);
const SAMPLE_INTERVAL: Duration = Duration::from_secs(6);
const PAGE_REFRESH_MS: u32 = 2_000;

/// Shows the product until SIGINT or SIGTERM.
pub(crate) async fn run(place: &Place, args: DemoArgs, printer: &Printer) -> anyhow::Result<()> {
    serving::start_log("warn")?;
    let start = Start::new(&args)?;
    let listener = serving::listen(args.listen).await?;
    let folder = folder::Folder::create(place.data.clone(), args.keep)?;
    let key = MasterKey::generate()?;
    folder.write_key(key.to_hex().expose_secret())?;
    let location = Location::Sqlite(folder.database());
    let store = Store::open(&location, Some(key)).await.context("the demo's database")?;
    let _server_claim = store.claim_server().await?;
    let claim = store.claim_collector().await?;
    let result = with_store(&store, claim, listener, &start, args.smtp, &folder, printer).await;
    store.close().await;
    folder.finish()?;
    result
}

/// When and where the demo takes place.
struct Start {
    clock: Clock,
    timezone: String,
    calendar: story::Calendar,
}

impl Start {
    fn new(args: &DemoArgs) -> anyhow::Result<Self> {
        let zone = moment::zone(&args.timezone)?;
        let clock = match &args.now {
            Some(text) => clock_from(moment::parse_moment(text, &zone)?),
            None => wall_clock(),
        };
        let calendar = story::Calendar::new(clock.now_ms(), zone, args.months)?;
        Ok(Self { clock, timezone: args.timezone.clone(), calendar })
    }
}

async fn with_store(
    store: &Store,
    claim: CollectorClaim,
    listener: tokio::net::TcpListener,
    start: &Start,
    smtp: Option<SocketAddr>,
    folder: &folder::Folder,
    printer: &Printer,
) -> anyhow::Result<()> {
    let address = listener.local_addr()?;
    let stop = CancellationToken::new();
    let mut tasks = JoinSet::new();
    signals::cancel_on_signal(&stop, &mut tasks)?;
    let prepared = tokio::select! {
        prepared = setup::prepare(store, &start.clock, &start.timezone, &start.calendar, collector_config()) => prepared?,
        () = stop.cancelled() => return serving::until_stopped(&stop, &mut tasks, serving::STOP_WAIT).await,
    };
    let (fleet, routers) = prepared;

    let public_url = format!("http://{address}");
    let delivery = smtp.map(|smtp| post::delivery(store, smtp, &public_url)).transpose()?;
    let settings = web::Settings {
        secure_cookies: false,
        sends_mail: delivery.is_some(),
        public_url: delivery.is_some().then_some(public_url),
        refresh_ms: PAGE_REFRESH_MS,
        stale_after_ms: 10 * PROBE_INTERVAL.as_millis() as i64,
        logo_trial: crate::logo_trial::process()?,
        ..web::Settings::default()
    };
    let limits = serving::demo_connection_limits();
    serving::spawn_web(store, &start.clock, listener, settings, limits, &stop, &mut tasks);
    serving::spawn_collector(store, &start.clock, claim, collector_config(), &stop, &mut tasks);
    let ways = jobs::Ways { mail: delivery, ..jobs::Ways::default() };
    let wait = serving::STOP_WAIT.max(ways.stop_wait());
    serving::spawn_jobs(store, &start.clock, ways, &stop, &mut tasks);
    tasks.spawn(events::run(routers, stop.clone()));
    announce(address, &start.clock, folder, printer)?;
    let result = serving::until_stopped(&stop, &mut tasks, wait).await;
    fleet.shutdown().await;
    result
}

fn collector_config() -> CollectorConfig {
    CollectorConfig {
        probe_interval: PROBE_INTERVAL,
        sample_interval: SAMPLE_INTERVAL,
        ping_interval: Duration::from_millis(100),
        round_deadline: Duration::from_secs(4),
        ..CollectorConfig::default()
    }
}

/// Says where to look and how to get in.
fn announce(
    address: SocketAddr,
    clock: &Clock,
    folder: &folder::Folder,
    printer: &Printer,
) -> anyhow::Result<()> {
    let url = format!("http://{address}/");
    let watched = &plan::LINKS[plan::WATCHED];
    let logins: Vec<_> = plan::CLIENTS
        .iter()
        .map(|client| json!({ "username": client.username, "password": plan::PASSWORD, "client": client.name }))
        .collect();
    let staff: Vec<_> = plan::STAFF
        .iter()
        .map(|person| json!({ "username": person.username, "password": plan::PASSWORD, "role": person.role }))
        .collect();
    let mut words = format!("\n  The portal of {} is at  {url}\n\n", plan::COMPANY);
    for client in plan::CLIENTS {
        words += &format!("    {:<8} {:<18} {}\n", client.username, plan::PASSWORD, client.name);
    }
    words += &format!("\n  Its own people log in at  {url}staff\n\n");
    for person in plan::STAFF {
        let (name, role) = (person.display_name, person.role.as_str());
        words += &format!("    {:<8} {:<18} {name}, {role}\n", person.username, plan::PASSWORD);
    }
    words += &format!(
        "\n  Log in as {} and watch {} ({}): it goes down and comes back every minute.\n  Data: {} ({}). Ctrl-C stops the demo.\n",
        plan::CLIENTS[watched.client].username,
        watched.circuit,
        watched.site,
        folder.path().display(),
        if folder.is_kept() { "kept" } else { "removed at the end" },
    );
    if !address.ip().is_loopback() {
        words += "  Anybody who can reach this address can log in with these well-known passwords.\n";
    }
    printer.said(
        &words,
        &json!({
            "url": url, "logins": logins, "staff": staff, "watch": watched.circuit, "data": folder.path(),
            "now_ms": clock.now_ms(),
        }),
    )
}
