use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sha2::{Digest, Sha256};
use store::{
    AuditEvent, Invitation, NewSession, NotificationEvent, PortalRole, PortalUserId, RecoveryHashes,
    ResetPurpose, SessionUser, Store, StoreError, TeamOutcome,
};

use crate::database::on_both;
use crate::fixture::{START_MS, isp};

const MINUTE_MS: i64 = 60_000;

fn event(at_ms: i64) -> AuditEvent {
    AuditEvent {
        at_ms,
        actor: "portal:anna".to_owned(),
        action: "test".to_owned(),
        subject: "portal user anna".to_owned(),
        detail: json!({}),
        address: None,
    }
}

async fn anna(store: &Store) -> (store::ClientId, PortalUserId) {
    let isp = isp(store).await;
    let client = isp.clients[0];
    (client, store.insert_portal_user(client, "anna", "a@acme.example", "hash", START_MS).await.unwrap())
}

async fn session(store: &Store, user: PortalUserId, token: u8) {
    let new = NewSession {
        user: SessionUser::Portal(user),
        token_hash: [token; 32],
        created_at_ms: START_MS,
        expires_at_ms: START_MS + 1_000_000_000,
        address: None,
        user_agent: None,
        second_factor: false,
    };
    store.insert_session(&new).await.unwrap();
}

/// Asks for a link and has it issued, as the delivery of its mail would.
async fn link(store: &Store, at_ms: i64) -> [u8; 32] {
    store.ask_password_reset("Anna", "a1", &event(at_ms)).await.unwrap();
    let mail = store.claim_outbox(at_ms, 1_000, 1).await.unwrap().remove(0);
    assert_eq!((mail.kind.as_str(), mail.recipient.as_str()), (store::RESET_MAIL, "a@acme.example"));
    assert_eq!(mail.payload["expires_minutes"], 30);
    store.outbox_sent(mail.id, at_ms, "ok").await.unwrap();
    issued(store, mail.payload["reset_id"].as_i64().unwrap(), at_ms).await
}

async fn issued(store: &Store, reset_id: i64, at_ms: i64) -> [u8; 32] {
    let token = store.issue_reset_token(reset_id, at_ms).await.unwrap().unwrap();
    Sha256::digest(token.expose_secret()).into()
}

on_both! {
    async fn a_reset_link_works_once_for_half_an_hour_and_ends_all_sessions(db) {
        let store = &db.store;
        let (_, anna) = anna(store).await;
        session(store, anna, 1).await;
        let first = link(store, START_MS).await;
        let second = link(store, START_MS).await;
        assert!(store.reset_link(&first, START_MS + 30 * MINUTE_MS).await.unwrap().is_none(), "too late");
        assert!(!store.use_reset_link(&first, "new", &event(START_MS + 30 * MINUTE_MS)).await.unwrap());
        let good = store.reset_link(&first, START_MS + 30 * MINUTE_MS - 1).await.unwrap().unwrap();
        assert_eq!((good.user.id, good.purpose), (anna, ResetPurpose::Reset));
        assert!(store.session(&[1; 32], START_MS).await.unwrap().is_some(), "looking at a link changes nothing");
        assert!(store.use_reset_link(&first, "new", &event(START_MS + 1)).await.unwrap());
        let (user, hash) = store.portal_user_by_username("anna").await.unwrap().unwrap();
        assert_eq!((hash.as_str(), user.password_at_ms, user.active), ("new", Some(START_MS + 1), true));
        assert!(store.session(&[1; 32], START_MS).await.unwrap().is_none(), "a session goes on with the old password");
        for used in [first, second] {
            assert!(store.reset_link(&used, START_MS + 2).await.unwrap().is_none());
            assert!(!store.use_reset_link(&used, "newer", &event(START_MS + 2)).await.unwrap());
        }
        assert_eq!(db.number("SELECT COUNT(*) FROM audit_events").await, 3, "two wishes and one change");
        let stored = db.text("SELECT payload FROM outbox ORDER BY id LIMIT 1").await;
        assert!(!stored.contains("token") && stored.len() < 90, "the outbox holds a secret: {stored}");
    }

    async fn a_name_that_nobody_has_counts_like_one_that_somebody_has(db) {
        let store = &db.store;
        let (_, anna) = anna(store).await;
        for name in ["anna", "nobody", "ANNA "] {
            store.ask_password_reset(name, "a1", &event(START_MS)).await.unwrap();
        }
        let counts = |name, address| async move {
            let counts = store.reset_counts(name, address, START_MS).await.unwrap();
            (counts.account, counts.address)
        };
        assert_eq!(counts("anna", "a1").await, (2, 3));
        assert_eq!(counts("nobody", "a2").await, (1, 0));
        assert_eq!(store.reset_counts("anna", "a1", START_MS + 1).await.unwrap().account, 0, "long ago");
        assert_eq!(db.number("SELECT COUNT(*) FROM outbox").await, 2, "mail to nobody");
        store.set_portal_user_active(anna, false).await.unwrap();
        store.ask_password_reset("anna", "a1", &event(START_MS + 1)).await.unwrap();
        assert_eq!(db.number("SELECT COUNT(*) FROM outbox").await, 2, "mail to somebody who may not log in");
        for id in 1..=4 {
            assert!(store.issue_reset_token(id, START_MS + 1).await.unwrap().is_none(), "switched off meanwhile");
        }
        store.delete_expired_sessions(START_MS + 48 * 60 * MINUTE_MS).await.unwrap();
        assert_eq!(db.number("SELECT COUNT(*) FROM password_resets").await, 0, "wishes are kept for ever");
    }

    async fn a_mail_that_waited_too_long_has_no_link(db) {
        let store = &db.store;
        anna(store).await;
        store.ask_password_reset("anna", "a1", &event(START_MS)).await.unwrap();
        let id = db.number("SELECT id FROM password_resets").await;
        assert!(store.issue_reset_token(id, START_MS + 119 * MINUTE_MS).await.unwrap().is_some());
        assert!(store.issue_reset_token(id, START_MS + 120 * MINUTE_MS).await.unwrap().is_none());
        assert!(store.issue_reset_token(id + 1, START_MS).await.unwrap().is_none(), "no such wish");
    }

    async fn a_changed_password_ends_the_other_sessions_and_open_links(db) {
        let store = &db.store;
        let (_, anna) = anna(store).await;
        for token in 1..=3 {
            session(store, anna, token).await;
        }
        let open = link(store, START_MS).await;
        let kept = store.session(&[2; 32], START_MS).await.unwrap().unwrap().id;
        store.change_password(anna, "new", Some(kept), &event(START_MS + 1)).await.unwrap();
        let left: Vec<_> = store.sessions_of(SessionUser::Portal(anna), START_MS).await.unwrap();
        assert_eq!(left.iter().map(|session| session.id).collect::<Vec<_>>(), [kept]);
        assert!(store.reset_link(&open, START_MS + 2).await.unwrap().is_none(), "the link of an attacker still works");
        store.change_password(anna, "newer", None, &event(START_MS + 1)).await.unwrap();
        assert_eq!(store.sessions_of(SessionUser::Portal(anna), START_MS).await.unwrap(), []);
        let error = store.change_password(PortalUserId(1), "x", None, &event(START_MS)).await.unwrap_err();
        assert!(matches!(error, StoreError::NotFound { .. }), "{error:?}");
    }

    async fn a_second_factor_counts_once_confirmed_and_takes_no_code_twice(db) {
        let store = &db.store;
        let (_, anna) = anna(store).await;
        let secret = |text: &str| SecretString::from(text.to_owned());
        store.begin_second_factor(anna, &secret("FIRST"), START_MS).await.unwrap();
        store.begin_second_factor(anna, &secret("SECOND"), START_MS).await.unwrap();
        let factor = store.second_factor(anna).await.unwrap().unwrap();
        assert_eq!((factor.secret_text(), factor.confirmed_at_ms), ("SECOND", None));
        assert_eq!(store.second_factor_since(anna).await.unwrap(), None, "asked for before it is confirmed");
        assert!(!store.take_second_factor_step(anna, 50).await.unwrap());
        let sealed = db.text("SELECT secret_sealed FROM second_factors").await;
        assert!(sealed.starts_with("x1:") && !sealed.contains("SECOND"), "readable in the database: {sealed}");
        let hashes = ["h1".to_owned(), "h2".to_owned()];
        let recovery = RecoveryHashes { salt: "salt", hashes: &hashes };
        let late = event(START_MS + store::SECOND_FACTOR_BEGUN_MS);
        assert!(factor.awaits_first_code(late.at_ms - 1) && !factor.awaits_first_code(late.at_ms));
        let error = store.confirm_second_factor(anna, 100, recovery, None, &late).await.unwrap_err();
        assert!(matches!(error, StoreError::NotFound { .. }), "begun too long ago: {error:?}");
        store.confirm_second_factor(anna, 100, recovery, None, &event(START_MS)).await.unwrap();
        assert_eq!(store.second_factor_since(anna).await.unwrap(), Some(START_MS));
        let error = store.begin_second_factor(anna, &secret("THIRD"), START_MS).await.unwrap_err();
        assert!(matches!(error, StoreError::Duplicate { .. }), "{error:?}");
        let error = store.confirm_second_factor(anna, 100, recovery, None, &event(START_MS)).await.unwrap_err();
        assert!(matches!(error, StoreError::NotFound { .. }), "{error:?}");
        assert!(!store.take_second_factor_step(anna, 100).await.unwrap(), "the code that confirmed it");
        assert!(store.take_second_factor_step(anna, 101).await.unwrap());
        for again in [99, 101] {
            assert!(!store.take_second_factor_step(anna, again).await.unwrap(), "replayed: {again}");
        }
        assert!(store.delete_second_factor(anna, &event(START_MS)).await.unwrap());
        assert!(!store.delete_second_factor(anna, &event(START_MS)).await.unwrap());
        assert!(store.second_factor(anna).await.unwrap().is_none());
        assert_eq!(db.number("SELECT COUNT(*) FROM recovery_codes").await, 0);
    }

    /// The other sessions may be of somebody who has the password alone.
    async fn turning_on_a_second_factor_ends_the_other_sessions(db) {
        let store = &db.store;
        let (_, anna) = anna(store).await;
        for token in [1, 2] {
            session(store, anna, token).await;
        }
        let here = store.session(&[1; 32], START_MS).await.unwrap().unwrap().id;
        store.begin_second_factor(anna, &SecretString::from("S"), START_MS).await.unwrap();
        let recovery = RecoveryHashes { salt: "salt", hashes: &["h".to_owned()] };
        store.confirm_second_factor(anna, 1, recovery, Some(here), &event(START_MS)).await.unwrap();
        assert!(store.session(&[1; 32], START_MS).await.unwrap().is_some(), "the one at work has ended");
        assert!(store.session(&[2; 32], START_MS).await.unwrap().is_none(), "another goes on");
    }

    async fn a_recovery_code_works_once(db) {
        let store = &db.store;
        let (_, anna) = anna(store).await;
        let hashes: Vec<String> = (0..10).map(|n| format!("h{n}")).collect();
        let recovery = RecoveryHashes { salt: "salt", hashes: &hashes };
        let error = store.replace_recovery_codes(anna, recovery, &event(START_MS)).await.unwrap_err();
        assert!(matches!(error, StoreError::NotFound { .. }), "codes without a factor: {error:?}");
        store.begin_second_factor(anna, &SecretString::from("S"), START_MS).await.unwrap();
        store.confirm_second_factor(anna, 1, recovery, None, &event(START_MS)).await.unwrap();
        assert_eq!(store.second_factor(anna).await.unwrap().unwrap().recovery_salt.as_deref(), Some("salt"));
        assert!(store.take_recovery_code(anna, "h3", START_MS).await.unwrap());
        assert!(!store.take_recovery_code(anna, "h3", START_MS).await.unwrap(), "twice");
        assert!(!store.take_recovery_code(anna, "h10", START_MS).await.unwrap(), "no such code");
        assert!(!store.take_recovery_code(PortalUserId(anna.0 + 1), "h4", START_MS).await.unwrap(), "another's");
        assert_eq!(store.recovery_codes_left(anna).await.unwrap(), 9);
        let new = ["n1".to_owned()];
        let recovery = RecoveryHashes { salt: "salt2", hashes: &new };
        store.replace_recovery_codes(anna, recovery, &event(START_MS)).await.unwrap();
        assert!(!store.take_recovery_code(anna, "h4", START_MS).await.unwrap(), "an old code still works");
        assert_eq!(store.recovery_codes_left(anna).await.unwrap(), 1);
    }

    async fn a_client_always_has_an_owner_who_may_log_in(db) {
        let store = &db.store;
        let isp = isp(store).await;
        let [client, other] = isp.clients;
        let add = |role, client, name: &'static str| store.insert_portal_user_as(role, client, name, "x@acme.example", "hash", START_MS);
        let anna = add(PortalRole::Owner, client, "anna").await.unwrap();
        let vera = add(PortalRole::Viewer, client, "vera").await.unwrap();
        let omar = add(PortalRole::Owner, other, "omar").await.unwrap();
        let now = event(START_MS);
        let demote = |user| store.set_role(client, user, PortalRole::Viewer, &now);
        let switch_off = |user| store.set_member_active(client, user, false, &now);
        assert_eq!(demote(anna).await.unwrap(), TeamOutcome::LastOwner);
        assert_eq!(switch_off(anna).await.unwrap(), TeamOutcome::LastOwner);
        for outcome in [demote(omar).await, switch_off(omar).await, store.set_role(client, omar, PortalRole::Owner, &now).await] {
            assert_eq!(outcome.unwrap(), TeamOutcome::NotTheirs, "another client's person");
        }
        assert_eq!(store.set_role(client, vera, PortalRole::Owner, &now).await.unwrap(), TeamOutcome::Done);
        session(store, anna, 1).await;
        assert_eq!(switch_off(anna).await.unwrap(), TeamOutcome::Done);
        assert!(store.session(&[1; 32], START_MS).await.unwrap().is_none());
        assert_eq!(switch_off(vera).await.unwrap(), TeamOutcome::LastOwner, "one switched off is no owner to rely on");
        assert_eq!(store.set_member_active(client, anna, true, &now).await.unwrap(), TeamOutcome::Done);
        assert_eq!(demote(vera).await.unwrap(), TeamOutcome::Done);
        let team = store.team(client).await.unwrap();
        let seen: Vec<_> = team.iter().map(|m| (m.username.as_str(), m.role, m.active)).collect();
        assert_eq!(seen, [("anna", PortalRole::Owner, true), ("vera", PortalRole::Viewer, true)]);
        assert_eq!(db.number("SELECT COUNT(*) FROM audit_events").await, 4, "one event for each change, none for a refusal");
    }

    async fn an_invited_person_logs_in_only_after_setting_a_password(db) {
        let store = &db.store;
        let (client, _) = anna(store).await;
        let new = Invitation { client, username: "Vera", email: "v@acme.example", role: PortalRole::Viewer };
        let vera = store.invite(new, &event(START_MS)).await.unwrap();
        let error = store.invite(new, &event(START_MS)).await.unwrap_err();
        assert!(matches!(error, StoreError::Duplicate { field: "user name", .. }), "{error:?}");
        let (user, hash) = store.portal_user_by_username("vera").await.unwrap().unwrap();
        assert_eq!((user.active, user.role, hash.as_str()), (false, PortalRole::Viewer, "!"));
        let set = store.set_member_active(client, vera, true, &event(START_MS)).await.unwrap();
        assert_eq!(set, TeamOutcome::NotTheirs, "switched on without a password");
        store.ask_password_reset("vera", "a1", &event(START_MS)).await.unwrap();
        let mails = store.claim_outbox(START_MS, 1_000, 10).await.unwrap();
        assert_eq!(mails.len(), 1, "a reset instead of the invitation");
        assert_eq!((mails[0].kind.as_str(), mails[0].recipient.as_str()), (store::INVITATION_MAIL, "v@acme.example"));
        let first = issued(store, mails[0].payload["reset_id"].as_i64().unwrap(), START_MS).await;
        let again = store.invite_again(client, vera, &event(START_MS)).await.unwrap();
        assert_eq!(again, TeamOutcome::Done);
        assert!(store.reset_link(&first, START_MS).await.unwrap().is_none(), "the earlier link");
        let mail = store.claim_outbox(START_MS, 1_000, 10).await.unwrap().remove(0);
        let second = issued(store, mail.payload["reset_id"].as_i64().unwrap(), START_MS).await;
        let late = START_MS + 3 * 24 * 60 * MINUTE_MS - 1;
        assert_eq!(store.reset_link(&second, late).await.unwrap().unwrap().purpose, ResetPurpose::Invitation);
        assert!(store.use_reset_link(&second, "new", &event(late)).await.unwrap());
        let (user, hash) = store.portal_user_by_username("vera").await.unwrap().unwrap();
        assert_eq!((user.active, hash.as_str()), (true, "new"));
        let again = store.invite_again(client, vera, &event(START_MS)).await.unwrap();
        assert_eq!(again, TeamOutcome::NotTheirs, "somebody with a password is not invited again");
    }

    async fn a_withdrawn_invitation_lets_nobody_in(db) {
        let store = &db.store;
        let (client, _) = anna(store).await;
        let new = Invitation { client, username: "vera", email: "v@acme.example", role: PortalRole::Owner };
        let vera = store.invite(new, &event(START_MS)).await.unwrap();
        let id = db.number("SELECT id FROM password_resets").await;
        let token = issued(store, id, START_MS).await;
        let off = store.set_member_active(client, vera, false, &event(START_MS)).await.unwrap();
        assert_eq!(off, TeamOutcome::Done);
        assert!(!store.use_reset_link(&token, "new", &event(START_MS)).await.unwrap());
        assert!(!store.portal_user(vera).await.unwrap().active);
        assert!(store.issue_reset_token(id, START_MS).await.unwrap().is_none());
    }

    async fn only_those_who_want_a_mail_get_it(db) {
        let store = &db.store;
        let (client, anna) = anna(store).await;
        let bert = store.insert_portal_user(client, "bert", "b@acme.example", "hash", START_MS).await.unwrap();
        store.insert_portal_user(client, "carl", "b@acme.example", "hash", START_MS).await.unwrap();
        let breach = NotificationEvent::SlaBreach;
        let ready = NotificationEvent::ReportReady;
        let to = |event| store.active_mail_recipients(client, event);
        assert_eq!(to(breach).await.unwrap(), ["a@acme.example", "b@acme.example"], "wanted until said otherwise");
        store.set_mail_preferences(anna, &[(breach, true), (ready, false)], &event(START_MS)).await.unwrap();
        assert_eq!(store.mail_preferences(anna).await.unwrap(), [(breach, true), (ready, false)]);
        assert_eq!(to(ready).await.unwrap(), ["b@acme.example"]);
        assert_eq!(store.report_recipients(client, ready).await.unwrap(), ["b@acme.example"]);
        assert_eq!(store.report_recipients(client, breach).await.unwrap(), ["a@acme.example", "b@acme.example"]);
        store.set_mail_preferences(anna, &[(ready, true)], &event(START_MS)).await.unwrap();
        assert_eq!(to(ready).await.unwrap().len(), 2);
        store.set_portal_user_active(bert, false).await.unwrap();
        assert_eq!(to(ready).await.unwrap().len(), 2, "carl has the same address and may log in");
    }
}
