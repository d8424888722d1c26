//! Writes that fail, and what they leave of the writer.

use std::pin::pin;
use std::task::Poll;

use futures_util::future::poll_fn;
use sla::LinkState::Up;
use store::{Location, Round, RoundOutcome, SpanTail, Store, StoreError};

use crate::database::{Db, on_both};
use crate::fixture::{Isp, START_MS, isp, latest, sample, span};

const STEP_MS: i64 = 30_000;

/// The n-th round of the router; `bytes` of padding make the file grow.
fn round(isp: &Isp, number: i64, bytes: usize) -> Round {
    let at_ms = START_MS + number * STEP_MS;
    let mut round = Round::new(isp.router, at_ms, RoundOutcome::Ok);
    for link in isp.links {
        round.samples.push(sample(link, at_ms));
        let spans = vec![span(at_ms - STEP_MS, at_ms, Up, None)];
        round.tails.push(SpanTail { link, from_ms: at_ms - STEP_MS, spans });
        let memory = serde_json::Value::String("x".repeat(bytes));
        round.latest.push(store::Latest { memory, ..latest(link, at_ms) });
    }
    round
}

/// Every way to write works: a transaction, one of another kind, and a single statement.
async fn assert_usable(store: &Store, isp: &Isp, number: i64) {
    store.write_round(&round(isp, number, 0)).await.unwrap();
    assert_eq!(store.router_status(isp.router).await.unwrap().unwrap().at_ms, START_MS + number * STEP_MS);
    store.insert_client(isp.company, &format!("client {number}"), START_MS).await.unwrap();
    store.touch_session(&[7; 32], START_MS, START_MS + 1).await.unwrap();
    store.data_version().await.unwrap();
}

/// Makes the database refuse each sample that is inserted; on SQLite in the way in which it fails on a full disk: it ends
/// the whole transaction by itself.
async fn refuse_samples(db: &Db) {
    let sql = match db.location {
        Location::Sqlite(_) => {
            "CREATE TRIGGER refused BEFORE INSERT ON link_monitoring_data BEGIN SELECT RAISE(ROLLBACK, 'no'); END"
        }
        Location::Postgres(_) => {
            "CREATE FUNCTION refused() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
             CREATE TRIGGER refused BEFORE INSERT ON link_monitoring_data FOR EACH ROW EXECUTE FUNCTION refused()"
        }
    };
    db.execute(sql).await.unwrap();
}

async fn accept_samples(db: &Db) {
    let sql = match db.location {
        Location::Sqlite(_) => "DROP TRIGGER refused",
        Location::Postgres(_) => "DROP TRIGGER refused ON link_monitoring_data; DROP FUNCTION refused()",
    };
    db.execute(sql).await.unwrap();
}

on_both! {
    /// The driver counts transactions; SQLite ends them by itself. Where the two part, nothing is ever written again.
    async fn a_transaction_that_the_database_ended_leaves_the_writer_usable(db) {
        let isp = isp(&db.store).await;
        assert_usable(&db.store, &isp, 1).await;
        refuse_samples(db).await;
        for _ in 0..3 {
            db.store.write_round(&round(&isp, 2, 0)).await.unwrap_err();
            // What does not touch the refused table goes on.
            db.store.insert_client(isp.company, "meanwhile", START_MS).await.ok();
        }
        accept_samples(db).await;
        assert_usable(&db.store, &isp, 2).await;
    }

    /// A commit that is refused: the transaction is still there, or is not.
    async fn a_failed_commit_leaves_the_writer_usable(db) {
        let isp = isp(&db.store).await;
        let break_it = match db.location {
            Location::Sqlite(_) => {
                "CREATE TABLE broken (id INTEGER REFERENCES companies (id) DEFERRABLE INITIALLY DEFERRED);
                 CREATE TRIGGER broken AFTER INSERT ON link_monitoring_data BEGIN INSERT INTO broken VALUES (-1); END"
            }
            Location::Postgres(_) => {
                "CREATE TABLE broken (id BIGINT REFERENCES companies (id) DEFERRABLE INITIALLY DEFERRED);
                 CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN INSERT INTO broken VALUES (-1); RETURN NEW; END $$;
                 CREATE TRIGGER broken AFTER INSERT ON link_monitoring_data FOR EACH ROW EXECUTE FUNCTION broken()"
            }
        };
        db.execute(break_it).await.unwrap();
        db.store.write_round(&round(&isp, 1, 0)).await.unwrap_err();
        db.store.write_round(&round(&isp, 1, 0)).await.unwrap_err();
        let mend = match db.location {
            Location::Sqlite(_) => "DROP TRIGGER broken",
            Location::Postgres(_) => "DROP TRIGGER broken ON link_monitoring_data",
        };
        db.execute(mend).await.unwrap();
        assert_usable(&db.store, &isp, 1).await;
    }

    /// Whoever wrote may be gone at any moment of it, with the request that it was for.
    async fn a_write_that_is_given_up_at_any_moment_leaves_the_writer_usable(db) {
        let isp = isp(&db.store).await;
        let mut finished = false;
        for polls in 0_i64.. {
            {
                let round = round(&isp, 2 * polls + 1, 0);
                let mut write = pin!(db.store.write_round(&round));
                let mut left = polls;
                finished = poll_fn(|cx| {
                    if left == 0 {
                        return Poll::Ready(false);
                    }
                    left -= 1;
                    write.as_mut().poll(cx).map(|written| written.is_ok())
                })
                .await;
            }
            assert_usable(&db.store, &isp, 2 * polls + 2).await;
            if finished {
                break;
            }
        }
        assert!(finished, "the last write came to its end");
    }

    /// A server that is restarted, or became a standby, breaks every connection.
    async fn a_database_that_takes_no_writes_for_a_while_leaves_the_writer_usable(db) {
        let isp = isp(&db.store).await;
        assert_usable(&db.store, &isp, 1).await;
        db.store.refuse_writes(true).await.unwrap();
        for _ in 0..2 {
            let error = db.store.write_round(&round(&isp, 2, 0)).await.unwrap_err();
            assert!(error.is_unwritable(), "{error:?}");
            let rounds = [round(&isp, 2, 0), round(&isp, 3, 0)];
            assert!(db.store.write_rounds(&rounds).await.unwrap_err().is_unwritable());
            assert_eq!(db.store.companies().await.unwrap().len(), 1, "reading goes on");
        }
        db.store.refuse_writes(false).await.unwrap();
        assert_usable(&db.store, &isp, 2).await;
    }
}

/// Critical in the field: after a full disk nothing was written until a restart.
#[tokio::test]
async fn a_full_disk_leaves_the_writer_usable() {
    let db = Db::sqlite().await;
    let isp = isp(&db.store).await;
    let mut number = 1;
    for _ in 0..3 {
        db.store.stop_growth(true).await.unwrap();
        let mut failed = 0;
        while failed < 3 {
            match db.store.write_round(&round(&isp, number + 1, 40_000 * number as usize)).await {
                Ok(()) => number += 1,
                Err(error) => {
                    assert!(matches!(error, StoreError::Full(_)) && error.is_unwritable(), "{error:?}");
                    failed += 1;
                }
            }
        }
        let at_ms = db.store.router_status(isp.router).await.unwrap().map(|status| status.at_ms);
        assert_eq!(at_ms.unwrap_or(START_MS + STEP_MS), START_MS + number * STEP_MS, "nothing half written");
        db.store.stop_growth(false).await.unwrap();
        number += 1;
        assert_usable(&db.store, &isp, number).await;
    }
    db.remove().await;
}
