//! Some links of a month at once: their inputs are in memory together, and their reports written in one transaction.

use sla::{Interval, Month, Statement};
use store::{LedgerLink, LinkId, LinkInputs, NewMail, NewReport, ReportAudience, ReportOutcome, Store};

use crate::{
    Close, CloseError, CloseOutcome, ClosedLink,
    audience::{self, Audience},
    changes::{self, changes},
    facts::facts,
};

/// What all batches of a company's month have in common.
pub(crate) struct Run<'a> {
    pub(crate) store: &'a Store,
    pub(crate) close: &'a Close<'a>,
    pub(crate) audience: &'a Audience,
    pub(crate) month: Interval,
    /// The moment until which a month that is not over is judged.
    pub(crate) as_of_ms: Option<i64>,
    pub(crate) now_ms: i64,
}

impl Run<'_> {
    /// Reads and judges some links.
    pub(crate) async fn judge(&self, links: Vec<LedgerLink>) -> Result<Vec<Judged>, CloseError> {
        let ids: Vec<LinkId> = links.iter().map(|link| link.link.id).collect();
        let (month, month_name, as_of_ms) = (self.month, self.close.month, self.as_of_ms);
        let mut links = links.into_iter();
        let judge = move |read: LinkInputs| {
            links.next().map(|link| Judged::new(link, read, month, month_name, as_of_ms))
        };
        // To the month's end also where it is not over: what is planned to be excluded lowers what it allows.
        let judged = self.store.each_ledger_inputs(&ids, month.from_ms, month.to_ms, judge).await?;
        Ok(judged.into_iter().flatten().collect())
    }

    /// Writes what was judged.
    pub(crate) async fn conclude(&self, judged: Vec<Judged>) -> Result<Vec<ClosedLink>, CloseError> {
        let month = self.month;
        let outcomes = match self.as_of_ms {
            Some(_) => vec![CloseOutcome::SoFar; judged.len()],
            None => self.write(&judged).await?,
        };
        let closed = judged.into_iter().zip(outcomes).map(|(judged, outcome)| match judged.result {
            Ok(frozen) => ClosedLink { link: judged.link, month, outcome, statement: Some(frozen.statement) },
            Err(why) => {
                ClosedLink { link: judged.link, month, outcome: CloseOutcome::Failed(why), statement: None }
            }
        });
        Ok(closed.collect())
    }

    /// Writes the reports; an outcome for each link, in order. That of a link that failed says nothing.
    async fn write(&self, judged: &[Judged]) -> Result<Vec<CloseOutcome>, CloseError> {
        let reasons = self.reasons(judged).await?;
        let mut reports = Vec::with_capacity(judged.len());
        for (judged, reason) in judged.iter().zip(&reasons) {
            let Ok(frozen) = &judged.result else { continue };
            let client = self.audience.of(self.store, judged.link.client.id).await?;
            let (mails, news): (Vec<NewMail>, &[ReportAudience]) = if self.close.tell {
                (
                    client.mails(&judged.link, &frozen.statement),
                    audience::news(&judged.link, &frozen.statement),
                )
            } else {
                (Vec::new(), &[])
            };
            reports.push(NewReport {
                link_id: judged.link.link.id,
                client_id: judged.link.client.id,
                reason,
                statement: &frozen.statement,
                inputs: frozen.bytes.clone(),
                digest: frozen.digest.clone(),
                facts: facts(&judged.link, client.down_when(judged.link.link.id, self.month.to_ms)),
                created_by: self.close.by,
                mails,
                news,
            });
        }
        let mut written = self.store.write_reports(&reports, self.now_ms).await?.into_iter();
        let outcome = |judged: &Judged| match judged.result.as_ref().ok().and_then(|_| written.next()) {
            Some(ReportOutcome::First(id)) => CloseOutcome::First(id),
            Some(ReportOutcome::Revised(id, revision)) => CloseOutcome::Revised(id, revision),
            Some(ReportOutcome::Unchanged(id)) => CloseOutcome::Unchanged(id),
            None => CloseOutcome::Failed(String::new()),
        };
        Ok(judged.iter().map(outcome).collect())
    }

    /// Why each link would be revised, if it is.
    async fn reasons(&self, judged: &[Judged]) -> Result<Vec<String>, CloseError> {
        let mut reasons = Vec::with_capacity(judged.len());
        for judged in judged {
            reasons.push(match (self.close.reason, &judged.result) {
                (Some(reason), _) => reason.to_owned(),
                (None, Ok(frozen)) => self.what_changed(&judged.link, frozen).await?,
                (None, Err(_)) => String::new(),
            });
        }
        Ok(reasons)
    }

    async fn what_changed(&self, link: &LedgerLink, frozen: &Frozen) -> Result<String, CloseError> {
        let latest = self.store.report_of_link(link.link.id, self.close.month, None).await?;
        let Some(latest) = latest.filter(|latest| latest.digest != frozen.digest) else {
            return Ok(changes::NOTHING.to_owned());
        };
        let before = self.store.report_inputs(latest.id).await?;
        Ok(sla::Inputs::from_bytes(&frozen.bytes)
            .map_or_else(|_| changes::NOTHING.to_owned(), |after| changes(&before, &after)))
    }
}

/// A link with its statement and the inputs that led to it.
pub(crate) struct Judged {
    link: LedgerLink,
    result: Result<Frozen, String>,
}

struct Frozen {
    statement: Statement,
    bytes: Vec<u8>,
    digest: String,
}

impl Judged {
    fn new(
        link: LedgerLink,
        read: LinkInputs,
        period: Interval,
        month: Month,
        as_of_ms: Option<i64>,
    ) -> Self {
        let inputs = sla::Inputs {
            timezone: link.company.timezone.clone(),
            month,
            as_of_ms,
            active: link.active(period.to_ms),
            spans: read.spans,
            exclusions: read.exclusions,
            terms: read.terms,
            probes: read.probes,
            traffic: read.traffic,
        };
        let result = sla::evaluate(&inputs).map_err(|error| error.to_string()).map(|statement| {
            // What is not stored needs no bytes.
            let bytes = if as_of_ms.is_none() { inputs.to_bytes() } else { Vec::new() };
            Frozen { digest: sla::frozen_digest(&bytes), statement, bytes }
        });
        Self { link, result }
    }
}
