use store::{ClientId, Facing, NewLink, RouterId, Store};

use crate::{DAY_MS, history};

/// Links that try the pages: never measured, huge, with endless names, ended.
pub(crate) async fn fill(store: &Store, client: ClientId, router: RouterId, now_ms: i64) {
    let endless =
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft, Nebengebäude 12 b";
    let odd = [
        ("Never measured", "ODD-1", 10_000_000, Facing::Upstream, None),
        ("Huge", "ODD-2", 400_000_000_000, Facing::Customer, None),
        (
            endless,
            "CIRCUIT/WITH/A/NAME/THAT/NEVER/ENDS/2026-000000000000000017",
            64_000,
            Facing::Upstream,
            None,
        ),
        ("Ended yesterday", "ODD-4", 50_000_000, Facing::Customer, Some(now_ms - DAY_MS / 2)),
    ];
    for (n, (site, circuit, committed_bps, facing, terminated_at_ms)) in odd.into_iter().enumerate() {
        let link = NewLink {
            client_id: client,
            router_id: router,
            interface: &format!("{site}-{n}"),
            circuit,
            service_ref: None,
            kind: "ILL",
            committed_bps,
            probe_target: (n != 0).then_some("2001:db8:85a3:8d3:1319:8a2e:370:7348"),
            facing,
            site: Some(site),
            activated_at_ms: now_ms - 3 * DAY_MS,
            terminated_at_ms,
        };
        let id = store.insert_link(&link).await.unwrap();
        if n > 0 {
            history(store, &store.link(id).await.unwrap(), 5 + n, now_ms).await;
        }
    }
}
