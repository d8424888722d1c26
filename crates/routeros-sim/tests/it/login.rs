use crate::client::Client;
use crate::{World, spec};
use md5::{Digest, Md5};
use routeros_sim::{Dialect, Policies, Served, User};

#[tokio::test]
async fn a_password_logs_in_from_6_43_on() {
    for dialect in [Dialect::V6_49, Dialect::V7_4, Dialect::V7_12, Dialect::V7_18] {
        let (_world, router) = World::router(spec().dialect(dialect)).await;
        let mut client = Client::login(router.address()).await;
        assert_eq!(client.run(&["/system/identity/print"]).await, ["!re =name=edge-1", "!done"]);
        assert!(matches!(&router.served()[0], Served::Login { user, .. } if user == "admin"));
    }
}

/// A client that takes the first `!done` of an old router as success believes it is logged in.
#[tokio::test]
async fn before_6_43_the_router_wants_its_challenge_answered() {
    let (_world, router) = World::router(spec().dialect(Dialect::V6_42)).await;
    let mut client = Client::connect(router.address()).await.unwrap();
    let challenge = challenge(&mut client).await;
    let good = response("secret", &challenge);
    assert_eq!(client.run(&["/login", "=name=admin", &good]).await, ["!done"]);
    assert_eq!(client.run(&["/system/identity/print"]).await, ["!re =name=edge-1", "!done"]);
}

#[tokio::test]
async fn a_challenge_serves_once_and_a_wrong_answer_is_refused() {
    let (_world, router) = World::router(spec().dialect(Dialect::V6_42)).await;
    let mut client = Client::connect(router.address()).await.unwrap();
    let refused = ["!trap =message=cannot log in", "!done"];
    let first = challenge(&mut client).await;
    assert_eq!(client.run(&["/login", "=name=admin", &response("wrong", &first)]).await, refused);
    assert_eq!(client.run(&["/login", "=name=admin", &response("secret", &first)]).await, refused);
    assert_ne!(challenge(&mut client).await, first);
}

#[tokio::test]
async fn wrong_users_and_passwords_get_a_trap_and_a_done() {
    let nobody = User::new("portal", "x").policies(Policies { api: false, read: true, test: true });
    let mut spec = spec();
    spec.users.push(nobody);
    let (_world, router) = World::router(spec).await;
    let mut client = Client::connect(router.address()).await.unwrap();
    let refused = ["!trap =message=invalid user name or password (6)", "!done"];
    assert_eq!(client.run(&["/login", "=name=admin", "=password=guess"]).await, refused);
    assert_eq!(client.run(&["/login", "=name=nobody", "=password=secret"]).await, refused);
    assert_eq!(client.run(&["/login", "=name=portal", "=password=x"]).await, refused, "no api policy");
    assert_eq!(client.run(&["/login", "=name=admin", "=password=secret"]).await, ["!done"]);
}

#[tokio::test]
async fn strangers_are_thrown_out() {
    let (_world, router) = World::router(spec()).await;
    let mut client = Client::connect(router.address()).await.unwrap();
    assert_eq!(client.run(&["/interface/print"]).await, ["!fatal not logged in"]);
    assert!(client.next().await.is_err(), "the router closes after !fatal");

    let mut client = Client::connect(router.address()).await.unwrap();
    for _ in 0..8 {
        client.run(&["/login", "=name=admin", "=password=guess"]).await;
    }
    let ninth = client.run(&["/login", "=name=admin", "=password=secret"]).await;
    assert_eq!(ninth, ["!fatal too many commands before login"]);
}

#[tokio::test]
async fn quit_ends_the_session() {
    let (_world, router) = World::router(spec()).await;
    let mut client = Client::login(router.address()).await;
    assert_eq!(client.run(&["/quit"]).await, ["!fatal session terminated on request"]);
    assert!(client.next().await.is_err());
}

async fn challenge(client: &mut Client) -> String {
    let reply = client.run(&["/login", "=name=admin", "=password=secret"]).await.remove(0);
    let hex = reply.strip_prefix("!done =ret=").expect("a challenge").to_owned();
    assert_eq!(hex.len(), 32);
    hex
}

fn response(password: &str, challenge: &str) -> String {
    let byte = |at| u8::from_str_radix(&challenge[at..at + 2], 16).unwrap();
    let challenge: Vec<u8> = (0..32).step_by(2).map(byte).collect();
    let digest = Md5::new().chain_update([0]).chain_update(password).chain_update(challenge).finalize();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("=response=00{hex}")
}
