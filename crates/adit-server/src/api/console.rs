//! The console: files for the operator's browser. They say nothing about the server; what they show, they ask the API for, with
//! the token that the operator gives them.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use super::{Api, no_path};
use crate::assets;

pub(super) fn routes() -> Router<Arc<Api>> {
    Router::new()
        .route("/console", get(file))
        .route("/console/{*file}", get(file))
        .route("/console/", get(file))
}

async fn file(State(api): State<Arc<Api>>, request: Request) -> Response {
    let public = api.control.server().addresses;
    match assets::console(request.uri().path(), request.headers(), &public) {
        Some(file) => file.map(Body::from),
        None => no_path(request).await.into_response(),
    }
}
