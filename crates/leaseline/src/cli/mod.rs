//! The command line: names, help and types. What a command does stands in `commands`.

mod alerts;
mod edit;
mod exchange;
mod ledger;
mod staff;
mod timeline;
mod webhook;
mod whatsapp;

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use alerts::{
    AlertAssignArgs, AlertCommand, AlertListArgs, NotificationCommand, NotificationLogArgs,
    NotificationPreviewArgs, NotificationSetArgs, OutageCommand, RuleArgs,
};
pub(crate) use edit::{CompanyAddArgs, LinkEditArgs, LinkTermsArgs, RouterEditArgs};
pub(crate) use exchange::{ExportArgs, ImportArgs, ImportCommand, Things};
pub(crate) use ledger::{
    CalculateArgs, CompanyCommand, CompanyEditArgs, ExclusionAddArgs, ExclusionCommand, ExclusionListArgs,
    ExclusionTarget, MailCommand, MailState, OutboxCommand, OutboxRetryArgs, ReportCommand, ReportFileArgs,
    ReportListArgs, SlaCommand,
};
pub(crate) use staff::{StaffAddArgs, StaffCommand, StaffEditArgs, StaffRoleChoice};
pub(crate) use timeline::{TimelineCommand, TimelineRepairArgs};
pub(crate) use webhook::{WebhookAddArgs, WebhookCommand};
pub(crate) use whatsapp::{WhatsAppCommand, WhatsAppTestArgs};

/// A name or label that is entered, without characters that turn its direction; text that was copied from elsewhere has them.
fn label(text: &str) -> Result<String, std::convert::Infallible> {
    Ok(store::without_direction_marks(text).into_owned())
}

/// Customer portal and SLA ledger of an ISP that sells leased lines over MikroTik routers.
///
/// Start with `leaseline demo` to see it at work, or `leaseline init` for your own.
#[derive(Debug, Parser)]
#[command(name = "leaseline", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Where the data are, and how to print.
#[derive(Args, Clone, Debug)]
pub(crate) struct Place {
    /// Folder with the database, the settings and the key
    #[arg(long, global = true, env = "LEASELINE_DATA", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Database to use instead of SQLite in the data folder: postgres://user:password@host/name
    #[arg(long, global = true, env = "LEASELINE_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub(crate) database_url: Option<String>,
    /// Settings file [default: leaseline.toml in the data folder, if there is one]
    #[arg(long, global = true, env = "LEASELINE_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// File with the key that seals router passwords [default: secret.key in the data folder]; the key itself can
    /// stand in LEASELINE_KEY instead
    #[arg(long, global = true, env = "LEASELINE_KEY_FILE", value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// Print JSON instead of a table
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the whole product with simulated routers and thirteen months of history
    Demo(DemoArgs),
    /// Create the database, the key and the settings file of a new installation
    Init(InitArgs),
    /// Run the portal, the collector and the timed jobs
    Serve(ServeArgs),
    /// Say what works here and what does not: database, key, settings, routers
    Doctor,
    /// The settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// The ISP's brand, contacts and notifications
    #[command(subcommand)]
    Company(CompanyCommand),
    /// Customer accounts
    #[command(subcommand)]
    Client(ClientCommand),
    /// People who log in to the portal
    #[command(subcommand)]
    User(UserCommand),
    /// The ISP's own people, who log in to the staff pages
    #[command(subcommand)]
    Staff(StaffCommand),
    /// MikroTik routers that are polled
    #[command(subcommand)]
    Router(RouterCommand),
    /// Customers' circuits: a router interface, a commitment, an SLA
    #[command(subcommand)]
    Link(LinkCommand),
    /// Poll the routers without serving pages
    Collect(CollectArgs),
    /// Readings of a link
    #[command(subcommand)]
    Sample(SampleCommand),
    /// The time line of a link: up, down, unknown, and how we know
    #[command(subcommand)]
    Span(SpanCommand),
    /// The stored timelines of all links
    #[command(subcommand)]
    Timeline(TimelineCommand),
    /// Months judged against the contract
    #[command(subcommand)]
    Sla(SlaCommand),
    /// Time that contracts leave out: maintenance, force majeure, customer's cause, suspension
    #[command(subcommand)]
    Exclusion(ExclusionCommand),
    /// Frozen monthly statements
    #[command(subcommand)]
    Report(ReportCommand),
    /// What is wrong or was, and who looks after it
    #[command(subcommand)]
    Alert(AlertCommand),
    /// When links were down, and why, in words for their clients
    #[command(subcommand)]
    Outage(OutageCommand),
    /// Who is told what and when, and what was told
    #[command(subcommand)]
    Notification(NotificationCommand),
    /// Many clients, routers or links at once, from a CSV file
    #[command(subcommand)]
    Import(ImportCommand),
    /// Clients, routers or links as a CSV file
    Export(ExportArgs),
    /// Addresses that hear of alerts over HTTP, with a signature
    #[command(subcommand)]
    Webhook(WebhookCommand),
    /// The WhatsApp Business Cloud API
    #[command(subcommand, name = "whatsapp")]
    WhatsApp(WhatsAppCommand),
    /// Mail, calls of webhooks and WhatsApp messages on their way
    #[command(subcommand)]
    Outbox(OutboxCommand),
    /// The mail server
    #[command(subcommand)]
    Mail(MailCommand),
    /// Draw a logo from standard input within limits; started by this program itself
    #[command(hide = true)]
    LogoTrial(LogoTrialArgs),
}

#[derive(Args, Debug)]
pub(crate) struct LogoTrialArgs {
    /// Most address space
    #[arg(long, value_name = "BYTES")]
    pub(crate) memory_bytes: Option<u64>,
    /// Most time of a processor
    #[arg(long, value_name = "SECONDS")]
    pub(crate) cpu_seconds: Option<u64>,
}

#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// Address and port of the portal; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    pub(crate) listen: SocketAddr,
    /// Hand the demo's mail to a server that catches it, in plain text; without one it waits in the outbox
    #[arg(long, value_name = "ADDR")]
    pub(crate) smtp: Option<SocketAddr>,
    /// Leave the data folder in place when the demo stops
    #[arg(long)]
    pub(crate) keep: bool,
    /// Start the demo's clock at this time instead of the present, e.g. 2027-02-28T12:00
    #[arg(long, value_name = "TIME")]
    pub(crate) now: Option<String>,
    /// Time zone of the demo's company
    #[arg(long, value_name = "ZONE", default_value = crate::demo::TIMEZONE)]
    pub(crate) timezone: String,
    /// Months of history before the present one; fewer start sooner
    #[arg(long, value_name = "N", default_value_t = 13, value_parser = clap::value_parser!(i32).range(crate::demo::MONTHS))]
    pub(crate) months: i32,
}

#[derive(Args, Debug)]
pub(crate) struct InitArgs {
    /// The ISP's name, as customers know it
    #[arg(long, value_parser = label)]
    pub(crate) company: String,
    /// Zone in which months and reports are counted, e.g. Asia/Kolkata
    #[arg(long, value_name = "ZONE")]
    pub(crate) timezone: String,
    /// ISO 4217 code, e.g. INR
    #[arg(long, value_name = "CODE")]
    pub(crate) currency: String,
}

#[derive(Args, Debug)]
pub(crate) struct ServeArgs {
    /// Address and port to listen on [default: server.listen of the settings]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
    /// What this process does
    #[arg(long, value_enum, value_delimiter = ',', default_value = "web,collector,jobs")]
    pub(crate) role: Vec<Role>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// The portal's pages
    Web,
    /// Polling
    Collector,
    /// Roll-ups, the close of months, alerts, mail, webhooks and WhatsApp
    Jobs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Read the settings and say whether they are right
    Check,
    /// Print every setting with its default and meaning
    Default,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Add a customer account, and its first user if --username is given
    Add(ClientAddArgs),
    /// Give a customer account another name
    Edit {
        /// The client's name
        client: String,
        /// The company that sells to it; needed only if several have a client of that name
        #[arg(long)]
        company: Option<String>,
        /// The new one
        #[arg(long, value_parser = label)]
        name: String,
    },
    /// Retire a customer account: its people can no longer log in. It must have no link under contract
    Retire {
        /// The client's name
        client: String,
        /// The company that sells to it; needed only if several have a client of that name
        #[arg(long)]
        company: Option<String>,
    },
    /// List the customer accounts
    List,
}

#[derive(Args, Debug)]
pub(crate) struct ClientAddArgs {
    /// The customer's name
    #[arg(long, value_parser = label)]
    pub(crate) name: String,
    /// The company that sells to it; needed only if there are several
    #[arg(long)]
    pub(crate) company: Option<String>,
    /// First user: name to log in with
    #[arg(long, requires_all = ["email", "password_file"], value_parser = label)]
    pub(crate) username: Option<String>,
    /// First user: e-mail address
    #[arg(long, requires = "username")]
    pub(crate) email: Option<String>,
    /// First user: file whose first line is the password; - reads it from standard input
    #[arg(long, value_name = "FILE", requires = "username")]
    pub(crate) password_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Add a person of a client
    Add {
        /// The client's name
        #[arg(long)]
        client: String,
        /// The company that sells to it; needed only if several have a client of that name
        #[arg(long)]
        company: Option<String>,
        /// Name to log in with
        #[arg(long, value_parser = label)]
        username: String,
        /// E-mail address
        #[arg(long)]
        email: String,
        /// What this person may do: an owner also says who else of the client may log in
        #[arg(long, value_enum, default_value = "owner")]
        role: RoleChoice,
        /// File whose first line is the password; - reads it from standard input
        #[arg(long, value_name = "FILE")]
        password_file: PathBuf,
    },
    /// Take a portal user's second factor away, for one who has lost phone and recovery codes; every session ends.
    /// Make sure that it is that person who asks
    ResetSecondFactor {
        /// Name to log in with
        username: String,
    },
    /// Give a portal user a new password; every session of that user ends
    Password {
        /// Name to log in with
        username: String,
        /// File whose first line is the new password; - reads it from standard input
        #[arg(long, value_name = "FILE")]
        password_file: PathBuf,
    },
    /// Change a portal user's e-mail address or role
    Edit {
        /// Name to log in with
        username: String,
        /// E-mail address
        #[arg(long)]
        email: Option<String>,
        /// What this person may do
        #[arg(long, value_enum)]
        role: Option<RoleChoice>,
    },
    /// Let a portal user log in no longer; every session ends at once
    Disable {
        /// Name to log in with
        username: String,
    },
    /// Let a portal user log in again, with the password from before
    Enable {
        /// Name to log in with
        username: String,
    },
    /// Send a portal user a mail with a link to set a password
    Link {
        /// Name to log in with
        username: String,
    },
    /// List the portal users
    List,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum RoleChoice {
    Owner,
    Viewer,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RouterCommand {
    /// Add a router, after a look at its certificate where one is to be pinned
    Add(RouterAddArgs),
    /// Store a router's new password
    Password {
        /// The router's name
        name: String,
        /// File whose first line is the password; - reads it from standard input
        #[arg(long, value_name = "FILE")]
        password_file: PathBuf,
    },
    /// Change what is named and leave the rest
    Edit(Box<RouterEditArgs>),
    /// Poll a router no longer. It must carry no link under contract
    Retire {
        /// The router's name
        name: String,
    },
    /// Poll a retired router again
    Poll {
        /// The router's name
        name: String,
    },
    /// List the routers and how they are doing
    List,
    /// Connect to a router and say what works and what its user may not do
    Test {
        /// The router's name
        name: String,
    },
}

#[derive(Args, Debug)]
pub(crate) struct RouterAddArgs {
    /// A name of your own
    #[arg(long, value_parser = label)]
    pub(crate) name: String,
    /// Host name or IP address of its API service
    #[arg(long)]
    pub(crate) address: String,
    /// Port of its API service [default: 8729, with --tls off 8728]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,
    /// RouterOS user with the policies api, read and test
    #[arg(long, value_parser = label)]
    pub(crate) username: String,
    /// File whose first line is the password; - reads it from standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: PathBuf,
    /// off, system (the machine's certificate authorities), ca:FILE (yours, PEM), or pin (this very certificate)
    #[arg(long, value_name = "off|system|ca:FILE|pin")]
    pub(crate) tls: TlsChoice,
    /// Code page of names and comments on it that are not UTF-8, e.g. windows-1251 or gbk
    #[arg(long, value_name = "NAME")]
    pub(crate) code_page: Option<String>,
    /// The company that runs it; needed only if there are several
    #[arg(long)]
    pub(crate) company: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TlsChoice {
    Off,
    System,
    Ca(PathBuf),
    Pin,
}

impl std::str::FromStr for TlsChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::Off),
            "system" => Ok(Self::System),
            "pin" => Ok(Self::Pin),
            other => match other.strip_prefix("ca:") {
                Some(file) if !file.is_empty() => Ok(Self::Ca(file.into())),
                _ => Err("say off, system, ca:FILE or pin".to_owned()),
            },
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum LinkCommand {
    /// Add a link and its SLA
    Add(Box<LinkAddArgs>),
    /// Change what is named and leave the rest
    Edit(Box<LinkEditArgs>),
    /// Enter new terms from a day on; what was agreed before stays
    Terms(LinkTermsArgs),
    /// End a link's contract, now unless --at says otherwise
    Retire {
        /// Circuit id
        circuit: String,
        /// The moment at which it ends, by the company's clock: 2026-12-01 or 2026-12-01T08:30
        #[arg(long, value_name = "MOMENT", conflicts_with = "never")]
        at: Option<String>,
        /// Take an end back that is still to come
        #[arg(long)]
        never: bool,
    },
    /// Have links that name the interface of a PPP session (`<pppoe-acme>`) name its user (`ppp:acme`)
    UsePppUsers {
        /// Show what would be changed and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// List the links and their state
    List,
}

#[derive(Args, Debug)]
pub(crate) struct LinkAddArgs {
    /// The client's name
    #[arg(long)]
    pub(crate) client: String,
    /// The company that sells to it; needed only if several have a client of that name
    #[arg(long)]
    pub(crate) company: Option<String>,
    /// The router's name
    #[arg(long)]
    pub(crate) router: String,
    /// The interface's name on the router, or ppp:USER for a PPP user
    #[arg(long, value_parser = label)]
    pub(crate) interface: String,
    /// Circuit id, unique
    #[arg(long, value_name = "ID", value_parser = label)]
    pub(crate) circuit: String,
    /// Service reference of the order, if there is one
    #[arg(long, value_name = "TEXT", value_parser = label)]
    pub(crate) service_ref: Option<String>,
    /// Where it ends at the customer's, as pages show it
    #[arg(long, value_parser = label)]
    pub(crate) site: Option<String>,
    /// Kind of line
    #[arg(long = "type", value_name = "ILL|P2P|MPLS|broadband")]
    pub(crate) kind: String,
    /// Committed bandwidth in Mbit/s, e.g. 100 or 2.5
    #[arg(long, value_name = "MBPS")]
    pub(crate) committed_mbps: String,
    /// Promised availability in percent, e.g. 99.5
    #[arg(long, value_name = "PCT")]
    pub(crate) uptime: Option<String>,
    /// Promised round trip in milliseconds
    #[arg(long, value_name = "MS")]
    pub(crate) latency_ms: Option<String>,
    /// Promised round-trip loss in percent
    #[arg(long, value_name = "PCT")]
    pub(crate) loss_pct: Option<String>,
    /// Address that the router pings to measure the link
    #[arg(long, value_name = "ADDR")]
    pub(crate) probe_target: Option<String>,
    /// First day of service, 00:00 in the company's zone
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) activated: String,
    /// From when on its time counts, e.g. "2026-11-10 14:00", not before its first day of service; from its first poll unless
    /// named
    #[arg(long, value_name = "TIME")]
    pub(crate) measured_from: Option<String>,
    /// Which way the router's port faces; at a port that faces the customer, what the router receives is upload
    #[arg(long, value_enum, default_value = "customer")]
    pub(crate) facing: FacingChoice,
    /// What counts as down: the interface alone, or also a probe target that gives no answer
    #[arg(long, value_enum, default_value = "interface")]
    pub(crate) down_when: DownChoice,
    /// Do not ask the router whether it has this interface, e.g. for a session that is not up yet
    #[arg(long)]
    pub(crate) unchecked: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum FacingChoice {
    Customer,
    Upstream,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum DownChoice {
    Interface,
    NoAnswer,
}

#[derive(Args, Debug)]
pub(crate) struct CollectArgs {
    /// Read every link once and stop; without it, go on until told to stop
    #[arg(long)]
    pub(crate) once: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SampleCommand {
    /// List the readings of a link, oldest first
    List(RangeArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum SpanCommand {
    /// List the spans of a link, oldest first
    List(RangeArgs),
}

#[derive(Args, Debug)]
pub(crate) struct RangeArgs {
    /// The link's circuit id
    #[arg(long, value_name = "CIRCUIT")]
    pub(crate) link: String,
    /// From this moment: 2026-11-01, 2026-11-01T08:30 (company's zone), an RFC 3339 time or Unix milliseconds
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// Up to but without this moment
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
}
