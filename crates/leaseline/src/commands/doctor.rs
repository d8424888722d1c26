use anyhow::bail;
use serde_json::json;
use sla::LinkPort;
use store::OutboxState;

use super::{
    doctor_security, printable,
    router::{self, Step},
};
use crate::{
    clock::now_ms, fault::one_line, installation::Installation, mail, moment, output::Printer, whatsapp,
};

/// The clock of a machine that was never set stands before this program was written (2026-01-01).
const CLOCK_MIN_MS: i64 = 1_767_225_600_000;
/// Missing interfaces that one line names.
const PORTS_NAMED_MAX: usize = 5;
const NOT_LOOKED_AT: &str = "not looked at: the database did not open";

pub(super) async fn run(installation: &Installation, printer: &Printer) -> anyhow::Result<()> {
    let mut steps = vec![
        step("settings", Ok("read and right".to_owned())),
        step("clock", clock()),
        step("key", installation.key().map(|_| format!("in {}", installation.key_words()))),
    ];
    steps.push(step("mail", mail_server(installation).await));
    steps.push(step("whatsapp", graph_api(installation).await));
    match installation.open().await {
        Ok(store) => {
            steps.push(step("database", Ok(installation.location_words())));
            let result = look_inside(&store, installation, &mut steps).await;
            store.close().await;
            result?;
        }
        Err(error) => {
            steps.push(step("database", Err(error)));
            steps.push(Step { name: "routers".to_owned(), ok: false, detail: NOT_LOOKED_AT.to_owned() });
        }
    }
    let words: Vec<String> = steps.iter().map(Step::words).collect();
    let value: Vec<_> =
        steps.iter().map(|step| json!({ "name": step.name, "ok": step.ok, "detail": step.detail })).collect();
    printer.said(&words.join("\n"), &value)?;
    match steps.iter().filter(|step| !step.ok).count() {
        0 => Ok(()),
        1 => bail!("one thing needs your attention: see FAIL above"),
        count => bail!("{count} things need your attention: see FAIL above"),
    }
}

async fn look_inside(
    store: &store::Store,
    installation: &Installation,
    steps: &mut Vec<Step>,
) -> anyhow::Result<()> {
    let stale_ms = (installation.config.collector.probe_interval_s * 3_000) as i64;
    for check in store.readiness(now_ms(), stale_ms).await {
        // The machine's own clock is a step of its own.
        let name = if check.name == "clock" { "timeline clock" } else { check.name };
        steps.push(Step { name: name.to_owned(), ok: !check.needs_attention(), detail: check.reason });
    }
    for company in store.companies().await? {
        let zone = moment::zone(&company.timezone);
        steps.push(step(
            "company",
            zone.map(|_| format!("{}, {}, {}", company.name, company.timezone, company.currency)),
        ));
    }
    steps.extend(printable::steps(store).await?);
    steps.push(outbox(store, installation).await?);
    if let Some(found) = proxy(store, installation).await? {
        steps.push(found);
    }
    let links = store.links().await?;
    let routers = store.routers().await?;
    steps.extend(doctor_security::steps(&installation.config, &routers));
    steps.push(step("links", Ok(format!("{} on {} routers", links.len(), routers.len()))));
    steps.push(ports(store).await?);
    steps.push(ppp(store).await?);
    for router in &routers {
        let found = router::findings(store, &installation.config, router).await?;
        let name = format!("router {}", router.name);
        let detail = found.failed.clone().unwrap_or_else(|| format!("{} checks passed", found.steps.len()));
        steps.push(Step { name, ok: found.failed.is_none(), detail });
    }
    Ok(())
}

/// A mail server that is not set up is a choice, one that does not answer is not.
async fn mail_server(installation: &Installation) -> anyhow::Result<String> {
    match mail::mailer(&installation.config.mail)? {
        None => Ok(mail::NOT_SET_UP.to_owned()),
        Some(mailer) => {
            let link = match installation.config.server.public_url.as_str() {
                "" => "; mails carry no link, for server.public_url is not set",
                _ => "",
            };
            Ok(mailer.check().await? + link)
        }
    }
}

/// The same for WhatsApp.
async fn graph_api(installation: &Installation) -> anyhow::Result<String> {
    let config = &installation.config;
    let Some(graph) = whatsapp::graph(&config.whatsapp)? else { return Ok(whatsapp::NOT_SET_UP.to_owned()) };
    let number = graph.check().await?;
    let receipts = match whatsapp::receipts(&config.whatsapp)? {
        Some(_) => "",
        None => "; whether they arrive is not known, for whatsapp.app_secret_file is not set",
    };
    Ok(format!("messages come from {number}{receipts}"))
}

/// Whether messages are stuck.
async fn outbox(store: &store::Store, installation: &Installation) -> anyhow::Result<Step> {
    let counts = store.outbox_counts().await?;
    let count = |state| counts.iter().find(|(found, _)| *found == state).map_or(0, |(_, count)| *count);
    let (dead, queued) = (store.outbox_lost().await?, count(OutboxState::Queued));
    let config = &installation.config;
    let mut stuck = Vec::new();
    if config.mail.smtp_host.is_empty() && store.outbox_next_due_ms().await?.is_some() {
        stuck.push(mail::NOT_SET_UP);
    }
    if !config.whatsapp.is_set_up() && store.whatsapp_next_due_ms().await?.is_some() {
        stuck.push(whatsapp::NOT_SET_UP);
    }
    let detail = match (dead, stuck.is_empty()) {
        (0, true) => format!("{queued} messages wait"),
        (0, false) => format!("{queued} messages wait, and {}", stuck.join(", and ")),
        _ => format!("{dead} messages were given up, {queued} wait: `leaseline outbox list` says why"),
    };
    Ok(Step { name: "outbox".to_owned(), ok: dead == 0 && stuck.is_empty(), detail })
}

/// Whether every link's interface was on its router when it was polled last.
async fn ports(store: &store::Store) -> anyhow::Result<Step> {
    let missing = store.missing_ports(now_ms()).await?;
    let named = |port: &store::MissingPort| {
        let since = moment::moment_words(port.since_ms, &jiff::tz::TimeZone::UTC);
        format!(
            "{} ({} on {}, since {since})",
            port.circuit,
            LinkPort::of(&port.interface).words(),
            port.router
        )
    };
    let names: Vec<String> = missing.iter().take(PORTS_NAMED_MAX).map(named).collect();
    let more = missing.len().saturating_sub(PORTS_NAMED_MAX);
    let detail = match (missing.len(), more) {
        (0, _) => "every polled link has its interface".to_owned(),
        (_, 0) => format!("not found: {}", names.join(", ")),
        _ => format!("not found: {} and {more} more", names.join(", ")),
    };
    Ok(Step { name: "ports".to_owned(), ok: missing.is_empty(), detail })
}

/// Links that name the interface of a PPP session: it is gone while the user is not connected, which is then unknown.
async fn ppp(store: &store::Store) -> anyhow::Result<Step> {
    let now_ms = now_ms();
    let links = store.links().await?;
    let named: Vec<String> = links
        .iter()
        .filter(|link| link.terminated_at_ms.is_none_or(|end_ms| end_ms > now_ms))
        .filter(|link| !sla::users_of_ppp_interface(&link.interface).is_empty())
        .map(|link| format!("{} ({})", link.circuit, link.interface))
        .collect();
    let more = named.len().saturating_sub(PORTS_NAMED_MAX);
    let and_more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let detail = if named.is_empty() {
        "no link names the interface of a PPP session".to_owned()
    } else {
        format!(
            "{}{and_more} name the interface of a PPP session, so that time without a session is unknown and not down: \
             have them name the user with `leaseline link use-ppp-users`",
            named[..named.len().min(PORTS_NAMED_MAX)].join(", ")
        )
    };
    Ok(Step { name: "PPP users".to_owned(), ok: named.is_empty(), detail })
}

/// A proxy in front that nobody believes: to the login throttle all of its customers are one.
async fn proxy(store: &store::Store, installation: &Installation) -> anyhow::Result<Option<Step>> {
    let Some((at_ms, address)) = store.untrusted_proxy().await? else { return Ok(None) };
    let trusted = &installation.config.server.trusted_proxies;
    if trusted.iter().any(|proxy| proxy.to_canonical().to_string() == address) {
        return Ok(None);
    }
    let detail = format!(
        "requests came through {address} ({}), which is not in server.trusted_proxies: add it, or the login throttle \
         takes all customers for one",
        moment::moment_words(at_ms, &jiff::tz::TimeZone::UTC)
    );
    Ok(Some(Step { name: "proxy".to_owned(), ok: false, detail }))
}

fn clock() -> anyhow::Result<String> {
    if now_ms() < CLOCK_MIN_MS {
        bail!(
            "this machine's clock is wrong; set it (timedatectl set-ntp true), for every reading carries its time"
        );
    }
    Ok(moment::moment_words(now_ms(), &jiff::tz::TimeZone::UTC))
}

fn step(name: &str, result: anyhow::Result<String>) -> Step {
    match result {
        Ok(detail) => Step { name: name.to_owned(), ok: true, detail },
        Err(error) => Step { name: name.to_owned(), ok: false, detail: one_line(&error) },
    }
}
