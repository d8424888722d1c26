//! `leaseline link edit`, `terms` and `retire`.

use import::field;
use serde_json::json;
use store::{DownWhen, Facing, LinkFields, StaffScope, Store};

use super::link::{Objectives, typed};
use super::{act, link_by_circuit, operator, refused, zone_of_link};
use crate::{
    cli::{FacingChoice, LinkEditArgs, LinkTermsArgs},
    clock::now_ms,
    fault::wrong_use,
    moment,
    output::Printer,
};

pub(super) async fn edit(store: &Store, args: &LinkEditArgs, printer: &Printer) -> anyhow::Result<()> {
    let named = link_by_circuit(store, &args.link).await?;
    for (what, text) in [("circuit id", &args.circuit), ("interface", &args.interface)] {
        if let Some(text) = text {
            super::check_name(what, text)?;
        }
    }
    let (before, shown) = store.shown_link(&StaffScope::All, named.id).await?;
    let kind = match &args.kind {
        Some(kind) => field::kind(kind).map_err(|why| typed("--type", kind, &why))?.to_owned(),
        None => before.kind.clone(),
    };
    let committed_bps = match &args.committed_mbps {
        Some(mbps) => field::mbps(mbps).map_err(|why| typed("--committed-mbps", mbps, &why))?,
        None => before.committed_bps,
    };
    let probe_target = match args.probe_target.as_deref() {
        Some(text) if !text.is_empty() => Some(super::router::host("--probe-target", text)?),
        emptied_or_kept => emptied_or_kept.map(str::to_owned),
    };
    let measured_from_ms = match args.measured_from.as_deref() {
        None => None,
        Some("") => Some(None),
        Some(text) => Some(Some(moment::parse_moment(text, &zone_of_link(store, &named).await?)?)),
    };
    let fields = LinkFields {
        interface: args.interface.as_deref().unwrap_or(&before.interface),
        circuit: args.circuit.as_deref().unwrap_or(&before.circuit),
        service_ref: changed(&args.service_ref, &before.service_ref),
        kind: &kind,
        committed_bps,
        probe_target: changed(&probe_target, &before.probe_target),
        facing: match args.facing {
            Some(FacingChoice::Customer) => Facing::Customer,
            Some(FacingChoice::Upstream) => Facing::Upstream,
            None => before.facing,
        },
        site: changed(&args.site, &before.site),
        measured_from_ms,
    };
    store.staff_edit_link(&act(&operator()), (named.id, &shown), &fields).await.map_err(refused)?;
    let words = format!(
        "Link {}: {}, {} on {}.",
        fields.circuit,
        fields.kind,
        report::rate_words(committed_bps),
        fields.interface
    );
    printer.said(&words, &json!(store.link(named.id).await?))
}

/// What was named, nothing for an empty text, or what is there.
fn changed<'a>(named: &'a Option<String>, before: &'a Option<String>) -> Option<&'a str> {
    match named {
        Some(text) => Some(text.as_str()).filter(|text| !text.is_empty()),
        None => before.as_deref(),
    }
}

pub(super) async fn terms(store: &Store, args: &LinkTermsArgs, printer: &Printer) -> anyhow::Result<()> {
    let link = link_by_circuit(store, &args.circuit).await?;
    let zone = zone_of_link(store, &link).await?;
    let valid_from_ms = moment::parse_day(&args.valid_from, &zone)?;
    let today_ms = moment::parse_day(&moment::moment_words(now_ms(), &zone)[..10], &zone)?;
    if valid_from_ms < today_ms {
        return Err(wrong_use("--valid-from lies in the past: what was agreed before stays as it was"));
    }
    let objectives =
        Objectives { uptime: &args.uptime, latency_ms: &args.latency_ms, loss_pct: &args.loss_pct };
    let new = objectives.terms(link.id, valid_from_ms, args.down_when)?;
    if new.down_when == DownWhen::InterfaceOrNoAnswer && link.probe_target.is_none() {
        return Err(wrong_use(
            "--down-when no-answer needs a probe target: `leaseline link edit --probe-target`",
        ));
    }
    let (_, shown) = store.shown_terms(&StaffScope::All, link.id).await?;
    store.staff_add_terms(&act(&operator()), &shown, &new).await.map_err(refused)?;
    printer.said(&format!("{}: new terms from {} on.", args.circuit, args.valid_from), &json!(new))
}

pub(super) async fn retire(
    store: &Store,
    circuit: &str,
    at: Option<&str>,
    never: bool,
    printer: &Printer,
) -> anyhow::Result<()> {
    let link = link_by_circuit(store, circuit).await?;
    let zone = zone_of_link(store, &link).await?;
    let at_ms = match (at, never) {
        (_, true) => None,
        (Some(text), false) => Some(moment::parse_moment(text, &zone)?),
        (None, false) => Some(now_ms()),
    };
    let (before, shown) = store.shown_link(&StaffScope::All, link.id).await?;
    if before.terminated_at_ms.is_some_and(|end_ms| end_ms <= now_ms()) {
        return Err(wrong_use(format!("the contract of {circuit} has ended already")));
    }
    store.staff_retire_link(&act(&operator()), (link.id, &shown), at_ms).await.map_err(refused)?;
    let words = match at_ms {
        Some(at_ms) => format!("The contract of {circuit} ends at {}.", moment::moment_words(at_ms, &zone)),
        None => format!("The contract of {circuit} has no end."),
    };
    printer.said(&words, &json!({ "id": link.id, "circuit": circuit, "terminated_at_ms": at_ms }))
}
