//! The text of a message, as its receiver reads it.

use closing::MonthLetter;
use report::{
    AccountDoor, AccountMail, AccountNews, AccountPart, Brand, Letterhead, MailBody, MonthReports,
    MonthSummary, Notice, ShortMessage,
};
use store::{
    ACCOUNT_CHANGED_MAIL, AccountChange, AccountChanged, Channel, Company, INVITATION_MAIL,
    NotificationEvent, OutboxMail, REPORT_SUMMARY, RESET_MAIL, ReportId, STAFF_INVITATION_MAIL,
    STAFF_RESET_MAIL,
};

use crate::app::App;
use crate::error::PageError;
use crate::pages::download::{Source, made};
use crate::pages::staff::Answered;
use crate::pages::staff::listing::Letter;

const HEAD: &str = "Text";
/// Stands where the mail has a link that opens an account: it is made as the mail leaves and is nowhere else.
const NO_LINK: &str = "(the link is in the mail alone)";

/// `None`: nothing can be written for what the outbox holds.
pub(crate) async fn of(app: &App, mail: &OutboxMail) -> Answered<Option<Letter>> {
    let company = app.store.company(mail.company_id).await?;
    if Channel::of(&mail.recipient) == Channel::Webhook {
        let body = report::webhook_body(&mail.kind, &company.name, mail.created_at_ms, &mail.payload);
        return Ok(Some(Letter { head: HEAD, subject: String::new(), text: format!("{body:#}") }));
    }
    if Channel::of(&mail.recipient) == Channel::WhatsApp {
        let message = short(app, mail, &company).await?;
        return Ok(message.map(|message| {
            let text = format!("{}\n{}\n{}", message.company, message.text, message.details);
            Letter { head: HEAD, subject: message.heading, text }
        }));
    }
    let body = match mail.kind.as_str() {
        RESET_MAIL | INVITATION_MAIL | ACCOUNT_CHANGED_MAIL | STAFF_RESET_MAIL | STAFF_INVITATION_MAIL => {
            about_account(app, mail, &company).await?
        }
        REPORT_SUMMARY => about_summary(app, mail, &company)?,
        _ => match mail.kind.parse::<NotificationEvent>() {
            Ok(event) if event.is_alert() => about_alert(app, mail, &company)?,
            Ok(_) if mail.report_id.is_none() => about_month(app, mail, &company).await?,
            Ok(event) => about_report(app, mail, &company, event).await?,
            Err(_) => None,
        },
    };
    Ok(body.map(|body| Letter { head: HEAD, subject: body.subject, text: body.text }))
}

async fn about_account(
    app: &App,
    mail: &OutboxMail,
    company: &Company,
) -> Result<Option<MailBody>, PageError> {
    let text = |name: &str| mail.payload.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    let minutes = mail.payload.get("expires_minutes").and_then(serde_json::Value::as_i64).unwrap_or_default();
    let client = match mail.client_id {
        Some(id) => app.store.client(id).await?.name,
        None => String::new(),
    };
    let changed: Option<AccountChanged> = serde_json::from_value(mail.payload.clone()).ok();
    let news = match (mail.kind.as_str(), &changed) {
        (RESET_MAIL | STAFF_RESET_MAIL, _) => AccountNews::Reset { url: NO_LINK, minutes },
        (INVITATION_MAIL | STAFF_INVITATION_MAIL, _) => {
            AccountNews::Invitation { url: NO_LINK, minutes, client: &client }
        }
        (_, Some(told)) => AccountNews::Changed {
            what: match told.change {
                AccountChange::Password => AccountPart::Password,
                AccountChange::SecondFactorOn => AccountPart::SecondFactorOn,
                AccountChange::SecondFactorOff => AccountPart::SecondFactorOff,
                AccountChange::RecoveryCodes => AccountPart::RecoveryCodes,
            },
            at_ms: mail.created_at_ms,
            zone: &company.timezone,
            address: told.address.as_deref(),
            by_provider: told.by_provider,
        },
        (_, None) => return Ok(None),
    };
    let brand = Brand { name: company.name.clone(), accent: company.accent.clone(), logo: None };
    let door = match mail.kind.as_str() {
        STAFF_RESET_MAIL | STAFF_INVITATION_MAIL => AccountDoor::Staff,
        _ => AccountDoor::Portal,
    };
    let support = (company.support_email.as_deref(), company.support_phone.as_deref());
    let about = AccountMail { brand: &brand, support, username: text("username"), door, news };
    report::account_mail(&about).map(Some).map_err(failed)
}

/// The values of a template.
async fn short(app: &App, mail: &OutboxMail, company: &Company) -> Answered<Option<ShortMessage>> {
    if mail.kind == REPORT_SUMMARY {
        let summary = serde_json::from_value::<MonthSummary>(mail.payload.clone()).ok();
        return Ok(summary.map(|summary| report::summary_message(&summary, &letterhead(app, company))));
    }
    let Ok(event) = mail.kind.parse::<NotificationEvent>() else { return Ok(None) };
    if event.is_alert() {
        let notice = serde_json::from_value::<Notice>(mail.payload.clone()).ok();
        return Ok(notice.map(|notice| report::notice_message(&notice, &letterhead(app, company))));
    }
    let Some(id) = mail.report_id else {
        let month = month(app, mail).await?;
        return Ok(month.map(|month| report::month_message(&month, &letterhead(app, company))));
    };
    let source = source(app, id, company).await?;
    let written = match event {
        NotificationEvent::SlaBreach => report::breach_message(&source.document()),
        _ => report::report_message(&source.document()),
    };
    Ok(Some(written.map_err(failed)?))
}

fn about_alert(app: &App, mail: &OutboxMail, company: &Company) -> Result<Option<MailBody>, PageError> {
    let Ok(notice) = serde_json::from_value::<Notice>(mail.payload.clone()) else { return Ok(None) };
    report::notice_mail(&notice, &letterhead(app, company)).map(Some).map_err(failed)
}

fn about_summary(app: &App, mail: &OutboxMail, company: &Company) -> Result<Option<MailBody>, PageError> {
    let Ok(summary) = serde_json::from_value::<MonthSummary>(mail.payload.clone()) else { return Ok(None) };
    report::summary_mail(&summary, &letterhead(app, company)).map(Some).map_err(failed)
}

/// Several reports of a customer's month.
async fn month(app: &App, mail: &OutboxMail) -> Result<Option<MonthReports>, PageError> {
    let Ok(letter) = serde_json::from_value::<MonthLetter>(mail.payload.clone()) else { return Ok(None) };
    Ok(Some(letter.read(&app.store, app.settings.public_url.as_deref()).await?))
}

async fn about_month(app: &App, mail: &OutboxMail, company: &Company) -> Result<Option<MailBody>, PageError> {
    let Some(month) = month(app, mail).await? else { return Ok(None) };
    report::month_mail(&month, &letterhead(app, company)).map(Some).map_err(failed)
}

fn letterhead(app: &App, company: &Company) -> Letterhead {
    let contact = [&company.support_email, &company.support_phone].into_iter().flatten();
    Letterhead {
        name: company.name.clone(),
        accent: company.accent.clone(),
        contact: contact.map(String::as_str).collect::<Vec<_>>().join(" · "),
        timezone: company.timezone.clone(),
        portal: app.settings.public_url.clone(),
    }
}

async fn about_report(
    app: &App,
    mail: &OutboxMail,
    company: &Company,
    event: NotificationEvent,
) -> Result<Option<MailBody>, PageError> {
    let Some(id) = mail.report_id else { return Ok(None) };
    let source = source(app, id, company).await?;
    let written = made(app, move || match event {
        NotificationEvent::SlaBreach => report::breach_mail(&source.document()),
        _ => report::report_mail(&source.document()),
    });
    written.await?.map(Some).map_err(failed)
}

async fn source(app: &App, id: ReportId, company: &Company) -> Result<Source, PageError> {
    let report = app.store.report(id).await?;
    let inputs = app.store.report_inputs(id).await?;
    Source::read(app, report, inputs, company).await
}

fn failed(error: report::ReportError) -> PageError {
    PageError::Statement(Box::new(error))
}
