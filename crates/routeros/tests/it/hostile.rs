//! Peers that are broken or worse: each ends in a clear error within the deadline and within bounded memory.

use std::time::Duration;

use proptest::prelude::*;
use routeros::{
    Client, Command, Error, Limits, Step,
    codec::{Caps, DecodeError},
};
use tokio::io::duplex;

use crate::peer::{Peer, assert_usable, credentials, failure, sentence, session};

/// Runs one command against bytes sent raw, `{tag}` replaced by its tag.
async fn run_against(words: &[&str]) -> (Error, Client, Peer) {
    let (client, mut peer) = session(&Limits::default()).await;
    let router = async {
        let (_, tag) = peer.command().await;
        let words: Vec<String> = words.iter().map(|word| word.replace("{tag}", &tag)).collect();
        peer.send(&words.iter().map(String::as_str).collect::<Vec<_>>()).await;
    };
    let (outcome, ()) = tokio::join!(client.run(Command::new("/a")), router);
    (failure(outcome), client, peer)
}

#[tokio::test(start_paused = true)]
async fn replies_that_belong_to_nobody() {
    for words in [
        &["!re", ".tag=999999", "=a=b"][..],
        &["!done"],
        &["!done", ".tag=x"],
        &["!done", ".tag="],
        &["!what", ".tag={tag}"],
        &["/login", ".tag={tag}"],
    ] {
        let (error, client, _peer) = run_against(words).await;
        assert!(matches!(error, Error::Protocol(_)), "{words:?}: {error:?}");
        assert!(client.is_closed(), "{words:?}");
    }
}

/// A tag that was answered is never used again: a second `!done` must not end another command.
#[tokio::test(start_paused = true)]
async fn a_second_done_is_noticed() {
    let (client, mut peer) = session(&Limits::default()).await;
    let (first, tag) = tokio::join!(client.run(Command::new("/a")), async {
        let (_, tag) = peer.command().await;
        peer.reply(&tag, &["!done"]).await;
        tag
    });
    first.expect("answered");
    let (second, ()) = tokio::join!(client.run(Command::new("/b")), async {
        let (_, next) = peer.command().await;
        assert_ne!(next, tag);
        peer.reply(&tag, &["!done"]).await;
    });
    assert!(matches!(failure(second), Error::Protocol(_)));
}

#[tokio::test(start_paused = true)]
async fn bytes_that_are_no_sentences() {
    let limits = Limits { caps: Caps { word_bytes: 1000, ..Caps::default() }, ..Limits::default() };
    for (bytes, expected) in [
        (&[0xFF, 0, 0][..], None),
        (&[0xF0, 0x7F, 0xFF, 0xFF, 0xFF], Some(DecodeError::WordTooLong { len: 0x7FFF_FFFF, cap: 1000 })),
        (&[0x83, 0xE9], Some(DecodeError::WordTooLong { len: 1001, cap: 1000 })),
    ] {
        let (client, mut peer) = session(&limits).await;
        let (outcome, ()) = tokio::join!(client.run(Command::new("/a")), async {
            peer.command().await;
            peer.raw(bytes).await;
        });
        match failure(outcome) {
            Error::Decode(error) => assert!(expected.is_none_or(|expected| expected == error), "{error:?}"),
            other => panic!("{other:?}"),
        }
    }
}

/// Bytes that come but never make a sentence: the command ends by its deadline, the connection by the silence after
/// the cancel.
#[tokio::test(start_paused = true)]
async fn a_dripping_router() {
    let (client, mut peer) = session(&Limits::default()).await;
    let drip = async {
        peer.command().await;
        peer.raw(&[0xC0, 0xFF, 0xFF]).await;
        while !client.is_closed() {
            peer.raw(b"x").await;
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    let (outcome, ()) = tokio::join!(client.run(Command::new("/a")), drip);
    assert!(matches!(failure(outcome), Error::Timeout { step: Step::Command(_), .. }));
    let error = failure(client.run(Command::new("/b")).await);
    assert!(matches!(error, Error::Timeout { step: Step::Cancel, .. }), "{error:?}");
}

/// Too many replies cancel the command; the others on the connection do not notice.
#[tokio::test(start_paused = true)]
async fn an_endless_reply_is_cut_off() {
    let few = Limits { replies: 10, ..Limits::default() };
    let small = Limits { reply_bytes: 2000, ..Limits::default() };
    for limits in [few, small] {
        let (client, mut peer) = session(&limits).await;
        let (outcome, tag) = tokio::join!(client.run(Command::new("/endless")), async {
            let (_, tag) = peer.command().await;
            for _ in 0..11 {
                peer.reply(&tag, &["!re", &format!("=fill={}", "x".repeat(200))]).await;
            }
            tag
        });
        let error = failure(outcome);
        assert!(matches!(&error, Error::TooLarge { command, .. } if command == "/endless"), "{error:?}");
        assert!(!error.is_connection_lost());
        let (cancel, cancel_tag) = peer.command().await;
        assert_eq!(cancel[1], format!("=tag={tag}"));
        peer.reply(&cancel_tag, &["!done"]).await;
        peer.reply(&tag, &["!done"]).await;
        assert_usable(&client, &mut peer).await;
    }
}

/// A router that goes on after the cancel would have us read for ever.
#[tokio::test(start_paused = true)]
async fn an_endless_reply_that_ignores_the_cancel_ends_the_connection() {
    let (client, mut peer) = session(&Limits { replies: 10, ..Limits::default() }).await;
    let (outcome, ()) = tokio::join!(client.run(Command::new("/endless")), async {
        let (_, tag) = peer.command().await;
        for _ in 0..25 {
            peer.reply(&tag, &["!re"]).await;
        }
    });
    assert!(matches!(failure(outcome), Error::TooLarge { .. }));
    let error = failure(client.run(Command::new("/b")).await);
    assert!(matches!(&error, Error::Protocol(what) if what.contains("did not stop")), "{error:?}");
}

/// A peer that accepts and never reads must not block us, nor grow our queue without end.
#[tokio::test(start_paused = true)]
async fn a_router_that_does_not_read() {
    let (near, far) = duplex(200);
    let mut peer = Peer::new(far);
    let (cred, limits) = (credentials(), Limits { write: Duration::from_secs(4), ..Limits::default() });
    let (client, ()) = tokio::join!(Client::over_stream(near, &cred, &limits), peer.accept_login());
    let client = client.expect("logs in");
    let big = || Command::new("/a").attr("comment", vec![b'x'; 60_000]);
    let error = failure(client.run(big()).await);
    assert!(matches!(error, Error::Timeout { step: Step::Write, .. }), "{error:?}");
    assert!(client.is_closed());
    drop(peer);
}

#[tokio::test(start_paused = true)]
async fn the_queue_of_unwritten_commands_has_an_end() {
    let (near, far) = duplex(200);
    let mut peer = Peer::new(far);
    let (cred, limits) = (credentials(), Limits::default());
    let (client, ()) = tokio::join!(Client::over_stream(near, &cred, &limits), peer.accept_login());
    let client = client.expect("logs in");
    let mut streams = Vec::new();
    let error = loop {
        let big = Command::new("/a").attr("comment", vec![b'x'; 60_000]);
        match client.stream(big).await {
            Ok(stream) => streams.push(stream),
            Err(error) => break error,
        }
        assert!(streams.len() < 100, "the queue grows without end");
    };
    assert!(matches!(error, Error::Busy), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn commands_at_once_have_an_end() {
    let (client, mut peer) = session(&Limits::default()).await;
    let mut streams = Vec::new();
    let error = loop {
        match client.stream(Command::new("/a")).await {
            Ok(stream) => streams.push(stream),
            Err(error) => break error,
        }
        peer.command().await;
    };
    assert!(matches!(error, Error::Busy), "{error:?}");
    assert_eq!(streams.len(), 1024);
}

/// Sentences glued together, cut anywhere: the reader has no idea of packets.
#[tokio::test(start_paused = true)]
async fn replies_byte_by_byte() {
    let (client, mut peer) = session(&Limits::default()).await;
    let (outcome, ()) = tokio::join!(client.run(Command::new("/a")), async {
        let (_, tag) = peer.command().await;
        let tag = format!(".tag={tag}");
        let mut bytes = sentence(&["!re", &tag, &format!("=long={}", "y".repeat(300))]);
        bytes.extend(sentence(&["!done", &tag]));
        for byte in bytes {
            peer.raw(&[byte]).await;
            tokio::task::yield_now().await;
        }
    });
    let replies = outcome.expect("whole");
    assert_eq!(replies.items()[0].attribute("long").map(<[u8]>::len), Some(300));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a logged-in peer sends, the command ends, with an answer or an error, and nothing panics.
    #[test]
    fn any_answer_ends(
        words in prop::collection::vec("(!re|!done|!trap|!empty|!fatal|)(=[a-z.]{0,8}=?)?[0-9a-z:]{0,6}", 0..12),
        tagged in any::<bool>(),
        noise in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?;
        runtime.block_on(async {
            let (client, mut peer) = session(&Limits::default()).await;
            let router = async {
                let (_, tag) = peer.command().await;
                for word in &words {
                    if tagged { peer.reply(&tag, &[word, "=message=x"]).await } else { peer.send(&[word]).await }
                }
                peer.raw(&noise).await;
            };
            let ((outcome, second), ()) = tokio::join!(
                async { (client.interfaces().await.map(drop), client.run(Command::new("/b")).await.map(drop)) },
                router,
            );
            drop((outcome, second));
        });
    }
}
