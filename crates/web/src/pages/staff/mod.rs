//! The pages of the ISP's own people. Every store function behind them takes the [`store::StaffScope`] of the session.

pub(crate) mod account;
pub(crate) mod alerts;
pub(crate) mod audit;
pub(crate) mod clients;
pub(crate) mod companies;
pub(crate) mod deliveries;
pub(crate) mod delivery_file;
pub(crate) mod design;
pub(crate) mod edit;
pub(crate) mod exclusions;
pub(crate) mod export;
pub(crate) mod export_list;
pub(crate) mod forgot;
pub(crate) mod form;
pub(crate) mod import;
pub(crate) mod interfaces;
pub(crate) mod letter;
pub(crate) mod link_edit;
pub(crate) mod link_fields;
pub(crate) mod link_form;
pub(crate) mod links;
pub(crate) mod listing;
pub(crate) mod login;
pub(crate) mod login_code;
pub(crate) mod logo;
pub(crate) mod look_back;
pub(crate) mod member_form;
pub(crate) mod notifications;
pub(crate) mod outages;
pub(crate) mod report_files;
pub(crate) mod reports;
pub(crate) mod router_check;
pub(crate) mod router_form;
pub(crate) mod routers;
pub(crate) mod rule_form;
pub(crate) mod search;
pub(crate) mod second_factor;
pub(crate) mod team;
pub(crate) mod terms;
pub(crate) mod user;
pub(crate) mod users;
pub(crate) mod viewing;
pub(crate) mod wall;
pub(crate) mod webhook_form;
pub(crate) mod webhooks;

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use store::{
    AlertId, ClientId, CompanyId, ExclusionId, OutageId, OutboxId, PortalUserId, RouterId, StaffUserId,
    WebhookId,
};

use crate::app::App;
use crate::assets::asset_url;
use crate::error::{PageError, StaffError};
use crate::staff::StaffSession;

pub(crate) const LOGIN: &str = "/staff/login";
pub(crate) const LOGIN_CODE: &str = "/staff/login/code";
pub(crate) const WALL: &str = "/staff";
pub(crate) const COMPANIES: &str = "/staff/companies";
pub(crate) const CLIENTS: &str = "/staff/clients";
pub(crate) const USERS: &str = "/staff/users";
pub(crate) const ROUTERS: &str = "/staff/routers";
pub(crate) const LINKS: &str = "/staff/links";
pub(crate) const EXCLUSIONS: &str = "/staff/exclusions";
pub(crate) const ALERTS: &str = "/staff/alerts";
pub(crate) const OUTAGES: &str = "/staff/outages";
pub(crate) const DELIVERIES: &str = "/staff/deliveries";
pub(crate) const NOTIFICATIONS: &str = "/staff/notifications";
pub(crate) const WEBHOOKS: &str = "/staff/webhooks";
pub(crate) const REPORTS: &str = "/staff/reports";
pub(crate) const AUDIT: &str = "/staff/audit";
pub(crate) const TEAM: &str = "/staff/team";
pub(crate) const ACCOUNT: &str = "/staff/account";
/// What somebody can do who must set a second factor up first.
pub(crate) const SETTING_UP: [&str; 3] =
    [ACCOUNT, "/staff/account/factor/begin", "/staff/account/factor/confirm"];
pub(crate) const IMPORT: &str = "/staff/import";
pub(crate) const SEARCH: &str = "/staff/search";
pub(crate) const DESIGN: &str = "/staff/design";

/// What staff pages answer with.
pub(crate) type Answered<T = Html<String>> = Result<T, StaffError>;

/// What the frame around every staff page shows.
pub(crate) struct Frame {
    pub(crate) css: String,
    pub(crate) js: String,
    pub(crate) works_for: String,
    pub(crate) name: String,
    pub(crate) username: String,
    pub(crate) role: &'static str,
    pub(crate) zone: String,
    pub(crate) now_ms: i64,
    pub(crate) refresh_ms: u32,
    pub(crate) is_admin: bool,
    /// How many alerts are there to be dealt with.
    pub(crate) open_alerts: i64,
    /// The address of the list that the page belongs to.
    pub(crate) at: &'static str,
}

impl Frame {
    pub(crate) fn new(app: &App, session: &StaffSession, at: &'static str) -> Self {
        let now_ms = app.clock.now_ms();
        let user = &session.user;
        Self {
            css: asset_url("app.css"),
            js: asset_url("app.js"),
            works_for: session.works_for.clone(),
            name: if user.display_name.is_empty() { &user.username } else { &user.display_name }.clone(),
            username: user.username.clone(),
            role: user.role.as_str(),
            zone: session.zone.label(now_ms),
            now_ms,
            refresh_ms: app.settings.refresh_ms,
            is_admin: session.is_admin(),
            open_alerts: session.open_alerts,
            at,
        }
    }

    /// The places of the navigation, in groups; a group without a name is its only place.
    pub(crate) fn groups(&self) -> Vec<Group> {
        let mut company =
            vec![(COMPANIES, "Companies"), (NOTIFICATIONS, "Notifications"), (DELIVERIES, "Deliveries")];
        if self.is_admin {
            company.push((WEBHOOKS, "Webhooks"));
            company.push((TEAM, "Staff"));
        }
        company.push((AUDIT, "Audit"));
        company.push((IMPORT, "CSV files"));
        vec![
            Group { name: "", places: vec![(WALL, "Overview")] },
            Group { name: "", places: vec![(ALERTS, "Alerts")] },
            Group {
                name: "Network",
                places: vec![
                    (LINKS, "Links"),
                    (ROUTERS, "Routers"),
                    (OUTAGES, "Outages"),
                    (EXCLUSIONS, "Exclusions"),
                ],
            },
            Group {
                name: "Customers",
                places: vec![(CLIENTS, "Clients"), (USERS, "Portal users"), (REPORTS, "SLA reports")],
            },
            Group { name: "Company", places: company },
        ]
    }
}

/// Places of the navigation under one name.
pub(crate) struct Group {
    pub(crate) name: &'static str,
    pub(crate) places: Vec<(&'static str, &'static str)>,
}

impl Group {
    /// Whether the page of an address is among them.
    fn holds(&self, at: &str) -> bool {
        self.places.iter().any(|(address, _)| *address == at)
    }
}

/// Leads on to a page after a change.
pub(crate) fn gone_to(address: &str) -> Response {
    Redirect::to(address).into_response()
}

/// A page whose form was not accepted.
pub(crate) fn refused(page: impl IntoResponse) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
}

/// An id of a path. What is no id at all is as absent as what is out of the scope.
macro_rules! id {
    ($name:ident, $id:ident) => {
        pub(crate) fn $name(text: &str) -> Result<$id, PageError> {
            text.parse().map($id).map_err(|_| PageError::NotFound)
        }
    };
}
id!(client_id, ClientId);
id!(company_id, CompanyId);
id!(router_id, RouterId);
id!(exclusion_id, ExclusionId);
id!(alert_id, AlertId);
id!(outage_id, OutageId);
id!(user_id, PortalUserId);
id!(member_id, StaffUserId);
id!(message_id, OutboxId);
id!(webhook_id, WebhookId);
