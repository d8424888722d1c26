//! Fills the demo's database and starts its routers.

use anyhow::Context;
use collector::{Collector, CollectorConfig};
use indicatif::{ProgressBar, ProgressStyle};
use routeros_sim::{Fleet, SimClock, SimRouter};
use secrecy::SecretString;
use sla::Interval;
use store::{
    ClientId, Clock, DownWhen, Facing, Latest, LinkId, LinkTerms, NewLink, NewRouter, NewStaffUser,
    NotificationEvent, Round, RoundOutcome, RouterId, RouterTls, RuleEdit, SpanTail, StaffScope, Store,
};

use super::{
    history::History,
    ledger, plan,
    story::{Calendar, UPGRADE},
};

/// Who signs what the demo sets up.
pub(super) const BY: &str = "demo";
/// Readings are written week by week, all lines together, in one transaction each.
const CHUNK_MS: i64 = 7 * 86_400_000;

/// The simulated routers, running, and a database that knows them and their past.
pub(super) async fn prepare(
    store: &Store,
    clock: &Clock,
    timezone: &str,
    calendar: &Calendar,
    config: CollectorConfig,
) -> anyhow::Result<(Fleet, Vec<SimRouter>)> {
    let now = clock.now_ms();
    let routers_clock = clock.clone();
    let mut fleet = Fleet::new(SimClock::new(move || routers_clock.now_ms()));
    let company = store.insert_company(plan::COMPANY, timezone, plan::CURRENCY, now).await?;
    tell_operations(store, company, now).await?;
    insert_staff(store, now).await?;
    let mut routers = Vec::new();
    let mut router_ids = Vec::new();
    for (index, router) in plan::ROUTERS.iter().enumerate() {
        let running = fleet.add(plan::router_spec(index, calendar.utc_offset_ms())).await?;
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
    let mut links = Vec::new();
    for (place, link) in plan::LINKS.iter().enumerate() {
        let (client, router) = (clients[link.client], router_ids[link.router]);
        links.push(insert_link(store, place, client, router, calendar).await?);
    }
    // The past ends where the first real look begins, so that the time line has no gap between the two.
    Collector::new(store.clone(), clock.clone(), config).once(|_, _| ()).await?;
    let mut histories = Vec::new();
    for (place, (&id, link)) in links.iter().zip(plan::LINKS).enumerate() {
        let latest = store.latest(id).await?.with_context(|| format!("no first look at {}", link.circuit))?;
        let period = Interval::new(calendar.activated_at_ms(link)?, latest.at_ms);
        // The history counts as measured, or no past month would have a report.
        store.set_measured_from(id, Some(period.from_ms), (BY, now)).await?;
        let history = History::new(id, place, calendar, period)?;
        histories.push(Past { router: link.router, latest, history });
    }
    write_spans(store, &router_ids, &histories, clock.now_ms()).await?;
    write_samples(store, &histories).await?;
    let first_ms = histories.iter().map(|past| past.history.period().from_ms).min().unwrap_or(now);
    ledger::write(store, company, &links, calendar, first_ms, now).await?;
    Ok((fleet, routers))
}

/// What falls in the demo falls for seconds: alerts are as quick.
async fn tell_operations(store: &Store, company: store::CompanyId, now: i64) -> anyhow::Result<()> {
    store.add_notification_recipient(company, plan::OPERATIONS, BY, now).await?;
    let quick = |sustained_s| RuleEdit { sustained_s, clear_after_s: Some(Some(10)), ..RuleEdit::default() };
    for (event, edit) in [
        (NotificationEvent::LinkDown, quick(None)),
        (NotificationEvent::RouterUnreachable, quick(Some(Some(8)))),
    ] {
        store.edit_notification_rule(company, event, &edit, BY, now).await?;
    }
    Ok(())
}

/// A line's past, and the first look at its present.
struct Past {
    router: usize,
    latest: Latest,
    history: History,
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

async fn insert_staff(store: &Store, now: i64) -> anyhow::Result<()> {
    for person in plan::STAFF {
        let new = NewStaffUser {
            username: person.username,
            display_name: person.display_name,
            email: person.email,
            role: person.role,
            password_hash: &web::hash_password(&SecretString::from(plan::PASSWORD))?,
            scope: StaffScope::All,
        };
        store.insert_staff_user(&new, now).await?;
    }
    Ok(())
}

async fn insert_link(
    store: &Store,
    place: usize,
    client: ClientId,
    router: RouterId,
    calendar: &Calendar,
) -> anyhow::Result<LinkId> {
    let link = &plan::LINKS[place];
    let activated_at_ms = calendar.activated_at_ms(link)?;
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
    let agreed_now = LinkTerms {
        link_id: LinkId(0),
        valid_from_ms: activated_at_ms,
        uptime_pct: Some(link.uptime_pct.to_owned()),
        latency_ms: Some(link.latency_ms.to_owned()),
        loss_pct: Some("1.00".to_owned()),
        down_when: DownWhen::Interface,
    };
    if place != UPGRADE.link {
        return Ok(store.insert_link_with_terms(&new, &agreed_now).await?);
    }
    let agreed_first = LinkTerms {
        uptime_pct: Some(UPGRADE.uptime_pct.to_owned()),
        latency_ms: Some(UPGRADE.latency_ms.to_owned()),
        ..agreed_now.clone()
    };
    let link_id = store.insert_link_with_terms(&new, &agreed_first).await?;
    let valid_from_ms = calendar.at_ms(UPGRADE.begins)?;
    store.insert_terms(&LinkTerms { link_id, valid_from_ms, ..agreed_now }).await?;
    Ok(link_id)
}

async fn write_spans(
    store: &Store,
    router_ids: &[RouterId],
    pasts: &[Past],
    now_ms: i64,
) -> anyhow::Result<()> {
    for (index, &router) in router_ids.iter().enumerate() {
        let mut round = Round::new(router, now_ms, RoundOutcome::Ok);
        for past in pasts.iter().filter(|past| past.router == index) {
            let spans = past.history.spans();
            let Some((first, last)) = spans.first().zip(spans.last()) else { continue };
            round.latest.push(Latest { since_ms: last.from_ms, ..past.latest.clone() });
            round.tails.push(SpanTail { link: past.latest.link, from_ms: first.from_ms, spans });
        }
        store.write_round(&round).await?;
    }
    Ok(())
}

async fn write_samples(store: &Store, pasts: &[Past]) -> anyhow::Result<()> {
    let period = |past: &Past| past.history.period();
    let from_ms = pasts.iter().map(|past| period(past).from_ms).min().unwrap_or(0);
    let to_ms = pasts.iter().map(|past| period(past).to_ms).max().unwrap_or(0);
    let weeks: Vec<i64> = (from_ms..to_ms).step_by(CHUNK_MS as usize).collect();
    let bar = ProgressBar::new(weeks.len() as u64).with_style(
        ProgressStyle::with_template("writing the history {bar:30} {percent} % {elapsed}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    for week_ms in weeks {
        let window = Interval::new(week_ms, week_ms + CHUNK_MS);
        let samples: Vec<_> = pasts.iter().flat_map(|past| past.history.samples(window)).collect();
        store.write_samples(&samples).await?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}
