use routeros::{Check, ConnectionReport, Error, Limits, Target, Tls, test_connection};
use tokio::net::TcpListener;

use crate::peer::{Peer, credentials};

/// A router that answers a whole test, with or without the policy `test`.
async fn router(listener: TcpListener, may_ping: bool) {
    let (stream, _) = listener.accept().await.expect("a connection");
    let mut peer = Peer::new(stream);
    peer.accept_login().await;
    let ping: &[&str] = if may_ping {
        &["!re", "=time=2ms", "=sent=1", "=received=1"]
    } else {
        &["!trap", "=message=not enough permissions (9)"]
    };
    let clock = &["!re", "=time=07:00:00", "=date=2026-11-23", "=gmt-offset=+00:00"];
    let row = &["!re", "=.id=*1", "=name=ether1", "=running=true", "=disabled=false"];
    let answers: [(&str, &[&str]); 6] = [
        ("/system/identity/print", &["!re", "=name=edge"]),
        ("/system/resource/print", &["!re", "=uptime=1m30s", "=version=7.18.2 (stable)", "=board-name=CHR"]),
        ("/system/clock/print", clock),
        ("/interface/print", row),
        ("/interface/monitor-traffic", &["!re", "=rx-bits-per-second=1"]),
        ("/ping", ping),
    ];
    for (path, reply) in answers {
        assert_eq!(peer.answer(&[reply]).await[0], path);
    }
}

async fn report(may_ping: bool) -> ConnectionReport {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let target = Target { address: "127.0.0.1".to_owned(), port, tls: Tls::Off };
    let now = "2026-11-23T06:00:00Z".parse().expect("a time");
    let (cred, limits) = (credentials(), Limits::default());
    let test = test_connection(&target, &cred, &limits, now, Some("192.0.2.7"));
    tokio::join!(test, router(listener, may_ping)).0
}

#[tokio::test]
async fn everything_works() {
    let report = report(true).await;
    assert!(report.is_ok(), "{report:?}");
    assert_eq!(report.version.as_deref(), Some("7.18.2 (stable)"));
    assert_eq!(report.identity.expect("a name"), "edge");
    assert_eq!(
        report.interfaces.iter().map(|row| row.name.to_string_lossy()).collect::<Vec<_>>(),
        ["ether1"]
    );
    assert!(report.interfaces[0].running == Some(true) && !report.interfaces[0].disabled);
    let offset = report.clock_offset.expect("an offset").as_mins();
    assert!((50..=60).contains(&offset), "{offset} min: an hour ahead, less what the test took");
}

/// A missing policy is one failed step with advice, not the end of the test.
#[tokio::test]
async fn the_policy_test_is_missing() {
    let report = report(false).await;
    assert!(!report.is_ok());
    assert_eq!(report.not_permitted().collect::<Vec<_>>(), [Check::Ping]);
    assert_eq!(report.steps.iter().filter(|step| step.result.is_err()).count(), 1);
}

#[tokio::test]
async fn an_unreachable_router_is_one_step() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let target = Target { address: "127.0.0.1".to_owned(), port, tls: Tls::Off };
    let now = "2026-11-23T06:00:00Z".parse().expect("a time");
    let report = test_connection(&target, &credentials(), &Limits::default(), now, None).await;
    assert_eq!(report.steps.len(), 1);
    assert!(matches!(report.steps[0].result, Err(Error::Unreachable { .. })));
}
