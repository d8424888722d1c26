//! Fills the demo's database and starts its routers.

use indicatif::{ProgressBar, ProgressStyle};
use routeros_sim::{Fleet, SimClock, SimRouter};
use secrecy::SecretString;
use sla::Interval;
use store::{
    ClientId, DownWhen, Facing, LinkId, LinkTerms, NewLink, NewRouter, Round, RoundOutcome, RouterId, RouterTls, SpanTail, Store,
};

use super::{history::History, plan};
use crate::{clock::now_ms, moment};

/// Readings are written week by week, all lines together: one transaction each, in the order in which they lie on disk.
const CHUNK_MS: i64 = 7 * 86_400_000;

/// The simulated routers, running, and a database that knows them and their past.
pub(super) async fn prepare(store: &Store) -> anyhow::Result<(Fleet, Vec<SimRouter>)> {
    let now = now_ms();
    let mut fleet = Fleet::new(SimClock::new(now_ms));
    let company = store.insert_company(plan::COMPANY, plan::TIMEZONE, plan::CURRENCY, now).await?;
    let mut routers = Vec::new();
    let mut router_ids = Vec::new();
    for (index, router) in plan::ROUTERS.iter().enumerate() {
        let running = fleet.add(plan::router_spec(index)).await?;
        let address = running.address();
        let new = NewRouter {
            company_id: company,
            name: router.name,
            address: &address.ip().to_string(),
            port: address.port(),
            username: plan::ROUTER_USER,
            password: &SecretString::from(plan::ROUTER_PASSWORD),
            tls: RouterTls::Off,
        };
        router_ids.push(store.insert_router(&new, now).await?);
        routers.push(running);
    }
    let clients = insert_clients(store, company, now).await?;
    let mut histories = Vec::new();
    for (place, link) in plan::LINKS.iter().enumerate() {
        let period = Interval::new(activated_at_ms(now, link.months)?, now);
        let id = insert_link(store, link, clients[link.client], router_ids[link.router], period.from_ms).await?;
        histories.push((link.router, id, History::new(id, place, link, period)));
    }
    write_history(store, &router_ids, &histories, now).await?;
    Ok((fleet, routers))
}

async fn insert_clients(store: &Store, company: store::CompanyId, now: i64) -> anyhow::Result<Vec<ClientId>> {
    let password = SecretString::from(plan::PASSWORD);
    let mut ids = Vec::new();
    for client in plan::CLIENTS {
        let id = store.insert_client(company, client.name, now).await?;
        let hash = web::hash_password(&password)?;
        store.insert_portal_user(id, client.username, client.email, &hash, now).await?;
        ids.push(id);
    }
    Ok(ids)
}

async fn insert_link(
    store: &Store,
    link: &plan::LinkPlan,
    client: ClientId,
    router: RouterId,
    activated_at_ms: i64,
) -> anyhow::Result<LinkId> {
    let new = NewLink {
        client_id: client,
        router_id: router,
        interface: link.interface,
        circuit: link.circuit,
        service_ref: None,
        kind: link.kind,
        committed_bps: i64::try_from(link.committed_mbps)? * 1_000_000,
        probe_target: Some(link.probe_target),
        facing: Facing::Customer,
        site: Some(link.site),
        activated_at_ms,
        terminated_at_ms: None,
    };
    let terms = LinkTerms {
        link_id: LinkId(0),
        valid_from_ms: activated_at_ms,
        uptime_pct: Some(link.uptime_pct.to_owned()),
        latency_ms: Some(link.latency_ms.to_owned()),
        loss_pct: Some("1.00".to_owned()),
        down_when: DownWhen::Interface,
    };
    Ok(store.insert_link_with_terms(&new, &terms).await?)
}

/// Midnight of the first day of the month so many months ago, by the company's clock.
fn activated_at_ms(now: i64, months: i32) -> anyhow::Result<i64> {
    let zoned = jiff::Timestamp::from_millisecond(now)?.to_zoned(moment::zone(plan::TIMEZONE)?);
    let first = zoned.date().first_of_month().checked_sub(jiff::Span::new().months(months))?;
    Ok(first.to_zoned(zoned.time_zone().clone())?.timestamp().as_millisecond())
}

async fn write_history(
    store: &Store,
    router_ids: &[RouterId],
    histories: &[(usize, LinkId, History)],
    now: i64,
) -> anyhow::Result<()> {
    for (index, &router) in router_ids.iter().enumerate() {
        let tails = histories.iter().filter(|(place, ..)| *place == index).filter_map(|(_, link, history)| {
            let spans = history.spans();
            Some(SpanTail { link: *link, from_ms: spans.first()?.from_ms, spans })
        });
        let round = Round { tails: tails.collect(), ..Round::new(router, now, RoundOutcome::Ok) };
        store.write_round(&round).await?;
    }
    let from_ms = histories.iter().filter_map(|(.., history)| history.spans().first().map(|span| span.from_ms)).min();
    let weeks: Vec<i64> = (from_ms.unwrap_or(now)..now).step_by(CHUNK_MS as usize).collect();
    let bar = ProgressBar::new(weeks.len() as u64).with_style(
        ProgressStyle::with_template("writing thirteen months of history {bar:30} {percent} % {elapsed}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    for week_ms in weeks {
        let window = Interval::new(week_ms, (week_ms + CHUNK_MS).min(now));
        let mut samples: Vec<_> = histories.iter().flat_map(|(.., history)| history.samples(window)).collect();
        samples.sort_by_key(|sample| (sample.at_ms / 3_600_000, sample.link, sample.at_ms));
        store.write_samples(&samples).await?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}
