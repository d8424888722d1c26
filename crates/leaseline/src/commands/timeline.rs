use anyhow::bail;
use store::{ClockVerdict, RepairAsk, Store, TimelineRepair};

use super::operator;
use crate::{
    cli::{TimelineCommand, TimelineRepairArgs},
    clock::now_ms,
    output::Printer,
};

pub(super) async fn run(store: &Store, command: TimelineCommand, printer: &Printer) -> anyhow::Result<()> {
    match command {
        TimelineCommand::Repair(args) => repair(store, &args, printer).await,
    }
}

async fn repair(store: &Store, args: &TimelineRepairArgs, printer: &Printer) -> anyhow::Result<()> {
    let now_ms = now_ms();
    let health = store.clock_health(now_ms).await?;
    if health.verdict == ClockVerdict::MachineWrong
        && !args.dry_run
        && let Err(why) = health.check()
    {
        bail!("nothing was changed. {why}");
    }
    let by = args.by.clone().unwrap_or_else(operator);
    let ask = RepairAsk {
        from_ms: now_ms,
        now_ms,
        actor: &by,
        reason: "leaseline timeline repair",
        past: true,
        dry_run: args.dry_run,
    };
    let done = store.repair_timeline(&ask).await?;
    if !args.dry_run {
        store.accept_clock(now_ms).await?;
    }
    printer.said(&words(&done, args.dry_run), &done)
}

/// What was done, or would be, one thing a line.
fn words(done: &TimelineRepair, dry_run: bool) -> String {
    if done.is_empty() {
        return "Nothing to repair: no stored time is in the future, and none contradicts the routers' uptime.".to_owned();
    }
    let mut lines = vec![if dry_run { "This would be repaired:" } else { "Repaired:" }.to_owned()];
    let rows = [
        (done.spans_removed + done.spans_cut, "timeline spans removed or cut at the present"),
        (
            done.spans_unknown,
            "timeline spans of the past set to unknown, because the router's uptime contradicts them",
        ),
        (done.samples, "samples removed"),
        (done.outages_removed, "outages removed"),
        (done.outages_reopened, "outages that had ended in the future are ongoing again"),
        (done.links, "links whose latest state was dated in the future"),
        (done.routers, "routers whose last poll was dated in the future"),
    ];
    lines
        .extend(rows.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("  {count} {what}")));
    if !done.reports.is_empty() {
        lines.push(
            "Reports that were closed too early or rest on time that did not happen. They stay as they are;"
                .to_owned(),
        );
        lines.push("calculate them again when their month is over:".to_owned());
        lines.extend(done.reports.iter().map(|report| {
            format!(
                "  leaseline sla calculate --link {} --month {}   (revision {})",
                report.circuit, report.month, report.revision
            )
        }));
    }
    lines.join("\n")
}
