//! A person of the ISP who looks at the portal as a client sees it, for a while and without changing anything. It is a
//! state of the staff session, so that a log-out, a lost role or a lost company ends it as well.

use crate::engine::on;
use crate::seal::encode_hex;
use crate::{Client, ClientId, Session, SessionId, SessionUser, StaffAct, StaffUser, Store, StoreError};

/// Who looks, at which client, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffViewing {
    /// The staff session.
    pub session: Session,
    /// Whose session it is.
    pub staff: StaffUser,
    /// What is looked at.
    pub client: Client,
    /// First moment at which it is over.
    pub until_ms: i64,
}

impl Store {
    /// Lets a staff session look at the portal as a client sees it, until `until_ms`; a view that it had before ends.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a client that is retired or out of the scope, and for a session that has ended.
    pub async fn staff_begin_viewing(
        &self,
        act: &StaffAct<'_>,
        session: SessionId,
        client: ClientId,
        until_ms: i64,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE sessions SET viewing_client_id = $2, viewing_until_ms = $3
            WHERE id = $1 AND staff_user_id IS NOT NULL";
        let company = self.client_in(act.scope, client).await?;
        let mut tx = self.begin().await?;
        let viewed = crate::client::locked(&mut tx, client).await?;
        if viewed.retired_at_ms.is_some() {
            return Err(StoreError::NotFound { what: "client" });
        }
        let found = on!(&mut tx, tx => sqlx::query(SQL)
            .bind(session)
            .bind(client)
            .bind(until_ms)
            .execute(&mut **tx)
            .await
            .map(|done| done.rows_affected()))?;
        if found == 0 {
            return Err(StoreError::NotFound { what: "session" });
        }
        let what = ("client.view_as", format!("client {}", viewed.name));
        act.record::<()>(&mut tx, company, what, (None, None)).await?;
        Ok(tx.commit().await?)
    }

    /// Ends the view of a staff session, and says at which client it was, if there was one.
    pub async fn staff_end_viewing(
        &self,
        act: &StaffAct<'_>,
        session: SessionId,
    ) -> Result<Option<ClientId>, StoreError> {
        const WHOSE: &str = "SELECT viewing_client_id FROM sessions WHERE id = $1";
        const SQL: &str =
            "UPDATE sessions SET viewing_client_id = NULL, viewing_until_ms = NULL WHERE id = $1";
        let mut tx = self.begin().await?;
        let was: Option<Option<ClientId>> = on!(&mut tx, tx => sqlx::query_scalar(WHOSE)
            .bind(session)
            .fetch_optional(&mut **tx)
            .await)?;
        let Some(client) = was.flatten() else { return Ok(None) };
        on!(&mut tx, tx => sqlx::query(SQL).bind(session).execute(&mut **tx).await.map(|_| ()))?;
        let viewed = crate::client::locked(&mut tx, client).await?;
        let what = ("client.view_as.end", format!("client {}", viewed.name));
        act.record::<()>(&mut tx, viewed.company_id, what, (None, None)).await?;
        tx.commit().await?;
        Ok(Some(client))
    }

    /// What the staff session of that token looks at; `None` if it looks at nothing, has ended, or its person may not
    /// see that client any more.
    pub async fn staff_viewing(
        &self,
        token_hash: &[u8; 32],
        now_ms: i64,
    ) -> Result<Option<StaffViewing>, StoreError> {
        const SQL: &str = "SELECT viewing_client_id, viewing_until_ms FROM sessions
            WHERE token_hash = $1 AND viewing_client_id IS NOT NULL AND viewing_until_ms > $2";
        let looked: Option<(ClientId, i64)> = on!(self.reader(), db => sqlx::query_as(SQL)
            .bind(encode_hex(token_hash))
            .bind(now_ms)
            .fetch_optional(db)
            .await)?;
        let Some((client, until_ms)) = looked else { return Ok(None) };
        let Some(session) = self.session(token_hash, now_ms).await? else { return Ok(None) };
        let SessionUser::Staff(id) = session.user else { return Ok(None) };
        let client = self.client(client).await?;
        let scope = self.staff_scope(id).await?;
        if client.retired_at_ms.is_some() || !scope.holds(client.company_id) {
            return Ok(None);
        }
        Ok(Some(StaffViewing { session, staff: self.staff_user(id).await?, client, until_ms }))
    }
}
