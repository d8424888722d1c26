//! Settings of a notification as they are typed.

use store::{NotificationEvent, RuleEdit, StoreError};

use crate::{cli::RuleArgs, fault::wrong_use};

/// What goes back to the program's own value.
const DEFAULT: &str = "default";

pub(super) fn event(name: &str) -> anyhow::Result<NotificationEvent> {
    name.parse().map_err(|_| {
        let names = NotificationEvent::ALL.map(NotificationEvent::as_str).join(", ");
        wrong_use(format!("there is no event {name:?}; there are {names}"))
    })
}

pub(super) fn edit(args: &RuleArgs) -> anyhow::Result<RuleEdit> {
    let threshold = args.threshold.as_deref().map(|text| {
        or_default(text, |text| {
            text.parse().map_err(|_| {
                wrong_use(format!(
                    "--threshold {text:?} is no number such as 20 or 0.5; `default` takes it back"
                ))
            })
        })
    });
    let quiet = match args.quiet.as_deref() {
        None => None,
        Some("none" | DEFAULT) => Some(None),
        Some(text) => Some(Some(text.parse().map_err(|why| wrong_use(format!("--quiet {why}")))?)),
    };
    let seconds = |name: &str, text: &Option<String>| -> anyhow::Result<Option<Option<i64>>> {
        text.as_deref().map(|text| or_default(text, |text| length(name, text))).transpose()
    };
    Ok(RuleEdit {
        enabled: args.enabled,
        threshold: threshold.transpose()?,
        sustained_s: seconds("--sustained", &args.sustained)?,
        clear_after_s: seconds("--clear-after", &args.clear_after)?,
        window_s: seconds("--window", &args.window)?,
        cooldown_s: seconds("--cooldown", &args.cooldown)?,
        quiet,
        to_operations: args.operations.map(Some),
        to_client: args.clients.map(Some),
        by_mail: args.mail.map(Some),
        by_whatsapp: args.whatsapp.map(Some),
        add_extra: Vec::new(),
        remove_extra: Vec::new(),
    })
}

/// What the store refuses is the typist's to mend.
pub(super) fn refused(error: StoreError) -> anyhow::Error {
    match error {
        StoreError::Invalid { why, .. } => wrong_use(why),
        StoreError::NotFound { what: "extra recipient" } => {
            wrong_use("that address is not on the event's list; `leaseline notification settings` shows it")
        }
        other => other.into(),
    }
}

fn or_default<T>(text: &str, parse: impl FnOnce(&str) -> anyhow::Result<T>) -> anyhow::Result<Option<T>> {
    if text == DEFAULT { Ok(None) } else { parse(text).map(Some) }
}

fn length(name: &str, text: &str) -> anyhow::Result<i64> {
    import::field::seconds(text).map_err(|_| {
        wrong_use(format!("{name} {text:?} is no length of time: write 90s, 15m or 2h, or `default`"))
    })
}
