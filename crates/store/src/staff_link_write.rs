//! Changes that people of the ISP make to links, terms and exclusions, each with what was and what is.

use crate::engine::{Differs, Tx, on};
use crate::link::{Carried, check_free, insert as insert_link, link_columns};
use crate::unique_name::{self, Named};
use crate::{
    ExclusionId, Facing, Link, LinkExclusion, LinkId, LinkTerms, NewExclusion, NewLink, Shown, StaffAct,
    Store, StoreError, exclusion_write, measured_from, outage, terms,
};

/// What may be changed of a link; the fields are those of [`Link`]. Client and router stay: another one is another link.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the same fields are described at Link")]
pub struct LinkFields<'a> {
    pub interface: &'a str,
    pub circuit: &'a str,
    pub service_ref: Option<&'a str>,
    pub kind: &'a str,
    pub committed_bps: i64,
    pub probe_target: Option<&'a str>,
    pub facing: Facing,
    pub site: Option<&'a str>,
    /// From when on its time counts: `None` leaves it, `Some(None)` is its first poll.
    pub measured_from_ms: Option<Option<i64>>,
}

impl Store {
    /// Enters a link with its first terms, both or neither. Its time counts from `measured_from_ms` on; `None`: from its
    /// first poll.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a client or router out of the scope; [`StoreError::Invalid`] if the two are of different
    /// companies, or no longer in use; [`StoreError::Duplicate`] as for [`insert_link`](Self::insert_link).
    pub async fn staff_add_link(
        &self,
        act: &StaffAct<'_>,
        new: &NewLink<'_>,
        terms: &LinkTerms,
        measured_from_ms: Option<i64>,
    ) -> Result<LinkId, StoreError> {
        let company = self.client_in(act.scope, new.client_id).await?;
        if self.router_in(act.scope, new.router_id).await? != company {
            let why = "the client and the router belong to different companies".to_owned();
            return Err(StoreError::Invalid { what: "the link", why });
        }
        let mut tx = self.begin().await?;
        if !crate::router::locked(&mut tx, new.router_id).await?.active {
            let why = "the router is retired".to_owned();
            return Err(StoreError::Invalid { what: "the link", why });
        }
        let id = insert_link(&mut tx, new).await?;
        terms::insert(&mut tx, id, terms).await?;
        let mut after = locked(&mut tx, id).await?;
        if measured_from_ms.is_some() {
            after.measured_from_ms = measured_from::put(&mut tx, &after, measured_from_ms).await?;
        }
        let subject = format!("link {}", after.circuit);
        act.record(&mut tx, company, ("link.add", subject.clone()), (None, Some(&after))).await?;
        let first = LinkTerms { link_id: id, ..terms.clone() };
        act.record(&mut tx, company, ("terms.add", subject), (None, Some(&first))).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Changes a link.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Changed`]; [`StoreError::Duplicate`] as for [`insert_link`](Self::insert_link);
    /// [`StoreError::Invalid`] as for [`set_measured_from`](Self::set_measured_from).
    pub async fn staff_edit_link(
        &self,
        act: &StaffAct<'_>,
        (id, shown): (LinkId, &Shown),
        fields: &LinkFields<'_>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE client_links SET interface = $2, circuit = $3, service_ref = $4, kind = $5,
                committed_bps = $6, probe_target = $7, facing = $8, site = $9,
                circuit_folded = COALESCE($10, circuit_folded) WHERE id = $1";
        let company = self.link_in(act.scope, id).await?;
        let mut tx = self.begin().await?;
        let before = locked(&mut tx, id).await?;
        shown.check(&before, "link")?;
        check_free(&mut tx, Some(id), &carried(&before, fields.interface, before.terminated_at_ms)).await?;
        let own = (id.0, before.circuit.as_str());
        let folded = unique_name::renamed(&mut tx, Named::Link, own, fields.circuit).await?;
        on!(&mut tx, tx => sqlx::query(SQL)
            .bind(id)
            .bind(fields.interface)
            .bind(fields.circuit)
            .bind(fields.service_ref)
            .bind(fields.kind)
            .bind(fields.committed_bps)
            .bind(fields.probe_target)
            .bind(fields.facing.as_str())
            .bind(fields.site)
            .bind(folded)
            .execute(&mut **tx)
            .await
            .map(|_| ()))
        .map_err(|error| {
            StoreError::on_insert(error, "link", &[("circuit", "circuit"), ("interface", "router interface")])
        })?;
        if let Some(from_ms) = fields.measured_from_ms {
            measured_from::put(&mut tx, &before, from_ms).await?;
        }
        let after = locked(&mut tx, id).await?;
        if after == before {
            return Ok(());
        }
        let subject = format!("link {}", before.circuit);
        act.record(&mut tx, company, ("link.edit", subject), (Some(&before), Some(&after))).await?;
        Ok(tx.commit().await?)
    }

    /// Ends a link's contract at a moment, as [`terminate_link`](Self::terminate_link) does; `None` takes back an end that is
    /// still to come.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for one whose contract has ended; [`StoreError::Changed`]; [`StoreError::Invalid`] for an
    /// end before its beginning and if there is no end to take back; [`StoreError::Duplicate`] if its interface carries another
    /// link by then.
    pub async fn staff_retire_link(
        &self,
        act: &StaffAct<'_>,
        (id, shown): (LinkId, &Shown),
        at_ms: Option<i64>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE client_links SET terminated_at_ms = $2 WHERE id = $1";
        let company = self.link_in(act.scope, id).await?;
        let mut tx = self.begin().await?;
        let before = locked(&mut tx, id).await?;
        if before.terminated_at_ms.is_some_and(|end_ms| end_ms <= act.now_ms) {
            return Err(StoreError::NotFound { what: "link" });
        }
        shown.check(&before, "link")?;
        let why = match at_ms {
            Some(at_ms) if at_ms < before.activated_at_ms => Some("it would end before it began"),
            None if before.terminated_at_ms.is_none() => Some("its contract has no end to take back"),
            _ => None,
        };
        if let Some(why) = why {
            return Err(StoreError::Invalid { what: "the link", why: why.to_owned() });
        }
        check_free(&mut tx, Some(id), &carried(&before, &before.interface, at_ms)).await?;
        on!(&mut tx, tx => sqlx::query(SQL).bind(id).bind(at_ms).execute(&mut **tx).await.map(|_| ()))?;
        outage::end_terminated(&mut tx, act.now_ms).await?;
        let after = Link { terminated_at_ms: at_ms, ..before.clone() };
        let action = if at_ms.is_some() { "link.retire" } else { "link.keep" };
        let subject = format!("link {}", before.circuit);
        act.record(&mut tx, company, (action, subject), (Some(&before), Some(&after))).await?;
        Ok(tx.commit().await?)
    }

    /// Enters terms that are in force from their date on; earlier ones stay as they were agreed.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Changed`] if the link's terms are no longer those that were shown;
    /// [`StoreError::Duplicate`] if the link has terms from that moment.
    pub async fn staff_add_terms(
        &self,
        act: &StaffAct<'_>,
        shown: &Shown,
        new: &LinkTerms,
    ) -> Result<(), StoreError> {
        let company = self.link_in(act.scope, new.link_id).await?;
        let mut tx = self.begin().await?;
        let link = locked(&mut tx, new.link_id).await?;
        let all = terms::all_of(&mut tx, new.link_id).await?;
        shown.check(&all, "terms")?;
        let earlier = all.into_iter().rfind(|terms| terms.valid_from_ms <= new.valid_from_ms);
        terms::insert(&mut tx, new.link_id, new).await?;
        let subject = format!("link {}", link.circuit);
        act.record(&mut tx, company, ("terms.add", subject), (earlier.as_ref(), Some(new))).await?;
        Ok(tx.commit().await?)
    }

    /// Enters an exclusion.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a link out of the scope; [`StoreError::Duplicate`] if the link has this very exclusion;
    /// those of [`insert_exclusions`](Self::insert_exclusions).
    pub async fn staff_add_exclusion(
        &self,
        act: &StaffAct<'_>,
        new: &NewExclusion<'_>,
    ) -> Result<ExclusionId, StoreError> {
        let company = self.link_in(act.scope, new.link_id).await?;
        exclusion_write::check(std::slice::from_ref(new))?;
        let mut tx = self.begin().await?;
        // A form that is sent twice waits here for itself.
        locked(&mut tx, new.link_id).await?;
        if exclusion_write::is_there(&mut tx, new).await? {
            return Err(StoreError::Duplicate { what: "exclusion", field: "time and reason", taken: None });
        }
        let after = exclusion_write::insert(&mut tx, new, act.now_ms).await?;
        let subject = exclusion_write::subject(&mut tx, &after).await?;
        act.record(&mut tx, company, ("exclusion.add", subject), (None, Some(&after))).await?;
        tx.commit().await?;
        Ok(after.id)
    }

    /// Ends an exclusion that is open, or earlier than was entered.
    ///
    /// # Errors
    /// [`StoreError::Changed`]; those of [`end_exclusion`](Self::end_exclusion).
    pub async fn staff_end_exclusion(
        &self,
        act: &StaffAct<'_>,
        (id, shown): (ExclusionId, &Shown),
        to_ms: i64,
    ) -> Result<(), StoreError> {
        let company = self.exclusion_in(act.scope, id).await?;
        let mut tx = self.begin().await?;
        shown.check(&exclusion_write::locked(&mut tx, id).await?, "exclusion")?;
        let (before, after) = exclusion_write::end(&mut tx, id, to_ms).await?;
        record_exclusion(act, &mut tx, company, "exclusion.end", (&before, &after)).await?;
        Ok(tx.commit().await?)
    }

    /// Takes an exclusion back: it stays as a row and no longer counts.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none that counts within the scope.
    pub async fn staff_remove_exclusion(
        &self,
        act: &StaffAct<'_>,
        id: ExclusionId,
    ) -> Result<(), StoreError> {
        let company = self.exclusion_in(act.scope, id).await?;
        let mut tx = self.begin().await?;
        let (before, after) = exclusion_write::remove(&mut tx, id, (act.actor, act.now_ms)).await?;
        record_exclusion(act, &mut tx, company, "exclusion.remove", (&before, &after)).await?;
        Ok(tx.commit().await?)
    }
}

async fn record_exclusion(
    act: &StaffAct<'_>,
    tx: &mut Tx,
    company: crate::CompanyId,
    action: &str,
    (before, after): (&LinkExclusion, &LinkExclusion),
) -> Result<(), StoreError> {
    let subject = exclusion_write::subject(tx, after).await?;
    act.record(tx, company, (action, subject), (Some(before), Some(after))).await
}

pub(crate) async fn locked(tx: &mut Tx, id: LinkId) -> Result<Link, StoreError> {
    const SQL: Differs = Differs {
        sqlite: concat!("SELECT ", link_columns!(), " FROM client_links WHERE id = $1"),
        postgres: concat!("SELECT ", link_columns!(), " FROM client_links WHERE id = $1 FOR UPDATE"),
    };
    let sql = SQL.on(tx);
    let found = on!(tx, tx => sqlx::query_as(sql).bind(id).fetch_optional(&mut **tx).await)?;
    found.ok_or(StoreError::NotFound { what: "link" })
}

fn carried<'a>(link: &Link, interface: &'a str, to_ms: Option<i64>) -> Carried<'a> {
    Carried { router: link.router_id, interface, from_ms: link.activated_at_ms, to_ms }
}
