use axum::extract::{Path, State};
use axum::response::Response;

use crate::app::App;
use crate::caller::Caller;
use crate::pages::download::{Form, Source, file};
use crate::pages::report_id;
use crate::pages::staff::Answered;
use crate::staff::StaffSession;

macro_rules! download {
    ($(#[$doc:meta])* $name:ident, $form:expr) => {
        $(#[$doc])*
        pub(crate) async fn $name(
            State(app): State<App>,
            session: StaffSession,
            caller: Caller,
            Path(id): Path<String>,
        ) -> Answered<Response> {
            send(&app, &session, &caller, (&id, $form)).await
        }
    };
}

download!(
    /// `GET /staff/reports/{report}/statement.pdf`
    pdf,
    Form::Pdf
);
download!(
    /// `GET /staff/reports/{report}/statement.csv`
    csv,
    Form::Csv
);
download!(
    /// `GET /staff/reports/{report}/statement.json`
    json,
    Form::Json
);

/// The same file that the client has.
async fn send(
    app: &App,
    session: &StaffSession,
    caller: &Caller,
    (id, form): (&str, Form),
) -> Answered<Response> {
    let (report, inputs, company) = app.store.staff_report(&session.scope, report_id(id)?).await?;
    let source = Source::read(app, report, inputs, &company).await?;
    let name = source.file_name(form);
    let address = caller.address_text();
    let act = session.act(&address, app.clock.now_ms());
    let subject = format!("link {}", source.circuit());
    app.store.staff_note_download(&act, Some(company.id), (&name, subject)).await?;
    Ok(file(app, source, form, &name).await?)
}
