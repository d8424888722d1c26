//! What it takes to enter 5,000 links from a CSV file, and to be told of 20 bad rows in it, beside entering links one by one.
//!
//! ```text
//! cargo run --release -p benches --bin import -- [--links 5000]
//! ```
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

use std::time::Instant;

use benches::{cpu_seconds, peak_rss_mb};
use import::{Kind, Options, import_csv};
use secrecy::SecretString;
use store::{
    CompanyId, DownWhen, Facing, LinkId, LinkTerms, Location, MasterKey, NewLink, NewRouter, RouterTls,
    StaffAct, StaffScope, Store,
};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const LINKS_DEFAULT: usize = 5_000;
const LINKS_PER_ROUTER: usize = 100;
const BAD_ROWS: usize = 20;
/// Entered one by one, for comparison.
const SINGLE: usize = 500;

#[tokio::main]
async fn main() -> Result<()> {
    let links = match std::env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => LINKS_DEFAULT,
        [name, links] if name == "--links" => links.parse()?,
        _ => return Err("the only argument is --links N".into()),
    };
    let folder = tempfile::tempdir()?;
    let location = Location::Sqlite(folder.path().join("leaseline.sqlite"));
    let store = Store::open(&location, Some(MasterKey::generate()?)).await?;
    prepare(&store, links + SINGLE).await?;
    let scope = StaffScope::All;
    let act = StaffAct { scope: &scope, actor: "bench", address: None, now_ms: 0 };

    let mut rows: Vec<String> = (0..links).map(row).collect();
    for bad in 0..BAD_ROWS {
        let at = bad * links / BAD_ROWS;
        rows[at] = rows[at].replace("ILL", "fibre");
    }
    let (seconds, outcome) = timed(&store, &act, &file(&rows)).await?;
    println!(
        "{links} links with {BAD_ROWS} bad rows: {seconds}; {} faults told, {} written",
        outcome.0, outcome.1
    );
    let rows: Vec<String> = (0..links).map(row).collect();
    let (seconds, outcome) = timed(&store, &act, &file(&rows)).await?;
    println!(
        "{links} links: {seconds}; {} faults, {} written; peak memory {:.0} MB",
        outcome.0,
        outcome.1,
        peak_rss_mb()?
    );

    let (start, cpu) = (Instant::now(), cpu_seconds()?);
    let client = store.clients().await?[0].id;
    for n in links..links + SINGLE {
        let router = store.router_by_name(&router_name(n)).await?.ok_or("a router is missing")?;
        let (circuit, interface) = (format!("C-{n}"), format!("ether{n}"));
        let link = NewLink {
            client_id: client,
            router_id: router.id,
            interface: &interface,
            circuit: &circuit,
            service_ref: None,
            kind: "ILL",
            committed_bps: 100_000_000,
            probe_target: None,
            facing: Facing::Customer,
            site: None,
            activated_at_ms: 0,
            terminated_at_ms: None,
        };
        let terms = LinkTerms {
            link_id: LinkId(0),
            valid_from_ms: 0,
            uptime_pct: Some("99.50".to_owned()),
            latency_ms: None,
            loss_pct: None,
            down_when: DownWhen::Interface,
        };
        store.staff_add_link(&act, &link, &terms, None).await?;
    }
    let share = links as f64 / SINGLE as f64;
    println!(
        "one by one, {SINGLE} links scaled to {links}: {:.2} s, {:.2} s CPU",
        start.elapsed().as_secs_f64() * share,
        (cpu_seconds()? - cpu) * share
    );
    store.close().await;
    Ok(())
}

async fn timed(store: &Store, act: &StaffAct<'_>, file: &str) -> Result<(String, (usize, usize))> {
    let (start, cpu) = (Instant::now(), cpu_seconds()?);
    let outcome = import_csv(store, act, Kind::Links, file.as_bytes(), &Options::default()).await?;
    let seconds = format!("{:.2} s, {:.2} s CPU", start.elapsed().as_secs_f64(), cpu_seconds()? - cpu);
    Ok((seconds, (outcome.faults.len(), outcome.written)))
}

async fn prepare(store: &Store, links: usize) -> Result<()> {
    let company: CompanyId = store.insert_company("Example Net", "Asia/Kolkata", "INR", 0).await?;
    store.insert_client(company, "Acme", 0).await?;
    let password = SecretString::from("secret");
    for n in (0..links).step_by(LINKS_PER_ROUTER) {
        let name = router_name(n);
        let router = NewRouter {
            company_id: company,
            name: &name,
            address: "192.0.2.1",
            port: 8728,
            username: "portal",
            password: &password,
            tls: RouterTls::Off,
        };
        store.insert_router(&router, 0).await?;
    }
    Ok(())
}

fn router_name(link: usize) -> String {
    format!("edge-{}", link / LINKS_PER_ROUTER)
}

fn row(n: usize) -> String {
    format!("C-{n},Acme,{},ether{n},ILL,100,2026-11-01,99.50,20,1,198.51.100.7,Pune", router_name(n))
}

fn file(rows: &[String]) -> String {
    format!(
        "circuit,client,router,interface,type,committed_mbps,activated,uptime,latency_ms,loss_pct,probe_target,site\n{}\n",
        rows.join("\n")
    )
}
