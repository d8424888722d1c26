use secrecy::SecretString;
use store::{
    AuditEvent, NewSession, NewStaffUser, RecoveryHashes, SessionUser, StaffAct, StaffRole, StaffScope,
    StaffUserEdit, StoreError,
};

use crate::database::on_both;
use crate::fixture::{START_MS, isp, staff_user};

fn event(action: &str) -> AuditEvent {
    AuditEvent {
        at_ms: START_MS + 5,
        actor: "cli".to_owned(),
        action: action.to_owned(),
        subject: "staff user noc".to_owned(),
        detail: serde_json::json!({}),
        address: None,
    }
}

/// A change by somebody at the server.
fn act() -> StaffAct<'static> {
    StaffAct { scope: &StaffScope::All, actor: "cli", address: None, now_ms: START_MS + 5 }
}

fn session(user: SessionUser, token: u8) -> NewSession<'static> {
    NewSession {
        user,
        token_hash: [token; 32],
        created_at_ms: START_MS,
        expires_at_ms: START_MS + 1_000,
        address: None,
        user_agent: None,
        second_factor: false,
    }
}

on_both! {
    async fn nobody_is_invited_by_a_mail_that_cannot_go_out(db) {
        let new = NewStaffUser {
            username: "noc",
            display_name: "",
            email: "noc@isp.example",
            role: StaffRole::Admin,
            password_hash: NewStaffUser::INVITED,
            scope: StaffScope::All,
        };
        let error = db.store.staff_add_member(&act(), &new).await.unwrap_err();
        assert!(matches!(&error, StoreError::Invalid { why, .. } if why.contains("add one first")), "{error}");
        assert!(db.store.staff_users().await.unwrap().is_empty());
        let chief = staff_user(&db.store, "chief", StaffRole::Admin, StaffScope::All).await;
        let error = db.store.staff_send_member_link(&act(), chief).await.unwrap_err();
        assert!(matches!(&error, StoreError::Invalid { why, .. } if why.contains("add one first")), "{error}");
        isp(&db.store).await;
        db.store.staff_send_member_link(&act(), chief).await.unwrap();
        db.store.staff_add_member(&act(), &new).await.unwrap();
    }

    async fn staff_users_have_a_role_and_work_for_all_or_some(db) {
        let isp = isp(&db.store).await;
        let id = staff_user(&db.store, "Noc", StaffRole::Operator, StaffScope::All).await;
        let (user, hash) = db.store.staff_user_by_username("NOC").await.unwrap().unwrap();
        assert_eq!((user.id, user.role, hash.as_str(), user.is_active()), (id, StaffRole::Operator, "hash", true));
        assert!(db.store.portal_user_by_username("noc").await.unwrap().is_none(), "staff are no portal users");
        let some = StaffScope::Companies([isp.company].into());
        let limited = staff_user(&db.store, "ravi", StaffRole::Viewer, some.clone()).await;
        assert_eq!(db.store.staff_scope(id).await.unwrap(), StaffScope::All);
        assert_eq!(db.store.staff_scope(limited).await.unwrap(), some);
        let none = StaffUserEdit { scope: Some(StaffScope::Companies([].into())), ..StaffUserEdit::default() };
        db.store.staff_edit_member(&act(), (limited, None), &none).await.unwrap();
        assert!(!db.store.staff_scope(limited).await.unwrap().holds(isp.company), "an empty list is not all");
        assert_eq!(db.store.staff_users().await.unwrap().len(), 2);
        let bad = StaffUserEdit { scope: Some(StaffScope::Companies([store::CompanyId(7)].into())), ..StaffUserEdit::default() };
        let error = db.store.staff_edit_member(&act(), (limited, None), &bad).await.unwrap_err();
        assert!(matches!(error, StoreError::Dangling { .. }), "{error:?}");
    }

    async fn whoever_is_disabled_is_out_and_comes_back_without_the_old_session(db) {
        staff_user(&db.store, "chief", StaffRole::Admin, StaffScope::All).await;
        let id = staff_user(&db.store, "noc", StaffRole::Admin, StaffScope::All).await;
        db.store.insert_session(&session(id.into(), 1)).await.unwrap();
        db.store.insert_pending_login(&[2; 32], id, START_MS + 100).await.unwrap();
        assert_eq!(db.store.pending_staff_login(&[2; 32], 5, START_MS).await.unwrap().unwrap().id, id);
        assert!(db.store.pending_login(&[2; 32], 5, START_MS).await.unwrap().is_none(), "no portal user's");
        let off = StaffUserEdit { active: Some(false), ..StaffUserEdit::default() };
        db.store.staff_edit_member(&act(), (id, None), &off).await.unwrap();
        assert_eq!(db.store.staff_user(id).await.unwrap().disabled_at_ms, Some(START_MS + 5));
        let on = StaffUserEdit { active: Some(true), ..StaffUserEdit::default() };
        db.store.staff_edit_member(&act(), (id, None), &on).await.unwrap();
        assert!(db.store.staff_user(id).await.unwrap().is_active());
        assert!(db.store.staff_session(&[1; 32], START_MS).await.unwrap().is_none(), "ended, not only hidden");
        assert!(db.store.pending_staff_login(&[2; 32], 5, START_MS).await.unwrap().is_none());
    }

    async fn a_new_password_ends_all_sessions_but_the_own(db) {
        let id = staff_user(&db.store, "noc", StaffRole::Admin, StaffScope::All).await;
        for token in 1..=3 {
            db.store.insert_session(&session(id.into(), token)).await.unwrap();
        }
        let own = db.store.staff_session(&[2; 32], START_MS).await.unwrap().unwrap().0.id;
        db.store.change_staff_password(id, "hash-2", Some(own), &event("password.change")).await.unwrap();
        let left = db.store.sessions_of(SessionUser::Staff(id), START_MS).await.unwrap();
        assert_eq!(left.iter().map(|session| session.id).collect::<Vec<_>>(), [own]);
        assert_eq!(db.store.staff_user_by_username("noc").await.unwrap().unwrap().1, "hash-2");
    }

    /// The two kinds of people share tables: neither's factor may open or end the other's.
    async fn second_factors_of_staff_and_clients_are_apart(db) {
        let isp = isp(&db.store).await;
        let anna = db.store.insert_portal_user(isp.clients[0], "anna", "a@acme.example", "hash", START_MS).await.unwrap();
        let noc = staff_user(&db.store, "noc", StaffRole::Admin, StaffScope::All).await;
        let secret = |text: &str| SecretString::from(text.to_owned());
        db.store.begin_second_factor(anna, &secret("ANNA"), START_MS).await.unwrap();
        db.store.begin_second_factor(noc, &secret("OTHER"), START_MS).await.unwrap();
        db.store.begin_second_factor(noc, &secret("NOC"), START_MS).await.unwrap();
        assert_eq!(db.store.second_factor(noc).await.unwrap().unwrap().secret_text(), "NOC");
        let hashes = ["h1".to_owned(), "h2".to_owned()];
        let codes = RecoveryHashes { salt: "salt", hashes: &hashes };
        db.store.confirm_second_factor(noc, 7, codes, None, &event("second_factor.on")).await.unwrap();
        assert_eq!(db.number("SELECT COUNT(*) FROM outbox").await, 0, "nothing to tell a client");
        assert!(db.store.second_factor_since(anna).await.unwrap().is_none());
        let error = db.store.begin_second_factor(noc, &secret("AGAIN"), START_MS).await.unwrap_err();
        assert!(matches!(error, StoreError::Duplicate { what: "second factor", field: "user", .. }), "{error:?}");
        assert!(!db.store.take_second_factor_step(noc, 7).await.unwrap(), "taken when it was confirmed");
        assert!(db.store.take_second_factor_step(noc, 8).await.unwrap());
        assert!(!db.store.take_recovery_code(anna, "h1", START_MS).await.unwrap(), "another's code");
        assert!(db.store.take_recovery_code(noc, "h1", START_MS).await.unwrap());
        assert!(!db.store.take_recovery_code(noc, "h1", START_MS).await.unwrap(), "twice");
        assert_eq!(db.store.recovery_codes_left(noc).await.unwrap(), 1);
        db.store.insert_session(&session(noc.into(), 1)).await.unwrap();
        assert!(db.store.staff_recover_member(&act(), noc).await.unwrap());
        assert!(db.store.staff_session(&[1; 32], START_MS).await.unwrap().is_none());
        assert_eq!(db.store.second_factor(anna).await.unwrap().unwrap().secret_text(), "ANNA");
        assert!(!db.store.staff_recover_member(&act(), noc).await.unwrap());
    }

    async fn a_removed_person_leaves_only_what_was_done(db) {
        let isp = isp(&db.store).await;
        let some = StaffScope::Companies([isp.company].into());
        let id = staff_user(&db.store, "noc", StaffRole::Admin, some).await;
        db.store.insert_session(&session(id.into(), 1)).await.unwrap();
        db.store.begin_second_factor(id, &SecretString::from("S".to_owned()), START_MS).await.unwrap();
        db.store.staff_remove_member(&act(), id).await.unwrap();
        for table in ["staff_users", "staff_user_companies", "sessions", "second_factors"] {
            assert_eq!(db.number(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
        }
        assert_eq!(db.store.audit_events(None, 10).await.unwrap()[0].event.action, "staff.remove");
        let error = db.store.staff_remove_member(&act(), id).await.unwrap_err();
        assert!(matches!(error, StoreError::NotFound { .. }), "{error:?}");
    }
}
