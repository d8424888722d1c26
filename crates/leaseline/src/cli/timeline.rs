use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum TimelineCommand {
    /// Remove what was stored while the clock was ahead: time that did not happen
    ///
    /// Everything dated after this machine's clock is removed (spans, samples, outages, latest states), and time in the past that the
    /// routers' uptime contradicts becomes unknown. Frozen reports stay; those that rest on such time are named, to be calculated again
    /// with `leaseline sla calculate`. This machine's clock must be right: check it with `timedatectl` and `leaseline doctor` first.
    Repair(TimelineRepairArgs),
}

#[derive(Args, Debug)]
pub(crate) struct TimelineRepairArgs {
    /// Show what would be removed, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Who repairs it, for the audit log [default: you]
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
}
