//! Who is told what, on the staff pages.

use crate::company_brand::locked;
use crate::engine::on;
use crate::notification_rule_store::{apply, rule_in};
use crate::{
    CompanyId, NotificationEvent, NotificationRule, RECIPIENTS_MAX, RuleEdit, Shown, StaffAct, StaffScope,
    Store, StoreError, Webhook, recipient,
};

impl Store {
    /// The rule of every event of a company.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a company out of the scope; so below.
    pub async fn staff_notification_rules(
        &self,
        scope: &StaffScope,
        company: CompanyId,
    ) -> Result<Vec<NotificationRule>, StoreError> {
        self.staff_company(scope, company).await?;
        self.notification_rules(company).await
    }

    /// The addresses and WhatsApp numbers of a company's operations list, in order.
    pub async fn staff_notification_recipients(
        &self,
        scope: &StaffScope,
        company: CompanyId,
    ) -> Result<Vec<String>, StoreError> {
        self.staff_company(scope, company).await?;
        self.notification_recipients(company).await
    }

    /// The webhooks of a company, oldest first.
    pub async fn staff_webhooks_of(
        &self,
        scope: &StaffScope,
        company: CompanyId,
    ) -> Result<Vec<Webhook>, StoreError> {
        self.staff_company(scope, company).await?;
        self.webhooks(company).await
    }

    /// Changes what `edit` names of a rule.
    ///
    /// # Errors
    /// [`StoreError::Changed`]; [`StoreError::Invalid`] as [`Store::edit_notification_rule`] refuses it.
    pub async fn staff_edit_notification_rule(
        &self,
        act: &StaffAct<'_>,
        (company, event, shown): (CompanyId, NotificationEvent, &Shown),
        edit: &RuleEdit,
    ) -> Result<NotificationRule, StoreError> {
        act.scope.check(company, "company")?;
        let mut tx = self.begin().await?;
        let subject = format!("company {}", locked(&mut tx, company).await?.name);
        let before = rule_in(&mut tx, company, event).await?;
        shown.check(&before, "rule")?;
        let after = apply(&mut tx, company, event, edit).await?;
        let change = (Some(&before), Some(&after));
        act.record(&mut tx, company, ("company.notification", subject), change).await?;
        tx.commit().await?;
        Ok(after)
    }

    /// Puts these addresses and numbers in the place of a company's operations list; letters are compared without regard to case.
    ///
    /// # Errors
    /// [`StoreError::Changed`]; [`StoreError::Invalid`] for what is neither or for more than [`RECIPIENTS_MAX`].
    pub async fn staff_set_notification_recipients(
        &self,
        act: &StaffAct<'_>,
        (company, shown): (CompanyId, &Shown),
        recipients: &[String],
    ) -> Result<(), StoreError> {
        const NOW: &str =
            "SELECT recipient FROM notification_recipients WHERE company_id = $1 ORDER BY recipient LIMIT $2";
        const CLEAR: &str = "DELETE FROM notification_recipients WHERE company_id = $1";
        const PUT: &str = "INSERT INTO notification_recipients (company_id, recipient) VALUES ($1, $2)";
        act.scope.check(company, "company")?;
        let after = recipients.iter().map(|typed| recipient::recipient(typed));
        let mut after = after.collect::<Result<Vec<String>, _>>()?;
        after.sort_unstable();
        after.dedup();
        if after.len() as i64 > RECIPIENTS_MAX {
            let why = format!("the list has {RECIPIENTS_MAX} addresses and numbers at most");
            return Err(StoreError::Invalid { what: "a recipient", why });
        }
        let mut tx = self.begin().await?;
        let subject = format!("company {}", locked(&mut tx, company).await?.name);
        let before: Vec<String> = on!(&mut tx, tx => sqlx::query_scalar(NOW)
            .bind(company).bind(RECIPIENTS_MAX).fetch_all(&mut **tx).await)?;
        shown.check(&before, "operations list")?;
        on!(&mut tx, tx => sqlx::query(CLEAR).bind(company).execute(&mut **tx).await.map(|_| ()))?;
        for recipient in &after {
            on!(&mut tx, tx => sqlx::query(PUT)
                .bind(company).bind(recipient).execute(&mut **tx).await.map(|_| ()))?;
        }
        let list = |all: &[String]| serde_json::json!({ "operations": all.join(", ") });
        let (before, after) = (list(&before), list(&after));
        act.record(&mut tx, company, ("company.recipients", subject), (Some(&before), Some(&after))).await?;
        Ok(tx.commit().await?)
    }
}
