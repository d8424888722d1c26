//! Two well-known clients that we did not write must understand the simulator, and read what it served.

use crate::{World, spec};
use routeros_sim::{Dialect, PingProfile, Served, SimRouter};
use serde_json::Value;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::process::Command;

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/public_clients");
/// For a download and installation on a slow line.
const INSTALLING_MAX: Duration = Duration::from_secs(300);
/// A conversation takes about a second.
const TALKING_MAX: Duration = Duration::from_secs(300);

#[tokio::test]
async fn librouteros_from_pypi() {
    let folder = prepared("python", &["requirements.txt", "talk.py"], async |folder| {
        run("python3", &["-m", "venv", "venv"], folder, INSTALLING_MAX).await;
        let install =
            ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"];
        run("venv/bin/python", &install, folder, INSTALLING_MAX).await;
    })
    .await;
    for (dialect, login, refusal) in [
        (Dialect::V6_42, "token", "cannot log in"),
        (Dialect::V7_18, "plain", "invalid user name or password (6)"),
    ] {
        let (_world, router) = world(dialect, "Übergabe".as_bytes()).await;
        let port = router.address().port().to_string();
        let read = talk("venv/bin/python", &["talk.py", "127.0.0.1", &port, login], &folder).await;
        assert_eq!(read["wrong_password"], refusal);
        assert_eq!(read["none"], Value::Array(Vec::new()), "no item, with or without !empty");
        compare(&read, &router);
    }
}

#[tokio::test]
async fn node_routeros_from_npm() {
    let folder = prepared("node", &["package.json", "package-lock.json", "talk.js"], async |folder| {
        run("npm", &["ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder, INSTALLING_MAX).await;
    })
    .await;
    for dialect in [Dialect::V6_42, Dialect::V7_18] {
        // This client takes every byte for Windows-1252.
        let (_world, router) = world(dialect, b"\xdcbergabe").await;
        let port = router.address().port().to_string();
        let read = talk("node", &["talk.js", "127.0.0.1", &port], &folder).await;
        assert_eq!(read["wrong_password"], "CANTLOGIN");
        compare(&read, &router);
        let sections = read["continuous"].as_array().unwrap();
        assert_eq!(sections.len(), 2, "a continuous command is read and cancelled: {sections:?}");
    }
}

async fn world(dialect: Dialect, comment: &[u8]) -> (World, SimRouter) {
    let near = PingProfile::new(Duration::from_micros(3_210), Duration::from_millis(4));
    let mut spec = spec().dialect(dialect).ping("192.0.2.1", near).ping("192.0.2.2", PingProfile::dead());
    spec.interfaces[0].comment = comment.to_vec();
    World::router(spec).await
}

/// Holds what a client read against what the router says it served.
fn compare(read: &Value, router: &SimRouter) {
    assert_eq!(read["identity"], "edge-1");
    assert_eq!(read["unknown_path"], "no such command prefix");
    assert_eq!(read["unknown_interface"], "input does not match any value of interface");
    let served = router.served();
    interfaces(read, &served);
    pings(read, &served);
    traffic(read, &served);
    let together = &read["concurrent"];
    assert_eq!(together["ends"][0], "third", "the print overtakes the pings: {together}");
    assert_eq!(together["items"]["third"][0]["name"], "edge-1");
    assert_eq!(text(&together["items"]["second"][2]["packet-loss"]), "100");
    assert_eq!(together["items"]["second"][2]["status"], "timeout");
}

fn interfaces(read: &Value, served: &[Served]) {
    let items = read["interfaces"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    assert_eq!(items[0]["comment"], "Übergabe");
    let rows = served.iter().filter_map(|entry| match entry {
        Served::Interface { name, counters, .. } => Some((name, counters)),
        _ => None,
    });
    let read_rows = items.iter().chain(read["one"].as_array().unwrap());
    let mut compared = 0;
    for (item, (name, counters)) in read_rows.zip(rows) {
        assert_eq!(text(&item["name"]).as_bytes(), name);
        assert_eq!(text(&item["rx-byte"]), counters.rx_byte.to_string());
        compared += 1;
    }
    assert_eq!(compared, 4, "three items of the print and one of the query");
    assert_eq!(text(&items[1]["tx-packet"]), {
        let Some(Served::Interface { counters, .. }) =
            served.iter().find(|entry| matches!(entry, Served::Interface { name, .. } if name == b"ether2"))
        else {
            panic!("ether2 was served")
        };
        counters.tx_packet.to_string()
    });
}

fn pings(read: &Value, served: &[Served]) {
    let rows = read["ping"].as_array().unwrap();
    assert_eq!(rows.len(), 5);
    let last = &rows[4];
    let Some(Served::Ping { sent, received, rtt_us: Some((min, _, max)), .. }) =
        served.iter().find(|entry| matches!(entry, Served::Ping { .. }))
    else {
        panic!("a ping was served: {served:?}")
    };
    assert_eq!(text(&last["sent"]), sent.to_string());
    assert_eq!(text(&last["received"]), received.to_string());
    assert_eq!(micros(&text(&last["min-rtt"])), *min);
    assert_eq!(micros(&text(&last["max-rtt"])), *max);
}

fn traffic(read: &Value, served: &[Served]) {
    let rows = read["traffic"].as_array().unwrap();
    assert_eq!((text(&rows[0]["name"]), text(&rows[1]["name"])), ("ether2".to_owned(), "ether1".to_owned()));
    let rates = served.iter().filter_map(|entry| match entry {
        Served::Traffic { rx_bps, tx_bps, .. } => Some((*rx_bps, *tx_bps)),
        _ => None,
    });
    for (row, (rx_bps, tx_bps)) in rows.iter().zip(rates) {
        assert!(rx_bps > 0 && tx_bps > 0);
        assert_eq!(text(&row["rx-bits-per-second"]), rx_bps.to_string());
        assert_eq!(text(&row["tx-bits-per-second"]), tx_bps.to_string());
    }
}

/// Clients differ in what they make numbers of.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// `3ms210us` or `3ms`.
fn micros(time: &str) -> u64 {
    let (ms, us) = time.split_once("ms").unwrap_or(("0", time));
    let us = us.strip_suffix("us").unwrap_or(us);
    ms.parse::<u64>().unwrap() * 1000 + us.parse::<u64>().unwrap_or(0)
}

/// A folder under `target` with the named sources and what `install` adds; kept until a source changes.
async fn prepared(name: &str, sources: &[&str], install: impl AsyncFnOnce(&Path)) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("public-clients").join(name);
    fs::create_dir_all(&folder).unwrap();
    // Two test runs may share a target folder.
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let mut wanted = String::new();
    for source in sources {
        let text = fs::read_to_string(Path::new(SOURCES).join(name).join(source)).unwrap();
        fs::write(folder.join(source), &text).unwrap();
        if !source.starts_with("talk.") {
            wanted += &text;
        }
    }
    let installed = folder.join("installed");
    if fs::read_to_string(&installed).ok().as_ref() != Some(&wanted) {
        install(&folder).await;
        fs::write(&installed, wanted).unwrap();
    }
    folder
}

async fn talk(program: &str, arguments: &[&str], folder: &Path) -> Value {
    let output = run(program, arguments, folder, TALKING_MAX).await;
    serde_json::from_str(&output).unwrap_or_else(|error| panic!("{error} in {output:?}"))
}

async fn run(program: &str, arguments: &[&str], folder: &Path, within: Duration) -> String {
    // A path is meant from the folder, a bare name from PATH.
    let path = if program.contains('/') { folder.join(program) } else { program.into() };
    let output = Command::new(&path).args(arguments).current_dir(folder).kill_on_drop(true).output();
    let output = tokio::time::timeout(within, output)
        .await
        .unwrap_or_else(|_| panic!("{program} {arguments:?} did not end within {within:?}"))
        .unwrap_or_else(|error| {
            panic!(
                "cannot run {}: {error}. This test talks to the simulator with public clients: install python3 with \
                 its venv module, Node.js and npm (Debian: apt-get install python3-venv nodejs npm)",
                path.display()
            )
        });
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?} failed with {}:\n{errors}", output.status);
    String::from_utf8(output.stdout).unwrap()
}
