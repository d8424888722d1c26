use std::time::Duration;

use routeros::{Category, Client, Command, Error, Limits, Step};
use tokio::io::duplex;

use crate::peer::{PIPE_BYTES, Peer, assert_usable, credentials, failure, session};

fn print(path: &str) -> Command {
    Command::new(path)
}

#[tokio::test(start_paused = true)]
async fn replies_of_commands_interleave() {
    let (client, mut peer) = session(&Limits::default()).await;
    let router = async {
        let (first, a) = peer.command().await;
        let (second, b) = peer.command().await;
        assert_eq!((first, second), (vec!["/a".to_owned()], vec!["/b".to_owned()]));
        assert_ne!(a, b);
        peer.reply(&b, &["!re", "=n=b1"]).await;
        peer.reply(&a, &["!re", "=n=a1"]).await;
        // The manual shows the tag last.
        peer.send(&["!re", "=n=b2", &format!(".tag={b}")]).await;
        peer.reply(&a, &["!done"]).await;
        peer.reply(&b, &["!done"]).await;
    };
    let (a, b, ()) = tokio::join!(client.run(print("/a")), client.run(print("/b")), router);
    let names = |replies: routeros::Replies| -> Vec<Vec<u8>> {
        replies.items().iter().map(|item| item.attribute("n").expect("n").to_vec()).collect()
    };
    assert_eq!(names(a.expect("a")), [b"a1"]);
    assert_eq!(names(b.expect("b")), [b"b1", b"b2"]);
}

#[tokio::test(start_paused = true)]
async fn words_go_out_in_the_order_given() {
    let (client, mut peer) = session(&Limits::default()).await;
    let command = Command::new("/interface/print")
        .attr(".proplist", "name")
        .query("?type=ether")
        .query("type=vlan")
        .query("?#|")
        .query_equals("-odd", "a=b");
    let (_, words) = tokio::join!(client.run(command), peer.answer(&[]));
    assert_eq!(
        words,
        ["/interface/print", "=.proplist=name", "?type=ether", "?type=vlan", "?#|", "?=-odd=a=b"]
    );
}

/// 7.18 says `!empty` before `!done`; clients that did not know the word crashed or looped.
#[tokio::test(start_paused = true)]
async fn empty_answers_of_old_and_new_releases() {
    let (client, mut peer) = session(&Limits::default()).await;
    let (new, _) = tokio::join!(client.run(print("/a")), peer.answer(&[&["!empty"]]));
    assert_eq!(new.expect("no error").items().len(), 0);
    let (bare, _) = tokio::join!(client.run(print("/a")), peer.answer(&[&["!re"], &["!re"]]));
    assert_eq!(bare.expect("no error").items().len(), 2, "items without attributes are items");
}

#[tokio::test(start_paused = true)]
async fn the_ret_of_a_done() {
    let (client, mut peer) = session(&Limits::default()).await;
    let router = async {
        let (_, tag) = peer.command().await;
        peer.reply(&tag, &["!done", "=ret=17"]).await;
    };
    let (replies, ()) = tokio::join!(client.run(print("/a")), router);
    assert_eq!(replies.expect("done").ret(), Some(&b"17"[..]));
}

/// A trap is followed by its `!done`; one that is left in the stream ends the next command.
#[tokio::test(start_paused = true)]
async fn a_trap_fails_its_command_only() {
    let (client, mut peer) = session(&Limits::default()).await;
    let traps: [&[&str]; 3] = [
        &["!re", "=n=1"],
        &["!trap", "=category=1", "=message=input does not match any value of interface"],
        &["!trap", "=message=second"],
    ];
    let (outcome, _) = tokio::join!(client.run(print("/a")), peer.answer(&traps));
    let error = failure(outcome);
    assert!(matches!(error, Error::Trap { category: Some(Category::ArgumentValue), .. }), "{error:?}");
    assert!(error.is_no_such_item() && !error.is_connection_lost() && !error.is_not_permitted());
    let denied: &[&[&str]] = &[&["!trap", "=message=not enough permissions (9)"]];
    let (outcome, _) = tokio::join!(client.run(print("/ping")), peer.answer(denied));
    let error = failure(outcome);
    assert!(error.is_not_permitted());
    assert!(error.to_string().contains("policy=api,read,test"), "{error}");
    assert_usable(&client, &mut peer).await;
}

/// After the deadline the router is told to stop, and the late replies of that tag harm nobody.
#[tokio::test(start_paused = true)]
async fn a_deadline_cancels_and_spares_the_connection() {
    let (client, mut peer) = session(&Limits::default()).await;
    let slow = print("/slow").deadline(Duration::from_secs(3));
    let (outcome, (_, tag)) = tokio::join!(client.run(slow), peer.command());
    let error = failure(outcome);
    assert!(
        matches!(&error, Error::Timeout { step: Step::Command(path), .. } if path == "/slow"),
        "{error:?}"
    );
    assert!(!error.is_connection_lost());
    let (cancel, cancel_tag) = peer.command().await;
    assert_eq!(cancel, ["/cancel".to_owned(), format!("=tag={tag}")]);
    peer.reply(&tag, &["!re", "=late=1"]).await;
    peer.reply(&tag, &["!trap", "=category=2", "=message=interrupted"]).await;
    peer.reply(&cancel_tag, &["!done"]).await;
    peer.reply(&tag, &["!done"]).await;
    assert_usable(&client, &mut peer).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(!client.is_closed(), "an answered cancel leaves no time bomb");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_future_cancels() {
    let (client, mut peer) = session(&Limits::default()).await;
    let tag = tokio::select! {
        _ = client.run(print("/slow")) => panic!("nobody answers"),
        (_, tag) = peer.command() => tag,
    };
    assert_eq!(peer.command().await.0[1], format!("=tag={tag}"));
}

/// The collector must see that a router is gone, not wait out every command on it.
#[tokio::test(start_paused = true)]
async fn a_router_silent_after_a_cancel_is_dead() {
    let (client, mut peer) = session(&Limits::default()).await;
    let (timed_out, _) = tokio::join!(client.run(print("/a")), peer.command());
    assert!(matches!(failure(timed_out), Error::Timeout { .. }));
    let long = print("/b").deadline(Duration::from_secs(3600));
    let error = failure(client.run(long).await);
    assert!(matches!(error, Error::Timeout { step: Step::Cancel, .. }), "{error:?}");
    assert!(error.is_connection_lost() && client.is_closed());
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_connection_reaches_every_command() {
    let (client, peer) = session(&Limits::default()).await;
    let hang_up = async {
        let mut peer = peer;
        peer.command().await;
        peer.command().await;
    };
    let (a, b, ()) = tokio::join!(client.run(print("/a")), client.run(print("/b")), hang_up);
    for (outcome, path) in [(a, "/a"), (b, "/b")] {
        let error = failure(outcome);
        assert!(matches!(&error, Error::Closed { step: Step::Command(at), .. } if at == path), "{error:?}");
        assert!(error.is_connection_lost());
    }
    assert!(client.is_closed());
    assert!(failure(client.run(print("/c")).await).is_connection_lost(), "and later ones, without waiting");
}

#[tokio::test(start_paused = true)]
async fn a_fatal_reply_gives_its_reason() {
    let (client, mut peer) = session(&Limits::default()).await;
    let router = async {
        peer.command().await;
        peer.send(&["!fatal", "session terminated on request"]).await;
    };
    let (outcome, ()) = tokio::join!(client.run(print("/quit")), router);
    assert!(matches!(failure(outcome), Error::Fatal { reason } if reason == "session terminated on request"));
}

#[tokio::test(start_paused = true)]
async fn the_last_clone_closes_the_connection() {
    let (client, mut peer) = session(&Limits::default()).await;
    let clone = client.clone();
    drop(client);
    assert_usable(&clone, &mut peer).await;
    drop(clone);
    assert!(peer.next().await.is_none(), "the stream is closed");
}

/// Commands asked for together leave together: with one write per word, Nagle and delayed acknowledgements cost 40 ms.
#[tokio::test(start_paused = true)]
async fn a_batch_is_one_write() {
    let (near, far) = duplex(PIPE_BYTES);
    let mut peer = Peer::new(far);
    let (stream, _, writes) = counted::Counted::new(near);
    let (cred, limits) = (credentials(), Limits::default());
    let (client, ()) = tokio::join!(Client::over_stream(stream, &cred, &limits), peer.accept_login());
    let client = client.expect("logs in");
    assert_eq!(writes.get(), 1, "the login sentence");
    let router = async {
        for _ in 0..3 {
            peer.answer(&[]).await;
        }
    };
    let run = |path| client.run(Command::new(path).attr("key", "value"));
    let (a, b, c, ()) = tokio::join!(run("/a"), run("/b"), run("/c"), router);
    a.and(b).and(c).expect("answered");
    assert_eq!(writes.get(), 2, "three commands in one write");
}

#[tokio::test(start_paused = true)]
async fn commands_that_cannot_be_sent() {
    let (client, mut peer) = session(&Limits::default()).await;
    assert!(matches!(failure(client.run(print("interface print")).await), Error::InvalidArgument(_)));
    let long = print("/a").attr("comment", vec![b'x'; 70_000]);
    assert!(matches!(failure(client.run(long).await), Error::InvalidArgument(_)));
    assert_usable(&client, &mut peer).await;
}

pub(crate) mod counted {
    use std::{
        io,
        pin::Pin,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        task::{Context, Poll},
    };

    use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

    /// A stream that counts what goes through it.
    pub(crate) struct Counted {
        stream: DuplexStream,
        reads: Count,
        writes: Count,
    }

    #[derive(Clone, Default)]
    pub(crate) struct Count(Arc<AtomicUsize>);

    impl Count {
        pub(crate) fn get(&self) -> usize {
            self.0.load(Ordering::SeqCst)
        }

        fn one_more(&self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    impl Counted {
        /// The stream, its reads that gave something, and its writes.
        pub(crate) fn new(stream: DuplexStream) -> (Self, Count, Count) {
            let (reads, writes) = (Count::default(), Count::default());
            (Counted { stream, reads: reads.clone(), writes: writes.clone() }, reads, writes)
        }
    }

    impl AsyncRead for Counted {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            let read = Pin::new(&mut self.stream).poll_read(cx, buf);
            if read.is_ready() {
                self.reads.one_more();
            }
            read
        }
    }

    impl AsyncWrite for Counted {
        fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
            self.writes.one_more();
            Pin::new(&mut self.stream).poll_write(cx, buf)
        }

        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.stream).poll_flush(cx)
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.stream).poll_shutdown(cx)
        }
    }
}
