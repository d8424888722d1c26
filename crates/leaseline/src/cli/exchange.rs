//! CSV in and out.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Things {
    /// Customers
    Clients,
    /// Routers; their passwords are never written
    Routers,
    /// Links with the terms in force
    Links,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ImportCommand {
    /// Enter all rows of a CSV file, or none if there is a fault in it
    Csv(ImportArgs),
    /// Print the columns of a file and what stands in them
    Columns {
        /// What the file holds
        things: Things,
    },
}

#[derive(Args, Debug)]
pub(crate) struct ImportArgs {
    /// What the file holds; clients and routers before the links that name them
    pub(crate) things: Things,
    /// The file; its first line names the columns (`leaseline import columns`)
    pub(crate) file: PathBuf,
    /// Only check
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Whose they are where no column says so; needed only if there are several companies
    #[arg(long, value_name = "NAME")]
    pub(crate) company: Option<String>,
    /// File whose first line is the password of routers that have none in the file
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    /// What to write, as CSV that `import csv` reads
    pub(crate) things: Things,
    /// Of this company alone
    #[arg(long, value_name = "NAME")]
    pub(crate) company: Option<String>,
    /// Where to [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}
