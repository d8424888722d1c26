use serde_json::json;
use store::{Outage, OutageId, Store, StoreError};

use super::{act, link_named, operator, zone_of_link};
use crate::{
    cli::{OutageCommand, RangeArgs},
    fault::wrong_use,
    moment,
    output::Printer,
};

pub(super) async fn run(store: &Store, command: OutageCommand, printer: &Printer) -> anyhow::Result<()> {
    match command {
        OutageCommand::List(args) => list(store, &args, printer).await,
        OutageCommand::Reason { id, text, remove: _, by } => {
            let by = by.unwrap_or_else(operator);
            let stored = store.set_outage_reason(&act(&by), OutageId(id), text.as_deref()).await;
            stored.map_err(|error| match error {
                StoreError::NotFound { .. } => {
                    wrong_use(format!("there is no outage {id}; `leaseline outage list` shows a link's"))
                }
                error @ StoreError::Invalid { .. } => wrong_use(error),
                other => other.into(),
            })?;
            let outage = store.outage(OutageId(id)).await?;
            let sentence = match &outage.reason {
                Some(reason) => format!("The client reads about outage {id}: {reason}"),
                None => format!("The client reads no reason for outage {id}."),
            };
            printer.said(&sentence, &json!(outage))
        }
    }
}

async fn list(store: &Store, args: &RangeArgs, printer: &Printer) -> anyhow::Result<()> {
    let link = link_named(store, &args.link).await?;
    let zone = zone_of_link(store, &link).await?;
    let at = |text: &Option<String>, default: i64| {
        text.as_deref().map_or(Ok(default), |text| moment::parse_moment(text, &zone))
    };
    let (from_ms, to_ms) = (at(&args.from, i64::MIN)?, at(&args.to, i64::MAX)?);
    let outages = store.outages(link.id, from_ms, to_ms).await?;
    printer.list(
        &outages,
        ["id", "from", "to", "lasted", "cause", "how it is known", "reason"],
        |outage: &Outage| {
            let (to, lasted) = match outage.to_ms {
                Some(to_ms) => {
                    (moment::moment_words(to_ms, &zone), ::report::duration_words(to_ms - outage.from_ms))
                }
                None => ("–".to_owned(), "goes on".to_owned()),
            };
            [
                outage.id.to_string(),
                moment::moment_words(outage.from_ms, &zone),
                to,
                lasted,
                outage.cause.as_deref().map(::report::cause_words).unwrap_or_default().to_owned(),
                ::report::evidence_words(&outage.evidence),
                outage.reason.clone().unwrap_or_default(),
            ]
        },
    )
}
