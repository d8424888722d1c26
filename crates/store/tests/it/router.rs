use secrecy::{ExposeSecret, SecretString};
use store::{Location, NewRouter, RouterId, RouterTls, Store, StoreError};

use crate::database::{KEY, key, on_both};
use crate::fixture::{START_MS, insert_router, isp};

on_both! {
    async fn every_tls_setting_comes_back(db) {
        let company = db.store.insert_company("Example Net", "UTC", "INR", START_MS).await.unwrap();
        let password = SecretString::from("pass");
        let settings =
            [RouterTls::Off, RouterTls::System, RouterTls::CaPem("-----BEGIN".to_owned()), RouterTls::Pinned([0xa7; 32])];
        for (index, tls) in settings.into_iter().enumerate() {
            let name = format!("edge-{index}");
            let new = NewRouter { company_id: company, name: &name, address: "r.example", port: 8729, username: "api",
                password: &password, tls: tls.clone() };
            let id = db.store.insert_router(&new, START_MS).await.unwrap();
            let router = db.store.router_by_name(&name).await.unwrap().unwrap();
            assert_eq!((router.id, &router.tls, router.port, router.active), (id, &tls, 8729, true));
            assert_eq!((router.address.as_str(), router.username.as_str()), ("r.example", "api"));
            assert_eq!(db.store.router(id).await.unwrap(), router);
        }
        assert_eq!(db.store.routers().await.unwrap().len(), 4);
        let error = db.store.insert_router(&NewRouter { company_id: company, name: "edge-0", address: "x", port: 1,
            username: "u", password: &password, tls: RouterTls::Off }, START_MS).await.unwrap_err();
        assert_eq!(error.to_string(), "there is already a router \"edge-0\": choose another name");
    }

    /// Whoever may write to the database but has no key must not be able to move a password to a router of his own.
    async fn a_sealed_password_opens_in_its_own_row_only(db) {
        let isp = isp(&db.store).await;
        let mine = insert_router(&db.store, isp.company, "mine").await;
        let password = db.store.router_password(isp.router).await.unwrap();
        assert_eq!(password.expose_secret(), "secret of edge-1");
        let sealed = db.text(&format!("SELECT password_sealed FROM mikrotik_routers WHERE id = {}", isp.router)).await;
        assert!(!sealed.contains("secret"));
        db.execute(&format!("UPDATE mikrotik_routers SET password_sealed = '{sealed}' WHERE id = {mine}")).await.unwrap();
        let error = db.store.router_password(mine).await.unwrap_err();
        assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
        db.store.set_router_password(mine, &SecretString::from("new")).await.unwrap();
        assert_eq!(db.store.router_password(mine).await.unwrap().expose_secret(), "new");
    }

    /// Whoever may write to the database but has no key must not be able to have a password sent to a router of his own.
    async fn a_redirected_router_gets_no_password(db) {
        let isp = isp(&db.store).await;
        let before = db.store.router(isp.router).await.unwrap();
        let back = format!("address = '{}', port = {}, tls_mode = 'off'", before.address, before.port);
        for change in ["address = '203.0.113.66'", "port = 1", "tls_mode = 'system'"] {
            db.execute(&format!("UPDATE mikrotik_routers SET {change} WHERE id = {}", isp.router)).await.unwrap();
            let error = db.store.router_password(isp.router).await.unwrap_err();
            assert!(matches!(error, StoreError::Corrupt(_)), "{change}: {error:?}");
            assert!(error.to_string().contains(&before.name), "{error}");
            db.execute(&format!("UPDATE mikrotik_routers SET {back} WHERE id = {}", isp.router)).await.unwrap();
            assert_eq!(db.store.router_password(isp.router).await.unwrap().expose_secret(), "secret of edge-1");
        }
    }

    async fn a_password_of_an_older_version_is_bound_to_its_address_once(db) {
        let isp = isp(&db.store).await;
        let old = sealed_by_an_older_version(isp.router, "from before");
        let put = format!("UPDATE mikrotik_routers SET password_sealed = '{old}' WHERE id = {}", isp.router);
        db.execute(&put).await.unwrap();
        assert!(db.store.router_password(isp.router).await.is_err(), "the old form is read");
        db.execute("DELETE FROM meta WHERE key = 'seals'").await.unwrap();
        let upgraded = Store::open(&db.location, Some(key())).await.unwrap();
        assert_eq!(upgraded.router_password(isp.router).await.unwrap().expose_secret(), "from before");
        // Brought back from a backup, it stays shut.
        db.execute(&put).await.unwrap();
        let again = Store::open(&db.location, Some(key())).await.unwrap();
        assert!(again.router_password(isp.router).await.is_err());
        again.close().await;
        upgraded.close().await;
    }

    async fn an_altered_password_does_not_open(db) {
        let isp = isp(&db.store).await;
        let sealed = db.text("SELECT password_sealed FROM mikrotik_routers").await;
        let last = if sealed.ends_with('0') { '1' } else { '0' };
        let altered = format!("{}{last}", &sealed[..sealed.len() - 1]);
        db.execute(&format!("UPDATE mikrotik_routers SET password_sealed = '{altered}'")).await.unwrap();
        let error = db.store.router_password(isp.router).await.unwrap_err();
        assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
    }

    async fn the_same_password_is_sealed_differently_each_time(db) {
        let isp = isp(&db.store).await;
        let sealed = "SELECT password_sealed FROM mikrotik_routers";
        let first = db.text(sealed).await;
        db.store.set_router_password(isp.router, &SecretString::from("secret of edge-1")).await.unwrap();
        assert_ne!(first, db.text(sealed).await, "a nonce that is used twice gives both secrets away");
    }
}

#[tokio::test]
async fn no_file_holds_a_password_in_plain_text() {
    let db = crate::database::Db::sqlite().await;
    isp(&db.store).await;
    let Location::Sqlite(path) = &db.location else { unreachable!("made by Db::sqlite") };
    for file in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(9).any(|window| window == b"secret of"));
    }
}

/// As versions before 0016 sealed: for the row alone.
fn sealed_by_an_older_version(id: RouterId, password: &str) -> String {
    use chacha20poly1305::aead::{Aead, KeyInit, Payload};
    use sha2::Digest;
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let byte = |at: usize| u8::from_str_radix(&KEY[at..at + 2], 16).unwrap();
    let key: Vec<u8> = (0..64).step_by(2).map(byte).collect();
    let key_id = sha2::Sha256::new().chain_update(b"leaseline key id").chain_update(&key).finalize();
    let cipher = chacha20poly1305::XChaCha20Poly1305::new(key.as_slice().try_into().unwrap());
    let aad = format!("leaseline/mikrotik_routers/{id}");
    let payload = Payload { msg: password.as_bytes(), aad: aad.as_bytes() };
    let nonce = [7; 24];
    let sealed = cipher.encrypt(&nonce.into(), payload).unwrap();
    format!("x1:{}:{}{}", hex(&key_id[..4]), hex(&nonce), hex(&sealed))
}
