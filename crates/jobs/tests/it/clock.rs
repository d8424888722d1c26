//! Months and a clock that is wrong.

use jobs::{Close, CloseError, Schedule, Selection, close_month, links_of_month};
use store::{ClockState, ClockVerdict, ReportFilter};

use crate::{
    database::on_both,
    isp::{HOUR, Isp, at, month},
};

on_both! {
    async fn a_month_is_closed_only_while_the_clocks_agree(db) {
        let isp = Isp::new(&db.store).await;
        let end = at(2026, 11, 1, 0, 0);
        isp.link_up("C-1", at(2026, 10, 1, 0, 0), end + HOUR).await;
        let now_ms = end + 2 * HOUR;
        let state = |verdict, shift_ms| ClockState {
            verdict, now_ms, shift_ms, since_ms: now_ms, routers_for: 1, routers_against: 0,
        };
        let count = async || db.store.reports(None, &ReportFilter::default(), 10, 0).await.unwrap().1;
        for verdict in [ClockVerdict::Checking, ClockVerdict::MachineWrong, ClockVerdict::Undecided] {
            db.store.write_clock_state(&state(verdict, 86_400_000)).await.unwrap();
            let scheduled = Schedule::default().close_due(&db.store, now_ms).await;
            assert!(matches!(scheduled, Err(CloseError::Clock(_))), "{verdict:?}: {scheduled:?}");
            let links = links_of_month(&db.store, month("2026-10"), &Selection::default()).await.unwrap();
            let close = Close { month: month("2026-10"), reason: None, by: "asha", tell: true };
            let by_hand = close_month(&db.store, links, &close, now_ms, |_| ()).await;
            let why = by_hand.unwrap_err().to_string();
            assert!(why.contains("no month is closed now") && why.contains("1 d ahead"), "{why}");
            // So far it can be judged: nothing is frozen.
            let links = links_of_month(&db.store, month("2026-11"), &Selection::default()).await.unwrap();
            let so_far = Close { month: month("2026-11"), ..close };
            close_month(&db.store, links, &so_far, now_ms, |_| ()).await.unwrap();
            assert_eq!(count().await, 0);
            assert!(isp.told().await.is_empty());
        }
        db.store.write_clock_state(&state(ClockVerdict::Sane, 0)).await.unwrap();
        assert_eq!(Schedule::default().close_due(&db.store, now_ms).await.unwrap().closed, 1);
        assert_eq!(count().await, 1);
    }
}
