//! What a row of the outbox says in four values.

use report::ShortMessage;
use store::{NotificationEvent, OutboxMail, REPORT_SUMMARY, Store};

use crate::{
    Paper, SendError,
    letter::{LetterKey, failed, letterhead},
};

/// Writes a message from the decided alert or the frozen report; `portal` is where the portal is.
pub(super) async fn write(
    store: &Store,
    mail: &OutboxMail,
    portal: Option<&str>,
) -> Result<(NotificationEvent, ShortMessage), SendError> {
    // The summary goes out by the template of reports.
    let kind = if mail.kind == REPORT_SUMMARY {
        NotificationEvent::ReportReady.as_str()
    } else {
        mail.kind.as_str()
    };
    let event = kind.parse().map_err(|_| {
        SendError::Refused(format!("nothing can be written for a message of the kind {:?}", mail.kind))
    })?;
    let message = match LetterKey::of(mail)? {
        LetterKey::Notice(company, notice) => {
            let company = store.company(company).await.map_err(|error| failed(&error))?;
            report::notice_message(&notice, &letterhead(&company, portal))
        }
        LetterKey::Month(company, month) => {
            let company = store.company(company).await.map_err(|error| failed(&error))?;
            let reports = month.read(store, portal).await.map_err(|error| failed(&error))?;
            report::month_message(&reports, &letterhead(&company, portal))
        }
        LetterKey::Summary(company, summary) => {
            let company = store.company(company).await.map_err(|error| failed(&error))?;
            report::summary_message(&summary, &letterhead(&company, portal))
        }
        LetterKey::Report(event, report) => {
            let report = store.report(report).await.map_err(|error| failed(&error))?;
            let paper = Paper::read(store, report, portal).await.map_err(|error| failed(&error))?;
            let document = paper.document();
            match event {
                NotificationEvent::SlaBreach => report::breach_message(&document),
                _ => report::report_message(&document),
            }
            .map_err(|error| failed(&error))?
        }
    };
    Ok((event, message))
}

/// What a test sends.
pub(super) fn test(at: &str) -> ShortMessage {
    ShortMessage {
        company: "Leaseline".to_owned(),
        heading: "this is a test".to_owned(),
        text: "Alerts and reports will come in this form.".to_owned(),
        details: format!("Sent at {at}"),
    }
}
