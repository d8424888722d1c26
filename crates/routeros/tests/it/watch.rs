//! Traffic second by second.

use routeros::{Error, Limits, Value};

use crate::peer::session;

fn interfaces(names: &[&str]) -> Vec<(String, Value)> {
    let named = |(n, name): (usize, &&str)| (format!("*{}", n + 1), Value::from(name.as_bytes()));
    names.iter().enumerate().map(named).collect()
}

/// Old releases do not say whose reading it is.
#[tokio::test(start_paused = true)]
async fn readings_find_their_interface_with_and_without_names() {
    let (client, mut peer) = session(&Limits::default()).await;
    let mut stream = client.watch_traffic(interfaces(&["ether1", "a,b"])).await.expect("sent");
    let (words, tag) = peer.command().await;
    assert_eq!(words, ["/interface/monitor-traffic", "=interface=*1,*2", "=interval=1"]);
    let replies: [(&[&str], &str, Option<u64>); 6] = [
        (&["!re", "=rx-bits-per-second=10", "=.section=0"], "*1", Some(10)),
        (&["!re", "=rx-bits-per-second=20", "=.section=0"], "*2", Some(20)),
        (&["!re", "=name=ether1", "=rx-bits-per-second=11"], "*1", Some(11)),
        (&["!re", "=name=a,b", "=rx-bits-per-second=21"], "*2", Some(21)),
        (&["!re", "=name=a,b", "=rx-bits-per-second=22"], "*2", Some(22)),
        (&["!re", "=rx-bits-per-second="], "*1", None),
    ];
    for (words, id, rx) in replies {
        peer.reply(&tag, words).await;
        let traffic = stream.next().await.expect("goes on").expect("a reading");
        assert_eq!((traffic.id.as_str(), traffic.rx_bits_per_second), (id, rx), "{words:?}");
        let named = words.iter().find_map(|word| word.strip_prefix("=name="));
        assert_eq!(traffic.name, named.map(|name| Value::from(name.as_bytes())), "as the router says it");
    }
    drop(stream);
    assert_eq!(peer.command().await.0, ["/cancel".to_owned(), format!("=tag={tag}")]);
}

/// The port may be another customer's by now: nothing of it is handed on, not even once.
#[tokio::test(start_paused = true)]
async fn a_renamed_interface_ends_the_stream() {
    let (client, mut peer) = session(&Limits::default()).await;
    let mut stream = client.watch_traffic(interfaces(&["ether1", "ether2"])).await.expect("sent");
    let (_, tag) = peer.command().await;
    peer.reply(&tag, &["!re", "=name=ether1", "=rx-bits-per-second=10"]).await;
    peer.reply(&tag, &["!re", "=name=ether2", "=rx-bits-per-second=20"]).await;
    peer.reply(&tag, &["!re", "=name=C-port", "=rx-bits-per-second=11"]).await;
    peer.reply(&tag, &["!re", "=name=ether2", "=rx-bits-per-second=21"]).await;
    for id in ["*1", "*2"] {
        assert_eq!(stream.next().await.expect("goes on").expect("a reading").id, id);
    }
    assert!(stream.next().await.is_none());
    assert!(stream.next().await.is_none(), "it stays ended");
    assert_eq!(peer.command().await.0, ["/cancel".to_owned(), format!("=tag={tag}")]);
}

#[tokio::test(start_paused = true)]
async fn an_interface_that_is_not_there_ends_the_stream_with_a_reason() {
    let (client, mut peer) = session(&Limits::default()).await;
    let mut stream = client.watch_traffic(interfaces(&["ether1"])).await.expect("sent");
    let (_, tag) = peer.command().await;
    peer.reply(&tag, &["!trap", "=category=1", "=message=input does not match any value of interface"]).await;
    peer.reply(&tag, &["!done"]).await;
    let error: Error = stream.next().await.expect("a reason").expect_err("no reading");
    assert!(error.is_no_such_item(), "{error}");
    assert!(stream.next().await.is_none());
}
