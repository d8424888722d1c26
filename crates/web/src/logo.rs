//! Logos that people upload, on a page or by the command line.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use report::LogoError;
use store::{Logo, LogoType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

/// Memory that drawing a logo may take, bytes of address space: the program itself, and what its allocator sets aside, are
/// more than half of it.
pub const LOGO_MEMORY_BYTES_MAX: u64 = 2 << 30;
/// Time of a processor that drawing a logo may take, seconds.
pub const LOGO_CPU_SECONDS_MAX: u64 = 5;
/// For so long the process that draws is waited for; it is killed afterwards.
const TRIAL_WAIT: Duration = Duration::from_secs(10);
/// How much of what the process says is read.
const SAID_BYTES_MAX: u64 = 1_024;
/// With this the process says that the logo is refused, and why; anything else means that it did not survive.
pub const LOGO_REFUSED_CODE: u8 = 3;

/// Where a logo is drawn for the first time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LogoTrial {
    /// In a process of its own, which limits its memory and time and is killed if it does not end: this program with these
    /// arguments. It reads the file from its standard input.
    Process(PathBuf, Vec<String>),
    /// In this process: for files that are our own, and for tests.
    #[default]
    InProcess,
}

/// Why an uploaded file does not become a logo.
#[derive(Debug, thiserror::Error)]
pub enum LogoRefused {
    /// The file is at fault.
    #[error(transparent)]
    File(#[from] LogoError),
    /// The file is at fault; what the process that drew it said.
    #[error("{0}")]
    Said(String),
    /// Whatever is in it, the process that drew it did not survive it.
    #[error(
        "drawing the logo takes more memory or time than a logo may take: simplify it, or save it as PNG"
    )]
    Costly,
    /// The process could not be started or was not listened to.
    #[error("the logo could not be tried: try again, and see the log of the portal if that does not help")]
    Untried(#[source] std::io::Error),
}

/// The logo in a file: one that browsers can show, that reports can be printed with, and that does nothing by itself. What
/// is not allowed in a logo is refused or left out before anything draws it; the first drawing is `trial`'s.
///
/// # Errors
/// [`LogoRefused`] says in words what is wrong with the file.
pub async fn logo_of_file(bytes: Vec<u8>, trial: &LogoTrial) -> Result<Logo, LogoRefused> {
    let checked = blocking(move || report::Logo::of_file(bytes)).await??;
    let kind = if checked.is_png() { LogoType::Png } else { LogoType::Svg };
    let bytes = checked.into_bytes();
    trial.run(bytes.clone()).await?;
    Ok(Logo { kind, bytes })
}

impl LogoTrial {
    /// Draws and prints a file that went through the filter.
    ///
    /// # Errors
    /// [`LogoRefused`].
    pub async fn run(&self, bytes: Vec<u8>) -> Result<(), LogoRefused> {
        let (program, arguments) = match self {
            Self::InProcess => return Ok(blocking(move || report::logo_trial(&bytes)).await??),
            Self::Process(program, arguments) => (program, arguments),
        };
        let child = Command::new(program)
            .args(arguments)
            .env_clear()
            // The typesetter works in parallel where it can; here each thread is address space.
            .env("RAYON_NUM_THREADS", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(LogoRefused::Untried)?;
        match tokio::time::timeout(TRIAL_WAIT, outcome(child, &bytes)).await {
            Ok(outcome) => outcome,
            // The process was dropped, and killed with it.
            Err(_) => Err(LogoRefused::Costly),
        }
    }
}

async fn outcome(mut child: Child, bytes: &[u8]) -> Result<(), LogoRefused> {
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    let write = async {
        if let Some(mut stdin) = stdin {
            // One that ended early does not read it all; how it ended says more.
            stdin.write_all(bytes).await.ok();
        }
    };
    let read = async {
        let mut said = Vec::new();
        if let Some(stderr) = stderr {
            stderr.take(SAID_BYTES_MAX).read_to_end(&mut said).await.ok();
        }
        String::from_utf8_lossy(&said).trim().to_owned()
    };
    let ((), said) = tokio::join!(write, read);
    let status = child.wait().await.map_err(LogoRefused::Untried)?;
    match status.code() {
        Some(0) => Ok(()),
        Some(code) if code == i32::from(LOGO_REFUSED_CODE) => Err(LogoRefused::Said(said)),
        _ => {
            tracing::warn!(%status, said, "a logo was refused: drawing it ended the process that tried it");
            Err(LogoRefused::Costly)
        }
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, LogoRefused> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| LogoRefused::Untried(std::io::Error::other(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SVG: &[u8] =
        b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 3'><path d='M0 0h9v3z'/></svg>";

    async fn with(script: &str) -> Result<Logo, LogoRefused> {
        let arguments = vec!["-c".to_owned(), script.to_owned()];
        logo_of_file(SVG.to_vec(), &LogoTrial::Process("/bin/sh".into(), arguments)).await
    }

    #[tokio::test]
    async fn a_logo_that_ends_the_process_that_draws_it_is_refused_and_nothing_else_ends() {
        assert!(logo_of_file(SVG.to_vec(), &LogoTrial::InProcess).await.is_ok());
        assert!(with("[ -z \"$HOME\" ] && cat >/dev/null").await.is_ok(), "and it has no variables of ours");
        for killed in ["kill -SEGV $$", "kill -KILL $$", "kill -XCPU $$", "exit 1", "exec 0<&-; exit 134"] {
            assert!(matches!(with(killed).await, Err(LogoRefused::Costly)), "{killed}");
        }
        let told = with("cat >/dev/null; echo 'the SVG is damaged' >&2; exit 3").await.expect_err("refused");
        assert_eq!(told.to_string(), "the SVG is damaged");
        let none = LogoTrial::Process("/no/such/program".into(), Vec::new());
        assert!(matches!(logo_of_file(SVG.to_vec(), &none).await, Err(LogoRefused::Untried(_))));
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_that_does_not_end_is_killed() {
        // Time is paused: it passes as soon as everything waits.
        assert!(matches!(with("exec sleep 600").await, Err(LogoRefused::Costly)));
    }
}
