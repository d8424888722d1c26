//! What an older version wrote while the clock was ahead, found and removed from the command line.

use sla::LinkState;
use store::{Round, RoundOutcome, Span, SpanTail};

use crate::{first_router::now_ms, installation::Installation, months::HOUR};

/// A link that was up for an hour, and for five more that have not come yet.
fn ahead() -> Installation {
    let installation = Installation::new();
    installation.ok(&["client", "add", "--name", "Acme"]);
    installation.add_router("edge", "192.0.2.1:8728".parse().expect("an address"), "secret");
    installation.add_link_from("C-1", "edge", "ether1", "2026-01-01");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let store = installation.store().await;
        let link = store.link_by_circuit("C-1").await.expect("read").expect("a link");
        let (from_ms, to_ms) = (now_ms() - HOUR, now_ms() + 5 * HOUR);
        let evidence = serde_json::json!({ "kind": "continuous" });
        let span = Span { from_ms, to_ms, state: LinkState::Up, cause: None, evidence };
        let mut round = Round::new(link.router_id, to_ms, RoundOutcome::Ok);
        round.tails.push(SpanTail { link: link.id, from_ms, spans: vec![span] });
        store.write_round(&round).await.expect("written");
        store.close().await;
    });
    installation
}

fn clock_of_doctor(installation: &Installation) -> (bool, String) {
    let output = installation.run(&["doctor", "--json"]);
    let steps: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let steps = steps.as_array().expect("steps");
    let step = steps.iter().find(|step| step["name"] == "timeline clock").expect("the clock is checked");
    (step["ok"].as_bool().expect("ok"), step["detail"].as_str().expect("detail").to_owned())
}

#[test]
fn a_timeline_in_the_future_is_found_by_doctor_and_removed_by_repair() {
    let installation = ahead();
    let (ok, detail) = clock_of_doctor(&installation);
    assert!(
        !ok && detail.contains("in the future") && detail.contains("timeline repair --dry-run"),
        "{detail}"
    );
    for _ in 0..2 {
        let dry = installation.ok(&["timeline", "repair", "--dry-run"]);
        assert!(dry.contains("This would be repaired") && dry.contains("1 timeline spans"), "{dry}");
    }
    let done = installation.json(&["timeline", "repair", "--by", "ravi"]);
    assert_eq!((done["spans_cut"].as_i64(), done["routers"].as_i64()), (Some(1), Some(1)), "{done}");
    let (ok, detail) = clock_of_doctor(&installation);
    assert!(ok, "{detail}");
    let again = installation.ok(&["timeline", "repair", "--dry-run"]);
    assert!(again.starts_with("Nothing to repair"), "{again}");
    let spans = installation.json(&["span", "list", "--link", "C-1"]);
    assert_eq!(spans.as_array().map(Vec::len), Some(1), "the hour that did happen stays: {spans}");
}
