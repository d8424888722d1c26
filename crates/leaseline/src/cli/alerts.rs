//! Alerts, outages and notifications.

use clap::{Args, Subcommand};

use super::ledger::parse_yes_no;

#[derive(Debug, Subcommand)]
pub(crate) enum AlertCommand {
    /// List the alerts, newest first
    List(AlertListArgs),
    /// Show an alert with everybody who was told
    Show {
        /// Its number, as `alert list` shows it
        id: i64,
    },
    /// Take note of an alert
    Ack {
        /// Its number, as `alert list` shows it
        id: i64,
        /// What there is to say about it
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
        /// Who takes note [default: you]
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    /// Say who looks after an alert
    Assign(AlertAssignArgs),
    /// Close an alert whose condition still holds: nobody is told of it who was not, and its end is told as ever
    Close {
        /// Its number, as `alert list` shows it
        id: i64,
        /// Why nothing is left to do about it
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Who closes it [default: you]
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
}

#[derive(Args, Debug)]
pub(crate) struct AlertListArgs {
    /// Of this company alone
    #[arg(long, value_name = "NAME")]
    pub(crate) company: Option<String>,
    /// Of this kind alone
    #[arg(long, value_name = "EVENT")]
    pub(crate) event: Option<String>,
    /// About this link alone
    #[arg(long, value_name = "CIRCUIT", conflicts_with = "router")]
    pub(crate) link: Option<String>,
    /// About this router alone
    #[arg(long, value_name = "NAME")]
    pub(crate) router: Option<String>,
    /// Only what still holds
    #[arg(long)]
    pub(crate) open: bool,
    /// Only what nobody took note of
    #[arg(long)]
    pub(crate) unacknowledged: bool,
    /// The most rows
    #[arg(long, default_value_t = 200, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
    pub(crate) limit: i64,
}

#[derive(Args, Debug)]
pub(crate) struct AlertAssignArgs {
    /// Its number, as `alert list` shows it
    pub(crate) id: i64,
    /// Who looks after it
    #[arg(long, value_name = "NAME", required_unless_present = "nobody")]
    pub(crate) to: Option<String>,
    /// Nobody does
    #[arg(long, conflicts_with = "to")]
    pub(crate) nobody: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum OutageCommand {
    /// List the outages of a link, oldest first
    List(super::RangeArgs),
    /// Write the reason of an outage for its client to read, or take it back
    Reason {
        /// Its number, as `outage list` shows it
        id: i64,
        /// The reason, in words for the client
        #[arg(long, value_name = "TEXT", required_unless_present = "remove")]
        text: Option<String>,
        /// Take the reason back
        #[arg(long, conflicts_with = "text")]
        remove: bool,
        /// Who says so [default: you]
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum NotificationCommand {
    /// Show who is told what, and when
    Settings {
        /// The company's name; needed only if there are several
        #[arg(long, value_name = "NAME")]
        company: Option<String>,
        /// Of this event alone
        event: Option<String>,
    },
    /// Change what is named of an event's settings and leave the rest; `default` goes back to the program's own
    Set(Box<NotificationSetArgs>),
    /// List what was told and what was not, with the reason, newest first
    Log(NotificationLogArgs),
    /// Say what the last days would have sent, with the settings as they are or as given here
    Preview(Box<NotificationPreviewArgs>),
}

#[derive(Args, Debug)]
pub(crate) struct NotificationSetArgs {
    /// link_down, link_unstable, high_latency, high_loss, router_unreachable, poll_failed, port_missing,
    /// collector_stalled, disk_low, clock_wrong, error_budget, sla_breach or report_ready
    pub(crate) event: String,
    /// The company's name; needed only if there are several
    #[arg(long, value_name = "NAME")]
    pub(crate) company: Option<String>,
    #[command(flatten)]
    pub(crate) options: RuleArgs,
    /// Put an e-mail address or a WhatsApp number (+919812345678) on the event's own list; may be repeated
    #[arg(long, value_name = "ADDR")]
    pub(crate) add_recipient: Vec<String>,
    /// Take an address or a number off the event's own list; may be repeated
    #[arg(long, value_name = "ADDR")]
    pub(crate) remove_recipient: Vec<String>,
}

#[derive(Args, Debug, Default)]
pub(crate) struct RuleArgs {
    /// Whether it is told at all
    #[arg(long, value_name = "yes|no", value_parser = parse_yes_no)]
    pub(crate) enabled: Option<bool>,
    /// high_latency: milliseconds, high_loss: percent [default: what the link's terms promise]; error_budget: percent of the
    /// allowed down time; link_unstable: outages within the window
    #[arg(long, value_name = "N|default")]
    pub(crate) threshold: Option<String>,
    /// How long it must hold before it is told, e.g. 90s, 15m, 2h
    #[arg(long, value_name = "TIME|default")]
    pub(crate) sustained: Option<String>,
    /// How long it must be over before that is told
    #[arg(long, value_name = "TIME|default")]
    pub(crate) clear_after: Option<String>,
    /// In what time the outages of an unstable link are counted
    #[arg(long, value_name = "TIME|default")]
    pub(crate) window: Option<String>,
    /// How long the same thing is not told of again
    #[arg(long, value_name = "TIME|default")]
    pub(crate) cooldown: Option<String>,
    /// When nothing is sent, by the company's clock; what is still true afterwards is sent then
    #[arg(long, value_name = "HH:MM-HH:MM|none")]
    pub(crate) quiet: Option<String>,
    /// Whether the operations list hears of it
    #[arg(long, value_name = "yes|no", value_parser = parse_yes_no)]
    pub(crate) operations: Option<bool>,
    /// Whether the people of the client concerned hear of it
    #[arg(long, value_name = "yes|no", value_parser = parse_yes_no)]
    pub(crate) clients: Option<bool>,
    /// Whether it is told by e-mail
    #[arg(long, value_name = "yes|no", value_parser = parse_yes_no)]
    pub(crate) mail: Option<bool>,
    /// Whether it is told by WhatsApp, to the numbers among those who hear of it
    #[arg(long, value_name = "yes|no", value_parser = parse_yes_no)]
    pub(crate) whatsapp: Option<bool>,
}

#[derive(Args, Debug)]
pub(crate) struct NotificationLogArgs {
    /// Of this company alone
    #[arg(long, value_name = "NAME")]
    pub(crate) company: Option<String>,
    /// Of this event alone
    #[arg(long, value_name = "EVENT")]
    pub(crate) event: Option<String>,
    /// Of this alert alone
    #[arg(long, value_name = "ID")]
    pub(crate) alert: Option<i64>,
    /// From this moment: 2026-11-01, 2026-11-01T08:30, an RFC 3339 time or Unix milliseconds
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// Up to but without this moment
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
    /// yes: only mail that was sent; no: only mail that was given up
    #[arg(long, value_name = "yes|no", value_parser = parse_yes_no)]
    pub(crate) success: Option<bool>,
    /// The most rows
    #[arg(long, default_value_t = 200, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
    pub(crate) limit: i64,
}

#[derive(Args, Debug)]
pub(crate) struct NotificationPreviewArgs {
    /// The company's name; needed only if there are several
    #[arg(long, value_name = "NAME")]
    pub(crate) company: Option<String>,
    /// How many days to look back over
    #[arg(long, default_value_t = 30, value_name = "N", value_parser = clap::value_parser!(i64).range(1..=alert::PREVIEW_DAYS_MAX))]
    pub(crate) days: i64,
    /// Try the settings given here for this event, without keeping them
    #[arg(long, value_name = "EVENT")]
    pub(crate) event: Option<String>,
    #[command(flatten)]
    pub(crate) options: RuleArgs,
}
