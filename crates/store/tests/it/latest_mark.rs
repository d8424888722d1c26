use store::{Round, RoundOutcome};

use crate::database::on_both;
use crate::fixture::{START_MS, isp, latest};

on_both! {
    /// Were the wrong client's marks among them, its links would wake another's pages.
    async fn marks_are_those_of_the_clients_that_were_asked_for_and_move_with_each_look(db) {
        let isp = isp(&db.store).await;
        let [acme, bolt] = isp.clients;
        for (n, &link) in isp.links.iter().enumerate() {
            let at_ms = START_MS + i64::try_from(n).unwrap();
            let mut round = Round::new(isp.router, at_ms, RoundOutcome::Ok);
            round.latest = vec![latest(link, at_ms)];
            db.store.write_round(&round).await.unwrap();
        }
        let both = db.store.latest_marks(&[acme, bolt]).await.unwrap();
        assert_eq!(both[&acme].keys().copied().collect::<Vec<_>>(), isp.links[..2]);
        assert_eq!(both[&bolt].keys().copied().collect::<Vec<_>>(), isp.links[2..]);
        let mut round = Round::new(isp.router, START_MS + 30_000, RoundOutcome::Ok);
        round.latest = vec![latest(isp.links[1], START_MS + 30_000)];
        db.store.write_round(&round).await.unwrap();
        let after = db.store.latest_marks(&[acme]).await.unwrap();
        assert_eq!(after.len(), 1);
        assert_eq!(after[&acme][&isp.links[0]], both[&acme][&isp.links[0]]);
        assert_eq!(after[&acme][&isp.links[1]].at_ms, START_MS + 30_000);
        assert!(db.store.latest_marks(&[]).await.unwrap().is_empty());
    }
}
