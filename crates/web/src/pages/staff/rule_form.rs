//! How a company tells of one event: the form, and what the last days would have been told by what is typed in it.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use import::field::{seconds, seconds_text};
use store::{
    Company, CompanyId, EXTRA_RECIPIENTS_MAX, NotificationEvent, NotificationRule, QuietHours, RuleEdit,
    RuleOption, Shown, StoreError,
};

use crate::app::App;
use crate::caller::Caller;
use crate::error::PageError;
use crate::pages::render;
use crate::pages::staff::edit::EditPage;
use crate::pages::staff::form::{Field, FormPage, Input, Kind, recipients, words};
use crate::pages::staff::look_back::{Look, look_back};
use crate::pages::staff::notifications::{subject, unit};
use crate::pages::staff::{Answered, Frame, NOTIFICATIONS, company_id, gone_to};
use crate::staff::StaffSession;
use crate::zone::Zone;

const ON: &str = "on";
const OFF: &str = "off";

/// A rule with whose it is.
struct Place {
    company: Company,
    rule: NotificationRule,
    shown: Shown,
}

impl Place {
    async fn find(app: &App, session: &StaffSession, company: &str, event: &str) -> Answered<Self> {
        let id = company_id(company)?;
        let event = event.parse::<NotificationEvent>().map_err(|_| PageError::NotFound)?;
        Self::of(app, session, id, event).await
    }

    async fn of(
        app: &App,
        session: &StaffSession,
        id: CompanyId,
        event: NotificationEvent,
    ) -> Answered<Self> {
        let company = app.store.staff_company(&session.scope, id).await?;
        let (rule, shown) = app.store.shown_notification_rule(&session.scope, id, event).await?;
        Ok(Self { company, rule, shown })
    }

    fn address(&self) -> String {
        format!("{NOTIFICATIONS}/{}/rules/{}", self.company.id, self.rule.event)
    }

    fn form(&self, app: &App, session: &StaffSession, shown: Shown, input: &Input) -> EditPage {
        let form = FormPage {
            frame: Frame::new(app, session, NOTIFICATIONS),
            title: format!("{}: {}", self.company.name, self.rule.event.words()),
            back: (format!("{NOTIFICATIONS}/{}", self.company.id), "Notifications".to_owned()),
            action: self.address(),
            fields: fields(&self.rule, input),
            submit: "Save",
            note: "Lengths of time are written as 90s, 15m or 2h. A field that is emptied goes back to the program's own value.",
        };
        let page = EditPage::new(form, shown);
        // Statements are told when they are made: there is nothing to look back at.
        if self.rule.event.is_alert() {
            page.trying(format!("{}/preview#look", self.address()), "What would it have sent?")
        } else {
            page
        }
    }
}

/// `GET /staff/notifications/{company}/rules/{event}`
pub(crate) async fn edit(
    State(app): State<App>,
    session: StaffSession,
    Path((company, event)): Path<(String, String)>,
) -> Answered {
    let place = Place::find(&app, &session, &company, &event).await?;
    Ok(render(&place.form(&app, &session, place.shown, &stored(&place.rule)))?)
}

fn yes_no(yes: bool) -> &'static str {
    if yes { ON } else { OFF }
}

fn stored(rule: &NotificationRule) -> Input {
    let threshold = rule.threshold.map(|threshold| threshold.to_string()).unwrap_or_default();
    let quiet = rule.quiet.map(|quiet| quiet.to_string()).unwrap_or_default();
    Input::of(&[
        ("enabled", yes_no(rule.enabled)),
        ("threshold", &threshold),
        ("sustained", &seconds_text(rule.sustained_s)),
        ("clear_after", &seconds_text(rule.clear_after_s)),
        ("window", &seconds_text(rule.window_s)),
        ("cooldown", &seconds_text(rule.cooldown_s)),
        ("quiet", &quiet),
        ("to_operations", yes_no(rule.to_operations)),
        ("to_client", yes_no(rule.to_client)),
        ("by_mail", yes_no(rule.by_mail)),
        ("by_whatsapp", yes_no(rule.by_whatsapp)),
        ("extra", &rule.extra.join("\n")),
    ])
}

fn fields(rule: &NotificationRule, input: &Input) -> Vec<Field> {
    let default = NotificationRule::default_of(rule.event);
    let has = |option: RuleOption| rule.event.options().contains(&option);
    let yes_or_no =
        |name, label| Field::choice(input, name, label, words(&[(ON, "Yes"), (OFF, "No")])).required();
    let time = |name, label, what: &str, own_s: i64| {
        Field::text(input, name, label).hint(format!("{what} Empty: {}.", seconds_text(own_s)))
    };
    let mut fields = vec![yes_or_no("enabled", "Told at all")];
    if has(RuleOption::Threshold) {
        let own = default.threshold.map_or("what the link's terms promise".to_owned(), |own| own.to_string());
        let hint = format!("In {}. Empty: {own}.", unit(rule));
        fields.push(Field::text(input, "threshold", "Threshold").hint(hint));
    }
    if has(RuleOption::Window) {
        let what = "In what time the outages are counted.";
        fields.push(time("window", "Counted within", what, default.window_s));
    }
    if has(RuleOption::Sustained) {
        let what = "How long it must hold before it is told.";
        fields.push(time("sustained", "Told after", what, default.sustained_s));
    }
    if has(RuleOption::ClearAfter) {
        let what = "How long it must be over before that is told.";
        fields.push(time("clear_after", "Over after", what, default.clear_after_s));
    }
    if has(RuleOption::Cooldown) {
        let what = "How long the same thing is not told of again.";
        fields.push(time("cooldown", "Not again for", what, default.cooldown_s));
    }
    if has(RuleOption::Quiet) {
        let hint = "When nothing is sent, by the company's clock, as 22:00-07:00. Empty: none.";
        fields.push(Field::text(input, "quiet", "Quiet hours").hint(hint));
    }
    fields.push(yes_or_no("to_operations", "The operations list hears of it"));
    if has(RuleOption::ToClient) {
        fields.push(yes_or_no("to_client", "The people of the client concerned hear of it"));
    }
    let hint = format!(
        "Addresses, and WhatsApp numbers as +91 98123 45678, one on each line, at most {EXTRA_RECIPIENTS_MAX}."
    );
    fields.push(Field::new(input, "extra", "Who else hears of it", Kind::Area).hint(hint));
    fields.push(yes_or_no("by_mail", "By e-mail").hint("Webhooks hear of it all the same."));
    fields.push(yes_or_no("by_whatsapp", "By WhatsApp").hint("To the numbers among those who hear of it."));
    fields
}

/// What was typed of a rule, with faults at the fields, and the rule as it would be.
fn typed(rule: &NotificationRule, input: &mut Input) -> (RuleEdit, NotificationRule) {
    let own = NotificationRule::default_of(rule.event);
    let has = |option: RuleOption| rule.event.options().contains(&option);
    let mut edit = RuleEdit { enabled: yes(input, "enabled"), ..RuleEdit::default() };
    edit.to_operations = or_own(yes(input, "to_operations"), own.to_operations);
    edit.by_mail = or_own(yes(input, "by_mail"), own.by_mail);
    edit.by_whatsapp = or_own(yes(input, "by_whatsapp"), own.by_whatsapp);
    if has(RuleOption::ToClient) {
        edit.to_client = or_own(yes(input, "to_client"), own.to_client);
    }
    if has(RuleOption::Threshold) {
        let number = |text: &str| text.parse().map_err(|_| "Write a number such as 20 or 0.5.".to_owned());
        let value = input.parsed_or_none("threshold", number);
        edit.threshold = Some(value.filter(|value| own.threshold != Some(*value)));
    }
    if has(RuleOption::Quiet) {
        let hours = |text: &str| text.parse::<QuietHours>().map_err(|why| format!("{why}."));
        edit.quiet = Some(input.parsed_or_none("quiet", hours));
    }
    for (option, name, own_s, place) in [
        (RuleOption::Sustained, "sustained", own.sustained_s, &mut edit.sustained_s),
        (RuleOption::ClearAfter, "clear_after", own.clear_after_s, &mut edit.clear_after_s),
        (RuleOption::Window, "window", own.window_s, &mut edit.window_s),
        (RuleOption::Cooldown, "cooldown", own.cooldown_s, &mut edit.cooldown_s),
    ] {
        if has(option) {
            *place = Some(input.parsed_or_none(name, seconds).filter(|seconds| *seconds != own_s));
        }
    }
    refuse(rule, &edit, input);
    let most = EXTRA_RECIPIENTS_MAX as usize;
    let extra = input.parsed_or_none("extra", |text| recipients(text, most)).unwrap_or_default();
    edit.add_extra = extra.iter().filter(|email| !rule.extra.contains(email)).cloned().collect();
    edit.remove_extra = rule.extra.iter().filter(|email| !extra.contains(email)).cloned().collect();
    let rule = rule.with(&edit).unwrap_or_else(|_| rule.clone());
    (edit, NotificationRule { extra, ..rule })
}

/// A choice between yes and no, of which one is made.
fn yes(input: &mut Input, name: &'static str) -> Option<bool> {
    input.parsed(name, |text| match text {
        ON => Ok(true),
        OFF => Ok(false),
        _ => Err("Choose one.".to_owned()),
    })
}

/// What is as the program has it anyway is not kept.
fn or_own(value: Option<bool>, own: bool) -> Option<Option<bool>> {
    value.map(|value| Some(value).filter(|value| *value != own))
}

/// What the store would refuse is told at its field.
fn refuse(rule: &NotificationRule, edit: &RuleEdit, input: &mut Input) {
    let only = RuleEdit::default;
    for (name, part) in [
        ("threshold", RuleEdit { threshold: edit.threshold, ..only() }),
        ("sustained", RuleEdit { sustained_s: edit.sustained_s, ..only() }),
        ("clear_after", RuleEdit { clear_after_s: edit.clear_after_s, ..only() }),
        ("window", RuleEdit { window_s: edit.window_s, ..only() }),
        ("cooldown", RuleEdit { cooldown_s: edit.cooldown_s, ..only() }),
        ("quiet", RuleEdit { quiet: edit.quiet, ..only() }),
    ] {
        if let Err(StoreError::Invalid { why, .. }) = rule.with(&part) {
            input.fault(name, format!("Not {why}."));
        }
    }
}

/// `POST /staff/notifications/{company}/rules/{event}`
pub(crate) async fn save(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path((company, event)): Path<(String, String)>,
    mut input: Input,
) -> Answered<Response> {
    let place = Place::find(&app, &session, &company, &event).await?;
    let before = input.shown();
    let (edit, _) = typed(&place.rule, &mut input);
    if input.is_right() {
        let address = caller.address_text();
        let act = session.act(&address, app.clock.now_ms());
        let (id, event) = (place.company.id, place.rule.event);
        match app.store.staff_edit_notification_rule(&act, (id, event, &before), &edit).await {
            Ok(_) => return Ok(gone_to(&format!("{NOTIFICATIONS}/{id}"))),
            Err(StoreError::Invalid { why, .. }) => input.fault("extra", format!("Not stored: {why}.")),
            Err(StoreError::Changed { .. }) => {
                let now = Place::of(&app, &session, id, event).await?;
                let page = now.form(&app, &session, now.shown, &input);
                let (subject, stored) = ((subject(&now.company), &before), stored(&now.rule));
                return page.overtaken((&app, &session), subject, &stored).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
    place.form(&app, &session, before, &input).refused()
}

/// `POST /staff/notifications/{company}/rules/{event}/preview`: nothing is stored.
pub(crate) async fn preview(
    State(app): State<App>,
    session: StaffSession,
    Path((company, event)): Path<(String, String)>,
    mut input: Input,
) -> Answered<Response> {
    let place = Place::find(&app, &session, &company, &event).await?;
    let before = input.shown();
    let (_, rule) = typed(&place.rule, &mut input);
    let page = place.form(&app, &session, before, &input);
    if !input.is_right() {
        return page.refused();
    }
    let mut rules = app.store.staff_notification_rules(&session.scope, place.company.id).await?;
    for stored in rules.iter_mut().filter(|stored| stored.event == rule.event) {
        *stored = rule.clone();
    }
    let zone = Zone::named(&place.company.timezone);
    let looked = look_back(&app, place.company, rules).await?;
    Ok(render(&page.looking(Look::new(&looked, &zone)))?.into_response())
}
