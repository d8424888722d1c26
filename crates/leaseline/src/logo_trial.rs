//! The process in which an uploaded logo is drawn for the first time: `leaseline logo-trial`, started by the portal and by
//! `company edit`. It limits its own memory and time, can write no file, and reads the logo from its standard input. A file
//! that overflows its stack or takes memory without end ends it alone.

use std::{io::Read, path::PathBuf, process::ExitCode};

use rustix::process::{Resource, Rlimit, setrlimit};
use web::{LOGO_CPU_SECONDS_MAX, LOGO_MEMORY_BYTES_MAX, LOGO_REFUSED_CODE, LogoTrial};

use crate::cli::LogoTrialArgs;

/// Its name on the command line.
const COMMAND: &str = "logo-trial";
/// Descriptors that it may have: the three that it is started with, and some for the runtime of the language.
const FILES_MAX: u64 = 16;

/// This program, started again.
pub(crate) fn process() -> anyhow::Result<LogoTrial> {
    // Unlike its path, this is the same program also after an upgrade.
    let own = PathBuf::from("/proc/self/exe");
    let program = if own.exists() { own } else { std::env::current_exe()? };
    Ok(LogoTrial::Process(program, vec![COMMAND.to_owned()]))
}

/// Limits itself, then draws what it is given, whatever it is: the filter of the caller is not relied upon.
#[expect(clippy::print_stderr, reason = "the caller reads the reason from there")]
pub(crate) fn run(args: &LogoTrialArgs) -> ExitCode {
    let result = limit(args).and_then(|()| {
        let mut bytes = Vec::new();
        std::io::stdin().take(report::LOGO_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    let bytes = match result {
        Ok(bytes) => bytes,
        Err(error) => {
            eprintln!("leaseline: a logo cannot be tried: {error}");
            return ExitCode::FAILURE;
        }
    };
    match report::logo_trial(&bytes) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(LOGO_REFUSED_CODE)
        }
    }
}

fn limit(args: &LogoTrialArgs) -> std::io::Result<()> {
    let limits = [
        (Resource::As, args.memory_bytes.unwrap_or(LOGO_MEMORY_BYTES_MAX)),
        (Resource::Cpu, args.cpu_seconds.unwrap_or(LOGO_CPU_SECONDS_MAX)),
        (Resource::Core, 0),
        (Resource::Fsize, 0),
        (Resource::Nofile, FILES_MAX),
    ];
    for (resource, most) in limits {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    Ok(())
}
