//! A form that changes what is there says what it showed. Whoever saves after somebody else is told, loses nothing of what
//! was typed, and decides.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use store::{AuditSubject, Shown};

use crate::app::App;
use crate::pages::render;
use crate::pages::staff::audit::Row;
use crate::pages::staff::form::{Field, FormPage, Input, Kind, trouble};
use crate::pages::staff::look_back::Look;
use crate::pages::staff::{Answered, Frame, refused};
use crate::staff::StaffSession;

/// A form with what it showed.
#[derive(Template)]
#[template(path = "staff_edit.html")]
pub(crate) struct EditPage {
    frame: Frame,
    title: String,
    back: (String, String),
    action: String,
    fields: Vec<Field>,
    submit: &'static str,
    note: &'static str,
    shown: Shown,
    /// A second button, which sends what is typed elsewhere and stores nothing: where to, and its words.
    trying: Option<(String, &'static str)>,
    /// What came of that.
    look: Option<Look>,
    /// What was done after the form had been opened, if that stands in the way of saving.
    overtaken: Option<Vec<Row>>,
}

impl EditPage {
    pub(crate) fn new(form: FormPage, shown: Shown) -> Self {
        let FormPage { frame, title, back, action, fields, submit, note } = form;
        Self {
            frame,
            title,
            back,
            action,
            fields,
            submit,
            note,
            shown,
            trying: None,
            look: None,
            overtaken: None,
        }
    }

    /// With a button that sends what is typed elsewhere and stores nothing.
    pub(crate) fn trying(self, to: String, words: &'static str) -> Self {
        Self { trying: Some((to, words)), ..self }
    }

    /// With what came of trying.
    pub(crate) fn looking(self, look: Look) -> Self {
        Self { look: Some(look), ..self }
    }

    fn trouble(&self) -> Option<String> {
        trouble(&self.fields)
    }

    /// The form once more, with what is wrong.
    pub(crate) fn refused(self) -> Answered<Response> {
        Ok(refused(render(&self)?))
    }

    /// The form once more, with what is stored now beside what was typed, and who changed it since `before`. Saving it
    /// again puts what was typed in its place.
    pub(crate) async fn overtaken(
        mut self,
        (app, session): (&App, &StaffSession),
        (subject, before): (AuditSubject<'_>, &Shown),
        stored: &Input,
    ) -> Answered<Response> {
        let changes = app.store.staff_changes_since(&session.scope, subject, before).await?;
        self.overtaken = Some(changes.iter().map(|record| Row::new(record, &session.zone)).collect());
        for field in &mut self.fields {
            field.compare(stored);
        }
        Ok((StatusCode::CONFLICT, render(&self)?).into_response())
    }
}

/// Who changed something since a page showed it, in a sentence each.
pub(crate) async fn who_changed(
    app: &App,
    session: &StaffSession,
    subject: AuditSubject<'_>,
    before: &Shown,
) -> Answered<String> {
    let changes = app.store.staff_changes_since(&session.scope, subject, before).await?;
    let told = changes.iter().map(|record| Row::new(record, &session.zone).in_words()).collect::<Vec<_>>();
    Ok(format!("{} Do it once more if it is still right.", told.join(" ")).trim_start().to_owned())
}
