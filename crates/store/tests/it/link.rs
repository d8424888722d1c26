use sla::LinkState::{Down, Up};
use store::{DownWhen, Facing, LinkId, LinkTerms, NewLink, Round, RoundOutcome, SpanTail, StoreError};

use crate::database::on_both;
use crate::fixture::{DAY_MS, START_MS, insert_link, insert_router, isp, latest, new_link, span};

fn terms(link: LinkId, valid_from_ms: i64, uptime: &str, down_when: DownWhen) -> LinkTerms {
    LinkTerms {
        link_id: link,
        valid_from_ms,
        uptime_pct: Some(uptime.to_owned()),
        latency_ms: Some("20".to_owned()),
        loss_pct: None,
        down_when,
    }
}

on_both! {
    async fn a_link_comes_back_as_entered(db) {
        let isp = isp(&db.store).await;
        let new = NewLink { facing: Facing::Upstream, site: Some("Pune"), terminated_at_ms: Some(START_MS + DAY_MS),
            ..new_link(isp.clients[0], isp.router, "P2P-9", "sfp1") };
        let id = db.store.insert_link(&new).await.unwrap();
        let link = db.store.link_by_circuit("P2P-9").await.unwrap().unwrap();
        assert_eq!((link.id, link.client_id, link.router_id), (id, isp.clients[0], isp.router));
        assert_eq!((link.interface.as_str(), link.facing, link.kind.as_str()), ("sfp1", Facing::Upstream, "ILL"));
        assert_eq!((link.service_ref.as_deref(), link.site.as_deref()), (Some("SR-7"), Some("Pune")));
        assert_eq!((link.committed_bps, link.probe_target.as_deref()), (100_000_000, Some("198.51.100.9")));
        assert_eq!((link.activated_at_ms, link.terminated_at_ms), (START_MS - 30 * DAY_MS, Some(START_MS + DAY_MS)));
        assert_eq!(db.store.link(id).await.unwrap(), link);
        assert_eq!(db.store.links().await.unwrap().len(), 5);
    }

    /// The same link entered twice would be credited twice.
    async fn an_interface_carries_one_live_link(db) {
        let isp = isp(&db.store).await;
        let error = db.store.insert_link(&new_link(isp.clients[1], isp.router, "C-new", "ether0")).await.unwrap_err();
        assert_eq!(error.to_string(), "there is already a link with this router interface: choose another");
        let error = db.store.insert_link(&new_link(isp.clients[1], isp.router, "C-0", "ether9")).await.unwrap_err();
        assert_eq!(error.to_string(), "there is already a link \"C-0\": choose another name");
        db.store.terminate_link(isp.links[0], START_MS, START_MS).await.unwrap();
        let next = |from_ms| NewLink { activated_at_ms: from_ms, ..new_link(isp.clients[1], isp.router, "C-new", "ether0") };
        let error = db.store.insert_link(&next(START_MS - 1)).await.unwrap_err();
        assert!(matches!(error, StoreError::Duplicate { field: "router interface", .. }), "both at once: {error:?}");
        db.store.insert_link(&next(START_MS)).await.unwrap();
        let error = db.store.insert_link(&new_link(store::ClientId(1), isp.router, "C-x", "ether8")).await.unwrap_err();
        assert!(matches!(error, StoreError::Dangling { what: "link" }), "{error:?}");
        let zero = NewLink { committed_bps: 0, ..new_link(isp.clients[0], isp.router, "C-y", "ether7") };
        let error = db.store.insert_link(&zero).await.unwrap_err();
        assert!(matches!(error, StoreError::Invalid { what: "link", .. }), "{error:?}");
    }

    /// A client page that asks with a foreign id must get the same answer as for an id that does not exist.
    async fn a_foreign_link_is_no_link(db) {
        let isp = isp(&db.store).await;
        let [acme, bolt] = isp.clients;
        let mine = isp.links[0];
        assert_eq!(db.store.links_of_client(bolt).await.unwrap().len(), 2);
        assert!(db.store.link_of_client(acme, mine).await.unwrap().is_some());
        assert!(db.store.link_of_client(bolt, mine).await.unwrap().is_none());
        assert!(db.store.samples_for_client(acme, mine, 0, i64::MAX).await.unwrap().is_some());
        assert!(db.store.samples_for_client(bolt, mine, 0, i64::MAX).await.unwrap().is_none());
        assert!(db.store.spans_for_client(acme, mine, 0, i64::MAX).await.unwrap().is_some());
        assert!(db.store.spans_for_client(bolt, mine, 0, i64::MAX).await.unwrap().is_none());
        assert!(db.store.outages_for_client(acme, mine, 0, i64::MAX).await.unwrap().is_some());
        assert!(db.store.outages_for_client(bolt, mine, 0, i64::MAX).await.unwrap().is_none());
        let hourly = store::Resolution::Hour;
        assert!(db.store.rollups_for_client(acme, mine, hourly, 0, i64::MAX).await.unwrap().is_some());
        assert!(db.store.rollups_for_client(bolt, mine, hourly, 0, i64::MAX).await.unwrap().is_none());
        assert!(db.store.link_of_client(acme, LinkId(999_999)).await.unwrap().is_none());
        let circuits: Vec<_> =
            db.store.latest_for_client(bolt).await.unwrap().into_iter().map(|(link, _)| link.circuit).collect();
        assert_eq!(circuits, ["C-2", "C-3"]);
    }

    async fn terms_hold_from_their_date_on(db) {
        let isp = isp(&db.store).await;
        let link = isp.links[1];
        let first = terms(link, START_MS, "99.50", DownWhen::Interface);
        let second = terms(link, START_MS + DAY_MS, "99.90", DownWhen::InterfaceOrNoAnswer);
        db.store.insert_terms(&second).await.unwrap();
        db.store.insert_terms(&first).await.unwrap();
        assert_eq!(db.store.terms(link).await.unwrap(), [first.clone(), second.clone()]);
        assert_eq!(db.store.terms_in_force(link, START_MS - 1).await.unwrap(), None);
        assert_eq!(db.store.terms_in_force(link, START_MS).await.unwrap(), Some(first.clone()));
        assert_eq!(db.store.terms_in_force(link, START_MS + DAY_MS - 1).await.unwrap(), Some(first.clone()));
        assert_eq!(db.store.terms_in_force(link, START_MS + DAY_MS).await.unwrap(), Some(second));
        let error = db.store.insert_terms(&first).await.unwrap_err();
        assert!(matches!(error, StoreError::Duplicate { what: "terms", field: "start date", .. }), "{error:?}");
    }

    async fn a_link_and_its_first_terms_are_entered_together(db) {
        let isp = isp(&db.store).await;
        let agreed = terms(LinkId(1), START_MS, "99.50", DownWhen::Interface);
        let new = new_link(isp.clients[0], isp.router, "C-new", "sfp1");
        let link = db.store.insert_link_with_terms(&new, &agreed).await.unwrap();
        assert_eq!(db.store.terms(link).await.unwrap(), [LinkTerms { link_id: link, ..agreed.clone() }]);
        let taken = new_link(isp.clients[0], isp.router, "C-new", "sfp2");
        let error = db.store.insert_link_with_terms(&taken, &agreed).await.unwrap_err();
        assert!(matches!(error, StoreError::Duplicate { what: "link", field: "circuit", .. }), "{error:?}");
        assert_eq!(db.store.links().await.unwrap().len(), 5);
    }

    async fn the_collector_is_told_what_is_under_contract(db) {
        let isp = isp(&db.store).await;
        let idle = insert_router(&db.store, isp.company, "a-idle").await;
        let off = insert_router(&db.store, isp.company, "z-off").await;
        db.store.set_router_active(off, false).await.unwrap();
        insert_link(&db.store, isp.clients[0], off, "C-off", "ether1").await;
        db.store.insert_terms(&terms(isp.links[0], START_MS, "99", DownWhen::Interface)).await.unwrap();
        db.store.insert_terms(&terms(isp.links[0], START_MS + 5, "99", DownWhen::InterfaceOrNoAnswer)).await.unwrap();
        db.store.terminate_link(isp.links[3], START_MS + 10, START_MS).await.unwrap();
        let mut round = Round::new(isp.router, START_MS, RoundOutcome::Ok);
        round.latest.push(latest(isp.links[1], START_MS));
        db.store.write_round(&round).await.unwrap();

        let targets = db.store.collector_targets(START_MS + 9).await.unwrap();
        let routers: Vec<_> = targets.iter().map(|target| target.router.id).collect();
        assert_eq!(routers, [idle, isp.router]);
        let links: Vec<_> = targets[1].links.iter().map(|target| target.link.id).collect();
        assert_eq!(links, isp.links);
        assert!(targets[0].links.is_empty());
        assert_eq!(targets[1].links[0].down_when, DownWhen::InterfaceOrNoAnswer);
        assert_eq!(targets[1].links[1].down_when, DownWhen::Interface, "without terms");
        assert_eq!(targets[1].links[1].latest, Some(latest(isp.links[1], START_MS)));
        assert_eq!(targets[1].links[0].latest, None);
        assert_eq!(db.store.collector_targets(START_MS + 10).await.unwrap()[1].links.len(), 3, "terminated");
        assert!(db.store.collector_targets(START_MS - 40 * DAY_MS).await.unwrap()[1].links.is_empty(), "not yet");
    }

    /// Nobody looks at a terminated link any more: its outage would stay open for ever.
    async fn an_outage_ends_with_its_contract(db) {
        let isp = isp(&db.store).await;
        let [down, over, unlooked, other] = isp.links;
        let mut round = Round::new(isp.router, START_MS, RoundOutcome::Ok);
        for link in isp.links {
            let line = vec![span(START_MS, START_MS + 100, Up, None), span(START_MS + 100, START_MS + 500, Down, Some("link_down"))];
            round.tails.push(SpanTail { link, from_ms: START_MS, spans: line });
        }
        db.store.write_round(&round).await.unwrap();
        let found = async |link| {
            let outages = db.store.outages(link, 0, i64::MAX).await.unwrap();
            assert_eq!(outages.len(), 1);
            (outages[0].from_ms - START_MS, outages[0].to_ms.map(|to_ms| to_ms - START_MS))
        };
        db.store.terminate_link(down, START_MS + 530, START_MS + 540).await.unwrap();
        assert_eq!(found(down).await, (100, Some(530)), "it was down until the contract ended");
        db.store.terminate_link(over, START_MS + 300, START_MS + 540).await.unwrap();
        assert_eq!(found(over).await, (100, Some(300)), "what came after is no outage of the contract");
        db.store.terminate_link(unlooked, START_MS + 50, START_MS + 540).await.unwrap();
        assert_eq!(found(unlooked).await, (100, Some(500)), "it began after the contract and ends with what was seen");
        let line = db.store.spans(over, 0, i64::MAX).await.unwrap();
        assert_eq!(line, round.tails[1].spans, "what was seen stays as it was seen");

        db.store.terminate_link(other, START_MS + 900, START_MS + 540).await.unwrap();
        assert_eq!(found(other).await, (100, None), "the contract has not ended yet");
        assert_eq!(db.store.end_terminated_outages(START_MS + 899).await.unwrap(), 0);
        assert_eq!(db.store.end_terminated_outages(START_MS + 900).await.unwrap(), 1);
        assert_eq!(found(other).await, (100, Some(900)));
        assert_eq!(db.store.end_terminated_outages(START_MS + 901).await.unwrap(), 0, "once");
        let error = db.store.terminate_link(LinkId(7), START_MS, START_MS).await.unwrap_err();
        assert!(matches!(error, StoreError::NotFound { what: "link" }), "{error:?}");
    }
}
