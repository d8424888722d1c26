//! The pages of the portal: server-rendered HTML with a little script, fed by the store alone.
//!
//! Nothing here knows of routers or of SQL. Every page of a client hands its [`store::ClientId`] to the store, so
//! that a foreign id finds nothing. Pages speak of download and upload as the customer sees them.

mod address;
mod app;
mod assets;
mod audit;
mod brand;
mod caller;
mod credentials;
mod error;
mod exports;
mod failures;
mod gate;
mod headers;
mod kept;
mod live_hub;
mod logo;
mod notices;
mod opaque;
mod pages;
mod password;
mod proxies;
mod readiness;
mod recovery;
mod refusal_log;
mod rendered;
mod routes;
mod server;
mod session;
mod settings;
mod staff;
mod texts;
mod throttle;
mod token;
mod totp;
mod view;
mod watcher;
mod zone;

pub use app::{LOG_TARGETS_OFF, router};
pub use logo::{
    LOGO_CPU_SECONDS_MAX, LOGO_MEMORY_BYTES_MAX, LOGO_REFUSED_CODE, LogoRefused, LogoTrial, logo_of_file,
};
pub use password::{
    PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, PasswordError, check_password, hash_password, verify_password,
};
pub use readiness::Readiness;
pub use routes::{Access, Answer, Id, Route, routes};
pub use server::{ConnectionLimits, serve};
pub use settings::{LiveSettings, ReceiptSettings, Settings};
