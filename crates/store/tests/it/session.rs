use store::{LoginKeys, LoginKnown, NewSession, SessionUser, StaffRole, StaffScope};

use crate::database::on_both;
use crate::fixture::{START_MS, isp, staff_user};

fn session(user: SessionUser, token: u8) -> NewSession<'static> {
    NewSession {
        user,
        token_hash: [token; 32],
        created_at_ms: START_MS,
        expires_at_ms: START_MS + 1_000,
        address: Some("192.0.2.7"),
        user_agent: Some("Browser/1"),
        second_factor: token == 1,
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
        let noc = staff_user(&db.store, "noc", StaffRole::Viewer, StaffScope::All).await;
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
        db.execute("UPDATE staff_users SET disabled_at_ms = 1").await.unwrap();
        assert!(db.store.session(&[4; 32], START_MS).await.unwrap().is_none(), "may no longer log in");
    }

    async fn a_user_sees_and_ends_only_the_own_sessions(db) {
        let isp = isp(&db.store).await;
        let anna = db.store.insert_portal_user(isp.clients[0], "anna", "a@acme.example", "hash", START_MS).await.unwrap();
        let bert = db.store.insert_portal_user(isp.clients[0], "bert", "b@acme.example", "hash", START_MS).await.unwrap();
        for (user, token) in [(anna, 1), (anna, 2), (anna, 3), (bert, 4)] {
            db.store.insert_session(&session(SessionUser::Portal(user), token)).await.unwrap();
        }
        db.store.touch_session(&[2; 32], START_MS + 5, START_MS + 2_000).await.unwrap();
        let mine = db.store.sessions_of(SessionUser::Portal(anna), START_MS + 10).await.unwrap();
        assert_eq!(mine.iter().map(|s| s.seen_at_ms - START_MS).collect::<Vec<_>>(), [5, 0, 0], "the last used first");
        assert_eq!(mine.iter().filter(|s| s.second_factor).count(), 1);
        let theirs = db.store.sessions_of(SessionUser::Portal(bert), START_MS).await.unwrap()[0].id;
        assert!(!db.store.end_session_of(SessionUser::Portal(anna), theirs).await.unwrap());
        assert!(db.store.end_session_of(SessionUser::Portal(anna), mine[1].id).await.unwrap());
        assert!(!db.store.end_session_of(SessionUser::Portal(anna), mine[1].id).await.unwrap(), "twice");
        assert_eq!(db.store.end_other_sessions(SessionUser::Portal(anna), mine[0].id).await.unwrap(), 1);
        assert_eq!(db.store.sessions_of(SessionUser::Portal(anna), START_MS).await.unwrap().len(), 1);
        assert_eq!(db.store.sessions_of(SessionUser::Portal(anna), START_MS + 2_000).await.unwrap(), [], "expired");
        assert!(db.store.session(&[4; 32], START_MS).await.unwrap().is_some(), "another's session stays");
    }

    async fn an_account_is_known_at_the_address_and_device_that_entered_it(db) {
        let store = &db.store;
        let keys = |account, address, device| LoginKeys { account, address, device };
        let anna = keys("anna", "a1", Some("d1"));
        assert_eq!(store.login_known(&anna, 0).await.unwrap(), LoginKnown::default());
        store.note_login(&keys("anna", "a1", None), 30).await.unwrap();
        store.note_login(&keys("anna", "a2", Some("d1")), 40).await.unwrap();
        assert_eq!(store.login_known(&anna, 30).await.unwrap(), LoginKnown { address: true, device: true });
        assert_eq!(store.login_known(&anna, 31).await.unwrap(), LoginKnown { address: false, device: true });
        let other = store.login_known(&keys("bert", "a1", Some("d1")), 0).await.unwrap();
        assert_eq!(other, LoginKnown::default(), "known for one account only");
        let without = store.login_known(&keys("anna", "a2", None), 0).await.unwrap();
        assert_eq!(without, LoginKnown { address: true, device: false });
        assert_eq!(store.delete_login_places_before(40).await.unwrap(), 1);
        assert_eq!(store.login_known(&anna, 0).await.unwrap(), LoginKnown { address: false, device: true });
    }

    async fn a_proxy_that_nobody_believes_is_remembered(db) {
        assert_eq!(db.store.untrusted_proxy().await.unwrap(), None);
        db.store.note_untrusted_proxy("10.0.0.1", 5).await.unwrap();
        db.store.note_untrusted_proxy("::1", 6).await.unwrap();
        assert_eq!(db.store.untrusted_proxy().await.unwrap(), Some((6, "::1".to_owned())));
    }

    async fn a_login_waits_for_its_second_step_only_for_a_while(db) {
        let isp = isp(&db.store).await;
        let anna = db.store.insert_portal_user(isp.clients[0], "anna", "a@acme.example", "hash", START_MS).await.unwrap();
        let store = &db.store;
        for token in 1..=4 {
            store.insert_pending_login(&[token; 32], anna, START_MS + 100).await.unwrap();
        }
        assert_eq!(store.pending_login(&[1; 32], 2, START_MS + 99).await.unwrap().unwrap().id, anna);
        assert!(store.pending_login(&[1; 32], 2, START_MS + 100).await.unwrap().is_none(), "too late");
        assert!(store.pending_login(&[9; 32], 2, START_MS).await.unwrap().is_none(), "no such");
        for _ in 0..2 {
            store.fail_pending_login(&[2; 32]).await.unwrap();
        }
        assert!(store.pending_login(&[2; 32], 2, START_MS).await.unwrap().is_none(), "too many failures");
        assert!(store.take_pending_login(&[3; 32]).await.unwrap());
        assert!(!store.take_pending_login(&[3; 32]).await.unwrap(), "taken twice");
        assert!(store.session(&[1; 32], START_MS).await.unwrap().is_none(), "it is no session");
        store.set_portal_user_active(anna, false).await.unwrap();
        store.set_portal_user_active(anna, true).await.unwrap();
        assert!(store.pending_login(&[4; 32], 2, START_MS).await.unwrap().is_none(), "ended with the account");
        store.insert_pending_login(&[5; 32], anna, START_MS + 100).await.unwrap();
        store.delete_expired_sessions(START_MS + 100).await.unwrap();
        assert_eq!(db.number("SELECT COUNT(*) FROM pending_logins").await, 0);
    }
}
