use report::{AccountDoor, AccountMail, AccountNews, AccountPart, Brand, MailBody, account_mail};

use crate::snapshot::assert_snapshot;

const URL: &str = "https://portal.example.net/client/reset/0123abcd";

fn mail(news: AccountNews<'_>) -> MailBody {
    mail_at(AccountDoor::Portal, news)
}

fn mail_at(door: AccountDoor, news: AccountNews<'_>) -> MailBody {
    let brand = Brand { name: "Deccan Fibre".to_owned(), accent: Some("#7a1fa2".to_owned()), logo: None };
    let support = (Some("noc@deccan.example"), Some("+91 20 5550 0000"));
    account_mail(&AccountMail { brand: &brand, support, username: "asha", door, news }).expect("a mail")
}

fn changed(what: AccountPart) -> AccountNews<'static> {
    let address = Some("203.0.113.7");
    AccountNews::Changed { what, at_ms: 1_795_518_000_000, zone: "Asia/Kolkata", address, by_provider: false }
}

#[test]
fn the_mails_about_an_account_are_as_they_were() {
    let invitation = AccountNews::Invitation { url: URL, minutes: 3 * 24 * 60, client: "Asha Textiles" };
    for (name, news) in [
        ("account-reset.txt", AccountNews::Reset { url: URL, minutes: 30 }),
        ("account-invitation.txt", invitation),
        ("account-password.txt", changed(AccountPart::Password)),
        ("account-factor-on.txt", changed(AccountPart::SecondFactorOn)),
        ("account-factor-off.txt", changed(AccountPart::SecondFactorOff)),
        ("account-codes.txt", changed(AccountPart::RecoveryCodes)),
    ] {
        let mail = mail(news);
        assert_snapshot(name, &format!("Subject: {}\n\n{}", mail.subject, mail.text));
    }
    let url = "https://portal.example.net/staff/reset/0123abcd";
    for (name, news) in [
        ("account-staff-reset.txt", AccountNews::Reset { url, minutes: 30 }),
        ("account-staff-invitation.txt", AccountNews::Invitation { url, minutes: 3 * 24 * 60, client: "" }),
    ] {
        let mail = mail_at(AccountDoor::Staff, news);
        assert_snapshot(name, &format!("Subject: {}\n\n{}", mail.subject, mail.text));
    }
}

#[test]
fn the_button_leads_where_the_text_does() {
    let mail = mail(AccountNews::Reset { url: URL, minutes: 30 });
    assert!(mail.html.contains(&format!("href=\"{URL}\"")), "{}", mail.html);
    assert_eq!(mail.html.matches(URL).count(), 2, "on the button, and to be copied");
    assert!(mail.text.contains(URL));
}

#[test]
fn a_warning_has_no_link_to_click_on() {
    for part in [AccountPart::Password, AccountPart::SecondFactorOff] {
        let mail = mail(changed(part));
        assert!(!mail.html.contains("<a "), "{}", mail.html);
        assert!(!mail.text.contains("://"), "{}", mail.text);
    }
}

#[test]
fn names_of_people_and_clients_are_shown_and_not_run() {
    let client = "<b>Acme</b></mj-text>\r\nBcc: x@y.example";
    let mail = mail(AccountNews::Invitation { url: URL, minutes: 60, client });
    assert!(!mail.html.contains("<b>Acme"), "{}", mail.html);
    assert!(!mail.subject.contains(['\r', '\n']));
}
