use crate::installation::Installation;

#[test]
fn staff_users_are_added_changed_and_removed() {
    let isp = Installation::new();
    let file = isp.file("noc.txt", "four quiet words here\n");
    let added = isp.json(&[
        "staff",
        "add",
        "--username",
        "NOC",
        "--email",
        "noc@isp.example",
        "--role",
        "admin",
        "--password-file",
        &file,
    ]);
    assert_eq!((added["username"].as_str(), added["companies"].as_str()), (Some("noc"), Some("all")));
    isp.ok(&[
        "staff",
        "add",
        "--username",
        "desk",
        "--email",
        "desk@isp.example",
        "--company",
        "Testnet",
        "--password-file",
        &file,
    ]);
    let list = isp.json(&["staff", "list"]);
    let roles: Vec<_> = list.as_array().expect("a list").iter().map(|user| user["role"].as_str()).collect();
    assert_eq!(roles, [Some("viewer"), Some("admin")], "by user name");
    assert_eq!(list[0]["companies"][0], "Testnet");
    let edited = isp.json(&[
        "staff",
        "edit",
        "desk",
        "--role",
        "operator",
        "--display-name",
        "Service desk",
        "--all-companies",
        "--disable",
    ]);
    assert_eq!((edited["role"].as_str(), edited["active"].as_bool()), (Some("operator"), Some(false)));
    assert_eq!(
        (edited["companies"].as_str(), edited["display_name"].as_str()),
        (Some("all"), Some("Service desk"))
    );
    assert_eq!(isp.json(&["staff", "edit", "desk", "--enable"])["active"], true);
    let shown = isp.ok(&["staff", "show", "desk"]);
    assert!(
        shown.contains("operator") && shown.contains("can log in") && shown.contains("Service desk"),
        "{shown}"
    );
    isp.ok(&["staff", "password", "desk", "--password-file", &file]);
    assert_eq!(isp.json(&["staff", "recover", "desk"])["had_second_factor"], false);
    isp.ok(&["staff", "remove", "desk"]);
    assert_eq!(isp.json(&["staff", "list"]).as_array().expect("a list").len(), 1);
}

#[test]
fn without_a_password_somebody_is_invited_and_the_last_admin_stays() {
    let isp = Installation::new();
    let said =
        isp.ok(&["staff", "add", "--username", "noc", "--email", "noc@isp.example", "--role", "admin"]);
    assert!(said.contains("outbox for noc@isp.example"), "{said}");
    let kinds = |isp: &Installation| -> Vec<String> {
        let mails = isp.json(&["outbox", "list"]);
        let kinds =
            mails.as_array().expect("a list").iter().map(|mail| mail["kind"].as_str().expect("a kind"));
        kinds.map(str::to_owned).collect()
    };
    assert_eq!(kinds(&isp), ["staff_invitation"]);
    isp.ok(&["staff", "link", "noc"]);
    assert_eq!(kinds(&isp), ["staff_invitation"; 2]);
    let file = isp.file("noc.txt", "four quiet words here\n");
    isp.ok(&["staff", "password", "noc", "--password-file", &file]);
    isp.ok(&["staff", "link", "noc"]);
    assert!(kinds(&isp).contains(&"staff_password_reset".to_owned()));
    for args in [
        &["staff", "remove", "noc"][..],
        &["staff", "edit", "noc", "--role", "viewer"],
        &["staff", "edit", "noc", "--disable"],
    ] {
        let (code, line) = isp.fails(args);
        assert_eq!(code, 2);
        assert!(line.contains("last admin of all companies"), "{line}");
    }
}

#[test]
fn what_is_wrong_with_a_staff_user_is_said() {
    let isp = Installation::new();
    let file = isp.file("noc.txt", "four quiet words here\n");
    let add = |name: &str, more: &[&str]| {
        let args = ["staff", "add", "--username", name, "--email", "n@isp.example", "--password-file", &file];
        [&args[..], more].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let fails = |args: Vec<String>| isp.fails(&args.iter().map(String::as_str).collect::<Vec<_>>());
    let (code, line) = fails(add("noc", &["--company", "Nowhere"]));
    assert_eq!(code, 2);
    assert!(line.contains("Nowhere") && line.contains("company list"), "{line}");
    isp.ok(&add("noc", &[]).iter().map(String::as_str).collect::<Vec<_>>());
    let (code, line) = fails(add("Noc", &[]));
    assert_eq!(code, 2);
    assert!(line.contains("already"), "{line}");
    let (code, line) = isp.fails(&["staff", "show", "nobody"]);
    assert_eq!(code, 2);
    assert!(line.contains("staff list"), "{line}");
    let weak = isp.file("weak.txt", "password1234\n");
    let (code, line) = isp.fails(&["staff", "password", "noc", "--password-file", &weak]);
    assert_eq!(code, 2);
    assert!(line.contains("password"), "{line}");
}

#[test]
fn a_retired_client_gets_neither_people_nor_links() {
    let isp = Installation::new();
    isp.ok(&["client", "add", "--name", "Acme"]);
    tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
        let store = isp.store().await;
        let client = store.clients().await.expect("clients")[0].id;
        let act = store::StaffAct {
            scope: &store::StaffScope::All,
            actor: "staff:noc",
            address: None,
            now_ms: 1_795_392_000_000,
        };
        store.staff_retire_client(&act, client).await.expect("retired");
    });
    let file = isp.file("vera.txt", "four quiet words here\n");
    let user = ["user", "add", "--client", "Acme", "--username", "vera", "--email", "v@acme.example"];
    for args in [
        [&user[..], &["--password-file", &file]].concat(),
        Installation::link_args("C-1", "edge", "ether1", "2026-11-01"),
    ] {
        let (code, line) = isp.fails(&args);
        assert_eq!(code, 2);
        assert!(line.contains("\"Acme\" is retired"), "{line}");
    }
    assert_eq!(isp.json(&["user", "list"]).as_array().expect("a list").len(), 0);
}
