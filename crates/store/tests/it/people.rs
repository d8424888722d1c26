use store::StoreError;

use crate::database::on_both;
use crate::fixture::{START_MS, isp};

on_both! {
    async fn companies_come_back_as_entered(db) {
        let id = db.store.insert_company("Zeta", "Europe/Berlin", "EUR", START_MS).await.unwrap();
        let other = db.store.insert_company("Alpha", "Asia/Kolkata", "INR", START_MS + 1).await.unwrap();
        db.store.set_company_support(id, Some("help@zeta.example"), None).await.unwrap();
        let names: Vec<_> = db.store.companies().await.unwrap().into_iter().map(|company| company.id).collect();
        assert_eq!(names, [other, id], "by name");
        let company = db.store.company_by_name("Zeta").await.unwrap().unwrap();
        assert_eq!((company.id, company.timezone.as_str(), company.currency.as_str()), (id, "Europe/Berlin", "EUR"));
        assert_eq!(company.support_email.as_deref(), Some("help@zeta.example"));
        assert_eq!((company.support_phone, company.created_at_ms), (None, START_MS));
        assert!(db.store.company_by_name("zeta").await.unwrap().is_none());
        let error = db.store.company(store::CompanyId(7)).await.unwrap_err();
        assert_eq!(error.to_string(), "no such company");
    }

    async fn a_taken_name_says_which(db) {
        let isp = isp(&db.store).await;
        let error = db.store.insert_company("Example Net", "UTC", "INR", START_MS).await.unwrap_err();
        assert_eq!(error.to_string(), "there is already a company \"Example Net\": choose another name");
        let error = db.store.insert_client(isp.company, "Acme", START_MS).await.unwrap_err();
        assert_eq!(error.to_string(), "there is already a client \"Acme\": choose another name");
        let error = db.store.insert_client(store::CompanyId(7), "New", START_MS).await.unwrap_err();
        assert!(matches!(error, StoreError::Dangling { what: "client" }), "{error:?}");
    }

    /// Two brands may have a client of one name: guessing would bill the wrong one.
    async fn a_client_name_of_two_companies_is_ambiguous(db) {
        let isp = isp(&db.store).await;
        let brand = db.store.insert_company("Second Brand", "UTC", "INR", START_MS).await.unwrap();
        let theirs = db.store.insert_client(brand, "Acme", START_MS).await.unwrap();
        let error = db.store.client_by_name(None, "Acme").await.unwrap_err();
        assert!(matches!(error, StoreError::Ambiguous { what: "client" }), "{error:?}");
        let found = db.store.client_by_name(Some(brand), "Acme").await.unwrap().unwrap();
        assert_eq!(found.id, theirs);
        let found = db.store.client_by_name(None, "Bolt").await.unwrap().unwrap();
        assert_eq!(found.id, isp.clients[1]);
        assert!(db.store.client_by_name(Some(brand), "Bolt").await.unwrap().is_none());
        assert_eq!(db.store.clients().await.unwrap().len(), 3);
    }

    async fn user_names_have_no_case(db) {
        let isp = isp(&db.store).await;
        let id = db.store.insert_portal_user(isp.clients[0], " Ärne ", "a@acme.example", "hash-1", START_MS).await.unwrap();
        let (user, hash) = db.store.portal_user_by_username("ÄRNE").await.unwrap().unwrap();
        assert_eq!((user.id, user.client_id, user.active), (id, isp.clients[0], true));
        assert_eq!((user.username.as_str(), hash.as_str()), ("ärne", "hash-1"));
        let error = db.store.insert_portal_user(isp.clients[1], "ÄrnE", "b@bolt.example", "h", START_MS).await.unwrap_err();
        assert_eq!(error.to_string(), "there is already a portal user \"ärne\"; \"ÄrnE\" differs only in case or in characters that cannot be seen");
        db.store.set_portal_user_password_hash(id, "hash-2").await.unwrap();
        db.store.set_portal_user_active(id, false).await.unwrap();
        let (user, hash) = db.store.portal_user_by_username("ärne").await.unwrap().unwrap();
        assert_eq!((user.active, hash.as_str()), (false, "hash-2"));
        assert_eq!(db.store.portal_users().await.unwrap(), [user]);
        let error = db.store.set_portal_user_password_hash(store::PortalUserId(1), "x").await.unwrap_err();
        assert!(matches!(error, StoreError::NotFound { .. }), "{error:?}");
    }
}
