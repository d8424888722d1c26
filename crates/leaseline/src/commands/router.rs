use std::time::Duration;

use anyhow::{Context, bail};
use routeros::{CodePage, Credentials, Limits, Target, Tls};
use serde_json::{Value, json};
use store::{Named, NewRouter, Router, RouterTls, Store};

use super::{act, operator, password_file, refused, router_edit};
use crate::{
    cli::{RouterAddArgs, RouterCommand, TlsChoice},
    clock::now_ms,
    config::Config,
    fault::{one_line, wrong_use},
    output::Printer,
};

const PLAIN_PORT: u16 = 8728;
const TLS_PORT: u16 = 8729;

pub(super) async fn run(
    store: &Store,
    config: &Config,
    command: RouterCommand,
    printer: &Printer,
) -> anyhow::Result<()> {
    match command {
        RouterCommand::Add(args) => add(store, args, printer).await,
        RouterCommand::Password { name, password_file } => {
            let router = named(store, &name).await?;
            let by = operator();
            let password = password_file::read(&password_file)?;
            store.staff_set_router_password(&act(&by), router.id, &password).await?;
            printer.said(
                &format!("Stored the new password of {name}."),
                &json!({ "id": router.id, "name": name }),
            )
        }
        RouterCommand::Edit(args) => router_edit::edit(store, *args, printer).await,
        RouterCommand::Retire { name } => router_edit::poll(store, &name, false, printer).await,
        RouterCommand::Poll { name } => router_edit::poll(store, &name, true, printer).await,
        RouterCommand::List => list(store, printer).await,
        RouterCommand::Test { name } => test(store, config, &name, printer).await,
    }
}

async fn add(store: &Store, args: RouterAddArgs, printer: &Printer) -> anyhow::Result<()> {
    super::check_name("router name", &args.name)?;
    let address = host("--address", &args.address)?;
    super::check_name("user name", &args.username)?;
    let code_page = args.code_page.as_deref().map(code_page).transpose()?;
    let company = super::company(store, args.company.as_deref()).await?;
    let password = password_file::read(&args.password_file)?;
    store.check_name_free(Named::Router, &args.name).await.map_err(refused)?;
    let port = args.port.unwrap_or(if args.tls == TlsChoice::Off { PLAIN_PORT } else { TLS_PORT });
    let (tls, remark) = tls(&args.tls, &address, port).await?;
    let fingerprint = match &tls {
        RouterTls::Pinned(bytes) => Some(fingerprint_words(bytes)),
        _ => None,
    };
    let router = NewRouter {
        company_id: company.id,
        name: &args.name,
        address: &address,
        port,
        username: &args.username,
        password: &password,
        tls,
    };
    let by = operator();
    let id = store.staff_add_router(&act(&by), &router).await.map_err(refused)?;
    store.staff_set_router_code_page(&act(&by), id, code_page).await.map_err(refused)?;
    let pinned = fingerprint.as_ref().map_or(String::new(), |words| format!("\nPinned SHA-256 {words}"));
    printer.said(
        &format!("Added router {} at {address}:{port}.{pinned}\n{remark}", args.name),
        &json!({ "id": id, "name": args.name, "fingerprint_sha256": fingerprint }),
    )
}

/// The address of a router, by the rule that files and forms have too.
pub(super) fn host(option: &str, text: &str) -> anyhow::Result<String> {
    import::field::host(text).map_err(|why| super::link::typed(option, text, &why))
}

/// A code page by its name; an unknown one is told which there are.
pub(super) fn code_page(name: &str) -> anyhow::Result<&'static str> {
    import::field::code_page(name).map_err(|why| super::link::typed("--code-page", name, &why))
}

/// How the connection is to be secured, and what to know about it.
pub(super) async fn tls(
    choice: &TlsChoice,
    address: &str,
    port: u16,
) -> anyhow::Result<(RouterTls, &'static str)> {
    Ok(match choice {
        TlsChoice::Off => (
            RouterTls::Off,
            "Its password travels in plain text: prefer --tls pin where the network is not yours alone.",
        ),
        TlsChoice::System => {
            (RouterTls::System, "Its certificate is checked against the machine's authorities.")
        }
        TlsChoice::Ca(file) => {
            let pem = std::fs::read_to_string(file).map_err(|error| {
                wrong_use(format!("cannot read the certificate authority in {}: {error}", file.display()))
            })?;
            if !pem.contains("-----BEGIN CERTIFICATE-----") {
                return Err(wrong_use(format!("{} holds no certificate in PEM form", file.display())));
            }
            (RouterTls::CaPem(pem), "Its certificate is checked against the given authority.")
        }
        TlsChoice::Pin => {
            let target = Target { address: address.to_owned(), port, tls: Tls::Off };
            let fingerprint = routeros::fetch_fingerprint(&target).await.with_context(|| {
                format!("cannot read the certificate of {}:{port}, so nothing is changed", address)
            })?;
            (
                RouterTls::Pinned(fingerprint),
                "Compare the fingerprint with the router's: /certificate print detail.",
            )
        }
    })
}

async fn list(store: &Store, printer: &Printer) -> anyhow::Result<()> {
    let statuses = store.router_statuses().await?;
    let rows: Vec<Value> = store
        .routers()
        .await?
        .iter()
        .map(|router| {
            let status = statuses.iter().find(|status| status.router == router.id);
            json!({
                "id": router.id, "name": router.name, "address": router.address, "port": router.port,
                "username": router.username, "tls": tls_words(&router.tls), "code_page": router.code_page,
                "reachable": status.map(|status| status.reachable), "last_ok_at_ms": status.and_then(|status| status.last_ok_at_ms),
                "cause": status.and_then(|status| status.cause.clone()),
                "last_error": status.and_then(|status| status.last_error.clone()),
                "version": status.and_then(|status| status.version.clone()),
                "skipped_rounds": status.map_or(0, |status| status.skipped_rounds),
            })
        })
        .collect();
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or("–").to_owned();
    printer.list(&rows, ["name", "address", "tls", "state", "RouterOS", "last error"], |row| {
        let address = format!("{}:{}", text(row, "address"), row["port"]);
        let state = match row["reachable"].as_bool() {
            Some(true) => "answers".to_owned(),
            Some(false) => report::poll_failure_words(row["cause"].as_str()).to_lowercase(),
            None => "not polled yet".to_owned(),
        };
        [text(row, "name"), address, text(row, "tls"), state, text(row, "version"), text(row, "last_error")]
    })
}

async fn test(store: &Store, config: &Config, name: &str, printer: &Printer) -> anyhow::Result<()> {
    let router = named(store, name).await?;
    let report = findings(store, config, &router).await?;
    let failures = report.steps.iter().filter(|step| !step.ok).count();
    // A single failure is told by the command's own, as everywhere; several are told here and counted there.
    let told = report.steps.iter().filter(|step| step.ok || failures > 1);
    let words = told.map(Step::words).collect::<Vec<_>>().join("\n");
    let value = json!({
        "router": router.name, "ok": report.failed.is_none(), "version": report.version, "identity": report.identity,
        "clock_offset_ms": report.clock_offset_ms,
        "steps": report.steps.iter().map(Step::as_json).collect::<Vec<_>>(),
    });
    if printer.is_json() || !words.is_empty() {
        printer.said(&words, &value)?;
    }
    match report.failed {
        Some(_) if failures > 1 => {
            bail!("router {}: {failures} of {} checks failed, see above", router.name, report.steps.len())
        }
        Some(trouble) => bail!("router {}: {trouble}", router.name),
        None => Ok(()),
    }
}

async fn named(store: &Store, name: &str) -> anyhow::Result<Router> {
    let found = store.router_by_name(name).await?;
    found.ok_or_else(|| {
        wrong_use(format!("there is no router named {name:?}; `leaseline router list` shows them"))
    })
}

/// A router's own address to itself.
const ITSELF: &str = "127.0.0.1";

/// One thing that was tried.
pub(super) struct Step {
    pub(super) name: String,
    pub(super) ok: bool,
    pub(super) detail: String,
}

impl Step {
    pub(super) fn words(&self) -> String {
        format!("{} {}: {}", if self.ok { "ok  " } else { "FAIL" }, self.name, self.detail)
    }

    fn as_json(&self) -> Value {
        json!({ "name": self.name, "ok": self.ok, "detail": self.detail })
    }
}

/// What a connection test found.
pub(super) struct Findings {
    pub(super) steps: Vec<Step>,
    pub(super) failed: Option<String>,
    version: Option<String>,
    identity: Option<String>,
    clock_offset_ms: Option<i64>,
}

/// Connects to a stored router and tries everything that polling will need.
pub(super) async fn findings(store: &Store, config: &Config, router: &Router) -> anyhow::Result<Findings> {
    let password = store.router_password(router.id).await?;
    let credentials = Credentials { username: router.username.clone(), password };
    let probe_target = store
        .links()
        .await?
        .into_iter()
        .filter(|link| link.router_id == router.id)
        .find_map(|link| link.probe_target)
        // Before there is a link with a target, the router itself: whether the user may ping shows all the same.
        .unwrap_or_else(|| ITSELF.to_owned());
    let now =
        jiff::Timestamp::from_millisecond(now_ms()).context("the clock of this machine is out of range")?;
    let report = routeros::test_connection(
        &target_of(router),
        &credentials,
        &limits(config, router),
        now,
        Some(&probe_target),
    )
    .await;
    let steps: Vec<Step> = report
        .steps
        .iter()
        .map(|step| Step {
            name: step.check.to_string(),
            ok: step.result.is_ok(),
            detail: step.result.as_ref().map_or_else(chain_words, String::clone),
        })
        .collect();
    let failed = steps.iter().find(|step| !step.ok).map(|step| format!("{}: {}", step.name, step.detail));
    Ok(Findings {
        steps,
        failed,
        version: report.version.clone(),
        identity: report.identity.as_ref().map(ToString::to_string),
        clock_offset_ms: report.clock_offset.and_then(|offset| i64::try_from(offset.as_millis()).ok()),
    })
}

/// A failure of the router library with its causes.
fn chain_words(error: &routeros::Error) -> String {
    one_line(&anyhow::Error::new(error.clone()))
}

pub(super) fn target_of(router: &Router) -> Target {
    let tls = match &router.tls {
        RouterTls::Off => Tls::Off,
        RouterTls::System => Tls::System,
        RouterTls::CaPem(pem) => Tls::CaPem(pem.clone().into_bytes()),
        RouterTls::Pinned(fingerprint) => Tls::Pinned(*fingerprint),
    };
    Target { address: router.address.clone(), port: router.port, tls }
}

pub(super) fn limits(config: &Config, router: &Router) -> Limits {
    let code_page = router.code_page.as_deref().and_then(CodePage::named);
    Limits {
        connect: Duration::from_secs(config.collector.connect_timeout_s),
        code_page,
        ..Limits::default()
    }
}

fn tls_words(tls: &RouterTls) -> String {
    match tls {
        RouterTls::Off => "off (plain text)".to_owned(),
        RouterTls::System => "system".to_owned(),
        RouterTls::CaPem(_) => "ca".to_owned(),
        RouterTls::Pinned(fingerprint) => format!("pin {}…", &fingerprint_words(fingerprint)[..11]),
    }
}

/// SHA-256 as `AB:CD:…`.
pub(super) fn fingerprint_words(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}
