//! Settings: the embedded default file, then the operator's file, then the environment.

mod mail;
mod whatsapp;

use std::{net::IpAddr, net::SocketAddr, path::Path};

use anyhow::Context;
use serde::Deserialize;
use toml::{Table, Value};

use crate::{fault::wrong_use, output::Printer};

pub(crate) use mail::{Mail, MailTls};
pub(crate) use whatsapp::WhatsApp;

/// The reference: every key with its default and what it means.
pub(crate) const DEFAULT_FILE: &str = include_str!("config.default.toml");

/// Variables that are not settings: where things are, secrets, and what packagers and tests use.
const OTHER_VARIABLES: &[&str] = &[
    "LEASELINE_DATA",
    "LEASELINE_DATABASE_URL",
    "LEASELINE_CONFIG",
    "LEASELINE_KEY",
    "LEASELINE_KEY_FILE",
    "LEASELINE_READINESS_TOKEN",
    "LEASELINE_WHATSAPP_TOKEN",
    "LEASELINE_WHATSAPP_APP_SECRET",
    "LEASELINE_WHATSAPP_VERIFY_TOKEN",
    "LEASELINE_WEB_ASSETS",
    "LEASELINE_TEST_POSTGRES",
];

/// The default file as it is, or its keys and values for programs.
pub(crate) fn print_default(printer: &Printer) -> anyhow::Result<()> {
    let settings: Table = toml::from_str(DEFAULT_FILE).context("the embedded default settings")?;
    if printer.is_json() { printer.said("", &settings) } else { printer.text(DEFAULT_FILE) }
}

/// Says that the settings are right, and what they switch off.
pub(crate) fn check(config: &Config, printer: &Printer) -> anyhow::Result<()> {
    let (mail, whatsapp) = (!config.mail.smtp_host.is_empty(), crate::whatsapp::check(&config.whatsapp)?);
    crate::serving::readiness_token(config)?;
    let mut words = "The settings are right.".to_owned();
    for (is_on, what) in [(mail, crate::mail::NOT_SET_UP), (whatsapp, crate::whatsapp::NOT_SET_UP)] {
        if !is_on {
            words += &format!("\nMind that {what}.");
        }
    }
    printer.said(&words, &serde_json::json!({ "ok": true, "mail": mail, "whatsapp": whatsapp }))
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) server: Server,
    pub(crate) staff: Staff,
    pub(crate) database: Database,
    pub(crate) collector: Collector,
    pub(crate) live: Live,
    pub(crate) mail: Mail,
    pub(crate) report: Report,
    pub(crate) webhook: Webhook,
    pub(crate) whatsapp: WhatsApp,
    pub(crate) log: Log,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Server {
    pub(crate) listen: SocketAddr,
    pub(crate) secure_cookies: bool,
    pub(crate) trusted_proxies: Vec<IpAddr>,
    pub(crate) connections: usize,
    pub(crate) connections_per_address: usize,
    pub(crate) refresh_s: u64,
    pub(crate) session_idle_hours: u32,
    pub(crate) session_max_hours: u32,
    pub(crate) public_url: String,
    pub(crate) readiness_token_file: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Staff {
    pub(crate) require_second_factor: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Database {
    pub(crate) url: String,
    pub(crate) key_file: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Live {
    pub(crate) links: u32,
    pub(crate) links_per_router: u32,
    pub(crate) minutes: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Collector {
    pub(crate) probe_interval_s: u64,
    pub(crate) sample_interval_s: u64,
    pub(crate) ping_count: u32,
    pub(crate) ping_interval_ms: u64,
    pub(crate) round_deadline_s: u64,
    pub(crate) connect_timeout_s: u64,
    pub(crate) rounds_at_once: usize,
    pub(crate) down_after_probes: u32,
    pub(crate) witness: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Report {
    pub(crate) font_folders: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Webhook {
    pub(crate) timeout_s: u64,
    pub(crate) allow_private: bool,
    pub(crate) ca_file: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) level: String,
}

impl Config {
    /// Reads `file`, if there is one, and the given environment over the defaults.
    pub(crate) fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> anyhow::Result<Self> {
        let mut settings: Table = toml::from_str(DEFAULT_FILE).context("the embedded default settings")?;
        if let Some(path) = file {
            let text = std::fs::read_to_string(path).map_err(|error| {
                wrong_use(format!("cannot read the settings in {}: {error}", path.display()))
            })?;
            let given = toml::from_str(&text)
                .map_err(|error: toml::de::Error| wrong_use(not_toml(path, &text, &error)))?;
            merge(&mut settings, given, &path.display().to_string())?;
        }
        for (name, text) in environment.filter(|(name, _)| is_setting(name)) {
            let slot = slot(&mut settings, &name).ok_or_else(|| {
                wrong_use(format!(
                    "the environment variable {name} names no setting; `leaseline config default` lists them"
                ))
            })?;
            *slot = typed_like(slot, &text)
                .ok_or_else(|| wrong_use(format!("{name}={text:?} cannot be read as {}", slot.type_str())))?;
        }
        let config: Self = Value::Table(settings).try_into().map_err(|error: toml::de::Error| {
            wrong_use(format!("settings: {}", error.to_string().trim().replace('\n', " ")))
        })?;
        config.check()?;
        Ok(config)
    }

    /// Where customers reach the portal, if it is set.
    pub(crate) fn public_url(&self) -> Option<String> {
        Some(self.server.public_url.clone()).filter(|url| !url.is_empty())
    }

    /// Whether cookies go over HTTPS only: where customers reach the portal by https://, or where it is demanded.
    pub(crate) fn secure_cookies(&self) -> bool {
        self.server.secure_cookies || self.server.public_url.starts_with("https://")
    }

    fn check(&self) -> anyhow::Result<()> {
        let c = &self.collector;
        let in_range = [
            ("server.refresh_s", self.server.refresh_s, 1, 3_600),
            ("server.connections", self.server.connections as u64, 1, 100_000),
            ("server.connections_per_address", self.server.connections_per_address as u64, 1, 100_000),
            ("server.session_idle_hours", self.server.session_idle_hours.into(), 1, 24 * 366),
            ("server.session_max_hours", self.server.session_max_hours.into(), 1, 24 * 366),
            ("collector.probe_interval_s", c.probe_interval_s, 1, 3_600),
            ("collector.sample_interval_s", c.sample_interval_s, 1, 86_400),
            ("collector.ping_count", c.ping_count.into(), 1, 100),
            ("collector.ping_interval_ms", c.ping_interval_ms, 10, 5_000),
            ("collector.round_deadline_s", c.round_deadline_s, 1, 600),
            ("collector.connect_timeout_s", c.connect_timeout_s, 1, 120),
            ("collector.rounds_at_once", c.rounds_at_once as u64, 1, 10_000),
            ("collector.down_after_probes", c.down_after_probes.into(), 1, 100),
            ("live.links", self.live.links.into(), 0, 500),
            ("live.links_per_router", self.live.links_per_router.into(), 1, 100),
            ("live.minutes", self.live.minutes.into(), 1, 60),
            ("mail.smtp_port", self.mail.smtp_port.into(), 1, 65_535),
            ("mail.connections", self.mail.connections, 1, 20),
            ("mail.timeout_s", self.mail.timeout_s, 1, 300),
            ("webhook.timeout_s", self.webhook.timeout_s, 1, 60),
            ("whatsapp.timeout_s", self.whatsapp.timeout_s, 2, 60),
        ];
        for (name, value, least, most) in in_range {
            if !(least..=most).contains(&value) {
                return Err(wrong_use(format!("{name} = {value} is out of range: {least} to {most}")));
            }
        }
        if tracing_subscriber::EnvFilter::try_new(&self.log.level).is_err() {
            let level = &self.log.level;
            return Err(wrong_use(format!(
                "log.level {level:?} is none: write error, warn, info, debug or trace"
            )));
        }
        if !c.witness.is_empty()
            && let Err(why) = import::field::host_and_port(&c.witness)
        {
            return Err(wrong_use(format!("collector.witness {:?}: {why}", c.witness)));
        }
        if c.sample_interval_s < c.probe_interval_s {
            return Err(wrong_use(
                "collector.sample_interval_s must not be shorter than collector.probe_interval_s",
            ));
        }
        let url = &self.server.public_url;
        if !url.is_empty() && !is_portal_url(url) {
            return Err(wrong_use(format!(
                "server.public_url {url:?}: write it as https://portal.example.net, without a path's end"
            )));
        }
        self.whatsapp.check()?;
        self.mail.check()
    }
}

/// The beginning of an address, to which a path can be put.
fn is_portal_url(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
    !host.is_empty()
        && !text.ends_with('/')
        && !text.contains(|c: char| c.is_whitespace() || c.is_control() || "?#\"<>'@".contains(c))
}

/// Where and what, without the line itself: it may hold a password.
fn not_toml(path: &Path, text: &str, error: &toml::de::Error) -> String {
    let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
    format!("{} is not valid TOML: line {line}: {}", path.display(), error.message())
}

fn is_setting(name: &str) -> bool {
    name.starts_with("LEASELINE_") && !OTHER_VARIABLES.contains(&name)
}

/// Lays `given` over `settings`; every key must already be there, for the default file names them all.
fn merge(settings: &mut Table, given: Table, place: &str) -> anyhow::Result<()> {
    for (key, value) in given {
        let unknown = || {
            wrong_use(format!(
                "{place}: unknown key {key:?}; `leaseline config default` prints all keys with their meaning"
            ))
        };
        match (settings.get_mut(&key).ok_or_else(unknown)?, value) {
            (Value::Table(inner), Value::Table(given)) => merge(inner, given, &format!("{place}, [{key}]"))?,
            (slot, value) => *slot = value,
        }
    }
    Ok(())
}

/// The setting that `LEASELINE_SECTION_KEY` names.
fn slot<'a>(settings: &'a mut Table, variable: &str) -> Option<&'a mut Value> {
    let name = variable.strip_prefix("LEASELINE_")?.to_ascii_lowercase();
    settings.iter_mut().find_map(|(section, inner)| {
        let key = name.strip_prefix(section.as_str())?.strip_prefix('_')?;
        inner.as_table_mut()?.get_mut(key)
    })
}

/// `text` as a value of the same type as the default.
fn typed_like(default: &Value, text: &str) -> Option<Value> {
    Some(match default {
        Value::String(_) => Value::String(text.to_owned()),
        Value::Integer(_) => Value::Integer(text.trim().parse().ok()?),
        Value::Boolean(_) => Value::Boolean(text.trim().parse().ok()?),
        Value::Array(_) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Value::Array(items.map(|item| Value::String(item.to_owned())).collect())
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(file: &str, environment: &[(&str, &str)]) -> anyhow::Result<Config> {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("leaseline.toml");
        std::fs::write(&path, file).expect("written");
        let pairs = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::load(Some(&path), pairs)
    }

    #[test]
    fn the_default_file_alone_is_a_whole_configuration() {
        let config = Config::load(None, std::iter::empty()).expect("valid defaults");
        assert_eq!(config.collector.probe_interval_s, 30);
        assert_eq!(config.collector.sample_interval_s, 300);
    }

    #[test]
    fn the_environment_wins_over_the_file_and_the_file_over_the_default() {
        let file = "[server]\nlisten = \"127.0.0.1:81\"\n[collector]\nping_count = 3\n";
        let environment = [
            ("LEASELINE_SERVER_LISTEN", "127.0.0.1:82"),
            ("LEASELINE_SERVER_TRUSTED_PROXIES", "127.0.0.1, ::1"),
        ];
        let config = load(file, &environment).expect("valid");
        assert_eq!(config.server.listen.port(), 82);
        assert_eq!(config.server.trusted_proxies.len(), 2);
        assert_eq!(config.collector.ping_count, 3);
    }

    #[test]
    fn unknown_keys_and_values_out_of_range_are_refused_by_name() {
        let cases = [
            ("[server]\nlisten_on = \"x\"\n", None, "listen_on"),
            ("[sever]\n", None, "sever"),
            ("", Some(("LEASELINE_COLECTOR_PING_COUNT", "5")), "LEASELINE_COLECTOR_PING_COUNT"),
            ("", Some(("LEASELINE_COLLECTOR_PING_COUNT", "many")), "integer"),
            ("[collector]\nping_count = 0\n", None, "ping_count"),
            ("[server]\npublic_url = \"portal.example.net\"\n", None, "public_url"),
            ("[server]\npublic_url = \"https://portal.example.net/\"\n", None, "public_url"),
            ("[whatsapp]\ngraph_url = \"http://graph.example\"\n", None, "whatsapp.graph_url"),
            ("[whatsapp]\nphone_number_id = \"+9198\"\n", None, "whatsapp.phone_number_id"),
            ("[whatsapp]\ntemplate_link_down = \"Link down\"\n", None, "whatsapp.template_link_down"),
            ("[mail]\nsmtp_tls = \"ssl\"\n", None, "ssl"),
            ("[mail]\nsmtp_host = \"mail.example\"\n", None, "mail.from"),
            (
                "[mail]\nsmtp_host = \"mail.example\"\nfrom = \"a@b.example\"\nusername = \"u\"\n",
                None,
                "password_file",
            ),
        ];
        for (file, environment, expected) in cases {
            let error = load(file, environment.as_slice()).expect_err(expected);
            assert!(error.to_string().contains(expected), "{error} should name {expected}");
            assert_eq!(crate::fault::exit_code(&error), 2);
        }
    }
}
