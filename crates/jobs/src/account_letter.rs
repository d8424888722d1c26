use report::{AccountDoor, AccountMail, AccountNews, AccountPart, Brand, ReportError};
use secrecy::ExposeSecret;
use serde::Deserialize;
use store::{
    ACCOUNT_CHANGED_MAIL, AccountChange, AccountChanged, Company, INVITATION_MAIL, OUTBOX_DROPPED,
    OutboxMail, RESET_MAIL, STAFF_INVITATION_MAIL, STAFF_RESET_MAIL, Store,
};

use crate::{
    DeliverySettings, Mail, SendError,
    letter::{failed, sender_of},
};

/// Word of a change that could not be sent for so long is not sent any more: it would frighten more than help.
const CHANGED_MAIL_MS: i64 = 7 * 24 * 60 * 60_000;

/// What the outbox holds of a mail with a link: never the link.
#[derive(Deserialize)]
struct Wish {
    reset_id: i64,
    username: String,
    expires_minutes: i64,
}

/// The mail to a person about the own account that a row of the outbox asks for; `None` if it is about something else.
///
/// The secret of a link is made here, each time: it is in the mail and nowhere else.
pub(crate) async fn write(
    store: &Store,
    row: &OutboxMail,
    settings: &DeliverySettings,
    now_ms: i64,
) -> Result<Option<Mail>, SendError> {
    match row.kind.as_str() {
        RESET_MAIL | INVITATION_MAIL | STAFF_RESET_MAIL | STAFF_INVITATION_MAIL => {
            with_link(store, row, settings, now_ms).await.map(Some)
        }
        ACCOUNT_CHANGED_MAIL => changed(store, row, settings, now_ms).await.map(Some),
        _ => Ok(None),
    }
}

async fn with_link(
    store: &Store,
    row: &OutboxMail,
    settings: &DeliverySettings,
    now_ms: i64,
) -> Result<Mail, SendError> {
    let wish: Wish = payload(row)?;
    let Some(portal) = &settings.public_url else {
        return Err(SendError::Deferred("server.public_url is not set, so no link can be made".to_owned()));
    };
    let company = company(store, row).await?;
    let client = match row.client_id {
        Some(id) => store.client(id).await.map_err(|error| failed(&error))?.name,
        None => String::new(),
    };
    let token = store.issue_reset_token(wish.reset_id, now_ms).await.map_err(|error| failed(&error))?;
    let token = token.ok_or_else(|| {
        let why = "the wish was fulfilled, withdrawn or too old by then";
        SendError::Refused(format!("{OUTBOX_DROPPED}: {why}"))
    })?;
    let door = match door(&row.kind) {
        AccountDoor::Portal => "client",
        AccountDoor::Staff => "staff",
    };
    let url = format!("{portal}/{door}/reset/{}", token.expose_secret());
    let minutes = wish.expires_minutes;
    let news = match row.kind.as_str() {
        INVITATION_MAIL | STAFF_INVITATION_MAIL => {
            AccountNews::Invitation { url: &url, minutes, client: &client }
        }
        _ => AccountNews::Reset { url: &url, minutes },
    };
    set(row, &company, settings, &wish.username, news)
}

fn door(kind: &str) -> AccountDoor {
    if [STAFF_RESET_MAIL, STAFF_INVITATION_MAIL].contains(&kind) {
        AccountDoor::Staff
    } else {
        AccountDoor::Portal
    }
}

async fn changed(
    store: &Store,
    row: &OutboxMail,
    settings: &DeliverySettings,
    now_ms: i64,
) -> Result<Mail, SendError> {
    let told: AccountChanged = payload(row)?;
    if now_ms - row.created_at_ms > CHANGED_MAIL_MS {
        return Err(SendError::Refused(format!("{OUTBOX_DROPPED}: the change is more than a week ago")));
    }
    let company = company(store, row).await?;
    let news = AccountNews::Changed {
        what: match told.change {
            AccountChange::Password => AccountPart::Password,
            AccountChange::SecondFactorOn => AccountPart::SecondFactorOn,
            AccountChange::SecondFactorOff => AccountPart::SecondFactorOff,
            AccountChange::RecoveryCodes => AccountPart::RecoveryCodes,
        },
        at_ms: row.created_at_ms,
        zone: &company.timezone,
        address: told.address.as_deref(),
        by_provider: told.by_provider,
    };
    set(row, &company, settings, &told.username, news)
}

fn set(
    row: &OutboxMail,
    company: &Company,
    settings: &DeliverySettings,
    username: &str,
    news: AccountNews<'_>,
) -> Result<Mail, SendError> {
    let brand = Brand { name: company.name.clone(), accent: company.accent.clone(), logo: None };
    let support = (company.support_email.as_deref(), company.support_phone.as_deref());
    let about = AccountMail { brand: &brand, support, username, door: door(&row.kind), news };
    let body = report::account_mail(&about).map_err(|error: ReportError| failed(&error))?;
    Ok(Mail {
        message_id: row.message_id.clone(),
        created_at_ms: row.created_at_ms,
        from: sender_of(company, settings)?,
        reply_to: company.support_email.clone(),
        to: row.recipient.clone(),
        list: None,
        in_reply_to: None,
        subject: body.subject,
        text: body.text,
        html: body.html,
        attachments: Vec::new(),
    })
}

fn payload<T: serde::de::DeserializeOwned>(row: &OutboxMail) -> Result<T, SendError> {
    serde_json::from_value(row.payload.clone()).map_err(|error| {
        SendError::Refused(format!("nothing can be written for what the outbox holds: {error}"))
    })
}

async fn company(store: &Store, row: &OutboxMail) -> Result<Company, SendError> {
    store.company(row.company_id).await.map_err(|error| failed(&error))
}
