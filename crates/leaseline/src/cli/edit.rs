//! Arguments of what changes things that are there: what is not named stays as it is.

use std::path::PathBuf;

use clap::Args;

use super::{DownChoice, FacingChoice, TlsChoice, label};

#[derive(Args, Debug)]
pub(crate) struct CompanyAddArgs {
    /// As customers know it
    #[arg(long, value_parser = label)]
    pub(crate) name: String,
    /// Zone in which months and reports are counted, e.g. Asia/Kolkata; it stays
    #[arg(long, value_name = "ZONE")]
    pub(crate) timezone: String,
    /// ISO 4217 code, e.g. INR
    #[arg(long, value_name = "CODE")]
    pub(crate) currency: String,
}

#[derive(Args, Debug)]
pub(crate) struct RouterEditArgs {
    /// The router's name
    pub(crate) router: String,
    /// A new name
    #[arg(long, value_parser = label)]
    pub(crate) name: Option<String>,
    /// Host name or IP address of its API service; the password must be given again
    #[arg(long)]
    pub(crate) address: Option<String>,
    /// Port of its API service; the password must be given again
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,
    /// RouterOS user
    #[arg(long, value_parser = label)]
    pub(crate) username: Option<String>,
    /// How the connection is secured; the password must be given again
    #[arg(long, value_name = "off|system|ca:FILE|pin")]
    pub(crate) tls: Option<TlsChoice>,
    /// File whose first line is the password; - reads it from standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Code page of names and comments on it that are not UTF-8, e.g. windows-1251 or gbk; "" for none
    #[arg(long, value_name = "NAME")]
    pub(crate) code_page: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct LinkEditArgs {
    /// Circuit id
    pub(crate) link: String,
    /// A new circuit id
    #[arg(long, value_name = "ID", value_parser = label)]
    pub(crate) circuit: Option<String>,
    /// The interface's name on the router
    #[arg(long, value_parser = label)]
    pub(crate) interface: Option<String>,
    /// Service reference of the order; "" takes it away
    #[arg(long, value_name = "TEXT", value_parser = label)]
    pub(crate) service_ref: Option<String>,
    /// Where it ends at the customer's; "" takes it away
    #[arg(long, value_parser = label)]
    pub(crate) site: Option<String>,
    /// Kind of line
    #[arg(long = "type", value_name = "ILL|P2P|MPLS|broadband")]
    pub(crate) kind: Option<String>,
    /// Committed bandwidth in Mbit/s, e.g. 100 or 2.5
    #[arg(long, value_name = "MBPS")]
    pub(crate) committed_mbps: Option<String>,
    /// Address that the router pings to measure the link; "" takes it away
    #[arg(long, value_name = "ADDR")]
    pub(crate) probe_target: Option<String>,
    /// Which way the router's port faces
    #[arg(long, value_enum)]
    pub(crate) facing: Option<FacingChoice>,
    /// From when on its time counts, e.g. "2026-11-10 14:00", not before its first day of service; "" counts from its first
    /// poll again
    #[arg(long, value_name = "TIME")]
    pub(crate) measured_from: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct LinkTermsArgs {
    /// Circuit id
    pub(crate) circuit: String,
    /// First day on which they hold, 00:00 in the company's zone
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) valid_from: String,
    /// Promised availability in percent, e.g. 99.5; without it, none is promised
    #[arg(long, value_name = "PCT")]
    pub(crate) uptime: Option<String>,
    /// Promised round trip in milliseconds
    #[arg(long, value_name = "MS")]
    pub(crate) latency_ms: Option<String>,
    /// Promised round-trip loss in percent
    #[arg(long, value_name = "PCT")]
    pub(crate) loss_pct: Option<String>,
    /// What counts as down: the interface alone, or also a probe target that gives no answer
    #[arg(long, value_enum, default_value = "interface")]
    pub(crate) down_when: DownChoice,
}
