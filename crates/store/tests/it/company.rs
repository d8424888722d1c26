use store::{CompanyEdit, Logo, LogoType, StoreError};

use crate::database::on_both;
use crate::fixture::{START_MS, isp};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and the rest";

on_both! {
    async fn an_edit_changes_what_it_names(db) {
        let isp = isp(&db.store).await;
        let edit = CompanyEdit {
            accent: Some(Some("#0A66c2")),
            support_email: Some(Some("help@example.net")),
            mail_from: Some(Some(" sla@example.net ")),
            attach_pdf: Some(false),
            ..CompanyEdit::default()
        };
        let edited = db.store.edit_company(isp.company, &edit, "cli", START_MS).await.unwrap();
        assert_eq!(edited.accent.as_deref(), Some("#0A66c2"));
        assert_eq!((edited.mail_from.as_deref(), edited.attach_pdf), (Some("sla@example.net"), false));
        assert_eq!((edited.name.as_str(), edited.timezone.as_str()), ("Example Net", "Asia/Kolkata"));
        assert_eq!(db.store.company(isp.company).await.unwrap(), edited);

        let edit = CompanyEdit { name: Some("Example Fibre"), accent: Some(None), ..CompanyEdit::default() };
        db.store.edit_company(isp.company, &edit, "staff:ravi", START_MS + 1).await.unwrap();
        let company = db.store.company(isp.company).await.unwrap();
        assert_eq!((company.name.as_str(), company.accent), ("Example Fibre", None));
        assert_eq!(company.support_email.as_deref(), Some("help@example.net"), "not named, not changed");

        let events = db.store.audit_events(None, 10).await.unwrap();
        assert_eq!(events.len(), 2);
        assert_eq!((events[0].event.action.as_str(), events[0].event.actor.as_str()), ("company.edit", "staff:ravi"));
        assert_eq!(events[0].event.subject, "company Example Net");
        assert_eq!(events[0].event.detail["before"]["accent"], "#0A66c2");
        assert_eq!(events[0].event.detail["after"]["name"], "Example Fibre");
        db.store.edit_company(isp.company, &edit, "cli", START_MS + 2).await.unwrap();
        assert_eq!(db.store.audit_events(None, 10).await.unwrap().len(), 2, "nothing changed, nothing told");
    }

    async fn a_value_that_would_break_mail_or_pages_is_refused(db) {
        let isp = isp(&db.store).await;
        db.store.insert_company("Second", "UTC", "INR", START_MS).await.unwrap();
        let none = CompanyEdit::default();
        for edit in [
            CompanyEdit { accent: Some(Some("red; background: url(x)")), ..none },
            CompanyEdit { accent: Some(Some("#12345")), ..none },
            CompanyEdit { mail_from: Some(Some("nobody")), ..none },
            CompanyEdit { mail_from: Some(Some("a@b.example\r\nBcc: c@d.example")), ..none },
            CompanyEdit { name: Some(" "), ..none },
        ] {
            let error = db.store.edit_company(isp.company, &edit, "cli", START_MS).await.unwrap_err();
            assert!(matches!(error, StoreError::Invalid { what: "a company", .. }), "{edit:?}: {error:?}");
        }
        let taken = CompanyEdit { name: Some("Second"), ..none };
        let error = db.store.edit_company(isp.company, &taken, "cli", START_MS).await.unwrap_err();
        assert_eq!(error.to_string(), "there is already a company \"Second\": choose another name");
        let error = db.store.edit_company(store::CompanyId(7), &none, "cli", START_MS).await.unwrap_err();
        assert!(matches!(error, StoreError::NotFound { what: "company" }), "{error:?}");
        assert!(db.store.audit_events(None, 10).await.unwrap().is_empty());
    }

    async fn a_logo_comes_back_as_given(db) {
        let isp = isp(&db.store).await;
        assert_eq!(db.store.company_logo(isp.company).await.unwrap(), None);
        let logo = Logo { kind: LogoType::Png, bytes: PNG.to_vec() };
        db.store.set_company_logo(isp.company, Some(&logo), "cli", START_MS).await.unwrap();
        assert_eq!(db.store.company_logo(isp.company).await.unwrap(), Some(logo));
        let logo = Logo { kind: LogoType::Svg, bytes: b"<svg/>".to_vec() };
        db.store.set_company_logo(isp.company, Some(&logo), "cli", START_MS).await.unwrap();
        assert_eq!(db.store.company_logo(isp.company).await.unwrap().unwrap().kind, LogoType::Svg);
        db.store.set_company_logo(isp.company, None, "cli", START_MS).await.unwrap();
        assert_eq!(db.store.company_logo(isp.company).await.unwrap(), None);
        let events = db.store.audit_events(None, 10).await.unwrap();
        assert_eq!(events.len(), 3);
        assert_eq!(events[2].event.detail["after"], serde_json::json!(["image/png", PNG.len()]));
    }
}
