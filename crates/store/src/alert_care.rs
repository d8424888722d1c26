//! What people do with alerts: take note, look after them, close them by hand. Each is in the audit log.

use serde_json::{Value, json};

use crate::alert::{AlertRow, alert_columns, text};
use crate::alert_turn::{spoil_turn, take_turn};
use crate::engine::{Differs, Tx, on};
use crate::{Alert, AlertId, StaffAct, Store, StoreError};

impl Store {
    /// Somebody takes note of an alert. Whoever did so first stays; a later note is added to the audit trail alone.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Invalid`] for a note that is too long.
    pub async fn acknowledge_alert(
        &self,
        act: &StaffAct<'_>,
        id: AlertId,
        note: Option<&str>,
    ) -> Result<Alert, StoreError> {
        const SQL: &str =
            "UPDATE alerts SET acknowledged_by = $2, acknowledged_at_ms = $3, acknowledged_note = $4
            WHERE id = $1 AND acknowledged_at_ms IS NULL";
        let note = note.map(|note| text("a note", note)).transpose()?;
        let mut tx = self.begin().await?;
        let alert = locked_alert(&mut tx, act, id).await?;
        on!(&mut tx, tx => sqlx::query(SQL)
            .bind(id).bind(act.actor).bind(act.now_ms).bind(note).execute(&mut **tx).await.map(|_| ()))?;
        let before = alert
            .acknowledged_at_ms
            .map(|_| json!({ "acknowledged_by": alert.acknowledged_by, "note": alert.acknowledged_note }));
        let after = json!({ "acknowledged_by": act.actor, "note": note });
        audited(&mut tx, act, &alert, "alert.acknowledge", (before, Some(after))).await?;
        tx.commit().await?;
        self.alert(id).await
    }

    /// Says who looks after an alert; `None`: nobody.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Invalid`] for a name that is empty or too long.
    pub async fn assign_alert(
        &self,
        act: &StaffAct<'_>,
        id: AlertId,
        to: Option<&str>,
    ) -> Result<Alert, StoreError> {
        const SQL: &str = "UPDATE alerts SET assigned_to = $2 WHERE id = $1";
        let to = to.map(|to| text("a name", to)).transpose()?;
        let mut tx = self.begin().await?;
        let alert = locked_alert(&mut tx, act, id).await?;
        on!(&mut tx, tx => sqlx::query(SQL).bind(id).bind(to).execute(&mut **tx).await.map(|_| ()))?;
        let assigned = |to: Option<&str>| to.map(|to| json!({ "assigned_to": to }));
        let change = (assigned(alert.assigned_to.as_deref()), assigned(to));
        audited(&mut tx, act, &alert, "alert.assign", change).await?;
        tx.commit().await?;
        self.alert(id).await
    }

    /// Closes an alert by hand: it is off the list, and unless it was told already, nobody is told of it. Its condition is
    /// watched as before; while it holds it raises nothing anew, and whoever was told that it began is told when it ends.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Invalid`] for a reason that is empty or too long, or an alert that is closed.
    pub async fn dismiss_alert(
        &self,
        act: &StaffAct<'_>,
        id: AlertId,
        reason: &str,
    ) -> Result<Alert, StoreError> {
        const SQL: &str = "UPDATE alerts SET dismissed_by = $2, dismissed_at_ms = $3, dismissed_reason = $4
            WHERE id = $1";
        let reason = text("a reason", reason)?;
        let company = act.scope.check(self.alert(id).await?.company_id, "alert")?;
        let mut tx = self.begin().await?;
        // Whoever decides at this moment has seen the alert as it was, and would write it so.
        take_turn(&mut tx, company).await?;
        spoil_turn(&mut tx, company).await?;
        let alert = locked_alert(&mut tx, act, id).await?;
        if !alert.is_open() {
            let why = "it is closed already: nothing is left to do about it".to_owned();
            return Err(StoreError::Invalid { what: "this alert", why });
        }
        on!(&mut tx, tx => sqlx::query(SQL)
            .bind(id).bind(act.actor).bind(act.now_ms).bind(reason).execute(&mut **tx).await.map(|_| ()))?;
        let after = json!({ "dismissed_by": act.actor, "reason": reason });
        audited(&mut tx, act, &alert, "alert.close", (None, Some(after))).await?;
        tx.commit().await?;
        self.alert(id).await
    }
}

async fn locked_alert(tx: &mut Tx, act: &StaffAct<'_>, id: AlertId) -> Result<Alert, StoreError> {
    const SQL: Differs = Differs {
        sqlite: concat!("SELECT ", alert_columns!(), " FROM alerts WHERE id = $1"),
        postgres: concat!("SELECT ", alert_columns!(), " FROM alerts WHERE id = $1 FOR NO KEY UPDATE"),
    };
    let sql = SQL.on(tx);
    let row: Option<AlertRow> = on!(tx, tx => sqlx::query_as(sql).bind(id).fetch_optional(&mut **tx).await)?;
    let alert: Alert = row.ok_or(StoreError::NotFound { what: "alert" })?.try_into()?;
    act.scope.check(alert.company_id, "alert")?;
    Ok(alert)
}

async fn audited(
    tx: &mut Tx,
    act: &StaffAct<'_>,
    alert: &Alert,
    action: &str,
    (before, after): (Option<Value>, Option<Value>),
) -> Result<(), StoreError> {
    let subject = format!("alert {} ({} {})", alert.id, alert.event, alert.about);
    act.record(tx, alert.company_id, (action, subject), (before.as_ref(), after.as_ref())).await
}
