//! What a form showed: a save that rests on something else is refused, so that nobody overwrites what they never saw.

use sha2::{Digest, Sha256};

use crate::engine::{json, on};
use crate::seal::{decode_hex, encode_hex};
use crate::{
    Client, ClientId, Company, CompanyId, ExclusionId, Link, LinkId, LinkTerms, NotificationEvent,
    NotificationRule, Router, RouterId, StaffScope, Store, StoreError, Webhook, WebhookId,
};

/// A thing as a form showed it: its digest, and the newest event of the audit log by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    digest: [u8; 32],
    event: i64,
}

impl Shown {
    /// Of a form that does not say what it showed: whatever is there has changed since.
    pub const NOTHING: Self = Self { digest: [0; 32], event: 0 };

    pub(crate) fn of<T: serde::Serialize>(thing: &T, event: i64) -> Result<Self, StoreError> {
        Ok(Self { digest: digest(thing)?, event })
    }

    /// Events of the log after this one came later.
    pub(crate) fn event(&self) -> i64 {
        self.event
    }

    /// Whether the thing is still what was shown; to be asked while it is held against other changes.
    pub(crate) fn check<T: serde::Serialize>(&self, is: &T, what: &'static str) -> Result<(), StoreError> {
        if self.digest == digest(is)? { Ok(()) } else { Err(StoreError::Changed { what }) }
    }
}

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", encode_hex(&self.digest), self.event)
    }
}

impl std::str::FromStr for Shown {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let invalid =
            || StoreError::Invalid { what: "what a form showed", why: "it is unreadable".to_owned() };
        let (digest, event) = text.split_once('.').ok_or_else(invalid)?;
        let digest = decode_hex(digest).and_then(|bytes| bytes.try_into().ok()).ok_or_else(invalid)?;
        Ok(Self { digest, event: event.parse().map_err(|_| invalid())? })
    }
}

fn digest<T: serde::Serialize>(thing: &T) -> Result<[u8; 32], StoreError> {
    Ok(Sha256::digest(json(thing)?.as_bytes()).into())
}

/// What a form about something shows. The log is asked before the thing is: a change in between is told rather than missed.
impl Store {
    /// A client.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none within the scope; so below.
    pub async fn shown_client(
        &self,
        scope: &StaffScope,
        id: ClientId,
    ) -> Result<(Client, Shown), StoreError> {
        self.client_in(scope, id).await?;
        let event = self.newest_event().await?;
        let client = self.client(id).await?;
        let shown = Shown::of(&client, event)?;
        Ok((client, shown))
    }

    /// A company.
    pub async fn shown_company(
        &self,
        scope: &StaffScope,
        id: CompanyId,
    ) -> Result<(Company, Shown), StoreError> {
        let event = self.newest_event().await?;
        let company = self.staff_company(scope, id).await?;
        let shown = Shown::of(&company, event)?;
        Ok((company, shown))
    }

    /// A router with its sealed password, which nobody is shown but which may be overwritten as well.
    pub async fn shown_router(
        &self,
        scope: &StaffScope,
        id: RouterId,
    ) -> Result<(Router, Shown), StoreError> {
        const SEALED: &str = "SELECT password_sealed FROM mikrotik_routers WHERE id = $1";
        let event = self.newest_event().await?;
        let router = self.staff_router_settings(scope, id).await?;
        let sealed: String =
            on!(self.reader(), db => sqlx::query_scalar(SEALED).bind(id).fetch_one(db).await)?;
        let shown = Shown::of(&(&router, sealed), event)?;
        Ok((router, shown))
    }

    /// A link.
    pub async fn shown_link(&self, scope: &StaffScope, id: LinkId) -> Result<(Link, Shown), StoreError> {
        self.link_in(scope, id).await?;
        let event = self.newest_event().await?;
        let link = self.link(id).await?;
        let shown = Shown::of(&link, event)?;
        Ok((link, shown))
    }

    /// A link's terms in order.
    pub async fn shown_terms(
        &self,
        scope: &StaffScope,
        id: LinkId,
    ) -> Result<(Vec<LinkTerms>, Shown), StoreError> {
        let event = self.newest_event().await?;
        let terms = self.staff_terms(scope, id).await?;
        let shown = Shown::of(&terms, event)?;
        Ok((terms, shown))
    }

    /// How a company tells of an event.
    pub async fn shown_notification_rule(
        &self,
        scope: &StaffScope,
        company: CompanyId,
        event: NotificationEvent,
    ) -> Result<(NotificationRule, Shown), StoreError> {
        let newest = self.newest_event().await?;
        let rules = self.staff_notification_rules(scope, company).await?;
        let rule = rules.into_iter().find(|rule| rule.event == event);
        let rule = rule.ok_or(StoreError::NotFound { what: "rule" })?;
        let digest = digest(&rule)?;
        Ok((rule, Shown { digest, event: newest }))
    }

    /// The addresses of a company's operations list.
    pub async fn shown_notification_recipients(
        &self,
        scope: &StaffScope,
        company: CompanyId,
    ) -> Result<(Vec<String>, Shown), StoreError> {
        let event = self.newest_event().await?;
        let emails = self.staff_notification_recipients(scope, company).await?;
        let digest = digest(&emails)?;
        Ok((emails, Shown { digest, event }))
    }

    /// A webhook, without its secret.
    pub async fn shown_webhook(
        &self,
        scope: &StaffScope,
        id: WebhookId,
    ) -> Result<(Webhook, Shown), StoreError> {
        let event = self.newest_event().await?;
        let (_, webhook) = self.staff_webhook(scope, id).await?;
        let digest = digest(&webhook)?;
        Ok((webhook, Shown { digest, event }))
    }

    /// An exclusion.
    pub async fn shown_exclusion(&self, scope: &StaffScope, id: ExclusionId) -> Result<Shown, StoreError> {
        self.exclusion_in(scope, id).await?;
        let event = self.newest_event().await?;
        Shown::of(&self.exclusion(id).await?, event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_shown_goes_through_a_form_and_comes_back() {
        let shown = Shown { digest: digest(&("a", 7)).unwrap(), event: 42 };
        assert_eq!(shown.to_string().parse::<Shown>().unwrap(), shown);
        assert!(shown.check(&("a", 7), "client").is_ok());
        assert!(matches!(shown.check(&("a", 8), "client"), Err(StoreError::Changed { what: "client" })));
        for bad in ["", ".", "ab.1", "zz", &format!("{shown}x"), &"é.".repeat(40)] {
            assert!(bad.parse::<Shown>().is_err(), "{bad:?}");
        }
        assert!(Shown::NOTHING.check(&("a", 7), "client").is_err());
    }
}
