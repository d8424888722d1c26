use secrecy::SecretString;
use store::{Location, MasterKey, NewRouter, Round, RoundOutcome, RouterTls, Store, StoreError};

use crate::round_writer::{NotWritten, RoundWriter};

/// Those who wait together are answered each for itself: the fate of one must not be told to another.
#[tokio::test]
async fn each_hears_of_its_own_round() {
    let folder = tempfile::tempdir().unwrap();
    let location = Location::Sqlite(folder.path().join("leaseline.db"));
    let store = Store::open(&location, Some(MasterKey::generate().unwrap())).await.unwrap();
    let company_id = store.insert_company("Example Net", "UTC", "INR", 1).await.unwrap();
    let password = SecretString::from("secret");
    let mut routers = Vec::new();
    for name in ["a", "b", "c"] {
        let (address, port, username, tls) = ("192.0.2.1", 8728, "leaseline", RouterTls::Off);
        let new = NewRouter { company_id, name, address, port, username, password: &password, tls };
        routers.push(store.insert_router(&new, 1).await.unwrap());
    }
    let writer = RoundWriter::new(store.clone(), None);
    let round = |index: usize, at_ms| Round::new(routers[index], at_ms, RoundOutcome::Ok);
    writer.write(round(1, 10), || false).await.unwrap();
    let write = |index| writer.write(round(index, 5), || true);
    let (a, b, c) = tokio::join!(write(0), write(1), write(2));
    a.unwrap();
    c.unwrap();
    let NotWritten::Store(error) = b.unwrap_err() else { panic!("nobody was stopped") };
    assert!(matches!(*error, StoreError::OutOfOrder { at_ms: 5, stored_at_ms: 10 }), "{error:?}");
    let times: Vec<_> = store.router_statuses().await.unwrap().iter().map(|status| status.at_ms).collect();
    assert_eq!(times, [5, 10, 5]);
    store.close().await;
}
