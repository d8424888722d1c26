//! A real mail server, `aiosmtpd` of PyPI, as a process of its own. The tests of the binary use this file too.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../jobs/tests/smtp");

/// Runs until it is stopped or dropped; what it was given stays in its file.
pub(crate) struct MailServer {
    child: Child,
    pub(crate) port: u16,
    kept: PathBuf,
}

impl MailServer {
    /// On a free port; mails go into `mails.jsonl` in `folder`.
    pub(crate) fn start(folder: &Path) -> Self {
        Self::on_port(folder, 0)
    }

    /// On a port that an earlier one had.
    pub(crate) fn on_port(folder: &Path, port: u16) -> Self {
        Self::with(folder, port, &[])
    }

    /// With more arguments for the script.
    pub(crate) fn with(folder: &Path, port: u16, arguments: &[&str]) -> Self {
        let kept = folder.join("mails.jsonl");
        let mut command = Command::new(python());
        command.arg(Path::new(SOURCES).join("serve.py")).arg(port.to_string()).arg(&kept).args(arguments);
        let mut child = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn().expect("python runs");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("its output");
        BufReader::new(stdout).read_line(&mut line).expect("it says its port");
        let port = line.trim().parse().expect("it says its port");
        Self { child, port, kept }
    }

    /// What it was given so far, in order.
    pub(crate) fn mails(&self) -> Vec<Value> {
        whole_lines(&fs::read_to_string(&self.kept).unwrap_or_default())
    }
}

/// A mail that is being written has no line break yet: it is there at the next look.
fn whole_lines(text: &str) -> Vec<Value> {
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn a_mail_that_is_half_written_is_left_for_the_next_look() {
    assert_eq!(whole_lines(""), Vec::<Value>::new());
    assert_eq!(whole_lines("{\"to\""), Vec::<Value>::new());
    assert_eq!(whole_lines("{\"to\":1}\n{\"to\""), [serde_json::json!({ "to": 1 })]);
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The value of a header of a kept mail, with its folds undone.
pub(crate) fn header(mail: &Value, name: &str) -> String {
    let text = mail["mail"].as_str().expect("a mail").replace("\r\n ", " ");
    let head = text.split("\r\n\r\n").next().expect("a head");
    let prefix = format!("{name}: ");
    let line = head.lines().find_map(|line| line.strip_prefix(&prefix));
    line.unwrap_or_else(|| panic!("no {name} in {head}")).to_owned()
}

/// The interpreter of an environment that has what `requirements.txt` asks for; made once.
fn python() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("smtp");
    fs::create_dir_all(&folder).expect("a folder");
    // Tests run side by side, and two test runs may share a target folder.
    let lock = File::create(folder.join("lock")).expect("a lock");
    lock.lock().expect("a lock");
    let requirements = Path::new(SOURCES).join("requirements.txt");
    let wanted = fs::read_to_string(&requirements).expect("the requirements");
    let python = folder.join("venv/bin/python");
    let installed = folder.join("installed");
    if fs::read_to_string(&installed).ok().as_ref() != Some(&wanted) {
        run(Command::new("python3").args(["-m", "venv"]).arg(folder.join("venv")));
        run(Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
            .arg(&requirements));
        fs::write(&installed, wanted).expect("written");
    }
    python
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| {
        panic!("cannot run {command:?}: {error}. This test talks to a mail server of PyPI: install python3 with venv")
    });
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed with {}:\n{errors}", output.status);
}
