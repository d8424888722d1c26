//! The verbs over recorded replies (librouteros, napalm-ros and homeassistant-mikrotik_router captures).

use std::time::Duration;

use jiff::{SignedDuration, civil::date};
use routeros::{Client, CodePage, Error, Limits, codec::SentenceWriter};

use crate::peer::{Peer, failure, session};

const ETHER3_V6: &[&str] = &[
    "!re",
    "=.id=*3",
    "=name=ether3",
    "=default-name=ether3",
    "=type=ether",
    "=mtu=1500",
    "=mac-address=00:11:22:33:44:55",
    "=last-link-down-time=oct/04/2017 21:18:35",
    "=last-link-up-time=oct/04/2017 20:11:03",
    "=link-downs=83",
    "=rx-byte=38784330741",
    "=tx-byte=70881296060",
    "=rx-packet=64321220",
    "=tx-packet=68227154",
    "=rx-drop=0",
    "=tx-drop=",
    "=running=false",
    "=disabled=false",
];
const LO_V7: &[&str] = &[
    "!re",
    "=.id=*70",
    "=name=lo",
    "=type=loopback",
    "=last-link-up-time=2024-11-24 06:17:58",
    "=link-downs=0",
    "=rx-byte=272987943",
    "=running=true",
    "=disabled=false",
];

pub(crate) async fn against<T>(
    verb: impl AsyncFnOnce(Client) -> T,
    router: impl AsyncFnOnce(&mut Peer),
) -> T {
    let (client, mut peer) = session(&Limits::default()).await;
    let (outcome, ()) = tokio::join!(verb(client.clone()), router(&mut peer));
    outcome
}

#[tokio::test(start_paused = true)]
async fn interfaces_of_both_generations() {
    let rows = against(
        async |client| client.interfaces().await,
        async |peer| {
            let comment = &["!re", "=.id=*7", "=name=wan,1", "=comment=a=b", "=running=yes", "=disabled=no"];
            let nameless: &[&str] = &["!re", "=.id=*8"];
            let words = peer.answer(&[ETHER3_V6, LO_V7, comment, nameless]).await;
            assert_eq!(words[0], "/interface/print");
        },
    )
    .await
    .expect("rows");
    let [old, new, named] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!((old.id.as_str(), old.link_downs, old.running), ("*3", Some(83), Some(false)));
    assert_eq!(old.last_link_down, Some(date(2017, 10, 4).at(21, 18, 35, 0)));
    assert_eq!(old.counters.tx_byte, Some(70_881_296_060), "more than 32 bits");
    assert_eq!(old.counters.rx_drop, Some(0));
    assert_eq!(old.counters.tx_drop, None, "empty is not zero");
    assert_eq!(old.counters.rx_error, None, "missing is not zero");
    assert_eq!(new.last_link_up, Some(date(2024, 11, 24).at(6, 17, 58, 0)));
    assert_eq!((new.last_link_down, new.mac_address.as_ref(), new.running), (None, None, Some(true)));
    assert!(named.running == Some(true) && !named.disabled, "yes and no are booleans too");
    assert_eq!(named.comment.as_ref().expect("a comment"), &"a=b");
}

/// One code-page byte took whole exporters down: the row must come through, byte for byte.
#[tokio::test(start_paused = true)]
async fn a_comment_that_is_not_utf8() {
    let rows = against(
        async |client| client.interfaces().await,
        async |peer| {
            let (_, tag) = peer.command().await;
            let mut wire = bytes::BytesMut::new();
            routeros::codec::SentenceWriter::new(&mut wire)
                .word(b"!re")
                .tag(&tag)
                .attribute("name", "ether1")
                .attribute("comment", b"\xdd\xed")
                .end();
            peer.raw(&wire).await;
            peer.reply(&tag, &["!done"]).await;
        },
    )
    .await
    .expect("rows");
    assert_eq!(rows[0].comment.as_ref().expect("kept").as_bytes(), b"\xdd\xed");
}

#[tokio::test(start_paused = true)]
async fn one_interface_by_name() {
    let stats = against(
        async |client| client.interface_stats("ether3").await,
        async |peer| {
            assert!(peer.answer(&[ETHER3_V6]).await.contains(&"?name=ether3".to_owned()));
        },
    );
    assert_eq!(stats.await.expect("a row").name, "ether3");
    let counters = against(
        async |client| client.interface_counters("ether3").await,
        async |peer| {
            peer.answer(&[&["!re", "=rx-byte=5"]]).await;
        },
    );
    assert_eq!(counters.await.expect("a row").rx_byte, Some(5));
    let missing = against(
        async |client| client.is_interface_up("nope").await,
        async |peer| {
            peer.answer(&[&["!empty"]]).await;
        },
    );
    let error = failure(missing.await);
    assert!(error.is_no_such_item() && !error.is_connection_lost());
    assert_eq!(error.to_string(), "the router has no interface named \"nope\"; see `/interface print`");
    for (running, disabled, up) in
        [("true", "false", true), ("false", "false", false), ("true", "true", false)]
    {
        let outcome = against(
            async |client| client.is_interface_up("ether3").await,
            async |peer| {
                peer.answer(&[&["!re", &format!("=running={running}"), &format!("=disabled={disabled}")]])
                    .await;
            },
        );
        assert_eq!(outcome.await.expect("a row"), up, "running {running}, disabled {disabled}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_row_without_running_is_neither_up_nor_down() {
    let outcome = against(
        async |client| client.is_interface_up("ether3").await,
        async |peer| {
            peer.answer(&[&["!re", "=disabled=false"]]).await;
        },
    );
    let error = failure(outcome.await);
    assert!(matches!(error, Error::Malformed { field: "running", .. }), "{error}");
    let outcome = against(
        async |client| client.interfaces().await,
        async |peer| {
            peer.answer(&[&["!re", "=.id=*1", "=name=ether1", "=disabled=false"]]).await;
        },
    );
    assert_eq!(outcome.await.expect("a row")[0].running, None);
}

const IDS: &[&[&str]] = &[
    &["!re", "=.id=*1", "=name=ether1"],
    &["!re", "=.id=*2", "=name=a,b"],
    &["!re", "=.id=*3", "=name=ether3"],
];

/// A deleted PPPoE interface in the list traps the router's whole command.
#[tokio::test(start_paused = true)]
async fn a_missing_interface_does_not_blind_the_others() {
    let verb = async |client: Client| client.interface_traffic(&["ether3", "<pppoe-gone>", "a,b"]).await;
    let traffic = against(verb, async |peer| {
        peer.answer(IDS).await;
        let words = peer
            .answer(&[
                &["!re", "=rx-bits-per-second=1056", "=tx-bits-per-second=2112"],
                &["!re", "=name=a,b", "=rx-bits-per-second=7", "=rx-drops-per-second="],
            ])
            .await;
        assert_eq!(words, ["/interface/monitor-traffic", "=interface=*3,*2", "=once="]);
    })
    .await
    .expect("traffic");
    let names: Vec<String> =
        traffic.iter().map(|row| row.name.as_ref().expect("named").to_string()).collect();
    assert_eq!(names, ["ether3", "a,b"], "an old release sends no names, the order tells");
    assert_eq!((traffic[0].rx_bits_per_second, traffic[0].tx_bits_per_second), (Some(1056), Some(2112)));
    assert_eq!((traffic[1].rx_bits_per_second, traffic[1].rx_drops_per_second), (Some(7), None));
}

#[tokio::test(start_paused = true)]
async fn an_interface_that_goes_away_in_between() {
    let trap: &[&str] = &["!trap", "=category=1", "=message=input does not match any value of interface"];
    let traffic = against(
        async |client| client.interface_traffic_by_id(&["*9", "*1"]).await,
        async |peer| {
            peer.answer(&[trap]).await;
            peer.answer(IDS).await;
            assert_eq!(peer.answer(&[&["!re", "=rx-bits-per-second=5"]]).await[1], "=interface=*1");
        },
    )
    .await
    .expect("traffic");
    assert_eq!(traffic.len(), 1);
    assert_eq!((traffic[0].id.as_str(), traffic[0].rx_bits_per_second), ("*1", Some(5)));
    let none = against(
        async |client| client.interface_traffic(&["gone"]).await,
        async |peer| {
            peer.answer(IDS).await;
        },
    );
    assert_eq!(none.await.expect("no error"), []);
}

#[tokio::test(start_paused = true)]
async fn resources_identity_and_clock() {
    let resources = against(
        async |client| client.system_resources().await,
        async |peer| {
            peer.answer(&[&[
                "!re",
                "=uptime=1w4d23h26m9s",
                "=version=7.4 (stable)",
                "=cpu-load=0",
                "=board-name=CCR2004",
            ]])
            .await;
        },
    )
    .await
    .expect("resources");
    assert_eq!(resources.uptime, Duration::from_secs((11 * 24 + 23) * 3600 + 26 * 60 + 9));
    assert_eq!((resources.version_numbers(), resources.cpu_load), (Some((7, 4)), Some(0)));
    assert_eq!((resources.free_memory, resources.board_name.as_deref()), (None, Some("CCR2004")));
    let identity = against(
        async |client| client.identity().await,
        async |peer| {
            peer.answer(&[&["!re", "=name=Core 1"]]).await;
        },
    );
    assert_eq!(identity.await.expect("a name"), "Core 1");
    let clock = against(
        async |client| client.clock().await,
        async |peer| {
            let row = &[
                "!re",
                "=time=11:30:05",
                "=date=nov/23/2026",
                "=time-zone-name=Asia/Kolkata",
                "=gmt-offset=+05:30",
            ];
            peer.answer(&[row]).await;
        },
    )
    .await
    .expect("a clock");
    assert_eq!(clock.local, date(2026, 11, 23).at(11, 30, 5, 0));
    let now = "2026-11-23T06:00:00Z".parse().expect("a time");
    assert_eq!(clock.ahead_of(now), Some(SignedDuration::from_secs(5)));
    let broken = against(
        async |client| client.system_resources().await,
        async |peer| {
            peer.answer(&[&["!re", "=version=7.4"]]).await;
        },
    );
    assert!(matches!(failure(broken.await), Error::Malformed { field: "uptime", .. }));
}

/// What Winbox was typed into keeps the code page of the operator's Windows; the rest of a sentence stays as it is.
#[tokio::test(start_paused = true)]
async fn names_in_the_routers_code_page_are_read_in_it() {
    for (code_page, name) in [(Some("windows-1251"), "Энгельс"), (None, "Ýíãåëüñ")] {
        let code_page = code_page.and_then(CodePage::named);
        let (client, mut peer) = session(&Limits { code_page, ..Limits::default() }).await;
        let (rows, ()) = tokio::join!(client.interfaces(), async {
            let (_, tag) = peer.command().await;
            let mut wire = bytes::BytesMut::new();
            let words: [&[u8]; 4] =
                [b"!re", b"=.id=*1", b"=name=\xdd\xed\xe3\xe5\xeb\xfc\xf1", "=comment=Köln".as_bytes()];
            let writer = words.iter().fold(SentenceWriter::new(&mut wire), |writer, word| writer.word(word));
            writer.tag(&tag).end();
            peer.raw(&wire).await;
            peer.reply(&tag, &["!done"]).await;
        });
        let row = rows.expect("a list").remove(0);
        assert_eq!(row.name.to_string_lossy(), name);
        assert_eq!(row.comment.expect("a comment").to_string_lossy(), "Köln");
    }
}
