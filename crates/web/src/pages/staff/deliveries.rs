use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use store::{
    Channel, Company, DELIVERIES_RETRIED_MAX, DeliveryStanding, OutboxMail, StaffDelivery, StaffDeliveryAsk,
    StoreError, Webhook,
};

use crate::app::App;
use crate::caller::Caller;
use crate::error::PageError;
use crate::pages::render;
use crate::pages::staff::form::{Field, Kind};
use crate::pages::staff::listing::{Asked, Cell, Deed, ListPage, Table, ThingPage, list_address};
use crate::pages::staff::{ALERTS, Answered, DELIVERIES, Frame, gone_to, letter, message_id, refused};
use crate::staff::StaffSession;
use crate::view::alert::recipient_words;
use crate::view::delivery::{channel_words, kinds, said, standing, standing_words, title};
use crate::zone::Zone;

/// The heads of a table of messages.
pub(crate) const HEAD: &[&str] = &["Message", "State", "To", "Decided", "Tries", "Answer or reason"];
/// So many days are listed unless another first day is asked for.
const DAYS_LISTED: i64 = 30;
/// What narrows the list down besides the search.
const FILTERS: [&str; 5] = ["kind", "channel", "state", "from", "to"];

/// `GET /staff/deliveries?q&kind&channel&state&from&to&page`
pub(crate) async fn list(
    State(app): State<App>,
    session: StaffSession,
    Query(asked): Query<Asked>,
) -> Answered {
    let now_ms = app.clock.now_ms();
    let wanted = wanted(&asked, &session, now_ms)?;
    let found = app.store.staff_deliveries(&session.scope, &wanted).await?;
    let rows = found.rows.iter().map(row).collect();
    let table = Table { title: "Messages", head: HEAD, rows, none: "No message is found.", more: None };
    let mut deeds = vec![Deed::Go { to: address_of("/staff/deliveries.csv", &asked), words: "CSV file" }];
    if wanted.standing == Some(DeliveryStanding::Dead) && found.total > 0 && session.may_edit() {
        let what = "Everything that is listed here, on all its pages, is due now, at most the newest 1,000. Tries are \
                    counted anew. What is no news any more is given up once more.";
        debug_assert_eq!(DELIVERIES_RETRIED_MAX, 1_000);
        let to = address_of("/staff/deliveries/retry", &asked);
        deeds.push(Deed::fill(to, "Try all again", what, Vec::new()));
    }
    let frame = Frame::new(&app, &session, DELIVERIES);
    let page = ListPage::new(frame, "Deliveries", &asked, found.total, table)
        .searched("Circuit, client, receiver, answer or reason")
        .narrowed(fields(&asked, &session, &app.store.staff_webhooks(&session.scope).await?, now_ms))
        .with_deeds(deeds);
    Ok(render(&page)?)
}

fn fields(asked: &Asked, session: &StaffSession, webhooks: &[(Company, Webhook)], now_ms: i64) -> Vec<Field> {
    let owned = |value: &str, words: &str| (value.to_owned(), words.to_owned());
    let channels = Channel::ALL.into_iter().map(|one| owned(one.as_str(), channel_words(one)));
    let each = webhooks.iter().map(|(company, webhook)| {
        (webhook.recipient(), format!("Webhook {} of {}", webhook.id, company.name))
    });
    let states = DeliveryStanding::ALL.map(|one| owned(one.as_str(), standing_words(one)));
    let mut from = Field::new(&asked.input(), "from", "From", Kind::Input("date"));
    if from.value.is_empty() {
        from.value = session.zone.iso_day(first_ms(now_ms));
    }
    vec![
        asked.choice("kind", "Kind", "All kinds", kinds().map(|(kind, words)| owned(kind, words))),
        asked.choice("channel", "Way", "All ways", channels.chain(each)),
        asked.choice("state", "State", "All", states),
        from,
        Field::new(&asked.input(), "to", "To and with", Kind::Input("date")),
    ]
}

/// A moment of the first day that is listed.
pub(crate) fn first_ms(now_ms: i64) -> i64 {
    now_ms - DAYS_LISTED * 24 * 3_600_000
}

/// What an address asks for. Days are those of the zone at the foot of the page.
pub(crate) fn wanted<'a>(
    asked: &'a Asked,
    session: &StaffSession,
    now_ms: i64,
) -> Result<StaffDeliveryAsk<'a>, PageError> {
    let day = |name: &str| match asked.narrowed.get(name).map_or("", |text| text.trim()) {
        "" => Ok(None),
        text => {
            let at_ms = session.zone.parse(text).filter(|_| text.len() == "2026-11-23".len());
            let day = at_ms.map(|at_ms| session.zone.day_around(at_ms));
            day.map(Some)
                .ok_or_else(|| PageError::Unusable(format!("{text:?} is no day: write it as 2026-11-23.")))
        }
    };
    let kind = asked.narrowed.get("kind");
    // One webhook is a way of its own.
    let channel = asked.narrowed.get("channel").map(String::as_str);
    Ok(StaffDeliveryAsk {
        ask: asked.ask(),
        standing: asked.one_of("state", &DeliveryStanding::ALL, DeliveryStanding::as_str),
        channel: asked.one_of("channel", &Channel::ALL, Channel::as_str),
        recipient: channel.filter(|to| store::webhook_of(to).is_some()),
        kind: kinds().map(|(kind, _)| kind).find(|known| kind.is_some_and(|kind| kind == known)),
        from_ms: Some(day("from")?.unwrap_or_else(|| session.zone.day_around(first_ms(now_ms))).from_ms),
        to_ms: day("to")?.map(|day| day.to_ms),
    })
}

/// An address with the same filters.
fn address_of(list: &str, asked: &Asked) -> String {
    let value = |name: &'static str| (name, asked.narrowed.get(name).map_or("", |text| text.as_str()));
    list_address(list, asked.q.trim(), &FILTERS.map(value), 1)
}

pub(crate) fn row(one: &StaffDelivery) -> Vec<Cell> {
    let zone = Zone::named(&one.timezone);
    let name = match (one.mail, one.alert) {
        (Some(id), _) => Cell::link(title(one), format!("{DELIVERIES}/{id}")),
        (None, Some(alert)) => Cell::link(title(one), format!("{ALERTS}/{alert}")),
        (None, None) => Cell::text(title(one)),
    };
    vec![
        name.sub(one.client.as_ref().unwrap_or(&one.company)),
        standing(one, &zone),
        Cell::text(one.recipient.as_deref().map_or("nobody".to_owned(), recipient_words)),
        Cell::text(zone.iso_moment(one.at_ms)),
        one.attempts.map_or_else(|| Cell::text("–"), Cell::number),
        Cell::text(said(one)),
    ]
}

/// `GET /staff/deliveries/{message}`
pub(crate) async fn show(
    State(app): State<App>,
    session: StaffSession,
    Path(id): Path<String>,
) -> Answered<Response> {
    let (one, mail) = app.store.staff_delivery(&session.scope, message_id(&id)?).await?;
    Ok(thing(&app, &session, (&one, &mail), None).await?.into_response())
}

async fn thing(
    app: &App,
    session: &StaffSession,
    (one, mail): (&StaffDelivery, &OutboxMail),
    warning: Option<String>,
) -> Answered {
    let zone = Zone::named(&one.timezone);
    let may_retry =
        session.may_edit() && matches!(mail.state, store::OutboxState::Dead | store::OutboxState::Queued);
    let what = "It is due now. Its tries are counted anew. What is no news any more is given up once more.";
    let retry = || Deed::fill(format!("{DELIVERIES}/{}/retry", mail.id), "Try again now", what, Vec::new());
    let page = ThingPage {
        frame: Frame::new(app, session, DELIVERIES),
        kind: "Message",
        title: title(one),
        pill: Some(standing(one, &zone)),
        warning,
        facts: facts(one, mail, &zone, app.clock.now_ms()),
        deeds: may_retry.then(retry).into_iter().collect(),
        tables: Vec::new(),
        letter: letter::of(app, mail).await?,
    };
    Ok(render(&page)?)
}

fn facts(one: &StaffDelivery, mail: &OutboxMail, zone: &Zone, now_ms: i64) -> Vec<(&'static str, Cell)> {
    let mut facts = vec![
        ("To", Cell::text(recipient_words(&mail.recipient))),
        ("Way", Cell::text(channel_words(Channel::of(&mail.recipient)))),
        ("Company", Cell::text(&one.company)),
    ];
    facts.extend(one.client.as_ref().map(|client| ("Client", Cell::text(client))));
    if let Some(alert) = one.alert {
        facts.push(("Alert", Cell::link(format!("alert {alert}"), format!("{ALERTS}/{alert}"))));
    }
    facts.push(("Decided", Cell::text(zone.iso_moment(one.at_ms))));
    facts
        .push(("Tries", Cell::number(mail.attempts).sub("since it was decided or last tried again by hand")));
    facts.extend(one.next_at_ms.map(|at_ms| ("Next try", Cell::text(zone.iso_moment(at_ms)))));
    facts.extend(one.sent_at_ms.map(|at_ms| ("Sent", Cell::text(zone.iso_moment(at_ms)))));
    facts.extend(
        mail.receipt
            .zip(mail.receipt_at_ms)
            .map(|(receipt, at_ms)| ("Receipt", Cell::text(receipt.as_str()).sub(zone.iso_moment(at_ms)))),
    );
    facts.extend(mail.answer.as_ref().map(|answer| ("Answer", Cell::text(answer))));
    facts.extend(mail.last_error.as_ref().map(|error| ("Last fault", Cell::text(error))));
    facts.push(("Message-ID", Cell::text(&mail.message_id).code()));
    facts.push(("Times in", Cell::text(zone.label(now_ms))));
    facts
}

/// `POST /staff/deliveries/{message}/retry`
pub(crate) async fn retry(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
) -> Answered<Response> {
    let id = message_id(&id)?;
    let address = caller.address_text();
    let act = session.act(&address, app.clock.now_ms());
    match app.store.staff_retry_delivery(&act, id).await {
        Ok(()) => Ok(gone_to(&format!("{DELIVERIES}/{id}"))),
        Err(StoreError::Invalid { why, .. }) => {
            let (one, mail) = app.store.staff_delivery(&session.scope, id).await?;
            let warning = Some(format!("Nothing is changed: {why}."));
            Ok(refused(thing(&app, &session, (&one, &mail), warning).await?))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /staff/deliveries/retry?q&kind&channel&from&to`: all that was given up among what the list shows.
pub(crate) async fn retry_all(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Query(mut asked): Query<Asked>,
) -> Answered<Response> {
    let address = caller.address_text();
    let act = session.act(&address, app.clock.now_ms());
    app.store.staff_retry_deliveries(&act, &wanted(&asked, &session, act.now_ms)?).await?;
    asked.narrowed.insert("state".to_owned(), DeliveryStanding::Queued.as_str().to_owned());
    Ok(gone_to(&address_of(DELIVERIES, &asked)))
}
