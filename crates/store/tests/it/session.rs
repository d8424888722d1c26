use store::{NewSession, SessionUser, StaffRole};

use crate::database::on_both;
use crate::fixture::{START_MS, isp};

fn session(user: SessionUser, token: u8) -> NewSession<'static> {
    NewSession {
        user,
        token_hash: [token; 32],
        created_at_ms: START_MS,
        expires_at_ms: START_MS + 1_000,
        address: Some("192.0.2.7"),
        user_agent: Some("Browser/1"),
    }
}

on_both! {
    async fn a_session_is_good_until_it_expires(db) {
        let isp = isp(&db.store).await;
        let id = db.store.insert_portal_user(isp.clients[0], "anna", "a@acme.example", "hash", START_MS).await.unwrap();
        db.store.insert_session(&session(SessionUser::Portal(id), 1)).await.unwrap();
        let (found, user) = db.store.portal_session(&[1; 32], START_MS + 999).await.unwrap().unwrap();
        assert_eq!((found.user, user.id, user.client_id), (SessionUser::Portal(id), id, isp.clients[0]));
        assert_eq!((found.address.as_deref(), found.user_agent.as_deref()), (Some("192.0.2.7"), Some("Browser/1")));
        assert!(db.store.session(&[1; 32], START_MS + 1_000).await.unwrap().is_none(), "expired");
        assert!(db.store.session(&[2; 32], START_MS).await.unwrap().is_none(), "no such token");
        assert!(db.store.staff_session(&[1; 32], START_MS).await.unwrap().is_none(), "a client is no staff");
        db.store.touch_session(&[1; 32], START_MS + 500, START_MS + 2_000).await.unwrap();
        let found = db.store.session(&[1; 32], START_MS + 1_999).await.unwrap().unwrap();
        assert_eq!((found.seen_at_ms, found.created_at_ms), (START_MS + 500, START_MS));
        assert_eq!(db.store.delete_expired_sessions(START_MS + 1_999).await.unwrap(), 0);
        assert_eq!(db.store.delete_expired_sessions(START_MS + 2_000).await.unwrap(), 1);
    }

    async fn sessions_end_with_their_user(db) {
        let isp = isp(&db.store).await;
        let anna = db.store.insert_portal_user(isp.clients[0], "anna", "a@acme.example", "hash", START_MS).await.unwrap();
        let noc = db.store.insert_staff_user("noc", "n@isp.example", StaffRole::Viewer, "hash", START_MS).await.unwrap();
        for token in 1..=3 {
            db.store.insert_session(&session(SessionUser::Portal(anna), token)).await.unwrap();
        }
        db.store.insert_session(&session(SessionUser::Staff(noc), 4)).await.unwrap();
        let (_, user) = db.store.staff_session(&[4; 32], START_MS).await.unwrap().unwrap();
        assert_eq!((user.id, user.role), (noc, StaffRole::Viewer));
        db.store.delete_session(&[3; 32]).await.unwrap();
        assert!(db.store.session(&[3; 32], START_MS).await.unwrap().is_none());
        assert_eq!(db.store.delete_sessions_of(SessionUser::Portal(anna)).await.unwrap(), 2);
        assert!(db.store.session(&[1; 32], START_MS).await.unwrap().is_none());
        assert!(db.store.session(&[4; 32], START_MS).await.unwrap().is_some(), "another's session stays");
        db.store.insert_session(&session(SessionUser::Portal(anna), 5)).await.unwrap();
        db.store.set_portal_user_active(anna, false).await.unwrap();
        db.store.set_portal_user_active(anna, true).await.unwrap();
        assert!(db.store.session(&[5; 32], START_MS).await.unwrap().is_none(), "ended, not only hidden");
        db.execute("UPDATE staff_users SET active = NOT active").await.unwrap();
        assert!(db.store.session(&[4; 32], START_MS).await.unwrap().is_none(), "may no longer log in");
    }

    async fn failed_logins_are_counted_by_account_and_address(db) {
        let store = &db.store;
        for (account, address, ok, at_ms) in [
            ("anna", "a1", false, 10), ("anna", "a2", false, 20), ("bert", "a1", false, 30), ("anna", "a1", false, 40),
        ] {
            store.record_login_attempt(account, address, ok, at_ms).await.unwrap();
        }
        let found = store.recent_failures("anna", "a1", 10).await.unwrap();
        assert_eq!((found.account, found.account_last_at_ms), (3, Some(40)));
        assert_eq!((found.address, found.address_last_at_ms), (3, Some(40)));
        let found = store.recent_failures("anna", "a1", 11).await.unwrap();
        assert_eq!((found.account, found.address), (2, 2), "older ones no longer count");
        let found = store.recent_failures("carl", "a9", 0).await.unwrap();
        assert_eq!(found, store::RecentFailures::default());
        store.record_login_attempt("anna", "a2", true, 40).await.unwrap();
        store.record_login_attempt("anna", "a2", false, 40).await.unwrap();
        let found = store.recent_failures("anna", "a1", 0).await.unwrap();
        assert_eq!((found.account, found.address), (1, 3), "a login clears the account, not the address");
        assert_eq!(store.delete_login_attempts_before(30).await.unwrap(), 2);
    }
}
