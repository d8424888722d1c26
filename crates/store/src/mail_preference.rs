use crate::engine::on;
use crate::{
    AuditEvent, ClientId, CompanyId, LIST_ROWS_MAX, NotificationEvent, PortalUserId, Store, StoreError, audit,
};

impl Store {
    /// What a portal user's company tells its clients by mail or WhatsApp, with whether this one wants it; what was never chosen is wanted.
    /// News of reports is always among it.
    pub async fn mail_preferences(
        &self,
        user: PortalUserId,
    ) -> Result<Vec<(NotificationEvent, bool)>, StoreError> {
        const SQL: &str = "SELECT event, enabled FROM portal_user_mails WHERE portal_user_id = $1 LIMIT $2";
        const COMPANY: &str =
            "SELECT c.company_id FROM client_portal_users u JOIN clients c ON c.id = u.client_id
            WHERE u.id = $1";
        let rows: Vec<(String, bool)> = on!(self.reader(), db => sqlx::query_as(SQL)
            .bind(user)
            .bind(LIST_ROWS_MAX)
            .fetch_all(db)
            .await)?;
        let wanted = |event: NotificationEvent| {
            rows.iter().find(|(name, _)| name == event.as_str()).is_none_or(|(_, enabled)| *enabled)
        };
        let company: Option<CompanyId> =
            on!(self.reader(), db => sqlx::query_scalar(COMPANY).bind(user).fetch_optional(db).await)?;
        let rules = self.notification_rules(company.ok_or(StoreError::NotFound { what: "user" })?).await?;
        let told = rules.iter().filter(|rule| {
            !rule.event.is_alert() || (rule.enabled && (rule.by_mail || rule.by_whatsapp) && rule.to_client)
        });
        Ok(told.map(|rule| (rule.event, wanted(rule.event))).collect())
    }

    /// Keeps which mail a portal user wants.
    pub async fn set_mail_preferences(
        &self,
        user: PortalUserId,
        wanted: &[(NotificationEvent, bool)],
        event: &AuditEvent,
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO portal_user_mails (portal_user_id, event, enabled) VALUES ($1, $2, $3)
            ON CONFLICT (portal_user_id, event) DO UPDATE SET enabled = excluded.enabled";
        let mut tx = self.begin().await?;
        for (about, enabled) in wanted {
            on!(&mut tx, tx => sqlx::query(SQL)
                .bind(user)
                .bind(about.as_str())
                .bind(*enabled)
                .execute(&mut **tx)
                .await
                .map(|_| ()))?;
        }
        audit::insert(&mut tx, event).await?;
        Ok(tx.commit().await?)
    }

    /// The addresses of a client's people who may log in and want mail about `event`, in order. Whether the company
    /// tells of the event at all is another question: see [`Store::report_recipients`].
    pub async fn active_mail_recipients(
        &self,
        client: ClientId,
        event: NotificationEvent,
    ) -> Result<Vec<String>, StoreError> {
        const SQL: &str = "SELECT DISTINCT u.email FROM client_portal_users u
                LEFT JOIN portal_user_mails m ON m.portal_user_id = u.id AND m.event = $2
            WHERE u.client_id = $1 AND u.active AND COALESCE(m.enabled, $3) ORDER BY u.email LIMIT $4";
        Ok(on!(self.reader(), db => sqlx::query_scalar(SQL)
            .bind(client)
            .bind(event.as_str())
            .bind(true)
            .bind(LIST_ROWS_MAX)
            .fetch_all(db)
            .await)?)
    }
}
