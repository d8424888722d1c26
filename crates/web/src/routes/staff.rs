use super::Access::{Admin, Open, Operator, Staff};
use super::Answer::{Download, Page};
use super::{Id, Route, get, post};
use crate::pages::staff::{
    self, account, alerts, audit, clients, companies, deliveries, delivery_file, design, exclusions, export,
    forgot, import, interfaces, link_edit, link_form, links, login, login_code, logo, member_form,
    notifications, outages, report_files, reports, router_check, router_form, routers, rule_form, search,
    second_factor, team, terms, user, users, viewing, wall, webhook_form, webhooks,
};

/// The pages of the ISP's own people.
pub(super) fn routes() -> Vec<Route> {
    [
        door(),
        overview(),
        alerts(),
        messages(),
        webhooks(),
        reports(),
        clients(),
        users(),
        team(),
        routers(),
        links(),
        exclusions(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn door() -> Vec<Route> {
    const BOTH: &str = "password=correct+horse+battery&code=123456";
    vec![
        get(Open, Page, staff::LOGIN, login::show),
        post(Open, staff::LOGIN, login::submit).with_form("username=nobody&password=none"),
        get(Open, Page, staff::LOGIN_CODE, login_code::show),
        post(Open, staff::LOGIN_CODE, login_code::submit).with_form("code=123456"),
        post(Open, "/staff/logout", login::log_out),
        get(Open, Page, "/staff/forgot", forgot::show),
        post(Open, "/staff/forgot", forgot::submit).with_form("username=nobody"),
        get(Open, Page, "/staff/reset/{token}", forgot::show_link),
        post(Open, "/staff/reset/{token}", forgot::use_link)
            .with_form("new=a+long+new+password&repeat=a+long+new+password"),
        get(Staff, Page, staff::ACCOUNT, account::show),
        post(Staff, "/staff/account/password", account::change_password)
            .with_form("current=correct+horse+battery&new=a+long+new+password&repeat=a+long+new+password"),
        post(Staff, "/staff/account/factor/begin", second_factor::begin)
            .with_form("password=correct+horse+battery"),
        post(Staff, "/staff/account/factor/confirm", second_factor::confirm).with_form("code=123456"),
        post(Staff, "/staff/account/factor/off", second_factor::off).with_form(BOTH),
        post(Staff, "/staff/account/factor/codes", second_factor::new_codes).with_form(BOTH),
    ]
}

fn overview() -> Vec<Route> {
    const LOGO: &str = "--logo-file\r\nContent-Disposition: form-data; name=\"logo\"; filename=\"logo.svg\"\r\n\
                        Content-Type: image/svg+xml\r\n\r\n<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 3'/>\r\n\
                        --logo-file--\r\n";
    vec![
        get(Staff, Page, staff::WALL, wall::show),
        get(Staff, Page, "/staff/wall", wall::live),
        get(Staff, Page, staff::SEARCH, search::show),
        get(Staff, Page, staff::COMPANIES, companies::list),
        get(Admin, Page, "/staff/companies/new", companies::new),
        post(Admin, staff::COMPANIES, companies::add)
            .with_form("name=Third+Brand&timezone=Europe%2FLisbon&currency=EUR"),
        get(Admin, Page, "/staff/companies/{company}", companies::show),
        post(Admin, "/staff/companies/{company}/retire", companies::retire),
        get(Admin, Page, "/staff/companies/{company}/edit", companies::edit),
        post(Admin, "/staff/companies/{company}/edit", companies::save)
            .with_form("name=Renamed&accent=%23123456&shown={shown}"),
        get(Admin, Page, "/staff/companies/{company}/logo", logo::show),
        post(Admin, "/staff/companies/{company}/logo", logo::upload)
            .with_form(LOGO)
            .with_body(logo::FORM_BYTES_MAX),
        get(Admin, Page, "/staff/companies/{company}/logo/picture", logo::picture),
        post(Admin, "/staff/companies/{company}/logo/remove", logo::remove),
        get(Staff, Page, staff::AUDIT, audit::list),
        get(Staff, Page, staff::DESIGN, design::show),
        get(Staff, Page, staff::IMPORT, import::show),
        post(Operator, staff::IMPORT, import::submit)
            .with_form("what=clients&deed=enter&csv=name,company%0AAdded,{name}")
            .with_body(import::FORM_BYTES_MAX),
        get(Staff, Download, "/staff/export.csv", export::csv),
    ]
}

fn alerts() -> Vec<Route> {
    vec![
        get(Staff, Page, staff::ALERTS, alerts::list),
        get(Staff, Page, "/staff/alerts/{alert}", alerts::show),
        post(Operator, "/staff/alerts/{alert}/acknowledge", alerts::acknowledge).with_form("note=seen"),
        post(Operator, "/staff/alerts/{alert}/assign", alerts::assign).with_form("to=noc"),
        post(Operator, "/staff/alerts/{alert}/close", alerts::close).with_form("reason=moved"),
        get(Staff, Page, staff::OUTAGES, outages::list),
        get(Staff, Page, "/staff/outages/{outage}", outages::show),
        post(Operator, "/staff/outages/{outage}/reason", outages::publish).with_form("reason=A+digger"),
        post(Operator, "/staff/outages/{outage}/unreason", outages::take_back),
    ]
}

fn messages() -> Vec<Route> {
    const RULE: &str = "enabled=on&sustained=5m&clear_after=1m&cooldown=5m&quiet=22:00-07:00&to_operations=on\
                        &to_client=off&by_mail=on&by_whatsapp=on&extra=&shown={shown}";
    vec![
        get(Staff, Page, staff::NOTIFICATIONS, notifications::list),
        get(Staff, Page, "/staff/notifications/{company}", notifications::show),
        get(Admin, Page, "/staff/notifications/{company}/operations", notifications::operations),
        post(Admin, "/staff/notifications/{company}/operations", notifications::save_operations)
            .with_form("operations=noc%40isp.example&shown={shown}"),
        get(Admin, Page, "/staff/notifications/{company}/rules/{event}", rule_form::edit),
        post(Admin, "/staff/notifications/{company}/rules/{event}", rule_form::save).with_form(RULE),
        post(Admin, "/staff/notifications/{company}/rules/{event}/preview", rule_form::preview)
            .with_form(RULE),
        get(Staff, Page, staff::DELIVERIES, deliveries::list),
        get(Staff, Download, "/staff/deliveries.csv", delivery_file::csv),
        post(Operator, "/staff/deliveries/retry", deliveries::retry_all),
        get(Staff, Page, "/staff/deliveries/{message}", deliveries::show),
        post(Operator, "/staff/deliveries/{message}/retry", deliveries::retry),
    ]
}

fn webhooks() -> Vec<Route> {
    const FORM: &str = "company={company}&url=https%3A%2F%2Fhooks.example.net%2Fadded&link_down=on";
    vec![
        get(Admin, Page, staff::WEBHOOKS, webhooks::list),
        get(Admin, Page, "/staff/webhooks/new", webhook_form::new),
        post(Admin, staff::WEBHOOKS, webhook_form::add).with_form(FORM),
        get(Admin, Page, "/staff/webhooks/{webhook}", webhooks::show),
        get(Admin, Page, "/staff/webhooks/{webhook}/edit", webhook_form::edit),
        post(Admin, "/staff/webhooks/{webhook}/edit", webhook_form::save)
            .with_form("url=https%3A%2F%2Fhooks.example.net%2Fmoved&shown={shown}"),
        post(Admin, "/staff/webhooks/{webhook}/pause", webhooks::pause),
        post(Admin, "/staff/webhooks/{webhook}/resume", webhooks::resume),
        post(Admin, "/staff/webhooks/{webhook}/secret", webhooks::renew),
        post(Admin, "/staff/webhooks/{webhook}/test", webhooks::test),
        post(Admin, "/staff/webhooks/{webhook}/remove", webhooks::remove),
    ]
}

fn reports() -> Vec<Route> {
    vec![
        get(Staff, Page, staff::REPORTS, reports::list).with_query(&[("client", Id::Client)]),
        get(Staff, Page, "/staff/reports/{report}", reports::show),
        get(Staff, Download, "/staff/reports/{report}/statement.pdf", report_files::pdf),
        get(Staff, Download, "/staff/reports/{report}/statement.csv", report_files::csv),
        get(Staff, Download, "/staff/reports/{report}/statement.json", report_files::json),
    ]
}

fn clients() -> Vec<Route> {
    vec![
        get(Staff, Page, staff::CLIENTS, clients::list),
        get(Operator, Page, "/staff/clients/new", clients::new),
        post(Operator, staff::CLIENTS, clients::add).with_form("company={company}&name=Added"),
        get(Staff, Page, "/staff/clients/{client}", clients::show),
        get(Operator, Page, "/staff/clients/{client}/edit", clients::edit),
        post(Operator, "/staff/clients/{client}/edit", clients::save).with_form("name=Renamed&shown={shown}"),
        post(Operator, "/staff/clients/{client}/retire", clients::retire),
        post(Staff, "/staff/clients/{client}/view", viewing::begin),
        post(Staff, viewing::END, viewing::end),
    ]
}

fn users() -> Vec<Route> {
    vec![
        get(Staff, Page, staff::USERS, users::list),
        get(Operator, Page, "/staff/users/new", user::new),
        post(Operator, staff::USERS, user::add)
            .with_form("client={client}&username=added&email=a%40added.example&role=viewer"),
        get(Staff, Page, "/staff/users/{user}", user::show),
        get(Operator, Page, "/staff/users/{user}/edit", user::edit),
        post(Operator, "/staff/users/{user}/edit", user::save)
            .with_form("email=other%40added.example&role=viewer&shown={shown}"),
        post(Operator, "/staff/users/{user}/link", user::send_link),
        post(Operator, "/staff/users/{user}/recover", user::recover),
        post(Operator, "/staff/users/{user}/off", user::switch_off),
        post(Operator, "/staff/users/{user}/on", user::switch_on),
    ]
}

fn team() -> Vec<Route> {
    vec![
        get(Admin, Page, staff::TEAM, team::list),
        get(Admin, Page, "/staff/team/new", member_form::new),
        post(Admin, staff::TEAM, member_form::add)
            .with_form("username=added&email=a%40isp.example&role=viewer&companies={company}"),
        get(Admin, Page, "/staff/team/{member}", team::show),
        get(Admin, Page, "/staff/team/{member}/edit", member_form::edit),
        post(Admin, "/staff/team/{member}/edit", member_form::save).with_form(
            "display_name=New&email=b%40isp.example&role=viewer&companies={company}&shown={shown}",
        ),
        post(Admin, "/staff/team/{member}/link", team::send_link),
        post(Admin, "/staff/team/{member}/recover", team::recover),
        post(Admin, "/staff/team/{member}/off", team::switch_off),
        post(Admin, "/staff/team/{member}/on", team::switch_on),
        post(Admin, "/staff/team/{member}/remove", team::remove),
    ]
}

fn routers() -> Vec<Route> {
    vec![
        get(Staff, Page, staff::ROUTERS, routers::list),
        get(Operator, Page, "/staff/routers/new", router_form::new),
        post(Operator, staff::ROUTERS, router_form::add).with_form(
            "company={company}&name=added&address=192.0.2.9&port=8728&username=u&password=secret&tls=off",
        ),
        get(Staff, Page, "/staff/routers/{router}", routers::show),
        get(Operator, Page, "/staff/routers/{router}/edit", router_form::edit),
        post(Operator, "/staff/routers/{router}/edit", router_form::save).with_form(
            "name=renamed&address=192.0.2.9&port=8728&username=u&password=secret&tls=off&shown={shown}",
        ),
        get(Staff, Page, "/staff/routers/{router}/check", router_check::show),
        get(Staff, Page, "/staff/routers/{router}/check/live", router_check::live),
        post(Operator, "/staff/routers/{router}/check", router_check::ask),
        post(Operator, "/staff/routers/{router}/retire", routers::retire),
        post(Operator, "/staff/routers/{router}/poll", routers::poll),
    ]
}

fn links() -> Vec<Route> {
    vec![
        get(Staff, Page, staff::LINKS, links::list),
        get(Operator, Page, "/staff/links/new", link_form::new),
        post(Operator, staff::LINKS, link_form::add).with_form(
            "client={client}&router={router}&circuit=ADDED-1&interface=ether9&kind=ILL&committed=100\
             &facing=customer&activated=2026-11-01&down_when=interface",
        ),
        post(Operator, "/staff/links/interfaces", interfaces::ask)
            .with_form("router={router}&circuit=ADDED-1&interface=ether9"),
        get(Staff, Page, "/staff/links/{link}", links::show),
        get(Operator, Page, "/staff/links/{link}/edit", link_edit::edit),
        post(Operator, "/staff/links/{link}/edit", link_edit::save).with_form(
            "circuit=RENAMED-1&interface=ether8&kind=ILL&committed=50&facing=customer&shown={shown}",
        ),
        get(Operator, Page, "/staff/links/{link}/terms", terms::edit),
        post(Operator, "/staff/links/{link}/terms", terms::save)
            .with_form("valid_from=2026-12-01&uptime_pct=99.9&down_when=interface&shown={shown}"),
        post(Operator, "/staff/links/{link}/retire", links::retire)
            .with_form("at=2026-11-23T18:00&shown={shown}"),
    ]
}

fn exclusions() -> Vec<Route> {
    vec![
        get(Staff, Page, staff::EXCLUSIONS, exclusions::list),
        get(Operator, Page, "/staff/exclusions/new", exclusions::new).with_query(&[("link", Id::Link)]),
        post(Operator, staff::EXCLUSIONS, exclusions::add).with_form(
            "circuit={circuit}&kind=planned_maintenance&from=2026-11-23T10:00&to=2026-11-23T11:00&reason=fibre",
        ),
        get(Staff, Page, "/staff/exclusions/{exclusion}", exclusions::show),
        post(Operator, "/staff/exclusions/{exclusion}/end", exclusions::end).with_form("at=2026-11-23T17:00&shown={shown}"),
        post(Operator, "/staff/exclusions/{exclusion}/remove", exclusions::remove),
    ]
}
