use sla::LinkState::Up;
use store::{ClaimStanding, CollectorClaim, Location, Round, RoundOutcome, SpanTail, Store, StoreError};

use crate::database::{Db, key, on_both};
use crate::fixture::{Isp, START_MS, isp, latest, sample, span};

on_both! {
    /// Two collectors would write every sample of the other as a counter that fell.
    async fn one_collector_per_database(db) {
        let other = Store::open(&db.location, Some(key())).await.unwrap();
        let mut claim = db.store.claim_collector().await.unwrap();
        assert!(matches!(claim.check().await, ClaimStanding::Held));
        for store in [&db.store, &other] {
            let error = store.claim_collector().await.unwrap_err();
            assert!(matches!(error, StoreError::CollectorRunning), "{error:?}");
        }
        drop(claim);
        claimed(&other).await;
        other.close().await;
    }

    /// The lock is lost without its holder noticing, and another collector has it: whatever the first one still writes, at
    /// once or hours later, would end the other's time lines early.
    async fn a_stale_holders_rounds_are_refused_within_the_transaction(db) {
        let isp = isp(&db.store).await;
        let other = Store::open(&db.location, Some(key())).await.unwrap();
        let mut first = db.store.claim_collector().await.unwrap();
        let fence = first.fence();
        assert!(db.store.write_rounds_of(fence, &[round(&isp, 1)]).await.unwrap()[0].is_ok());
        lose_lock(db, &first).await;
        let mut second = claimed(&other).await;
        assert_ne!(second.fence(), fence);
        for rounds in [vec![round(&isp, 2)], vec![round(&isp, 2), round(&isp, 3)]] {
            let error = db.store.write_rounds_of(fence, &rounds).await.unwrap_err();
            assert!(matches!(error, StoreError::ClaimLost) && !error.is_unwritable(), "{error:?}");
        }
        assert_eq!(db.store.samples(isp.links[0], 0, i64::MAX).await.unwrap().len(), 1, "nothing of it is stored");
        assert!(other.write_rounds_of(second.fence(), &[round(&isp, 2)]).await.unwrap()[0].is_ok());
        assert!(matches!(first.check().await, ClaimStanding::Taken));
        assert!(matches!(second.check().await, ClaimStanding::Held));
        drop(first);
        assert!(matches!(second.check().await, ClaimStanding::Held), "what the first one drops is not the second's");
        other.close().await;
    }

    /// A server that restarts breaks the connection that holds the lock; as long as nobody else has claimed, polling goes
    /// on under the same token and the lock is taken again.
    async fn a_claim_whose_lock_was_lost_is_taken_again(db) {
        let isp = isp(&db.store).await;
        let mut claim = db.store.claim_collector().await.unwrap();
        db.store.refuse_writes(true).await.unwrap();
        db.store.refuse_writes(false).await.unwrap();
        let mut standing = claim.check().await;
        for _ in 0..1_000 {
            if matches!(standing, ClaimStanding::Held) {
                break;
            }
            standing = claim.check().await;
        }
        assert!(matches!(standing, ClaimStanding::Held), "{standing:?}");
        let error = db.store.claim_collector().await.unwrap_err();
        assert!(matches!(error, StoreError::CollectorRunning), "the lock is held again: {error:?}");
        assert!(db.store.write_rounds_of(claim.fence(), &[round(&isp, 1)]).await.unwrap()[0].is_ok());
    }

    async fn one_server_per_sqlite_file(db) {
        let claim = db.store.claim_server().await.unwrap();
        let second = db.store.claim_server().await;
        match db.location {
            Location::Sqlite(_) => {
                let error = second.unwrap_err();
                assert!(matches!(error, StoreError::AlreadyServing), "{error:?}");
                assert!(db.store.claim_collector().await.is_ok(), "a server does not stand for a collector");
            }
            Location::Postgres(_) => drop(second.unwrap()),
        }
        drop(claim);
        db.store.claim_server().await.unwrap();
    }
}

/// Claims as soon as it can be: PostgreSQL frees the lock when it notices that the connection is gone.
async fn claimed(store: &Store) -> CollectorClaim {
    for _ in 0..1_000 {
        if let Ok(claim) = store.claim_collector().await {
            return claim;
        }
        tokio::task::yield_now().await;
    }
    panic!("the lock was never free")
}

/// What a restart of the server, or a hand that tidies up files, does to a lock; its holder is not told.
async fn lose_lock(db: &Db, _held: &CollectorClaim) {
    match &db.location {
        Location::Sqlite(path) => {
            let mut lock = path.clone().into_os_string();
            lock.push(".collector.lock");
            std::fs::remove_file(lock).unwrap();
        }
        Location::Postgres(_) => {
            let sql = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
            db.execute(sql).await.unwrap();
        }
    }
}

fn round(isp: &Isp, number: i64) -> Round {
    let at_ms = START_MS + number * 30_000;
    let link = isp.links[0];
    let mut round = Round::new(isp.router, at_ms, RoundOutcome::Ok);
    round.samples.push(sample(link, at_ms));
    let spans = vec![span(at_ms - 30_000, at_ms, Up, None)];
    round.tails.push(SpanTail { link, from_ms: at_ms - 30_000, spans });
    round.latest.push(latest(link, at_ms));
    round
}
