//! Links whose interface is not on its router.

use sla::LinkState;
use store::{Latest, LinkId, MissingPort, Round, RoundOutcome};

use crate::database::on_both;
use crate::fixture::{DAY_MS, START_MS, isp, latest};

fn standing(link: LinkId, cause: &str) -> Latest {
    Latest { state: LinkState::Unknown, cause: Some(cause.to_owned()), ..latest(link, START_MS) }
}

on_both! {
    async fn links_under_contract_without_their_interface_are_named_by_circuit(db) {
        let isp = isp(&db.store).await;
        assert!(db.store.missing_ports(START_MS).await.unwrap().is_empty(), "nothing was polled yet");
        let mut round = Round::new(isp.router, START_MS, RoundOutcome::Ok);
        // One of another cause, one that ends a day later, and one that stays, entered against the order of circuits.
        round.latest = vec![
            standing(isp.links[3], "interface_missing"),
            standing(isp.links[2], "router_unreachable"),
            standing(isp.links[1], "interface_missing"),
            latest(isp.links[0], START_MS),
        ];
        db.store.write_round(&round).await.unwrap();
        db.store.terminate_link(isp.links[1], START_MS + DAY_MS, START_MS).await.unwrap();
        let port = |link: usize| MissingPort {
            link_id: isp.links[link],
            circuit: format!("C-{link}"),
            router: "edge-1".to_owned(),
            interface: format!("ether{link}"),
            since_ms: START_MS - 1,
        };
        assert_eq!(db.store.missing_ports(START_MS).await.unwrap(), [port(1), port(3)]);
        assert_eq!(db.store.missing_ports(START_MS + DAY_MS).await.unwrap(), [port(3)], "whose contract has ended is no port");
        // It is there again, which a later round says.
        let mut round = Round::new(isp.router, START_MS + 30_000, RoundOutcome::Ok);
        round.latest = vec![Latest { state: LinkState::Up, cause: None, ..latest(isp.links[3], START_MS + 30_000) }];
        db.store.write_round(&round).await.unwrap();
        assert_eq!(db.store.missing_ports(START_MS).await.unwrap(), [port(1)]);
    }
}
