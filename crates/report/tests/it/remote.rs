//! No mail fetches anything: whoever serves it would learn who reads what, when and where.

use report::{
    AccountDoor, AccountMail, AccountNews, AccountPart, Brand, Letterhead, MailBody, Notice, account_mail,
    breach_mail, notice_mail, report_mail,
};

use crate::cases;

/// How markup and styles fetch something. Links to be clicked on are none of these.
const FETCHES: &[&str] = &[
    "<link",
    "@import",
    "src=\"http",
    "src='http",
    "src=\"//",
    "background=\"http",
    "srcset=",
    "url(http",
    "url('http",
    "url(\"http",
    "url(//",
    "<iframe",
    "<script",
    "<video",
    "<object",
];

/// Every mail that the library makes, with a name.
fn mails() -> Vec<(String, MailBody)> {
    let mut mails = Vec::new();
    for case in cases::all() {
        mails.push((format!("breach, {}", case.name), breach_mail(&case.document()).expect("a mail")));
        mails.push((format!("report, {}", case.name), report_mail(&case.document()).expect("a mail")));
    }
    let head = Letterhead {
        name: "Example Net".to_owned(),
        accent: Some("#0a66c2".to_owned()),
        contact: "noc@example.net".to_owned(),
        timezone: "Asia/Kolkata".to_owned(),
        portal: Some("https://portal.example.net".to_owned()),
    };
    for event in
        ["link_down", "link_flapping", "router_unreachable", "collector_stalled", "error_budget", "latency"]
    {
        for until_ms in [None, Some(1_794_272_400_000)] {
            let notice = Notice {
                event: event.to_owned(),
                about: "C-1".to_owned(),
                since_ms: 1_794_268_800_000,
                told_ms: 1_794_268_865_000,
                link_id: Some(5),
                until_ms,
                ..Notice::default()
            };
            mails
                .push((format!("{event}, until {until_ms:?}"), notice_mail(&notice, &head).expect("a mail")));
        }
    }
    let brand = Brand { name: "Deccan Fibre".to_owned(), accent: None, logo: None };
    let url = "https://portal.example.net/client/reset/0123abcd";
    let changed = |what| AccountNews::Changed {
        what,
        at_ms: 1_795_518_000_000,
        zone: "Asia/Kolkata",
        address: None,
        by_provider: false,
    };
    for door in [AccountDoor::Portal, AccountDoor::Staff] {
        let news = [
            AccountNews::Reset { url, minutes: 30 },
            AccountNews::Invitation { url, minutes: 60, client: "Asha Textiles" },
            changed(AccountPart::Password),
            changed(AccountPart::SecondFactorOn),
            changed(AccountPart::SecondFactorOff),
            changed(AccountPart::RecoveryCodes),
        ];
        for (number, news) in news.into_iter().enumerate() {
            let about = AccountMail { brand: &brand, support: (None, None), username: "asha", door, news };
            mails.push((format!("account {number}"), account_mail(&about).expect("a mail")));
        }
    }
    mails
}

#[test]
fn no_mail_fetches_a_remote_resource() {
    for (name, mail) in mails() {
        let html = mail.html.to_lowercase();
        for fetch in FETCHES {
            assert!(!html.contains(fetch), "{name}: {fetch} in {html}");
        }
    }
}
