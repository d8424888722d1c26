use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use sla::LinkState::{self, Down, Unknown, Up};
use store::{LinkId, Outage, OutageId, Round, RoundOutcome, Span, SpanTail, Store};

use crate::database::{Db, on_both};
use crate::fixture::{Isp, START_MS, insert_link, isp, span};

async fn rewrite(store: &Store, isp: &Isp, link: LinkId, from_ms: i64, spans: Vec<Span>) {
    let mut round = Round::new(isp.router, START_MS, RoundOutcome::Ok);
    round.tails.push(SpanTail { link, from_ms, spans });
    store.write_round(&round).await.unwrap();
}

async fn outages(store: &Store, link: LinkId) -> Vec<(OutageId, i64, Option<i64>)> {
    let outages = store.outages(link, 0, i64::MAX).await.unwrap();
    outages.into_iter().map(|outage| (outage.id, outage.from_ms, outage.to_ms)).collect()
}

on_both! {
    /// Whoever was told of outage 17 must find outage 17 when it is over and better dated.
    async fn an_outage_keeps_its_id(db) {
        let isp = isp(&db.store).await;
        let link = isp.links[0];
        let cause = Some("link_down");
        rewrite(&db.store, &isp, link, 1_000, vec![span(1_000, 2_000, Down, cause)]).await;
        let id = outages(&db.store, link).await[0].0;
        rewrite(&db.store, &isp, link, 2_000, vec![span(2_000, 3_000, Down, cause)]).await;
        assert_eq!(outages(&db.store, link).await, [(id, 1_000, None)], "extended");
        rewrite(&db.store, &isp, link, 3_000, vec![span(3_000, 4_000, Up, None)]).await;
        assert_eq!(outages(&db.store, link).await, [(id, 1_000, Some(3_000))], "closed");
        rewrite(&db.store, &isp, link, 500, vec![span(500, 900, Up, None), span(900, 2_500, Down, cause), span(2_500, 4_000, Up, None)]).await;
        assert_eq!(outages(&db.store, link).await, [(id, 900, Some(2_500))], "dated by evidence");
        rewrite(&db.store, &isp, link, 900, vec![span(900, 2_500, Down, Some("router_reboot")), span(2_500, 4_000, Up, None)]).await;
        assert_eq!(outages(&db.store, link).await, [(id, 900, Some(2_500))], "another cause for the same time");
        rewrite(&db.store, &isp, link, 900, vec![span(900, 4_000, Up, None)]).await;
        assert_eq!(outages(&db.store, link).await, [], "there was none");
    }

    /// The collector stops while a link is down, and what follows begins after a gap.
    async fn a_gap_closes_an_outage(db) {
        let isp = isp(&db.store).await;
        let link = isp.links[3];
        rewrite(&db.store, &isp, link, 0, vec![span(1_000, 2_000, Down, None)]).await;
        rewrite(&db.store, &isp, link, 9_000, vec![span(9_000, 9_500, Unknown, Some("not_polled"))]).await;
        let found = outages(&db.store, link).await;
        assert_eq!((found.len(), found[0].1, found[0].2), (1, 1_000, Some(2_000)));
        rewrite(&db.store, &isp, link, 8_000, vec![]).await;
        assert_eq!(outages(&db.store, link).await, [(found[0].0, 1_000, None)], "the end of the time line again");
    }

    async fn spans_are_found_by_what_they_overlap(db) {
        let isp = isp(&db.store).await;
        let link = isp.links[1];
        let line = vec![span(100, 200, Up, None), span(200, 300, Down, None), span(400, 500, Up, None)];
        rewrite(&db.store, &isp, link, 0, line.clone()).await;
        rewrite(&db.store, &isp, isp.links[2], 0, vec![span(0, 9_000, Unknown, None)]).await;
        for (from_ms, to_ms) in [(0, 1_000), (150, 250), (199, 200), (200, 201), (300, 400), (350, 401), (500, 600), (99, 100)] {
            let expected: Vec<_> = line.iter().filter(|span| span.from_ms < to_ms && span.to_ms > from_ms).cloned().collect();
            assert_eq!(db.store.spans(link, from_ms, to_ms).await.unwrap(), expected, "[{from_ms}, {to_ms})");
        }
    }

    async fn several_tails_of_one_link_follow_each_other(db) {
        let isp = isp(&db.store).await;
        let link = isp.links[1];
        let mut round = Round::new(isp.router, START_MS, RoundOutcome::Ok);
        round.tails.push(SpanTail { link, from_ms: 0, spans: vec![span(0, 50, Up, None)] });
        round.tails.push(SpanTail { link, from_ms: 50, spans: vec![span(50, 80, Up, None)] });
        round.tails.push(SpanTail { link, from_ms: 70, spans: vec![span(70, 90, Down, None)] });
        db.store.write_round(&round).await.unwrap();
        let found = db.store.spans(link, 0, 1_000).await.unwrap();
        assert_eq!(found, [span(0, 70, Up, None), span(70, 90, Down, None)]);
    }

    /// The database itself refuses what no code should write.
    async fn two_open_outages_are_impossible(db) {
        let isp = isp(&db.store).await;
        let link = isp.links[0];
        rewrite(&db.store, &isp, link, 0, vec![span(1_000, 2_000, Down, None)]).await;
        let second = format!("INSERT INTO outages (link_id, from_ms, evidence) VALUES ({link}, 5000, 'null')");
        let error = db.execute(&second).await.unwrap_err();
        assert!(error.as_database_error().unwrap().is_unique_violation(), "{error}");
    }
}

/// What one millisecond of a time line can be; more kinds than states, so that causes and evidence differ too.
const KINDS: [(LinkState, Option<&str>, i64); 7] = [
    (Up, None, 0),
    (Up, None, 1),
    (Down, Some("link_down"), 0),
    (Down, Some("link_down"), 1),
    (Down, Some("router_reboot"), 0),
    (Down, None, 0),
    (Unknown, Some("not_polled"), 0),
];

fn of_kind(from_ms: i64, to_ms: i64, kind: usize) -> Span {
    let (state, cause, evidence) = KINDS[kind];
    Span { from_ms, to_ms, state, cause: cause.map(str::to_owned), evidence: evidence.into() }
}

/// A rewrite: where it begins, and then gap, length and kind of each span.
type Step = (usize, Vec<(usize, usize, usize)>);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let spans = prop::collection::vec((0..3_usize, 1..8_usize, 0..KINDS.len()), 0..5);
    prop::collection::vec((0..60_usize, spans), 1..12)
}

/// The obvious time line: the kind of every millisecond.
#[derive(Default)]
struct Model(Vec<Option<usize>>);

impl Model {
    fn apply(&mut self, (from, spans): &Step) -> SpanTail {
        self.0.truncate(*from);
        let mut tail = SpanTail { link: LinkId(0), from_ms: START_MS + *from as i64, spans: Vec::new() };
        let mut at = *from;
        for (gap, length, kind) in spans {
            at += gap;
            self.0.resize(at, None);
            self.0.resize(at + length, Some(*kind));
            let from_ms = START_MS + at as i64;
            tail.spans.push(of_kind(from_ms, from_ms + *length as i64, *kind));
            at += length;
        }
        while self.0.last() == Some(&None) {
            self.0.pop();
        }
        tail
    }

    /// Runs of milliseconds that `same` takes for one, as `(from, to, kind of the first)`.
    fn runs(&self, same: impl Fn(usize, usize) -> bool) -> Vec<(i64, i64, usize)> {
        let mut runs: Vec<(i64, i64, usize)> = Vec::new();
        for (index, kind) in self.0.iter().enumerate() {
            let (Some(kind), at_ms) = (*kind, START_MS + index as i64) else { continue };
            match runs.last_mut() {
                Some(last) if last.1 == at_ms && same(last.2, kind) => last.1 += 1,
                _ => runs.push((at_ms, at_ms + 1, kind)),
            }
        }
        runs
    }

    fn spans(&self) -> Vec<Span> {
        self.runs(|a, b| a == b)
            .into_iter()
            .map(|(from_ms, to_ms, kind)| of_kind(from_ms, to_ms, kind))
            .collect()
    }

    /// `(from, to, cause, evidence)`
    fn outages(&self) -> Vec<(i64, Option<i64>, Option<String>, serde_json::Value)> {
        let end_ms = START_MS + self.0.len() as i64;
        let runs = self.runs(|a, b| KINDS[a].0 == KINDS[b].0 && KINDS[a].1 == KINDS[b].1);
        let down = runs.into_iter().filter(|run| KINDS[run.2].0 == Down);
        down.map(|(from_ms, to_ms, kind)| {
            let (_, cause, evidence) = KINDS[kind];
            (from_ms, (to_ms < end_ms).then_some(to_ms), cause.map(str::to_owned), evidence.into())
        })
        .collect()
    }
}

fn overlap(a: &Outage, b: &Outage) -> bool {
    a.from_ms < b.to_ms.unwrap_or(i64::MAX) && b.from_ms < a.to_ms.unwrap_or(i64::MAX)
}

/// Where exactly one outage before and one after cover each other, they are the same outage.
fn ids_are_kept(before: &[Outage], after: &[Outage]) -> Result<(), TestCaseError> {
    for new in after {
        let olds: Vec<_> = before.iter().filter(|old| overlap(old, new)).collect();
        if let [old] = olds[..]
            && after.iter().filter(|other| overlap(old, other)).count() == 1
        {
            prop_assert_eq!(old.id, new.id);
        }
    }
    Ok(())
}

async fn equals_the_model(
    store: &Store,
    isp: &Isp,
    link: LinkId,
    at_ms: i64,
    steps: &[Step],
) -> Result<(), TestCaseError> {
    let mut model = Model::default();
    let mut before: Vec<Outage> = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        let tail = SpanTail { link, ..model.apply(step) };
        let mut round = Round::new(isp.router, at_ms + index as i64, RoundOutcome::Ok);
        round.tails.push(tail);
        store.write_round(&round).await.unwrap();
        let outages = store.outages(link, 0, i64::MAX).await.unwrap();
        prop_assert_eq!(store.spans(link, 0, i64::MAX).await.unwrap(), model.spans());
        let found: Vec<_> =
            outages.iter().map(|o| (o.from_ms, o.to_ms, o.cause.clone(), o.evidence.clone())).collect();
        prop_assert_eq!(found, model.outages());
        ids_are_kept(&before, &outages)?;
        store.write_round(&round).await.unwrap();
        prop_assert_eq!(store.spans(link, 0, i64::MAX).await.unwrap(), model.spans(), "written twice");
        prop_assert_eq!(&store.outages(link, 0, i64::MAX).await.unwrap(), &outages, "written twice");
        before = outages;
    }
    Ok(())
}

/// Any sequence of rewrites gives what painting milliseconds gives, and the outages that follow from it.
fn any_rewrites_equal_the_model(postgres: bool, cases: u32) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let db = runtime.block_on(Db::new(postgres));
    let isp = runtime.block_on(isp(&db.store));
    let count = std::cell::Cell::new(0_i64);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let result = runner.run(&steps(), |steps| {
        count.set(count.get() + 1);
        let name = format!("T-{}", count.get());
        runtime.block_on(async {
            let link = insert_link(&db.store, isp.clients[0], isp.router, &name, &name).await;
            equals_the_model(&db.store, &isp, link, START_MS + count.get() * 1_000, &steps).await
        })
    });
    runtime.block_on(db.remove());
    if let Err(error) = result {
        panic!("{error}");
    }
}

#[test]
fn any_rewrites_equal_the_model_on_sqlite() {
    any_rewrites_equal_the_model(false, 96);
}

#[test]
fn any_rewrites_equal_the_model_on_postgres() {
    any_rewrites_equal_the_model(true, 48);
}
