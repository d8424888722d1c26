//! Leaseline: customer portal and SLA ledger of an ISP. This crate is the command line, the settings, the wiring of
//! the parts, and the only reader of the wall clock.

mod cli;
mod clock;
mod clock_keeper;
mod collecting;
mod commands;
mod config;
mod demo;
mod descriptors;
mod fault;
mod fonts;
mod installation;
mod logo_trial;
mod mail;
mod moment;
mod output;
mod pem;
mod secret;
mod serving;
mod signals;
mod visible;
mod webhook;
mod whatsapp;

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[expect(
    clippy::print_stderr,
    reason = "the one place where an error is shown to the person at the terminal"
)]
fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    if let cli::Command::LogoTrial(args) = &cli.command {
        return logo_trial::run(args);
    }
    // The provider is chosen once for the process; that somebody else was first would be the same one.
    rustls::crypto::ring::default_provider().install_default().ok();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("leaseline: the system gave no threads or timers: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(commands::run(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("leaseline: {}", visible::one_line(&fault::one_line(&error)));
            ExitCode::from(fault::exit_code(&error))
        }
    }
}
