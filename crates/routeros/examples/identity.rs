//! Logs in to a router and shows what it is and which links are up.
//!
//! ```sh
//! ROUTEROS_PASSWORD=… cargo run --example identity -- 192.0.2.1 portal          # plain, port 8728
//! ROUTEROS_PASSWORD=… cargo run --example identity -- 192.0.2.1 portal --pin    # TLS, port 8729
//! ROUTEROS_PASSWORD=… cargo run --example identity -- 192.0.2.1:18728 portal    # a port of your own
//! ```
//!
//! With `--pin` the certificate is taken on first sight and its fingerprint shown: keep it, and compare next time.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to its user")]

use std::process::ExitCode;

use routeros::{Client, Credentials, Error, Limits, Target, Tls, fetch_fingerprint};

#[tokio::main]
async fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let (Some(address), Some(username)) = (args.next(), args.next()) else {
        eprintln!("usage: identity ADDRESS[:PORT] USER [--pin], with the password in ROUTEROS_PASSWORD");
        return ExitCode::from(2);
    };
    let pin = args.next().as_deref() == Some("--pin");
    let password = std::env::var("ROUTEROS_PASSWORD").unwrap_or_default().into();
    match run(&address, Credentials { username, password }, pin).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(address: &str, cred: Credentials, pin: bool) -> Result<(), Error> {
    let default_port = if pin { Target::API_SSL_PORT } else { Target::API_PORT };
    let (host, port) =
        match address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?))) {
            // More colons are an IPv6 address without a port.
            Some((host, port)) if !host.contains(':') => (host, port),
            _ => (address, default_port),
        };
    let mut target = Target { address: host.to_owned(), port, tls: Tls::Off };
    if pin {
        let fingerprint = fetch_fingerprint(&target).await?;
        println!("certificate SHA-256: {}", fingerprint.map(|byte| format!("{byte:02x}")).concat());
        target.tls = Tls::Pinned(fingerprint);
    }
    show(&target, &cred).await
}

async fn show(target: &Target, cred: &Credentials) -> Result<(), Error> {
    let client = Client::connect(target, cred, &Limits::default()).await?;
    let (identity, resources, interfaces) =
        tokio::try_join!(client.identity(), client.system_resources(), client.interfaces())?;
    println!("{identity}: RouterOS {}, up for {:?}", resources.version, resources.uptime);
    for interface in interfaces {
        let state = match (interface.disabled, interface.running) {
            (true, _) => "disabled",
            (false, Some(true)) => "up",
            (false, Some(false)) => "down",
            (false, None) => "unknown",
        };
        println!("  {state:<8} {}", interface.name);
    }
    Ok(())
}
