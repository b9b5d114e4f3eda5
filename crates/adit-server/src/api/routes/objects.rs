//! Shared objects.

use std::sync::Arc;

use adit_amf::amf0::Value;
use adit_broker::StreamKey;
use adit_broker::shared_object::Persistence;
use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::Api;
use super::super::input::{Asked, Page, id, key};
use super::super::problem::{Problem, Problems};

/// A shared object in memory.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Object {
    /// Names it in paths, with `persistent`.
    id: String,
    /// The application.
    application: String,
    /// The instance of it.
    instance: String,
    /// Its name.
    name: String,
    /// Whether it outlasts its members.
    persistent: bool,
    /// How many use it.
    members: usize,
    /// How often its slots changed.
    version: u32,
    /// Its slots; null in lists.
    slots: Option<Vec<Slot>>,
}

/// A slot.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Slot {
    /// Its name.
    name: String,
    /// What kind of value it has.
    kind: &'static str,
    /// The value if it is a number, a text, true or false; null otherwise.
    value: Option<serde_json::Value>,
}

/// A page of shared objects.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Objects {
    /// How many there are on all pages.
    total: usize,
    /// What `after` has to be for the next page; null on the last.
    next: Option<String>,
    /// Those of this page.
    items: Vec<Object>,
}

/// Which of two objects of one name is meant.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Which {
    /// Whether it outlasts its members.
    #[serde(default)]
    persistent: bool,
}

enum Detail {
    Some,
    All,
}

/// Shared objects in memory, in the order of their names
#[utoipa::path(get, path = "/objects", tag = "objects", params(Page), responses((status = 200, body = Objects), Problems))]
pub(in crate::api) async fn list(
    State(api): State<Arc<Api>>,
    Asked(page): Asked<Page>,
) -> Result<Json<Objects>, Problem> {
    let cut = page.cut(api.control.objects(), |(place, persistence)| {
        let kept = if *persistence == Persistence::Persistent {
            "1"
        } else {
            "0"
        };
        [
            place.vhost(),
            place.application(),
            place.instance(),
            place.name(),
            kept,
        ]
        .join("\0")
    })?;
    let items = cut.items.into_iter();
    let items = items.filter_map(|(place, kept)| object(&api, &place, kept, &Detail::Some));
    Ok(Json(Objects {
        total: cut.total,
        next: cut.next,
        items: items.collect(),
    }))
}

/// One shared object with its slots
#[utoipa::path(get, path = "/objects/{id}", tag = "objects", params(("id" = String, Path), Which), responses((status = 200, body = Object), Problems))]
pub(in crate::api) async fn one(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    Asked(which): Asked<Which>,
) -> Result<Json<Object>, Problem> {
    let persistence = if which.persistent {
        Persistence::Persistent
    } else {
        Persistence::Temporary
    };
    let none = || Problem::not_found("there is no such object in memory");
    let place = key(&id).map_err(|_| none())?;
    object(&api, &place, persistence, &Detail::All)
        .map(Json)
        .ok_or_else(none)
}

/// Nothing if it went meanwhile.
fn object(api: &Api, place: &StreamKey, kept: Persistence, detail: &Detail) -> Option<Object> {
    let object = api.control.object(place.clone(), kept)?;
    let slots = match detail {
        Detail::Some => None,
        Detail::All => Some(object.slots().into_iter().map(slot).collect()),
    };
    Some(Object {
        id: id(place),
        application: place.application().to_owned(),
        instance: place.instance().to_owned(),
        name: place.name().to_owned(),
        persistent: kept == Persistence::Persistent,
        members: object.members(),
        version: object.version(),
        slots,
    })
}

fn slot((name, value): (String, Value)) -> Slot {
    let plain = match &value {
        Value::Boolean(is) => Some((*is).into()),
        // Not every number has a place in JSON.
        _ => match value.as_number() {
            Some(number) => serde_json::Number::from_f64(number).map(Into::into),
            None => value.as_str().map(Into::into),
        },
    };
    Slot {
        name,
        kind: match value {
            Value::Number(_) => "number",
            Value::Boolean(_) => "boolean",
            Value::String(_) => "string",
            Value::Null | Value::Undefined => "null",
            Value::StrictArray(_) => "array",
            Value::Date { .. } => "date",
            Value::Xml(_) => "xml",
            _ => "object",
        },
        value: plain,
    }
}
