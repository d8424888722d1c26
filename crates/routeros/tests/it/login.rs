use std::{io::Write as _, time::Duration};

use md5::{Digest, Md5};
use routeros::{Client, Error, ForeignService, Limits, Step};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use crate::peer::{PIPE_BYTES, Peer, assert_usable, credentials, failure};

async fn against<F>(router: impl FnOnce(Peer) -> F) -> (Result<Client, Error>, F::Output)
where
    F: Future,
{
    let (near, far) = duplex(PIPE_BYTES);
    let (cred, limits) = (credentials(), Limits::default());
    tokio::join!(Client::over_stream(near, &cred, &limits), router(Peer::new(far)))
}

#[tokio::test(start_paused = true)]
async fn the_form_since_6_43() {
    let (client, mut peer) = against(async |mut peer| {
        let login = peer.next().await.expect("a login");
        assert_eq!(login.words().collect::<Vec<_>>(), [&b"/login"[..], b"=name=portal", b"=password=s3cret"]);
        peer.send(&["!done"]).await;
        peer
    })
    .await;
    assert_usable(&client.expect("logs in"), &mut peer).await;
}

/// An old router ignores name and password and sends a challenge: taking its `!done` for success ends in
/// `!fatal not logged in` later.
#[tokio::test(start_paused = true)]
async fn the_challenge_before_6_43() {
    let challenge = "d3b07384d113edec49eaa6238ad5ff00";
    let (client, mut peer) = against(async |mut peer| {
        peer.next().await.expect("the new form");
        peer.send(&["!done", &format!("=ret={challenge}")]).await;
        let login = peer.next().await.expect("the answer");
        let bytes: Vec<u8> =
            (0..16).map(|at| u8::from_str_radix(&challenge[2 * at..][..2], 16).expect("hex")).collect();
        let digest = Md5::new().chain_update([0]).chain_update("s3cret").chain_update(bytes).finalize();
        let mut expected = b"00".to_vec();
        digest.iter().for_each(|byte| write!(expected, "{byte:02x}").expect("fits"));
        assert_eq!(login.attribute("response"), Some(&expected[..]));
        assert_eq!(login.attribute("name"), Some(&b"portal"[..]));
        assert_eq!(login.attribute("password"), None, "the answer does not repeat the password");
        peer.send(&["!done"]).await;
        peer
    })
    .await;
    assert_usable(&client.expect("logs in"), &mut peer).await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_in_both_dialects() {
    let refuse = async |peer: &mut Peer, message: &str| {
        peer.send(&["!trap", message]).await;
        peer.send(&["!done"]).await;
    };
    let (new, _) = against(async |mut peer| {
        peer.next().await;
        refuse(&mut peer, "=message=invalid user name or password (6)").await;
        peer
    })
    .await;
    let error = failure(new);
    assert!(matches!(&error, Error::LoginRefused { message } if message.contains("(6)")), "{error:?}");
    assert!(error.to_string().contains("check the user name, the password"), "{error}");
    let (old, _) = against(async |mut peer| {
        peer.next().await;
        peer.send(&["!done", "=ret=00000000000000000000000000000000"]).await;
        peer.next().await;
        refuse(&mut peer, "=message=cannot log in").await;
        peer
    })
    .await;
    assert!(matches!(failure(old), Error::LoginRefused { message } if message == "cannot log in"));
}

#[tokio::test(start_paused = true)]
async fn an_http_server_is_named() {
    // One that complains at once, and one that first wants its line to end.
    let at_once = async |mut peer: Peer| {
        peer.raw(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await;
        peer
    };
    let after_a_line = async |mut peer: Peer| {
        let mut seen = Vec::new();
        while !seen.ends_with(b"\r\n") {
            peer.stream.read_buf(&mut seen).await.expect("the pipe is open");
        }
        peer.raw(b"HTTP/1.0 400 Bad Request\r\n\r\n").await;
        peer
    };
    for outcome in [against(at_once).await.0, against(after_a_line).await.0] {
        let error = failure(outcome);
        assert!(matches!(error, Error::NotRouterOs(ForeignService::Http)), "{error:?}");
        assert!(error.to_string().starts_with("an HTTP server answered; the RouterOS API listens on 8728"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_tls_service_spoken_to_in_plain_text_is_named() {
    let (outcome, _) = against(async |mut peer| {
        peer.raw(&[0x15, 3, 1, 0, 2, 2, 10]).await;
        peer
    })
    .await;
    assert!(matches!(failure(outcome), Error::NotRouterOs(ForeignService::Tls)));
}

#[tokio::test(start_paused = true)]
async fn silence_and_dripping_end_at_the_deadline() {
    let start = tokio::time::Instant::now();
    let (silent, _) = against(async |peer| peer).await;
    assert!(matches!(failure(silent), Error::Timeout { step: Step::Login, .. }));
    let drip = async |peer: Peer| {
        let mut stream: DuplexStream = peer.stream;
        // The start of a reply word, then a byte now and then: the word and its sentence never end in time.
        for byte in b"\x20!done".iter().chain(std::iter::repeat(&b'x')) {
            tokio::time::sleep(Duration::from_millis(300)).await;
            if stream.write_all(&[*byte]).await.is_err() {
                break;
            }
        }
    };
    let (dripping, ()) = against(drip).await;
    assert!(matches!(failure(dripping), Error::Timeout { step: Step::Login, .. }));
    assert!(start.elapsed() < Duration::from_secs(20), "virtual time");
}

#[tokio::test(start_paused = true)]
async fn a_router_that_hangs_up_or_ends_the_session() {
    let (closed, ()) = against(async |mut peer| {
        peer.next().await;
    })
    .await;
    let error = failure(closed);
    assert!(matches!(error, Error::Closed { step: Step::Login, .. }), "{error:?}");
    assert!(error.to_string().contains("/ip service print"), "{error}");
    let (fatal, _) = against(async |mut peer| {
        peer.next().await;
        peer.send(&["!fatal", "too many commands before login"]).await;
        peer
    })
    .await;
    assert!(matches!(failure(fatal), Error::Fatal { reason } if reason == "too many commands before login"));
}

/// Neither `Debug` form shows the password.
#[test]
fn the_password_is_not_printed() {
    assert!(!format!("{:?}", credentials()).contains("s3cret"));
}
