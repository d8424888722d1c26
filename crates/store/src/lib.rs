//! Everything that is kept: SQLite and PostgreSQL behind one set of functions.
//!
//! Times are Unix milliseconds UTC, rates bits per second, round trips microseconds. Nothing here reads a clock:
//! functions take `now_ms`. What a client's page may see takes the [`ClientId`] as an argument.
//!
//! One `const` SQL text with `$n` placeholders runs on both typed drivers; where the engines must differ, the two
//! texts stand side by side. Every list has a named limit ([`LIST_ROWS_MAX`], [`SAMPLES_MAX`] ...).

mod account_mail;
mod alert;
mod alert_care;
mod alert_facts;
mod alert_readings;
mod alert_turn;
mod alert_turn_write;
mod audit;
mod audit_since;
mod bench;
mod claim;
mod client;
mod clock;
mod clock_health;
mod clock_start;
mod clock_vote;
mod clock_watch;
mod clock_witness;
mod company;
mod company_brand;
mod disk;
mod email;
mod engine;
mod error;
mod exclusion;
mod exclusion_write;
mod failure;
mod failure_notice;
mod faults;
mod heartbeat;
mod histogram;
mod ids;
mod import;
mod latest;
mod latest_mark;
mod ledger;
mod ledger_inputs;
mod ledger_postgres;
mod ledger_sqlite;
mod link;
mod live_reading;
mod live_wish;
mod mail_preference;
mod missing_port;
mod notification;
mod notification_event;
mod notification_log;
mod notification_rule;
mod notification_rule_store;
mod open;
mod outage;
mod outage_reason;
mod outbox;
mod outbox_claim;
mod outbox_delivery;
mod outbox_priority;
mod outbox_write;
mod packed;
mod password_reset;
mod pending_login;
mod portal_role;
mod portal_team;
mod portal_user;
mod readiness;
mod recipient;
mod recovery_code;
mod released;
mod report_news;
mod rollup;
mod rollup_build;
mod rollup_read;
mod rollup_sum;
mod round;
mod router;
mod router_check;
mod router_code_page;
mod router_status;
mod sample;
mod sample_write;
mod seal;
mod seal_upgrade;
mod search;
mod second_factor;
mod session;
mod shared_answer;
mod shown;
mod sla_report;
mod sla_report_insert;
mod sla_report_list;
mod sla_report_write;
mod span;
mod staff_alerts;
mod staff_companies;
mod staff_deliveries;
mod staff_delivery_retry;
mod staff_file;
mod staff_link_write;
mod staff_links;
mod staff_list;
mod staff_notifications;
mod staff_outages;
mod staff_password;
mod staff_portal_users;
mod staff_reports;
mod staff_scope;
mod staff_team;
mod staff_team_write;
mod staff_user;
mod staff_user_write;
mod staff_viewing;
mod staff_webhooks;
mod staff_write;
mod tail;
mod target;
mod terms;
mod text;
mod throttle;
mod timeline;
mod timeline_repair;
mod traffic;
mod version;
mod webhook;
mod webhook_write;
mod whatsapp_opt_in;
mod whatsapp_receipt;

pub use account_mail::{ACCOUNT_CHANGED_MAIL, AccountChange, AccountChanged};
pub use alert::{ALERT_TEXT_CHARS_MAX, Alert, AlertFilter, AlertSubject};
pub use alert_facts::{
    ALERTS_REMEMBERED_MS, AlertFacts, AlertPerson, PendingAlert, RecentAlert, ToldTo, WatchedLink,
    WatchedOutage, WatchedRouter,
};
pub use alert_readings::LatestReading;
pub use alert_turn::{AlertChange, AlertDecisions, AlertMessage, AlertTurn};
pub use audit::{AuditEvent, AuditRecord, StaffAuditAsk};
pub use audit_since::{AuditSubject, CHANGES_MAX};
pub use claim::{ClaimStanding, CollectorClaim, CollectorFence, ServerClaim};
pub use client::Client;
pub use clock::{Clock, ClockVerdict, Moment};
pub use clock_health::ClockHealth;
pub use clock_watch::{CLOCK_STEP_MS, ClockCorrection, ClockState, ClockWatch};
pub use clock_witness::RouterWitness;
pub use company::Company;
pub use company_brand::{CompanyEdit, Logo, LogoType};
pub use disk::{DiskSpace, size_words};
pub use email::email;
pub use error::StoreError;
pub use exclusion::{ExclusionFilter, LinkExclusion, NewExclusion};
pub use exclusion_write::EXCLUSIONS_PER_CALL_MAX;
pub use failure_notice::FailureNotice;
pub use heartbeat::{HEARTBEAT_EVERY, Heartbeat, Part};
pub use histogram::{LATENCY_BOUNDS_US, LATENCY_BUCKETS};
pub use ids::{
    AlertId, ClientId, CompanyId, ExclusionId, LinkId, OutageId, OutboxId, PortalUserId, ReportId, RouterId,
    SessionId, StaffUserId, WebhookId,
};
pub use import::{IMPORT_ROWS_MAX, ImportRow};
pub use latest::Latest;
pub use latest_mark::LatestMark;
pub use ledger::{LedgerFilter, LedgerLink};
pub use ledger_inputs::{LEDGER_LINKS_MAX, LinkInputs};
pub use link::{Facing, Link, NewLink};
pub use live_reading::{LIVE_AHEAD_MS, LIVE_KEPT_MS, LiveReading, LiveTrouble};
pub use live_wish::{LIVE_LINKS_PER_CLIENT_MAX, LiveLimits, LiveTarget, LiveWish};
pub use missing_port::MissingPort;
pub use notification::{RECIPIENTS_MAX, ReportReaders};
pub use notification_event::NotificationEvent;
pub use notification_log::{
    AlertPhase, NewNotificationLog, NotificationLog, NotificationLogFilter, NotificationOutcome,
};
pub use notification_rule::{
    EXTRA_RECIPIENTS_MAX, NotificationRule, QuietHours, RULE_SECONDS_MAX, RuleEdit, RuleOption,
};
pub use open::{LIST_ROWS_MAX, Location, Store};
pub use outage::Outage;
pub use outbox::{NewMail, OutboxFilter, OutboxMail, OutboxState};
pub use outbox_claim::{OUTBOX_CLAIM_MAX, OUTBOX_DOUBT};
pub use outbox_delivery::{OUTBOX_ANSWER_CHARS_MAX, OUTBOX_DROPPED};
pub use outbox_priority::{OutboxPriority, REPORT_SUMMARY};
pub use outbox_write::PAYLOAD_BYTES_MAX;
pub use password_reset::{
    INVITATION_MAIL, INVITATION_MINUTES, RESET_MAIL, RESET_MINUTES, ResetCounts, ResetLink, ResetPurpose,
};
pub use portal_role::PortalRole;
pub use portal_team::{Invitation, TEAM_MAX, TeamMember, TeamOutcome};
pub use portal_user::PortalUser;
pub use readiness::{ReadinessCheck, ReadinessLevel};
pub use recipient::{Channel, phone_number, recipient, whatsapp_number};
pub use report_news::{Announcement, MonthResult, ReportAudience, ReportMails, ReportNews};
pub use rollup::{Resolution, RollUpOutcome, Rollup};
pub use round::{Round, RoundOutcome};
pub use router::{NewRouter, Router, RouterFields, RouterTls};
pub use router_check::{
    FOUND_CHARS_MAX, FOUND_INTERFACES_MAX, FoundInterface, FoundStep, ROUTER_CHECK_WAIT_MS,
    ROUTER_CHECKS_WAITING_MAX, RouterAsked, RouterCheck, RouterFindings, WantedCheck,
};
pub use router_status::RouterStatus;
pub use sample::{RatePoint, SAMPLES_MAX, Sample};
pub use seal::MasterKey;
pub use second_factor::{RecoveryHashes, SECOND_FACTOR_BEGUN_MS, SecondFactor};
pub use session::{NewSession, SESSIONS_MAX, Session, SessionUser};
pub use shown::Shown;
pub use sla_report::SlaReport;
pub use sla_report_list::{ReportFilter, ReportRow};
pub use sla_report_write::{NewReport, REPORTS_PER_CALL_MAX, ReportOutcome};
pub use span::{SPANS_MAX, Span, SpanTail};
pub use staff_alerts::{AlertStanding, StaffAlert, StaffAlertAsk};
pub use staff_deliveries::{DELIVERIES_IN_FILE_MAX, DeliveryStanding, StaffDelivery, StaffDeliveryAsk};
pub use staff_delivery_retry::DELIVERIES_RETRIED_MAX;
pub use staff_file::{STAFF_FILE_ROWS_MAX, StaffFileAsk, StaffTerms};
pub use staff_link_write::LinkFields;
pub use staff_links::{StaffExclusion, StaffLink};
pub use staff_list::{StaffClient, StaffPortalUser, StaffRouter};
pub use staff_outages::{OutageStanding, StaffOutage, StaffOutageAsk};
pub use staff_password::{STAFF_INVITATION_MAIL, STAFF_RESET_MAIL, StaffResetLink};
pub use staff_portal_users::PortalAccess;
pub use staff_reports::{StaffReport, StaffReportAsk};
pub use staff_scope::{STAFF_PAGE_ROWS, StaffAct, StaffAsk, StaffPage, StaffScope};
pub use staff_team::StaffMember;
pub use staff_team_write::STAFF_COMPANIES;
pub use staff_user::{NewStaffUser, StaffRole, StaffUser};
pub use staff_user_write::StaffUserEdit;
pub use staff_viewing::StaffViewing;
pub use staff_webhooks::WEBHOOK_TEST;
pub use target::{LinkTarget, RouterTarget};
pub use terms::{DownWhen, LinkTerms};
pub use throttle::{LoginKeys, LoginKnown};
pub use timeline_repair::{DoubtfulReport, RepairAsk, TimelineRepair};
pub use version::DataVersion;
pub use webhook::{WEBHOOKS_MAX, Webhook, webhook_key, webhook_of};
pub use whatsapp_opt_in::WhatsAppOptIn;
pub use whatsapp_receipt::{RECEIPTS_MAX, Receipt, ReceiptStatus};
