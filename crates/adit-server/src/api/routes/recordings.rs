//! Recordings: those under way, and files.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Api;
use super::super::input::{Asked, Page, id};
use super::super::problem::{Problem, Problems};
use super::{milliseconds, unix_ms};

/// A recording under way.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Recording {
    /// The stream.
    stream: String,
    /// Its name.
    name: String,
    /// The file, below the directory of media.
    file: String,
    /// Since when, in milliseconds since 1970.
    since_ms: u64,
    /// Bytes of the file so far.
    bytes: u64,
    /// How long the oldest message waits for the disk.
    lag_ms: u64,
    /// Why it is not written at the moment; it is tried again.
    error: Option<String>,
}

/// A page of recordings.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Recordings {
    /// How many there are on all pages.
    total: usize,
    /// What `after` has to be for the next page; null on the last.
    next: Option<String>,
    /// Those of this page.
    items: Vec<Recording>,
}

/// A file that can be played.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct File {
    /// Its path below the directory of media.
    #[schema(example = "live/cam.flv")]
    path: String,
    /// How long it is.
    bytes: u64,
    /// When it was written to last, in milliseconds since 1970.
    modified_ms: u64,
}

/// A page of files.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Files {
    /// How many there are on all pages, at most 10,000.
    total: usize,
    /// What `after` has to be for the next page; null on the last.
    next: Option<String>,
    /// Those of this page.
    items: Vec<File>,
}

/// Recordings under way
#[utoipa::path(get, path = "/recordings", tag = "recordings", params(Page), responses((status = 200, body = Recordings), Problems))]
pub(in crate::api) async fn running(
    State(api): State<Arc<Api>>,
    Asked(page): Asked<Page>,
) -> Result<Json<Recordings>, Problem> {
    let cut = page.cut(api.control.recordings(), |it| it.file.as_ref().to_owned())?;
    let items = cut.items.into_iter().map(|it| Recording {
        stream: id(&it.stream),
        name: it.stream.name().to_owned(),
        file: it.file.as_ref().to_owned(),
        since_ms: unix_ms(it.since),
        bytes: it.bytes,
        lag_ms: milliseconds(it.lag),
        error: it.error.map(|error| error.as_ref().to_owned()),
    });
    Ok(Json(Recordings {
        total: cut.total,
        next: cut.next,
        items: items.collect(),
    }))
}

/// Files that can be played, by path
#[utoipa::path(get, path = "/recordings/files", tag = "recordings", params(Page), responses((status = 200, body = Files), Problems))]
pub(in crate::api) async fn files(
    State(api): State<Arc<Api>>,
    Asked(page): Asked<Page>,
) -> Result<Json<Files>, Problem> {
    let control = api.control.clone();
    let all = super::super::blocking(move || control.files()).await?;
    let cut = page.cut(all, |file| file.path.clone())?;
    let items = cut.items.into_iter().map(|file| File {
        path: file.path,
        bytes: file.bytes,
        modified_ms: unix_ms(file.modified),
    });
    Ok(Json(Files {
        total: cut.total,
        next: cut.next,
        items: items.collect(),
    }))
}
