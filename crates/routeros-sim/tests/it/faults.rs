use crate::client::{Client, number, text};
use crate::{World, spec};
use routeros_sim::HUGE_WORD_SENT_MAX;
use std::io::ErrorKind;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// Long enough for an answer over loopback; what must *not* come is waited for this long, in real time.
const A_WHILE: Duration = Duration::from_millis(150);

#[tokio::test]
async fn an_unreachable_router_refuses_and_breaks_its_sessions() {
    let (_world, router) = World::router(spec()).await;
    let mut client = Client::login(router.address()).await;
    router.unreachable(true);
    router.settled().await;
    assert!(client.next().await.is_err());
    let refused = Client::connect(router.address()).await.err().expect("refused");
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    router.unreachable(false);
    router.settled().await;
    Client::login(router.address()).await;
}

#[tokio::test]
async fn a_rebooting_router_refuses_until_it_is_up() {
    let (world, router) = World::router(spec()).await;
    router.reboot(Duration::from_secs(60));
    router.settled().await;
    world.pass_ms(59_999);
    router.settled().await;
    assert!(Client::connect(router.address()).await.is_err());
    world.pass_ms(1);
    router.settled().await;
    Client::login(router.address()).await;
}

/// No reset and no end: only a deadline saves a client from this.
#[tokio::test]
async fn a_black_hole_swallows_connects_and_sessions() {
    let (_world, router) = World::router(spec()).await;
    let mut client = Client::login(router.address()).await;
    router.black_hole(true);
    router.settled().await;
    for _ in 0..3 {
        let connecting = timeout(A_WHILE, Client::connect(router.address())).await;
        assert!(connecting.is_err(), "a connect must hang");
    }
    client.send(&["/system/identity/print"]).await;
    assert!(timeout(A_WHILE, client.next()).await.is_err(), "an open session must go silent");
    router.black_hole(false);
    router.settled().await;
    Client::login(router.address()).await;
}

#[tokio::test]
async fn a_hanging_router_accepts_and_never_answers() {
    let (_world, router) = World::router(spec()).await;
    let mut old = Client::login(router.address()).await;
    router.hang(true);
    old.send(&["/system/identity/print"]).await;
    assert!(timeout(A_WHILE, old.next()).await.is_err());
    let mut new = Client::connect(router.address()).await.unwrap();
    new.send(&["/login", "=name=admin", "=password=secret"]).await;
    assert!(timeout(A_WHILE, new.next()).await.is_err());
    router.hang(false);
    assert_eq!(old.run(&["/system/identity/print"]).await, ["!re =name=edge-1", "!done"]);
}

/// Hundreds of bytes, seven at a time: the reply is whole and takes as long as it must.
#[tokio::test(start_paused = true)]
async fn a_dripping_router_is_slow_and_correct() {
    let (_world, router) = World::router(spec()).await;
    let mut client = Client::login(router.address()).await;
    router.drip(7, Duration::from_millis(20));
    let began = Instant::now();
    let items = client.items(&["/interface/print"]).await;
    assert_eq!(items.len(), 3);
    assert!(began.elapsed() > Duration::from_secs(2), "{:?}", began.elapsed());
    router.drip(0, Duration::ZERO);
    let began = Instant::now();
    client.items(&["/interface/print"]).await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_connection_drops_in_the_middle_of_a_reply_once() {
    let (_world, router) = World::router(spec()).await;
    let mut client = Client::login(router.address()).await;
    router.drop_mid_reply(700);
    client.send(&["/interface/print"]).await;
    assert_eq!(client.rest().await, 700);
    let mut client = Client::login(router.address()).await;
    assert_eq!(client.items(&["/interface/print"]).await.len(), 3);
}

/// Windows-1251: not UTF-8, and one such comment must not cost a client the whole print.
#[tokio::test]
async fn comments_are_bytes() {
    let (_world, router) = World::router(spec()).await;
    router.set_comment("ether1", b"\xdd\xed\xe3\xe5\xeb\xfc\xf1");
    let mut client = Client::login(router.address()).await;
    let items = client.items(&["/interface/print"]).await;
    assert_eq!(items[0].attribute("comment"), Some(&b"\xdd\xed\xe3\xe5\xeb\xfc\xf1"[..]));
    assert_eq!(items.len(), 3);
}

#[tokio::test]
async fn huge_words_are_announced_and_sent() {
    let (_world, router) = World::router(spec()).await;
    let mut client = Client::login(router.address()).await;
    router.huge_word(500_000);
    let items = client.items(&["/interface/print", "?name=ether1"]).await;
    assert_eq!(text(&items[0], "comment").unwrap().len(), 500_000);

    // Beyond what a client takes: its own limit must end it, as here the decoder's.
    router.huge_word(u32::MAX);
    client.send(&["/interface/print"]).await;
    let refused = client.next().await.expect_err("a limit");
    assert!(refused.to_string().contains("4294967295 bytes"), "{refused}");
    let mut greedy = {
        router.huge_word(0);
        Client::login(router.address()).await
    };
    router.huge_word(HUGE_WORD_SENT_MAX + 1);
    greedy.send(&["/interface/print"]).await;
    let taken = timeout(A_WHILE * 4, greedy.next()).await;
    assert!(!matches!(taken, Ok(Ok(_))), "such a word is never complete");
}

#[tokio::test]
async fn faults_of_one_router_do_not_touch_another() {
    let (mut world, broken) = World::router(spec()).await;
    let healthy = world.fleet.add(spec().seed(2)).await.unwrap();
    broken.hang(true);
    let mut stuck = Client::connect(broken.address()).await.unwrap();
    stuck.send(&["/login", "=name=admin", "=password=secret"]).await;
    let mut client = Client::login(healthy.address()).await;
    let items = client.items(&["/interface/print"]).await;
    assert!(number(&items[0], "tx-byte") > 0);
    world.fleet.shutdown().await;
    assert!(client.next().await.is_err(), "shutdown ends every session");
    assert!(Client::connect(healthy.address()).await.is_err(), "and every listener");
    healthy.unreachable(true);
    healthy.settled().await;
}
