use axum::extract::State;
use store::Store;

use crate::error::PageError;

/// `GET /healthz`: the store answers.
pub(crate) async fn show(State(store): State<Store>) -> Result<&'static str, PageError> {
    store.companies().await?;
    Ok("ok\n")
}
