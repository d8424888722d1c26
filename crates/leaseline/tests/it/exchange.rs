//! CSV in and out on the command line.

use crate::installation::Installation;

const LINKS: &str = "circuit,client,router,interface,type,committed_mbps,activated,measured_from,uptime,latency_ms,loss_pct,down_when,probe_target,facing,site,service_ref,company\n\
    ILL-1,Asha Textiles,edge-1,ether1,ILL,100,2026-11-01,2026-11-10T14:00,99.50,20,1,no-answer,198.51.100.7,customer,Pune,S-1,Testnet\n\
    ILL-2,\"Lotus, Ltd\",edge-1,ether2,MPLS,2.5,2026-10-15,,,,,interface,,upstream,,,Testnet\n";

#[test]
fn what_was_imported_is_exported_and_can_be_imported_elsewhere() {
    let first = Installation::new();
    let second = Installation::new();
    let clients = "name,company\nAsha Textiles,Testnet\n\"Lotus, Ltd\",Testnet\n";
    let routers = "name,address,username,password,port,tls,code_page,company\nedge-1,192.0.2.1,portal,,8728,off,windows-1251,Testnet\n\
         edge-2,192.0.2.2,portal,,8728,off,,Testnet\n";
    for installation in [&first, &second] {
        let password = installation.file("password.txt", "secret\n");
        for (what, text) in [("clients", clients), ("routers", routers), ("links", LINKS)] {
            let file = installation.file("in.csv", text);
            let mut args = vec!["import", "csv", what, &file];
            if what == "routers" {
                args.extend(["--password-file", &password]);
            }
            let checked = installation.json(&[args.as_slice(), &["--dry-run"]].concat());
            assert_eq!(checked["written"], 0, "{checked}");
            let outcome = installation.json(&args);
            assert_eq!((&outcome["written"], &outcome["rows"]), (&outcome["rows"], &checked["rows"]));
            assert_eq!(installation.ok(&["export", what]), format!("\u{feff}{text}"), "{what}");
        }
        let file = installation.folder().join("out.csv").display().to_string();
        installation.ok(&["export", "links", "--output", &file]);
        assert_eq!(std::fs::read_to_string(file).expect("written"), format!("\u{feff}{LINKS}"));
    }
}

#[test]
fn a_file_with_faults_enters_nothing_and_names_each() {
    let installation = Installation::new();
    let file = installation.file("in.csv", LINKS);
    let output = installation.run(&["import", "csv", "links", &file]);
    let shown = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(2));
    assert!(shown.contains("There is no client \"Asha Textiles\": enter it first."), "{shown}");
    let line = String::from_utf8_lossy(&output.stderr);
    assert!(line.contains("4 faults: nothing was entered"), "{line}");
    let output = installation.run(&["import", "csv", "links", &file, "--json"]);
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&told["faults"][0]["line"], &told["faults"][0]["column"]), (&2.into(), &"client".into()));
    let (code, line) = installation.fails(&["import", "csv", "links", "nowhere.csv"]);
    assert!(code == 2 && line.contains("cannot read nowhere.csv"), "{line}");
    let columns = installation.ok(&["import", "columns", "links"]);
    assert!(columns.contains("committed_mbps") && columns.contains("Mbit/s"), "{columns}");
}
