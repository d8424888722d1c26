use axum::extract::State;
use store::{StaffScope, StaffUser};

use crate::app::App;
use crate::pages::render;
use crate::pages::staff::listing::{Asked, Cell, ListPage, Table};
use crate::pages::staff::{Answered, Frame, PEOPLE};
use crate::staff::StaffSession;

/// `GET /staff/people`: the ISP's own people, for admins. One who works for some companies sees those who work for no other.
pub(crate) async fn list(State(app): State<App>, session: StaffSession) -> Answered {
    let mut rows = Vec::new();
    for user in app.store.staff_users().await? {
        let scope = app.store.staff_scope(user.id).await?;
        if is_within(&scope, &session.scope) {
            let factor = app.store.second_factor_since(user.id).await?.is_some();
            rows.push(row(&session, &user, &scope, factor));
        }
    }
    let head = &["User name", "Role", "Works for", "State", "Second factor"];
    let none = "Nobody is found.";
    let table = Table { title: "Staff users", head, rows, none, more: None };
    let frame = Frame::new(&app, &session, PEOPLE);
    Ok(render(&ListPage::new(frame, "Staff users", &Asked::default(), 1, table))?)
}

fn is_within(theirs: &StaffScope, ours: &StaffScope) -> bool {
    match (theirs, ours) {
        (_, StaffScope::All) => true,
        (StaffScope::All, StaffScope::Companies(_)) => false,
        (StaffScope::Companies(theirs), StaffScope::Companies(ours)) => theirs.is_subset(ours),
    }
}

fn row(session: &StaffSession, user: &StaffUser, scope: &StaffScope, factor: bool) -> Vec<Cell> {
    let works_for = match scope {
        StaffScope::All => "all companies".to_owned(),
        StaffScope::Companies(companies) if companies.len() == 1 => "1 company".to_owned(),
        StaffScope::Companies(companies) => format!("{} companies", companies.len()),
    };
    let state = match user.disabled_at_ms {
        None => "can log in".to_owned(),
        Some(at_ms) => format!("off since {}", session.zone.iso_day(at_ms)),
    };
    let names = if user.display_name.is_empty() {
        user.email.clone()
    } else {
        format!("{}, {}", user.display_name, user.email)
    };
    vec![
        Cell::text(&user.username).sub(names),
        Cell::text(user.role.as_str()),
        Cell::text(works_for),
        Cell::text(state),
        Cell::text(if factor { "on" } else { "off" }),
    ]
}

#[cfg(test)]
mod tests {
    use store::CompanyId;

    use super::*;

    #[test]
    fn an_admin_of_one_company_sees_nobody_who_works_for_another() {
        let some = |ids: &[i64]| StaffScope::Companies(ids.iter().copied().map(CompanyId).collect());
        assert!(is_within(&some(&[1]), &some(&[1, 2])) && is_within(&StaffScope::All, &StaffScope::All));
        assert!(!is_within(&some(&[1, 3]), &some(&[1, 2])) && !is_within(&StaffScope::All, &some(&[1])));
    }
}
