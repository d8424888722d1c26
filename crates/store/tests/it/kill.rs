//! A process that is killed while it writes rounds.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use sla::LinkState::{Down, Up};
use store::{Location, Round, RoundOutcome, SpanTail, Store};

use crate::database::{Db, key};
use crate::fixture::{Isp, START_MS, isp, latest, sample, span};

/// Where the writing process writes, and from which round on.
const LOCATION: &str = "LEASELINE_TEST_KILL_LOCATION";
const FIRST: &str = "LEASELINE_TEST_KILL_FIRST";
const KILLS: usize = 20;
const STEP_MS: i64 = 30_000;

fn round(router: store::RouterId, links: [store::LinkId; 4], number: i64) -> Round {
    let at_ms = START_MS + number * STEP_MS;
    let mut round = Round::new(router, at_ms, RoundOutcome::Ok);
    for link in links {
        round.samples.push(sample(link, at_ms));
        let state = if number % 3 == 0 { Down } else { Up };
        let spans = vec![span(at_ms - STEP_MS, at_ms, state, None)];
        round.tails.push(SpanTail { link, from_ms: at_ms - STEP_MS, spans });
        round.latest.push(latest(link, at_ms));
    }
    round
}

/// The writing process: this test binary again, told to run this alone. Without that it has nothing to do.
#[tokio::test]
async fn the_writer_that_is_killed() {
    let (Ok(location), Ok(first)) = (std::env::var(LOCATION), std::env::var(FIRST)) else { return };
    let location = match location.strip_prefix("postgres:") {
        Some(_) => Location::Postgres(location),
        None => Location::Sqlite(location.into()),
    };
    let store = Store::open(&location, Some(key())).await.unwrap();
    let targets = store.collector_targets(START_MS).await.unwrap();
    let links: Vec<_> = targets[0].links.iter().map(|target| target.link.id).collect();
    let links = links.try_into().unwrap();
    let first: i64 = first.parse().unwrap();
    for number in first.. {
        store.write_round(&round(targets[0].router.id, links, number)).await.unwrap();
        println!("wrote {number}");
    }
}

fn spawn(location: &str, first: i64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::the_writer_that_is_killed", "--nocapture", "--test-threads=1"])
        .env(LOCATION, location)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Lets the writer commit some rounds and kills it in the middle of the next; returns the last one it told of.
fn write_and_kill(location: &str, first: i64, rounds: usize) -> i64 {
    let mut child = spawn(location, first);
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut told =
        lines.filter_map(|line| line.strip_prefix("wrote ").map(|number| number.parse::<i64>().unwrap()));
    let told = told.by_ref().nth(rounds).expect("the writer told of its rounds");
    child.kill().unwrap();
    child.wait().unwrap();
    told
}

/// Every round is there whole, and once; returns the last.
async fn check(db: &Db, isp: &Isp, told: i64) -> i64 {
    let status = db.store.router_status(isp.router).await.unwrap().unwrap();
    let last = (status.at_ms - START_MS) / STEP_MS;
    assert!(last >= told, "round {told} was committed, {last} is the last there");
    for link in isp.links {
        let samples = db.store.samples(link, 0, i64::MAX).await.unwrap();
        let times: Vec<_> = samples.iter().map(|sample| (sample.at_ms - START_MS) / STEP_MS).collect();
        assert_eq!(times, (0..=last).collect::<Vec<_>>(), "samples of link {link}");
        assert_eq!(db.store.latest(link).await.unwrap().unwrap().at_ms, status.at_ms);
        let spans = db.store.spans(link, 0, i64::MAX).await.unwrap();
        assert_eq!(spans.last().unwrap().to_ms, status.at_ms);
        assert!(spans.windows(2).all(|pair| pair[0].to_ms == pair[1].from_ms), "{spans:?}");
        let downs = spans.iter().filter(|span| span.state == Down).count();
        assert_eq!(downs as i64, last / 3 + 1);
        assert_eq!(db.store.outages(link, 0, i64::MAX).await.unwrap().len(), downs);
    }
    last
}

async fn killed_twenty_times(db: Db) {
    let isp = isp(&db.store).await;
    let location = match &db.location {
        Location::Sqlite(path) => path.to_str().unwrap().to_owned(),
        Location::Postgres(url) => url.clone(),
    };
    let mut next = 0;
    for kill in 0..KILLS {
        let told = write_and_kill(&location, next, kill % 4);
        if let Location::Postgres(_) = db.location {
            // The server may still be busy with what the dead process had sent: its locks are free when it is done.
            let mut tried = 0;
            while db.number("SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle'
                AND pid <> pg_backend_pid()").await > 0 {
                tried += 1;
                assert!(tried < 1_000, "the server never finished");
            }
        }
        next = check(&db, &isp, told).await + 1;
    }
    assert!(next >= KILLS as i64);
    db.remove().await;
}

#[tokio::test]
async fn killed_twenty_times_on_sqlite() {
    killed_twenty_times(Db::sqlite().await).await;
}

#[tokio::test]
async fn killed_twenty_times_on_postgres() {
    killed_twenty_times(Db::postgres().await).await;
}
