use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::label;

#[derive(Debug, Subcommand)]
pub(crate) enum StaffCommand {
    /// Add a person of the ISP, who logs in at /staff/login
    Add(StaffAddArgs),
    /// List the staff users
    List,
    /// Show one staff user
    Show {
        /// Name to log in with
        username: String,
    },
    /// Change a staff user; what is not named stays. Whoever may do less than before is logged out
    Edit(StaffEditArgs),
    /// Remove a staff user with sessions and second factor; the audit log keeps what this person did
    Remove {
        /// Name to log in with
        username: String,
    },
    /// Give a staff user a new password; every session of that user ends
    Password {
        /// Name to log in with
        username: String,
        /// File whose first line is the new password; - reads it from standard input
        #[arg(long, value_name = "FILE")]
        password_file: PathBuf,
    },
    /// Send a staff user a mail with a link to set a password: an invitation to who has none yet. Earlier links end
    Link {
        /// Name to log in with
        username: String,
    },
    /// Take a staff user's second factor away, for one who has lost phone and recovery codes; every session ends.
    /// Make sure that it is that person who asks
    Recover {
        /// Name to log in with
        username: String,
    },
}

#[derive(Args, Debug)]
pub(crate) struct StaffAddArgs {
    /// Name to log in with
    #[arg(long, value_parser = label)]
    pub(crate) username: String,
    /// What colleagues call this person
    #[arg(long, value_name = "TEXT", default_value = "", value_parser = label)]
    pub(crate) display_name: String,
    /// E-mail address
    #[arg(long)]
    pub(crate) email: String,
    /// What this person may do: a viewer looks, an operator also changes clients, routers, links and exclusions, an
    /// admin everything
    #[arg(long, value_enum, default_value = "viewer")]
    pub(crate) role: StaffRoleChoice,
    /// Works for this company only; may be given several times [default: all companies]
    #[arg(long, value_name = "NAME")]
    pub(crate) company: Vec<String>,
    /// File whose first line is the password; - reads it from standard input [default: an invitation by mail leads this
    /// person to set one]
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct StaffEditArgs {
    /// Name to log in with
    pub(crate) username: String,
    /// What colleagues call this person
    #[arg(long, value_name = "TEXT", value_parser = label)]
    pub(crate) display_name: Option<String>,
    /// E-mail address
    #[arg(long)]
    pub(crate) email: Option<String>,
    /// What this person may do
    #[arg(long, value_enum)]
    pub(crate) role: Option<StaffRoleChoice>,
    /// Works for this company only; may be given several times
    #[arg(long, value_name = "NAME", conflicts_with = "all_companies")]
    pub(crate) company: Vec<String>,
    /// Works for all companies, also those that are added later
    #[arg(long)]
    pub(crate) all_companies: bool,
    /// May no longer log in; every session ends
    #[arg(long, conflicts_with = "enable")]
    pub(crate) disable: bool,
    /// May log in again
    #[arg(long)]
    pub(crate) enable: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum StaffRoleChoice {
    Admin,
    Operator,
    Viewer,
}
