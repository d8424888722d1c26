use crate::{
    database::on_both,
    isp::{HOUR, Isp, MINUTE, sample},
};

on_both! {
    async fn a_second_pass_at_the_same_moment_finds_nothing_to_do(db) {
        let link = Isp::new(&db.store).await.link("C-1", 0).await;
        // Two days of readings, every five minutes; the pass stands half an hour into the third.
        let samples: Vec<_> = (0..576).map(|n| sample(link, n * 5 * MINUTE)).collect();
        db.store.write_samples(&samples).await.unwrap();
        let now_ms = 48 * HOUR + 30 * MINUTE;
        let first = jobs::run_once(&db.store, now_ms).await.unwrap();
        assert_eq!((first.hours, first.days), (48, 2), "each finished hour and day once");
        let second = jobs::run_once(&db.store, now_ms).await.unwrap();
        assert_eq!((second.hours, second.days, second.sessions), (0, 0, 0));
    }
}
