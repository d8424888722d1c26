//! A folder with an installation in it, and the binary run against it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;

pub(crate) struct Installation {
    dir: tempfile::TempDir,
}

impl Installation {
    /// An empty folder, nothing in it yet.
    pub(crate) fn empty() -> Self {
        Self { dir: tempfile::tempdir().expect("a folder") }
    }

    /// With `init` done.
    pub(crate) fn new() -> Self {
        let installation = Self::empty();
        installation.ok(&["init", "--company", "Testnet", "--timezone", "Asia/Kolkata", "--currency", "INR"]);
        installation
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// The folder around the data folder.
    pub(crate) fn folder(&self) -> &Path {
        self.dir.path()
    }

    /// Its database as the store has it, for what no command writes.
    pub(crate) async fn store(&self) -> store::Store {
        let key = fs::read_to_string(self.data().join("secret.key")).expect("a key");
        let key = store::MasterKey::from_hex(key.trim()).expect("a key");
        let location = store::Location::Sqlite(self.data().join("leaseline.sqlite"));
        store::Store::open(&location, Some(key)).await.expect("opened")
    }

    /// A file beside the data folder, with this text.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.dir.path().join(name);
        fs::write(&path, text).expect("written");
        path.display().to_string()
    }

    /// The binary with this data folder and no settings from outside.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leaseline"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("LEASELINE_")) {
            command.env_remove(name);
        }
        command.args(args).arg("--data").arg(self.data()).stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the binary runs")
    }

    /// Runs a command that must succeed; its standard output.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    /// Runs a command that must succeed, with `--json`.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let text = self.ok(&[args, &["--json"]].concat());
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{args:?}: {error}: {text}"))
    }

    /// Runs a command that must fail: its exit code, and its one line on standard error.
    pub(crate) fn fails(&self, args: &[&str]) -> (i32, String) {
        let output = self.run(args);
        let line = String::from_utf8(output.stderr).expect("text");
        assert!(!output.status.success(), "{args:?} should fail");
        assert_eq!(line.trim_end().lines().count(), 1, "{args:?} should say one line: {line}");
        (output.status.code().expect("an exit code"), line)
    }

    /// A router of the simulator, entered under `name`.
    pub(crate) fn add_router(&self, name: &str, address: std::net::SocketAddr, password: &str) {
        let file = self.file("router.txt", &format!("{password}\n"));
        let (host, port) = (address.ip().to_string(), address.port().to_string());
        self.ok(&[
            "router",
            "add",
            "--name",
            name,
            "--address",
            &host,
            "--port",
            &port,
            "--username",
            "admin",
            "--password-file",
            &file,
            "--tls",
            "off",
        ]);
    }

    /// A link, its client being made with it if need be.
    pub(crate) fn add_link(&self, circuit: &str, router: &str, interface: &str) {
        if self.json(&["client", "list"]).as_array().expect("a list").is_empty() {
            self.ok(&["client", "add", "--name", "Acme"]);
        }
        self.add_link_from(circuit, router, interface, "2026-11-01");
    }

    /// A link of Acme from a day on.
    pub(crate) fn add_link_from(&self, circuit: &str, router: &str, interface: &str, activated: &str) {
        self.ok(&Self::link_args(circuit, router, interface, activated));
    }

    /// What adds a link of Acme.
    pub(crate) fn link_args<'a>(
        circuit: &'a str,
        router: &'a str,
        interface: &'a str,
        activated: &'a str,
    ) -> Vec<&'a str> {
        let mut args = vec!["link", "add"];
        for (option, value) in [
            ("--client", "Acme"),
            ("--router", router),
            ("--interface", interface),
            ("--circuit", circuit),
            ("--type", "ILL"),
            ("--committed-mbps", "100"),
            ("--uptime", "99.5"),
            ("--latency-ms", "20"),
            ("--loss-pct", "1"),
            ("--probe-target", "198.51.100.1"),
            ("--activated", activated),
        ] {
            args.extend([option, value]);
        }
        args
    }
}

/// Whether a folder has nothing in it, or is not there.
pub(crate) fn is_untouched(path: &Path) -> bool {
    fs::read_dir(path).map_or(true, |mut entries| entries.next().is_none())
}
