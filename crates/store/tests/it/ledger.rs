use sla::LinkState::{Down, Up};
use sla::{ExclusionKind, Probe, StateSpan, Traffic, Verdict};
use store::{
    DownWhen, LedgerFilter, LinkId, LinkTerms, NewExclusion, Round, RoundOutcome, Sample, Span, SpanTail,
    StoreError,
};

use crate::database::{Db, on_both};
use crate::fixture::{
    DAY_MS, HOUR_MS, Isp, START_MS, bare, insert_link, isp, new_link, new_report, sample, span, statement,
};

const FIVE_MINUTES_MS: i64 = 300_000;

fn without_evidence(span: Span) -> sla::StateSpan {
    let Span { from_ms, to_ms, state, cause, evidence: _ } = span;
    sla::StateSpan { from_ms, to_ms, state, cause, evidence: serde_json::Value::Null }
}

/// Polls a future so often, and drops it.
async fn polled(future: impl Future, polls: usize) {
    let mut future = std::pin::pin!(future);
    let mut left = polls;
    std::future::poll_fn(|cx| {
        left -= 1;
        match future.as_mut().poll(cx) {
            std::task::Poll::Pending if left > 0 => std::task::Poll::Pending,
            _ => std::task::Poll::Ready(()),
        }
    })
    .await;
}

async fn write_line(db: &Db, isp: &Isp, link: LinkId, spans: Vec<Span>) {
    let mut round = Round::new(isp.router, START_MS, RoundOutcome::Ok);
    round.tails.push(SpanTail { link, from_ms: spans[0].from_ms, spans });
    db.store.write_round(&round).await.unwrap();
}

fn terms(link: LinkId, valid_from_ms: i64, uptime: &str) -> LinkTerms {
    LinkTerms {
        link_id: link,
        valid_from_ms,
        uptime_pct: Some(uptime.to_owned()),
        latency_ms: Some("20".to_owned()),
        loss_pct: None,
        down_when: DownWhen::Interface,
    }
}

fn probe(sample: &Sample) -> Probe {
    Probe { at_ms: sample.at_ms, sent: 5, received: 4, rtt_avg_us: Some(1_000) }
}

fn traffic(sample: &Sample) -> Traffic {
    Traffic { at_ms: sample.at_ms, rx_bps: sample.rx_bps, tx_bps: sample.tx_bps }
}

on_both! {
    async fn the_ledger_is_told_all_about_its_links(db) {
        let isp = isp(&db.store).await;
        let link = isp.links[1];
        write_line(db, &isp, link, vec![span(START_MS, START_MS + 10, Up, None), span(START_MS + 10, START_MS + 30, Down, None)]).await;
        let found = db.store.ledger_links(&LedgerFilter::active(START_MS, START_MS + DAY_MS)).await.unwrap();
        let ids: Vec<_> = found.iter().map(|found| found.link.id).collect();
        assert_eq!(ids, isp.links);
        assert_eq!(found[1].link, db.store.link(link).await.unwrap());
        assert_eq!((found[1].client.id, found[2].client.id), (isp.clients[0], isp.clients[1]));
        assert_eq!((found[1].company.id, found[1].router_name.as_str()), (isp.company, "edge-1"));
        assert_eq!((found[1].first_span_ms, found[1].line_end_ms), (Some(START_MS), Some(START_MS + 30)));
        assert_eq!((found[0].first_span_ms, found[0].line_end_ms), (None, None));
    }

    async fn the_ledger_asks_for_some_links(db) {
        let isp = isp(&db.store).await;
        let brand = db.store.insert_company("Other", "UTC", "INR", START_MS).await.unwrap();
        let client = db.store.insert_client(brand, "Acme", START_MS).await.unwrap();
        let other = insert_link(&db.store, client, isp.router, "X-1", "sfp1").await;
        let late = store::NewLink { activated_at_ms: START_MS + DAY_MS, ..new_link(client, isp.router, "X-2", "sfp2") };
        let late = db.store.insert_link(&late).await.unwrap();
        db.store.terminate_link(isp.links[3], START_MS, START_MS).await.unwrap();
        let found = async |filter: LedgerFilter| -> Vec<LinkId> {
            db.store.ledger_links(&filter).await.unwrap().into_iter().map(|found| found.link.id).collect()
        };
        let day = LedgerFilter::active(START_MS, START_MS + DAY_MS);
        let [one, two, three, four] = isp.links;
        assert_eq!(found(day).await, [one, two, three, other], "neither the terminated nor the one to come");
        assert_eq!(found(LedgerFilter::active(START_MS - 1, START_MS + DAY_MS + 1)).await, [one, two, three, four, other, late]);
        assert_eq!(found(LedgerFilter { company: Some(brand), ..day }).await, [other]);
        assert_eq!(found(LedgerFilter { client: Some(isp.clients[0]), ..day }).await, [one, two]);
        assert_eq!(found(LedgerFilter { link: Some(two), ..day }).await, [two]);
        // Closed for good, so far, and not at all.
        let so_far = sla::Statement { so_far: true, ..statement("2026-11", Verdict::Met) };
        let reports = [new_report(&isp, 0, &statement("2026-11", Verdict::Met)), new_report(&isp, 1, &so_far)];
        db.store.write_reports(&reports, START_MS).await.unwrap();
        let month = |text: &str| Some(text.parse().unwrap());
        assert_eq!(found(LedgerFilter { unreported: month("2026-11"), ..day }).await, [two, three, other]);
        assert_eq!(found(LedgerFilter { unreported: month("2026-10"), ..day }).await, [one, two, three, other]);
    }

    /// A month that is reckoned again later must have the same inputs.
    async fn inputs_end_with_their_period(db) {
        let isp = isp(&db.store).await;
        let link = isp.links[0];
        let (from_ms, to_ms) = (START_MS, START_MS + DAY_MS);
        let line = vec![
            span(from_ms - 500, from_ms - 100, Down, Some("router_reboot")),
            span(from_ms - 100, from_ms + 100, Down, Some("link_down")),
            span(from_ms + 100, to_ms - 50, Up, None),
            span(to_ms - 50, to_ms + 9_000, Down, Some("link_down")),
            span(to_ms + 9_000, to_ms + 9_500, Up, None),
        ];
        write_line(db, &isp, link, line.clone()).await;
        for (valid_from_ms, uptime) in [(from_ms - 9, "97"), (from_ms - 5, "98"), (from_ms + 5, "99.50"), (to_ms, "99.99")] {
            db.store.insert_terms(&terms(link, valid_from_ms, uptime)).await.unwrap();
        }
        let exclusion = |from_ms, to_ms| NewExclusion {
            link_id: link, from_ms, to_ms, kind: ExclusionKind::Suspension, reason: "unpaid", entered_by: "cli",
        };
        let ids = db.store.insert_exclusions(&[
            exclusion(from_ms - 10, Some(from_ms)),
            exclusion(from_ms - 10, Some(from_ms + 1)),
            exclusion(from_ms + 20, Some(from_ms + 21)),
            exclusion(from_ms + 30, None),
            exclusion(from_ms + 40, Some(to_ms + 40)),
            exclusion(to_ms, None),
        ], from_ms + 25).await.unwrap();
        db.store.remove_exclusion(ids[2], "cli", to_ms).await.unwrap();

        let found = db.store.ledger_inputs(&[link, isp.links[1]], from_ms, to_ms).await.unwrap();
        assert_eq!((found[0].link, found[1].link), (link, isp.links[1]));
        let expected: Vec<_> = line[1..4].iter().map(|span| StateSpan {
            from_ms: span.from_ms,
            to_ms: span.to_ms.min(to_ms),
            state: span.state,
            cause: span.cause.clone(),
            evidence: span.evidence.clone(),
        }).collect();
        assert_eq!(found[0].spans, expected);
        let ends: Vec<_> = found[0].exclusions.iter().map(|found| (found.from_ms - from_ms, found.to_ms)).collect();
        assert_eq!(ends, [(-10, from_ms + 1), (30, to_ms), (40, to_ms)]);
        assert_eq!(found[0].exclusions[1].entered_at_ms, Some(from_ms + 25));
        assert_eq!(found[0].exclusions[1].reason.as_deref(), Some("unpaid"));
        assert_eq!(found[0].exclusions[1].kind, ExclusionKind::Suspension);
        let figures: Vec<_> = found[0].terms.iter().map(|terms| terms.uptime_pct.unwrap().to_string()).collect();
        assert_eq!(figures, ["98", "99.50"]);
        assert_eq!(found[0].terms[0].latency_ms.unwrap().to_string(), "20");
        assert_eq!(found[0].terms[0].loss_pct, None);
        let nothing = &found[1];
        assert!(nothing.spans.is_empty() && nothing.exclusions.is_empty() && nothing.terms.is_empty());
        assert!(nothing.probes.is_empty() && nothing.traffic.is_empty());

        let line_link = &db.store.ledger_links(&LedgerFilter { link: Some(link), ..LedgerFilter::active(from_ms, to_ms) }).await.unwrap()[0];
        assert_eq!((line_link.active(to_ms).from_ms, line_link.active(to_ms).to_ms), (START_MS - 30 * DAY_MS, None));
        db.store.terminate_link(link, to_ms, to_ms).await.unwrap();
        let line_link = &db.store.ledger_links(&LedgerFilter { link: Some(link), ..LedgerFilter::active(from_ms, to_ms) }).await.unwrap()[0];
        assert_eq!((line_link.active(to_ms).to_ms, line_link.active(to_ms + 1).to_ms), (None, Some(to_ms)));
    }

    /// What the fast way of reading gives must be what `samples` gives, whatever the links and the period.
    async fn samples_are_those_of_each_link_and_the_period(db) {
        let isp = isp(&db.store).await;
        let mut links = isp.links.to_vec();
        for index in 0..12 {
            links.push(insert_link(&db.store, isp.clients[0], isp.router, &format!("M-{index}"), &format!("sfp{index}")).await);
        }
        let mut all = Vec::new();
        for (index, &link) in links.iter().enumerate() {
            for step in 0..40 {
                let at_ms = START_MS - HOUR_MS + step * FIVE_MINUTES_MS + index as i64;
                all.push(if step % 7 == 3 { bare(link, at_ms) } else { sample(link, at_ms) });
            }
        }
        all.push(Sample { sent: None, received: None, ..sample(links[0], START_MS + 250) });
        all.push(Sample { rx_bps: None, tx_bps: None, received: None, ..sample(links[0], START_MS + 260) });
        db.store.write_samples(&all).await.unwrap();
        let everything = (0, i64::MAX);
        let periods = [everything, (START_MS + 3, START_MS + HOUR_MS + 7), (START_MS + 1, START_MS + 2), (0, 1_000)];
        // Neighbours, apart, out of order, one, and one that does not exist.
        let asked: [&[LinkId]; 4] =
            [&links, &[links[15], links[0], links[9]], &[links[4], links[5], links[7]], &[LinkId(7)]];
        for (from_ms, to_ms) in periods {
            for asked in asked {
                let found = db.store.ledger_inputs(asked, from_ms, to_ms).await.unwrap();
                assert_eq!(found.iter().map(|found| found.link).collect::<Vec<_>>(), asked);
                for found in found {
                    let samples = db.store.samples(found.link, from_ms, to_ms).await.unwrap();
                    let probes: Vec<_> = samples.iter().filter(|sample| sample.sent.is_some())
                        .map(|sample| Probe { received: sample.received.unwrap_or(0) as u32, ..probe(sample) })
                        .collect();
                    assert_eq!(found.probes, probes);
                    let rates: Vec<_> = samples.iter().filter(|sample| sample.rx_bps.is_some()).map(traffic).collect();
                    assert!(found.traffic.len() <= rates.len());
                    assert_eq!(found.traffic.is_empty(), rates.is_empty());
                    if found.link != links[0] {
                        assert_eq!(found.traffic, rates, "a single reading of a bucket stays as it is");
                    }
                }
            }
        }
    }

    async fn a_question_that_makes_no_sense_is_refused(db) {
        let isp = isp(&db.store).await;
        let many: Vec<_> = (0..=store::LEDGER_LINKS_MAX as i64).map(LinkId).collect();
        let twice = [isp.links[0], isp.links[0]];
        for (links, to_ms) in [(&many[..], 10), (&twice, 10), (&isp.links, 0)] {
            let error = db.store.ledger_inputs(links, 0, to_ms).await.unwrap_err();
            assert!(matches!(error, StoreError::Invalid { what: "a ledger's question", .. }), "{error:?}");
        }
        assert!(db.store.ledger_inputs(&[], 0, 10).await.unwrap().is_empty());
    }

    /// Pages that show all links of a client in one question each.
    async fn a_client_sees_the_lines_of_its_own_links(db) {
        let isp = isp(&db.store).await;
        for (index, &link) in isp.links.iter().enumerate() {
            let at_ms = START_MS + index as i64 * 1_000;
            write_line(db, &isp, link, vec![span(at_ms, at_ms + 100, Down, Some("link_down")), span(at_ms + 100, at_ms + 200, Up, None)]).await;
            db.store.insert_terms(&terms(link, START_MS, "99.50")).await.unwrap();
        }
        let [acme, bolt] = isp.clients;
        let store = &db.store;
        for (client, links) in [(acme, &isp.links[..2]), (bolt, &isp.links[2..])] {
            let spans = store.state_spans_for_client(client, 0, i64::MAX).await.unwrap();
            let mut expected = Vec::new();
            for &link in links {
                expected.extend(store.spans(link, 0, i64::MAX).await.unwrap().into_iter().map(|span| (link, without_evidence(span))));
            }
            assert_eq!((spans.len(), &spans), (4, &expected));
            let outages = store.outages_for_client_links(client, 0, i64::MAX, 10).await.unwrap();
            assert_eq!(outages.iter().map(|outage| outage.link).collect::<Vec<_>>(), [links[1], links[0]], "newest first");
            assert_eq!(store.outages_for_client_links(client, 0, i64::MAX, 1).await.unwrap(), outages[..1]);
            let found = store.terms_for_client(client).await.unwrap();
            assert_eq!(found.iter().map(|terms| terms.link_id).collect::<Vec<_>>(), links);
        }
        let window = store.state_spans_for_client(acme, START_MS + 150, START_MS + 1_050).await.unwrap();
        assert_eq!(window.iter().map(|(_, span)| span.from_ms - START_MS).collect::<Vec<_>>(), [100, 1_000]);
        assert!(store.outages_for_client_links(acme, START_MS + 100, START_MS + 1_000, 10).await.unwrap().is_empty());
    }

    /// A reader that goes away half-way (a browser that closes a page) must not leave its transaction to the next one.
    async fn a_reading_that_is_given_up_half_way_harms_nobody(db) {
        let isp = isp(&db.store).await;
        for polls in 1..40 {
            polled(db.store.ledger_inputs(&isp.links, 0, START_MS), polls).await;
            // Whoever gets that connection next.
            let names: Vec<String> = (0..4).map(|n| format!("Company {polls}.{n}")).collect();
            let writes = names.iter().map(|name| db.store.insert_company(name, "UTC", "EUR", START_MS));
            futures_util::future::try_join_all(writes).await.unwrap();
        }
    }
}
