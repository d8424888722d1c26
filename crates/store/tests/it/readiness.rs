//! What the installation says about itself.

use std::time::Duration;

use store::{Heartbeat, Part, ReadinessCheck, ReadinessLevel, Round, RoundOutcome, Store};

use crate::database::on_both;
use crate::fixture::{START_MS, isp};

/// How old the last poll may be.
const STALE_MS: i64 = 90_000;

async fn checks(store: &Store, now_ms: i64) -> Vec<ReadinessCheck> {
    store.readiness(now_ms, STALE_MS).await
}

fn level(checks: &[ReadinessCheck], name: &str) -> ReadinessLevel {
    checks.iter().find(|check| check.name == name).unwrap().level
}

/// Lets what was found out a moment ago grow old.
async fn let_age(seconds: u64) {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

on_both! {
    /// `doctor` runs before anything else does: what was never started is no fault yet, and not ready either.
    async fn a_new_installation_says_what_was_not_started(db) {
        let checks = checks(&db.store, START_MS).await;
        let names: Vec<_> = checks.iter().map(|check| check.name).collect();
        assert_eq!(names[..4], ["database_writable", "disk_space", "polling", "jobs"]);
        for name in ["polling", "jobs"] {
            assert_eq!(level(&checks, name), ReadinessLevel::NotStarted, "{checks:?}");
        }
        assert_eq!(level(&checks, "database_writable"), ReadinessLevel::Ok, "{checks:?}");
        assert_eq!(checks[2].title(), "Polling");
        let json = serde_json::to_value(&checks[2]).unwrap();
        assert_eq!(json["name"], "polling");
        assert_eq!(json["ok"], false);
        assert!(json["reason"].as_str().unwrap().contains("leaseline serve"), "{json}");
    }

    /// Whatever part stopped, in whichever process, is named.
    async fn a_part_that_stopped_is_named_with_its_reason(db) {
        let isp = isp(&db.store).await;
        Heartbeat::new(Part::Jobs).beat(&db.store, START_MS).await;
        Heartbeat::new(Part::Collector).beat(&db.store, START_MS).await;
        let now = checks(&db.store, START_MS).await;
        assert!(now.iter().all(ReadinessCheck::is_ok), "no router was polled yet, and that is fine: {now:?}");
        db.store.write_round(&Round::new(isp.router, START_MS, RoundOutcome::Ok)).await.unwrap();

        let later_ms = START_MS + STALE_MS + 1_000;
        let jobs_stopped = checks(&db.store, later_ms).await;
        assert_eq!(level(&jobs_stopped, "jobs"), ReadinessLevel::Failing, "{jobs_stopped:?}");
        assert_eq!(level(&jobs_stopped, "polling"), ReadinessLevel::Failing, "{jobs_stopped:?}");
        Heartbeat::new(Part::Jobs).beat(&db.store, later_ms).await;
        Heartbeat::new(Part::Collector).beat(&db.store, later_ms).await;
        let stuck = checks(&db.store, later_ms).await;
        assert_eq!(level(&stuck, "jobs"), ReadinessLevel::Ok);
        let polling = stuck.iter().find(|check| check.name == "polling").unwrap();
        assert_eq!(polling.level, ReadinessLevel::Failing, "a collector that polls nothing: {stuck:?}");
        assert!(polling.reason.contains("91 s old"), "{polling:?}");
    }

    /// Only a write shows that writing works, and it shows it at once.
    async fn a_database_that_takes_no_writes_is_not_ready_until_it_does(db) {
        assert_eq!(level(&checks(&db.store, START_MS).await, "database_writable"), ReadinessLevel::Ok);
        db.store.refuse_writes(true).await.unwrap();
        let_age(20).await;
        let refused = checks(&db.store, START_MS).await;
        assert_eq!(level(&refused, "database_writable"), ReadinessLevel::Failing, "{refused:?}");
        assert!(refused[0].reason.contains("cannot be written"), "{refused:?}");
        db.store.refuse_writes(false).await.unwrap();
        let mut again = checks(&db.store, START_MS).await;
        for _ in 0..20 {
            if again[0].is_ok() {
                break;
            }
            // On PostgreSQL the pool's other connections are found broken one by one.
            let_age(20).await;
            again = checks(&db.store, START_MS).await;
        }
        assert_eq!(level(&again, "database_writable"), ReadinessLevel::Ok, "{again:?}");
    }

    /// Asking does not write each time: a monitor, or an attacker, would invalidate every cache.
    async fn asking_often_writes_seldom(db) {
        checks(&db.store, START_MS).await;
        let before = db.number("SELECT at_ms FROM heartbeats WHERE part = 'trial'").await;
        for number in 1..5 {
            checks(&db.store, START_MS + number).await;
        }
        assert_eq!(db.number("SELECT at_ms FROM heartbeats WHERE part = 'trial'").await, before);
        let_age(20).await;
        checks(&db.store, START_MS + 9).await;
        assert_eq!(db.number("SELECT at_ms FROM heartbeats WHERE part = 'trial'").await, START_MS + 9);
    }
}
