//! Applications and their instances.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Api;
use super::super::input::{Asked, Page};
use super::super::problem::{Problem, Problems};

/// An instance of an application that lives: it has clients, or had some a few seconds ago.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the word of the field")]
pub(in crate::api) struct Instance {
    /// The virtual host; empty for all hosts that have no applications of their own.
    vhost: String,
    /// The application.
    application: String,
    /// The instance; `_definst_` where the address names none.
    instance: String,
    /// How many are connected to it.
    clients: usize,
}

/// A page of instances.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Instances {
    /// How many there are on all pages.
    total: usize,
    /// What `after` has to be for the next page; null on the last.
    next: Option<String>,
    /// Those of this page.
    items: Vec<Instance>,
}

/// Instances of applications that live now
#[utoipa::path(get, path = "/applications", tag = "applications", params(Page), responses((status = 200, body = Instances), Problems))]
pub(in crate::api) async fn list(
    State(api): State<Arc<Api>>,
    Asked(page): Asked<Page>,
) -> Result<Json<Instances>, Problem> {
    let cut = page.cut(api.control.instances(), |it| {
        [it.vhost(), it.application(), it.name()].join("\0")
    })?;
    let items = cut.items.iter().map(|it| Instance {
        vhost: it.vhost().to_owned(),
        application: it.application().to_owned(),
        instance: it.name().to_owned(),
        clients: it.client_count(),
    });
    Ok(Json(Instances {
        total: cut.total,
        next: cut.next,
        items: items.collect(),
    }))
}
