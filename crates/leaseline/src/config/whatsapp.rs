use jobs::{Template, TemplateError, Templates};
use serde::Deserialize;
use store::NotificationEvent;

use crate::fault::wrong_use;

/// The section `[whatsapp]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WhatsApp {
    pub(crate) phone_number_id: String,
    pub(crate) token_file: String,
    pub(crate) graph_url: String,
    pub(crate) ca_file: String,
    pub(crate) timeout_s: u64,
    pub(crate) app_secret_file: String,
    pub(crate) verify_token_file: String,
    pub(crate) language: String,
    template_link_down: String,
    template_link_unstable: String,
    template_high_latency: String,
    template_high_loss: String,
    template_router_unreachable: String,
    template_poll_failed: String,
    template_port_missing: String,
    template_collector_stalled: String,
    template_disk_low: String,
    template_clock_wrong: String,
    template_error_budget: String,
    template_sla_breach: String,
    template_report_ready: String,
}

impl WhatsApp {
    /// Whether messages can go out.
    pub(crate) fn is_set_up(&self) -> bool {
        !self.phone_number_id.is_empty()
    }

    /// Which template tells which event.
    ///
    /// # Errors
    /// A name that no template can have.
    pub(crate) fn templates(&self) -> anyhow::Result<Templates> {
        let mut templates = Templates::default();
        for event in NotificationEvent::ALL {
            let name = self.template(event);
            if name.is_empty() {
                continue;
            }
            let template = Template::parse(name, &self.language);
            let told = |error: TemplateError| wrong_use(format!("whatsapp.template_{event}: {error}"));
            templates = templates.with(event, template.map_err(told)?);
        }
        Ok(templates)
    }

    fn template(&self, event: NotificationEvent) -> &str {
        match event {
            NotificationEvent::LinkDown => &self.template_link_down,
            NotificationEvent::LinkUnstable => &self.template_link_unstable,
            NotificationEvent::HighLatency => &self.template_high_latency,
            NotificationEvent::HighLoss => &self.template_high_loss,
            NotificationEvent::RouterUnreachable => &self.template_router_unreachable,
            NotificationEvent::PollFailed => &self.template_poll_failed,
            NotificationEvent::PortMissing => &self.template_port_missing,
            NotificationEvent::CollectorStalled => &self.template_collector_stalled,
            NotificationEvent::DiskLow => &self.template_disk_low,
            NotificationEvent::ClockWrong => &self.template_clock_wrong,
            NotificationEvent::ErrorBudget => &self.template_error_budget,
            NotificationEvent::SlaBreach => &self.template_sla_breach,
            NotificationEvent::ReportReady => &self.template_report_ready,
        }
    }

    pub(super) fn check(&self) -> anyhow::Result<()> {
        let id = &self.phone_number_id;
        if !id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong_use(format!(
                "whatsapp.phone_number_id {id:?}: write the id of the number, digits alone, which the page \"API setup\" \
                 of your app at Meta shows under the number"
            )));
        }
        if !is_api(&self.graph_url) {
            return Err(wrong_use(format!(
                "whatsapp.graph_url {:?}: write it as https://graph.facebook.com/v24.0, with https, for a token goes there",
                self.graph_url
            )));
        }
        self.templates().map(|_| ())
    }
}

/// With encryption, unless it is on this machine.
fn is_api(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| {
        let rest = text.strip_prefix("http://")?;
        let here = ["127.0.0.1", "localhost", "[::1]"].iter().any(|host| {
            rest.strip_prefix(host).is_some_and(|after| after.is_empty() || after.starts_with([':', '/']))
        });
        here.then_some(rest)
    });
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        && !text.ends_with('/')
        && !text.contains(|c: char| c.is_whitespace() || c.is_control() || "?#\"<>'@".contains(c))
}

#[cfg(test)]
mod tests {
    use super::is_api;

    #[test]
    fn a_token_goes_out_encrypted_or_not_at_all() {
        for good in [
            "https://graph.facebook.com/v24.0",
            "http://127.0.0.1:8123",
            "http://localhost:8123/v1",
            "http://[::1]:1",
        ] {
            assert!(is_api(good), "{good}");
        }
        for bad in [
            "http://graph.facebook.com/v24.0",
            "http://localhost.example/v1",
            "http://127.0.0.1.example",
            "https:///v1",
            "https://graph.facebook.com/",
            "https://u@graph.facebook.com/v1",
            "graph.facebook.com",
            "",
        ] {
            assert!(!is_api(bad), "{bad}");
        }
    }
}
