//! The nouns of the SLA ledger: months, exclusions, reports, and the mail about them.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{CompanyAddArgs, label};

#[derive(Debug, Subcommand)]
pub(crate) enum SlaCommand {
    /// Judge a month, write its reports and queue the mail about them; a month that is not over is judged "so far" and
    /// nothing is stored
    Calculate(CalculateArgs),
    /// Print the working of a report: every span, exclusion, term and total that led to its figures; with --json the
    /// frozen inputs, as `sla evaluate` reads them
    Explain {
        /// Its id, CIRCUIT/YYYY-MM (latest revision) or CIRCUIT/YYYY-MM/rN
        report: String,
    },
    /// Do the arithmetic alone, on a file that `sla explain --json` wrote; needs no database
    Evaluate {
        /// The file; - reads standard input
        file: PathBuf,
    },
}

#[derive(Args, Debug)]
pub(crate) struct CalculateArgs {
    /// Which month [default: the last that is over]
    #[arg(long, value_name = "YYYY-MM")]
    pub(crate) month: Option<sla::Month>,
    /// This link alone: its circuit id, or its number
    #[arg(long, value_name = "CIRCUIT")]
    pub(crate) link: Option<String>,
    /// The links of this client alone
    #[arg(long, value_name = "NAME")]
    pub(crate) client: Option<String>,
    /// The links of this company alone
    #[arg(long, value_name = "NAME")]
    pub(crate) company: Option<String>,
    /// Why it is done again; a further revision keeps it and its report shows it
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Tell nobody of what is written, for example when old months are made up for
    #[arg(long)]
    pub(crate) no_mail: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ExclusionCommand {
    /// Leave time out of the contract's count
    Add(ExclusionAddArgs),
    /// List the exclusions, by start
    List(ExclusionListArgs),
    /// End an exclusion that is open, or earlier than was entered
    End {
        /// Its number, as `exclusion list` shows it
        id: i64,
        /// First moment that counts again
        #[arg(long, value_name = "TIME")]
        at: String,
        /// Who ends it [default: you]
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    /// Take an exclusion back; it stays in the list of removed ones
    Remove {
        /// Its number, as `exclusion list` shows it
        id: i64,
        /// Who takes it back [default: you]
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
}

#[derive(Args, Debug)]
pub(crate) struct ExclusionAddArgs {
    #[command(flatten)]
    pub(crate) target: ExclusionTarget,
    /// First moment that is left out: 2026-11-01, 2026-11-01T08:30 (company's zone), an RFC 3339 time or Unix milliseconds
    #[arg(long, value_name = "TIME")]
    pub(crate) from: String,
    /// First moment that counts again; without it, until `exclusion end`
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
    /// Which clause of the contract
    #[arg(
        long,
        value_name = "planned_maintenance|emergency_maintenance|force_majeure|customer_cause|suspension"
    )]
    pub(crate) kind: sla::ExclusionKind,
    /// Why, in words that the report shows
    #[arg(long, value_name = "TEXT", value_parser = label)]
    pub(crate) reason: String,
    /// Who says so [default: you]
    #[arg(long, value_name = "NAME", value_parser = label)]
    pub(crate) by: Option<String>,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct ExclusionTarget {
    /// The link's circuit id
    #[arg(long, value_name = "CIRCUIT")]
    pub(crate) link: Option<String>,
    /// Every link on this router
    #[arg(long, value_name = "NAME")]
    pub(crate) router: Option<String>,
    /// Every link of this client
    #[arg(long, value_name = "NAME")]
    pub(crate) client: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct ExclusionListArgs {
    /// Of this link alone
    #[arg(long, value_name = "CIRCUIT", conflicts_with = "client")]
    pub(crate) link: Option<String>,
    /// Of this client's links alone
    #[arg(long, value_name = "NAME")]
    pub(crate) client: Option<String>,
    /// Not over by then
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// Begun before then
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
    /// Those that were taken back too
    #[arg(long)]
    pub(crate) removed: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReportCommand {
    /// List the reports, newest month first
    List(ReportListArgs),
    /// Write a report as PDF
    Pdf(ReportFileArgs),
    /// Write a report's figures as CSV
    Csv(ReportFileArgs),
    /// Write a report's figures as JSON
    Json(ReportFileArgs),
}

#[derive(Args, Debug)]
pub(crate) struct ReportListArgs {
    /// Of this month alone
    #[arg(long, value_name = "YYYY-MM")]
    pub(crate) month: Option<sla::Month>,
    /// Of this link alone
    #[arg(long, value_name = "CIRCUIT")]
    pub(crate) link: Option<String>,
    /// Of this client alone
    #[arg(long, value_name = "NAME")]
    pub(crate) client: Option<String>,
    /// With this verdict alone
    #[arg(long, value_name = "met|breached|undetermined|none")]
    pub(crate) verdict: Option<sla::Verdict>,
    /// Every revision, not the latest alone
    #[arg(long)]
    pub(crate) revisions: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ReportFileArgs {
    /// Its id, CIRCUIT/YYYY-MM (latest revision) or CIRCUIT/YYYY-MM/rN
    pub(crate) report: String,
    /// Where to write it; - is standard output [default: CIRCUIT-YYYY-MM.pdf here, CSV and JSON to standard output]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum OutboxCommand {
    /// List the mail, newest first, and what became of it
    List {
        /// In this state alone
        #[arg(long, value_enum)]
        state: Option<MailState>,
        /// The most rows
        #[arg(long, default_value_t = 200, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
        limit: i64,
    },
    /// Have mail tried again now that was given up or waits
    Retry(OutboxRetryArgs),
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct OutboxRetryArgs {
    /// Its number, as `outbox list` shows it
    pub(crate) id: Option<i64>,
    /// All that was given up
    #[arg(long)]
    pub(crate) all_dead: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum MailState {
    /// Waits for its time
    Queued,
    /// On its way
    Sending,
    /// The mail server took it
    Sent,
    /// Given up
    Dead,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MailCommand {
    /// Send a test message with the settings in [mail]
    Test {
        /// To this address
        #[arg(long, value_name = "ADDR")]
        to: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum CompanyCommand {
    /// Add a company: a brand with clients, routers and settings of its own
    Add(CompanyAddArgs),
    /// Retire a company that has no client and no router any more; its statements stay
    Retire {
        /// Its name
        name: String,
    },
    /// List the companies
    List,
    /// Show a company's brand, contacts and who is told what
    Show {
        /// Its name; needed only if there are several
        name: Option<String>,
    },
    /// Change what is named and leave the rest
    Edit(Box<CompanyEditArgs>),
}

#[derive(Args, Debug)]
pub(crate) struct CompanyEditArgs {
    /// The company's name; needed only if there are several
    pub(crate) company: Option<String>,
    /// A new name
    #[arg(long, value_name = "TEXT", value_parser = label)]
    pub(crate) name: Option<String>,
    /// E-mail address that clients see for support; "" takes it away
    #[arg(long, value_name = "ADDR")]
    pub(crate) support_email: Option<String>,
    /// Telephone number that clients see for support; "" takes it away
    #[arg(long, value_name = "TEXT", value_parser = label)]
    pub(crate) support_phone: Option<String>,
    /// Colour of reports and mails, #rrggbb; "" takes it away
    #[arg(long, value_name = "COLOUR")]
    pub(crate) accent: Option<String>,
    /// Logo of reports and mails, a PNG or SVG file
    #[arg(long, value_name = "FILE")]
    pub(crate) logo: Option<PathBuf>,
    /// Go without a logo
    #[arg(long, conflicts_with = "logo")]
    pub(crate) no_logo: bool,
    /// Whether mails about reports carry the PDF
    #[arg(long, value_name = "yes|no", value_parser = parse_yes_no)]
    pub(crate) attach_pdf: Option<bool>,
    /// How reports are sent: per_client (one email per recipient with all links of a customer, and one summary to operations)
    /// or per_link (one email per recipient and link)
    #[arg(long, value_name = "HOW", value_parser = parse_reports)]
    pub(crate) reports: Option<store::ReportMails>,
    /// Address that this company's mails come from instead of mail.from; "" takes it away
    #[arg(long, value_name = "ADDR")]
    pub(crate) mail_from: Option<String>,
    /// Put an e-mail address or a WhatsApp number (+919812345678) on the operations list, which is told what clients are told; may be repeated
    #[arg(long, value_name = "ADDR")]
    pub(crate) add_operations: Vec<String>,
    /// Take an address or a number off the operations list; may be repeated
    #[arg(long, value_name = "ADDR")]
    pub(crate) remove_operations: Vec<String>,
    /// Tell of this event by mail, e.g. sla_breach; may be repeated. `notification set` says more about it
    #[arg(long, value_name = "EVENT")]
    pub(crate) mail_on: Vec<String>,
    /// Do not tell of this event; may be repeated
    #[arg(long, value_name = "EVENT")]
    pub(crate) mail_off: Vec<String>,
}

fn parse_reports(text: &str) -> Result<store::ReportMails, String> {
    text.parse().map_err(|_| "write per_client or per_link".to_owned())
}

pub(super) fn parse_yes_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" | "true" | "on" => Ok(true),
        "no" | "false" | "off" => Ok(false),
        _ => Err("say yes or no".to_owned()),
    }
}
