//! Messages in words: what they tell, which way they go, and what became of them.

use store::{
    ACCOUNT_CHANGED_MAIL, Channel, DeliveryStanding, INVITATION_MAIL, NotificationEvent, REPORT_SUMMARY,
    RESET_MAIL, ReceiptStatus, STAFF_INVITATION_MAIL, STAFF_RESET_MAIL, StaffDelivery, WEBHOOK_TEST,
};

use crate::pages::staff::listing::Cell;
use crate::view::csv::{cell, number};
use crate::zone::Zone;

/// The first line of a file. Times are the company's with their offset.
pub(crate) const CSV_HEADER: &str = "message,decided,company,kind,phase,about,client,channel,recipient,state,tries,\
                                     next_try,sent,answer_or_reason\r\n";

/// Every kind of message, as addresses name it, with its words.
pub(crate) fn kinds() -> impl Iterator<Item = (&'static str, &'static str)> {
    let events = NotificationEvent::ALL.into_iter().map(|event| (event.as_str(), event.words()));
    events.chain([
        (RESET_MAIL, "New password"),
        (INVITATION_MAIL, "Invitation"),
        (ACCOUNT_CHANGED_MAIL, "Account changed"),
        (STAFF_RESET_MAIL, "New password, staff"),
        (STAFF_INVITATION_MAIL, "Invitation, staff"),
        (REPORT_SUMMARY, "Report summary"),
        (WEBHOOK_TEST, "Test"),
    ])
}

/// What a message tells; a kind that is not known is told as it is stored.
pub(crate) fn kind_words(one: &StaffDelivery) -> String {
    let found = kinds().find(|(kind, _)| *kind == one.kind);
    let words = found.map_or(one.kind.as_str(), |(_, words)| words);
    let over = if one.phase == "over" { " over" } else { "" };
    format!("{words}{over}")
}

/// [`kind_words`] with what it is about.
pub(crate) fn title(one: &StaffDelivery) -> String {
    let words = kind_words(one);
    if one.about.is_empty() { words } else { format!("{words}: {}", one.about) }
}

pub(crate) fn channel_words(channel: Channel) -> &'static str {
    match channel {
        Channel::Mail => "E-mail",
        Channel::Webhook => "Webhook",
        Channel::WhatsApp => "WhatsApp",
    }
}

pub(crate) fn standing_words(standing: DeliveryStanding) -> &'static str {
    match standing {
        DeliveryStanding::Sent => "Sent",
        DeliveryStanding::Queued => "On its way",
        DeliveryStanding::Dead => "Given up",
        DeliveryStanding::Held => "Held",
        DeliveryStanding::Suppressed => "Not told",
        DeliveryStanding::Gone => "No longer kept",
    }
}

/// What a receipt adds to that a message was taken.
pub(crate) fn receipt_words(receipt: ReceiptStatus) -> Option<&'static str> {
    match receipt {
        ReceiptStatus::Sent | ReceiptStatus::Failed => None,
        ReceiptStatus::Delivered => Some("Delivered"),
        ReceiptStatus::Read => Some("Read"),
    }
}

/// What became of a message, and when.
pub(crate) fn standing(one: &StaffDelivery, zone: &Zone) -> Cell {
    use DeliveryStanding::{Dead, Gone, Held, Queued, Sent, Suppressed};
    let class = match one.standing {
        Sent => "up",
        Dead => "down",
        Queued | Held => "unknown",
        Suppressed | Gone => "none",
    };
    let sub = match (one.standing, one.sent_at_ms, one.next_at_ms) {
        (Sent, Some(at_ms), _) => zone.iso_moment(at_ms),
        (Queued, _, Some(at_ms)) if one.attempts.is_some_and(|attempts| attempts > 0) => {
            format!("next try {}", zone.iso_moment(at_ms))
        }
        _ => String::new(),
    };
    let receipt = one.receipt.filter(|_| one.standing == Sent).and_then(receipt_words);
    Cell::pill(class, receipt.unwrap_or(standing_words(one.standing))).sub(sub)
}

/// What the receiver said, or why nobody is told.
pub(crate) fn said(one: &StaffDelivery) -> &str {
    one.answer.as_deref().or(one.reason.as_deref()).unwrap_or("–")
}

/// The line of a file.
pub(crate) fn csv_line(one: &StaffDelivery) -> String {
    let zone = Zone::named(&one.timezone);
    let at = |at_ms: Option<i64>| at_ms.map(|at_ms| zone.iso(at_ms)).unwrap_or_default();
    let text = |text: &Option<String>| text.as_deref().map(cell).unwrap_or_default();
    let channel = one.recipient.as_deref().map(|to| Channel::of(to).as_str()).unwrap_or_default();
    let fields = [
        number(one.mail.map(|id| id.0)),
        zone.iso(one.at_ms),
        cell(&one.company),
        cell(&one.kind),
        cell(&one.phase),
        cell(&one.about),
        text(&one.client),
        channel.to_owned(),
        text(&one.recipient),
        one.receipt.map_or(one.standing.as_str(), |receipt| receipt.as_str()).to_owned(),
        number(one.attempts),
        at(one.next_at_ms),
        at(one.sent_at_ms),
        one.answer.as_deref().or(one.reason.as_deref()).map(cell).unwrap_or_default(),
    ];
    format!("{}\r\n", fields.join(","))
}

#[cfg(test)]
mod tests {
    use store::{CompanyId, OutboxId};

    use super::*;

    fn dead() -> StaffDelivery {
        StaffDelivery {
            mail: Some(OutboxId(7)),
            at_ms: 1_795_437_000_000,
            company_id: CompanyId(1),
            company: "Northwind".to_owned(),
            timezone: "Asia/Kolkata".to_owned(),
            kind: "link_down".to_owned(),
            phase: "over".to_owned(),
            about: "=C-1".to_owned(),
            alert: None,
            client: None,
            recipient: Some("noc@isp.example".to_owned()),
            reason: None,
            standing: DeliveryStanding::Dead,
            attempts: Some(12),
            next_at_ms: None,
            answer: Some("550 no such\r\nuser".to_owned()),
            sent_at_ms: None,
            receipt: None,
        }
    }

    #[test]
    fn a_line_has_a_field_for_each_head_and_no_formula() {
        let line = csv_line(&dead());
        let expected = "7,2026-11-23T18:00:00+05:30,\"Northwind\",\"link_down\",\"over\",\"'=C-1\",,mail,\
                        \"noc@isp.example\",dead,12,,,\"550 no such\r\nuser\"\r\n";
        assert_eq!(line, expected);
        assert_eq!(line.matches(',').count(), CSV_HEADER.matches(',').count());
    }

    #[test]
    fn a_message_is_named_by_what_it_tells_and_about_what() {
        assert_eq!(title(&dead()), "Link down over: =C-1");
        let reset = StaffDelivery {
            kind: RESET_MAIL.to_owned(),
            phase: "raised".to_owned(),
            about: String::new(),
            ..dead()
        };
        assert_eq!(title(&reset), "New password");
        assert_eq!(title(&StaffDelivery { kind: "pigeon".to_owned(), ..reset }), "pigeon");
    }
}
