//! What `doctor` says of the safety of an installation: what is open to strangers fails, what is a choice is named.

use store::{Router, RouterTls};

use super::router::Step;
use crate::config::{Config, MailTls};

/// One step for what is unsafe, one for what is allowed and could be safer.
pub(super) fn steps(config: &Config, routers: &[Router]) -> Vec<Step> {
    let step = |name: &str, ok, found: Vec<String>, nothing: &str| Step {
        name: name.to_owned(),
        ok,
        detail: if found.is_empty() { nothing.to_owned() } else { found.join("; ") },
    };
    let unsafe_now = unsafe_now(config);
    let is_safe = unsafe_now.is_empty();
    vec![
        step("security", is_safe, unsafe_now, "nothing unsafe found in the settings"),
        step("could be safer", true, could_be_safer(config, routers), "nothing"),
    ]
}

fn unsafe_now(config: &Config) -> Vec<String> {
    let mut found = Vec::new();
    if !config.server.listen.ip().is_loopback() && !config.secure_cookies() {
        found.push(format!(
            "the portal listens on {} and passwords and cookies go over plain HTTP: put a TLS proxy in front and set \
             server.public_url to its https:// address",
            config.server.listen
        ));
    }
    if config.server.public_url.starts_with("http://") && !is_local(&config.server.public_url) {
        found.push(format!(
            "server.public_url is {}: links in emails carry their secrets over plain HTTP; use https://",
            config.server.public_url
        ));
    }
    if config.mail.smtp_tls == MailTls::Off
        && !config.mail.username.is_empty()
        && !config.mail.smtp_host.is_empty()
    {
        found.push("mail.smtp_tls is off: the SMTP password goes over the network in plain text".to_owned());
    }
    found
}

fn could_be_safer(config: &Config, routers: &[Router]) -> Vec<String> {
    const NAMED_MAX: usize = 5;
    let mut found = Vec::new();
    let plain: Vec<&str> = routers
        .iter()
        .filter(|router| router.active && router.tls == RouterTls::Off)
        .map(|router| router.name.as_str())
        .collect();
    if !plain.is_empty() {
        let more = plain.len().saturating_sub(NAMED_MAX);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let names = plain.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(", ");
        found.push(format!(
            "the passwords of {names}{more} go to the routers in plain text: `leaseline router edit NAME --tls pin`"
        ));
    }
    if !config.staff.require_second_factor {
        found.push(
            "two-factor authentication is optional for staff: staff.require_second_factor = true".to_owned(),
        );
    }
    found
}

/// Whether an address stays on this machine.
fn is_local(url: &str) -> bool {
    let host = url.trim_start_matches("http://");
    ["127.", "localhost", "[::1]"].iter().any(|local| host.starts_with(local))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("leaseline.toml");
        std::fs::write(&path, text).expect("written");
        Config::load(Some(&path), std::iter::empty()).expect("settings")
    }

    #[test]
    fn plain_http_in_the_open_fails_and_choices_are_named() {
        let steps_of = |text: &str| steps(&config(text), &[]);
        assert!(steps_of("").iter().all(|step| step.ok));
        let open = steps_of("[server]\nlisten = \"0.0.0.0:8080\"\n");
        assert!(!open[0].ok && open[0].detail.contains("0.0.0.0:8080"), "{}", open[0].detail);
        let behind = "[server]\nlisten = \"0.0.0.0:8080\"\npublic_url = \"https://portal.example.net\"\n";
        assert!(steps_of(behind)[0].ok);
        let plain = steps_of("[server]\npublic_url = \"http://portal.example.net\"\n");
        assert!(!plain[0].ok, "links over plain HTTP");
        assert!(open[1].ok && open[1].detail.contains("staff.require_second_factor"), "{}", open[1].detail);
    }

    #[test]
    fn cookies_are_secure_where_the_public_address_is_https() {
        assert!(!config("").secure_cookies());
        assert!(config("[server]\npublic_url = \"https://portal.example.net\"\n").secure_cookies());
        assert!(config("[server]\nsecure_cookies = true\n").secure_cookies());
    }
}
