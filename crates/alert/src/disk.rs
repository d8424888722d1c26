//! The disk of the database, which operations hear of before it is full.

use store::{AlertSubject, Company, DiskSpace, NotificationEvent, size_words};

use super::condition::{Condition, Detail, Standing};

/// How the disk stands; `None`: it is PostgreSQL's, and its server's to watch.
pub(crate) fn condition(company: &Company, disk: Option<DiskSpace>, now_ms: i64) -> Condition {
    let standing = match disk {
        Some(disk) if disk.is_low() => Standing::Holds { since_ms: now_ms },
        // Just above the limit nothing is raised and nothing ends.
        Some(disk) if !disk.is_roomy() => Standing::Unknown,
        _ => Standing::Over { since_ms: now_ms },
    };
    let words = |bytes: fn(DiskSpace) -> u64| disk.map(|disk| size_words(bytes(disk)));
    let detail = Detail {
        measured: words(|disk| disk.available_bytes).map(|words| format!("{words} free")),
        limit: words(DiskSpace::low_bytes),
        ..Detail::default()
    };
    Condition {
        event: NotificationEvent::DiskLow,
        subject: AlertSubject::Company(company.id),
        about: company.name.clone(),
        client: None,
        standing,
        in_maintenance: false,
        stood_for: None,
        links: Vec::new(),
        detail,
    }
}
