use std::error::Error;

use closing::MonthLetter;
use report::{Letterhead, MailBody, MonthSummary, Notice, ReportError};
use store::{Company, CompanyId, NotificationEvent, OutboxMail, REPORT_SUMMARY, ReportId, Store};

use crate::{Attachment, DeliverySettings, Mail, Paper, SendError, Sender};

/// The most PDFs that go with an email about several reports …
const PDFS_MAX: usize = 20;
/// … and their bytes together: Base64 makes a third more of them, and many servers take 10 MB.
const ATTACHED_BYTES_MAX: usize = 7_000_000;

/// What a letter is about.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum LetterKey {
    /// A report.
    Report(NotificationEvent, ReportId),
    /// Several reports of a customer's month.
    Month(CompanyId, MonthLetter),
    /// How a company's links did in a month.
    Summary(CompanyId, Box<MonthSummary>),
    /// An alert, with all that its mail says.
    Notice(CompanyId, Box<Notice>),
}

/// The text, the same for all who are told.
#[derive(Debug)]
pub(crate) struct Letter {
    key: LetterKey,
    company: Company,
    body: MailBody,
    pdfs: Vec<Attachment>,
}

impl LetterKey {
    /// What a row of the outbox is about.
    pub(crate) fn of(mail: &OutboxMail) -> Result<Self, SendError> {
        let unknown =
            || SendError::Refused(format!("nothing can be written for a mail of the kind {:?}", mail.kind));
        if mail.kind == REPORT_SUMMARY {
            let summary = serde_json::from_value(mail.payload.clone()).map_err(|_| unknown())?;
            return Ok(Self::Summary(mail.company_id, summary));
        }
        let event: NotificationEvent = mail.kind.parse().map_err(|_| unknown())?;
        if event.is_alert() {
            let notice = serde_json::from_value(mail.payload.clone()).map_err(|_| unknown())?;
            return Ok(Self::Notice(mail.company_id, notice));
        }
        if let Some(report) = mail.report_id {
            return Ok(Self::Report(event, report));
        }
        let month = serde_json::from_value(mail.payload.clone()).map_err(|_| unknown())?;
        Ok(Self::Month(mail.company_id, month))
    }
}

impl Letter {
    /// Writes it from the frozen report or the decided alert, in the company's present brand.
    pub(crate) async fn write(
        store: &Store,
        key: LetterKey,
        portal: Option<&str>,
    ) -> Result<Self, SendError> {
        match key {
            LetterKey::Report(event, report) => Self::about_report(store, event, report, portal).await,
            LetterKey::Month(company, month) => Self::about_month(store, company, month, portal).await,
            LetterKey::Summary(company, summary) => {
                Self::about_summary(store, company, summary, portal).await
            }
            LetterKey::Notice(company, notice) => Self::about_alert(store, company, notice, portal).await,
        }
    }

    async fn about_alert(
        store: &Store,
        company: CompanyId,
        notice: Box<Notice>,
        portal: Option<&str>,
    ) -> Result<Self, SendError> {
        let company = store.company(company).await.map_err(|error| failed(&error))?;
        let body =
            report::notice_mail(&notice, &letterhead(&company, portal)).map_err(|error| failed(&error))?;
        Ok(Self { key: LetterKey::Notice(company.id, notice), company, body, pdfs: Vec::new() })
    }

    async fn about_month(
        store: &Store,
        company: CompanyId,
        month: MonthLetter,
        portal: Option<&str>,
    ) -> Result<Self, SendError> {
        let company = store.company(company).await.map_err(|error| failed(&error))?;
        let mut reports = month.read(store, portal).await.map_err(|error| failed(&error))?;
        let ids: Vec<ReportId> = reports.reports.iter().map(|report| ReportId(report.id)).collect();
        let pdfs = if company.attach_pdf { attachments(store, &ids, portal).await? } else { Vec::new() };
        reports.attached = pdfs.len();
        let body =
            report::month_mail(&reports, &letterhead(&company, portal)).map_err(|error| failed(&error))?;
        Ok(Self { key: LetterKey::Month(company.id, month), company, body, pdfs })
    }

    async fn about_summary(
        store: &Store,
        company: CompanyId,
        summary: Box<MonthSummary>,
        portal: Option<&str>,
    ) -> Result<Self, SendError> {
        let company = store.company(company).await.map_err(|error| failed(&error))?;
        let body =
            report::summary_mail(&summary, &letterhead(&company, portal)).map_err(|error| failed(&error))?;
        Ok(Self { key: LetterKey::Summary(company.id, summary), company, body, pdfs: Vec::new() })
    }

    async fn about_report(
        store: &Store,
        event: NotificationEvent,
        report: ReportId,
        portal: Option<&str>,
    ) -> Result<Self, SendError> {
        let report = store.report(report).await.map_err(|error| failed(&error))?;
        let paper = Paper::read(store, report, portal).await.map_err(|error| failed(&error))?;
        // One letter is written at a time, on a thread that may be busy.
        let writing = tokio::task::spawn_blocking(move || compose(event, paper));
        writing.await.map_err(|error| failed(&error))?.map_err(|error| failed(&error))
    }

    /// The mail to one recipient.
    pub(crate) fn to(&self, row: &OutboxMail, settings: &DeliverySettings) -> Result<Mail, SendError> {
        Ok(Mail {
            message_id: row.message_id.clone(),
            created_at_ms: row.created_at_ms,
            from: sender_of(&self.company, settings)?,
            reply_to: self.company.support_email.clone(),
            to: row.recipient.clone(),
            subject: self.body.subject.clone(),
            text: self.body.text.clone(),
            html: self.body.html.clone(),
            attachments: self.pdfs.clone(),
            list: match self.key {
                LetterKey::Report(..) | LetterKey::Month(..) | LetterKey::Summary(..) => Some("sla-reports"),
                LetterKey::Notice(..) => Some("alerts"),
            },
            in_reply_to: match &self.key {
                LetterKey::Report(..) | LetterKey::Month(..) | LetterKey::Summary(..) => None,
                LetterKey::Notice(_, notice) => notice.in_reply_to.clone(),
            },
        })
    }
}

/// Who writes of alerts, in the company's present brand.
pub(crate) fn letterhead(company: &Company, portal: Option<&str>) -> Letterhead {
    let contact = [&company.support_email, &company.support_phone];
    let contact: Vec<&str> = contact.into_iter().flatten().map(String::as_str).collect();
    Letterhead {
        name: company.name.clone(),
        accent: company.accent.clone(),
        contact: contact.join(" · "),
        timezone: company.timezone.clone(),
        portal: portal.map(str::to_owned),
    }
}

/// Who a company's mails come from, under the company's name.
pub(crate) fn sender_of(company: &Company, settings: &DeliverySettings) -> Result<Sender, SendError> {
    let from = match &company.mail_from {
        Some(from) => from
            .parse::<Sender>()
            .map_err(|error| SendError::Deferred(format!("the sender of {}: {error}", company.name)))?,
        None => settings.from.clone(),
    };
    Ok(from.named(&company.name))
}

fn compose(event: NotificationEvent, paper: Paper) -> Result<Letter, ReportError> {
    let document = paper.document();
    let body = match event {
        NotificationEvent::SlaBreach => report::breach_mail(&document)?,
        _ => report::report_mail(&document)?,
    };
    let key = LetterKey::Report(event, paper.report.id);
    let pdf = if paper.company.attach_pdf { attachment(&paper) } else { None };
    Ok(Letter { key, company: paper.company, body, pdfs: pdf.into_iter().collect() })
}

/// The PDFs of the first reports, as many as an email may carry; those that follow are on the portal.
async fn attachments(
    store: &Store,
    reports: &[ReportId],
    portal: Option<&str>,
) -> Result<Vec<Attachment>, SendError> {
    let (mut pdfs, mut bytes) = (Vec::new(), 0);
    for id in reports.iter().take(PDFS_MAX) {
        let report = store.report(*id).await.map_err(|error| failed(&error))?;
        let paper = Paper::read(store, report, portal).await.map_err(|error| failed(&error))?;
        let setting = tokio::task::spawn_blocking(move || attachment(&paper));
        let Some(pdf) = setting.await.map_err(|error| failed(&error))? else { break };
        bytes += pdf.bytes.len();
        if bytes > ATTACHED_BYTES_MAX {
            break;
        }
        pdfs.push(pdf);
    }
    Ok(pdfs)
}

/// The report as a file; `None` if it cannot be set, for what the mail tells must not wait for its looks.
fn attachment(paper: &Paper) -> Option<Attachment> {
    match report::pdf_with_notes(&paper.document()) {
        Ok(pdf) => {
            for note in &pdf.notes {
                tracing::warn!(company = paper.company.name, report = %paper.report.id, "{note}");
            }
            Some(Attachment {
                name: paper.file_name("pdf"),
                content_type: "application/pdf",
                bytes: pdf.bytes,
            })
        }
        Err(error) => {
            let error = &error as &dyn Error;
            tracing::error!(error, report = %paper.report.id, "a mail goes without the PDF of its report");
            None
        }
    }
}

/// What cannot be written today may be written by a later version, or when the database is back.
pub(crate) fn failed(error: &dyn Error) -> SendError {
    let cause = error.source().map_or(String::new(), |cause| format!(": {cause}"));
    SendError::Deferred(format!("the mail cannot be written: {error}{cause}"))
}
