use serde_json::json;
use store::{DownWhen, LedgerLink};

/// What a report says about the service beside its figures, as it is now.
pub(crate) fn facts(ledger: &LedgerLink, down_when: Option<DownWhen>) -> serde_json::Value {
    let LedgerLink { link, client, company, .. } = ledger;
    json!({
        "company": company.name, "support_email": company.support_email, "support_phone": company.support_phone,
        "client": client.name, "circuit": link.circuit, "kind": link.kind, "service_ref": link.service_ref,
        "site": link.site, "committed_bps": link.committed_bps, "router": ledger.router_name,
        "interface": link.interface, "facing": link.facing, "probe_target": link.probe_target,
        "down_when": down_when, "currency": company.currency,
    })
}
