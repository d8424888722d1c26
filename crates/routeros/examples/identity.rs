//! Logs in to a router and shows what it is and which links are up.
//!
//! ```sh
//! ROUTEROS_PASSWORD=… cargo run --example identity -- 192.0.2.1 portal          # plain, port 8728
//! ROUTEROS_PASSWORD=… cargo run --example identity -- 192.0.2.1 portal --pin    # TLS, port 8729
//! ```
//!
//! With `--pin` the certificate is taken on first sight and its fingerprint shown: keep it, and compare next time.
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use routeros::{Client, Credentials, Error, Limits, Target, Tls, fetch_fingerprint};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(address), Some(username)) = (args.next(), args.next()) else {
        return Err("usage: identity ADDRESS USER [--pin], with the password in ROUTEROS_PASSWORD".into());
    };
    let mut target = Target { address, port: Target::API_PORT, tls: Tls::Off };
    if args.next().as_deref() == Some("--pin") {
        target.port = Target::API_SSL_PORT;
        let fingerprint = fetch_fingerprint(&target).await?;
        println!("certificate SHA-256: {}", fingerprint.map(|byte| format!("{byte:02x}")).concat());
        target.tls = Tls::Pinned(fingerprint);
    }
    let password = std::env::var("ROUTEROS_PASSWORD").unwrap_or_default().into();
    show(&target, &Credentials { username, password }).await?;
    Ok(())
}

async fn show(target: &Target, cred: &Credentials) -> Result<(), Error> {
    let client = Client::connect(target, cred, &Limits::default()).await?;
    let (identity, resources, interfaces) =
        tokio::try_join!(client.identity(), client.system_resources(), client.interfaces())?;
    println!("{identity}: RouterOS {}, up for {:?}", resources.version, resources.uptime);
    for interface in interfaces {
        let state = match (interface.disabled, interface.running) {
            (true, _) => "disabled",
            (false, true) => "up",
            (false, false) => "down",
        };
        println!("  {state:<8} {}", interface.name);
    }
    Ok(())
}
