use std::time::Duration;

use routeros::{Command, Error, Limits, Step};

use crate::peer::{assert_usable, failure, session};

#[tokio::test(start_paused = true)]
async fn items_come_one_by_one_and_the_drop_cancels() {
    let (client, mut peer) = session(&Limits::default()).await;
    let mut stream = client.stream(Command::new("/interface/monitor-traffic")).await.expect("sent");
    let (_, tag) = peer.command().await;
    for number in ["1", "2"] {
        peer.reply(&tag, &["!re", &format!("=.section={number}")]).await;
        let item = stream.next().await.expect("goes on").expect("an item");
        assert_eq!(item.attribute(".section"), Some(number.as_bytes()));
    }
    drop(stream);
    assert_eq!(peer.command().await.0, ["/cancel".to_owned(), format!("=tag={tag}")]);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_stream() {
    let (client, mut peer) = session(&Limits::default()).await;
    let mut stream = client.stream(Command::new("/a")).await.expect("sent");
    let (_, tag) = peer.command().await;
    peer.reply(&tag, &["!re"]).await;
    peer.reply(&tag, &["!trap", "=category=2", "=message=interrupted"]).await;
    peer.reply(&tag, &["!done"]).await;
    assert!(stream.next().await.expect("an item").is_ok());
    assert!(matches!(stream.next().await, Some(Err(Error::Trap { .. }))));
    assert!(stream.next().await.is_none());
    drop(stream);
    // A command that ended is not cancelled: the next word from the client is the next command.
    assert_usable(&client, &mut peer).await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_says_so_and_goes_on() {
    let (client, mut peer) = session(&Limits::default()).await;
    let command = Command::new("/a").deadline(Duration::from_secs(2));
    let mut stream = client.stream(command).await.expect("sent");
    let (_, tag) = peer.command().await;
    let error = failure(stream.next().await.expect("not over"));
    assert!(matches!(error, Error::Timeout { step: Step::Command(_), .. }), "{error:?}");
    peer.reply(&tag, &["!re"]).await;
    assert!(stream.next().await.expect("not over").is_ok());
}

/// A reader that sleeps must neither fill the memory nor stop the other commands of the connection.
#[tokio::test(start_paused = true)]
async fn a_stream_that_is_not_read_is_cancelled() {
    let (client, mut peer) = session(&Limits::default()).await;
    let mut stream = client.stream(Command::new("/a")).await.expect("sent");
    let (_, tag) = peer.command().await;
    for _ in 0..1025 {
        peer.reply(&tag, &["!re"]).await;
    }
    let (cancel, cancel_tag) = peer.command().await;
    assert_eq!(cancel[0], "/cancel");
    peer.reply(&cancel_tag, &["!done"]).await;
    peer.reply(&tag, &["!done"]).await;
    assert_usable(&client, &mut peer).await;
    for _ in 0..1024 {
        assert!(stream.next().await.expect("what was kept").is_ok());
    }
    assert!(matches!(stream.next().await, Some(Err(Error::Lagged { .. }))));
    assert!(stream.next().await.is_none());
}
