//! What the demo's past came to: work that was announced, an outage that was the customer's own, and a statement for
//! every month that is over.

use indicatif::{ProgressBar, ProgressStyle};
use jobs::{Close, Selection, close_month, links_of_month};
use sla::Month;
use store::{CompanyEdit, CompanyId, LinkId, NewExclusion, Store};

use super::{setup::BY, story::Calendar};

const ACCENT: &str = "#0f6e5c";
const LOGO: &[u8] = include_bytes!("logo.svg");
const SUPPORT_EMAIL: &str = "noc@meridian.example";
const SUPPORT_PHONE: &str = "+91 80 5550 0142";

/// Enters brand and exclusions, and closes each month before the one of `now_ms`. Nobody is written to.
pub(super) async fn write(
    store: &Store,
    company: CompanyId,
    links: &[LinkId],
    calendar: &Calendar,
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
    exclude(store, links, calendar).await?;
    let months = months(first_ms, Month::containing(now_ms, calendar.zone())?, calendar.zone())?;
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

async fn exclude(store: &Store, links: &[LinkId], calendar: &Calendar) -> anyhow::Result<()> {
    for past in calendar.exclusions()? {
        let exclusion = NewExclusion {
            link_id: links[past.link],
            from_ms: past.at.from_ms,
            to_ms: Some(past.at.to_ms),
            kind: past.kind,
            reason: past.reason,
            entered_by: BY,
        };
        store.insert_exclusions(&[exclusion], past.entered_at_ms).await?;
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
