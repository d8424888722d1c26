use axum::extract::{Path, State};
use axum::response::Response;
use store::{
    AuditSubject, Company, NotificationRule, RECIPIENTS_MAX, RuleOption, Shown, StoreError, Webhook,
};

use crate::app::App;
use crate::caller::Caller;
use crate::pages::render;
use crate::pages::staff::edit::EditPage;
use crate::pages::staff::form::{Field, FormPage, Input, Kind, recipients};
use crate::pages::staff::listing::{Asked, Cell, Deed, ListPage, Table, ThingPage};
use crate::pages::staff::{Answered, Frame, NOTIFICATIONS, company_id, gone_to};
use crate::staff::StaffSession;
use crate::view::alert::recipient_words;

/// `GET /staff/notifications`
pub(crate) async fn list(State(app): State<App>, session: StaffSession) -> Answered {
    let companies = app.store.staff_companies(&session.scope).await?;
    let mut rows = Vec::with_capacity(companies.len());
    for company in &companies {
        let rules = app.store.staff_notification_rules(&session.scope, company.id).await?;
        let operations = app.store.staff_notification_recipients(&session.scope, company.id).await?;
        let told = rules.iter().filter(|rule| rule.enabled).count();
        rows.push(vec![
            Cell::link(&company.name, format!("{NOTIFICATIONS}/{}", company.id)),
            Cell::text(format!("{told} of {}", rules.len())),
            Cell::number(operations.len() as i64),
        ]);
    }
    let head = &["Company", "Events told", "On the operations list"];
    let total = companies.len().min(1) as i64;
    let table = Table { title: "Companies", head, rows, none: "No company is found.", more: None };
    let frame = Frame::new(&app, &session, NOTIFICATIONS);
    // All of them stand on one page: there are a handful.
    Ok(render(&ListPage::new(frame, "Notifications", &Asked::default(), total, table))?)
}

/// `GET /staff/notifications/{company}`
pub(crate) async fn show(State(app): State<App>, session: StaffSession, Path(id): Path<String>) -> Answered {
    let company = app.store.staff_company(&session.scope, company_id(&id)?).await?;
    let rules = app.store.staff_notification_rules(&session.scope, company.id).await?;
    let operations = app.store.staff_notification_recipients(&session.scope, company.id).await?;
    let webhooks = app.store.staff_webhooks_of(&session.scope, company.id).await?;
    let here = format!("{NOTIFICATIONS}/{}", company.id);
    let nobody = "nobody: alerts go to nobody of yours".to_owned();
    let facts = vec![
        ("Operations list", Cell::text(if operations.is_empty() { nobody } else { operations.join(", ") })),
        ("Webhooks", Cell::number(webhooks.len() as i64)),
        ("Quiet hours in", Cell::text(&company.timezone)),
    ];
    let mut deeds = Vec::new();
    if session.is_admin() {
        deeds.push(Deed::Go { to: format!("{here}/operations"), words: "Edit the operations list" });
    }
    let rows = rules.iter().map(|rule| row(&session, &here, rule, &webhooks)).collect();
    let head = &["Event", "Told", "From", "After", "Over after", "Not again for", "Quiet hours", "To"];
    let page = ThingPage {
        frame: Frame::new(&app, &session, NOTIFICATIONS),
        kind: "Notifications",
        title: company.name,
        pill: None,
        warning: None,
        facts,
        deeds,
        tables: vec![Table { title: "What is told, and when", head, rows, none: "", more: None }],
        letter: None,
    };
    Ok(render(&page)?)
}

fn row(session: &StaffSession, here: &str, rule: &NotificationRule, webhooks: &[Webhook]) -> Vec<Cell> {
    let has = |option: RuleOption| rule.event.options().contains(&option);
    let time = |option: RuleOption, seconds: i64| {
        Cell::text(if has(option) { report::duration_words(seconds * 1_000) } else { "–".to_owned() })
    };
    let words = rule.event.words();
    let name = if session.is_admin() {
        Cell::link(words, format!("{here}/rules/{}", rule.event))
    } else {
        Cell::text(words)
    };
    let window = match has(RuleOption::Window) {
        true => format!("within {}", report::duration_words(rule.window_s * 1_000)),
        false => String::new(),
    };
    let threshold = match rule.threshold {
        Some(threshold) => Cell::text(format!("{threshold} {}", unit(rule))),
        None if has(RuleOption::Threshold) => Cell::text("as the terms promise"),
        None => Cell::text("–"),
    };
    vec![
        name,
        if rule.enabled { Cell::pill("up", "Yes") } else { Cell::pill("none", "No") },
        threshold.sub(window),
        time(RuleOption::Sustained, rule.sustained_s),
        time(RuleOption::ClearAfter, rule.clear_after_s),
        time(RuleOption::Cooldown, rule.cooldown_s),
        Cell::text(rule.quiet.map_or("–".to_owned(), |quiet| quiet.to_string())),
        Cell::text(audience(rule, webhooks)),
    ]
}

/// What a threshold counts.
pub(crate) fn unit(rule: &NotificationRule) -> &'static str {
    use store::NotificationEvent::{ErrorBudget, HighLatency, LinkUnstable};
    match rule.event {
        LinkUnstable => "outages",
        HighLatency => "ms",
        ErrorBudget => "% of the allowed down time",
        _ => "%",
    }
}

fn audience(rule: &NotificationRule, webhooks: &[Webhook]) -> String {
    let mut who = Vec::new();
    if rule.by_mail || rule.by_whatsapp {
        who.extend(rule.to_operations.then(|| "operations".to_owned()));
        who.extend(rule.to_client.then(|| "the client".to_owned()));
        let extra = rule.extra.iter().filter(|recipient| rule.reaches(recipient));
        who.extend(extra.map(|recipient| recipient_words(recipient)));
    }
    match webhooks.iter().filter(|webhook| webhook.hears(rule.event)).count() {
        0 => {}
        1 => who.push("one webhook".to_owned()),
        several => who.push(format!("{several} webhooks")),
    }
    if who.is_empty() { "nobody".to_owned() } else { who.join(", ") }
}

/// `GET /staff/notifications/{company}/operations`
pub(crate) async fn operations(
    State(app): State<App>,
    session: StaffSession,
    Path(id): Path<String>,
) -> Answered {
    let company = app.store.staff_company(&session.scope, company_id(&id)?).await?;
    let (emails, shown) = app.store.shown_notification_recipients(&session.scope, company.id).await?;
    Ok(render(&operations_form(&app, &session, &company, shown, &listed(&emails)))?)
}

fn listed(emails: &[String]) -> Input {
    Input::of(&[("operations", &emails.join("\n"))])
}

fn operations_form(
    app: &App,
    session: &StaffSession,
    company: &Company,
    shown: Shown,
    input: &Input,
) -> EditPage {
    let form = FormPage {
        frame: Frame::new(app, session, NOTIFICATIONS),
        title: format!("Operations list of {}", company.name),
        back: (format!("{NOTIFICATIONS}/{}", company.id), "Notifications".to_owned()),
        action: format!("{NOTIFICATIONS}/{}/operations", company.id),
        fields: vec![Field::new(input, "operations", "Addresses and WhatsApp numbers", Kind::Area).hint(
            format!("One on each line, numbers as +91 98123 45678, at most {RECIPIENTS_MAX}. Empty: nobody."),
        )],
        submit: "Save",
        note: "These people hear of every event whose rule says that operations are told.",
    };
    EditPage::new(form, shown)
}

/// `POST /staff/notifications/{company}/operations`
pub(crate) async fn save_operations(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
    mut input: Input,
) -> Answered<Response> {
    let company = app.store.staff_company(&session.scope, company_id(&id)?).await?;
    let before = input.shown();
    let typed =
        input.parsed("operations", |text| recipients(text, RECIPIENTS_MAX as usize)).unwrap_or_default();
    if input.is_right() {
        let address = caller.address_text();
        let act = session.act(&address, app.clock.now_ms());
        match app.store.staff_set_notification_recipients(&act, (company.id, &before), &typed).await {
            Ok(()) => return Ok(gone_to(&format!("{NOTIFICATIONS}/{}", company.id))),
            Err(StoreError::Invalid { why, .. }) => input.fault("operations", why),
            Err(StoreError::Changed { .. }) => {
                let (emails, now) =
                    app.store.shown_notification_recipients(&session.scope, company.id).await?;
                let page = operations_form(&app, &session, &company, now, &input);
                return page
                    .overtaken((&app, &session), (subject(&company), &before), &listed(&emails))
                    .await;
            }
            Err(error) => return Err(error.into()),
        }
    }
    operations_form(&app, &session, &company, before, &input).refused()
}

/// A company as the audit log names it.
pub(crate) fn subject(company: &Company) -> AuditSubject<'_> {
    AuditSubject { company: Some(company.id), kind: "company", id: company.id.0, name: &company.name }
}
