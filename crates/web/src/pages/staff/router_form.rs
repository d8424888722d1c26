use axum::extract::{Path, State};
use axum::response::Response;
use import::field;
use store::{
    AuditSubject, CompanyId, NewRouter, Router, RouterFields, RouterId, RouterTls, Shown, StoreError,
};

use crate::app::App;
use crate::caller::Caller;
use crate::pages::render;
use crate::pages::staff::clients::NAME_CHARS_MAX;
use crate::pages::staff::edit::EditPage;
use crate::pages::staff::form::{Field, FormPage, Input, Kind, chosen, words};
use crate::pages::staff::{Answered, Frame, ROUTERS, companies, gone_to, router_id};
use crate::staff::StaffSession;

const TLS: &[(&str, &str)] = &[
    ("pin", "TLS, this very certificate (fingerprint below)"),
    ("system", "TLS, an authority that the machine trusts"),
    ("ca", "TLS, an authority of yours (certificate below)"),
    ("off", "Plain text"),
];
const PEM_HEAD: &str = "-----BEGIN CERTIFICATE-----";

/// `GET /staff/routers/new`
pub(crate) async fn new(State(app): State<App>, session: StaffSession) -> Answered {
    let input = Input::of(&[("tls", "pin"), ("port", "8729")]);
    Ok(render(&new_form(&app, &session, &input).await?)?)
}

async fn new_form(app: &App, session: &StaffSession, input: &Input) -> Answered<FormPage> {
    let mut fields = vec![companies::choice(app, session, input).await?];
    fields.extend(common(input, true));
    Ok(FormPage {
        frame: Frame::new(app, session, ROUTERS),
        title: "Add a router".to_owned(),
        back: (ROUTERS.to_owned(), "Routers".to_owned()),
        action: ROUTERS.to_owned(),
        fields,
        submit: "Add the router",
        note: "It is polled from the next round on. `leaseline router test NAME` says what works.",
    })
}

fn common(input: &Input, is_new: bool) -> Vec<Field> {
    let password = Field::new(input, "password", "Password", Kind::Input("password"));
    let password = if is_new {
        password.required().hint("Kept sealed, and never shown again.")
    } else {
        password.hint(
            "Empty: the password stays as it is. Type it again to change address, port or connection: \
             the sealed one goes nowhere else. It is never shown.",
        )
    };
    vec![
        Field::text(input, "name", "Name").required().hint("A name of your own, unique."),
        Field::text(input, "address", "Address")
            .required()
            .hint("Host name or IP address of its API service."),
        Field::new(input, "port", "Port", Kind::Input("number"))
            .required()
            .hint("8729 with TLS, 8728 without."),
        Field::text(input, "username", "RouterOS user")
            .required()
            .hint("With the policies api, read and test."),
        password,
        Field::choice(input, "tls", "Connection", words(TLS)).required(),
        Field::text(input, "fingerprint", "SHA-256 fingerprint")
            .hint("For a pinned certificate: 64 hexadecimal digits, with or without colons."),
        Field::new(input, "ca", "Certificate of the authority", Kind::Area)
            .hint("For an authority of yours, in PEM form."),
        Field::choice(input, "code_page", "Code page of texts", code_pages()).hint(
            "Names and comments on the router that are not UTF-8 are read in it, for example windows-1251.",
        ),
    ]
}

fn code_pages() -> Vec<(String, String)> {
    let none = [(String::new(), "None (UTF-8)".to_owned())];
    none.into_iter()
        .chain(field::CODE_PAGES.iter().map(|name| ((*name).to_owned(), (*name).to_owned())))
        .collect()
}

/// `POST /staff/routers`
pub(crate) async fn add(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    mut input: Input,
) -> Answered<Response> {
    let company = input.parsed("company", chosen).map(CompanyId);
    let password = input.secret("password");
    if password.is_none() {
        input.fault("password", "This must not be empty.");
    }
    let typed = Typed::of(&mut input);
    if let (true, Some(company_id), Some(password), Some(typed)) =
        (input.is_right(), company, password, typed)
    {
        let Typed { name, address, port, username, tls, code_page } = typed;
        let new = NewRouter {
            company_id,
            name: &name,
            address: &address,
            port,
            username: &username,
            password: &password,
            tls,
        };
        let from = caller.address_text();
        let act = session.act(&from, app.clock.now_ms());
        match app.store.staff_add_router(&act, &new).await {
            Ok(id) => {
                app.store.staff_set_router_code_page(&act, id, code_page).await?;
                return Ok(gone_to(&format!("{ROUTERS}/{id}")));
            }
            Err(StoreError::Duplicate { taken, .. }) => input.taken("name", taken),
            Err(StoreError::NotFound { .. }) => input.fault("company", "There is no such company."),
            Err(StoreError::Invalid { what: "the router", why }) => {
                input.fault("company", format!("Not added: {why}."))
            }
            Err(error) => return Err(error.into()),
        }
    }
    if input.is_right() {
        input.fault("name", "This cannot be stored.");
    }
    new_form(&app, &session, &input).await?.refused()
}

/// `GET /staff/routers/{router}/edit`
pub(crate) async fn edit(State(app): State<App>, session: StaffSession, Path(id): Path<String>) -> Answered {
    let (router, shown) = app.store.shown_router(&session.scope, router_id(&id)?).await?;
    Ok(render(&edit_form(&app, &session, &router, shown, &stored(&router)))?)
}

fn stored(router: &Router) -> Input {
    let (mode, fingerprint, ca) = match &router.tls {
        RouterTls::Off => ("off", String::new(), ""),
        RouterTls::System => ("system", String::new(), ""),
        RouterTls::CaPem(pem) => ("ca", String::new(), pem.as_str()),
        RouterTls::Pinned(digest) => ("pin", digest.map(|byte| format!("{byte:02x}")).concat(), ""),
    };
    Input::of(&[
        ("name", &router.name),
        ("address", &router.address),
        ("port", &router.port.to_string()),
        ("username", &router.username),
        ("tls", mode),
        ("fingerprint", &fingerprint),
        ("ca", ca),
        ("code_page", router.code_page.as_deref().unwrap_or_default()),
    ])
}

fn edit_form(app: &App, session: &StaffSession, router: &Router, shown: Shown, input: &Input) -> EditPage {
    let here = format!("{ROUTERS}/{}", router.id);
    let form = FormPage {
        frame: Frame::new(app, session, ROUTERS),
        title: format!("Edit {}", router.name),
        action: format!("{here}/edit"),
        back: (here, router.name.clone()),
        fields: common(input, false),
        submit: "Save",
        note: "",
    };
    EditPage::new(form, shown)
}

/// `POST /staff/routers/{router}/edit`
pub(crate) async fn save(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
    mut input: Input,
) -> Answered<Response> {
    let router = app.store.staff_router_settings(&session.scope, router_id(&id)?).await?;
    let before = input.shown();
    let password = input.secret("password");
    let typed = Typed::of(&mut input);
    if let (true, Some(typed)) = (input.is_right(), typed) {
        let Typed { name, address, port, username, mut tls, code_page } = typed;
        if same_authority(&tls, &router.tls) {
            tls = router.tls.clone();
        }
        let fields = RouterFields { name: &name, address: &address, port, username: &username, tls };
        let from = caller.address_text();
        let act = session.act(&from, app.clock.now_ms());
        match app.store.staff_edit_router(&act, (router.id, &before), &fields, password.as_ref()).await {
            Ok(()) => {
                app.store.staff_set_router_code_page(&act, router.id, code_page).await?;
                return Ok(gone_to(&format!("{ROUTERS}/{}", router.id)));
            }
            Err(StoreError::Duplicate { taken, .. }) => input.taken("name", taken),
            Err(StoreError::Invalid { why, .. }) => {
                input.fault("password", format!("The password stays where it is: {why}."));
            }
            Err(StoreError::Changed { .. }) => {
                return overtaken(&app, &session, router.id, &before, &input).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
    edit_form(&app, &session, &router, before, &input).refused()
}

/// Somebody was quicker.
async fn overtaken(
    app: &App,
    session: &StaffSession,
    id: RouterId,
    before: &Shown,
    input: &Input,
) -> Answered<Response> {
    let (router, now) = app.store.shown_router(&session.scope, id).await?;
    let (company, name) = (router.company_id, &router.name);
    let subject = AuditSubject { company: Some(company), kind: "router", id: id.0, name };
    let page = edit_form(app, session, &router, now, input);
    page.overtaken((app, session), (subject, before), &stored(&router)).await
}

/// What a form says of a router.
struct Typed {
    name: String,
    address: String,
    port: u16,
    username: String,
    tls: RouterTls,
    code_page: Option<&'static str>,
}

impl Typed {
    /// `None`: something is not right, which is told at its field.
    fn of(input: &mut Input) -> Option<Self> {
        let name = input.text("name", NAME_CHARS_MAX);
        let username = input.text("username", NAME_CHARS_MAX);
        let address = input.parsed("address", field::host);
        let port = input.parsed("port", field::port);
        let tls = match input.value("tls") {
            "off" => Some(RouterTls::Off),
            "system" => Some(RouterTls::System),
            "ca" => input.parsed("ca", authority).map(RouterTls::CaPem),
            "pin" => input.parsed("fingerprint", field::fingerprint).map(RouterTls::Pinned),
            _ => input.parsed("tls", |_| Err("Choose one.".to_owned())),
        };
        let code_page = input.parsed_or_none("code_page", field::code_page);
        Some(Self { name, address: address?, port: port?, username, tls: tls?, code_page })
    }
}

/// A certificate with plain line ends: browsers send others than they were given.
fn authority(text: &str) -> Result<String, String> {
    let text = lines_of(text);
    if text.contains("PRIVATE KEY") {
        return Err("There is a private key in this: it belongs nowhere but to its owner.".to_owned());
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err("This has a control character in it.".to_owned());
    }
    if text.contains(PEM_HEAD) { Ok(text) } else { Err("This is no certificate in PEM form.".to_owned()) }
}

fn lines_of(text: &str) -> String {
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// Whether a form that nobody touched names the authority that is stored.
fn same_authority(typed: &RouterTls, stored: &RouterTls) -> bool {
    matches!((typed, stored), (RouterTls::CaPem(typed), RouterTls::CaPem(stored)) if *typed == lines_of(stored))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_kept_with_plain_line_ends_and_a_key_is_not() {
        let stored = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        let typed = authority(&stored.replace('\n', "\r\n")).unwrap();
        assert!(same_authority(&RouterTls::CaPem(typed), &RouterTls::CaPem(stored.to_owned())));
        assert!(!same_authority(&RouterTls::CaPem("other".to_owned()), &RouterTls::CaPem(stored.to_owned())));
        for bad in ["", "no certificate", "-----BEGIN CERTIFICATE-----\0"] {
            assert!(authority(bad).is_err(), "{bad:?}");
        }
        let why = authority(&format!("{stored}-----BEGIN PRIVATE KEY-----")).unwrap_err();
        assert!(why.contains("private key"), "{why}");
    }
}
