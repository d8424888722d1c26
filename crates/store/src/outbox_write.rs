//! Mail into the outbox, in the transaction of its cause.

use std::sync::LazyLock;

use sqlx::{Postgres, Sqlite, Transaction};

use crate::engine::{Engine, SqliteRows, Tx};
use crate::recipient::is_recipient;
use crate::seal::encode_hex;
use crate::{ClientId, CompanyId, NewMail, OutboxPriority, ReportId, StoreError};

/// The most that a mail's payload may be, as JSON text in bytes.
pub const PAYLOAD_BYTES_MAX: usize = 64 * 1024;
/// Random bytes of a `Message-ID`: no two installations make the same.
const MESSAGE_ID_BYTES: usize = 16;
/// What stands for a domain in the `Message-ID` of a company without an address of its own.
const MESSAGE_ID_DOMAIN: &str = "leaseline";

/// A mail that becomes a row.
pub(crate) struct Mail<'a> {
    kind: &'a str,
    recipient: &'a str,
    payload: String,
    dedup_key: String,
    message_id: String,
    company: CompanyId,
    client: Option<ClientId>,
    report: Option<ReportId>,
    priority: OutboxPriority,
}

impl<'a> Mail<'a> {
    /// Checks the mail and gives it its `Message-ID`, which it keeps.
    pub(crate) fn new(
        new: &'a NewMail,
        dedup_key: String,
        company: CompanyId,
        client: Option<ClientId>,
        report: Option<ReportId>,
        mail_from: Option<&str>,
    ) -> Result<Self, StoreError> {
        let invalid = |why: String| Err(StoreError::Invalid { what: "mail", why });
        let recipient = new.recipient.trim();
        if !is_recipient(recipient) {
            return invalid(format!(
                "{recipient:?} is neither an e-mail address, a webhook nor a WhatsApp number"
            ));
        }
        let payload = new.payload.to_string();
        if payload.len() > PAYLOAD_BYTES_MAX {
            return invalid(format!("its payload has more than {PAYLOAD_BYTES_MAX} bytes"));
        }
        let mut random = [0; MESSAGE_ID_BYTES];
        getrandom::fill(&mut random).map_err(|_| StoreError::Random)?;
        let domain = mail_from.and_then(|from| from.split_once('@')).map(|(_, domain)| domain);
        let message_id = format!("<{}@{}>", encode_hex(&random), domain.unwrap_or(MESSAGE_ID_DOMAIN));
        let priority = OutboxPriority::of(&new.kind);
        Ok(Self {
            kind: &new.kind,
            recipient,
            payload,
            dedup_key,
            message_id,
            company,
            client,
            report,
            priority,
        })
    }

    /// Its `Message-ID`, with angle brackets.
    pub(crate) fn message_id(&self) -> &str {
        &self.message_id
    }
}

const COLUMNS: &str = "kind, recipient, payload, dedup_key, message_id, company_id, client_id, report_id, priority, state, created_at_ms, next_at_ms";

static SQLITE_INSERT: LazyLock<SqliteRows> = LazyLock::new(|| {
    SqliteRows::new(&format!("INSERT INTO outbox ({COLUMNS})"), 12, "ON CONFLICT (dedup_key) DO NOTHING")
});

static POSTGRES_INSERT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "INSERT INTO outbox ({COLUMNS}) SELECT t.*, 'queued', $10::bigint, $10::bigint FROM UNNEST($1::text[], $2::text[],
            $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[]) t
        ON CONFLICT (dedup_key) DO NOTHING"
    )
});

/// Queues mail to be sent from now on; what is there under the same key stays as it is.
pub(crate) async fn insert(tx: &mut Tx, mails: &[Mail<'_>], now_ms: i64) -> Result<(), StoreError> {
    if mails.is_empty() {
        return Ok(());
    }
    match tx {
        Engine::Sqlite(tx) => insert_sqlite(tx, mails, now_ms).await,
        Engine::Postgres(tx) => insert_postgres(tx, mails, now_ms).await,
    }
    .map_err(|error| StoreError::on_insert(error, "mail", &[]))
}

async fn insert_sqlite(
    tx: &mut Transaction<'static, Sqlite>,
    mails: &[Mail<'_>],
    now_ms: i64,
) -> Result<(), sqlx::Error> {
    for (text, chunk) in SQLITE_INSERT.split(mails) {
        let mut query = sqlx::query(text);
        for mail in chunk {
            query = query
                .bind(mail.kind)
                .bind(mail.recipient)
                .bind(&mail.payload)
                .bind(&mail.dedup_key)
                .bind(&mail.message_id)
                .bind(mail.company)
                .bind(mail.client)
                .bind(mail.report)
                .bind(mail.priority.number())
                .bind("queued")
                .bind(now_ms)
                .bind(now_ms);
        }
        query.execute(&mut **tx).await?;
    }
    Ok(())
}

async fn insert_postgres(
    tx: &mut Transaction<'static, Postgres>,
    mails: &[Mail<'_>],
    now_ms: i64,
) -> Result<(), sqlx::Error> {
    macro_rules! column {
        ($mail:ident => $value:expr) => {
            mails.iter().map(|$mail| $value).collect::<Vec<_>>()
        };
    }
    sqlx::query(POSTGRES_INSERT.as_str())
        .bind(column!(mail => mail.kind))
        .bind(column!(mail => mail.recipient))
        .bind(column!(mail => mail.payload.as_str()))
        .bind(column!(mail => mail.dedup_key.as_str()))
        .bind(column!(mail => mail.message_id.as_str()))
        .bind(column!(mail => mail.company.0))
        .bind(column!(mail => mail.client.map(|client| client.0)))
        .bind(column!(mail => mail.report.map(|report| report.0)))
        .bind(column!(mail => mail.priority.number()))
        .bind(now_ms)
        .execute(&mut **tx)
        .await
        .map(|_| ())
}
