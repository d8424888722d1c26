//! Mails about a person's own account, from the wish to the inbox of a real mail server.

use jobs::{Delivered, Delivery, DeliverySettings};
use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use store::{
    AuditEvent, Invitation, NewStaffUser, OutboxMail, OutboxState, PortalRole, PortalUserId, RecoveryHashes,
    StaffAct, StaffRole, StaffScope, StaffUserEdit, Store,
};

use crate::{
    database::on_both,
    deliver::{settings, smtp},
    isp::{DAY, HOUR, Isp, MINUTE, at},
    mail_server::{MailServer, header},
};

fn now() -> i64 {
    at(2026, 11, 24, 16, 48)
}

fn event(action: &str, at_ms: i64) -> AuditEvent {
    AuditEvent {
        at_ms,
        actor: "portal:asha".to_owned(),
        action: action.to_owned(),
        subject: "portal user asha".to_owned(),
        detail: json!({}),
        address: Some("203.0.113.7".to_owned()),
    }
}

async fn ask(store: &Store, at_ms: i64) {
    store.ask_password_reset("Asha", "203.0.113.7", &event("password.reset.ask", at_ms)).await.unwrap();
}

async fn user(store: &Store, name: &str) -> PortalUserId {
    store.portal_user_by_username(name).await.unwrap().unwrap().0.id
}

/// A kept mail with its transfer encoding undone.
fn plain(mail: &Value) -> String {
    mail["mail"].as_str().unwrap().replace("=\r\n", "").replace("=3D", "=")
}

/// The secret of the link in a mail, which both forms of it hold.
fn token(mail: &Value) -> String {
    let text = plain(mail);
    let mut found = text.split("https://portal.isp.example/client/reset/").skip(1).map(|rest| &rest[..64]);
    let first = found.next().expect("a link").to_owned();
    assert!(first.bytes().all(|byte| byte.is_ascii_hexdigit()), "{first}");
    let others: Vec<&str> = found.collect();
    assert!(others.len() >= 2 && others.iter().all(|other| *other == first), "button and text: {text}");
    first
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

async fn row(isp: &Isp, number: usize) -> OutboxMail {
    isp.mails().await.remove(number)
}

on_both! {
    async fn the_link_of_a_reset_arrives_works_once_and_is_nowhere_else(db) {
        let isp = Isp::new(&db.store).await;
        let folder = tempfile::tempdir().unwrap();
        let server = MailServer::start(folder.path());
        let delivery = Delivery::new(db.store.clone(), smtp(server.port), settings());
        ask(&db.store, now()).await;
        assert_eq!(delivery.deliver_once(now() + MINUTE).await.unwrap(), Delivered::Sent);
        let mail = server.mails().remove(0);
        assert_eq!(mail["to"][0], "asha@acme.example");
        assert_eq!(header(&mail, "Subject"), "Set a new password for Example Net");
        assert!(!mail["mail"].as_str().unwrap().contains("List-Id"), "no mail to a list");
        for said in ["asha", "30 minutes", "works once"] {
            assert!(plain(&mail).contains(said), "{said} is missing: {}", plain(&mail));
        }
        let token = token(&mail);
        let row = row(&isp, 0).await;
        assert!(!format!("{row:?}").contains(&token), "the outbox holds the secret");

        let late = now() + MINUTE + 30 * MINUTE;
        assert!(db.store.reset_link(&hash(&token), late - 1).await.unwrap().is_some());
        assert!(db.store.reset_link(&hash(&token), late).await.unwrap().is_none());
        let use_it = async || {
            let event = event("password.reset", now() + 5 * MINUTE);
            db.store.use_reset_link(&hash(&token), "new", &event).await.unwrap()
        };
        assert!(use_it().await);
        assert!(!use_it().await, "the link works twice");

        assert_eq!(delivery.deliver_once(now() + 6 * MINUTE).await.unwrap(), Delivered::Sent);
        let told = server.mails().remove(1);
        assert_eq!(header(&told, "Subject"), "Your password was changed");
        for said in ["24 Nov 2026, 16:53 (Asia/Kolkata)", "203.0.113.7"] {
            assert!(plain(&told).contains(said), "{said} is missing: {}", plain(&told));
        }
        assert!(!plain(&told).contains("portal.isp.example"), "no link in a warning: {}", plain(&told));
        assert_eq!(delivery.deliver_once(now() + 7 * MINUTE).await.unwrap(), Delivered::Nothing);
    }

    async fn a_wish_that_was_fulfilled_or_is_too_old_sends_nothing_and_says_so(db) {
        let isp = Isp::new(&db.store).await;
        let folder = tempfile::tempdir().unwrap();
        let server = MailServer::start(folder.path());
        let delivery = Delivery::new(db.store.clone(), smtp(server.port), settings());
        ask(&db.store, now()).await;
        delivery.deliver_once(now()).await.unwrap();
        ask(&db.store, now()).await;
        let first = token(&server.mails()[0]);
        let changed = event("password.reset", now());
        assert!(db.store.use_reset_link(&hash(&first), "new", &changed).await.unwrap());
        ask(&db.store, now()).await;
        let before = server.mails().len();
        assert_eq!(delivery.deliver_once(now()).await.unwrap(), Delivered::Dead, "fulfilled by the other link");
        assert_eq!(delivery.deliver_once(now()).await.unwrap(), Delivered::Sent, "word of the change");
        assert_eq!(delivery.deliver_once(now() + 2 * HOUR).await.unwrap(), Delivered::Dead, "too old");
        assert_eq!(delivery.deliver_once(now() + 2 * HOUR).await.unwrap(), Delivered::Nothing);
        assert_eq!(server.mails().len(), before + 1);
        assert_eq!(db.store.outbox_lost().await.unwrap(), 0, "nobody needs to look after it");
        for number in [1, 3] {
            let row = row(&isp, number).await;
            assert_eq!(row.state, OutboxState::Dead);
            assert!(row.last_error.unwrap().starts_with("nothing was sent"), "a reason that can be read");
        }
    }

    async fn a_mail_that_is_tried_again_has_a_link_that_works(db) {
        let isp = Isp::new(&db.store).await;
        let folder = tempfile::tempdir().unwrap();
        let port = MailServer::start(folder.path()).port;
        let delivery = Delivery::new(db.store.clone(), smtp(port), settings());
        ask(&db.store, now()).await;
        assert_eq!(delivery.deliver_once(now()).await.unwrap(), Delivered::Away);
        let again = row(&isp, 0).await.next_at_ms;
        let server = MailServer::on_port(folder.path(), port);
        assert_eq!(delivery.deliver_once(again).await.unwrap(), Delivered::Sent);
        let token = token(&server.mails()[0]);
        assert!(db.store.reset_link(&hash(&token), again).await.unwrap().is_some());
    }

    async fn without_a_public_address_a_link_waits(db) {
        let isp = Isp::new(&db.store).await;
        let folder = tempfile::tempdir().unwrap();
        let server = MailServer::start(folder.path());
        let nowhere = DeliverySettings { public_url: None, ..settings() };
        let delivery = Delivery::new(db.store.clone(), smtp(server.port), nowhere);
        ask(&db.store, now()).await;
        assert_eq!(delivery.deliver_once(now()).await.unwrap(), Delivered::Deferred);
        assert!(row(&isp, 0).await.last_error.unwrap().contains("server.public_url"));
        assert!(server.mails().is_empty());
    }

    async fn an_invitation_says_by_whom_and_for_how_long(db) {
        let isp = Isp::new(&db.store).await;
        let folder = tempfile::tempdir().unwrap();
        let server = MailServer::start(folder.path());
        let delivery = Delivery::new(db.store.clone(), smtp(server.port), settings());
        let new = Invitation {
            client: isp.client,
            username: "meera",
            email: "meera@acme.example",
            role: PortalRole::Viewer,
        };
        db.store.invite(new, &event("user.invite", now())).await.unwrap();
        assert_eq!(delivery.deliver_once(now() + DAY).await.unwrap(), Delivered::Sent);
        let mail = server.mails().remove(0);
        assert_eq!(mail["to"][0], "meera@acme.example");
        for said in ["Acme", "meera", "3 days", "Example Net"] {
            assert!(plain(&mail).contains(said), "{said} is missing: {}", plain(&mail));
        }
        let event = event("invitation.accept", now() + 2 * DAY);
        assert!(db.store.use_reset_link(&hash(&token(&mail)), "first", &event).await.unwrap());
        assert_eq!(delivery.deliver_once(now() + 2 * DAY).await.unwrap(), Delivered::Nothing, "no change to tell of");
    }

    async fn a_link_for_staff_leads_to_their_own_door_and_works_once(db) {
        Isp::new(&db.store).await;
        let folder = tempfile::tempdir().unwrap();
        let server = MailServer::start(folder.path());
        let delivery = Delivery::new(db.store.clone(), smtp(server.port), settings());
        let act = StaffAct { scope: &StaffScope::All, actor: "cli", address: None, now_ms: now() };
        let new = NewStaffUser {
            username: "olga",
            display_name: "",
            email: "olga@isp.example",
            role: StaffRole::Operator,
            password_hash: NewStaffUser::INVITED,
            scope: StaffScope::All,
        };
        let olga = db.store.staff_add_member(&act, &new).await.unwrap();
        assert_eq!(delivery.deliver_once(now()).await.unwrap(), Delivered::Sent);
        let mail = server.mails().remove(0);
        assert_eq!(mail["to"][0], "olga@isp.example");
        assert_eq!(header(&mail, "Subject"), "Your account on the staff pages of Example Net");
        let text = plain(&mail);
        assert!(!text.contains("/client/"), "{text}");
        let token = &text.split_once("https://portal.isp.example/staff/reset/").expect("a link").1[..64];
        assert!(db.store.reset_link(&hash(token), now()).await.unwrap().is_none(), "the clients' door takes it");
        let accepted = event("invitation.accept", now());
        assert!(!db.store.use_reset_link(&hash(token), "first", &accepted).await.unwrap());
        assert!(db.store.use_staff_reset_link(&hash(token), "first", &accepted).await.unwrap());
        assert!(!db.store.use_staff_reset_link(&hash(token), "second", &accepted).await.unwrap(), "twice");
        // A wish that was withdrawn before its mail left.
        db.store.staff_send_member_link(&act, olga).await.unwrap();
        let off = StaffUserEdit { active: Some(false), ..StaffUserEdit::default() };
        db.store.staff_edit_member(&act, (olga, None), &off).await.unwrap();
        assert_eq!(delivery.deliver_once(now()).await.unwrap(), Delivered::Dead);
    }

    async fn every_change_of_how_one_gets_in_is_told_while_it_is_news(db) {
        let isp = Isp::new(&db.store).await;
        let folder = tempfile::tempdir().unwrap();
        let server = MailServer::start(folder.path());
        let delivery = Delivery::new(db.store.clone(), smtp(server.port), settings());
        let asha = user(&db.store, "asha").await;
        let hashes = ["one".to_owned()];
        let recovery = RecoveryHashes { salt: "salt", hashes: &hashes };
        let secret = SecretString::from("secret");
        db.store.begin_second_factor(asha, &secret, now()).await.unwrap();
        db.store.confirm_second_factor(asha, 1, recovery, None, &event("on", now())).await.unwrap();
        db.store.replace_recovery_codes(asha, recovery, &event("codes", now())).await.unwrap();
        let by_cli = AuditEvent { actor: "cli".to_owned(), address: None, ..event("off", now()) };
        db.store.delete_second_factor(asha, &by_cli).await.unwrap();
        while delivery.deliver_once(now()).await.unwrap() == Delivered::Sent {}
        let subjects: Vec<String> = server.mails().iter().map(|mail| header(mail, "Subject")).collect();
        assert_eq!(subjects, [
            "Your second factor was switched on",
            "Your recovery codes were replaced",
            "Your second factor was switched off",
        ]);
        assert!(plain(&server.mails()[2]).contains("by Example Net"));

        db.store.begin_second_factor(asha, &secret, now()).await.unwrap();
        db.store.delete_second_factor(asha, &event("off", now())).await.unwrap();
        assert_eq!(isp.mails().await.len(), 3, "one that was never confirmed was never on");
        db.store.change_password(asha, "new", None, &event("password.change", now())).await.unwrap();
        assert_eq!(delivery.deliver_once(now() + 8 * DAY).await.unwrap(), Delivered::Dead);
        assert!(row(&isp, 3).await.last_error.unwrap().contains("a week ago"));
    }
}
