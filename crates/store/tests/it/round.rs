use sla::LinkState::{Down, Unknown, Up};
use store::{LinkId, Round, RoundOutcome, Span, SpanTail, StoreError};

use crate::database::{Db, on_both};
use crate::fixture::{HOUR_MS, Isp, START_MS, insert_router, isp, latest, sample, span};

/// A round with something of everything.
fn full_round(isp: &Isp, at_ms: i64) -> Round {
    let mut round = Round::new(isp.router, at_ms, RoundOutcome::Ok);
    for link in isp.links {
        round.samples.push(sample(link, at_ms));
        let spans = vec![
            span(at_ms - 2_000, at_ms - 1_000, Up, None),
            span(at_ms - 1_000, at_ms, Down, Some("link_down")),
        ];
        round.tails.push(SpanTail { link, from_ms: at_ms - 2_000, spans });
        round.latest.push(latest(link, at_ms));
    }
    round.uptime_ms = Some(5_000);
    round.version = Some("7.18.2".to_owned());
    round.clock_offset_ms = Some(-7);
    round.skipped_rounds = 2;
    round
}

/// Everything that rounds write, as text.
async fn written(db: &Db, isp: &Isp) -> String {
    let mut text = format!("{:?}\n", db.store.router_statuses().await.unwrap());
    for link in isp.links {
        let store = &db.store;
        let spans = store.spans(link, 0, i64::MAX).await.unwrap();
        let outages = store.outages(link, 0, i64::MAX).await.unwrap();
        let samples = store.samples(link, 0, i64::MAX).await.unwrap();
        text.push_str(&format!(
            "{spans:?}\n{outages:?}\n{samples:?}\n{:?}\n",
            store.latest(link).await.unwrap()
        ));
    }
    text
}

on_both! {
    async fn a_round_comes_back_as_it_was(db) {
        let isp = isp(&db.store).await;
        let round = full_round(&isp, START_MS + 5_000);
        db.store.write_round(&round).await.unwrap();
        let link = isp.links[2];
        assert_eq!(db.store.samples(link, 0, i64::MAX).await.unwrap(), [round.samples[2].clone()]);
        assert_eq!(db.store.spans(link, 0, i64::MAX).await.unwrap(), round.tails[2].spans);
        assert_eq!(db.store.latest(link).await.unwrap(), Some(round.latest[2].clone()));
        let of_client = db.store.latest_for_client(isp.clients[1]).await.unwrap();
        assert_eq!(of_client[0].1, Some(round.latest[2].clone()));
        let outages = db.store.outages(link, 0, i64::MAX).await.unwrap();
        assert_eq!((outages[0].from_ms, outages[0].to_ms), (START_MS + 4_000, None));
        assert_eq!((outages[0].link, outages[0].cause.as_deref()), (link, Some("link_down")));
        assert_eq!(outages[0].evidence, serde_json::json!({"seen": "probe"}));
    }

    /// PostgreSQL stores no U+0000; one router that sends it must not lose its rounds, nor those written with them.
    async fn a_nul_in_a_routers_text_fails_no_round(db) {
        let isp = isp(&db.store).await;
        let other = insert_router(&db.store, isp.company, "edge-2").await;
        let nul = |at_ms: i64| {
            let mut round = full_round(&isp, at_ms);
            round.version = Some("7.18\u{0}".to_owned());
            for span in &mut round.tails[0].spans {
                span.cause = Some("link\u{0}down".to_owned());
                span.evidence = serde_json::json!({"na\u{0}me": ["\u{0}", {"n": 9_007_199_254_740_993_i64}]});
            }
            round.latest[0].cause = Some("\u{0}".to_owned());
            round
        };
        let away = Round::new(other, START_MS, RoundOutcome::Unreachable("no\u{0}route".to_owned()));
        let outcomes = db.store.write_rounds(&[nul(START_MS), away]).await.unwrap();
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        let status = db.store.router_status(isp.router).await.unwrap().unwrap();
        assert_eq!(status.version.as_deref(), Some("7.18\u{fffd}"));
        let status = db.store.router_status(other).await.unwrap().unwrap();
        assert_eq!(status.last_error.as_deref(), Some("no\u{fffd}route"));
        let spans = db.store.spans(isp.links[0], 0, i64::MAX).await.unwrap();
        assert_eq!(spans[0].cause.as_deref(), Some("link\u{fffd}down"));
        assert_eq!(spans[0].evidence, serde_json::json!({"na\u{fffd}me": ["\u{fffd}", {"n": 9_007_199_254_740_993_i64}]}));
        let now = db.store.latest(isp.links[0]).await.unwrap().unwrap();
        assert_eq!(now.cause.as_deref(), Some("\u{fffd}"));
        assert_eq!(now.memory, latest(isp.links[0], START_MS).memory, "the collector's own comes back as it was given");
        // The same state goes on: it is known again, and not a new span.
        let mut more = Round::new(isp.router, START_MS + 500, RoundOutcome::Ok);
        let last = nul(START_MS).tails[0].spans[1].clone();
        let going_on = Span { from_ms: START_MS, to_ms: START_MS + 500, ..last };
        more.tails.push(SpanTail { link: isp.links[0], from_ms: START_MS, spans: vec![going_on] });
        db.store.write_round(&more).await.unwrap();
        let after = db.store.spans(isp.links[0], 0, i64::MAX).await.unwrap();
        assert_eq!((after.len(), after[1].to_ms), (spans.len(), START_MS + 500));
    }

    async fn a_round_written_twice_changes_nothing(db) {
        let isp = isp(&db.store).await;
        let round = full_round(&isp, START_MS + 5_000);
        db.store.write_round(&round).await.unwrap();
        let once = written(db, &isp).await;
        db.store.write_round(&round).await.unwrap();
        assert_eq!(written(db, &isp).await, once);
        assert_eq!(db.store.router_status(isp.router).await.unwrap().unwrap().skipped_rounds, 2, "counted once");
    }

    /// A round that comes late, after the next one, would cut off what that one wrote.
    async fn an_older_round_is_refused_whole(db) {
        let isp = isp(&db.store).await;
        let older = full_round(&isp, START_MS + 5_000);
        db.store.write_round(&older).await.unwrap();
        db.store.write_round(&full_round(&isp, START_MS + 9_000)).await.unwrap();
        let before = written(db, &isp).await;
        let error = db.store.write_round(&older).await.unwrap_err();
        assert!(matches!(error, StoreError::OutOfOrder { .. }), "{error:?}");
        assert_eq!(written(db, &isp).await, before);
    }

    async fn a_round_that_fails_leaves_nothing(db) {
        let isp = isp(&db.store).await;
        let before = written(db, &isp).await;
        let mut round = full_round(&isp, START_MS);
        round.latest.push(latest(LinkId(1), START_MS));
        let error = db.store.write_round(&round).await.unwrap_err();
        assert!(matches!(error, StoreError::Dangling { what: "latest state" }), "{error:?}");
        let mut round = full_round(&isp, START_MS);
        round.tails[3].spans.reverse();
        let error = db.store.write_round(&round).await.unwrap_err();
        assert!(matches!(error, StoreError::Invalid { .. }), "{error:?}");
        let mut round = full_round(&isp, START_MS);
        round.tails[1].link = LinkId(1);
        let error = db.store.write_round(&round).await.unwrap_err();
        assert!(matches!(error, StoreError::Dangling { .. }), "{error:?}");
        assert_eq!(written(db, &isp).await, before);
        db.store.write_round(&full_round(&isp, START_MS)).await.unwrap();
    }

    /// The same rounds one by one, each in its own transaction, are what a batch must come to.
    async fn rounds_written_together_are_as_if_written_one_by_one(db) {
        let isp = isp(&db.store).await;
        let other = crate::fixture::insert_router(&db.store, isp.company, "edge-2").await;
        let mut rounds: Vec<Round> = (1..=3).map(|step| full_round(&isp, START_MS + step * 5_000)).collect();
        rounds.insert(1, Round { skipped_rounds: 7, ..Round::new(other, START_MS, RoundOutcome::Ok) });
        for round in &rounds {
            db.store.write_round(round).await.unwrap();
        }
        let one_by_one = written(db, &isp).await;
        let again = crate::database::Db::new(matches!(db.location, store::Location::Postgres(_))).await;
        let same = crate::fixture::isp(&again.store).await;
        crate::fixture::insert_router(&again.store, same.company, "edge-2").await;
        let outcomes = again.store.write_rounds(&rounds).await.unwrap();
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        assert_eq!(written(&again, &same).await, one_by_one, "two rounds of one router keep their order");
        let outcomes = again.store.write_rounds(&rounds[2..]).await.unwrap();
        assert!(matches!(outcomes[0], Err(StoreError::OutOfOrder { .. })), "{outcomes:?}");
        assert!(outcomes[1].is_ok(), "{outcomes:?}");
        assert_eq!(written(&again, &same).await, one_by_one);
        again.remove().await;
    }

    async fn a_batch_written_twice_changes_nothing(db) {
        let isp = isp(&db.store).await;
        let other = crate::fixture::insert_router(&db.store, isp.company, "edge-2").await;
        let gone = RoundOutcome::Unreachable("no route".to_owned());
        let second = Round { skipped_rounds: 1, ..Round::new(other, START_MS, gone) };
        let rounds = [full_round(&isp, START_MS + 5_000), second];
        assert!(db.store.write_rounds(&[]).await.unwrap().is_empty());
        assert!(db.store.write_rounds(&rounds).await.unwrap().iter().all(Result::is_ok));
        let once = written(db, &isp).await;
        assert!(db.store.write_rounds(&rounds).await.unwrap().iter().all(Result::is_ok));
        assert_eq!(written(db, &isp).await, once);
        assert_eq!(db.store.router_status(other).await.unwrap().unwrap().skipped_rounds, 1, "counted once");
    }

    /// Without the fall-back one removed link would keep out every round that ended at the same time.
    async fn a_refused_round_keeps_no_other_out(db) {
        let isp = isp(&db.store).await;
        let mut rounds = vec![full_round(&isp, START_MS + 5_000)];
        for (name, spoil) in [("edge-2", 0), ("edge-3", 1), ("edge-4", 2)] {
            let router = crate::fixture::insert_router(&db.store, isp.company, name).await;
            let mut round = Round::new(router, START_MS, RoundOutcome::Ok);
            match spoil {
                0 => round.latest.push(latest(LinkId(1), START_MS)),
                1 => {
                    let spans = vec![span(START_MS, START_MS, Up, None)];
                    round.tails.push(SpanTail { link: isp.links[0], from_ms: START_MS, spans });
                }
                _ => {}
            }
            rounds.push(round);
        }
        rounds.push(Round::new(isp.router, START_MS, RoundOutcome::Ok));
        let outcomes = db.store.write_rounds(&rounds).await.unwrap();
        assert!(matches!(outcomes[1], Err(StoreError::Dangling { .. })), "{outcomes:?}");
        assert!(matches!(outcomes[2], Err(StoreError::Invalid { .. })), "{outcomes:?}");
        assert!(matches!(outcomes[4], Err(StoreError::OutOfOrder { .. })), "{outcomes:?}");
        let statuses = db.store.router_statuses().await.unwrap();
        let kept: Vec<_> = statuses.iter().map(|status| status.router).collect();
        assert_eq!(kept, [rounds[0].router, rounds[3].router]);
        assert_eq!(db.store.samples(isp.links[3], 0, i64::MAX).await.unwrap(), [rounds[0].samples[3].clone()]);
    }

    /// One link that goes on, one that changes and one that is new: each must come out as if it were alone.
    async fn tails_that_only_go_on_and_others_mix(db) {
        let isp = isp(&db.store).await;
        let tail = |index: usize, spans: Vec<_>| {
            let from_ms = spans.first().map_or(0, |span: &store::Span| span.from_ms);
            SpanTail { link: isp.links[index], from_ms, spans }
        };
        let (a, b, c) = (START_MS, START_MS + 1_000, START_MS + 2_000);
        let mut first = Round::new(isp.router, b, RoundOutcome::Ok);
        first.tails = vec![
            tail(0, vec![span(a, b, Up, None)]),
            tail(1, vec![span(a, b, Down, Some("link_down"))]),
            tail(2, vec![span(a, b, Up, None)]),
        ];
        db.store.write_round(&first).await.unwrap();
        let mut second = Round::new(isp.router, c, RoundOutcome::Ok);
        second.tails = vec![
            tail(0, vec![span(b, c, Up, None)]),
            tail(1, vec![span(b, c, Down, Some("link_down"))]),
            tail(2, vec![span(b, c, Down, Some("link_down"))]),
            tail(3, vec![span(b, c, Up, None)]),
        ];
        for _ in 0..2 {
            db.store.write_round(&second).await.unwrap();
            let mut lines = Vec::new();
            for link in isp.links {
                let spans = db.store.spans(link, 0, i64::MAX).await.unwrap();
                lines.push(spans.iter().map(|span| (span.from_ms, span.to_ms, span.state)).collect::<Vec<_>>());
            }
            let expected =
                [vec![(a, c, Up)], vec![(a, c, Down)], vec![(a, b, Up), (b, c, Down)], vec![(b, c, Up)]];
            assert_eq!(lines, expected);
            for (index, from_ms) in [(1, a), (2, b)] {
                let outages = db.store.outages(isp.links[index], 0, i64::MAX).await.unwrap();
                assert_eq!(outages.len(), 1, "one row per outage");
                assert_eq!((outages[0].from_ms, outages[0].to_ms), (from_ms, None));
            }
        }
    }

    async fn the_status_tells_since_when(db) {
        let isp = isp(&db.store).await;
        let gone = || RoundOutcome::Unreachable("edge-1 did not answer".to_owned());
        let mut first = Round::new(isp.router, START_MS, RoundOutcome::Ok);
        first.version = Some("7.4".to_owned());
        first.uptime_ms = Some(77);
        db.store.write_round(&first).await.unwrap();
        for (at_ms, outcome) in [(1, gone()), (2, gone()), (3, gone())] {
            let round = Round { skipped_rounds: 1, ..Round::new(isp.router, START_MS + at_ms, outcome) };
            db.store.write_round(&round).await.unwrap();
        }
        let status = db.store.router_status(isp.router).await.unwrap().unwrap();
        assert_eq!((status.reachable, status.since_ms, status.at_ms), (false, START_MS + 1, START_MS + 3));
        assert_eq!((status.last_ok_at_ms, status.skipped_rounds), (Some(START_MS), 3));
        assert_eq!(status.last_error.as_deref(), Some("edge-1 did not answer"));
        assert_eq!((status.version.as_deref(), status.uptime_ms), (Some("7.4"), Some(77)), "kept while it is away");
        db.store.write_round(&Round::new(isp.router, START_MS + 4, RoundOutcome::Ok)).await.unwrap();
        let status = db.store.router_status(isp.router).await.unwrap().unwrap();
        assert_eq!((status.reachable, status.since_ms), (true, START_MS + 4));
        assert_eq!(status.last_ok_at_ms, Some(START_MS + 4));
    }

    async fn the_status_tells_why_polls_fail_and_since_when_for_that_cause(db) {
        let isp = isp(&db.store).await;
        let failed = |cause: &str| RoundOutcome::Failed { cause: cause.to_owned(), error: "no".to_owned() };
        let silent = || RoundOutcome::Unreachable("edge-1 did not answer".to_owned());
        for (at_ms, outcome, expected) in [
            (0, RoundOutcome::Ok, (true, 0, None, 0)),
            (1, failed("own_network"), (false, 1, Some("own_network"), 1)),
            (2, failed("own_network"), (false, 1, Some("own_network"), 1)),
            (3, silent(), (false, 1, Some("router_unreachable"), 3)),
            (4, failed("login_rejected"), (false, 1, Some("login_rejected"), 4)),
            (5, RoundOutcome::Ok, (true, 5, None, 5)),
        ] {
            db.store.write_round(&Round::new(isp.router, START_MS + at_ms, outcome)).await.unwrap();
            let status = db.store.router_status(isp.router).await.unwrap().unwrap();
            let since = (status.since_ms - START_MS, status.cause_since_ms - START_MS);
            assert_eq!((status.reachable, since.0, status.cause.as_deref(), since.1), expected, "{at_ms}");
        }
    }

    /// On PostgreSQL several processes may write at once; on SQLite writers queue.
    async fn rounds_at_the_same_time_do_not_mix(db) {
        let isp = isp(&db.store).await;
        let mut routers = vec![isp.router];
        for name in ["edge-2", "edge-3", "edge-4"] {
            routers.push(crate::fixture::insert_router(&db.store, isp.company, name).await);
        }
        let mut writers = tokio::task::JoinSet::new();
        for (index, router) in routers.into_iter().enumerate() {
            let (store, links) = (db.store.clone(), isp.links);
            writers.spawn(async move {
                for step in 0..20_i64 {
                    let at_ms = START_MS + step * HOUR_MS + index as i64;
                    let mut round = Round::new(router, at_ms, RoundOutcome::Ok);
                    for link in links {
                        let spans = vec![span(at_ms, at_ms + 10, if step % 2 == 0 { Down } else { Unknown }, None)];
                        round.tails.push(SpanTail { link, from_ms: at_ms, spans });
                        round.samples.push(sample(link, at_ms));
                    }
                    store.write_round(&round).await?;
                }
                Ok::<_, StoreError>(())
            });
        }
        while let Some(done) = writers.join_next().await {
            done.unwrap().unwrap();
        }
        for link in isp.links {
            assert_eq!(db.store.samples(link, 0, i64::MAX).await.unwrap().len(), 80);
            let spans = db.store.spans(link, 0, i64::MAX).await.unwrap();
            assert!(spans.windows(2).all(|pair| pair[0].to_ms <= pair[1].from_ms), "{spans:?}");
        }
    }
}
