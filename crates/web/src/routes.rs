mod staff;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{self, MethodRouter};

use crate::app::App;
use crate::error::{PageError, StaffError};
use crate::session::{self, NoSession, PersonSession};
use crate::{assets, pages, staff as staff_session, texts};

/// Who may ask for a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Open,
    /// Another program, whose signature or word the handler checks before anything else.
    Signed,
    /// A person of a client who is logged in, or one of the ISP who looks at what the client sees.
    Client,
    /// A person of a client who is logged in: it is about this person's own account.
    Person,
    /// The same, in the role of owner.
    Owner,
    /// A person of the ISP who is logged in.
    Staff,
    /// The same, in the role of operator or admin.
    Operator,
    /// The same, in the role of admin.
    Admin,
}

/// What a route answers with; it decides what somebody without a session gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A page: without a session the way leads to the login and back.
    Page,
    /// Figures for a script: without a session 401.
    Data,
    /// Server-sent events, which do not end: without a session 401.
    Stream,
    /// A file: without a session the way leads to the login and back.
    Download,
    /// Something is done, and a page follows: without a session the way leads to the login.
    Change,
}

/// What a placeholder of a path, or a field of a query, stands for. The walk makes one's own, another client's and an
/// absent one of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Id {
    /// A link.
    Link,
    /// A statement.
    Report,
    /// A session of one's own.
    Session,
    /// A person of the client.
    User,
    /// A person of the ISP.
    Member,
    /// A company.
    Company,
    /// A client.
    Client,
    /// A router.
    Router,
    /// An exclusion.
    Exclusion,
    /// An alert.
    Alert,
    /// An outage.
    Outage,
    /// A message of the outbox.
    Message,
    /// A webhook.
    Webhook,
    /// An event of which companies tell; it is nobody's.
    Event,
    /// The secret of a link that sets a password.
    Token,
    /// The name of an asset.
    Asset,
    /// The name of an icon.
    Icon,
}

impl Id {
    /// The kind that a placeholder of this name stands for: `{link}` is a link.
    pub fn named(placeholder: &str) -> Option<Self> {
        Some(match placeholder {
            "link" => Self::Link,
            "report" => Self::Report,
            "session" => Self::Session,
            "user" => Self::User,
            "member" => Self::Member,
            "company" => Self::Company,
            "client" => Self::Client,
            "router" => Self::Router,
            "exclusion" => Self::Exclusion,
            "alert" => Self::Alert,
            "outage" => Self::Outage,
            "message" => Self::Message,
            "webhook" => Self::Webhook,
            "event" => Self::Event,
            "token" => Self::Token,
            "*asset" => Self::Asset,
            "icon" => Self::Icon,
            _ => return None,
        })
    }
}

/// One route: the router is built from it, and the walk in the tests goes there with foreign ids.
#[derive(Clone, Debug)]
pub struct Route {
    /// `GET` or `POST`.
    pub method: Method,
    /// With placeholders that [`Id::named`] knows.
    pub path: &'static str,
    /// Who may ask.
    pub access: Access,
    /// What comes back.
    pub answer: Answer,
    /// Fields of the query that name something, beside the path's placeholders.
    pub query: &'static [(&'static str, Id)],
    /// A form that the route accepts, for the walk. A staff route's form names things as paths do: `client={client}`.
    pub form: &'static str,
    handler: MethodRouter<App>,
}

/// Every route of the portal. What is not here is not served; what is here is walked.
pub fn routes() -> Vec<Route> {
    [door(), hooks(), links(), account(), staff::routes()].into_iter().flatten().collect()
}

/// What is there for everybody.
fn door() -> Vec<Route> {
    use Access::Open;
    use Answer::{Data, Download, Page};
    vec![
        get(Open, Page, "/", || async { Redirect::to(pages::DASHBOARD) }),
        get(Open, Page, "/client", || async { Redirect::to(pages::DASHBOARD) }),
        get(Open, Download, "/assets/{*asset}", assets::asset),
        get(Open, Download, "/favicon.svg", assets::favicon),
        get(Open, Download, "/client/brand.css", pages::brand::sheet),
        get(Open, Download, "/client/brand/logo", pages::brand::logo),
        get(Open, Download, "/client/brand/{icon}", pages::brand::icon),
        get(Open, Data, "/client/manifest.webmanifest", pages::install::manifest),
        get(Open, Download, "/client/worker.js", pages::install::worker),
        get(Open, Page, "/client/offline", pages::install::offline),
        get(Open, Data, "/healthz", pages::health::alive),
        get(Open, Data, "/readyz", pages::health::ready),
        get(Open, Page, pages::LOGIN, pages::login::show),
        post(Open, pages::LOGIN, pages::login::submit).with_form("username=nobody&password=none"),
        get(Open, Page, pages::LOGIN_CODE, pages::login_code::show),
        post(Open, pages::LOGIN_CODE, pages::login_code::submit).with_form("code=123456"),
        post(Open, "/client/logout", pages::logout::submit),
        get(Open, Page, "/client/forgot", pages::forgot::show),
        post(Open, "/client/forgot", pages::forgot::submit).with_form("username=nobody"),
        get(Open, Page, "/client/reset/{token}", pages::reset::show),
        post(Open, "/client/reset/{token}", pages::reset::submit)
            .with_form("new=a+long+new+password&repeat=a+long+new+password"),
    ]
}

/// What other programs tell.
fn hooks() -> Vec<Route> {
    use pages::whatsapp_hook::{BODY_BYTES_MAX, WHATSAPP_HOOK, receive, verify};
    vec![
        get(Access::Signed, Answer::Data, WHATSAPP_HOOK, verify),
        post(Access::Signed, WHATSAPP_HOOK, receive).with_body_up_to(BODY_BYTES_MAX),
    ]
}

/// What a client's links do.
fn links() -> Vec<Route> {
    use Access::Client;
    use Answer::{Data, Download, Page, Stream};
    vec![
        get(Client, Page, pages::DASHBOARD, pages::dashboard::show),
        get(Client, Page, "/client/dashboard/cards", pages::dashboard::cards),
        get(Client, Stream, "/client/dashboard/events", pages::events::board),
        get(Client, Page, pages::LINKS, pages::links::show),
        get(Client, Page, "/client/links/{link}", pages::link::show),
        get(Client, Page, "/client/links/{link}/live", pages::link::live),
        get(Client, Stream, "/client/links/{link}/events", pages::events::link),
        get(Client, Stream, "/client/links/{link}/traffic/events", pages::traffic::events),
        get(Client, Page, "/client/links/{link}/figures", pages::charts::figures),
        get(Client, Data, "/client/links/{link}/series.json", pages::series::show),
        get(Client, Download, "/client/links/{link}/traffic.csv", pages::csv::traffic),
        get(Client, Download, "/client/links/{link}/latency.csv", pages::csv::latency),
        get(Client, Download, "/client/links/{link}/loss.csv", pages::csv::loss),
        get(Client, Page, pages::REPORTS, pages::reports::show).with_query(&[("link", Id::Link)]),
        get(Client, Page, "/client/sla-reports/{report}", pages::report::show),
        get(Client, Download, "/client/sla-reports/{report}/statement.pdf", pages::download::pdf),
        get(Client, Download, "/client/sla-reports/{report}/statement.csv", pages::download::csv),
        get(Client, Download, "/client/sla-reports/{report}/statement.json", pages::download::json),
    ]
}

/// The own account, and for owners those of the client's people.
fn account() -> Vec<Route> {
    use Access::{Owner, Person};
    use Answer::Page;
    use pages::account::{PROFILE, SECOND_FACTOR, SESSIONS, USERS};
    use pages::account::{password, profile, recovery_codes, second_factor, sessions, users, whatsapp};
    const BOTH: &str = "password=correct+horse+battery&code=123456";
    vec![
        get(Person, Page, PROFILE, profile::show),
        post(Person, "/client/profile/mails", profile::submit_mails).with_form("sla_breach=on"),
        post(Person, "/client/profile/whatsapp", whatsapp::submit)
            .with_form("phone=%2B919812345678&agrees=on"),
        post(Person, "/client/profile/password", password::submit)
            .with_form("current=correct+horse+battery&new=a+long+new+password&repeat=a+long+new+password"),
        get(Person, Page, SECOND_FACTOR, second_factor::show),
        post(Person, "/client/profile/second-factor/begin", second_factor::begin)
            .with_form("password=correct+horse+battery"),
        post(Person, "/client/profile/second-factor/confirm", second_factor::confirm)
            .with_form("code=123456"),
        post(Person, "/client/profile/second-factor/off", second_factor::off).with_form(BOTH),
        post(Person, "/client/profile/second-factor/codes", second_factor::new_codes).with_form(BOTH),
        post(Person, "/client/profile/second-factor/codes.txt", recovery_codes::file)
            .with_form("codes=abcde-fgh23"),
        get(Person, Page, SESSIONS, sessions::show),
        post(Person, "/client/profile/sessions/end-others", sessions::end_others),
        post(Person, "/client/profile/sessions/{session}/end", sessions::end),
        get(Owner, Page, USERS, users::show),
        post(Owner, USERS, users::invite).with_form("username=new&email=new%40deccan.example&role=viewer"),
        post(Owner, "/client/users/{user}/role", users::set_role).with_form("role=owner"),
        post(Owner, "/client/users/{user}/off", users::switch_off),
        post(Owner, "/client/users/{user}/on", users::switch_on),
    ]
}

fn get<H: Handler<T, App>, T: 'static>(
    access: Access,
    answer: Answer,
    path: &'static str,
    handler: H,
) -> Route {
    Route::new(Method::GET, path, access, answer, routing::get(handler))
}

fn post<H: Handler<T, App>, T: 'static>(access: Access, path: &'static str, handler: H) -> Route {
    Route::new(Method::POST, path, access, Answer::Change, routing::post(handler))
}

impl Route {
    fn new(
        method: Method,
        path: &'static str,
        access: Access,
        answer: Answer,
        handler: MethodRouter<App>,
    ) -> Self {
        let handler = handler.layer(from_fn(texts::check));
        Self { method, path, access, answer, query: &[], form: "", handler }
    }

    /// A form that is longer than others may be.
    fn with_body(self, bytes_max: usize) -> Self {
        Self { handler: self.handler.layer(DefaultBodyLimit::max(bytes_max)), ..self }
    }

    fn with_query(self, query: &'static [(&'static str, Id)]) -> Self {
        Self { query, ..self }
    }

    fn with_form(self, form: &'static str) -> Self {
        Self { form, ..self }
    }

    /// Takes larger bodies than pages do.
    fn with_body_up_to(self, bytes_max: usize) -> Self {
        Self { handler: self.handler.layer(DefaultBodyLimit::max(bytes_max)), ..self }
    }

    /// The kinds of the path's placeholders, in order.
    ///
    /// # Errors
    /// The placeholder that [`Id::named`] does not know.
    pub fn ids(&self) -> Result<Vec<Id>, &'static str> {
        let placeholders = self.path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
        placeholders.map(|name| Id::named(name).ok_or(name)).collect()
    }

    /// Whether it is a page of the ISP's own people, open ones included: the one walk or the other goes there.
    pub fn is_staff(&self) -> bool {
        self.path == "/staff" || self.path.starts_with("/staff/")
    }

    /// The handler behind its guard: a route that is not open cannot be reached without a session, whatever the
    /// handler asks for.
    pub(crate) fn guarded(self, app: &App) -> MethodRouter<App> {
        match self.access {
            Access::Open | Access::Signed => self.handler,
            Access::Client | Access::Person | Access::Owner => {
                let rule = Rule { app: app.clone(), access: self.access, answer: self.answer };
                self.handler.route_layer(from_fn_with_state(rule, guard))
            }
            Access::Staff | Access::Operator | Access::Admin => {
                let rule = Rule { app: app.clone(), access: self.access, answer: self.answer };
                self.handler.route_layer(from_fn_with_state(rule, staff_guard))
            }
        }
    }
}

/// Looks the session of a person of the ISP up, whether the role allows the route, and whether a second factor must be set
/// up before anything else.
async fn staff_guard(State(rule): State<Rule>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let by_user = session::is_by_user(&request, rule.answer);
    match staff_session::find(request.headers(), &rule.app, by_user).await {
        Ok(Some(session)) if session.lacks_factor && !pages::staff::SETTING_UP.contains(&path.as_str()) => {
            staff_session::led_to_factor(rule.answer, request.headers())
        }
        Ok(Some(session)) if !session.may(rule.access) => StaffError(PageError::RoleOnly).into_response(),
        Ok(Some(session)) => {
            request.extensions_mut().insert(session);
            next.run(request).await
        }
        Ok(None) => staff_session::refused(rule.answer, request.headers(), wanted(&request)),
        Err(error) => StaffError(error).into_response(),
    }
}

/// Where a request wanted to go, with what was searched or filtered.
fn wanted(request: &Request) -> &str {
    request.uri().path_and_query().map_or(request.uri().path(), |address| address.as_str())
}

#[derive(Clone)]
struct Rule {
    app: App,
    access: Access,
    answer: Answer,
}

/// Looks the session up and hands it to the handler.
async fn guard(State(rule): State<Rule>, mut request: Request, next: Next) -> Response {
    let by_user = session::is_by_user(&request, rule.answer);
    match session::find(request.headers(), &rule.app, by_user).await {
        Ok(Some(session)) if rule.access == Access::Client => {
            request.extensions_mut().insert(session);
            next.run(request).await
        }
        Ok(Some(session)) => match PersonSession::of(session) {
            None => PageError::PersonsOnly.into_response(),
            Some(person) if rule.access == Access::Owner && !person.is_owner() => {
                PageError::OwnersOnly.into_response()
            }
            Some(person) => {
                request.extensions_mut().insert(person);
                next.run(request).await
            }
        },
        Ok(None) => NoSession::of(rule.answer, request.headers(), wanted(&request)).into_response(),
        Err(error) => PageError::into_response(error),
    }
}
