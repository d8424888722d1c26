//! What the demo's past came to: work that was announced, an outage that was the customer's own, and a statement for
//! every month that is over.

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use jobs::{Close, Selection, close_month, links_of_month};
use sla::{ExclusionKind, Month};
use store::{CompanyEdit, CompanyId, LinkId, NewExclusion, Outage, Store};

use super::plan;
use crate::moment;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;
/// Who signs what the demo enters.
const BY: &str = "demo";
const ACCENT: &str = "#0f6e5c";
const LOGO: &[u8] = include_bytes!("logo.svg");
const SUPPORT_EMAIL: &str = "noc@meridian.example";
const SUPPORT_PHONE: &str = "+91 80 5550 0142";

/// What was done about the last outage, before this month, of a line of the plan.
struct Settled {
    circuit: &'static str,
    kind: ExclusionKind,
    reason: &'static str,
    /// Days between the entry and the beginning of the outage; negative: entered after the fact.
    days_ahead: i64,
}

const SETTLED: &[Settled] = &[
    Settled {
        circuit: "MN-MAA-0207",
        kind: ExclusionKind::PlannedMaintenance,
        reason: "Splicing on the Guindy ring, announced as CHG-2041",
        days_ahead: 4,
    },
    Settled {
        circuit: "MN-BLR-0101",
        kind: ExclusionKind::CustomerCause,
        reason: "Power at the customer's rack was off, confirmed by their facility desk",
        days_ahead: -2,
    },
    Settled {
        circuit: "MN-MAA-0219",
        kind: ExclusionKind::ForceMajeure,
        reason: "Flooded exchange in Tambaram, declared by the city",
        days_ahead: -1,
    },
];

/// Enters brand and exclusions, and closes each month before the one of `now_ms`. Nobody is written to.
pub(super) async fn write(
    store: &Store,
    company: CompanyId,
    links: &[LinkId],
    first_ms: i64,
    now_ms: i64,
) -> anyhow::Result<()> {
    let edit = CompanyEdit {
        accent: Some(Some(ACCENT)),
        support_email: Some(Some(SUPPORT_EMAIL)),
        support_phone: Some(Some(SUPPORT_PHONE)),
        ..CompanyEdit::default()
    };
    store.edit_company(company, &edit, BY, now_ms).await?;
    let logo = web::logo_of_file(LOGO.to_vec(), &web::LogoTrial::InProcess).await?;
    store.set_company_logo(company, Some(&logo), BY, now_ms).await?;
    let zone = moment::zone(plan::TIMEZONE)?;
    let this_month = Month::containing(now_ms, &zone)?;
    settle(store, links, first_ms, this_month.interval(&zone)?.from_ms).await?;
    let months = months(first_ms, this_month, &zone)?;
    let bar = ProgressBar::new(months.len() as u64).with_style(
        ProgressStyle::with_template("closing the months {bar:30} {pos} of {len} {elapsed}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    for month in months {
        let of_month = links_of_month(store, month, &Selection::default()).await?;
        let close = Close { month, reason: None, by: BY, tell: false };
        close_month(store, of_month, &close, now_ms, |_| ()).await?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

async fn settle(store: &Store, links: &[LinkId], from_ms: i64, to_ms: i64) -> anyhow::Result<()> {
    for settled in SETTLED {
        let place = plan::LINKS.iter().position(|link| link.circuit == settled.circuit);
        let &link = place.and_then(|place| links.get(place)).context("a circuit of the plan")?;
        let over = |outage: &Outage| outage.to_ms.is_some_and(|end_ms| end_ms < to_ms);
        let outages = store.outages(link, from_ms, to_ms).await?;
        let Some(outage) = outages.into_iter().filter(over).max_by_key(|outage| outage.from_ms) else {
            continue;
        };
        let exclusion = NewExclusion {
            link_id: link,
            from_ms: outage.from_ms - 10 * MINUTE_MS,
            to_ms: outage.to_ms.map(|end_ms| end_ms + 5 * MINUTE_MS),
            kind: settled.kind,
            reason: settled.reason,
            entered_by: BY,
        };
        store.insert_exclusions(&[exclusion], outage.from_ms - settled.days_ahead * DAY_MS).await?;
    }
    Ok(())
}

/// The months from the one of `first_ms` until before `end`.
fn months(first_ms: i64, end: Month, zone: &jiff::tz::TimeZone) -> anyhow::Result<Vec<Month>> {
    let mut months = Vec::new();
    let mut month = Month::containing(first_ms, zone)?;
    while month < end {
        months.push(month);
        month = Month::containing(month.interval(zone)?.to_ms, zone)?;
    }
    Ok(months)
}
