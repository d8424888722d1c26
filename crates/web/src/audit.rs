use serde_json::{Value, json};
use store::AuditEvent;

use crate::app::App;
use crate::caller::Caller;
use crate::error::PageError;
use crate::session::{ClientSession, PersonSession};

/// What a person did. `username` may be one that nobody has: then it is what was typed.
pub(crate) fn event(
    app: &App,
    caller: &Caller,
    username: &str,
    action: &str,
    subject: String,
    detail: Value,
) -> AuditEvent {
    AuditEvent {
        at_ms: app.clock.now_ms(),
        actor: format!("portal:{username}"),
        action: action.to_owned(),
        subject,
        detail,
        address: Some(caller.address_text()),
    }
}

/// What a person of the ISP did that is about no company, for example a log-in.
pub(crate) fn staff_event(
    app: &App,
    caller: &Caller,
    username: &str,
    action: &str,
    detail: Value,
) -> AuditEvent {
    AuditEvent {
        at_ms: app.clock.now_ms(),
        actor: format!("staff:{username}"),
        action: action.to_owned(),
        subject: format!("staff user {username}"),
        detail,
        address: Some(caller.address_text()),
    }
}

/// What the person of a session did to the own account.
pub(crate) fn own(
    app: &App,
    caller: &Caller,
    session: &PersonSession,
    action: &str,
    detail: Value,
) -> AuditEvent {
    let subject = format!("portal user {}", session.user.username);
    event(app, caller, &session.user.username, action, subject, detail)
}

/// Keeps that a file left the portal: the name of the file, and what it is about, for example `link C-1`. Every page that
/// hands out a file calls it before it does.
pub(crate) async fn audit_download(
    app: &App,
    caller: &Caller,
    session: &ClientSession,
    file: &str,
    subject: String,
) -> Result<(), PageError> {
    note_download(app, session, caller.address_text(), file, subject).await
}

/// The same from an address that is known already.
pub(crate) async fn note_download(
    app: &App,
    session: &ClientSession,
    address: String,
    file: &str,
    subject: String,
) -> Result<(), PageError> {
    let event = AuditEvent {
        at_ms: app.clock.now_ms(),
        actor: session.visitor.actor(),
        action: "download".to_owned(),
        subject,
        detail: json!({"file": file}),
        address: Some(address),
    };
    // What its own people take is the client's affair; what the provider's take is the company's.
    let kept = match session.is_persons() {
        true => app.store.audit(&event).await,
        false => app.store.audit_of(session.company.id, &event).await,
    };
    Ok(kept?)
}
