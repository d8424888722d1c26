use jiff::tz::TimeZone;
use serde_json::{Value, json};
use sla::Month;
use store::{ExclusionFilter, ExclusionId, Link, LinkExclusion, NewExclusion, Store, StoreError};

use super::{client_named, link_named, operator, router_named, zone_of_link};
use crate::{
    cli::{ExclusionAddArgs, ExclusionCommand, ExclusionListArgs, ExclusionTarget},
    clock::now_ms,
    fault::wrong_use,
    moment,
    output::Printer,
};

/// How many closed months a remark names.
const MONTHS_NAMED_MAX: usize = 12;

pub(super) async fn run(store: &Store, command: ExclusionCommand, printer: &Printer) -> anyhow::Result<()> {
    match command {
        ExclusionCommand::Add(args) => add(store, args, printer).await,
        ExclusionCommand::List(args) => list(store, &args, printer).await,
        ExclusionCommand::End { id, at, by } => {
            let before = store.exclusion(ExclusionId(id)).await.map_err(|error| unknown(id, error))?;
            let zone = zone_of_link(store, &store.link(before.link_id).await?).await?;
            let at_ms = moment::parse_moment(&at, &zone)?;
            let by = by.unwrap_or_else(operator);
            let ended = store.end_exclusion(ExclusionId(id), at_ms, &by, now_ms()).await;
            let ended = ended.map_err(|error| unknown(id, error))?;
            let remark = remark(store, std::slice::from_ref(&ended), at_ms, before.to_ms).await?;
            let sentence = format!("Exclusion {id} ends at {}.{remark}", moment::moment_words(at_ms, &zone));
            printer.said(&sentence, &json!(ended))
        }
        ExclusionCommand::Remove { id, by } => {
            let by = by.unwrap_or_else(operator);
            let removed = store.remove_exclusion(ExclusionId(id), &by, now_ms()).await;
            let removed = removed.map_err(|error| unknown(id, error))?;
            let remark =
                remark(store, std::slice::from_ref(&removed), removed.from_ms, removed.to_ms).await?;
            printer.said(&format!("Exclusion {id} no longer counts.{remark}"), &json!(removed))
        }
    }
}

async fn add(store: &Store, args: ExclusionAddArgs, printer: &Printer) -> anyhow::Result<()> {
    super::check_name("reason", &args.reason)?;
    let by = args.by.unwrap_or_else(operator);
    super::check_name("name of who says so", &by)?;
    let links = targets(store, &args.target).await?;
    let Some(first) = links.first() else {
        return Err(wrong_use("there is no link to which this could apply"));
    };
    let zone = zone_of_link(store, first).await?;
    let from_ms = moment::parse_moment(&args.from, &zone)?;
    let to_ms = args.to.as_deref().map(|text| moment::parse_moment(text, &zone)).transpose()?;
    if to_ms.is_some_and(|to_ms| to_ms <= from_ms) {
        return Err(wrong_use("--from must be before --to"));
    }
    let new: Vec<NewExclusion<'_>> = links
        .iter()
        .map(|link| NewExclusion {
            link_id: link.id,
            from_ms,
            to_ms,
            kind: args.kind,
            reason: &args.reason,
            entered_by: &by,
        })
        .collect();
    let now = now_ms();
    let ids = store.insert_exclusions(&new, now).await?;
    let mut entered = Vec::new();
    for &id in &ids {
        entered.push(store.exclusion(id).await?);
    }
    let late = if now > from_ms { " It is marked as entered after the fact." } else { "" };
    let end = to_ms.map_or("until it is ended (`leaseline exclusion end`)".to_owned(), |to_ms| {
        format!("to {}", moment::moment_words(to_ms, &zone))
    });
    let what = match links.as_slice() {
        [link] => format!("exclusion {} of {}", ids[0], link.circuit),
        links => format!("exclusions of {} links", links.len()),
    };
    let remark = remark(store, &entered, from_ms, to_ms).await?;
    printer.said(
        &format!(
            "Entered {what}: {}, from {} {end}.{late}{remark}",
            args.kind.words().to_lowercase(),
            moment::moment_words(from_ms, &zone)
        ),
        &entered.iter().map(as_json).collect::<Vec<_>>(),
    )
}

async fn targets(store: &Store, target: &ExclusionTarget) -> anyhow::Result<Vec<Link>> {
    if let Some(circuit) = &target.link {
        return Ok(vec![link_named(store, circuit).await?]);
    }
    if let Some(name) = &target.client {
        let client = client_named(store, None, name).await?;
        return Ok(store.links_of_client(client.id).await?);
    }
    let name = target.router.as_deref().unwrap_or_default();
    let router = router_named(store, name).await?;
    Ok(store.links().await?.into_iter().filter(|link| link.router_id == router.id).collect())
}

/// Which closed months a change reaches into: they stay as they are until they are calculated again.
async fn remark(
    store: &Store,
    exclusions: &[LinkExclusion],
    from_ms: i64,
    to_ms: Option<i64>,
) -> anyhow::Result<String> {
    let mut months: Vec<Month> = Vec::new();
    let mut of_link = String::new();
    for exclusion in exclusions {
        let link = store.link(exclusion.link_id).await?;
        let zone = zone_of_link(store, &link).await?;
        if exclusions.len() == 1 {
            of_link = format!(" --link {}", link.circuit);
        }
        let last = Month::containing(to_ms.unwrap_or(i64::MAX).min(now_ms()), &zone)?;
        let mut month = Month::containing(from_ms, &zone)?;
        while month <= last && months.len() < MONTHS_NAMED_MAX {
            if !months.contains(&month) && store.report_of_link(link.id, month, None).await?.is_some() {
                months.push(month);
            }
            month = Month::containing(month.interval(&zone)?.to_ms, &zone)?;
        }
    }
    months.sort_unstable();
    let commands: Vec<String> = months
        .iter()
        .map(|month| format!("\n  leaseline sla calculate --month {month}{of_link} --reason TEXT"))
        .collect();
    Ok(match commands.len() {
        0 => String::new(),
        1 => format!("\nThat month is closed already; to revise its report:{}", commands[0]),
        _ => format!("\nThese months are closed already; to revise their reports:{}", commands.concat()),
    })
}

async fn list(store: &Store, args: &ExclusionListArgs, printer: &Printer) -> anyhow::Result<()> {
    let link = match &args.link {
        Some(circuit) => Some(link_named(store, circuit).await?),
        None => None,
    };
    let client = match &args.client {
        Some(name) => Some(client_named(store, None, name).await?.id),
        None => None,
    };
    let zone = match &link {
        Some(link) => zone_of_link(store, link).await?,
        None => super::any_zone(store).await?,
    };
    let moment =
        |text: &Option<String>| text.as_deref().map(|text| moment::parse_moment(text, &zone)).transpose();
    let filter = ExclusionFilter {
        link: link.as_ref().map(|link| link.id),
        client,
        from_ms: moment(&args.from)?,
        to_ms: moment(&args.to)?,
        removed: args.removed,
    };
    let links = store.links().await?;
    let circuit = |exclusion: &LinkExclusion| {
        links.iter().find(|link| link.id == exclusion.link_id).map(|link| link.circuit.clone())
    };
    let rows: Vec<Value> = store
        .exclusions(&filter)
        .await?
        .iter()
        .map(|exclusion| {
            let mut row = as_json(exclusion);
            row["circuit"] = json!(circuit(exclusion));
            row
        })
        .collect();
    let header = ["id", "circuit", "from", "to", "kind", "entered by", "entered", "reason"];
    printer.list(&rows, header, |row| cells(row, &zone))
}

fn cells(row: &Value, zone: &TimeZone) -> [String; 8] {
    let text = |key: &str| row[key].as_str().unwrap_or("–").to_owned();
    let time = |key: &str, none: &str| {
        row[key].as_i64().map_or(none.to_owned(), |at_ms| moment::moment_words(at_ms, zone))
    };
    let late = if row["after_the_fact"] == true { " (after the fact)" } else { "" };
    let removed = row["removed_by"].as_str().map_or(String::new(), |by| format!(" [taken back by {by}]"));
    [
        row["id"].to_string(),
        text("circuit"),
        time("from_ms", "–"),
        time("to_ms", "open"),
        text("kind"),
        text("entered_by"),
        format!("{}{late}", time("entered_at_ms", "–")),
        text("reason") + &removed,
    ]
}

fn as_json(exclusion: &LinkExclusion) -> Value {
    let mut row = json!(exclusion);
    row["after_the_fact"] = json!(exclusion.after_the_fact());
    row
}

fn unknown(id: i64, error: StoreError) -> anyhow::Error {
    match error {
        StoreError::NotFound { .. } => wrong_use(format!(
            "there is no exclusion {id} that counts; `leaseline exclusion list` shows them"
        )),
        StoreError::Invalid { .. } => wrong_use(error),
        other => other.into(),
    }
}
