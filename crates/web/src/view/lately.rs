use report::{cause_words, duration_words};
use store::{Link, LinkId, Outage, OutageId};

use crate::zone::Zone;

/// One outage in the list of what happened lately.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) link: LinkId,
    pub(crate) outage: OutageId,
    /// The link's site, or its circuit.
    pub(crate) title: String,
    pub(crate) circuit: String,
    pub(crate) open: bool,
    /// `down for 12 m`, `was down for 3 h 20 m`
    pub(crate) words: String,
    /// `since 14:03`, `22 Nov 14:03 to 17:23`
    pub(crate) when: String,
    pub(crate) cause: String,
}

/// The outages of these links that reach into the time after `from_ms`, in the order given.
pub(crate) fn lately(
    outages: &[Outage],
    links: &[&Link],
    from_ms: i64,
    now_ms: i64,
    zone: &Zone,
) -> Vec<Event> {
    let reaches = |outage: &&Outage| outage.to_ms.is_none_or(|to_ms| to_ms > from_ms);
    let event = |outage: &Outage| {
        let link = links.iter().find(|link| link.id == outage.link)?;
        let lasted = duration_words(outage.to_ms.unwrap_or(now_ms) - outage.from_ms);
        let from = zone.moment(outage.from_ms, now_ms);
        let (words, when) = match outage.to_ms {
            None => (format!("down for {lasted}"), format!("since {from}")),
            Some(to_ms) => {
                let same_day = zone.day(to_ms) == zone.day(outage.from_ms);
                let to = if same_day { zone.clock(to_ms) } else { zone.moment(to_ms, now_ms) };
                (format!("was down for {lasted}"), format!("{from} to {to}"))
            }
        };
        Some(Event {
            link: link.id,
            outage: outage.id,
            title: link.site.clone().unwrap_or_else(|| link.circuit.clone()),
            circuit: link.circuit.clone(),
            open: outage.to_ms.is_none(),
            words,
            when,
            cause: outage.cause.as_deref().map_or("Cause not known", cause_words).to_owned(),
        })
    };
    outages.iter().filter(reaches).filter_map(event).collect()
}
