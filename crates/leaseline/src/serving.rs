//! `leaseline serve`: the roles of one process, from start to graceful stop.

use std::{io::IsTerminal, net::SocketAddr, time::Duration};

use anyhow::Context;
use collector::CollectorConfig;
use secrecy::{ExposeSecret, SecretString};
use store::{Clock, CollectorClaim, LiveLimits, Store};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    cli::{Role, ServeArgs},
    clock::wall_clock,
    clock_keeper, collecting,
    config::{Config, Server},
    descriptors,
    fault::wrong_use,
    installation::Installation,
    mail, secret, signals, visible, webhook, whatsapp,
};

/// How long a stop waits for rounds and pages under way, and longer where a message may be on its way
/// ([`jobs::Ways::stop_wait`]); after that they are cut off, and the store's transactions see to it that nothing is half
/// written.
pub(crate) const STOP_WAIT: Duration = Duration::from_secs(10);

/// A shorter readiness token is refused.
const READINESS_TOKEN_BYTES_MIN: usize = 16;

/// Serves until SIGINT or SIGTERM.
pub(crate) async fn run(installation: &Installation, args: ServeArgs) -> anyhow::Result<()> {
    start_log(&installation.config.log.level)?;
    let descriptors = descriptors::raise_limit();
    let store = installation.open().await?;
    let result = with_store(installation, &args, &store, descriptors).await;
    store.close().await;
    result
}

async fn with_store(
    installation: &Installation,
    args: &ServeArgs,
    store: &Store,
    descriptors: u64,
) -> anyhow::Result<()> {
    let clock = wall_clock();
    let does = |role| args.role.contains(&role);
    let _server_claim = store.claim_server().await?;
    let collector_claim = if does(Role::Collector) { Some(store.claim_collector().await?) } else { None };
    let listener = if does(Role::Web) {
        Some(listen(args.listen.unwrap_or(installation.config.server.listen)).await?)
    } else {
        None
    };
    let stop = CancellationToken::new();
    let mut tasks = JoinSet::new();
    let mut wait = STOP_WAIT;
    signals::cancel_on_signal(&stop, &mut tasks)?;
    if let Some(listener) = listener {
        tracing::info!("the portal is at http://{}/", listener.local_addr()?);
        let limits = connection_limits(&installation.config.server, descriptors);
        let settings = web_settings(&installation.config)?;
        spawn_web(store, &clock, listener, settings, limits, &stop, &mut tasks);
    }
    match collector_claim {
        Some(claim) => {
            spawn_collector(store, &clock, claim, collector_config(&installation.config), &stop, &mut tasks);
        }
        None => clock_keeper::spawn(store, &clock, &stop, &mut tasks),
    }
    if does(Role::Jobs) {
        let delivery = mail::delivery(&installation.config, store)?;
        if delivery.is_none() {
            tracing::warn!("{}", mail::NOT_SET_UP);
        }
        let webhooks = webhook::delivery(&installation.config, store)?;
        let whatsapp = whatsapp::delivery(&installation.config, store)?;
        let ways = jobs::Ways { mail: delivery, webhooks: Some(webhooks), whatsapp };
        wait = wait.max(ways.stop_wait());
        spawn_jobs(store, &clock, ways, &stop, &mut tasks);
    }
    until_stopped(&stop, &mut tasks, wait).await
}

/// Opens the port, or says what to do if somebody else has it.
pub(crate) async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!(
            "cannot listen on {address}: choose another address with --listen, or stop what uses this one"
        )
    })
}

/// Serves pages, and probes whether the installation is ready, until `stop`; then lets the requests under way finish.
pub(crate) fn spawn_web(
    store: &Store,
    clock: &Clock,
    listener: TcpListener,
    settings: web::Settings,
    limits: web::ConnectionLimits,
    stop: &CancellationToken,
    tasks: &mut JoinSet<anyhow::Result<()>>,
) {
    let stop = stop.clone();
    let settings = web::Settings { stop: stop.clone(), ..settings };
    let readiness = web::Readiness::new(store.clone(), clock.clone(), settings.stale_after_ms);
    let app = web::router(store.clone(), clock.clone(), settings, readiness.clone());
    let probing_stop = stop.clone();
    tasks.spawn(async move {
        readiness.run(probing_stop).await;
        Ok(())
    });
    tasks.spawn(async move {
        web::serve(listener, app, limits, stop).await;
        Ok(())
    });
}

/// The portal's share of the descriptors, or what the settings say if that is less.
fn connection_limits(server: &Server, descriptors: u64) -> web::ConnectionLimits {
    let share = descriptors::for_portal(descriptors);
    if share < server.connections {
        tracing::warn!(
            "the portal serves {share} connections at a time and not {}: half of the {descriptors} files that the system \
             lets this process open; raise LimitNOFILE in the systemd unit, or ulimit -n",
            server.connections
        );
    }
    web::ConnectionLimits {
        total: server.connections.min(share),
        per_address: server.connections_per_address,
        proxies: server.trusted_proxies.clone(),
    }
}

/// [`connection_limits`] without settings.
pub(crate) fn demo_connection_limits() -> web::ConnectionLimits {
    let total = descriptors::for_portal(descriptors::raise_limit()).min(1_024);
    web::ConnectionLimits { total, per_address: total, proxies: Vec::new() }
}

/// Polls until `stop`.
pub(crate) fn spawn_collector(
    store: &Store,
    clock: &Clock,
    claim: CollectorClaim,
    config: CollectorConfig,
    stop: &CancellationToken,
    tasks: &mut JoinSet<anyhow::Result<()>>,
) {
    let polling = Box::pin(collecting::run(store.clone(), clock.clone(), claim, config, stop.clone()));
    tasks.spawn(polling);
}

/// Rolls up, tidies, closes months and sends what has to be told until `stop`.
pub(crate) fn spawn_jobs(
    store: &Store,
    clock: &Clock,
    ways: jobs::Ways,
    stop: &CancellationToken,
    tasks: &mut JoinSet<anyhow::Result<()>>,
) {
    let work = Box::pin(jobs::run(store.clone(), clock.clone(), ways, stop.clone()));
    tasks.spawn(async move {
        work.await;
        Ok(())
    });
}

/// Waits for all tasks. The first that ends stops the others, which have `wait` to end; its error is the program's.
pub(crate) async fn until_stopped(
    stop: &CancellationToken,
    tasks: &mut JoinSet<anyhow::Result<()>>,
    wait: Duration,
) -> anyhow::Result<()> {
    let first = tasks.join_next().await;
    stop.cancel();
    let mut result = ended(first);
    let rest = async {
        while let Some(next) = tasks.join_next().await {
            let next = ended(Some(next));
            if result.is_ok() {
                result = next;
            }
        }
    };
    if tokio::time::timeout(wait, rest).await.is_err() {
        tracing::warn!("some work did not stop within {} s and is cut off", wait.as_secs());
        tasks.shutdown().await;
    }
    result
}

fn ended(task: Option<Result<anyhow::Result<()>, tokio::task::JoinError>>) -> anyhow::Result<()> {
    match task {
        None => Ok(()),
        Some(Ok(result)) => result,
        Some(Err(error)) => {
            Err(error).context("a part of the program failed; this is a bug, please report it")
        }
    }
}

/// The collector's share of the settings.
pub(crate) fn collector_config(config: &Config) -> CollectorConfig {
    let c = &config.collector;
    CollectorConfig {
        probe_interval: Duration::from_secs(c.probe_interval_s),
        sample_interval: Duration::from_secs(c.sample_interval_s),
        ping_count: c.ping_count,
        ping_interval: Duration::from_millis(c.ping_interval_ms),
        round_deadline: Duration::from_secs(c.round_deadline_s),
        connect_timeout: Duration::from_secs(c.connect_timeout_s),
        rounds_at_once: c.rounds_at_once,
        down_after_probes: c.down_after_probes,
        witness: Some(c.witness.clone()).filter(|witness| !witness.is_empty()),
        ..CollectorConfig::default()
    }
}

fn web_settings(config: &Config) -> anyhow::Result<web::Settings> {
    Ok(web::Settings {
        secure_cookies: config.secure_cookies(),
        trusted_proxies: config.server.trusted_proxies.clone(),
        session_idle: Duration::from_secs(u64::from(config.server.session_idle_hours) * 3_600),
        session_absolute: Duration::from_secs(u64::from(config.server.session_max_hours) * 3_600),
        refresh_ms: u32::try_from(config.server.refresh_s * 1_000).unwrap_or(u32::MAX),
        // Three looks in a row may fail before a page calls its figures old.
        stale_after_ms: (config.collector.probe_interval_s * 3_000) as i64,
        public_url: config.public_url(),
        // Without an address of its own the portal cannot make a link: a request's `Host` is not to be believed.
        sends_mail: config.public_url().is_some() && !config.mail.smtp_host.is_empty(),
        staff_second_factor: config.staff.require_second_factor,
        sends_whatsapp: config.whatsapp.is_set_up(),
        whatsapp_receipts: whatsapp::receipts(&config.whatsapp)?,
        readiness_token: readiness_token(config)?,
        live: web::LiveSettings {
            limits: LiveLimits { links: config.live.links, links_per_router: config.live.links_per_router },
            watch: Duration::from_secs(u64::from(config.live.minutes) * 60),
        },
        logo_trial: crate::logo_trial::process()?,
        ..web::Settings::default()
    })
}

/// What `/readyz` shows its reasons for; `None`: only this machine sees them.
///
/// # Errors
/// A file that cannot be read, or a token that could be guessed.
pub(crate) fn readiness_token(config: &Config) -> anyhow::Result<Option<SecretString>> {
    let file = &config.server.readiness_token_file;
    let token = secret::read("LEASELINE_READINESS_TOKEN", "server.readiness_token_file", file)?;
    if token.as_ref().is_some_and(|token| token.expose_secret().len() < READINESS_TOKEN_BYTES_MIN) {
        return Err(wrong_use(format!(
            "the readiness token is too short: use at least {READINESS_TOKEN_BYTES_MIN} characters, e.g. from `openssl rand -hex 32`"
        )));
    }
    Ok(token)
}

/// Sends the log to standard error, lines for people.
pub(crate) fn start_log(level: &str) -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_new(level)
        .map_err(|error| wrong_use(format!("log.level {level:?}: {error}")))?;
    let filter = web::LOG_TARGETS_OFF
        .iter()
        .filter_map(|target| format!("{target}=off").parse().ok())
        .fold(filter, tracing_subscriber::EnvFilter::add_directive);
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .fmt_fields(visible::log_fields())
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stopped, a task goes on for 15 s; whether it could end within the wait.
    async fn ends_within(wait: Duration) -> bool {
        let (stop, mut tasks) = (CancellationToken::new(), JoinSet::new());
        let (said, mut heard) = tokio::sync::oneshot::channel();
        let stopped = stop.clone();
        tasks.spawn(async move {
            stopped.cancelled().await;
            tokio::time::sleep(Duration::from_secs(15)).await;
            said.send(()).ok();
            Ok(())
        });
        tasks.spawn(async { Ok(()) });
        until_stopped(&stop, &mut tasks, wait).await.expect("no error");
        heard.try_recv().is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_on_its_way_has_its_time_and_what_hangs_is_cut_off() {
        assert!(ends_within(Duration::from_secs(20)).await);
        assert!(!ends_within(Duration::from_secs(10)).await);
    }
}
