//! `leaseline link use-ppp-users`: links that name the interface of a PPP session name its user from now on.

use serde_json::json;
use sla::{LinkPort, users_of_ppp_interface};
use store::{Link, LinkFields, StaffScope, Store};

use super::{act, operator, refused};
use crate::{clock::now_ms, output::Printer};

pub(super) async fn use_ppp_users(store: &Store, dry_run: bool, printer: &Printer) -> anyhow::Result<()> {
    let now_ms = now_ms();
    let mut rows = Vec::new();
    for link in store.links().await? {
        let users = users_of_ppp_interface(&link.interface);
        if users.is_empty() || link.terminated_at_ms.is_some_and(|end_ms| end_ms <= now_ms) {
            continue;
        }
        let (user, becomes) = match users[..] {
            [only] => (only, Ok(LinkPort::notation_of_user(only))),
            [whole, first, ..] => (whole, Err(first)),
            [] => continue,
        };
        let outcome = match becomes {
            Err(first) => format!(
                "not changed: this is user {user}, or the second session of {first}; say which with \
                 `leaseline link edit {} --interface ppp:USER`",
                link.circuit
            ),
            Ok(notation) if dry_run => format!("would become {notation}"),
            Ok(notation) => match edit(store, &link, &notation).await {
                Ok(()) => format!("is now {notation}"),
                Err(error) => format!("not changed: {error}"),
            },
        };
        rows.push(json!({ "circuit": link.circuit, "interface": link.interface, "outcome": outcome }));
    }
    if rows.is_empty() {
        return printer.said("No link names the interface of a PPP session.", &json!([]));
    }
    printer.list(&rows, ["circuit", "interface", "outcome"], |row| {
        ["circuit", "interface", "outcome"].map(|key| row[key].as_str().unwrap_or_default().to_owned())
    })
}

async fn edit(store: &Store, link: &Link, interface: &str) -> anyhow::Result<()> {
    let (before, shown) = store.shown_link(&StaffScope::All, link.id).await?;
    let fields = LinkFields {
        interface,
        circuit: &before.circuit,
        service_ref: before.service_ref.as_deref(),
        kind: &before.kind,
        committed_bps: before.committed_bps,
        probe_target: before.probe_target.as_deref(),
        facing: before.facing,
        site: before.site.as_deref(),
        measured_from_ms: None,
    };
    store.staff_edit_link(&act(&operator()), (link.id, &shown), &fields).await.map_err(refused)
}
