//! What the log says of requests.

use std::io;
use std::sync::{Arc, Mutex};

use tracing::instrument::WithSubscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::portal::portals;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_reset_links_secret_is_in_no_line_of_the_log() {
    for portal in portals().await {
        let written = Lines::default();
        let writer = written.clone();
        let everything = web::LOG_TARGETS_OFF.iter().fold(EnvFilter::new("trace"), |filter, target| {
            filter.add_directive(format!("{target}=off").parse().unwrap())
        });
        let log = tracing_subscriber::fmt()
            .with_env_filter(everything)
            .with_span_events(FmtSpan::NEW)
            .with_writer(move || writer.clone())
            .finish();
        let secret = "5ec4e7".repeat(11)[..64].to_owned();
        let asked = async {
            portal.browser().get(&format!("/client/reset/{secret}")).await;
            portal.browser().get(&format!("/no/such/page/{secret}?token={secret}")).await;
        };
        asked.with_subscriber(log).await;
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert!(text.contains("/client/reset/{token}"), "the route is said: {text}");
        assert!(!text.contains(&secret), "{text}");
    }
}
