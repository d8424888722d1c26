use store::{DownWhen, Facing, LedgerLink};

/// What a report says about the service beside its figures, as it is now.
pub(crate) fn facts(ledger: &LedgerLink, down_when: Option<DownWhen>) -> serde_json::Value {
    let LedgerLink { link, client, company, .. } = ledger;
    let facts = report::Facts {
        company: company.name.clone(),
        support_email: company.support_email.clone(),
        support_phone: company.support_phone.clone(),
        client: client.name.clone(),
        circuit: link.circuit.clone(),
        kind: link.kind.clone(),
        service_ref: link.service_ref.clone(),
        site: link.site.clone(),
        committed_bps: link.committed_bps,
        router: ledger.router_name.clone(),
        interface: link.interface.clone(),
        facing: match link.facing {
            Facing::Customer => report::Facing::Customer,
            Facing::Upstream => report::Facing::Upstream,
        },
        probe_target: link.probe_target.clone(),
        down_when: down_when.map(|down_when| down_when.as_str().to_owned()),
        currency: company.currency.clone(),
        measured_from_ms: link.measured_from_ms,
    };
    serde_json::to_value(facts).unwrap_or_default()
}
