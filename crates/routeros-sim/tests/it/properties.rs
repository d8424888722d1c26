use crate::client::Client;
use crate::{World, spec};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use std::collections::HashMap;

const PATHS: [&str; 9] = [
    "/interface/print",
    "/system/resource/print",
    "/system/clock/print",
    "/interface/monitor-traffic",
    "/ping",
    "/nothing/print",
    "/interface/nothing",
    "nonsense",
    "#",
];
const WORDS: [&str; 16] = [
    "=.proplist=name,running",
    "=count-only=",
    "=once",
    "=interface=ether1,*2",
    "=interface=ether9",
    "=address=192.0.2.1",
    "=address=",
    "=count=2",
    "=count=-1",
    "=interval=10ms",
    "=interval=never",
    "=",
    "?type=ether",
    "?#|!0.&",
    "?#99999999999999999999999",
    "bare",
];

/// Whatever is asked: each command ends with one `!done` of its own, in any company, once it is cancelled.
#[test]
fn every_command_is_answered_by_one_done() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (world, router) = runtime.block_on(World::router(spec()));
    let command = (select(&PATHS[..]), subsequence(&WORDS[..], 0..5));
    let result = proptest::test_runner::TestRunner::default().run(
        &proptest::collection::vec(command, 1..12),
        |commands| {
            let done = runtime.block_on(async {
                let mut client = Client::login(router.address()).await;
                for (at, (path, words)) in commands.iter().enumerate() {
                    let tag = format!(".tag={at}");
                    client.send(&[&[*path], &words[..], &[&tag]].concat()).await;
                }
                client.send(&["/cancel", ".tag=cancel"]).await;
                let mut done = HashMap::new();
                while done.len() < commands.len() + 1 {
                    let reply = client.next().await.unwrap();
                    if reply.first() == b"!done" {
                        *done.entry(reply.tag().unwrap().to_vec()).or_insert(0) += 1;
                    }
                }
                done
            });
            prop_assert!(done.values().all(|times| *times == 1), "{done:?}");
            Ok(())
        },
    );
    drop(world);
    result.unwrap();
}
