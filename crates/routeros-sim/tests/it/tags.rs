use crate::client::{Client, line, text};
use crate::{World, spec};
use routeros_sim::PingProfile;
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn tagged_commands_run_side_by_side() {
    let slow = PingProfile::new(Duration::from_millis(300), Duration::ZERO);
    let fast = PingProfile::new(Duration::from_millis(5), Duration::ZERO);
    let (_world, router) = World::router(spec().ping("192.0.2.1", slow).ping("192.0.2.2", fast)).await;
    let mut client = Client::login(router.address()).await;
    client
        .send_all(&[
            &["/ping", "=address=192.0.2.1", "=count=1", ".tag=slow"],
            &["/ping", "=address=192.0.2.2", "=count=1", ".tag=fast"],
            &["/system/identity/print", ".tag=now"],
        ])
        .await;
    let mut order = Vec::new();
    while order.len() < 6 {
        let reply = client.next().await.unwrap();
        order.push(format!(
            "{} {}",
            String::from_utf8_lossy(reply.first()),
            String::from_utf8_lossy(reply.tag().unwrap())
        ));
    }
    assert_eq!(order, ["!re now", "!done now", "!re fast", "!done fast", "!re slow", "!done slow"]);
}

#[tokio::test(start_paused = true)]
async fn untagged_commands_wait_for_each_other() {
    let (_world, router) = World::router(spec()).await;
    let mut client = Client::login(router.address()).await;
    client.send(&["/ping", "=address=192.0.2.1", "=count=2"]).await;
    client.send(&["/system/identity/print"]).await;
    let mut kinds = Vec::new();
    while kinds.len() < 5 {
        kinds.push(line(&client.next().await.unwrap()).split(' ').take(2).collect::<Vec<_>>().join(" "));
    }
    assert_eq!(kinds, ["!re =seq=0", "!re =seq=1", "!done", "!re =name=edge-1", "!done"]);
}

/// The order is a capture's: trap of the cancelled, done of the cancel, done of the cancelled.
#[tokio::test(start_paused = true)]
async fn cancel_ends_one_command_in_the_captured_order() {
    let (_world, router) = World::router(spec()).await;
    let mut client = Client::login(router.address()).await;
    client.send(&["/ping", "=address=192.0.2.1", ".tag=a"]).await;
    client.send(&["/ping", "=address=192.0.2.2", ".tag=b"]).await;
    for _ in 0..20 {
        assert_eq!(client.next().await.unwrap().first(), b"!re", "without count a ping goes on");
    }
    client.send(&["/cancel", "=tag=a", ".tag=c"]).await;
    let mut about_a = Vec::new();
    while about_a.len() < 3 {
        let reply = client.next().await.unwrap();
        if reply.first() != b"!re" {
            about_a.push(line(&reply));
        }
    }
    assert_eq!(about_a, ["!trap .tag=a =category=2 =message=interrupted", "!done .tag=c", "!done .tag=a"]);
    assert_eq!(client.next().await.unwrap().tag(), Some(&b"b"[..]), "the other one goes on");
    client.send(&["/cancel", ".tag=d"]).await;
    let mut rest = Vec::new();
    while rest.len() < 3 {
        let reply = client.next().await.unwrap();
        if reply.first() != b"!re" {
            rest.push(line(&reply));
        }
    }
    assert_eq!(rest, ["!trap .tag=b =category=2 =message=interrupted", "!done .tag=d", "!done .tag=b"]);
}

#[tokio::test(start_paused = true)]
async fn monitor_traffic_goes_on_in_sections_until_cancelled() {
    let (_world, router) = World::router(spec()).await;
    let mut client = Client::login(router.address()).await;
    client.send(&["/interface/monitor-traffic", "=interface=ether2,*1", ".tag=m"]).await;
    let mut seen = Vec::new();
    while seen.len() < 4 {
        let row = client.next().await.unwrap();
        seen.push((text(&row, "name").unwrap(), text(&row, ".section").unwrap()));
    }
    let expected = [("ether2", "0"), ("ether1", "0"), ("ether2", "1"), ("ether1", "1")];
    assert_eq!(seen, expected.map(|(name, section)| (name.to_owned(), section.to_owned())));
    client.send(&["/cancel", "=tag=m"]).await;
    assert_eq!(client.line().await, "!trap .tag=m =category=2 =message=interrupted");
    assert_eq!(client.line().await, "!done");
    assert_eq!(client.line().await, "!done .tag=m");
}

#[tokio::test(start_paused = true)]
async fn monitor_traffic_ends_after_its_duration() {
    let (_world, router) = World::router(spec()).await;
    let mut client = Client::login(router.address()).await;
    let replies = client.run(&["/interface/monitor-traffic", "=interface=ether1", "=duration=3s"]).await;
    assert_eq!(replies.len(), 4, "three rows and !done: {replies:?}");
}
