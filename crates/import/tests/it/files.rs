//! Files that are no files, and the small kinds.

use std::collections::BTreeSet;

use import::{Kind, Options, Outcome, import_csv};
use secrecy::{ExposeSecret, SecretString};
use store::{CompanyId, RouterTls, StaffAct, StaffScope, Store};

use crate::database::on_both;

pub(crate) const ALL: StaffScope = StaffScope::All;

pub(crate) fn act(scope: &StaffScope) -> StaffAct<'_> {
    StaffAct { scope, actor: "staff:asha", address: None, now_ms: 1_000 }
}

pub(crate) async fn read(store: &Store, kind: Kind, file: &str) -> Outcome {
    import_csv(store, &act(&ALL), kind, file.as_bytes(), &Options::default()).await.unwrap()
}

/// `line column: why`
pub(crate) fn told(outcome: &Outcome) -> Vec<String> {
    outcome.faults.iter().map(|fault| format!("{} {}: {}", fault.line, fault.column, fault.why)).collect()
}

on_both! {
    async fn what_is_no_table_of_these_things_is_told_and_nothing_is_written(db) {
        db.store.insert_company("Example Net", "Asia/Kolkata", "INR", 0).await.unwrap();
        for (file, expected) in [
            ("", "1 : The file is empty: its first line names the columns name, company."),
            ("name\n", "1 : The file has no rows below its first line."),
            ("name,nane\nA,B\n", "1 nane: There is no such column; there are name, company."),
            ("company\nExample Net\n", "1 name: This column is missing."),
            ("name,NAME\nA,B\n", "1 name: This column is there twice."),
            ("name,company\nA\n", "2 : This line has 1 cells, the first one 2."),
            ("name\nA\n\n \nB,C\n", "5 : This line has 2 cells, the first one 1."),
            ("name\n\"A\nB\"\nC,D\n", "4 : This line has 2 cells, the first one 1."),
            ("name\nA\nA\n", "3 name: Line 2 has the client \"A\" already."),
            ("name,company\nA,Nowhere\n", "2 company: There is no company \"Nowhere\"."),
        ] {
            let outcome = read(&db.store, Kind::Clients, file).await;
            assert_eq!(told(&outcome).first().map(String::as_str), Some(expected), "{file:?}");
            assert_eq!(outcome.written, 0);
        }
        let outcome =
            import_csv(&db.store, &act(&ALL), Kind::Clients, b"name\nA\nB\xe9\n", &Options::default()).await.unwrap();
        assert_eq!(told(&outcome), ["3 : This is not UTF-8: save the file as CSV UTF-8."]);
        assert!(db.store.clients().await.unwrap().is_empty());
        let many = format!("name\n{}", (0..20_001).map(|n| format!("C{n}\n")).collect::<String>());
        assert!(told(&read(&db.store, Kind::Clients, &many).await)[0].contains("more than 20000 rows: divide it"));
        let wrong = format!("name\n{}", "\u{7}\n".repeat(3_000));
        assert_eq!(read(&db.store, Kind::Clients, &wrong).await.faults.len(), import::FAULTS_MAX);
    }

    async fn faults_of_a_hostile_file_stay_small(db) {
        db.store.insert_company("Example Net", "Asia/Kolkata", "INR", 0).await.unwrap();
        let size = |outcome: &Outcome| outcome.faults.iter().map(|f| f.column.len() + f.why.len()).sum::<usize>();
        let head = format!("name{}\nA\n", ",x".repeat(2_000_000));
        let outcome = read(&db.store, Kind::Links, &head).await;
        assert!(outcome.faults.len() == 1 && size(&outcome) < 1_000, "{} bytes", size(&outcome));
        let long = "x".repeat(700);
        let rows: String = (0..20_000).map(|_| format!("A,{long}\n")).collect();
        let outcome = read(&db.store, Kind::Clients, &format!("name,company\n{rows}")).await;
        assert!(outcome.faults.len() == import::FAULTS_MAX && size(&outcome) < 500_000, "{} bytes", size(&outcome));
        let named = read(&db.store, Kind::Clients, &format!("name,{long}\nA,B\n")).await;
        assert!(named.faults[0].column.chars().count() <= 60, "{named:?}");
        let nul = read(&db.store, Kind::Clients, "name,company\nAc\0me,Example Net\n").await;
        assert_eq!(told(&nul), ["2 name: This has a control character (U+0000) after \"Ac\"."]);
    }

    async fn as_spreadsheets_write_it(db) {
        let company = db.store.insert_company("Example Net", "Asia/Kolkata", "INR", 0).await.unwrap();
        let file = "\u{feff}Company;Name\r\n;\"Asha; Textiles\"\r\nExample Net;  Kaveri  \r\n;;\r\n";
        let outcome = read(&db.store, Kind::Clients, &file.replace(";;", ";")).await;
        assert_eq!((outcome.rows, outcome.written, told(&outcome)), (2, 2, vec![]));
        let names: Vec<_> = db.store.clients().await.unwrap().into_iter().map(|client| client.name).collect();
        assert_eq!(names, ["Asha; Textiles", "Kaveri"]);
        let again = read(&db.store, Kind::Clients, "name\nKaveri\nNew\n").await;
        assert_eq!(told(&again), ["2 name: There is already a client \"Kaveri\"."]);
        assert_eq!(db.store.clients().await.unwrap().len(), 2, "not even the good row");
        let audit = db.store.audit_events(None, 10).await.unwrap();
        let added: Vec<_> = audit.iter().map(|record| (record.event.action.as_str(), record.event.subject.as_str())).collect();
        assert_eq!(added, [("client.add", "client Kaveri"), ("client.add", "client Asha; Textiles")]);
        assert_eq!(audit[0].event.detail["after"]["company_id"], company.0);
        assert_eq!(audit[0].event.actor, "staff:asha");
    }

    async fn names_that_look_the_same_are_told_with_what_has_them(db) {
        let company = db.store.insert_company("Example Net", "Asia/Kolkata", "INR", 0).await.unwrap();
        db.store.insert_client(company, "Asha Textiles", 0).await.unwrap();
        let file = "name\nasha  textiles\nKaveri\n\u{202a}Bolt\u{202c}\nKAVERI\nBo\u{200b}lt\nBolt\n\u{200b}\n";
        let outcome = read(&db.store, Kind::Clients, file).await;
        assert_eq!(told(&outcome), [
            "2 name: There is already a client \"Asha Textiles\". \"asha  textiles\" differs only in case or in characters that \
             cannot be seen.",
            "5 name: Line 3 has the client \"Kaveri\" already. \"KAVERI\" differs only in case or in characters that cannot be seen.",
            "6 name: Line 4 has the client \"Bolt\" already. \"Bo\u{200b}lt\" differs only in case or in characters that cannot be \
             seen.",
            "7 name: Line 4 has the client \"Bolt\" already.",
            "8 name: This must not be empty.",
        ]);
        let outcome = read(&db.store, Kind::Clients, "name\n\u{202a}Bolt\u{202c}\nक्\u{200d}ष\n").await;
        assert_eq!((outcome.written, told(&outcome)), (2, vec![]));
        let names: Vec<_> = db.store.clients().await.unwrap().into_iter().map(|client| client.name).collect();
        assert_eq!(names, ["Asha Textiles", "Bolt", "क्\u{200d}ष"], "direction marks go, joiners stay");
        let routers = "name,address,username,password\nedge-1,192.0.2.1,u,p\nEDGE-1,192.0.2.2,u,p\n";
        assert!(told(&read(&db.store, Kind::Routers, routers).await)[0].starts_with("3 name: Line 2 has the router \"edge-1\""));
        // What an older version kept with a mark in it is found by what its export says, and what is new also by a pasted one.
        db.store.insert_client(company, "Old\u{200f} Mills", 0).await.unwrap();
        read(&db.store, Kind::Routers, "name,address,username,password\nedge-1,192.0.2.1,u,p\n").await;
        let head = "circuit,client,router,interface,type,committed_mbps,activated";
        let links = format!("{head}\nC-1,Old\u{200f} Mills,edge-1,ether1,ILL,1,2026-11-01\n\
            C-2,\u{202a}Bolt\u{202c},\u{200e}edge-1,ether2,ILL,1,2026-11-01\n");
        assert_eq!(read(&db.store, Kind::Links, &links).await.written, 2);
        let again = read(&db.store, Kind::Links, &format!("{head}\nc-1,Bolt,edge-1,ether9,ILL,1,2026-11-01\n")).await;
        assert!(told(&again)[0].starts_with("2 circuit: There is already a link \"C-1\". \"c-1\" differs"), "{again:?}");
    }

    async fn routers_come_with_their_passwords_sealed(db) {
        db.store.insert_company("Example Net", "Asia/Kolkata", "INR", 0).await.unwrap();
        let pin = "ab".repeat(32);
        let file = format!("name,address,username,password,tls,port\n\
            edge-1,192.0.2.1,portal,first secret,,\n\
            edge-2,edge-2.isp.example,portal,,off,\n\
            edge-3,2001:db8::3,portal,third,pin:{pin},9000\n");
        let outcome = read(&db.store, Kind::Routers, &file).await;
        assert_eq!(told(&outcome), ["3 password: This must not be empty."]);
        let options = Options { router_password: Some(SecretString::from("shared")), ..Options::default() };
        let dry = Options { dry_run: true, router_password: options.router_password.clone(), ..Options::default() };
        let outcome = import_csv(&db.store, &act(&ALL), Kind::Routers, file.as_bytes(), &dry).await.unwrap();
        assert_eq!((outcome.rows, outcome.written, told(&outcome)), (3, 0, vec![]));
        assert!(db.store.routers().await.unwrap().is_empty(), "a dry run writes nothing");
        let outcome = import_csv(&db.store, &act(&ALL), Kind::Routers, file.as_bytes(), &options).await.unwrap();
        assert_eq!(outcome.written, 3);
        let routers = db.store.routers().await.unwrap();
        let seen: Vec<_> = routers.iter().map(|router| (router.port, router.tls.clone())).collect();
        assert_eq!(seen, [(8729, RouterTls::System), (8728, RouterTls::Off), (9000, RouterTls::Pinned([0xab; 32]))]);
        for (router, expected) in routers.iter().zip(["first secret", "shared", "third"]) {
            assert_eq!(db.store.router_password(router.id).await.unwrap().expose_secret(), expected);
        }
        let audit = format!("{:?}", db.store.audit_events(None, 10).await.unwrap());
        assert!(!audit.contains("secret") && !audit.contains("shared") && !audit.contains("third"), "{audit}");
        for (row, expected) in [
            ("edge-1,192.0.2.9,portal,x,,", "2 name: There is already a router \"edge-1\"."),
            ("e,no host,portal,x,,", "2 address: Write an IP address or a host name."),
            ("e,192.0.2.9,,x,,", "2 username: This must not be empty."),
            ("e,192.0.2.9,portal,x,maybe,", "2 tls: Write system, off, or pin: and the SHA-256 of the certificate."),
            ("e,192.0.2.9,portal,x,pin:12,", "2 tls: Write the 64 hexadecimal digits of its SHA-256."),
            ("e,192.0.2.9,portal,x,off,99999", "2 port: Write a port from 1 to 65535."),
        ] {
            let file = format!("name,address,username,password,tls,port\n{row}\n");
            assert_eq!(told(&read(&db.store, Kind::Routers, &file).await), [expected], "{row}");
        }
    }

    async fn a_routers_code_page_comes_with_it_and_goes_out_again(db) {
        let company = db.store.insert_company("Example Net", "Asia/Kolkata", "INR", 0).await.unwrap();
        let head = "name,address,username,password,code_page";
        let outcome = read(&db.store, Kind::Routers, &format!("{head}\nedge-1,192.0.2.1,u,p,latin-9\n")).await;
        assert_eq!(told(&outcome), [format!("2 code_page: Write one of {}.", import::field::CODE_PAGES.join(", "))]);
        let file = format!("{head}\nedge-1,192.0.2.1,u,p,GBK\nedge-2,192.0.2.1,u,p,\n");
        assert_eq!(read(&db.store, Kind::Routers, &file).await.written, 2);
        let pages: Vec<_> = db.store.routers().await.unwrap().into_iter().map(|router| router.code_page).collect();
        assert_eq!(pages, [Some("gbk".to_owned()), None]);
        let newest = db.store.audit_events(None, 2).await.unwrap().remove(1).event;
        assert_eq!((newest.action.as_str(), &newest.detail["after"]["code_page"]), ("router.add", &"gbk".into()));
        let out = import::export_csv(&db.store, &ALL, Kind::Routers, Some(company), 0).await.unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains("tls,code_page,company\n") && out.contains(",system,gbk,Example Net\n"), "{out}");
    }

    async fn whoever_works_for_one_company_enters_nothing_for_another(db) {
        let mine = db.store.insert_company("Mine", "Asia/Kolkata", "INR", 0).await.unwrap();
        let theirs = db.store.insert_company("Theirs", "UTC", "USD", 0).await.unwrap();
        db.store.insert_client(theirs, "Their client", 0).await.unwrap();
        let scope = StaffScope::Companies(BTreeSet::from([mine]));
        let import = |file: &'static str| {
            let (store, scope) = (db.store.clone(), scope.clone());
            async move {
                import_csv(&store, &act(&scope), Kind::Clients, file.as_bytes(), &Options::default()).await.unwrap()
            }
        };
        let outcome = import("name,company\nA,Theirs\n").await;
        assert_eq!(told(&outcome), ["2 company: There is no company \"Theirs\"."]);
        // What others have is not told.
        assert_eq!(import("name\nTheir client\n").await.written, 1);
        let of: Vec<CompanyId> = db.store.clients().await.unwrap().into_iter().map(|client| client.company_id).collect();
        assert_eq!(of.len(), 2);
        let both = import_csv(&db.store, &act(&ALL), Kind::Clients, b"name\nA\n", &Options::default()).await.unwrap();
        assert_eq!(told(&both), ["2 company: There are several companies: name one."]);
    }
}
