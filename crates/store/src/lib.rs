//! Everything that is kept: SQLite and PostgreSQL behind one set of functions.
//!
//! Times are Unix milliseconds UTC, rates bits per second, round trips microseconds. Nothing here reads a clock:
//! functions take `now_ms`. What a client's page may see takes the [`ClientId`] as an argument.
//!
//! One `const` SQL text with `$n` placeholders runs on both typed drivers; where the engines must differ, the two
//! texts stand side by side. Every list has a named limit ([`LIST_ROWS_MAX`], [`SAMPLES_MAX`] ...).

mod audit;
mod bench;
mod claim;
mod client;
mod clock;
mod company;
mod engine;
mod error;
mod histogram;
mod ids;
mod latest;
mod link;
mod open;
mod outage;
mod portal_user;
mod rollup;
mod rollup_build;
mod round;
mod router;
mod router_status;
mod sample;
mod sample_write;
mod seal;
mod session;
mod span;
mod staff_user;
mod tail;
mod target;
mod terms;
mod throttle;
mod timeline;

pub use audit::{AuditEvent, AuditRecord};
pub use claim::{CollectorClaim, ServerClaim};
pub use client::Client;
pub use clock::Clock;
pub use company::Company;
pub use error::StoreError;
pub use histogram::{LATENCY_BOUNDS_US, LATENCY_BUCKETS};
pub use ids::{ClientId, CompanyId, LinkId, OutageId, PortalUserId, RouterId, StaffUserId};
pub use latest::Latest;
pub use link::{Facing, Link, NewLink};
pub use open::{LIST_ROWS_MAX, Location, Store};
pub use outage::Outage;
pub use portal_user::PortalUser;
pub use rollup::{Resolution, RollUpOutcome, Rollup};
pub use round::{Round, RoundOutcome};
pub use router::{NewRouter, Router, RouterTls};
pub use router_status::RouterStatus;
pub use sample::{RatePoint, SAMPLES_MAX, Sample};
pub use seal::MasterKey;
pub use session::{NewSession, Session, SessionUser};
pub use span::{SPANS_MAX, Span, SpanTail};
pub use staff_user::{StaffRole, StaffUser};
pub use target::{LinkTarget, RouterTarget};
pub use terms::{DownWhen, LinkTerms};
pub use throttle::RecentFailures;
