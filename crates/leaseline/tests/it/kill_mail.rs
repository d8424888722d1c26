//! The process dies while mail is on its way, and every mail arrives all the same.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    mail_server::{MailServer, header},
    months::Months,
    outbox::{serve, states, until},
};

const PEOPLE: usize = 12;
const KILLS: usize = 4;
/// Reports that may be on their way at once: of the default's connections one is kept free for alerts.
const IN_FLIGHT_MAX: usize = 3;

#[test]
fn kill_9_between_commit_and_delivery_and_in_the_middle_of_one_loses_no_mail() {
    let months = Months::new();
    let it = &months.installation;
    it.ok(&["company", "edit", "--attach-pdf", "no"]);
    for number in 2..PEOPLE {
        it.ok(&["company", "edit", "--add-operations", &format!("noc{number}@isp.example")]);
    }
    // Committed by a process that is gone before anything is delivered.
    it.ok(&["sla", "calculate"]);
    assert_eq!(states(it), vec!["queued"; PEOPLE]);

    // It keeps a mail before it answers, so that a kill right after falls between the two.
    let server = MailServer::with(it.folder(), 0, &["slow"]);
    for _ in 0..KILLS {
        let before = server.mails().len();
        let mut process = serve(it, server.port);
        until(|| server.mails().len() >= before + 2);
        process.kill().expect("killed");
        process.wait().expect("gone");
    }
    let mut process = serve(it, server.port);
    until(|| states(it).iter().all(|state| state == "sent"));
    process.kill().expect("killed");
    process.wait().expect("gone");

    let mut arrived: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for mail in server.mails() {
        let to = mail["to"][0].as_str().expect("a recipient").to_owned();
        arrived.entry(to).or_default().push(header(&mail, "Message-ID"));
    }
    assert_eq!(arrived.len(), PEOPLE, "every mail arrives: {arrived:?}");
    let twice = arrived.values().filter(|ids| ids.len() > 1).count();
    assert!(
        twice <= KILLS * IN_FLIGHT_MAX,
        "only what was in flight at a kill may arrive twice: {arrived:?}"
    );
    let mut all = BTreeSet::new();
    for (to, ids) in &arrived {
        assert!(ids.iter().all(|id| id == &ids[0]), "a repeated mail has the same Message-ID: {to} {ids:?}");
        assert!(all.insert(&ids[0]), "and nobody else's");
    }
}
