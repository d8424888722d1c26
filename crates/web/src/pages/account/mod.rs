//! What a person does with the own account, and an owner with those of colleagues.

pub(crate) mod code;
pub(crate) mod device;
pub(crate) mod password;
pub(crate) mod profile;
pub(crate) mod recovery_codes;
pub(crate) mod second_factor;
pub(crate) mod sessions;
pub(crate) mod users;
pub(crate) mod whatsapp;

use axum::response::Redirect;
use serde::Deserialize;

use crate::app::App;
use crate::pages::Frame;
use crate::session::PersonSession;

pub(crate) const PROFILE: &str = "/client/profile";
pub(crate) const SECOND_FACTOR: &str = "/client/profile/second-factor";
pub(crate) const SESSIONS: &str = "/client/profile/sessions";
pub(crate) const USERS: &str = "/client/users";

/// What the frame around the account's pages shows.
pub(crate) struct Account {
    pub(crate) is_owner: bool,
    /// What has just been done.
    pub(crate) said: Option<&'static str>,
    /// Why it has not.
    pub(crate) problem: Option<String>,
}

impl Account {
    pub(crate) fn new(session: &PersonSession) -> Self {
        Self { is_owner: session.is_owner(), said: None, problem: None }
    }

    pub(crate) fn said(self, asked: &Said) -> Self {
        Self { said: words(&asked.said), ..self }
    }

    pub(crate) fn problem(self, why: impl Into<String>) -> Self {
        Self { problem: Some(why.into()), ..self }
    }
}

pub(crate) fn frame(app: &App, session: &PersonSession) -> Frame {
    Frame::new(session, app.clock.now_ms(), app.settings.refresh_ms)
}

/// What an address says has just been done; only words of ours are shown.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Said {
    #[serde(default)]
    said: String,
}

/// Leads on to a page that says what was done.
pub(crate) fn done(page: &str, said: &str) -> Redirect {
    Redirect::to(&format!("{page}?said={said}"))
}

fn words(said: &str) -> Option<&'static str> {
    Some(match said {
        "password" => "Your password is changed. Your other sessions have ended.",
        "mails" => "Your choice of mail is kept.",
        "whatsapp" => "Your choice of messages by WhatsApp is kept.",
        "factor-off" => "The second factor is off. A login asks for your password alone.",
        "ended" => "The session has ended.",
        "ended-others" => "All other sessions have ended.",
        "invited" => "The invitation is on its way.",
        "role" => "The role is changed.",
        "off" => "This person can no longer log in.",
        "on" => "This person can log in again.",
        _ => return None,
    })
}
